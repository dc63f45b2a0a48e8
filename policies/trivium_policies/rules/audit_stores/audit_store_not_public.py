"""audit-store-not-public: on every cloud, reading the audit log takes an identity."""

from typing import Final

from trivium_policies.arm import GENERIC, STORAGE_ACCOUNT, arm
from trivium_policies.checks import attached, flag, of_type, one_of, where
from trivium_policies.resource import Resource, resource
from trivium_policies.role import (
    GCS_BUCKET,
    NATIVE_S3_BUCKET,
    S3_BUCKETS,
    is_audit_store,
)
from trivium_policies.rule import (
    Compliant,
    Remediation,
    Right,
    Rule,
    Violating,
    Violation,
    Wrong,
)
from trivium_policies.sound import AZURE_STORE, GCS_STORE, NATIVE_S3_STORE, S3_STORE

_BLOCK: Final = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
_READABLE: Final = "One wrong grant makes the audit log readable by everybody."

# All four: two stop new grants, two make existing ones void. Source: Amazon S3,
# PublicAccessBlockConfiguration.
_BLOCKS: Final = (
    "blockPublicAcls",
    "blockPublicPolicy",
    "ignorePublicAcls",
    "restrictPublicBuckets",
)


def _is_audit_storage(subject: Resource) -> bool:
    if subject.type == GENERIC and arm(subject).type != STORAGE_ACCOUNT:
        return False
    return is_audit_store(subject)


_S3: Final = attached(
    (_BLOCK,),
    "bucket",
    *(flag(name, consequence=_READABLE) for name in _BLOCKS),
    absent=Violation(
        "publicAccessBlock",
        found=None,
        expected="a BucketPublicAccessBlock of this bucket with all four blocks",
        consequence=_READABLE,
    ),
)
_NATIVE_S3: Final = tuple(
    flag(
        name,
        consequence=_READABLE,
        read=lambda case: case.resource.properties.bag(
            "publicAccessBlockConfiguration"
        ),
    )
    for name in _BLOCKS
)
_GCS: Final = (
    one_of("publicAccessPrevention", "enforced", consequence=_READABLE),
    flag(
        "uniformBucketLevelAccess",
        consequence=(
            "Single objects can be opened by access lists that no review of the bucket"
            " shows."
        ),
    ),
)
_AZURE: Final = flag(
    "allowBlobPublicAccess",
    False,
    consequence=_READABLE,
    read=lambda case: arm(case.resource).properties,
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
    controls=("nist-800-53/AC-3", "nist-800-53/AU-9", "gdpr/32-1-b"),
    peers=(
        "prowler: s3_bucket_level_public_access_block",
        "checkov: CKV2_AWS_6",
        "checkov: CKV_GCP_114",
    ),
    checks=(
        where(of_type(*S3_BUCKETS), _S3),
        *(where(of_type(NATIVE_S3_BUCKET), check) for check in _NATIVE_S3),
        *(where(of_type(GCS_BUCKET), check) for check in _GCS),
        where(of_type(STORAGE_ACCOUNT, GENERIC), _AZURE),
    ),
)

COMPLIANT: Final[Compliant] = {
    "S3 with all four blocks": Right(S3_STORE),
    "S3 by the other provider": Right(NATIVE_S3_STORE),
    "Cloud Storage with prevention and uniform access": Right(GCS_STORE),
    "an Azure account without anonymous reads": Right(AZURE_STORE),
    "a public website": Right(
        (resource(GCS_BUCKET, "website", {"publicAccessPrevention": "inherited"}),)
    ),
}

_ONE_NATIVE: Final = "publicAccessBlockConfiguration.restrictPublicBuckets"

VIOLATING: Final[Violating] = {
    "S3 by the other provider, one block of four missing": Wrong(
        NATIVE_S3_STORE.changed(f"bucket.{_ONE_NATIVE}", None), paths=(_ONE_NATIVE,)
    ),
    "S3 without a block": Wrong(
        S3_STORE.without("block"), paths=("publicAccessBlock",)
    ),
    "S3 with one block of four missing": Wrong(
        S3_STORE.changed("block.restrictPublicBuckets", None),
        paths=("restrictPublicBuckets",),
    ),
    "S3 with one block of four off": Wrong(
        S3_STORE.changed("block.restrictPublicBuckets", False),
        paths=("restrictPublicBuckets",),
    ),
    "Cloud Storage that inherits": Wrong(
        GCS_STORE.changed("bucket.publicAccessPrevention", None),
        paths=("publicAccessPrevention",),
    ),
    "Cloud Storage with access lists": Wrong(
        GCS_STORE.changed("bucket.uniformBucketLevelAccess", None),
        paths=("uniformBucketLevelAccess",),
    ),
    "an Azure account as the API makes it": Wrong(
        AZURE_STORE.changed("account.allowBlobPublicAccess", None),
        paths=("allowBlobPublicAccess",),
    ),
}
