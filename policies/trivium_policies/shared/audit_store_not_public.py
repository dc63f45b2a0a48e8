"""audit-store-not-public: on every cloud, nobody reads the audit log without an
identity."""

from collections.abc import Iterator, Mapping
from typing import Final

from trivium_policies.arm import GENERIC, STORAGE_ACCOUNT, arm
from trivium_policies.resource import Properties, Resource, resource
from trivium_policies.role import (
    GCS_BUCKET,
    NATIVE_S3_BUCKET,
    S3_BUCKETS,
    is_audit_store,
)
from trivium_policies.rule import (
    Case,
    Compliant,
    Control,
    Remediation,
    Right,
    Rule,
    Verdict,
    Violating,
    Violation,
    Wrong,
    held_by,
)

_S3_BLOCK: Final = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"

# All four: two stop new grants, two make existing ones void. Source: Amazon S3,
# PublicAccessBlockConfiguration.
_BLOCKS: Final = (
    "blockPublicAcls",
    "blockPublicPolicy",
    "ignorePublicAcls",
    "restrictPublicBuckets",
)

_READABLE: Final = "One wrong grant makes the audit log readable by everybody."


def _is_audit_storage(subject: Resource) -> bool:
    return (
        subject.type != GENERIC or arm(subject).type == STORAGE_ACCOUNT
    ) and is_audit_store(subject)


def _s3_blocks_public_access(case: Case) -> Iterator[Verdict]:
    if case.resource.type == NATIVE_S3_BUCKET:
        yield from _all_four_block(
            case.resource.properties.bag("publicAccessBlockConfiguration")
        )
        return
    if case.resource.type not in S3_BUCKETS:
        return
    blocks = case.stack.attached(case.resource, "bucket", _S3_BLOCK)
    if not blocks:
        yield Violation(
            "publicAccessBlock",
            found=None,
            expected="a BucketPublicAccessBlock of this bucket",
            consequence=_READABLE,
        )
    for block in blocks:
        yield from held_by(block, _all_four_block(block.properties))


def _all_four_block(block: Properties) -> Iterator[Violation]:
    for name in _BLOCKS:
        blocked = block.flag(name)
        if blocked is not True:
            yield Violation(
                block.path(name), found=blocked, expected="true", consequence=_READABLE
            )


def _gcs_prevents_public_access(case: Case) -> Iterator[Verdict]:
    if case.resource.type != GCS_BUCKET:
        return
    prevention = case.resource.properties.text("publicAccessPrevention")
    if prevention != "enforced":
        yield Violation(
            "publicAccessPrevention",
            found=prevention,
            expected="enforced",
            consequence=_READABLE,
        )
    uniform = case.resource.properties.flag("uniformBucketLevelAccess")
    if uniform is not True:
        yield Violation(
            "uniformBucketLevelAccess",
            found=uniform,
            expected="true",
            consequence=(
                "Single objects can be opened by access lists that no review of the"
                " bucket shows."
            ),
        )


def _azure_refuses_anonymous_reads(case: Case) -> Iterator[Verdict]:
    if case.resource.type not in (STORAGE_ACCOUNT, GENERIC):
        return
    properties = arm(case.resource).properties
    anonymous = properties.flag("allowBlobPublicAccess")
    if anonymous is not False:
        yield Violation(
            properties.path("allowBlobPublicAccess"),
            found=anonymous,
            expected="false",
            consequence=_READABLE,
        )


RULE: Final = Rule(
    id="audit-store-not-public",
    title="No audit store is public",
    promise=(
        "On every cloud, an audit store refuses anonymous access, whatever is granted"
        " on it later."
    ),
    severity="critical",
    cloud="shared",
    scope="stack",
    types=(*S3_BUCKETS, NATIVE_S3_BUCKET, GCS_BUCKET, STORAGE_ACCOUNT, GENERIC),
    applies=_is_audit_storage,
    rationale=(
        "Each cloud has a switch above its grants that makes public ones void. Without"
        " it one wrong grant, by anybody at any time, opens the store."
    ),
    risk="Records of who asked what, and when, are readable by everybody.",
    remediation=Remediation(
        text=(
            "Add a BucketPublicAccessBlock with all four blocks (AWS), set"
            " publicAccessPrevention to enforced with uniform access (Google Cloud), or"
            " allowBlobPublicAccess to false (Azure)."
        ),
        pulumi="""\
role = {"trivium-role": "audit-store"}
bucket = aws.s3.Bucket("audit", tags=role)
aws.s3.BucketPublicAccessBlock(
    "audit",
    bucket=bucket.id,
    block_public_acls=True,
    block_public_policy=True,
    ignore_public_acls=True,
    restrict_public_buckets=True,
)
gcp.storage.Bucket(
    "audit",
    location="us-central1",
    labels=role,
    public_access_prevention="enforced",
    uniform_bucket_level_access=True,
)
azure_native.storage.StorageAccount(
    "audit",
    kind="StorageV2",
    sku={"name": "Standard_ZRS"},
    resource_group_name=group.name,
    tags=role,
    allow_blob_public_access=False,
)""",
    ),
    compliance=(
        Control("NIST SP 800-53 r5", "AC-3"),
        Control("NIST SP 800-53 r5", "AU-9"),
        Control("Regulation (EU) 2016/679", "Art. 32(1)(b)"),
    ),
    peers=(
        "prowler: s3_bucket_level_public_access_block",
        "checkov: CKV2_AWS_6",
        "checkov: CKV_GCP_114",
    ),
    checks=(
        _s3_blocks_public_access,
        _gcs_prevents_public_access,
        _azure_refuses_anonymous_reads,
    ),
)


