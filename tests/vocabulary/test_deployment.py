"""What the application may rely on in a deployment descriptor, and what it refuses."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from tests.vocabulary.drafts import DRAFT, NOW, SIGNER, TRUSTED, completed, draft
from trivium.errors import (
    DeploymentError,
    DeploymentExpiredError,
    DeploymentSignatureError,
    DeploymentVersionError,
)
from trivium.vocabulary import deployment as vocabulary
from trivium.vocabulary.envelope import Ed25519Signer, TrustedKeys, seal

SCHEMA = Path(__file__).parents[2] / "docs" / "deployment.schema.json"


def test_a_signed_descriptor_comes_back_as_it_was() -> None:
    assert (
        vocabulary.verify(vocabulary.sign(completed(), SIGNER), TRUSTED, now=NOW)
        == completed()
    )


REFUSED: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "another version": (
        {"version": "2"},
        DeploymentVersionError,
        "has version '2'; this release reads '1'",
    ),
    "an unknown field": ({"colour": 1}, DeploymentError, "unknown field `colour`"),
    "an unknown field inside a route": (
        {"routes.0.colour": 1},
        DeploymentError,
        r"colour.*\$\.routes\[0\]",
    ),
    "a wrong type": ({"routes": 3}, DeploymentError, "Expected `array`"),
    "no routes": ({"routes": []}, DeploymentError, "length >= 1"),
    "an unknown zone": ({"zone": "mars"}, DeploymentError, "zone `mars` is unknown"),
    "plain http": (
        {"routes.0.endpoint": "http://example.com"},
        DeploymentError,
        "is not an https address",
    ),
    "credentials in the endpoint": (
        {"routes.0.endpoint": "https://a:b@example.com"},
        DeploymentError,
        "not an https",
    ),
    "another cloud's protocol": (
        {"routes.0.protocol": "vertex"},
        DeploymentError,
        "does not belong to cloud `aws`",
    ),
    "another cloud's auth": (
        {"routes.0.auth": {"kind": "google"}},
        DeploymentError,
        "does not belong to `aws`",
    ),
    "two routes of one id": (
        {"routes.1.id": "aws-us-east-1"},
        DeploymentError,
        "stands 2 times",
    ),
    "a role without a tier": (
        {"roles": {"triage": "haiku"}},
        DeploymentError,
        "which no route serves",
    ),
    "a role called like a tier": (
        {"roles": {"sonnet": "sonnet"}},
        DeploymentError,
        "names more than one",
    ),
    "a destination outside the zone": (
        {"routes.0.models.sonnet.destinations": ["us-east-1", "ca-central-1"]},
        DeploymentError,
        "ca-central-1, outside zone `us`",
    ),
    "a worldwide destination": (
        {"routes.1.models.sonnet.destinations": ["global"]},
        DeploymentError,
        "global, outside",
    ),
    "no destination": (
        {"routes.0.models.sonnet.destinations": []},
        DeploymentError,
        "length >= 1",
    ),
    "a real endpoint in a rehearsal": (
        {"rehearsal": True},
        DeploymentError,
        "not an http address on loopback",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_descriptor_is_refused_for(case: str) -> None:
    changes, error, words = REFUSED[case]
    with pytest.raises(error, match=words):
        vocabulary.decode(json.dumps(draft(**changes)).encode())


ELSEWHERE = {
    "a slash at its end, which AWS's signature does not cover": "https://example.com/",
    "a path with a slash at its end": "https://example.com/anthropic/",
    "a fragment, before which the path ends": "https://example.com#x",
    "an empty query, before which the path ends": "https://example.com?",
    "a password without a user": "https://:secret@example.com",
    "an empty user": "https://@example.com",
    "the default port, which is not sent": "https://example.com:443",
    "the default port before a path": "https://example.com:443/anthropic",
    "a port with a leading zero": "https://example.com:08443",
    "a host in capitals, which is sent in small letters": "https://Example.com",
    "a host that is sent in another alphabet": "https://ex\u00e4mple.com",
    "a space": "https://example.com /x",
    "a line break": "https://example.com\n",
    "a dot segment": "https://example.com/a/../b",
    "a dot segment in disguise": "https://example.com/a/%2e%2e/b",
    "a doubled slash": "https://example.com//anthropic",
    "a bracket that is not closed": "https://[::1",
}


@pytest.mark.parametrize("endpoint", ELSEWHERE.values(), ids=ELSEWHERE)
def test_an_endpoint_that_goes_over_the_wire_as_something_else_is_refused(
    endpoint: str,
) -> None:
    with pytest.raises(DeploymentError, match="is not an https address") as caught:
        vocabulary.from_plain(draft(**{"routes.0.endpoint": endpoint}))
    assert "secret" not in str(caught.value)


ENDPOINTS = [
    "https://bedrock-runtime.us-east-1.amazonaws.com",
    "https://vpce-0a-1b.bedrock-runtime.us-east-1.vpce.amazonaws.com:8443",
    "https://aiplatform.us.rep.googleapis.com/v1/projects/example.com:p/locations/us",
    "https://[2001:db8::1]/v1",
    "https://gateway_1.internal/a/.b/c..d",
]


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_an_endpoint_of_any_other_form_is_taken(endpoint: str) -> None:
    assert (
        vocabulary.from_plain(draft(**{"routes.0.endpoint": endpoint}))
        .routes[0]
        .endpoint
        == endpoint
    )


def test_text_nested_without_end_is_refused() -> None:
    with pytest.raises(DeploymentError, match="is not JSON"):
        vocabulary.decode(b"[" * 100_000)


def test_text_that_is_no_json_is_refused() -> None:
    with pytest.raises(DeploymentError, match="is not JSON"):
        vocabulary.decode(b"{")


def test_a_rehearsal_may_use_loopback_and_nothing_else() -> None:
    local = {"rehearsal": True, "routes.0.endpoint": "http://127.0.0.1:20001"}
    vocabulary.from_plain(
        draft(**local, **{"routes.1.endpoint": "http://localhost:20002/anthropic"})
    )
    with pytest.raises(DeploymentError, match="loopback"):
        vocabulary.from_plain(
            draft(**local, **{"routes.1.endpoint": "http://127.0.0.1.example.com:80"})
        )


def test_a_draft_cannot_be_signed() -> None:
    with pytest.raises(DeploymentError, match="`issued_at` is missing"):
        vocabulary.sign(vocabulary.from_plain(DRAFT), SIGNER)


def test_a_strangers_signature_is_refused() -> None:
    document = vocabulary.sign(completed(), Ed25519Signer.generate())
    with pytest.raises(
        DeploymentSignatureError, match="no valid signature by a trusted key"
    ):
        vocabulary.verify(document, TRUSTED, now=NOW)


def test_an_unsigned_descriptor_is_refused() -> None:
    with pytest.raises(DeploymentSignatureError, match="not a DSSE envelope"):
        vocabulary.verify(vocabulary.encode(completed()), TRUSTED, now=NOW)


def test_an_envelope_made_for_something_else_is_refused() -> None:
    document = seal(
        "application/vnd.trivium.audit-manifest+json",
        vocabulary.encode(completed()),
        SIGNER,
    )
    with pytest.raises(DeploymentSignatureError, match="audit-manifest"):
        vocabulary.verify(document, TRUSTED, now=NOW)


def test_every_change_of_one_bit_in_a_signed_descriptor_is_refused() -> None:
    document = bytearray(vocabulary.sign(completed(), SIGNER))
    accepted = []
    for position in range(
        0, len(document) * 8, 3
    ):  # every byte, two or three of its bits
        document[position // 8] ^= 1 << (position % 8)
        try:
            vocabulary.verify(bytes(document), TRUSTED, now=NOW)
            accepted.append(position)
        except DeploymentError:
            pass
        document[position // 8] ^= 1 << (position % 8)
    assert accepted == []


def test_an_expired_descriptor_is_refused_with_its_date() -> None:
    document = vocabulary.sign(completed(), SIGNER)
    with pytest.raises(DeploymentExpiredError, match="expired at 2026-12-22T12:00:00Z"):
        vocabulary.verify(document, TRUSTED, now=NOW + timedelta(days=30))


def test_a_descriptor_from_the_future_is_refused() -> None:
    document = vocabulary.sign(completed(), SIGNER)
    with pytest.raises(DeploymentExpiredError, match="lies ahead"):
        vocabulary.verify(document, TRUSTED, now=NOW - timedelta(minutes=6))


def test_a_payload_that_is_not_canonical_is_refused() -> None:
    document = seal(
        vocabulary.PAYLOAD_TYPE,
        json.dumps(msgspec.to_builtins(completed())).encode(),
        SIGNER,
    )
    with pytest.raises(DeploymentError, match="canonical"):
        vocabulary.verify(document, TRUSTED, now=NOW)


def test_the_published_schema_is_the_one_in_the_code() -> None:
    written = json.loads(SCHEMA.read_text())
    assert written == vocabulary.json_schema(), (
        "regenerate: trivium deployment schema > docs/deployment.schema.json"
    )


def test_the_published_schema_accepts_what_the_code_accepts() -> None:
    Draft202012Validator(json.loads(SCHEMA.read_text())).validate(
        json.loads(vocabulary.encode(completed()))
    )


def test_the_published_schema_refuses_an_unknown_field() -> None:
    assert list(
        Draft202012Validator(json.loads(SCHEMA.read_text())).iter_errors(
            draft(colour=1)
        )
    )


def test_a_p256_key_as_the_clouds_key_services_have_it_signs_too() -> None:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    from trivium.vocabulary.envelope import keyid_of

    key = ec.generate_private_key(ec.SECP256R1())

    class Signer:
        keyid = keyid_of(key.public_key())

        def sign(self, data: bytes) -> bytes:
            return key.sign(data, ec.ECDSA(SHA256()))

    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    document = vocabulary.sign(completed(), Signer())
    assert (
        vocabulary.verify(
            document, TrustedKeys.from_pem(SIGNER.public_pem + pem), now=NOW
        )
        == completed()
    )
