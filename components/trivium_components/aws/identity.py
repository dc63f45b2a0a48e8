"""The role that the application runs under, and everything it may and may not do on Bedrock."""

from collections.abc import Sequence
from typing import TypedDict

import pulumi
from pulumi_aws import iam

from trivium_components import naming
from trivium_components.aws.policy import Statement, document
from trivium_components.records import Guardrail

# Converse and ConverseStream are authorised by these two (Service authorization reference, Amazon Bedrock, 2026-11-22).
_INVOKE = ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"]


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
    """ARNs of the inference profiles and models that may be invoked, as `AwsModelAccess.resources` gives them."""
    guardrail: pulumi.Input[Guardrail]
    """The guardrail that every call must name."""
    tags: dict[str, str]
    """Tags of every resource."""


class AwsIdentity(pulumi.ComponentResource):
    """A role that may invoke exactly the deployment's models, only under its guardrail, and on no other path.

    Denies are written out although nothing else is allowed: a policy attached later must not open those paths.
    """

    principal: pulumi.Output[str]
    """What permissions are granted to: the role's ARN."""
    subject: pulumi.Output[str]
    """What the application runs as: the role's ARN."""

    def __init__(self, name: str, args: AwsIdentityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
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
        statements = pulumi.Output.all(args["resources"], args["guardrail"]).apply(
            lambda parts: invoke_statements(
                parts[0], _guardrail_arn(args["account"], args["region"], parts[1]["identifier"]), parts[1]["version"]
            )
        )
        iam.RolePolicy(f"{name}-invoke", role=role.name, policy=document(statements), opts=inside)
        self.principal = role.arn
        self.subject = role.arn
        self.register_outputs({"principal": self.principal, "subject": self.subject})


def trust_statement(invokers: Sequence[str]) -> Statement:
    """Lets exactly `invokers` assume the role."""
    return {"Effect": "Allow", "Principal": {"AWS": sorted(invokers)}, "Action": "sts:AssumeRole"}


def invoke_statements(resources: Sequence[str], guardrail_arn: str, guardrail_version: str) -> list[Statement]:
    """Allow the deployment's profiles and models under its guardrail; deny every other path to a model.

    Models behind a profile may be invoked through that profile alone, so a model that is approved for a geography
    cannot be called in one of its Regions directly. Sources: Bedrock user guide, "Prerequisites for inference
    profiles", "Enforce the use of specific guardrails", "Global cross-Region inference"; read 2026-11-22.
    """
    profiles = [arn for arn in resources if ":inference-profile/" in arn]
    models = [arn for arn in resources if ":foundation-model/" in arn]
    statements: list[Statement] = []
    if profiles:
        statements.append({"Sid": "InvokeProfiles", "Effect": "Allow", "Action": _INVOKE, "Resource": profiles})
    through = {"Condition": {"ArnEquals": {"bedrock:InferenceProfileArn": profiles}}} if profiles else {}
    statements += [
        {"Sid": "InvokeModels", "Effect": "Allow", "Action": _INVOKE, "Resource": models, **through},
        {"Sid": "ReadProfiles", "Effect": "Allow", "Action": "bedrock:GetInferenceProfile", "Resource": profiles}
        if profiles
        else {"Sid": "ReadModels", "Effect": "Allow", "Action": "bedrock:GetFoundationModel", "Resource": models},
        {"Sid": "ApplyGuardrail", "Effect": "Allow", "Action": "bedrock:ApplyGuardrail", "Resource": guardrail_arn},
        {
            "Sid": "DenyWithoutGuardrail",
            "Effect": "Deny",
            "Action": _INVOKE,
            "Resource": "*",
            # A call that names no guardrail has no such key, and "not equals" holds: it is denied too.
            "Condition": {"StringNotEquals": {"bedrock:GuardrailIdentifier": f"{guardrail_arn}:{guardrail_version}"}},
        },
        {
            "Sid": "DenyOtherPaths",
            "Effect": "Deny",
            "Action": ["bedrock-mantle:*", "aws-external-anthropic:*", "bedrock:CallWithBearerToken"],
            "Resource": "*",
        },
    ]
    if not any(":inference-profile/global." in arn for arn in profiles):
        statements.append(
            {
                "Sid": "DenyGlobalInference",
                "Effect": "Deny",
                "Action": _INVOKE,
                "Resource": "*",
                "Condition": {
                    "StringEquals": {"aws:RequestedRegion": "unspecified"},
                    "ArnLike": {"bedrock:InferenceProfileArn": "arn:*:bedrock:*:*:inference-profile/global.*"},
                },
            }
        )
    return statements


def _guardrail_arn(account: str, region: str, identifier: str) -> str:
    return f"arn:{naming.aws_partition(region)}:bedrock:{region}:{account}:guardrail/{identifier}"
