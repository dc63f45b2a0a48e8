"""From a judged prompt to the reply, for every model API alike.

What differs between protocols (the shape of a reply, the framing of a stream) comes in
as a `Form`; what differs between endpoints (the words of an error) as a `Dialect`.
"""

from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from typing import Protocol

from trivium_rehearsal.endpoints.models.text import (
    Piece,
    Prompt,
    Source,
    SourceFailedError,
    SourceRefusedError,
    collected,
    stopped,
)
from trivium_rehearsal.endpoints.serving import delivery
from trivium_rehearsal.endpoints.serving.bodies import Json
from trivium_rehearsal.endpoints.serving.delivery import Frame
from trivium_rehearsal.endpoints.serving.http import Answer
from trivium_rehearsal.endpoints.serving.refusals import RefusalError


class Dialect(delivery.Dialect, Protocol):
    """How one model API words what is not an answer."""

    def source_refused(self, message: str) -> RefusalError:
        """The caller's prompt cannot be answered."""

    def source_failed(self, message: str) -> RefusalError:
        """The source failed before anything was sent."""


class Form(Protocol):
    """How one protocol writes a reply."""

    def whole(self, pieces: list[Piece]) -> tuple[Mapping[str, str], Json]:
        """Headers and body of a complete reply."""

    def stream_headers(self) -> Mapping[str, str]:
        """Headers of a streamed reply."""

    def frames(
        self, pieces: AsyncGenerator[Piece, None]
    ) -> AsyncGenerator[Frame, None]:
        """The events of a streamed reply."""


@dataclass(frozen=True, kw_only=True)
class ModelDesk(delivery.Desk):
    """What the endpoint of a model API works with."""

    source: Source
    """Where the replies come from."""

    async def reply(
        self,
        answer: Answer,
        prompt: Prompt,
        form: Form,
        *,
        stream: bool,
        dialect: Dialect,
    ) -> str:
        """Answer a judged request, through the fault that affects it. Returns the
        outcome."""
        fault = self.take(prompt.model, stream=stream, dialect=dialect)
        pieces = await self._begun(prompt, dialect)
        if stream:
            return await self.stream(
                answer,
                form.frames(pieces),
                form.stream_headers(),
                fault=fault,
                dialect=dialect,
            )

        with _worded(dialect):
            complete = await collected(pieces)
        headers, body = form.whole(complete)
        return await self.whole(answer, body, headers, fault)

    async def count(
        self,
        answer: Answer,
        prompt: Prompt,
        *,
        name: str,
        headers: Mapping[str, str],
        dialect: Dialect,
    ) -> str:
        """Answer with the tokens of the prompt under a key of this name. Returns the
        outcome."""
        fault = self.take(prompt.model, stream=False, dialect=dialect)
        with _worded(dialect):
            counted = await self.source.count(prompt)
        return await self.whole(answer, {name: counted}, headers, fault)

    async def _begun(
        self, prompt: Prompt, dialect: Dialect
    ) -> AsyncGenerator[Piece, None]:
        """The source's reply after its first piece has come: a prompt that the source
        refuses is refused here, before any byte is sent."""
        pieces = stopped(self.source.answer(prompt), prompt.stop_sequences)
        with _worded(dialect):
            first = await anext(pieces)
        return _resumed(first, pieces)


@contextmanager
def _worded(dialect: Dialect) -> Iterator[None]:
    """Turn what the source raises into the endpoint's own refusal."""
    try:
        yield
    except SourceRefusedError as refused:
        raise dialect.source_refused(str(refused)) from refused
    except SourceFailedError as failed:
        raise dialect.source_failed(str(failed)) from failed


async def _resumed(
    first: Piece, rest: AsyncGenerator[Piece, None]
) -> AsyncGenerator[Piece, None]:
    """The first piece again, and then the rest."""
    async with aclosing(rest):
        yield first
        async for piece in rest:
            yield piece
