"""From pieces to the caller, through whatever fault was ordered.

Everything the three clouds do alike after a request was authenticated and judged: ask
the source, take a fault, send, count. What differs (the words of an error, the framing)
comes in as a `Dialect`.
"""

import asyncio
import json
import uuid
from collections.abc import AsyncGenerator, Awaitable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Protocol

from trivium_rehearsal.endpoints.configuration import Cloud
from trivium_rehearsal.endpoints.faults import Fault, Faults, MidStream
from trivium_rehearsal.endpoints.http import Answer, Request
from trivium_rehearsal.endpoints.ledger import Account
from trivium_rehearsal.endpoints.text import (
    Frame,
    Json,
    Piece,
    Prompt,
    Source,
    SourceFailedError,
    SourceRefusedError,
    collected,
    stopped,
)

MARK = "x-trivium-rehearsal"
"""The response header that says who really answers."""


class RefusalError(Exception):
    """An answer that is an error."""

    def __init__(
        self,
        status: int,
        kind: str,
        body: Json | bytes,
        headers: Mapping[str, str] | None = None,
        *,
        fault: bool = False,
    ) -> None:
        super().__init__(kind)
        self.status = status
        self.kind = kind
        """The provider's error type, or the fault's kind; what the ledger counts."""
        self.body = (
            body
            if isinstance(body, bytes)
            else json.dumps(body, ensure_ascii=False).encode()
        )
        self.headers = {"content-type": "application/json", **(headers or {})}
        self.fault = fault


class Dialect(Protocol):
    """How one cloud words what is not an answer."""

    def instead(self, fault: Fault) -> RefusalError:
        """The error that a fault puts in place of an answer."""

    def source_refused(self, message: str) -> RefusalError:
        """The caller's prompt cannot be answered."""

    def source_failed(self, message: str) -> RefusalError:
        """The source failed before anything was sent."""

    def stream_error(self, kind: str | None) -> bytes:
        """An error inside a stream; None for the cloud's usual one."""

    def garbage(self) -> bytes:
        """Bytes where an event should be."""


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What one cloud's endpoint works with."""

    cloud: Cloud
    source: Source
    faults: Faults
    account: Account

    @property
    def mark(self) -> dict[str, str]:
        """The header that every reply carries."""
        return {MARK: f"{self.source.label} (not Claude)"}

    async def attend(self, answer: Answer, work: Awaitable[str]) -> None:
        """Run one request's work, send its refusal if it refuses, and count what became
        of it."""
        try:
            outcome = await work
        except RefusalError as refusal:
            outcome = f"{'fault' if refusal.fault else 'refused'}:{refusal.kind}"
            await self._refuse(answer, refusal)
        except (asyncio.CancelledError, ConnectionError):
            self.account.outcome("left")
            raise
        except Exception:
            self.account.outcome("crashed")
            raise
        self.account.outcome(outcome)

    async def _refuse(self, answer: Answer, refusal: RefusalError) -> None:
        await answer.whole(
            refusal.status, {**refusal.headers, **self.mark}, refusal.body
        )

    def take(self, model: str, *, stream: bool, dialect: Dialect) -> Fault | None:
        """The fault this request suffers, if it is one that acts on the answer. Raises
        the others as `RefusalError`."""
        fault = self.faults.take(self.cloud, model, stream=stream)
        if fault is not None and fault.kind not in MidStream:
            raise dialect.instead(fault)
        return fault

    def check_expiry(self, model: str, *, stream: bool, dialect: Dialect) -> None:
        """Raise as `RefusalError` the fault about the credential, if one was
        ordered."""
        fault = self.faults.take(self.cloud, model, stream=stream, authentication=True)
        if fault is not None:
            raise dialect.instead(fault)

    async def pieces(
        self, prompt: Prompt, dialect: Dialect
    ) -> AsyncGenerator[Piece, None]:
        """The source's answer, begun: what the source refuses is raised here, before
        any byte is sent."""
        source = stopped(self.source.answer(prompt), prompt.stop_sequences)
        try:
            first = await anext(source)
        except SourceRefusedError as refused:
            raise dialect.source_refused(str(refused)) from refused
        except SourceFailedError as failed:
            raise dialect.source_failed(str(failed)) from failed
        return _resumed(first, source)

    async def count(self, prompt: Prompt, dialect: Dialect) -> int:
        """Tokens of the prompt."""
        try:
            return await self.source.count(prompt)
        except SourceRefusedError as refused:
            raise dialect.source_refused(str(refused)) from refused
        except SourceFailedError as failed:
            raise dialect.source_failed(str(failed)) from failed

    async def whole(
        self,
        answer: Answer,
        body: Any,
        headers: Mapping[str, str],
        fault: Fault | None = None,
    ) -> str:
        """Send a complete JSON reply (any JSON value), or what the fault makes of it.
        Returns the outcome."""
        data = json.dumps(body, ensure_ascii=False).encode()
        headers = {"content-type": "application/json", **headers, **self.mark}
        match fault.kind if fault else None:
            case None:
                await answer.whole(200, headers, data)
                return "answered"
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
                await self._drip_whole(answer, headers, data, fault)
        return f"fault:{fault.kind}" if fault else "answered"

    async def _drip_whole(
        self,
        answer: Answer,
        headers: Mapping[str, str],
        data: bytes,
        fault: Fault | None,
    ) -> None:
        await answer.part(200, headers, data[:1], len(data))
        for position in range(1, len(data)):
            await asyncio.sleep(fault.delay_s if fault else 0)
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
        """Send a stream, event by event, or what the fault makes of it. Returns the
        outcome."""
        await answer.start(200, {**headers, **self.mark})
        sent = 0
        async with aclosing(frames):
            try:
                async for frame in frames:
                    if (
                        fault is not None
                        and fault.kind != "drip"
                        and _due(fault, frame, sent)
                    ):
                        return await self._break(answer, fault, dialect)
                    await self._send(answer, frame.data, fault)
                    sent += 1
            except (SourceFailedError, SourceRefusedError):
                # It began and failed: the protocol's own error event, and never a
                # proper end.
                await answer.send(dialect.stream_error(None))
                await answer.finish()
                return "failed"
        await answer.finish()
        return "answered" if fault is None else f"fault:{fault.kind}"

    async def _send(self, answer: Answer, frame: bytes, fault: Fault | None) -> None:
        if fault is None or fault.kind != "drip":
            await answer.send(frame)
            return
        for position in range(len(frame)):
            await answer.send(frame[position : position + 1])
            await asyncio.sleep(fault.delay_s)

    async def _break(self, answer: Answer, fault: Fault, dialect: Dialect) -> str:
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
                # What was sent must arrive before the reset overtakes it, or the fault
                # would look like another one.
                await asyncio.sleep(0.02)
                answer.abort()
            case _:
                await self.faults.hang()
                answer.abort()
        return f"fault:{fault.kind}"


