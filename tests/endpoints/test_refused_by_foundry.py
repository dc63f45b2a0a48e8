"""What Foundry refuses: one sentence, one spoiled request, one status and type."""

import pytest

from tests.endpoints import calls
from tests.endpoints.calls import Draft
from tests.endpoints.refusals import Row, Spoil, changed, check_refused
from trivium_rehearsal.endpoints import Endpoints


def _bearer(token: str) -> Spoil:
    def spoil(draft: Draft) -> None:
        draft.headers.pop("x-api-key")
        draft.headers["authorization"] = f"Bearer {token}"

    return spoil


REFUSED: dict[str, Row] = {
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
        lambda d: changed(d, target="/v1/messages"),
        404,
        "404",
    ),
    "a GET": (calls.foundry, lambda d: changed(d, method="GET"), 404, "404"),
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
        lambda d: changed(d, body=b"\xff"),
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
        calls.foundry_stream,
        lambda d: d.headers.update(accept="image/*"),
        400,
        "invalid_request_error",
    ),
}


@pytest.mark.parametrize("sentence", REFUSED)
def test_foundry_refuses(endpoints: Endpoints, sentence: str) -> None:
    check_refused(endpoints, "foundry", REFUSED[sentence])


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
