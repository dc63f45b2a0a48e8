"""The body of a Messages request, judged strictly.

An unknown key, a wrong type or a missing field is a 400 that names the path, because
that is what a client must never send by mistake. Vertex AI, Foundry and Bedrock's
InvokeModel all carry this body.

Sources: the parameter types of anthropic 2.12.0 (`anthropic/types/*_param.py`) for
names, types and which are required; the Messages API reference (platform.claude.com,
read 2026-11-22) for ranges, the tool rules and the error texts where it quotes them.
Server tools and beta fields are left out, so their blocks and keys are refused; where a
text could not be checked against the real API, only its status and error type are to be
relied on.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from trivium_rehearsal.endpoints.configuration import VERSION_2026, Model
from trivium_rehearsal.endpoints.text import Json


class InvalidBodyError(Exception):
    """The body breaks a rule; the message begins with the path."""


# ---------------------------------------------------------------- shapes

Check = Callable[[Any, str], None]
"""Judges one value at one path; raises `InvalidBodyError`. Values are whatever JSON
holds, hence `Any`."""


def _string(
    minimum: int = 0, maximum: int | None = None, pattern: str | None = None
) -> Check:
    def check(value: Any, path: str) -> None:
        if not isinstance(value, str):
            raise InvalidBodyError(f"{path}: Input should be a valid string")
        if len(value) < minimum:
            raise InvalidBodyError(
                f"{path}: String should have at least {minimum}"
                f" character{'s' * (minimum > 1)}"
            )
        if maximum is not None and len(value) > maximum:
            raise InvalidBodyError(
                f"{path}: String should have at most {maximum} characters"
            )
        if pattern is not None and not re.fullmatch(pattern, value):
            raise InvalidBodyError(f"{path}: String should match pattern '^{pattern}$'")

    return check


def _integer(minimum: int, maximum: int | None = None) -> Check:
    def check(value: Any, path: str) -> None:
        if not isinstance(value, int) or isinstance(value, bool):
            raise InvalidBodyError(f"{path}: Input should be a valid integer")
        if value < minimum:
            raise InvalidBodyError(
                f"{path}: Input should be greater than or equal to {minimum}"
            )
        if maximum is not None and value > maximum:
            raise InvalidBodyError(
                f"{path}: Input should be less than or equal to {maximum}"
            )

    return check


def _number(minimum: float, maximum: float) -> Check:
    def check(value: Any, path: str) -> None:
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise InvalidBodyError(f"{path}: Input should be a valid number")
        if not minimum <= value <= maximum:
            raise InvalidBodyError(f"{path}: range: {minimum:g}..{maximum:g}")

    return check


def _boolean(value: Any, path: str) -> None:
    if not isinstance(value, bool):
        raise InvalidBodyError(f"{path}: Input should be a valid boolean")


def _any_object(value: Any, path: str) -> None:
    if not isinstance(value, dict):
        raise InvalidBodyError(f"{path}: Input should be an object")


def _one_of(*allowed: str) -> Check:
    def check(value: Any, path: str) -> None:
        if value not in allowed:
            raise InvalidBodyError(
                f"{path}: Input should be {' or '.join(repr(one) for one in allowed)}"
            )

    return check


def _optional(check: Check) -> Check:
    def judge(value: Any, path: str) -> None:
        if value is not None:
            check(value, path)

    return judge


def _list_of(check: Check) -> Check:
    def judge(value: Any, path: str) -> None:
        if not isinstance(value, list):
            raise InvalidBodyError(f"{path}: Input should be a valid array")
        for position, member in enumerate(value):
            check(member, f"{path}.{position}")

    return judge


def _object(fields: Mapping[str, Check], *, required: Iterable[str] = ()) -> Check:
    needed = tuple(required)

    def check(value: Any, path: str) -> None:
        _any_object(value, path)
        for name in needed:
            if name not in value:
                raise InvalidBodyError(f"{_under(path, name)}: Field required")
        for name, member in value.items():
            if name not in fields:
                raise InvalidBodyError(
                    f"{_under(path, name)}: Extra inputs are not permitted"
                )
            fields[name](member, _under(path, name))

    return check


def _tagged(shapes: Mapping[str, Check], *, implied: str | None = None) -> Check:
    """An object whose `type` says which shape it has; `implied` is meant where `type`
    is absent."""

    def check(value: Any, path: str) -> None:
        _any_object(value, path)
        tag = implied if value.get("type") is None and implied else value.get("type")
        if "type" not in value and tag is None:
            raise InvalidBodyError(f"{path}.type: Field required")
        shape = shapes.get(tag) if isinstance(tag, str) else None
        if shape is None:
            expected = ", ".join(f"'{name}'" for name in shapes)
            raise InvalidBodyError(
                f"{path}: Input tag {tag!r} found using 'type' does not match any of"
                f" the expected tags: {expected}"
            )
        shape(value, f"{path}.{tag}")

    return check


def _text_or(check: Check) -> Check:
    def judge(value: Any, path: str) -> None:
        if not isinstance(value, str):
            check(value, path)

    return judge


def _under(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


_CACHE = _optional(
    _object(
        {"type": _one_of("ephemeral"), "ttl": _one_of("5m", "1h")}, required=("type",)
    )
)
_TYPE: Check = _string()  # already judged by `_tagged`
_CITATIONS = _optional(_object({"enabled": _boolean}))
_TOOL_NAME = _string(1, 128, r"[a-zA-Z0-9_-]{1,128}")
_TOOL_ID = _string(1, None, r"[a-zA-Z0-9_-]+")

_TEXT = _object(
    {
        "type": _TYPE,
        "text": _string(1),
        "cache_control": _CACHE,
        "citations": _optional(_list_of(_any_object)),
    },
    required=("text",),
)
_IMAGE_SOURCE = _tagged(
    {
        "base64": _object(
            {
                "type": _TYPE,
                "media_type": _one_of(
                    "image/jpeg", "image/png", "image/gif", "image/webp"
                ),
                "data": _string(1),
            },
            required=("media_type", "data"),
        ),
        "url": _object({"type": _TYPE, "url": _string(1)}, required=("url",)),
    }
)
_IMAGE = _object(
    {"type": _TYPE, "source": _IMAGE_SOURCE, "cache_control": _CACHE},
    required=("source",),
)
_DOCUMENT_SOURCE = _tagged(
    {
        "base64": _object(
            {
                "type": _TYPE,
                "media_type": _one_of("application/pdf"),
                "data": _string(1),
            },
            required=("media_type", "data"),
        ),
        "text": _object(
            {"type": _TYPE, "media_type": _one_of("text/plain"), "data": _string(1)},
            required=("media_type", "data"),
        ),
        "content": _object(
            {
                "type": _TYPE,
                "content": _text_or(
                    _list_of(_tagged({"text": _TEXT, "image": _IMAGE}))
                ),
            },
            required=("content",),
        ),
        "url": _object({"type": _TYPE, "url": _string(1)}, required=("url",)),
    }
)
_DOCUMENT = _object(
    {
        "type": _TYPE,
        "source": _DOCUMENT_SOURCE,
        "cache_control": _CACHE,
        "citations": _CITATIONS,
        "context": _optional(_string()),
        "title": _optional(_string()),
    },
    required=("source",),
)
_SEARCH_RESULT = _object(
    {
        "type": _TYPE,
        "content": _list_of(_tagged({"text": _TEXT})),
        "source": _string(),
        "title": _string(),
        "cache_control": _CACHE,
        "citations": _CITATIONS,
    },
    required=("content", "source", "title"),
)
_TOOL_USE = _object(
    {
        "type": _TYPE,
        "id": _TOOL_ID,
        "name": _TOOL_NAME,
        "input": _any_object,
        "cache_control": _CACHE,
    },
    required=("id", "name", "input"),
)
_TOOL_RESULT = _object(
    {
        "type": _TYPE,
        "tool_use_id": _TOOL_ID,
        "content": _text_or(
            _list_of(
                _tagged(
                    {
                        "text": _TEXT,
                        "image": _IMAGE,
                        "document": _DOCUMENT,
                        "search_result": _SEARCH_RESULT,
                    }
                )
            )
        ),
        "is_error": _boolean,
        "cache_control": _CACHE,
    },
    required=("tool_use_id",),
)
_THINKING_BLOCK = _object(
    {"type": _TYPE, "thinking": _string(), "signature": _string()},
    required=("thinking", "signature"),
)
_REDACTED = _object({"type": _TYPE, "data": _string()}, required=("data",))

_USER_BLOCKS = _tagged(
    {
        "text": _TEXT,
        "image": _IMAGE,
        "document": _DOCUMENT,
        "search_result": _SEARCH_RESULT,
        "tool_result": _TOOL_RESULT,
    }
)
_ASSISTANT_BLOCKS = _tagged(
    {
        "text": _TEXT,
        "tool_use": _TOOL_USE,
        "thinking": _THINKING_BLOCK,
        "redacted_thinking": _REDACTED,
    }
)
_SYSTEM_BLOCKS = _tagged({"text": _TEXT})
# `system` turns inside a conversation came with anthropic 2.x
# (system_message_param.py); which models and versions take them is not verifiable here.
_BLOCKS = {
    "user": _USER_BLOCKS,
    "assistant": _ASSISTANT_BLOCKS,
    "system": _SYSTEM_BLOCKS,
}


def _input_schema(value: Any, path: str) -> None:
    _any_object(value, path)
    if value.get("type") != "object":
        raise InvalidBodyError(f"{path}.type: Input should be 'object'")


_TOOL = _tagged(
    {
        "custom": _object(
            {
                "type": _optional(_TYPE),
                "name": _TOOL_NAME,
                "description": _string(),
                "input_schema": _input_schema,
                "cache_control": _CACHE,
                "strict": _boolean,
                "eager_input_streaming": _optional(_boolean),
                "input_examples": _list_of(_any_object),
                "defer_loading": _boolean,
            },
            required=("name", "input_schema"),
        )
    },
    implied="custom",
)
_DISPLAY = _optional(_one_of("summarized", "omitted"))
_THINKING = _tagged(
    {
        "enabled": _object(
            # At least 1,024 (extended thinking guide).
            {"type": _TYPE, "budget_tokens": _integer(1024), "display": _DISPLAY},
            required=("budget_tokens",),
        ),
        "disabled": _object({"type": _TYPE}),
        "adaptive": _object({"type": _TYPE, "display": _DISPLAY}),
    }
)
_PARALLEL: dict[str, Check] = {"type": _TYPE, "disable_parallel_tool_use": _boolean}
_TOOL_CHOICE = _tagged(
    {
        "auto": _object(_PARALLEL),
        "any": _object(_PARALLEL),
        "tool": _object({**_PARALLEL, "name": _string(1)}, required=("name",)),
        "none": _object({"type": _TYPE}),
    }
)
_FORMAT = _object(
    {"type": _one_of("json_schema"), "schema": _any_object}, required=("type", "schema")
)
_OUTPUT = _object(
    {
        "effort": _optional(_one_of("low", "medium", "high", "xhigh", "max")),
        "format": _optional(_FORMAT),
    }
)


def _message(value: Any, path: str) -> None:
    _any_object(value, path)
    for name in ("role", "content"):
        if name not in value:
            raise InvalidBodyError(f"{path}.{name}: Field required")
    for name in value:
        if name not in ("role", "content"):
            raise InvalidBodyError(f"{path}.{name}: Extra inputs are not permitted")
    _one_of(*_BLOCKS)(value["role"], f"{path}.role")
    _text_or(_list_of(_BLOCKS[value["role"]]))(value["content"], f"{path}.content")


_SAMPLING: dict[str, Check] = {
    "temperature": _number(0, 1),
    "top_p": _number(0, 1),
    "top_k": _integer(0),
}
_COUNTED: dict[str, Check] = {
    "messages": _list_of(_message),
    "system": _text_or(_list_of(_SYSTEM_BLOCKS)),
    "tools": _list_of(_TOOL),
    "tool_choice": _TOOL_CHOICE,
    "thinking": _THINKING,
    "output_config": _OUTPUT,
    "cache_control": _CACHE,
}
_ASKED: dict[str, Check] = {
    **_COUNTED,
    # 0 fills the prompt cache without generating (max_tokens in the API reference).
    "max_tokens": _integer(0),
    "metadata": _object({"user_id": _optional(_string(0, 256))}),
    "stop_sequences": _list_of(_string(1)),
    "stream": _boolean,
    "service_tier": _one_of("auto", "standard_only"),
}


def validate(
    body: Json,
    *,
    version: str,
    model: Model,
    transport: Iterable[str] = (),
    counting: bool = False,
    streamable: bool = True,
    betas: bool = False,
) -> None:
    """Judge a body whose version was judged already. Raises `InvalidBodyError` at the
    first problem.

    `transport` names the keys that the cloud's own protocol adds (`model`,
    `anthropic_version`); they must be there. `streamable` is false where the path says
    whether to stream, `betas` true where the body carries them.
    """
    fields = dict(_COUNTED if counting else _ASKED)
    if version != VERSION_2026:
        # Removed by version 2026-10-21 (Messages API versions page); the text of the
        # refusal is not verifiable here.
        fields |= _SAMPLING
    if not streamable:
        fields.pop("stream", None)
    if betas:
        fields["anthropic_beta"] = _list_of(_string(1))
    fields |= {name: _string(1) for name in transport}
    _object(
        fields,
        required=(
            *transport,
            *(("messages",) if counting else ("max_tokens", "messages")),
        ),
    )(body, "")
    _check_turns(body["messages"])
    if not counting:
        check_prefill(body, model)
        _check_limits(body, model)
    _check_tools(body)


def validate_extra_fields(fields: Json) -> None:
    """Judge single top-level fields, as Converse's `additionalModelRequestFields` adds
    them."""
    allowed = {**_ASKED, **_SAMPLING, "anthropic_beta": _list_of(_string(1))}
    for name in ("messages", "max_tokens", "stream"):
        allowed.pop(name)
    _object(allowed)(fields, "")


def check_prefill(body: Json, model: Model) -> None:
    """Refuse a conversation that ends with the assistant's turn where the model takes
    none."""
    if body["messages"][-1]["role"] == "assistant" and not model.accepts_prefill:
        raise InvalidBodyError(
            "This model does not support assistant message prefill. The conversation"
            " must end with a user message."
        )


def _check_limits(body: Json, model: Model) -> None:
    asked, limit = body["max_tokens"], model.max_output_tokens
    if asked > limit:
        raise InvalidBodyError(
            f"max_tokens: {asked} > {limit}, which is the maximum allowed number of"
            " output tokens for this model"
        )
    thinking = body.get("thinking") or {}
    if thinking.get("type") != "enabled":
        return
    if thinking["budget_tokens"] >= asked:
        raise InvalidBodyError(
            "`max_tokens` must be greater than `thinking.budget_tokens`."
        )
    if body.get("temperature", 1) != 1:
        raise InvalidBodyError(
            "`temperature` may only be set to 1 when thinking is enabled."
        )


def _check_turns(turns: list[Json]) -> None:
    if not turns:
        raise InvalidBodyError("messages: at least one message is required")
    if turns[0]["role"] != "user":
        raise InvalidBodyError('messages: first message must use the "user" role')
    for position, turn in enumerate(turns):
        if not turn["content"] and not (
            turn["role"] == "assistant" and position == len(turns) - 1
        ):
            raise InvalidBodyError(
                f"messages.{position}: all messages must have non-empty content except"
                " for the optional final assistant message"
            )
        if any(
            block.get("type") == "text" and not block["text"].strip()
            for block in _all_blocks(turn)
        ):
            raise InvalidBodyError(
                "messages: text content blocks must contain non-whitespace text"
            )
    if (
        turns[-1]["role"] == "assistant"
        and _last_text(turns[-1]["content"])[-1:].isspace()
    ):
        raise InvalidBodyError(
            "messages: final assistant content cannot end with trailing whitespace"
        )
    _check_pairs(_merged(turns))


def _last_text(content: str | list[Json]) -> str:
    if isinstance(content, str):
        return content
    return str(content[-1].get("text", "")) if content else ""


def _blocks(turn: Json) -> list[Json]:
    return turn["content"] if isinstance(turn["content"], list) else []


def _all_blocks(turn: Json) -> list[Json]:
    """Also those inside of tool results."""
    blocks = _blocks(turn)
    results = [
        block.get("content") for block in blocks if block.get("type") == "tool_result"
    ]
    return blocks + [
        part for content in results if isinstance(content, list) for part in content
    ]


def _merged(turns: list[Json]) -> list[tuple[str, list[Json], int]]:
    """Neighbouring turns of one role count as one ("consecutive turns will be
    combined"): role, blocks, position."""
    merged: list[tuple[str, list[Json], int]] = []
    for position, turn in enumerate(turns):
        blocks = _blocks(turn)
        if merged and merged[-1][0] == turn["role"]:
            merged[-1][1].extend(blocks)
        else:
            merged.append((turn["role"], list(blocks), position))
    return merged


def _check_pairs(turns: list[tuple[str, list[Json], int]]) -> None:
    asked: set[str] = set()
    for index, (role, blocks, position) in enumerate(turns):
        results = [
            block["tool_use_id"] for block in blocks if block["type"] == "tool_result"
        ]
        if role == "assistant":
            asked = {block["id"] for block in blocks if block["type"] == "tool_use"}
            if asked and index + 1 < len(turns):
                answered = {
                    b["tool_use_id"]
                    for b in turns[index + 1][1]
                    if b["type"] == "tool_result"
                }
                _refuse_unanswered(sorted(asked - answered), position)
            continue
        for one in results:
            if one not in asked:
                raise InvalidBodyError(
                    f"messages.{position}.content: unexpected `tool_use_id` found in"
                    f" `tool_result` blocks: {one}. Each `tool_result` block must have"
                    " a corresponding `tool_use` block in the previous message."
                )
        asked = set()
    if asked:
        _refuse_unanswered(sorted(asked), turns[-1][2])


def _refuse_unanswered(ids: list[str], position: int) -> None:
    if ids:
        raise InvalidBodyError(
            f"messages.{position}: `tool_use` ids were found without `tool_result`"
            f" blocks immediately after: {', '.join(ids)}. Each `tool_use` block must"
            " have a corresponding `tool_result` block in the next message."
        )


def _check_tools(body: Json) -> None:
    tools = body.get("tools") or []
    names = [tool["name"] for tool in tools]
    if len(names) != len(set(names)):
        raise InvalidBodyError("tools: Tool names must be unique.")
    choice = body.get("tool_choice")
    if choice is not None and choice["type"] != "none" and not tools:
        raise InvalidBodyError(
            "tool_choice: tool_choice may only be specified while providing tools."
        )
    if choice is not None and choice["type"] == "tool" and choice["name"] not in names:
        raise InvalidBodyError(
            f"tool_choice: Tool '{choice['name']}' not found in provided tools"
        )
