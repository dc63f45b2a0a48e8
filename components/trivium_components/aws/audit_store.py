"""Write-once storage for sealed audit segments and for AWS's own request logs.

Stages of the lock. `unlocked` already protects: object lock runs in GOVERNANCE mode for
the regime's full retention. Every object is write-once from the first day, and only a
principal with `s3:BypassGovernanceRetention` can delete it. `locked` is COMPLIANCE
mode: nobody can delete an object, including the root user and AWS, and `pulumi destroy`
fails by design. Objects written earlier keep the mode in which they were written.
Source: S3 user guide, "S3 Object Lock", read 2026-11-22.
"""

from typing import NotRequired, TypedDict

import pulumi
from pulumi_aws import iam, s3

from trivium_components import naming
from trivium_components.aws import keys
from trivium_components.aws.bucket import (
    access,
    encryption,
    retention,
    tls_statements,
    versioning,
)
from trivium_components.aws.policy import Statement, document, from_service
from trivium_components.aws.replica import Source, replicate
from trivium_components.component import kept, register
from trivium_components.retention import Lock, lock_from, lock_of


class AwsAuditStoreArgs(TypedDict):
    """Arguments of `AwsAuditStore`. For the type, see `component.py`."""

    environment: str
    """Name of the environment; part of every resource's name."""
    account: str
    """AWS account id, twelve digits."""
    region: str
    """Region of the bucket; the provider must be configured for it."""
    retention_days: int
    """Days during which an object can be neither changed nor deleted."""
    lock: str
    """`unlocked` or `locked`; `locked` cannot be undone."""
    writer: pulumi.Input[str]
    """ARN of the role that may add segments, such as `AwsIdentity.principal`."""
    signing_key: bool
    """Whether this cloud keeps the deployment's signing key."""
    signers: list[str]
    """ARNs of the principals that may sign with it, in addition to those that the
    account's IAM policies permit."""
    encryption_key: NotRequired[str]
    """ARN of an existing key that encrypts bucket and logs; a new key, if not given or
    empty. Its policy must admit Bedrock, CloudTrail and CloudWatch Logs."""
    replica_region: NotRequired[str]
    """Region of a second, equally protected copy; without a copy, if not given or
    empty. The caller checks that it lies inside the residency zone."""
    tags: dict[str, str]
    """Tags of every resource."""


