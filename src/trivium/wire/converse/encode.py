"""Messages to a Converse request.

    POST /model/{id}/converse           JSON
    POST /model/{id}/converse-stream    JSON, answered by an AWS event stream

What Converse cannot carry is a `RequestError`, never dropped. Source: Bedrock Runtime
API reference (Converse, ConverseStream), and its service model in botocore 1.44, read
2026-11-22.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

import msgspec

from trivium.errors import RequestError
from trivium.vocabulary.deployment import GuardrailRef, Route
from trivium.vocabulary.messages import (
    Base64Source,
    CacheControl,
    ContentBlock,
    DocumentBlock,
    ImageBlock,
    MessageRequest,
    RedactedThinkingBlock,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
    Turn,
)
from trivium.wire.place import Place
from trivium.wire.request import WireRequest

Plain = dict[str, Any]
"""A JSON object of the Converse API. Any: it has twenty shapes, which are built and
taken apart in this package alone."""

STREAM_TYPE = "application/vnd.amazon.eventstream"
"""Media type of a stream."""

_IMAGE_FORMATS = {
    "image/png": "png",
    "image/jpeg": "jpeg",
    "image/gif": "gif",
    "image/webp": "webp",
}
_DOCUMENT_FORMATS = {
    "application/pdf": "pdf",
    "text/plain": "txt",
    "text/csv": "csv",
    "text/html": "html",
    "text/markdown": "md",
    "application/msword": "doc",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.ms-excel": "xls",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
}
_DOCUMENT_NAME = re.compile(r"[A-Za-z0-9()\[\]-]+(\s[A-Za-z0-9()\[\]-]+)*")
"""API reference, DocumentBlock: alphanumeric, whitespace (one in a row), hyphens,
parentheses, square brackets …"""
_DOCUMENT_NAME_LENGTH = 200
"""… and at most so many of them (its service model)."""
_STOP_SEQUENCE = ("/stop_sequence", "/delta/stop_sequence")
"""Where Claude's own answer, and its own stream's `message_delta`, say which stop
sequence it met. Converse tells it only when asked; a pointer that leads nowhere is
ignored (service model, `additionalModelResponseFieldPaths`)."""


def encode(request: MessageRequest, place: Place, *, stream: bool) -> WireRequest:
    """The request; its path follows the endpoint's host. Raises `RequestError` for what
    Converse cannot carry."""
    verb = "converse-stream" if stream else "converse"
    return WireRequest(
        path=f"/model/{quote(place.target.id, safe='-_.~')}/{verb}",
        headers={
            "content-type": "application/json",
            "accept": STREAM_TYPE if stream else "application/json",
        },
        body=msgspec.json.encode(_body(request, place.route, stream=stream)),
    )


def _body(request: MessageRequest, route: Route, *, stream: bool) -> Plain:
    """The body; what is not asked for is left out."""
    body: Plain = {
        "messages": _named(_alternating(request.messages)),
        "inferenceConfig": _present(
            maxTokens=request.max_tokens,
            temperature=request.temperature,
            topP=request.top_p,
            stopSequences=list(request.stop_sequences) or None,
        ),
    }
    if request.stop_sequences:
        body["additionalModelResponseFieldPaths"] = list(_STOP_SEQUENCE)
    if request.system:
        body["system"] = _system(request.system)
    if request.tools:
        body["toolConfig"] = _tools(request)
    elif request.tool_choice is not None:
        raise RequestError(
            "`tool_choice` is given without `tools`; Converse refuses that."
        )
    thinking = request.thinking
    additional = _present(
        top_k=request.top_k,
        thinking=None if thinking is None else msgspec.to_builtins(thinking),
    )
    if additional:
        body["additionalModelRequestFields"] = additional
    if route.guardrail is not None:
        body["guardrailConfig"] = _guardrail(route.guardrail, stream=stream)
    return body


def _system(system: str | tuple[TextBlock, ...]) -> list[Plain]:
    blocks = (TextBlock(text=system),) if isinstance(system, str) else system
    return [part for block in blocks for part in _sent(block)]


def _guardrail(guardrail: GuardrailRef, *, stream: bool) -> Plain:
    return _present(
        guardrailIdentifier=guardrail.identifier,
        guardrailVersion=guardrail.version,
        trace="disabled",
        # Text is given out only after the guardrail has seen it.
        streamProcessingMode="sync" if stream else None,
    )


def _present(**fields: Any) -> Plain:
    return {name: value for name, value in fields.items() if value is not None}


def _alternating(turns: Iterable[Turn]) -> list[Plain]:
    """Converse refuses two turns of one side in a row; the Messages API reads them as
    one, so they become one."""
    joined: list[Plain] = []
    for turn in map(_turn, turns):
        if joined and joined[-1]["role"] == turn["role"]:
            joined[-1]["content"] += turn["content"]
        else:
            joined.append(turn)
    return joined


def _turn(turn: Turn) -> Plain:
    blocks: Iterable[ContentBlock] = (
        (TextBlock(text=turn.content),)
        if isinstance(turn.content, str)
        else turn.content
    )
    return {
        "role": turn.role,
        "content": [part for block in blocks for part in _sent(block)],
    }


def _sent(block: ContentBlock) -> list[Plain]:
    """A block, followed by a cache point where it carries `cache_control`."""
    cache: CacheControl | None = getattr(block, "cache_control", None)
    return [_part(block), *([_cache_point(cache)] if cache else [])]


def _cache_point(cache: CacheControl) -> Plain:
    return {
        "cachePoint": _present(
            type="default", ttl=cache.ttl if cache.ttl != "5m" else None
        )
    }


def _part(block: ContentBlock) -> Plain:
    match block:
        case TextBlock():
            return {"text": block.text}
        case ImageBlock():
            return {"image": _media(block.source, _IMAGE_FORMATS, "image")}
        case DocumentBlock():
            return {"document": _document(block)}
        case ToolUseBlock():
            return {
                "toolUse": {
                    "toolUseId": block.id,
                    "name": block.name,
                    "input": block.input,
                }
            }
        case ToolResultBlock():
            return {"toolResult": _tool_result(block)}
        case ThinkingBlock():
            text = _present(text=block.thinking, signature=block.signature or None)
            return {"reasoningContent": {"reasoningText": text}}
        case RedactedThinkingBlock():
            return {"reasoningContent": {"redactedContent": block.data}}


def _media(source: Base64Source, formats: Mapping[str, str], what: str) -> Plain:
    if source.media_type not in formats:
        raise RequestError(
            f"A {what} has media type `{source.media_type}`, which Converse cannot"
            f" carry; expected one of {', '.join(formats)}."
        )
    return {"format": formats[source.media_type], "source": {"bytes": source.data}}


def _document(block: DocumentBlock) -> Plain:
    name = block.title or ""  # `_named` sees to it
    if isinstance(block.source, Base64Source):
        return {**_media(block.source, _DOCUMENT_FORMATS, "document"), "name": name}
    return {"format": "txt", "name": name, "source": {"text": block.source.data}}


def _named(turns: list[Plain]) -> list[Plain]:
    """The turns with a name on each document: Converse requires one, and each only
    once.

    It is open to injection, says the API reference, so it is neutral where the caller
    gave no title.
    """
    documents = [
        part["document"]
        for turn in turns
        for part in turn["content"]
        if "document" in part
    ]
    for number, document in enumerate(documents, start=1):
        document["name"] = document["name"] or f"document {number}"
    names = [document["name"] for document in documents]
    for number, name in enumerate(names, start=1):
        if len(name) > _DOCUMENT_NAME_LENGTH or not _DOCUMENT_NAME.fullmatch(name):
            raise RequestError(
                f"The title of document {number} cannot be carried by Converse;"
                " expected up to 200 letters, digits, hyphens, parentheses, square"
                " brackets and single spaces."
            )
        if name in names[: number - 1]:
            raise RequestError(
                f"Document {number} has the title of another one; Converse takes each"
                " title once."
            )
    return turns


def _tool_result(block: ToolResultBlock) -> Plain:
    content = block.content
    if isinstance(content, str):
        # A tool that has nothing to say is usual: the Messages API takes its empty
        # text, but no empty block of text.
        content = (TextBlock(text=content),) if content.strip() else ()
    if any(part.cache_control for part in content):
        raise RequestError(
            "`cache_control` inside a tool result cannot be carried by Converse; put it"
            " on the result."
        )
    return _present(
        toolUseId=block.tool_use_id,
        content=[_part(part) for part in content],
        status="error" if block.is_error else None,
    )


def _tools(request: MessageRequest) -> Plain:
    tools: list[Plain] = []
    for tool in request.tools:
        specification = _present(
            name=tool.name,
            description=tool.description,
            inputSchema={"json": tool.input_schema},
        )
        tools.append({"toolSpec": specification})
        if tool.cache_control is not None:
            tools.append(_cache_point(tool.cache_control))
    return _present(tools=tools, toolChoice=_tool_choice(request))


def _tool_choice(request: MessageRequest) -> Plain | None:
    choice = request.tool_choice
    if choice is None:
        return None
    if choice.type == "none" or choice.disable_parallel_tool_use:
        unable = "`none`" if choice.type == "none" else "`disable_parallel_tool_use`"
        raise RequestError(
            f"`tool_choice` {unable} cannot be carried by Converse, so this route"
            " cannot take it."
        )
    if choice.type == "tool":
        return {"tool": {"name": choice.name or ""}}
    return {choice.type: {}}
