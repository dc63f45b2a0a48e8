"""A store that is locked stays locked: what the stand-ins refuse, in which step, and
the neighbour that they let pass."""

from typing import Any, NamedTuple

import pytest
from pulumi.runtime.proto import provider_pb2

from tests.rehearsal.standin import Engine, RefusedError
from trivium_rehearsal.wire import UNKNOWN, encode

ACCOUNT = "azure-native:storage:StorageAccount"
CONTAINER = "azure-native:storage:BlobContainerImmutabilityPolicy"
G_BUCKET = "gcp:storage/bucket:Bucket"
LOG_BUCKET = "gcp:logging/projectBucketConfig:ProjectBucketConfig"
BUCKET, NATIVE = "aws:s3/bucket:Bucket", "aws-native:s3:Bucket"
RETENTION = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"


def account(state: object = "Locked", days: object = 2557, **more: Any) -> Any:
    policy = {"state": state, "immutabilityPeriodSinceCreationInDays": days}
    immutable = {"enabled": True, "immutabilityPolicy": {**policy, **more}}
    return {
        "resourceGroupName": "group",
        "accountName": "audit",
        "kind": "StorageV2",
        "sku": {"name": "Standard_LRS"},
        "location": "swedencentral",
        "immutableStorageWithVersioning": immutable,
    }


def bucket(*, locked: object = True, period: object = "220924800", **more: Any) -> Any:
    policy = {"isLocked": locked, "retentionPeriod": period}
    return {"name": "audit", "location": "EU", "retentionPolicy": policy, **more}


def log_bucket(**more: Any) -> Any:
    given = {"project": "p", "location": "global", "bucketId": "audit"}
    return {**given, "retentionDays": 2557, "locked": True, **more}


def container(days: int = 2557, **more: Any) -> Any:
    given = {"resourceGroupName": "g", "accountName": "a", "containerName": "c"}
    return {**given, "immutabilityPeriodSinceCreationInDays": days, **more}


class Change(NamedTuple):
    token: str
    old: dict[str, Any]
    new: dict[str, Any]
    found: str
    """Words of the refusal: property and what was found."""
    expected: str


def without(values: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key != name}


CHANGES: dict[str, Change] = {
    "an account is unlocked and shortened": Change(
        ACCOUNT,
        account(),
        account("Unlocked", 200),
        'immutabilityPolicy.state: found "Unlocked"',
        'expected "Locked"',
    ),
    "an account is shortened": Change(
        ACCOUNT,
        account(),
        account(days=2556),
        "immutabilityPeriodSinceCreationInDays: found 2556",
        "expected 2557 or more",
    ),
    "an account's policy leaves the program": Change(
        ACCOUNT,
        account(),
        {**account(), "immutableStorageWithVersioning": {"enabled": True}},
        "immutabilityPolicy.state: found nothing",
        'expected "Locked"',
    ),
    "an account's immutability leaves the program": Change(
        ACCOUNT,
        account(),
        without(account(), "immutableStorageWithVersioning"),
        "immutableStorageWithVersioning.enabled: found nothing",
        "expected true",
    ),
    "an account's append writes are allowed": Change(
        ACCOUNT,
        account(allowProtectedAppendWrites=False),
        account(allowProtectedAppendWrites=True),
        "allowProtectedAppendWrites: found true",
        "expected false",
    ),
    "an account moves, which replaces it": Change(
        ACCOUNT,
        account(),
        {**account(), "location": "westeurope"},
        "location was changed",
        "replaces a locked store",
    ),
    "an account that is locked in other capitals is unlocked": Change(
        ACCOUNT,
        account("locked"),
        account("unlocked"),
        'found "unlocked"',
        'expected "locked"',
    ),
    "a bucket's policy leaves the program": Change(
        G_BUCKET,
        bucket(),
        without(bucket(), "retentionPolicy"),
        "retentionPolicy.isLocked: found nothing",
        "expected true",
    ),
    "a bucket is unlocked": Change(
        G_BUCKET,
        bucket(),
        bucket(locked=False),
        "retentionPolicy.isLocked: found false",
        "expected true",
    ),
    "a bucket is shortened by a second": Change(
        G_BUCKET,
        bucket(),
        bucket(period="220924799"),
        'retentionPolicy.retentionPeriod: found "220924799"',
        'expected "220924800" or more',
    ),
    "a bucket is renamed, which replaces it": Change(
        G_BUCKET,
        bucket(),
        {**bucket(), "name": "other"},
        "name was changed",
        "every object in it must have met its retention",
    ),
    "a log bucket is shortened": Change(
        LOG_BUCKET,
        log_bucket(),
        log_bucket(retentionDays=30),
        "retentionDays: found 30",
        "expected 2557",
    ),
    "a log bucket is unlocked": Change(
        LOG_BUCKET,
        log_bucket(),
        log_bucket(locked=False),
        "locked: found false",
        "expected true",
    ),
    "object lock is taken off a bucket": Change(
        BUCKET,
        {"bucket": "audit", "objectLockEnabled": True},
        {"bucket": "audit"},
        "objectLockEnabled: found nothing",
        "expected true",
    ),
    "object lock is taken off a bucket of the other provider": Change(
        NATIVE,
        {"bucketName": "audit", "objectLockEnabled": True},
        {"bucketName": "audit", "objectLockEnabled": False},
        "objectLockEnabled: found false",
        "expected true",
    ),
}


