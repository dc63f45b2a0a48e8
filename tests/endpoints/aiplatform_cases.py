"""google-cloud-aiplatform over gRPC, unmodified.

`test_aiplatform_client.py` runs this file in a process of its own.
"""

import json
from typing import Any

import pytest

from tests.endpoints import calls
from trivium_rehearsal.endpoints import Endpoints

Client = Any  # the vendors' clients are looked up at run time

ENDPOINT = calls.vertex_model(calls.VERTEX_SONNET)
AUTHORIZED = [("authorization", f"Bearer {calls.GOOGLE_TOKEN}")]


@pytest.fixture(scope="module")
def prediction(_endpoints: Endpoints) -> Any:
    import grpc
    from google.cloud.aiplatform_v1.services.prediction_service import (
        PredictionServiceClient,
    )
    from google.cloud.aiplatform_v1.services.prediction_service.transports import (
        PredictionServiceGrpcTransport,
    )

    with grpc.insecure_channel(_endpoints.addresses["vertex_grpc"]) as channel:
        yield PredictionServiceClient(
            transport=PredictionServiceGrpcTransport(channel=channel)
        )


def _raw_predict(**fields: Any) -> dict[str, Any]:
    from google.api.httpbody_pb2 import HttpBody

    body = {**calls.vertex().body, **fields}
    return {
        "endpoint": ENDPOINT,
        "http_body": HttpBody(
            content_type="application/json", data=json.dumps(body).encode()
        ),
    }


def test_aiplatform_predicts_over_grpc(
    endpoints: Endpoints, prediction: Client
) -> None:
    reply = prediction.raw_predict(request=_raw_predict(), metadata=AUTHORIZED)
    assert reply.content_type == "application/json"
    assert json.loads(reply.data)["content"] == [
        {"type": "text", "text": calls.GREETING}
    ]
    assert endpoints.counters()["vertex"]["answered"] == 1


def test_aiplatform_streams_over_grpc(endpoints: Endpoints, prediction: Client) -> None:
    chunks = prediction.stream_raw_predict(
        request=_raw_predict(stream=True), metadata=AUTHORIZED
    )
    events = calls.sse_events(b"".join(chunk.data for chunk in chunks))
    assert (events[0][0], events[-1][0]) == ("message_start", "message_stop")


def test_a_grpc_reply_says_who_answered_and_the_ledger_heard_the_call(
    endpoints: Endpoints,
) -> None:
    import grpc
    from google.api.httpbody_pb2 import HttpBody
    from google.cloud.aiplatform_v1.types import RawPredictRequest

    with grpc.insecure_channel(endpoints.addresses["vertex_grpc"]) as channel:
        method = channel.unary_unary(
            "/google.cloud.aiplatform.v1.PredictionService/RawPredict",
            request_serializer=RawPredictRequest.serialize,
            response_deserializer=HttpBody.FromString,
        )
        _, call = method.with_call(
            RawPredictRequest(**_raw_predict()), metadata=AUTHORIZED
        )
    assert ("x-trivium-rehearsal", "scripted (not Claude)") in call.initial_metadata()
    assert endpoints.received_contains(calls.GOOGLE_TOKEN)["vertex"]["requests"] == 1


def test_aiplatform_may_send_more_than_grpcs_own_limit(
    endpoints: Endpoints, prediction: Client
) -> None:
    request = _raw_predict(system="x" * 5 * 1024 * 1024)
    reply = prediction.raw_predict(request=request, metadata=AUTHORIZED)
    assert json.loads(reply.data)["stop_reason"] == "end_turn"


GRPC_REFUSALS: dict[str, tuple[dict[str, Any], list[tuple[str, str]], str, str]] = {
    "no token": ({}, [], "Unauthenticated", "ACCESS|CREDENTIALS"),
    "an expired token": (
        {},
        [("authorization", f"Bearer {calls.GOOGLE_EXPIRED}")],
        "Unauthenticated",
        "EXPIRED",
    ),
    "a narrow token": (
        {},
        [("authorization", f"Bearer {calls.GOOGLE_NARROW}")],
        "PermissionDenied",
        "SCOPE",
    ),
    "an unknown key": (
        {"colour": 1},
        AUTHORIZED,
        "InvalidArgument",
        "colour: Extra inputs are not permitted",
    ),
}


@pytest.mark.parametrize("sentence", GRPC_REFUSALS)
def test_aiplatform_is_refused_over_grpc(
    endpoints: Endpoints, prediction: Client, sentence: str
) -> None:
    from google.api_core import exceptions

    fields, metadata, error, text = GRPC_REFUSALS[sentence]
    with pytest.raises(getattr(exceptions, error), match=text):
        prediction.raw_predict(request=_raw_predict(**fields), metadata=metadata)
    assert endpoints.counters()["vertex"]["answered"] == 0


GRPC_FAULTS = {
    "rate_limit": "ResourceExhausted",
    "overloaded": "ServiceUnavailable",
    "abort": "ServiceUnavailable",
}


@pytest.mark.parametrize("kind", GRPC_FAULTS)
def test_aiplatform_suffers_a_fault_over_grpc(
    endpoints: Endpoints, prediction: Client, kind: str
) -> None:
    from google.api_core import exceptions

    endpoints.fault(kind, cloud="vertex", after_events=3)
    with pytest.raises(getattr(exceptions, GRPC_FAULTS[kind])):
        list(
            prediction.stream_raw_predict(
                request=_raw_predict(stream=True), metadata=AUTHORIZED
            )
        )
    assert endpoints.counters()["vertex"]["outcomes"] == {f"fault:{kind}": 1}


def test_aiplatform_sees_a_cleanly_truncated_stream_as_success_over_grpc(
    endpoints: Endpoints, prediction: Client
) -> None:
    endpoints.fault("truncate", cloud="vertex", after_events=4)
    chunks = prediction.stream_raw_predict(
        request=_raw_predict(stream=True), metadata=AUTHORIZED
    )
    events = calls.sse_events(b"".join(chunk.data for chunk in chunks))
    assert (len(events), events[-1][0]) == (4, "content_block_delta")
