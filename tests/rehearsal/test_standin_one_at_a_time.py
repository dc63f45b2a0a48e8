"""Two deployments of one AI account are never created at once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from tests.rehearsal.standin import Engine, RefusedError
from trivium_rehearsal.one_at_a_time import OneAtATime, account_of
from trivium_rehearsal.place import NOWHERE
from trivium_rehearsal.provider import StandInProvider

TYPED = "azure-native:cognitiveservices:Deployment"
GENERIC = "azure-native:resources:Resource"
OTHER = "azure-native:cognitiveservices:Project"

PATIENT_S = 60.0
"""A creation ends as soon as another one was refused, so nobody waits this long."""


def typed(name: str, account: str = "claude") -> dict[str, Any]:
    return {
        "resourceGroupName": "g",
        "accountName": account,
        "deploymentName": name,
    }


def generic(name: str, account: str = "claude", **more: Any) -> dict[str, Any]:
    return {
        "resourceGroupName": "g",
        "resourceProviderNamespace": "Microsoft.CognitiveServices",
        "parentResourcePath": f"accounts/{account}",
        "resourceType": "deployments",
        "resourceName": name,
        "apiVersion": "2025-10-01-preview",
        **more,
    }


def engine(lasts_s: float) -> Engine:
    made = Engine("azure-native")
    made.provider = StandInProvider("azure-native", one_at_a_time=OneAtATime(lasts_s))
    return made


def at_once(
    lasts_s: float, *asked: tuple[str, dict[str, Any]], preview: bool = False
) -> list[str]:
    """What each of `asked` is refused with, empty where it is created."""
    under, ready = engine(lasts_s), Barrier(len(asked))

    def create(token: str, inputs: dict[str, Any]) -> str:
        ready.wait()
        try:
            under.create(token, inputs, preview=preview)
        except RefusedError as refused:
            return str(refused)
        return ""

    with ThreadPoolExecutor(len(asked)) as pool:
        return sorted(pool.map(lambda each: create(*each), asked))


TOGETHER = {
    "two generic ones": ((GENERIC, generic("a")), (GENERIC, generic("b"))),
    "two typed ones": ((TYPED, typed("a")), (TYPED, typed("b"))),
    "one of each kind": ((TYPED, typed("a")), (GENERIC, generic("b"))),
    "an account in other capitals": (
        (TYPED, typed("a")),
        (GENERIC, generic("b", "Claude")),
    ),
}


@pytest.mark.parametrize("sentence", TOGETHER)
def test_the_second_of_one_account_is_refused(sentence: str) -> None:
    created, refused = at_once(PATIENT_S, *TOGETHER[sentence])
    assert created == ""
    assert "`thing`: another deployment of the account `claude`" in refused
    assert "Azure would answer 409 RequestConflict" in refused
    assert "give this one `depends_on` the other" in refused


APART = {
    "deployments of two accounts": ((TYPED, typed("a")), (TYPED, typed("b", "other"))),
    "a deployment and something else of the account": (
        (TYPED, typed("a")),
        (OTHER, {"resourceGroupName": "g", "accountName": "claude"}),
    ),
}


@pytest.mark.parametrize("sentence", APART)
def test_what_is_not_of_one_account_is_created_at_once(sentence: str) -> None:
    assert at_once(0, *APART[sentence]) == ["", ""]


def test_a_preview_creates_nothing_and_refuses_nothing() -> None:
    assert at_once(PATIENT_S, *TOGETHER["two typed ones"], preview=True) == ["", ""]


def test_one_after_the_other_is_created() -> None:
    under = engine(0)
    for name in ("a", "b"):
        assert under.create(TYPED, typed(name))[0].endswith(f"/deployments/{name}")


@pytest.mark.parametrize(
    ("token", "inputs"),
    [
        (GENERIC, generic("a", resourceProviderNamespace="Microsoft.Solutions")),
        (GENERIC, generic("a", resourceType="projects")),
        (GENERIC, generic("a", parentResourcePath="")),
        (OTHER, {"resourceGroupName": "g", "accountName": "claude"}),
    ],
)
def test_what_is_no_deployment_of_an_account_is_not_held_up(
    token: str, inputs: dict[str, Any]
) -> None:
    assert account_of(token, inputs, NOWHERE) is None
