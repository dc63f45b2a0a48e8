"""Signatures that AWS refuses, row by row: one spoiled request, one status and type."""

import pytest

from tests.endpoints import calls
from tests.endpoints.refusals import (
    Row,
    after_signing,
    changed,
    check_refused,
    from_now,
)
from trivium_rehearsal.endpoints import Endpoints

REFUSED: dict[str, Row] = {
    "a request without Authorization": (
        calls.converse,
        lambda d: changed(d, sign=False),
        403,
        "MissingAuthenticationTokenException",
    ),
    "an access key nobody knows": (
        calls.converse,
        lambda d: changed(d, key="AKIANOBODY"),
        403,
        "UnrecognizedClientException",
    ),
    "a wrong secret": (
        calls.converse,
        lambda d: changed(d, secret="wrong"),
        403,
        "InvalidSignatureException",
    ),
    "a body changed after signing": (
        calls.converse,
        after_signing(lambda d, h: changed(d, body=d.data + b" ")),
        403,
        "InvalidSignatureException",
    ),
    "a model changed after signing": (
        calls.converse,
        after_signing(
            lambda d, h: changed(d, target=d.target.replace("sonnet", "opus"))
        ),
        403,
        "InvalidSignatureException",
    ),
    "an x-amz header added after signing": (
        calls.converse,
        after_signing(lambda d, h: h.update({"x-amz-extra": "1"})),
        403,
        "InvalidSignatureException",
    ),
    "a date changed after signing": (
        calls.converse,
        after_signing(
            lambda d, h: h.update(
                {"x-amz-date": from_now(seconds=60).strftime("%Y%m%dT%H%M%SZ")}
            )
        ),
        403,
        "InvalidSignatureException",
    ),
    "a date removed after signing": (
        calls.converse,
        after_signing(lambda d, h: h.pop("x-amz-date")),
        403,
        "IncompleteSignatureException",
    ),
    "a signature for another region": (
        calls.converse,
        lambda d: changed(d, region="eu-west-1"),
        403,
        "InvalidSignatureException",
    ),
    "a signature for another service": (
        calls.converse,
        lambda d: changed(d, service="bedrock-runtime"),
        403,
        "InvalidSignatureException",
    ),
    "a signature six minutes old": (
        calls.converse,
        lambda d: changed(d, at=from_now(minutes=-6)),
        403,
        "InvalidSignatureException",
    ),
    "a signature from seven minutes ahead": (
        calls.converse,
        lambda d: changed(d, at=from_now(minutes=7)),
        403,
        "InvalidSignatureException",
    ),
    "a temporary key without its session token": (
        calls.temporary,
        lambda d: changed(d, token=None),
        403,
        "UnrecognizedClientException",
    ),
    "a temporary key with another session token": (
        calls.temporary,
        lambda d: changed(d, token="other"),
        403,
        "UnrecognizedClientException",
    ),
    "an expired session": (
        calls.temporary,
        lambda d: changed(d, key=calls.EXPIRED_KEY),
        403,
        "ExpiredTokenException",
    ),
    "a bearer token": (
        calls.converse,
        lambda d: changed(d, sign=False, headers={"authorization": "Bearer abc"}),
        403,
        "AccessDeniedException",
    ),
    "an Authorization without Signature": (
        calls.converse,
        after_signing(
            lambda d, h: h.update(
                {"authorization": h["authorization"].partition(", Signature")[0]}
            )
        ),
        403,
        "IncompleteSignatureException",
    ),
}


@pytest.mark.parametrize("sentence", REFUSED)
def test_bedrock_refuses_the_signature(endpoints: Endpoints, sentence: str) -> None:
    check_refused(endpoints, "bedrock", REFUSED[sentence])
