"""The vendors' own clients are served unmodified, so the strictness is not invented.

They are imported inside the fixtures, because each import takes up to seconds.
"""

import asyncio
import json
from typing import Any

import pytest

from tests.endpoints import calls
from trivium_rehearsal.endpoints import Endpoints

Client = Any  # the vendors' clients are looked up at run time

TOOL_SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
}
ANTHROPIC_TOOLS = [
    {"name": "get_weather", "description": "The weather.", "input_schema": TOOL_SCHEMA}
]
CONVERSE_TOOLS = {
    "tools": [
        {"toolSpec": {"name": "get_weather", "inputSchema": {"json": TOOL_SCHEMA}}}
    ]
}
TEMPERATE = {"extra_body": {"temperature": 0.5}}


@pytest.fixture
def bedrock(endpoints: Endpoints) -> Client:
    import boto3
    from botocore.config import Config

    return boto3.client(
        "bedrock-runtime",
        region_name=calls.REGION,
        endpoint_url=endpoints.addresses["bedrock"],
        aws_access_key_id=calls.ACCESS_KEY,
        aws_secret_access_key=calls.SECRET_KEY,
        config=Config(retries={"total_max_attempts": 1, "mode": "standard"}),
    )


def _anthropic_client(endpoints: Endpoints, cloud: str, prefix: str = "") -> Client:
    import anthropic

    # The SDK's own strict check of replies against its types.
    strict = {"max_retries": 0, "_strict_response_validation": True}
    if cloud == "bedrock":
        return getattr(anthropic, f"{prefix}AnthropicBedrock")(
            aws_access_key=calls.TEMPORARY_KEY,
            aws_secret_key=calls.SECRET_KEY,
            aws_session_token=calls.SESSION_TOKEN,
            aws_region=calls.REGION,
            base_url=endpoints.addresses["bedrock"],
            **strict,
        )
    if cloud == "vertex":
        return getattr(anthropic, f"{prefix}AnthropicVertex")(
            region=calls.LOCATION,
            project_id=calls.PROJECT,
            access_token=calls.GOOGLE_TOKEN,
            base_url=endpoints.addresses["vertex"] + "/v1",
            **strict,
        )
    return getattr(anthropic, f"{prefix}AnthropicFoundry")(
        api_key=calls.FOUNDRY_KEY,
        base_url=endpoints.addresses["foundry"] + "/anthropic/",
        **strict,
    )


MODELS = {
    "bedrock": calls.OPUS,
    "vertex": calls.VERTEX_SONNET,
    "foundry": calls.DEPLOYMENT,
}
CLOUDS = pytest.mark.parametrize("cloud", MODELS)


def _user(text: str) -> Any:
    return [{"role": "user", "content": text}]


def _turn(text: str) -> list[dict[str, Any]]:
    return [{"role": "user", "content": [{"text": text}]}]


# ---------------------------------------------------------------- boto3


def test_boto3_converses(bedrock: Client) -> None:
    reply = bedrock.converse(
        modelId=calls.SONNET,
        messages=_turn("hello"),
        inferenceConfig={"temperature": 0.2},
    )
    assert reply["output"]["message"] == {
        "role": "assistant",
        "content": [{"text": calls.GREETING}],
    }
    assert reply["stopReason"] == "end_turn"
    assert (
        reply["usage"] | {"inputTokens": 1, "outputTokens": 6, "totalTokens": 7}
        == reply["usage"]
    )
    assert (
        reply["ResponseMetadata"]["HTTPHeaders"]["x-trivium-rehearsal"]
        == "scripted (not Claude)"
    )


def test_boto3_converses_by_the_profiles_arn_under_a_guardrail(bedrock: Client) -> None:
    guardrail = {"guardrailIdentifier": "gr1234567890", "guardrailVersion": "1"}
    reply = bedrock.converse(
        modelId=calls.PROFILE_ARN, messages=_turn("hello"), guardrailConfig=guardrail
    )
    assert reply["stopReason"] == "end_turn"


