"""S3's own record of every access to the audit store, in a bucket of its own.

The bucket has no object lock: S3 does not deliver access logs into a bucket with a
default retention, nor into one whose default encryption uses a KMS key. Deliveries are
best effort and may come hours later; the trail records accesses to audit segments
completely. The bucket belongs to `AwsObservability`: the policy pack takes each bucket
inside an audit store for one that must be locked. Source: S3 user guide, "Enabling
Amazon S3 server access logging", read 2026-11-27.
"""

from typing import TypedDict

import pulumi
from pulumi_aws import s3

from trivium_components import naming
from trivium_components.aws.bucket import access, tls_statements
from trivium_components.aws.policy import Statement, from_service


class AccessLogArgs(TypedDict):
    """What the access log needs of the arguments of `AwsObservability`."""

    environment: str
    """Name of the environment; part of every resource's name."""
    account: str
    """AWS account id, twelve digits."""
    region: str
    """Region of both buckets: S3 delivers within one Region only."""
    retention_days: int
    """Days after which access logs are deleted."""
    store: pulumi.Input[str]
    """Name of the bucket that is observed."""
    tags: dict[str, str]
    """Tags of every resource."""


def access_log(name: str, args: AccessLogArgs, opts: pulumi.ResourceOptions) -> None:
    """Record every access to the audit store."""
    log_name = f"{name}-access"
    bucket = s3.Bucket(
        f"{log_name}-bucket",
        bucket=naming.bucket(
            args["environment"], args["account"], args["region"], what="access"
        ),
        force_destroy=False,
        tags=args["tags"],
        opts=opts,
    )
    _lifecycle(log_name, bucket, args["retention_days"], opts)
    arn = f"arn:{naming.aws_partition(args['region'])}:s3:::"
    statements = pulumi.Output.all(bucket.bucket, args["store"]).apply(
        lambda names: log_statements(
            f"{arn}{names[0]}", f"{arn}{names[1]}", args["account"]
        )
    )
    policy = access(log_name, bucket, statements, opts)
    s3.BucketLogging(
        f"{log_name}-logging",
        bucket=args["store"],
        target_bucket=bucket.id,
        target_prefix="s3/",
        opts=pulumi.ResourceOptions.merge(
            opts, pulumi.ResourceOptions(depends_on=[policy])
        ),
    )


def _lifecycle(
    name: str, bucket: s3.Bucket, days: int, opts: pulumi.ResourceOptions
) -> None:
    """Delete access logs when the records that they are about may be deleted."""
    expiration = s3.BucketLifecycleConfigurationRuleExpirationArgs(days=days)
    s3.BucketLifecycleConfiguration(
        f"{name}-lifecycle",
        bucket=bucket.id,
        rules=[
            s3.BucketLifecycleConfigurationRuleArgs(
                id="retention",
                status="Enabled",
                filter=s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
                expiration=expiration,
            )
        ],
        opts=opts,
    )


def log_statements(arn: str, observed_arn: str, account: str) -> list[Statement]:
    """Require TLS 1.2, and admit S3's logs about one bucket of this account."""
    return [
        *tls_statements(arn),
        {
            "Sid": "AccessLogs",
            "Effect": "Allow",
            "Action": "s3:PutObject",
            "Resource": f"{arn}/s3/*",
            **from_service(
                "logging.s3.amazonaws.com", account=account, source=observed_arn
            ),
        },
    ]
