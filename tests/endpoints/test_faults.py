"""Every fault, seen on a bare socket: what a client has to survive."""

import json
from typing import Any

import pytest

from tests.endpoints import calls
from tests.endpoints.calls import Heard
from trivium_rehearsal.endpoints import Endpoints
from trivium_rehearsal.endpoints.serving.faults import UnknownEndpointError

CALLS = calls.WHOLE | calls.STREAMS
each_whole = pytest.mark.parametrize("call", calls.WHOLE)
each_stream = pytest.mark.parametrize("call", calls.STREAMS)

ERRORS: dict[str, dict[str, tuple[int, str]]] = {
    "rate_limit": {
        "bedrock": (429, "ThrottlingException"),
        "vertex": (429, "RESOURCE_EXHAUSTED"),
        "foundry": (429, "rate_limit_error"),
    },
    "overloaded": {
        "bedrock": (503, "ServiceUnavailableException"),
        "vertex": (529, "overloaded_error"),
        "foundry": (529, "overloaded_error"),
    },
    "internal": {
        "bedrock": (500, "InternalServerException"),
        "vertex": (500, "INTERNAL"),
        "foundry": (500, "api_error"),
    },
    "model_error": {
        "bedrock": (424, "ModelErrorException"),
        "vertex": (500, "INTERNAL"),
        "foundry": (500, "api_error"),
    },
    "expired_token": {
        "bedrock": (403, "ExpiredTokenException"),
        "vertex": (401, "UNAUTHENTICATED"),
        "foundry": (401, "401"),
    },
}


def _send(endpoints: Endpoints, call: str, **listening: Any) -> Heard:
    """Make one call. Any: how `calls.send` listens."""
    cloud, build = CALLS[call]
    return calls.send(endpoints.addresses[cloud], build(), **listening)


def _seen(call: str, heard: Heard) -> tuple[int, bool, bool, int]:
    """Status, whether it is complete, whether it was reset, and how many events
    came."""
    return heard.status, heard.complete, heard.reset, len(_names(call, heard.body))


def _names(call: str, body: bytes) -> list[str]:
    """The events that arrived complete, by name."""
    if "Stream" not in call:
        return [name for name, _ in calls.sse_events(body)]
    named = [headers for headers, _ in calls.frames(body)]
    return [
        headers.get(":event-type") or headers[":exception-type"] for headers in named
    ]


@pytest.mark.parametrize("kind", ERRORS)
@pytest.mark.parametrize("call", CALLS)
def test_an_error_stands_in_place_of_the_answer(
    endpoints: Endpoints, call: str, kind: str
) -> None:
    cloud = CALLS[call][0]
    endpoints.fault(kind, cloud=cloud, retry_after_s=7)
    heard = _send(endpoints, call)
    status, error_type = ERRORS[kind][cloud]
    assert (heard.status, heard.error_type) == (status, error_type)
    assert heard.headers.get("retry-after") == (
        "7" if kind in ("rate_limit", "overloaded") else None
    )
    assert endpoints.counters()[cloud]["outcomes"] == {f"fault:{kind}": 1}
    assert _send(endpoints, call).status == 200


@each_stream
def test_a_stream_error_arrives_after_the_events_that_were_ordered(
    endpoints: Endpoints, call: str
) -> None:
    endpoints.fault("stream_error", after_events=3)
    heard = _send(endpoints, call)
    names = _names(call, heard.body)
    assert (heard.status, heard.complete, len(names)) == (200, True, 4)
    assert names[-1] == ("serviceUnavailableException" if "Stream" in call else "error")
    assert "messageStop" not in names
    assert "message_stop" not in names


def test_a_stream_error_is_named_as_ordered(endpoints: Endpoints) -> None:
    endpoints.fault("stream_error", cloud="foundry", error="api_error")
    _, data = calls.sse_events(_send(endpoints, "streamed messages").body)[-1]
    assert json.loads(data)["error"]["type"] == "api_error"


