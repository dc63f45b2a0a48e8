"""Options of the audit store and the trail: a copy, an access log, a log group."""

from typing import Any

import pytest

from tests.components.conftest import CONFIG, declared, settings_with
from tests.components.recording import Recording, record, statements
from trivium.errors import ConfigurationError
from trivium_components.aws.trail import event_selectors
from trivium_components.gcp.audit_store import GcpAuditStore

ACCOUNT = "111122223333"
FIRST = f"trivium-test-audit-{ACCOUNT}-us-east-1"
SECOND = f"trivium-test-audit-{ACCOUNT}-us-west-2"


@pytest.fixture(scope="module")
def full() -> Recording:
    """AWS with every option of audit store and trail."""
    section = {
        **CONFIG["trivium:aws"],
        "access_log": True,
        "data_events": ["AWS::Bedrock::Prompt", "AWS::Bedrock::Model"],
        "replica_region": "us-west-2",
        "trail_logs": True,
    }
    return declared("aws", settings_with(aws=section))


def test_no_option_adds_a_resource_unless_it_is_asked_for(
    aws: Recording, full: Recording
) -> None:
    plain = {found.name for found in aws.resources}
    added = {found.name for found in full.resources} - plain
    assert {found.name for found in full.resources} > plain
    assert all(
        name.startswith(
            (
                "aws-audit-replica",
                "aws-observability-access",
                "aws-observability-trail-",
            )
        )
        for name in added
    )


def test_the_copy_is_as_write_once_as_the_store(full: Recording) -> None:
    bucket = full.named("aws-audit-replica-bucket")
    assert (bucket["bucket"], bucket["region"]) == (SECOND, "us-west-2")
    assert bucket["objectLockEnabled"] is True
    assert bucket["tags"]["trivium-role"] == "audit-store"
    locks = [
        full.named(f"{name}-retention")["rule"]
        for name in ("aws-audit", "aws-audit-replica")
    ]
    assert locks == [{"defaultRetention": {"mode": "GOVERNANCE", "days": 2557}}] * 2


def test_everything_of_the_copy_is_in_its_region(full: Recording) -> None:
    parts = ("bucket", "encryption", "policy", "private", "retention", "sse")
    regions = {
        part: full.named(f"aws-audit-replica-{part}")["region"]
        for part in (*parts, "versioning")
    }
    assert set(regions.values()) == {"us-west-2"}


def test_the_copy_is_locked_with_the_store() -> None:
    found = declared(
        "aws",
        settings_with(
            clouds=["aws"],
            gcp=None,
            azure=None,
            retention={"preset": "finance-7y", "lock": "locked"},
            aws={**CONFIG["trivium:aws"], "replica_region": "us-west-2"},
        ),
    )
    lock = found.named("aws-audit-replica-retention")["rule"]["defaultRetention"]
    assert lock["mode"] == "COMPLIANCE"


def test_new_objects_are_copied_encrypted_and_deletions_are_not(
    full: Recording,
) -> None:
    (rule,) = full.only(":BucketReplicationConfig")["rules"]
    assert rule["status"] == "Enabled"
    assert rule["filter"] == {"prefix": ""}
    assert rule["deleteMarkerReplication"] == {"status": "Disabled"}
    assert rule["destination"]["bucket"] == f"arn:aws:s3:::{SECOND}"
    replica_key = rule["destination"]["encryptionConfiguration"]["replicaKmsKeyId"]
    assert replica_key.endswith("thing/aws-audit-replica-encryption")
    criteria = rule["sourceSelectionCriteria"]
    assert criteria == {"sseKmsEncryptedObjects": {"status": "Enabled"}}


def test_the_copying_role_reads_here_writes_there_and_deletes_nothing(
    full: Recording,
) -> None:
    granted = statements(full.named("aws-audit-replica-role-policy")["policy"])
    resources = {sid: found["Resource"] for sid, found in granted.items()}
    assert resources["ReadConfiguration"] == f"arn:aws:s3:::{FIRST}"
    assert resources["ReadVersions"] == f"arn:aws:s3:::{FIRST}/*"
    assert resources["WriteCopies"] == f"arn:aws:s3:::{SECOND}/*"
    actions = str([found["Action"] for found in granted.values()])
    assert [
        word for word in ("Delete", "Bypass", "*", "PutObject") if word in actions
    ] == []
    via = {sid: found.get("Condition") for sid, found in granted.items()}
    services = {"Decrypt": "s3.us-east-1", "Encrypt": "s3.us-west-2"}
    for sid, service in services.items():
        condition = {"StringEquals": {"kms:ViaService": f"{service}.amazonaws.com"}}
        assert via[sid] == condition


