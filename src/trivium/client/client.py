"""The sync client: a thin driver over the core."""

import threading
from collections.abc import Generator, Iterator
from types import TracebackType
from typing import Any, Self, Unpack

from trivium.client.core import Abandoned, Append, Drain, Effect, Emit, Forget, Read, Send, Sleep, Steps
from trivium.client.elsewhere import Explained
from trivium.client.message import Message, RequestArguments
from trivium.client.shared import Shared
from trivium.client.transport import Readers, SyncExchange, sync_pools
from trivium.errors import RequestError
from trivium.vocabulary.deployment import Deployment
from trivium.vocabulary.messages import Event, TextDelta


class Client(Shared):
    """Claude through a deployment: governed, recorded, inside the zone. Thread-safe; close it, or use `with`."""

    def __init__(self, deployed: Deployment, **parts: Any) -> None:  # Any: see `Shared`
        super().__init__(deployed, **parts)
        self._pools = sync_pools(self.options, rehearsal=deployed.rehearsal)
        self._readers = Readers()
        self.messages = Messages(self)
        """`create` and `stream`."""

    def close(self) -> None:
        """Close connections and seal the audit log. Requests that still run fail, and are recorded.

        In a process forked from the one that made it, nothing is closed: it all belongs to the other one.
        """
        if self._forked:
            return
        self._refuse_more()
        for pool in self._pools:
            pool.close()
        self._close_log()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Messages(Explained):
    """The Messages API's calls."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def create(self, **arguments: Unpack[RequestArguments]) -> Message:
        """Ask, and wait for the whole answer.

        The arguments are the Messages API's: `model` (a tier, a role, a route id or `route-id/tier`), `max_tokens`,
        `messages`, and if wanted `system`, `stop_sequences`, `temperature`, `top_p`, `top_k`, `tools`, `tool_choice`,
        `thinking` and `metadata`; see `RequestArguments`.

        Raises `RequestError` (the arguments), `PolicyError` (a rule said no), `RouteError` or `AllRoutesFailedError`
        (no answer), `AuditWriteError` (it could not be recorded).
        """
        run = _SyncRun(self._client, self._client._steps(arguments, stream=False))
        for _ in run:
            raise AssertionError("a request without streaming emits nothing")
        return run.message

    def stream(self, **arguments: Unpack[RequestArguments]) -> "MessageStream":
        """Ask, and get the answer as it is written, behind the guard. Use `with`; arguments and errors as `create`.

        Before any content was handed over a failed attempt is retried or moved to another route; afterwards its error
        is raised, for a second beginning would contradict the first.
        """
        return MessageStream(_SyncRun(self._client, self._client._steps(arguments, stream=True)))


class MessageStream(Explained):
    """A running answer: iterate it for events, or `text_stream` for text."""

    def __init__(self, run: "_SyncRun") -> None:
        self._run = run

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._run.abandon()

    def __iter__(self) -> Iterator[Event]:
        return iter(self._run)

    @property
    def text_stream(self) -> Iterator[str]:
        """The text alone, piece by piece."""
        return (event.text for event in self._run if isinstance(event, TextDelta))

    def get_final_message(self) -> Message:
        """Read to the end and return the whole answer."""
        for _ in self._run:
            pass
        return self._run.message


class _SyncRun:
    """Does what the core asks for; iterating gives the events that it emits."""

    def __init__(self, client: Client, steps: Steps) -> None:
        self._client = client
        self._steps = steps
        self._exchange = SyncExchange(client._pools, client._readers)
        self._message: Message | None = None
        self._emitted = self._drive()

    def __iter__(self) -> Iterator[Event]:
        return self._emitted

    @property
    def message(self) -> Message:
        """The answer; only after its end."""
        if self._message is None:
            raise RequestError("The stream was left or failed before its end, so there is no final message.")
        return self._message

    def abandon(self) -> None:
        """The caller leaves. Where the answer is not complete, that is recorded."""
        self._emitted.close()

    def _drive(self) -> Generator[Event, None, None]:
        result: Any = None  # of the effect before; each has its own
        failed: BaseException | None = None
        interrupted: BaseException | None = None
        self._client._begin()
        try:
            while True:
                effect = self._steps.throw(failed) if failed else self._steps.send(result)
                result, failed = None, None
                if isinstance(effect, Emit):
                    try:
                        yield from effect.events
                    except GeneratorExit:
                        failed = Abandoned()
                    continue
                try:
                    result = self._do(effect)
                except Exception as error:
                    failed = error  # the core knows what becomes of it, and of what nobody foresaw
                except BaseException as error:  # Ctrl-C: the attempt is recorded, then it goes on
                    interrupted, failed = error, Abandoned()
        except StopIteration as done:
            self._message = done.value
        except Abandoned:  # recorded by the core
            if interrupted:
                raise interrupted from None
        finally:
            try:
                self._exchange.close()
            finally:
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
