"""A governed answer on each of the three routes, whole and streamed, sync and async."""

import asyncio
import json
import socketserver
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tests.client.servers import async_client_to, client_to, listening, read_request
from tests.client.worlds import GREETING, PATIENCE, ROUTES, World, hello
from tests.wire.samples import STREAMS
from tests.wire.test_replies import CONVERSE
from trivium import Message, Options
from trivium.audit import Attempt, Opened, load_or_create, verify
from trivium.vocabulary.decision import Action
from trivium.vocabulary.envelope import TrustedKeys, digest
from trivium.vocabulary.messages import (
    BlockStart,
    MessageStop,
    RedactedThinkingBlock,
    TextBlock,
    TextDelta,
    ThinkingBlock,
    ToolUseBlock,
    Usage,
)
from trivium.wire import ADAPTERS

EACH = pytest.mark.parametrize(
    "route", ROUTES
)  # as `route/sonnet`: the first serves two tiers
WAYS = pytest.mark.parametrize(
    "way", ["create", "stream", "async create", "async stream"]
)

TOOLS = [
    {
        "name": "get_weather",
        "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
    }
]


def asked(
    world: World, way: str, *, options: Options = PATIENCE, **arguments: Any
) -> Message:
    """One answer, in one of the four ways. Any: the call's arguments."""
    if way.startswith("async"):
        return asyncio.run(_asked(world, way, options, **arguments))
    with world.client(options=options) as client:
        if way == "create":
            return client.messages.create(**arguments)
        with client.messages.stream(**arguments) as stream:
            return stream.get_final_message()


async def _asked(world: World, way: str, options: Options, **arguments: Any) -> Message:
    async with world.async_client(options=options) as client:
        if way == "async create":
            return await client.messages.create(**arguments)
        async with client.messages.stream(**arguments) as stream:
            return await stream.get_final_message()


@EACH
@WAYS
def test_each_route_says_which_stop_sequence_ended_the_answer(
    world: World, route: str, way: str
) -> None:
    word = GREETING.split()[-1]
    message = asked(
        world, way, **hello(model=f"{route}/sonnet", stop_sequences=["never", word])
    )
    assert (message.stop_reason, message.stop_sequence) == ("stop_sequence", word)


@EACH
@pytest.mark.parametrize("said", ["", "\n", None])
def test_each_route_takes_a_tool_that_says_nothing(
    world: World, route: str, said: str | None
) -> None:
    used = {
        "type": "tool_use",
        "id": "toolu_01",
        "name": "get_weather",
        "input": {"city": "Rome"},
    }
    result = {"type": "tool_result", "tool_use_id": "toolu_01"} | (
        {} if said is None else {"content": said}
    )
    turns = [
        {"role": "user", "content": "Store it."},
        {"role": "assistant", "content": [used]},
        {"role": "user", "content": [result]},
    ]
    assert (
        asked(
            world,
            "create",
            **hello(model=f"{route}/sonnet", messages=turns, tools=TOOLS),
        ).text
        == GREETING
    )


@EACH
@WAYS
def test_each_route_answers_in_each_way(world: World, route: str, way: str) -> None:
    message = asked(world, way, **hello(model=f"{route}/sonnet"))
    assert (message.text, message.route, message.tier) == (GREETING, route, "sonnet")
    assert message.stop_reason == "end_turn"
    assert message.usage.output_tokens > 0
    assert message.cost_usd is not None
    assert message.cost_usd > 0
    assert message.rehearsal
    assert message.attempts == 1
    assert message.decision.action == Action.ALLOW


@EACH
@WAYS
def test_tools_and_thinking_come_back_from_each_route(
    world: World, route: str, way: str
) -> None:
    arguments = hello(
        "tool please",
        model=f"{route}/sonnet",
        tools=TOOLS,
        max_tokens=4096,
        thinking={"type": "enabled", "budget_tokens": 1024},
    )
    message = asked(world, way, **arguments)
    assert message.stop_reason == "tool_use"
    assert message.content == (
        ThinkingBlock(thinking="A tool is wanted.", signature="rehearsal-signature"),
        RedactedThinkingBlock(data="b3BhcXVl"),
        TextBlock(text="Let me look."),
        ToolUseBlock(
            id="toolu_01", name="get_weather", input={"city": "Rome", "days": 3}
        ),
    )
    assert message.usage == Usage(
        input_tokens=11,
        output_tokens=22,
        cache_read_input_tokens=5,
        cache_creation_input_tokens=7,
    )


@EACH
def test_an_answer_can_be_sent_back_with_its_tools_result(
    world: World, route: str
) -> None:
    with world.client() as client:
        arguments = hello("tool please", model=f"{route}/sonnet", tools=TOOLS)
        first = client.messages.create(**arguments)
        result = {"type": "tool_result", "tool_use_id": "toolu_01", "content": "Sunny."}
        arguments["messages"] += [
            {
                "role": "assistant",
                "content": [
                    block
                    for block in first.content
                    if not isinstance(block, _REASONING)
                ],
            },
            {"role": "user", "content": [result]},
        ]
        assert client.messages.create(**arguments).text == GREETING


