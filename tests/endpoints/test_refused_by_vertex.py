"""What Vertex AI refuses: one sentence, one spoiled request, one status and type."""

import pytest

from tests.endpoints import calls
from tests.endpoints.refusals import Row, changed, check_refused
from trivium_rehearsal.endpoints import Endpoints

_PLACE = f"/v1/projects/{calls.PROJECT}/locations/{calls.LOCATION}/publishers/"
REFUSED: dict[str, Row] = {
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
        lambda d: changed(d, target=d.target.replace(calls.PROJECT, "other")),
        403,
        "PERMISSION_DENIED",
    ),
    "a location that is not served": (
        calls.vertex,
        lambda d: changed(d, target=d.target.replace(calls.LOCATION, "europe-west1")),
        404,
        "NOT_FOUND",
    ),
    "a model that does not exist": (
        calls.vertex,
        lambda d: changed(d, target=d.target.replace("@20250929", "")),
        404,
        "NOT_FOUND",
    ),
    "another publisher": (
        calls.vertex,
        lambda d: changed(d, target=d.target.replace("anthropic", "google")),
        404,
        "text/html; charset=UTF-8",
    ),
    "another verb": (
        calls.vertex,
        lambda d: changed(d, target=d.target.replace("rawPredict", "predict")),
        404,
        "text/html; charset=UTF-8",
    ),
    "a path without /v1": (
        calls.vertex,
        lambda d: changed(d, target=d.target[3:]),
        404,
        "text/html; charset=UTF-8",
    ),
    "a GET": (
        calls.vertex,
        lambda d: changed(d, method="GET"),
        404,
        "text/html; charset=UTF-8",
    ),
    "a body that is not JSON": (
        calls.vertex,
        lambda d: changed(d, body=b"nope"),
        400,
        "INVALID_ARGUMENT",
    ),
    "a body that is a list": (
        calls.vertex,
        lambda d: changed(d, body=[]),
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
        calls.vertex_stream,
        lambda d: d.body.pop("stream"),
        400,
        "INVALID_ARGUMENT",
    ),
    "a stream that accepts XML alone": (
        calls.vertex_stream,
        lambda d: d.headers.update(accept="application/xml"),
        400,
        "INVALID_ARGUMENT",
    ),
    "a token count of an unknown model": (
        calls.vertex,
        lambda d: (
            changed(d, target=f"{_PLACE}anthropic/models/count-tokens:rawPredict"),
            d.body.pop("max_tokens"),
            d.body.update(model="claude-9"),
        ),
        404,
        "NOT_FOUND",
    ),
    "a token count with max_tokens": (
        calls.vertex,
        lambda d: (
            changed(d, target=f"{_PLACE}anthropic/models/count-tokens:rawPredict"),
            d.body.update(model=calls.VERTEX_SONNET),
        ),
        400,
        "invalid_request_error",
    ),
}


@pytest.mark.parametrize("sentence", REFUSED)
def test_vertex_refuses(endpoints: Endpoints, sentence: str) -> None:
    check_refused(endpoints, "vertex", REFUSED[sentence])
