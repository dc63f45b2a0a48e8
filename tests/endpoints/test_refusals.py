"""What the real ones refuse, refused: one sentence, one spoiled request, one status and
error type."""

import datetime as dt
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from tests.endpoints import calls
from tests.endpoints.calls import Draft
from trivium_rehearsal.endpoints import Endpoints

Spoil = Callable[[Draft], Any]
Row = tuple[Callable[[], Draft], Spoil, int, str]


def _from_now(**later: float) -> dt.datetime:
    """Taken when it is asked for: tests run for minutes."""
    return dt.datetime.now(dt.UTC) + dt.timedelta(**later)


def _set(draft: Draft, **fields: Any) -> Draft:
    for name, value in fields.items():
        setattr(draft, name, value)
    return draft


def _later(change: Callable[[Draft, dict[str, str]], Any]) -> Spoil:
    return lambda draft: setattr(draft, "after_signing", change)


def _converse_stream() -> Draft:
    return calls.converse(stream=True)


def _invoke_stream() -> Draft:
    return calls.invoke(stream=True)


def _vertex_stream() -> Draft:
    return calls.vertex(stream=True)


def _foundry_stream() -> Draft:
    return calls.foundry(stream=True)


def _temporary() -> Draft:
    return _set(calls.converse(), key=calls.TEMPORARY_KEY, token=calls.SESSION_TOKEN)


_MODEL = "/model/{}/converse"
_ARN = quote(
    f"arn:aws:bedrock:eu-west-1:000000000000:inference-profile/{calls.SONNET}", safe=""
)

