"""A Converse stream's bytes to events.

messageStart, contentBlockStart, contentBlockDelta, contentBlockStop, messageStop and
metadata, as an AWS event stream. Converse announces tool calls alone, so the first
delta of any other block begins it. Source: as in `encode.py`.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from trivium.errors import ProtocolError, RouteError, TruncatedStreamError
from trivium.vocabulary.messages import (
    CitationDelta,
    ContentBlock,
    Event,
    MessageDelta,
    MessageStart,
    MessageStop,
    RedactedThinkingBlock,
    SignatureDelta,
    TextBlock,
    TextDelta,
    ThinkingBlock,
    ThinkingDelta,
    ToolInputDelta,
    ToolUseBlock,
)
from trivium.wire.converse import citations
from trivium.wire.converse.decode import (
    CountedTokens,
    ToolUse,
    stop_reason_of,
    stop_sequence_of,
    text_of,
)
from trivium.wire.converse.plain import Plain
from trivium.wire.eventstream import Frame, FrameDecoder
from trivium.wire.failure import failure
from trivium.wire.order import Order, State, Step


class _Payload(msgspec.Struct, frozen=True, rename="camel"):
    """The payload of any event of the stream."""

    content_block_index: int = 0
    start: Plain | None = None
    delta: Plain | None = None
    stop_reason: str = ""
    usage: CountedTokens | None = None
    additional_model_response_fields: Any = None  # as in `_Reply`


_PAYLOADS = msgspec.json.Decoder(_Payload)


class Decoder:
    """A stream's bytes to events. `close` raises `TruncatedStreamError` unless
    `messageStop` came."""

    def __init__(self, model: str) -> None:
        """`model`: the id that was asked for; Converse does not repeat it."""
        self._model = model
        self._frames = FrameDecoder()
        self._order = Order()

    def feed(self, data: bytes) -> list[Event]:
        """The events that are complete now. Raises the `RouteError` that an exception
        means, or `ProtocolError`."""
        return [
            event for frame in self._frames.feed(data) for event in self._events(frame)
        ]

    def close(self) -> list[Event]:
        """The connection ended. `metadata` may be missing, `messageStop` may not."""
        stopped = self._order.state in (State.STOPPED, State.ENDED)
        if not stopped or not self._frames.empty:
            raise TruncatedStreamError(
                "The stream ended without its `messageStop`, so it was not an answer."
            )
        if self._order.state is State.ENDED:
            return []
        self._order.take(Step.END)
        return [MessageStop()]

    def _events(self, frame: Frame) -> list[Event]:
        """What one frame means."""
        kind = frame.headers.get(":message-type")
        if kind != "event":
            raise _exception(frame)
        translate = _TRANSLATED.get(frame.headers.get(":event-type", ""))
        if translate is None:
            return []
        try:
            return translate(self, _PAYLOADS.decode(frame.payload))
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise ProtocolError("An event of the stream cannot be read.") from error

    def _started(self, _payload: _Payload) -> list[Event]:
        self._order.take(Step.START)
        return [MessageStart(id="", model=self._model)]

    def _block_begun(self, payload: _Payload) -> list[Event]:
        index, start = payload.content_block_index, payload.start
        if start is None:
            raise ProtocolError("A block of the stream begins without a content.")
        return [self._order.begin(index, _begun(start))]

    def _block_grown(self, payload: _Payload) -> list[Event]:
        index, delta = payload.content_block_index, payload.delta
        if delta is None:
            raise ProtocolError("A delta of the stream is empty.")
        block, deltas = _delta(index, delta)
        begun: list[Event] = []
        # Tool calls are announced; every other block begins with its first delta.
        if self._order.absent(index) and not isinstance(block, ToolUseBlock):
            begun.append(self._order.begin(index, block))
        elif not deltas:
            raise ProtocolError("A delta of the stream does not fit its block.")
        return begun + self._order.grow(index, deltas)

    def _block_ended(self, payload: _Payload) -> list[Event]:
        index = payload.content_block_index
        begun: list[Event] = []
        if self._order.absent(index):
            # Text is not announced, so an empty text only ends.
            begun.append(self._order.begin(index, TextBlock(text="")))
        return [*begun, self._order.end(index)]

    def _stopped(self, payload: _Payload) -> list[Event]:
        self._order.take(Step.REASON)
        fields = payload.additional_model_response_fields
        return [
            MessageDelta(
                stop_reason=stop_reason_of(payload.stop_reason),
                stop_sequence=stop_sequence_of(fields),
            )
        ]

    def _counted(self, payload: _Payload) -> list[Event]:
        if self._order.state is not State.STOPPED or payload.usage is None:
            raise ProtocolError("An event of the stream is out of place.")
        self._order.take(Step.END)
        return [MessageStop(usage=payload.usage.usage())]


_TRANSLATED: Mapping[str, Callable[[Decoder, _Payload], list[Event]]] = {
    "messageStart": Decoder._started,
    "contentBlockStart": Decoder._block_begun,
    "contentBlockDelta": Decoder._block_grown,
    "contentBlockStop": Decoder._block_ended,
    "messageStop": Decoder._stopped,
    "metadata": Decoder._counted,
}
"""What each event means. Events of any other kind may be added to the service model,
and are passed over, as botocore does."""


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


def _begun(start: Plain) -> ContentBlock:
    """Converse announces tool calls alone."""
    used = msgspec.convert(start["toolUse"], ToolUse)
    return ToolUseBlock(id=used.tool_use_id, name=used.name, input={})


def _delta(index: int, delta: Plain) -> tuple[ContentBlock, list[Event]]:
    """The block that this delta would begin, and its events."""
    if "text" in delta:
        return TextBlock(text=""), [TextDelta(index=index, text=text_of(delta["text"]))]
    if "citation" in delta:
        cited = citations.received(delta["citation"])
        return TextBlock(text=""), [CitationDelta(index=index, citation=cited)]
    if "toolUse" in delta:
        fragment = text_of(delta["toolUse"]["input"])
        return ToolUseBlock(id="", name="", input={}), [
            ToolInputDelta(index=index, partial_json=fragment)
        ]
    reasoning = delta["reasoningContent"]
    if "text" in reasoning:
        return ThinkingBlock(thinking=""), [
            ThinkingDelta(index=index, thinking=text_of(reasoning["text"]))
        ]
    if "signature" in reasoning:
        return ThinkingBlock(thinking=""), [
            SignatureDelta(index=index, signature=text_of(reasoning["signature"]))
        ]
    return RedactedThinkingBlock(data=text_of(reasoning["redactedContent"])), []