@WAYS
@EACH
def test_a_conversation_with_tools_is_summed_up_without_them_on_every_route(
    world: World, route: str, way: str
) -> None:
    turns = [
        {"role": "user", "content": "Look."},
        {
            "role": "assistant",
            "content": [{"type": "tool_use", "id": "t", "name": "look", "input": {}}],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "t", "content": "Sunny."},
                {"type": "text", "text": "Sum it up."},
            ],
        },
    ]
    message = asked(world, way, **hello(model=f"{route}/sonnet", messages=turns))
    assert message.text == GREETING
    assert bool(message.adaptations) == (route == "aws-us")


@EACH
def test_documents_of_any_title_are_answered_on_every_route(
    world: World, route: str
) -> None:
    source = {"type": "text", "media_type": "text/plain", "data": "words"}
    titles = ("report.pdf", "報告書", "same", "same")
    blocks = [{"type": "document", "source": source, "title": t} for t in titles]
    turn = {"role": "user", "content": [*blocks, {"type": "text", "text": "Compare."}]}
    arguments = hello(model=f"{route}/sonnet", messages=[turn])
    message = asked(world, "create", **arguments)
    assert message.text == GREETING
    assert len(message.adaptations) == (3 if route == "aws-us" else 0)


@EACH
def test_one_tool_at_a_time_is_asked_of_every_route(world: World, route: str) -> None:
    choice = {"type": "auto", "disable_parallel_tool_use": True}
    arguments = hello(model=f"{route}/sonnet", tools=TOOLS, tool_choice=choice)
    assert asked(world, "create", **arguments).text == GREETING


_REASONING = (ThinkingBlock, RedactedThinkingBlock)


@EACH
def test_an_answer_is_one_record_that_tells_everything_but_the_words(
    world: World, route: str
) -> None:
    message = asked(
        world,
        "create",
        **hello("private words", model=f"{route}/sonnet", metadata={"user_id": "u-1"}),
    )
    (record,) = world.records()
    assert isinstance(record, Attempt)
    assert (record.outcome, record.route, record.request_id) == (
        "answered",
        route,
        message.request_id,
    )
    assert (record.usage, record.cost_usd, record.stop_reason) == (
        message.usage,
        message.cost_usd,
        "end_turn",
    )
    assert (record.deployment, record.tier, record.attempt, record.streamed) == (
        "claims",
        "sonnet",
        1,
        False,
    )
    assert record.destinations
    assert record.rehearsal
    assert record.user_id == "u-1"
    assert record.latency_s > 0
    written = repr(record)
    assert "private words" not in written
    assert GREETING not in written


@EACH
def test_a_stream_is_opened_and_closed_in_the_log_and_the_log_verifies(
    world: World, route: str
) -> None:
    asked(world, "stream", **hello(model=f"{route}/sonnet"))
    opened, attempt = world.records()
    assert isinstance(opened, Opened)
    assert isinstance(attempt, Attempt)
    assert opened.request_id == attempt.request_id
    assert attempt.first_event_s is not None
    assert attempt.first_event_s <= attempt.latency_s
    key = load_or_create(world.audit.with_name("audit.pem"))
    found = verify(world.audit, TrustedKeys.from_pem(key.public_pem))
    records = 2 + len(world.stated())
    assert (found.problems, found.records, found.unsealed) == ((), records, 0)


def test_every_digest_of_an_attempt_can_be_resolved_from_the_log(world: World) -> None:
    for _ in range(2):
        asked(world, "create", **hello())
    attempts = world.records()
    descriptor, *layers = world.stated()
    assert (descriptor.subject, descriptor.name) == ("descriptor", "claims")
    for stated in (descriptor, *layers):
        assert stated.digest == digest(stated.document.encode())

    described = json.loads(descriptor.document)["constitution"]
    assert [one["digest"] for one in described["layers"]] == [
        layer.digest for layer in layers
    ]
    for attempt in attempts:
        assert isinstance(attempt, Attempt)
        assert attempt.deployment_digest == descriptor.digest
        assert attempt.constitution == described["digest"]


def test_an_attempt_names_every_provision_that_was_evaluated(world: World) -> None:
    message = asked(world, "create", **hello())
    (attempt,) = world.records()
    assert isinstance(attempt, Attempt)
    named = {
        f"{layer['layer']}/{provision['id']}"
        for layer in (json.loads(one.document) for one in world.stated()[1:])
        for provision in layer["provisions"]
    }
    found = set(attempt.evaluated["request"]) | set(attempt.evaluated["reply"])
    assert found == named
    assert message.decision.evaluated == attempt.evaluated


