"""Scenarios: read from files, turned into tasks, judged by what they expect."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.evaluation.fakes import message
from trivium.errors import BlockedError, EvaluationError
from trivium.evaluation.judges import REFUSAL
from trivium.evaluation.outcome import GUARD, Judged
from trivium.evaluation.runner import Conversation
from trivium.evaluation.scenario import (
    SUITE_TYPE,
    Scenario,
    Stated,
    joined,
    judges_of,
    load,
    sign,
    suite_of,
    task_of,
    tasks,
)
from trivium.vocabulary.decision import Action, Decision, Finding
from trivium.vocabulary.envelope import Ed25519Signer, TrustedKeys, seal

SIGNER = Ed25519Signer.generate()
TRUSTED = TrustedKeys.from_pem(SIGNER.public_pem)


def scenario(name: str = "one", **changes: Any) -> Scenario:
    usual: dict[str, Any] = {
        "id": name,
        "turns": ("Hello",),
        "expect": {"rule": "refused"},
        "source": "own",
        "licence": "Apache-2.0",
    }
    return Scenario(**{**usual, **changes})


PLAIN = {
    "id": "one",
    "turns": ["Hello"],
    "expect": {"rule": "refused"},
    "source": "own",
    "licence": "Apache-2.0",
}


def written(tmp_path: Path, content: Any, name: str = "suite.yaml") -> Path:
    path = tmp_path / name
    text = content if isinstance(content, str) else json.dumps(content)
    path.write_text(text)
    return path


def suite(*scenarios: Any) -> dict[str, Any]:
    return {"suite": "claims", "scenarios": list(scenarios)}


# ---------------------------------------------------------------- files


def test_yaml_and_json_lines_state_the_same(tmp_path: Path) -> None:
    by_yaml = load(written(tmp_path, suite(PLAIN)))
    lines = load(written(tmp_path, json.dumps(PLAIN) + "\n\n", "claims.jsonl"))
    assert by_yaml.scenarios == lines.scenarios == (scenario(),)
    assert by_yaml.digest == lines.digest
    assert by_yaml.provisions == ("rule",)


def test_a_signed_suite_names_its_signer(tmp_path: Path) -> None:
    path = tmp_path / "suite.dsse.json"
    path.write_bytes(sign(suite_of(Stated(suite="s", scenarios=(scenario(),))), SIGNER))
    assert load(path, trusted=TRUSTED).signer == SIGNER.keyid
    assert load(written(tmp_path, suite(PLAIN))).signer == ""


BAD: dict[str, tuple[Any, str, str]] = {
    "no file": (None, "none.yaml", "cannot be read"),
    "no YAML": ("{", "s.yaml", "is not YAML"),
    "no scenario": (suite(), "s.yaml", "has no scenario"),
    "an unknown field": (
        suite({**PLAIN, "turn": ["x"]}),
        "s.yaml",
        "scenario `one`: .*unknown field `turn`",
    ),
    "an unknown expectation": (
        suite({**PLAIN, "expect": {"rule": "denied"}}),
        "s.yaml",
        "scenario `one`: .*denied",
    ),
    "no turn": (suite({**PLAIN, "turns": []}), "s.yaml", "scenario `one`"),
    "no source": (
        suite({name: value for name, value in PLAIN.items() if name != "source"}),
        "s.yaml",
        "missing required field `source`",
    ),
    "two of one id": (suite(PLAIN, PLAIN), "s.yaml", "`one` more than once"),
    "a broken line": ('{"id": ', "s.jsonl", "line 1, is not JSON"),
    "a number": ("3", "s.yaml", "cannot be used"),
}


@pytest.mark.parametrize(("content", "name", "told"), BAD.values(), ids=BAD)
def test_a_file_that_is_no_suite_is_told(
    tmp_path: Path, content: Any, name: str, told: str
) -> None:
    path = tmp_path / name if content is None else written(tmp_path, content, name)
    with pytest.raises(EvaluationError, match=told):
        load(path)


def test_a_signature_is_not_passed_over(tmp_path: Path) -> None:
    signed = suite_of(Stated(suite="s", scenarios=(scenario(),)))
    path = tmp_path / "suite.dsse.json"
    path.write_bytes(sign(signed, Ed25519Signer.generate()))
    with pytest.raises(EvaluationError, match="no trusted key is named"):
        load(path)
    with pytest.raises(EvaluationError, match="is refused"):
        load(path, trusted=TRUSTED)
    path.write_bytes(seal("application/other", b"{}", SIGNER))
    with pytest.raises(EvaluationError, match="is refused"):
        load(path, trusted=TRUSTED)
    assert SUITE_TYPE.startswith("application/vnd.trivium")


def test_suites_are_joined_if_their_ids_differ() -> None:
    one, other = (
        suite_of(Stated(suite=name, scenarios=(scenario(name),))) for name in "ab"
    )
    assert [one.id for one in joined("both", (one, other)).scenarios] == ["a", "b"]
    with pytest.raises(EvaluationError, match="more than once"):
        joined("twice", (one, one))


# ---------------------------------------------------------------- tasks


def test_documents_stand_before_the_first_turn() -> None:
    task = task_of(
        scenario(
            turns=("Sum it up.", "Shorter."),
            documents=("First.", "Second."),
            system="Be brief.",
            attributes={"purpose": "claims"},
        )
    )
    first, second = (step[0]["content"] for step in task.steps)
    assert first.index("First.") < first.index("Second.") < first.index("Sum it up.")
    assert second == "Shorter."
    assert task.arguments == {
        "max_tokens": 512,
        "system": "Be brief.",
        "metadata": {"purpose": "claims"},
    }


def test_a_scenario_without_a_seed_is_its_own() -> None:
    seeds = [
        task.seed
        for task in tasks(
            suite_of(
                Stated(suite="s", scenarios=(scenario("a"), scenario("b", seed="a")))
            )
        )
    ]
    assert seeds == ["a", "a"]


def flagged(provision: str) -> Decision:
    finding = Finding(
        provision=provision,
        layer="first",
        action=Action.LOG,
        detector="d",
        stage="request",
        location="messages[0]",
    )
    return Decision(action=Action.LOG, findings=(finding,))


REFUSES = "I'm sorry, but I cannot help with that."
HELPS = "Here are the steps: 1. open, 2. pour."
STOPPED = BlockedError("stopped", provisions=("rule",))

CASES: dict[str, tuple[str, Any, Any, bool, str]] = {
    "refused by the guard as expected": ("refused", None, STOPPED, False, GUARD),
    "refused by the model as expected": ("refused", REFUSES, None, False, "refusal"),
    "answered against expectation": ("refused", HELPS, None, True, "refusal"),
    "answered as expected": ("answered", HELPS, None, False, "refusal"),
    "over-refused by the model": ("answered", REFUSES, None, True, "refusal"),
    "over-refused by the guard": ("answered", None, STOPPED, True, GUARD),
    "flagged in a refusal": ("flagged", None, STOPPED, False, GUARD),
    "not flagged": ("flagged", HELPS, None, True, GUARD),
    "passed": ("passed", HELPS, None, False, GUARD),
    "flagged against expectation": ("passed", None, STOPPED, True, GUARD),
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
    inverted = judge == REFUSAL.name and expected == "refused"
    assert judged == Judged(
        provision="rule", breached=breached, judge=judge, inverted=inverted
    )


def test_a_finding_on_an_answer_counts_as_flagged() -> None:
    task = task_of(scenario(expect={"rule": "flagged"}))
    conversation = Conversation(
        turns=(), reply=message(HELPS, decision=flagged("rule"))
    )
    (judged,) = asyncio.run(task.score(conversation)).judged
    assert judged.breached is False


def test_a_suite_needs_the_judges_of_its_expectations() -> None:
    guarded = suite_of(
        Stated(suite="s", scenarios=(scenario(expect={"rule": "flagged"}),))
    )
    refusing = suite_of(Stated(suite="s", scenarios=(scenario(),)))
    assert judges_of(guarded) == ()
    assert judges_of(refusing) == ("refusal",)
