"""What is asked and what is answered, in no cloud's protocol.

A source turns a `Prompt` into a series of `Piece`s; the protocols turn pieces into
bytes. Also here: cutting at `max_tokens` is the source's task, stopping at a stop
sequence is everybody's (`stopped`).
"""

import abc
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

from trivium_rehearsal.endpoints.configuration import Cloud, StopReason

Json = dict[str, Any]
"""A JSON object whose shape belongs to somebody else."""


@dataclass(frozen=True, kw_only=True)
class ToolSpec:
    """A tool that the caller offers."""

    name: str
    description: str
    schema: Json


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """One validated request."""

    cloud: Cloud
    model: str
    """As the caller named it."""
    system: str
    turns: tuple[tuple[Literal["user", "assistant", "system"], str], ...]
    """Oldest first; tool calls and results are told in words, images and files by a
    placeholder."""
    max_tokens: int
    stop_sequences: tuple[str, ...] = ()
    temperature: float | None = None
    top_p: float | None = None
    tools: tuple[ToolSpec, ...] = ()
    forced_tool: ToolSpec | None = None
    """The tool that `tool_choice` obliges the model to call."""
    has_tool_result: bool = False
    """Whether the last turn carries a tool result."""

    @property
    def last(self) -> str:
        return self.turns[-1][1]


@dataclass(frozen=True, kw_only=True)
class Begin:
    """The first piece: what reading the prompt cost."""

    input_tokens: int
    cache_read_input_tokens: int = 0
    cache_creation_input_tokens: int = 0


@dataclass(frozen=True, kw_only=True)
class Open:
    """A block begins."""

    kind: Literal["text", "thinking", "redacted_thinking", "tool_use"]
    id: str = ""
    name: str = ""
    data: str = ""


@dataclass(frozen=True, kw_only=True)
class Text:
    """More of the open block: text, thinking, or a fragment of a tool input's JSON."""

    text: str


@dataclass(frozen=True, kw_only=True)
class Signature:
    """The signature of the open thinking block."""

    signature: str


@dataclass(frozen=True, kw_only=True)
class Close:
    """The open block is complete."""


@dataclass(frozen=True, kw_only=True)
class End:
    """The last piece."""

    stop_reason: StopReason
    output_tokens: int
    stop_sequence: str | None = None


Piece = Begin | Open | Text | Signature | Close | End


class Frame(NamedTuple):
    """One event of a stream in its protocol's bytes."""

    data: bytes
    remaining: int | None = None
    """How many follow, known from the terminal event on; None before it."""


class SourceRefusedError(Exception):
    """The source cannot answer this prompt, and the caller can do something about
    it."""


class SourceFailedError(Exception):
    """The source cannot answer, and the caller cannot help it."""


class Source(abc.ABC):
    """Where the words come from."""

    label: str
    """What is told in `x-trivium-rehearsal` and in the `model` of replies."""

    @abc.abstractmethod
    def answer(self, prompt: Prompt) -> AsyncGenerator[Piece, None]:
        """The reply, piece by piece as it comes to be.

        Raises `SourceRefusedError` before `Begin` alone, `SourceFailedError` at any
        time.
        """

    @abc.abstractmethod
    async def count(self, prompt: Prompt) -> int:
        """Tokens of the prompt."""

    @abc.abstractmethod
    async def close(self) -> None:
        """Let go of what it holds."""


async def stopped(
    pieces: AsyncGenerator[Piece, None], sequences: Sequence[str]
) -> AsyncGenerator[Piece, None]:
    """The pieces, ended before the first stop sequence in a text block.

    Text that could be the beginning of a stop sequence is held back until it is known.
    Output tokens after a stop are those of the pieces that were let through (one each),
    because a source counts only what it finishes.
    """
    held, in_text, sent = "", False, 0
    async with aclosing(pieces):
        async for piece in pieces:
            if isinstance(piece, Open):
                in_text = piece.kind == "text"
            if isinstance(piece, Text) and in_text and sequences:
                held += piece.text
                sent += 1
                found = first_stop(held, sequences)
                if found is not None:
                    position, sequence = found
                    if position:
                        yield Text(text=held[:position])
                    yield Close()
                    yield End(
                        stop_reason="stop_sequence",
                        stop_sequence=sequence,
                        output_tokens=sent,
                    )
                    return
                safe = len(held) - longest_beginning(held, sequences)
                if safe:
                    yield Text(text=held[:safe])
                held = held[safe:]
                continue
            if isinstance(piece, Close) and held:
                yield Text(text=held)
                held = ""
            yield piece


def first_stop(text: str, sequences: Sequence[str]) -> tuple[int, str] | None:
    """Where the earliest stop sequence begins, and which it is; the longer one where
    two begin together."""
    found = [
        (position, -len(one), one)
        for one in sequences
        if (position := text.find(one)) >= 0
    ]
    if not found:
        return None
    position, _, sequence = min(found)
    return position, sequence


def longest_beginning(text: str, sequences: Sequence[str]) -> int:
    """Length of the longest end of `text` that begins one of the sequences."""
    longest = max(len(one) for one in sequences) - 1
    for length in range(min(longest, len(text)), 0, -1):
        if any(one.startswith(text[-length:]) for one in sequences):
            return length
    return 0


async def collected(pieces: AsyncGenerator[Piece, None]) -> list[Piece]:
    """Every piece, with neighbouring texts joined."""
    joined: list[Piece] = []
    async for piece in pieces:
        last = joined[-1] if joined else None
        if isinstance(piece, Text) and isinstance(last, Text):
            joined[-1] = replace(last, text=last.text + piece.text)
        else:
            joined.append(piece)
    return joined
