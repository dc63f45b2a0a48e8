"""A signer over a key that is somewhere else. Law: what it returns has been verified
with the key's public half.

What cannot be verified here would be refused by every application, after the old
descriptor was replaced by it.
"""

import hashlib
from typing import TYPE_CHECKING, Protocol

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from trivium.errors import CredentialsError
from trivium.vocabulary.envelope import TrustedKeys, keyid_of

if TYPE_CHECKING:
    from trivium.vocabulary.envelope import Signer


class CloudKey(Protocol):
    """One key of a cloud's key service."""

    @property
    def name(self) -> str:
        """The cloud's own name of exactly this key: an alias or a missing version has
        been resolved."""

    def public_key(self) -> PublicKeyTypes:
        """Its public half, of whatever kind. Raises `ValueError` when what the service
        sent is none."""

    def sign_digest(self, digest: bytes) -> bytes:
        """The DER-encoded ECDSA signature over a SHA-256 digest. Raises
        `CredentialsError`."""


class ProvenSigner:
    """ECDSA on P-256 with SHA-256 by a key that never leaves its key service."""

    def __init__(self, key: CloudKey) -> None:
        """Raises `CredentialsError` when the key is of another kind."""
        self._key = key
        public = _p256(key)
        self.keyid = keyid_of(public)
        self.public_pem = public.public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        )
        self._trusted = TrustedKeys([public])

    @property
    def name(self) -> str:
        """The cloud's own name of the key that signs."""
        return self._key.name

    def sign(self, data: bytes) -> bytes:
        """The DER-encoded signature over `data`, verified. Raises
        `CredentialsError`."""
        signature = self._key.sign_digest(hashlib.sha256(data).digest())
        if not self._trusted.verifies(self.keyid, signature, data):
            raise CredentialsError(
                f"The key service's signature with {self.name} does not hold against"
                f" the key's public half ({self.keyid[:16]}), so it was thrown away and"
                " nothing is signed.",
                next_step=(
                    "Try again; if it stays so, tell the cloud's support: the key"
                    " service returns wrong answers."
                ),
            )
        return signature


def _p256(key: CloudKey) -> EllipticCurvePublicKey:
    try:
        public = key.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise CredentialsError(
            f"The key service's public half of {key.name} is not a readable public key;"
            " nothing is signed.",
            next_step="Try again; if it stays so, tell the cloud's support.",
        ) from error
    kind = (
        public.curve.name
        if isinstance(public, EllipticCurvePublicKey)
        else type(public).__name__
    )
    if not isinstance(public, EllipticCurvePublicKey) or not isinstance(
        public.curve, SECP256R1
    ):
        raise CredentialsError(
            f"The key {key.name} is {kind}, expected ECDSA on P-256 ({SECP256R1.name});"
            " nothing is signed.",
            next_step=(
                "Give the key that the stack made: `pulumi stack output signing_key`."
            ),
        )
    return public


if TYPE_CHECKING:
    _conforms: type[Signer] = ProvenSigner
