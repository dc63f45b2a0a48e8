"""Conversations as callers keep them: what is taken, and what is refused with its
place."""

import base64
from typing import Any

import pytest
from anthropic import types as theirs

from trivium.client.arguments import request_of
from trivium.errors import RequestError
from trivium.vocabulary.messages import (
    Base64Source,
    ImageBlock,
    MessageRequest,
    TextBlock,
    ToolUseBlock,
)

PNG = base64.b64encode(b"\x89PNG\r\n").decode()


def made(*turns: Any) -> MessageRequest:
    """The request that these turns make. Any: callers' data."""
    request, _ = request_of({"model": "sonnet", "max_tokens": 9, "messages": turns})
    return request


def user(*blocks: Any) -> dict[str, Any]:
    return {"role": "user", "content": list(blocks)}


def assistant(*blocks: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": list(blocks)}


def image(data: object = PNG, media_type: str = "image/png") -> dict[str, Any]:
    source = {"type": "base64", "media_type": media_type, "data": data}
    return {"type": "image", "source": source}


HELLO = {"role": "user", "content": "hello"}
USE = {"type": "tool_use", "id": "t1", "name": "look", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "t1", "content": "Rome"}
TEXT = {"type": "text", "text": "Let me look."}

REFUSED: dict[str, tuple[tuple[Any, ...], str]] = {
    "a tool use that nothing answers": (
        (HELLO, assistant(TEXT, USE), user({"type": "text", "text": "and?"})),
        r"`messages\[1\]\.content\[1\]` is a `tool_use` without a `tool_result`",
    ),
    "a tool use that a plain text follows": (
        (HELLO, assistant(USE), HELLO),
        r"`messages\[1\]\.content\[0\]` is a `tool_use` without",
    ),
    "one of two tool uses that nothing answers": (
        (HELLO, assistant(USE, {**USE, "id": "t2"}), user(RESULT)),
        r"`messages\[1\]\.content\[1\]` is a `tool_use` without",
    ),
    "a tool result that nothing asked for": (
        (HELLO, assistant(TEXT), user(RESULT)),
        r"`messages\[2\]\.content\[0\]` is a `tool_result` without a `tool_use`",
    ),
    "a tool result at the beginning": (
        (user(RESULT),),
        r"`messages\[0\]\.content\[0\]` is a `tool_result` without a `tool_use`",
    ),
    "a tool result that comes a turn too late": (
        (HELLO, assistant(USE), user(RESULT), assistant(TEXT), user(RESULT)),
        r"`messages\[4\]\.content\[0\]` is a `tool_result`",
    ),
    "data that is no base64": (
        (user(image("not base64!")),),
        r"`messages\[0\]\.content\[0\]\.source\.data` is not base64",
    ),
    "data without its padding": ((user(image("QQ")),), "is not base64"),
    "no data": ((user(image("")),), "is not base64"),
    "a data URL": (
        (user(image(f"data:image/png;base64,{PNG}")),),
        "begins with `data:`; expected the base64 alone",
    ),
    "an image type that is none": (
        (user(image(media_type="image/jpg")),),
        "is none of image/jpeg, .*; write `image/jpeg`",
    ),
    "an image type that no provider takes": (
        (user(image(media_type="image/tiff")),),
        r"`messages\[0\]\.content\[0\]\.source\.media_type` is none of",
    ),
    "an image inside a tool's result": (
        (HELLO, assistant(USE), user({**RESULT, "content": [image("?")]})),
        r"`messages\[2\]\.content\[0\]\.content\[0\]\.source\.data` is not base64",
    ),
    "an empty turn of the user": ((user(),), r"`messages\[0\]\.content` is empty"),
}


@pytest.mark.parametrize(("turns", "told"), REFUSED.values(), ids=REFUSED)
def test_is_refused_with_its_place(turns: tuple[Any, ...], told: str) -> None:
    with pytest.raises(RequestError, match=told) as caught:
        made(*turns)
    assert PNG not in str(caught.value)


TAKEN: dict[str, tuple[Any, ...]] = {
    "a tool use and its result": (HELLO, assistant(TEXT, USE), user(RESULT)),
    "results in two turns of the user": (
        HELLO,
        assistant(USE, {**USE, "id": "t2"}),
        user(RESULT),
        user({**RESULT, "tool_use_id": "t2"}),
    ),
    "the same id asked again later": (
        HELLO,
        assistant(USE),
        user(RESULT),
        assistant(USE),
        user(RESULT),
    ),
    "a beginning of the reply": (HELLO, assistant(TEXT)),
}


@pytest.mark.parametrize("turns", TAKEN.values(), ids=TAKEN)
def test_is_taken_as_it_is(turns: tuple[Any, ...]) -> None:
    assert len(made(*turns).messages) == len(turns)


def test_bytes_are_encoded() -> None:
    (turn,) = made(user(image(b"\x89PNG\r\n"))).messages
    source = Base64Source(media_type="image/png", data=PNG)
    assert turn.content == (ImageBlock(source=source),)


SAID = TextBlock(text="Let me look.")
LOOK = ToolUseBlock(id="t1", name="look", input={"city": None})
SDK_BLOCKS = (
    theirs.TextBlock(type="text", text="Let me look."),
    theirs.ToolUseBlock(
        type="tool_use",
        id="t1",
        name="look",
        input={"city": None},
        caller=theirs.DirectCaller(type="direct"),
    ),
)


@pytest.mark.parametrize("dumped", [False, True])
def test_blocks_of_anthropics_sdk_are_handed_back_as_they_came(dumped: bool) -> None:
    blocks = [block.model_dump() if dumped else block for block in SDK_BLOCKS]
    turns = made(HELLO, assistant(*blocks), user(RESULT)).messages
    assert turns[1].content == (SAID, LOOK), "what a tool's input holds stays"


def test_a_whole_message_of_anthropics_sdk_is_no_turn() -> None:
    with pytest.raises(RequestError, match="messages"):
        made(HELLO, 7)


@pytest.mark.parametrize("empty", ["", " \n", [], [{"type": "text", "text": "\n"}]])
def test_an_empty_reply_that_is_handed_back_is_left_out(empty: Any) -> None:
    turns = made(HELLO, {"role": "assistant", "content": empty}, HELLO).messages
    assert [turn.role for turn in turns] == ["user", "user"]


def test_a_place_counts_the_turns_that_are_left_out() -> None:
    with pytest.raises(RequestError, match=r"messages\[2\]"):
        made(HELLO, {"role": "assistant", "content": ""}, user(image("?")))
