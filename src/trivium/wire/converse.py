"""Amazon Bedrock's Converse API: bytes ↔ messages, no I/O.

    POST /model/{id}/converse           JSON
    POST /model/{id}/converse-stream    AWS event stream: messageStart, contentBlock…, messageStop, metadata

Converse has no ids of messages and starts no text block; both are made up here, so that
a reply looks the same on every route. What Converse cannot carry is a `RequestError`,
never dropped. Source: Bedrock Runtime API reference (Converse, ConverseStream), and its
service model in botocore 1.44, read 2026-11-22.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

import msgspec

from trivium.errors import ProtocolError, RequestError, RouteError, TruncatedStreamError
from trivium.vocabulary.deployment import ModelTarget, Route
from trivium.vocabulary.messages import (
    Base64Source,
    BlockStart,
    BlockStop,
    CacheControl,
    ContentBlock,
    DocumentBlock,
    Event,
    ImageBlock,
    MessageDelta,
    MessageRequest,
    MessageStart,
    MessageStop,
    RedactedThinkingBlock,
    Reply,
    SignatureDelta,
    StopReason,
    TextBlock,
    TextDelta,
    ThinkingBlock,
    ThinkingDelta,
    Tokens,
    ToolInputDelta,
    ToolResultBlock,
    ToolUseBlock,
    Turn,
    Usage,
)
from trivium.wire.eventstream import Frame, FrameDecoder
from trivium.wire.failure import failure, unknown_block, word
from trivium.wire.request import WireRequest

Plain = dict[str, Any]
"""A JSON object of the Converse API. Any: twenty shapes, built and taken apart here
alone."""

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
_EVENTS = frozenset(
    (
        "messageStart",
        "contentBlockStart",
        "contentBlockDelta",
        "contentBlockStop",
        "messageStop",
        "metadata",
    )
)
"""Events of any other kind may be added to the service model, and are passed over, as
botocore does."""
_STOP_SEQUENCE = ("/stop_sequence", "/delta/stop_sequence")
"""Where Claude's own answer, and its own stream's `message_delta`, say which stop
sequence it met. Converse tells it only when asked; a pointer that leads nowhere is
ignored (service model, `additionalModelResponseFieldPaths`)."""
_FAILED_STOPS = ("malformed_model_output", "malformed_tool_use")
"""The service model's reasons to stop that are no answer: another attempt may be
one."""


class _Usage(msgspec.Struct, frozen=True, rename="camel"):
    """Bedrock's `inputTokens` exclude cached ones, as ours do."""

    input_tokens: Tokens = 0
    output_tokens: Tokens = 0
    cache_read_input_tokens: Tokens = 0
    cache_write_input_tokens: Tokens = 0

    def usage(self) -> Usage:
        return Usage(
            input_tokens=self.input_tokens,
            output_tokens=self.output_tokens,
            cache_read_input_tokens=self.cache_read_input_tokens,
            cache_creation_input_tokens=self.cache_write_input_tokens,
        )


class _ToolUse(msgspec.Struct, frozen=True, rename="camel"):
    tool_use_id: str
    name: str
    input: Any = None  # an object, where it comes whole


class _Message(msgspec.Struct, frozen=True, rename="camel"):
    content: list[Plain]


class _Output(msgspec.Struct, frozen=True, rename="camel"):
    message: _Message


class _Reply(msgspec.Struct, frozen=True, rename="camel"):
    output: _Output
    stop_reason: str
    usage: _Usage
    additional_model_response_fields: Any = (
        None  # the model's own, as they were asked for
    )


class _Payload(msgspec.Struct, frozen=True, rename="camel"):
    """The payload of any event of the stream."""

    content_block_index: int = 0
    start: Plain | None = None
    delta: Plain | None = None
    stop_reason: str = ""
    usage: _Usage | None = None
    additional_model_response_fields: Any = None  # as in `_Reply`


_REPLIES = msgspec.json.Decoder(_Reply)
_PAYLOADS = msgspec.json.Decoder(_Payload)


def encode(
    request: MessageRequest, target: ModelTarget, route: Route, *, stream: bool
) -> WireRequest:
    """The request; `path` follows the endpoint's host. Raises `RequestError` for what
    Converse cannot carry."""
    verb = "converse-stream" if stream else "converse"
    return WireRequest(
        path=f"/model/{quote(target.id, safe='-_.~')}/{verb}",
        headers={
            "content-type": "application/json",
            "accept": (
                "application/vnd.amazon.eventstream" if stream else "application/json"
            ),
        },
        body=msgspec.json.encode(_body(request, route, stream=stream)),
    )


