"""Citations: Converse's shapes and the Messages API's.

A citation says which part of which document, web page or search result a text rests on.
Both APIs say the same in other words. Sources: the service model of Bedrock Runtime in
botocore 1.44 (Citation, CitationLocation), and the types of Anthropic's SDK 2.12
(CitationCharLocation and its siblings).
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from trivium.errors import ProtocolError, RequestError
from trivium.vocabulary.messages import Json
from trivium.wire.converse.plain import Plain, present

_RANGES: Mapping[str, tuple[str, str, str]] = {
    "documentChar": ("char_location", "start_char_index", "end_char_index"),
    "documentPage": ("page_location", "start_page_number", "end_page_number"),
    "documentChunk": (
        "content_block_location",
        "start_block_index",
        "end_block_index",
    ),
}
"""Converse's location → the other API's type, and its names of start and end."""
_BY_TYPE = {each[0]: (theirs, *each[1:]) for theirs, each in _RANGES.items()}


class _Cited(msgspec.Struct, frozen=True):
    """A piece of what was cited."""

    text: str


class _Citation(msgspec.Struct, frozen=True, rename="camel"):
    """A citation of a reply."""

    title: str | None = None
    source: str = ""
    source_content: list[_Cited] = []
    location: dict[str, dict[str, Any] | None] = {}  # Any: numbers, or an address


def received(plain: Plain) -> Json:
    """A citation of a reply in the Messages API's shape.

    Raises `ValueError` for one that cannot be read, and `ProtocolError` for a location
    that is not known: it can neither be judged nor left out.
    """
    citation = msgspec.convert(plain, _Citation)
    cited, title = (
        "".join(each.text for each in citation.source_content),
        citation.title,
    )
    given = ((kind, where) for kind, where in citation.location.items() if where)
    kind, where = next(given, ("", {}))
    if kind in _RANGES:
        type_, start, end = _RANGES[kind]
        return {
            "type": type_,
            "cited_text": cited,
            "document_index": where.get("documentIndex", 0),
            "document_title": title,
            start: where.get("start", 0),
            end: where.get("end", 0),
        }
    if kind == "searchResultLocation":
        return {
            "type": "search_result_location",
            "cited_text": cited,
            "search_result_index": where.get("searchResultIndex", 0),
            "source": citation.source,
            "start_block_index": where.get("start", 0),
            "end_block_index": where.get("end", 0),
            "title": title,
        }
    if kind == "web":
        return {
            "type": "web_search_result_location",
            "cited_text": cited,
            "title": title,
            "url": where.get("url", ""),
        }
    raise ProtocolError(
        "A citation of the reply has a location that this release does not know, so it"
        " is not an answer."
    )


def sent(citation: Json) -> Plain:
    """A citation of a turn that is handed back. Raises `RequestError` for one that
    Converse cannot carry."""
    kind = citation.get("type")
    cited = [{"text": str(citation.get("cited_text", ""))}]
    if kind in _BY_TYPE:
        theirs, start, end = _BY_TYPE[str(kind)]
        where: dict[str, Any] = {  # Any: numbers, as the caller has them
            "documentIndex": citation.get("document_index", 0),
            "start": citation.get(start, 0),
            "end": citation.get(end, 0),
        }
        title = citation.get("document_title")
        return present(title=title, sourceContent=cited, location={theirs: where})
    if kind == "search_result_location":
        where = {
            "searchResultIndex": citation.get("search_result_index", 0),
            "start": citation.get("start_block_index", 0),
            "end": citation.get("end_block_index", 0),
        }
        return present(
            title=citation.get("title"),
            source=citation.get("source"),
            sourceContent=cited,
            location={"searchResultLocation": where},
        )
    if kind == "web_search_result_location":
        location = {"web": {"url": citation.get("url", "")}}
        return present(
            title=citation.get("title"), sourceContent=cited, location=location
        )
    raise RequestError(
        "A text of a turn has a citation of a type that Converse cannot carry; leave"
        " `citations` out of the turns that are handed back."
    )
