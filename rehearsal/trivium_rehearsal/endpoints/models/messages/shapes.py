"""The fields and blocks of a Messages request.

Sources: the parameter types of anthropic 2.12.0 (`anthropic/types/*_param.py`) for
names, types and which are required; the Messages API reference (platform.claude.com,
read 2026-11-22) for ranges. Server tools and beta fields are left out, so their blocks
and keys are refused.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from trivium_rehearsal.endpoints.models.messages.schema import (
    Check,
    InvalidBodyError,
    any_object,
    boolean,
    integer,
    list_of,
    number,
    object_of,
    one_of,
    optional,
    string,
    tagged,
    text_or,
)


def _variant(
    fields: Mapping[str, Check] | None = None, *, required: Iterable[str] = ()
) -> Check:
    """One shape of a tagged object, whose `type` was judged by `tagged`."""
    return object_of({"type": string(), **(fields or {})}, required=required)


# ---------------------------------------------------------------- blocks

_CACHE = optional(
    object_of(
        {"type": one_of("ephemeral"), "ttl": one_of("5m", "1h")}, required=("type",)
    )
)
_CITATIONS = optional(object_of({"enabled": boolean}))
_TOOL_NAME = string(1, 128, r"[a-zA-Z0-9_-]{1,128}")
_TOOL_ID = string(1, None, r"[a-zA-Z0-9_-]+")
_URL = _variant({"url": string(1)}, required=("url",))


def _data(*media_types: str) -> Check:
    """Inline content of one of these media types."""
    fields = {"media_type": one_of(*media_types), "data": string(1)}
    return _variant(fields, required=("media_type", "data"))


_TEXT = _variant(
    {
        "text": string(1),
        "cache_control": _CACHE,
        "citations": optional(list_of(any_object)),
    },
    required=("text",),
)
_IMAGE_SOURCE = tagged(
    {
        "base64": _data("image/jpeg", "image/png", "image/gif", "image/webp"),
        "url": _URL,
    }
)
_IMAGE = _variant(
    {"source": _IMAGE_SOURCE, "cache_control": _CACHE}, required=("source",)
)
_DOCUMENT_CONTENT = text_or(list_of(tagged({"text": _TEXT, "image": _IMAGE})))
_DOCUMENT_SOURCE = tagged(
    {
        "base64": _data("application/pdf"),
        "text": _data("text/plain"),
        "content": _variant({"content": _DOCUMENT_CONTENT}, required=("content",)),
        "url": _URL,
    }
)
_DOCUMENT = _variant(
    {
        "source": _DOCUMENT_SOURCE,
        "cache_control": _CACHE,
        "citations": _CITATIONS,
        "context": optional(string()),
        "title": optional(string()),
    },
    required=("source",),
)
_SEARCH_RESULT = _variant(
    {
        "content": list_of(tagged({"text": _TEXT})),
        "source": string(),
        "title": string(),
        "cache_control": _CACHE,
        "citations": _CITATIONS,
    },
    required=("content", "source", "title"),
)
_TOOL_USE = _variant(
    {
        "id": _TOOL_ID,
        "name": _TOOL_NAME,
        "input": any_object,
        "cache_control": _CACHE,
    },
    required=("id", "name", "input"),
)
_RESULT_BLOCKS = tagged(
    {
        "text": _TEXT,
        "image": _IMAGE,
        "document": _DOCUMENT,
        "search_result": _SEARCH_RESULT,
    }
)
_TOOL_RESULT = _variant(
    {
        "tool_use_id": _TOOL_ID,
        "content": text_or(list_of(_RESULT_BLOCKS)),
        "is_error": boolean,
        "cache_control": _CACHE,
    },
    required=("tool_use_id",),
)
_THINKING_BLOCK = _variant(
    {"thinking": string(), "signature": string()},
    required=("thinking", "signature"),
)
_REDACTED = _variant({"data": string()}, required=("data",))

_USER_BLOCKS = tagged(
    {
        "text": _TEXT,
        "image": _IMAGE,
        "document": _DOCUMENT,
        "search_result": _SEARCH_RESULT,
        "tool_result": _TOOL_RESULT,
    }
)
_ASSISTANT_BLOCKS = tagged(
    {
        "text": _TEXT,
        "tool_use": _TOOL_USE,
        "thinking": _THINKING_BLOCK,
        "redacted_thinking": _REDACTED,
    }
)
_SYSTEM_BLOCKS = tagged({"text": _TEXT})

# `system` turns inside a conversation came with anthropic 2.x
# (system_message_param.py). Which models and versions accept them cannot be verified
# here.
_BLOCKS = {
    "user": _USER_BLOCKS,
    "assistant": _ASSISTANT_BLOCKS,
    "system": _SYSTEM_BLOCKS,
}


def _message(value: Any, path: str) -> None:  # any JSON value
    """A turn: the role decides which blocks its content may hold."""
    any_object(value, path)
    for name in ("role", "content"):
        if name not in value:
            raise InvalidBodyError(f"{path}.{name}: Field required")
    for name in value:
        if name not in ("role", "content"):
            raise InvalidBodyError(f"{path}.{name}: Extra inputs are not permitted")

    one_of(*_BLOCKS)(value["role"], f"{path}.role")
    text_or(list_of(_BLOCKS[value["role"]]))(value["content"], f"{path}.content")


# ---------------------------------------------------------------- other fields


def _input_schema(value: Any, path: str) -> None:  # any JSON value
    """A tool's JSON Schema, which must describe an object."""
    any_object(value, path)
    if value.get("type") != "object":
        raise InvalidBodyError(f"{path}.type: Input should be 'object'")