@EACH
def test_nothing_of_a_stream_is_handed_over_before_it_is_recorded(
    world: World, route: str
) -> None:
    with (
        world.client() as client,
        client.messages.stream(**hello(model=f"{route}/sonnet")) as stream,
    ):
        for number, event in enumerate(stream):
            kinds = [type(record) for record in world.records()]
            if number == 0:
                assert kinds == [Opened]
            assert kinds == (
                [Opened, Attempt] if isinstance(event, MessageStop) else [Opened]
            )


def test_text_comes_in_pieces(world: World) -> None:
    with world.client() as client, client.messages.stream(**hello()) as stream:
        pieces = list(stream.text_stream)
        assert "".join(pieces) == GREETING
        assert len(pieces) > 2
        assert stream.get_final_message().text == GREETING


def test_a_stream_gives_the_same_events_on_every_route(world: World) -> None:
    told = {}
    with world.client() as client:
        for route in ROUTES:
            with client.messages.stream(**hello(model=f"{route}/sonnet")) as stream:
                told[route] = [
                    event.text if isinstance(event, TextDelta) else type(event).__name__
                    for event in stream
                    if isinstance(event, TextDelta | BlockStart | MessageStop)
                ]
    joined = {
        route: ("".join(words[1:-1]), words[0], words[-1])
        for route, words in told.items()
    }
    assert set(joined.values()) == {(GREETING, "BlockStart", "MessageStop")}


MODELS = {
    "a tier goes to the first route": ("sonnet", "aws-us", "sonnet"),
    "a role stands for its tier": ("triage", "aws-us", "haiku"),
    "a route": ("gcp-us", "gcp-us", "sonnet"),
    "a route and a tier": ("aws-us/haiku", "aws-us", "haiku"),
}


@pytest.mark.parametrize(("model", "route", "tier"), MODELS.values(), ids=MODELS)
def test_model_names_a_tier_a_role_or_a_route(
    world: World, model: str, route: str, tier: str
) -> None:
    message = asked(world, "create", **hello(model=model))
    assert (message.route, message.tier) == (route, tier)


def test_one_client_serves_many_threads(world: World) -> None:
    told: list[str] = []
    with world.client() as client:

        def ask(number: int) -> None:
            told.append(
                client.messages.create(
                    **hello(model=f"{ROUTES[number % 3]}/sonnet")
                ).text
            )

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=30)
    assert told == [GREETING] * 12
    assert sorted(set(world.outcomes())) == [
        (route, "answered") for route in sorted(ROUTES)
    ]
    assert len(world.outcomes()) == 12


def test_one_async_client_serves_many_tasks(world: World) -> None:
    async def all_of_them() -> list[str]:
        async with world.async_client() as client:
            answers = [
                client.messages.create(**hello(model=f"{ROUTES[number % 3]}/sonnet"))
                for number in range(12)
            ]
            return [message.text for message in await asyncio.gather(*answers)]

    assert asyncio.run(all_of_them()) == [GREETING] * 12


@EACH
@pytest.mark.parametrize("way", ["sync", "async"])
def test_streams_share_a_connection(route: str, way: str, tmp_path: Path) -> None:
    """Also when the end of the body comes a little later than the terminal event."""
    protocol = dict(zip(ROUTES, STREAMS, strict=True))[route]
    connections: list[int] = []

    class Late(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            connections.append(1)
            while read_request(self):
                kind = ADAPTERS[protocol].stream_type.encode()
                self.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\n" % kind)
                body = b"".join(STREAMS[protocol])
                self.wfile.write(
                    b"transfer-encoding: chunked\r\n\r\n%x\r\n%b\r\n"
                    % (len(body), body)
                )
                time.sleep(0.02)
                self.wfile.write(b"0\r\n\r\n")

    async def asked(address: str) -> None:
        async with async_client_to(address, tmp_path) as client:
            for _ in range(5):
                async with client.messages.stream(
                    **hello(model=f"{route}/sonnet")
                ) as stream:
                    assert (await stream.get_final_message()).text == "Hello wörld"

    with listening(Late) as address:
        if way == "async":
            asyncio.run(asked(address))
        else:
            with client_to(address, tmp_path) as client:
                for _ in range(5):
                    with client.messages.stream(
                        **hello(model=f"{route}/sonnet")
                    ) as stream:
                        assert stream.get_final_message().text == "Hello wörld"
    assert (
        len(connections) < 5
    )  # on a busy machine a request may come before the pool has the connection back


def test_a_whole_answer_may_take_longer_than_a_streams_longest_silence(
    tmp_path: Path,
) -> None:
    class Slow(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            read_request(self)
            time.sleep(0.5)
            body = json.dumps(CONVERSE).encode()
            self.wfile.write(
                b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)
            )

    options = Options(read_timeout_s=0.1, attempts_per_route=1)
    with listening(Slow) as address, client_to(address, tmp_path, options) as client:
        assert client.messages.create(**hello(model="aws-us/sonnet")).text == "Hello"
