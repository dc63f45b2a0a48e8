"""A second copy of the audit store in another Region, as write-once as the first.

S3 copies new objects, usually within minutes, with their retention. It copies neither
objects that are older than the replication nor delete markers. The copy has a key of
its own, because a KMS key belongs to a Region. Source: S3 user guide, "Replicating
encrypted objects", read 2026-11-27. The permissions to read retention and legal hold
are from memory, and no rehearsal copies an object: see docs/components.md.
"""

from dataclasses import dataclass
from typing import TypedDict

import pulumi
from pulumi_aws import iam, kms, s3

from trivium_components import naming
from trivium_components.aws import keys
from trivium_components.aws.bucket import (
    access,
    encryption,
    retention,
    tls_statements,
    versioning,
)
from trivium_components.aws.policy import Statement, document
from trivium_components.component import kept
from trivium_components.retention import Lock, lock_of

_READ_VERSIONS = [
    "s3:GetObjectVersionForReplication",
    "s3:GetObjectVersionAcl",
    "s3:GetObjectVersionTagging",
    "s3:GetObjectRetention",
    "s3:GetObjectLegalHold",
]


class ReplicaArgs(TypedDict):
    """What the copy needs of the arguments of `AwsAuditStore`."""

    environment: str
    """Name of the environment; part of every resource's name."""
    account: str
    """AWS account id, twelve digits."""
    region: str
    """Region of the first bucket."""
    retention_days: int
    """Days during which an object can be neither changed nor deleted."""
    lock: str
    """`unlocked` or `locked`, as of the first bucket."""
    tags: dict[str, str]
    """Tags of every resource."""


@dataclass(frozen=True)
class Source:
    """The bucket that is copied."""

    bucket: s3.Bucket
    """The bucket."""
    arn: pulumi.Output[str]
    """Its ARN."""
    key: pulumi.Output[str]
    """ARN of the key that encrypts it."""
    versioned: s3.BucketVersioning
    """Its versions, without which S3 refuses replication."""


def replicate(
    name: str,
    args: ReplicaArgs,
    source: Source,
    region: str,
    parent: pulumi.Resource,
) -> None:
    """Copy every new object of `source` to `region`."""
    lock = lock_of(args["lock"])
    inside = pulumi.ResourceOptions(parent=parent)
    copy_name = f"{name}-replica"
    key = _key(copy_name, args, region, kept(parent, lock))
    bucket = _bucket(copy_name, args, region, kept(parent, lock))
    arn = pulumi.Output.concat(
        f"arn:{naming.aws_partition(region)}:s3:::", bucket.bucket
    )
    locked = _protect(copy_name, args, bucket, lock, region, parent)
    encryption(copy_name, bucket, key.arn, inside, region=region)
    access(copy_name, bucket, arn.apply(tls_statements), inside, region=region)

    role, granted = _role(copy_name, args, source, arn, key, region, inside)
    after = pulumi.ResourceOptions(depends_on=[source.versioned, locked, granted])
    _replication(
        copy_name,
        source,
        role,
        arn,
        key,
        pulumi.ResourceOptions.merge(inside, after),
    )


def _key(
    name: str, args: ReplicaArgs, region: str, opts: pulumi.ResourceOptions
) -> kms.Key:
    """The key of the copy; the account's IAM policies decide who uses it."""
    return kms.Key(
        f"{name}-encryption",
        description="Encrypts the copy of the audit store.",
        enable_key_rotation=True,
        deletion_window_in_days=keys.DELETION_DAYS,
        policy=document([keys.account_statement(args["account"], region)]),
        region=region,
        tags=args["tags"],
        opts=opts,
    )


def _bucket(
    name: str, args: ReplicaArgs, region: str, opts: pulumi.ResourceOptions
) -> s3.Bucket:
    """Object lock can only be enabled at creation."""
    return s3.Bucket(
        f"{name}-bucket",
        bucket=naming.bucket(args["environment"], args["account"], region),
        object_lock_enabled=True,
        force_destroy=False,
        region=region,
        tags={**args["tags"], **naming.AUDIT_STORE},
        opts=opts,
    )


