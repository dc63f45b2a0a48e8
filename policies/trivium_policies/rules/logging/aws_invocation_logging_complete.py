"""aws-invocation-logging-complete: Bedrock logs its calls wherever it is used, and
leaves no content out by chance."""

from collections.abc import Iterator, Mapping
from typing import Final

from trivium_policies.resource import UNKNOWN, NotYetKnownError, Resource, resource
from trivium_policies.rule import (
    Case,
    Compliant,
    Parameter,
    Pass,
    Remediation,
    Right,
    Rule,
    Verdict,
    Violating,
    Violation,
    Wrong,
)

_LOGGING: Final = (
    "aws:bedrockmodel/invocationLoggingConfiguration:InvocationLoggingConfiguration"
)
_PROFILE: Final = "aws:bedrock/inferenceProfile:InferenceProfile"
_GUARDRAIL: Final = "aws:bedrock/guardrail:Guardrail"
_NATIVE_PROFILE: Final = "aws-native:bedrock:ApplicationInferenceProfile"
# What a stack makes only where models are to be called, by either provider. The other
# has no resource for the log. Source: pulumi-aws 7.51.1, pulumi-aws-native 1.84.0.
_PREPARATIONS: Final = (
    _PROFILE,
    _GUARDRAIL,
    "aws:bedrockmodel/invocationJob:InvocationJob",
    "aws:bedrock/agentAgent:AgentAgent",
    "aws:bedrock/provisionedModelThroughput:ProvisionedModelThroughput",
    _NATIVE_PROFILE,
    "aws-native:bedrock:Guardrail",
    "aws-native:bedrock:Agent",
    "aws-native:bedrock:EnforcedGuardrailConfiguration",
)

# Source: Amazon Bedrock API, LoggingConfig; each is true when it is not given
# (pulumi-aws 7.51.1).
_CONTENTS: Final = (
    "textDataDeliveryEnabled",
    "imageDataDeliveryEnabled",
    "embeddingDataDeliveryEnabled",
    "videoDataDeliveryEnabled",
)


def _no_content_is_singled_out(case: Case) -> Iterator[Verdict]:
    """All contents or, where the profile allows it, none: a mixture is a hole that
    nobody decided on."""
    if case.resource.type != _LOGGING:
        return
    logging = case.resource.properties.bag("loggingConfig")
    off = [content for content in _CONTENTS if logging.flag(content) is False]
    if len(off) == len(_CONTENTS) and not case.enabled("content_required"):
        yield Pass(
            note=(
                "only who called which model is logged; what was asked is in the"
                " client's own audit log alone."
            )
        )
        return
    for content in off:
        yield Violation(
            logging.path(content),
            found=False,
            expected=(
                "true"
                if case.enabled("content_required")
                else "true (or false for all four contents)"
            ),
            consequence=(
                "Calls with this kind of content leave no record of what was asked."
            ),
        )


def _there_is_a_destination(case: Case) -> Iterator[Verdict]:
    if case.resource.type != _LOGGING:
        return
    logging = case.resource.properties.bag("loggingConfig")
    to_s3, to_cloudwatch = logging.value("s3Config"), logging.value("cloudwatchConfig")
    if to_s3 is None and to_cloudwatch is None:
        yield Violation(
            logging.path("s3Config"),
            found=None,
            expected="s3Config, or cloudwatchConfig with largeDataDeliveryS3Config",
            consequence="Logging is on and goes nowhere.",
        )
    elif (
        to_s3 is None
        and logging.value("cloudwatchConfig.largeDataDeliveryS3Config") is None
    ):
        # CloudWatch Logs takes bodies up to 100 KB; larger or binary ones go to S3
        # alone. Source: Amazon Bedrock user guide, "Monitor model invocation", read
        # 2026-11-22.
        yield Violation(
            logging.path("cloudwatchConfig.largeDataDeliveryS3Config"),
            found=None,
            expected="an S3 bucket for bodies over 100 KB",
            consequence="Long prompts and replies are missing from the log.",
        )


def _its_region_is_logged(case: Case) -> Iterator[Verdict]:
    if case.resource.type == _LOGGING:
        return
    region = _region(case.resource)
    if region not in {_region(logging) for logging in case.stack.of_type(_LOGGING)}:
        yield Violation(
            "region",
            found=region or "the provider's default",
            expected="a region with an InvocationLoggingConfiguration in this stack",
            consequence=(
                "Bedrock logs per account and region: calls in this one leave no record"
                " of their content."
            ),
        )


def _region(resource: Resource) -> str:
    """The region a resource lives in; empty for the default of a provider that does not
    say."""
    named = resource.properties.text("region")
    default = resource.provider.get("region")
    if not named and default is UNKNOWN:
        raise NotYetKnownError("region of the provider")
    return named or (default if isinstance(default, str) else "")


