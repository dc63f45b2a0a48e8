"""The local model behind the three clouds: genuine text and genuine counts.

It is loaded once for this file.
"""

import importlib.util
import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from tests.endpoints import calls
from trivium_rehearsal.endpoints import Endpoints, LocalModel

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("xllamacpp") is None,
    reason="the extra `rehearsal` is not installed",
)

MARK = "smollm2-135m (not Claude)"
STREAMS = {
    "bedrock": lambda text: calls.invoke(text, stream=True),
    "vertex": lambda text: calls.vertex(text, stream=True),
    "foundry": lambda text: calls.foundry(text, stream=True),
}


@pytest.fixture(scope="module")
def model() -> Iterator[Endpoints]:
    # A small context, so that a prompt that is too long can be short.
    configuration = msgspec.structs.replace(
        calls.configuration(), source=LocalModel(context_tokens=512)
    )
    with Endpoints(configuration) as endpoints:
        yield endpoints


def _ask(model: Endpoints, text: str, **fields: Any) -> dict[str, Any]:
    draft = calls.foundry(text)
    draft.body |= {"temperature": 0, "max_tokens": 12, **fields}
    heard = calls.send(model.addresses["foundry"], draft, timeout_s=60)
    assert heard.status == 200, heard.body
    return dict(heard.json)


@pytest.mark.parametrize("cloud", STREAMS)
def test_each_cloud_streams_what_the_model_says_and_says_that_it_is_the_model(
    model: Endpoints, cloud: str
) -> None:
    draft = STREAMS[cloud]("Name three colours.")
    draft.body["max_tokens"] = 12
    heard = calls.send(model.addresses[cloud], draft, timeout_s=60)
    assert heard.headers["x-trivium-rehearsal"] == MARK
    assert heard.complete
    assert heard.chunks > 6
    assert b"rehearsal, not Claude" in heard.body or cloud == "bedrock"


def test_the_first_words_arrive_while_the_model_still_speaks(model: Endpoints) -> None:
    model.reset()
    draft = calls.foundry("Write a very long story about the sea.", stream=True)
    draft.body |= {"max_tokens": 400, "temperature": 0}
    with calls.connected(model.addresses["foundry"], draft, timeout_s=60) as sock:
        heard = b""
        while b"text_delta" not in heard:
            heard += sock.recv(4096)
        assert model.counters()["foundry"]["outcomes"] == {}
    assert calls.eventually(
        lambda: model.counters()["foundry"]["outcomes"] == {"left": 1}
    )


def test_converse_answers_with_words_and_true_counts(model: Endpoints) -> None:
    draft = calls.converse("Say hello.")
    draft.body["inferenceConfig"] = {"maxTokens": 5, "temperature": 0}
    heard = calls.send(model.addresses["bedrock"], draft, timeout_s=60)
    reply = heard.json
    assert reply["output"]["message"]["content"][0]["text"].strip()
    assert (reply["stopReason"], reply["usage"]["outputTokens"]) == ("max_tokens", 5)
    assert heard.headers["x-trivium-rehearsal"] == MARK


def test_a_greedy_answer_is_the_same_twice_and_depends_on_the_prompt(
    model: Endpoints,
) -> None:
    first, again = (
        _ask(model, "What is the capital of France?")["content"] for _ in range(2)
    )
    other = _ask(model, "Write a line of Python.")["content"]
    assert first == again
    assert first != other


def test_the_input_is_counted_by_the_tokenizer_the_same_way_everywhere(
    model: Endpoints,
) -> None:
    reply = _ask(model, "What is the capital of France?")
    count = calls.foundry("What is the capital of France?")
    count.target += "/count_tokens"
    count.body.pop("max_tokens")
    counted = calls.send(model.addresses["foundry"], count, timeout_s=60).json[
        "input_tokens"
    ]
    assert counted == reply["usage"]["input_tokens"]
    assert (
        _ask(model, "What is the capital of France and of Spain?")["usage"][
            "input_tokens"
        ]
        > counted
    )


def test_the_system_prompt_reaches_the_model(model: Endpoints) -> None:
    plain = _ask(model, "Hello")["usage"]["input_tokens"]
    told = [
        _ask(model, "Hello", system="Speak of the sea. " * times)["usage"][
            "input_tokens"
        ]
        for times in (5, 10)
    ]
    # The template has a system prompt of its own where none is given, so only the
    # growth is certain.
    assert plain < told[0] < told[1]


def test_a_stop_sequence_ends_the_answer(model: Endpoints) -> None:
    whole = _ask(model, "Count from one to five in words.")["content"][0]["text"]
    word = whole.split()[2]
    reply = _ask(model, "Count from one to five in words.", stop_sequences=[word])
    assert (reply["stop_reason"], reply["stop_sequence"]) == ("stop_sequence", word)
    assert reply["content"][0]["text"] == whole[: whole.index(word)]


def test_a_forced_tool_gets_an_input_of_its_schema(model: Endpoints) -> None:
    schema = {
        "type": "object",
        "properties": {"unit": {"type": "string", "enum": ["celsius", "kelvin"]}},
        "required": ["unit"],
        "additionalProperties": False,
    }
    reply = _ask(
        model,
        "Weather in Rome?",
        tools=[{"name": "get_weather", "input_schema": schema}],
        tool_choice={"type": "tool", "name": "get_weather"},
        max_tokens=60,
    )
    assert reply["stop_reason"] == "tool_use"
    assert reply["content"][0]["name"] == "get_weather"
    assert reply["content"][0]["input"]["unit"] in ("celsius", "kelvin")


TOO_LONG = {
    "bedrock": (calls.converse, "ValidationException"),
    "vertex": (calls.vertex, "invalid_request_error"),
    "foundry": (calls.foundry, "invalid_request_error"),
}


@pytest.mark.parametrize("cloud", TOO_LONG)
def test_a_prompt_past_the_context_is_refused_with_its_length(
    model: Endpoints, cloud: str
) -> None:
    build, error_type = TOO_LONG[cloud]
    heard = calls.send(model.addresses[cloud], build("word " * 600), timeout_s=60)
    assert (heard.status, heard.error_type) == (400, error_type)
    assert "tokens > 512 maximum" in json.dumps(heard.json)


def test_a_caller_that_leaves_frees_the_model_for_the_next(model: Endpoints) -> None:
    model.reset()
    draft = calls.foundry("Tell me a very long story about the sea.", stream=True)
    draft.body["max_tokens"] = 400
    for _ in range(3):
        calls.send(model.addresses["foundry"], draft, timeout_s=60, patience_s=0.001)
    assert _ask(model, "Hello")["content"][0]["text"]
    assert model.counters()["foundry"]["answered"] == 1
