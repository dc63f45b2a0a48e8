"""The parts of a bucket that protects records, for the audit store and its companions.

Each function takes the bucket's logical name and its Region, if that is not the
provider's.
"""

import pulumi
from pulumi_aws import s3

from trivium_components.aws.policy import Statement, document
from trivium_components.retention import Lock


def versioning(
    name: str,
    bucket: s3.Bucket,
    opts: pulumi.ResourceOptions,
    *,
    region: str | None = None,
) -> s3.BucketVersioning:
    """Object lock protects versions, so there must be versions."""
    return s3.BucketVersioning(
        f"{name}-versioning",
        bucket=bucket.id,
        versioning_configuration=s3.BucketVersioningVersioningConfigurationArgs(
            status="Enabled"
        ),
        region=region,
        opts=opts,
    )


def retention(
    name: str,
    bucket: s3.Bucket,
    *,
    days: int,
    lock: Lock,
    opts: pulumi.ResourceOptions,
    region: str | None = None,
) -> s3.BucketObjectLockConfiguration:
    """The retention that every new object gets."""
    return s3.BucketObjectLockConfiguration(
        f"{name}-retention",
        bucket=bucket.id,
        rule=s3.BucketObjectLockConfigurationRuleArgs(
            default_retention=s3.BucketObjectLockConfigurationRuleDefaultRetentionArgs(
                mode="COMPLIANCE" if lock == "locked" else "GOVERNANCE", days=days
            )
        ),
        region=region,
        opts=opts,
    )


def encryption(
    name: str,
    bucket: s3.Bucket,
    key: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
    *,
    region: str | None = None,
) -> None:
    """Encrypt every object with the deployment's key."""
    default = s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs
    s3.BucketServerSideEncryptionConfiguration(
        f"{name}-sse",
        bucket=bucket.id,
        rules=[
            s3.BucketServerSideEncryptionConfigurationRuleArgs(
                apply_server_side_encryption_by_default=default(
                    sse_algorithm="aws:kms", kms_master_key_id=key
                ),
                bucket_key_enabled=True,
            )
        ],
        region=region,
        opts=opts,
    )


def access(
    name: str,
    bucket: s3.Bucket,
    statements: pulumi.Output[list[Statement]],
    opts: pulumi.ResourceOptions,
    *,
    region: str | None = None,
) -> s3.BucketPolicy:
    """Block public access, then attach the bucket's policy."""
    private = s3.BucketPublicAccessBlock(
        f"{name}-private",
        bucket=bucket.id,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        region=region,
        opts=opts,
    )
    return s3.BucketPolicy(
        f"{name}-policy",
        bucket=bucket.id,
        policy=document(statements),
        region=region,
        # S3 refuses two changes of one bucket at a time ("OperationAborted"), so the
        # block goes first.
        opts=pulumi.ResourceOptions.merge(
            opts, pulumi.ResourceOptions(depends_on=[private])
        ),
    )


def tls_statements(bucket_arn: str) -> list[Statement]:
    """Deny unencrypted connections and TLS before 1.2."""
    deny: Statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [bucket_arn, f"{bucket_arn}/*"],
    }
    return [
        {
            "Sid": "DenyPlaintext",
            **deny,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
        {
            "Sid": "DenyOldTls",
            **deny,
            "Condition": {"NumericLessThan": {"s3:TlsVersion": "1.2"}},
        },
    ]
