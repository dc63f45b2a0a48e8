"""The sync client: a thin driver over the core."""

import os
import threading
from collections.abc import Generator, Iterator
from contextlib import suppress
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, Self, Unpack

from trivium.client.core import (
    Abandoned,
    Append,
    Drain,
    Effect,
    Emit,
    Forget,
    Read,
    Send,
    Sleep,
    Steps,
)
from trivium.client.elsewhere import Explained
from trivium.client.message import Message, RequestArguments
from trivium.client.shared import RUNNING, Shared
from trivium.client.transport import Readers, SyncExchange, sync_pools
from trivium.errors import RequestError, TriviumError
from trivium.vocabulary.deployment import Deployment
from trivium.vocabulary.messages import Event, TextDelta


class Client(Shared):
    """Claude through a deployment: governed, recorded, inside the zone. Thread-safe;
    close it, or use `with`."""

    def __init__(self, deployed: Deployment, **parts: Any) -> None:  # Any: see `Shared`
        super().__init__(deployed, **parts)
        self._pools = sync_pools(self.options, rehearsal=deployed.rehearsal)
        self._readers = Readers()
        self.messages = Messages(self)
        """`create` and `stream`."""

    def close(self) -> None:
        """Close connections and seal the audit log. Requests that still run fail, and
        are recorded.

        In a process forked from the one that made it, nothing is closed: it all belongs
        to the other one.
        """
        if self._forked:
            return
        self._refuse_more()
        _DROPPED.settle()
        for pool in self._pools:
            pool.close()
        self._close_log()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class Messages(Explained):
    """The Messages API's calls."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def create(self, **arguments: Unpack[RequestArguments]) -> Message:
        """Ask, and wait for the whole answer.

        The arguments are the Messages API's: `model` (a tier, a role, a route id or
        `route-id/tier`), `max_tokens`, `messages`, and if wanted `system`,
        `stop_sequences`, `temperature`, `top_p`, `top_k`, `tools`, `tool_choice`,
        `thinking` and `metadata`; see `RequestArguments`.

        Raises `RequestError` (the arguments), `PolicyError` (a rule said no),
        `RouteError` or `AllRoutesFailedError` (no answer), `AuditWriteError` (it could
        not be recorded).
        """
        run = _SyncRun(self._client, self._client._steps(arguments, stream=False))
        for _ in run.events():
            raise AssertionError("a request without streaming emits nothing")
        return run.message

    def stream(self, **arguments: Unpack[RequestArguments]) -> "MessageStream":
        """Ask, and get the answer as it is written, behind the guard. Use `with`;
        arguments and errors as `create`.

        Before any content was handed over a failed attempt is retried or moved to
        another route; afterwards its error is raised, for a second beginning would
        contradict the first.
        """
        return MessageStream(
            _SyncRun(self._client, self._client._steps(arguments, stream=True))
        )


class MessageStream(Explained):
    """A running answer: iterate it for events, or `text_stream` for text."""

    def __init__(self, run: "_SyncRun") -> None:
        self._run = run
        self._events = run.events()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._run.leaving = True
        self._events.close()

    def __iter__(self) -> Iterator[Event]:
        return self._events

    @property
    def text_stream(self) -> Iterator[str]:
        """The text alone, piece by piece."""
        return (event.text for event in self._events if isinstance(event, TextDelta))

    def get_final_message(self) -> Message:
        """Read to the end and return the whole answer."""
        for _ in self._events:
            pass
        return self._run.message


class _SyncRun:
    """Does what the core asks for; iterating `events` gives those that it emits.

    It does not hold that iterator, which is dropped by whoever forgets a stream, and it
    is held by nothing else than `RUNNING` then: all that the record of such a stream
    needs is still whole when the iterator is taken away.
    """

    def __init__(self, client: Client, steps: Steps) -> None:
        self._client = client
        self._steps = steps
        self._exchange = SyncExchange(client._pools, client._readers)
        self._message: Message | None = None
        self.leaving = False
        """Whether the caller leaves in so many words. Where the answer is not complete,
        that is recorded at once."""

    @property
    def message(self) -> Message:
        """The answer; only after its end."""
        if self._message is None:
            raise RequestError(
                "The stream was left or failed before its end, so there is no final"
                " message."
            )
        return self._message

    def events(self) -> Generator[Event, None, None]:
        """Run the request. To be called once."""
        result: Any = None  # of the effect before; each has its own
        failed: BaseException | None = None
        interrupted: BaseException | None = None
        dropped = False
        self._client._begin()
        RUNNING.add(self)
        try:
            while True:
                effect = (
                    self._steps.throw(failed) if failed else self._steps.send(result)
                )
                result, failed = None, None
                if isinstance(effect, Emit):
                    _DROPPED.watch()
                    try:
                        yield from effect.events
                    except GeneratorExit:
                        if not self.leaving:
                            dropped = True
                            _DROPPED.add(self)
                            return
                        failed = Abandoned()
                    continue
                try:
                    result = self._do(effect)
                except Exception as error:
                    # the core knows what becomes of it, and of what nobody foresaw
                    failed = error
                except (
                    BaseException
                ) as error:  # Ctrl-C: the attempt is recorded, then it goes on
                    interrupted, failed = error, Abandoned()
        except StopIteration as done:
            self._message = done.value
        except Abandoned:  # recorded by the core
            if interrupted:
                raise interrupted from None
        finally:
            if not dropped:
                self._end()

    def settle(self) -> None:
        """Record that the caller dropped the stream. A log that fails says so to the
        next request."""
        if self._client._forked:
            return  # it belongs to the process that this one was forked from
        try:
            with suppress(Abandoned, StopIteration, TriviumError):
                effect = self._steps.throw(Abandoned())
                while True:
                    effect = self._steps.send(self._do(effect))
        finally:
            self._end()

    def _end(self) -> None:
        try:
            self._exchange.close()
        finally:
            RUNNING.discard(self)
            if self._client._end():
                self._client._log.close()

    def _do(self, effect: Effect) -> Any:  # each effect has a result of its own
        match effect:
            case Send():
                return self._exchange.send(effect, self._client._headers(effect))
            case Read():
                return self._exchange.read()
            case Drain():
                return self._exchange.drain()
            case Append(record=record):
                return self._client._append(record)
            case Sleep(seconds=seconds):
                return threading.Event().wait(seconds)
            case Forget(route=route):
                return self._client._authorisers[route.id].forget()


class _Dropped:
    """Streams that were forgotten half way. Python takes an iterator away at any
    moment, also in the midst of an append to the same log; so that moment only puts the
    stream into a queue, which is safe, and a thread of its own records it."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[_SyncRun] = SimpleQueue()
        self._watched_by = 0

    def watch(self) -> None:
        """See to it that the thread runs in this process."""
        if self._watched_by != os.getpid():
            self._watched_by = os.getpid()
            threading.Thread(
                target=self._settle_for_ever,
                name="trivium-dropped-streams",
                daemon=True,
            ).start()

    def add(self, run: _SyncRun) -> None:
        """Have it recorded. May be called from a destructor."""
        self._queue.put(run)

    def settle(self) -> None:
        """Record here and now what is in the queue."""
        with suppress(Empty):
            while True:
                self._queue.get_nowait().settle()

    def _settle_for_ever(self) -> None:
        while True:
            with suppress(
                Exception
            ):  # of one stream; the next one is to be recorded all the same
                self._queue.get().settle()


_DROPPED = _Dropped()
