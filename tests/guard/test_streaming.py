"""Whatever way a reply is cut into deltas, the guard releases and decides the same as for the whole reply."""

import json

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.guard import worlds
from trivium.constitution import compose
from trivium.guard import REGISTRY, Guard
from trivium.vocabulary.decision import Action, Decision
from trivium.vocabulary.messages import (
    BlockStart,
    BlockStop,
    Event,
    MessageStart,
    MessageStop,
    SignatureDelta,
    TextBlock,
    TextDelta,
    ThinkingBlock,
    ThinkingDelta,
    ToolInputDelta,
    ToolUseBlock,
)

EVERYTHING = Guard(
    compose(
        worlds.layer(*(worlds.provision(name, action="REDACT", detectors=[name]) for name in REGISTRY)),
        worlds.layer(worlds.provision("all", action="LOG", detectors=list(REGISTRY)), name="second"),
    )
)
"""Redacts whatever any detector finds."""
PACKS = Guard(worlds.PACKS)
BLOCKING = Guard(worlds.constitution(worlds.provision()))


def run(guard: Guard, *events: Event) -> tuple[list[Event], Decision]:
    stream = guard.stream(worlds.context())
    released = [out for event in events for out in stream.feed(event)]
    return released + stream.close(), stream.decision


def cut(text: str, cuts: list[int]) -> list[str]:
    places = sorted({min(place, len(text)) for place in cuts} | {0, len(text)})
    return [text[begin:end] for begin, end in zip(places, places[1:], strict=False)]


def text_of(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def without_time(decision: Decision) -> Decision:
    return msgspec.structs.replace(decision, duration_s=0.0)


def assert_streams_like_the_whole(guard: Guard, pieces: list[str]) -> None:
    whole = guard.check_reply(worlds.reply("".join(pieces)), worlds.context())
    deltas = [TextDelta(index=0, text=piece) for piece in pieces]
    released, decision = run(guard, BlockStart(index=0, block=TextBlock(text="")), *deltas, BlockStop(index=0))
    assert text_of(released) == whole.value.text
    assert without_time(decision) == without_time(whole.decision)


FRAGMENTS = st.sampled_from(
    [
        *(example for detector in REGISTRY.values() for example in detector.examples),
        *(example for detector in REGISTRY.values() for example in detector.counter_examples),
        *(literal for d in REGISTRY.values() for literal in getattr(d.finder, "literals", ())),
        " ", "\n", "\u200b", "\u200b" * 9, ".", "-", "@", "+", "4", "41", "a", "Z", "x" * 70, "1 2 3 4 5 6 7 8 9 ", "0.", "é", "=",
        "İ", "\x00", "(", "_", "eyJ", "GB82", "----", "\u00a0", " " * 40, "The quick brown fox. ",
    ]
)  # fmt: skip
TEXTS = st.lists(st.one_of(FRAGMENTS, st.text(max_size=6)), max_size=8).map("".join)
PIECES = st.tuples(TEXTS, st.lists(st.integers(0, 400), max_size=12)).map(lambda both: cut(*both))


@given(PIECES)
@settings(max_examples=300, deadline=None)
def test_any_split_of_any_text_gives_what_the_whole_gives(pieces: list[str]) -> None:
    assert_streams_like_the_whole(EVERYTHING, pieces)


@given(TEXTS)
@settings(max_examples=60, deadline=None)
def test_one_character_at_a_time_gives_what_the_whole_gives(text: str) -> None:
    assert_streams_like_the_whole(EVERYTHING, list(text[:250]))


@pytest.mark.parametrize("name", REGISTRY)
def test_every_example_of_a_detector_is_redacted_in_a_stream_as_in_the_whole(name: str) -> None:
    for found in (*REGISTRY[name].examples, *REGISTRY[name].counter_examples):
        assert_streams_like_the_whole(EVERYTHING, list(f"Look: {found} and {found}, good."))
