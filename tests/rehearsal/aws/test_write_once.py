"""What Object Lock withstands in the emulator, and what it allows."""

import secrets
from datetime import UTC, datetime, timedelta

import pytest

from trivium_rehearsal.aws.calls import Calls, RefusedError
from trivium_rehearsal.execution import ExecutionError, Executors, Properties


@pytest.fixture
def archive(types: Executors, call: Calls) -> tuple[str, str]:
    """A bucket in COMPLIANCE mode as the components make it, and the version id of one
    object in it."""
    name = f"archive-{secrets.token_hex(4)}"
    types["aws:s3/bucket:Bucket"].create({"bucket": name, "objectLockEnabled": True})
    types["aws:s3/bucketVersioning:BucketVersioning"].create(
        {"bucket": name, "versioningConfiguration": {"status": "Enabled"}}
    )
    types["aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"].create(
        {
            "bucket": name,
            "rule": {"defaultRetention": {"mode": "COMPLIANCE", "years": 7}},
        }
    )
    put = call("s3.put_object", Bucket=name, Key="segment", Body=b"sealed")
    return name, str(put["VersionId"])


def until(days: int) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


FORBIDDEN: dict[str, tuple[str, Properties]] = {
    "deleting the version": ("s3.delete_object", {}),
    "deleting it with the governance bypass": (
        "s3.delete_object",
        {"BypassGovernanceRetention": True},
    ),
    "shortening its retention": (
        "s3.put_object_retention",
        {"Retention": {"Mode": "COMPLIANCE", "RetainUntilDate": until(1)}},
    ),
    "downgrading it to GOVERNANCE": (
        "s3.put_object_retention",
        {
            "Retention": {"Mode": "GOVERNANCE", "RetainUntilDate": until(9999)},
            "BypassGovernanceRetention": True,
        },
    ),
}


@pytest.mark.parametrize(
    ("operation", "more"), FORBIDDEN.values(), ids=FORBIDDEN.keys()
)
def test_a_locked_version_withstands(
    operation: str, more: Properties, archive: tuple[str, str], call: Calls
) -> None:
    bucket, version = archive
    with pytest.raises(RefusedError, match="AccessDenied"):
        call(operation, Bucket=bucket, Key="segment", VersionId=version, **more)
    kept = call("s3.get_object", Bucket=bucket, Key="segment", VersionId=version)
    assert kept["Body"].read() == b"sealed"
    assert kept["ObjectLockMode"] == "COMPLIANCE"
    assert kept["ObjectLockRetainUntilDate"] > until(7 * 365 - 1)


def test_a_locked_version_withstands_a_batch_deletion(
    archive: tuple[str, str], call: Calls
) -> None:
    bucket, version = archive
    batch = {"Objects": [{"Key": "segment", "VersionId": version}]}
    answer = call(
        "s3.delete_objects", Bucket=bucket, Delete=batch, BypassGovernanceRetention=True
    )
    assert [error["Code"] for error in answer["Errors"]] == ["AccessDenied"]


def test_a_locked_versions_retention_can_grow(
    archive: tuple[str, str], call: Calls
) -> None:
    bucket, version = archive
    longer = {"Mode": "COMPLIANCE", "RetainUntilDate": until(8 * 366)}
    call(
        "s3.put_object_retention",
        Bucket=bucket,
        Key="segment",
        VersionId=version,
        Retention=longer,
    )
    told = call(
        "s3.get_object_retention", Bucket=bucket, Key="segment", VersionId=version
    )
    assert told["Retention"]["RetainUntilDate"] > until(8 * 365)


def test_not_even_force_destroy_deletes_a_bucket_with_locked_versions(
    archive: tuple[str, str], types: Executors, call: Calls
) -> None:
    bucket, version = archive
    with pytest.raises(ExecutionError, match="BucketNotEmpty"):
        types["aws:s3/bucket:Bucket"].delete(bucket, {"forceDestroy": True})
    assert (
        call("s3.head_object", Bucket=bucket, Key="segment", VersionId=version)[
            "ContentLength"
        ]
        == 6
    )


def test_force_destroy_empties_a_bucket_that_is_not_locked(
    types: Executors, call: Calls
) -> None:
    buckets = types["aws:s3/bucket:Bucket"]
    created = buckets.create(
        {"bucket": "to-empty", "forceDestroy": True, "versioning": {"enabled": True}}
    )
    for body in (b"1", b"2"):
        call("s3.put_object", Bucket="to-empty", Key="a", Body=body)
    call("s3.delete_object", Bucket="to-empty", Key="a")
    buckets.delete(created.id, created.outputs)
    assert buckets.read(created.id, created.outputs) is None


VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"


def _suspended(bucket: str) -> Properties:
    return {"bucket": bucket, "versioningConfiguration": {"status": "Suspended"}}


def test_versioning_of_a_bucket_with_object_lock_is_not_suspended(
    archive: tuple[str, str], types: Executors, call: Calls
) -> None:
    bucket, _ = archive
    with pytest.raises(ExecutionError, match="Keep versioning enabled"):
        types[VERSIONING].update(bucket, {}, _suspended(bucket))
    assert call("s3.get_bucket_versioning", Bucket=bucket)["Status"] == "Enabled"


def test_nor_by_the_buckets_own_setting(
    archive: tuple[str, str], types: Executors
) -> None:
    bucket, _ = archive
    off = {"bucket": bucket, "versioning": {"enabled": False}}
    with pytest.raises(ExecutionError, match="Keep versioning enabled"):
        types["aws:s3/bucket:Bucket"].update(bucket, {}, off)


def test_versioning_of_another_bucket_is_suspended(types: Executors) -> None:
    bucket = f"plain-{secrets.token_hex(4)}"
    types["aws:s3/bucket:Bucket"].create({"bucket": bucket})
    told = types[VERSIONING].create(_suspended(bucket)).outputs
    assert told["versioningConfiguration"]["status"] == "Suspended"


LOGGING = "aws:s3/bucketLogging:BucketLogging"


def test_a_bucket_with_object_lock_takes_no_server_access_logs(
    archive: tuple[str, str], types: Executors, call: Calls
) -> None:
    bucket, _ = archive
    source = f"source-{secrets.token_hex(4)}"
    types["aws:s3/bucket:Bucket"].create({"bucket": source})
    logs = {"bucket": source, "targetBucket": bucket, "targetPrefix": "logs/"}
    with pytest.raises(ExecutionError, match="to a bucket without object lock"):
        types[LOGGING].create(logs)
    assert "LoggingEnabled" not in call("s3.get_bucket_logging", Bucket=source)
    assert types[LOGGING].create({**logs, "targetBucket": source}).id == source