_TOOL = tagged(
    {
        "custom": object_of(
            {
                "type": optional(string()),
                "name": _TOOL_NAME,
                "description": string(),
                "input_schema": _input_schema,
                "cache_control": _CACHE,
                "strict": boolean,
                "eager_input_streaming": optional(boolean),
                "input_examples": list_of(any_object),
                "defer_loading": boolean,
            },
            required=("name", "input_schema"),
        )
    },
    implied="custom",
)
_DISPLAY = optional(one_of("summarized", "omitted"))
_THINKING = tagged(
    {
        "enabled": _variant(
            # At least 1,024 (extended thinking guide).
            {"budget_tokens": integer(1024), "display": _DISPLAY},
            required=("budget_tokens",),
        ),
        "disabled": _variant(),
        "adaptive": _variant({"display": _DISPLAY}),
    }
)
_PARALLEL: dict[str, Check] = {"disable_parallel_tool_use": boolean}
_TOOL_CHOICE = tagged(
    {
        "auto": _variant(_PARALLEL),
        "any": _variant(_PARALLEL),
        "tool": _variant({**_PARALLEL, "name": string(1)}, required=("name",)),
        "none": _variant(),
    }
)
_FORMAT = object_of(
    {"type": one_of("json_schema"), "schema": any_object}, required=("type", "schema")
)
_OUTPUT = object_of(
    {
        "effort": optional(one_of("low", "medium", "high", "xhigh", "max")),
        "format": optional(_FORMAT),
    }
)


# ---------------------------------------------------------------- requests

SAMPLING: dict[str, Check] = {
    "temperature": number(0, 1),
    "top_p": number(0, 1),
    "top_k": integer(0),
}
"""Fields that version 2026-10-21 removed."""

BETAS: dict[str, Check] = {"anthropic_beta": list_of(string(1))}
"""The field of betas, where the body carries them and not a header."""

COUNTED: dict[str, Check] = {
    "messages": list_of(_message),
    "system": text_or(list_of(_SYSTEM_BLOCKS)),
    "tools": list_of(_TOOL),
    "tool_choice": _TOOL_CHOICE,
    "thinking": _THINKING,
    "output_config": _OUTPUT,
    "cache_control": _CACHE,
}
"""Fields of a request to count tokens."""

ASKED: dict[str, Check] = {
    **COUNTED,
    # 0 fills the prompt cache without generating (max_tokens in the API reference).
    "max_tokens": integer(0),
    "metadata": object_of({"user_id": optional(string(0, 256))}),
    "stop_sequences": list_of(string(1)),
    "stream": boolean,
    "service_tier": one_of("auto", "standard_only"),
}
"""Fields of a request for a message."""
