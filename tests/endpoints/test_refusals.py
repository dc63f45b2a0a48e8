"""The requests that other tests spoil are answered; a refusal repeats nothing."""

from collections.abc import Callable

import pytest

from tests.endpoints import calls
from tests.endpoints.calls import Draft
from trivium_rehearsal.endpoints import Endpoints

UNSPOILED: dict[str, tuple[str, Callable[[], Draft]]] = {
    **calls.WHOLE,
    **calls.STREAMS,
    "Converse by the profile's ARN": (
        "bedrock",
        lambda: calls.converse(model=calls.PROFILE_ARN),
    ),
    "Converse with a session token": ("bedrock", calls.temporary),
}


@pytest.mark.parametrize("sentence", UNSPOILED)
def test_the_same_requests_unspoiled_are_answered(
    endpoints: Endpoints, sentence: str
) -> None:
    cloud, build = UNSPOILED[sentence]
    heard = calls.send(endpoints.addresses[cloud], build())
    assert (heard.status, heard.complete) == (200, True)
    assert endpoints.counters()[cloud]["outcomes"] == {"answered": 1}


def test_a_refusal_never_repeats_a_credential_or_a_prompt(endpoints: Endpoints) -> None:
    draft = calls.converse("the prompt itself")
    draft.secret = "wrong"
    heard = calls.send(endpoints.addresses["bedrock"], draft)
    assert b"the prompt itself" not in heard.body
    assert calls.SECRET_KEY.encode() not in heard.body
