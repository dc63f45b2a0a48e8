"""The stand-ins are what they say: the vendors' own clients, unmodified, sign with them
and are refused by them.

AWS's client needs no test of its own here: the signer over AWS KMS is boto3.
azure-keyvault-keys sends tokens over TLS alone, so for it the vault has a certificate
of its own making, which the client is told to trust (`connection_verify`), and the
vault's challenge is not compared with the address (`verify_challenge_resource`): both
are documented options.
"""

import base64
import hashlib
import ipaddress
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import google_crc32c
import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceNotFoundError,
)
from azure.keyvault.keys import KeyClient
from azure.keyvault.keys.crypto import CryptographyClient, SignatureAlgorithm
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from google.auth.exceptions import RefreshError
from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build_from_document
from googleapiclient.discovery_cache import get_static_doc
from googleapiclient.errors import HttpError

from tests.credentials.kms import azure, google
from tests.credentials.kms.azure import VERSION, KeyVault
from tests.credentials.kms.google import GoogleKms
from tests.credentials.kms.standing_in import serving
from trivium.errors import CredentialsError
from trivium.vocabulary.envelope import TrustedKeys, keyid_of
from trivium_rehearsal.endpoints.serving.http import Request

DATA = b"a descriptor"
DIGEST = hashlib.sha256(DATA).digest()


def holds(public_pem: bytes, der: bytes) -> bool:
    """Whether an application that trusts the key would accept the signature."""
    trusted = TrustedKeys.from_pem(public_pem)
    return trusted.verifies(trusted.keyids[0], der, DATA)


# --- Google ---------------------------------------------------------------------------


def versions(service: GoogleKms, token: str = google.TOKEN) -> Any:
    """Google's client for key versions, from the discovery document that it ships."""
    document = get_static_doc("cloudkms", "v1")
    client = build_from_document(
        document,
        credentials=Credentials(token=token),
        client_options={"api_endpoint": service.url},
    )
    return client.projects().locations().keyRings().cryptoKeys().cryptoKeyVersions()


def digest_of(data: bytes, field: str = "sha256") -> dict[str, Any]:
    return {field: base64.b64encode(data).decode()}


def test_googles_client_signs_with_the_key_service(google: GoogleKms) -> None:
    public = versions(google).getPublicKey(name=google.name).execute()
    body = {
        "digest": digest_of(DIGEST),
        "digestCrc32c": str(google_crc32c.value(DIGEST)),
    }
    signed = versions(google).asymmetricSign(name=google.name, body=body).execute()
    signature = base64.b64decode(signed["signature"])
    assert public["pemCrc32c"] == str(google_crc32c.value(public["pem"].encode()))
    assert signed["signatureCrc32c"] == str(google_crc32c.value(signature))
    assert signed["verifiedDigestCrc32c"] is True
    assert holds(public["pem"].encode(), signature)


def test_a_checksum_that_was_not_sent_was_not_verified(google: GoogleKms) -> None:
    signed = (
        versions(google)
        .asymmetricSign(name=google.name, body={"digest": digest_of(DIGEST)})
        .execute()
    )
    assert "verifiedDigestCrc32c" not in signed


def test_googles_client_and_the_signer_ask_the_same(google: GoogleKms) -> None:
    """Method, path, query but `alt`, and body; the client's own headers apart."""
    google.signer().sign(DATA)
    body = {
        "digest": digest_of(DIGEST),
        "digestCrc32c": str(google_crc32c.value(DIGEST)),
    }
    versions(google).getPublicKey(name=google.name).execute()
    versions(google).asymmetricSign(name=google.name, body=body).execute()
    ours, theirs = google.requests[:2], google.requests[2:]
    for mine, other in zip(ours, theirs, strict=True):
        assert (mine.method, mine.path) == (other.method, other.path)
        assert (json.loads(mine.body) if mine.body else None) == (
            json.loads(other.body) if other.body else None
        )
        assert mine.header("authorization") == other.header("authorization")


REFUSED_BY_GOOGLE: dict[str, tuple[dict[str, Any], int, str]] = {
    "a digest of another length": (
        {"digest": digest_of(DIGEST[:-1])},
        400,
        "INVALID_ARGUMENT",
    ),
    "a digest of another algorithm": (
        {"digest": digest_of(bytes(48), "sha384")},
        400,
        "INVALID_ARGUMENT",
    ),
    "no digest": ({}, 400, "INVALID_ARGUMENT"),
    "data in place of a digest": ({"data": "AAAA"}, 400, "INVALID_ARGUMENT"),
    "what is not base64": (
        {"digest": {"sha256": "not base64!"}},
        400,
        "INVALID_ARGUMENT",
    ),
    "a checksum that does not hold": (
        {"digest": digest_of(DIGEST), "digestCrc32c": "1"},
        400,
        "INVALID_ARGUMENT",
    ),
    "a field that nobody knows": (
        {"digest": digest_of(DIGEST), "alg": "ES256"},
        400,
        "INVALID_ARGUMENT",
    ),
}


