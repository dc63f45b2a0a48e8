"""Prompts and replies, independent of any protocol.

A source turns a `Prompt` into a series of `Piece`s; a protocol turns pieces into bytes.
The source cuts its reply at `max_tokens`. `stopped` ends it at a stop sequence, for
every source alike.
"""

import abc
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Literal

from trivium_rehearsal.endpoints.models.configuration import Cloud, StopReason
from trivium_rehearsal.endpoints.serving.bodies import Json
from trivium_rehearsal.endpoints.serving.delivery import UnfinishedError


@dataclass(frozen=True, kw_only=True)
class ToolSpec:
    """A tool that the caller offers."""

    name: str
    """As the caller named it."""
    description: str
    """Empty if the caller gave none."""
    schema: Json
    """The JSON Schema of the tool's input."""


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """One validated request."""

    cloud: Cloud
    """The endpoint that was called."""
    model: str
    """The model id or deployment, as the caller named it."""
    system: str
    """The system prompt; empty without one."""
    turns: tuple[tuple[Literal["user", "assistant", "system"], str], ...]
    """Role and text, oldest first. Tool calls and results become words; images and
    files become a placeholder."""
    max_tokens: int
    """The most output tokens; 0 to fill a prompt cache or to count."""
    stop_sequences: tuple[str, ...] = ()
    """Texts that end the reply."""
    temperature: float | None = None
    """None: the source's own default."""
    top_p: float | None = None
    """None: the source's own default."""
    tools: tuple[ToolSpec, ...] = ()
    """The tools that may be called."""
    forced_tool: ToolSpec | None = None
    """The tool that `tool_choice` forces the model to call."""
    has_tool_result: bool = False
    """Whether the last turn carries a tool result."""

    @property
    def last(self) -> str:
        """The text of the last turn."""
        return self.turns[-1][1]


@dataclass(frozen=True, kw_only=True)
class Begin:
    """The first piece: the tokens of the prompt."""

    input_tokens: int
    """Tokens that were neither read from nor written to a cache."""
    cache_read_input_tokens: int = 0
    """Tokens read from the prompt cache."""
    cache_creation_input_tokens: int = 0
    """Tokens written to the prompt cache."""


@dataclass(frozen=True, kw_only=True)
class Open:
    """A block begins."""

    kind: Literal["text", "thinking", "redacted_thinking", "tool_use"]
    """What the block holds."""
    id: str = ""
    """Of a tool call."""
    name: str = ""
    """Of the called tool."""
    data: str = ""
    """Of a redacted thinking block, in base64."""


@dataclass(frozen=True, kw_only=True)
class Text:
    """More of the open block."""

    text: str
    """Text, thinking, or a fragment of a tool input's JSON."""


@dataclass(frozen=True, kw_only=True)
class Signature:
    """The signature of the open thinking block."""

    signature: str
    """Opaque to the caller."""


@dataclass(frozen=True, kw_only=True)
class Close:
    """The open block is complete."""


@dataclass(frozen=True, kw_only=True)
class End:
    """The last piece."""

    stop_reason: StopReason
    """Why the reply ended."""
    output_tokens: int
    """Tokens of the reply."""
    stop_sequence: str | None = None
    """The stop sequence that ended it, if one did."""


Piece = Begin | Open | Text | Signature | Close | End


class SourceRefusedError(UnfinishedError):
    """The source cannot answer this prompt, and the caller can change that."""


class SourceFailedError(UnfinishedError):
    """The source cannot answer, and the caller cannot change that."""


class Source(abc.ABC):
    """Where the text of replies comes from."""

    label: str
    """Its name in `x-trivium-rehearsal` and in the `model` of replies."""

    @abc.abstractmethod
    def answer(self, prompt: Prompt) -> AsyncGenerator[Piece, None]:
        """The reply, piece by piece as it is generated.

        Raises `SourceRefusedError` only before `Begin`, and `SourceFailedError` at any
        time.
        """

    @abc.abstractmethod
    async def count(self, prompt: Prompt) -> int:
        """How many tokens the prompt has."""

    @abc.abstractmethod
    async def close(self) -> None:
        """Release what the source holds."""

    @abc.abstractmethod
    def reset(self) -> None:
        """Start over, where replies depend on earlier ones."""


async def stopped(
    pieces: AsyncGenerator[Piece, None], sequences: Sequence[str]
) -> AsyncGenerator[Piece, None]:
    """The pieces, ended before the first stop sequence in a text block.

    Text that could be the beginning of a stop sequence is held back until that is
    decided. After a stop, each text piece up to it counts as one output token, because
    a source only counts a reply that it finishes.
    """
    held, in_text, sent = "", False, 0
    async with aclosing(pieces):
        async for piece in pieces:
            if isinstance(piece, Open):
                in_text = piece.kind == "text"

            if isinstance(piece, Text) and in_text and sequences:
                held, sent = held + piece.text, sent + 1
                if found := first_stop(held, sequences):
                    for last in _ended(held, *found, output_tokens=sent):
                        yield last
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


def _ended(
    held: str, position: int, sequence: str, *, output_tokens: int
) -> list[Piece]:
    """The last pieces of a reply that a stop sequence ends at this position."""
    end = End(
        stop_reason="stop_sequence", stop_sequence=sequence, output_tokens=output_tokens
    )
    before: list[Piece] = [Text(text=held[:position])] if position else []
    return [*before, Close(), end]


def first_stop(text: str, sequences: Sequence[str]) -> tuple[int, str] | None:
    """Where the earliest stop sequence begins, and which one it is; the longer one if
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
    """Length of the longest end of `text` with which one of the sequences begins."""
    longest = max(len(one) for one in sequences) - 1
    for length in range(min(longest, len(text)), 0, -1):
        if any(one.startswith(text[-length:]) for one in sequences):
            return length
    return 0


async def collected(pieces: AsyncGenerator[Piece, None]) -> list[Piece]:
    """Every piece, with neighbouring text pieces joined."""
    joined: list[Piece] = []
    async for piece in pieces:
        last = joined[-1] if joined else None
        if isinstance(piece, Text) and isinstance(last, Text):
            joined[-1] = replace(last, text=last.text + piece.text)
        else:
            joined.append(piece)
    return joined
