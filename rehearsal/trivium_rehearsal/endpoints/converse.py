"""Bedrock's Converse protocol, the serving side: a body in, JSON or event-stream
messages out.

What a body may hold is not written here: it is read from botocore's own model of
`bedrock-runtime` (members, types, required members, enums, lengths, ranges, patterns,
tagged unions). Here are only the rules that the model cannot say: turns begin with the
user and alternate, blocks are not empty, every tool call is answered. Their texts are
those that AWS is widely quoted with (langchain-aws issues 130 and 192, dify issue
12340). botocore's model says nothing about wrong types and unknown members; their
refusal is strict here and its wording not verifiable.
"""

import base64
import binascii
import functools
import itertools
import json
import re
import time
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from typing import Any

from trivium_rehearsal.endpoints import eventstream
from trivium_rehearsal.endpoints.configuration import StopReason
from trivium_rehearsal.endpoints.messages import folded
from trivium_rehearsal.endpoints.text import (
    Begin,
    Close,
    End,
    Frame,
    Json,
    Open,
    Piece,
    Signature,
    Text,
)


class InvalidConverseError(Exception):
    """The body breaks a rule; carries AWS's error type."""

    def __init__(self, message: str, kind: str = "ValidationException") -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


@functools.cache
def service_model() -> Any:  # botocore.model.ServiceModel; botocore has no types
    """botocore's model of the Bedrock runtime; loaded once, as it costs a while."""
    from botocore.loaders import Loader
    from botocore.model import ServiceModel

    return ServiceModel(Loader().load_service_model("bedrock-runtime", "service-2"))


# ---------------------------------------------------------------- judging


def validate(operation: str, model_id: str, body: Json) -> None:
    """Judge the body of an operation. Raises `InvalidConverseError` at the first
    problem."""
    shape = service_model().operation_model(operation).input_shape
    _judge(shape.members["modelId"], model_id, "modelId")
    members = {
        name: member
        for name, member in shape.members.items()
        if member.serialization.get("location") is None
    }
    _judge_members(
        members, [n for n in shape.required_members if n in members], body, ""
    )
    conversation = body if operation != "CountTokens" else body["input"].get("converse")
    if conversation is not None:
        _check_conversation(conversation)


def _judge(
    shape: Any, value: Any, path: str
) -> None:  # botocore shapes and JSON values have no types
    if getattr(shape, "is_document_type", False):
        return
    judge = _JUDGES.get(shape.type_name)
    if judge is None:
        raise InvalidConverseError(
            f"{path} has the unsupported type {shape.type_name}.",
            "InternalServerException",
        )
    judge(shape, value, path)


def _judge_structure(shape: Any, value: Any, path: str) -> None:
    if not isinstance(value, dict):
        raise _wrong_type(value, "a structure", path)
    _judge_members(shape.members, shape.required_members, value, path)
    # A member that is null counts as absent (Smithy JSON protocols).
    present = [name for name in value if value[name] is not None]
    if getattr(shape, "is_tagged_union", False) and len(present) != 1:
        raise InvalidConverseError(
            f"1 validation error detected: Value at '{path}' failed to satisfy"
            f" constraint: Member must have exactly one of {', '.join(shape.members)};"
            f" {len(present)} are set"
        )


def _judge_members(
    members: Any, required: Iterable[str], value: Json, path: str
) -> None:
    for name in required:
        if value.get(name) is None:
            raise InvalidConverseError(
                f"1 validation error detected: Value at '{_under(path, name)}' failed"
                " to satisfy constraint: Member must not be null"
            )
    for name, member in value.items():
        if name not in members:
            raise InvalidConverseError(
                f"1 validation error detected: '{_under(path, name)}' is not a member;"
                f" expected one of {', '.join(members)}"
            )
        if member is not None:
            _judge(members[name], member, _under(path, name))


def _judge_list(shape: Any, value: Any, path: str) -> None:
    if not isinstance(value, list):
        raise _wrong_type(value, "a list", path)
    _check_size(shape, len(value), path, "length")
    for position, member in enumerate(value, start=1):
        _judge(shape.member, member, f"{path}.{position}.member")


def _judge_map(shape: Any, value: Any, path: str) -> None:
    if not isinstance(value, dict):
        raise _wrong_type(value, "a map", path)
    _check_size(shape, len(value), path, "length")
    for name, member in value.items():
        _judge(shape.key, name, f"{path}.key")
        _judge(shape.value, member, f"{path}.value")


