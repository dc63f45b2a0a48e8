"""The text of documents that are not text: PDF and Office Open XML.

Reading is bounded in size, so a small file that unpacks to a large one is not read.
Pictures within a document, such as a scanned page, are not read either, and that is
told besides its text. PDFs need the extra `documents`; Office files are archives of
XML, which the standard library reads.
"""

import base64
import binascii
import io
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from xml.parsers import expat

_LARGEST = 64 << 20
"""Bytes that a document may unpack to. The clouds take 32 MB a request at most."""
_PAGES = 1000
"""Pages of a PDF; the Messages API takes 600 (platform.claude.com, "PDF support")."""
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


_PICTURES = "has pictures, which are not read"


class _TooLargeError(Exception):
    """A document unpacks to more than `_LARGEST`."""


def _pdf(data: bytes) -> Read:
    """The text of every page, its form fields, notes and title."""
    from pypdf import PdfReader
    from pypdf.errors import LimitReachedError

    try:
        document = PdfReader(io.BytesIO(data))
        if document.is_encrypted or len(document.pages) > _PAGES:
            raise ValueError("encrypted, or too many pages")
        parts = [page.extract_text() for page in document.pages]
        pictures = any(page.images.keys() for page in document.pages)
    except LimitReachedError:
        raise _TooLargeError from None
    named = {**(document.get_form_text_fields() or {}), **(document.metadata or {})}
    parts += [f"{name}={value}" for name, value in named.items()]
    return Read("\n".join(parts), _PICTURES if pictures else "")


def _office(data: bytes) -> Read:
    """The text of every part that is XML: the body, notes, headers, comments,
    sheets."""
    texts, size, pictures = [], 0, False
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            pictures = pictures or name.startswith(_MEDIA)
            if not name.endswith((".xml", ".rels")):
                continue
            with archive.open(name) as part:
                content = part.read(_LARGEST - size + 1)
            size += len(content)
            if size > _LARGEST:
                raise _TooLargeError
            texts.append(_text_of(content))
    return Read("\n".join(texts), _PICTURES if pictures else "")


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
    parser.EndElementHandler = lambda name: pieces.append(
        _ENDS.get(name.rpartition(":")[2], "")
    )
    parser.Parse(content, True)
    return "".join(pieces)


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