@each_stream
@pytest.mark.parametrize("after", [0, 1, 4])
def test_a_truncated_stream_ends_properly_and_too_early(
    endpoints: Endpoints, call: str, after: int
) -> None:
    endpoints.fault("truncate", after_events=after)
    heard = _send(endpoints, call)
    assert _seen(call, heard) == (200, True, False, after)


@each_stream
def test_a_truncation_far_behind_the_end_still_takes_the_terminal_event(
    endpoints: Endpoints, call: str
) -> None:
    endpoints.fault("truncate", after_events=10_000)
    heard, plain = _send(endpoints, call), _send(endpoints, call)
    missing = 2 if call == "ConverseStream" else 1
    assert heard.complete
    assert _names(call, heard.body) == _names(call, plain.body)[:-missing]


def test_a_converse_stream_can_be_cut_between_its_stop_and_its_metadata(
    endpoints: Endpoints,
) -> None:
    plain = _names("ConverseStream", _send(endpoints, "ConverseStream").body)
    endpoints.fault("truncate", after_events=len(plain) - 1)
    cut = _names("ConverseStream", _send(endpoints, "ConverseStream").body)
    assert cut == plain[:-1]
    assert plain[-2:] == ["messageStop", "metadata"]


@each_stream
def test_an_aborted_stream_is_reset_after_its_events_arrived(
    endpoints: Endpoints, call: str
) -> None:
    endpoints.fault("abort", after_events=3)
    heard = _send(endpoints, call)
    assert _seen(call, heard) == (200, False, True, 3)


@each_stream
def test_garbage_arrives_where_an_event_should_be(
    endpoints: Endpoints, call: str
) -> None:
    endpoints.fault("garbage", after_events=2)
    heard = _send(endpoints, call)
    assert (heard.status, heard.complete) == (200, True)
    if "Stream" in call:
        from botocore.eventstream import ChecksumMismatch

        assert calls.whole_frames(heard.body)
        with pytest.raises(ChecksumMismatch):
            calls.frames(heard.body)
    else:
        with pytest.raises(ValueError, match="Expecting value"):
            json.loads(calls.sse_events(heard.body)[-1][1])


@each_stream
def test_a_dripping_stream_comes_byte_by_byte_and_whole(
    endpoints: Endpoints, call: str
) -> None:
    endpoints.fault("drip", delay_s=0)
    heard = _send(endpoints, call)
    plain = _send(endpoints, call)
    assert _names(call, heard.body) == _names(call, plain.body)
    assert heard.chunks == len(heard.body)
    assert plain.chunks == len(_names(call, plain.body))


@each_stream
def test_a_hanging_stream_is_silent_until_the_faults_are_reset(
    endpoints: Endpoints, call: str
) -> None:
    endpoints.fault("hang", after_events=2)
    heard = _send(endpoints, call, patience_s=0.3, head=True)
    assert _seen(call, heard) == (200, False, False, 2)


@each_whole
def test_a_truncated_reply_is_half_a_document_with_the_length_of_half(
    endpoints: Endpoints, call: str
) -> None:
    endpoints.fault("truncate")
    heard = _send(endpoints, call)
    assert (heard.status, heard.complete) == (200, True)
    with pytest.raises(ValueError, match=r"Unterminated|Expecting|Invalid"):
        json.loads(heard.body)


@each_whole
def test_an_aborted_reply_is_reset_in_its_middle(
    endpoints: Endpoints, call: str
) -> None:
    endpoints.fault("abort")
    heard = _send(endpoints, call)
    assert (heard.complete, heard.reset) == (False, True)


@each_whole
def test_a_garbled_reply_is_not_json(endpoints: Endpoints, call: str) -> None:
    endpoints.fault("garbage")
    heard = _send(endpoints, call)
    assert heard.complete
    with pytest.raises(ValueError, match=r"codec|Expecting"):
        json.loads(heard.body)