def _judge_string(shape: Any, value: Any, path: str) -> None:
    if not isinstance(value, str):
        raise _wrong_type(value, "a string", path)
    _check_size(shape, len(value), path, "length")
    enum = shape.metadata.get("enum")
    if enum and value not in enum:
        raise _constraint(
            path, f"Member must satisfy enum value set: [{', '.join(enum)}]"
        )
    pattern = shape.metadata.get("pattern")
    if pattern and not re.fullmatch(pattern, value):
        raise _constraint(
            path, f"Member must satisfy regular expression pattern: {pattern}"
        )


def _judge_blob(shape: Any, value: Any, path: str) -> None:
    if not isinstance(value, str):
        raise _wrong_type(value, "base64 text", path)
    try:
        size = len(base64.b64decode(value, validate=True))
    except (binascii.Error, ValueError):
        raise InvalidConverseError(
            f"'{path}' is not base64.", "SerializationException"
        ) from None
    _check_size(shape, size, path, "length")


def _judge_integer(shape: Any, value: Any, path: str) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise _wrong_type(value, "an integer", path)
    _check_size(shape, value, path, "value")


def _judge_number(shape: Any, value: Any, path: str) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise _wrong_type(value, "a number", path)
    _check_size(shape, value, path, "value")


def _judge_boolean(_shape: Any, value: Any, path: str) -> None:
    if not isinstance(value, bool):
        raise _wrong_type(value, "a boolean", path)


_JUDGES = {
    "structure": _judge_structure,
    "list": _judge_list,
    "map": _judge_map,
    "string": _judge_string,
    "blob": _judge_blob,
    "integer": _judge_integer,
    "long": _judge_integer,
    "float": _judge_number,
    "double": _judge_number,
    "boolean": _judge_boolean,
}


def _check_size(shape: Any, size: float, path: str, what: str) -> None:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < float(least):
        raise _constraint(
            path, f"Member must have {what} greater than or equal to {least}"
        )
    if most is not None and size > float(most):
        raise _constraint(path, f"Member must have {what} less than or equal to {most}")


def _constraint(path: str, text: str) -> InvalidConverseError:
    return InvalidConverseError(
        f"1 validation error detected: Value at '{path}' failed to satisfy constraint:"
        f" {text}"
    )


def _wrong_type(value: Any, wanted: str, path: str) -> InvalidConverseError:
    found = {
        dict: "START_OBJECT",
        list: "START_ARRAY",
        str: "STRING_VALUE",
        bool: "BOOLEAN_VALUE",
    }
    kind = found.get(type(value), "NULL_VALUE" if value is None else "NUMBER_VALUE")
    return InvalidConverseError(
        f"{kind} at '{path}' can not be converted to {wanted}", "SerializationException"
    )


