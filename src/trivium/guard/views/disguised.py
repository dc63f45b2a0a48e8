"""Characters that look like others, or like nothing.

A person who reads a key sees it, whatever the alphabets of its letters; a model reads
Unicode's tag characters, which no screen shows.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from trivium.guard.views.view import Stretch, Writing

_TAGS = re.compile("[\U000e0020-\U000e007e]{9,}+")
_TAG_OFFSET = 0xE0000
_MIXED = re.compile(
    r"(?=.*\d)(?:.*?[A-Za-z0-9][^\x00-\x7f]|.*?[^\x00-\x7f][A-Za-z0-9])"
)
"""Latin beside another script or a mark within one token, and a digit, which every key
has: words are passed over."""
_LOOK_ALIKES = dict(
    zip(
        "АВСЕНІЈКМОРЅТУХасеіјорѕухԁԛԝһӏΑΒΕΖΗΙΚΜΝΟΡΤΥΧονɡɩ",  # noqa: RUF001
        "ABCEHIJKMOPSTYXaceijopsyxdqwhlABEZHIKMNOPTYXovgi",
        strict=True,
    )
)
"""Letters of Cyrillic, Greek and the phonetic alphabet that print as a Latin one
(Unicode Technical Standard 39, confusables, those with one Latin prototype)."""


def _tags(token: str) -> Iterator[Stretch]:
    for found in _TAGS.finditer(token):
        text = "".join(chr(ord(char) - _TAG_OFFSET) for char in found[0])
        yield Stretch(found.start(), found.end(), text)


def _look_alikes(token: str) -> Iterator[Stretch]:
    if _MIXED.match(token):
        text = "".join(map(_plain, token))
        if text != token:
            yield Stretch(0, len(token), text)


@lru_cache(maxsize=4096)
def _plain(char: str) -> str:
    """The Latin letter that a character prints as, without its marks."""
    if char.isascii():
        return char
    if char in _LOOK_ALIKES:
        return _LOOK_ALIKES[char]
    if unicodedata.category(char) in ("Mn", "Me"):
        return ""
    base = unicodedata.normalize("NFKD", char)
    marks = base[1:]
    accented = base[0].isascii() and all(map(unicodedata.combining, marks))
    return base[0] if accented else char


TAGS = Writing("tags", _tags)
LOOK_ALIKES = Writing("look-alikes", _look_alikes)
