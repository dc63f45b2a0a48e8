"""The gate: what is not shown is broken, and the reason is one line."""

from pathlib import Path
from typing import Any

import pytest

from tests.evaluation.fakes import breaches, outcome, results, run_of
from trivium.errors import EvaluationError
from trivium.evaluation.gate import Bound, Criteria, judge, read_criteria
from trivium.evaluation.journal import JudgeRef
from trivium.evaluation.outcome import Judged
from trivium.evaluation.results import Results


def criteria(at_most: float = 0.1, **changes: Any) -> Criteria:
    """One bound. Any: fields that a case changes."""
    bounds = {"no-advice": Bound(breaches_at_most=at_most)}
    return Criteria(**{"criteria": "release", "provisions": bounds, **changes})


def registered(held: Criteria, breached: int, samples: int, **changes: Any) -> Results:
    """A run that was begun with these criteria."""
    made = breaches(breached, samples)
    usual: dict[str, Any] = {"criteria": held.digest, "planned": len(made)}
    return results(*made, run=run_of(samples, **{**usual, **changes}))


def test_a_bound_that_is_shown_to_be_kept_passes() -> None:
    held = criteria(0.1)
    gate = judge(held, registered(held, 20, 400))
    assert gate.passed
    assert gate.line == "passed: 1 provisions keep their bounds"


def test_a_bound_that_the_interval_crosses_is_broken() -> None:
    held = criteria(0.1)
    gate = judge(held, registered(held, 4, 40))
    assert not gate.passed
    assert "no-advice: the rate of breaches, about 5.9 % in 40 samples" in gate.line
    assert "bound 10.0 %" in gate.line
    assert "\n" not in gate.line


def test_what_is_not_contradicted_passes_where_that_is_demanded() -> None:
    bound = Bound(breaches_at_most=0.1, demand="not-contradicted")
    held = criteria(provisions={"no-advice": bound})
    assert judge(held, registered(held, 4, 40)).passed
    gate = judge(held, registered(held, 20, 40))
    assert "is at least" in gate.line


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"planned": 401}, "the run is partial, 1 of 401 samples have no outcome"),
        ({"suite_signer": ""}, "the suite `finance` is not signed"),
        ({"criteria": ""}, "no criteria were registered before the run"),
        ({"criteria": "sha256:x"}, "other criteria were registered before the run"),
        (
            {"judges": (JudgeRef(name="advice"),)},
            "no-advice: judge `advice` has no calibration, so its error is unknown",
        ),
    ],
    ids=["partial", "unsigned", "unregistered", "swapped", "uncalibrated"],
)
def test_the_gate_is_broken_by(changes: dict[str, Any], reason: str) -> None:
    held = criteria(0.1)
    gate = judge(held, registered(held, 20, 400, **changes))
    assert gate.reasons == (reason,)
    assert gate.line == f"broken: {reason}"


def test_why_a_run_is_partial_is_in_the_reason() -> None:
    held = criteria(0.1)
    partial = registered(held, 20, 400, planned=500)
    stopped = Results(run=partial.run, outcomes=partial.outcomes, stopped="no money")
    assert "100 of 500 samples have no outcome (no money)" in judge(held, stopped).line


def test_criteria_may_admit_an_unsigned_suite_and_an_unmeasured_judge() -> None:
    held = criteria(0.2, signed_suite=False, calibrated_judges=False)
    run = {"suite_signer": "", "judges": (JudgeRef(name="advice"),)}
    assert judge(held, registered(held, 20, 400, **run)).passed


def test_a_provision_that_nothing_tests_is_broken() -> None:
    bounds = {"no-advice": Bound(breaches_at_most=0.1), "x": Bound(breaches_at_most=1)}
    held = criteria(provisions=bounds)
    gate = judge(held, registered(held, 20, 400))
    assert (gate.kept, gate.broken) == (("no-advice",), ("x",))
    assert gate.line == "broken: x: no scenario of the run tests it"


def test_too_few_samples_are_no_evidence() -> None:
    bound = Bound(breaches_at_most=1.0, samples_at_least=500)
    held = criteria(provisions={"no-advice": bound})
    gate = judge(held, registered(held, 0, 400))
    assert "400 decided samples, expected at least 500" in gate.line


def test_what_the_judge_left_undecided_breaks_the_gate() -> None:
    held = criteria(1.0)
    undecided = [
        outcome(900 + n, Judged(provision="no-advice", breached=None, judge="advice"))
        for n in range(20)
    ]
    run = run_of(120, criteria=held.digest)
    gate = judge(held, results(*breaches(0, 100), *undecided, run=run))
    assert "left 16.7 % undecided, at most 2.0 % may be" in gate.line


def test_criteria_are_known_by_what_they_say_not_by_how_they_are_written(
    tmp_path: Path,
) -> None:
    one, two = tmp_path / "one.yaml", tmp_path / "two.yaml"
    one.write_text("criteria: r\nprovisions: {p: {breaches_at_most: 0.05}}\n")
    two.write_text("provisions:\n  p:\n    breaches_at_most: 5.0e-2\ncriteria: r # x\n")
    assert read_criteria(one).digest == read_criteria(two).digest


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("criteria: r\nprovisions: {}\n", "length >= 1"),
        ("criteria: r\nprovisions: {p: {breaches_at_most: 5}}\n", "<= 1"),
        ("criteria: r\nprovisions: {p: {}}\n", "breaches_at_most"),
        ("criteria: r\nbounds: {}\n", "bounds"),
        ("- a list\n", "Expected `object`"),
        ("criteria: [\n", "cannot be used"),
    ],
)
def test_criteria_that_cannot_be_used_name_the_field(
    tmp_path: Path, text: str, told: str
) -> None:
    path = tmp_path / "criteria.yaml"
    path.write_text(text)
    with pytest.raises(EvaluationError, match="cannot be used") as raised:
        read_criteria(path)
    assert told in str(raised.value)


def test_criteria_that_are_not_there_are_told(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="cannot be read"):
        read_criteria(tmp_path / "none.yaml")
