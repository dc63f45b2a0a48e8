"""Figures: clustered, corrected, and honest about what they are not."""

import random

import pytest

from tests.evaluation.fakes import JUDGE, breaches, outcome, results, run_of
from trivium.errors import EvaluationError
from trivium.evaluation.journal import JudgeRef
from trivium.evaluation.outcome import Judged, Outcome
from trivium.evaluation.results import compare
from trivium.statistics import Calibration, corrected_rate, rate

ADVICE = Calibration(positives=500, found=450, negatives=500, cleared=475)


def test_a_calibrated_judges_error_is_taken_out() -> None:
    figure = results(*breaches(40, 400)).of("no-advice")
    assert figure is not None
    expected = corrected_rate(rate(40, 400), ADVICE)
    assert (figure.estimate, figure.low, figure.high) == (
        expected.estimate,
        expected.low,
        expected.high,
    )
    assert figure.corrected
    assert figure.note == ""


def test_a_judge_without_calibration_leaves_the_figure_uncorrected() -> None:
    run = run_of(100, judges=(JudgeRef(name="advice"),))
    figure = results(*breaches(5, 100), run=run).of("no-advice")
    assert figure is not None
    assert not figure.corrected
    assert figure.estimate == 0.05
    assert "no calibration" in figure.note


def test_the_guards_own_decision_needs_no_correction() -> None:
    figure = results(*breaches(5, 100, judge="guard")).of("no-advice")
    assert figure is not None
    assert not figure.corrected
    assert "no judge's error" in figure.note
    assert figure.high == rate(5, 100).high


def test_where_a_breach_is_what_the_judge_misses_its_errors_change_places() -> None:
    made = [
        outcome(
            n,
            Judged(provision="refuses", breached=n < 30, judge="advice", inverted=True),
        )
        for n in range(300)
    ]
    figure = results(*made).of("refuses")
    turned = Calibration(positives=500, found=475, negatives=500, cleared=450)
    assert figure is not None
    assert figure.high == corrected_rate(rate(30, 300), turned).high


def test_a_judge_no_better_than_chance_says_nothing() -> None:
    judge = JudgeRef(
        name="advice",
        calibration="sha256:0",
        positives=10,
        found=5,
        negatives=10,
        cleared=5,
    )
    figure = results(*breaches(5, 100), run=run_of(100, judges=(judge,))).of(
        "no-advice"
    )
    assert figure is not None
    assert (figure.low, figure.high) == (0.0, 1.0)
    assert "better than chance" in figure.note


def test_what_the_guard_refused_is_left_out_of_the_correction() -> None:
    let_through = breaches(40, 400)
    stopped = [
        outcome(900 + n, Judged(provision="no-advice", breached=False))
        for n in range(100)
    ]
    figure = results(*let_through, *stopped).of("no-advice")
    alone = results(*let_through).of("no-advice")
    assert figure is not None
    assert alone is not None
    assert (figure.low, figure.high) == (alone.low, alone.high)
    assert figure.corrected
    assert "it refused 100" in figure.note


def test_breaches_by_the_guard_beside_a_judges_are_not_corrected() -> None:
    guards = [
        outcome(900 + n, Judged(provision="no-advice", breached=True)) for n in range(9)
    ]
    figure = results(*breaches(40, 400), *guards).of("no-advice")
    assert figure is not None
    assert not figure.corrected
    assert "several judges" in figure.note


