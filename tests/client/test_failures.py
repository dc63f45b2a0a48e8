"""Bad days: what is retried, what moves on, what is refused, and that every attempt is
recorded."""

import asyncio
import contextlib
import gc
import os
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from tests.client.test_answers import asked
from tests.client.worlds import (
    CLOUD_OF,
    CREDENTIALS,
    GREETING,
    PRIVATE_KEY,
    ROUTES,
    SECRET,
    World,
    hello,
    routes,
    target,
)
from trivium import AsyncClient, Client, Options, TriviumError
from trivium.audit import Attempt, Opened
from trivium.client.arguments import RequestArguments
from trivium.credentials import BearerToken
from trivium.errors import (
    AllRoutesFailedError,
    AuditWriteError,
    AuthenticationError,
    BlockedError,
    CredentialsError,
    DeadlineError,
    EscalatedError,
    GuardFailureError,
    OverloadedError,
    ProtocolError,
    ProviderRequestError,
    RateLimitedError,
    RequestError,
    ResidencyError,
    RouteError,
    TransportError,
    TruncatedStreamError,
    UnknownModelError,
)
from trivium.http import exchange
from trivium.vocabulary.decision import Action
from trivium.vocabulary.messages import MessageRequest

EACH = pytest.mark.parametrize("route", ROUTES)
WAYS = pytest.mark.parametrize(
    "way", ["create", "stream", "async create", "async stream"]
)
ONCE = Options(timeout_s=30, backoff_s=0.001, max_pause_s=0.002, attempts_per_route=1)


# ---------------------------------------------------------------- retries and failover


@WAYS
def test_a_storm_moves_the_request_to_the_next_route_inside_the_zone(
    world: World, way: str
) -> None:
    world.endpoints.fault("overloaded", cloud="bedrock", times=None, retry_after_s=None)
    message = asked(world, way, **hello())
    assert (message.text, message.route, message.attempts) == (GREETING, "gcp-us", 3)
    assert world.outcomes() == [
        ("aws-us", "failed"),
        ("aws-us", "failed"),
        ("gcp-us", "answered"),
    ]


RETRIED = ["rate_limit", "overloaded", "internal", "model_error"]


@EACH
@pytest.mark.parametrize("kind", RETRIED)
def test_one_failure_is_retried_on_the_same_route(
    world: World, route: str, kind: str
) -> None:
    world.endpoints.fault(kind, cloud=CLOUD_OF[route], times=1, retry_after_s=None)
    message = asked(world, "create", **hello(model=f"{route}/sonnet"))
    assert (message.route, message.attempts) == (route, 2)
    assert world.outcomes() == [(route, "failed"), (route, "answered")]


@EACH
def test_a_token_that_the_provider_calls_expired_is_fetched_anew_and_tried_once_more(
    world: World, route: str
) -> None:
    world.endpoints.fault("expired_token", cloud=CLOUD_OF[route], times=1)
    fetched: list[str] = []

    def counted(cloud: Any, credential: Any) -> Any:
        def fetch() -> Any:
            fetched.append(cloud)
            return credential

        return fetch

    credentials: Any = {
        cloud: counted(cloud, credential) for cloud, credential in CREDENTIALS.items()
    }
    with world.client(credentials=credentials) as client:
        assert client.messages.create(**hello(model=f"{route}/sonnet")).attempts == 2
    assert len(fetched) == 2
    assert world.outcomes() == [(route, "failed"), (route, "answered")]


def test_credentials_that_are_wrong_are_not_tried_for_ever(world: World) -> None:
    credentials = {**CREDENTIALS, "gcp": BearerToken("ya29.wrong")}
    with (
        world.client(credentials=credentials) as client,
        pytest.raises(AllRoutesFailedError) as caught,
    ):
        client.messages.create(**hello(model="gcp-us"))
    assert [type(error) for error in caught.value.attempts] == [AuthenticationError] * 2


def test_whatever_fetches_credentials_may_fail_in_any_way(world: World) -> None:
    def fetch() -> Any:
        raise ZeroDivisionError("the secret itself")

    credentials = {**CREDENTIALS, "gcp": fetch}
    with (
        world.client(credentials=credentials) as client,
        pytest.raises(CredentialsError) as caught,
    ):
        client.messages.create(**hello(model="gcp-us"))
    assert "the secret itself" not in str(caught.value)
    assert "gcp-us" in str(caught.value)
    assert world.outcomes() == [("gcp-us", "refused")]


