"""Our signatures equal botocore's, byte for byte."""

import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given, settings
from hypothesis import strategies as st

from trivium.credentials import AwsKeys, sign

NOW = datetime(2026, 11, 22, 23, 59, 58, tzinfo=UTC)
LONG_TERM = AwsKeys("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
TEMPORARY = AwsKeys(
    "ASIDEXAMPLE",
    "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    session_token="tok//en+with==signs",
)
HEADERS = {
    "content-type": "application/json",
    "accept": "application/vnd.amazon.eventstream",
}
HOST = "bedrock-runtime.us-east-1.amazonaws.com"


def ours(keys: AwsKeys, path: str, body: bytes, **others: Any) -> str:
    """The authorization header that we make."""
    arguments: dict[str, Any] = {
        "host": HOST,
        "headers": HEADERS,
        "region": "us-east-1",
        "service": "bedrock",
        "now": NOW,
    } | others
    return sign(keys, path=path, body=body, **arguments)["authorization"]


def botocores(keys: AwsKeys, path: str, body: bytes, **others: Any) -> str:
    """The one that botocore makes of the same request, with the same clock."""
    told: dict[str, Any] = {
        "host": HOST,
        "headers": HEADERS,
        "region": "us-east-1",
        "service": "bedrock",
        "now": NOW,
    } | others
    headers = {**told["headers"], "host": told["host"]}
    request = AWSRequest(
        method="POST", url=f"https://{told['host']}{path}", headers=headers, data=body
    )
    signer = SigV4Auth(
        Credentials(keys.access_key_id, keys.secret_access_key, keys.session_token),
        told["service"],
        told["region"],
    )
    # The parts of botocore's add_auth, with a clock of our own.
    request.context["timestamp"] = told["now"].strftime("%Y%m%dT%H%M%SZ")
    signer._modify_request_before_signing(request)
    signature = signer.signature(
        signer.string_to_sign(request, signer.canonical_request(request)), request
    )
    signer._inject_signature_to_request(request, signature)
    return str(request.headers["Authorization"])


KEYS = pytest.mark.parametrize(
    "keys", [LONG_TERM, TEMPORARY], ids=["long-term", "temporary"]
)

PATHS = {
    "an inference profile": (
        "/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse"
    ),
    "an ARN": (
        "/model/"
        + quote("arn:aws:bedrock:us-east-1:000000000000:inference-profile/x", safe="")
        + "/converse"
    ),
    "the root": "/",
    "unreserved letters": "/model/a-b_c.d~e/converse-stream",
}


@KEYS
@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_our_signature_equals_botocores(keys: AwsKeys, path: str) -> None:
    assert ours(keys, path, b"{}") == botocores(keys, path, b"{}")


@KEYS
@settings(deadline=None)
@given(
    # Bytes outside this set never stand in a path of ours: `encode` percent-encodes the
    # model's id.
    segments=st.lists(
        st.text(st.characters(blacklist_categories=["Cs"]), min_size=1, max_size=12),
        max_size=4,
    ),
    body=st.binary(max_size=200),
)
def test_it_does_for_any_path_and_body(
    keys: AwsKeys, segments: list[str], body: bytes
) -> None:
    # A lone dot or two are removed by URL normalisation, which is not what a model id
    # is about.
    path = "/" + "/".join(quote(segment, safe="-_~") for segment in segments)
    path = re.sub(r"(?<=/)\.+(?=/|$)", "dots", path)
    assert ours(keys, path, body) == botocores(keys, path, body)


@settings(deadline=None)
@given(
    now=st.datetimes(
        min_value=datetime(2000, 1, 1),
        max_value=datetime(2099, 1, 1),
        timezones=st.just(UTC),
    ),
    region=st.sampled_from(["us-east-1", "eu-central-1", "us-gov-west-1"]),
    secret=st.text(
        st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=60
    ),
)
def test_it_does_for_any_time_region_and_secret(
    now: datetime, region: str, secret: str
) -> None:
    keys = AwsKeys("AKIDEXAMPLE", secret)
    assert ours(keys, "/x", b"y", now=now, region=region) == botocores(
        keys, "/x", b"y", now=now, region=region
    )


@settings(deadline=None)
@given(value=st.text(st.sampled_from("ab \t,;="), max_size=20))
def test_it_does_for_spaces_inside_header_values(value: str) -> None:
    headers = {**HEADERS, "x-note": f"a{value}b"}
    assert ours(LONG_TERM, "/x", b"y", headers=headers) == botocores(
        LONG_TERM, "/x", b"y", headers=headers
    )


def test_a_port_belongs_to_the_signed_host() -> None:
    host = "127.0.0.1:24113"
    assert ours(LONG_TERM, "/x", b"", host=host) == botocores(
        LONG_TERM, "/x", b"", host=host
    )


def test_the_secret_is_in_no_representation() -> None:
    assert "wJalr" not in repr(TEMPORARY) + str(TEMPORARY) + f"{[TEMPORARY]}"
    assert "tok//en" not in repr(TEMPORARY)


def test_a_session_token_travels_in_its_header() -> None:
    signed = sign(
        TEMPORARY,
        host=HOST,
        path="/",
        headers={},
        body=b"",
        region="r",
        service="s",
        now=NOW,
    )
    assert signed["x-amz-security-token"] == "tok//en+with==signs"
    assert "x-amz-security-token" in signed["authorization"]
