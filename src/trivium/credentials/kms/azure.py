"""A key of Azure Key Vault or Managed HSM. Tokens come from the environment or
azure-identity (the extra `azure`).

A key that is named without a version means the version that is current when the signer
is made: the vault says which, and every signature is asked of that one.

Sources: Key Vault REST reference 7.4, "Get Key" and "Sign"; RFC 7518, 3.4 (ES256
signatures are r and s, 32 bytes each); Azure guide, "Azure Key Vault REST API error
codes"; read 2026-11-23.
"""

import base64
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePublicNumbers,
)
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from trivium.credentials import entra
from trivium.credentials.kms.refusal import AGAIN, Refusal, mismatch, wrong_kind
from trivium.credentials.kms.service import PUBLIC_KEY, SIGN, KeyService
from trivium.credentials.token import BearerToken
from trivium.errors import CredentialsError

if TYPE_CHECKING:
    from trivium.credentials.kms.proven import CloudKey

API_VERSION = "7.4"
"""Of 2023, and so in every cloud: the sovereign ones follow the public one by
months."""

_SUFFIXES = (
    "vault.azure.net",
    "managedhsm.azure.net",
    "vault.azure.cn",
    "managedhsm.azure.cn",
    "vault.usgovcloudapi.net",
    "managedhsm.usgovcloudapi.net",
)
"""Of the public cloud, China's and the US government's (Azure CLI,
`azure.cli.core.cloud`, read 2026-11-23). A token never goes to any other host."""

# Azure Resource Manager's `keyUriWithVersion` names the port, the vault's own `kid`
# does not.
_ID = re.compile(
    r"https://(?P<vault>[a-z0-9-]+)\.(?P<suffix>"
    + "|".join(map(re.escape, _SUFFIXES))
    + r")(:443)?"
    r"/keys/(?P<name>[a-z0-9-]{1,127})(/(?P<version>[0-9a-f]{32}))?",
    re.IGNORECASE | re.ASCII,
)
_BASE64URL = re.compile(r"[A-Za-z0-9_-]*")
_COORDINATE_BYTES = 32


@dataclass(frozen=True)
class _KeyId:
    """A key's id in its parts, as they were written; the vault finds them whatever the
    case."""

    vault: str
    suffix: str
    name: str
    version: str
    """Empty for whichever is current."""

    @classmethod
    def parsed(cls, text: str) -> "_KeyId | None":
        """The id, or None for what has not its form."""
        found = _ID.fullmatch(text)
        return (
            cls(*(found[part] or "" for part in ("vault", "suffix", "name", "version")))
            if found
            else None
        )

    @property
    def path(self) -> str:
        return f"/keys/{self.name}/{self.version}"

    @property
    def endpoint(self) -> str:
        return f"https://{self.vault}.{self.suffix}"

    @property
    def scope(self) -> str:
        """What a token for this vault is asked for: the resource is the suffix."""
        return f"https://{self.suffix.lower()}/.default"

    def same(self, text: str) -> bool:
        """Whether `text` is this id in whatever case, with or without its port."""
        other = self.parsed(text)
        return other is not None and str(other).lower() == str(self).lower()

    def __str__(self) -> str:
        return f"{self.endpoint}{self.path}".rstrip("/")


class _JsonWebKey(msgspec.Struct):
    """`JsonWebKey`, as far as it is used. Keys that are no elliptic curves have neither
    curve nor coordinates."""

    kid: str
    kty: str
    crv: str = ""
    x: str = ""
    y: str = ""
    key_ops: tuple[str, ...] = ()


class _Attributes(msgspec.Struct):
    enabled: bool = True


class _KeyBundle(msgspec.Struct):
    key: _JsonWebKey
    attributes: _Attributes


class _Signed(msgspec.Struct):
    """`KeyOperationResult`."""

    kid: str
    value: str


class _InnerError(msgspec.Struct, frozen=True):
    code: str = ""


class _Error(msgspec.Struct):
    code: str = ""
    innererror: _InnerError = _InnerError()


class _Refused(msgspec.Struct):
    error: _Error


