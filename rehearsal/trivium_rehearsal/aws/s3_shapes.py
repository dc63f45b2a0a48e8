"""How S3's settings are spelled by the provider and by the API."""

from collections.abc import Mapping

from trivium_rehearsal.aws.shape import Shape, from_cloud, to_cloud
from trivium_rehearsal.execution import Properties

GONE = ("NoSuchBucket", "404", "NotFound")

HOSTED_ZONES: Mapping[str, str] = {
    "us-east-1": "Z3AQBSTGFYJSTF",
    "us-east-2": "Z2O1EMRO9K5GLX",
    "us-west-1": "Z2F56UZL2M1ACD",
    "us-west-2": "Z3BJ6K6RIION7M",
    "eu-central-1": "Z21DNDUVLTQW6Q",
    "eu-west-1": "Z1BKCTXD74EZPE",
    "eu-west-2": "Z3GKZC51ZF0DB4",
    "eu-west-3": "Z3R1K369G5AVDG",
    "eu-north-1": "Z3BAZG2TWCNX0D",
}
"""Hosted zones of S3 website endpoints (AWS General Reference, "Amazon S3 endpoints and
quotas"). No API tells them; the provider carries the same table."""

OBJECT_LOCK: Shape = {
    "objectLockEnabled": "ObjectLockEnabled",
    "rule": (
        "Rule",
        {
            "defaultRetention": (
                "DefaultRetention",
                {"mode": "Mode", "days": "Days", "years": "Years"},
            )
        },
    ),
}
_ENCRYPTION_RULE: Shape = {
    "applyServerSideEncryptionByDefault": (
        "ApplyServerSideEncryptionByDefault",
        {"sseAlgorithm": "SSEAlgorithm", "kmsMasterKeyId": "KMSMasterKeyID"},
    ),
    "bucketKeyEnabled": "BucketKeyEnabled",
}
_TRANSITION: Shape = {"storageClass": "StorageClass", "date": "Date", "days": "Days"}
_NONCURRENT: Shape = {
    "noncurrentDays": "NoncurrentDays",
    "newerNoncurrentVersions": "NewerNoncurrentVersions",
    "storageClass": "StorageClass",
}
_SIZES: Shape = {
    "objectSizeGreaterThan": "ObjectSizeGreaterThan",
    "objectSizeLessThan": "ObjectSizeLessThan",
}
LIFECYCLE_RULE: Shape = {
    "id": "ID",
    "status": "Status",
    "prefix": "Prefix",
    "filter": (
        "Filter",
        {
            **_SIZES,
            "prefix": "Prefix",
            "tag": ("Tag", {"key": "Key", "value": "Value"}),
            "and": ("And", {**_SIZES, "prefix": "Prefix", "tags": "Tags"}),
        },
    ),
    "expiration": (
        "Expiration",
        {
            "date": "Date",
            "days": "Days",
            "expiredObjectDeleteMarker": "ExpiredObjectDeleteMarker",
        },
    ),
    "abortIncompleteMultipartUpload": (
        "AbortIncompleteMultipartUpload",
        {"daysAfterInitiation": "DaysAfterInitiation"},
    ),
    "transitions": ("Transitions", _TRANSITION),
    "noncurrentVersionExpiration": ("NoncurrentVersionExpiration", _NONCURRENT),
    "noncurrentVersionTransitions": ("NoncurrentVersionTransitions", _NONCURRENT),
}
PUBLIC_ACCESS: Shape = {
    "blockPublicAcls": "BlockPublicAcls",
    "blockPublicPolicy": "BlockPublicPolicy",
    "ignorePublicAcls": "IgnorePublicAcls",
    "restrictPublicBuckets": "RestrictPublicBuckets",
}
LOGGING: Shape = {
    "targetBucket": "TargetBucket",
    "targetPrefix": "TargetPrefix",
    "targetGrants": (
        "TargetGrants",
        {
            "grantee": (
                "Grantee",
                {
                    "id": "ID",
                    "type": "Type",
                    "uri": "URI",
                    "displayName": "DisplayName",
                    "emailAddress": "EmailAddress",
                },
            ),
            "permission": "Permission",
        },
    ),
    "targetObjectKeyFormat": (
        "TargetObjectKeyFormat",
        {
            "partitionedPrefix": (
                "PartitionedPrefix",
                {"partitionDateSource": "PartitionDateSource"},
            ),
            "simplePrefix": ("SimplePrefix", {}),
        },
    ),
}


def encryption_to_cloud(rule: Properties) -> Properties:
    """One rule; S3 wraps the blocked types in an object of their own."""
    spelled: Properties = to_cloud(_ENCRYPTION_RULE, rule)
    if blocked := rule.get("blockedEncryptionTypes"):
        spelled["BlockedEncryptionTypes"] = {"EncryptionType": blocked}
    return spelled


def encryption_from_cloud(rule: Properties) -> Properties:
    spelled: Properties = from_cloud(_ENCRYPTION_RULE, rule)
    if blocked := (rule.get("BlockedEncryptionTypes") or {}).get("EncryptionType"):
        spelled["blockedEncryptionTypes"] = blocked
    return spelled
