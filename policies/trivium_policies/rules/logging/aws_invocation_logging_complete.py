"""aws-invocation-logging-complete: Bedrock logs its calls wherever it is used, and
leaves no content out by chance."""

from collections.abc import Iterator, Mapping
from typing import Final

from trivium_policies.elsewhere import logged_elsewhere, stated
from trivium_policies.resource import (
    UNKNOWN,
    NotYetKnownError,
    Properties,
    Resource,
    resource,
)
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
_NATIVE_PROFILE: Final = "aws-native:bedrock:ApplicationInferenceProfile"
_FLOW: Final = "aws:bedrock/agentFlow:AgentFlow"
_RUNTIME: Final = "aws:bedrock/agentcoreAgentRuntime:AgentcoreAgentRuntime"
# What a stack makes only where models are to be called, by either provider. The other
# has no resource for the log. A guardrail is none of them: it can be applied to any
# text, without a model. Source: pulumi-aws 7.51.1, pulumi-aws-native 1.84.0.
_PREPARATIONS: Final = (
    _PROFILE,
    _FLOW,
    _RUNTIME,
    "aws:bedrock/agentAgent:AgentAgent",
    "aws:bedrock/agentcoreHarness:AgentcoreHarness",
    "aws:bedrock/evaluationJob:EvaluationJob",
    "aws:bedrock/provisionedModelThroughput:ProvisionedModelThroughput",
    "aws:bedrockmodel/invocationJob:InvocationJob",
    _NATIVE_PROFILE,
    "aws-native:bedrock:Agent",
    "aws-native:bedrock:Flow",
    "aws-native:bedrock:IntelligentPromptRouter",
    "aws-native:bedrockagentcore:Harness",
    "aws-native:bedrockagentcore:Runtime",
)

# Source: Amazon Bedrock API, LoggingConfig; each is true when it is not given
# (pulumi-aws 7.51.1).
_CONTENTS: Final = (
    "textDataDeliveryEnabled",
    "imageDataDeliveryEnabled",
    "embeddingDataDeliveryEnabled",
    "videoDataDeliveryEnabled",
)


def _off(logging: Properties) -> list[str]:
    """The contents that are switched off."""
    return [content for content in _CONTENTS if logging.flag(content) is False]