class AwsAuditStore(pulumi.ComponentResource):
    """A bucket with object lock and its own encryption key.

    The application can add objects and do nothing else.
    """

    uri: pulumi.Output[str]
    """Where segments are written: `s3://bucket/trivium`."""
    store: pulumi.Output[str]
    """Name of the bucket, available once its policy admits the services that log into
    it."""
    encryption_key: pulumi.Output[str]
    """ARN of the key that encrypts it."""
    signing_key: pulumi.Output[str]
    """ARN of the key that signs descriptors; empty if another cloud keeps it."""
    retention_days: pulumi.Output[int]
    """Days that objects are kept."""
    lock: pulumi.Output[str]
    """Stage of the deployed store's lock."""

    def __init__(
        self,
        name: str,
        args: AwsAuditStoreArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("trivium:index:AwsAuditStore", name, {}, opts)
        lock = lock_of(args["lock"])
        inside = pulumi.ResourceOptions(parent=self)
        key = _key(name, args, kept(self, lock))
        bucket = _bucket(name, args, kept(self, lock))
        arn = pulumi.Output.concat(
            f"arn:{naming.aws_partition(args['region'])}:s3:::", bucket.bucket
        )

        kept_for = self._write_once(name, args, bucket, arn, key)
        encryption(name, bucket, key, inside)
        policy = access(name, bucket, _statements(arn, args), inside)
        _grant_writer(name, args["writer"], arn, key, inside)

        self.uri = pulumi.Output.concat("s3://", bucket.bucket, "/trivium")
        # A preview knows the name, so policies can judge what is built from it. The
        # policy's URN makes every user of the name wait for the policy.
        self.store = pulumi.Output.all(bucket.bucket, policy.urn).apply(
            lambda parts: str(parts[0])
        )
        self.encryption_key = key
        self.signing_key = self._signing_key(name, args, lock)
        rule = kept_for.rule.default_retention
        self.retention_days = rule.days.apply(int)
        self.lock = rule.mode.apply(lambda mode: lock_from(mode == "COMPLIANCE"))
        register(self)

    def _write_once(
        self,
        name: str,
        args: AwsAuditStoreArgs,
        bucket: s3.Bucket,
        arn: pulumi.Output[str],
        key: pulumi.Output[str],
    ) -> s3.BucketObjectLockConfiguration:
        """Versions, retention, and a copy in another Region if one is wanted."""
        lock = lock_of(args["lock"])
        inside = pulumi.ResourceOptions(parent=self)
        versioned = versioning(name, bucket, inside)
        after = pulumi.ResourceOptions(depends_on=[versioned])
        locked = retention(
            name,
            bucket,
            days=args["retention_days"],
            lock=lock,
            opts=pulumi.ResourceOptions.merge(kept(self, lock), after),
        )
        _lifecycle(name, bucket, pulumi.ResourceOptions.merge(inside, after))
        if replica_region := args.get("replica_region"):
            source = Source(bucket, arn, key, versioned)
            replicate(name, args, source, replica_region, self)
        return locked

    def _signing_key(
        self, name: str, args: AwsAuditStoreArgs, lock: Lock
    ) -> pulumi.Output[str]:
        """ARN of the signing key, if this cloud keeps it."""
        if not args["signing_key"]:
            return pulumi.Output.from_input("")
        key = keys.signing_key(
            name, args, args["signers"], kept(self, lock), parent=self
        )
        arn: pulumi.Output[str] = key.arn
        return arn


def _key(
    name: str, args: AwsAuditStoreArgs, opts: pulumi.ResourceOptions
) -> pulumi.Output[str]:
    """ARN of the key that encrypts bucket and logs: the existing one, or a new one."""
    if existing := args.get("encryption_key"):
        return pulumi.Output.from_input(existing)
    arn: pulumi.Output[str] = keys.encryption_key(name, args, opts).arn
    return arn


def _bucket(
    name: str, args: AwsAuditStoreArgs, opts: pulumi.ResourceOptions
) -> s3.Bucket:
    """Object lock can only be enabled at creation."""
    return s3.Bucket(
        f"{name}-bucket",
        bucket=naming.bucket(args["environment"], args["account"], args["region"]),
        object_lock_enabled=True,
        force_destroy=False,
        tags={**args["tags"], **naming.AUDIT_STORE},
        opts=opts,
    )


def _lifecycle(name: str, bucket: s3.Bucket, opts: pulumi.ResourceOptions) -> None:
    """Remove the parts of uploads that were never completed."""
    abandoned = s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
        days_after_initiation=7
    )
    s3.BucketLifecycleConfiguration(
        f"{name}-lifecycle",
        bucket=bucket.id,
        rules=[
            s3.BucketLifecycleConfigurationRuleArgs(
                id="abandoned-uploads",
                status="Enabled",
                filter=s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
                abort_incomplete_multipart_upload=abandoned,
            )
        ],
        opts=opts,
    )


def _grant_writer(
    name: str,
    writer: pulumi.Input[str],
    bucket_arn: pulumi.Output[str],
    key: pulumi.Output[str],
    opts: pulumi.ResourceOptions,
) -> None:
    """Let the application's role add segments."""
    role = pulumi.Output.from_input(writer).apply(lambda arn: arn.rsplit("/", 1)[-1])
    statements = pulumi.Output.all(bucket_arn, key).apply(
        lambda parts: writer_statements(*parts)
    )
    iam.RolePolicy(f"{name}-writer", role=role, policy=document(statements), opts=opts)


def _statements(
    arn: pulumi.Output[str], args: AwsAuditStoreArgs
) -> pulumi.Output[list[Statement]]:
    """The statements of the bucket's policy, once its ARN is known."""
    return arn.apply(
        lambda found: bucket_statements(
            found, args["environment"], args["account"], args["region"]
        )
    )


def bucket_statements(
    bucket_arn: str, environment: str, account: str, region: str
) -> list[Statement]:
    """Require TLS 1.2, and admit the logs of Bedrock and CloudTrail.

    Both services may add the logs of this account and this trail only. Sources: Bedrock
    user guide, "Set up an Amazon S3 destination"; CloudTrail user guide, "Amazon S3
    bucket policy for CloudTrail"; read 2026-11-22.
    """
    bedrock = f"arn:{naming.aws_partition(region)}:bedrock:{region}:{account}:*"
    return [
        *tls_statements(bucket_arn),
        {
            "Sid": "BedrockLogs",
            "Effect": "Allow",
            "Action": "s3:PutObject",
            "Resource": (
                f"{bucket_arn}/bedrock/AWSLogs/{account}/BedrockModelInvocationLogs/*"
            ),
            **from_service("bedrock.amazonaws.com", account=account, source=bedrock),
        },
        *_trail_statements(
            bucket_arn, account, naming.trail_arn(environment, account, region)
        ),
    ]


def _trail_statements(bucket_arn: str, account: str, trail: str) -> list[Statement]:
    """Let one trail check the bucket and add its logs."""
    return [
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


def writer_statements(bucket_arn: str, encryption_key: str) -> list[Statement]:
    """Let the application add segments.

    It may not read, list or delete objects, or change their retention.
    """
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
