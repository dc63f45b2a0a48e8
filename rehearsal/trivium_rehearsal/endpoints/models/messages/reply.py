"""Messages replies: pieces to JSON or server-sent events, and the error object.

Source: the Messages API reference and its streaming guide (platform.claude.com, read
2026-11-22).
"""

import json
import uuid
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass

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

SSE = "text/event-stream"

SSE_GARBAGE = (
    b'event: content_block_delta\ndata: {"type": "content_block_delta", "index":'
    b" \xff\xfe\n\n"
)
"""An event whose data is neither UTF-8 nor JSON."""


@dataclass(frozen=True, kw_only=True)
class MessagesForm:
    """The Messages reply over HTTP, as Vertex AI and Foundry send it."""

    label: str
    """The source's name, which `model` tells."""
    headers: Mapping[str, str]
    """The endpoint's own headers."""

    def whole(self, pieces: list[Piece]) -> tuple[Mapping[str, str], Json]:
        return self.headers, message(pieces, label=self.label)

    def stream_headers(self) -> Mapping[str, str]:
        return {**self.headers, "content-type": f"{SSE}; charset=utf-8"}

    async def frames(
        self, pieces: AsyncGenerator[Piece, None]
    ) -> AsyncGenerator[Frame, None]:
        async with aclosing(events(pieces, label=self.label)) as described:
            async for event in described:
                yield Frame(sse(event), 0 if event["type"] == "message_stop" else None)


# ---------------------------------------------------------------- whole replies


def message(pieces: Iterable[Piece], *, label: str) -> Json:
    """A complete reply."""
    begin, content, end = folded(pieces)
    return {
        **_head(label),
        "content": content,
        "stop_reason": end.stop_reason,
        "stop_sequence": end.stop_sequence,
        "usage": _usage(begin, end.output_tokens),
    }


def _head(label: str) -> Json:
    """What every message begins with; `model` says that this is not Claude."""
    return {
        "id": f"msg_rehearsal_{uuid.uuid4().hex}",
        "type": "message",
        "role": "assistant",
        "model": f"{label} (rehearsal, not Claude)",
    }


def _usage(begin: Begin, output_tokens: int) -> Json:
    return {
        "input_tokens": begin.input_tokens,
        "cache_creation_input_tokens": begin.cache_creation_input_tokens,
        "cache_read_input_tokens": begin.cache_read_input_tokens,
        "output_tokens": output_tokens,
    }


def folded(pieces: Iterable[Piece]) -> tuple[Begin, list[Json], End]:
    """The first piece, the content blocks in Anthropic's shape, and the last piece."""
    begin, end = Begin(input_tokens=0), End(stop_reason="end_turn", output_tokens=0)
    blocks: list[Json] = []
    tool_input = ""
    for piece in pieces:
        match piece:
            case Begin():
                begin = piece
            case End():
                end = piece
            case Open():
                blocks.append(_opened(piece))
                tool_input = ""
            case Text(text=text) if blocks[-1]["type"] == "tool_use":
                tool_input += text
            case Text(text=text):
                blocks[-1][blocks[-1]["type"]] += text
            case Signature(signature=signature):
                blocks[-1]["signature"] = signature
            case Close() if blocks[-1]["type"] == "tool_use":
                blocks[-1]["input"] = _parsed_input(tool_input)
    return begin, blocks, end


def _parsed_input(text: str) -> Json:
    """A tool's input. What `max_tokens` cut short is not JSON and becomes empty."""
    try:
        value = json.loads(text or "{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _opened(piece: Open) -> Json:
    """The block before any of its content."""
    match piece.kind:
        case "text":
            return {"type": "text", "text": ""}
        case "thinking":
            return {"type": "thinking", "thinking": "", "signature": ""}
        case "redacted_thinking":
            return {"type": "redacted_thinking", "data": piece.data}
        case "tool_use":
            return {"type": "tool_use", "id": piece.id, "name": piece.name, "input": {}}


# ---------------------------------------------------------------- streams


async def events(
    pieces: AsyncGenerator[Piece, None], *, label: str
) -> AsyncGenerator[Json, None]:
    """The events of a stream, `message_start` to `message_stop`."""
    described = _Events(label)
    async with aclosing(pieces):
        async for piece in pieces:
            for event in described.of(piece):
                yield event


class _Events:
    """Describes one piece after another, numbering the blocks."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._begin = Begin(input_tokens=0)
        self._index = -1
        self._kind = "text"

    def of(self, piece: Piece) -> list[Json]:
        """The events of the next piece."""
        match piece:
            case Begin():
                self._begin = piece
                return [_start(piece, self._label), {"type": "ping"}]
            case Open():
                self._index, self._kind = self._index + 1, piece.kind
                return [self._block("start", content_block=_opened(piece))]
            case Text(text=text):
                return [self._block("delta", delta=_delta(self._kind, text))]
            case Signature(signature=signature):
                delta = {"type": "signature_delta", "signature": signature}
                return [self._block("delta", delta=delta)]
            case Close():
                return [self._block("stop")]
            case End():
                return _stop(self._begin, piece)

    def _block(self, event: str, **fields: Json) -> Json:
        """An event of the open block."""
        return {"type": f"content_block_{event}", "index": self._index, **fields}


def _start(begin: Begin, label: str) -> Json:
    """`message_start`, whose usage already counts one output token."""
    unfinished: Json = {
        **_head(label),
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": _usage(begin, 1),
    }
    return {"type": "message_start", "message": unfinished}


def _delta(kind: str, text: str) -> Json:
    """More of a block, as its kind wants it."""
    match kind:
        case "tool_use":
            return {"type": "input_json_delta", "partial_json": text}
        case "thinking":
            return {"type": "thinking_delta", "thinking": text}
        case _:
            return {"type": "text_delta", "text": text}


def _stop(begin: Begin, end: End) -> list[Json]:
    """The last two events."""
    reason = {"stop_reason": end.stop_reason, "stop_sequence": end.stop_sequence}
    usage = _usage(begin, end.output_tokens)
    return [
        {"type": "message_delta", "delta": reason, "usage": usage},
        {"type": "message_stop"},
    ]


def sse(event: Json) -> bytes:
    """One server-sent event (WHATWG HTML, 9.2)."""
    data = json.dumps(event, ensure_ascii=False)
    return f"event: {event['type']}\ndata: {data}\n\n".encode()


# ---------------------------------------------------------------- errors


def error_body(kind: str, message: str) -> Json:
    """The Anthropic error object."""
    return {"type": "error", "error": {"type": kind, "message": message}}


def sse_error(kind: str | None) -> bytes:
    """An `event: error` inside a stream, `overloaded_error` unless named."""
    text = "The rehearsal ordered this error in the middle of the stream."
    return sse(error_body(kind or "overloaded_error", text))
