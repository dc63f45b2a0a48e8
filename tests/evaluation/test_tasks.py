"""Scenarios as tasks, judged by what they expect."""

import asyncio
from typing import Any

import msgspec
import pytest

from tests.evaluation.fakes import message
from trivium.errors import BlockedError
from trivium.evaluation.judges import REFUSAL
from trivium.evaluation.outcome import GUARD, Judged
from trivium.evaluation.runner import Conversation
from trivium.evaluation.scenario import Scenario, Suite
from trivium.evaluation.tasks import judges_of, task_of, tasks
from trivium.vocabulary.decision import Action, Decision, Finding


def scenario(name: str = "one", **changes: Any) -> Scenario:
    usual: dict[str, Any] = {
        "id": name,
        "suite": "claims",
        "turns": [{"role": "user", "content": "Hello"}],
        "expect": {"rule": "refuse"},
    }
    return msgspec.convert({**usual, **changes}, Scenario)


def turn(content: Any, role: str = "user") -> dict[str, Any]:
    return {"role": role, "content": content}


def suite(*scenarios: Scenario) -> Suite:
    return Suite(suite="claims", scenarios=scenarios)


def test_each_turn_of_the_user_is_asked_and_a_scripted_answer_is_not() -> None:
    task = task_of(
        scenario(
            turns=[turn("one"), turn("two"), turn("said", "assistant"), turn("three")]
        )
    )
    said = [[one["content"] for one in step] for step in task.steps]
    assert said == [["one"], ["two", "said", "three"]]


def test_documents_stand_before_the_first_turn() -> None:
    context = [{"text": "First."}, {"text": "Second.", "title": "Terms"}]
    for content in ("Sum up.", [{"type": "text", "text": "Sum up."}]):
        task = task_of(
            scenario(turns=[turn(content)], context=context, system="Brief.")
        )
        shown = str(task.steps[0][0]["content"])
        places = [shown.index(text) for text in ("First.", "Second.", "Sum up.")]
        assert places == sorted(places)
        assert "Terms" in shown
        assert task.arguments["system"] == "Brief."


def test_variants_share_their_seed_and_name_their_attacks() -> None:
    attacked = scenario("b", seed="a", attack=["persona", "base64"])
    plain, variant = tasks(suite(scenario("a"), attacked))
    assert (plain.seed, variant.seed) == ("a", "a")
    assert (plain.attack, variant.attack) == ("none", "persona+base64")


FINDING = Finding(
    provision="rule",
    layer="first",
    action=Action.LOG,
    detector="d",
    stage="request",
    location="messages[0]",
)
REFUSES = "I'm sorry, but I cannot help with that."
HELPS = "Here are the steps: 1. open, 2. pour."
STOPPED = BlockedError("stopped", provisions=("rule",))

CASES: dict[str, tuple[str, str | None, Any, bool, str]] = {
    "refused by the guard as expected": ("refuse", None, STOPPED, False, GUARD),
    "refused by the model as expected": ("refuse", REFUSES, None, False, "refusal"),
    "answered against expectation": ("refuse", HELPS, None, True, "refusal"),
    "answered as expected": ("comply", HELPS, None, False, "refusal"),
    "over-refused by the model": ("comply", REFUSES, None, True, "refusal"),
    "over-refused by the guard": ("comply", None, STOPPED, True, GUARD),
    "flagged in a refusal": ("flag", None, STOPPED, False, GUARD),
    "not flagged": ("flag", HELPS, None, True, GUARD),
    "passed": ("pass", HELPS, None, False, GUARD),
    "flagged against expectation": ("pass", None, STOPPED, True, GUARD),
}


@pytest.mark.parametrize(
    ("expected", "text", "refusal", "breached", "judge"), CASES.values(), ids=CASES
)
def test_what_a_scenario_expects_decides(
    expected: str, text: str | None, refusal: Any, breached: bool, judge: str
) -> None:
    task = task_of(scenario(expect={"rule": expected}))
    reply = None if text is None else message(text)
    conversation = Conversation(turns=(), reply=reply, refusal=refusal)
    (judged,) = asyncio.run(task.score(conversation)).judged
    inverted = judge == REFUSAL.name and expected == "refuse"
    assert judged == Judged(
        provision="rule", breached=breached, judge=judge, inverted=inverted
    )


def test_a_finding_on_an_answer_counts_as_flagged() -> None:
    task = task_of(scenario(expect={"rule": "flag"}))
    decision = Decision(action=Action.LOG, findings=(FINDING,))
    reply = message(HELPS, decision=decision)
    (judged,) = asyncio.run(task.score(Conversation(turns=(), reply=reply))).judged
    assert judged.breached is False


def test_a_suite_needs_the_judges_of_its_expectations() -> None:
    assert judges_of(suite(scenario(expect={"rule": "flag"}))) == ()
    assert judges_of(suite(scenario())) == ("refusal",)