def _under(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _check_conversation(body: Json) -> None:
    turns = body.get("messages") or []
    if not turns:
        raise InvalidConverseError(
            "The messages field is empty. Add at least one message and try again."
        )
    if turns[0]["role"] != "user":
        raise InvalidConverseError(
            "A conversation must start with a user message. Try again with a"
            " conversation that starts with a user message."
        )
    if any(one["role"] == two["role"] for one, two in itertools.pairwise(turns)):
        raise InvalidConverseError(
            "A conversation must alternate between user and assistant roles. Make sure"
            " the conversation alternates between user and assistant roles and try"
            " again."
        )
    for position, turn in enumerate(turns):
        _check_blocks(turn["content"], position)
        _check_results(turn["content"])
    _check_pointers(body.get("additionalModelResponseFieldPaths") or [])
    _check_tools(body, turns)


def _check_pointers(pointers: list[str]) -> None:
    if not all(pointer.startswith("/") for pointer in pointers):
        raise InvalidConverseError(
            "The additionalModelResponseFieldPaths field holds a malformed JSON"
            " pointer."
        )


def _check_results(blocks: list[Json]) -> None:
    """The model refuses what Converse hands on to it."""
    for block in blocks:
        parts = (block.get("toolResult") or {}).get("content", ())
        if any(
            part.get("text") is not None and not part["text"].strip() for part in parts
        ):
            raise InvalidConverseError(
                "The model returned the following errors: messages: text content blocks"
                " must contain non-whitespace text"
            )


def _check_blocks(blocks: list[Json], position: int) -> None:
    if not blocks:
        raise InvalidConverseError(
            f"The content field in the Message object at messages.{position} is empty."
            " Add a ContentBlock object to the content field and try again."
        )
    for index, block in enumerate(blocks):
        if block.get("text") is not None and not block["text"].strip():
            raise InvalidConverseError(
                "The text field in the ContentBlock object at"
                f" messages.{position}.content.{index} is blank. Add text to the text"
                " field, and try again."
            )


def _check_tools(body: Json, turns: list[Json]) -> None:
    calls = [_ids(turn, "toolUse") for turn in turns]
    results = [_ids(turn, "toolResult") for turn in turns]
    if (any(calls) or any(results)) and not body.get("toolConfig"):
        raise InvalidConverseError(
            "The toolConfig field must be defined when using toolUse and toolResult"
            " content blocks."
        )
    for position, asked in enumerate(calls):
        answered = results[position + 1] if position + 1 < len(turns) else []
        missing = [one for one in asked if one not in answered]
        if missing:
            raise InvalidConverseError(
                f"Expected toolResult blocks at messages.{position + 1}.content for the"
                f" following Ids: {', '.join(missing)}"
            )
    for position, answered in enumerate(results):
        asked = calls[position - 1] if position else []
        if any(one not in asked for one in answered):
            raise InvalidConverseError(
                f"The number of toolResult blocks at messages.{position}.content"
                " exceeds the number of toolUse blocks of previous turn."
            )
    _check_choice(body.get("toolConfig") or {})


def _check_choice(config: Json) -> None:
    names = [
        tool["toolSpec"]["name"]
        for tool in config.get("tools", [])
        if tool.get("toolSpec")
    ]
    if len(names) != len(set(names)):
        raise InvalidConverseError(
            "The toolConfig.tools field has tools of the same name. Give each tool its"
            " own name."
        )
    chosen = (config.get("toolChoice") or {}).get("tool")
    if chosen and chosen["name"] not in names:
        raise InvalidConverseError(
            f"The tool {chosen['name']} of toolConfig.toolChoice was not found in"
            " toolConfig.tools."
        )


def _ids(turn: Json, kind: str) -> list[str]:
    return [block[kind]["toolUseId"] for block in turn["content"] if block.get(kind)]


# ---------------------------------------------------------------- Converse to Messages


def as_messages(body: Json) -> Json:
    """The Messages body that says the same, as far as a source needs it. The body must
    be valid."""
    settings = body.get("inferenceConfig") or {}
    messages: Json = {
        "messages": [
            {
                "role": turn["role"],
                "content": [b for block in turn["content"] if (b := _block(block))],
            }
            for turn in body["messages"]
        ],
        # Claude's default on Converse where maxTokens is absent is the model's own
        # limit; enough for a rehearsal.
        "max_tokens": settings.get("maxTokens", 1024),
        "stop_sequences": settings.get("stopSequences") or [],
        "system": [
            {"type": "text", "text": block["text"]}
            for block in body.get("system") or []
            if block.get("text")
        ],
    }
    for theirs, ours in (("temperature", "temperature"), ("topP", "top_p")):
        if settings.get(theirs) is not None:
            messages[ours] = settings[theirs]
    _add_tools(messages, body.get("toolConfig") or {})
    return messages


def _add_tools(messages: Json, config: Json) -> None:
    messages["tools"] = [
        {
            "name": spec["name"],
            "description": spec.get("description", ""),
            "input_schema": spec["inputSchema"].get("json", {}),
        }
        for tool in config.get("tools", [])
        if (spec := tool.get("toolSpec"))
    ]
    for kind, value in (config.get("toolChoice") or {}).items():
        if value is not None:
            messages["tool_choice"] = {
                "type": kind,
                **({"name": value["name"]} if kind == "tool" else {}),
            }


def _block(block: Json) -> Json | None:
    match next(
        ((kind, value) for kind, value in block.items() if value is not None), None
    ):
        case ("text", text):
            return {"type": "text", "text": text}
        case ("toolUse", use):
            return {
                "type": "tool_use",
                "id": use["toolUseId"],
                "name": use["name"],
                "input": use["input"],
            }
        case ("toolResult", result):
            content = [_result(part) for part in result["content"]]
            return {
                "type": "tool_result",
                "tool_use_id": result["toolUseId"],
                "content": content,
            }
        case ("cachePoint", _) | ("reasoningContent", _) | None:
            return None
        case (kind, _):
            return {"type": "text", "text": f"[{kind}]"}
        case _:
            return None


def _result(part: Json) -> Json:
    if part.get("text") is not None:
        return {"type": "text", "text": part["text"]}
    if "json" in part:
        return {"type": "text", "text": json.dumps(part["json"])}
    return {"type": "text", "text": f"[{next(iter(part), 'nothing')}]"}


# ---------------------------------------------------------------- pieces to replies


_STOP_REASONS: dict[StopReason, str] = {
    "end_turn": "end_turn",
    "max_tokens": "max_tokens",
    "stop_sequence": "stop_sequence",
    "tool_use": "tool_use",
    "pause_turn": "end_turn",
    # Converse's StopReason has no refusal; which of its values Claude's refusals get is
    # not verifiable here.
    "refusal": "content_filtered",
}


def reply(
    pieces: Iterable[Piece], *, started: float, pointers: Sequence[str] = ()
) -> Json:
    """A complete `Converse` response; `started` is a `time.perf_counter()`, `pointers`
    lead into Claude's own reply."""
    begin, content, end = folded(pieces)
    return {
        **_asked(
            {"stop_reason": end.stop_reason, "stop_sequence": end.stop_sequence},
            pointers,
        ),
        "output": {
            "message": {
                "role": "assistant",
                "content": [_content(block) for block in content],
            }
        },
        "stopReason": _STOP_REASONS[end.stop_reason],
        "usage": _usage(begin, end),
        "metrics": {"latencyMs": _latency_ms(started)},
    }


def _content(block: Json) -> Json:
    match block["type"]:
        case "text":
            return {"text": block["text"]}
        case "thinking":
            reasoning = {"text": block["thinking"], "signature": block["signature"]}
            return {"reasoningContent": {"reasoningText": reasoning}}
        case "redacted_thinking":
            return {"reasoningContent": {"redactedContent": block["data"]}}
        case _:
            return {
                "toolUse": {
                    "toolUseId": block["id"],
                    "name": block["name"],
                    "input": block["input"],
                }
            }


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


def _latency_ms(started: float) -> int:
    return round((time.perf_counter() - started) * 1000)


def _asked(own: Json, pointers: Sequence[str]) -> Json:
    """`additionalModelResponseFields`, with those of the model's own fields that are
    asked for; the rest is ignored."""
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


async def frames(
    pieces: AsyncGenerator[Piece, None], *, started: float, pointers: Sequence[str] = ()
) -> AsyncGenerator[Frame, None]:
    """The `ConverseStream` messages, `messageStart` to `metadata`.

    `pointers` lead into the last event of Claude's own stream that says anything,
    `message_delta`. Whether the service also lets them lead into a whole reply, as
    without streaming, is not verifiable here.
    """
    begin, index, kind = Begin(input_tokens=0), -1, "text"
    async with aclosing(pieces):
        async for piece in pieces:
            match piece:
                case Begin():
                    begin = piece
                    yield _frame("messageStart", {"role": "assistant"})
                case Open():
                    index, kind = index + 1, piece.kind
                    # Only tool calls announce themselves; text and reasoning begin with
                    # their first delta.
                    if kind == "tool_use":
                        start = {"toolUse": {"toolUseId": piece.id, "name": piece.name}}
                        yield _frame(
                            "contentBlockStart",
                            {"start": start, "contentBlockIndex": index},
                        )
                    if kind == "redacted_thinking":
                        yield _delta(
                            index, {"reasoningContent": {"redactedContent": piece.data}}
                        )
                case Text(text=text):
                    yield _delta(index, _delta_body(kind, text))
                case Signature(signature=signature):
                    yield _delta(index, {"reasoningContent": {"signature": signature}})
                case Close():
                    yield _frame("contentBlockStop", {"contentBlockIndex": index})
                case End():
                    own = {
                        "delta": {
                            "stop_reason": piece.stop_reason,
                            "stop_sequence": piece.stop_sequence,
                        }
                    }
                    stop = {
                        "stopReason": _STOP_REASONS[piece.stop_reason],
                        **_asked(own, pointers),
                    }
                    yield _frame("messageStop", stop, remaining=1)
                    metrics = {"latencyMs": _latency_ms(started)}
                    yield _frame(
                        "metadata",
                        {"usage": _usage(begin, piece), "metrics": metrics},
                        remaining=0,
                    )


def _delta(index: int, delta: Json) -> Frame:
    return _frame("contentBlockDelta", {"delta": delta, "contentBlockIndex": index})


def _delta_body(kind: str, text: str) -> Json:
    match kind:
        case "tool_use":
            return {"toolUse": {"input": text}}
        case "thinking":
            return {"reasoningContent": {"text": text}}
        case _:
            return {"text": text}


def _frame(event_type: str, payload: Json, *, remaining: int | None = None) -> Frame:
    padded = {**payload, "p": eventstream.padding()}
    return Frame(
        eventstream.event(event_type, json.dumps(padded, ensure_ascii=False).encode()),
        remaining,
    )
