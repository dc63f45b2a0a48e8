"""AWS's own account of every call: model-invocation logging and a trail, both into the
audit store."""

from typing import TypedDict

import pulumi
from pulumi_aws import bedrockmodel, cloudtrail, cloudwatch, iam

from trivium_components import naming
from trivium_components.aws.audit_store import trail_name
from trivium_components.aws.policy import document, from_service
from trivium_components.retention import cloudwatch_days

# Every Bedrock type that CloudTrail records as data events (CloudTrail user guide,
# "Data events", 2026-11-22). InvokeModel and Converse themselves are *read-only
# management events*: a trail of writes alone would lose them.
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
    """What `AwsObservability` needs."""

    environment: str
    """Name of the environment; part of every resource's name."""
    account: str
    """AWS account id, twelve digits."""
    region: str
    """Region whose calls are logged; the provider must be configured for it."""
    retention_days: int
    """Days that searchable logs are kept at least; CloudWatch rounds up."""
    content: str
    """`metadata` or `full`: whether AWS's own log keeps prompts and replies."""
    store: pulumi.Input[str]
    """Where logs are archived: `AwsAuditStore.store`."""
    encryption_key: pulumi.Input[str]
    """Key that encrypts the logs: `AwsAuditStore.encryption_key`."""
    resources: pulumi.Input[list[str]]
    """What is observed. Unused on AWS, which logs per account and Region."""
    tags: dict[str, str]
    """Tags of every resource."""


class AwsObservability(pulumi.ComponentResource):
    """Invocation logging and a trail. There is one invocation-logging configuration per
    account and Region: a second stack in the same Region would take it over."""

    request_log: pulumi.Output[str]
    """Where single calls can be searched: the log group's ARN."""
    trail: pulumi.Output[str]
    """What records who called, and who changed the deployment: the trail's ARN."""

    def __init__(
        self,
        name: str,
        args: AwsObservabilityArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("trivium:index:AwsObservability", name, {}, opts)
        inside = pulumi.ResourceOptions(parent=self)
        group_name = f"/trivium/{args['environment']}/bedrock"
        group = cloudwatch.LogGroup(
            f"{name}-requests",
            name=group_name,
            retention_in_days=cloudwatch_days(args["retention_days"]),
            kms_key_id=args["encryption_key"],
            tags=args["tags"],
            opts=inside,
        )
        partition, place = (
            naming.aws_partition(args["region"]),
            f"{args['region']}:{args['account']}",
        )
        stream = f"arn:{partition}:logs:{place}:log-group:{group_name}:log-stream:aws/bedrock/modelinvocations"
        role = iam.Role(
            f"{name}-delivery",
            name=naming.dashed(args["environment"], "bedrock-logs", limit=64),
            description="Lets Bedrock deliver invocation logs.",
            assume_role_policy=document(
                [
                    {
                        "Effect": "Allow",
                        "Action": "sts:AssumeRole",
                        **from_service(
                            "bedrock.amazonaws.com",
                            account=args["account"],
                            source=f"arn:{partition}:bedrock:{place}:*",
                        ),
                    }
                ]
            ),
            tags=args["tags"],
            opts=inside,
        )
        delivery = iam.RolePolicy(
            f"{name}-delivery-policy",
            role=role.name,
            policy=document(
                [
                    {
                        "Effect": "Allow",
                        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                        "Resource": stream,
                    }
                ]
            ),
            opts=inside,
        )
        full = args["content"] == "full"
        bedrockmodel.InvocationLoggingConfiguration(
            f"{name}-invocations",
            logging_config=bedrockmodel.InvocationLoggingConfigurationLoggingConfigArgs(
                text_data_delivery_enabled=full,
                image_data_delivery_enabled=full,
                embedding_data_delivery_enabled=full,
                video_data_delivery_enabled=full,
                s3_config=bedrockmodel.InvocationLoggingConfigurationLoggingConfigS3ConfigArgs(
                    bucket_name=args["store"], key_prefix="bedrock"
                ),
                cloudwatch_config=bedrockmodel.InvocationLoggingConfigurationLoggingConfigCloudwatchConfigArgs(
                    log_group_name=group.name, role_arn=role.arn
                ),
            ),
            # Bedrock tries the role when the configuration is written.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[delivery]),
        )
        trail = cloudtrail.Trail(
            f"{name}-trail",
            name=trail_name(args["environment"]),
            s3_bucket_name=args["store"],
            s3_key_prefix="cloudtrail",
            kms_key_id=args["encryption_key"],
            enable_logging=True,
            enable_log_file_validation=True,
            include_global_service_events=True,
            is_multi_region_trail=True,
            advanced_event_selectors=pulumi.Output.from_input(args["store"]).apply(
                lambda bucket: event_selectors(
                    f"arn:{partition}:s3:::{bucket}/trivium/"
                )
            ),
            tags=args["tags"],
            opts=inside,
        )
        self.request_log = group.arn
        self.trail = trail.arn
        self.register_outputs({"request_log": self.request_log, "trail": self.trail})


def event_selectors(segments: str) -> list[cloudtrail.TrailAdvancedEventSelectorArgs]:
    """Management events, reads and writes; Bedrock's data events; and every touch of
    the audit segments.

    A selector takes one `resources.type` only. The trail's own objects lie outside
    `segments`: logging them would make the trail log itself for ever.
    """

    def selector(name: str, **fields: str) -> cloudtrail.TrailAdvancedEventSelectorArgs:
        return cloudtrail.TrailAdvancedEventSelectorArgs(
            name=name,
            field_selectors=[
                cloudtrail.TrailAdvancedEventSelectorFieldSelectorArgs(
                    field=field.replace("_", "."),
                    **{
                        "starts_withs" if field == "resources_ARN" else "equals": [
                            value
                        ]
                    },
                )
                for field, value in fields.items()
            ],
        )

    return [
        selector("Management", eventCategory="Management"),
        *[
            selector(kind, eventCategory="Data", resources_type=kind)
            for kind in _DATA_EVENTS
        ],
        selector(
            "Audit segments",
            eventCategory="Data",
            resources_type="AWS::S3::Object",
            resources_ARN=segments,
        ),
    ]