def engine_of(token: str) -> Engine:
    return Engine(token.partition(":")[0])


@pytest.mark.parametrize("sentence", CHANGES)
def test_a_locked_store_is_not_undone(sentence: str) -> None:
    change = CHANGES[sentence]
    engine = engine_of(change.token)
    with pytest.raises(RefusedError) as refused:
        engine.diff(change.token, change.old, change.new)
    text = str(refused.value)
    assert "`thing`: " in text
    assert change.found in text
    assert change.expected in text
    assert ". Leave " in text


def test_a_secret_is_not_shown_by_a_refusal() -> None:
    engine = engine_of(ACCOUNT)
    path = (
        "immutableStorageWithVersioning",
        "immutabilityPolicy",
        "immutabilityPeriodSinceCreationInDays",
    )
    request = provider_pb2.DiffRequest(
        urn=engine.urn(ACCOUNT),
        old_inputs=encode(account(), {path}),
        news=encode(account(days=1234), {path}),
    )
    with pytest.raises(RefusedError, match="found a secret, expected a secret") as told:
        engine.provider.Diff(request, engine.context)
    assert "1234" not in str(told.value)
    assert "2557" not in str(told.value)


IN_PLACE = sorted(set(CHANGES) - {name for name in CHANGES if "replaces it" in name})


@pytest.mark.parametrize("sentence", IN_PLACE)
def test_an_update_that_no_diff_has_judged_is_refused_too(sentence: str) -> None:
    change = CHANGES[sentence]
    with pytest.raises(RefusedError, match="expected"):
        engine_of(change.token).update(change.token, "id", change.old, change.new)


ALLOWED: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "a locked account's period becomes longer": (
        ACCOUNT,
        account(),
        account(days=3000),
    ),
    "an unlocked account is locked": (ACCOUNT, account("Unlocked"), account()),
    "an unlocked account is shortened": (
        ACCOUNT,
        account("Unlocked"),
        account("Unlocked", 200),
    ),
    "a locked account gets tags": (
        ACCOUNT,
        account(),
        {**account(), "tags": {"owner": "audit"}},
    ),
    "a locked account's period is not known yet": (
        ACCOUNT,
        account(),
        account(days=UNKNOWN),
    ),
    "a locked bucket's period becomes longer": (
        G_BUCKET,
        bucket(),
        bucket(period="315360000"),
    ),
    "an unlocked bucket's policy leaves the program": (
        G_BUCKET,
        bucket(locked=False),
        without(bucket(), "retentionPolicy"),
    ),
    "a locked bucket gets labels": (G_BUCKET, bucket(), bucket(labels={"a": "b"})),
    "a locked log bucket gets a description": (
        LOG_BUCKET,
        log_bucket(),
        log_bucket(description="audit"),
    ),
    "object lock is put on a bucket": (
        BUCKET,
        {"bucket": "audit"},
        {"bucket": "audit", "objectLockEnabled": True},
    ),
    "a default retention becomes shorter, which S3 allows": (
        RETENTION,
        {
            "bucket": "b",
            "rule": {"defaultRetention": {"mode": "COMPLIANCE", "days": 9}},
        },
        {
            "bucket": "b",
            "rule": {"defaultRetention": {"mode": "COMPLIANCE", "days": 8}},
        },
    ),
}


@pytest.mark.parametrize("sentence", ALLOWED)
def test_what_a_lock_leaves_open_is_planned(sentence: str) -> None:
    token, old, new = ALLOWED[sentence]
    assert engine_of(token).diff(token, old, new).changes


def test_an_accounts_policy_changes_in_place_and_its_immutability_does_not() -> None:
    unlocked, off = account("Unlocked"), account("Unlocked")
    off["immutableStorageWithVersioning"] = {"enabled": False}
    engine = Engine("azure-native")
    assert not engine.diff(ACCOUNT, unlocked, account("Unlocked", 9)).replaces
    assert engine.diff(ACCOUNT, unlocked, off).replaces


KEPT: dict[str, tuple[str, dict[str, Any]]] = {
    "an account with a locked policy": (ACCOUNT, account()),
    "a container's locked policy": (CONTAINER, container() | {"state": "Locked"}),
    "a bucket with a locked policy": (G_BUCKET, bucket()),
    "a bucket that may be destroyed with what it holds": (
        G_BUCKET,
        bucket(forceDestroy=True),
    ),
    "a locked log bucket": (LOG_BUCKET, log_bucket()),
}


