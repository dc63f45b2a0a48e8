"""Write-once storage for sealed audit segments and for AWS's own request logs, and the
key that signs descriptors.

Staging the lock. `unlocked` already protects: object lock in GOVERNANCE mode for the
regime's full retention, so every object is write-once from the first day and only a
principal with `s3:BypassGovernanceRetention` can take it away. `locked` is COMPLIANCE
mode: nobody can, the root user and AWS included, and `pulumi destroy` fails by design.
Objects written before keep the mode they were written with. Sources: S3 user guide, "S3
Object Lock"; read 2026-11-22.
"""

from typing import TypedDict

import pulumi
from pulumi_aws import iam, kms, s3

from trivium_components import naming
from trivium_components.aws.policy import Statement, document, from_service
from trivium_components.retention import lock_of


class AwsAuditStoreArgs(TypedDict):
    """What `AwsAuditStore` needs."""

    environment: str
    """Name of the environment; part of every resource's name."""
    account: str
    """AWS account id, twelve digits."""
    region: str
    """Region of the bucket; the provider must be configured for it."""
    retention_days: int
    """Days that an object can be neither changed nor deleted."""
    lock: str
    """`unlocked` or `locked`; `locked` cannot be undone."""
    writer: pulumi.Input[str]
    """ARN of the role that may add segments, such as `AwsIdentity.principal`."""
    signing_key: bool
    """Whether this cloud keeps the deployment's signing key."""
    signers: list[str]
    """ARNs of those who may sign with it, beside those whom the account's IAM policies
    permit it."""
    tags: dict[str, str]
    """Tags of every resource."""


