"""Characters written by their number or name: percent signs, entities, escapes, and
the equals signs of mail.

The whole token is read, because the characters between are a part of what it means.
"""

import html
import quopri
import re
from collections.abc import Iterator
from urllib.parse import unquote

from trivium.guard.views.view import Stretch, Writing

_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z]{2,8});")
_ESCAPE = re.compile(
    r"\\(?:u\{([0-9A-Fa-f]{1,6})\}|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})"
    r"|x([0-9A-Fa-f]{2}))"
)
_LAST_CHARACTER = 0x10FFFF

QUOTED_PATTERN = r"=(?:3D|[0-9A-F]{2}=[0-9A-F]{2}=)"
"""An equals sign, which encoders always write so, or several characters in a row: one
alone, as in `id=42`, is everyday text."""
_QUOTED = re.compile(QUOTED_PATTERN)


def _quoted(token: str) -> Iterator[Stretch]:
    if _QUOTED.search(token):
        data = quopri.decodestring(token.encode())
        yield Stretch(0, len(token), data.decode(errors="replace"))


def _percent(token: str) -> Iterator[Stretch]:
    if _PERCENT.search(token):
        yield Stretch(0, len(token), unquote(token, errors="replace"))


def _entities(token: str) -> Iterator[Stretch]:
    if _ENTITY.search(token):
        yield Stretch(0, len(token), html.unescape(token))


def _escapes(token: str) -> Iterator[Stretch]:
    if _ESCAPE.search(token):
        yield Stretch(0, len(token), _ESCAPE.sub(_character, token))


def _character(found: re.Match[str]) -> str:
    code = int(next(filter(None, found.groups())), 16)
    return chr(code) if code <= _LAST_CHARACTER else found[0]


QUOTED = Writing("quoted-printable", _quoted)
PERCENT = Writing("percent", _percent)
ENTITIES = Writing("entities", _entities)
ESCAPES = Writing("escapes", _escapes)
