"""The Converse body: what botocore's model describes, and the rules beyond it."""

import copy
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.endpoints.test_messages_body import JSON, places, replaced
from trivium_rehearsal.endpoints.models.converse import rules, schema
from trivium_rehearsal.endpoints.models.converse.schema import InvalidConverseError
from trivium_rehearsal.endpoints.models.converse.translation import as_messages
from trivium_rehearsal.endpoints.models.messages.prompt import prompt as prompt_of
from trivium_rehearsal.endpoints.models.messages.rules import validate_extra_fields
from trivium_rehearsal.endpoints.models.messages.schema import InvalidBodyError

Body = dict[str, Any]
MODEL = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
FULL: Body = {
    "messages": [
        {"role": "user", "content": [{"text": "What is the weather?"}]},
        {
            "role": "assistant",
            "content": [
                {"toolUse": {"toolUseId": "t1", "name": "get_weather", "input": {}}}
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "toolResult": {
                        "toolUseId": "t1",
                        "content": [{"json": {"sky": "clear"}}],
                    }
                }
            ],
        },
        {
            "role": "assistant",
            "content": [
                {"reasoningContent": {"reasoningText": {"text": "hm"}}},
                {"text": "Clear."},
            ],
        },
        {
            "role": "user",
            "content": [
                {"text": "And this?"},
                {"image": {"format": "png", "source": {"bytes": "iVBO"}}},
            ],
        },
    ],
    "system": [{"text": "Be brief."}, {"cachePoint": {"type": "default"}}],
    "inferenceConfig": {
        "maxTokens": 100,
        "temperature": 0.5,
        "topP": 1,
        "stopSequences": ["END"],
    },
    "toolConfig": {
        "tools": [
            {
                "toolSpec": {
                    "name": "get_weather",
                    "inputSchema": {"json": {"type": "object"}},
                }
            }
        ],
        "toolChoice": {"auto": {}},
    },
    "additionalModelRequestFields": {"top_k": 5},
    "requestMetadata": {"team": "claims"},
}


def _content(body: Body, turn: int = 0) -> Any:
    return body["messages"][turn]["content"]


Row = tuple[Callable[[Body], Any], str, str]
V, S = "ValidationException", "SerializationException"
REFUSED: dict[str, Row] = {
    "an unknown member": (lambda b: b.update(colour=1), V, "'colour' is not a member"),
    "an unknown member deep inside": (
        lambda b: b["inferenceConfig"].update(topK=5),
        V,
        r"'inferenceConfig\.topK' is not a member",
    ),
    "messages as text": (
        lambda b: b.update(messages="hi"),
        S,
        "STRING_VALUE at 'messages' can not be converted",
    ),
    "a role as a number": (
        lambda b: b["messages"][0].update(role=1),
        S,
        "NUMBER_VALUE",
    ),
    "a temperature as text": (
        lambda b: b["inferenceConfig"].update(temperature="0"),
        S,
        "STRING_VALUE",
    ),
    "maxTokens as a fraction": (
        lambda b: b["inferenceConfig"].update(maxTokens=1.5),
        S,
        "NUMBER_VALUE",
    ),
    "maxTokens of zero": (
        lambda b: b["inferenceConfig"].update(maxTokens=0),
        V,
        "greater than or equal to 1",
    ),
    "a temperature of 1.1": (
        lambda b: b["inferenceConfig"].update(temperature=1.1),
        V,
        "less than or equal to 1",
    ),
    "an unknown role": (
        lambda b: b["messages"][0].update(role="tool"),
        V,
        "enum value set: .user, assistant",
    ),
    "an image that is not base64": (
        lambda b: _content(b, 4)[1]["image"]["source"].update(bytes="%"),
        S,
        "is not base64",
    ),
    "an image of unknown format": (
        lambda b: _content(b, 4)[1]["image"].update(format="tiff"),
        V,
        "enum value set",
    ),
    "an image without source": (
        lambda b: _content(b, 4)[1]["image"].pop("source"),
        V,
        "must not be null",
    ),
    "a block of two kinds": (
        lambda b: _content(b, 4)[1].update(text="x"),
        V,
        "exactly one of",
    ),
    "a block of no kind": (lambda b: _content(b).append({}), V, "exactly one of"),
    "a tool name with a space": (
        lambda b: b["toolConfig"]["tools"][0]["toolSpec"].update(name="get weather"),
        V,
        "regular expression pattern",
    ),
    "no tools in the tool configuration": (
        lambda b: b["toolConfig"].update(tools=[]),
        V,
        "length greater than",
    ),
    "no messages": (lambda b: b.pop("messages"), V, "messages field is empty"),
    "a conversation that the assistant starts": (
        lambda b: b["messages"].pop(0),
        V,
        "must start with a user message",
    ),
    "two user turns in a row": (
        lambda b: b["messages"].pop(3),
        V,
        "must alternate between user and assistant",
    ),
    "an empty turn": (
        lambda b: b["messages"][0].update(content=[]),
        V,
        r"messages\.0 is empty",
    ),
    "a blank text": (
        lambda b: _content(b)[0].update(text="  "),
        V,
        r"messages\.0\.content\.0 is blank",
    ),
    "a blank text in a tool's result": (
        lambda b: _content(b, 2)[0]["toolResult"].update(content=[{"text": ""}]),
        V,
        "text content blocks must contain non-whitespace text",
    ),
    "a pointer into the reply that is malformed": (
        lambda b: b.update(additionalModelResponseFieldPaths=["stop_sequence"]),
        V,
        "malformed JSON pointer",
    ),
    "tool blocks without a tool configuration": (
        lambda b: b.pop("toolConfig"),
        V,
        "toolConfig field must be defined",
    ),
    "a choice of Claude's own without a type": (
        lambda b: b.update(
            additionalModelRequestFields={
                "tool_choice": {"disable_parallel_tool_use": True}
            }
        ),
        V,
        r"tool_choice\.type: Field required",
    ),
    "a choice of Claude's own beside Converse's": (
        lambda b: (
            b["toolConfig"].update(toolChoice={"any": {}}),
            b.update(additionalModelRequestFields={"tool_choice": {"type": "auto"}}),
        ),
        V,
        "conflicts with toolConfig.toolChoice",
    ),
    "a call that is not answered": (
        lambda b: _content(b, 2)[0]["toolResult"].update(toolUseId="t2"),
        V,
        r"Expected toolResult blocks at messages\.2\.content for the following Ids: t1",
    ),
    "a result without a call": (
        lambda b: _content(b, 4).append(
            {"toolResult": {"toolUseId": "t9", "content": []}}
        ),
        V,
        r"toolResult blocks at messages\.4\.content exceeds",
    ),
    "a choice of a tool that is not there": (
        lambda b: b["toolConfig"].update(toolChoice={"tool": {"name": "other"}}),
        V,
        "The tool other",
    ),
    "further fields that are no object": (
        lambda b: b.update(additionalModelRequestFields=True),
        V,
        "must be a JSON object",
    ),
}


