"""Amazon S3: object lock.

Source, unless a row names another: Amazon S3 User Guide, "Object Lock considerations"
(read 2026-11): once object lock is enabled, it cannot be disabled, and versioning
cannot be suspended. The default retention is a setting for new objects: S3 lets it be
shortened and removed, which is for the policies to judge and not refused here.

Whether a bucket holds objects is known to the local AWS, which refuses to delete one
that does; nothing is assumed here.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from trivium_rehearsal.locks.model import Fixed, Lock
from trivium_rehearsal.refusals.model import Refused, Values
from trivium_rehearsal.wire import Path, Unknown, at, path_text

_SOURCE: Final = "Amazon S3 User Guide, Object Lock considerations"
_REMEDY: Final = (
    "Leave it as it was. For a bucket without object lock, add one under another name"
)
_ENABLED: Final = Lock(
    where=("objectLockEnabled",),
    locked=True,
    fixed=(Fixed(("objectLockEnabled",), "stay"),),
    held="",
    replaced="",
    remedy=_REMEDY,
    source=_SOURCE,
)

LOCKS: Final[Mapping[str, Lock]] = {
    "aws:s3/bucket:Bucket": _ENABLED,
    "aws-native:s3:Bucket": _ENABLED,
}
"""Type token to its lock."""

_RETENTIONS: Final[Mapping[str, Path]] = {
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": (
        "rule",
        "defaultRetention",
    ),
    "aws:s3/bucket:Bucket": ("objectLockConfiguration", "rule", "defaultRetention"),
    "aws-native:s3:Bucket": ("objectLockConfiguration", "rule", "defaultRetention"),
}
"""Where a type states its default retention."""
_SUSPENDED: Final[Mapping[str, tuple[Path, Any]]] = {
    "aws-native:s3:Bucket": (("versioningConfiguration", "status"), "Suspended"),
}
"""Where a bucket states its own versioning, and what means suspended. Terraform's
`versioning.enabled: false` asks for nothing when a bucket is new (provider source,
``expandBucketVersioningConfigurationCreate``), so only its change is refused, by the
executor."""


def refused_inputs(token: str, inputs: Values) -> Iterator[Refused]:
    """What S3 refuses of these inputs by themselves."""
    if token in _RETENTIONS:
        yield from _retention(inputs, _RETENTIONS[token])
    if token in _SUSPENDED and inputs.get("objectLockEnabled") is True:
        path, suspended = _SUSPENDED[token]
        if at(inputs, path) == suspended:
            yield Refused(
                path,
                "found {found} on a bucket with object lock, AWS allows"
                f' "Enabled" ({_SOURCE}); S3 would answer InvalidBucketState. Keep'
                " versioning enabled",
            )


def _retention(inputs: Values, path: Path) -> Iterator[Refused]:
    """Source: S3 API reference, ``PutObjectLockConfiguration``: a mode and a period,
    in days or in years."""
    given = at(inputs, path)
    parts = ("mode", "days", "years")
    if not isinstance(given, dict) or any(
        isinstance(given.get(part), Unknown) for part in parts
    ):
        return
    found = [part for part in parts if given.get(part)]
    source = "PutObjectLockConfiguration"
    if {"days", "years"} <= set(found):
        yield Refused(
            (*path, "days"),
            f"found beside {path_text((*path, 'years'))}, AWS allows a period in days"
            f" or in years ({source}); S3 would answer MalformedXML. Give one of them",
        )
    elif len(found) == 1:
        yield Refused(
            path,
            f"found {found[0]} alone, AWS allows a mode together with a period"
            f" ({source}); S3 would answer MalformedXML. Give mode, and days or years",
        )
