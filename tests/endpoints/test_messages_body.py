"""The Messages body, rule by rule."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trivium_rehearsal.endpoints import Model
from trivium_rehearsal.endpoints.models.messages import rules
from trivium_rehearsal.endpoints.models.messages.prompt import prompt as prompt_of
from trivium_rehearsal.endpoints.models.messages.schema import InvalidBodyError

Body = dict[str, Any]
MODEL = Model(max_output_tokens=64_000)
PAIR: list[Body] = [
    {"role": "user", "content": "What is the weather?"},
    {
        "role": "assistant",
        "content": [
            {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {}}
        ],
    },
    {
        "role": "user",
        "content": [
            {"type": "tool_result", "tool_use_id": "toolu_1", "content": "clear"}
        ],
    },
]
FULL: Body = {
    "max_tokens": 2048,
    "messages": [
        *PAIR,
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "hm", "signature": "s"},
                {"type": "redacted_thinking", "data": "x"},
                {"type": "text", "text": "Clear."},
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "text",
                    "text": "And this?",
                    "cache_control": {"type": "ephemeral", "ttl": "1h"},
                },
                {
                    "type": "image",
                    "source": {
                        "type": "base64",
                        "media_type": "image/png",
                        "data": "iVBO",
                    },
                },
                {
                    "type": "document",
                    "source": {
                        "type": "text",
                        "media_type": "text/plain",
                        "data": "A fact.",
                    },
                },
            ],
        },
    ],
    "system": [{"type": "text", "text": "Be brief."}],
    "tools": [
        {"name": "get_weather", "input_schema": {"type": "object"}},
        {
            "type": "custom",
            "name": "get_time",
            "description": "d",
            "input_schema": {"type": "object"},
        },
    ],
    "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
    "thinking": {"type": "enabled", "budget_tokens": 1024},
    "metadata": {"user_id": "u"},
    "stop_sequences": ["END"],
    "top_p": 0.9,
    "stream": True,
    "output_config": {"effort": "low"},
}


def _validate(body: Body, **options: Any) -> None:
    rules.validate(body, **{"version": "2023-06-01", "model": MODEL, **options})


def _last(body: Body) -> Any:
    return body["messages"][-1]["content"]


Row = tuple[Callable[[Body], Any], str]
REFUSED: dict[str, Row] = {
    "an unknown key": (
        lambda b: b.update(colour=1),
        "^colour: Extra inputs are not permitted",
    ),
    "no max_tokens": (lambda b: b.pop("max_tokens"), "^max_tokens: Field required"),
    "no messages": (lambda b: b.pop("messages"), "^messages: Field required"),
    "empty messages": (
        lambda b: b.update(messages=[]),
        "^messages: at least one message",
    ),
    "messages that are text": (
        lambda b: b.update(messages="hi"),
        "^messages: Input should be a valid array",
    ),
    "max_tokens as text": (
        lambda b: b.update(max_tokens="9"),
        "^max_tokens: Input should be a valid integer",
    ),
    "max_tokens as a boolean": (
        lambda b: b.update(max_tokens=True),
        "^max_tokens: Input should be a valid integer",
    ),
    "negative max_tokens": (
        lambda b: b.update(max_tokens=-1),
        "^max_tokens: .* greater than or equal to 0",
    ),
    "max_tokens past the model": (
        lambda b: b.update(max_tokens=64_001),
        "^max_tokens: 64001 > 64000",
    ),
    "a temperature of 1.1": (
        lambda b: b.update(temperature=1.1),
        r"^temperature: range: 0\.\.1",
    ),
    "a top_p as text": (
        lambda b: b.update(top_p="0.9"),
        "^top_p: Input should be a valid number",
    ),
    "a negative top_k": (lambda b: b.update(top_k=-1), "^top_k: "),
    "a temperature while thinking": (
        lambda b: b.update(temperature=0.5),
        "`temperature` may only be set to 1",
    ),
    "a thinking budget under 1,024": (
        lambda b: b["thinking"].update(budget_tokens=1023),
        r"^thinking\.enabled\.budget_tokens: .* 1024",
    ),
    "a thinking budget of max_tokens": (
        lambda b: b["thinking"].update(budget_tokens=2048),
        "`max_tokens` must be greater than `thinking.budget_tokens`",
    ),
    "a first turn by the assistant": (
        lambda b: b["messages"].pop(0),
        "first message must use",
    ),
    "an unknown role": (
        lambda b: b["messages"][0].update(role="tool"),
        r"^messages\.0\.role: ",
    ),
    "a turn without content": (
        lambda b: b["messages"][0].pop("content"),
        r"^messages\.0\.content: Field required",
    ),
    "an empty turn": (
        lambda b: b["messages"][0].update(content=""),
        r"^messages\.0: all messages must have non-empty",
    ),
    "an unknown key in a turn": (
        lambda b: b["messages"][0].update(name="x"),
        r"^messages\.0\.name: Extra",
    ),
    "an empty text block": (
        lambda b: _last(b)[0].update(text=""),
        r"^messages\.4\.content\.0\.text\.text: ",
    ),
    "a block without type": (
        lambda b: _last(b)[0].pop("type"),
        r"^messages\.4\.content\.0\.type: Field required",
    ),
    "a block of unknown type": (
        lambda b: _last(b)[0].update(type="video"),
        "does not match any of the expected tags",
    ),
    "an unknown key in a block": (
        lambda b: _last(b)[0].update(bold=True),
        r"\.text\.bold: Extra inputs",
    ),
    "an image of unknown type": (
        lambda b: _last(b)[1]["source"].update(media_type="image/tiff"),
        "media_type: Input",
    ),
    "an image without data": (
        lambda b: _last(b)[1]["source"].pop("data"),
        r"source\.base64\.data: Field required",
    ),
    "a cache mark of two days": (
        lambda b: _last(b)[0]["cache_control"].update(ttl="2d"),
        r"cache_control\.ttl: ",
    ),
    "a tool call by the user": (
        lambda b: _last(b).append(PAIR[1]["content"][0]),
        "tag 'tool_use' found",
    ),
    "a tool result by the assistant": (
        lambda b: b["messages"][3]["content"].append(PAIR[2]["content"][0]),
        "tag 'tool_result' found",
    ),
    "a tool result without a call": (
        lambda b: b["messages"][2]["content"][0].update(tool_use_id="toolu_2"),
        (
            "`tool_use` ids were found without `tool_result` blocks immediately after:"
            " toolu_1"
        ),
    ),
    "a tool result that nobody asked for": (
        lambda b: _last(b).append({"type": "tool_result", "tool_use_id": "toolu_9"}),
        "unexpected `tool_use_id` found in `tool_result` blocks: toolu_9",
    ),
    "a call that ends the conversation": (
        lambda b: b.update(messages=PAIR[:2]),
        "`tool_use` ids were found without `tool_result`",
    ),
    "a prefill that ends in a space": (
        lambda b: b["messages"].append({"role": "assistant", "content": "So "}),
        "cannot end with trailing whitespace",
    ),
    "a text of line breaks alone": (
        lambda b: _last(b).append({"type": "text", "text": "\n\n"}),
        "must contain non-whitespace text",
    ),
    "a text of line breaks alone in a tool's result": (
        lambda b: b["messages"][2]["content"][0].update(
            content=[{"type": "text", "text": "\n"}]
        ),
        "must contain non-whitespace text",
    ),
    "a thinking block without signature": (
        lambda b: b["messages"][3]["content"][0].pop("signature"),
        r"thinking\.signature: Field required",
    ),
    "a tool without schema": (
        lambda b: b["tools"][0].pop("input_schema"),
        r"input_schema: Field required",
    ),
    "a tool schema that is not an object": (
        lambda b: b["tools"][0].update(input_schema={"type": "string"}),
        r"input_schema\.type: Input should be 'object'",
    ),
    "a tool name with a space": (
        lambda b: b["tools"][0].update(name="get weather"),
        "name: String should match",
    ),
    "two tools of one name": (
        lambda b: b["tools"][1].update(name="get_weather"),
        "Tool names must be unique",
    ),
    "a server tool": (
        lambda b: b["tools"].append({"type": "web_search_20250305", "name": "w"}),
        "tag 'web_search",
    ),
    "a choice of a tool that is not there": (
        lambda b: b.update(tool_choice={"type": "tool", "name": "other"}),
        "Tool 'other' not found",
    ),
    "a choice without tools": (
        lambda b: b.pop("tools"),
        "may only be specified while providing tools",
    ),
    "an empty stop sequence": (
        lambda b: b.update(stop_sequences=[""]),
        r"^stop_sequences\.0: ",
    ),
    "a system turn with an image": (
        lambda b: b["messages"].append(
            {"role": "system", "content": [{"type": "image"}]}
        ),
        r"^messages\.5\.content\.0: Input tag",
    ),
    "stream as text": (
        lambda b: b.update(stream="yes"),
        "^stream: Input should be a valid boolean",
    ),
    "a system block that is an image": (
        lambda b: b["system"].append({"type": "image"}),
        r"^system\.1: Input tag",
    ),
    "an unknown effort": (
        lambda b: b["output_config"].update(effort="huge"),
        r"^output_config\.effort: ",
    ),
}


def test_the_full_body_is_accepted() -> None:
    _validate(copy.deepcopy(FULL))


@pytest.mark.parametrize("sentence", REFUSED)
def test_refused(sentence: str) -> None:
    spoil, expected = REFUSED[sentence]
    body = copy.deepcopy(FULL)
    spoil(body)
    with pytest.raises(InvalidBodyError, match=expected):
        _validate(body)


ACCEPTED: dict[str, Callable[[Body], Any]] = {
    "neighbouring turns of one role": (
        lambda b: b["messages"].append({"role": "user", "content": "and more"})
    ),
    "a system turn between others": (
        lambda b: b["messages"].append({"role": "system", "content": "Be kind."})
    ),
    "an empty last turn of the assistant": (
        lambda b: b["messages"].append({"role": "assistant", "content": ""})
    ),
    "tool results in two turns": (
        lambda b: b["messages"].insert(2, {"role": "user", "content": "a note"})
    ),
    "a tool whose type is null": lambda b: b["tools"][0].update(type=None),
    "max_tokens of zero without thinking": (
        lambda b: b.pop("thinking") and b.update(max_tokens=0)
    ),
    "a temperature of one while thinking": lambda b: b.update(temperature=1),
}


@pytest.mark.parametrize("sentence", ACCEPTED)
def test_accepted(sentence: str) -> None:
    body = copy.deepcopy(FULL)
    ACCEPTED[sentence](body)
    _validate(body)


def test_a_model_without_prefill_wants_the_last_word_from_the_user() -> None:
    turns = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "Well,"},
    ]
    body = {"max_tokens": 9, "messages": turns}
    _validate(body)
    with pytest.raises(
        InvalidBodyError,
        match="does not support assistant message prefill",
    ):
        _validate(body, model=Model(accepts_prefill=False))


@pytest.mark.parametrize("name", ["temperature", "top_p", "top_k"])
def test_the_version_2026_10_21_knows_no_sampling(name: str) -> None:
    body = {"max_tokens": 9, "messages": [{"role": "user", "content": "hi"}], name: 1}
    _validate(body)
    with pytest.raises(InvalidBodyError, match=rf"^{name}: Extra inputs"):
        _validate(body, version="2026-10-21")


def test_a_transports_own_keys_are_required() -> None:
    body = {"max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
    with pytest.raises(InvalidBodyError, match=r"^model: Field required"):
        _validate(body, transport=("model",))
    _validate({**body, "model": "m"}, transport=("model",))


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every path into a JSON value, the root apart."""
    keys = (
        value.keys()
        if isinstance(value, dict)
        else range(len(value))
        if isinstance(value, list)
        else ()
    )
    return [
        one for key in keys for one in [(*path, key), *places(value[key], (*path, key))]
    ]


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """A copy with one place changed."""
    copied = copy.deepcopy(value)
    inner = copied
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = new
    return copied


@settings(deadline=None)
@given(path=st.sampled_from(places(FULL)), new=JSON)
def test_any_one_change_is_accepted_or_refused_and_nothing_else(
    path: tuple[Any, ...], new: Any
) -> None:
    body = replaced(FULL, path, new)
    try:
        _validate(body)
    except InvalidBodyError:
        return
    prompt = prompt_of(body, cloud="foundry", model="m")
    assert len(prompt.turns) == len(body["messages"])


def test_the_prompt_tells_tool_calls_in_words_and_leaves_thinking_out() -> None:
    prompt = prompt_of(copy.deepcopy(FULL), cloud="foundry", model="m")
    assert prompt.system == "Be brief."
    assert [role for role, _ in prompt.turns] == [
        "user",
        "assistant",
        "user",
        "assistant",
        "user",
    ]
    assert prompt.turns[1][1] == "(calls get_weather with {})"
    assert prompt.turns[3][1] == "Clear."
    assert prompt.last == "And this?\n[image]\nA fact."
    assert (prompt.max_tokens, prompt.stop_sequences, prompt.forced_tool) == (
        2048,
        ("END",),
        None,
    )
