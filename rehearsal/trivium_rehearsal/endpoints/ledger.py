"""What arrived and what became of it, per cloud: the endpoints' own testimony.

A test proves that a secret never left by asking here. So every byte that arrives is
kept (in memory, for as long as the process lives or until a reset), also of requests
that were refused, cut off or unreadable; and none of it is ever printed: only counts go
out. When the memory set aside is full, the ledger says `complete: false` instead of
forgetting quietly.
"""

import base64
import binascii
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from trivium_rehearsal.endpoints.configuration import CLOUDS, Cloud

_CAPACITY_BYTES = 256 * 1024 * 1024
"""Several hundred requests of the largest size; ordinary rehearsals use a few
megabytes."""


class Account:
    """One cloud's traffic. Implements the server's `Traffic`."""

    def __init__(self, capacity_bytes: int = _CAPACITY_BYTES) -> None:
        self._capacity_bytes = capacity_bytes
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self._kept: dict[int, bytearray] = {}
        self._next = 1
        self._size = 0
        self.complete = True
        self.requests = 0
        self.outcomes: Counter[str] = Counter()
        self.answered = 0
        self.bytes_in = 0
        self.bytes_out = 0

    def opened(self, head: bytes) -> int:
        """A request's head arrived; returns a number for it."""
        self.requests += 1
        number, self._next = self._next, self._next + 1
        self._keep(number, head + b"\r\n\r\n")
        return number

    def received(self, number: int, data: bytes) -> None:
        """More of that request's body arrived."""
        self._keep(number, data)

    def unreadable(self, data: bytes) -> None:
        """Bytes arrived that are not HTTP."""
        self.outcome("unreadable")
        self._keep(self.opened(b"(unreadable)"), data)

    def sent(self, size: int) -> None:
        """Bytes were written."""
        self.bytes_out += size

    def outcome(self, name: str) -> None:
        """What became of a request: `answered`, `refused:<type>`, `fault:<kind>`,
        `failed` (the source, on the way), `left` (the caller did), `crashed` (we
        did)."""
        self.outcomes[name] += 1
        if name == "answered":
            self.answered += 1

    def containing(self, text: str) -> int:
        """How many requests contain the text: raw, in any JSON string, or inside a
        base64 string of the JSON."""
        return sum(1 for data in self._kept.values() if _contains(bytes(data), text))

    def summary(self) -> dict[str, Any]:
        """The counters, as JSON."""
        return {
            "requests": self.requests,
            "answered": self.answered,
            "outcomes": dict(sorted(self.outcomes.items())),
            "bytes_in": self.bytes_in,
            "bytes_out": self.bytes_out,
            "complete": self.complete,
        }

    def _keep(self, number: int, data: bytes) -> None:
        self.bytes_in += len(data)
        if self._size + len(data) > self._capacity_bytes:
            self.complete = False
            return
        self._size += len(data)
        self._kept.setdefault(number, bytearray()).extend(data)


class Ledger:
    """The three accounts."""

    def __init__(self) -> None:
        self.accounts: dict[Cloud, Account] = {cloud: Account() for cloud in CLOUDS}

    def reset(self) -> None:
        for account in self.accounts.values():
            account.reset()

    def summary(self) -> dict[str, Any]:
        return {cloud: account.summary() for cloud, account in self.accounts.items()}

    def containing(self, text: str) -> dict[str, Any]:
        """Per cloud, how many requests contain the text and whether every byte was kept
        to look through."""
        return {
            cloud: {"requests": account.containing(text), "complete": account.complete}
            for cloud, account in self.accounts.items()
        }


def _contains(data: bytes, text: str) -> bool:
    wanted = text.encode()
    if wanted in data:
        return True
    body = data.partition(b"\r\n\r\n")[2]
    try:
        document = json.loads(body)
    except ValueError:
        return False
    return any(
        text in string or wanted in _decoded(string) for string in _strings(document)
    )


def _strings(value: Any) -> Iterator[str]:  # any JSON value
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, member in value.items():
            yield key
            yield from _strings(member)
    elif isinstance(value, list):
        for member in value:
            yield from _strings(member)


def _decoded(string: str) -> bytes:
    try:
        return base64.b64decode(string, validate=True)
    except (binascii.Error, ValueError):
        return b""
