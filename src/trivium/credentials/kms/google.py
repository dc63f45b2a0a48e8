"""A key version of Google Cloud KMS. Tokens come from the environment or google-auth
(the extra `gcp`).

Sources: Cloud KMS REST reference v1, `cryptoKeyVersions.getPublicKey` and
`.asymmetricSign`, and Cloud KMS guide, "Data integrity guidelines", read 2026-11-23:
the digest goes with its checksum, and an answer is thrown away unless the service used
that checksum, signed with the version that was named, and its own checksums hold.
"""

import base64
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import msgspec
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from trivium.credentials import google
from trivium.credentials.kms.crc32c import crc32c
from trivium.credentials.kms.refusal import AGAIN, Refusal, mismatch, wrong_kind
from trivium.credentials.kms.service import PUBLIC_KEY, SIGN, KeyService
from trivium.credentials.token import BearerToken
from trivium.errors import CredentialsError

if TYPE_CHECKING:
    from trivium.credentials.kms.proven import CloudKey

ENDPOINT = "https://cloudkms.googleapis.com"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
"""`…/auth/cloudkms` would do, but a person's own login
(`gcloud auth application-default login`) has only this one."""
ALGORITHM = "EC_SIGN_P256_SHA256"

_NAME = re.compile(
    r"projects/[a-z0-9][a-z0-9.:-]*/locations/[a-z0-9-]+"
    r"/keyRings/[A-Za-z0-9_-]+/cryptoKeys/[A-Za-z0-9_-]+/cryptoKeyVersions/[0-9]+"
)


class _PublicKey(msgspec.Struct, rename={"pem_crc32c": "pemCrc32c"}):
    """`PublicKey`, as far as it is used. Checksums are 64-bit integers, which Google's
    JSON writes as text."""

    name: str
    algorithm: str
    pem: str
    pem_crc32c: str


_CHECKSUMS = {
    "signature_crc32c": "signatureCrc32c",
    "verified_digest_crc32c": "verifiedDigestCrc32c",
}


class _Signed(msgspec.Struct, rename=_CHECKSUMS):
    """`AsymmetricSignResponse`, as far as it is used; Google's JSON leaves out what is
    false."""

    name: str
    signature: bytes
    signature_crc32c: str
    verified_digest_crc32c: bool = False


class _Violation(msgspec.Struct):
    type: str = ""


class _Detail(msgspec.Struct):
    """`google.rpc.ErrorInfo` has a reason, `google.rpc.PreconditionFailure`
    violations."""

    reason: str = ""
    violations: tuple[_Violation, ...] = ()


class _Status(msgspec.Struct):
    status: str = ""
    details: tuple[_Detail, ...] = ()


class _Refused(msgspec.Struct):
    error: _Status


class GoogleKmsKey:
    """An asymmetric key version with the algorithm EC_SIGN_P256_SHA256, named by its
    resource name."""

    def __init__(
        self,
        key: str,
        *,
        endpoint: str | None = None,
        credentials: Callable[[], BearerToken] | None = None,
    ) -> None:
        """Raises `CredentialsError` when the key cannot be had or is of another
        kind."""
        if not self.names(key):
            raise CredentialsError(
                f"`{key}` is not a version of a Google Cloud KMS key, expected"
                " `projects/P/locations/L/keyRings/R/cryptoKeys/K/cryptoKeyVersions/N`."
            )
        self.name = key
        self._service = KeyService(
            key,
            endpoint=endpoint or ENDPOINT,
            credentials=credentials or google.source(SCOPE),
            codes=_codes,
            remedy=_remedy,
        )
        self._public = self._checked(
            self._service.get(f"/v1/{key}/publicKey", _PublicKey, task=PUBLIC_KEY)
        )

    @staticmethod
    def names(key: str) -> bool:
        """Whether `key` is the resource name of a key version."""
        return bool(_NAME.fullmatch(key))

    def public_key(self) -> PublicKeyTypes:
        """The version's public half. Raises `ValueError` when what the service sent is
        none."""
        return load_pem_public_key(self._public.pem.encode())

    def sign_digest(self, digest: bytes) -> bytes:
        """The DER-encoded signature over a SHA-256 digest. Raises
        `CredentialsError`."""
        question = {
            "digest": {"sha256": base64.b64encode(digest).decode()},
            "digestCrc32c": str(crc32c(digest)),
        }
        signed = self._service.post(
            f"/v1/{self.name}:asymmetricSign", question, _Signed, task=SIGN
        )
        self._require("name", signed.name, self.name)
        if not signed.verified_digest_crc32c:
            raise mismatch(self.name, "verifiedDigestCrc32c", "false", "true")
        self._require(
            "signatureCrc32c", signed.signature_crc32c, str(crc32c(signed.signature))
        )
        return signed.signature

    def _checked(self, found: _PublicKey) -> _PublicKey:
        self._require("name", found.name, self.name)
        self._require("pemCrc32c", found.pem_crc32c, str(crc32c(found.pem.encode())))
        if found.algorithm != ALGORITHM:
            raise wrong_kind(self.name, found.algorithm, ALGORITHM)
        return found

    def _require(self, field: str, found: str, expected: str) -> None:
        if found != expected:
            raise mismatch(self.name, field, found, expected)


def _codes(body: bytes) -> Iterator[str]:
    error = msgspec.json.decode(body, type=_Refused).error
    yield error.status
    for detail in error.details:
        yield detail.reason
        yield from (violation.type for violation in detail.violations)


def _remedy(found: Refusal) -> str:
    if found.status == 401:
        return (
            f"Renew the token: log in again, or put one of scope {SCOPE} into"
            f" {google.VARIABLE}."
        )
    if found.says("SERVICE_DISABLED"):
        return (
            "Enable cloudkms.googleapis.com in the key's project; with a person's own"
            f" login, sign as a service account: {google.VARIABLE} from `gcloud auth"
            " print-access-token --impersonate-service-account=…`."
        )
    if found.says("ACCESS_TOKEN_SCOPE_INSUFFICIENT"):
        return f"Use a token of scope {SCOPE}."
    if found.status == 403:
        return (
            "Check the name, and grant this identity roles/cloudkms.signerVerifier on"
            " the key: cloudkms.cryptoKeyVersions.viewPublicKey and"
            " cloudkms.cryptoKeyVersions.useToSign."
        )
    if found.status == 404:
        return (
            "Check project, location, key ring, key and version: `gcloud kms keys"
            " versions list`."
        )
    if found.says("FAILED_PRECONDITION"):
        return (
            "Enable the key version (`gcloud kms keys versions enable`), or wait until"
            " it has been generated; the key's purpose must be ASYMMETRIC_SIGN."
        )
    if found.status == 429 or found.status >= 500:
        return AGAIN
    return f"Check that the key version's algorithm is {ALGORITHM}."


if TYPE_CHECKING:
    _conforms: type[CloudKey] = GoogleKmsKey
