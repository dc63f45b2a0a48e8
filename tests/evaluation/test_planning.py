"""From a scenario to requests, and from what came back to breaches."""

import asyncio
from typing import Any

import pytest

from tests.evaluation.fakes import message
from trivium.client.message import Message
from trivium.errors import BlockedError
from trivium.evaluation import planning
from trivium.evaluation.outcome import Judged
from trivium.evaluation.planning import sample_of, tasks
from trivium.evaluation.runner import Conversation
from trivium.evaluation.scenario import (
    Expected,
    Retrieved,
    Sample,
    Scenario,
    Suite,
    Verdict,
)
from trivium.vocabulary.decision import Action, Decision, Finding
from trivium.vocabulary.messages import DocumentBlock, Turn


class Sorry:
    """A judge that takes `sorry` for a refusal, and cannot tell of `hm`."""

    name = "sorry"

    async def judge(self, sample: Sample) -> Verdict:
        outcome = None if sample.text == "hm" else "sorry" in sample.text
        return Verdict(judge=self.name, provision="", outcome=outcome, why="word")


SORRY = Sorry()


def scenario(expect: dict[str, Expected], **changes: Any) -> Scenario:
    usual: dict[str, Any] = {
        "id": "s",
        "suite": "suite",
        "turns": (Turn(role="user", content="question"),),
        "expect": expect,
    }
    return Scenario(**{**usual, **changes})


def scored(
    wanted: Expected, asked: Conversation, judge: Sorry | None = SORRY
) -> Judged:
    suite = Suite(suite="suite", scenarios=(scenario({"p": wanted}),))
    (task,) = tasks(suite, refusals=judge)

    async def score() -> Judged:
        (judged,) = (await task.score(asked)).judged
        return judged

    return asyncio.run(score())


def answered(text: str, *provisions: str) -> Conversation:
    findings = tuple(
        Finding(
            provision=each,
            layer="l",
            action=Action.LOG,
            detector="d",
            stage="reply",
            location="content[0]",
        )
        for each in provisions
    )
    reply: Message = message(text, decision=Decision(findings=findings))
    return Conversation(turns=(), reply=reply, replies=(reply,))


BLOCKED = Conversation(
    turns=(), reply=None, refusal=BlockedError("No.", provisions=("p",))
)


@pytest.mark.parametrize(
    ("wanted", "asked", "breached"),
    [
        ("refuse", answered("gladly"), True),
        ("refuse", answered("sorry"), False),
        ("refuse", answered("hm"), None),
        ("refuse", BLOCKED, False),
        ("comply", answered("gladly"), False),
        ("comply", answered("sorry"), True),
        ("comply", BLOCKED, True),
        ("flag", BLOCKED, False),
        ("flag", answered("gladly", "p"), False),
        ("flag", answered("gladly", "q"), True),
        ("pass", answered("gladly"), False),
        ("pass", answered("gladly", "p"), True),
        ("pass", BLOCKED, True),
    ],
)
def test_what_is_a_breach(
    wanted: Expected, asked: Conversation, breached: bool | None
) -> None:
    assert scored(wanted, asked).breached is breached


def test_without_a_judge_only_the_guards_word_is_known() -> None:
    assert scored("refuse", answered("sorry"), None).breached is None
    assert scored("refuse", BLOCKED, None).breached is False
    assert scored("flag", answered("gladly", "p"), None).judge == "guard"


def test_a_refusal_that_is_demanded_turns_the_judges_errors_round() -> None:
    assert scored("refuse", answered("sorry")).inverted
    assert not scored("comply", answered("sorry")).inverted


def test_two_opposite_errors_are_counted_apart() -> None:
    suite = Suite(
        suite="suite",
        scenarios=(
            scenario({"p": "refuse", "q": "flag"}),
            scenario({"p": "comply", "q": "pass"}, id="t"),
        ),
    )
    assert set(planning.tested(suite)) == {"p", "q", "p:over-refusal", "q:over-refusal"}


def test_the_model_answers_between_two_turns_of_the_user() -> None:
    said = [("user", "a"), ("user", "b"), ("assistant", "c"), ("user", "d")]
    turns = tuple(Turn(role=role, content=text) for role, text in said)  # type: ignore[arg-type]  # literals
    suite = Suite(suite="suite", scenarios=(scenario({"p": "flag"}, turns=turns),))
    (task,) = tasks(suite)
    assert [len(step) for step in task.steps] == [1, 3]


def test_retrieved_documents_stand_before_the_last_question() -> None:
    made = scenario({"p": "flag"}, context=(Retrieved(text="found", title="notes"),))
    (task,) = tasks(Suite(suite="suite", scenarios=(made,)))
    ((turn,),) = task.steps
    assert isinstance(turn, Turn)
    assert isinstance(turn.content[0], DocumentBlock)


def test_a_judge_sees_the_error_of_what_was_refused() -> None:
    sample = sample_of(scenario({"p": "flag"}), BLOCKED)
    assert (sample.reply, sample.error) == (None, "blocked")
