"""What users of Anthropic's own SDK try first: it works, or the error says what to do
instead."""

from typing import Any

import pytest

from tests.client.worlds import GREETING, ROUTES, World, hello
from trivium.errors import RequestError

USER = {"role": "user", "content": "hello"}


def source(**fields: Any) -> list[Any]:
    """Turns with an image whose source has these fields. Any: what a case needs."""
    return [{"role": "user", "content": [{"type": "image", "source": fields}]}]


REMEDIES: dict[str, tuple[dict[str, Any], str]] = {
    "streaming by an argument": ({"stream": True}, "client.messages.stream"),
    "a timeout of one call": ({"timeout": 3}, r"Options\(timeout_s=…\)"),
    "headers of one's own": (
        {"extra_headers": {"a": "b"}},
        "the guard has not checked",
    ),
    "a slip": ({"max_token": 3}, "Did you mean `max_tokens`"),
    "a document in a tool's result": (
        {
            "messages": [
                {"role": "user", "content": "hi"},
                {
                    "role": "user",
                    "content": [
                        {
                            "type": "tool_result",
                            "tool_use_id": "t",
                            "content": [{"type": "document"}],
                        }
                    ],
                },
            ]
        },
        "expected `text` or `image`; a document stands beside",
    ),
    "an image by its address": (
        {"messages": source(type="url", url="https://x")},
        "expected `base64`",
    ),
    "a file by its id": (
        {"messages": source(type="file", file_id="x")},
        "expected `base64`",
    ),
    "a block of another kind": (
        {"messages": [{"role": "user", "content": [{"type": "search_result"}]}]},
        "expected `text`, `image`",
    ),
    "a system turn": (
        {"messages": [{"role": "system", "content": "x"}]},
        "instructions belong into `system`",
    ),
    "a tool of the provider": (
        {"tools": [{"type": "web_search_20250305", "name": "s"}]},
        "of the caller's own",
    ),
}


@pytest.mark.parametrize(("arguments", "remedy"), REMEDIES.values(), ids=REMEDIES)
def test_what_is_not_taken_says_what_to_do_instead(
    world: World, arguments: dict[str, Any], remedy: str
) -> None:
    with world.client() as client, pytest.raises(RequestError, match=remedy):
        client.messages.create(**hello(**arguments))


ATTRIBUTES = {
    "client.with_options": "Options",
    "client.messages.count_tokens": "usage",
    "message.id": "provider_request_id",
    "message.model_dump": "msgspec.to_builtins",
    "stream.get_final_text": r"get_final_message\(\)\.text",
    "stream.until_done": "get_final_message",
    "stream.close": "`with` block",
    "client.nonsense": "Client` has no `nonsense`",
}


@pytest.mark.parametrize(("name", "remedy"), ATTRIBUTES.items())
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_what_is_not_there_says_where_it_is(
    world: World, kind: str, name: str, remedy: str
) -> None:
    client = world.client() if kind == "sync" else world.async_client()
    with world.client() as asking:
        found: dict[str, Any] = {
            "client": client,
            "message": asking.messages.create(**hello()),
            "stream": client.messages.stream(**hello()),
        }
    thing, *path, last = name.split(".")
    owner = found[thing]
    for part in path:
        owner = getattr(owner, part)
    with pytest.raises(AttributeError, match=remedy):
        getattr(owner, last)


@pytest.mark.parametrize("route", ROUTES)
def test_blocks_say_their_kind_as_the_messages_api_names_it(
    world: World, route: str
) -> None:
    with world.client() as client:
        message = client.messages.create(
            **hello("tool please", model=f"{route}/sonnet")
        )
    assert [block.type for block in message.content] == [
        "thinking",
        "redacted_thinking",
        "text",
        "tool_use",
    ]


@pytest.mark.parametrize("route", ROUTES)
def test_the_models_blank_words_can_be_handed_back(world: World, route: str) -> None:
    said = [
        {"type": "text", "text": "\n\n"},
        {"type": "tool_use", "id": "t", "name": "look", "input": {}},
    ]
    turns = [
        USER,
        {"role": "assistant", "content": said},
        {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": "t", "content": ""}],
        },
    ]
    tools = [{"name": "look", "input_schema": {"type": "object"}}]
    with world.client() as client:
        message = client.messages.create(
            **hello(model=f"{route}/sonnet", messages=turns, tools=tools)
        )
    assert message.text == GREETING


@pytest.mark.parametrize("route", ROUTES)
def test_two_turns_of_one_side_in_a_row_are_carried_by_every_route(
    world: World, route: str
) -> None:
    with world.client() as client:
        assert (
            client.messages.create(
                **hello(model=f"{route}/sonnet", messages=[USER, USER])
            ).text
            == GREETING
        )
