"""The Messages API as Vertex AI and Foundry carry it: bytes ↔ messages, no I/O.

    Vertex    POST …/publishers/anthropic/models/{id}:rawPredict, :streamRawPredict; version in the body, no `model`
    Foundry   POST …/anthropic/v1/messages; version in a header, the deployment's name as `model`

Both stream server-sent events that end with `message_stop`. Sources:
platform.claude.com, "Claude on Vertex AI" and "Claude in Microsoft Foundry", read
2026-11-22.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import msgspec

from trivium.errors import ProtocolError, RouteError, TruncatedStreamError
from trivium.vocabulary.deployment import ModelTarget, Route
from trivium.vocabulary.messages import (
    BlockStart,
    BlockStop,
    ContentBlock,
    Event,
    MessageDelta,
    MessageRequest,
    MessageStart,
    MessageStop,
    Reply,
    SignatureDelta,
    StopReason,
    TextBlock,
    TextDelta,
    ThinkingBlock,
    ThinkingDelta,
    Tokens,
    ToolInputDelta,
    ToolUseBlock,
    Usage,
)
from trivium.wire.failure import failure, unknown_block, word
from trivium.wire.request import WireRequest
from trivium.wire.sse import ServerEvent, SseDecoder

VERTEX_VERSION = "vertex-2023-10-16"
FOUNDRY_VERSION = "2023-06-01"
"""The older versions: every model takes them, and 2026-10-21 refuses temperature, top_p
and top_k."""


class _Lenient(msgspec.Struct, frozen=True):
    """What providers send may grow fields; those we do not know are passed over, those
    we need must fit."""


class _Usage(_Lenient, frozen=True):
    input_tokens: Tokens | None = None
    output_tokens: Tokens | None = None
    cache_creation_input_tokens: Tokens | None = None
    cache_read_input_tokens: Tokens | None = None


class _Message(_Lenient, frozen=True):
    id: str
    model: str
    content: list[dict[str, Any]]
    usage: _Usage
    stop_reason: str | None = None
    stop_sequence: str | None = None


class _Delta(_Lenient, frozen=True):
    type: str = ""
    text: str = ""
    partial_json: str = ""
    thinking: str = ""
    signature: str = ""
    stop_reason: str | None = None
    stop_sequence: str | None = None


class _Error(_Lenient, frozen=True):
    type: str = ""
    message: str = ""


class _Event(_Lenient, frozen=True):
    type: str
    index: int = 0
    message: _Message | None = None
    content_block: dict[str, Any] | None = None
    delta: _Delta | None = None
    usage: _Usage | None = None
    error: _Error | None = None


class _Kind(_Lenient, frozen=True):
    type: str


_EVENTS = msgspec.json.Decoder(_Event)
_KINDS = msgspec.json.Decoder(_Kind)
_MESSAGES = msgspec.json.Decoder(_Message)


_KNOWN = frozenset(
    (
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
        "error",
    )
)
"""Events of any other kind may be added, and are passed over (platform.claude.com,
"Versions", read 2026-11-23)."""
_GROWS_BY: Mapping[type[ContentBlock], tuple[type[Event], ...]] = {
    TextBlock: (TextDelta,),
    ThinkingBlock: (ThinkingDelta, SignatureDelta),
    ToolUseBlock: (ToolInputDelta,),
}
"""Anything else would reach the caller past the guard, which judges each block by its
kind."""


def encode_vertex(
    request: MessageRequest, target: ModelTarget, route: Route, *, stream: bool
) -> WireRequest:
    """The request to Vertex AI; `path` follows `…/locations/L`."""
    _ = route
    verb = "streamRawPredict" if stream else "rawPredict"
    return WireRequest(
        path=f"/publishers/anthropic/models/{quote(target.id, safe='@.-_~')}:{verb}",
        headers=_headers(stream),
        body=_body(request, {"anthropic_version": VERTEX_VERSION}, stream=stream),
    )


def encode_foundry(
    request: MessageRequest, target: ModelTarget, route: Route, *, stream: bool
) -> WireRequest:
    """The request to Foundry; `path` follows `…/anthropic`."""
    _ = route
    return WireRequest(
        path="/v1/messages",
        headers={**_headers(stream), "anthropic-version": FOUNDRY_VERSION},
        body=_body(request, {"model": target.id}, stream=stream),
    )


def decode(
    status: int, headers: Mapping[str, str], body: bytes, *, model: str
) -> Reply:
    """A whole answer. Raises the `RouteError` that it means, or `ProtocolError`."""
    _ = model
    if status != 200:
        raise decode_error(status, headers, body)
    try:
        message = _MESSAGES.decode(body)
        content = tuple(_block(block) for block in message.content)
    except (ValueError, KeyError, RecursionError) as error:
        raise ProtocolError(
            "The provider's reply is no message.", status=status
        ) from error
    if message.stop_reason is None:
        raise ProtocolError(
            "The provider's reply does not say why it stopped.", status=status
        )
    return Reply(
        id=message.id,
        model=message.model,
        content=content,
        stop_reason=_stop_reason(message.stop_reason),
        stop_sequence=message.stop_sequence,
        usage=_usage(message.usage),
        provider_request_id=_request_id(headers),
    )


def decode_error(status: int, headers: Mapping[str, str], body: bytes) -> RouteError:
    """What an answer other than 200 means: Anthropic's error object, Google's, Azure's,
    or none."""
    try:
        plain = msgspec.json.decode(body)
        found = plain[0] if isinstance(plain, list) else plain
        error = found.get("error", {}) if isinstance(found, dict) else {}
        error = error if isinstance(error, dict) else {"message": str(error)}
    except (
        ValueError,
        IndexError,
        RecursionError,
    ):  # RecursionError: JSON nested without end
        error = {}
    return failure(
        status=status,
        kind=str(error.get("type") or error.get("status") or error.get("code") or ""),
        message=str(error.get("message", "")),
        provider_request_id=_request_id(headers),
        retry_after=headers.get("retry-after"),
    )


class Decoder:
    """A stream's bytes to events. `close` raises `TruncatedStreamError` unless
    `message_stop` came."""

    content_type = "text/event-stream"

    def __init__(self, model: str) -> None:
        _ = model
        self._sse = SseDecoder()
        self._usage = Usage()
        self._open: dict[int, type[ContentBlock]] = {}
        self._seen: set[int] = set()
        self._started = self._ended = False

    def feed(self, data: bytes) -> list[Event]:
        """The events that are complete now. Raises the `RouteError` that an `error`
        event means, or `ProtocolError`."""
        return [event for raw in self._sse.feed(data) for event in self._events(raw)]

    def close(self) -> list[Event]:
        """The connection ended."""
        if not self._ended:
            raise TruncatedStreamError(
                "The stream ended without its `message_stop`, so it was not an answer."
            )
        return []

    def _events(self, raw: ServerEvent) -> list[Event]:
        if raw.name == "vertex_event" or not raw.data:
            return []
        try:
            event = _EVENTS.decode(raw.data)
        except (
            ValueError,
            RecursionError,
        ) as error:  # RecursionError: JSON nested without end
            if _is_unknown(raw.data):
                return []
            raise ProtocolError("An event of the stream cannot be read.") from error
        if event.type not in _KNOWN:
            return []
        if event.type == "error":
            found = event.error or _Error()
            raise failure(status=200, kind=found.type, message=found.message)
        if self._ended:
            raise ProtocolError("The stream goes on after its `message_stop`.")
        return self._translated(event)

    def _translated(self, event: _Event) -> list[Event]:
        if event.type == "message_start" and event.message and not self._started:
            self._started = True
            self._usage = _usage(event.message.usage)
            return [
                MessageStart(
                    id=event.message.id, model=event.message.model, usage=self._usage
                )
            ]
        if not self._started:
            raise ProtocolError("The stream does not begin with `message_start`.")
        match event.type:
            case "content_block_start" if (
                event.content_block is not None and event.index not in self._seen
            ):
                block = _started(event.content_block)
                self._open[event.index] = type(block)
                self._seen.add(event.index)
                return [BlockStart(index=event.index, block=block)]
            case "content_block_delta" if event.delta and event.index in self._open:
                return self._grown(event.index, event.delta)
            case "content_block_stop" if event.index in self._open:
                del self._open[event.index]
                return [BlockStop(index=event.index)]
            case "message_delta" if event.delta:
                self._usage = _usage(event.usage or _Usage(), self._usage)
                if not event.delta.stop_reason:
                    return []  # one of several: it tells the usage alone
                return [
                    MessageDelta(
                        stop_reason=_stop_reason(event.delta.stop_reason),
                        stop_sequence=event.delta.stop_sequence,
                        usage=self._usage,
                    )
                ]
            case "message_stop" if not self._open:
                self._ended = True
                return [MessageStop(usage=self._usage)]
        raise ProtocolError("An event of the stream is out of place.")

    def _grown(self, index: int, delta: _Delta) -> list[Event]:
        events = _delta(index, delta)
        fitting = _GROWS_BY.get(self._open[index], ())
        if not all(isinstance(event, fitting) for event in events):
            raise ProtocolError(
                "A delta of the stream is of another kind than its block."
            )
        return events


def _is_unknown(data: bytes) -> bool:
    try:
        return _KINDS.decode(data).type not in _KNOWN
    except (ValueError, RecursionError):
        return False


def _stop_reason(found: str) -> StopReason:
    """It is handed on and recorded, so it must be a word."""
    reason = word(found)
    if reason is None:
        raise ProtocolError("The provider's reason to stop is no word.")
    return reason


def _headers(stream: bool) -> dict[str, str]:
    return {
        "content-type": "application/json",
        "accept": "text/event-stream" if stream else "application/json",
    }


def _body(request: MessageRequest, own: Mapping[str, str], *, stream: bool) -> bytes:
    plain: dict[str, Any] = msgspec.to_builtins(request)
    del plain["model"]
    for turn in plain["messages"]:
        for block in turn["content"] if not isinstance(turn["content"], str) else ():
            if block["type"] == "document" and block["source"]["type"] == "text":
                block["source"]["media_type"] = (
                    "text/plain"  # required, and left out of our record as its default
                )
    plain |= own
    if stream:
        plain["stream"] = True
    return msgspec.json.encode(plain)


def _block(block: dict[str, Any]) -> ContentBlock:
    """A block of a reply; fields that we do not know (citations, for one) are passed
    over."""
    match block["type"]:
        case "text":
            known = {"type": "text", "text": block["text"]}
        case "tool_use":
            known = {name: block[name] for name in ("type", "id", "name", "input")}
        case "thinking":
            known = {
                "type": "thinking",
                "thinking": block["thinking"],
                "signature": block.get("signature", ""),
            }
        case "redacted_thinking":
            known = {"type": "redacted_thinking", "data": block["data"]}
        case _:
            raise unknown_block(str(block["type"]))
    converted: ContentBlock = msgspec.convert(known, ContentBlock)
    return converted


def _started(block: dict[str, Any]) -> ContentBlock:
    try:
        return _block(block)
    except (ValueError, KeyError) as error:
        raise ProtocolError("A block of the stream is of an unknown kind.") from error


def _delta(index: int, delta: _Delta) -> list[Event]:
    match delta.type:
        case "text_delta":
            return [TextDelta(index=index, text=delta.text)]
        case "input_json_delta":
            return [ToolInputDelta(index=index, partial_json=delta.partial_json)]
        case "thinking_delta":
            return [ThinkingDelta(index=index, thinking=delta.thinking)]
        case "signature_delta":
            return [SignatureDelta(index=index, signature=delta.signature)]
        case "citations_delta":
            return []
    raise ProtocolError(
        "A delta of the stream is of a kind that this release does not know, so it is"
        " no answer."
    )


def _usage(found: _Usage, before: Usage | None = None) -> Usage:
    """Usage so far: `message_delta` repeats only what changed."""
    known = before or Usage()
    return Usage(
        **{
            name: value if value is not None else getattr(known, name)
            for name in Usage.__struct_fields__
            for value in [getattr(found, name)]
        }
    )


def _request_id(headers: Mapping[str, str]) -> str | None:
    return word(headers.get("request-id") or headers.get("x-request-id"))