def _due(fault: Fault, frame: Frame, sent: int) -> bool:
    """Whether the fault acts before this frame: as ordered, or, where the stream is
    shorter than that, before its terminal event, so that a fault is never a complete
    answer."""
    never = frame.remaining is not None and fault.after_events > sent + frame.remaining
    return sent >= fault.after_events or never


async def _resumed(
    first: Piece, rest: AsyncGenerator[Piece, None]
) -> AsyncGenerator[Piece, None]:
    async with aclosing(rest):
        yield first
        async for piece in rest:
            yield piece


async def gathered(
    pieces: AsyncGenerator[Piece, None], dialect: Dialect
) -> list[Piece]:
    """All pieces of a reply that is sent whole. Raises the dialect's refusal if the
    source fails on the way."""
    try:
        return await collected(pieces)
    except SourceRefusedError as refused:
        raise dialect.source_refused(str(refused)) from refused
    except SourceFailedError as failed:
        raise dialect.source_failed(str(failed)) from failed


def parsed(body: bytes) -> Json:
    """The JSON object of a request. Raises ValueError; NaN and Infinity are not
    JSON."""

    def refuse(constant: str) -> Any:  # json's own protocol
        raise ValueError(f"{constant} is not JSON")

    value = json.loads(body, parse_constant=refuse)
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


def accepts(request: Request, *media_types: str) -> bool:
    """Whether `Accept` allows one of the media types; a request without it allows all
    (RFC 9110, 12.5.1)."""
    header = request.header("accept")
    if header is None:
        return True
    ranges = set()
    for entry in header.split(","):
        name, *parameters = (part.strip().lower() for part in entry.split(";"))
        if not any(
            parameter in ("q=0", "q=0.0", "q=0.00", "q=0.000")
            for parameter in parameters
        ):
            ranges.add(name)
    allowed = {
        "*/*",
        *media_types,
        *(f"{kind.partition('/')[0]}/*" for kind in media_types),
    }
    return bool(ranges & allowed)


def request_id(prefix: str = "req_") -> str:
    """A fresh request id."""
    return f"{prefix}{uuid.uuid4().hex}"
