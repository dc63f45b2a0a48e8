"""gcp-audit-store-locked: the Google Cloud bucket of the audit log cannot forget before
its time."""

from collections.abc import Iterator
from typing import Final

from trivium_policies.resource import resource
from trivium_policies.retention import (
    RETENTION_CONTROLS,
    RETENTION_PARAMETERS,
    long_enough,
    unlocked,
)
from trivium_policies.role import GCS_BUCKET, is_audit_store
from trivium_policies.rule import (
    Case,
    Compliant,
    Remediation,
    Right,
    Rule,
    Verdict,
    Violating,
    Wrong,
)
from trivium_policies.sound import GCS_STORE

_SECONDS_IN_A_DAY: Final = 86_400


def _retention_holds(case: Case) -> Iterator[Verdict]:
    """The retention is long enough."""
    policy = case.resource.properties.bag("retentionPolicy")
    seconds = policy.number("retentionPeriod")
    yield from long_enough(
        case,
        policy.path("retentionPeriod"),
        days=(seconds or 0) / _SECONDS_IN_A_DAY,
        found=policy.value("retentionPeriod"),
        in_seconds=True,
    )


def _retention_is_locked(case: Case) -> Iterator[Verdict]:
    """The retention is locked, where the profile asks for it."""
    policy = case.resource.properties.bag("retentionPolicy")
    locked = policy.flag("isLocked")
    if locked is not True and policy.number("retentionPeriod") is not None:
        yield from unlocked(
            case, policy.path("isLocked"), found=locked, expected="true"
        )


RULE: Final = Rule(
    id="gcp-audit-store-locked",
    title="A Cloud Storage audit store holds its records",
    promise=(
        "Every Cloud Storage audit store has a retention policy of at least the"
        " profile's days."
    ),
    severity="critical",
    cloud="gcp",
    scope="resource",
    types=(GCS_BUCKET,),
    applies=is_audit_store,
    rationale=(
        "A bucket's retention policy keeps every object for its period; while it is"
        " unlocked it can be shortened or removed by anyone who may update the bucket. The"
        " lock, which cannot be taken back, ends that."
    ),
    risk=(
        "Someone who takes over an administrator's role deletes the record of what was"
        " asked and answered."
    ),
    remediation=Remediation(
        text=(
            "Give the bucket a retention policy of the required seconds, and lock it"
            " once the store is verified."
        ),
        pulumi="""\
gcp.storage.Bucket(
    "audit",
    location="us-central1",
    labels={"trivium-role": "audit-store"},
    uniform_bucket_level_access=True,
    public_access_prevention="enforced",
    retention_policy={"retention_period": "220924800", "is_locked": True},  # 2557 days
)""",
    ),
    controls=RETENTION_CONTROLS,
    parameters=RETENTION_PARAMETERS,
    peers=(
        "prowler: cloudstorage_bucket_log_retention_policy_lock",
        "prowler: cloudstorage_bucket_sufficient_retention_period",
    ),
    checks=(_retention_holds, _retention_is_locked),
)


COMPLIANT: Final[Compliant] = {
    "2557 days, locked": Right(GCS_STORE),
    "184 days, unlocked, is the unlocked stage": Right(
        GCS_STORE.changed("bucket.retentionPolicy", {"retentionPeriod": "15897600"})
    ),
    "a number where the provider declares a string": Right(
        GCS_STORE.changed("bucket.retentionPolicy", {"retentionPeriod": 15897600.0})
    ),
    "a bucket with another purpose needs no retention": Right(
        (resource(GCS_BUCKET, "website", {"location": "us"}),)
    ),
    "a label of another role": Right(
        GCS_STORE.changed(
            "bucket.labels", {"trivium-role": "model-cache", "role": "audit-store"}
        ).changed("bucket.retentionPolicy", None)
    ),
}

VIOLATING: Final[Violating] = {
    "no retention policy": Wrong(
        GCS_STORE.changed("bucket.retentionPolicy", None),
        paths=("retentionPolicy.retentionPeriod",),
    ),
    "a label with slips of the pen": Wrong(
        GCS_STORE.changed(
            "bucket.labels", {"team.example/x": "y", "trivium_role": "audit_stor"}
        ).changed("bucket.retentionPolicy", None),
        paths=("retentionPolicy.retentionPeriod",),
    ),
    "thirty days": Wrong(
        GCS_STORE.changed("bucket.retentionPolicy.retentionPeriod", "2592000"),
        paths=("retentionPolicy.retentionPeriod",),
    ),
    "the unlocked stage where the profile requires the lock": Wrong(
        GCS_STORE.changed("bucket.retentionPolicy.isLocked", False),
        paths=("retentionPolicy.isLocked",),
        parameters={"lock_required": True},
    ),
    "a period that is not a number": Wrong(
        GCS_STORE.changed("bucket.retentionPolicy.retentionPeriod", "seven years"),
        paths=("retentionPolicy.retentionPeriod",),
    ),
}