@pytest.mark.parametrize("case", REFUSED_BY_GOOGLE)
def test_googles_client_is_refused(google: GoogleKms, case: str) -> None:
    body, status, word = REFUSED_BY_GOOGLE[case]
    with pytest.raises(HttpError) as raised:
        versions(google).asymmetricSign(name=google.name, body=body).execute()
    assert raised.value.status_code == status
    assert json.loads(raised.value.content)["error"]["status"] == word


@pytest.mark.parametrize(
    ("kind", "status"),
    [("disabled", 400), ("missing", 404), ("another curve", 400), ("RSA", 400)],
)
def test_googles_client_cannot_sign_with_another_key(
    google: GoogleKms, kind: str, status: int
) -> None:
    with pytest.raises(HttpError) as raised:
        versions(google).asymmetricSign(
            name=google.another(kind), body={"digest": digest_of(DIGEST)}
        ).execute()
    assert raised.value.status_code == status


@pytest.mark.parametrize("token", ["ya29.of-nobody", google.EXPIRED])
def test_googles_client_needs_the_right_token(google: GoogleKms, token: str) -> None:
    """At a 401 it tries to renew the token, which a token alone cannot."""
    with pytest.raises(RefreshError):
        versions(google, token).getPublicKey(name=google.name).execute()
    assert google.asked == []


# --- Azure ----------------------------------------------------------------------------


class Login:
    """A credential that has its token already; notes the scopes it was asked for."""

    def __init__(self, token: str = azure.TOKEN) -> None:
        self.token = token
        self.scopes: list[str] = []

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        self.scopes += scopes
        return AccessToken(
            self.token, int((datetime.now(UTC) + timedelta(hours=1)).timestamp())
        )


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate for 127.0.0.1, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(
            name,
            name,
            key.public_key(),
            x509.random_serial_number(),
            now,
            now + timedelta(days=1),
        )
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
            ),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "vault.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private + made.public_bytes(Encoding.PEM))
    return path