def decode(
    status: int, headers: Mapping[str, str], body: bytes, *, model: str
) -> Reply:
    """A whole answer. Raises the `RouteError` that it means, or `ProtocolError`."""
    if status != 200:
        raise decode_error(status, headers, body)
    try:
        reply = _REPLIES.decode(body)
        content = tuple(_received(block) for block in reply.output.message.content)
        return Reply(
            id="",
            model=model,
            content=content,
            stop_reason=_stop_reason(reply.stop_reason),
            stop_sequence=_stop_sequence(reply.additional_model_response_fields),
            usage=reply.usage.usage(),
            provider_request_id=word(headers.get("x-amzn-requestid")),
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ProtocolError(
            "The provider's reply is no Converse reply.", status=status
        ) from error


def decode_error(status: int, headers: Mapping[str, str], body: bytes) -> RouteError:
    """What an answer other than 200 means."""
    try:
        decoded = msgspec.json.decode(body)
        plain = decoded if isinstance(decoded, dict) else {}
    except (ValueError, RecursionError):  # RecursionError: JSON nested without end
        plain = {}
    return failure(
        status=status,
        kind=_error_type(headers, plain),
        message=str(plain.get("message") or plain.get("Message") or ""),
        provider_request_id=headers.get("x-amzn-requestid"),
        retry_after=headers.get("retry-after"),
    )


def _error_type(headers: Mapping[str, str], plain: Plain) -> str:
    """The type stands in a header, or in the body where what refuses is before the
    service: with a namespace before it and an address behind it (Smithy, "AWS
    restJson1", error serialization, read 2026-11-23).
    """
    found = (
        headers.get("x-amzn-errortype")
        or plain.get("code")
        or plain.get("Code")
        or plain.get("__type")
    )
    return str(found or "").partition(":")[0].rpartition("#")[2]


class Decoder:
    """A stream's bytes to events. `close` raises `TruncatedStreamError` unless
    `messageStop` came."""

    content_type = "application/vnd.amazon.eventstream"

    def __init__(self, model: str) -> None:
        self._model = model
        self._frames = FrameDecoder()
        self._open: dict[int, type[ContentBlock]] = {}
        self._seen: set[int] = set()
        self._started = self._stopped = self._ended = False

    def feed(self, data: bytes) -> list[Event]:
        """The events that are complete now. Raises the `RouteError` that an exception
        means, or `ProtocolError`."""
        return [
            event for frame in self._frames.feed(data) for event in self._events(frame)
        ]

    def close(self) -> list[Event]:
        """The connection ended. `metadata` may be missing, `messageStop` may not."""
        if not self._stopped or not self._frames.empty:
            raise TruncatedStreamError(
                "The stream ended without its `messageStop`, so it was not an answer."
            )
        if self._ended:
            return []
        self._ended = True
        return [MessageStop()]

    def _events(self, frame: Frame) -> list[Event]:
        kind = frame.headers.get(":message-type")
        if kind != "event":
            raise _exception(frame)
        name = frame.headers.get(":event-type", "")
        if name not in _EVENTS:
            return []
        try:
            return self._translated(name, _PAYLOADS.decode(frame.payload))
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise ProtocolError("An event of the stream cannot be read.") from error

    def _translated(self, name: str, payload: _Payload) -> list[Event]:
        index = payload.content_block_index
        if name == "messageStart" and not self._started:
            self._started = True
            return [MessageStart(id="", model=self._model)]
        if self._started and not self._stopped:
            match name:
                case "contentBlockStart" if (
                    index not in self._seen and payload.start is not None
                ):
                    return self._begin(index, _begun(payload.start))
                case "contentBlockDelta" if payload.delta is not None and (
                    index in self._open or index not in self._seen
                ):
                    block, events = _delta(index, payload.delta)
                    if index not in self._open and not isinstance(
                        block, ToolUseBlock
                    ):  # tools are announced
                        return self._begin(index, block) + events
                    if type(block) is not self._open.get(index) or not events:
                        raise ProtocolError(
                            "A delta of the stream does not fit its block."
                        )
                    return events
                case "contentBlockStop" if index in self._open:
                    del self._open[index]
                    return [BlockStop(index=index)]
                case "contentBlockStop" if (
                    index not in self._seen
                ):  # text is not announced, so empty text only ends
                    return [
                        *self._begin(index, TextBlock(text="")),
                        *self._translated(name, payload),
                    ]
                case "messageStop" if not self._open:
                    self._stopped = True
                    return [
                        MessageDelta(
                            stop_reason=_stop_reason(payload.stop_reason),
                            stop_sequence=_stop_sequence(
                                payload.additional_model_response_fields
                            ),
                        )
                    ]
        if name == "metadata" and self._stopped and not self._ended and payload.usage:
            self._ended = True
            return [MessageStop(usage=payload.usage.usage())]
        raise ProtocolError("An event of the stream is out of place.")

    def _begin(self, index: int, block: ContentBlock) -> list[Event]:
        self._open[index] = type(block)
        self._seen.add(index)
        return [BlockStart(index=index, block=block)]


def _exception(frame: Frame) -> RouteError:
    """An exception or error frame: `:exception-type`, or `:error-code`."""
    try:
        plain = msgspec.json.decode(frame.payload) if frame.payload else {}
        message = str(plain.get("message", "")) if isinstance(plain, dict) else ""
    except (ValueError, RecursionError):
        message = ""
    kind = (
        frame.headers.get(":exception-type") or frame.headers.get(":error-code") or ""
    )
    if not kind:
        return ProtocolError(
            "A frame of the stream is neither an event nor an exception."
        )
    return failure(
        status=200,
        kind=kind,
        message=message or frame.headers.get(":error-message", ""),
    )


def _stop_reason(found: str) -> StopReason:
    """In the Messages API's words where it has one; it is handed on and recorded, so it
    must be a word."""
    if found in _FAILED_STOPS:
        raise failure(status=200, kind=found)
    reason = word(found)
    if reason is None:
        raise ProtocolError("The provider's reason to stop is no word.")
    return "refusal" if reason == "content_filtered" else reason


def _stop_sequence(fields: object) -> str | None:
    """The stop sequence among the model's own fields; no answer is lost for want of
    it."""
    for found in (fields, fields.get("delta") if isinstance(fields, dict) else None):
        if isinstance(found, dict) and isinstance(found.get("stop_sequence"), str):
            return str(found["stop_sequence"])
    return None


def _body(request: MessageRequest, route: Route, *, stream: bool) -> Plain:
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
        blocks = (
            (TextBlock(text=request.system),)
            if isinstance(request.system, str)
            else request.system
        )
        body["system"] = [part for block in blocks for part in _sent(block)]
    if request.tools:
        body["toolConfig"] = _tools(request)
    elif request.tool_choice is not None:
        raise RequestError(
            "`tool_choice` is given without `tools`; Converse refuses that."
        )
    additional = _present(
        top_k=request.top_k,
        thinking=(
            msgspec.to_builtins(request.thinking)
            if request.thinking is not None
            else None
        ),
    )
    if additional:
        body["additionalModelRequestFields"] = additional
    if route.guardrail is not None:
        body["guardrailConfig"] = _present(
            guardrailIdentifier=route.guardrail.identifier,
            guardrailVersion=route.guardrail.version,
            trace="disabled",
            # Text is given out only after the guardrail has seen it.
            streamProcessingMode="sync" if stream else None,
        )
    return body


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


def _received(block: Plain) -> ContentBlock:
    if "text" in block:
        return TextBlock(text=_text(block["text"]))
    if "toolUse" in block:
        used = msgspec.convert(block["toolUse"], _ToolUse)
        return ToolUseBlock(
            id=used.tool_use_id,
            name=used.name,
            input=msgspec.convert(used.input or {}, dict[str, Any]),
        )
    if "reasoningContent" in block:
        reasoning = block["reasoningContent"]
        if "redactedContent" in reasoning:
            return RedactedThinkingBlock(data=_text(reasoning["redactedContent"]))
        text = reasoning["reasoningText"]
        return ThinkingBlock(
            thinking=_text(text["text"]), signature=_text(text.get("signature", ""))
        )
    raise unknown_block(next(iter(block), ""))


def _begun(start: Plain) -> ContentBlock:
    """Converse announces tool calls alone."""
    used = msgspec.convert(start["toolUse"], _ToolUse)
    return ToolUseBlock(id=used.tool_use_id, name=used.name, input={})


def _delta(index: int, delta: Plain) -> tuple[ContentBlock, list[Event]]:
    """The block that this delta would begin, and its events."""
    if "text" in delta:
        return TextBlock(text=""), [TextDelta(index=index, text=_text(delta["text"]))]
    if "toolUse" in delta:
        fragment = _text(delta["toolUse"]["input"])
        return ToolUseBlock(id="", name="", input={}), [
            ToolInputDelta(index=index, partial_json=fragment)
        ]
    reasoning = delta["reasoningContent"]
    if "text" in reasoning:
        return ThinkingBlock(thinking=""), [
            ThinkingDelta(index=index, thinking=_text(reasoning["text"]))
        ]
    if "signature" in reasoning:
        return ThinkingBlock(thinking=""), [
            SignatureDelta(index=index, signature=_text(reasoning["signature"]))
        ]
    return RedactedThinkingBlock(data=_text(reasoning["redactedContent"])), []


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("expected a string")
    return value
