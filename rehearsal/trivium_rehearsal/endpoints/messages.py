"""The Messages protocol, the serving side: a judged body to a prompt, pieces to JSON or
server-sent events.

Source: the Messages API reference and its streaming guide (platform.claude.com, read
2026-11-22).
"""

import json
import uuid
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing

from trivium_rehearsal.endpoints.configuration import Cloud
from trivium_rehearsal.endpoints.text import (
    Begin,
    Close,
    End,
    Frame,
    Json,
    Open,
    Piece,
    Prompt,
    Signature,
    Text,
    ToolSpec,
)

# ---------------------------------------------------------------- body to prompt


def prompt(body: Json, *, cloud: Cloud, model: str) -> Prompt:
    """The prompt of a valid body. Without `max_tokens` (counting) it is 0."""
    tools = tuple(
        ToolSpec(
            name=tool["name"],
            description=tool.get("description", ""),
            schema=tool["input_schema"],
        )
        for tool in body.get("tools") or []
    )
    content = body["messages"][-1]["content"]
    return Prompt(
        cloud=cloud,
        model=model,
        system=_words(body.get("system") or ""),
        turns=tuple(
            (turn["role"], _words(turn["content"])) for turn in body["messages"]
        ),
        max_tokens=body.get("max_tokens", 0),
        stop_sequences=tuple(body.get("stop_sequences") or ()),
        temperature=body.get("temperature"),
        top_p=body.get("top_p"),
        tools=tools,
        forced_tool=_forced(body.get("tool_choice"), tools),
        has_tool_result=isinstance(content, list)
        and any(block["type"] == "tool_result" for block in content),
    )


def _forced(choice: Json | None, tools: tuple[ToolSpec, ...]) -> ToolSpec | None:
    if choice is None or choice["type"] in ("auto", "none") or not tools:
        return None
    if choice["type"] == "any":
        return tools[0]
    return next(tool for tool in tools if tool.name == choice["name"])


def _words(content: str | list[Json]) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(text for block in content if (text := _words_of_block(block)))


def _words_of_block(block: Json) -> str:
    match block["type"]:
        case "text":
            return str(block["text"])
        case "tool_use":
            return f"(calls {block['name']} with {json.dumps(block['input'])})"
        case "tool_result":
            return _words(block.get("content", ""))
        case "document" if block["source"]["type"] == "text":
            return str(block["source"]["data"])
        case "search_result":
            return _words(block["content"])
        case "thinking" | "redacted_thinking":
            return ""
        case kind:
            return f"[{kind}]"


# ---------------------------------------------------------------- pieces to replies


def model_name(label: str) -> str:
    """What replies say in `model`: that this is not Claude."""
    return f"{label} (rehearsal, not Claude)"


def _usage(begin: Begin, output_tokens: int) -> Json:
    return {
        "input_tokens": begin.input_tokens,
        "cache_creation_input_tokens": begin.cache_creation_input_tokens,
        "cache_read_input_tokens": begin.cache_read_input_tokens,
        "output_tokens": output_tokens,
    }


def message_id() -> str:
    return f"msg_rehearsal_{uuid.uuid4().hex}"


def message(pieces: Iterable[Piece], *, label: str) -> Json:
    """A complete reply."""
    begin, content, end = folded(pieces)
    return {
        "id": message_id(),
        "type": "message",
        "role": "assistant",
        "model": model_name(label),
        "content": content,
        "stop_reason": end.stop_reason,
        "stop_sequence": end.stop_sequence,
        "usage": _usage(begin, end.output_tokens),
    }


def folded(pieces: Iterable[Piece]) -> tuple[Begin, list[Json], End]:
    """The first piece, the content blocks in Anthropic's shape, and the last piece."""
    begin, end = Begin(input_tokens=0), End(stop_reason="end_turn", output_tokens=0)
    blocks: list[Json] = []
    inputs: dict[int, str] = {}
    for piece in pieces:
        match piece:
            case Begin():
                begin = piece
            case End():
                end = piece
            case Open():
                blocks.append(_opened(piece))
                inputs[len(blocks) - 1] = ""
            case Text(text=text):
                block = blocks[-1]
                if block["type"] == "tool_use":
                    inputs[len(blocks) - 1] += text
                else:
                    block[block["type"]] += text
            case Signature(signature=signature):
                blocks[-1]["signature"] = signature
            case Close():
                if blocks[-1]["type"] == "tool_use":
                    blocks[-1]["input"] = _parsed_input(inputs[len(blocks) - 1])
    return begin, blocks, end