@pytest.fixture
def over_tls(
    vault: KeyVault, certificate: Path
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The vault's address over TLS, and the options that let Azure's clients use it."""
    with serving(vault.handle, certificate) as address:
        yield (
            address,
            {
                "verify_challenge_resource": False,
                "connection_verify": str(certificate),
                "retry_total": 0,
            },
        )


def test_azures_clients_sign_with_the_vault(vault: KeyVault, over_tls: Any) -> None:
    address, options = over_tls
    login = Login()
    key = KeyClient(address, login, **options).get_key("signing")
    assert key.properties.version == VERSION
    client = CryptographyClient(f"{address}/keys/signing/{VERSION}", login, **options)
    raw = client.sign(SignatureAlgorithm.es256, DIGEST).signature
    der = encode_dss_signature(
        int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
    )
    point = ec.EllipticCurvePublicNumbers(
        *(int.from_bytes(half, "big") for half in (key.key.x, key.key.y)),
        ec.SECP256R1(),
    )
    pem = point.public_key().public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    )
    assert pem == vault.public_pem
    assert holds(pem, der)
    assert set(login.scopes) == {"https://vault.azure.net/.default"}


def test_azures_client_verifies_what_the_signer_signed(
    vault: KeyVault, over_tls: Any
) -> None:
    """By its own cryptography, from the key that the vault gives it."""
    address, options = over_tls
    halves = decode_dss_signature(vault.signer().sign(DATA))
    raw = b"".join(half.to_bytes(32, "big") for half in halves)
    client = CryptographyClient(f"{address}/keys/signing/{VERSION}", Login(), **options)
    assert client.verify(SignatureAlgorithm.es256, DIGEST, raw).is_valid


def test_azures_client_and_the_signer_ask_the_same(
    vault: KeyVault, over_tls: Any
) -> None:
    """Method, path and body of what was answered; the challenge and the client's newer
    version of the API apart."""
    address, options = over_tls
    vault.signer().sign(DATA)
    ours = list(vault.requests)
    vault.requests.clear()
    CryptographyClient(f"{address}/keys/signing/{VERSION}", Login(), **options).sign(
        SignatureAlgorithm.es256, DIGEST
    )
    theirs = [request for request in vault.requests if request.header("authorization")]
    for mine, other in zip(ours, theirs, strict=True):
        assert (mine.method, mine.path) == (other.method, other.path)
        assert (json.loads(mine.body) if mine.body else None) == (
            json.loads(other.body) if other.body else None
        )


def test_azures_client_finds_the_current_version_as_the_signer_does(
    vault: KeyVault, over_tls: Any
) -> None:
    address, options = over_tls
    vault.signer(f"{azure.VAULT}/keys/signing")
    KeyClient(address, Login(), **options).get_key("signing")
    mine, other = (
        request for request in vault.requests if request.header("authorization")
    )
    assert mine.path == other.path


@pytest.mark.parametrize(
    ("algorithm", "digest", "word"),
    [
        (SignatureAlgorithm.es384, bytes(48), "incompatible"),
        (SignatureAlgorithm.es256, DIGEST[:-1], "ES256 requires 32 bytes"),
        (SignatureAlgorithm.es256, b"", "not base64url"),
    ],
)
def test_azures_client_is_refused(
    vault: KeyVault,
    over_tls: Any,
    algorithm: SignatureAlgorithm,
    digest: bytes,
    word: str,
) -> None:
    address, options = over_tls
    client = CryptographyClient(f"{address}/keys/signing/{VERSION}", Login(), **options)
    with pytest.raises(HttpResponseError, match=word) as raised:
        client.sign(algorithm, digest)
    assert raised.value.status_code == 400
    assert raised.value.error.code == "BadParameter"


def test_azures_client_cannot_sign_with_a_disabled_key(
    vault: KeyVault, over_tls: Any
) -> None:
    address, options = over_tls
    vault.another("disabled")
    client = CryptographyClient(
        f"{address}/keys/disabled/{VERSION}", Login(), **options
    )
    with pytest.raises(
        HttpResponseError, match="not allowed on a disabled key"
    ) as raised:
        client.sign(SignatureAlgorithm.es256, DIGEST)
    assert raised.value.error.innererror["code"] == "KeyDisabled"


def test_azures_client_finds_no_version_that_is_not_there(
    vault: KeyVault, over_tls: Any
) -> None:
    address, options = over_tls
    with pytest.raises(ResourceNotFoundError, match="was not found in this key vault"):
        KeyClient(address, Login(), **options).get_key("signing", "a" * 32)


@pytest.mark.parametrize("token", ["eyJ0.of-nobody", azure.EXPIRED, azure.OF_FOUNDRY])
def test_azures_client_needs_the_right_token(
    vault: KeyVault, over_tls: Any, token: str
) -> None:
    address, options = over_tls
    with pytest.raises(ClientAuthenticationError):
        KeyClient(address, Login(token), **options).get_key("signing")


def test_a_signer_sends_nothing_to_whom_no_authority_vouches_for(
    google: GoogleKms, vault: KeyVault, certificate: Path
) -> None:
    """The option that lets Azure's client trust the certificate is one that the signer
    does not have."""
    for service in (google, vault):
        refused = pytest.raises(
            CredentialsError, match="does not trust; nothing is signed"
        )
        with serving(service.handle, certificate) as service.url, refused:
            service.signer()
        assert service.requests == []


def test_the_key_id_is_that_of_the_public_half_everywhere(
    google: GoogleKms, vault: KeyVault
) -> None:
    for service in (google, vault):
        signer = service.signer()
        assert TrustedKeys.from_pem(service.public_pem).keyids == (signer.keyid,)
    assert (
        keyid_of(vault.keys["signing", VERSION].private.public_key())
        == vault.signer().keyid
    )


# --- what no vendor's client would ask ------------------------------------------------


def asked(method: str, target: str, token: str = "") -> Request:
    headers = (("authorization", f"Bearer {token}"),) if token else ()
    return Request(method=method, target=target, headers=headers, body=b"{}")


UNHEARD: dict[str, tuple[Request, int, str]] = {
    "no token": (
        asked("GET", f"/keys/signing/{VERSION}?api-version=7.4"),
        401,
        "AKV10000",
    ),
    "no version of the API": (
        asked("GET", f"/keys/signing/{VERSION}", azure.TOKEN),
        400,
        "must be specified",
    ),
    "a version of the API that there is not": (
        asked("GET", f"/keys/signing/{VERSION}?api-version=8.0", azure.TOKEN),
        400,
        "isn't recognized",
    ),
    "another path": (
        asked("GET", f"/key/signing/{VERSION}?api-version=7.4", azure.TOKEN),
        404,
        "not found",
    ),
    "a signature by GET": (
        asked("GET", f"/keys/signing/{VERSION}/sign?api-version=7.4", azure.TOKEN),
        404,
        "not found",
    ),
    "a key by POST": (
        asked("POST", f"/keys/signing/{VERSION}?api-version=7.4", azure.TOKEN),
        404,
        "not found",
    ),
}


@pytest.mark.parametrize("case", UNHEARD)
def test_the_vault_refuses(vault: KeyVault, case: str) -> None:
    request, status, words = UNHEARD[case]
    reply = vault.handle(request)
    assert reply.status == status
    assert words in reply.body.decode()
    challenge = reply.headers.get("www-authenticate", "")
    assert (status == 401) == challenge.startswith(
        'Bearer authorization="https://login.microsoftonline.com/'
    )


@pytest.mark.parametrize(
    ("method", "path", "token", "status"),
    [
        ("GET", "/publicKey", "", 401),
        ("POST", "/publicKey", google.TOKEN, 404),
        ("GET", ":asymmetricSign", google.TOKEN, 404),
        ("POST", ":asymmetricSign", google.TOKEN, 400),  # without a content type
    ],
)
def test_googles_key_service_refuses(
    google: GoogleKms, method: str, path: str, token: str, status: int
) -> None:
    assert (
        google.handle(asked(method, f"/v1/{google.name}{path}", token)).status == status
    )
