"""aws-audit-store-locked: the bucket of the audit log cannot forget before its time."""

from collections.abc import Iterator
from typing import Final

from trivium_policies.resource import Properties, resource
from trivium_policies.retention import (
    RETENTION_CONTROLS,
    RETENTION_PARAMETERS,
    long_enough,
    unlocked,
)
from trivium_policies.role import (
    DIRECTORY_BUCKETS,
    NATIVE_S3_BUCKET,
    S3_BUCKETS,
    is_audit_store,
)
from trivium_policies.rule import (
    Case,
    Compliant,
    Remediation,
    Right,
    Rule,
    Verdict,
    Violating,
    Violation,
    Wrong,
    held_by,
)
from trivium_policies.sound import LABEL, NATIVE_S3_STORE, S3_STORE

_LOCKS: Final = (
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
    "aws:s3/bucketObjectLockConfigurationV2:BucketObjectLockConfigurationV2",
)

# The S3 API does not say how many days a year of default retention has; the shorter
# reading is taken, so that a minimum given in days is met under either. Source: Amazon
# S3 API, DefaultRetention, read 2026-11-22.
_DAYS_IN_A_YEAR: Final = 365


def _object_lock_enabled(case: Case) -> Iterator[Verdict]:
    """The bucket was made with object lock."""
    if case.resource.properties.flag("objectLockEnabled") is not True:
        yield Violation(
            "objectLockEnabled",
            found=case.resource.properties.value("objectLockEnabled"),
            expected="true",
            consequence="Anybody who may delete objects can delete the audit log.",
        )


def _default_retention_holds(case: Case) -> Iterator[Verdict]:
    """Its default retention is long enough, and in the mode that binds."""
    locks = case.stack.attached(case.resource, "bucket", *_LOCKS)
    own = case.resource.type == NATIVE_S3_BUCKET and case.resource.properties.value(
        "objectLockConfiguration"
    )
    if own:
        yield from _judge_retention(
            case,
            case.resource.properties.bag(
                "objectLockConfiguration.rule.defaultRetention"
            ),
        )
    elif not locks:
        yield Violation(
            "defaultRetention",
            found=None,
            expected=(
                "a BucketObjectLockConfiguration of this bucket with a default"
                " retention"
            ),
            consequence=(
                "Objects written without a retention of their own can be deleted at"
                " once."
            ),
        )
    for lock in locks:
        yield from held_by(
            lock, _judge_retention(case, lock.properties.bag("rule.defaultRetention"))
        )


def _judge_retention(case: Case, retention: Properties) -> Iterator[Verdict]:
    years, days = retention.number("years"), retention.number("days")
    if years is not None:
        yield from long_enough(
            case, retention.path("years"), days=years * _DAYS_IN_A_YEAR, found=years
        )
    else:
        yield from long_enough(case, retention.path("days"), days=days or 0, found=days)
    mode = retention.text("mode")
    if mode == "GOVERNANCE":
        yield from unlocked(
            case, retention.path("mode"), found=mode, expected="COMPLIANCE"
        )
    elif mode != "COMPLIANCE":
        yield Violation(
            retention.path("mode"),
            found=mode,
            expected="COMPLIANCE, or GOVERNANCE while the store is being verified",
            consequence="Without a mode there is no retention.",
        )


