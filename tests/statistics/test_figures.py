"""Each figure against values that others have published or that can be counted."""

from itertools import product
from math import isclose
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trivium.statistics import (
    Calibration,
    Cusum,
    EProcess,
    clustered_rate,
    cohens_kappa,
    corrected_rate,
    holm,
    mcnemar,
    pairs_needed,
    power_of_mcnemar,
    rate,
    sign_flip,
)
from trivium.statistics.quantiles import t_quantile

# --- rates ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("successes", "samples", "low", "high"),
    [
        (10, 200, 0.0274, 0.0896),
        (25, 500, 0.0341, 0.0728),
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
    ],
)
def test_wilsons_interval_is_the_published_one(
    successes: int, samples: int, low: float, high: float
) -> None:
    found = rate(successes, samples)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


@pytest.mark.parametrize(
    ("degrees", "expected"),
    [(1, 12.706), (2, 4.303), (5, 2.571), (10, 2.228), (30, 2.042), (1000, 1.962)],
)
def test_students_t_is_that_of_the_tables(degrees: int, expected: float) -> None:
    assert round(t_quantile(0.95, degrees), 3) == expected


@given(st.integers(1, 400), st.data())
def test_an_interval_contains_its_estimate(samples: int, data: st.DataObject) -> None:
    found = rate(data.draw(st.integers(0, samples)), samples)
    assert 0 <= found.low <= found.estimate <= found.high <= 1


def test_identical_variants_count_once() -> None:
    clusters = {str(n): [n < 10] * 8 for n in range(40)}
    found = clustered_rate(clusters)
    assert found.samples == 320
    assert isclose(found.effective, 39, rel_tol=0.01)
    assert found.high - found.low > 2 * (rate(80, 320).high - rate(80, 320).low)


def test_variants_that_have_nothing_in_common_count_each() -> None:
    random = Random(1)
    clusters = {str(n): [random.random() < 0.3 for _ in range(5)] for n in range(2000)}
    assert clustered_rate(clusters).effective > 9000


def test_where_nothing_varies_each_cluster_counts_once() -> None:
    found = clustered_rate({str(n): [False] * 50 for n in range(12)})
    assert (found.effective, found.estimate, found.low) == (12, 0, 0)
    assert found.high > rate(0, 12).high


@pytest.mark.parametrize(
    "act",
    [
        lambda: rate(1, 0),
        lambda: rate(3, 2),
        lambda: clustered_rate({"one": [True, False]}),
        lambda: clustered_rate({"one": [True], "none": []}),
    ],
)
def test_a_rate_of_nothing_is_refused(act: object) -> None:
    assert callable(act)
    with pytest.raises(ValueError, match="needs"):
        act()


# --- a judge's error ------------------------------------------------------------------


def test_a_perfect_judge_changes_the_estimate_by_nothing() -> None:
    perfect = Calibration(positives=500, found=500, negatives=500, cleared=500)
    seen = rate(30, 200)
    found = corrected_rate(seen, perfect)
    assert found.corrected
    assert isclose(found.estimate, seen.estimate)


def test_false_alarms_of_a_judge_are_taken_out() -> None:
    # 10 % of the negatives are called positive: of 1,000 samples without a positive
    # one, about 100 are.
    judge = Calibration(positives=200, found=190, negatives=1000, cleared=900)
    found = corrected_rate(rate(100, 1000), judge)
    assert found.estimate == 0
    assert found.low == 0
    assert found.high < 0.06


def test_a_small_calibration_widens_the_interval() -> None:
    seen = rate(60, 400)
    large = Calibration(positives=2000, found=1800, negatives=2000, cleared=1900)
    small = Calibration(positives=40, found=36, negatives=40, cleared=38)
    wide, narrow = corrected_rate(seen, small), corrected_rate(seen, large)
    assert wide.high - wide.low > 1.3 * (narrow.high - narrow.low)


def test_a_judge_that_guesses_is_refused() -> None:
    coin = Calibration(positives=100, found=50, negatives=100, cleared=50)
    with pytest.raises(ValueError, match="better than chance"):
        corrected_rate(rate(10, 20), coin)


def test_a_calibration_that_is_too_small_to_show_anything_is_refused() -> None:
    lucky = Calibration(positives=2, found=2, negatives=100, cleared=1)
    with pytest.raises(ValueError, match="better than chance"):
        corrected_rate(rate(10, 20), lucky)


@pytest.mark.parametrize(
    "counts", [(0, 0, 10, 9), (10, 11, 10, 9), (10, 9, 0, 0), (10, 9, 10, 11)]
)
def test_a_calibration_that_cannot_be_is_refused(
    counts: tuple[int, int, int, int],
) -> None:
    positives, found, negatives, cleared = counts
    with pytest.raises(ValueError, match="calibration"):
        Calibration(
            positives=positives, found=found, negatives=negatives, cleared=cleared
        )


# --- comparisons ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gained", "lost", "p_value"),
    [(8, 1, 0.0391), (5, 5, 1.0), (0, 6, 0.0312), (0, 0, 1.0), (15, 4, 0.0192)],
)
def test_mcnemars_exact_p_value(gained: int, lost: int, p_value: float) -> None:
    found = mcnemar(gained=gained, lost=lost, samples=100)
    assert round(found.p_value, 4) == p_value
    assert found.low <= found.difference <= found.high