def _no_content_is_singled_out(case: Case) -> Iterator[Verdict]:
    """All contents or, where the profile allows it, none: a mixture is a hole that
    nobody decided on."""
    if case.resource.type != _LOGGING:
        return
    logging = case.resource.properties.bag("loggingConfig")
    off = _off(logging)
    if len(off) == len(_CONTENTS) and not case.enabled("content_required"):
        yield Pass(
            note=(
                "only who called which model is logged; what was asked is in the"
                " client's own audit log alone. Audio is a fifth kind of content, which"
                " the provider's resource cannot switch off: do not send it, or set"
                " `audioDataDeliveryEnabled` with the API."
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
    """The log is delivered, long bodies included."""
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
        and len(_off(logging)) < len(_CONTENTS)  # without bodies none is too long
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
    """Where models are to be called, their calls are logged."""
    if case.resource.type == _LOGGING:
        return
    region = _region(case.resource)
    if region in {_region(logging) for logging in case.stack.of_type(_LOGGING)}:
        return
    if elsewhere := stated(case, region):
        yield elsewhere.note
    else:
        yield Violation(
            "region",
            found=region or "the provider's default",
            expected=(
                "a region with an InvocationLoggingConfiguration in this stack, or one"
                " that the profile's `logged_elsewhere` names"
            ),
            consequence=(
                "Bedrock logs per account and region: calls in this one leave no record"
                " of their content."
            ),
        )


def _it_is_the_only_one(case: Case) -> Iterator[Verdict]:
    """Bedrock has one configuration per account and Region: of two, the one that is
    made last is in force, and each update of either undoes the other."""
    if case.resource.type != _LOGGING:
        return
    all_others = [
        other
        for other in case.stack.of_type(_LOGGING)
        if other.urn != case.resource.urn
    ]
    if not all_others and not case.listed("logged_elsewhere"):
        yield Pass(note=_ONE_PER_REGION)
        return
    region = _region(case.resource)
    others = [other.name for other in all_others if _region(other) == region]
    consequence = "Each update of either overwrites the other, without a word."
    if others:
        yield Violation(
            "region",
            found=f"{region or 'the default'}, which {', '.join(others)} has as well",
            expected="one InvocationLoggingConfiguration per account and region",
            consequence=consequence,
        )
    elif elsewhere := stated(case, region):
        yield Violation(
            "region",
            found=f"{region}, whose logging {elsewhere.owner} makes elsewhere",
            expected="no InvocationLoggingConfiguration here",
            consequence=consequence,
        )
    else:
        yield Pass(note=_ONE_PER_REGION)


_ONE_PER_REGION: Final = (
    "an account has one such configuration per region. If another stack has one for"
    " this account and region, each update overwrites the other's; then leave it to one"
    " stack, and name it in the profile's `logged_elsewhere`."
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
        " content. The API has a fifth content, audio; the provider's resource (7.51.1)"
        " cannot set it, so this rule does not judge it."
    ),
    risk=(
        "A caller that goes around the client, or a picture in a prompt, leaves nothing"
        " to investigate."
    ),
    remediation=Remediation(
        text=(
            "Give each region one InvocationLoggingConfiguration that delivers to S3,"
            " with all four contents alike; or say in the profile who makes it"
            " elsewhere."
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
        logged_elsewhere("AWS Regions"),
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
    checks=(
        _no_content_is_singled_out,
        _there_is_a_destination,
        _its_region_is_logged,
        _it_is_the_only_one,
    ),
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

_ELSEWHERE: Final = "eu-west-1 by cloud-platform: the landing zone logs every account"

COMPLIANT: Final[Compliant] = {
    "all contents to S3": Right(
        (_logging({"s3Config": _TO_S3}), _profile("us-east-1"))
    ),
    "no contents, where the profile does not ask for them": Right(
        (_logging({"s3Config": _TO_S3, **dict.fromkeys(_CONTENTS, False)}),)
    ),
    "no contents, and CloudWatch alone": Right(
        (
            _logging(
                {"cloudwatchConfig": _TO_CLOUDWATCH, **dict.fromkeys(_CONTENTS, False)}
            ),
        )
    ),
    "a profile where another account makes the log": Right(
        (_profile("eu-west-1"),),
        parameters={"logged_elsewhere": (_ELSEWHERE,)},
    ),
    "a guardrail that is applied without a model": Right(
        (
            resource(
                "aws:bedrock/guardrail:Guardrail",
                "topics",
                {"name": "topics", "region": "eu-west-1"},
            ),
        )
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
    "a flow in a region that is not logged": Wrong(
        (resource(_FLOW, "triage", {"name": "triage", "region": "eu-west-1"}),),
        paths=("region",),
    ),
    "an AgentCore runtime in a region that is not logged": Wrong(
        (resource(_RUNTIME, "agent", {"region": "eu-west-1"}),),
        paths=("region",),
    ),
    "a profile in another region than the one that is logged elsewhere": Wrong(
        (_profile("eu-central-1"),),
        paths=("region",),
        parameters={"logged_elsewhere": (_ELSEWHERE,)},
    ),
    "two of one region": Wrong(
        (_logging({"s3Config": _TO_S3}, "ours"), _logging({"s3Config": _TO_S3}, "us")),
        paths=("region", "region"),
    ),
    "one where another account makes it": Wrong(
        (_logging({"s3Config": _TO_S3}, region="eu-west-1"),),
        paths=("region",),
        parameters={"logged_elsewhere": (_ELSEWHERE,)},
    ),
    "a profile in a region that is not logged": Wrong(
        (_logging({"s3Config": _TO_S3}), _profile("eu-west-1")),
        paths=("region",),
    ),
}
