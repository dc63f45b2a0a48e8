"""What Bedrock refuses: one sentence, one spoiled request, one status and type."""

from urllib.parse import quote

import pytest

from tests.endpoints import calls
from tests.endpoints.refusals import Row, changed, check_refused
from trivium_rehearsal.endpoints import Endpoints

_MODEL = "/model/{}/converse"
_ARN = quote(
    f"arn:aws:bedrock:eu-west-1:000000000000:inference-profile/{calls.SONNET}", safe=""
)


REFUSED: dict[str, Row] = {
    "a model that does not exist": (
        calls.converse,
        lambda d: changed(d, target=_MODEL.format("anthropic.claude-9")),
        400,
        "ValidationException",
    ),
    "a model that is reachable through its profile alone": (
        calls.converse,
        lambda d: changed(d, target=_MODEL.format("anthropic.claude-opus-5-5")),
        400,
        "ValidationException",
    ),
    "a model without access": (
        calls.converse,
        lambda d: changed(d, target=_MODEL.format("us.anthropic.claude-locked-v1%3A0")),
        403,
        "AccessDeniedException",
    ),
    "a profile's ARN of another region": (
        calls.converse,
        lambda d: changed(d, target=_MODEL.format(_ARN)),
        400,
        "ValidationException",
    ),
    "a path that is not an operation": (
        calls.converse,
        lambda d: changed(d, target=d.target + "s"),
        404,
        "UnknownOperationException",
    ),
    "a GET": (
        calls.converse,
        lambda d: changed(d, method="GET"),
        404,
        "UnknownOperationException",
    ),
    "a body that is not JSON": (
        calls.converse,
        lambda d: changed(d, body=b"{"),
        400,
        "ValidationException",
    ),
    "a body with NaN": (
        calls.converse,
        lambda d: changed(
            d, body=d.data[:-1] + b', "inferenceConfig": {"temperature": NaN}}'
        ),
        400,
        "ValidationException",
    ),
    "an unknown member": (
        calls.converse,
        lambda d: d.body.update(colour="red"),
        400,
        "ValidationException",
    ),
    "an unknown guardrail": (
        calls.converse,
        lambda d: d.body.update(
            guardrailConfig={
                "guardrailIdentifier": "nothere12345",
                "guardrailVersion": "1",
            }
        ),
        400,
        "ValidationException",
    ),
    "an unknown version of a guardrail": (
        calls.converse,
        lambda d: d.body.update(
            guardrailConfig={
                "guardrailIdentifier": "gr1234567890",
                "guardrailVersion": "7",
            }
        ),
        400,
        "ValidationException",
    ),
    "more output than the model has": (
        calls.converse,
        lambda d: d.body.update(inferenceConfig={"maxTokens": 64_001}),
        400,
        "ValidationException",
    ),
    "an additional model field that Claude lacks": (
        calls.converse,
        lambda d: d.body.update(additionalModelRequestFields={"presence_penalty": 1}),
        400,
        "ValidationException",
    ),
    "an unknown beta in the additional fields": (
        calls.converse,
        lambda d: d.body.update(
            additionalModelRequestFields={"anthropic_beta": ["nope"]}
        ),
        400,
        "ValidationException",
    ),
    "a last word by the assistant for a model without prefill": (
        lambda: calls.converse(model=calls.OPUS),
        lambda d: d.body["messages"].append(
            {"role": "assistant", "content": [{"text": "Well,"}]}
        ),
        400,
        "ValidationException",
    ),
    "a stream that accepts HTML alone": (
        calls.converse_stream,
        lambda d: d.headers.update(accept="text/html"),
        406,
        "NotAcceptableException",
    ),
    "a Converse stream that accepts JSON alone": (
        calls.converse_stream,
        lambda d: d.headers.update(accept="application/json"),
        406,
        "NotAcceptableException",
    ),
    "an event stream accepted with weight zero": (
        calls.converse_stream,
        lambda d: d.headers.update(accept="application/vnd.amazon.eventstream;q=0"),
        406,
        "NotAcceptableException",
    ),
    "an invocation without anthropic_version": (
        calls.invoke,
        lambda d: d.body.pop("anthropic_version"),
        400,
        "ValidationException",
    ),
    "an invocation with Vertex AI's version": (
        calls.invoke,
        lambda d: d.body.update(anthropic_version="vertex-2023-10-16"),
        400,
        "ValidationException",
    ),
    "the version 2026-10-21 for a model before 4.7": (
        calls.invoke,
        lambda d: d.body.update(anthropic_version="2026-10-21"),
        400,
        "ValidationException",
    ),
    "an invocation that names the model in the body": (
        calls.invoke,
        lambda d: d.body.update(model=calls.SONNET),
        400,
        "ValidationException",
    ),
    "an invocation that says stream in the body": (
        calls.invoke_stream,
        lambda d: d.body.update(stream=True),
        400,
        "ValidationException",
    ),
    "an invocation with an unknown beta": (
        calls.invoke,
        lambda d: d.body.update(anthropic_beta=["nope"]),
        400,
        "ValidationException",
    ),
    "an invocation of another media type": (
        calls.invoke,
        lambda d: d.headers.update({"content-type": "text/plain"}),
        400,
        "ValidationException",
    ),
    "an invocation that accepts HTML alone": (
        calls.invoke_stream,
        lambda d: d.headers.update(accept="text/html"),
        400,
        "ValidationException",
    ),
    "an invocation under an unknown guardrail": (
        calls.invoke,
        lambda d: d.headers.update(
            {
                "x-amzn-bedrock-guardrailidentifier": "x",
                "x-amzn-bedrock-guardrailversion": "1",
            }
        ),
        400,
        "ValidationException",
    ),
}


@pytest.mark.parametrize("sentence", REFUSED)
def test_bedrock_refuses(endpoints: Endpoints, sentence: str) -> None:
    check_refused(endpoints, "bedrock", REFUSED[sentence])
