"""The role that the application runs as, and everything that it may do on Bedrock."""

from collections.abc import Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
from pulumi_aws import iam

from trivium_components import naming
from trivium_components.aws.policy import Statement, document
from trivium_components.component import register
from trivium_components.records import Guardrail

# Converse and ConverseStream are authorised by these two (Service authorization
# reference, Amazon Bedrock, 2026-11-22).
_INVOKE = ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"]

# The other paths to Claude, and the actions that call a model through another role than
# the caller's: the limits of this role (its models, its guardrail) do not apply there.
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
    """Arguments of `AwsIdentity`. For the type, see `component.py`."""

    environment: str
    """Name of the environment; part of every resource's name."""
    account: str
    """AWS account id, twelve digits."""
    region: str
    """Region of the Bedrock endpoint."""
    invokers: list[str]
    """ARNs of the roles and users that may assume the application's role."""
    resources: pulumi.Input[list[str]]
    """ARNs of the inference profiles and models that may be invoked, as
    `AwsModelAccess.resources` gives them."""
    guardrail: pulumi.Input[Guardrail]
    """The guardrail that every call must name."""
    guardrail_profiles: NotRequired[pulumi.Input[list[str]]]
    """ARNs of the guardrail profiles that it uses across Regions:
    `AwsModelAccess.guardrail_profiles`."""
    tags: dict[str, str]
    """Tags of every resource."""


class AwsIdentity(pulumi.ComponentResource):
    """A role that may invoke only the deployment's models, and only with its guardrail.

    The policies also deny every other path to a model, so that a policy attached later
    cannot open one.
    """

    principal: pulumi.Output[str]
    """The role's ARN, to which permissions are granted."""
    subject: pulumi.Output[str]
    """The role's ARN, as which the application runs."""

    def __init__(
        self,
        name: str,
        args: AwsIdentityArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("trivium:index:AwsIdentity", name, {}, opts)
        inside = pulumi.ResourceOptions(parent=self)
        role = _role(name, args, inside)
        guarded = _guardrail_policy(name, role, args, inside)
        # A separate document: a preview knows all of it, so policies can judge it
        # before anything exists. It comes second, so that the role can never invoke a
        # model without the guardrail.
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
        register(self)


def _role(name: str, args: AwsIdentityArgs, opts: pulumi.ResourceOptions) -> iam.Role:
    """The application's role, for sessions of one hour."""
    return iam.Role(
        f"{name}-role",
        name=naming.dashed(args["environment"], "application", limit=64),
        description="Runs the application that calls Claude.",
        assume_role_policy=document([trust_statement(args["invokers"])]),
        max_session_duration=3600,
        tags=args["tags"],
        opts=opts,
    )


def _guardrail_policy(
    name: str, role: iam.Role, args: AwsIdentityArgs, opts: pulumi.ResourceOptions
) -> iam.RolePolicy:
    """Require the guardrail of every call."""
    account, region = args["account"], args["region"]

    # Any: a guardrail and a list of ARNs, resolved together.
    def statements(parts: Sequence[Any]) -> list[Statement]:
        arn = _guardrail_arn(account, region, parts[0]["identifier"])
        return guardrail_statements(arn, parts[0]["version"], parts[1])

    found = pulumi.Output.all(args["guardrail"], args.get("guardrail_profiles", []))

    return iam.RolePolicy(
        f"{name}-guardrail",
        role=role.name,
        policy=document(found.apply(statements)),
        opts=opts,
    )


def trust_statement(invokers: Sequence[str]) -> Statement:
    """Lets exactly `invokers` assume the role."""
    return {
        "Effect": "Allow",
        "Principal": {"AWS": sorted(invokers)},
        "Action": "sts:AssumeRole",
    }


def invoke_statements(resources: Sequence[str]) -> list[Statement]:
    """Allow the deployment's profiles and models; deny every other path to a model.

    A model behind a profile may be invoked through that profile only, so a model that
    is approved for a geography cannot be called directly in one of its Regions.
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


def guardrail_statements(
    guardrail_arn: str, guardrail_version: str, profiles: Sequence[str] = ()
) -> list[Statement]:
    """Allow the guardrail; deny every call that does not name it in this version.

    `profiles` are the guardrail profiles that it uses across Regions, if any.
    Source: Bedrock user guide, "Enforce the use of specific guardrails in model
    inference requests", read 2026-11-22.
    """
    return [
        {
            "Sid": "ApplyGuardrail",
            "Effect": "Allow",
            "Action": "bedrock:ApplyGuardrail",
            "Resource": [guardrail_arn, *profiles] if profiles else guardrail_arn,
        },
        {
            "Sid": "DenyWithoutGuardrail",
            "Effect": "Deny",
            "Action": _INVOKE,
            "Resource": "*",
            # A call without a guardrail lacks the key, so "not equals" is true and
            # the call is denied, too.
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
    """Allow the profiles, and the models through them."""
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
    """Allow the models themselves, for in-Region inference."""
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
    """The ARN of this account's guardrail."""
    home = f"arn:{naming.aws_partition(region)}:bedrock:{region}:{account}"
    return f"{home}:guardrail/{identifier}"
