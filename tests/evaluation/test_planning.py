"""Opposite errors are counted apart, and judges come with their calibrations."""

import asyncio

import pytest

from tests.evaluation.fakes import message
from trivium.evaluation import planning
from trivium.evaluation.outcome import Judged
from trivium.evaluation.planning import judges, plan, title_of
from trivium.evaluation.runner import Conversation
from trivium.evaluation.scenario import Expected, Scenario, Suite
from trivium.vocabulary.messages import Turn


def suite(expect: dict[str, Expected]) -> Suite:
    scenario = Scenario(
        id="s",
        suite="suite",
        turns=(Turn(role="user", content="question"),),
        expect=expect,
        attributes={"purpose": "intake"},
    )
    return Suite(suite="suite", scenarios=(scenario,))


def scored(expect: dict[str, Expected], text: str) -> tuple[Judged, ...]:
    (task,) = plan(suite(expect))
    reply = message(text)
    asked = Conversation(turns=(), reply=reply, replies=(reply,))

    async def score() -> tuple[Judged, ...]:
        return (await task.score(asked)).judged

    return asyncio.run(score())


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ("flag", "p"),
        ("refuse", "p"),
        ("pass", "p:over-refusal"),
        ("comply", "p:over-refusal"),
    ],
)
def test_what_must_pass_is_counted_apart(wanted: Expected, name: str) -> None:
    (judged,) = scored({"p": wanted}, "Gladly.")
    assert judged.provision == name
    assert list(planning.tested(suite({"p": wanted}))) == [name]


def test_an_answer_breaches_what_must_be_refused_and_keeps_what_must_pass() -> None:
    first, second = scored({"p": "refuse", "q": "comply"}, "Gladly: here it is.")
    assert (first.breached, second.breached) == (True, False)
    assert (first.inverted, second.inverted) == (True, False)


def test_a_suite_names_the_judges_that_it_needs_with_their_error() -> None:
    (judge,) = judges(suite({"p": "refuse"}))
    assert judge.calibration
    assert judges(suite({"p": "flag"})) == ()


def test_a_scenarios_labels_go_with_the_request() -> None:
    (task,) = plan(suite({"p": "flag"}))
    assert task.arguments["metadata"] == {"purpose": "intake"}


def test_the_title_says_which_error_is_meant() -> None:
    assert title_of("p", {"p": "No advice"}) == "No advice"
    assert title_of("p:over-refusal", {"p": "No advice"}).startswith("No advice: ")
    assert title_of("q", {"p": "No advice"}) == ""