def _protect(
    name: str,
    args: ReplicaArgs,
    bucket: s3.Bucket,
    lock: Lock,
    region: str,
    parent: pulumi.Resource,
) -> s3.BucketObjectLockConfiguration:
    """Versions and retention, as of the first bucket."""
    inside = pulumi.ResourceOptions(parent=parent)
    versioned = versioning(name, bucket, inside, region=region)
    return retention(
        name,
        bucket,
        days=args["retention_days"],
        lock=lock,
        region=region,
        opts=pulumi.ResourceOptions.merge(
            kept(parent, lock), pulumi.ResourceOptions(depends_on=[versioned])
        ),
    )


def _role(
    name: str,
    args: ReplicaArgs,
    source: Source,
    copy_arn: pulumi.Output[str],
    key: kms.Key,
    region: str,
    opts: pulumi.ResourceOptions,
) -> tuple[iam.Role, iam.RolePolicy]:
    """The role through which S3 copies.

    Its trust has no condition on the source, because S3 documents none for
    replication; only principals of this account can pass the role to S3.
    """
    trust: Statement = {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    role = iam.Role(
        f"{name}-role",
        name=naming.dashed(args["environment"], "audit-replica", limit=64),
        description="Lets S3 copy the audit store.",
        assume_role_policy=document([trust]),
        tags=args["tags"],
        opts=opts,
    )
    statements = pulumi.Output.all(source.arn, source.key, copy_arn, key.arn).apply(
        lambda arns: replication_statements(
            source=(arns[0], arns[1], args["region"]), copy=(arns[2], arns[3], region)
        )
    )
    policy = iam.RolePolicy(
        f"{name}-role-policy", role=role.name, policy=document(statements), opts=opts
    )
    return role, policy


def _replication(
    name: str,
    source: Source,
    role: iam.Role,
    copy_arn: pulumi.Output[str],
    key: kms.Key,
    opts: pulumi.ResourceOptions,
) -> None:
    """One rule for all objects."""
    encrypted = (
        s3.BucketReplicationConfigRuleSourceSelectionCriteriaSseKmsEncryptedObjectsArgs
    )
    markers = s3.BucketReplicationConfigRuleDeleteMarkerReplicationArgs
    destination = s3.BucketReplicationConfigRuleDestinationArgs(
        bucket=copy_arn,
        encryption_configuration=s3.BucketReplicationConfigRuleDestinationEncryptionConfigurationArgs(
            replica_kms_key_id=key.arn
        ),
    )
    s3.BucketReplicationConfig(
        f"{name}-replication",
        bucket=source.bucket.id,
        role=role.arn,
        rules=[
            s3.BucketReplicationConfigRuleArgs(
                id="audit-store",
                priority=0,
                status="Enabled",
                filter=s3.BucketReplicationConfigRuleFilterArgs(prefix=""),
                delete_marker_replication=markers(status="Disabled"),
                destination=destination,
                source_selection_criteria=s3.BucketReplicationConfigRuleSourceSelectionCriteriaArgs(
                    sse_kms_encrypted_objects=encrypted(status="Enabled")
                ),
            )
        ],
        opts=opts,
    )


def replication_statements(
    *, source: tuple[str, str, str], copy: tuple[str, str, str]
) -> list[Statement]:
    """Let S3 read versions here and write copies there; it may delete nothing.

    `source` and `copy` are the bucket's ARN, its key's ARN and its Region.
    """
    source_arn, source_key, source_region = source
    copy_arn, copy_key, copy_region = copy
    return [
        {
            "Sid": "ReadConfiguration",
            "Effect": "Allow",
            "Action": ["s3:GetReplicationConfiguration", "s3:ListBucket"],
            "Resource": source_arn,
        },
        {
            "Sid": "ReadVersions",
            "Effect": "Allow",
            "Action": _READ_VERSIONS,
            "Resource": f"{source_arn}/*",
        },
        {
            "Sid": "WriteCopies",
            "Effect": "Allow",
            "Action": ["s3:ReplicateObject", "s3:ReplicateTags"],
            "Resource": f"{copy_arn}/*",
        },
        _key_statement("Decrypt", ["kms:Decrypt"], source_key, source_region),
        _key_statement(
            "Encrypt", ["kms:Encrypt", "kms:GenerateDataKey"], copy_key, copy_region
        ),
    ]


def _key_statement(sid: str, actions: list[str], key: str, region: str) -> Statement:
    """Use of a key, through S3 of the key's Region only."""
    through = {"kms:ViaService": f"s3.{region}.amazonaws.com"}
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Action": actions,
        "Resource": key,
        "Condition": {"StringEquals": through},
    }
