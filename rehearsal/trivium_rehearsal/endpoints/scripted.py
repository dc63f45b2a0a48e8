"""Replies from a list, word by word: for tests, which need to know what will be
said."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator

from trivium_rehearsal.endpoints.configuration import (
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
from trivium_rehearsal.endpoints.text import (
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
    """Gives the first reply whose condition holds and that is not used up. A word
    counts as a token."""

    label = "scripted"

    def __init__(self, script: Scripted) -> None:
        self._replies = script.replies
        self._given = [0] * len(script.replies)

    async def answer(self, prompt: Prompt) -> AsyncGenerator[Piece, None]:
        reply = self._choose(prompt)
        yield Begin(
            input_tokens=(
                _words_of(prompt) if reply.input_tokens is None else reply.input_tokens
            ),
            cache_read_input_tokens=reply.cache_read_input_tokens,
            cache_creation_input_tokens=reply.cache_creation_input_tokens,
        )
        left, spent = prompt.max_tokens, 0
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
            spent += min(len(words), left)
            left -= len(words)
        if left < 0 or (left == 0 and spent < _length(reply)):
            yield End(stop_reason="max_tokens", output_tokens=spent)
            return
        output = spent if reply.output_tokens is None else reply.output_tokens
        yield End(
            stop_reason=reply.stop_reason or _usual_reason(reply), output_tokens=output
        )

    async def count(self, prompt: Prompt) -> int:
        return _words_of(prompt)

    async def close(self) -> None:
        """Nothing is held."""

    def _choose(self, prompt: Prompt) -> ScriptedReply:
        for position, reply in enumerate(self._replies):
            if (reply.times is None or self._given[position] < reply.times) and _holds(
                reply.when, prompt
            ):
                self._given[position] += 1
                return reply
        raise SourceFailedError(
            "The rehearsal's script has no reply left for this request."
        )

    def reset(self) -> None:
        """Begin the script anew."""
        self._given = [0] * len(self._replies)


def _holds(when: When, prompt: Prompt) -> bool:
    return (
        (when.contains is None or when.contains in prompt.last)
        and when.model in (None, prompt.model)
        and when.cloud in (None, prompt.cloud)
        and when.tool_result in (None, prompt.has_tool_result)
    )


def _unfolded(part: Part) -> tuple[Open, list[str], list[Piece]]:
    match part:
        case TextPart(text=text):
            return Open(kind="text"), words(text), []
        case ThinkingPart(thinking=thinking, signature=signature):
            return (
                Open(kind="thinking"),
                words(thinking),
                [Signature(signature=signature)],
            )
        case RedactedThinkingPart(data=data):
            return Open(kind="redacted_thinking", data=data), [], []
        case ToolUsePart(id=id, name=name, input=input):
            return Open(kind="tool_use", id=id, name=name), words(json.dumps(input)), []


def words(text: str) -> list[str]:
    """The text in words, each with the space before it; joined they are the text
    again."""
    return _WORD.findall(text)


def _length(reply: ScriptedReply) -> int:
    return sum(len(_unfolded(part)[1]) for part in reply.content)


def _words_of(prompt: Prompt) -> int:
    return len(prompt.system.split()) + sum(
        len(text.split()) for _, text in prompt.turns
    )


def _usual_reason(reply: ScriptedReply) -> StopReason:
    return (
        "tool_use"
        if any(isinstance(part, ToolUsePart) for part in reply.content)
        else "end_turn"
    )
