"""How a rule knows what a bucket is for.

A stack holds buckets of many kinds, and the rules about audit stores must neither miss one nor judge another. A
resource is an audit store when its program says so: by the label (tag) `trivium-role: audit-store`, or by being made
inside a component whose type ends in `AuditStore`.
"""

from typing import Final

from trivium_policies.resource import Resource

S3_BUCKETS: Final = ("aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2")
"""S3 buckets; BucketV2 is the deprecated name of the same resource (pulumi-aws 7.51.1)."""

NATIVE_S3_BUCKET: Final = "aws-native:s3:Bucket"
"""The same by the other provider: lock and public access block stand in the bucket itself, and tags are a list."""

GCS_BUCKET: Final = "gcp:storage/bucket:Bucket"
"""A Cloud Storage bucket."""

ROLE_LABEL: Final = "trivium-role"
"""Label or tag key. Lower case with a dash: the only spelling that all three clouds allow.
Source: GCP label format, Azure tag naming limits, AWS tag restrictions, read 2026-11-22."""

AUDIT_STORE: Final = "audit-store"
"""The label's value on an audit store."""

_COMPONENT_SUFFIX: Final = "AuditStore"


def is_audit_store(resource: Resource) -> bool:
    """Whether the program declares `resource` (a bucket or storage account) to be an audit store.

    Raises `NotYetKnownError` when only an unknown label could tell.
    """
    if any(parent.endswith(_COMPONENT_SUFFIX) for parent in resource.parents):
        return True
    if resource.type == NATIVE_S3_BUCKET:
        return any(
            tag.text("key") == ROLE_LABEL and tag.text("value") == AUDIT_STORE
            for tag in resource.properties.bags("tags")
        )
    labels = "labels" if resource.type.startswith("gcp:") else "tags"
    return resource.properties.bag(labels).text(ROLE_LABEL) == AUDIT_STORE