class AwsAuditStore(pulumi.ComponentResource):
    """A bucket with object lock, encrypted by a key of its own, that the application
    can add to and nothing more."""

    uri: pulumi.Output[str]
    """Where segments go: `s3://bucket/trivium`."""
    store: pulumi.Output[str]
    """The bucket; whoever uses it waits until its policy admits the services that log
    into it."""
    encryption_key: pulumi.Output[str]
    """ARN of the key that encrypts it."""
    signing_key: pulumi.Output[str]
    """ARN of the key that signs descriptors; empty when another cloud keeps it."""
    retention_days: pulumi.Output[int]
    """Days that objects are kept."""
    lock: pulumi.Output[str]
    """The stage the store really is in."""

    def __init__(
        self,
        name: str,
        args: AwsAuditStoreArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("trivium:index:AwsAuditStore", name, {}, opts)
        inside = pulumi.ResourceOptions(parent=self)
        locked = lock_of(args["lock"]) == "locked"
        kept = pulumi.ResourceOptions(
            parent=self, protect=locked, retain_on_delete=locked
        )
        key = kms.Key(
            f"{name}-encryption",
            description="Encrypts the audit store and the logs of the model API.",
            enable_key_rotation=True,
            deletion_window_in_days=30,
            policy=document(
                encryption_statements(
                    args["environment"], args["account"], args["region"]
                )
            ),
            tags=args["tags"],
            opts=kept,
        )
        bucket = s3.Bucket(
            f"{name}-bucket",
            bucket=naming.bucket(args["environment"], args["account"], args["region"]),
            object_lock_enabled=True,
            force_destroy=False,
            tags={**args["tags"], **naming.AUDIT_STORE},
            opts=kept,
        )
        bucket_arn = pulumi.Output.concat(
            f"arn:{naming.aws_partition(args['region'])}:s3:::", bucket.bucket
        )
        versioning = s3.BucketVersioning(
            f"{name}-versioning",
            bucket=bucket.id,
            versioning_configuration=s3.BucketVersioningVersioningConfigurationArgs(
                status="Enabled"
            ),
            opts=inside,
        )
        retention = s3.BucketObjectLockConfiguration(
            f"{name}-retention",
            bucket=bucket.id,
            rule=s3.BucketObjectLockConfigurationRuleArgs(
                default_retention=s3.BucketObjectLockConfigurationRuleDefaultRetentionArgs(
                    mode="COMPLIANCE" if locked else "GOVERNANCE",
                    days=args["retention_days"],
                )
            ),
            opts=pulumi.ResourceOptions.merge(
                kept, pulumi.ResourceOptions(depends_on=[versioning])
            ),
        )
        s3.BucketServerSideEncryptionConfiguration(
            f"{name}-sse",
            bucket=bucket.id,
            rules=[
                s3.BucketServerSideEncryptionConfigurationRuleArgs(
                    apply_server_side_encryption_by_default=(
                        s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
                            sse_algorithm="aws:kms", kms_master_key_id=key.arn
                        )
                    ),
                    bucket_key_enabled=True,
                )
            ],
            opts=inside,
        )
        private = s3.BucketPublicAccessBlock(
            f"{name}-private",
            bucket=bucket.id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=inside,
        )
        s3.BucketLifecycleConfiguration(
            f"{name}-lifecycle",
            bucket=bucket.id,
            rules=[
                s3.BucketLifecycleConfigurationRuleArgs(
                    id="abandoned-uploads",
                    status="Enabled",
                    filter=s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
                    abort_incomplete_multipart_upload=(
                        s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
                            days_after_initiation=7
                        )
                    ),
                )
            ],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[versioning]),
        )
        policy = s3.BucketPolicy(
            f"{name}-policy",
            bucket=bucket.id,
            policy=document(
                bucket_arn.apply(
                    lambda arn: bucket_statements(
                        arn, args["environment"], args["account"], args["region"]
                    )
                )
            ),
            # S3 refuses two changes of one bucket at a time ("OperationAborted"): the
            # block goes first.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[private]),
        )
        signing_key = (
            self._signing_key(name, args, kept)
            if args["signing_key"]
            else pulumi.Output.from_input("")
        )
        iam.RolePolicy(
            f"{name}-writer",
            role=pulumi.Output.from_input(args["writer"]).apply(
                lambda arn: arn.rsplit("/", 1)[-1]
            ),
            policy=document(
                pulumi.Output.all(bucket_arn, key.arn).apply(
                    lambda parts: writer_statements(*parts)
                )
            ),
            opts=inside,
        )
        self.uri = pulumi.Output.concat("s3://", bucket.bucket, "/trivium")
        # The name is known in a preview, so that policies can judge what is built from
        # it; the policy's URN makes whoever uses the name wait for the policy.
        self.store = pulumi.Output.all(bucket.bucket, policy.urn).apply(
            lambda parts: str(parts[0])
        )
        self.encryption_key = key.arn
        self.signing_key = signing_key
        self.retention_days = retention.rule.apply(
            lambda rule: int(rule.default_retention.days)
        )
        self.lock = retention.rule.apply(
            lambda rule: (
                "locked" if rule.default_retention.mode == "COMPLIANCE" else "unlocked"
            )
        )
        self.register_outputs(
            {
                "uri": self.uri,
                "store": self.store,
                "encryption_key": self.encryption_key,
                "signing_key": self.signing_key,
                "retention_days": self.retention_days,
                "lock": self.lock,
            }
        )

    def _signing_key(
        self, name: str, args: AwsAuditStoreArgs, kept: pulumi.ResourceOptions
    ) -> pulumi.Output[str]:
        """An asymmetric key: the private half never leaves KMS. KMS does not rotate
        asymmetric keys.

        The application may not use it: it would sign what governs it.
        """
        key = kms.Key(
            f"{name}-signing",
            description="Signs deployment descriptors.",
            key_usage="SIGN_VERIFY",
            customer_master_key_spec="ECC_NIST_P256",
            deletion_window_in_days=30,
            policy=document(
                [
                    account_statement(args["account"], args["region"]),
                    *signer_statements(args["signers"]),
                ]
            ),
            tags=args["tags"],
            opts=kept,
        )
        kms.Alias(
            f"{name}-signing-alias",
            name=f"alias/{naming.dashed(args['environment'], 'signing', limit=250)}",
            target_key_id=key.key_id,
            opts=pulumi.ResourceOptions(parent=self),
        )
        arn: pulumi.Output[str] = key.arn
        return arn


def account_statement(account: str, region: str) -> Statement:
    """Leaves the key to the account's IAM policies; without it AWS could not administer
    the key either."""
    root = f"arn:{naming.aws_partition(region)}:iam::{account}:root"
    return {
        "Sid": "Account",
        "Effect": "Allow",
        "Principal": {"AWS": root},
        "Action": "kms:*",
        "Resource": "*",
    }