def test_the_bucket_of_the_access_log_has_no_object_lock(full: Recording) -> None:
    bucket = full.named("aws-observability-access-bucket")
    assert bucket["bucket"] == f"trivium-test-access-{ACCOUNT}-us-east-1"
    assert not bucket.get("objectLockEnabled")
    assert "trivium-role" not in bucket["tags"]
    locked = [found["bucket"] for found in full.of(":BucketObjectLockConfiguration")]
    encrypted = [
        found["bucket"] for found in full.of(":BucketServerSideEncryptionConfiguration")
    ]
    assert "aws-observability-access-bucket.id" not in [*locked, *encrypted]


def test_accesses_to_the_store_are_logged_for_as_long_as_its_records(
    full: Recording,
) -> None:
    logging = full.only(":BucketLogging")
    assert (logging["bucket"], logging["targetBucket"], logging["targetPrefix"]) == (
        FIRST,
        "aws-observability-access-bucket.id",
        "s3/",
    )
    (rule,) = full.named("aws-observability-access-lifecycle")["rules"]
    assert rule["expiration"] == {"days": 2557}


def test_only_s3_logs_about_this_bucket_enter_the_access_log(full: Recording) -> None:
    policy = statements(full.named("aws-observability-access-policy")["policy"])
    assert set(policy) == {"DenyPlaintext", "DenyOldTls", "AccessLogs"}
    assert policy["AccessLogs"]["Principal"] == {"Service": "logging.s3.amazonaws.com"}
    assert policy["AccessLogs"]["Condition"] == {
        "ArnLike": {"aws:SourceArn": f"arn:aws:s3:::{FIRST}"},
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
    }


def test_the_trail_writes_into_an_encrypted_log_group(full: Recording) -> None:
    group = full.named("aws-observability-trail-logs")
    assert group["name"] == "/trivium/test/cloudtrail"
    assert group["retentionInDays"] == 2557
    assert group["kmsKeyId"].endswith("thing/aws-audit-encryption")
    trail = full.only(":Trail")
    assert trail["cloudWatchLogsGroupArn"].endswith("thing//trivium/test/cloudtrail:*")
    assert trail["cloudWatchLogsRoleArn"].endswith("thing/trivium-test-trail-logs")


def test_the_trails_role_writes_its_own_streams_alone(full: Recording) -> None:
    policy = full.named("aws-observability-trail-role-policy")["policy"]
    assert f":log-group:/trivium/test/cloudtrail:log-stream:{ACCOUNT}_CloudTrail_" in (
        policy
    )
    assert '"Action":["logs:CreateLogStream","logs:PutLogEvents"]' in policy


def test_a_further_type_is_recorded_and_a_known_one_only_once(full: Recording) -> None:
    kinds = [
        field["equals"][0]
        for selector in full.only(":Trail")["advancedEventSelectors"]
        for field in selector["fieldSelectors"]
        if field["field"] == "resources.type"
    ]
    assert "AWS::Bedrock::Prompt" in kinds
    assert len(kinds) == len(set(kinds))


def test_a_trail_of_everything_in_s3_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="its own writes without end"):
        event_selectors("arn:aws:s3:::b/trivium/", ["AWS::S3::Object"])


def test_google_clouds_second_region_is_of_the_same_bucket() -> None:
    section = {**CONFIG["trivium:gcp"], "replica_region": "us-east1"}
    bucket = declared("gcp", settings_with(gcp=section)).only("storage/bucket:Bucket")
    assert bucket["location"] == "US"
    assert bucket["customPlacementConfig"] == {
        "dataLocations": ["US-CENTRAL1", "US-EAST1"]
    }


def test_google_clouds_bucket_has_one_region_unless_a_second_is_named(
    gcp: Recording,
) -> None:
    bucket = gcp.only("storage/bucket:Bucket")
    assert (bucket["location"], bucket.get("customPlacementConfig")) == (
        "US-CENTRAL1",
        None,
    )


@pytest.mark.parametrize("replica", ["europe-west4", "us-central1"])
def test_google_clouds_store_refuses_two_regions_without_a_dual_region(
    replica: str,
) -> None:
    # Any: the refusal comes before any other argument is read.
    args: Any = {
        "environment": "test",
        "account": "acme-claims",
        "region": "us-central1",
        "lock": "unlocked",
        "replica_region": replica,
    }
    with pytest.raises(ConfigurationError, match="no dual-region bucket in these two"):
        record(lambda: GcpAuditStore("audit", args).store)
