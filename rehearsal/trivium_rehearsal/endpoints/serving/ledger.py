"""What arrived at each endpoint and what became of it.

A test proves here that a secret never left the client. So every byte that arrives is
kept in memory until a reset or the end of the process, also of requests that were
refused, cut off or unreadable. None of it is ever given out: the ledger answers with
counts only. When its memory is full, it says `complete: false` instead of forgetting
silently.
"""

import base64
import binascii
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

_CAPACITY_BYTES = 256 * 1024 * 1024
"""Room for several hundred requests of the largest size. An ordinary rehearsal uses a
few megabytes."""


class Account:
    """The traffic of one endpoint. Implements the server's `Traffic`."""

    def __init__(self, capacity_bytes: int = _CAPACITY_BYTES) -> None:
        self._capacity_bytes = capacity_bytes
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self._kept: dict[int, bytearray] = {}
        self._next = 1
        self._size = 0
        self.complete = True
        """Whether every byte was kept."""
        self.requests = 0
        self.outcomes: Counter[str] = Counter()
        self.answered = 0
        self.bytes_in = 0
        self.bytes_out = 0

    def opened(self, head: bytes) -> int:
        """Note a request's head; returns a number for the request."""
        self.requests += 1
        number, self._next = self._next, self._next + 1
        self._keep(number, head + b"\r\n\r\n")
        return number

    def received(self, number: int, data: bytes) -> None:
        """Note more of that request's body."""
        self._keep(number, data)

    def unreadable(self, data: bytes) -> None:
        """Note bytes that are not HTTP."""
        self.outcome("unreadable")
        self._keep(self.opened(b"(unreadable)"), data)

    def sent(self, size: int) -> None:
        """Note that bytes were written."""
        self.bytes_out += size

    def outcome(self, name: str) -> None:
        """Count what became of a request.

        `answered`, `refused:<type>`, `fault:<kind>`, `unreadable`, `failed` (no more
        to send in the middle of an answer), `left` (the caller did) or `crashed` (the
        endpoint did).
        """
        self.outcomes[name] += 1
        if name == "answered":
            self.answered += 1

    def containing(self, text: str) -> int:
        """How many requests contain the text: as it is, in any JSON string, or inside
        a base64 string of the JSON."""
        return sum(1 for data in self._kept.values() if _contains(bytes(data), text))

    def summary(self) -> dict[str, Any]:  # JSON
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
        """Count the bytes and keep them, while there is room."""
        self.bytes_in += len(data)
        if self._size + len(data) > self._capacity_bytes:
            self.complete = False
            return

        self._size += len(data)
        self._kept.setdefault(number, bytearray()).extend(data)


class Ledger:
    """One account for each endpoint."""

    def __init__(self, endpoints: Iterable[str]) -> None:
        self.accounts = {endpoint: Account() for endpoint in endpoints}

    def reset(self) -> None:
        """Forget everything."""
        for account in self.accounts.values():
            account.reset()

    def summary(self) -> dict[str, Any]:  # JSON
        """The counters of each endpoint, as JSON."""
        return {name: account.summary() for name, account in self.accounts.items()}

    def containing(self, text: str) -> dict[str, Any]:  # JSON
        """For each endpoint: how many requests contain the text, and whether every byte
        was kept."""
        return {
            name: {"requests": account.containing(text), "complete": account.complete}
            for name, account in self.accounts.items()
        }


def _contains(data: bytes, text: str) -> bool:
    """Whether a request, head and body, contains the text in any form."""
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
    """Every string in a JSON value, keys included."""
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
    """The bytes of a base64 string; empty if it is not base64."""
    try:
        return base64.b64decode(string, validate=True)
    except (binascii.Error, ValueError):
        return b""
