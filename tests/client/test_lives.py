"""The life of a client: closed, closed too early, and used in another process."""

import asyncio
import os
import signal
import threading

import pytest

from tests.client.worlds import GREETING, World, hello
from trivium import Client, Message, Options
from trivium.audit import load_or_create, verify
from trivium.audit.segment import Segment
from trivium.errors import RequestError, RouteError, TransportError
from trivium.guard import Guard, StreamGuard
from trivium.vocabulary.envelope import TrustedKeys

WAYS = pytest.mark.parametrize("way", ["create", "stream"])


def asked(client: Client, way: str) -> Message:
    """One question."""
    if way == "create":
        return client.messages.create(**hello())
    return client.messages.stream(**hello()).get_final_message()


def in_a_child(world: World, client: Client, act: str) -> str:
    """What is raised in a process that is forked from this one; "" when nothing is. It
    ends after ten seconds."""
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(10)
        try:
            if act == "close":
                client.close()
            elif act == "make another":
                world.client()
            else:
                asked(client, act)
        except BaseException as error:
            os.write(writes, f"{type(error).__name__}: {error}".encode())
        os._exit(0)
    os.close(writes)
    told = os.read(reads, 4096)
    os.close(reads)
    os.waitpid(child, 0)
    return told.decode()


def verified(world: World) -> tuple[list[str], int]:
    """What is wrong with the log, and how many of its records are not sealed."""
    found = verify(
        world.audit,
        TrustedKeys.from_pem(
            load_or_create(world.audit.with_name("audit.pem")).public_pem
        ),
    )
    return [problem.text for problem in found.problems], found.unsealed


@WAYS
def test_a_closed_client_says_that_it_is_closed(world: World, way: str) -> None:
    client = world.client()
    client.close()
    with pytest.raises(RequestError, match="The client is closed"):
        asked(client, way)
    client.close()


def test_a_closed_async_client_says_that_it_is_closed(world: World) -> None:
    async def used() -> None:
        client = world.async_client()
        await client.close()
        with pytest.raises(RequestError, match="The client is closed"):
            await client.messages.create(**hello())
        await client.close()

    asyncio.run(used())


def test_a_request_that_runs_when_its_client_is_closed_fails_and_is_recorded(
    world: World,
) -> None:
    world.endpoints.fault("hang", cloud="bedrock", times=None)
    client = world.client(options=Options(timeout_s=20, attempts_per_route=1))
    caught: list[BaseException] = []

    def ask() -> None:
        try:
            client.messages.create(**hello(model="aws-us/sonnet"))
        except RouteError as error:
            caught.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    while not world.arrived("bedrock"):
        threading.Event().wait(0.01)
    client.close()
    asking.join(30)
    assert [type(error) for error in caught] == [TransportError]
    assert world.outcomes() == [("aws-us", "failed")]
    assert verified(world) == ([], 0)


def test_a_stream_that_outlives_its_client_is_recorded(world: World) -> None:
    client = world.client()
    stream = client.messages.stream(**hello())
    next(iter(stream))
    client.close()
    stream.__exit__(None, None, None)
    assert world.outcomes() == [("aws-us", "abandoned")]
    assert verified(world) == ([], 0)


@WAYS
def test_an_interruption_while_the_reply_is_judged_is_recorded(
    world: World, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with world.client() as client:
        monkeypatch.setattr(Guard, "check_reply", interrupted)
        monkeypatch.setattr(StreamGuard, "feed", interrupted)
        with pytest.raises(KeyboardInterrupt):
            asked(client, way)
    assert world.outcomes() == [("aws-us", "abandoned")]


@pytest.mark.parametrize("broken", ["_write", "_advance"])
def test_an_interruption_while_the_record_is_written_leaves_the_log_in_order(
    world: World, broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = getattr(Segment, broken)

    def interrupted(segment: Segment, *arguments: object) -> None:
        if broken == "_write":
            os.write(segment.descriptor, b"half a rec")
        else:
            segment.tree.append(b"")
        raise KeyboardInterrupt

    with world.client() as client:
        asked(client, "create")
        monkeypatch.setattr(Segment, broken, interrupted)
        with pytest.raises(KeyboardInterrupt):
            asked(client, "create")
        monkeypatch.setattr(Segment, broken, usual)
        assert asked(client, "create").text == GREETING
    assert verified(world) == ([], 0)


@WAYS
def test_a_forked_client_says_so_instead_of_waiting_for_ever(
    world: World, way: str
) -> None:
    with world.client() as client:
        client.messages.create(**hello())
        told = in_a_child(world, client, way)
    assert told.startswith("RequestError: This client was made in process")
    assert world.outcomes() == [("aws-us", "answered")]


def test_a_child_that_leaves_takes_nothing_of_its_parents_log_along(
    world: World,
) -> None:
    with world.client() as client:
        client.messages.create(**hello())
        assert in_a_child(world, client, "close") == ""
        assert client.messages.create(**hello()).text == GREETING
    assert world.outcomes() == [("aws-us", "answered")] * 2
    assert verified(world) == ([], 0)


def test_a_client_that_is_made_in_a_forked_process_says_what_to_do_and_keeps_no_part_of_the_log(
    world: World,
) -> None:
    with world.client() as client:
        told = in_a_child(world, client, "make another")
        assert told.startswith(
            "ConfigurationError: This process was forked from one that had made a"
            " client"
        )
        client.messages.create(**hello())
    assert verified(world) == ([], 0)