RULE: Final = Rule(
    id="aws-audit-store-locked",
    title="An S3 audit store holds its records",
    promise=(
        "Every S3 audit store has Object Lock with a default retention of at least the"
        " profile's days."
    ),
    severity="critical",
    cloud="aws",
    scope="stack",
    types=(*S3_BUCKETS, NATIVE_S3_BUCKET, *DIRECTORY_BUCKETS),
    applies=is_audit_store,
    rationale=(
        "An audit log proves something only if the people it is about cannot change it."
        " Object Lock in COMPLIANCE mode binds even the account's root user; GOVERNANCE"
        " mode can be bypassed by permission, and is the stage in which a store is"
        " verified before the lock, which cannot be taken back."
    ),
    risk=(
        "Someone who takes over an administrator's role deletes the record of what was"
        " asked and answered."
    ),
    remediation=Remediation(
        text=(
            "Enable Object Lock on the bucket and give it a default retention in"
            " COMPLIANCE mode for the required days."
        ),
        pulumi="""\
bucket = aws.s3.Bucket("audit", object_lock_enabled=True, tags={"trivium-role": "audit-store"})
aws.s3.BucketObjectLockConfiguration(
    "audit",
    bucket=bucket.id,
    rule={"default_retention": {"mode": "COMPLIANCE", "days": 2557}},
)""",
    ),
    controls=RETENTION_CONTROLS,
    parameters=RETENTION_PARAMETERS,
    peers=("prowler: s3_bucket_object_lock", "checkov: CKV_AWS_143"),
    checks=(_object_lock_enabled, _default_retention_holds),
)


_RETENTION: Final = "lock.rule.defaultRetention"
_NATIVE_RETENTION: Final = "objectLockConfiguration.rule.defaultRetention"
_NATIVE_UNLOCKED: Final = NATIVE_S3_STORE.changed(
    "bucket.objectLockEnabled", None
).changed("bucket.objectLockConfiguration", None)


COMPLIANT: Final[Compliant] = {
    "seven years, by the other provider": Right(
        NATIVE_S3_STORE.changed(
            f"bucket.{_NATIVE_RETENTION}", {"mode": "COMPLIANCE", "years": 7}
        )
    ),
    "seven years in compliance mode": Right(
        S3_STORE.changed(_RETENTION, {"mode": "COMPLIANCE", "years": 7})
    ),
    "184 days in governance mode is the unlocked stage": Right(
        S3_STORE.changed(_RETENTION, {"mode": "GOVERNANCE", "days": 184})
    ),
    "a bucket with another purpose needs no lock": Right(
        (resource(S3_BUCKETS[0], "website", {"bucket": "website"}),)
    ),
}

VIOLATING: Final[Violating] = {
    "a lock of another bucket, whose name was computed with this one's": Wrong(
        S3_STORE.changed("lock.bucket", "scratch"), paths=("defaultRetention",)
    ),
    "a month, by the other provider": Wrong(
        NATIVE_S3_STORE.changed(f"bucket.{_NATIVE_RETENTION}.days", 30),
        paths=(f"{_NATIVE_RETENTION}.days",),
    ),
    "a tag in other capitals, by the other provider": Wrong(
        _NATIVE_UNLOCKED.changed(
            "bucket.tags", [{"key": "Trivium-Role", "value": "AuditStore"}]
        ),
        paths=("objectLockEnabled", "defaultRetention"),
    ),
    "nothing is locked, by the other provider": Wrong(
        _NATIVE_UNLOCKED, paths=("objectLockEnabled", "defaultRetention")
    ),
    "object lock is not enabled": Wrong(
        S3_STORE.changed("bucket.objectLockEnabled", None), paths=("objectLockEnabled",)
    ),
    "a kind of bucket that cannot be locked": Wrong(
        (resource(DIRECTORY_BUCKETS[0], "audit", {"bucket": "audit", "tags": LABEL}),),
        paths=("objectLockEnabled", "defaultRetention"),
    ),
    "enabled, but nothing is retained by default": Wrong(
        S3_STORE.without("lock"), paths=("defaultRetention",)
    ),
    "a month is not six": Wrong(
        S3_STORE.changed(f"{_RETENTION}.days", 30),
        paths=("rule.defaultRetention.days",),
    ),
    "the unlocked stage where the profile requires the lock": Wrong(
        S3_STORE.changed(f"{_RETENTION}.mode", "GOVERNANCE"),
        paths=("rule.defaultRetention.mode",),
        parameters={"lock_required": True},
    ),
    "a lock configuration without a mode": Wrong(
        S3_STORE.changed(f"{_RETENTION}.mode", None),
        paths=("rule.defaultRetention.mode",),
    ),
}
