"""Converse replies: pieces to JSON or event-stream messages."""

import json
import time
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from trivium_rehearsal.endpoints.models import eventstream
from trivium_rehearsal.endpoints.models.configuration import StopReason
from trivium_rehearsal.endpoints.models.messages.reply import folded
from trivium_rehearsal.endpoints.models.text import (
    Begin,
    Close,
    End,
    Open,
    Piece,
    Signature,
    Text,
)
from trivium_rehearsal.endpoints.serving.bodies import Json
from trivium_rehearsal.endpoints.serving.delivery import Frame

_STOP_REASONS: dict[StopReason, str] = {
    "end_turn": "end_turn",
    "max_tokens": "max_tokens",
    "stop_sequence": "stop_sequence",
    "tool_use": "tool_use",
    "pause_turn": "end_turn",
    # Converse's StopReason has no refusal. Which of its values Claude's refusals get
    # cannot be verified here.
    "refusal": "content_filtered",
}


@dataclass(frozen=True, kw_only=True)
class ConverseForm:
    """The reply of Converse and ConverseStream."""

    headers: Mapping[str, str]
    """The endpoint's own headers."""
    started: float
    """When the request was accepted, by `time.perf_counter()`."""
    pointers: Sequence[str] = ()
    """JSON pointers to fields of Claude's own reply that the caller asked for.

    In a stream they point into `message_delta`, the last event of Claude's own stream
    with content. Whether the service then also accepts pointers into a whole reply
    cannot be verified here.
    """

    def whole(self, pieces: list[Piece]) -> tuple[Mapping[str, str], Json]:
        return self.headers, self._reply(pieces)

    def stream_headers(self) -> Mapping[str, str]:
        return {"content-type": eventstream.MEDIA_TYPE, **self.headers}

    async def frames(
        self, pieces: AsyncGenerator[Piece, None]
    ) -> AsyncGenerator[Frame, None]:
        described = _Events(self)
        async with aclosing(pieces):
            async for piece in pieces:
                for frame in described.of(piece):
                    yield frame

    def _reply(self, pieces: Iterable[Piece]) -> Json:
        begin, content, end = folded(pieces)
        own = {"stop_reason": end.stop_reason, "stop_sequence": end.stop_sequence}
        message = {"role": "assistant", "content": [_content(one) for one in content]}
        return {
            **_asked(own, self.pointers),
            "output": {"message": message},
            "stopReason": _STOP_REASONS[end.stop_reason],
            "usage": _usage(begin, end),
            "metrics": {"latencyMs": elapsed_ms(self.started)},
        }


def elapsed_ms(started: float) -> int:
    """Milliseconds since a `time.perf_counter()`."""
    return round((time.perf_counter() - started) * 1000)


def _asked(own: Json, pointers: Sequence[str]) -> Json:
    """`additionalModelResponseFields` with the model's own fields that were asked for.
    A pointer to anything else is ignored."""
    found: Json = {}
    for pointer in pointers:
        path = pointer.split("/")[1:]
        value, place = own, found
        for name in path[:-1]:
            value = value.get(name) or {}
        if path[-1] not in value:
            continue

        for name in path[:-1]:
            place = place.setdefault(name, {})
        place[path[-1]] = value[path[-1]]
    return {"additionalModelResponseFields": found} if found else {}


def _content(block: Json) -> Json:
    """A block of Anthropic's shape in Converse's."""
    match block["type"]:
        case "text":
            return {"text": block["text"]}
        case "thinking":
            reasoning = {"text": block["thinking"], "signature": block["signature"]}
            return {"reasoningContent": {"reasoningText": reasoning}}
        case "redacted_thinking":
            return {"reasoningContent": {"redactedContent": block["data"]}}
        case _:
            use = {"toolUseId": block["id"], "name": block["name"]}
            return {"toolUse": {**use, "input": block["input"]}}


def _usage(begin: Begin, end: End) -> Json:
    total = (
        begin.input_tokens
        + begin.cache_read_input_tokens
        + begin.cache_creation_input_tokens
        + end.output_tokens
    )
    return {
        "inputTokens": begin.input_tokens,
        "outputTokens": end.output_tokens,
        "totalTokens": total,
        "cacheReadInputTokens": begin.cache_read_input_tokens,
        "cacheWriteInputTokens": begin.cache_creation_input_tokens,
    }


# ---------------------------------------------------------------- streams


class _Events:
    """Frames one piece after another, `messageStart` to `metadata`, numbering the
    blocks."""

    def __init__(self, form: ConverseForm) -> None:
        self._form = form
        self._begin = Begin(input_tokens=0)
        self._index = -1
        self._kind = "text"

    def of(self, piece: Piece) -> list[Frame]:
        """The frames of the next piece."""
        match piece:
            case Begin():
                self._begin = piece
                return [_frame("messageStart", {"role": "assistant"})]
            case Open():
                self._index, self._kind = self._index + 1, piece.kind
                return self._opened(piece)
            case Text(text=text):
                return [self._delta(_delta_of(self._kind, text))]
            case Signature(signature=signature):
                return [self._delta({"reasoningContent": {"signature": signature}})]
            case Close():
                return [self._block("contentBlockStop")]
            case End():
                return self._stop(piece)

    def _opened(self, piece: Open) -> list[Frame]:
        """Only a tool call announces itself; text and reasoning begin with their first
        delta."""
        match piece.kind:
            case "tool_use":
                start = {"toolUse": {"toolUseId": piece.id, "name": piece.name}}
                return [self._block("contentBlockStart", start=start)]
            case "redacted_thinking":
                redacted = {"redactedContent": piece.data}
                return [self._delta({"reasoningContent": redacted})]
            case _:
                return []

    def _delta(self, delta: Json) -> Frame:
        return self._block("contentBlockDelta", delta=delta)

    def _block(self, event_type: str, **fields: Json) -> Frame:
        """A message about the open block."""
        return _frame(event_type, {**fields, "contentBlockIndex": self._index})

    def _stop(self, end: End) -> list[Frame]:
        """The last two messages."""
        own = {"stop_reason": end.stop_reason, "stop_sequence": end.stop_sequence}
        stop = {
            "stopReason": _STOP_REASONS[end.stop_reason],
            **_asked({"delta": own}, self._form.pointers),
        }
        metadata = {
            "usage": _usage(self._begin, end),
            "metrics": {"latencyMs": elapsed_ms(self._form.started)},
        }
        return [
            _frame("messageStop", stop, remaining=1),
            _frame("metadata", metadata, remaining=0),
        ]


def _delta_of(kind: str, text: str) -> Json:
    """More of a block, as its kind wants it."""
    match kind:
        case "tool_use":
            return {"toolUse": {"input": text}}
        case "thinking":
            return {"reasoningContent": {"text": text}}
        case _:
            return {"text": text}


def _frame(event_type: str, payload: Json, *, remaining: int | None = None) -> Frame:
    """One padded event-stream message."""
    padded = {**payload, "p": eventstream.padding()}
    data = json.dumps(padded, ensure_ascii=False).encode()
    return Frame(eventstream.event(event_type, data), remaining)