@pytest.mark.parametrize("way", ["create", "stream", "async create", "async stream"])
def test_a_transport_that_fails_in_an_unforeseen_way_is_recorded_and_told_without_its_words(
    world: World, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> Any:
        raise ZeroDivisionError("private words")

    monkeypatch.setattr(exchange, "filled", fail)
    with pytest.raises(TriviumError) as caught:
        asked(world, way, **hello(model="gcp-us"))
    assert "ZeroDivisionError" in str(caught.value)
    assert "private words" not in "".join(traceback.format_exception(caught.value))
    assert world.outcomes() == [("gcp-us", "refused")]


def test_every_route_failing_says_so_of_each(world: World) -> None:
    world.endpoints.fault("overloaded", times=None, retry_after_s=None)
    with pytest.raises(AllRoutesFailedError) as caught:
        asked(world, "create", **hello())
    assert [error.route for error in caught.value.attempts] == [
        route for route in ROUTES for _ in range(2)
    ]
    assert all(isinstance(error, OverloadedError) for error in caught.value.attempts)
    assert caught.value.request_id
    assert world.outcomes() == [(route, "failed") for route in ROUTES for _ in range(2)]


def test_a_named_route_is_never_left(world: World) -> None:
    world.endpoints.fault("overloaded", cloud="vertex", times=None, retry_after_s=None)
    with pytest.raises((AllRoutesFailedError, OverloadedError)):
        asked(world, "create", **hello(model="gcp-us"))
    assert (world.arrived("bedrock"), world.arrived("foundry")) == (0, 0)


def test_what_every_protocol_refuses_is_asked_of_each_once_and_is_the_callers_fault(
    world: World,
) -> None:
    """Vertex AI and Foundry carry one protocol, so one of them is asked."""
    with pytest.raises(ProviderRequestError) as caught:
        asked(world, "create", **hello(max_tokens=100_000))
    assert (caught.value.route, caught.value.fault) == ("aws-us", "caller")
    assert world.outcomes() == [("aws-us", "failed"), ("gcp-us", "failed")]


def test_a_route_that_asked_for_a_long_pause_is_left_alone_until_it_is_over(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.endpoints.fault("rate_limit", cloud="bedrock", times=1, retry_after_s=3600)
    with caplog.at_level("INFO", "trivium.client"), world.client() as client:
        assert [client.messages.create(**hello()).route for _ in range(3)] == [
            "gcp-us"
        ] * 3
        assert world.arrived("bedrock") == 1
        with pytest.raises(RateLimitedError) as caught:
            client.messages.create(**hello(model="aws-us/sonnet"))
    assert 3500 < (caught.value.retry_after_s or 0) <= 3600
    lines = [record.getMessage() for record in caplog.records]
    assert any(line.startswith("aws-us: given up: rate_limited") for line in lines)
    assert GREETING not in "".join(lines)


def test_the_breaker_leaves_a_failing_route_alone_and_tries_it_again_later(
    world: World,
) -> None:
    options = Options(
        backoff_s=0,
        max_pause_s=0,
        attempts_per_route=1,
        breaker_failures=2,
        breaker_pause_s=0.3,
    )
    world.endpoints.fault("internal", cloud="bedrock", times=2)
    with world.client(options=options) as client:
        assert [client.messages.create(**hello()).route for _ in range(3)] == [
            "gcp-us"
        ] * 3
        assert world.arrived("bedrock") == 2
        time.sleep(0.35)
        assert client.messages.create(**hello()).route == "aws-us"


def test_retry_after_is_honoured(world: World) -> None:
    with world.client(options=Options(backoff_s=0.0, max_pause_s=5)) as client:
        world.endpoints.fault("rate_limit", cloud="bedrock", times=1, retry_after_s=1)
        began = time.monotonic()
        assert client.messages.create(**hello()).route == "aws-us"
        assert time.monotonic() - began >= 1


# ---------------------------------------------------------------- broken answers

WHOLE_FAULTS: dict[str, type[RouteError]] = {
    "truncate": RouteError,
    "abort": TransportError,
    "garbage": ProtocolError,
}


@EACH
@pytest.mark.parametrize(("kind", "error"), WHOLE_FAULTS.items(), ids=WHOLE_FAULTS)
@pytest.mark.parametrize("way", ["create", "async create"])
def test_a_broken_whole_answer_is_none(
    world: World, route: str, kind: str, error: type[RouteError], way: str
) -> None:
    world.endpoints.fault(kind, cloud=CLOUD_OF[route], times=None)
    with pytest.raises(error) as caught:
        asked(world, way, options=ONCE, **hello(model=f"{route}/sonnet"))
    assert caught.value.route == route
    assert world.outcomes() == [(route, "failed")]


@EACH
@pytest.mark.parametrize("way", ["stream", "async stream"])
def test_a_stream_truncated_at_any_event_is_never_an_answer(
    world: World, route: str, way: str
) -> None:
    """Cleanly cut after each number of events: an error each time. (tests/wire cuts at
    every byte.)"""
    # Bedrock's `messageStop` is the tenth event, the others' `message_stop` comes later
    count = 9
    for after in range(count):
        world.endpoints.fault(
            "truncate", cloud=CLOUD_OF[route], times=1, after_events=after
        )
        with pytest.raises(TruncatedStreamError):
            asked(world, way, options=ONCE, **hello(model=f"{route}/sonnet"))
    assert world.outcomes() == [(route, "failed")] * count


BROKEN = {"garbage": ProtocolError, "abort": TransportError, "stream_error": RouteError}


@EACH
@pytest.mark.parametrize(("kind", "error"), BROKEN.items(), ids=BROKEN)
@pytest.mark.parametrize("after", [0, 4])
def test_a_stream_that_breaks_raises_from_our_own_tree(
    world: World, route: str, kind: str, error: type[RouteError], after: int
) -> None:
    world.endpoints.fault(kind, cloud=CLOUD_OF[route], times=1, after_events=after)
    with pytest.raises(error) as caught:
        asked(world, "stream", options=ONCE, **hello(model=f"{route}/sonnet"))
    assert caught.value.route == route
    assert caught.value.request_id
    assert world.outcomes() == [(route, "failed")]


@pytest.mark.parametrize(
    "kind", ["truncate", "abort", "garbage", "stream_error", "internal"]
)
@pytest.mark.parametrize("way", ["stream", "async stream"])
def test_a_stream_that_fails_before_any_content_moves_on(
    world: World, kind: str, way: str
) -> None:
    """The message's start is not a content yet."""
    after = {} if kind == "internal" else {"after_events": 1}
    world.endpoints.fault(kind, cloud="bedrock", times=None, **after)
    message = asked(world, way, **hello())
    assert (message.text, message.route) == (GREETING, "gcp-us")
    assert world.outcomes() == [
        ("aws-us", "failed"),
        ("aws-us", "failed"),
        ("gcp-us", "answered"),
    ]


@pytest.mark.parametrize("kind", ["truncate", "abort", "garbage", "stream_error"])
def test_a_stream_that_fails_after_content_raises_and_is_never_begun_again(
    world: World, kind: str
) -> None:
    world.endpoints.fault(kind, cloud="bedrock", times=None, after_events=4)
    heard: list[str] = []
    with world.client() as client, client.messages.stream(**hello()) as stream:
        with pytest.raises(RouteError):
            heard.extend(stream.text_stream)
        with pytest.raises(TriviumError):
            stream.get_final_message()
    assert heard
    assert GREETING.startswith("".join(heard))
    assert world.outcomes() == [("aws-us", "failed")]
    assert [type(record) for record in world.records()] == [Opened, Attempt]
    assert world.arrived("vertex") == 0


@WAYS
def test_a_silent_provider_meets_the_deadline(world: World, way: str) -> None:
    world.endpoints.fault("hang", times=None)
    began = time.monotonic()
    with pytest.raises(RouteError) as caught:
        asked(
            world,
            way,
            options=Options(timeout_s=0.5, attempts_per_route=1),
            **hello(model="gcp-us"),
        )
    assert isinstance(caught.value, DeadlineError)
    assert time.monotonic() - began < 10
    assert world.outcomes() == [("gcp-us", "failed")]


@pytest.mark.parametrize("way", ["stream", "async stream"])
def test_a_stream_that_falls_silent_for_too_long_is_given_up(
    world: World, way: str
) -> None:
    world.endpoints.fault("hang", times=None, after_events=4)
    with pytest.raises(DeadlineError):
        asked(
            world,
            way,
            options=Options(read_timeout_s=0.3, attempts_per_route=1),
            **hello(model="gcp-us"),
        )
    assert world.outcomes() == [("gcp-us", "failed")]


@pytest.mark.parametrize("way", ["stream", "async stream"])
def test_a_stream_that_falls_silent_meets_the_deadline(world: World, way: str) -> None:
    world.endpoints.fault("hang", times=None, after_events=4)
    with pytest.raises(DeadlineError):
        asked(
            world,
            way,
            options=Options(timeout_s=0.5, attempts_per_route=1),
            **hello(model="gcp-us"),
        )
    assert world.outcomes() == [("gcp-us", "failed")]


@pytest.mark.parametrize("way", ["stream", "async stream"])
@EACH
def test_words_are_handed_over_as_they_come(world: World, route: str, way: str) -> None:
    """The provider says a few words and falls silent: they are with the caller before
    the deadline."""
    world.endpoints.fault("hang", cloud=CLOUD_OF[route], times=None, after_events=6)
    options, arguments = (
        Options(timeout_s=1.0, attempts_per_route=1),
        hello(model=f"{route}/sonnet"),
    )
    heard: list[str] = []

    def listen() -> None:
        with (
            world.client(options=options) as client,
            client.messages.stream(**arguments) as stream,
        ):
            heard.extend(stream.text_stream)

    async def listen_async() -> None:
        async with (
            world.async_client(options=options) as client,
            client.messages.stream(**arguments) as stream,
        ):
            async for piece in stream.text_stream:
                heard.append(piece)

    with pytest.raises(DeadlineError):
        listen() if way == "stream" else asyncio.run(listen_async())
    assert "".join(heard).startswith("Three ")


def test_a_slow_stream_is_an_answer_all_the_same(world: World) -> None:
    world.endpoints.fault("drip", cloud="foundry", times=1, delay_s=0.0001)
    assert asked(world, "stream", **hello(model="azure-us")).text == GREETING


@EACH
def test_nobody_listening_is_a_transport_error(world: World, route: str) -> None:
    closed = dict.fromkeys(
        ("bedrock", "vertex", "foundry"), "http://127.0.0.1:9"
    )  # the discard port
    world.sign(routes=routes(closed))
    with pytest.raises(TransportError):
        asked(world, "create", options=ONCE, **hello(model=f"{route}/sonnet"))


# ---------------------------------------------------------------- leaving


def test_a_stream_that_is_left_is_recorded_as_abandoned(world: World) -> None:
    with world.client() as client, client.messages.stream(**hello()) as stream:
        next(iter(stream.text_stream))
    assert world.outcomes() == [("aws-us", "abandoned")]


def forgotten(client: Client, how: str) -> None:
    """Begin to read a stream, and drop it without a word."""
    stream = client.messages.stream(**hello())
    if how == "as events":
        next(iter(stream))
    elif how == "as text":
        for _ in stream.text_stream:
            break
    else:  # only the collector of cycles finds it
        cycle: list[Any] = [iter(stream), stream]
        next(cycle[0])
        cycle.append(cycle)


@pytest.mark.parametrize("how", ["as events", "as text", "in a cycle"])
def test_a_stream_that_is_forgotten_half_way_is_recorded_as_abandoned(
    world: World, how: str
) -> None:
    with world.client() as client:
        for _ in range(20):
            forgotten(client, how)
        gc.collect()
    assert _eventually(lambda: world.outcomes() == [("aws-us", "abandoned")] * 20)


@pytest.mark.parametrize("in_a_cycle", [False, True])
def test_an_async_stream_that_is_forgotten_half_way_is_recorded_as_abandoned(
    world: World, in_a_cycle: bool
) -> None:
    async def forget(client: AsyncClient) -> None:
        stream = client.messages.stream(**hello())
        kept: list[Any] = [stream]
        if in_a_cycle:
            kept.append(kept)
        async for _ in stream:
            break

    async def run() -> None:
        async with world.async_client() as client:
            for _ in range(20):
                await forget(client)
            gc.collect()
            while len(world.outcomes()) < 20:
                await asyncio.sleep(0.01)

    asyncio.run(asyncio.wait_for(run(), 20))
    assert world.outcomes() == [("aws-us", "abandoned")] * 20


def _eventually(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 20
    while not true() and time.monotonic() < deadline:
        time.sleep(0.01)
    return true()


def test_an_async_stream_that_is_left_is_recorded_as_abandoned(world: World) -> None:
    async def leave() -> None:
        async with (
            world.async_client() as client,
            client.messages.stream(**hello()) as stream,
        ):
            await anext(aiter(stream.text_stream))

    asyncio.run(leave())
    assert world.outcomes() == [("aws-us", "abandoned")]


def test_a_cancelled_request_is_recorded_and_stays_cancelled(world: World) -> None:
    world.endpoints.fault("hang", times=None)

    async def cancel() -> None:
        async with world.async_client() as client:
            asking = asyncio.create_task(client.messages.create(**hello()))
            while not world.arrived("bedrock"):
                await asyncio.sleep(0.01)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking

    asyncio.run(cancel())
    assert world.outcomes() == [("aws-us", "abandoned")]


@pytest.mark.parametrize("way", ["create", "stream"])
def test_an_interrupted_request_is_recorded_and_stays_interrupted(
    world: World, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by Ctrl-C while the provider is waited for."""

    def interrupt(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    from trivium.http import SyncExchange

    with world.client() as client:
        monkeypatch.setattr(SyncExchange, "send", interrupt)
        with pytest.raises(KeyboardInterrupt):
            _ask(client, way)
    assert world.outcomes() == [("aws-us", "abandoned")]


def test_a_cancellation_while_the_record_is_written_makes_no_second_one(
    world: World,
) -> None:
    async def cancel() -> None:
        async with world.async_client() as client:
            append, begun = client._life.log.append, threading.Event()

            def slowly(record: Any) -> None:
                begun.set()
                time.sleep(0.2)
                append(record)

            client._life.log.append = slowly  # type: ignore[method-assign]  # on purpose
            asking = asyncio.create_task(client.messages.create(**hello()))
            while not begun.is_set():
                await asyncio.sleep(0.005)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking

    asyncio.run(cancel())
    assert world.outcomes() == [("aws-us", "answered")]


def test_a_stream_that_nobody_read_sent_nothing(world: World) -> None:
    with world.client() as client, client.messages.stream(**hello()):
        pass
    assert world.arrived("bedrock") == 0


def test_leaving_by_an_error_of_ones_own_keeps_that_error(world: World) -> None:
    def leave() -> None:
        with world.client() as client, client.messages.stream(**hello()) as stream:
            for _ in stream:
                raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        leave()
    assert world.outcomes() == [("aws-us", "abandoned")]


# ---------------------------------------------------------------- the guard


@WAYS
def test_a_secret_never_leaves(world: World, way: str) -> None:
    with pytest.raises(BlockedError) as caught:
        asked(world, way, **hello(f"Why does {SECRET} not work?"))
    assert "secrets-never-leave" in caught.value.provisions
    assert SECRET not in str(caught.value)
    assert caught.value.request_id
    assert [world.arrived(cloud) for cloud in CLOUD_OF.values()] == [0, 0, 0]
    assert world.outcomes() == [("aws-us", "blocked")]
    assert SECRET not in repr(world.records())


@WAYS
def test_a_secret_in_a_reply_is_redacted(world: World, way: str) -> None:
    message = asked(world, way, **hello("leak please"))
    assert SECRET not in repr(message)
    assert message.text.startswith("Your key is ")
    assert message.decision.action == Action.REDACT


@EACH
@WAYS
def test_a_reply_that_is_forbidden_is_never_handed_over(
    world: World, route: str, way: str
) -> None:
    with pytest.raises(BlockedError) as caught:
        asked(world, way, **hello("forbidden reply", model=f"{route}/sonnet"))
    assert caught.value.provisions[0] == "no-keys-in-replies"
    assert PRIVATE_KEY not in str(caught.value)
    assert world.outcomes() == [(route, "blocked")]


def test_a_forbidden_stream_gives_out_nothing_of_what_is_forbidden(
    world: World,
) -> None:
    heard: list[str] = []
    arguments = hello("forbidden reply")
    with (
        world.client() as client,
        client.messages.stream(**arguments) as stream,
        pytest.raises(BlockedError),
    ):
        heard.extend(stream.text_stream)
    assert "BEGIN" not in "".join(heard)


def test_what_a_person_must_decide_is_escalated(world: World) -> None:
    with pytest.raises(EscalatedError) as caught:
        asked(world, "create", **hello(metadata={"purpose": "refund"}))
    assert caught.value.provisions == ("refunds-are-for-people",)
    assert world.outcomes() == [("aws-us", "escalated")]


def _ask(client: Client, way: str) -> None:
    if way == "create":
        client.messages.create(**hello())
        return
    with client.messages.stream(**hello()) as stream:
        stream.get_final_message()


class _Broken:
    """A guard that fails in a way that nobody foresaw."""

    def __init__(self, guard: Any, *methods: str) -> None:
        self._guard, self._methods = guard, methods

    def __getattr__(self, name: str) -> Any:
        return self._fail if name in self._methods else getattr(self._guard, name)

    def _fail(self, *_: Any) -> Any:
        raise ZeroDivisionError("the words that were judged")


@pytest.mark.parametrize(
    ("method", "way"),
    [
        ("check_request", "create"),
        ("check_reply", "create"),
        ("check_request", "stream"),
        ("stream", "stream"),
    ],
)
def test_any_failure_of_the_guard_refuses_and_is_recorded(
    world: World, method: str, way: str
) -> None:
    with world.client() as client:
        client._core._guard = _Broken(client._core._guard, method)  # type: ignore[assignment]
        with pytest.raises(GuardFailureError) as caught:
            _ask(client, way)
    assert "the words" not in str(caught.value)
    assert caught.value.request_id
    assert [outcome for _, outcome in world.outcomes()] == ["refused"]


def test_a_guard_that_fails_in_the_middle_of_a_stream_refuses_and_is_recorded(
    world: World,
) -> None:
    with world.client() as client:
        judge = client._core._guard.stream

        class Failing:
            def __init__(self, context: Any) -> None:
                self._inner, self._count = judge(context), 0

            def __getattr__(self, name: str) -> Any:
                return getattr(self._inner, name)

            def feed(self, event: Any) -> Any:
                self._count += 1
                if self._count > 4:
                    raise ZeroDivisionError
                return self._inner.feed(event)

        client._core._guard.stream = Failing  # type: ignore[method-assign, assignment]
        with (
            client.messages.stream(**hello()) as stream,
            pytest.raises(GuardFailureError),
        ):
            stream.get_final_message()
    assert world.outcomes() == [("aws-us", "refused")]


def test_what_nobody_foresaw_is_recorded_and_told_without_its_words(
    world: World,
) -> None:
    class Failing:
        def __init__(self, _context: Any) -> None:
            pass

        @property
        def action(self) -> Any:
            raise ZeroDivisionError("private words")

        @property
        def decision(self) -> Any:
            raise ZeroDivisionError("private words")

        def feed(self, event: Any) -> list[Any]:
            return [event]

    with world.client() as client:
        client._core._guard.stream = Failing  # type: ignore[method-assign, assignment]
        with (
            client.messages.stream(**hello()) as stream,
            pytest.raises(TriviumError) as caught,
        ):
            stream.get_final_message()
    assert "ZeroDivisionError in test_failures.py" in str(caught.value)
    assert "private words" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.request_id
    assert world.outcomes() == [("aws-us", "refused")]


# ---------------------------------------------------------------- the audit log


class _Full:
    """A log whose disk is full from the given append on."""

    def __init__(self, log: Any, from_: int, error: Exception) -> None:
        self._log, self._left, self._error = log, from_, error

    def append(self, record: Any) -> None:
        if self._left <= 0:
            raise self._error
        self._left -= 1
        self._log.append(record)

    def close(self) -> None:
        self._log.close()


FULL = {
    "the disk is full": AuditWriteError("The audit log is full."),
    "something nobody foresaw": OSError(28, "No space left on device"),
}


@pytest.mark.parametrize("error", FULL.values(), ids=FULL)
def test_what_cannot_be_recorded_is_not_answered(
    world: World, error: Exception
) -> None:
    with world.client() as client:
        client._life.log = _Full(client._life.log, 0, error)  # type: ignore[assignment]
        with pytest.raises(AuditWriteError):
            client.messages.create(**hello())
        with client.messages.stream(**hello()) as stream:
            heard: list[Any] = []
            with pytest.raises(AuditWriteError):
                heard += stream
            assert heard == []


@pytest.mark.parametrize("error", FULL.values(), ids=FULL)
def test_a_stream_whose_end_cannot_be_recorded_is_no_answer(
    world: World, error: Exception
) -> None:
    with world.client() as client:
        client._life.log = _Full(client._life.log, 1, error)  # type: ignore[assignment]
        with client.messages.stream(**hello()) as stream:
            with pytest.raises(AuditWriteError):
                for _ in stream:
                    pass
            with pytest.raises(TriviumError):
                stream.get_final_message()


def test_a_full_disk_is_met_for_real(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world.client() as client:
        client.messages.create(**hello())

        def full(*_: Any) -> int:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(os, "write", full)
            with pytest.raises(AuditWriteError):
                client.messages.create(**hello())
        with contextlib.suppress(TriviumError):
            client.close()


# --- refused before anything leaves ---------------------------------------------------


def test_residency_is_judged_where_the_request_leaves(world: World) -> None:
    """A descriptor that lies is refused by `sign` and `verify`; the router does not
    trust them alone."""
    import msgspec

    with world.client() as client:
        outside = tuple(
            msgspec.structs.replace(route, models={"sonnet": target("x", "eu-west-1")})
            for route in client.deployment.routes
        )
        client._core.deployment = msgspec.structs.replace(
            client.deployment, routes=outside, roles={}
        )
        with pytest.raises(ResidencyError):
            client.messages.create(**hello())
    assert world.outcomes() == [("", "refused")]
    assert [world.arrived(cloud) for cloud in CLOUD_OF.values()] == [0, 0, 0]


def test_an_ended_credential_never_leaves_and_the_next_route_answers(
    world: World,
) -> None:
    import datetime as dt

    past = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    with world.client(
        credentials={**CREDENTIALS, "gcp": BearerToken("ya29.old", past)}
    ) as client:
        with pytest.raises(CredentialsError):
            client.messages.create(**hello(model="gcp-us"))
        world.endpoints.fault(
            "overloaded", cloud="bedrock", times=None, retry_after_s=None
        )
        assert client.messages.create(**hello()).route == "azure-us"
    assert world.arrived("vertex") == 0
    assert ("gcp-us", "refused") in world.outcomes()


def test_what_the_preferred_route_said_is_not_lost_among_the_others(
    world: World,
) -> None:
    def absent(cloud: str) -> Any:
        def fetch() -> BearerToken:
            raise CredentialsError(
                f"{cloud} has none.", next_step=f"Log in to {cloud}."
            )

        return fetch

    with world.client(
        credentials={cloud: absent(cloud) for cloud in ("aws", "gcp", "azure")}
    ) as client:
        with pytest.raises(CredentialsError) as caught:
            client.messages.create(**hello())
        with pytest.raises(CredentialsError) as alone:
            client.messages.create(**hello(model="gcp-us"))
    others = (
        "No other route could take it either (gcp-us: credentials; azure-us:"
        " credentials)."
    )
    assert str(caught.value) == f"Route `aws-us`: aws has none. {others} Log in to aws."
    assert str(alone.value) == "Route `gcp-us`: gcp has none. Log in to gcp."
    with world.client(
        credentials={**CREDENTIALS, "aws": absent("aws"), "azure": absent("azure")}
    ) as client:
        world.endpoints.fault(
            "overloaded", cloud="vertex", times=None, retry_after_s=None
        )
        with pytest.raises(AllRoutesFailedError) as mixed:
            client.messages.create(**hello())
    told = (
        "aws-us: credentials; azure-us: credentials; gcp-us: overloaded; gcp-us:"
        " overloaded"
    )
    assert mixed.value.message == f"Every permitted route failed ({told})."


def test_what_one_route_cannot_carry_another_may(world: World) -> None:
    message = asked(
        world,
        "create",
        **hello(
            tools=[{"name": "x", "input_schema": {"type": "object"}}],
            tool_choice={"type": "none"},
        ),
    )
    assert message.route == "gcp-us"
    assert world.outcomes() == [("aws-us", "refused"), ("gcp-us", "answered")]


def test_an_unknown_model_names_what_is_known_and_is_recorded(world: World) -> None:
    with pytest.raises(UnknownModelError) as caught:
        asked(world, "create", **hello(model="sonet"))
    assert "sonnet" in str(caught.value)
    assert "Did you mean `sonnet`?" in str(caught.value)
    assert world.outcomes() == [("", "refused")]


def test_a_route_with_two_tiers_needs_one_named(world: World) -> None:
    with pytest.raises(UnknownModelError, match="aws-us/haiku"):
        asked(world, "create", **hello(model="aws-us"))


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no turns": ({"messages": []}, "messages"),
    "turns that are no list": ({"messages": "private words"}, "messages"),
    "the assistant first": (
        {"messages": [{"role": "assistant", "content": "private words"}]},
        "role",
    ),
    "an unknown role": (
        {"messages": [{"role": "private words", "content": "x"}]},
        "role",
    ),
    "no content": ({"messages": [{"role": "user", "content": ""}]}, "content"),
    "an unknown block": (
        {"messages": [{"role": "user", "content": [{"type": "private words"}]}]},
        "type",
    ),
    "an unknown field": (
        {"messages": [{"role": "user", "content": "x", "contents": 1}]},
        "contents",
    ),
    "bytes for text": (
        {"messages": [{"role": "user", "content": b"private words"}]},
        "content",
    ),
    "half a character": (
        {"messages": [{"role": "user", "content": "private words \ud800"}]},
        "Unicode",
    ),
    "a temperature that is not a number": (
        {"temperature": float("nan")},
        "temperature",
    ),
    "no room": ({"max_tokens": 0}, "max_tokens"),
    "half a token": ({"max_tokens": 1.5}, "max_tokens"),
    "a tool without a schema": ({"tools": [{"name": "private words"}]}, "input_schema"),
    "a choice without a name": ({"tool_choice": {"type": "tool"}}, "tool_choice"),
    "labels that are no text": ({"metadata": {"user_id": 5}}, "metadata"),
    "an object that is not a record": (
        {"messages": [{"role": "user", "content": object()}]},
        "request",
    ),
}


@pytest.mark.parametrize(("changes", "named"), WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("way", ["create", "stream"])
def test_wrong_arguments_are_refused_by_name_and_not_repeated(
    world: World, changes: dict[str, Any], named: str, way: str
) -> None:
    with pytest.raises(RequestError) as caught:
        asked(world, way, **hello(**changes))
    assert named in str(caught.value)
    assert "private words" not in str(caught.value)
    assert [world.arrived(cloud) for cloud in CLOUD_OF.values()] == [0, 0, 0]


@pytest.mark.parametrize("way", ["create", "stream", "async create", "async stream"])
def test_an_unknown_argument_is_refused_by_name(world: World, way: str) -> None:
    with pytest.raises(RequestError, match="temprature"):
        asked(world, way, **hello(temprature=1))


def test_what_can_be_asked_is_what_a_request_holds_and_its_metadata() -> None:
    assert [*MessageRequest.__struct_fields__, "metadata"] == list(
        RequestArguments.__annotations__
    )


def test_a_missing_argument_is_refused_by_name(world: World) -> None:
    with world.client() as client, pytest.raises(RequestError, match="max_tokens"):
        client.messages.create(
            model="sonnet", messages=[{"role": "user", "content": "x"}]
        )  # type: ignore[call-arg]


def test_no_proxy_of_the_environment_is_used_in_a_rehearsal(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert asked(world, "create", **hello()).text == GREETING
