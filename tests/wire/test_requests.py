"""Requests on the wire: what each protocol is sent, and what it cannot carry."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.wire import samples
from trivium.errors import RequestError
from trivium.vocabulary.deployment import GuardrailRef, Protocol
from trivium.vocabulary.messages import (
    Base64Source,
    CacheControl,
    DocumentBlock,
    ImageBlock,
    MessageRequest,
    TextBlock,
    TextSource,
    Thinking,
    Tool,
    ToolChoice,
    ToolResultBlock,
    ToolUseBlock,
    Turn,
)
from trivium.wire import ADAPTERS, Place, WireRequest

PROTOCOLS = tuple(ADAPTERS)
EACH = pytest.mark.parametrize("protocol", PROTOCOLS)
BOTH = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])


def encoded(
    protocol: Protocol, request: MessageRequest, *, stream: bool = False, **fields: Any
) -> WireRequest:
    """The request on the wire. Any: fields of the route that a case changes."""
    import msgspec

    route = msgspec.structs.replace(samples.ROUTES[protocol], **fields)
    place = Place(route.models["sonnet"], route)
    return ADAPTERS[protocol].encode(request, place, stream=stream)


def body(protocol: Protocol, request: MessageRequest, **options: Any) -> Any:
    """Its JSON. Any: what JSON is."""
    return json.loads(encoded(protocol, request, **options).body)


# ---------------------------------------------------------------- addresses and headers

ADDRESSES: dict[tuple[Protocol, bool], tuple[str, str]] = {
    ("converse", False): (
        "/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse",
        "application/json",
    ),
    ("converse", True): (
        "/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse-stream",
        "application/vnd.amazon.eventstream",
    ),
    ("vertex", False): (
        "/publishers/anthropic/models/claude-sonnet-4-5@20250929:rawPredict",
        "application/json",
    ),
    ("vertex", True): (
        "/publishers/anthropic/models/claude-sonnet-4-5@20250929:streamRawPredict",
        "text/event-stream",
    ),
    ("foundry", False): ("/v1/messages", "application/json"),
    ("foundry", True): ("/v1/messages", "text/event-stream"),
}


@pytest.mark.parametrize(("protocol", "stream"), ADDRESSES)
def test_a_request_goes_to_its_protocols_address(
    protocol: Protocol, stream: bool
) -> None:
    wire = encoded(protocol, samples.simple(), stream=stream)
    assert (wire.path, wire.headers["accept"]) == ADDRESSES[protocol, stream]
    assert wire.headers["content-type"] == "application/json"


def test_an_arn_is_one_segment_of_the_path() -> None:
    arn = "arn:aws:bedrock:us-east-1:000000000000:application-inference-profile/abc"
    wire = encoded("converse", samples.simple(), models={"sonnet": samples.target(arn)})
    assert wire.path == f"/model/{arn.replace(':', '%3A').replace('/', '%2F')}/converse"


def test_each_protocol_says_its_version_in_its_own_place() -> None:
    assert body("vertex", samples.simple())["anthropic_version"] == "vertex-2023-10-16"
    assert (
        encoded("foundry", samples.simple()).headers["anthropic-version"]
        == "2023-06-01"
    )
    assert "anthropic_version" not in body("foundry", samples.simple())


def test_the_model_stands_in_the_body_on_foundry_alone() -> None:
    assert body("foundry", samples.simple())["model"] == "sonnet"
    assert "model" not in body("vertex", samples.simple())
    assert "model" not in body("converse", samples.simple())


@EACH
def test_a_request_does_not_show_its_body(protocol: Protocol) -> None:
    assert "private words" not in repr(
        encoded(protocol, samples.simple("private words"))
    )


# ---------------------------------------------------------------- bodies


@EACH
@BOTH
def test_everything_is_accepted_by_the_vendors_own_types(
    protocol: Protocol, stream: bool
) -> None:
    plain = body(protocol, samples.EVERYTHING, stream=stream)
    if protocol == "converse":
        _judge_by_botocore(plain, stream=stream)
    else:
        _judge_by_anthropic(plain)


def _judge_by_botocore(plain: dict[str, Any], *, stream: bool) -> None:
    """Every field and type as botocore's service model has it; base64 becomes bytes, as
    botocore takes it."""
    import botocore.session
    from botocore.validate import ParamValidator

    model = botocore.session.get_session().get_service_model("bedrock-runtime")
    shape = model.operation_model(
        "ConverseStream" if stream else "Converse"
    ).input_shape
    report = ParamValidator().validate(
        {"modelId": samples.SONNET, **_with_bytes(plain)}, shape
    )
    assert not report.has_errors(), report.generate_report()
    assert list(_unknown(plain, shape)) == []


def _with_bytes(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: (
                base64.b64decode(inner, validate=True)
                if key in ("bytes", "redactedContent")
                else _with_bytes(inner)
            )
            for key, inner in value.items()
        }
    return [_with_bytes(item) for item in value] if isinstance(value, list) else value


def _unknown(value: Any, shape: Any, path: str = "$") -> Iterator[str]:
    """Members that the service model does not have: botocore's validator passes over
    some of them."""
    if shape.type_name == "structure" and not getattr(shape, "is_document_type", False):
        for key, inner in value.items():
            if key not in shape.members:
                yield f"{path}.{key}"
            else:
                yield from _unknown(inner, shape.members[key], f"{path}.{key}")
    elif shape.type_name == "list":
        for index, item in enumerate(value):
            yield from _unknown(item, shape.member, f"{path}[{index}]")


def _judge_by_anthropic(plain: dict[str, Any]) -> None:
    """Every field, type and required member as the anthropic package's own request
    types have it."""
    from anthropic.types import MessageParam, TextBlockParam, ToolParam
    from pydantic import TypeAdapter

    for kind, values in (
        (list[MessageParam], plain["messages"]),
        (list[ToolParam], plain["tools"]),
        (list[TextBlockParam], plain["system"]),
    ):
        adapter = TypeAdapter(kind)  # must outlive what it judges
        _consume(adapter.validate_python(values))


def _consume(judged: Any) -> None:
    """Pydantic judges what the types call iterable only while it is iterated."""
    if isinstance(judged, dict):
        for inner in judged.values():
            _consume(inner)
    elif isinstance(judged, Iterator | list):
        for inner in judged:
            _consume(inner)


@EACH
def test_every_kind_of_block_keeps_what_it_says(protocol: Protocol) -> None:
    text = encoded(protocol, samples.EVERYTHING).body.decode()
    for said in (
        "Be brief.",
        "Long rules.",
        "get_weather",
        "The weather.",
        "get_time",
        samples.PNG,
        samples.PDF,
        "Report",
        "Plain words.",
        "Notes",
        "What is the weather?",
        "A tool is wanted.",
        "c2ln",
        samples.OPAQUE,
        "Let me look.",
        "toolu_01",
        "Rome",
        "Sunny.",
        "END",
        "1024",
        "4096",
    ):
        assert said in text, said


@EACH
@settings(deadline=None)
@given(text=st.text(max_size=60))
def test_any_text_arrives_as_it_is(protocol: Protocol, text: str) -> None:
    content = body(protocol, samples.simple(text or "x"))["messages"][0]["content"]
    assert (content if isinstance(content, str) else content[0]["text"]) == (
        text or "x"
    )


def test_a_plain_text_document_says_its_media_type_on_the_messages_api() -> None:
    request = MessageRequest(
        model="sonnet",
        max_tokens=1,
        messages=(
            Turn(
                role="user", content=(DocumentBlock(source=TextSource(data="words")),)
            ),
        ),
    )
    source = body("vertex", request)["messages"][0]["content"][0]["source"]
    assert source == {"type": "text", "media_type": "text/plain", "data": "words"}


def test_cache_control_becomes_a_cache_point_behind_its_block() -> None:
    plain = body("converse", samples.EVERYTHING)
    assert plain["system"][-1] == {"cachePoint": {"type": "default"}}
    assert plain["toolConfig"]["tools"][-1] == {
        "cachePoint": {"type": "default", "ttl": "1h"}
    }
    assert plain["messages"][0]["content"][-1] == {"cachePoint": {"type": "default"}}
    assert plain["messages"][2]["content"][-1] == {"cachePoint": {"type": "default"}}
    points = encoded("converse", samples.EVERYTHING).body.count(b"cachePoint")
    assert points == encoded("vertex", samples.EVERYTHING).body.count(b"cache_control")


def test_sampling_and_thinking_find_their_place_on_converse() -> None:
    request = samples.simple(
        temperature=0.5,
        top_p=0.9,
        top_k=40,
        stop_sequences=("END",),
        thinking=Thinking(type="adaptive"),
    )
    plain = body("converse", request)
    assert plain["inferenceConfig"] == {
        "maxTokens": 64,
        "temperature": 0.5,
        "topP": 0.9,
        "stopSequences": ["END"],
    }
    assert plain["additionalModelRequestFields"] == {
        "top_k": 40,
        "thinking": {"type": "adaptive"},
    }


def test_converse_is_asked_which_stop_sequence_ended_the_answer_where_there_are_some() -> (
    None
):
    asked = body("converse", samples.simple(stop_sequences=("END",)))[
        "additionalModelResponseFieldPaths"
    ]
    assert asked == ["/stop_sequence", "/delta/stop_sequence"]
    assert "additionalModelResponseFieldPaths" not in body("converse", samples.simple())


@pytest.mark.parametrize("said", ["", " \n"])
def test_a_tool_that_says_nothing_has_no_block_of_text_on_converse(said: str) -> None:
    plain = body("converse", _user(ToolResultBlock(tool_use_id="t", content=said)))
    assert plain["messages"][0]["content"] == [
        {"toolResult": {"toolUseId": "t", "content": []}}
    ]


TOOLS = (Tool(name="look", input_schema={"type": "object"}),)


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (ToolChoice(type="auto"), {"auto": {}}),
        (ToolChoice(type="any"), {"any": {}}),
        (ToolChoice(type="tool", name="look"), {"tool": {"name": "look"}}),
    ],
)
def test_tool_choice_is_translated(
    choice: ToolChoice, expected: dict[str, Any]
) -> None:
    plain = body("converse", samples.simple(tools=TOOLS, tool_choice=choice))
    assert plain["toolConfig"]["toolChoice"] == expected


@BOTH
def test_the_routes_guardrail_accompanies_every_call(stream: bool) -> None:
    plain = body(
        "converse",
        samples.simple(),
        stream=stream,
        guardrail=GuardrailRef(identifier="gr1", version="7"),
    )
    guardrail = plain["guardrailConfig"]
    assert (guardrail["guardrailIdentifier"], guardrail["guardrailVersion"]) == (
        "gr1",
        "7",
    )
    assert guardrail.get("streamProcessingMode") == ("sync" if stream else None)


def _user(*blocks: Any) -> MessageRequest:
    return MessageRequest(
        model="sonnet", max_tokens=1, messages=(Turn(role="user", content=blocks),)
    )


def test_documents_without_a_title_get_neutral_names_of_their_own_on_converse() -> None:
    untitled = DocumentBlock(source=TextSource(data="words"))
    content = body("converse", _user(untitled, untitled, TextBlock(text="Compare.")))[
        "messages"
    ][0]["content"]
    assert [part["document"]["name"] for part in content[:2]] == [
        "document 1",
        "document 2",
    ]


def _documents(*titles: str | None) -> MessageRequest:
    source = TextSource(data="words")
    return _user(*(DocumentBlock(source=source, title=title) for title in titles))


TITLES: dict[str, tuple[tuple[str | None, ...], list[str], int]] = {
    "a title that Converse takes": (("Report (2026) [v1]",), ["Report (2026) [v1]"], 0),
    "a dot": (("report.pdf",), ["report-pdf"], 1),
    "letters with accents": (("Prüfung",), ["Prufung"], 1),
    "letters that ASCII has none for": (("報告書",), ["document 1"], 1),
    "two spaces in a row": (("a  b",), ["a b"], 1),
    "too many letters": (("a" * 201,), ["a" * 200], 1),
    "the title of another": (("same", "same"), ["same", "same (2)"], 1),
    "one that becomes another's": (("a.b", "a-b"), ["a-b", "a-b (2)"], 2),
    "one that is what another would become": (
        ("x", "x", "x (2)"),
        ["x", "x (2)", "x (2) (2)"],
        2,
    ),
    "no title": ((None, None), ["document 1", "document 2"], 0),
    "nothing but marks": (("???",), ["document 1"], 1),
}


@pytest.mark.parametrize(("titles", "names", "told"), TITLES.values(), ids=TITLES)
def test_a_title_becomes_a_name_that_converse_takes_and_the_caller_is_told(
    titles: tuple[str | None, ...], names: list[str], told: int
) -> None:
    wire = encoded("converse", _documents(*titles))
    content = json.loads(wire.body)["messages"][0]["content"]
    assert [part["document"]["name"] for part in content] == names
    assert len(wire.adaptations) == told
    for sentence in wire.adaptations:
        assert "because Converse cannot carry its title" in sentence
    untouched = encoded("vertex", _documents(*titles))
    assert untouched.adaptations == ()


def test_one_tool_at_a_time_is_said_in_claudes_own_fields_on_converse() -> None:
    choice = ToolChoice(type="auto", disable_parallel_tool_use=True)
    plain = body("converse", samples.simple(tools=TOOLS, tool_choice=choice))
    assert "toolChoice" not in plain["toolConfig"]
    assert plain["additionalModelRequestFields"] == {
        "tool_choice": {"type": "auto", "disable_parallel_tool_use": True}
    }


def test_tools_in_the_turns_alone_bring_one_that_does_nothing_to_converse() -> None:
    request = MessageRequest(
        model="sonnet",
        max_tokens=64,
        messages=(
            Turn(role="user", content="Look."),
            Turn(
                role="assistant",
                content=(ToolUseBlock(id="t", name="look", input={}),),
            ),
            Turn(role="user", content=(ToolResultBlock(tool_use_id="t", content="x"),)),
        ),
    )
    wire = encoded("converse", request)
    (tool,) = json.loads(wire.body)["toolConfig"]["tools"]
    assert tool["toolSpec"]["name"] == "no_tool_is_available"
    assert len(wire.adaptations) == 1
    assert "tools" not in body("vertex", request)


def test_without_tools_anywhere_converse_gets_none() -> None:
    assert "toolConfig" not in body("converse", samples.simple())


UNCARRIED: dict[str, tuple[MessageRequest, str]] = {
    "an image of a kind that Converse does not know": (
        _user(
            ImageBlock(source=Base64Source(media_type="image/tiff", data=samples.PNG))
        ),
        "image/tiff",
    ),
    "a document of a kind that Converse does not know": (
        _user(
            DocumentBlock(
                source=Base64Source(media_type="application/zip", data=samples.PDF)
            )
        ),
        "application/zip",
    ),
    "no tool at all": (
        samples.simple(tools=TOOLS, tool_choice=ToolChoice(type="none")),
        "tool_choice",
    ),
    "one tool at a time, where one must be used": (
        samples.simple(
            tools=TOOLS,
            tool_choice=ToolChoice(type="any", disable_parallel_tool_use=True),
        ),
        "`any` with `disable_parallel_tool_use`",
    ),
    "a choice without tools": (
        samples.simple(tool_choice=ToolChoice(type="auto")),
        "tool_choice",
    ),
    "a cache mark inside a tool result": (
        _user(
            ToolResultBlock(
                tool_use_id="t",
                content=(TextBlock(text="x", cache_control=CacheControl()),),
            )
        ),
        "cache_control",
    ),
}


@pytest.mark.parametrize(("request_", "named"), UNCARRIED.values(), ids=UNCARRIED)
def test_what_converse_cannot_carry_is_refused_by_name(
    request_: MessageRequest, named: str
) -> None:
    with pytest.raises(RequestError, match=named):
        encoded("converse", request_)
