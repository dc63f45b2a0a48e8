"""What makes a Messages request valid.

An unknown key, a wrong type or a missing field is a 400 that names the path, because a
client must never send one by mistake. Vertex AI, Foundry and Bedrock's InvokeModel all
carry this body.

Source: the Messages API reference (platform.claude.com, read 2026-11-22) for the rules
and the error texts that it quotes. Where a text could not be checked against the real
API, only its status and error type can be relied on.
"""

from collections.abc import Iterable
from typing import NamedTuple

from trivium_rehearsal.endpoints.models.configuration import VERSION_2026, Model
from trivium_rehearsal.endpoints.models.messages import shapes
from trivium_rehearsal.endpoints.models.messages.schema import (
    InvalidBodyError,
    object_of,
    string,
)
from trivium_rehearsal.endpoints.serving.bodies import Json


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
    """Judge a body whose version is known to be accepted. Raises `InvalidBodyError` at
    the first problem.

    `transport` names the keys that the cloud's own protocol adds and requires (`model`,
    `anthropic_version`). `counting` selects the fields of a token count. `streamable`
    is false where the path decides whether to stream, and `betas` true where the body
    carries them.
    """
    fields = dict(shapes.COUNTED if counting else shapes.ASKED)
    if version != VERSION_2026:
        # Version 2026-10-21 removed them (Messages API versions page). The text of the
        # refusal cannot be verified here.
        fields |= shapes.SAMPLING
    if not streamable:
        fields.pop("stream", None)
    if betas:
        fields |= shapes.BETAS
    fields |= {name: string(1) for name in transport}

    asked = ("messages",) if counting else ("max_tokens", "messages")
    object_of(fields, required=(*transport, *asked))(body, "")

    _check_turns(body["messages"])
    if not counting:
        check_prefill(body, model)
        _check_limits(body, model)
    _check_tools(body)


def validate_extra_fields(fields: Json) -> None:
    """Judge single top-level fields, as Converse's `additionalModelRequestFields` adds
    them."""
    allowed = {**shapes.ASKED, **shapes.SAMPLING, **shapes.BETAS}
    for name in ("messages", "max_tokens", "stream"):
        allowed.pop(name)
    object_of(allowed)(fields, "")


def check_beta_header(header: str | None, known: Iterable[str]) -> None:
    """Refuse an `anthropic-beta` header with a member that is not known."""
    asked = [part.strip() for part in (header or "").split(",") if part.strip()]
    unknown = next((one for one in asked if one not in known), None)
    if unknown is not None:
        raise InvalidBodyError(
            f"Unexpected value(s) `{unknown}` for the `anthropic-beta` header."
        )


def check_prefill(body: Json, model: Model) -> None:
    """Refuse a conversation that ends with the assistant's turn, if the model does not
    accept that."""
    if body["messages"][-1]["role"] == "assistant" and not model.accepts_prefill:
        raise InvalidBodyError(
            "This model does not support assistant message prefill. The conversation"
            " must end with a user message."
        )


def _check_limits(body: Json, model: Model) -> None:
    """Judge `max_tokens` and the thinking budget against the model's limits."""
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


# ---------------------------------------------------------------- turns


def _check_turns(turns: list[Json]) -> None:
    """Judge the order and content of the turns, and their tool calls."""
    if not turns:
        raise InvalidBodyError("messages: at least one message is required")
    if turns[0]["role"] != "user":
        raise InvalidBodyError('messages: first message must use the "user" role')

    for position, turn in enumerate(turns):
        last = position == len(turns) - 1
        if not turn["content"] and not (turn["role"] == "assistant" and last):
            raise InvalidBodyError(
                f"messages.{position}: all messages must have non-empty content except"
                " for the optional final assistant message"
            )
        if any(map(_blank, _all_blocks(turn))):
            raise InvalidBodyError(
                "messages: text content blocks must contain non-whitespace text"
            )

    prefill = turns[-1]["content"] if turns[-1]["role"] == "assistant" else ""
    if _last_text(prefill)[-1:].isspace():
        raise InvalidBodyError(
            "messages: final assistant content cannot end with trailing whitespace"
        )
    _check_pairs(_merged(turns))


def _blank(block: Json) -> bool:
    """Whether the block is a text block without text."""
    return block.get("type") == "text" and not block["text"].strip()


def _last_text(content: str | list[Json]) -> str:
    """The text with which the content ends."""
    if isinstance(content, str):
        return content
    return str(content[-1].get("text", "")) if content else ""


def _blocks(turn: Json) -> list[Json]:
    """The content blocks; none where the content is a text."""
    return turn["content"] if isinstance(turn["content"], list) else []


def _all_blocks(turn: Json) -> list[Json]:
    """The content blocks, and those inside tool results."""
    blocks = _blocks(turn)
    results = [
        block.get("content") for block in blocks if block.get("type") == "tool_result"
    ]
    return blocks + [
        part for content in results if isinstance(content, list) for part in content
    ]


# ---------------------------------------------------------------- tools


class _Turn(NamedTuple):
    """Neighbouring turns of one role, which count as one."""

    role: str
    position: int
    """Of the first one."""
    blocks: list[Json]

    @property
    def calls(self) -> set[str]:
        """The ids of the tools that are called."""
        return {one["id"] for one in self.blocks if one["type"] == "tool_use"}

    @property
    def results(self) -> list[str]:
        """The ids of the calls that are answered."""
        return [
            one["tool_use_id"] for one in self.blocks if one["type"] == "tool_result"
        ]


def _merged(turns: list[Json]) -> list[_Turn]:
    """The turns, with neighbours of one role joined ("consecutive turns will be
    combined")."""
    merged: list[_Turn] = []
    for position, turn in enumerate(turns):
        if merged and merged[-1].role == turn["role"]:
            merged[-1].blocks.extend(_blocks(turn))
        else:
            merged.append(_Turn(turn["role"], position, list(_blocks(turn))))
    return merged


def _check_pairs(turns: list[_Turn]) -> None:
    """Every call is answered in the next turn, and nothing else is."""
    open_calls: set[str] = set()
    for turn, following in zip(turns, [*turns[1:], None], strict=True):
        if turn.role == "assistant":
            open_calls = turn.calls
            answered = set(following.results) if following else set()
            _refuse_unanswered(open_calls - answered, turn.position)
            continue

        for one in turn.results:
            if one not in open_calls:
                raise InvalidBodyError(
                    f"messages.{turn.position}.content: unexpected `tool_use_id` found"
                    f" in `tool_result` blocks: {one}. Each `tool_result` block must"
                    " have a corresponding `tool_use` block in the previous message."
                )
        open_calls = set()


def _refuse_unanswered(ids: set[str], position: int) -> None:
    if ids:
        raise InvalidBodyError(
            f"messages.{position}: `tool_use` ids were found without `tool_result`"
            f" blocks immediately after: {', '.join(sorted(ids))}. Each `tool_use`"
            " block must have a corresponding `tool_result` block in the next message."
        )


def _check_tools(body: Json) -> None:
    """Tools have names of their own, and the chosen one is among them."""
    tools = body.get("tools") or []
    names = [tool["name"] for tool in tools]
    if len(names) != len(set(names)):
        raise InvalidBodyError("tools: Tool names must be unique.")

    choice = body.get("tool_choice")
    if choice is None:
        return
    if choice["type"] != "none" and not tools:
        raise InvalidBodyError(
            "tool_choice: tool_choice may only be specified while providing tools."
        )
    if choice["type"] == "tool" and choice["name"] not in names:
        raise InvalidBodyError(
            f"tool_choice: Tool '{choice['name']}' not found in provided tools"
        )
