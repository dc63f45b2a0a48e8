"""AWS's own record of every call: model-invocation logging and a trail.

Both write to the audit store.
"""

from typing import TypedDict

import pulumi
from pulumi_aws import bedrockmodel, cloudtrail, cloudwatch, iam

from trivium_components import naming
from trivium_components.aws.policy import document, from_service
from trivium_components.component import register
from trivium_components.retention import cloudwatch_days

# Every Bedrock type that CloudTrail records as data events (CloudTrail user guide,
# "Data events", 2026-11-22). InvokeModel and Converse themselves are *read-only
# management events*: a trail of writes only would lose them.
_DATA_EVENTS = (
    "AWS::Bedrock::AgentAlias",
    "AWS::Bedrock::AsyncInvoke",
    "AWS::Bedrock::FlowAlias",
    "AWS::Bedrock::Guardrail",
    "AWS::Bedrock::InlineAgent",
    "AWS::Bedrock::KnowledgeBase",
    "AWS::Bedrock::Model",
)


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
    tags: dict[str, str]
    """Tags of every resource."""


class AwsObservability(pulumi.ComponentResource):
    """Invocation logging and a trail.

    An account has one invocation-logging configuration per Region: a second stack in
    the same Region would replace it.
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
        trail = _trail(name, args, inside)

        self.request_log = group.arn
        self.trail = trail.arn
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
    """Bedrock's own log of every call, with or without content."""
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


def _trail(
    name: str, args: AwsObservabilityArgs, opts: pulumi.ResourceOptions
) -> cloudtrail.Trail:
    """Who called what, in every Region, with validation of the log files."""
    buckets = f"arn:{naming.aws_partition(args['region'])}:s3:::"
    return cloudtrail.Trail(
        f"{name}-trail",
        name=naming.trail(args["environment"]),
        s3_bucket_name=args["store"],
        s3_key_prefix="cloudtrail",
        kms_key_id=args["encryption_key"],
        enable_logging=True,
        enable_log_file_validation=True,
        include_global_service_events=True,
        is_multi_region_trail=True,
        advanced_event_selectors=pulumi.Output.from_input(args["store"]).apply(
            lambda bucket: event_selectors(f"{buckets}{bucket}/trivium/")
        ),
        tags=args["tags"],
        opts=opts,
    )


def event_selectors(segments: str) -> list[cloudtrail.TrailAdvancedEventSelectorArgs]:
    """Management events, Bedrock's data events and every access to audit segments.

    A selector takes one `resources.type` only. The trail's own objects are outside
    `segments`: otherwise the trail would log its own writes without end.
    """
    return [
        _selector("Management", eventCategory="Management"),
        *[
            _selector(kind, eventCategory="Data", resources_type=kind)
            for kind in _DATA_EVENTS
        ],
        _selector(
            "Audit segments",
            eventCategory="Data",
            resources_type="AWS::S3::Object",
            resources_ARN=segments,
        ),
    ]


def _selector(name: str, **fields: str) -> cloudtrail.TrailAdvancedEventSelectorArgs:
    """One selector; `_` in a field's name stands for a dot."""
    return cloudtrail.TrailAdvancedEventSelectorArgs(
        name=name,
        field_selectors=[
            cloudtrail.TrailAdvancedEventSelectorFieldSelectorArgs(
                field=field.replace("_", "."),
                **{"starts_withs" if field == "resources_ARN" else "equals": [value]},
            )
            for field, value in fields.items()
        ],
    )