BEDROCK: dict[str, Row] = {
    "a request without Authorization": (
        calls.converse,
        lambda d: _set(d, sign=False),
        403,
        "MissingAuthenticationTokenException",
    ),
    "an access key nobody knows": (
        calls.converse,
        lambda d: _set(d, key="AKIANOBODY"),
        403,
        "UnrecognizedClientException",
    ),
    "a wrong secret": (
        calls.converse,
        lambda d: _set(d, secret="wrong"),
        403,
        "InvalidSignatureException",
    ),
    "a body changed after signing": (
        calls.converse,
        _later(lambda d, h: _set(d, body=d.data + b" ")),
        403,
        "InvalidSignatureException",
    ),
    "a model changed after signing": (
        calls.converse,
        _later(lambda d, h: _set(d, target=d.target.replace("sonnet", "opus"))),
        403,
        "InvalidSignatureException",
    ),
    "an x-amz header added after signing": (
        calls.converse,
        _later(lambda d, h: h.update({"x-amz-extra": "1"})),
        403,
        "InvalidSignatureException",
    ),
    "a date changed after signing": (
        calls.converse,
        _later(
            lambda d, h: h.update(
                {"x-amz-date": _from_now(seconds=60).strftime("%Y%m%dT%H%M%SZ")}
            )
        ),
        403,
        "InvalidSignatureException",
    ),
    "a date removed after signing": (
        calls.converse,
        _later(lambda d, h: h.pop("x-amz-date")),
        403,
        "IncompleteSignatureException",
    ),
    "a signature for another region": (
        calls.converse,
        lambda d: _set(d, region="eu-west-1"),
        403,
        "InvalidSignatureException",
    ),
    "a signature for another service": (
        calls.converse,
        lambda d: _set(d, service="bedrock-runtime"),
        403,
        "InvalidSignatureException",
    ),
    "a signature six minutes old": (
        calls.converse,
        lambda d: _set(d, at=_from_now(minutes=-6)),
        403,
        "InvalidSignatureException",
    ),
    "a signature from seven minutes ahead": (
        calls.converse,
        lambda d: _set(d, at=_from_now(minutes=7)),
        403,
        "InvalidSignatureException",
    ),
    "a temporary key without its session token": (
        _temporary,
        lambda d: _set(d, token=None),
        403,
        "UnrecognizedClientException",
    ),
    "a temporary key with another session token": (
        _temporary,
        lambda d: _set(d, token="other"),
        403,
        "UnrecognizedClientException",
    ),
    "an expired session": (
        _temporary,
        lambda d: _set(d, key=calls.EXPIRED_KEY),
        403,
        "ExpiredTokenException",
    ),
    "a bearer token": (
        calls.converse,
        lambda d: _set(d, sign=False, headers={"authorization": "Bearer abc"}),
        403,
        "AccessDeniedException",
    ),
    "an Authorization without Signature": (
        calls.converse,
        _later(
            lambda d, h: h.update(
                {"authorization": h["authorization"].partition(", Signature")[0]}
            )
        ),
        403,
        "IncompleteSignatureException",
    ),
    "a model that does not exist": (
        calls.converse,
        lambda d: _set(d, target=_MODEL.format("anthropic.claude-9")),
        400,
        "ValidationException",
    ),
    "a model that is reachable through its profile alone": (
        calls.converse,
        lambda d: _set(d, target=_MODEL.format("anthropic.claude-opus-5-5")),
        400,
        "ValidationException",
    ),
    "a model without access": (
        calls.converse,
        lambda d: _set(d, target=_MODEL.format("us.anthropic.claude-locked-v1%3A0")),
        403,
        "AccessDeniedException",
    ),
    "a profile's ARN of another region": (
        calls.converse,
        lambda d: _set(d, target=_MODEL.format(_ARN)),
        400,
        "ValidationException",
    ),
    "a path that is no operation": (
        calls.converse,
        lambda d: _set(d, target=d.target + "s"),
        404,
        "UnknownOperationException",
    ),
    "a GET": (
        calls.converse,
        lambda d: _set(d, method="GET"),
        404,
        "UnknownOperationException",
    ),
    "a body that is not JSON": (
        calls.converse,
        lambda d: _set(d, body=b"{"),
        400,
        "ValidationException",
    ),
    "a body with NaN": (
        calls.converse,
        lambda d: _set(
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
        _converse_stream,
        lambda d: d.headers.update(accept="text/html"),
        406,
        "NotAcceptableException",
    ),
    "a Converse stream that accepts JSON alone": (
        _converse_stream,
        lambda d: d.headers.update(accept="application/json"),
        406,
        "NotAcceptableException",
    ),
    "an event stream accepted with weight zero": (
        _converse_stream,
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
        _invoke_stream,
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
        _invoke_stream,
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

_PLACE = f"/v1/projects/{calls.PROJECT}/locations/{calls.LOCATION}/publishers/"
VERTEX: dict[str, Row] = {
    "a request without a token": (
        calls.vertex,
        lambda d: d.headers.pop("authorization"),
        401,
        "UNAUTHENTICATED",
    ),
    "a token nobody knows": (
        calls.vertex,
        lambda d: d.headers.update(authorization="Bearer ya29.other"),
        401,
        "UNAUTHENTICATED",
    ),
    "an expired token": (
        calls.vertex,
        lambda d: d.headers.update(authorization=f"Bearer {calls.GOOGLE_EXPIRED}"),
        401,
        "UNAUTHENTICATED",
    ),
    "a token as Basic": (
        calls.vertex,
        lambda d: d.headers.update(authorization=f"Basic {calls.GOOGLE_TOKEN}"),
        401,
        "UNAUTHENTICATED",
    ),
    "a token without the scope cloud-platform": (
        calls.vertex,
        lambda d: d.headers.update(authorization=f"Bearer {calls.GOOGLE_NARROW}"),
        403,
        "PERMISSION_DENIED",
    ),
    "another project": (
        calls.vertex,
        lambda d: _set(d, target=d.target.replace(calls.PROJECT, "other")),
        403,
        "PERMISSION_DENIED",
    ),
    "a location that is not served": (
        calls.vertex,
        lambda d: _set(d, target=d.target.replace(calls.LOCATION, "europe-west1")),
        404,
        "NOT_FOUND",
    ),
    "a model that does not exist": (
        calls.vertex,
        lambda d: _set(d, target=d.target.replace("@20250929", "")),
        404,
        "NOT_FOUND",
    ),
    "another publisher": (
        calls.vertex,
        lambda d: _set(d, target=d.target.replace("anthropic", "google")),
        404,
        "text/html; charset=UTF-8",
    ),
    "another verb": (
        calls.vertex,
        lambda d: _set(d, target=d.target.replace("rawPredict", "predict")),
        404,
        "text/html; charset=UTF-8",
    ),
    "a path without /v1": (
        calls.vertex,
        lambda d: _set(d, target=d.target[3:]),
        404,
        "text/html; charset=UTF-8",
    ),
    "a GET": (
        calls.vertex,
        lambda d: _set(d, method="GET"),
        404,
        "text/html; charset=UTF-8",
    ),
    "a body that is not JSON": (
        calls.vertex,
        lambda d: _set(d, body=b"nope"),
        400,
        "INVALID_ARGUMENT",
    ),
    "a body that is a list": (
        calls.vertex,
        lambda d: _set(d, body=[]),
        400,
        "INVALID_ARGUMENT",
    ),
    "a body without anthropic_version": (
        calls.vertex,
        lambda d: d.body.pop("anthropic_version"),
        400,
        "invalid_request_error",
    ),
    "Bedrock's version": (
        calls.vertex,
        lambda d: d.body.update(anthropic_version="bedrock-2023-05-31"),
        400,
        "invalid_request_error",
    ),
    "a model in the body": (
        calls.vertex,
        lambda d: d.body.update(model=calls.VERTEX_SONNET),
        400,
        "invalid_request_error",
    ),
    "a temperature under version 2026-10-21": (
        calls.vertex,
        lambda d: d.body.update(anthropic_version="2026-10-21", temperature=0.5),
        400,
        "invalid_request_error",
    ),
    "a body without max_tokens": (
        calls.vertex,
        lambda d: d.body.pop("max_tokens"),
        400,
        "invalid_request_error",
    ),
    "an unknown beta header": (
        calls.vertex,
        lambda d: d.headers.update({"anthropic-beta": "nope"}),
        400,
        "invalid_request_error",
    ),
    "rawPredict with stream true": (
        calls.vertex,
        lambda d: d.body.update(stream=True),
        400,
        "INVALID_ARGUMENT",
    ),
    "streamRawPredict without stream true": (
        _vertex_stream,
        lambda d: d.body.pop("stream"),
        400,
        "INVALID_ARGUMENT",
    ),
    "a stream that accepts XML alone": (
        _vertex_stream,
        lambda d: d.headers.update(accept="application/xml"),
        400,
        "INVALID_ARGUMENT",
    ),
    "a token count of an unknown model": (
        calls.vertex,
        lambda d: (
            _set(d, target=f"{_PLACE}anthropic/models/count-tokens:rawPredict"),
            d.body.pop("max_tokens"),
            d.body.update(model="claude-9"),
        ),
        404,
        "NOT_FOUND",
    ),
    "a token count with max_tokens": (
        calls.vertex,
        lambda d: (
            _set(d, target=f"{_PLACE}anthropic/models/count-tokens:rawPredict"),
            d.body.update(model=calls.VERTEX_SONNET),
        ),
        400,
        "invalid_request_error",
    ),
}


def _bearer(token: str) -> Spoil:
    def spoil(draft: Draft) -> None:
        draft.headers.pop("x-api-key")
        draft.headers["authorization"] = f"Bearer {token}"

    return spoil


FOUNDRY: dict[str, Row] = {
    "a request without a credential": (
        calls.foundry,
        lambda d: d.headers.pop("x-api-key"),
        401,
        "401",
    ),
    "a wrong key": (
        calls.foundry,
        lambda d: d.headers.update({"x-api-key": "nope"}),
        401,
        "401",
    ),
    "a token nobody knows": (calls.foundry, _bearer("eyJ.nobody"), 401, "401"),
    "a token for Microsoft Graph": (
        calls.foundry,
        _bearer(calls.ENTRA_OTHER),
        401,
        "401",
    ),
    "an expired token": (calls.foundry, _bearer(calls.ENTRA_EXPIRED), 401, "401"),
    "an identity without a role": (
        calls.foundry,
        _bearer(calls.ENTRA_DENIED),
        401,
        "PermissionDenied",
    ),
    "a deployment that does not exist": (
        calls.foundry,
        lambda d: d.body.update(model="haiku"),
        404,
        "DeploymentNotFound",
    ),
    "a body without model": (
        calls.foundry,
        lambda d: d.body.pop("model"),
        400,
        "invalid_request_error",
    ),
    "a path without /anthropic": (
        calls.foundry,
        lambda d: _set(d, target="/v1/messages"),
        404,
        "404",
    ),
    "a GET": (calls.foundry, lambda d: _set(d, method="GET"), 404, "404"),
    "a request without anthropic-version": (
        calls.foundry,
        lambda d: d.headers.pop("anthropic-version"),
        400,
        "invalid_request_error",
    ),
    "a version nobody knows": (
        calls.foundry,
        lambda d: d.headers.update({"anthropic-version": "2024-01-01"}),
        400,
        "invalid_request_error",
    ),
    "anthropic_version in the body": (
        calls.foundry,
        lambda d: d.body.update(anthropic_version="2023-06-01"),
        400,
        "invalid_request_error",
    ),
    "top_k under version 2026-10-21": (
        calls.foundry,
        lambda d: (
            d.headers.update({"anthropic-version": "2026-10-21"}),
            d.body.update(top_k=5),
        ),
        400,
        "invalid_request_error",
    ),
    "a body that is not JSON": (
        calls.foundry,
        lambda d: _set(d, body=b"\xff"),
        400,
        "invalid_request_error",
    ),
    "an unknown beta header": (
        calls.foundry,
        lambda d: d.headers.update({"anthropic-beta": "nope"}),
        400,
        "invalid_request_error",
    ),
    "a stream that accepts images alone": (
        _foundry_stream,
        lambda d: d.headers.update(accept="image/*"),
        400,
        "invalid_request_error",
    ),
}


def _refused(endpoints: Endpoints, cloud: str, row: Row) -> None:
    build, spoil, status, error_type = row
    draft = build()
    spoil(draft)
    heard = calls.send(endpoints.addresses[cloud], draft)
    assert (heard.status, heard.error_type, heard.complete) == (
        status,
        error_type,
        True,
    )
    assert heard.headers["x-trivium-rehearsal"] == "scripted (not Claude)"
    assert endpoints.counters()[cloud]["answered"] == 0


@pytest.mark.parametrize("sentence", BEDROCK)
def test_bedrock_refuses(endpoints: Endpoints, sentence: str) -> None:
    _refused(endpoints, "bedrock", BEDROCK[sentence])


@pytest.mark.parametrize("sentence", VERTEX)
def test_vertex_refuses(endpoints: Endpoints, sentence: str) -> None:
    _refused(endpoints, "vertex", VERTEX[sentence])


@pytest.mark.parametrize("sentence", FOUNDRY)
def test_foundry_refuses(endpoints: Endpoints, sentence: str) -> None:
    _refused(endpoints, "foundry", FOUNDRY[sentence])


UNSPOILED: dict[str, tuple[str, Callable[[], Draft]]] = {
    "Converse": ("bedrock", calls.converse),
    "Converse by the profile's ARN": (
        "bedrock",
        lambda: calls.converse(model=calls.PROFILE_ARN),
    ),
    "Converse with a session token": ("bedrock", _temporary),
    "ConverseStream": ("bedrock", _converse_stream),
    "InvokeModel": ("bedrock", calls.invoke),
    "InvokeModelWithResponseStream": ("bedrock", _invoke_stream),
    "rawPredict": ("vertex", calls.vertex),
    "streamRawPredict": ("vertex", _vertex_stream),
    "messages": ("foundry", calls.foundry),
    "a stream of messages": ("foundry", _foundry_stream),
}


@pytest.mark.parametrize("sentence", UNSPOILED)
def test_the_same_requests_unspoiled_are_answered(
    endpoints: Endpoints, sentence: str
) -> None:
    cloud, build = UNSPOILED[sentence]
    heard = calls.send(endpoints.addresses[cloud], build())
    assert (heard.status, heard.complete) == (200, True)
    assert endpoints.counters()[cloud]["outcomes"] == {"answered": 1}


def test_foundry_takes_an_entra_token_and_the_older_key_header(
    endpoints: Endpoints,
) -> None:
    by_token, by_key = calls.foundry(), calls.foundry()
    _bearer(calls.ENTRA_TOKEN)(by_token)
    by_key.headers["api-key"] = by_key.headers.pop("x-api-key")
    assert [
        calls.send(endpoints.addresses["foundry"], one).status
        for one in (by_token, by_key)
    ] == [200, 200]


def test_a_refusal_never_repeats_a_credential_or_a_prompt(endpoints: Endpoints) -> None:
    draft = calls.converse("the prompt itself")
    draft.secret = "wrong"
    heard = calls.send(endpoints.addresses["bedrock"], draft)
    assert b"the prompt itself" not in heard.body
    assert calls.SECRET_KEY.encode() not in heard.body
