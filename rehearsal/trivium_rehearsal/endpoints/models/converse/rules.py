"""What makes a conversation valid, beyond the shape of the request.

botocore's model cannot express these rules: turns begin with the user and alternate,
blocks are not empty, every tool call is answered. The texts are those that AWS is
widely quoted with (langchain-aws issues 130 and 192, dify issue 12340).
"""

import itertools

from trivium_rehearsal.endpoints.models.converse.schema import (
    InvalidConverseError,
    judge,
)
from trivium_rehearsal.endpoints.serving.bodies import Json


def validate(operation: str, model_id: str, body: Json) -> None:
    """Judge the body of an operation. Raises `InvalidConverseError` at the first
    problem."""
    judge(operation, model_id, body)

    conversation = body if operation != "CountTokens" else body["input"].get("converse")
    if conversation is not None:
        _check_conversation(conversation)


def _check_conversation(body: Json) -> None:
    """Judge the order of the turns, and then their blocks and tools."""
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
    """Refuse what is not a JSON pointer."""
    if not all(pointer.startswith("/") for pointer in pointers):
        raise InvalidConverseError(
            "The additionalModelResponseFieldPaths field holds a malformed JSON"
            " pointer."
        )


def _check_results(blocks: list[Json]) -> None:
    """Refuse a blank tool result. Converse passes it on, and the model refuses it."""
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
    """Refuse a turn without blocks and a block without text."""
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
    """Every call is answered in the next turn, and nothing else is."""
    calls = [_ids(turn, "toolUse") for turn in turns]
    results = [_ids(turn, "toolResult") for turn in turns]
    if (any(calls) or any(results)) and not body.get("toolConfig"):
        raise InvalidConverseError(
            "The toolConfig field must be defined when using toolUse and toolResult"
            " content blocks."
        )

    _check_answered(calls, results)
    _check_asked(calls, results)
    _check_choice(body.get("toolConfig") or {})
    _check_own_choice(body)


def _check_own_choice(body: Json) -> None:
    """A choice among Claude's own fields has a type, and stands beside no other
    (BerriAI/litellm#34347 and #36536)."""
    fields = body.get("additionalModelRequestFields") or {}
    if not isinstance(fields, dict):  # the API's type is any JSON
        raise InvalidConverseError(
            "The additionalModelRequestFields must be a JSON object."
        )
    own = fields.get("tool_choice")
    if own is None:
        return
    if not isinstance(own, dict) or "type" not in own:
        raise InvalidConverseError(
            "The model returned the following errors: tool_choice.type: Field required"
        )
    if (body.get("toolConfig") or {}).get("toolChoice"):
        raise InvalidConverseError(
            "The model returned the following errors: tool_choice: conflicts with"
            " toolConfig.toolChoice"
        )


def _check_answered(calls: list[list[str]], results: list[list[str]]) -> None:
    """Every call has its result."""
    for position, (asked, answered) in enumerate(
        zip(calls, [*results[1:], []], strict=True)
    ):
        missing = [one for one in asked if one not in answered]
        if missing:
            raise InvalidConverseError(
                f"Expected toolResult blocks at messages.{position + 1}.content for the"
                f" following Ids: {', '.join(missing)}"
            )


def _check_asked(calls: list[list[str]], results: list[list[str]]) -> None:
    """Every result has its call."""
    for position, (asked, answered) in enumerate(
        zip([[], *calls[:-1]], results, strict=True)
    ):
        if any(one not in asked for one in answered):
            raise InvalidConverseError(
                f"The number of toolResult blocks at messages.{position}.content"
                " exceeds the number of toolUse blocks of previous turn."
            )


def _check_choice(config: Json) -> None:
    """Tools have names of their own, and the chosen one is among them."""
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
    """The ids of the calls or of the results in a turn."""
    return [block[kind]["toolUseId"] for block in turn["content"] if block.get(kind)]