_OPEN_LABELS: Final = {"trivium-role": "audit-store"}


def _s3(**blocks: bool) -> tuple[Resource, ...]:
    """An audit bucket that holds its records, with a public access block when `blocks`
    are given."""
    bucket = resource(
        S3_BUCKETS[0], "audit", {"tags": _OPEN_LABELS, "objectLockEnabled": True}
    )
    relation = {"bucket": (bucket.urn,)}
    lock = resource(
        "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
        "audit",
        {"rule": {"defaultRetention": {"mode": "COMPLIANCE", "days": 2557}}},
        depends=relation,
    )
    return (
        bucket,
        lock,
        *((resource(_S3_BLOCK, "audit", blocks, depends=relation),) if blocks else ()),
    )


def _native(**blocks: bool) -> Resource:
    retention = {"mode": "COMPLIANCE", "days": 2557}
    return resource(
        NATIVE_S3_BUCKET,
        "audit",
        {
            "tags": [{"key": "trivium-role", "value": "audit-store"}],
            "objectLockEnabled": True,
            "objectLockConfiguration": {
                "objectLockEnabled": "Enabled",
                "rule": {"defaultRetention": retention},
            },
            "publicAccessBlockConfiguration": blocks,
        },
    )


def _gcs(**inputs: object) -> Resource:
    held = {"retentionPolicy": {"retentionPeriod": "220924800", "isLocked": True}}
    return resource(GCS_BUCKET, "audit", {"labels": _OPEN_LABELS, **held, **inputs})


def _storage_account(**inputs: object) -> Resource:
    policy = {"immutabilityPeriodSinceCreationInDays": 2557, "state": "Locked"}
    held: Mapping[str, object] = {
        "immutableStorageWithVersioning": {
            "enabled": True,
            "immutabilityPolicy": policy,
        }
    }
    return resource(STORAGE_ACCOUNT, "audit", {"tags": _OPEN_LABELS, **held, **inputs})


COMPLIANT: Final[Compliant] = {
    "S3 with all four blocks": Right(_s3(**dict.fromkeys(_BLOCKS, True))),
    "Cloud Storage with prevention and uniform access": Right(
        (_gcs(publicAccessPrevention="enforced", uniformBucketLevelAccess=True),)
    ),
    "an Azure account without anonymous reads": Right(
        (_storage_account(allowBlobPublicAccess=False),)
    ),
    "a public website": Right(
        (resource(GCS_BUCKET, "website", {"publicAccessPrevention": "inherited"}),)
    ),
}

VIOLATING: Final[Violating] = {
    "S3 by the other provider, one block of four missing": Wrong(
        (_native(blockPublicAcls=True, blockPublicPolicy=True, ignorePublicAcls=True),),
        paths=("publicAccessBlockConfiguration.restrictPublicBuckets",),
    ),
    "S3 without a block": Wrong(_s3(), paths=("publicAccessBlock",)),
    "S3 with one block of four missing": Wrong(
        _s3(blockPublicAcls=True, blockPublicPolicy=True, ignorePublicAcls=True),
        paths=("restrictPublicBuckets",),
    ),
    "Cloud Storage that inherits": Wrong(
        (_gcs(uniformBucketLevelAccess=True),),
        paths=("publicAccessPrevention",),
    ),
    "Cloud Storage with access lists": Wrong(
        (_gcs(publicAccessPrevention="enforced"),), paths=("uniformBucketLevelAccess",)
    ),
    "an Azure account as the API makes it": Wrong(
        (_storage_account(),), paths=("allowBlobPublicAccess",)
    ),
}
