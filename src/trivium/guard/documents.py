"""The text of documents that are not text: PDF and Office Open XML.

Reading is bounded in size, so a small file that unpacks to a large one is not read.
Pictures within a document, such as a scanned page, are not read either, and that is
told besides its text. PDFs need the extra `documents`; Office files are archives of
XML, which the standard library reads.
"""

import base64
import binascii
import io
import logging
import re
import threading
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.parsers import expat

if TYPE_CHECKING:
    from pypdf import PageObject

_LARGEST = 64 << 20
"""Bytes that a document may unpack to. The clouds take 32 MB a request at most."""
_PAGES = 1000
"""Pages of a PDF; the Messages API takes 600 (platform.claude.com, "PDF support")."""
_OPERATORS = 1_000_000
"""Drawing operators of a PDF that are followed, about 15 µs each: a page of text has a
thousand. Pages and forms can share a content stream, so the size of the file does not
bound them."""
_DRAWN = 4000
"""Forms and pictures of a PDF that are followed. After 5000 forms pypdf skips the rest
without an error (6.x, `extract_text`), which would pass unread."""
_CONTENT = 16 << 20
"""Bytes of a PDF's page contents."""
_OFFICE = "application/vnd.openxmlformats-officedocument."


@dataclass(frozen=True, slots=True)
class Read:
    """What became of reading a document."""

    text: str
    """What was read of it."""
    unread: str = ""
    """What was not read, or why nothing was, in a few words; "" if all was."""


def read(media_type: str, data: str) -> Read:
    """The text of a document, given in base64. It never raises: what cannot be read is
    unread, and why is told without its content."""
    reader = _READERS.get(media_type)
    if reader is None:
        return Read("", "not read")
    try:
        return reader(base64.b64decode(data, validate=True))
    except ModuleNotFoundError:
        return Read("", "not read: install trivium[documents]")
    except _TooLargeError:
        return Read("", "not read: it unpacks to too much")
    except (binascii.Error, ValueError):
        return Read("", "not read: it is damaged or encrypted")
    except Exception as error:
        # pypdf and zipfile raise whatever a damaged file makes them raise.
        return Read("", f"not read: {type(error).__name__}")


_SKIPPED = "has parts that cannot be read"
_PICTURES = "has pictures, which are not read"


class _TooLargeError(Exception):
    """A document unpacks to more than `_LARGEST`, or draws more than `_OPERATORS`."""


def _pdf(data: bytes) -> Read:
    """The text of every page, its form fields, notes and title."""
    from pypdf import PdfReader
    from pypdf.errors import LimitReachedError

    try:
        with _silenced():
            document = PdfReader(io.BytesIO(data))
            if document.is_encrypted or len(document.pages) > _PAGES:
                raise ValueError("encrypted, or too many pages")
            _require_bounded(document.pages)
        with _silenced() as skipped:
            followed = _counting(_OPERATORS, _DRAWN)
            parts = [
                page.extract_text(visitor_operand_before=followed)
                for page in document.pages
            ]
        with _silenced():
            pictures = any(page.images.keys() for page in document.pages)
            fields = document.get_form_text_fields() or {}
            named = {**fields, **(document.metadata or {})}
    except LimitReachedError:
        raise _TooLargeError from None
    parts += [f"{name}={value}" for name, value in named.items()]
    unread = [_SKIPPED] * skipped.any + [_PICTURES] * pictures
    return Read("\n".join(parts), "; ".join(unread))


class _Heard(logging.Handler):
    """Whether pypdf logged a problem in the thread that made it."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._thread = threading.get_ident()
        self.any = False

    def emit(self, record: logging.LogRecord) -> None:
        self.any = self.any or record.thread == self._thread


@contextmanager
def _silenced() -> Iterator[_Heard]:
    """Keep what pypdf logs from every other handler: it quotes the document. It also
    logs, instead of raising, that it skips a part; the yielded handler notes that."""
    logger, heard = logging.getLogger("pypdf"), _Heard()
    with _SILENCING:
        _silent.append(logger.propagate)
        logger.propagate = False
        logger.addHandler(heard)
    try:
        yield heard
    finally:
        with _SILENCING:
            logger.removeHandler(heard)
            before = _silent.pop()
            if not _silent:
                logger.propagate = before


_SILENCING = threading.Lock()
_silent: list[bool] = []
"""One entry for each silence that lasts; the first says how it was before all."""


def _require_bounded(pages: "Iterable[PageObject]") -> None:
    """Raise `_TooLargeError` if the contents of the pages are too long together."""
    size = 0
    for page in pages:
        contents = page.get_contents()
        size += len(contents.get_data()) if contents is not None else 0
        if size > _CONTENT:
            raise _TooLargeError


def _counting(operators: int, drawn: int) -> Callable[..., None]:
    """A visitor of operators that raises `_TooLargeError` after so many, or after so
    many that draw a form or a picture."""
    left, undrawn = iter(range(operators)), iter(range(drawn))

    def visit(operator: bytes, *_operands: object) -> None:
        none_left = next(left, None) is None
        if none_left or (operator == b"Do" and next(undrawn, None) is None):
            raise _TooLargeError

    return visit


def _office(data: bytes) -> Read:
    """The text of every part that is XML: the body, notes, headers, comments,
    sheets."""
    texts, size, unread = [], 0, set()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            if name.startswith(_MEDIA):
                unread.add(_PICTURES)
            if not name.endswith((".xml", ".rels")):
                if not _WORDLESS.search(name) and _PICTURES not in unread:
                    unread.add(_SKIPPED)
                continue
            with archive.open(name) as part:
                content = part.read(_LARGEST - size + 1)
            size += len(content)
            if size > _LARGEST:
                raise _TooLargeError
            texts.append(_text_of(content))
    return Read("\n".join(texts), "; ".join(sorted(unread)))


_WORDLESS = re.compile(
    r"/$|^docProps/thumbnail\.|\.odttf$|/printerSettings\d*\.bin$|^\[trash\]/"
)
"""Parts of an Office file that no reader shows as its content. Others hold text that is
not XML, such as a page that is embedded as HTML."""
_MEDIA = tuple(
    f"{of}/{folder}/"
    for of in ("word", "xl", "ppt")
    for folder in ("media", "embeddings")
)


def _text_of(content: bytes) -> str:
    """The character data of an XML part, paragraphs on lines of their own. Entities of
    its own are refused: they can unpack without end."""
    pieces: list[str] = []
    parser = expat.ParserCreate()
    parser.EntityDeclHandler = _no_entities
    parser.CharacterDataHandler = pieces.append
    parser.StartElementHandler = lambda _name, attributes: pieces.extend(
        f" {value} " for name, value in attributes.items() if name in _SHOWN
    )
    parser.EndElementHandler = lambda name: pieces.append(
        _ENDS.get(name.rpartition(":")[2], "")
    )
    parser.Parse(content, True)
    return "".join(pieces)


_SHOWN = frozenset({"Target", "alt", "descr", "title", "tooltip"})
"""Attributes that hold words: addresses of links and descriptions of pictures."""
_ENDS: Mapping[str, str] = {"p": "\n", "c": "\t", "si": "\n", "row": "\n", "br": "\n"}
"""What the end of an element stands for: a paragraph, a cell, a shared string."""


def _no_entities(*_declaration: object) -> None:
    raise ValueError("an entity of its own")


_READERS: Mapping[str, Callable[[bytes], Read]] = {
    "application/pdf": _pdf,
    f"{_OFFICE}wordprocessingml.document": _office,
    f"{_OFFICE}spreadsheetml.sheet": _office,
    f"{_OFFICE}presentationml.presentation": _office,
}
