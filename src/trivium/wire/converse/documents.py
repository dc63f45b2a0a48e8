"""Names of documents, as Converse takes them.

Converse requires a name, each only once, of letters and digits of ASCII, hyphens,
parentheses, square brackets and single spaces (API reference, DocumentBlock). A title
that is none becomes one, and the caller is told.
"""

import re
import unicodedata
from collections.abc import Iterator

from trivium.wire.converse.plain import Plain

_FORBIDDEN = re.compile(r"[^A-Za-z0-9()\[\]\s-]+")
_SPACES = re.compile(r"\s+")
_LONGEST = 200
"""Characters of a name (service model, DocumentBlockNameString)."""


def name_documents(turns: list[Plain]) -> tuple[str, ...]:
    """Give each document of the turns a name; returns a sentence for each title that
    could not be one.

    A document without a title gets a neutral name, because names are open to injection,
    says the API reference.
    """
    changed = []
    used: set[str] = set()
    for number, document in enumerate(_documents(turns), start=1):
        title = document["name"]
        name = _unique(_carried(title) or f"document {number}", used)
        used.add(name)
        document["name"] = name
        if title and name != title:
            changed.append(
                f"Document {number} is named `{name}`, because Converse cannot carry its"
                " title."
            )
    return tuple(changed)


def _documents(turns: list[Plain]) -> Iterator[Plain]:
    """Every document, in order."""
    for turn in turns:
        for part in turn["content"]:
            if "document" in part:
                yield part["document"]


def _carried(title: str) -> str:
    """What of a title Converse can carry: `report.pdf` becomes `report-pdf`."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    if title and not plain.strip():
        return ""
    return _SPACES.sub(" ", _FORBIDDEN.sub("-", plain)).strip(" -")[:_LONGEST].rstrip()


def _unique(name: str, used: set[str]) -> str:
    """The name, numbered where another document has it."""
    if name not in used:
        return name
    for number in range(2, len(used) + 2):
        end = f" ({number})"
        numbered = name[: _LONGEST - len(end)].rstrip() + end
        if numbered not in used:
            return numbered
    raise AssertionError("unreachable: there are more numbers than names")
