"""Effects, performed in an event loop: the twin of `performer.py`."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from trivium.client.effects import (
    Answer,
    Append,
    Drain,
    Effect,
    Escalate,
    Forget,
    Read,
    Send,
    Sleep,
)
from trivium.client.performer import route_error
from trivium.client.surroundings import Surroundings
from trivium.http import DRAIN_S, AsyncExchange, AsyncPools, NoAnswerError, Request


class AsyncPerformer:
    """Performs effects in an event loop. What may wait for a disk or for another
    machine's token runs in a thread."""

    def __init__(self, surroundings: Surroundings, pools: AsyncPools) -> None:
        self._surroundings = surroundings
        self._exchange = AsyncExchange(pools)

    async def perform(self, effect: Effect) -> Any:  # Any: as in `SyncPerformer`
        """`SyncPerformer.perform`, awaited."""
        match effect:
            case Read():
                return await self._read()
            case Send():
                return await self._send(effect)
            case Append(record=record):
                kept = asyncio.to_thread(self._surroundings.append, record)
                return await _to_the_end(kept)
            case Escalate(draft=draft):
                return await asyncio.to_thread(self._surroundings.escalate, draft)
            case Drain():
                return await self._drain()
            case Sleep(seconds=seconds):
                return await asyncio.sleep(seconds)
            case Forget(route=route):
                return self._surroundings.forget(route.id)
        raise AssertionError(f"no performer for {type(effect).__name__}")

    async def close(self) -> None:
        """Close what is still open."""
        await self._exchange.close()

    async def _send(self, effect: Send) -> Answer:
        request = await self._authorised(effect)
        try:
            return await self._exchange.send(request, stream=effect.stream)
        except NoAnswerError as error:
            raise route_error(error) from error

    async def _authorised(self, effect: Send) -> Request:
        if self._surroundings.ready(effect):
            return self._surroundings.authorised(effect)
        return await asyncio.to_thread(self._surroundings.authorised, effect)

    async def _read(self) -> bytes | None:
        try:
            return await self._exchange.read()
        except NoAnswerError as error:
            raise route_error(error) from error

    async def _drain(self) -> None:
        # When the time is over the read is given up, which closes the connection.
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_S):
                await self._exchange.drain()


async def _to_the_end(work: Coroutine[Any, Any, None]) -> None:
    """Wait for it even when cancelled in between: half a record would become a second
    one. Any: what a coroutine of asyncio yields is its own."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
