"""The async client: a thin driver over the core, the twin of `client.py`."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from types import TracebackType
from typing import Any, Generic, Self, TypeVar, Unpack

from trivium.client.arguments import RequestArguments
from trivium.client.async_performer import AsyncPerformer
from trivium.client.course import Course
from trivium.client.effects import Emit, Steps
from trivium.client.elsewhere import Explained
from trivium.client.forgotten import HELD
from trivium.client.message import Message
from trivium.client.reviews import pauses, taken
from trivium.client.shared import Shared
from trivium.http import async_pools
from trivium.vocabulary.deployment import Deployment
from trivium.vocabulary.messages import Event, TextDelta

R = TypeVar("R")


class AsyncClient(Shared):
    """`Client` for an event loop. Close it, or use `async with`."""

    def __init__(self, deployed: Deployment, **parts: Any) -> None:  # Any: see `Shared`
        super().__init__(deployed, **parts)
        self._pools = async_pools(self._connection)
        self.messages = AsyncMessages(self)
        """`create` and `stream`."""
        self.reviews = AsyncReviews(self)
        """What became of requests that a person must decide."""

    async def close(self) -> None:
        """Close connections and seal the audit log, as `Client.close`."""
        if self._life.forked:
            return
        self._life.refuse_more()
        await self._pools.close()
        await asyncio.to_thread(self._life.close_log)

    def _run(self, steps: Steps[R]) -> "_AsyncRun[R]":
        return _AsyncRun(self, AsyncPerformer(self._surroundings, self._pools), steps)

    async def _answer(self, steps: Steps[R]) -> R:
        """`Client._answer`, awaited."""
        run = self._run(steps)
        async for _ in run.events():
            raise AssertionError("a request without streaming emits nothing")
        return run.value

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()


class AsyncMessages(Explained):
    """`Messages`, in an event loop."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    async def create(self, **arguments: Unpack[RequestArguments]) -> Message:
        """`Messages.create`, awaited."""
        steps = self._client._steps(arguments, stream=False)
        return await self._client._answer(steps)

    def stream(self, **arguments: Unpack[RequestArguments]) -> "AsyncMessageStream":
        """`Messages.stream`, for `async with`."""
        steps = self._client._steps(arguments, stream=True)
        return AsyncMessageStream(self._client._run(steps))


class AsyncReviews(Explained):
    """`Reviews`, in an event loop."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    async def result(self, ticket: str) -> Message:
        """`Reviews.result`, awaited."""
        client = self._client
        queue = await asyncio.to_thread(client._surroundings.queue)
        settled = await asyncio.to_thread(taken, queue, ticket, client._constitution)
        return await client._answer(client._core.released(settled))

    async def wait(self, ticket: str, *, timeout_s: float) -> Message:
        """`Reviews.wait`, awaited."""
        queue = await asyncio.to_thread(self._client._surroundings.queue)
        for pause_s in pauses(timeout_s):
            if await asyncio.to_thread(queue.result, ticket) is not None:
                break
            await asyncio.sleep(pause_s)
        return await self.result(ticket)


class AsyncMessageStream(Explained):
    """`MessageStream`, in an event loop."""

    def __init__(self, run: "_AsyncRun[Message]") -> None:
        self._run = run
        self._events = run.events()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._events.aclose()

    def __aiter__(self) -> AsyncIterator[Event]:
        return self._events

    @property
    def text_stream(self) -> AsyncIterator[str]:
        """The text alone, piece by piece."""
        return (
            event.text async for event in self._events if isinstance(event, TextDelta)
        )

    async def get_final_message(self) -> Message:
        """Read to the end and return the whole answer."""
        async for _ in self._events:
            pass
        return self._run.value


class _AsyncRun(Generic[R]):
    """`_SyncRun`, in an event loop, which closes an iterator that is forgotten half
    way."""

    def __init__(
        self, client: AsyncClient, performer: AsyncPerformer, steps: Steps[R]
    ) -> None:
        self._life = client._life
        self._performer = performer
        self._course = Course(steps)

    @property
    def value(self) -> R:
        """What the request returned; only after its end."""
        return self._course.value

    async def events(self) -> AsyncGenerator[Event, None]:
        """Run the request. To be called once."""
        self._life.begin()
        HELD.add(self)
        try:
            while (effect := self._course.advance()) is not None:
                if not isinstance(effect, Emit):
                    await self._perform(effect)
                    continue
                try:
                    for event in effect.events:
                        yield event
                except GeneratorExit:
                    self._course.abandoned()
        finally:
            await self._end()

    async def _perform(self, effect: Any) -> None:  # Any: every effect but `Emit`
        try:
            self._course.succeeded(await self._performer.perform(effect))
        except BaseException as error:
            self._course.failed(error)

    async def _end(self) -> None:
        try:
            await self._performer.close()
        finally:
            HELD.discard(self)
            if self._life.end():
                await asyncio.to_thread(self._life.log.close)
