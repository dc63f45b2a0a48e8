"""A property bag is read by path; what is unknown or misshapen is never read as
absent."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trivium_policies.iam import matches, statements
from trivium_policies.resource import (
    UNKNOWN,
    MalformedPropertyError,
    NotYetKnownError,
    Properties,
    Stack,
    resource,
    unversioned,
)

BAG = Properties(
    {
        "a": {
            "b": [{"c": 1.0}, UNKNOWN],
            "unknown": UNKNOWN,
            "null": None,
            "text": "x",
            "digits": "7",
        }
    }
)


def test_absent_and_null_are_both_none() -> None:
    assert (BAG.value("a.nothing.deeper"), BAG.value("a.null.deeper")) == (None, None)


UNREADABLE: dict[
    str,
    tuple[
        Callable[[], object], type[NotYetKnownError] | type[MalformedPropertyError], str
    ],
] = {
    "an unknown value": (lambda: BAG.value("a.unknown"), NotYetKnownError, "a.unknown"),
    "a value below an unknown one": (
        lambda: BAG.flag("a.unknown.deeper"),
        NotYetKnownError,
        "a.unknown",
    ),
    "an unknown element of a list": (
        lambda: BAG.bags("a.b"),
        NotYetKnownError,
        "a.b[1]",
    ),
    "a text where an object belongs": (
        lambda: BAG.value("a.text.deeper"),
        MalformedPropertyError,
        "a.text",
    ),
    "a text where a flag belongs": (
        lambda: BAG.flag("a.text"),
        MalformedPropertyError,
        "a.text",
    ),
    "a text where a number belongs": (
        lambda: BAG.number("a.text"),
        MalformedPropertyError,
        "a.text",
    ),
    "a text where a list of objects belongs": (
        lambda: BAG.bags("a.text"),
        MalformedPropertyError,
        "a.text",
    ),
    "an object where a text belongs": (
        lambda: BAG.text("a"),
        MalformedPropertyError,
        "a",
    ),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_what_cannot_be_read_raises_and_names_its_path(case: str) -> None:
    read, error, path = UNREADABLE[case]
    with pytest.raises(error) as raised:
        read()
    assert isinstance(raised.value, error)
    assert getattr(raised.value, "path") == path  # noqa: B009 - both errors have one


def test_unknown_has_no_truth_value() -> None:
    with pytest.raises(TypeError, match="neither true nor false"):
        bool(UNKNOWN)


def test_digits_are_a_number_because_google_declares_them_as_text() -> None:
    assert BAG.number("a.digits") == 7


TOKENS = {
    "azure-native:storage/v20240101:StorageAccount": (
        "azure-native:storage:StorageAccount"
    ),
    "azure-native:cognitiveservices/v20251001preview:Account": (
        "azure-native:cognitiveservices:Account"
    ),
    "azure-native_storage_v20240101:storage:StorageAccount": (
        "azure-native:storage:StorageAccount"
    ),
    "azure-native_cognitiveservices_v20251001preview:cognitiveservices:Account": (
        "azure-native:cognitiveservices:Account"
    ),
    "azure-native:storage:StorageAccount": "azure-native:storage:StorageAccount",
    "aws:s3/bucketV2:BucketV2": "aws:s3/bucketV2:BucketV2",
}


@pytest.mark.parametrize("token", TOKENS)
def test_an_azure_native_api_version_is_no_other_type(token: str) -> None:
    assert unversioned(token) == TOKENS[token]


def test_the_parents_of_a_resource_are_read_from_its_urn() -> None:
    inside = resource(
        "aws:s3/bucket:Bucket",
        "a::b",
        {},
        parent="my:index:Stack$trivium:index:AwsAuditStore",
    )
    assert inside.parents == ("my:index:Stack", "trivium:index:AwsAuditStore")
    assert resource("aws:s3/bucket:Bucket", "a", {}).parents == ()


def test_which_of_two_buckets_a_lock_is_for_is_not_known_before_its_value_is() -> None:
    audit, scratch = (
        resource("aws:s3/bucket:Bucket", name, {"bucket": name})
        for name in ("audit", "scratch")
    )
    lock = resource(
        "a:b:Lock",
        "lock",
        {"bucket": UNKNOWN},
        depends={"bucket": (audit.urn, scratch.urn)},
    )
    with pytest.raises(NotYetKnownError, match="`bucket of lock` is not known yet"):
        Stack((audit, scratch, lock)).attached(audit, "bucket", "a:b:Lock")
    assert Stack((audit, lock)).attached(audit, "bucket", "a:b:Lock") == (lock,)


PATTERNS = {
    ("bedrock:*", "bedrock:InvokeModel"): True,
    ("BEDROCK:invokemodel", "bedrock:InvokeModel"): True,
    ("bedrock:Invoke?odel", "bedrock:InvokeModel"): True,
    ("*", "bedrock:InvokeModel"): True,
    ("bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"): False,
    ("bedrock.*", "bedrock:InvokeModel"): False,
    ("s3:*", "bedrock:InvokeModel"): False,
}


@pytest.mark.parametrize("pair", PATTERNS)
def test_action_patterns_match_as_iam_matches_them(pair: tuple[str, str]) -> None:
    assert matches(*pair) is PATTERNS[pair]


@settings(deadline=None)  # nothing here is timed
@given(st.text(max_size=20), st.text(max_size=20))
def test_a_star_covers_whatever_stands_in_its_place(head: str, tail: str) -> None:
    assert matches("bedrock:*" + tail, "bedrock:" + head + tail)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["Statement", "Action", "x"]), inner)
    ),
    max_leaves=8,
)


@settings(deadline=None)  # nothing here is timed
@given(JSON)
def test_any_document_is_read_or_refused_and_never_breaks(document: object) -> None:
    try:
        permitting = [
            each
            for each in statements(Properties({"policy": document}), "policy")
            if each.permits
        ]
        patterns = [
            pattern
            for each in permitting
            for pattern in (*each.actions, *each.resources())
        ]
    except MalformedPropertyError:
        return
    assert all(isinstance(pattern, str) for pattern in patterns)