def test_variants_of_a_seed_count_for_less_than_as_many_prompts() -> None:
    def made(variants: int) -> list[Outcome]:
        return [
            outcome(
                n,
                Judged(provision="no-advice", breached=n // variants % 5 == 0),
                seed=f"seed{n // variants}",
            )
            for n in range(100)
        ]

    alone = results(*made(1)).of("no-advice")
    grouped = results(*made(5)).of("no-advice")
    assert alone is not None
    assert grouped is not None
    assert alone.estimate == grouped.estimate
    assert grouped.clusters == 20
    assert grouped.high - grouped.low > 1.5 * (alone.high - alone.low)


def test_what_a_judge_could_not_decide_is_counted_apart() -> None:
    undecided = [
        outcome(900 + n, Judged(provision="no-advice", breached=None, judge="advice"))
        for n in range(3)
    ]
    figure = results(*breaches(1, 7), *undecided).of("no-advice")
    assert figure is not None
    assert (figure.samples, figure.undecided) == (7, 3)


def test_groups_are_told_apart_only_where_there_are_several() -> None:
    made = [
        outcome(n, Judged(provision="p", breached=False), route=route)
        for n, route in enumerate(["aws-us", "aws-us", "gcp-us"])
    ]
    found = {(each.family, each.group) for each in results(*made).figures}
    assert found == {("provision", ""), ("route", "aws-us"), ("route", "gcp-us")}


def test_an_attack_is_compared_with_the_plain_prompts_of_its_seeds() -> None:
    made: list[Outcome] = []
    for n in range(12):
        for attack, breached in (("none", False), ("persona", True)):
            made.append(
                outcome(
                    len(made),
                    Judged(provision="p", breached=breached),
                    seed=f"s{n}",
                    attack=attack,
                )
            )
    (contrast,) = results(*made).contrasts
    assert (contrast.attack, contrast.seeds, contrast.more) == ("persona", 12, 12)
    assert contrast.p_value == pytest.approx(2 / 2**12)


def test_two_runs_are_paired_by_sample_and_adjusted_over_provisions() -> None:
    def made(breached: int) -> list[Outcome]:
        return [
            outcome(
                n,
                Judged(provision="first", breached=n < breached),
                Judged(provision="second", breached=False),
            )
            for n in range(100)
        ]

    first, second = compare(results(*made(10)), results(*made(18)))
    assert (first.gained, first.lost, first.pairs) == (8, 0, 100)
    assert first.p_value == pytest.approx(2 / 2**8)
    assert first.adjusted == pytest.approx(4 / 2**8)
    assert first.test == "mcnemar"
    assert (second.p_value, second.adjusted) == (1.0, 1.0)


def test_seeds_with_several_samples_are_compared_by_their_sums() -> None:
    def made(breached: bool) -> list[Outcome]:
        return [
            outcome(n, Judged(provision="p", breached=breached), seed=f"s{n // 10}")
            for n in range(30)
        ]

    (change,) = compare(results(*made(False)), results(*made(True)))
    assert change.test == "sign-flip"
    assert change.p_value == pytest.approx(2 / 2**3)


def test_runs_of_different_suites_are_no_pairs() -> None:
    other = results(*breaches(1, 9), run=run_of(9, suite_digest="sha256:other"))
    with pytest.raises(EvaluationError, match="cannot be paired"):
        compare(results(*breaches(1, 9)), other)


@pytest.mark.prove
@pytest.mark.parametrize("truth", [0.05, 0.1, 0.4])
def test_intervals_cover_the_truth_with_a_biased_judge_and_clusters(
    truth: float,
) -> None:
    """10,000 suites: a judge with errors of its own, whose calibration is a sample of
    200 labels, and seeds whose variants resemble each other."""
    random.seed(20261127)
    covered = sum(_covers(truth=truth) for _ in range(10_000))
    assert 0.94 <= covered / 10_000 <= 0.96, covered


def _covers(*, truth: float) -> bool:
    """One simulated suite of 100 seeds with two variants each."""
    sensitivity, specificity = 0.85, 0.95
    judge = JudgeRef(
        name="advice",
        calibration="sha256:0",
        positives=200,
        found=sum(random.random() < sensitivity for _ in range(200)),
        negatives=200,
        cleared=sum(random.random() < specificity for _ in range(200)),
    )
    made = []
    for seed in range(100):
        # Beta-distributed rates per seed: variants of one seed resemble each other.
        tendency = random.betavariate(truth * 4, (1 - truth) * 4)
        for variant in range(2):
            really = random.random() < tendency
            hit = random.random() < (sensitivity if really else 1 - specificity)
            made.append(
                outcome(
                    seed * 2 + variant,
                    Judged(provision="p", breached=hit, judge="advice"),
                    seed=str(seed),
                )
            )
    figure = results(*made, run=run_of(len(made), judges=(judge,))).of("p")
    assert figure is not None
    return figure.low <= truth <= figure.high


def test_the_fakes_judge_is_the_calibration_of_these_tests() -> None:
    assert (JUDGE.positives, JUDGE.found, JUDGE.negatives, JUDGE.cleared) == (
        ADVICE.positives,
        ADVICE.found,
        ADVICE.negatives,
        ADVICE.cleared,
    )