RULE: Final = Rule(
    id="aws-invocation-logging-complete",
    title="Bedrock logs its calls in every region used, with all contents or none",
    promise=(
        "Each region in which the stack prepares Bedrock calls has invocation logging"
        " that arrives and singles no kind of content out."
    ),
    severity="high",
    cloud="aws",
    scope="stack",
    types=(_LOGGING, *_PREPARATIONS),
    rationale=(
        "The client's own audit log sees the calls of governed applications; the"
        " provider's invocation log also sees the calls of everybody else in the"
        " account. It exists once per account and region, and must be asked for each"
        " content."
    ),
    risk=(
        "A caller that goes around the client, or a picture in a prompt, leaves nothing"
        " to investigate."
    ),
    remediation=Remediation(
        text=(
            "Give each region one InvocationLoggingConfiguration that delivers to S3,"
            " with all four contents alike."
        ),
        pulumi="""\
aws.bedrockmodel.InvocationLoggingConfiguration(
    "logging",
    region="us-east-1",
    logging_config={"s3_config": {"bucket_name": bucket.id, "key_prefix": "bedrock"}},
)""",
    ),
    controls=(
        "nist-800-53/AU-12",
        "eu-ai-act/12",
    ),
    parameters=(
        Parameter(
            "content_required",
            default=False,
            meaning=(
                "Whether prompts and replies must be in the provider's log, not only"
                " who called which model."
            ),
            source=(
                "Regulation (EU) 2016/679 Art. 5(1)(c) (data minimisation): the"
                " client's own log holds content."
            ),
        ),
    ),
    peers=(
        "prowler: bedrock_model_invocation_logging_enabled",
        "prowler: bedrock_model_invocation_logging_text_data_enabled",
    ),
    checks=(_no_content_is_singled_out, _there_is_a_destination, _its_region_is_logged),
)


def _logging(
    config: Mapping[str, object], name: str = "logging", *, region: str = "us-east-1"
) -> Resource:
    return resource(_LOGGING, name, {"region": region, "loggingConfig": config})


def _profile(region: str) -> Resource:
    return resource(_PROFILE, "sonnet", {"region": region, "name": "sonnet"})


_TO_S3: Final[Mapping[str, object]] = {"bucketName": "invocations"}
_TO_CLOUDWATCH: Final[Mapping[str, object]] = {
    "logGroupName": "/trivium/invocations",
    "roleArn": "arn:aws:iam::111122223333:role/bedrock-logs",
}

COMPLIANT: Final[Compliant] = {
    "all contents to S3": Right(
        (_logging({"s3Config": _TO_S3}), _profile("us-east-1"))
    ),
    "no contents, where the profile does not ask for them": Right(
        (_logging({"s3Config": _TO_S3, **dict.fromkeys(_CONTENTS, False)}),)
    ),
    "CloudWatch with a bucket for long bodies": Right(
        (
            _logging(
                {
                    "cloudwatchConfig": {
                        **_TO_CLOUDWATCH,
                        "largeDataDeliveryS3Config": _TO_S3,
                    }
                }
            ),
        )
    ),
    "two regions, each logged": Right(
        (
            _logging({"s3Config": _TO_S3}, "east"),
            _logging({"s3Config": _TO_S3}, "west", region="us-west-2"),
            _profile("us-west-2"),
        )
    ),
}

VIOLATING: Final[Violating] = {
    "pictures are not logged": Wrong(
        (_logging({"s3Config": _TO_S3, "imageDataDeliveryEnabled": False}),),
        paths=("loggingConfig.imageDataDeliveryEnabled",),
    ),
    "no contents, where the profile asks for them": Wrong(
        (_logging({"s3Config": _TO_S3, **dict.fromkeys(_CONTENTS, False)}),),
        paths=tuple(f"loggingConfig.{content}" for content in _CONTENTS),
        parameters={"content_required": True},
    ),
    "it is delivered nowhere": Wrong(
        (_logging({"textDataDeliveryEnabled": True}),),
        paths=("loggingConfig.s3Config",),
    ),
    "long bodies are lost": Wrong(
        (_logging({"cloudwatchConfig": _TO_CLOUDWATCH}),),
        paths=("loggingConfig.cloudwatchConfig.largeDataDeliveryS3Config",),
    ),
    "a profile of the other provider in a region that is not logged": Wrong(
        (
            _logging({"s3Config": _TO_S3}),
            resource(
                _NATIVE_PROFILE,
                "sonnet",
                {"inferenceProfileName": "sonnet"},
                provider={"region": "eu-west-1"},
            ),
        ),
        paths=("region",),
    ),
    "a profile in a region that is not logged": Wrong(
        (_logging({"s3Config": _TO_S3}), _profile("eu-west-1")),
        paths=("region",),
    ),
}
