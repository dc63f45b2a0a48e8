"""Every text of a request or reply, with its place; and the same record with some texts
replaced. No I/O.

One walk serves both: a function sees each text and returns it, unchanged or replaced.
Records are rebuilt only along the way to a replaced text. Places are paths
(`messages[0].content[1].text`); inside a tool's input or schema the path ends at the
record's own field, since keys are text too and may not appear in findings.

Not read here: the bytes of images and of binary documents, which `binaries` gives;
encrypted reasoning and signatures.
The ids of tool uses are read in requests, where they are the caller's, and not in
replies.
"""

import base64
import binascii
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from trivium.vocabulary.messages import (
    Base64Source,
    ContentBlock,
    DocumentBlock,
    ImageBlock,
    Json,
    MessageRequest,
    Reply,
    TextBlock,
    ThinkingBlock,
    Tool,
    ToolResultBlock,
    ToolUseBlock,
    Turn,
)

Visit = Callable[[str, str, str], str]
"""From place, text and lead to the text, unchanged or replaced. The lead stands before
the text when it is judged (a JSON member's name and `=`), but is not a part of it."""

_TEXT_TYPES = (
    "text/",
    "application/json",
    "application/xml",
    "application/yaml",
    "application/x-ndjson",
)
_NAMES = ("name", "key")
"""Members that name their neighbour `value`, in capitals or not."""
_LONG_NUMBER = 10**7
"""Numbers below have too few digits for any detector."""


def map_request(request: MessageRequest, visit: Visit) -> MessageRequest:
    """The request with every text that would leave passed through `visit`."""
    changes: dict[str, Any] = {}  # Any: each field has its own type
    if request.tool_choice is not None and request.tool_choice.name is not None:
        name = visit("tool_choice.name", request.tool_choice.name, "")
        if name is not request.tool_choice.name:
            changes["tool_choice"] = msgspec.structs.replace(
                request.tool_choice, name=name
            )
    if isinstance(request.system, str):
        _keep(changes, "system", request.system, visit("system", request.system, ""))
    elif request.system is not None:
        _keep(
            changes,
            "system",
            request.system,
            _each(request.system, "system", visit, _block),
        )
    _keep(
        changes,
        "messages",
        request.messages,
        _each(request.messages, "messages", visit, _turn),
    )
    _keep(changes, "tools", request.tools, _each(request.tools, "tools", visit, _tool))
    _keep(
        changes,
        "stop_sequences",
        request.stop_sequences,
        _each(request.stop_sequences, "stop_sequences", visit, _string),
    )
    return msgspec.structs.replace(request, **changes) if changes else request


def map_reply(reply: Reply, visit: Visit) -> Reply:
    """The reply with every text passed through `visit`."""
    content = _each(reply.content, "content", visit, _block)
    return (
        reply
        if content is reply.content
        else msgspec.structs.replace(reply, content=content)
    )


@dataclass(frozen=True, slots=True)
class Binary:
    """Content that is not text as it stands."""

    place: str
    media_type: str
    """In lower case, without parameters."""
    data: str
    """In base64."""


def binaries(request: MessageRequest) -> Iterator[Binary]:
    """Images and documents that are not text, in order."""
    for number, turn in enumerate(request.messages):
        if not isinstance(turn.content, str):
            yield from _binaries(turn.content, f"messages[{number}].content")


def _binaries(blocks: Iterable[ContentBlock], place: str) -> Iterator[Binary]:
    for index, block in enumerate(blocks):
        here = f"{place}[{index}]"
        if isinstance(block, ToolResultBlock) and not isinstance(block.content, str):
            yield from _binaries(block.content, f"{here}.content")
        if not isinstance(block, ImageBlock | DocumentBlock):
            continue
        source = block.source
        if isinstance(source, Base64Source) and _text_in(source) is None:
            kind = source.media_type.partition(";")[0].strip().lower()
            yield Binary(f"{here}.source.data", kind, source.data)


def _text_in(source: Base64Source) -> str | None:
    """The text, where the bytes are one: whatever else it says it is, what reads as
    text is text. Raises `ValueError` for what is not base64."""
    said = source.media_type.strip().lower()
    if said.startswith(("image/", "application/pdf")):
        return None
    errors = "replace" if said.startswith(_TEXT_TYPES) else "strict"
    try:
        return base64.b64decode(source.data, validate=True).decode("utf-8", errors)
    except UnicodeDecodeError:
        return None


def map_json(value: Any, place: str, visit: Visit, lead: str = "") -> Any:  # Any: JSON
    """A JSON value with every string, member name and long number passed through
    `visit`."""
    if isinstance(value, str):
        return visit(place, value, lead)
    if isinstance(value, dict):
        leads = _leads(value, lead)
        pairs = [
            (visit(place, name, ""), map_json(child, place, visit, leads[name]))
            for name, child in value.items()
        ]
        changed = any(
            new is not old or child is not value[old]
            for (new, child), old in zip(pairs, value, strict=True)
        )
        return dict(pairs) if changed else value
    if isinstance(value, list | tuple):
        items = [map_json(child, place, visit, lead) for child in value]
        return (
            items
            if any(new is not old for new, old in zip(items, value, strict=True))
            else value
        )
    if (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and abs(value) >= _LONG_NUMBER
    ):
        text = str(value)
        seen = visit(place, text, lead)
        return value if seen is text else seen
    return value