@each_whole
def test_a_dripping_reply_comes_byte_by_byte_and_whole(
    endpoints: Endpoints, call: str
) -> None:
    endpoints.fault("drip", delay_s=0)
    heard = _send(endpoints, call)
    assert heard.complete
    assert calls.GREETING in json.dumps(heard.json)


@each_whole
def test_a_hanging_reply_never_begins(endpoints: Endpoints, call: str) -> None:
    endpoints.fault("hang")
    heard = _send(endpoints, call, patience_s=0.2)
    assert (heard.status, heard.body, heard.reset) == (0, b"", False)


def test_a_caller_that_leaves_a_hanging_request_is_counted_as_gone(
    endpoints: Endpoints,
) -> None:
    endpoints.fault("hang", cloud="vertex")
    _send(endpoints, "rawPredict", patience_s=0.05)
    assert calls.eventually(
        lambda: endpoints.counters()["vertex"]["outcomes"] == {"left": 1}
    )


def test_a_fault_takes_as_many_requests_as_ordered_after_those_it_skips(
    endpoints: Endpoints,
) -> None:
    endpoints.fault("rate_limit", cloud="foundry", skip=1, times=2)
    statuses = [_send(endpoints, "messages").status for _ in range(4)]
    assert statuses == [200, 429, 429, 200]


def test_a_fault_without_times_lasts_until_the_reset(endpoints: Endpoints) -> None:
    endpoints.fault("overloaded", cloud="foundry", times=None)
    assert [_send(endpoints, "messages").status for _ in range(5)] == [529] * 5
    endpoints.reset()
    assert _send(endpoints, "messages").status == 200


def test_a_fault_keeps_to_its_cloud_its_model_and_its_kind_of_call(
    endpoints: Endpoints,
) -> None:
    endpoints.fault("internal", cloud="vertex")
    endpoints.fault("internal", cloud="foundry", model="another")
    endpoints.fault("internal", cloud="bedrock", stream=True)
    passing, failing = ("messages", "Converse"), ("rawPredict", "ConverseStream")
    assert [_send(endpoints, call).status for call in passing] == [200, 200]
    assert [_send(endpoints, call).status for call in failing] == [500, 500]


def test_a_stream_error_waits_for_a_stream(endpoints: Endpoints) -> None:
    endpoints.fault("stream_error", cloud="foundry")
    assert _send(endpoints, "messages").status == 200
    assert b"event: error" in _send(endpoints, "streamed messages").body


def test_a_fault_never_hides_a_refusal(endpoints: Endpoints) -> None:
    endpoints.fault("overloaded", cloud="foundry")
    wrong = calls.foundry()
    wrong.body["colour"] = "red"
    assert calls.send(endpoints.addresses["foundry"], wrong).status == 400
    assert _send(endpoints, "messages").status == 529


def test_an_expired_token_is_about_a_credential_that_was_good(
    endpoints: Endpoints,
) -> None:
    endpoints.fault("expired_token", cloud="vertex")
    stranger = calls.vertex()
    stranger.headers["authorization"] = "Bearer ya29.stranger"
    answers = [
        calls.send(endpoints.addresses["vertex"], draft).json
        for draft in (stranger, calls.vertex())
    ]
    reasons = [answer["error"]["details"][0]["reason"] for answer in answers]
    assert reasons == ["ACCESS_TOKEN_TYPE_UNSUPPORTED", "ACCESS_TOKEN_EXPIRED"]


def test_an_unknown_kind_of_fault_is_refused(endpoints: Endpoints) -> None:
    import msgspec

    with pytest.raises(msgspec.ValidationError, match="kind"):
        endpoints.fault("earthquake")


def test_a_fault_for_an_unknown_endpoint_is_refused(endpoints: Endpoints) -> None:
    with pytest.raises(UnknownEndpointError, match="Known: bedrock, vertex, foundry"):
        endpoints.fault("hang", cloud="fundry")