def _validate(body: Body, operation: str = "Converse") -> None:
    rules.validate(operation, MODEL, body)


@pytest.mark.parametrize("operation", ["Converse", "ConverseStream"])
def test_the_full_body_is_accepted(operation: str) -> None:
    _validate(copy.deepcopy(FULL), operation)


@pytest.mark.parametrize("sentence", REFUSED)
def test_refused(sentence: str) -> None:
    spoil, kind, expected = REFUSED[sentence]
    body = copy.deepcopy(FULL)
    spoil(body)
    with pytest.raises(InvalidConverseError, match=expected) as caught:
        _validate(body)
    assert caught.value.kind == kind


def test_a_null_member_counts_as_absent() -> None:
    body = copy.deepcopy(FULL)
    body["guardrailConfig"] = None
    body["toolConfig"]["toolChoice"] = {"auto": {}, "tool": None}
    _validate(body)
    assert as_messages(body)["tool_choice"] == {"type": "auto"}


def test_a_conversation_becomes_the_messages_that_say_the_same() -> None:
    translated = as_messages(FULL)
    prompt = prompt_of(translated, cloud="bedrock", model=MODEL)
    assert (prompt.system, prompt.max_tokens, prompt.temperature) == (
        "Be brief.",
        100,
        0.5,
    )
    assert prompt.turns[1][1] == "(calls get_weather with {})"
    assert prompt.turns[2][1] == '{"sky": "clear"}'
    assert prompt.last == "And this?\n[image]"
    assert [tool.name for tool in prompt.tools] == ["get_weather"]


@settings(deadline=None)
@given(path=st.sampled_from(places(FULL)), new=JSON)
def test_any_one_change_is_accepted_or_refused_and_nothing_else(
    path: tuple[Any, ...], new: Any
) -> None:
    body = replaced(FULL, path, new)
    try:
        _validate(body)
        validate_extra_fields(body.get("additionalModelRequestFields") or {})
    except (InvalidConverseError, InvalidBodyError):
        return
    prompt = prompt_of(as_messages(body), cloud="bedrock", model=MODEL)
    assert len(prompt.turns) == len(body["messages"])


def _shapes(shape: Any, seen: set[str]) -> Iterator[Any]:
    if shape.name in seen:
        return
    seen.add(shape.name)
    yield shape
    for member in getattr(shape, "members", {}).values():
        yield from _shapes(member, seen)
    for name in ("member", "key", "value"):
        if hasattr(shape, name):
            yield from _shapes(getattr(shape, name), seen)


@pytest.mark.parametrize("operation", ["Converse", "ConverseStream", "CountTokens"])
def test_every_type_and_pattern_of_the_model_is_one_we_can_judge(
    operation: str,
) -> None:
    for shape in _shapes(
        schema.service_model().operation_model(operation).input_shape, set()
    ):
        assert shape.type_name in schema._JUDGES
        re.compile(shape.metadata.get("pattern", ""))
