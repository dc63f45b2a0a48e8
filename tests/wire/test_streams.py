"""Streams: the same answer on every protocol, however the network cuts it; and no
answer when the end is missing."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.wire import samples
from trivium.errors import (
    OverloadedError,
    ProtocolError,
    ProviderError,
    RateLimitedError,
    RouteError,
    TruncatedStreamError,
)
from trivium.vocabulary.deployment import Protocol
from trivium.vocabulary.messages import (
    BlockStart,
    BlockStop,
    Event,
    MessageDelta,
    MessageStart,
    MessageStop,
    SignatureDelta,
    TextBlock,
    TextDelta,
    ThinkingBlock,
    ThinkingDelta,
    ToolInputDelta,
    ToolUseBlock,
    Usage,
)
from trivium.wire import ADAPTERS
from trivium.wire.eventstream import encode_frame

PROTOCOLS = tuple(ADAPTERS)
EACH = pytest.mark.parametrize("protocol", PROTOCOLS)
USAGE = Usage(
    input_tokens=11,
    output_tokens=22,
    cache_read_input_tokens=5,
    cache_creation_input_tokens=7,
    cache_creation_1h_input_tokens=3,
)

MIDDLE: list[Event] = [
    BlockStart(index=0, block=ThinkingBlock(thinking="")),
    ThinkingDelta(index=0, thinking="Hm."),
    SignatureDelta(index=0, signature="c2ln"),
    BlockStop(index=0),
    BlockStart(index=1, block=TextBlock(text="")),
    TextDelta(index=1, text="Hello "),
    TextDelta(index=1, text="wörld"),
    BlockStop(index=1),
    BlockStart(index=2, block=ToolUseBlock(id="toolu_1", name="get_weather", input={})),
    ToolInputDelta(index=2, partial_json='{"ci'),
    ToolInputDelta(index=2, partial_json='ty":"Rome"}'),
    BlockStop(index=2),
]


def decoded(protocol: Protocol, *chunks: bytes) -> list[Event]:
    """All events of a stream that arrives in these chunks and then ends."""
    decoder = ADAPTERS[protocol].decoder("asked-model")
    events = [event for chunk in chunks for event in decoder.feed(chunk)]
    return events + decoder.close()


@EACH
def test_the_same_answer_gives_the_same_events_on_every_protocol(
    protocol: Protocol,
) -> None:
    first, *middle, delta, stop = decoded(protocol, b"".join(samples.STREAMS[protocol]))
    assert isinstance(first, MessageStart)
    assert middle == MIDDLE
    assert isinstance(delta, MessageDelta)
    assert delta.stop_reason == "tool_use"
    assert stop == MessageStop(usage=USAGE)


def test_converse_names_the_model_that_was_asked_because_it_does_not_say_which_answered() -> (
    None
):
    assert decoded("converse", *samples.CONVERSE_STREAM)[0] == MessageStart(
        id="", model="asked-model"
    )


@EACH
def test_one_cut_at_every_byte_changes_nothing(protocol: Protocol) -> None:
    data = b"".join(samples.STREAMS[protocol])
    whole = decoded(protocol, data)
    for at in range(len(data) + 1):
        assert decoded(protocol, data[:at], data[at:]) == whole, f"cut at byte {at}"


@EACH
def test_single_bytes_change_nothing(protocol: Protocol) -> None:
    data = b"".join(samples.STREAMS[protocol])
    assert decoded(
        protocol, *(data[at : at + 1] for at in range(len(data)))
    ) == decoded(protocol, data)


@EACH
def test_a_stream_that_ends_before_its_terminal_event_was_not_an_answer_wherever_it_ends(
    protocol: Protocol,
) -> None:
    events = samples.STREAMS[protocol]
    terminal = len(b"".join(events[: samples.TERMINAL[protocol] + 1]))
    data = b"".join(events)
    for at in range(terminal):
        with pytest.raises(TruncatedStreamError):
            decoded(protocol, data[:at])
    assert decoded(protocol, data[:terminal])[-1].__class__ is MessageStop


def test_converse_without_its_metadata_is_an_answer_without_usage() -> None:
    assert decoded("converse", *samples.CONVERSE_STREAM[:-1])[-1] == MessageStop()


def test_converse_cut_inside_its_metadata_was_not_an_answer() -> None:
    with pytest.raises(TruncatedStreamError):
        decoded("converse", b"".join(samples.CONVERSE_STREAM)[:-1])


def test_an_empty_text_on_converse_only_ends() -> None:
    start, stop = (
        samples.CONVERSE_STREAM[0],
        samples.frame("contentBlockStop", {"contentBlockIndex": 0}),
    )
    end = samples.frame("messageStop", {"stopReason": "end_turn"})
    events = decoded("converse", start, stop, end)
    assert events[1:3] == [
        BlockStart(index=0, block=TextBlock(text="")),
        BlockStop(index=0),
    ]


ERRORS_INSIDE: dict[str, tuple[Protocol, bytes, type[RouteError], str]] = {
    "an overload, Anthropic's word": (
        "foundry",
        samples.sse(
            "error",
            {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}},
        ),
        OverloadedError,
        "overloaded_error",
    ),
    "a rate limit, Anthropic's word": (
        "vertex",
        samples.sse(
            "error",
            {"type": "error", "error": {"type": "rate_limit_error", "message": "slow"}},
        ),
        RateLimitedError,
        "rate_limit_error",
    ),
    "an error of an unknown type": (
        "vertex",
        samples.sse(
            "error", {"type": "error", "error": {"type": "novel_error", "message": "?"}}
        ),
        ProviderError,
        "novel_error",
    ),
    "throttling, Bedrock's word": (
        "converse",
        samples.exception("throttlingException"),
        RateLimitedError,
        "throttlingException",
    ),
    "no capacity, Bedrock's word": (
        "converse",
        samples.exception("serviceUnavailableException"),
        OverloadedError,
        "serviceUnavailableException",
    ),
    "a malformed answer, as the reason to stop": (
        "converse",
        samples.frame("messageStop", {"stopReason": "malformed_tool_use"}),
        ProviderError,
        "malformed_tool_use",
    ),
    "a broken model stream, Bedrock's word": (
        "converse",
        samples.exception("modelStreamErrorException"),
        ProviderError,
        "modelStreamErrorException",
    ),
}


@pytest.mark.parametrize(
    ("protocol", "error", "kind", "name"), ERRORS_INSIDE.values(), ids=ERRORS_INSIDE
)
@pytest.mark.parametrize("after", [1, 7])
def test_an_error_inside_the_stream_is_classified_by_its_own_type(
    protocol: Protocol, error: bytes, kind: type[RouteError], name: str, after: int
) -> None:
    with pytest.raises(kind) as caught:
        decoded(protocol, *samples.STREAMS[protocol][:after], error)
    assert (caught.value.status, caught.value.provider_type) == (200, name)


@EACH
def test_the_providers_words_are_kept_apart_from_the_message(
    protocol: Protocol,
) -> None:
    secret = "the prompt, quoted"
    error = {
        "converse": samples.exception("validationException", secret),
        "vertex": samples.sse(
            "error",
            {"type": "error", "error": {"type": "api_error", "message": secret}},
        ),
    }
    with pytest.raises(RouteError) as caught:
        decoded(protocol, error.get(protocol, error["vertex"]))
    assert secret not in str(caught.value)
    assert caught.value.provider_message == secret


def _grown(index: int, kind: str, **fields: str) -> bytes:
    delta = {"type": kind, **fields}
    return samples.sse(
        "content_block_delta",
        {"type": "content_block_delta", "index": index, "delta": delta},
    )


def _grown_on_converse(index: int, delta: dict[str, object]) -> bytes:
    return samples.frame(
        "contentBlockDelta", {"contentBlockIndex": index, "delta": delta}
    )


UNKNOWN: dict[str, tuple[Protocol, bytes]] = {
    "an event": ("vertex", samples.sse("surprise", {"type": "surprise", "of": 1})),
    "an event whose fields are of other types": (
        "foundry",
        samples.sse("surprise", {"type": "surprise", "index": {}}),
    ),
    "an event on Converse": (
        "converse",
        samples.frame("surprise", {"contentBlockIndex": "x"}),
    ),
}


@pytest.mark.parametrize(("protocol", "event"), UNKNOWN.values(), ids=UNKNOWN)
def test_events_of_a_newer_kind_are_passed_over_wherever_they_stand(
    protocol: Protocol, event: bytes
) -> None:
    events = samples.STREAMS[protocol]
    usual = decoded(protocol, *events)
    for at in range(len(events)):
        assert decoded(protocol, *events[:at], event, *events[at:]) == usual


def test_a_newer_event_is_no_terminal_one() -> None:
    with pytest.raises(TruncatedStreamError):
        decoded(
            "vertex",
            *samples.MESSAGES_STREAM[:-1],
            samples.sse("surprise", {"type": "surprise"}),
        )


def test_a_newer_reason_to_stop_loses_no_answer() -> None:
    end = samples.frame("messageStop", {"stopReason": "bored"})
    events = decoded(
        "converse", *samples.CONVERSE_STREAM[:-2], end, samples.CONVERSE_STREAM[-1]
    )
    assert events[-2].stop_reason == "bored"


def test_usage_may_come_in_a_message_delta_of_its_own() -> None:
    usage = samples.sse(
        "message_delta",
        {"type": "message_delta", "delta": {}, "usage": {"output_tokens": 21}},
    )
    events = decoded(
        "vertex", *samples.MESSAGES_STREAM[:-2], usage, *samples.MESSAGES_STREAM[-2:]
    )
    assert events == decoded("vertex", *samples.MESSAGES_STREAM)


OUT_OF_PLACE: dict[str, tuple[Protocol, bytes]] = {
    "content before the start": ("converse", samples.CONVERSE_STREAM[1]),
    "two starts": ("converse", samples.CONVERSE_STREAM[0] * 2),
    "a stop with an open block": (
        "converse",
        b"".join(samples.CONVERSE_STREAM[:2]) + samples.CONVERSE_STREAM[11],
    ),
    "words for a tool": (
        "vertex",
        b"".join((*samples.MESSAGES_STREAM[:11], _grown(2, "text_delta", text="hi"))),
    ),
    "a tool's input for words": (
        "vertex",
        b"".join(
            (
                *samples.MESSAGES_STREAM[:7],
                _grown(1, "input_json_delta", partial_json="{}"),
            )
        ),
    ),
    "reasoning for words": (
        "vertex",
        b"".join((*samples.MESSAGES_STREAM[:7], _grown(1, "thinking_delta"))),
    ),
    "a delta of an unknown kind": (
        "vertex",
        b"".join((*samples.MESSAGES_STREAM[:7], _grown(1, "video_delta"))),
    ),
    "words for a tool on Converse": (
        "converse",
        b"".join((*samples.CONVERSE_STREAM[:8], _grown_on_converse(2, {"text": "hi"}))),
    ),
    "a tool's input for words on Converse": (
        "converse",
        b"".join(
            (
                *samples.CONVERSE_STREAM[:5],
                _grown_on_converse(1, {"toolUse": {"input": "{}"}}),
            )
        ),
    ),
    "a tool's input without its announcement": (
        "converse",
        samples.CONVERSE_STREAM[0]
        + _grown_on_converse(0, {"toolUse": {"input": "{}"}}),
    ),
    "more of what the provider encrypted": (
        "converse",
        samples.CONVERSE_STREAM[0]
        + _grown_on_converse(0, {"reasoningContent": {"redactedContent": "YQ=="}}) * 2,
    ),
    "a block that ends twice": (
        "converse",
        b"".join(samples.CONVERSE_STREAM[:4]) + samples.CONVERSE_STREAM[3],
    ),
    "a block that begins again": (
        "converse",
        b"".join(samples.CONVERSE_STREAM[:4]) + samples.CONVERSE_STREAM[1],
    ),
    "a block that is announced again": (
        "vertex",
        b"".join(samples.MESSAGES_STREAM[:6]) + samples.MESSAGES_STREAM[2],
    ),
    "a reason to stop that is not a single word": (
        "converse",
        samples.CONVERSE_STREAM[0]
        + samples.frame("messageStop", {"stopReason": "the reply, quoted"}),
    ),
    "a delta that is none": (
        "converse",
        samples.CONVERSE_STREAM[0]
        + samples.frame("contentBlockDelta", {"delta": {"text": 5}}),
    ),
    "events before the start": ("vertex", samples.MESSAGES_STREAM[2]),
    "two message starts": ("vertex", samples.MESSAGES_STREAM[0] * 2),
    "a delta without its block": (
        "foundry",
        samples.MESSAGES_STREAM[0] + samples.MESSAGES_STREAM[3],
    ),
    "a message stop with an open block": (
        "foundry",
        b"".join(samples.MESSAGES_STREAM[:3]) + samples.MESSAGES_STREAM[-1],
    ),
    "an event that is not JSON": ("vertex", samples.sse("message_start", "{nonsense")),
    "an event that is not an object": (
        "vertex",
        samples.sse("message_start", "[1, 2]"),
    ),
    "words after the end": (
        "foundry",
        b"".join(samples.MESSAGES_STREAM) + samples.MESSAGES_STREAM[2],
    ),
    "JSON nested without end": (
        "vertex",
        samples.sse("message_start", '{"type":' + "[" * 100_000),
    ),
    "JSON nested without end in a frame": (
        "converse",
        encode_frame(
            {":event-type": "messageStart", ":message-type": "event"}, b"[" * 100_000
        ),
    ),
    "an exception nested without end": (
        "converse",
        encode_frame({":message-type": "exception"}, b"[" * 100_000),
    ),
}


@pytest.mark.parametrize(("protocol", "data"), OUT_OF_PLACE.values(), ids=OUT_OF_PLACE)
def test_what_the_protocol_does_not_allow_is_a_protocol_error(
    protocol: Protocol, data: bytes
) -> None:
    with pytest.raises(ProtocolError) as caught:
        decoded(protocol, data)
    assert not isinstance(caught.value, TruncatedStreamError)


@EACH
@settings(deadline=None)
@given(data=st.binary(max_size=400))
def test_any_bytes_raise_nothing_but_a_protocol_error(
    protocol: Protocol, data: bytes
) -> None:
    with pytest.raises(ProtocolError):
        decoded(protocol, data)


@EACH
@settings(deadline=None, max_examples=200)
@given(choice=st.data())
def test_events_spoiled_shuffled_or_repeated_raise_nothing_but_route_errors(
    protocol: Protocol, choice: st.DataObject
) -> None:
    events = list(samples.STREAMS[protocol])
    picked = choice.draw(st.lists(st.sampled_from(events), max_size=20))
    data = bytearray(b"".join(picked))
    if data and choice.draw(st.booleans()):
        at = choice.draw(st.integers(0, len(data) - 1))
        data[at] = choice.draw(st.integers(0, 255))
    try:
        decoded(protocol, bytes(data))
    except RouteError:
        pass


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["text", "toolUse", "x"]), inner)
    ),
    max_leaves=6,
)


@EACH
@settings(deadline=None)
@given(
    payload=st.dictionaries(
        st.sampled_from(
            [
                "type",
                "index",
                "delta",
                "start",
                "usage",
                "stopReason",
                "message",
                "content_block",
                "error",
                "contentBlockIndex",
            ]
        ),
        _JSON
        | st.sampled_from(
            ["message_delta", "content_block_start", "error", "text_delta"]
        ),
    ),
    name=st.sampled_from(
        [
            "messageStart",
            "contentBlockStart",
            "contentBlockDelta",
            "messageStop",
            "metadata",
        ]
    ),
)
def test_any_json_in_an_event_raises_nothing_but_route_errors(
    protocol: Protocol, payload: dict[str, object], name: str
) -> None:
    event = (
        samples.frame(name, payload)
        if protocol == "converse"
        else samples.sse(name, payload)
    )
    try:
        decoded(protocol, samples.STREAMS[protocol][0], event)
    except RouteError:
        pass


ENDLESS = {
    "a line": b"data: xxxxxxxxxxxxxxxx",
    "an event": b"data: xxxxxxxxx\n",
    "an event of nothing": b"data:\n",
}


@pytest.mark.parametrize("piece", ENDLESS.values(), ids=ENDLESS)
def test_what_has_no_end_does_not_fill_the_memory(
    monkeypatch: pytest.MonkeyPatch, piece: bytes
) -> None:
    monkeypatch.setattr("trivium.wire.sse.MAX_EVENT_BYTES", 1000)
    decoder = ADAPTERS["vertex"].decoder("m")
    with pytest.raises(ProtocolError, match="no end"):
        any(decoder.feed(piece) for _ in range(1001))


def test_any_number_of_events_that_end_are_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("trivium.wire.sse.MAX_EVENT_BYTES", 1000)
    decoder = ADAPTERS["vertex"].decoder("m")
    assert [
        decoder.feed(samples.sse("ping", {"type": "ping"})) for _ in range(200)
    ] == [[]] * 200


def test_one_flipped_bit_anywhere_in_a_frame_is_found() -> None:
    whole = b"".join(samples.CONVERSE_STREAM[:3])
    for bit in range(len(whole) * 8):
        spoiled = bytearray(whole)
        spoiled[bit // 8] ^= 1 << bit % 8
        with pytest.raises(ProtocolError):
            decoded("converse", bytes(spoiled))


def test_our_frames_are_read_by_botocore() -> None:
    from botocore.eventstream import EventStreamBuffer

    buffer = EventStreamBuffer()
    buffer.add_data(b"".join(samples.CONVERSE_STREAM))
    names = [message.headers[":event-type"] for message in buffer]
    assert names[0] == "messageStart"
    assert len(names) == len(samples.CONVERSE_STREAM)
