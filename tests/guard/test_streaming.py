"""Whatever way a reply is cut into deltas, the guard releases and decides the same as
for the whole reply."""

import json
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.guard import worlds
from trivium.constitution import compose
from trivium.errors import (
    OutputLimitError,
    ProtocolError,
    ProviderRequestError,
    RouteError,
)
from trivium.guard import REGISTRY, Guard
from trivium.vocabulary.decision import Action, Decision
from trivium.vocabulary.messages import (
    BlockStart,
    BlockStop,
    CitationDelta,
    Event,
    MessageDelta,
    MessageStart,
    MessageStop,
    Reply,
    SignatureDelta,
    TextBlock,
    TextDelta,
    ThinkingBlock,
    ThinkingDelta,
    ToolInputDelta,
    ToolUseBlock,
    Usage,
)

EVERYTHING = Guard(
    compose(
        worlds.layer(
            *(
                worlds.provision(name, action="REDACT", detectors=[name])
                for name in REGISTRY
            )
        ),
        worlds.layer(
            worlds.provision("all", action="LOG", detectors=list(REGISTRY)),
            name="second",
        ),
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
    return [text[begin:end] for begin, end in pairwise(places)]


def text_of(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def without_time(decision: Decision) -> Decision:
    assert decision.evaluated
    return msgspec.structs.replace(decision, duration_s=0.0, evaluated={})


def assert_streams_like_the_whole(guard: Guard, pieces: list[str]) -> None:
    whole = guard.check_reply(worlds.reply("".join(pieces)), worlds.context())
    deltas = [TextDelta(index=0, text=piece) for piece in pieces]
    released, decision = run(
        guard,
        BlockStart(index=0, block=TextBlock(text="")),
        *deltas,
        BlockStop(index=0),
    )
    assert text_of(released) == whole.value.text
    assert without_time(decision) == without_time(whole.decision)


FRAGMENTS = st.sampled_from(
    [
        *(example for detector in REGISTRY.values() for example in detector.examples),
        *(
            example
            for detector in REGISTRY.values()
            for example in detector.counter_examples
        ),
        *(
            literal
            for d in REGISTRY.values()
            for literal in getattr(d.finder, "literals", ())
        ),
        " ",
        "\n",
        "\u200b",
        "\u200b" * 9,
        ".",
        "-",
        "@",
        "+",
        "4",
        "41",
        "a",
        "Z",
        "x" * 70,
        "1 2 3 4 5 6 7 8 9 ",
        "0.",
        "é",
        "=",
        "İ",
        "\x00",
        "\x01",
        "\x7f",
        "\x1d",
        "\u2800",
        "(",
        "_",
        "eyJ",
        "GB82",
        "----",
        "\u00a0",
        " " * 40,
        "The quick brown fox. ",
    ]
)
TEXTS = st.lists(st.one_of(FRAGMENTS, st.text(max_size=6)), max_size=8).map("".join)
PIECES = st.tuples(TEXTS, st.lists(st.integers(0, 400), max_size=12)).map(
    lambda both: cut(*both)
)


@given(PIECES)
@settings(max_examples=300, deadline=None)
def test_any_split_of_any_text_gives_what_the_whole_gives(pieces: list[str]) -> None:
    assert_streams_like_the_whole(EVERYTHING, pieces)


@given(TEXTS)
@settings(max_examples=60, deadline=None)
def test_one_character_at_a_time_gives_what_the_whole_gives(text: str) -> None:
    assert_streams_like_the_whole(EVERYTHING, list(text[:250]))


@pytest.mark.parametrize("name", REGISTRY)
def test_every_example_of_a_detector_is_redacted_in_a_stream_as_in_the_whole(
    name: str,
) -> None:
    for found in (*REGISTRY[name].examples, *REGISTRY[name].counter_examples):
        assert_streams_like_the_whole(
            EVERYTHING, list(f"Look: {found} and {found}, good.")
        )


def test_prose_flows_on_word_by_word() -> None:
    stream = PACKS.stream(worlds.context())
    released = [
        text_of(stream.feed(TextDelta(index=0, text=word)))
        for word in ("The ", "task ", "is ", "done ")
    ]
    assert "".join(released) == "The task is done "


def test_a_key_is_held_until_it_is_told_and_replaced_by_a_marker() -> None:
    stream = PACKS.stream(worlds.context())
    assert (
        text_of(stream.feed(TextDelta(index=0, text="Use " + worlds.KEY[:12])))
        == "Use "
    )
    assert (
        text_of(stream.feed(TextDelta(index=0, text=worlds.KEY[12:] + " now.")))
        == "[redacted:aws-access-key] "
    )
    assert (text_of(stream.close()), stream.decision.action) == ("now.", Action.REDACT)


def test_after_a_block_nothing_more_is_released() -> None:
    deltas = [
        TextDelta(index=0, text=text)
        for text in ("Before. ", worlds.KEY + ". ", "After. ")
    ]
    released, decision = run(BLOCKING, *deltas, MessageStop())
    assert (text_of(released), decision.action) == ("Before. ", Action.BLOCK)


def test_a_tools_input_is_held_until_its_block_stops() -> None:
    stream = PACKS.stream(worlds.context())
    start = BlockStart(index=0, block=ToolUseBlock(id="t", name="pay", input={}))
    assert stream.feed(start) == [start]
    assert (
        stream.feed(ToolInputDelta(index=0, partial_json='{"card": "4111 1111 ')) == []
    )
    assert stream.feed(ToolInputDelta(index=0, partial_json='1111 1111"}')) == []
    delta, stop = stream.feed(BlockStop(index=0))
    assert isinstance(delta, ToolInputDelta)
    assert json.loads(delta.partial_json) == {"card": "[redacted:payment-card]"}
    assert stop == BlockStop(index=0)
    assert stream.decision.findings[0].location == "content[0].input"


def test_a_tools_input_without_findings_passes_unchanged() -> None:
    deltas = [ToolInputDelta(index=0, partial_json=part) for part in ('{"a"', ": 1}")]
    start = BlockStart(index=0, block=ToolUseBlock(id="t", name="add", input={}))
    assert run(PACKS, start, *deltas, BlockStop(index=0))[0] == [
        start,
        *deltas,
        BlockStop(index=0),
    ]


@pytest.mark.parametrize("deep", [False, True])
def test_of_a_tools_input_only_what_was_judged_goes_on(deep: bool) -> None:
    document = f'{{"a": "{worlds.KEY}", "a": "fine"}}'
    delta = ToolInputDelta(
        index=0, partial_json=f'{{"b": [{document}]}}' if deep else document
    )
    start = BlockStart(index=0, block=ToolUseBlock(id="t", name="add", input={}))
    released, _ = run(PACKS, start, delta, BlockStop(index=0))
    assert worlds.KEY not in repr(released)


@pytest.mark.parametrize(
    ("stop_reason", "error", "told"),
    [
        ("max_tokens", ProviderRequestError, "Allow more `max_tokens`"),
        ("tool_use", ProtocolError, "not JSON"),
    ],
)
@pytest.mark.parametrize(
    "guard",
    [PACKS, Guard(compose(worlds.layer(worlds.provision(detectors=["private-key"]))))],
)
def test_half_of_a_tools_input_is_released_to_nobody_and_blamed_on_what_stopped_it(
    guard: Guard, stop_reason: str, error: type[RouteError], told: str
) -> None:
    stream = guard.stream(worlds.context())
    start = BlockStart(index=0, block=ToolUseBlock(id="t", name="pay", input={}))
    for event in (start, ToolInputDelta(index=0, partial_json='{"card": "41')):
        stream.feed(event)
    assert stream.feed(BlockStop(index=0)) == [BlockStop(index=0)]
    # Not yet: behind the reason to stop, Converse says what was used.
    assert stream.feed(MessageDelta(stop_reason=stop_reason)) == []
    with pytest.raises(error, match=told):
        stream.close()


@pytest.mark.parametrize("pieces", [(), ("",), ("{}",)])
def test_an_empty_input_that_max_tokens_cut_is_no_answer_streamed_or_whole(
    pieces: tuple[str, ...],
) -> None:
    block = ToolUseBlock(id="t", name="pay", input={})
    stream = PACKS.stream(worlds.context())
    for event in (
        BlockStart(index=0, block=block),
        *(ToolInputDelta(index=0, partial_json=piece) for piece in pieces),
        BlockStop(index=0),
        MessageDelta(stop_reason="max_tokens"),
    ):
        stream.feed(event)
    with pytest.raises(OutputLimitError):
        stream.close()

    reply = Reply(
        id="m", model="m", content=(block,), stop_reason="max_tokens", usage=Usage()
    )
    with pytest.raises(OutputLimitError):
        PACKS.check_reply(reply, worlds.context())


def test_an_empty_input_that_the_model_ended_itself_is_an_answer() -> None:
    block = ToolUseBlock(id="t", name="now", input={})
    start, stop = BlockStart(index=0, block=block), BlockStop(index=0)
    end = MessageDelta(stop_reason="tool_use")
    assert run(PACKS, start, stop, end)[0] == [start, stop, end]


def test_a_streamed_tools_input_is_decided_like_the_whole() -> None:
    value = {
        "password": "xK9mP2vL5nQ8wR4t",
        "card": 4111111111111111,
        "note": ["fine", {"GB82WEST12345698765432": 1}],
    }
    whole = EVERYTHING.check_reply(
        worlds.reply(ToolUseBlock(id="t", name="pay", input=value)), worlds.context()
    )
    start = BlockStart(index=0, block=ToolUseBlock(id="t", name="pay", input={}))
    deltas = [ToolInputDelta(index=0, partial_json=char) for char in json.dumps(value)]
    released, decision = run(EVERYTHING, start, *deltas, BlockStop(index=0))
    (delta,) = [event for event in released if isinstance(event, ToolInputDelta)]
    (block,) = whole.value.content
    assert isinstance(block, ToolUseBlock)
    assert json.loads(delta.partial_json) == block.input
    assert without_time(decision) == without_time(whole.decision)


def test_reasoning_is_judged_and_its_signature_waits_for_it() -> None:
    released, decision = run(
        PACKS,
        BlockStart(index=0, block=ThinkingBlock(thinking="")),
        ThinkingDelta(index=0, thinking="The key is " + worlds.KEY),
        SignatureDelta(index=0, signature="sig"),
        BlockStop(index=0),
    )
    assert [type(event) for event in released] == [
        BlockStart,
        ThinkingDelta,
        ThinkingDelta,
        SignatureDelta,
        BlockStop,
    ]
    assert decision.findings[0].location == "content[0].thinking"
    assert worlds.KEY not in repr(released)


def test_text_in_a_blocks_start_is_judged_too() -> None:
    released, decision = run(
        PACKS, BlockStart(index=0, block=TextBlock(text=worlds.KEY)), BlockStop(index=0)
    )
    assert worlds.KEY not in repr(released)
    assert decision.action is Action.REDACT


def test_other_events_pass_at_once() -> None:
    begin = MessageStart(id="msg_1", model="claude")
    assert run(PACKS, begin, MessageStop())[0] == [begin, MessageStop()]


def test_close_releases_what_a_protocol_without_block_stops_left_held() -> None:
    released, _ = run(PACKS, TextDelta(index=0, text="The last word"))
    assert text_of(released) == "The last word"


@pytest.mark.parametrize("early", [False, True])
def test_a_citation_is_read_streamed_as_in_the_whole(early: bool) -> None:
    citation = {"type": "char_location", "cited_text": f"It is {worlds.KEY}, sir."}
    cited = TextBlock(text="Seven.", citations=(citation,))
    start = TextBlock(text="", citations=(citation,) if early else ())
    events: list[Event] = [
        BlockStart(index=0, block=start),
        TextDelta(index=0, text="Seven."),
        *([] if early else [CitationDelta(index=0, citation=citation)]),
        BlockStop(index=0),
    ]
    released, streamed = run(PACKS, *events)
    reply = Reply(
        id="m", model="m", content=(cited,), stop_reason="end_turn", usage=Usage()
    )
    whole = PACKS.check_reply(reply, worlds.context())

    assert worlds.KEY not in repr(released)
    assert worlds.KEY not in repr(whole.value)
    assert streamed.findings == whole.decision.findings
    assert [finding.location for finding in streamed.findings] == [
        "content[0].citations"
    ]
    (delta,) = (each for each in released if isinstance(each, CitationDelta))
    (block,) = whole.value.content
    assert isinstance(block, TextBlock)
    assert (delta.citation,) == block.citations