@given(st.lists(st.integers(-4, 4), max_size=9))
def test_the_sign_flip_counts_every_pattern(differences: list[int]) -> None:
    patterns = list(product((1, -1), repeat=len(differences)))
    sums = [
        sum(s * d for s, d in zip(signs, differences, strict=True))
        for signs in patterns
    ]
    expected = sum(abs(each) >= abs(sum(differences)) for each in sums) / len(sums)
    assert isclose(sign_flip(differences), expected)
    halves = [each / 2 for each in differences]
    assert isclose(sign_flip(halves), expected)


def test_the_sign_flip_of_many_whole_differences_is_exact() -> None:
    # As many clusters of one sample are McNemar's test.
    assert isclose(
        sign_flip([1] * 60 + [-1] * 40),
        mcnemar(gained=60, lost=40, samples=100).p_value,
    )


def test_too_many_fractions_are_refused() -> None:
    with pytest.raises(ValueError, match="too many to count"):
        sign_flip([0.5] * 30)


def test_holms_adjustment_is_the_textbooks() -> None:
    adjusted = holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005})
    assert {key: round(value, 4) for key, value in adjusted.items()} == {
        "a": 0.03,
        "b": 0.06,
        "c": 0.06,
        "d": 0.02,
    }
    assert list(adjusted) == ["a", "b", "c", "d"]


# --- agreement ------------------------------------------------------------------------


def test_cohens_kappa_of_the_textbook_table() -> None:
    cells = {("yes", "yes"): 20, ("yes", "no"): 5, ("no", "yes"): 10, ("no", "no"): 15}
    pairs = [pair for pair, count in cells.items() for _ in range(count)]
    found = cohens_kappa([a for a, _ in pairs], [b for _, b in pairs])
    assert isclose(found.kappa, 0.4)
    assert found.agreed == 0.7
    assert 0.13 < found.low < 0.17
    assert 0.63 < found.high < 0.67


def test_full_agreement_is_one() -> None:
    found = cohens_kappa("aabbc", "aabbc")
    assert (found.kappa, found.low, found.high) == (1, 1, 1)


@pytest.mark.parametrize(
    ("first", "second"), [("", ""), ("aab", "aa"), ("aaaa", "aaaa")]
)
def test_agreement_that_cannot_be_measured_is_refused(first: str, second: str) -> None:
    with pytest.raises(ValueError, match="rate"):
        cohens_kappa(first, second)


# --- power ----------------------------------------------------------------------------


@pytest.mark.parametrize(("samples", "expected"), [(40, 0.55), (120, 0.97)])
def test_power_is_how_often_the_test_finds_the_difference(
    samples: int, expected: float
) -> None:
    random, runs = Random(7), 1500
    hits = 0
    for _ in range(runs):
        draws = [random.random() for _ in range(samples)]
        gained = sum(draw < 0.25 for draw in draws)
        lost = sum(0.25 <= draw < 0.31 for draw in draws)
        hits += mcnemar(gained=gained, lost=lost, samples=samples).p_value <= 0.05
    computed = power_of_mcnemar(gained=0.25, lost=0.06, samples=samples)
    assert abs(hits / runs - computed) < 0.04
    assert abs(computed - expected) < 0.06


def test_the_pairs_needed_reach_the_power_and_one_fewer_does_not() -> None:
    needed = pairs_needed(gained=0.1, lost=0.03)
    assert power_of_mcnemar(gained=0.1, lost=0.03, samples=needed) >= 0.8
    assert power_of_mcnemar(gained=0.1, lost=0.03, samples=needed - 1) < 0.8


def test_power_for_a_difference_that_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be"):
        power_of_mcnemar(gained=0.7, lost=0.4, samples=10)
    with pytest.raises(ValueError, match="more than"):
        pairs_needed(gained=0.0001, lost=0.0001)


# --- drift ----------------------------------------------------------------------------


def test_cusum_alarms_on_a_risen_rate_and_begins_again() -> None:
    cusum = Cusum(usual=0.03, unusual=0.06)
    alarms = [cusum.add(positives=12, samples=200) for _ in range(12)]
    assert alarms.index(True) in range(2, 6)
    assert sum(alarms) >= 2


def test_cusum_is_silent_at_the_usual_rate() -> None:
    cusum = Cusum(usual=0.03, unusual=0.06)
    assert not any(cusum.add(positives=6, samples=200) for _ in range(365))


def test_evidence_grows_only_with_a_changed_rate() -> None:
    same, risen = EProcess(usual=0.03), EProcess(usual=0.03)
    for _ in range(30):
        same.add(positives=6, samples=200)
        risen.add(positives=12, samples=200)
    assert same.evidence < 1
    assert risen.evidence > 1e6


def test_evidence_beyond_a_double_stays_a_number() -> None:
    process = EProcess(usual=0.01)
    assert process.add(positives=9000, samples=10_000) > 1e300


@pytest.mark.parametrize(
    "act",
    [
        lambda: Cusum(usual=0.0, unusual=0.1),
        lambda: Cusum(usual=0.1, unusual=0.1),
        lambda: EProcess(usual=1.0),
        lambda: Cusum(usual=0.1, unusual=0.2).add(positives=3, samples=2),
        lambda: EProcess(usual=0.1).add(positives=-1, samples=2),
    ],
)
def test_a_drift_that_cannot_be_watched_is_refused(act: object) -> None:
    assert callable(act)
    with pytest.raises(ValueError, match=r"rate|samples"):
        act()
