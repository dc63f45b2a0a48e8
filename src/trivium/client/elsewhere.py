"""What users of Anthropic's own SDK look for here and do not find, and what to do
instead."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

_UNCHECKED = (
    "Nothing leaves that the guard has not checked, so there is no way around the"
    " arguments."
)

ARGUMENTS: Mapping[str, str] = {
    "stream": "Use `client.messages.stream(…)`.",
    "timeout": "Pass `options=Options(timeout_s=…)` to `from_deployment`.",
    "extra_headers": _UNCHECKED,
    "extra_query": _UNCHECKED,
    "extra_body": _UNCHECKED,
    "betas": _UNCHECKED,
}
"""By the name of an argument that `create` and `stream` do not take."""

_ATTRIBUTES: Mapping[str, str] = {
    # of a client
    "with_options": "Pass `options=Options(…)` to `from_deployment`.",
    "copy": "Call `from_deployment` again.",
    "beta": _UNCHECKED,
    "models": "See `client.deployment.tiers`, `.roles` and `.routes`.",
    # of its messages
    "count_tokens": "See `usage` of a reply.",
    "with_raw_response": "See `provider_request_id` and `usage` of a reply.",
    "with_streaming_response": "Use `client.messages.stream(…)`.",
    # of a stream
    "get_final_text": "Use `get_final_message().text`.",
    "until_done": "Use `get_final_message()`.",
    "close": "Use the stream in a `with` block, which closes it.",
    "current_message_snapshot": (
        "Use `get_final_message()`: before its end a stream is not an answer."
    ),
    "request_id": "It is in the final message, and in every error.",
    # of a message
    "id": "See `request_id`, and the provider's own `provider_request_id`.",
    "role": "It is always `assistant`.",
    "model_dump": "Use `msgspec.to_builtins(message)`.",
    "model_dump_json": "Use `msgspec.json.encode(message)`.",
    "to_dict": "Use `msgspec.to_builtins(message)`.",
    "to_json": "Use `msgspec.json.encode(message)`.",
}


class Explained:
    """Says of an attribute that it does not have what to do instead."""

    __slots__ = ()

    if not TYPE_CHECKING:  # a type checker would take every name for known

        def __getattr__(self, name):
            instead = _ATTRIBUTES.get(name, "")
            told = f"`{type(self).__name__}` has no `{name}`. {instead}".rstrip()
            raise AttributeError(told, name=name, obj=self)
