"""The sync client: a thin driver over the core."""

import threading
from collections.abc import Generator, Iterator
from contextlib import suppress
from types import TracebackType
from typing import Any, Generic, Self, TypeVar, Unpack

from trivium.client.arguments import RequestArguments
from trivium.client.course import Course
from trivium.client.effects import Emit, Steps
from trivium.client.elsewhere import Explained
from trivium.client.forgotten import HELD, Forgotten
from trivium.client.message import Message
from trivium.client.performer import SyncPerformer
from trivium.client.reviews import pauses, taken
from trivium.client.shared import Shared
from trivium.errors import TriviumError
from trivium.http import Readers, sync_pools
from trivium.vocabulary.deployment import Deployment
from trivium.vocabulary.messages import Event, TextDelta

R = TypeVar("R")


class Client(Shared):
    """Claude through a deployment: governed, recorded, inside the zone.

    Thread-safe. Close it, or use `with`.
    """

    def __init__(self, deployed: Deployment, **parts: Any) -> None:  # Any: see `Shared`
        super().__init__(deployed, **parts)
        self._pools = sync_pools(self._connection)
        self._readers = Readers()
        self._forgotten = Forgotten()
        self.messages = Messages(self)
        """`create` and `stream`."""
        self.reviews = Reviews(self)
        """What became of requests that a person must decide."""

    def close(self) -> None:
        """Close connections and seal the audit log. Requests that still run fail, and
        are recorded.

        In a process forked from the one that made it, nothing is closed: everything
        belongs to the other process.
        """
        if self._life.forked:
            return
        self._life.refuse_more()
        self._forgotten.settle()
        self._pools.close()
        self._life.close_log()

    def _run(self, steps: Steps[R]) -> "_SyncRun[R]":
        performer = SyncPerformer(self._surroundings, self._pools, self._readers)
        return _SyncRun(self, performer, steps)

    def _answer(self, steps: Steps[R]) -> R:
        """Run a request that does not stream, to its end."""
        run = self._run(steps)
        for _ in run.events():
            raise AssertionError("a request without streaming emits nothing")
        return run.value

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
        return self._client._answer(self._client._steps(arguments, stream=False))

    def stream(self, **arguments: Unpack[RequestArguments]) -> "MessageStream":
        """Ask, and get the answer as it is written, behind the guard. Use `with`.

        Arguments and errors are those of `create`. Until content is handed over, a
        failed attempt is retried or moved to another route. Afterwards its error is
        raised, because a second beginning would contradict the first.
        """
        steps = self._client._steps(arguments, stream=True)
        return MessageStream(self._client._run(steps))


class Reviews(Explained):
    """Tickets that `EscalatedError` names."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def result(self, ticket: str) -> Message:
        """What a person allowed, once: a reply as it was judged or edited, a request by
        sending it now.

        Raises `EscalatedError` while the ticket is not decided, `BlockedError` when it
        was denied, `ReviewError` when it expired or was used before, and what `create`
        raises.
        """
        client = self._client
        settled = taken(client._surroundings.queue(), ticket, client._constitution)
        return client._answer(client._core.released(settled))

    def wait(self, ticket: str, *, timeout_s: float) -> Message:
        """`result`, as soon as the ticket is decided. When the time is over it raises
        `EscalatedError`; the ticket goes on waiting."""
        queue = self._client._surroundings.queue()
        for pause_s in pauses(timeout_s):
            if queue.result(ticket) is not None:
                break
            threading.Event().wait(pause_s)
        return self.result(ticket)


class MessageStream(Explained):
    """A running answer: iterate it for events, or `text_stream` for text."""

    def __init__(self, run: "_SyncRun[Message]") -> None:
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
        return self._run.value


class _SyncRun(Generic[R]):
    """One request; iterating `events` runs it and gives the events that it emits.

    It does not hold that iterator, which goes when a stream is forgotten. It is then
    held by nothing but `HELD`, so that everything that the record of such a stream
    needs is still whole.
    """

    def __init__(
        self, client: Client, performer: SyncPerformer, steps: Steps[R]
    ) -> None:
        self._life = client._life
        self._forgotten = client._forgotten
        self._performer = performer
        self._course = Course(steps)
        self.leaving = False
        """Whether the caller leaves deliberately. An answer that is not complete is
        then recorded at once."""

    @property
    def value(self) -> R:
        """What the request returned; only after its end."""
        return self._course.value

    def events(self) -> Generator[Event, None, None]:
        """Run the request. To be called once."""
        dropped = False
        self._life.begin()
        HELD.add(self)
        try:
            while (effect := self._course.advance()) is not None:
                if not isinstance(effect, Emit):
                    self._perform(effect)
                    continue
                self._forgotten.watch()
                try:
                    yield from effect.events
                except GeneratorExit:
                    if not self.leaving:
                        dropped = True
                        self._forgotten.add(self)
                        return
                    self._course.abandoned()
        finally:
            if not dropped:
                self._end()

    def settle(self) -> None:
        """Record that the caller dropped the stream. A log that fails says so to the
        next request."""
        if self._life.forked:
            return  # it belongs to the process that this one was forked from
        try:
            self._course.abandoned()
            with suppress(TriviumError):
                while (effect := self._course.advance()) is not None:
                    self._course.succeeded(self._performer.perform(effect))
        finally:
            self._end()

    def _perform(self, effect: Any) -> None:  # Any: every effect but `Emit`
        try:
            self._course.succeeded(self._performer.perform(effect))
        except BaseException as error:
            self._course.failed(error)

    def _end(self) -> None:
        try:
            self._performer.close()
        finally:
            HELD.discard(self)
            if self._life.end():
                self._life.log.close()