def test_boto3_takes_a_tool_call_and_answers_it(bedrock: Client) -> None:
    turns = _turn("the tool please")
    first = bedrock.converse(
        modelId=calls.SONNET, messages=turns, toolConfig=CONVERSE_TOOLS
    )
    message = first["output"]["message"]
    assert first["stopReason"] == "tool_use"
    assert message["content"][2] == {
        "toolUse": {
            "toolUseId": "toolu_01",
            "name": "get_weather",
            "input": {"city": "Rome", "days": 3},
        }
    }
    assert first["usage"]["totalTokens"] == 11 + 22 + 5 + 7
    result = {
        "toolResult": {"toolUseId": "toolu_01", "content": [{"json": {"sky": "clear"}}]}
    }
    turns = [*turns, message, {"role": "user", "content": [result]}]
    second = bedrock.converse(
        modelId=calls.SONNET, messages=turns, toolConfig=CONVERSE_TOOLS
    )
    assert second["output"]["message"]["content"] == [{"text": "It is sunny in Rome."}]


def test_boto3_asks_which_stop_sequence_ended_the_answer(bedrock: Client) -> None:
    word = calls.GREETING.split()[-1]
    asked = {
        "modelId": calls.SONNET,
        "messages": _turn("hello"),
        "inferenceConfig": {"stopSequences": [word]},
        "additionalModelResponseFieldPaths": [
            "/stop_sequence",
            "/delta/stop_sequence",
            "/no/such/field",
        ],
    }
    assert bedrock.converse(**asked)["additionalModelResponseFields"] == {
        "stop_sequence": word
    }
    (stop,) = (
        event["messageStop"]
        for event in bedrock.converse_stream(**asked)["stream"]
        if "messageStop" in event
    )
    assert stop == {
        "stopReason": "stop_sequence",
        "additionalModelResponseFields": {"delta": {"stop_sequence": word}},
    }


def test_boto3_streams_a_conversation(bedrock: Client) -> None:
    events = list(
        bedrock.converse_stream(
            modelId=calls.SONNET,
            messages=_turn("tool please"),
            toolConfig=CONVERSE_TOOLS,
        )["stream"]
    )
    kinds = [next(iter(event)) for event in events]
    assert (kinds[0], kinds[-2], kinds[-1]) == (
        "messageStart",
        "messageStop",
        "metadata",
    )
    deltas = [
        event["contentBlockDelta"]["delta"]
        for event in events
        if "contentBlockDelta" in event
    ]
    assert "".join(delta.get("text", "") for delta in deltas) == "Let me look."
    tool_input = "".join(
        delta["toolUse"]["input"] for delta in deltas if "toolUse" in delta
    )
    assert json.loads(tool_input) == {"city": "Rome", "days": 3}
    reasoning = [
        delta["reasoningContent"] for delta in deltas if "reasoningContent" in delta
    ]
    assert "".join(part.get("text", "") for part in reasoning) == "A tool is wanted."
    assert reasoning[-1] == {"signature": "rehearsal-signature"}


def test_boto3_gets_encrypted_reasoning_as_bytes(bedrock: Client) -> None:
    reply = bedrock.converse(modelId=calls.SONNET, messages=_turn("secret thoughts"))
    assert reply["output"]["message"]["content"][0] == {
        "reasoningContent": {"redactedContent": b"opaque"}
    }
    stream = bedrock.converse_stream(
        modelId=calls.SONNET, messages=_turn("secret thoughts")
    )["stream"]
    first = next(event for event in stream if "contentBlockDelta" in event)
    assert first["contentBlockDelta"]["delta"] == {
        "reasoningContent": {"redactedContent": b"opaque"}
    }


def test_boto3_sends_an_image(bedrock: Client) -> None:
    image = {"image": {"format": "png", "source": {"bytes": b"\x89PNG"}}}
    turns = [{"role": "user", "content": [image, {"text": "What is it?"}]}]
    assert (
        bedrock.converse(modelId=calls.SONNET, messages=turns)["stopReason"]
        == "end_turn"
    )


