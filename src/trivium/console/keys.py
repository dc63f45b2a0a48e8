"""The public keys that proxies' assertions are signed with, as their vendors publish
them. A key is fetched when a token first names it, and kept for a day.

Tokens name their key before anything about them is proven, so how often an unknown name
makes the console fetch is limited.
"""

import base64
import binascii
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePublicKey,
    EllipticCurvePublicNumbers,
)
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from trivium.console.assertion import AssertionRefusedError, Key
from trivium.http import Connection, NoAnswerError, Request
from trivium.http.once import once

KEPT_S = 24 * 3600.0
"""How long fetched keys count: a vendor's withdrawal takes effect within a day."""
PAUSE_S = 5.0
"""Between two fetches; a token with an unknown key is refused meanwhile."""
_MOST_BYTES = 256 * 1024
"""Of an answer; the vendors' are below 20 KB."""

Fetch = Callable[[str], bytes]
"""The body at an address. Raises `AssertionRefusedError`."""
Published = Callable[[str, Fetch], Mapping[str, Key]]
"""Given an unknown key id, what the vendor publishes now."""


class VendorKeys:
    """Keys by id. Thread-safe; a callable as `assertion.KeyOf`."""

    def __init__(
        self,
        published: Published,
        *,
        fetch: Fetch | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._published, self._fetch = published, fetch or fetched
        self._clock, self._lock = clock, threading.Lock()
        self._keys: dict[str, tuple[Key, float]] = {}
        self._next_at = float("-inf")

    def __call__(self, kid: str) -> Key:
        """The key of this id. Raises `AssertionRefusedError`."""
        with self._lock:
            now = self._clock()
            self._keys = {k: v for k, v in self._keys.items() if now < v[1] + KEPT_S}
            if kid not in self._keys and now >= self._next_at:
                self._next_at = now + PAUSE_S
                found = self._published(kid, self._fetch)
                self._keys |= {k: (key, now) for k, key in found.items()}
            if kid not in self._keys:
                raise AssertionRefusedError("its key is not one that the vendor names")
            return self._keys[kid][0]


def load_balancer(region: str) -> Published:
    """Keys of AWS's load balancers in a commercial region: one PEM file per key."""

    def published(kid: str, fetch: Fetch) -> Mapping[str, Key]:
        pem = fetch(f"https://public-keys.auth.elb.{region}.amazonaws.com/{kid}")
        try:
            key = load_pem_public_key(pem)
        except ValueError:
            raise AssertionRefusedError("the vendor's key cannot be read") from None
        if not isinstance(key, EllipticCurvePublicKey):
            raise AssertionRefusedError("the vendor's key is of another kind")
        return {kid: key}

    return published


def key_set(address: str) -> Published:
    """Keys of a JSON Web Key Set (RFC 7517)."""

    def published(kid: str, fetch: Fetch) -> Mapping[str, Key]:  # noqa: ARG001 -- all at once
        return read_key_set(fetch(address))

    return published


def read_key_set(content: bytes) -> Mapping[str, Key]:
    """The keys of a set that this console can use, by id. Raises
    `AssertionRefusedError` for what is not a set."""
    try:
        listed = msgspec.json.decode(content, type=dict[str, list[dict[str, Any]]])
        return {one["kid"]: _key(one) for one in listed["keys"] if _is_usable(one)}
    except (ValueError, KeyError, TypeError, binascii.Error):
        raise AssertionRefusedError("the vendor's keys cannot be read") from None


def fetched(address: str) -> bytes:
    """The body at an address."""
    request = Request(address, {}, method="GET", timeout_s=5.0)
    try:
        answer = once(request, Connection(), most_bytes=_MOST_BYTES)
    except NoAnswerError:
        raise AssertionRefusedError("the vendor's keys cannot be fetched") from None
    if answer.status != 200 or len(answer.body) > _MOST_BYTES:
        raise AssertionRefusedError("the vendor's keys cannot be fetched")
    return answer.body


def _is_usable(key: Mapping[str, Any]) -> bool:
    """Whether it verifies ES256 or RS256. Any: JSON."""
    is_ec = key.get("kty") == "EC" and key.get("crv") == "P-256"
    return "kid" in key and (is_ec or key.get("kty") == "RSA")


def _key(one: Mapping[str, Any]) -> Key:
    """A key of a set. Any: JSON."""
    if one["kty"] == "EC":
        x, y = _number(one["x"]), _number(one["y"])
        return EllipticCurvePublicNumbers(x, y, SECP256R1()).public_key()
    return RSAPublicNumbers(_number(one["e"]), _number(one["n"])).public_key()


def _number(encoded: str) -> int:
    padded = encoded + "=" * (-len(encoded) % 4)
    return int.from_bytes(base64.urlsafe_b64decode(padded), "big")
