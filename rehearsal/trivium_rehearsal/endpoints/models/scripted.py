"""Replies from a list, word by word, for tests that need to know the reply."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator

from trivium_rehearsal.endpoints.models.configuration import (
    Part,
    RedactedThinkingPart,
    Scripted,
    ScriptedReply,
    StopReason,
    TextPart,
    ThinkingPart,
    ToolUsePart,
    When,
)
from trivium_rehearsal.endpoints.models.text import (
    Begin,
    Close,
    End,
    Open,
    Piece,
    Prompt,
    Signature,
    Source,
    SourceFailedError,
    Text,
)

_WORD = re.compile(r"\s*\S+\s*$|\s*\S+|\s+$")


class ScriptedSource(Source):
    """Gives the first reply whose condition holds and that is not used up.

    A word counts as a token.
    """

    label = "scripted"

    def __init__(self, script: Scripted) -> None:
        self._replies = script.replies
        self._given = [0] * len(script.replies)

    async def answer(self, prompt: Prompt) -> AsyncGenerator[Piece, None]:
        reply = self._choose(prompt)
        yield _begun(reply, prompt)

        left = prompt.max_tokens
        for part in reply.content:
            if left <= 0:
                break
            opening, words, closing = _unfolded(part)
            yield opening
            for word in words[:left]:
                if reply.piece_delay_s:
                    await asyncio.sleep(reply.piece_delay_s)
                yield Text(text=word)
            if len(words) <= left:
                for piece in closing:
                    yield piece
            yield Close()
            left -= len(words)

        yield _ended(reply, prompt.max_tokens)

    async def count(self, prompt: Prompt) -> int:
        return _words_of(prompt)

    async def close(self) -> None:
        """Nothing is held."""

    def _choose(self, prompt: Prompt) -> ScriptedReply:
        """The reply to give, counted as given."""
        for position, reply in enumerate(self._replies):
            left = reply.times is None or self._given[position] < reply.times
            if left and _holds(reply.when, prompt):
                self._given[position] += 1
                return reply
        raise SourceFailedError(
            "The rehearsal's script has no reply left for this request."
        )

    def reset(self) -> None:
        """Begin the script from its first reply."""
        self._given = [0] * len(self._replies)


def _holds(when: When, prompt: Prompt) -> bool:
    """Whether every condition that is given holds."""
    return (
        (when.contains is None or when.contains in prompt.last)
        and when.model in (None, prompt.model)
        and when.cloud in (None, prompt.cloud)
        and when.tool_result in (None, prompt.has_tool_result)
    )


def _begun(reply: ScriptedReply, prompt: Prompt) -> Begin:
    """The first piece, with the stated or the counted tokens."""
    tokens = reply.input_tokens
    return Begin(
        input_tokens=_words_of(prompt) if tokens is None else tokens,
        cache_read_input_tokens=reply.cache_read_input_tokens,
        cache_creation_input_tokens=reply.cache_creation_input_tokens,
    )


def _ended(reply: ScriptedReply, max_tokens: int) -> End:
    """The end of the reply, which `max_tokens` may have cut short."""
    length = _length(reply)
    if length > max_tokens:
        return End(stop_reason="max_tokens", output_tokens=max_tokens)

    stated = reply.output_tokens
    return End(
        stop_reason=reply.stop_reason or _usual_reason(reply),
        output_tokens=length if stated is None else stated,
    )


def _unfolded(part: Part) -> tuple[Open, list[str], list[Piece]]:
    """How a block opens, its words, and what comes before it closes."""
    match part:
        case TextPart(text=text):
            return Open(kind="text"), words(text), []
        case ThinkingPart(thinking=thinking, signature=signature):
            closing: list[Piece] = [Signature(signature=signature)]
            return Open(kind="thinking"), words(thinking), closing
        case RedactedThinkingPart(data=data):
            return Open(kind="redacted_thinking", data=data), [], []
        case ToolUsePart(id=id, name=name, input=input):
            return Open(kind="tool_use", id=id, name=name), words(json.dumps(input)), []


def words(text: str) -> list[str]:
    """The text in words, each with the space before it. Joined, they are the text
    again."""
    return _WORD.findall(text)


def _length(reply: ScriptedReply) -> int:
    return sum(len(_unfolded(part)[1]) for part in reply.content)


def _words_of(prompt: Prompt) -> int:
    texts = [prompt.system, *(text for _, text in prompt.turns)]
    return sum(len(text.split()) for text in texts)


def _usual_reason(reply: ScriptedReply) -> StopReason:
    """The stop reason of a reply that does not state one."""
    calls = any(isinstance(part, ToolUsePart) for part in reply.content)
    return "tool_use" if calls else "end_turn"
