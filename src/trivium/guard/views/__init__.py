"""A text as it reads after what is encoded or disguised in it was undone.

    for reading in readings(text, longest=4096): ...

Each token, a run without white space, is read through every view; what that gives is
read once more, so base64 within a percent-encoded address is found. Detectors judge
each reading by itself, and a finding covers the whole stretch that was read.

The laws of this folder:
- Whether a stretch is read depends on its token alone. So a stream that holds back its
  last token is judged as the whole is.
- The work is linear in the text: each view reads each character of a token at most
  once, and what it reads is read once more.

What is spread over white space, such as base64 in lines or the columns of a dump, is
read in requests alone, which are there as a whole (`spread`).

Not undone: encodings that need a key or a guess (ROT13, Morse, spelling out), and
compressed data.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from trivium.guard.views.disguised import LOOK_ALIKES, TAGS
from trivium.guard.views.encoded import (
    BASE64,
    BASE64_PATTERN,
    HEXADECIMAL,
    HEXADECIMAL_PATTERN,
)
from trivium.guard.views.escaped import (
    ENTITIES,
    ESCAPES,
    PERCENT,
    QUOTED,
    QUOTED_PATTERN,
)
from trivium.guard.views.marked import MARKED
from trivium.guard.views.spread import SPREAD
from trivium.guard.views.view import Stretch, Writing

__all__ = [
    "LONGEST",
    "LONGEST_ASKED",
    "SHORTEST",
    "VIEWS",
    "Reading",
    "readings",
    "spread",
]

VIEWS: Final[tuple[Writing, ...]] = (
    BASE64,
    HEXADECIMAL,
    PERCENT,
    QUOTED,
    ENTITIES,
    ESCAPES,
    LOOK_ALIKES,
    TAGS,
    MARKED,
)
"""Every view, in the order in which they are tried."""

SHORTEST: Final = 11
"""Characters of a token below which nothing can be hidden in it: a social security
number with its hyphens."""
LONGEST: Final = 4096
"""Characters of a token of a reply that are held back and read: as many as a key in PEM
takes. A longer token is not read."""
LONGEST_ASKED: Final = 1 << 20
"""The same of a request, which is there as a whole."""
_DEPTH: Final = 2
_ODD: Final = re.compile(rf"[%&\\<*`~]|{QUOTED_PATTERN}")
_BASE64: Final = re.compile(BASE64_PATTERN)
_HEXADECIMAL: Final = re.compile(HEXADECIMAL_PATTERN)
_TOKENS: Final = re.compile(rf"\S{{{SHORTEST},}}+")


@dataclass(frozen=True, slots=True)
class Reading:
    """A stretch of a text, and what it means."""

    token: int
    """Where its token begins in the text, in code points."""
    start: int
    """Where the stretch begins."""
    end: int
    """Exclusive."""
    text: str
    """What it means."""
    through: str
    """The views that it was read through, outermost first: `percent, base64`."""


def readings(text: str, *, longest: int = LONGEST) -> Iterator[Reading]:
    """What is written in the text in another way. A token of more than `longest`
    characters is not read."""
    if not any(map(_may_carry, text.split())):  # the usual answer, without places
        return
    for token in _TOKENS.finditer(text):
        begin = token.start()
        if token.end() - begin > longest or not _may_carry(token[0]):
            continue
        for stretch, through in _read(token[0], _DEPTH):
            start, end = begin + stretch.start, begin + stretch.end
            yield Reading(begin, start, end, stretch.text, through)


def spread(text: str) -> Iterator[Reading]:
    """What is written in base64 or hexadecimal over several lines or columns."""
    for view in SPREAD:
        for stretch in view.stretches(text):
            start, end = stretch.start, stretch.end
            yield Reading(start, start, end, stretch.text, view.name)


def _may_carry(token: str) -> bool:
    """Whether any view could read it: quick, and never wrongly no."""
    return len(token) >= SHORTEST and bool(
        not token.isascii()
        or _ODD.search(token)
        or _BASE64.search(token)
        or _HEXADECIMAL.search(token)
    )


def _read(token: str, depth: int) -> Iterator[tuple[Stretch, str]]:
    """The stretches of a token through each view, and what is written within them."""
    for view in VIEWS:
        for stretch in view.stretches(token):
            yield stretch, view.name
            if depth > 1:
                for inner in _TOKENS.finditer(stretch.text):
                    if not _may_carry(inner[0]):
                        continue
                    for deeper, through in _read(inner[0], depth - 1):
                        whole = Stretch(stretch.start, stretch.end, deeper.text)
                        yield whole, f"{view.name}, {through}"
