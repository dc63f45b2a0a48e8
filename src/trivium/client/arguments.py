"""What a caller gives: the arguments of `create` and `stream`, and what they mean."""

import difflib
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Required, TypedDict

import msgspec

from trivium.client.conversation import plain_turn, problem_of, without_blanks
from trivium.client.elsewhere import ARGUMENTS
from trivium.errors import RequestError
from trivium.vocabulary.messages import (
    MessageRequest,
    TextBlock,
    Thinking,
    Tool,
    ToolChoice,
    Turn,
)


class RequestArguments(TypedDict, total=False):
    """What `create` and `stream` take, by name: the Messages API's arguments, as plain
    data or as the records of `trivium.vocabulary.messages` (Any: plain data is checked
    when it is used)."""

    model: Required[str]
    """A tier, a role, a route id or `route-id/tier`."""
    max_tokens: Required[int]
    messages: Required[Sequence[Turn | Mapping[str, Any]]]
    """Turns, oldest first; the first is the user's."""
    system: str | Sequence[TextBlock | Mapping[str, Any]] | None
    stop_sequences: Sequence[str] | None
    temperature: float | None
    top_p: float | None
    top_k: int | None
    tools: Sequence[Tool | Mapping[str, Any]] | None
    tool_choice: ToolChoice | Mapping[str, Any] | None
    thinking: Thinking | Mapping[str, Any] | None
    metadata: Mapping[str, str] | None
    """`user_id`, and labels that the constitution's conditions may ask about; they stay
    in this process and its audit log."""


_NAMES = tuple(RequestArguments.__annotations__)


def request_of(arguments: Mapping[str, Any]) -> tuple[MessageRequest, dict[str, str]]:
    """The request and the metadata that a caller's arguments mean; None leaves an
    argument out. Any: checked here.

    Raises `RequestError` naming the argument and what was expected, never its content.
    """
    _require_known(arguments)
    given = {
        name: value
        for name, value in arguments.items()
        if value is not None and name != "metadata"
    }
    try:
        if isinstance(given.get("messages"), Sequence):
            given["messages"] = [plain_turn(turn) for turn in given["messages"]]
        plain = msgspec.to_builtins(
            given, builtin_types=(bytes, bytearray)
        )  # never taken for text
        request: MessageRequest = msgspec.convert(plain, MessageRequest)
    except RecursionError:
        raise RequestError(
            "The request cannot be used: it is nested without end."
        ) from None
    except (msgspec.ValidationError, TypeError) as error:
        raise RequestError(
            f"The request cannot be used: {_without_values(str(error))}."
        ) from None
    problem = _problem(request) or problem_of(request.messages)
    if problem:
        raise RequestError(f"The request cannot be used: {problem}.")
    turns = without_blanks(request.messages)
    request = msgspec.structs.replace(request, messages=turns)
    return request, _labels(arguments.get("metadata"))


def _labels(metadata: object) -> dict[str, str]:
    """The caller's metadata."""
    if metadata is None:
        return {}
    if not isinstance(metadata, Mapping) or not all(
        isinstance(part, str) for pair in metadata.items() for part in pair
    ):
        raise RequestError(
            "The request cannot be used: `metadata` is not a mapping of strings to"
            " strings."
        )
    return dict(metadata)


def _require_known(arguments: Mapping[str, Any]) -> None:
    """Raise for an argument that does not exist, and for one that is missing."""
    unknown = [name for name in arguments if name not in _NAMES]
    if unknown:
        near = difflib.get_close_matches(unknown[0], _NAMES, n=1)
        instead = ARGUMENTS.get(unknown[0]) or (
            f"Did you mean `{near[0]}`?" if near else None
        )
        raise RequestError(
            f"Unknown argument `{unknown[0]}`; known are {', '.join(_NAMES)}.",
            next_step=instead,
        )
    missing = [
        name for name in RequestArguments.__required_keys__ if name not in arguments
    ]
    if missing:
        raise RequestError(f"Argument `{min(missing, key=_NAMES.index)}` is missing.")


def _problem(request: MessageRequest) -> str:
    """What is wrong beside the conversation; "" if nothing is."""
    if request.max_tokens < 1:
        return f"`max_tokens` is {request.max_tokens}, expected at least 1"
    for name in ("temperature", "top_p"):
        if not math.isfinite(getattr(request, name) or 0.0):
            return f"`{name}` is not a finite number"
    if (
        request.tool_choice is not None
        and request.tool_choice.type == "tool"
        and not request.tool_choice.name
    ):
        return "`tool_choice` of type `tool` names no tool"
    return ""


def _without_values(text: str) -> str:
    """msgspec quotes what it found in an enum or a tag; that may be the caller's
    text."""
    head, _, place = text.partition(" - at ")
    kind = head.partition(" '")[0] if "Invalid" in head else head
    expected = next(
        (words for pattern, words in _EXPECTED if pattern.search(f"{kind} {place}")), ""
    )
    return f"{kind} at {place}{expected}" if place else kind


_EXPECTED = (
    (
        re.compile(r"^Invalid.*\.role`"),
        ", expected `user` or `assistant`; instructions belong into `system`",
    ),
    (
        re.compile(r"^Invalid.*\.source\.type`"),
        (
            ", expected `base64`, or `text` in a document; what a provider would fetch"
            " the guard cannot check"
        ),
    ),
    (
        re.compile(r"^Invalid.*\.content\[[\d.]*\]\.content\[[\d.]*\]\.type`"),
        (
            ", expected `text` or `image`; a document stands beside the tool's result,"
            " not in it"
        ),
    ),
    (
        re.compile(r"^Invalid.*\.content\[[\d.]*\]\.type`"),
        (
            ", expected `text`, `image`, `document`, `tool_use`, `tool_result`,"
            " `thinking` or `redacted_thinking`"
        ),
    ),
    (
        re.compile(r"field `type`.*\.tools\["),
        "; only tools of the caller's own are carried, which have no type",
    ),
)
"""What msgspec does not say, by its words and the place."""
