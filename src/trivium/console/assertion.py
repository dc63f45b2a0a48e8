"""Signed tokens (JWT, RFC 7519) with which a proxy states who is in front of it. Pure.

Only the algorithm that the caller names is accepted: what a token says of its own
algorithm proves nothing (RFC 8725, 3.1). Its key comes from the proxy's vendor, never
from the token.
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeGuard

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

Algorithm = Literal["ES256", "RS256"]
Key = EllipticCurvePublicKey | RSAPublicKey
KeyOf = Callable[[str], Key]
"""The public key of a key id. Raises `AssertionRefusedError` for an unknown one."""

SKEW_S = 30
"""How far the clocks may differ, in seconds. Our choice, as short as clocks that are
kept by NTP permit."""
_LONGEST = 16 * 1024
"""Bytes of a token. HTTP servers refuse longer headers as well."""


class AssertionRefusedError(ValueError):
    """The token proves nobody's identity; the message says why and never quotes it."""


@dataclass(frozen=True, kw_only=True)
class Assertion:
    """A token whose signature holds. Nothing else of it was checked yet."""

    header: Mapping[str, Any]  # Any: JSON
    claims: Mapping[str, Any]


def verified(token: str, algorithm: Algorithm, key_of: KeyOf) -> Assertion:
    """Check a token's signature. Raises `AssertionRefusedError`."""
    parts = token.split(".")
    if len(parts) != 3 or len(token) > _LONGEST or not token.isascii():
        raise AssertionRefusedError("it is not a signed token")
    header = _json(parts[0])
    kid = header.get("kid")
    if header.get("alg") != algorithm or not isinstance(kid, str):
        raise AssertionRefusedError(f"it is not signed by {algorithm} with a named key")
    if "crit" in header:
        raise AssertionRefusedError("it demands an extension that is not known here")

    signed = f"{parts[0]}.{parts[1]}".encode()
    if not _holds(key_of(kid), algorithm, _bytes(parts[2]), signed):
        raise AssertionRefusedError("its signature does not hold")
    return Assertion(header=header, claims=_json(parts[1]))


def require_now(claims: Mapping[str, Any], now: float) -> None:
    """Raise `AssertionRefusedError` unless the token is valid now. `exp` must be
    there. Any: JSON."""
    expires = claims.get("exp")
    if not _is_time(expires) or now >= expires + SKEW_S:
        raise AssertionRefusedError("it has expired, or does not say when it does")
    for name in ("nbf", "iat"):
        if name in claims and not (
            _is_time(claims[name]) and claims[name] <= now + SKEW_S
        ):
            raise AssertionRefusedError("it is not valid yet")


def require_equal(claims: Mapping[str, Any], name: str, expected: str) -> None:
    """Raise `AssertionRefusedError` unless a claim has this value. Any: JSON."""
    if claims.get(name) != expected:
        raise AssertionRefusedError(f"its `{name}` is another than the configured one")


def text(claims: Mapping[str, Any], name: str) -> str:
    """A claim that must be text. Any: JSON. Raises `AssertionRefusedError`."""
    value = claims.get(name)
    if not isinstance(value, str) or not value.strip():
        raise AssertionRefusedError(f"it has no `{name}`")
    return value


def _is_time(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _holds(key: Key, algorithm: Algorithm, signature: bytes, signed: bytes) -> bool:
    """Whether the signature is the key's, and the key the algorithm's."""
    try:
        if algorithm == "ES256":
            _verify_es256(key, signature, signed)
        else:
            _verify_rs256(key, signature, signed)
    except InvalidSignature:
        return False
    return True


def _verify_es256(key: Key, signature: bytes, signed: bytes) -> None:
    """RFC 7518, 3.4: r and s, 32 bytes each."""
    if (
        not isinstance(key, EllipticCurvePublicKey)
        or not isinstance(key.curve, SECP256R1)
        or len(signature) != 64
    ):
        raise InvalidSignature
    r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
    key.verify(encode_dss_signature(r, s), signed, ECDSA(SHA256()))


def _verify_rs256(key: Key, signature: bytes, signed: bytes) -> None:
    """RFC 7518, 3.3, which demands 2048 bits at least."""
    if not isinstance(key, RSAPublicKey) or key.key_size < 2048:
        raise InvalidSignature
    key.verify(signature, signed, PKCS1v15(), SHA256())


def _bytes(part: str) -> bytes:
    """Base64url, with padding or without: AWS's load balancer pads its tokens."""
    bare = part.rstrip("=")
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), b"-_", validate=True)
    except binascii.Error:
        raise AssertionRefusedError("it is not a signed token") from None


def _json(part: str) -> dict[str, Any]:
    """A part that must be a JSON object. Any: its values."""
    try:
        return msgspec.json.decode(_bytes(part), type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise AssertionRefusedError("it is not a signed token") from None
