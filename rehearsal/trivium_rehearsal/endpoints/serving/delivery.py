"""From an answer to the caller, through the fault that was ordered.

A `Desk` holds what every endpoint does alike once it knows its answer: find the fault,
send the answer whole or as a stream, and count the outcome. What differs between APIs
(the words of an error, the framing of an event) comes in as a `Dialect`.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from trivium_rehearsal.endpoints.serving.faults import Fault, Faults, InAnswer
from trivium_rehearsal.endpoints.serving.http import Answer
from trivium_rehearsal.endpoints.serving.ledger import Account
from trivium_rehearsal.endpoints.serving.refusals import RefusalError

MARK = "x-trivium-rehearsal"
"""The response header that says what really answers."""

_ARRIVAL_S = 0.02
"""Time for what was sent to arrive before a reset overtakes it. Otherwise the fault
would look like another one."""


class Frame(NamedTuple):
    """One event of a stream, in its protocol's bytes."""

    data: bytes
    """The event on the wire."""
    remaining: int | None = None
    """How many events follow, known from the terminal event on; None before it."""


class UnfinishedError(Exception):
    """A stream that began cannot be continued."""


class Dialect(Protocol):
    """How one API words what is not an answer."""

    def instead(self, fault: Fault) -> RefusalError:
        """The error that a fault puts in place of an answer."""

    def stream_error(self, kind: str | None) -> bytes:
        """An error inside a stream; None for the API's usual one."""

    def garbage(self) -> bytes:
        """Bytes where an event should be."""


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What one endpoint works with."""

    endpoint: str
    """The endpoint's name in faults and counters."""
    mark: str
    """What really answers, for the response header."""
    faults: Faults
    """The orders of all endpoints."""
    account: Account
    """The counters of this endpoint."""

    @property
    def marked(self) -> dict[str, str]:
        """The header that every reply carries."""
        return {MARK: self.mark}

    async def attend(self, answer: Answer, work: Awaitable[str]) -> None:
        """Await the work on one request, send its refusal if it refuses, and count the
        outcome."""
        try:
            outcome = await work
        except RefusalError as refusal:
            outcome = refusal.outcome
            headers = {**refusal.headers, **self.marked}
            await answer.whole(refusal.status, headers, refusal.body)
        except (asyncio.CancelledError, ConnectionError):
            self.account.outcome("left")
            raise
        except Exception:
            self.account.outcome("crashed")
            raise
        self.account.outcome(outcome)

    def take(self, model: str, *, stream: bool, dialect: Dialect) -> Fault | None:
        """The fault that acts on the answer to this request, if any. Raises a fault
        that replaces the answer as `RefusalError`."""
        fault = self.faults.take(self.endpoint, model, stream=stream)
        if fault is not None and fault.kind not in InAnswer:
            raise dialect.instead(fault)
        return fault

    def check_expiry(self, model: str, *, stream: bool, dialect: Dialect) -> None:
        """Raise the fault about the credential as `RefusalError`, if one was
        ordered."""
        fault = self.faults.take(
            self.endpoint, model, stream=stream, authentication=True
        )
        if fault is not None:
            raise dialect.instead(fault)

    async def whole(
        self,
        answer: Answer,
        body: Any,  # any JSON value
        headers: Mapping[str, str],
        fault: Fault | None = None,
    ) -> str:
        """Send a complete JSON reply, spoilt by the fault. Returns the outcome."""
        data = json.dumps(body, ensure_ascii=False).encode()
        headers = {"content-type": "application/json", **headers, **self.marked}
        if fault is None:
            await answer.whole(200, headers, data)
            return "answered"

        await self._spoil(answer, data, headers, fault)
        return f"fault:{fault.kind}"

    async def _spoil(
        self, answer: Answer, data: bytes, headers: Mapping[str, str], fault: Fault
    ) -> None:
        """Send a complete reply as the fault wants it."""
        match fault.kind:
            case "truncate":
                await answer.whole(200, headers, data[: len(data) // 2])
            case "garbage":
                await answer.whole(200, headers, b"\x00\xffnot json" + data[:16])
            case "abort":
                await answer.part(200, headers, data[: len(data) // 2], len(data))
                answer.abort()
            case "hang":
                await self.faults.hang()
                answer.abort()
            case "drip":
                await answer.part(200, headers, data[:1], len(data))
                for position in range(1, len(data)):
                    await asyncio.sleep(fault.delay_s)
                    await answer.more(data[position : position + 1])

    async def stream(
        self,
        answer: Answer,
        frames: AsyncGenerator[Frame, None],
        headers: Mapping[str, str],
        *,
        fault: Fault | None,
        dialect: Dialect,
    ) -> str:
        """Send a stream event by event, spoilt by the fault. Returns the outcome."""
        await answer.start(200, {**headers, **self.marked})
        sent = 0
        async with aclosing(frames):
            try:
                async for frame in frames:
                    if fault is not None and _due(fault, frame, sent):
                        await self._break(answer, fault, dialect)
                        return f"fault:{fault.kind}"
                    await _send(answer, frame.data, fault)
                    sent += 1
            except UnfinishedError:
                # The protocol's own error event, and never a proper end.
                await answer.send(dialect.stream_error(None))
                await answer.finish()
                return "failed"

        await answer.finish()
        return "answered" if fault is None else f"fault:{fault.kind}"

    async def _break(self, answer: Answer, fault: Fault, dialect: Dialect) -> None:
        """End a started stream as the fault wants it."""
        match fault.kind:
            case "stream_error":
                await answer.send(dialect.stream_error(fault.error))
                await answer.finish()
            case "truncate":
                await answer.finish()
            case "garbage":
                await answer.send(dialect.garbage())
                await answer.finish()
            case "abort":
                await asyncio.sleep(_ARRIVAL_S)
                answer.abort()
            case _:
                await self.faults.hang()
                answer.abort()


def _due(fault: Fault, frame: Frame, sent: int) -> bool:
    """Whether the fault ends the stream before this frame.

    As ordered, or before the terminal event of a stream that is shorter than that, so
    that a fault is never a complete answer.
    """
    if fault.kind == "drip":
        return False
    never = frame.remaining is not None and fault.after_events > sent + frame.remaining
    return sent >= fault.after_events or never


async def _send(answer: Answer, frame: bytes, fault: Fault | None) -> None:
    """Send one event, byte by byte if it drips."""
    if fault is None or fault.kind != "drip":
        await answer.send(frame)
        return

    for position in range(len(frame)):
        await answer.send(frame[position : position + 1])
        await asyncio.sleep(fault.delay_s)
