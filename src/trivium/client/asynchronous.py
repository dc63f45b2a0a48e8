"""The async client: a thin driver over the core, the twin of `client.py`."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine
from contextlib import suppress
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
from trivium.client.transport import DRAIN_S, AsyncExchange, async_pools
from trivium.errors import RequestError
from trivium.vocabulary.deployment import Deployment
from trivium.vocabulary.messages import Event, TextDelta


class AsyncClient(Shared):
    """`Client` for an event loop. Close it, or use `async with`."""

    def __init__(self, deployed: Deployment, **parts: Any) -> None:  # Any: see `Shared`
        super().__init__(deployed, **parts)
        self._pools = async_pools(self.options, rehearsal=deployed.rehearsal)
        self.messages = AsyncMessages(self)
        """`create` and `stream`."""

    async def close(self) -> None:
        """Close connections and seal the audit log, as `Client.close`."""
        if self._forked:
            return
        self._refuse_more()
        for pool in self._pools:
            await pool.close()
        await asyncio.to_thread(self._close_log)

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
        run = _AsyncRun(self._client, self._client._steps(arguments, stream=False))
        async for _ in run.events():
            raise AssertionError("a request without streaming emits nothing")
        return run.message

    def stream(self, **arguments: Unpack[RequestArguments]) -> "AsyncMessageStream":
        """`Messages.stream`, for `async with`."""
        return AsyncMessageStream(
            _AsyncRun(self._client, self._client._steps(arguments, stream=True))
        )


class AsyncMessageStream(Explained):
    """`MessageStream`, in an event loop."""

    def __init__(self, run: "_AsyncRun") -> None:
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
        return self._run.message


class _AsyncRun:
    """`_SyncRun`, in an event loop. What may wait for a disk or for another machine's
    token runs in a thread."""

    def __init__(self, client: AsyncClient, steps: Steps) -> None:
        self._client = client
        self._steps = steps
        self._exchange = AsyncExchange(client._pools)
        self._message: Message | None = None

    @property
    def message(self) -> Message:
        """The answer; only after its end."""
        if self._message is None:
            raise RequestError(
                "The stream was left or failed before its end, so there is no final"
                " message."
            )
        return self._message

    async def events(self) -> AsyncGenerator[Event, None]:
        """Run the request. To be called once. An iterator that is forgotten half way is
        closed by the event loop."""
        result: Any = None  # of the effect before; each has its own
        failed: BaseException | None = None
        interrupted: BaseException | None = None
        self._client._begin()
        RUNNING.add(self)
        try:
            while True:
                effect = (
                    self._steps.throw(failed) if failed else self._steps.send(result)
                )
                result, failed = None, None
                if isinstance(effect, Emit):
                    try:
                        for event in effect.events:
                            yield event
                    except GeneratorExit:
                        failed = Abandoned()
                    continue
                try:
                    result = await self._do(effect)
                except Exception as error:
                    # the core knows what becomes of it, and of what nobody foresaw
                    failed = error
                except (
                    BaseException
                ) as error:  # cancelled: the attempt is recorded, then it goes on
                    interrupted, failed = error, Abandoned()
        except StopIteration as done:
            self._message = done.value
        except Abandoned:  # recorded by the core
            if interrupted:
                raise interrupted from None
        finally:
            try:
                await self._exchange.close()
            finally:
                RUNNING.discard(self)
                if self._client._end():
                    await asyncio.to_thread(self._client._log.close)

    async def _do(self, effect: Effect) -> Any:  # each effect has a result of its own
        match effect:
            case Send():
                return await self._exchange.send(effect, await self._headers(effect))
            case Read():
                return await self._exchange.read()
            case Drain():
                return await self._drain()
            case Append(record=record):
                return await _to_the_end(
                    asyncio.to_thread(self._client._append, record)
                )
            case Sleep(seconds=seconds):
                return await asyncio.sleep(seconds)
            case Forget(route=route):
                return self._client._authorisers[route.id].forget()

    async def _drain(self) -> None:
        with suppress(
            TimeoutError
        ):  # the read is given up then, which closes the connection
            async with asyncio.timeout(DRAIN_S):
                await self._exchange.drain()

    async def _headers(self, effect: Send) -> dict[str, str]:
        if self._client._authorisers[effect.route.id].ready:
            return self._client._headers(effect)
        return await asyncio.to_thread(self._client._headers, effect)


async def _to_the_end(work: Coroutine[Any, Any, None]) -> None:
    """Wait for it even when cancelled in between: half a record would make a second
    one."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