def test_boto3_invokes_the_model(bedrock: Client) -> None:
    reply = bedrock.invoke_model(modelId=calls.SONNET, body=calls.invoke().data)
    message = json.loads(reply["body"].read())
    assert reply["contentType"] == "application/json"
    assert (message["content"], message["model"]) == (
        [{"type": "text", "text": calls.GREETING}],
        "scripted (rehearsal, not Claude)",
    )


def test_boto3_invokes_the_model_with_a_stream(bedrock: Client) -> None:
    reply = bedrock.invoke_model_with_response_stream(
        modelId=calls.SONNET, body=calls.invoke().data
    )
    events = [json.loads(part["chunk"]["bytes"]) for part in reply["body"]]
    assert [events[0]["type"], events[-1]["type"]] == ["message_start", "message_stop"]
    metrics = events[-1]["amazon-bedrock-invocationMetrics"]
    assert (metrics["inputTokenCount"], metrics["outputTokenCount"]) == (1, 6)


def test_boto3_counts_tokens_of_both_forms(bedrock: Client) -> None:
    foundation = calls.SONNET.removeprefix("us.")
    by_converse = {"converse": {"messages": _turn("one two three")}}
    by_invoke = {"invokeModel": {"body": calls.invoke("one two three").data}}
    counts = [
        bedrock.count_tokens(modelId=foundation, input=one)["inputTokens"]
        for one in (by_converse, by_invoke)
    ]
    assert counts == [3, 3]


def test_boto3_knows_our_errors_as_its_own(bedrock: Client) -> None:
    with pytest.raises(
        bedrock.exceptions.ValidationException, match="model identifier is invalid"
    ):
        bedrock.converse(modelId="anthropic.claude-9", messages=_turn("hello"))
    with pytest.raises(bedrock.exceptions.AccessDeniedException):
        bedrock.converse(
            modelId="us.anthropic.claude-locked-v1:0", messages=_turn("hello")
        )


def test_boto3_knows_an_exception_frame_as_its_own(
    bedrock: Client, endpoints: Endpoints
) -> None:
    from botocore.exceptions import EventStreamError

    endpoints.fault(
        "stream_error", cloud="bedrock", after_events=2, error="throttlingException"
    )
    stream = bedrock.converse_stream(modelId=calls.SONNET, messages=_turn("hello"))[
        "stream"
    ]
    with pytest.raises(EventStreamError, match="throttlingException"):
        list(stream)


def test_boto3_finds_a_wrong_checksum(bedrock: Client, endpoints: Endpoints) -> None:
    from botocore.eventstream import ChecksumMismatch

    endpoints.fault("garbage", cloud="bedrock", after_events=2)
    stream = bedrock.converse_stream(modelId=calls.SONNET, messages=_turn("hello"))[
        "stream"
    ]
    with pytest.raises(ChecksumMismatch):
        list(stream)


# ---------------------------------------------------------------- anthropic


@CLOUDS
def test_anthropics_client_gets_a_message(endpoints: Endpoints, cloud: str) -> None:
    client = _anthropic_client(endpoints, cloud)
    reply = client.messages.create(
        model=MODELS[cloud], max_tokens=64, messages=_user("hello")
    )
    assert [block.text for block in reply.content] == [calls.GREETING]
    assert (reply.model, reply.stop_reason) == (
        "scripted (rehearsal, not Claude)",
        "end_turn",
    )


@CLOUDS
def test_anthropics_client_takes_a_tool_call_and_answers_it(
    endpoints: Endpoints, cloud: str
) -> None:
    client = _anthropic_client(endpoints, cloud)
    asked = {"model": MODELS[cloud], "max_tokens": 64, "tools": ANTHROPIC_TOOLS}
    turns = _user("tool please")
    first = client.messages.create(
        messages=turns, tool_choice={"type": "auto"}, **asked
    )
    assert first.stop_reason == "tool_use"
    assert (
        first.usage.input_tokens,
        first.usage.output_tokens,
        first.usage.cache_read_input_tokens,
    ) == (11, 22, 5)
    result = {
        "type": "tool_result",
        "tool_use_id": first.content[2].id,
        "content": "clear",
    }
    blocks = [block.model_dump(exclude_none=True) for block in first.content]
    turns = [
        *turns,
        {"role": "assistant", "content": blocks},
        {"role": "user", "content": [result]},
    ]
    assert (
        client.messages.create(messages=turns, **asked).content[0].text
        == "It is sunny in Rome."
    )