def encryption_statements(
    environment: str, account: str, region: str
) -> list[Statement]:
    """Who may use the encryption key: the account, and three services for this
    account's own logs alone.

    Sources: KMS sections of the Bedrock, CloudTrail and CloudWatch Logs user guides,
    read 2026-11-22.
    """
    partition = naming.aws_partition(region)
    trail = trail_arn(environment, account, region)
    log_groups = f"arn:{partition}:logs:{region}:{account}:log-group:*"
    return [
        account_statement(account, region),
        {
            "Sid": "Bedrock",
            "Effect": "Allow",
            "Action": ["kms:GenerateDataKey", "kms:Decrypt"],
            "Resource": "*",
            **from_service(
                "bedrock.amazonaws.com",
                account=account,
                source=f"arn:{partition}:bedrock:{region}:{account}:*",
            ),
        },
        {
            "Sid": "CloudTrail",
            "Effect": "Allow",
            "Action": ["kms:GenerateDataKey*", "kms:DescribeKey"],
            "Resource": "*",
            **from_service("cloudtrail.amazonaws.com", source=trail),
        },
        {
            "Sid": "CloudWatchLogs",
            "Effect": "Allow",
            "Principal": {"Service": f"logs.{region}.amazonaws.com"},
            "Action": [
                "kms:Encrypt*",
                "kms:Decrypt*",
                "kms:ReEncrypt*",
                "kms:GenerateDataKey*",
                "kms:Describe*",
            ],
            "Resource": "*",
            "Condition": {
                "ArnLike": {"kms:EncryptionContext:aws:logs:arn": log_groups}
            },
        },
    ]


def bucket_statements(
    bucket_arn: str, environment: str, account: str, region: str
) -> list[Statement]:
    """TLS 1.2 for everybody; Bedrock and CloudTrail may add their logs, each for this
    account and trail alone.

    Sources: Bedrock user guide, "Set up an Amazon S3 destination"; CloudTrail user
    guide, "Amazon S3 bucket policy for CloudTrail"; read 2026-11-22.
    """
    everything = [bucket_arn, f"{bucket_arn}/*"]
    bedrock = f"arn:{naming.aws_partition(region)}:bedrock:{region}:{account}:*"
    trail = trail_arn(environment, account, region)
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": everything,
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
        {
            "Sid": "BedrockLogs",
            "Effect": "Allow",
            "Action": "s3:PutObject",
            "Resource": (
                f"{bucket_arn}/bedrock/AWSLogs/{account}/BedrockModelInvocationLogs/*"
            ),
            **from_service("bedrock.amazonaws.com", account=account, source=bedrock),
        },
        {
            "Sid": "TrailAcl",
            "Effect": "Allow",
            "Action": "s3:GetBucketAcl",
            "Resource": bucket_arn,
            **from_service("cloudtrail.amazonaws.com", source=trail),
        },
        {
            "Sid": "TrailLogs",
            "Effect": "Allow",
            "Principal": {"Service": "cloudtrail.amazonaws.com"},
            "Action": "s3:PutObject",
            "Resource": f"{bucket_arn}/cloudtrail/AWSLogs/{account}/*",
            "Condition": {
                "StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"},
                "ArnLike": {"aws:SourceArn": trail},
            },
        },
    ]


def signer_statements(signers: list[str]) -> list[Statement]:
    """Lets exactly `signers` sign and fetch the public half."""
    if not signers:
        return []
    actions = ["kms:Sign", "kms:GetPublicKey"]
    return [
        {
            "Sid": "Sign",
            "Effect": "Allow",
            "Principal": {"AWS": sorted(signers)},
            "Action": actions,
            "Resource": "*",
        }
    ]


def writer_statements(bucket_arn: str, encryption_key: str) -> list[Statement]:
    """The application may add segments; it may neither read back, list, overwrite
    retention nor delete."""
    return [
        {
            "Sid": "AddSegments",
            "Effect": "Allow",
            "Action": "s3:PutObject",
            "Resource": f"{bucket_arn}/trivium/*",
        },
        {
            "Sid": "EncryptSegments",
            "Effect": "Allow",
            "Action": "kms:GenerateDataKey",
            "Resource": encryption_key,
        },
    ]


def trail_name(environment: str) -> str:
    """The trail's name; fixed before the trail exists, so that bucket and key can admit
    it alone."""
    return naming.dashed(environment, "trail", limit=128)


def trail_arn(environment: str, account: str, region: str) -> str:
    """The trail's ARN."""
    return f"arn:{naming.aws_partition(region)}:cloudtrail:{region}:{account}:trail/{trail_name(environment)}"
