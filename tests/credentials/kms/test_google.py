"""What only Google's key service asks for: checksums both ways, and the name of what
signed."""

import base64
import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import google_crc32c
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.credentials.kms.google import TOKEN, GoogleKms
from trivium.credentials import BearerToken
from trivium.credentials.kms import GoogleKmsKey, ProvenSigner
from trivium.credentials.kms import google as module
from trivium.credentials.kms.crc32c import crc32c
from trivium.errors import CredentialsError

Answer = dict[str, Any]


@given(st.binary(max_size=300))
def test_the_checksum_equals_googles_own(data: bytes) -> None:
    assert crc32c(data) == google_crc32c.value(data)


def test_the_checksum_equals_the_standards() -> None:
    """RFC 3720, B.4: 32 bytes of zeros, of ones, and rising."""
    assert [crc32c(data) for data in (bytes(32), b"\xff" * 32, bytes(range(32)))] == [
        0x8A9136AA,
        0x62A8AB43,
        0x46DD794E,
    ]


def test_the_digest_goes_with_its_checksum(google: GoogleKms) -> None:
    google.signer().sign(b"a descriptor")
    asked = json.loads(google.requests[-1].body)
    digest = hashlib.sha256(b"a descriptor").digest()
    assert base64.b64decode(asked["digest"]["sha256"]) == digest
    assert asked["digestCrc32c"] == str(google_crc32c.value(digest))


def another_byte(text: str) -> str:
    """Base64 text with its last byte changed."""
    data = bytearray(base64.b64decode(text))
    data[-1] ^= 1
    return base64.b64encode(data).decode()


SPOILT: dict[str, tuple[str, Callable[[Answer], Any], str]] = {
    "a public key that was changed": (
        "publicKey",
        lambda answer: answer.update(pem=answer["pem"].replace("M", "N", 1)),
        "`pemCrc32c` is",
    ),
    "a public key's checksum that was changed": (
        "publicKey",
        lambda answer: answer.update(pemCrc32c="0"),
        "`pemCrc32c` is `0`",
    ),
    "a public key without a checksum": (
        "publicKey",
        lambda answer: answer.pop("pemCrc32c"),
        "pemCrc32c",
    ),
    "another version's public key": (
        "publicKey",
        lambda answer: answer.update(name=answer["name"][:-1] + "2"),
        "`name` is",
    ),
    "a public key without a name": (
        "publicKey",
        lambda answer: answer.pop("name"),
        "`name`",
    ),
    "a signature that was changed": (
        "asymmetricSign",
        lambda answer: answer.update(signature=another_byte(answer["signature"])),
        "`signatureCrc32c` is",
    ),
    "a signature's checksum that was changed": (
        "asymmetricSign",
        lambda answer: answer.update(signatureCrc32c="1"),
        "`signatureCrc32c` is `1`",
    ),
    "a signature without a checksum": (
        "asymmetricSign",
        lambda answer: answer.pop("signatureCrc32c"),
        "signatureCrc32c",
    ),
    "a digest whose checksum did not arrive": (
        "asymmetricSign",
        lambda answer: answer.pop("verifiedDigestCrc32c"),
        "`verifiedDigestCrc32c` is `false`",
    ),
    "a digest whose checksum was not used": (
        "asymmetricSign",
        lambda answer: answer.update(verifiedDigestCrc32c=False),
        "`verifiedDigestCrc32c` is `false`",
    ),
    "another version's signature": (
        "asymmetricSign",
        lambda answer: answer.update(name=answer["name"][:-1] + "2"),
        "`name` is",
    ),
}


@pytest.mark.parametrize("case", SPOILT)
def test_an_answer_that_was_changed_on_its_way_is_thrown_away(
    google: GoogleKms, case: str
) -> None:
    operation, change, words = SPOILT[case]

    def spoil(asked: str, answer: Answer) -> None:
        if asked == operation:
            change(answer)

    google.spoil = spoil
    with pytest.raises(CredentialsError) as raised:
        google.signer().sign(b"a descriptor")
    assert words in str(raised.value)
    assert "othing is signed" in str(raised.value)
    assert google.asked[-1] == operation


def test_a_digest_that_was_changed_on_its_way_is_refused_by_the_service(
    google: GoogleKms, monkeypatch: pytest.MonkeyPatch
) -> None:
    signer = google.signer()
    monkeypatch.setattr(module, "crc32c", lambda _: 7)
    with pytest.raises(CredentialsError, match="400 INVALID_ARGUMENT"):
        signer.sign(b"a descriptor")


def test_a_key_without_its_version_is_told_apart_from_nonsense(
    google: GoogleKms,
) -> None:
    assert GoogleKmsKey.names(google.name)
    key = google.name.partition("/cryptoKeyVersions")[0]
    assert not GoogleKmsKey.names(key)
    with pytest.raises(
        CredentialsError, match="is not a version of a Google Cloud KMS key"
    ):
        GoogleKmsKey(key, endpoint=google.url, credentials=lambda: BearerToken(TOKEN))
    assert google.requests == []


def test_a_token_is_fetched_once_while_it_lasts_and_renewed_before_its_end(
    google: GoogleKms,
) -> None:
    fetched: list[BearerToken] = []

    def fetch(lasts: timedelta) -> Callable[[], BearerToken]:
        def once() -> BearerToken:
            fetched.append(BearerToken(TOKEN, datetime.now(UTC) + lasts))
            return fetched[-1]

        return once

    ProvenSigner(
        GoogleKmsKey(
            google.name, endpoint=google.url, credentials=fetch(timedelta(hours=1))
        )
    ).sign(b"")
    assert len(fetched) == 1
    ProvenSigner(
        GoogleKmsKey(
            google.name, endpoint=google.url, credentials=fetch(timedelta(minutes=4))
        )
    ).sign(b"")
    assert len(fetched) == 3


def _raise(error: Exception) -> BearerToken:
    raise error


FETCHES: dict[str, tuple[Callable[[], BearerToken], str]] = {
    "one that has ended": (
        lambda: BearerToken("secret-token", datetime.now(UTC) - timedelta(seconds=1)),
        "has expired; nothing was sent",
    ),
    "one with a line break": (
        lambda: BearerToken("secret-token\n"),
        "characters that no header can carry",
    ),
    "a failure that quotes it": (
        lambda: _raise(RuntimeError("secret-token")),
        "could not be fetched: RuntimeError",
    ),
    "no login": (
        lambda: _raise(CredentialsError("Nobody is logged in.")),
        "Nobody is logged in",
    ),
}


@pytest.mark.parametrize("case", FETCHES)
def test_a_token_that_cannot_be_used_is_never_sent_or_shown(
    google: GoogleKms, case: str
) -> None:
    fetch, words = FETCHES[case]
    with pytest.raises(CredentialsError, match=words) as raised:
        GoogleKmsKey(google.name, endpoint=google.url, credentials=fetch)
    seen: BaseException | None = raised.value
    while seen is not None:
        assert "secret-token" not in str(seen)
        seen = seen.__cause__ or (
            None if seen.__suppress_context__ else seen.__context__
        )
    assert google.requests == []


def test_tokens_come_from_where_the_routes_tokens_do(
    google: GoogleKms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_OAUTH_ACCESS_TOKEN", TOKEN)
    assert (
        ProvenSigner(GoogleKmsKey(google.name, endpoint=google.url)).public_pem
        == google.public_pem
    )
