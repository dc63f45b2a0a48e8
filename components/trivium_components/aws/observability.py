"""AWS's own record of every call: model-invocation logging and a trail.

Both write to the audit store.
"""

from typing import NotRequired, TypedDict

import pulumi
from pulumi_aws import bedrockmodel, cloudwatch, iam

from trivium_components import naming
from trivium_components.aws.access_log import access_log
from trivium_components.aws.policy import document, from_service
from trivium_components.aws.trail import trail
from trivium_components.component import register
from trivium_components.retention import cloudwatch_days


class AwsObservabilityArgs(TypedDict):
    """Arguments of `AwsObservability`. For the type, see `component.py`."""

    environment: str
    """Name of the environment; part of every resource's name."""
    account: str
    """AWS account id, twelve digits."""
    region: str
    """Region in which calls are logged; the provider must be configured for it."""
    retention_days: int
    """Minimum number of days that searchable logs are kept; CloudWatch rounds up."""
    content: str
    """Whether AWS's own log keeps prompts and replies: `metadata` (no) or `full`."""
    store: pulumi.Input[str]
    """Where logs are archived: `AwsAuditStore.store`."""
    encryption_key: pulumi.Input[str]
    """Key that encrypts the logs: `AwsAuditStore.encryption_key`."""
    resources: pulumi.Input[list[str]]
    """What is observed. Not used on AWS, which logs per account and Region."""
    data_events: NotRequired[list[str]]
    """CloudTrail resource types whose data events the trail records besides those of
    Bedrock's own types."""
    trail_logs: NotRequired[bool]
    """Whether the trail also writes into a log group, where alarms can watch it; not,
    if not given."""
    access_log: NotRequired[bool]
    """Whether S3 records every access to the audit store, in a bucket of its own; not,
    if not given."""
    tags: dict[str, str]
    """Tags of every resource."""


class AwsObservability(pulumi.ComponentResource):
    """Invocation logging and a trail.

    An account has one invocation-logging configuration per Region: a second stack in
    the same Region would replace it. It covers every model in the Region, and this
    component cannot switch its delivery of audio: see docs/components.md.
    """

    request_log: pulumi.Output[str]
    """ARN of the log group in which single calls can be searched."""
    trail: pulumi.Output[str]
    """ARN of the trail, which records who called and who changed the deployment."""

    def __init__(
        self,
        name: str,
        args: AwsObservabilityArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("trivium:index:AwsObservability", name, {}, opts)
        inside = pulumi.ResourceOptions(parent=self)
        group = _log_group(name, args, inside)
        role = _delivery_role(name, args, inside)
        delivery = _delivery_policy(name, args, role, inside)
        # Bedrock tries the role when the configuration is written, so the policy of the
        # role goes first.
        after = pulumi.ResourceOptions(parent=self, depends_on=[delivery])
        _invocation_logging(name, args, group, role, after)
        found = trail(name, args, inside)
        if args.get("access_log"):
            access_log(name, args, inside)

        self.request_log = group.arn
        self.trail = found.arn
        register(self)


def _group_name(args: AwsObservabilityArgs) -> str:
    """Name of the log group that receives invocation logs."""
    return f"/trivium/{args['environment']}/bedrock"


def _arn(service: str, args: AwsObservabilityArgs, rest: str) -> str:
    """The ARN of something in this account and Region."""
    partition = naming.aws_partition(args["region"])
    return f"arn:{partition}:{service}:{args['region']}:{args['account']}:{rest}"


def _log_group(
    name: str, args: AwsObservabilityArgs, opts: pulumi.ResourceOptions
) -> cloudwatch.LogGroup:
    """Searchable invocation logs."""
    return cloudwatch.LogGroup(
        f"{name}-requests",
        name=_group_name(args),
        retention_in_days=cloudwatch_days(args["retention_days"]),
        kms_key_id=args["encryption_key"],
        tags=args["tags"],
        opts=opts,
    )


def _delivery_role(
    name: str, args: AwsObservabilityArgs, opts: pulumi.ResourceOptions
) -> iam.Role:
    """The role through which Bedrock writes into the log group."""
    bedrock = from_service(
        "bedrock.amazonaws.com",
        account=args["account"],
        source=_arn("bedrock", args, "*"),
    )
    return iam.Role(
        f"{name}-delivery",
        name=naming.dashed(args["environment"], "bedrock-logs", limit=64),
        description="Lets Bedrock deliver invocation logs.",
        assume_role_policy=document(
            [{"Effect": "Allow", "Action": "sts:AssumeRole", **bedrock}]
        ),
        tags=args["tags"],
        opts=opts,
    )


def _delivery_policy(
    name: str,
    args: AwsObservabilityArgs,
    role: iam.Role,
    opts: pulumi.ResourceOptions,
) -> iam.RolePolicy:
    """Access to the one log stream that Bedrock writes."""
    stream = f"log-group:{_group_name(args)}:log-stream:aws/bedrock/modelinvocations"
    return iam.RolePolicy(
        f"{name}-delivery-policy",
        role=role.name,
        policy=document(
            [
                {
                    "Effect": "Allow",
                    "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                    "Resource": _arn("logs", args, stream),
                }
            ]
        ),
        opts=opts,
    )


def _invocation_logging(
    name: str,
    args: AwsObservabilityArgs,
    group: cloudwatch.LogGroup,
    role: iam.Role,
    opts: pulumi.ResourceOptions,
) -> None:
    """Bedrock's own log of every call, with or without content.

    The API also has `audioDataDeliveryEnabled` (botocore's model of 2023-04-20). The
    resource of pulumi-aws 7.51.1 has no argument for it, and aws-native 1.84.0 has no
    such resource. A kind that a request left out was delivered when `video` was new
    (hashicorp/terraform-provider-aws#41312), so audio may be delivered even with
    `metadata`. Claude takes no audio; other models in the account may.
    """
    full = args["content"] == "full"
    config = bedrockmodel.InvocationLoggingConfigurationLoggingConfigArgs
    s3 = bedrockmodel.InvocationLoggingConfigurationLoggingConfigS3ConfigArgs
    logs = bedrockmodel.InvocationLoggingConfigurationLoggingConfigCloudwatchConfigArgs
    bedrockmodel.InvocationLoggingConfiguration(
        f"{name}-invocations",
        logging_config=config(
            text_data_delivery_enabled=full,
            image_data_delivery_enabled=full,
            embedding_data_delivery_enabled=full,
            video_data_delivery_enabled=full,
            s3_config=s3(bucket_name=args["store"], key_prefix="bedrock"),
            cloudwatch_config=logs(log_group_name=group.name, role_arn=role.arn),
        ),
        opts=opts,
    )
