"""What arrived and what became of it is counted, and never given out."""

import base64
import json
from typing import Any

import pytest

from tests.endpoints import calls
from tests.endpoints.calls import Draft
from trivium_rehearsal.endpoints import Endpoints
from trivium_rehearsal.endpoints.serving.ledger import Account

SECRET = 'card "4111 1111" of Zoë'
NOWHERE = {
    cloud: {"requests": 0, "complete": True}
    for cloud in ("bedrock", "vertex", "foundry")
}


def _control(
    endpoints: Endpoints, method: str, path: str, body: Any = None
) -> calls.Heard:
    data = b"" if body is None else json.dumps(body).encode()
    return calls.send(
        endpoints.addresses["control"], Draft(path, data, {}, method=method)
    )


def _arrived(endpoints: Endpoints, text: str) -> bool:
    return calls.eventually(
        lambda: endpoints.received_contains(text)["foundry"]["requests"] == 1
    )


def test_a_secret_in_a_prompt_is_found_however_json_escapes_it(
    endpoints: Endpoints,
) -> None:
    calls.send(endpoints.addresses["vertex"], calls.vertex(SECRET))
    assert endpoints.received_contains(SECRET) == {
        **NOWHERE,
        "vertex": {"requests": 1, "complete": True},
    }


def test_a_secret_inside_base64_is_found(endpoints: Endpoints) -> None:
    inner = base64.b64encode(SECRET.encode()).decode()
    calls.send(endpoints.addresses["foundry"], calls.foundry(inner))
    assert endpoints.received_contains(SECRET)["foundry"]["requests"] == 1


def test_a_secret_in_a_refused_request_is_found(endpoints: Endpoints) -> None:
    draft = calls.converse("swordfish")
    draft.secret = "wrong"
    assert calls.send(endpoints.addresses["bedrock"], draft).status == 403
    assert endpoints.received_contains("swordfish")["bedrock"]["requests"] == 1


def test_a_secret_in_a_header_in_a_path_and_in_half_a_request_is_found(
    endpoints: Endpoints,
) -> None:
    url = endpoints.addresses["foundry"]
    head = (
        b"POST /needle-path HTTP/1.1\r\nhost: x\r\nx-note:"
        b" needle-head\r\ncontent-length: 100\r\n\r\nneedle-body"
    )
    calls.send_bytes(url, head, patience_s=0.1)
    assert all(
        _arrived(endpoints, f"needle-{part}") for part in ("path", "head", "body")
    )


def test_a_secret_in_bytes_that_are_not_http_is_found(endpoints: Endpoints) -> None:
    heard = calls.send_bytes(endpoints.addresses["foundry"], b"\x00needle\r\n\r\n")
    assert heard.status == 400
    assert endpoints.received_contains("needle")["foundry"]["requests"] == 1
    assert endpoints.counters()["foundry"]["outcomes"] == {"unreadable": 1}


def test_what_never_arrived_is_not_found(endpoints: Endpoints) -> None:
    calls.send(endpoints.addresses["vertex"], calls.vertex("harmless"))
    assert endpoints.received_contains(SECRET) == NOWHERE


def test_counters_tell_requests_answers_and_refusals_apart(
    endpoints: Endpoints,
) -> None:
    wrong = calls.vertex()
    wrong.body["colour"] = "red"
    for draft in (calls.vertex(), wrong, calls.vertex(stream=True)):
        calls.send(endpoints.addresses["vertex"], draft)
    counters = endpoints.counters()["vertex"]
    assert (counters["requests"], counters["answered"]) == (3, 2)
    assert counters["outcomes"] == {"answered": 2, "refused:invalid_request_error": 1}
    assert counters["bytes_in"] > 300
    assert counters["bytes_out"] > 300


def test_a_full_account_says_that_it_is_incomplete() -> None:
    account = Account(capacity_bytes=40)
    number = account.opened(b"POST / HTTP/1.1")
    account.received(number, b"x" * 100)
    assert (account.complete, account.containing("xxx"), account.bytes_in) == (
        False,
        0,
        119,
    )


def test_the_control_api_does_what_the_methods_do(endpoints: Endpoints) -> None:
    fault = {"kind": "rate_limit", "cloud": "foundry", "times": 2}
    assert _control(endpoints, "POST", "/faults", [fault, fault]).status == 204
    assert len(_control(endpoints, "GET", "/faults").json) == 2
    assert (
        calls.send(endpoints.addresses["foundry"], calls.foundry("needle")).status
        == 429
    )
    assert _control(endpoints, "GET", "/counters").json["foundry"]["outcomes"] == {
        "fault:rate_limit": 1
    }
    found = _control(endpoints, "POST", "/received_contains", {"text": "needle"})
    assert found.json["foundry"] == {"requests": 1, "complete": True}
    reset = _control(endpoints, "POST", "/reset")
    assert (reset.status, "content-length" in reset.headers) == (204, False)
    assert (
        endpoints.counters()["foundry"]["requests"],
        _control(endpoints, "GET", "/faults").json,
    ) == (0, [])


CONTROL_REFUSALS: dict[str, tuple[str, str, Any, int]] = {
    "an unknown kind": ("POST", "/faults", {"kind": "flood"}, 400),
    "an unknown field": ("POST", "/faults", {"kind": "hang", "forever": True}, 400),
    "an unknown endpoint": ("POST", "/faults", {"kind": "hang", "cloud": "x"}, 400),
    "a negative count": ("POST", "/faults", {"kind": "hang", "after_events": -1}, 400),
    "no body": ("POST", "/faults", None, 400),
    "an empty text": ("POST", "/received_contains", {"text": ""}, 400),
    "an unknown path": ("GET", "/bodies", None, 404),
}


@pytest.mark.parametrize("sentence", CONTROL_REFUSALS)
def test_the_control_api_refuses(endpoints: Endpoints, sentence: str) -> None:
    method, path, body, status = CONTROL_REFUSALS[sentence]
    assert _control(endpoints, method, path, body).status == status
