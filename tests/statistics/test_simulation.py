"""What the intervals and alarms promise, over many simulated suites. `make prove` runs
these."""

from random import Random

import pytest

from trivium.statistics import (
    Calibration,
    Cusum,
    EProcess,
    clustered_rate,
    cohens_kappa,
    corrected_rate,
    rate,
)

pytestmark = pytest.mark.prove


def binomial(random: Random, n: int, p: float) -> int:
    return sum(random.random() < p for _ in range(n))


@pytest.mark.parametrize(
    ("true", "sensitivity", "specificity"),
    [(0.05, 0.9, 0.95), (0.2, 0.85, 0.9), (0.5, 0.95, 0.8), (0.02, 0.92, 0.99)],
)
def test_a_corrected_interval_covers_the_true_rate(
    true: float, sensitivity: float, specificity: float
) -> None:
    random, runs, covered = Random(11), 10_000, 0
    seen = true * sensitivity + (1 - true) * (1 - specificity)
    for _ in range(runs):
        judge = Calibration(
            positives=300,
            found=binomial(random, 300, sensitivity),
            negatives=600,
            cleared=binomial(random, 600, specificity),
        )
        observed = rate(binomial(random, 400, seen), 400)
        found = corrected_rate(observed, judge)
        covered += found.low <= true <= found.high
    assert 0.94 <= covered / runs <= 0.965


def test_a_clustered_interval_covers_the_true_rate() -> None:
    random, runs, covered = Random(12), 4_000, 0
    for _ in range(runs):
        clusters = {}
        for n in range(60):
            own = random.betavariate(2, 8)  # mean 0.2
            clusters[str(n)] = [random.random() < own for _ in range(6)]
        found = clustered_rate(clusters)
        covered += found.low <= 0.2 <= found.high
    assert 0.94 <= covered / runs <= 0.965


def test_kappas_interval_covers_the_true_kappa() -> None:
    # One in three is positive; the second rater repeats the first seven times in ten
    # and guesses at the same rate otherwise, so kappa is 0.7.
    random, runs, covered = Random(13), 4_000, 0
    for _ in range(runs):
        first = [random.random() < 1 / 3 for _ in range(250)]
        second = [
            each if random.random() < 0.7 else random.random() < 1 / 3 for each in first
        ]
        found = cohens_kappa(first, second)
        covered += found.low <= 0.7 <= found.high
    assert 0.93 <= covered / runs <= 0.965


def test_false_alarms_of_drift_are_rare_in_ninety_days() -> None:
    random, runs, alarms, claims = Random(14), 1_500, 0, 0
    for _ in range(runs):
        cusum, process = Cusum(usual=0.03, unusual=0.06), EProcess(usual=0.03)
        days = [binomial(random, 200, 0.03) for _ in range(90)]
        alarms += any(cusum.add(positives=n, samples=200) for n in days)
        claims += any(process.add(positives=n, samples=200) >= 20 for n in days)
    assert alarms / runs <= 0.02
    assert claims / runs <= 0.05


def test_a_doubled_rate_is_noticed_within_days() -> None:
    random, delays, proofs = Random(15), [], []
    for _ in range(400):
        cusum, process = Cusum(usual=0.03, unusual=0.06), EProcess(usual=0.03)
        for _ in range(30):
            n = binomial(random, 200, 0.03)
            cusum.add(positives=n, samples=200)
            process.add(positives=n, samples=200)
        alarmed = proven = None
        for day in range(1, 60):
            n = binomial(random, 200, 0.06)
            if cusum.add(positives=n, samples=200) and alarmed is None:
                alarmed = day
            if process.add(positives=n, samples=200) >= 20 and proven is None:
                proven = day
        assert alarmed is not None
        assert proven is not None
        delays.append(alarmed)
        proofs.append(proven)
    assert sorted(delays)[len(delays) // 2] <= 4
    assert sorted(proofs)[len(proofs) // 2] <= 14
