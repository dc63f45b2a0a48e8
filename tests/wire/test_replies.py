"""Whole answers: the same reply from every protocol, and errors by their own type."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.wire import samples
from trivium.errors import (
    AccessDeniedError,
    AuthenticationError,
    ContextTooLongError,
    ModelNotFoundError,
    OverloadedError,
    ProtocolError,
    ProviderError,
    ProviderRequestError,
    RateLimitedError,
    RouteError,
)
from trivium.vocabulary.deployment import Protocol
from trivium.vocabulary.messages import (
    MessageDelta,
    RedactedThinkingBlock,
    Reply,
    TextBlock,
    ThinkingBlock,
    ToolUseBlock,
    Usage,
)
from trivium.wire import ADAPTERS

EACH = pytest.mark.parametrize("protocol", tuple(ADAPTERS))

CONVERSE: dict[str, Any] = {
    "metrics": {"latencyMs": 12},
    "output": {
        "message": {
            "role": "assistant",
            "content": [
                {
                    "reasoningContent": {
                        "reasoningText": {"text": "Hm.", "signature": "c2ln"}
                    }
                },
                {"reasoningContent": {"redactedContent": samples.OPAQUE}},
                {"text": "Hello"},
                {
                    "toolUse": {
                        "toolUseId": "toolu_1",
                        "name": "look",
                        "input": {"city": "Rome"},
                    }
                },
            ],
        }
    },
    "stopReason": "tool_use",
    "usage": {
        "inputTokens": 11,
        "outputTokens": 22,
        "totalTokens": 45,
        "cacheReadInputTokens": 5,
        "cacheWriteInputTokens": 7,
        "cacheDetails": [
            {"ttl": "5m", "inputTokens": 4},
            {"ttl": "1h", "inputTokens": 3},
        ],
    },
}
MESSAGES: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude",
    "content": [
        {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"},
        {"type": "redacted_thinking", "data": samples.OPAQUE},
        {"type": "text", "text": "Hello", "citations": None},
        {
            "type": "tool_use",
            "id": "toolu_1",
            "name": "look",
            "input": {"city": "Rome"},
            "caller": {"type": "direct"},
        },
    ],
    "stop_reason": "tool_use",
    "stop_sequence": None,
    "usage": {
        "input_tokens": 11,
        "output_tokens": 22,
        "cache_read_input_tokens": 5,
        "cache_creation_input_tokens": 7,
        "cache_creation": {
            "ephemeral_5m_input_tokens": 4,
            "ephemeral_1h_input_tokens": 3,
        },
        "service_tier": "standard",
    },
}
WHOLE: Mapping[Protocol, dict[str, Any]] = {
    "converse": CONVERSE,
    "vertex": MESSAGES,
    "foundry": MESSAGES,
}


def decoded(
    protocol: Protocol, status: int, headers: Mapping[str, str], plain: Any
) -> Reply:
    """The reply. Any: a body as JSON has it, or bytes."""
    body = plain if isinstance(plain, bytes) else json.dumps(plain).encode()
    return ADAPTERS[protocol].decode(status, headers, body, model="asked-model")


@EACH
def test_the_same_answer_gives_the_same_reply_on_every_protocol(
    protocol: Protocol,
) -> None:
    reply = decoded(protocol, 200, {}, WHOLE[protocol])
    assert reply.content == (
        ThinkingBlock(thinking="Hm.", signature="c2ln"),
        RedactedThinkingBlock(data=samples.OPAQUE),
        TextBlock(text="Hello"),
        ToolUseBlock(id="toolu_1", name="look", input={"city": "Rome"}),
    )
    assert reply.stop_reason == "tool_use"
    assert reply.usage == Usage(
        input_tokens=11,
        output_tokens=22,
        cache_read_input_tokens=5,
        cache_creation_input_tokens=7,
        cache_creation_1h_input_tokens=3,
    )
    assert reply.text == "Hello"


@pytest.mark.parametrize(
    ("protocol", "header"),
    [
        ("converse", "x-amzn-requestid"),
        ("vertex", "request-id"),
        ("foundry", "request-id"),
    ],
)
def test_the_providers_request_id_is_kept(protocol: Protocol, header: str) -> None:
    assert (
        decoded(protocol, 200, {header: "abc"}, WHOLE[protocol]).provider_request_id
        == "abc"
    )


AMZN = "x-amzn-errortype"
ERRORS: dict[str, tuple[Protocol, int, Mapping[str, str], Any, type[RouteError]]] = {
    "Bedrock throttles, with an address behind the type": (
        "converse",
        429,
        {AMZN: "ThrottlingException:http://internal.amazon.com/x"},
        {"message": "m"},
        RateLimitedError,
    ),
    "Bedrock has no capacity": (
        "converse",
        503,
        {AMZN: "ServiceUnavailableException"},
        {"message": "m"},
        OverloadedError,
    ),
    "Bedrock's token has expired": (
        "converse",
        403,
        {AMZN: "ExpiredTokenException"},
        {},
        AuthenticationError,
    ),
    "Bedrock's signature is wrong": (
        "converse",
        403,
        {AMZN: "InvalidSignatureException"},
        {},
        AuthenticationError,
    ),
    "Bedrock's token has expired, with a namespace before the type": (
        "converse",
        403,
        {
            AMZN: "com.amazon.coral.service#ExpiredTokenException:http://internal.amazon.com/x"
        },
        {},
        AuthenticationError,
    ),
    "Bedrock's token has expired, told in the body": (
        "converse",
        403,
        {},
        {"__type": "com.amazon.coral.service#ExpiredTokenException"},
        AuthenticationError,
    ),
    "Bedrock throttles, told in the body": (
        "converse",
        400,
        {},
        {"code": "ThrottlingException"},
        RateLimitedError,
    ),
    "Bedrock's header is right where the body differs": (
        "converse",
        400,
        {AMZN: "ThrottlingException"},
        {"code": "ValidationException"},
        RateLimitedError,
    ),
    "a type in the body that is none": (
        "converse",
        403,
        {},
        {"code": [5], "__type": {}},
        AccessDeniedError,
    ),
    "Bedrock denies": (
        "converse",
        403,
        {AMZN: "AccessDeniedException"},
        {"Message": "m"},
        AccessDeniedError,
    ),
    "Bedrock knows no such model": (
        "converse",
        404,
        {AMZN: "ResourceNotFoundException"},
        {},
        ModelNotFoundError,
    ),
    "Bedrock refuses the body": (
        "converse",
        400,
        {AMZN: "ValidationException"},
        {},
        ProviderRequestError,
    ),
    "Bedrock's model failed with 424": (
        "converse",
        424,
        {AMZN: "ModelErrorException"},
        {},
        ProviderError,
    ),
    "Bedrock's model took too long, 408": (
        "converse",
        408,
        {AMZN: "ModelTimeoutException"},
        {},
        ProviderError,
    ),
    "Google denies, in its own shape": (
        "vertex",
        403,
        {},
        {"error": {"code": 403, "status": "PERMISSION_DENIED", "message": "m"}},
        AccessDeniedError,
    ),
    "Google's shape inside a list": (
        "vertex",
        429,
        {},
        [{"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "m"}}],
        RateLimitedError,
    ),
    "Vertex passes on Anthropic's overload": (
        "vertex",
        529,
        {},
        {"type": "error", "error": {"type": "overloaded_error", "message": "m"}},
        OverloadedError,
    ),
    "Foundry's token is wrong": (
        "foundry",
        401,
        {},
        {"type": "error", "error": {"type": "authentication_error", "message": "m"}},
        AuthenticationError,
    ),
    "a type that nobody knows is classified by its status": (
        "foundry",
        529,
        {},
        {"type": "error", "error": {"type": "novel", "message": "m"}},
        OverloadedError,
    ),
    "a proxy's page": ("foundry", 502, {}, b"<html>Bad Gateway</html>", ProviderError),
    "an empty body": ("vertex", 500, {}, b"", ProviderError),
    "a redirect, which is never followed": (
        "converse",
        302,
        {"location": "https://elsewhere"},
        b"",
        ProviderError,
    ),
    "JSON of no known shape": ("vertex", 404, {}, b"[]", ModelNotFoundError),
    "an error that is text": ("vertex", 400, {}, {"error": "no"}, ProviderRequestError),
    "JSON nested without end": (
        "vertex",
        400,
        {},
        b"[" * 100_000,
        ProviderRequestError,
    ),
    "JSON nested without end from Bedrock": (
        "converse",
        400,
        {},
        b"[" * 100_000,
        ProviderRequestError,
    ),
}


@pytest.mark.parametrize(
    ("protocol", "status", "headers", "plain", "kind"), ERRORS.values(), ids=ERRORS
)
def test_an_error_is_classified(
    protocol: Protocol,
    status: int,
    headers: Mapping[str, str],
    plain: Any,
    kind: type[RouteError],
) -> None:
    with pytest.raises(RouteError) as caught:
        decoded(protocol, status, headers, plain)
    assert type(caught.value) is kind
    assert caught.value.status == status


TOO_LONG: dict[str, tuple[Protocol, int, Any, int | None, int | None]] = {
    "the Messages API, with the sizes": (
        "foundry",
        400,
        {
            "error": {
                "type": "invalid_request_error",
                "message": "prompt is too long: 219898 tokens > 200000 maximum",
            }
        },
        219898,
        200000,
    ),
    "the Messages API, with max_tokens": (
        "vertex",
        400,
        {
            "error": {
                "type": "invalid_request_error",
                "message": (
                    "input length and `max_tokens` exceed context limit: \n   189136 +"
                    " 20000 > 204648, decrease input length or `max_tokens`"
                ),
            }
        },
        209136,
        204648,
    ),
    "Vertex, wrapped and without sizes": (
        "vertex",
        413,
        {
            "error": {
                "message": (
                    '{"type":"error","error":{"type":"invalid_request_error",'
                    '"message":"Prompt is too long"}}'
                ),
                "code": "413",
            }
        },
        None,
        None,
    ),
    "Vertex, in its own words": (
        "vertex",
        400,
        {
            "error": {
                "code": 400,
                "status": "INVALID_ARGUMENT",
                "message": (
                    "The input token count (1066750) exceeds the maximum number of"
                    " tokens allowed (1048575)."
                ),
            }
        },
        1066750,
        1048575,
    ),
    "Bedrock, which has no sizes": (
        "converse",
        400,
        {"message": "Input is too long for requested model."},
        None,
        None,
    ),
}


@pytest.mark.parametrize(
    ("protocol", "status", "plain", "tokens", "limit"), TOO_LONG.values(), ids=TOO_LONG
)
def test_a_request_that_is_too_long_has_an_error_of_its_own(
    protocol: Protocol, status: int, plain: Any, tokens: int | None, limit: int | None
) -> None:
    headers = {AMZN: "ValidationException"} if protocol == "converse" else {}
    with pytest.raises(ContextTooLongError) as caught:
        decoded(protocol, status, headers, plain)
    assert (caught.value.code, caught.value.fault) == ("context_too_long", "caller")
    assert (caught.value.tokens, caught.value.limit) == (tokens, limit)


def test_a_model_that_only_a_profile_serves_is_the_platforms_fault() -> None:
    said = (
        "Invocation of model ID anthropic.claude-x with on-demand throughput isn\u2019t"
        " supported. Retry your request with the ID or ARN of an inference profile"
        " that contains this model."
    )
    with pytest.raises(ModelNotFoundError, match="inference profile") as caught:
        decoded("converse", 400, {AMZN: "ValidationException"}, {"message": said})
    assert caught.value.fault == "platform"


RETRY_AFTER: dict[str, tuple[str | None, float | None]] = {
    "seconds": ("7", 7.0),
    "a fraction": ("0.5", 0.5),
    "absent": (None, None),
    "a date that has passed": ("Wed, 21 Oct 2026 07:28:00 GMT", 0.0),
    "below zero": ("-1", None),
    "no number": ("nan", None),
    "beyond reason": ("1e99", None),
}


@pytest.mark.parametrize(("header", "expected"), RETRY_AFTER.values(), ids=RETRY_AFTER)
@EACH
def test_retry_after_is_heard(
    protocol: Protocol, header: str | None, expected: float | None
) -> None:
    headers = {"retry-after": header} if header is not None else {}
    with pytest.raises(RateLimitedError) as caught:
        decoded(protocol, 429, headers, b"")
    assert caught.value.retry_after_s == expected


def test_the_providers_words_are_kept_apart_from_the_message() -> None:
    with pytest.raises(ProviderRequestError) as caught:
        decoded(
            "foundry",
            400,
            {},
            {
                "type": "error",
                "error": {"type": "invalid_request_error", "message": "secret"},
            },
        )
    assert "secret" not in str(caught.value)
    assert caught.value.provider_message == "secret"


ECHOES: dict[str, tuple[Protocol, Mapping[str, str], Any]] = {
    "as Bedrock's type": ("converse", {AMZN: "the secret itself"}, {}),
    "as Bedrock's type in the body": ("converse", {}, {"__type": "the secret itself"}),
    "as Anthropic's type": ("vertex", {}, {"error": {"type": "the secret itself"}}),
    "as Google's status": ("vertex", {}, {"error": {"status": "the secret itself"}}),
    "as Azure's code": ("foundry", {}, {"error": {"code": "the secret itself"}}),
    "as a request id": ("foundry", {"request-id": "the secret itself"}, {}),
}


@pytest.mark.parametrize(("protocol", "headers", "plain"), ECHOES.values(), ids=ECHOES)
def test_text_where_a_word_belongs_is_neither_told_nor_recorded(
    protocol: Protocol, headers: Mapping[str, str], plain: Any
) -> None:
    with pytest.raises(OverloadedError) as caught:
        decoded(protocol, 529, headers, plain)
    error = caught.value
    assert "secret" not in f"{error} {error.provider_type} {error.provider_request_id}"


@pytest.mark.parametrize("status", [402, 405, 407, 408, 409, 418, 499])
@EACH
def test_what_something_on_the_way_refuses_is_not_the_callers_fault(
    protocol: Protocol, status: int
) -> None:
    with pytest.raises(ProviderError) as caught:
        decoded(protocol, status, {}, b"<html>no</html>")
    assert caught.value.retryable


@pytest.mark.parametrize(
    ("protocol", "field"), [("converse", "stopReason"), ("vertex", "stop_reason")]
)
def test_a_newer_reason_to_stop_loses_no_answer(protocol: Protocol, field: str) -> None:
    reply = decoded(protocol, 200, {}, WHOLE[protocol] | {field: "bored"})
    assert (reply.stop_reason, reply.content) == (
        "bored",
        decoded(protocol, 200, {}, WHOLE[protocol]).content,
    )


STOP_SEQUENCES: dict[str, tuple[Any, str | None]] = {
    "in Claude's own reply": ({"stop_sequence": "END"}, "END"),
    "in Claude's own last event": ({"delta": {"stop_sequence": "END"}}, "END"),
    "none was met": ({"stop_sequence": None, "delta": {"stop_sequence": None}}, None),
    "not told": (None, None),
    "of another type, which loses no answer": (
        {"stop_sequence": ["END"], "delta": "END"},
        None,
    ),
    "fields of another type": (["stop_sequence"], None),
}


@pytest.mark.parametrize(
    ("fields", "expected"), STOP_SEQUENCES.values(), ids=STOP_SEQUENCES
)
def test_the_stop_sequence_is_found_on_converse(
    fields: Any, expected: str | None
) -> None:
    plain = CONVERSE | {
        "stopReason": "stop_sequence",
        "additionalModelResponseFields": fields,
    }
    assert decoded("converse", 200, {}, plain).stop_sequence == expected
    stream = ADAPTERS["converse"].decoder("m")
    stream.feed(samples.frame("messageStart", {"role": "assistant"}))
    stop = {"stopReason": "stop_sequence", "additionalModelResponseFields": fields}
    (delta,) = stream.feed(samples.frame("messageStop", stop))
    assert isinstance(delta, MessageDelta)
    assert delta.stop_sequence == expected


def test_content_of_an_unknown_kind_is_refused_by_its_name() -> None:
    with pytest.raises(ProtocolError, match=r"`video`.*Update trivium"):
        decoded("foundry", 200, {}, MESSAGES | {"content": [{"type": "video"}]})


def _without(plain: dict[str, Any], *path: str) -> dict[str, Any]:
    copied = json.loads(json.dumps(plain))
    *outer, last = path
    inner = copied
    for key in outer:
        inner = inner[key]
    del inner[last]
    return dict(copied)


NO_REPLY: dict[str, tuple[Protocol, Any]] = {
    "no output": ("converse", _without(CONVERSE, "output")),
    "no usage": ("converse", _without(CONVERSE, "usage")),
    "no reason to stop": ("converse", _without(CONVERSE, "stopReason")),
    "an unknown block": (
        "converse",
        CONVERSE | {"output": {"message": {"content": [{"video": {}}]}}},
    ),
    "text that is none": (
        "converse",
        CONVERSE | {"output": {"message": {"content": [{"text": 5}]}}},
    ),
    "reasoning that is none": (
        "converse",
        CONVERSE | {"output": {"message": {"content": [{"reasoningContent": 5}]}}},
    ),
    "no content": ("vertex", _without(MESSAGES, "content")),
    "no stop reason": ("vertex", MESSAGES | {"stop_reason": None}),
    "a stop reason that is not a single word": (
        "vertex",
        MESSAGES | {"stop_reason": "the reply, quoted"},
    ),
    "a stop reason of Converse that is not a single word": (
        "converse",
        CONVERSE | {"stopReason": "the reply, quoted"},
    ),
    "fewer than no tokens": (
        "vertex",
        MESSAGES | {"usage": {"input_tokens": -1, "output_tokens": 1}},
    ),
    "fewer than no tokens on Converse": (
        "converse",
        CONVERSE | {"usage": {"inputTokens": 1, "outputTokens": -1}},
    ),
    "more tokens than JSON can count": (
        "foundry",
        MESSAGES | {"usage": {"input_tokens": 10**30, "output_tokens": 1}},
    ),
    "a tool without a name": (
        "converse",
        CONVERSE
        | {
            "output": {
                "message": {"content": [{"toolUse": {"toolUseId": "t", "input": {}}}]}
            }
        },
    ),
    "an unknown kind of content": (
        "foundry",
        MESSAGES | {"content": [{"type": "video"}]},
    ),
    "content without a kind": ("foundry", MESSAGES | {"content": [{}]}),
    "half a body": ("foundry", json.dumps(MESSAGES).encode()[:100]),
    "nothing": ("converse", b""),
    "a message nested without end": (
        "vertex",
        json.dumps(MESSAGES).encode()[:-1] + b',"content":[' + b"[" * 100_000,
    ),
    "a reply nested without end": (
        "converse",
        b'{"output":{"message":{"content":[{"text":' + b"[" * 100_000,
    ),
}


@pytest.mark.parametrize(("protocol", "plain"), NO_REPLY.values(), ids=NO_REPLY)
def test_what_is_no_reply_is_a_protocol_error(protocol: Protocol, plain: Any) -> None:
    with pytest.raises(ProtocolError):
        decoded(protocol, 200, {}, plain)


@EACH
@settings(deadline=None)
@given(body=st.binary(max_size=200), status=st.integers(200, 599))
def test_any_bytes_raise_nothing_but_route_errors(
    protocol: Protocol, body: bytes, status: int
) -> None:
    with pytest.raises(RouteError):
        decoded(protocol, status, {}, body)


_JSON = st.recursive(
    st.none() | st.integers(-9, 9) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "text", "toolUse"]), inner)
    ),
    max_leaves=8,
)


@EACH
@settings(deadline=None)
@given(key=st.data(), value=_JSON)
def test_any_json_in_any_field_raises_nothing_but_route_errors(
    protocol: Protocol, key: st.DataObject, value: object
) -> None:
    whole = WHOLE[protocol]
    spoiled = whole | {key.draw(st.sampled_from(sorted(whole))): value}
    try:
        decoded(protocol, 200, {}, spoiled)
    except RouteError:
        pass
