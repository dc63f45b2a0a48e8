"""What is sent, and what comes back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Request:
    """One request."""

    url: str
    headers: Mapping[str, str]
    body: bytes = field(default=b"", repr=False)
    method: Literal["GET", "POST", "PUT"] = "POST"
    timeout_s: float = 60.0
    """From sending to the last byte of the answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers (lower-case names) and body; the body is empty while it
    streams."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(default=b"", repr=False)