@pytest.mark.parametrize("sentence", KEPT)
def test_a_locked_store_is_not_deleted_for_it_is_assumed_to_hold_records(
    sentence: str,
) -> None:
    token, state = KEPT[sentence]
    with pytest.raises(RefusedError, match=r"refuse to delete this store.*retain_on"):
        engine_of(token).delete(token, "id", state)


@pytest.mark.parametrize(
    ("token", "state"),
    [
        (ACCOUNT, account("Unlocked")),
        (CONTAINER, container() | {"state": "Unlocked"}),
        (G_BUCKET, bucket(locked=False)),
        (LOG_BUCKET, log_bucket(locked=False)),
    ],
)
def test_an_unlocked_store_is_deleted(token: str, state: dict[str, Any]) -> None:
    engine_of(token).delete(token, "id", state)


def test_a_containers_policy_is_made_unlocked_and_fixed_once_the_state_says_locked() -> (
    None
):
    engine = Engine("azure-native")
    identity, made = engine.create(CONTAINER, container())
    assert made.values["state"] == "Unlocked"
    shorter = container(days=200)
    assert engine.update(CONTAINER, identity, made.values, shorter)
    locked = {**made.values, "state": "Locked"}
    with pytest.raises(RefusedError, match="found 200, expected 2557"):
        engine.update(CONTAINER, identity, locked, shorter)


@pytest.mark.parametrize("preview", [True, False])
def test_an_account_is_not_made_locked(preview: bool) -> None:
    engine = engine_of(ACCOUNT)
    with pytest.raises(RefusedError) as refused:
        engine.create(ACCOUNT, account(), preview=preview)
    text = str(refused.value)
    assert 'state: found "Locked" for a new store' in text
    assert 'expected "Unlocked" first' in text
    assert text.endswith('Deploy it "Unlocked", verify, then lock it.')
    assert engine.create(ACCOUNT, account("Unlocked"), preview=preview)
    assert engine.create(ACCOUNT, account(UNKNOWN), preview=preview)


@pytest.mark.parametrize(
    "before",
    [
        account("Disabled"),
        {**account(), "immutableStorageWithVersioning": {"enabled": True}},
    ],
)
def test_an_account_is_locked_from_unlocked_alone(before: dict[str, Any]) -> None:
    with pytest.raises(RefusedError, match='expected "Unlocked" first'):
        engine_of(ACCOUNT).diff(ACCOUNT, before, account())


INPUTS: dict[str, tuple[str, dict[str, Any], str]] = {
    "both kinds of append writes": (
        CONTAINER,
        container(allowProtectedAppendWrites=True, allowProtectedAppendWritesAll=True),
        "allowProtectedAppendWritesAll: found true beside allowProtectedAppendWrites",
    ),
    "days together with years": (
        RETENTION,
        {
            "bucket": "b",
            "rule": {"defaultRetention": {"mode": "COMPLIANCE", "days": 1, "years": 7}},
        },
        "rule.defaultRetention.days: found beside rule.defaultRetention.years",
    ),
    "a mode without a period": (
        RETENTION,
        {"bucket": "b", "rule": {"defaultRetention": {"mode": "COMPLIANCE"}}},
        "rule.defaultRetention: found mode alone",
    ),
    "days together with years, inside of a bucket": (
        NATIVE,
        {
            "objectLockEnabled": True,
            "objectLockConfiguration": {
                "rule": {
                    "defaultRetention": {"mode": "COMPLIANCE", "days": 1, "years": 7}
                }
            },
        },
        "AWS allows a period in days or in years",
    ),
    "suspended versioning beside object lock": (
        NATIVE,
        {
            "objectLockEnabled": True,
            "versioningConfiguration": {"status": "Suspended"},
        },
        'versioningConfiguration.status: found string "Suspended"',
    ),
}


@pytest.mark.parametrize("sentence", INPUTS)
def test_inputs_that_no_locked_store_has_are_refused(sentence: str) -> None:
    token, inputs, words = INPUTS[sentence]
    answer = engine_of(token).check(token, inputs)
    assert any(words in failure.reason for failure in answer.failures), answer


ACCEPTED: dict[str, tuple[str, dict[str, Any]]] = {
    "one kind of append writes": (
        CONTAINER,
        container(allowProtectedAppendWritesAll=True),
    ),
    "years alone": (
        RETENTION,
        {
            "bucket": "b",
            "rule": {"defaultRetention": {"mode": "COMPLIANCE", "years": 7}},
        },
    ),
    "days beside years that are not known yet": (
        RETENTION,
        {
            "bucket": "b",
            "rule": {
                "defaultRetention": {"mode": "COMPLIANCE", "days": 1, "years": UNKNOWN}
            },
        },
    ),
    "suspended versioning without object lock": (
        NATIVE,
        {"versioningConfiguration": {"status": "Suspended"}},
    ),
}


@pytest.mark.parametrize("sentence", ACCEPTED)
def test_their_neighbours_are_accepted(sentence: str) -> None:
    token, inputs = ACCEPTED[sentence]
    answer = engine_of(token).check(token, inputs)
    assert not answer.failures, answer.failures
