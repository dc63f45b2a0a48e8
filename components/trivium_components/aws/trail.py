"""The trail: who called what, and who changed the deployment."""

from collections.abc import Sequence
from typing import NotRequired, TypedDict

import pulumi
from pulumi_aws import cloudtrail, cloudwatch, iam

from trivium.errors import ConfigurationError
from trivium_components import naming
from trivium_components.aws.policy import Statement, document
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


class TrailArgs(TypedDict):
    """What the trail needs of the arguments of `AwsObservability`."""

    environment: str
    """Name of the environment; part of every resource's name."""
    account: str
    """AWS account id, twelve digits."""
    region: str
    """Home Region of the trail."""
    retention_days: int
    """Minimum number of days that searchable logs are kept; CloudWatch rounds up."""
    store: pulumi.Input[str]
    """Where the trail is archived."""
    encryption_key: pulumi.Input[str]
    """Key that encrypts the trail."""
    data_events: NotRequired[list[str]]
    """Further resource types whose data events are recorded."""
    trail_logs: NotRequired[bool]
    """Whether the trail also writes into a log group."""
    tags: dict[str, str]
    """Tags of every resource."""


def trail(name: str, args: TrailArgs, opts: pulumi.ResourceOptions) -> cloudtrail.Trail:
    """Who called what, in every Region, with validation of the log files."""
    buckets = f"arn:{naming.aws_partition(args['region'])}:s3:::"
    further = args.get("data_events", [])
    group, role, ready = None, None, opts
    if args.get("trail_logs"):
        group, role, policy = _log_group(name, args, opts)
        # CloudTrail tries the role when the trail is written.
        ready = pulumi.ResourceOptions.merge(
            opts, pulumi.ResourceOptions(depends_on=[policy])
        )
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
        cloud_watch_logs_group_arn=group and pulumi.Output.concat(group.arn, ":*"),
        cloud_watch_logs_role_arn=role and role.arn,
        advanced_event_selectors=pulumi.Output.from_input(args["store"]).apply(
            lambda bucket: event_selectors(f"{buckets}{bucket}/trivium/", further)
        ),
        tags=args["tags"],
        opts=ready,
    )


def _log_group(
    name: str, args: TrailArgs, opts: pulumi.ResourceOptions
) -> tuple[cloudwatch.LogGroup, iam.Role, iam.RolePolicy]:
    """A log group, and the role through which CloudTrail writes into it.

    The role's trust has no condition on the source: CloudTrail sends none when it
    assumes this role (CloudTrail user guide, "Role policy document for CloudTrail to
    use CloudWatch Logs for monitoring", read 2026-11-27).
    """
    group = cloudwatch.LogGroup(
        f"{name}-trail-logs",
        name=_group_name(args),
        retention_in_days=cloudwatch_days(args["retention_days"]),
        kms_key_id=args["encryption_key"],
        tags=args["tags"],
        opts=opts,
    )
    trust: Statement = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudtrail.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    role = iam.Role(
        f"{name}-trail-role",
        name=naming.dashed(args["environment"], "trail-logs", limit=64),
        description="Lets CloudTrail write the trail into its log group.",
        assume_role_policy=document([trust]),
        tags=args["tags"],
        opts=opts,
    )
    policy = iam.RolePolicy(
        f"{name}-trail-role-policy",
        role=role.name,
        policy=document([_stream_statement(args)]),
        opts=opts,
    )
    return group, role, policy


def _group_name(args: TrailArgs) -> str:
    """Name of the log group that receives the trail."""
    return f"/trivium/{args['environment']}/cloudtrail"


def _stream_statement(args: TrailArgs) -> Statement:
    """Access to the log streams that CloudTrail names after account and Region."""
    account, region = args["account"], args["region"]
    home = f"arn:{naming.aws_partition(region)}:logs:{region}:{account}"
    streams = f"log-stream:{account}_CloudTrail_{region}*"
    return {
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": f"{home}:log-group:{_group_name(args)}:{streams}",
    }


def event_selectors(
    segments: str, further: Sequence[str] = ()
) -> list[cloudtrail.TrailAdvancedEventSelectorArgs]:
    """Management events, Bedrock's data events and every access to audit segments.

    `further` are more resource types. A selector takes one `resources.type` only. The
    trail's own objects are outside `segments`: otherwise the trail would log its own
    writes without end, so `ConfigurationError` refuses all of S3 as a further type.
    """
    if "AWS::S3::Object" in further:
        raise ConfigurationError(
            "`data_events` contains `AWS::S3::Object`; the trail would record its own"
            " writes without end. It already records every access to audit segments.",
            next_step="Take `AWS::S3::Object` out of `data_events`.",
        )
    return [
        _selector("Management", eventCategory="Management"),
        *[
            _selector(kind, eventCategory="Data", resources_type=kind)
            for kind in dict.fromkeys((*_DATA_EVENTS, *further))
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
