"""Azure Key Vault, as far as signing goes: what it refuses, and with which words.

Sources: Key Vault REST reference, "Get Key" and "Sign"; Azure guide, "Azure Key Vault
REST API error codes" and "Authentication, requests and responses"; read 2026-11-23.
"""

import base64
import binascii
import json
import re
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import (
    Prehashed,
    decode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.credentials.kms.standing_in import Asked, Kept, RefusedError, written
from trivium.credentials import BearerToken
from trivium.credentials.kms import KeyVaultKey, ProvenSigner
from trivium_rehearsal.endpoints.serving.http import Request

TOKEN, EXPIRED, OF_FOUNDRY = (
    "eyJ0.of-the-signer",
    "eyJ0.of-yesterday",
    "eyJ0.of-another-audience",
)
VAULT = "https://trivium-test-a1b2c3.vault.azure.net"
TENANT = "00000000-0000-4000-8000-000000000002"
VERSION, OLD_VERSION = (
    "fd618d9519b74f9aae94ade66b876acc",
    "0123456789abcdef0123456789abcdef",
)
_VERSIONS_OF_THE_API = {"7.0", "7.1", "7.2", "7.3", "7.4", "7.5", "7.6", "2025-07-01"}
_ALGORITHMS = {"P-256": "ES256", "P-384": "ES384", "P-256K": "ES256K"}


class KeyVault(Asked):
    """One vault. Its keys are found by name and version; the last version of a name is
    the current one."""

    def __init__(self) -> None:
        super().__init__()
        # As Azure Resource Manager writes `keyUriWithVersion` (its specification's
        # example `createKey`).
        self.name = f"{VAULT}:443/keys/signing/{VERSION}"
        private = ec.generate_private_key(ec.SECP256R1())
        self.keys = {
            ("signing", OLD_VERSION): Kept(
                ec.generate_private_key(ec.SECP256R1()), "P-256"
            ),
            ("signing", VERSION): Kept(private, "P-256"),
        }
        self.operations = ["sign", "verify"]
        self.firewall = False
        self.public_pem = private.public_key().public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        )

    def signer(self, name: str = "", *, token: str = TOKEN) -> ProvenSigner:
        return ProvenSigner(
            KeyVaultKey(
                name or self.name,
                endpoint=self.url,
                credentials=lambda: BearerToken(token or TOKEN),
            )
        )

    def another(self, kind: str) -> str:
        name = kind.replace(" ", "-")
        match kind:
            case "disabled":
                self.keys[name, VERSION] = Kept(
                    ec.generate_private_key(ec.SECP256R1()), "P-256", enabled=False
                )
            case "another curve":
                self.keys[name, VERSION] = Kept(
                    ec.generate_private_key(ec.SECP256K1()), "P-256K"
                )
            case "RSA":
                private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
                self.keys[name, VERSION] = Kept(private, "RSA-HSM")
        return f"{VAULT}/keys/{name}/{VERSION}"

    def swap(self) -> None:
        self.keys["signing", VERSION] = Kept(
            ec.generate_private_key(ec.SECP256R1()), "P-256"
        )

    def answer(self, request: Request) -> tuple[str, dict[str, Any]]:
        self._authenticated(request)
        version = request.query.get("api-version")
        if version is None:
            raise _no(400, "BadParameter", "api-version must be specified")
        if version not in _VERSIONS_OF_THE_API:
            text = (
                f"The specified version ({version}) isn't recognized. Consider using"
                " the latest supported version."
            )
            raise _no(400, "BadParameter", text)
        if self.firewall:
            text = (
                "Client address is not authorized and caller is not a trusted service."
            )
            raise _no(403, "Forbidden", text, "ForbiddenByFirewall")
        found = re.fullmatch(
            r"/keys/([0-9A-Za-z-]+)/([0-9a-f]*)(/sign)?|/keys/([0-9A-Za-z-]+)",
            request.path,
        )
        operation = {"GET": "get", "POST": "sign"}.get(request.method)
        if not found or (found[3] is not None) != (operation == "sign"):
            raise _no(404, "NotFound", "The requested resource was not found.")
        return operation or "", self._performed(
            operation or "", found[1] or found[4], found[2] or "", request
        )

    def _performed(
        self, operation: str, name: str, version: str, request: Request
    ) -> dict[str, Any]:
        if not self.allowed:
            action = {"get": "read", "sign": "sign/action"}[operation]
            text = (
                "Caller is not authorized to perform action on resource.\r\nIf role"
                " assignments, deny assignments or role definitions were changed"
                " recently, please observe propagation time.\r\nCaller:"
                f" oid={TENANT}\r\nAction:"
                f" 'Microsoft.KeyVault/vaults/keys/{action}'\r\n"
            )
            raise _no(403, "Forbidden", text, "ForbiddenByRbac")
        current = version or next((v for n, v in reversed(self.keys) if n == name), "")
        kept = self.keys.get((name, current))
        if kept is None:
            raise _no(
                404,
                "KeyNotFound",
                f"A key with (name/id) {name}/{version} was not found in this key"
                " vault.",
            )
        kid = f"{VAULT}/keys/{name}/{current}"
        return (
            self._bundle(kid, kept)
            if operation == "get"
            else self._signed(kid, kept, request)
        )

    def _authenticated(self, request: Request) -> None:
        scheme, _, token = (request.header("authorization") or "").partition(" ")
        if scheme == "Bearer" and token == TOKEN:
            return
        text = {
            "": "AKV10000: Request is missing a Bearer or PoP token.",
            EXPIRED: (
                "Error validating token: 'S2S12016: Lifetime validation failed. The"
                " token is expired.'"
            ),
            OF_FOUNDRY: (
                "AKV10022: Invalid audience. Expected https://vault.azure.net, found:"
                " https://ai.azure.com."
            ),
        }.get(
            token, "Error validating token: 'S2S17001: Unable to validate signature.'"
        )
        challenge = (
            f'Bearer authorization="https://login.microsoftonline.com/{TENANT}",'
            ' resource="https://vault.azure.net"'
        )
        raise _no(401, "Unauthorized", text, www_authenticate=challenge)

    def _bundle(self, kid: str, kept: Kept) -> dict[str, Any]:
        """A disabled key is given all the same: only its use is refused."""
        public = kept.private.public_key()
        if isinstance(public, ec.EllipticCurvePublicKey):
            point = public.public_numbers()
            parts = {
                "kty": "EC-HSM",
                "crv": kept.kind,
                "x": base64url(octets(point.x)),
                "y": base64url(octets(point.y)),
            }
        else:
            numbers = public.public_numbers()
            parts = {
                "kty": kept.kind,
                "n": base64url(numbers.n.to_bytes(256, "big")),
                "e": "AQAB",
            }
        attributes = {
            "enabled": kept.enabled,
            "created": 1764000000,
            "updated": 1764000000,
            "recoveryLevel": "Recoverable",
        }
        return {
            "key": {"kid": kid, "key_ops": self.operations, **parts},
            "attributes": attributes,
        }

    def _signed(self, kid: str, kept: Kept, request: Request) -> dict[str, Any]:
        asked = json.loads(request.body)
        digest = _value(asked)
        if not kept.enabled:
            raise _no(
                403,
                "Forbidden",
                "Operation sign is not allowed on a disabled key.",
                "KeyDisabled",
            )
        if "sign" not in self.operations:
            raise _no(403, "Forbidden", "Operation sign is not permitted on this key.")
        if asked["alg"] != _ALGORITHMS.get(kept.kind) or not isinstance(
            kept.private, ec.EllipticCurvePrivateKey
        ):
            raise _no(
                400,
                "BadParameter",
                f"Key and signing algorithm are incompatible. Key {kid} is"
                f" {kept.kind}.",
            )
        if len(digest) != 32:
            text = (
                f"Invalid length of 'value': {len(digest)} bytes. ES256 requires 32"
                " bytes, encoded with base64url."
            )
            raise _no(400, "BadParameter", text)
        r, s = decode_dss_signature(
            kept.private.sign(digest, ec.ECDSA(Prehashed(SHA256())))
        )
        return {"kid": kid, "value": base64url(octets(r) + octets(s))}


def _value(asked: dict[str, Any]) -> bytes:
    text = str(asked.get("value", ""))
    if not re.fullmatch(r"[A-Za-z0-9_-]+", text):
        raise _no(
            400,
            "BadParameter",
            "Content of 'value' is not base64url.\r\nProperty 'value' is required.\r\n",
        )
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        raise _no(
            400, "BadParameter", "Content of 'value' is not base64url.\r\n"
        ) from None


def octets(number: int) -> bytes:
    return number.to_bytes(32, "big")


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _no(
    status: int, code: str, text: str, inner: str = "", **headers: str
) -> RefusedError:
    error: dict[str, Any] = {"code": code, "message": text}
    if inner:
        error["innererror"] = {"code": inner}
    return RefusedError(written(status, {"error": error}, **headers))
