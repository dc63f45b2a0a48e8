"""What a condition may ask about: the fields of a request and of its context."""

from collections.abc import Callable, Mapping
from typing import Any, Literal

from trivium.vocabulary.decision import Context
from trivium.vocabulary.messages import MessageRequest, TextBlock

Type = Literal[
    "bool",
    "int",
    "double",
    "string",
    "list(bool)",
    "list(int)",
    "list(double)",
    "list(string)",
    "map",
]
"""`map` has string keys and string values."""

Fields = Mapping[str, Any]  # Any: a field's value has the field's own type
Scope = Mapping[str, Fields]
"""The fields by root: `request` and `context`."""

Closure = Callable[[Scope], Any]
"""Any: as above; the checker has made sure of the type."""

REQUEST_FIELDS: dict[str, Type] = {
    "model": "string",
    "max_tokens": "int",
    "temperature": "double",
    "top_p": "double",
    "top_k": "int",
    "turns": "int",
    "system": "string",
    "tools": "list(string)",
    "stop_sequences": "list(string)",
    "thinking": "string",
}
"""`request.*`: `turns` counts them, `system` joins its blocks, `tools` lists names,
`thinking` is its type."""

CONTEXT_FIELDS: dict[str, Type] = {
    "request_id": "string",
    "deployment": "string",
    "environment": "string",
    "zone": "string",
    "route": "string",
    "cloud": "string",
    "region": "string",
    "tier": "string",
    "model": "string",
    "scope": "string",
    "rehearsal": "bool",
    "user_id": "string",
    "attributes": "map",
}
"""`context.*`, as in `trivium.vocabulary.decision.Context`."""

ROOTS: dict[str, dict[str, Type]] = {
    "request": REQUEST_FIELDS,
    "context": CONTEXT_FIELDS,
}


def request_fields(request: MessageRequest) -> Fields:
    """`request.*` of one request. Optional fields that are not set are absent."""
    system = request.system
    fields: dict[str, Any] = {  # Any: see `Fields`
        "model": request.model,
        "max_tokens": request.max_tokens,
        "turns": len(request.messages),
        "system": _joined(system) if isinstance(system, tuple) else (system or ""),
        "tools": [tool.name for tool in request.tools],
        "stop_sequences": list(request.stop_sequences),
        "thinking": request.thinking.type if request.thinking else "disabled",
    }
    for name in ("temperature", "top_p", "top_k"):
        if getattr(request, name) is not None:
            fields[name] = getattr(request, name)
    return fields


def context_fields(context: Context) -> Fields:
    """`context.*` of one request. `user_id` is absent when the caller gave none."""
    return {
        name: getattr(context, name)
        for name in CONTEXT_FIELDS
        if getattr(context, name) is not None
    }


def _joined(blocks: tuple[TextBlock, ...]) -> str:
    return "\n".join(block.text for block in blocks)
