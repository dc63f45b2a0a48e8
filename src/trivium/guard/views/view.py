"""What a view is: one way of writing a text so that it does not look like itself.

A view reads a *token*, a run of characters without white space, and says which
stretches of it are written in its way, and what they mean. It decides nothing:
detectors judge what it reads as they judge any text.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a token, and what it means."""

    start: int
    end: int
    """Exclusive."""
    text: str
    """What it means."""


@dataclass(frozen=True, slots=True)
class Writing:
    """One way of writing."""

    name: str
    """As findings name it: `base64`."""
    stretches: Callable[[str], Iterator[Stretch]]
    """The parts of a token that are written so, in order. Cheap where there are
    none."""


def readable(data: bytes) -> str | None:
    """The bytes as ASCII text, in one byte or in UTF-16; None unless three in four are
    printable, as a key or a number is wholly."""
    if data.count(0) * 2 >= len(data) - 1:
        data = data.replace(b"\0", b"")
    text = data.decode("ascii", "replace")
    printable = sum(" " <= char <= "~" or char in "\t\r\n" for char in text)
    return text if printable * 4 >= len(text) * 3 else None
