"""A text as detectors read it: simple disguises removed, every position mapped back to
the original.

Three readings of one text, each made when first asked for:
- `plain`: compatibility forms of ASCII characters (full-width, mathematical, circled;
  every script's decimal digits), dashes and spaces become the ASCII character;
  characters that show nothing (control characters, zero-width, soft hyphen,
  bidirectional marks, variation selectors, tags) vanish; any other character counts as
  `?`, which belongs to no format. So it is ASCII, whatever the text is.
- `lower`: `plain` in lower case.
- `squeezed`: `plain` without white space, for keys that were split by spaces or line
  breaks.

Look-alikes from other scripts and encodings are undone apart, token by token
(`trivium.guard.views`).
"""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Generic, NamedTuple, TypeVar

BREAK = "\x00"
"""Stands between texts that are scanned together. No detector's pattern contains it, so
no match spans two texts."""
_UNSHOWN = "\x01"
"""Stands for a BREAK inside a text: a control character that vanishes like the
others."""

WHITE = " \t\n\r\x0b\x0c\x1c\x1d\x1e\x1f"
"""What `str.split` treats as white space within ASCII; `plain` has mapped every other
space to one of these."""

_WHITE_BYTES = WHITE.encode()
_CONTROLS = bytes((*range(0x01, 0x09), *range(0x0E, 0x1C), 0x7F))
"""What shows nothing within ASCII and is not white space. BREAK is not among them: see
`without_breaks`."""
_FOLDABLE = re.compile("[^\x00\t-\r\x1c-~]")
"""Those, and everything beyond ASCII."""
_BLANK_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Letters, marks and symbols that show nothing: grapheme joiner, Hangul fillers, Khmer
inherent vowels (Unicode 15, DICP), and the Braille pattern without dots."""
_DIGIT_CLASSES = bytes(0x30 if 0x30 <= code <= 0x39 else 0x78 for code in range(256))
_SHAPES = (
    bytes(
        0x30 if chr(c).isdigit() else 0x61 if chr(c).isalpha() else 0x78
        for c in range(128)
    )
    + b"x" * 128
)
_DIGIT_SEPARATORS = b" \t\n\r-./()+,_"


class Span(NamedTuple):
    """Where something was found: `start` inclusive, `end` exclusive, in code points."""

    start: int
    end: int


T = TypeVar("T")


class _once(Generic[T]):  # noqa: N801 -- reads as a decorator
    """`functools.cached_property` without the lock that it has before Python 3.12,
    which costs more than most readings of a short text."""

    def __init__(self, make: Callable[[Any], T]) -> None:  # Any: the instance, a `View`
        self._make = make
        self.__doc__ = make.__doc__

    def __get__(self, instance: Any, owner: type) -> T:
        value = instance.__dict__[self._make.__name__] = self._make(instance)
        return value


class View:
    """The readings of one text."""

    def __init__(self, original: str) -> None:
        self.original = original
        self._origin: list[int] | None = (
            None  # position in `plain` → position in `original`; None: the same
        )
        self.plain = original if is_plain(original) else self._folded(original)

    def _folded(self, original: str) -> str:
        """The text in ASCII, position by position."""
        folds = {ord(char): fold(char) for char in set(_FOLDABLE.findall(original))}
        table = {code: folded for code, folded in folds.items() if folded != chr(code)}
        if "" in table.values():
            gone = frozenset(chr(code) for code, folded in table.items() if not folded)
            self._origin = [
                position for position, char in enumerate(original) if char not in gone
            ]
        folded = original.translate(table) if table else original
        return folded.encode("ascii", "replace").decode()

    def to_original(self, span: Span) -> Span:
        """A span of `plain` as the span of the original that covers it, invisible
        characters inside included."""
        if self._origin is None:
            return span
        return Span(self._origin[span.start], self._origin[span.end - 1] + 1)

    def original_position(self, position: int) -> int:
        """A position of `plain` in the original; its end is the original's end."""
        if position >= len(self.plain):
            return len(self.original)
        return position if self._origin is None else self._origin[position]

    @_once
    def lower(self) -> str:
        """`plain` in lower case."""
        return self.plain.lower()

    @_once
    def squeezed(self) -> str:
        """`plain` without white space."""
        return self.plain.encode().translate(None, _WHITE_BYTES).decode()

    @_once
    def squeezed_origin(self) -> list[int]:
        """Position in `squeezed` → position in `plain`."""
        return [
            position for position, char in enumerate(self.plain) if not char.isspace()
        ]

    @_once
    def digit_runs(self) -> bytes:
        """Digits as `0`, separators gone, everything else as `x`: tells at once whether
        long numbers exist at all."""
        return self.plain.encode().translate(_DIGIT_CLASSES, _DIGIT_SEPARATORS)

    @_once
    def shape(self) -> bytes:
        """`x`, then `plain` with letters as `a`, digits as `0` and everything else as
        `x`, position by position."""
        return b"x" + self.plain.encode().translate(_SHAPES)


def without_breaks(text: str) -> str:
    """The text as it may stand beside others: a BREAK of its own would hide what it
    interrupts."""
    return text.replace(BREAK, _UNSHOWN) if BREAK in text else text


def is_plain(text: str) -> bool:
    """Whether the text is read as it stands."""
    return text.isascii() and len(text.encode().translate(None, _CONTROLS)) == len(text)


@lru_cache(maxsize=8192)
def fold(char: str) -> str:
    """What a control character or one beyond ASCII is read as: an ASCII character, ""
    when it shows nothing, or itself."""
    category = unicodedata.category(char)
    shows_nothing = (
        category == "Cf"
        or (category == "Cc" and not char.isspace())
        or char in _BLANK_LETTERS
    )
    if shows_nothing or unicodedata.name(char, "").startswith("VARIATION SELECTOR"):
        return ""
    if category == "Nd":
        return str(unicodedata.decimal(char))
    if (
        category == "Pd" or char == "\u2212"
    ):  # the minus sign is a mathematical symbol to Unicode
        return "-"
    if char.isspace():
        return "\n" if category in ("Zl", "Zp") else " "
    compatible = unicodedata.normalize("NFKC", char)
    return compatible if len(compatible) == 1 and compatible.isascii() else char