class KeyVaultKey:
    """A key of type EC or EC-HSM on P-256, named by its id."""

    def __init__(
        self,
        key: str,
        *,
        endpoint: str | None = None,
        credentials: Callable[[], BearerToken] | None = None,
    ) -> None:
        """Raises `CredentialsError` when the key cannot be had or is of another
        kind."""
        named = _KeyId.parsed(key)
        if named is None:
            raise CredentialsError(
                f"`{key}` is not a key of Azure Key Vault, expected"
                " `https://VAULT.vault.azure.net/keys/NAME/VERSION`."
            )
        self._id = named
        self._service = KeyService(
            str(named),
            endpoint=endpoint or named.endpoint,
            credentials=credentials or entra.source(named.scope),
            codes=_codes,
            remedy=self._remedy,
        )
        bundle = self._service.get(
            f"{named.path}?api-version={API_VERSION}", _KeyBundle, task=PUBLIC_KEY
        )
        self._key = self._checked(bundle)

    @staticmethod
    def names(key: str) -> bool:
        """Whether `key` is the id of a key of a vault or Managed HSM, with or without a
        version."""
        return _KeyId.parsed(key) is not None

    @property
    def name(self) -> str:
        """The id with the version that signs."""
        return str(self._id)

    def public_key(self) -> PublicKeyTypes:
        """The key's public half. Raises `ValueError` when what the vault sent is no
        point of the curve."""
        x, y = (
            int.from_bytes(_decoded(part), "big") for part in (self._key.x, self._key.y)
        )
        return EllipticCurvePublicNumbers(x, y, SECP256R1()).public_key()

    def sign_digest(self, digest: bytes) -> bytes:
        """The DER-encoded signature over a SHA-256 digest. Raises
        `CredentialsError`."""
        question = {
            "alg": "ES256",
            "value": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        }
        path = f"{self._id.path}/sign?api-version={API_VERSION}"
        signed = self._service.post(path, question, _Signed, task=SIGN)
        if not self._id.same(signed.kid):
            raise mismatch(self.name, "kid", signed.kid, self.name)
        try:
            raw = _decoded(signed.value)
        except ValueError:
            raw = b""
        if len(raw) != 2 * _COORDINATE_BYTES:
            raise mismatch(
                self.name,
                "value",
                f"{len(raw)} bytes in base64url",
                f"{2 * _COORDINATE_BYTES}",
            )
        r, s = raw[:_COORDINATE_BYTES], raw[_COORDINATE_BYTES:]
        return encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))

    def _checked(self, bundle: _KeyBundle) -> _JsonWebKey:
        key, found = bundle.key, _KeyId.parsed(bundle.key.kid)
        pinned = replace(
            self._id, version=self._id.version or (found.version if found else "")
        )
        if not pinned.same(key.kid) or not pinned.version:
            raise mismatch(
                self.name,
                "kid",
                key.kid,
                f"{self.name}{'' if self._id.version else '/VERSION'}",
            )
        self._id = pinned
        if key.kty not in ("EC", "EC-HSM") or key.crv != "P-256":
            raise wrong_kind(
                self.name, f"{key.kty} {key.crv}".strip(), "EC or EC-HSM on P-256"
            )
        if key.key_ops and "sign" not in key.key_ops:
            raise wrong_kind(self.name, f"for {', '.join(key.key_ops)}", "for sign")
        if not bundle.attributes.enabled:
            # The vault gives its public half all the same, and would refuse to sign.
            raise CredentialsError(
                f"The key {self.name} is disabled; nothing is signed.",
                next_step=_ENABLE,
            )
        return key

    def _remedy(self, found: Refusal) -> str:
        vault = (
            "Managed HSM"
            if self._id.suffix.lower().startswith("managedhsm")
            else "vault"
        )
        if found.status == 401:
            return (
                f"Use a token of scope {self._id.scope} from the {vault}'s own tenant:"
                f" log in again, or correct {entra.VARIABLE}, which is used for every"
                " scope while it is set."
            )
        if found.says("KeyDisabled"):
            return _ENABLE
        if found.says("ForbiddenByFirewall", "ForbiddenByConnection"):
            return (
                f"Sign from the network that the {vault} admits: the deployment's first"
                " subnet."
            )
        if found.status == 403:
            return (
                f"Grant this identity {_ROLES[vault]}; and check that the key's version"
                " is within its validity."
            )
        if found.status == 404:
            return (
                "Check the key's name and version: `az keyvault key list-versions`; a"
                " deleted key can be recovered."
            )
        if found.status == 429 or found.status >= 500:
            return AGAIN
        return "Check that the key is of type EC or EC-HSM on P-256, for sign."


_ENABLE = (
    "Enable the key's version (`az keyvault key set-attributes --enabled true`), or"
    " give another."
)
_ROLES = {
    "vault": (
        "`Key Vault Crypto User` on the vault (Microsoft.KeyVault/vaults/keys/read and"
        " Microsoft.KeyVault/vaults/keys/sign/action)"
    ),
    "Managed HSM": (
        "`Managed HSM Crypto User` on the key"
        " (Microsoft.KeyVault/managedHsm/keys/read/action and"
        " Microsoft.KeyVault/managedHsm/keys/sign/action)"
    ),
}


def _codes(body: bytes) -> Iterator[str]:
    error = msgspec.json.decode(body, type=_Refused).error
    yield error.code
    yield error.innererror.code


def _decoded(text: str) -> bytes:
    """Base64url without padding, and nothing that a lenient decoder would skip or take
    as well. Raises `ValueError`."""
    if not _BASE64URL.fullmatch(text):
        raise ValueError("not base64url")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


if TYPE_CHECKING:
    _conforms: type[CloudKey] = KeyVaultKey