def _parsed_input(text: str) -> Json:
    """A tool's input; what `max_tokens` cut short is empty, as it can be no JSON."""
    try:
        value = json.loads(text or "{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _opened(piece: Open) -> Json:
    match piece.kind:
        case "text":
            return {"type": "text", "text": ""}
        case "thinking":
            return {"type": "thinking", "thinking": "", "signature": ""}
        case "redacted_thinking":
            return {"type": "redacted_thinking", "data": piece.data}
        case "tool_use":
            return {"type": "tool_use", "id": piece.id, "name": piece.name, "input": {}}


async def events(
    pieces: AsyncGenerator[Piece, None], *, label: str
) -> AsyncGenerator[Json, None]:
    """The stream's events, `message_start` to `message_stop`."""
    begin, index, kind = Begin(input_tokens=0), -1, "text"
    async with aclosing(pieces):
        async for piece in pieces:
            match piece:
                case Begin():
                    begin = piece
                    yield _start(piece, label)
                    yield {"type": "ping"}
                case Open():
                    index, kind = index + 1, piece.kind
                    yield {
                        "type": "content_block_start",
                        "index": index,
                        "content_block": _opened(piece),
                    }
                case Text(text=text):
                    yield {
                        "type": "content_block_delta",
                        "index": index,
                        "delta": _delta(kind, text),
                    }
                case Signature(signature=signature):
                    delta = {"type": "signature_delta", "signature": signature}
                    yield {
                        "type": "content_block_delta",
                        "index": index,
                        "delta": delta,
                    }
                case Close():
                    yield {"type": "content_block_stop", "index": index}
                case End():
                    reason = {
                        "stop_reason": piece.stop_reason,
                        "stop_sequence": piece.stop_sequence,
                    }
                    yield {
                        "type": "message_delta",
                        "delta": reason,
                        "usage": _usage(begin, piece.output_tokens),
                    }
                    yield {"type": "message_stop"}


def _start(begin: Begin, label: str) -> Json:
    return {
        "type": "message_start",
        "message": {
            "id": message_id(),
            "type": "message",
            "role": "assistant",
            "model": model_name(label),
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": _usage(begin, 1),
        },
    }


def _delta(kind: str, text: str) -> Json:
    match kind:
        case "tool_use":
            return {"type": "input_json_delta", "partial_json": text}
        case "thinking":
            return {"type": "thinking_delta", "thinking": text}
        case _:
            return {"type": "text_delta", "text": text}


def sse(event: Json) -> bytes:
    """One server-sent event (WHATWG HTML, 9.2)."""
    return f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n".encode()


def error_body(kind: str, message: str) -> Json:
    """The Anthropic error object."""
    return {"type": "error", "error": {"type": kind, "message": message}}


async def frames(
    pieces: AsyncGenerator[Piece, None], *, label: str
) -> AsyncGenerator[Frame, None]:
    """The stream's events as server-sent events."""
    async with aclosing(events(pieces, label=label)) as described:
        async for event in described:
            yield Frame(sse(event), 0 if event["type"] == "message_stop" else None)


def sse_error(kind: str | None) -> bytes:
    """An `event: error` inside a stream, `overloaded_error` unless named."""
    text = "The rehearsal ordered this error in the middle of the stream."
    return sse(error_body(kind or "overloaded_error", text))


SSE_GARBAGE = (
    b'event: content_block_delta\ndata: {"type": "content_block_delta", "index":'
    b" \xff\xfe\n\n"
)
"""An event whose data is neither UTF-8 nor JSON."""


def unknown_beta(header: str | None, known: Iterable[str]) -> str | None:
    """The first member of an `anthropic-beta` header that is not known."""
    asked = [part.strip() for part in (header or "").split(",") if part.strip()]
    return next((one for one in asked if one not in known), None)
