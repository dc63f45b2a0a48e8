"""Resources that pass every rule, from which the rules' examples are made.

A rule's example changes one property of a sound set, so that it shows the one thing
that the rule guards. A new rule that asks more of such a resource is met here, once,
and no example of another rule breaks.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from trivium_policies.arm import STORAGE_ACCOUNT
from trivium_policies.resource import Resource, resource
from trivium_policies.role import (
    AUDIT_STORE,
    GCS_BUCKET,
    NATIVE_S3_BUCKET,
    ROLE_LABEL,
    S3_BUCKETS,
)


@dataclass(frozen=True)
class Sound:
    """Resources by their logical names."""

    resources: tuple[Resource, ...]
    """In the order of their registration; no two have one name."""

    def changed(self, path: str, value: object) -> "Sound":
        """The same with one property changed, or without it where `value` is None.
        `path`: the resource's name, then the property's path."""
        name, _, inner = path.partition(".")
        self._require(name)
        return Sound(
            tuple(
                replace(r, inputs=_with(r.inputs, inner.split("."), value))
                if r.name == name
                else r
                for r in self.resources
            )
        )

    def without(self, name: str) -> "Sound":
        """The same without one resource."""
        self._require(name)
        return Sound(tuple(r for r in self.resources if r.name != name))

    def __iter__(self) -> Iterator[Resource]:
        return iter(self.resources)

    def _require(self, name: str) -> None:
        """Raise `KeyError` for a name that no resource has: the example would show
        nothing."""
        if name not in {r.name for r in self.resources}:
            raise KeyError(name)


def _with(
    bag: Mapping[str, object], path: list[str], value: object
) -> dict[str, object]:
    """A copy of the bag with the value at the path."""
    name, *rest = path
    if rest:
        inner = bag.get(name) or {}
        if not isinstance(inner, Mapping):
            raise KeyError(name)
        value = _with(inner, rest, value)
    copy = {key: kept for key, kept in bag.items() if key != name}
    return copy if value is None else {**copy, name: value}


LABEL: Final = {ROLE_LABEL: AUDIT_STORE}
"""What makes a bucket an audit store."""

_COMPLIANCE: Final = {"mode": "COMPLIANCE", "days": 2557}
_BLOCKS: Final = {
    "blockPublicAcls": True,
    "blockPublicPolicy": True,
    "ignorePublicAcls": True,
    "restrictPublicBuckets": True,
}


def _s3_store() -> Sound:
    bucket = resource(
        S3_BUCKETS[0],
        "bucket",
        {"bucket": "audit", "tags": LABEL, "objectLockEnabled": True},
    )
    relation = {"bucket": (bucket.urn,)}
    lock = resource(
        "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
        "lock",
        {"bucket": "audit", "rule": {"defaultRetention": _COMPLIANCE}},
        depends=relation,
    )
    block = resource(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "block",
        {"bucket": "audit", **_BLOCKS},
        depends=relation,
    )
    return Sound((bucket, lock, block))


S3_STORE: Final = _s3_store()
"""`bucket`, its `lock` and its public access `block`."""

NATIVE_S3_STORE: Final = Sound(
    (
        resource(
            NATIVE_S3_BUCKET,
            "bucket",
            {
                "bucketName": "audit",
                "tags": [{"key": ROLE_LABEL, "value": AUDIT_STORE}],
                "objectLockEnabled": True,
                "objectLockConfiguration": {
                    "objectLockEnabled": "Enabled",
                    "rule": {"defaultRetention": _COMPLIANCE},
                },
                "publicAccessBlockConfiguration": _BLOCKS,
            },
        ),
    )
)
"""`bucket`, by the other provider: lock and block stand in it."""

GCS_STORE: Final = Sound(
    (
        resource(
            GCS_BUCKET,
            "bucket",
            {
                "location": "us-central1",
                "labels": LABEL,
                "uniformBucketLevelAccess": True,
                "publicAccessPrevention": "enforced",
                "retentionPolicy": {"retentionPeriod": "220924800", "isLocked": True},
            },
        ),
    )
)
"""`bucket`, held for 2557 days."""

AZURE_STORE: Final = Sound(
    (
        resource(
            STORAGE_ACCOUNT,
            "account",
            {
                "tags": LABEL,
                "allowBlobPublicAccess": False,
                "immutableStorageWithVersioning": {
                    "enabled": True,
                    "immutabilityPolicy": {
                        "immutabilityPeriodSinceCreationInDays": 2557,
                        "state": "Locked",
                    },
                },
            },
        ),
    )
)
"""`account`, whose blobs are immutable for 2557 days."""
