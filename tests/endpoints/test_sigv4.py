"""The check of signatures, against botocore's signer and for any request."""

import dataclasses
import datetime as dt
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.endpoints import calls
from trivium_rehearsal.endpoints import AwsIdentity
from trivium_rehearsal.endpoints.serving import sigv4
from trivium_rehearsal.endpoints.serving.http import Request

NOW = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)
IDENTITY = AwsIdentity(
    access_key_id=calls.ACCESS_KEY, secret_access_key=calls.SECRET_KEY
)

_segment = st.text("abcXYZ019-._~%2F:@!$&'()*+,;= é", min_size=1, max_size=12)
_paths = st.lists(_segment, min_size=1, max_size=4).map(
    lambda parts: (
        "/"
        + "/".join(
            part.encode("latin-1", "ignore").decode("ascii", "ignore") for part in parts
        )
    )
)
_values = st.text("abc 019 ,;=/", max_size=12)


def _request(draft: calls.Draft) -> Request:
    headers = calls.signed(
        draft, "http://127.0.0.1:1", {"host": "127.0.0.1:1", **draft.headers}
    )
    return Request(
        method=draft.method,
        target=draft.target,
        headers=tuple(headers.items()),
        body=draft.data,
    )


def _verify(request: Request, now: dt.datetime = NOW) -> AwsIdentity:
    return sigv4.verify(
        request, [IDENTITY], region=calls.REGION, service="bedrock", now=now
    )


@settings(deadline=None)
@given(
    path=_paths.filter(lambda path: " " not in path),
    note=_values,
    body=st.binary(max_size=64),
)
def test_what_botocore_signs_is_verified(path: str, note: str, body: bytes) -> None:
    draft = calls.Draft(
        path, body, {"x-amz-note": note, "content-type": "application/json"}, at=NOW
    )
    assert _verify(_request(draft)) == IDENTITY


@settings(deadline=None)
@given(position=st.integers(0, 63), bit=st.integers(0, 7))
def test_any_one_changed_bit_of_the_body_is_found(position: int, bit: int) -> None:
    request = _request(calls.Draft("/model/m/invoke", bytes(64), {}, at=NOW))
    body = bytearray(request.body)
    body[position] ^= 1 << bit
    with pytest.raises(sigv4.SignatureRefusedError, match="does not match"):
        _verify(dataclasses.replace(request, body=bytes(body)))


@pytest.mark.parametrize(
    ("minutes", "accepted"), [(-5, True), (5, True), (-5.1, False), (5.1, False)]
)
def test_a_signature_lives_five_minutes_either_way(
    minutes: float, accepted: bool
) -> None:
    request = _request(calls.converse())
    stamp = dt.datetime.strptime(
        request.header("x-amz-date") or "", "%Y%m%dT%H%M%SZ"
    ).replace(tzinfo=dt.UTC)
    now = stamp + dt.timedelta(minutes=minutes)
    if accepted:
        assert _verify(request, now) == IDENTITY
    else:
        with pytest.raises(
            sigv4.SignatureRefusedError, match=r"Signature (expired|not yet current)"
        ):
            _verify(request, now)


MANGLED: dict[str, tuple[str, str]] = {
    "another algorithm": ("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1"),
    "a scope of four parts": ("/aws4_request", ""),
    "another terminator": ("aws4_request", "aws5_request"),
    "a date in the scope that is not the signature's": ("/20261122/", "/20261121/"),
    "a host that is not signed": (";host", ""),
}


@pytest.mark.parametrize("sentence", MANGLED)
def test_a_mangled_authorization_is_refused(sentence: str) -> None:
    old, new = MANGLED[sentence]
    draft = dataclasses.replace(calls.converse(), at=NOW)

    def mangle(_: Any, headers: dict[str, str]) -> None:
        assert old in headers["authorization"]
        headers["authorization"] = headers["authorization"].replace(old, new)

    draft.after_signing = mangle
    with pytest.raises(sigv4.SignatureRefusedError) as caught:
        _verify(_request(draft))
    assert caught.value.kind in (
        "IncompleteSignatureException",
        "InvalidSignatureException",
    )
    assert "does not match the signature you provided" not in caught.value.message


def test_a_stated_hash_of_another_body_is_refused() -> None:
    draft = calls.Draft(
        "/model/m/invoke", b"body", {"x-amz-content-sha256": "0" * 64}, at=NOW
    )
    with pytest.raises(sigv4.SignatureRefusedError) as caught:
        _verify(_request(draft))
    assert caught.value.kind == "InvalidSignatureException"