def _leads(value: dict[str, Any], outer: str) -> dict[str, str]:  # Any: JSON
    """What stands before each member's text: its name. A member `value` goes by the
    name that stands beside it (`{"name": "DB_PASSWORD", "value": …}`), or else around
    it (`{"password": {"value": …}}`).
    """
    named = next(
        (
            text
            for name, text in value.items()
            if name.lower() in _NAMES and isinstance(text, str)
        ),
        "",
    )
    inner = f"{named}=" if named else outer
    return {
        name: inner if inner and name.lower() == "value" else f"{name}="
        for name in value
    }


def _each(
    items: Any, place: str, visit: Visit, one: Callable[[Any, str, Visit], Any]
) -> Any:  # Any: any tuple of records
    """A tuple with each item mapped; the same one where nothing changed."""
    mapped = tuple(
        one(item, f"{place}[{number}]", visit) for number, item in enumerate(items)
    )
    return (
        mapped
        if any(new is not old for new, old in zip(mapped, items, strict=True))
        else items
    )


def _string(text: str, place: str, visit: Visit) -> str:
    return visit(place, text, "")


def _turn(turn: Turn, place: str, visit: Visit) -> Turn:
    """The turn as the visitor changed it."""
    place = f"{place}.content"
    if isinstance(turn.content, str):
        content: Any = visit(place, turn.content, "")  # Any: a text or blocks
    else:
        content = _each(turn.content, place, visit, _asked)
    return (
        turn
        if content is turn.content
        else msgspec.structs.replace(turn, content=content)
    )


def _asked(block: ContentBlock, place: str, visit: Visit) -> ContentBlock:
    """A block of a request: what the caller chose to call it leaves as well."""
    changes: dict[str, Any] = {}  # Any: each field has its own type
    if isinstance(block, ToolUseBlock):
        _keep(changes, "id", block.id, visit(f"{place}.id", block.id, ""))
    elif isinstance(block, ToolResultBlock):
        _keep(
            changes,
            "tool_use_id",
            block.tool_use_id,
            visit(f"{place}.tool_use_id", block.tool_use_id, ""),
        )
    return _block(
        msgspec.structs.replace(block, **changes) if changes else block, place, visit
    )


def _block(block: ContentBlock, place: str, visit: Visit) -> ContentBlock:
    """The block as the visitor changed it."""
    changes: dict[str, Any] = {}  # Any: each field has its own type
    for name, value in _visited(block, place, visit):
        _keep(changes, name, getattr(block, name), value)
    return msgspec.structs.replace(block, **changes) if changes else block


def _visited(
    block: ContentBlock, place: str, visit: Visit
) -> Iterator[tuple[str, object]]:
    """Each field that is judged, by name, as the visitor changed it."""
    match block:
        case TextBlock():
            yield "text", visit(f"{place}.text", block.text, "")
            if block.citations:
                yield "citations", _cited(block.citations, place, visit)
        case ThinkingBlock():
            yield "thinking", visit(f"{place}.thinking", block.thinking, "")
        case ToolUseBlock():
            yield "name", visit(f"{place}.name", block.name, "")
            yield "input", map_json(block.input, f"{place}.input", visit)
        case ToolResultBlock(content=str() as text):
            yield "content", visit(f"{place}.content", text, "")
        case ToolResultBlock(content=parts):
            yield "content", _each(parts, f"{place}.content", visit, _block)
        case DocumentBlock():
            if block.title is not None:
                yield "title", visit(f"{place}.title", block.title, "")
            source = _document(block.source, f"{place}.source.data", visit)
            yield "source", source


def _cited(citations: tuple[Json, ...], place: str, visit: Visit) -> tuple[Json, ...]:
    """Citations quote what was cited, so they are read like it."""
    seen = map_json(citations, f"{place}.citations", visit)
    return citations if seen is citations else tuple(seen)


def _document(
    source: Any, place: str, visit: Visit
) -> Any:  # Any: one of the two document sources
    """A document's text, if it is one, as the visitor changed it."""
    if not isinstance(source, Base64Source):
        data = visit(place, source.data, "")
        return (
            source
            if data is source.data
            else msgspec.structs.replace(source, data=data)
        )
    try:
        text = _text_in(source)
    except (binascii.Error, ValueError) as error:
        raise UnreadableError(
            f"{place} says it is {source.media_type} but is not base64"
        ) from error
    if text is None:
        return source
    seen = visit(place, text, "")
    return (
        source
        if seen is text
        else msgspec.structs.replace(
            source, data=base64.b64encode(seen.encode()).decode()
        )
    )


def _tool(tool: Tool, place: str, visit: Visit) -> Tool:
    """A tool's definition as the visitor changed it."""
    changes: dict[str, Any] = {}  # Any: each field has its own type
    _keep(changes, "name", tool.name, visit(f"{place}.name", tool.name, ""))
    if tool.description is not None:
        _keep(
            changes,
            "description",
            tool.description,
            visit(f"{place}.description", tool.description, ""),
        )
    _keep(
        changes,
        "input_schema",
        tool.input_schema,
        map_json(tool.input_schema, f"{place}.input_schema", visit),
    )
    return msgspec.structs.replace(tool, **changes) if changes else tool


def _keep(
    changes: dict[str, Any], name: str, old: Any, new: Any
) -> None:  # Any: each field has its own type
    """Note a field that changed."""
    if new is not old:
        changes[name] = new


class UnreadableError(ValueError):
    """A text that must be judged cannot be read; the message names its place."""
