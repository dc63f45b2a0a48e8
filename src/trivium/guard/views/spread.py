"""Bytes written as text over white space: base64 in lines, and dumps in columns.

`base64` and mail break lines after 76 characters, PEM after 64; debuggers and `xxd`
print hexadecimal in columns. A view of tokens reads each line by itself, and a key that
a line break cuts is found in none of them.

Each pattern begins where a line or a column begins, and takes every character once.
"""

import re
from collections.abc import Iterator
from typing import Final

from trivium.guard.views.encoded import from_base64
from trivium.guard.views.view import Stretch, Writing, readable

_SHORTEST_LINE: Final = 40
_LINE = rf"[A-Za-z0-9+/_-]{{{_SHORTEST_LINE},}}+"
_LINES = re.compile(
    rf"(?<![A-Za-z0-9+/_=-]){_LINE}(?:\r?\n[ \t]*+{_LINE})*+"
    r"(?:\r?\n[ \t]*+[A-Za-z0-9+/_-]++)?+={0,2}"
)
"""Lines of base64 as encoders break them; the last may be shorter."""
_COLUMN = r"(?:0x)?(?:[2-7][0-9A-Fa-f]|0[9aAdD]){1,2}"
_COLUMNS = re.compile(
    rf"(?<![0-9A-Za-z]){_COLUMN}(?:(?:,?[ \t]{{1,2}}+|,){_COLUMN}(?![0-9A-Za-z])){{3,}}+"
)
"""Bytes, or pairs of bytes, between blanks or commas, which stand for ASCII."""
_QUICK_COLUMNS = re.compile(
    r"[02-7](?<![0-9A-Za-z].)(?:x[2-7])?[0-9A-Fa-f]{1,3}[, \t]{1,3}[02-7][0-9A-Fa-fx]"
)
"""Two columns, in a form that is searched for quickly."""
_WHITE = re.compile(r"\s+")
_HEX_DIGITS = re.compile(r"0x|[^0-9A-Fa-f]")


def _lines(text: str) -> Iterator[Stretch]:
    if not any(map(_ends_long, text.split("\n")[:-1])):
        return
    for found in _LINES.finditer(text):
        if "\n" not in found[0]:
            continue
        meant = readable(from_base64(_WHITE.sub("", found[0])))
        if meant is not None:
            yield Stretch(found.start(), found.end(), meant)


def _ends_long(line: str) -> bool:
    """Whether a line ends in a word that is as long as a line of base64: quick."""
    if len(line) < _SHORTEST_LINE:
        return False
    words = line.rsplit(None, 1)
    return bool(words) and len(words[-1]) >= _SHORTEST_LINE


def _columns(text: str) -> Iterator[Stretch]:
    if not _QUICK_COLUMNS.search(text):
        return
    for found in _COLUMNS.finditer(text):
        meant = readable(bytes.fromhex(_HEX_DIGITS.sub("", found[0])))
        if meant is not None:
            yield Stretch(found.start(), found.end(), meant)


SPREAD: Final = (
    Writing("base64 in lines", _lines),
    Writing("hexadecimal in columns", _columns),
)
"""Every view of this kind."""
