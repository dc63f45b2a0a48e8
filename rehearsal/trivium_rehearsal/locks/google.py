"""Google Cloud: locked retention policies of buckets, and locked log buckets.

Nothing is stored in a stand-in, and a store is locked because it keeps records: the
rehearsal assumes that a locked store holds records younger than their retention.
"""

from collections.abc import Mapping
from typing import Final

from trivium_rehearsal.locks.model import Fixed, Lock

_KEEP: Final = "Leave the lock and what it fixes as they were"

LOCKS: Final[Mapping[str, Lock]] = {
    # Cloud Storage API v1, `Bucket.retentionPolicy`: a locked policy "cannot be removed
    # or shortened". Cloud Storage documentation, "Bucket Lock": a bucket with a locked
    # policy is deleted only once every object has met its retention; the period may be
    # increased. Both read 2026-11.
    "gcp:storage/bucket:Bucket": Lock(
        where=("retentionPolicy", "isLocked"),
        locked=True,
        fixed=(
            Fixed(("retentionPolicy", "isLocked"), "stay"),
            Fixed(("retentionPolicy", "retentionPeriod"), "grow"),
        ),
        held="every object in it must have met its retention first, and the rehearsal"
        " assumes that one has not",
        replaced="the old bucket would have to be deleted",
        remedy=f"{_KEEP}; the retention may become longer. For other settings, add a"
        " bucket under another name",
        source="Cloud Storage API, Bucket.retentionPolicy, and Bucket Lock",
    ),
    # Cloud Logging API v2, `LogBucket.locked`: "The retention period on a locked bucket
    # cannot be changed. Locked buckets may only be deleted if they are empty."
    "gcp:logging/projectBucketConfig:ProjectBucketConfig": Lock(
        where=("locked",),
        locked=True,
        fixed=(
            Fixed(("locked",), "stay"),
            Fixed(("retentionDays",), "stay"),
        ),
        held="it may only be deleted while it is empty, and the rehearsal assumes that"
        " it holds log entries",
        replaced="the old log bucket would have to be deleted",
        remedy=f"{_KEEP}. For other settings, add a log bucket under another name",
        source="Cloud Logging API, LogBucket.locked",
    ),
}
"""Type token to its lock."""
