"""Signed envelopes (DSSE 1.0) over canonical JSON (RFC 8785). Pure: keys and bytes in,
bytes out.

A signature covers the payload's type as well as its bytes (the pre-authentication
encoding), so an envelope made for one purpose is never accepted for another. Keys are
Ed25519, or ECDSA on P-256 with SHA-256, which is what the three clouds' key services
sign with. Source: DSSE protocol 1.0.2 (secure-systems-lab/dsse), RFC 8785.
"""

import hashlib
from collections.abc import Iterable
from typing import Any, Protocol

import msgspec
import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from trivium.vocabulary.record import Record

PublicKey = Ed25519PublicKey | EllipticCurvePublicKey

_PEM_END = b"-----END PUBLIC KEY-----"


class EnvelopeError(ValueError):
    """The envelope cannot be trusted; the message says why. Callers translate it into
    their own error."""


class Signature(Record, frozen=True, kw_only=True):
    """One signature; `keyid` is a hint, never a proof."""

    keyid: str
    sig: bytes


class Envelope(Record, frozen=True, kw_only=True):
    """The DSSE envelope. `payload` and `sig` are base64 in JSON, bytes here."""

    payloadType: str  # noqa: N815 -- the name is DSSE's
    payload: bytes
    signatures: tuple[Signature, ...]


class Signer(Protocol):
    """Whatever can sign: a key in memory, or a cloud's key service."""

    @property
    def keyid(self) -> str:
        """Lower-case hex SHA-256 of the public key's SubjectPublicKeyInfo DER."""

    def sign(self, data: bytes) -> bytes:
        """The signature over `data`."""


class Ed25519Signer:
    """An Ed25519 key in memory."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.keyid = keyid_of(key.public_key())

    @classmethod
    def generate(cls) -> "Ed25519Signer":
        """A new key from the system's randomness."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def from_pem(cls, pem: bytes) -> "Ed25519Signer":
        """Read an unencrypted PKCS#8 key. Raises `EnvelopeError` for anything else."""
        try:
            key = load_pem_private_key(pem, password=None)
        except (ValueError, TypeError) as error:
            raise EnvelopeError(
                "the signing key is not an unencrypted PKCS#8 PEM key"
            ) from error
        if not isinstance(key, Ed25519PrivateKey):
            raise EnvelopeError(
                f"the signing key is {type(key).__name__}, expected an Ed25519 key"
            )
        return cls(key)

    def to_pem(self) -> bytes:
        """The private key, unencrypted PKCS#8 PEM: write it with mode 0600."""
        return self._key.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        )

    @property
    def public_pem(self) -> bytes:
        """The public key, SubjectPublicKeyInfo PEM."""
        return self._key.public_key().public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        )

    def sign(self, data: bytes) -> bytes:
        """The 64-byte signature over `data`."""
        return self._key.sign(data)


class TrustedKeys:
    """Public keys that a verifier trusts, by key id."""

    def __init__(self, keys: Iterable[PublicKey]) -> None:
        self._keys = {keyid_of(key): key for key in keys}

    @classmethod
    def from_pem(cls, pem: bytes) -> "TrustedKeys":
        """Read one or more public keys from concatenated PEM blocks. Raises
        `EnvelopeError` when there is none."""
        blocks = [part + _PEM_END for part in pem.split(_PEM_END)[:-1]]
        if not blocks:
            raise EnvelopeError(
                "no PEM block `PUBLIC KEY` was found among the trusted keys"
            )
        return cls(_public_key(block) for block in blocks)

    @property
    def keyids(self) -> tuple[str, ...]:
        """The ids of the trusted keys."""
        return tuple(self._keys)

    def verifies(self, keyid: str, signature: bytes, data: bytes) -> bool:
        """Whether the trusted key `keyid` made this signature; False for keys that are
        not trusted."""
        key = self._keys.get(keyid)
        if key is None:
            return False
        try:
            if isinstance(key, Ed25519PublicKey):
                key.verify(signature, data)
            else:
                key.verify(signature, data, ECDSA(SHA256()))
        except InvalidSignature:
            return False
        return True


def canonical(value: Any) -> bytes:
    """`value` (plain JSON data or a record) as RFC 8785 canonical JSON. Any: JSON is
    what the caller has."""
    return rfc8785.dumps(msgspec.to_builtins(value))


def keyid_of(key: PublicKey) -> str:
    """Lower-case hex SHA-256 of the key's SubjectPublicKeyInfo DER."""
    return hashlib.sha256(
        key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    ).hexdigest()


def pre_authentication(payload_type: str, payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding: what is really signed."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def seal(payload_type: str, payload: bytes, signer: Signer) -> bytes:
    """Sign `payload` and return the envelope as canonical JSON."""
    signature = Signature(
        keyid=signer.keyid, sig=signer.sign(pre_authentication(payload_type, payload))
    )
    return canonical(
        Envelope(payloadType=payload_type, payload=payload, signatures=(signature,))
    )


def unseal(envelope: bytes, payload_type: str, trusted: TrustedKeys) -> bytes:
    """The payload, when at least one signature by a trusted key holds. Raises
    `EnvelopeError` otherwise.

    The envelope itself must be canonical, as `seal` writes it: base64 has bits that no
    signature covers, and a log in which a flipped bit goes unnoticed would be one that
    can be argued about.
    """
    try:
        decoded = msgspec.json.decode(envelope, type=Envelope)
    except ValueError as error:
        raise EnvelopeError(f"this is not a DSSE envelope: {error}") from error
    if decoded.payloadType != payload_type:
        raise EnvelopeError(
            f"the envelope holds `{decoded.payloadType}`, expected `{payload_type}`"
        )
    if canonical(decoded) != envelope:
        raise EnvelopeError(
            "the envelope is not in canonical form (RFC 8785), so it was changed after"
            " signing"
        )
    data = pre_authentication(payload_type, decoded.payload)
    if any(trusted.verifies(s.keyid, s.sig, data) for s in decoded.signatures):
        return decoded.payload
    signers = ", ".join(s.keyid[:16] for s in decoded.signatures) or "nobody"
    known = ", ".join(keyid[:16] for keyid in trusted.keyids)
    raise EnvelopeError(
        f"no valid signature by a trusted key: signed by {signers}; trusted are {known}"
    )


def payload_unverified(envelope: bytes) -> bytes:
    """The payload without looking at its signatures: for showing it, never for acting
    on it."""
    try:
        return msgspec.json.decode(envelope, type=Envelope).payload
    except ValueError as error:
        raise EnvelopeError(f"this is not a DSSE envelope: {error}") from error


def digest(payload: bytes) -> str:
    """`sha256:` and the lower-case hex digest."""
    return "sha256:" + hashlib.sha256(payload).hexdigest()


def _public_key(pem: bytes) -> PublicKey:
    try:
        key = load_pem_public_key(pem[pem.index(b"-----BEGIN") :])
    except ValueError as error:
        raise EnvelopeError("a trusted key is not a readable PEM public key") from error
    if isinstance(key, Ed25519PublicKey):
        return key
    if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
        return key
    raise EnvelopeError(
        f"a trusted key is {type(key).__name__}; expected Ed25519 or ECDSA P-256"
    )
