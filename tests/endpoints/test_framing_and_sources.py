"""Event-stream framing against botocore's reader; stop sequences, words and scripts."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trivium_rehearsal.endpoints import (
    Scripted,
    ScriptedReply,
    TextPart,
    ToolUsePart,
    When,
)
from trivium_rehearsal.endpoints.models import eventstream
from trivium_rehearsal.endpoints.models.configuration import StopReason
from trivium_rehearsal.endpoints.models.scripted import ScriptedSource, words
from trivium_rehearsal.endpoints.models.text import (
    Begin,
    Close,
    End,
    Open,
    Piece,
    Prompt,
    SourceFailedError,
    Text,
    stopped,
)

# ---------------------------------------------------------------- framing

_payloads = st.lists(
    st.tuples(st.text("abcXYZ", min_size=1, max_size=20), st.binary(max_size=64)),
    max_size=5,
)


@settings(deadline=None)
@given(sent=_payloads, cut=st.integers(1, 40))
def test_botocore_reads_what_we_frame_however_it_is_cut(
    sent: list[tuple[str, bytes]], cut: int
) -> None:
    from botocore.eventstream import EventStreamBuffer

    data = b"".join(eventstream.event(name, payload) for name, payload in sent)
    buffer, heard = EventStreamBuffer(), []
    for start in range(0, len(data), cut):
        buffer.add_data(data[start : start + cut])
        heard += [
            (message.headers[":event-type"], message.payload) for message in buffer
        ]
    assert heard == sent


@settings(deadline=None)
@given(payload=st.binary(min_size=1, max_size=64))
def test_a_corrupted_frame_keeps_its_length_and_fails_its_checksum(
    payload: bytes,
) -> None:
    from botocore.eventstream import ChecksumMismatch, EventStreamBuffer

    frame = eventstream.event("chunk", payload)
    buffer = EventStreamBuffer()
    buffer.add_data(eventstream.corrupted(frame))
    assert len(eventstream.corrupted(frame)) == len(frame)
    with pytest.raises(ChecksumMismatch):
        next(buffer)


# ---------------------------------------------------------------- stop sequences


async def _spoken(parts: list[str]) -> AsyncGenerator[Piece, None]:
    yield Begin(input_tokens=1)
    yield Open(kind="text")
    for part in parts:
        yield Text(text=part)
    yield Close()
    yield End(stop_reason="end_turn", output_tokens=len(parts))


def _run(pieces: AsyncGenerator[Piece, None]) -> list[Piece]:
    async def gather() -> list[Piece]:
        return [piece async for piece in pieces]

    return asyncio.run(gather())


def _text(pieces: list[Piece]) -> str:
    return "".join(piece.text for piece in pieces if isinstance(piece, Text))


@settings(deadline=None)
@given(
    parts=st.lists(st.text("abc", max_size=4), max_size=8),
    sequences=st.lists(st.text("abc", min_size=1, max_size=3), max_size=3),
)
def test_the_text_ends_before_the_first_stop_sequence_however_it_is_cut(
    parts: list[str], sequences: list[str]
) -> None:
    whole = "".join(parts)
    positions = [whole.find(one) for one in sequences if one in whole]
    pieces = _run(stopped(_spoken(parts), sequences))
    end = pieces[-1]
    assert isinstance(end, End)
    assert isinstance(pieces[-2], Close)
    assert _text(pieces) == (whole[: min(positions)] if positions else whole)
    assert end.stop_reason == ("stop_sequence" if positions else "end_turn")
    if positions:
        assert whole.startswith(str(end.stop_sequence), min(positions))


def test_a_stop_sequence_does_not_look_into_tool_inputs() -> None:
    async def call() -> AsyncGenerator[Piece, None]:
        yield Begin(input_tokens=1)
        yield Open(kind="tool_use", id="t", name="n")
        yield Text(text='{"x": "END"}')
        yield Close()
        yield End(stop_reason="tool_use", output_tokens=1)

    assert _text(_run(stopped(call(), ["END"]))) == '{"x": "END"}'


# ---------------------------------------------------------------- scripts


@settings(deadline=None)
@given(st.text())
def test_words_joined_are_the_text(text: str) -> None:
    assert "".join(words(text)) == text


def _prompt(text: str = "hi", max_tokens: int = 100) -> Prompt:
    return Prompt(
        cloud="vertex",
        model="m",
        system="",
        turns=(("user", text),),
        max_tokens=max_tokens,
    )


def _source(*replies: ScriptedReply) -> ScriptedSource:
    return ScriptedSource(Scripted(replies=replies))


REPLY = ScriptedReply(
    content=(TextPart(text="one two three"), TextPart(text="four five")),
    output_tokens=50,
)


@pytest.mark.parametrize(
    ("max_tokens", "text", "reason", "spent"),
    [
        (100, "one two threefour five", "end_turn", 50),
        (5, "one two threefour five", "end_turn", 50),
        (4, "one two threefour", "max_tokens", 4),
        (3, "one two three", "max_tokens", 3),
        (1, "one", "max_tokens", 1),
        (0, "", "max_tokens", 0),
    ],
)
def test_a_script_honours_max_tokens(
    max_tokens: int, text: str, reason: StopReason, spent: int
) -> None:
    pieces = _run(_source(REPLY).answer(_prompt(max_tokens=max_tokens)))
    assert _text(pieces) == text
    assert pieces[-1] == End(stop_reason=reason, output_tokens=spent)


def test_a_script_gives_the_first_reply_whose_condition_holds() -> None:
    source = _source(
        ScriptedReply(
            when=When(contains="weather", cloud="bedrock"),
            content=(TextPart(text="wrong cloud"),),
        ),
        ScriptedReply(
            when=When(contains="weather", model="m"), content=(TextPart(text="sunny"),)
        ),
        ScriptedReply(content=(TextPart(text="otherwise"),)),
    )
    said = [
        _text(_run(source.answer(_prompt(text))))
        for text in ("the weather?", "the time?")
    ]
    assert said == ["sunny", "otherwise"]


def test_a_script_that_is_used_up_fails_and_starts_over_after_a_reset() -> None:
    source = _source(ScriptedReply(times=1, content=(TextPart(text="once"),)))
    assert _text(_run(source.answer(_prompt()))) == "once"
    with pytest.raises(SourceFailedError, match="no reply left"):
        _run(source.answer(_prompt()))
    source.reset()
    assert _text(_run(source.answer(_prompt()))) == "once"


def test_a_script_that_calls_a_tool_stops_for_it() -> None:
    pieces = _run(
        _source(ScriptedReply(content=(ToolUsePart(id="t", name="n"),))).answer(
            _prompt()
        )
    )
    assert pieces[1:] == [
        Open(kind="tool_use", id="t", name="n"),
        Text(text="{}"),
        Close(),
        End(stop_reason="tool_use", output_tokens=1),
    ]
