"""The same bytes, read by the vendors' own libraries: so we know that the samples and
their meaning are real."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.wire import samples
from tests.wire.test_replies import CONVERSE, MESSAGES
from tests.wire.test_streams import decoded
from trivium.vocabulary.messages import (
    Event,
    MessageDelta,
    MessageStop,
    RedactedThinkingBlock,
    SignatureDelta,
    TextBlock,
    TextDelta,
    ThinkingBlock,
    ThinkingDelta,
    ToolInputDelta,
    ToolUseBlock,
)
from trivium.wire import ADAPTERS
from trivium.wire.sse import SseDecoder


@pytest.fixture(scope="module")
def bedrock() -> Any:
    """The service model of the Bedrock runtime. Any: botocore is untyped."""
    import botocore.session

    return botocore.session.get_session().get_service_model("bedrock-runtime")


def test_botocore_reads_the_same_whole_answer(bedrock: Any) -> None:
    from botocore.parsers import create_parser

    body = json.dumps(CONVERSE).encode()
    response = {"status_code": 200, "headers": {}, "body": body}
    theirs = create_parser("rest-json").parse(
        response, bedrock.operation_model("Converse").output_shape
    )
    ours = ADAPTERS["converse"].decode(200, {}, body, model="m")
    assert [_as_botocore(block) for block in ours.content] == theirs["output"][
        "message"
    ]["content"]
    assert ours.stop_reason == theirs["stopReason"]
    assert ours.usage.input_tokens == theirs["usage"]["inputTokens"]
    assert ours.usage.output_tokens == theirs["usage"]["outputTokens"]
    assert ours.usage.cache_read_input_tokens == theirs["usage"]["cacheReadInputTokens"]
    assert (
        ours.usage.cache_creation_input_tokens
        == theirs["usage"]["cacheWriteInputTokens"]
    )


def _as_botocore(block: object) -> dict[str, Any]:
    match block:
        case TextBlock():
            return {"text": block.text}
        case ToolUseBlock():
            return {
                "toolUse": {
                    "toolUseId": block.id,
                    "name": block.name,
                    "input": block.input,
                }
            }
        case ThinkingBlock():
            return {
                "reasoningContent": {
                    "reasoningText": {
                        "text": block.thinking,
                        "signature": block.signature,
                    }
                }
            }
        case RedactedThinkingBlock():
            return {
                "reasoningContent": {"redactedContent": base64.b64decode(block.data)}
            }
    raise AssertionError(block)


def test_botocore_reads_the_same_stream(bedrock: Any) -> None:
    theirs = list(_botocore_events(bedrock, b"".join(samples.CONVERSE_STREAM)))
    ours = decoded("converse", *samples.CONVERSE_STREAM)
    assert _pieces(ours) == [
        piece for event in theirs for piece in _botocore_pieces(event)
    ]
    (stop,) = (
        event["messageStop"]["stopReason"] for event in theirs if "messageStop" in event
    )
    assert [event.stop_reason for event in ours if isinstance(event, MessageDelta)] == [
        stop
    ]
    (usage,) = (event["metadata"]["usage"] for event in theirs if "metadata" in event)
    assert isinstance(ours[-1], MessageStop)
    assert ours[-1].usage is not None
    assert ours[-1].usage.cache_read_input_tokens == usage["cacheReadInputTokens"]


def _botocore_events(bedrock: Any, data: bytes) -> Iterator[dict[str, Any]]:
    from botocore.eventstream import EventStream
    from botocore.parsers import create_parser

    class Raw:
        def stream(self) -> Iterator[bytes]:
            yield data

    parser = create_parser("rest-json")
    shape = bedrock.operation_model("ConverseStream").output_shape.members["stream"]
    yield from EventStream(Raw(), shape, parser._event_stream_parser, "ConverseStream")


def _botocore_pieces(event: dict[str, Any]) -> list[tuple[int, str]]:
    if "contentBlockDelta" not in event:
        return []
    index, delta = (
        event["contentBlockDelta"]["contentBlockIndex"],
        event["contentBlockDelta"]["delta"],
    )
    if "reasoningContent" in delta:
        return [(index, text) for text in delta["reasoningContent"].values()]
    return [(index, delta["text"] if "text" in delta else delta["toolUse"]["input"])]


def _pieces(events: list[Event]) -> list[tuple[int, str]]:
    """Index and text of every delta, of whatever kind."""
    found = []
    for event in events:
        match event:
            case TextDelta(index=index, text=text):
                found.append((index, text))
            case ToolInputDelta(index=index, partial_json=text):
                found.append((index, text))
            case ThinkingDelta(index=index, thinking=text):
                found.append((index, text))
            case SignatureDelta(index=index, signature=text):
                found.append((index, text))
    return found


NAMED: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "in the header": ({"x-amzn-errortype": "ExpiredTokenException"}, {}),
    "with an address": (
        {"x-amzn-errortype": "ExpiredTokenException:http://internal.amazon.com/x"},
        {},
    ),
    "with a namespace": (
        {"x-amzn-errortype": "com.amazon.coral.service#ExpiredTokenException"},
        {},
    ),
    "with both": (
        {
            "x-amzn-errortype": (
                "com.amazon.coral.service#ExpiredTokenException:http://x#y"
            )
        },
        {},
    ),
    "in the body": ({}, {"code": "ExpiredTokenException"}),
    "in the body with a capital": ({}, {"Code": "ExpiredTokenException"}),
    "in the body as its type": (
        {},
        {"__type": "com.amazon.coral.service#ExpiredTokenException"},
    ),
    "in both": (
        {"x-amzn-errortype": "ExpiredTokenException"},
        {"code": "ValidationException"},
    ),
}


@pytest.mark.parametrize(("headers", "plain"), NAMED.values(), ids=NAMED)
def test_botocore_reads_the_same_type_of_an_error(
    bedrock: Any, headers: dict[str, str], plain: dict[str, str]
) -> None:
    from botocore.parsers import create_parser

    body = json.dumps(plain).encode()
    response = {"status_code": 403, "headers": headers, "body": body}
    theirs = create_parser("rest-json").parse(
        response, bedrock.operation_model("Converse").output_shape
    )
    assert (
        ADAPTERS["converse"].decode_error(403, headers, body).provider_type
        == theirs["Error"]["Code"]
    )


def test_every_way_to_stop_that_bedrock_has_is_known(bedrock: Any) -> None:
    """An answer, or an error that may be tried again: never bytes that nobody
    understands."""
    from trivium.errors import ProtocolError, ProviderError

    for reason in bedrock.shape_for("StopReason").enum:
        body = json.dumps(CONVERSE | {"stopReason": reason}).encode()
        try:
            ADAPTERS["converse"].decode(200, {}, body, model="m")
        except ProviderError:
            assert reason.startswith("malformed_")
        except ProtocolError:
            pytest.fail(f"{reason} is not known")


def test_every_exception_of_bedrocks_streams_is_classified_by_its_name(
    bedrock: Any,
) -> None:
    from trivium.errors import ProtocolError, RouteError

    members = (
        bedrock.operation_model("ConverseStream").output_shape.members["stream"].members
    )
    exceptions = [
        name for name, shape in members.items() if shape.metadata.get("exception")
    ]
    assert exceptions
    for name in exceptions:
        with pytest.raises(RouteError) as caught:
            decoded("converse", samples.exception(name))
        assert not isinstance(caught.value, ProtocolError)
        assert caught.value.provider_type == name


def test_anthropics_package_reads_the_same_whole_answer() -> None:
    from anthropic.types import Message

    theirs = Message.model_validate(MESSAGES, strict=True)
    ours = ADAPTERS["foundry"].decode(200, {}, json.dumps(MESSAGES).encode(), model="m")
    assert [block.__struct_config__.tag for block in ours.content] == [
        block.type for block in theirs.content
    ]
    assert (ours.id, ours.model, ours.stop_reason) == (
        theirs.id,
        theirs.model,
        theirs.stop_reason,
    )
    assert ours.usage.input_tokens == theirs.usage.input_tokens


PIECES = (
    "\n",
    "\r",
    "\r\n",
    "data:",
    "data: ",
    "event: x",
    "event:",
    ":c",
    "a",
    "{}",
    " ",
    "id: 3",
    "data",
    "\u00e4",
)


@settings(deadline=None, max_examples=500)
@given(pieces=st.lists(st.sampled_from(PIECES), max_size=30), choice=st.data())
def test_anthropics_package_cuts_the_same_events_out_of_any_stream(
    pieces: list[str], choice: st.DataObject
) -> None:
    from anthropic._streaming import SSEDecoder

    data = ("".join(pieces) + "\n\n").encode()
    at = choice.draw(st.integers(0, len(data)))
    ours = SseDecoder()
    found = [
        (event.name, event.data.decode())
        for event in ours.feed(data[:at]) + ours.feed(data[at:])
        if event.data
    ]
    # Theirs gives out events without data, too; neither client makes anything of them.
    theirs = [
        (event.event or "message", event.data)
        for event in SSEDecoder().iter_bytes(iter([data]))
        if event.data
    ]
    assert found == theirs


def test_anthropics_package_knows_every_event_of_the_sample() -> None:
    from anthropic.types import RawMessageStreamEvent
    from pydantic import TypeAdapter

    adapter: TypeAdapter[Any] = TypeAdapter(RawMessageStreamEvent)
    for event in samples.MESSAGES_STREAM:
        data = json.loads(event.partition(b"data: ")[2])
        if data["type"] != "ping":
            assert adapter.validate_python(data).type == data["type"]


def test_every_way_to_stop_that_anthropic_has_is_known() -> None:
    from typing import get_args

    from anthropic.types import StopReason

    for reason in get_args(StopReason):
        body = json.dumps(MESSAGES | {"stop_reason": reason}).encode()
        assert ADAPTERS["vertex"].decode(200, {}, body, model="m").stop_reason == reason
