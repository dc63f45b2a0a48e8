"""Google Cloud KMS, as far as signing goes: what it refuses, and with which words.

Sources: Cloud KMS REST reference v1; Cloud APIs guide, "Errors"; read 2026-11-23.
"""

import base64
import binascii
import hashlib
import json
from typing import Any

import google_crc32c
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.credentials.kms.standing_in import Asked, Kept, RefusedError, written
from trivium.credentials import BearerToken
from trivium.credentials.kms import GoogleKmsKey, ProvenSigner
from trivium_rehearsal.endpoints.serving.http import Request

TOKEN, EXPIRED = "ya29.of-the-signer", "ya29.of-yesterday"
RING = "projects/acme-claims/locations/us-central1/keyRings/test-audit/cryptoKeys"
_FIELDS = {"digest", "digestCrc32c", "data", "dataCrc32c"}


class GoogleKms(Asked):
    """The key service of a project."""

    def __init__(self) -> None:
        super().__init__()
        self.name = f"{RING}/signing/cryptoKeyVersions/1"
        private = ec.generate_private_key(ec.SECP256R1())
        self.keys = {self.name: Kept(private, "EC_SIGN_P256_SHA256")}
        self.public_pem = _pem(private)

    def signer(self, name: str = "", *, token: str = TOKEN) -> ProvenSigner:
        return ProvenSigner(
            GoogleKmsKey(
                name or self.name,
                endpoint=self.url,
                credentials=lambda: BearerToken(token or TOKEN),
            )
        )

    def another(self, kind: str) -> str:
        name = f"{RING}/{kind.replace(' ', '-')}/cryptoKeyVersions/1"
        match kind:
            case "disabled":
                self.keys[name] = Kept(
                    ec.generate_private_key(ec.SECP256R1()),
                    "EC_SIGN_P256_SHA256",
                    enabled=False,
                )
            case "another curve":
                self.keys[name] = Kept(
                    ec.generate_private_key(ec.SECP256K1()), "EC_SIGN_SECP256K1_SHA256"
                )
            case "RSA":
                private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
                self.keys[name] = Kept(private, "RSA_SIGN_PKCS1_2048_SHA256")
        return name

    def swap(self) -> None:
        self.keys[self.name] = Kept(
            ec.generate_private_key(ec.SECP256R1()), "EC_SIGN_P256_SHA256"
        )

    def answer(self, request: Request) -> tuple[str, dict[str, Any]]:
        self._authenticated(request)
        path = request.path.removeprefix("/v1/")
        if request.method == "GET" and path.endswith("/publicKey"):
            name = path.removesuffix("/publicKey")
            return "publicKey", self._public_key(
                name, self._usable(name, "cloudkms.cryptoKeyVersions.viewPublicKey")
            )
        if request.method == "POST" and path.endswith(":asymmetricSign"):
            name = path.removesuffix(":asymmetricSign")
            kept = self._usable(name, "cloudkms.cryptoKeyVersions.useToSign")
            return "asymmetricSign", _signed(name, kept, _question(request))
        raise _no(404, "NOT_FOUND", "The requested URL was not found on this server.")

    def _authenticated(self, request: Request) -> None:
        scheme, _, token = (request.header("authorization") or "").partition(" ")
        if scheme != "Bearer" or token != TOKEN:
            reason = {"": "CREDENTIALS_MISSING", EXPIRED: "ACCESS_TOKEN_EXPIRED"}.get(
                token, "ACCESS_TOKEN_TYPE_UNSUPPORTED"
            )
            text = (
                "Request had invalid authentication credentials. Expected OAuth 2"
                " access token."
            )
            raise _no(
                401,
                "UNAUTHENTICATED",
                text,
                _info(reason),
                www_authenticate='Bearer realm="https://accounts.google.com/"',
            )

    def _usable(self, name: str, permission: str) -> Kept:
        if not self.allowed:
            text = (
                f"Permission '{permission}' denied on resource '{name}' (or it may not"
                " exist)."
            )
            raise _no(403, "PERMISSION_DENIED", text, _info("IAM_PERMISSION_DENIED"))
        kept = self.keys.get(name)
        if kept is None:
            raise _no(404, "NOT_FOUND", f"CryptoKeyVersion {name} not found.")
        if not kept.enabled:
            violation = {"type": "KEY_DISABLED", "subject": name}
            detail = {
                "@type": "type.googleapis.com/google.rpc.PreconditionFailure",
                "violations": [violation],
            }
            raise _no(
                400,
                "FAILED_PRECONDITION",
                f"{name} is not enabled, current state is: DISABLED.",
                detail,
            )
        return kept

    def _public_key(self, name: str, kept: Kept) -> dict[str, Any]:
        pem = _pem(kept.private)
        return {
            "pem": pem.decode(),
            "algorithm": kept.kind,
            "pemCrc32c": checksum(pem),
            "name": name,
            "protectionLevel": "HSM",
        }


def _question(request: Request) -> dict[str, Any]:
    if not (request.header("content-type") or "").startswith("application/json"):
        raise _no(
            400,
            "INVALID_ARGUMENT",
            "Invalid JSON payload received. Unexpected content type.",
        )
    try:
        asked = json.loads(request.body)
    except ValueError:
        raise _no(
            400, "INVALID_ARGUMENT", "Invalid JSON payload received. Unexpected token."
        ) from None
    unknown = set(asked) - _FIELDS
    if unknown:
        raise _no(
            400,
            "INVALID_ARGUMENT",
            f'Invalid JSON payload received. Unknown name "{unknown.pop()}".',
        )
    return dict(asked)


def _signed(name: str, kept: Kept, asked: dict[str, Any]) -> dict[str, Any]:
    if (
        "data" in asked
        or set(asked.get("digest", {})) != {"sha256"}
        or kept.kind != "EC_SIGN_P256_SHA256"
    ):
        raise _no(
            400,
            "INVALID_ARGUMENT",
            f"The digest does not match the algorithm {kept.kind}.",
        )
    try:
        digest = base64.b64decode(asked["digest"]["sha256"], validate=True)
    except binascii.Error:
        raise _no(
            400,
            "INVALID_ARGUMENT",
            "Invalid value at 'digest.sha256' (TYPE_BYTES), Base64 decoding failed.",
        ) from None
    if len(digest) != hashlib.sha256().digest_size:
        raise _no(
            400, "INVALID_ARGUMENT", f"Digest must be 32 bytes long; got {len(digest)}."
        )
    given = asked.get("digestCrc32c")
    if given is not None and int(given) != google_crc32c.value(digest):
        raise _no(
            400,
            "INVALID_ARGUMENT",
            "The checksum in field digest_crc32c did not match the data in field"
            " digest.",
        )
    signature = kept.private.sign(digest, ec.ECDSA(Prehashed(SHA256())))
    answer = {
        "name": name,
        "signature": base64.b64encode(signature).decode(),
        "signatureCrc32c": checksum(signature),
        "protectionLevel": "HSM",
    }
    return (
        {**answer, "verifiedDigestCrc32c": True} if given is not None else answer
    )  # what is false is left out


def checksum(data: bytes) -> str:
    return str(google_crc32c.value(data))


def _pem(private: Any) -> bytes:
    pem: bytes = private.public_key().public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    )
    return pem


def _info(reason: str) -> dict[str, Any]:
    return {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": reason,
        "domain": "googleapis.com",
    }


def _no(
    status: int, code: str, text: str, *details: dict[str, Any], **headers: str
) -> RefusedError:
    error = {"code": status, "message": text, "status": code, "details": details}
    return RefusedError(written(status, {"error": error}, **headers))
