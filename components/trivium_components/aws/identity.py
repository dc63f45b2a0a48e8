"""The role that the application runs under, and everything it may and may not do on
Bedrock."""

from collections.abc import Sequence
from typing import TypedDict

import pulumi
from pulumi_aws import iam

from trivium_components import naming
from trivium_components.aws.policy import Statement, document
from trivium_components.records import Guardrail

# Converse and ConverseStream are authorised by these two (Service authorization
# reference, Amazon Bedrock, 2026-11-22).
_INVOKE = ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"]

# The other roads to Claude, and what calls a model by another role than the caller's:
# there neither the models nor the guardrail that this role is bound to are asked for.
# Sources: Bedrock user guide, "Create a custom service role for batch inference", "for
# model evaluation jobs", "for Agents" and "for flows"; read 2026-11-23.
_OTHER_PATHS = [
    "bedrock-mantle:*",
    "aws-external-anthropic:*",
    "bedrock:CallWithBearerToken",
    "bedrock:CreateModelInvocationJob",
    "bedrock:CreateEvaluationJob",
    "bedrock:InvokeAgent",
    "bedrock:InvokeFlow",
    "bedrock:StartFlowExecution",
]


class AwsIdentityArgs(TypedDict):
    """What `AwsIdentity` needs."""

    environment: str
    """Name of the environment; part of every resource's name."""
    account: str
    """AWS account id, twelve digits."""
    region: str
    """Region whose Bedrock endpoint is called."""
    invokers: list[str]
    """ARNs of the roles and users that may assume the application's role."""
    resources: pulumi.Input[list[str]]
    """ARNs of the inference profiles and models that may be invoked, as
    `AwsModelAccess.resources` gives them."""
    guardrail: pulumi.Input[Guardrail]
    """The guardrail that every call must name."""
    tags: dict[str, str]
    """Tags of every resource."""


class AwsIdentity(pulumi.ComponentResource):
    """A role that may invoke exactly the deployment's models, only under its guardrail,
    and on no other path.

    Denies are written out although nothing else is allowed: a policy attached later
    must not open those paths.
    """

    principal: pulumi.Output[str]
    """What permissions are granted to: the role's ARN."""
    subject: pulumi.Output[str]
    """What the application runs as: the role's ARN."""

    def __init__(
        self,
        name: str,
        args: AwsIdentityArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("trivium:index:AwsIdentity", name, {}, opts)
        inside = pulumi.ResourceOptions(parent=self)
        role = iam.Role(
            f"{name}-role",
            name=naming.dashed(args["environment"], "application", limit=64),
            description="Runs the application that calls Claude.",
            assume_role_policy=document([trust_statement(args["invokers"])]),
            max_session_duration=3600,
            tags=args["tags"],
            opts=inside,
        )
        place = (args["account"], args["region"])
        guarded = iam.RolePolicy(
            f"{name}-guardrail",
            role=role.name,
            policy=document(
                pulumi.Output.from_input(args["guardrail"]).apply(
                    lambda found: guardrail_statements(
                        _guardrail_arn(*place, found["identifier"]), found["version"]
                    )
                )
            ),
            opts=inside,
        )
        # A document of its own, because a preview knows it whole and policies can judge
        # it before anything exists. It comes second: at no moment may the role invoke
        # without the guardrail.
        iam.RolePolicy(
            f"{name}-invoke",
            role=role.name,
            policy=document(
                pulumi.Output.from_input(args["resources"]).apply(invoke_statements)
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[guarded]),
        )
        self.principal = role.arn
        self.subject = role.arn
        self.register_outputs({"principal": self.principal, "subject": self.subject})


def trust_statement(invokers: Sequence[str]) -> Statement:
    """Lets exactly `invokers` assume the role."""
    return {
        "Effect": "Allow",
        "Principal": {"AWS": sorted(invokers)},
        "Action": "sts:AssumeRole",
    }


def invoke_statements(resources: Sequence[str]) -> list[Statement]:
    """Allow the deployment's profiles and models; deny every other path to a model.

    Models behind a profile may be invoked through that profile alone, so a model that
    is approved for a geography cannot be called in one of its Regions directly.
    Sources: Bedrock user guide, "Prerequisites for inference profiles", "Global
    cross-Region inference"; read 2026-11-22.
    """
    profiles = [arn for arn in resources if ":inference-profile/" in arn]
    models = [arn for arn in resources if ":foundation-model/" in arn]
    return [
        *(_through_profiles(profiles, models) if profiles else _directly(models)),
        {
            "Sid": "DenyOtherPaths",
            "Effect": "Deny",
            "Action": _OTHER_PATHS,
            "Resource": "*",
        },
        *(
            []
            if any(":inference-profile/global." in arn for arn in profiles)
            else [_DENY_GLOBAL]
        ),
    ]


def guardrail_statements(guardrail_arn: str, guardrail_version: str) -> list[Statement]:
    """Allow the guardrail; deny every call that does not name it in exactly this
    version.

    Source: Bedrock user guide, "Enforce the use of specific guardrails in model
    inference requests", read 2026-11-22.
    """
    return [
        {
            "Sid": "ApplyGuardrail",
            "Effect": "Allow",
            "Action": "bedrock:ApplyGuardrail",
            "Resource": guardrail_arn,
        },
        {
            "Sid": "DenyWithoutGuardrail",
            "Effect": "Deny",
            "Action": _INVOKE,
            "Resource": "*",
            # A call that names no guardrail has no such key, and "not equals" holds: it
            # is denied too.
            "Condition": {
                "StringNotEquals": {
                    "bedrock:GuardrailIdentifier": (
                        f"{guardrail_arn}:{guardrail_version}"
                    )
                }
            },
        },
    ]


_DENY_GLOBAL: Statement = {
    "Sid": "DenyGlobalInference",
    "Effect": "Deny",
    "Action": _INVOKE,
    "Resource": "*",
    "Condition": {
        "StringEquals": {"aws:RequestedRegion": "unspecified"},
        "ArnLike": {
            "bedrock:InferenceProfileArn": (
                "arn:*:bedrock:*:*:inference-profile/global.*"
            )
        },
    },
}


def _through_profiles(profiles: list[str], models: list[str]) -> list[Statement]:
    through = {"ArnEquals": {"bedrock:InferenceProfileArn": profiles}}
    return [
        {
            "Sid": "InvokeProfiles",
            "Effect": "Allow",
            "Action": _INVOKE,
            "Resource": profiles,
        },
        {
            "Sid": "InvokeModels",
            "Effect": "Allow",
            "Action": _INVOKE,
            "Resource": models,
            "Condition": through,
        },
        {
            "Sid": "ReadProfiles",
            "Effect": "Allow",
            "Action": "bedrock:GetInferenceProfile",
            "Resource": profiles,
        },
    ]


def _directly(models: list[str]) -> list[Statement]:
    return [
        {
            "Sid": "InvokeModels",
            "Effect": "Allow",
            "Action": _INVOKE,
            "Resource": models,
        },
        {
            "Sid": "ReadModels",
            "Effect": "Allow",
            "Action": "bedrock:GetFoundationModel",
            "Resource": models,
        },
    ]


def _guardrail_arn(account: str, region: str, identifier: str) -> str:
    return f"arn:{naming.aws_partition(region)}:bedrock:{region}:{account}:guardrail/{identifier}"
