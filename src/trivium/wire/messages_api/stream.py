"""A stream of the Messages API, as server-sent events, to events.

It ends with `message_stop`. Events of kinds that we do not know may be added at any
time, and are passed over (platform.claude.com, "Versions", read 2026-11-23); deltas and
blocks of such kinds are refused.
"""

from typing import Any

import msgspec

from trivium.errors import ProtocolError, TruncatedStreamError
from trivium.vocabulary.messages import (
    CitationDelta,
    ContentBlock,
    Event,
    MessageDelta,
    MessageStart,
    MessageStop,
    SignatureDelta,
    TextDelta,
    ThinkingDelta,
    ToolInputDelta,
    Usage,
)
from trivium.wire.failure import failure
from trivium.wire.messages_api.decode import (
    CountedTokens,
    Lenient,
    Whole,
    block_of,
    stop_reason_of,
    usage_of,
)
from trivium.wire.order import Order, State, Step
from trivium.wire.sse import ServerEvent, SseDecoder


class _Delta(Lenient, frozen=True):
    type: str = ""
    text: str = ""
    partial_json: str = ""
    thinking: str = ""
    signature: str = ""
    citation: dict[str, Any] | None = None
    stop_reason: str | None = None
    stop_sequence: str | None = None


class _Error(Lenient, frozen=True):
    type: str = ""
    message: str = ""


class _Event(Lenient, frozen=True):
    type: str
    index: int = 0
    message: Whole | None = None
    content_block: dict[str, Any] | None = None
    delta: _Delta | None = None
    usage: CountedTokens | None = None
    error: _Error | None = None


class _Kind(Lenient, frozen=True):
    type: str


_EVENTS = msgspec.json.Decoder(_Event)
_KINDS = msgspec.json.Decoder(_Kind)

_KNOWN = frozenset(
    {
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    }
)
"""Events that mean something here; `error` is judged before."""


class Decoder:
    """A stream's bytes to events. `close` raises `TruncatedStreamError` unless
    `message_stop` came."""

    def __init__(self, model: str) -> None:
        """`model`: the id that was asked for, where the stream does not name it."""
        self._model = model
        self._sse = SseDecoder()
        self._usage = Usage()
        self._order = Order()

    def feed(self, data: bytes) -> list[Event]:
        """The events that are complete now. Raises the `RouteError` that an `error`
        event means, or `ProtocolError`."""
        return [event for raw in self._sse.feed(data) for event in self._events(raw)]

    def close(self) -> list[Event]:
        """The connection ended."""
        if self._order.state is not State.ENDED:
            raise TruncatedStreamError(
                "The stream ended without its `message_stop`, so it was not an answer."
            )
        return []

    def _events(self, raw: ServerEvent) -> list[Event]:
        """What one server-sent event means."""
        if raw.name == "vertex_event" or not raw.data:
            return []
        try:
            event = _EVENTS.decode(raw.data)
        except (ValueError, RecursionError) as error:  # nested too deeply
            if _is_unknown(raw.data):
                return []
            raise ProtocolError("An event of the stream cannot be read.") from error
        if event.type == "error":
            found = event.error or _Error()
            raise failure(status=200, kind=found.type, message=found.message)
        return self._translated(event) if event.type in _KNOWN else []

    def _translated(self, event: _Event) -> list[Event]:
        """The events that a known kind means, in their order."""
        match event.type:
            case "message_start" if event.message:
                return self._started(event.message)
            case "content_block_start" if event.content_block is not None:
                return [self._order.begin(event.index, _begun(event.content_block))]
            case "content_block_delta" if event.delta:
                return self._order.grow(event.index, _delta(event.index, event.delta))
            case "content_block_stop":
                return [self._order.end(event.index)]
            case "message_delta" if event.delta:
                return self._noted(event.delta, event.usage)
            case "message_stop":
                self._order.take(Step.END)
                return [MessageStop(usage=self._usage)]
        raise ProtocolError("An event of the stream is out of place.")

    def _started(self, message: Whole) -> list[Event]:
        """The beginning of the message."""
        self._order.take(Step.START)
        self._usage = usage_of(message.usage)
        model = message.model or self._model
        return [MessageStart(id=message.id, model=model, usage=self._usage)]

    def _noted(self, delta: _Delta, usage: CountedTokens | None) -> list[Event]:
        """Usage so far, and the reason to stop in one of several such events."""
        self._order.take(Step.NOTE)
        self._usage = usage_of(usage or CountedTokens(), self._usage)
        if not delta.stop_reason:
            return []
        return [
            MessageDelta(
                stop_reason=stop_reason_of(delta.stop_reason),
                stop_sequence=delta.stop_sequence,
                usage=self._usage,
            )
        ]


def _is_unknown(data: bytes) -> bool:
    """Whether an unreadable event is of a kind that may be passed over."""
    try:
        return _KINDS.decode(data).type not in _KNOWN
    except (ValueError, RecursionError):
        return False


def _begun(block: dict[str, Any]) -> ContentBlock:
    """The block that begins."""
    try:
        return block_of(block)
    except (ValueError, KeyError) as error:
        raise ProtocolError("A block of the stream is of an unknown kind.") from error


def _delta(index: int, delta: _Delta) -> list[Event]:
    """The events of one delta."""
    match delta.type:
        case "text_delta":
            return [TextDelta(index=index, text=delta.text)]
        case "input_json_delta":
            return [ToolInputDelta(index=index, partial_json=delta.partial_json)]
        case "thinking_delta":
            return [ThinkingDelta(index=index, thinking=delta.thinking)]
        case "signature_delta":
            return [SignatureDelta(index=index, signature=delta.signature)]
        case "citations_delta" if delta.citation is not None:
            return [CitationDelta(index=index, citation=delta.citation)]
    raise ProtocolError(
        "A delta of the stream is of a kind that this release does not know, so it is"
        " no answer."
    )
