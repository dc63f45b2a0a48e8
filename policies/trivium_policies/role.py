"""How a rule knows what a bucket is for.

A stack holds buckets of many kinds, and the rules about audit stores must neither miss
one nor judge another. A resource is an audit store when its program says so: by the
label (tag) `trivium-role: audit-store`, or by being made inside a component whose type
ends in `AuditStore`. A label that is nearly this one (`trivium_role`, `Audit-Store`,
`trivum-role`) counts as this one: a slip of the pen must not take a store out of the
rules' sight.
"""

from difflib import SequenceMatcher
from typing import Final

from trivium_policies.resource import Resource

S3_BUCKETS: Final = ("aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2")
"""S3 buckets; BucketV2 is the deprecated name of the same resource (pulumi-aws
7.51.1)."""

NATIVE_S3_BUCKET: Final = "aws-native:s3:Bucket"
"""The same by the other provider: lock and public access block stand in the bucket
itself, and tags are a list."""

DIRECTORY_BUCKETS: Final = (
    "aws:s3/directoryBucket:DirectoryBucket",
    "aws-native:s3express:DirectoryBucket",
)
"""Buckets of S3 Express, which have no Object Lock. Source: Amazon S3 user guide,
"Directory buckets", 2026-11-23."""

GCS_BUCKET: Final = "gcp:storage/bucket:Bucket"
"""A Cloud Storage bucket."""

ROLE_LABEL: Final = "trivium-role"
"""Label or tag key. Lower case with a dash: the only spelling that all three clouds
allow. Source: GCP label format, Azure tag naming limits, AWS tag restrictions, read
2026-11-22."""

AUDIT_STORE: Final = "audit-store"
"""The label's value on an audit store."""

_COMPONENT_SUFFIX: Final = "AuditStore"
_NEAR: Final = 0.85
"""How much of two words must be the same: 0.85 lets two of eleven letters be wrong or
missing."""


def is_audit_store(resource: Resource) -> bool:
    """Whether the program declares `resource` (a bucket or storage account) to be an
    audit store.

    Raises `NotYetKnownError` when only an unknown label could tell.
    """
    if any(parent.endswith(_COMPONENT_SUFFIX) for parent in resource.parents):
        return True
    if resource.type.startswith("aws-native:"):
        tags = resource.properties.bags("tags")
        return any(
            _nearly(tag.text("key"), ROLE_LABEL)
            and _nearly(tag.text("value"), AUDIT_STORE)
            for tag in tags
        )
    labels = resource.properties.bag(
        "labels" if resource.type.startswith("gcp:") else "tags"
    )
    return any(
        _nearly(key, ROLE_LABEL) and _nearly(labels.own(key), AUDIT_STORE)
        for key in labels.names
    )


def _nearly(found: object, meant: str) -> bool:
    """Whether `found` is `meant`, but for capitals, dashes and one or two letters."""
    if not isinstance(found, str) or found == meant:
        return found == meant
    plain = "".join(letter for letter in found.casefold() if letter.isalnum())
    return (
        SequenceMatcher(None, plain, meant.replace("-", ""), autojunk=False).ratio()
        >= _NEAR
    )
