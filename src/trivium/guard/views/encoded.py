"""Bytes written as text: base64 and hexadecimal.

A Kubernetes Secret, a basic-auth header and a data URL hold base64; keys are printed in
hexadecimal by dumps and debuggers.

Both patterns match only what stands for ASCII. In base64 the first bit of each of
three bytes is one certain bit of four characters; where it is 0, half of the alphabet
is left.
So identifiers and hashes are passed over, and a stretch is found wherever it begins.
"""

import base64
import re
from collections.abc import Iterator

from trivium.guard.views.view import Stretch, Writing, readable

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_URL_SAFE = str.maketrans("-_", "+/")


def _without_bit(bit: int) -> str:
    """A class of the characters whose six bits do not have it, of both alphabets."""
    kept = [char for code, char in enumerate(_ALPHABET) if not code & bit]
    kept += [{"+": "-", "/": "_"}[char] for char in kept if char in "+/"]
    return "[" + "".join(map(re.escape, kept)) + "]"


_FIRST, _SECOND, _THIRD = map(_without_bit, (0b100000, 0b001000, 0b000010))
BASE64_PATTERN = (
    rf"(?:{_FIRST}{_SECOND}{_THIRD}[A-Za-z0-9+/_-]){{3,}}+"
    rf"(?:{_FIRST}{_SECOND}{_THIRD}?+)?+={{0,2}}+"
)
"""Nine bytes or more: a social security number has as many."""
HEXADECIMAL_PATTERN = (
    r"(?:[2-7][0-9A-Fa-f]|0[9aAdD])"
    r"(?:(?:[2-7][0-9A-Fa-f]|0[9aAdD]){8,}+|(?:[:-](?:[2-7][0-9A-Fa-f]|0[9aAdD])){8,}+)"
)
_BASE64 = re.compile(BASE64_PATTERN)
_HEXADECIMAL = re.compile(HEXADECIMAL_PATTERN)


def from_base64(written: str) -> bytes:
    """The bytes behind base64 of either alphabet, with its padding or without. A last
    character that stands for fewer bits than a byte has is left out."""
    bare = written.rstrip("=").translate(_URL_SAFE)
    bare = bare[: len(bare) - (len(bare) % 4 == 1)]
    return base64.b64decode(bare + "=" * (-len(bare) % 4))


def _base64(token: str) -> Iterator[Stretch]:
    for found in _BASE64.finditer(token):
        text = readable(from_base64(found[0]))
        if text is not None:
            yield Stretch(found.start(), found.end(), text)


def _hexadecimal(token: str) -> Iterator[Stretch]:
    for found in _HEXADECIMAL.finditer(token):
        text = readable(bytes.fromhex(re.sub("[:-]", "", found[0])))
        if text is not None:
            yield Stretch(found.start(), found.end(), text)


BASE64 = Writing("base64", _base64)
HEXADECIMAL = Writing("hexadecimal", _hexadecimal)