@CLOUDS
def test_anthropics_client_streams(endpoints: Endpoints, cloud: str) -> None:
    client = _anthropic_client(endpoints, cloud)
    asked = {
        "model": MODELS[cloud],
        "max_tokens": 64,
        "tools": ANTHROPIC_TOOLS,
        "messages": _user("tool please"),
    }
    with client.messages.stream(**asked) as stream:
        kinds = [event.type for event in stream]
        final = stream.get_final_message()
    assert (kinds[0], kinds[-1]) == ("message_start", "message_stop")
    assert [block.type for block in final.content] == ["thinking", "text", "tool_use"]
    assert final.content[0].signature == "rehearsal-signature"
    assert final.content[2].input == {"city": "Rome", "days": 3}
    assert (final.stop_reason, final.usage.output_tokens) == ("tool_use", 22)


@CLOUDS
def test_anthropics_client_sees_a_refusal(endpoints: Endpoints, cloud: str) -> None:
    client = _anthropic_client(endpoints, cloud)
    reply = client.messages.create(
        model=MODELS[cloud], max_tokens=64, messages=_user("refuse")
    )
    assert (reply.stop_reason, reply.content) == ("refusal", [])


@pytest.mark.parametrize("cloud", ["vertex", "foundry"])
def test_anthropics_client_counts_tokens(endpoints: Endpoints, cloud: str) -> None:
    client = _anthropic_client(endpoints, cloud)
    counted = client.messages.count_tokens(
        model=MODELS[cloud], messages=_user("one two three")
    )
    assert counted.input_tokens == 3


@pytest.mark.parametrize(
    ("kind", "error"),
    [("rate_limit", "RateLimitError"), ("overloaded", "OverloadedError")],
)
@pytest.mark.parametrize("cloud", ["vertex", "foundry"])
def test_anthropics_client_knows_our_errors_as_its_own(
    endpoints: Endpoints, cloud: str, kind: str, error: str
) -> None:
    from anthropic import _exceptions

    endpoints.fault(kind, cloud=cloud)
    client = _anthropic_client(endpoints, cloud)
    with pytest.raises(getattr(_exceptions, error)):
        client.messages.create(
            model=MODELS[cloud], max_tokens=64, messages=_user("hello")
        )


@pytest.mark.parametrize("cloud", ["vertex", "foundry"])
def test_anthropics_client_is_refused_a_temperature_under_its_own_version(
    endpoints: Endpoints, cloud: str
) -> None:
    from anthropic import BadRequestError

    client = _anthropic_client(endpoints, cloud)
    with pytest.raises(
        BadRequestError, match="temperature: Extra inputs are not permitted"
    ):
        client.messages.create(
            model=MODELS[cloud], max_tokens=64, messages=_user("hello"), **TEMPERATE
        )


def test_anthropics_foundry_client_comes_with_an_entra_token(
    endpoints: Endpoints,
) -> None:
    from anthropic import AnthropicFoundry

    base_url = endpoints.addresses["foundry"] + "/anthropic/"
    client = AnthropicFoundry(
        azure_ad_token_provider=lambda: calls.ENTRA_TOKEN,
        base_url=base_url,
        max_retries=0,
    )
    reply = client.messages.create(
        model=calls.DEPLOYMENT, max_tokens=64, messages=_user("hello")
    )
    assert reply.stop_reason == "end_turn"


@CLOUDS
def test_anthropics_async_client_streams(endpoints: Endpoints, cloud: str) -> None:
    async def run() -> str:
        async with (
            _anthropic_client(endpoints, cloud, "Async") as client,
            client.messages.stream(
                model=MODELS[cloud], max_tokens=64, messages=_user("hello")
            ) as stream,
        ):
            return "".join([text async for text in stream.text_stream])

    assert asyncio.run(run()) == calls.GREETING
