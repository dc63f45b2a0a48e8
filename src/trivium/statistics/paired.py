"""Two systems on the same samples: which is better, and by how much."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import comb, sqrt

from trivium.statistics.quantiles import normal_quantile

EXACT_CLUSTERS = 20
"""Up to this many clusters all 2^n sign patterns are counted: a million sums."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """The difference of two rates on the same samples: the second minus the first."""

    difference: float
    low: float
    """Lower end of the interval."""
    high: float
    """Upper end."""
    confidence: float
    p_value: float
    """Exact, two-sided: how often a difference as large comes by chance alone."""
    samples: int
    gained: int
    """Positive in the second only."""
    lost: int
    """Positive in the first only."""


def mcnemar(
    *, gained: int, lost: int, samples: int, confidence: float = 0.95
) -> Comparison:
    """The exact test of McNemar, with Agresti and Min's interval (2005, adding half an
    observation to each cell).

    Only samples on which the two differ say which is better; among them chance would
    give each half. Raises `ValueError` if more differ than there are.
    """
    if gained < 0 or lost < 0 or gained + lost > samples or samples == 0:
        raise ValueError(
            f"{gained} gained and {lost} lost do not fit into {samples} samples"
        )
    differing = gained + lost
    fewer = min(gained, lost)
    tail: float = sum(comb(differing, k) for k in range(fewer + 1)) / 2**differing

    n, up, down = samples + 2.0, gained + 0.5, lost + 0.5
    centre = (up - down) / n
    half = normal_quantile(confidence) * sqrt((up + down) - (up - down) ** 2 / n) / n
    return Comparison(
        difference=(gained - lost) / samples,
        low=max(-1.0, centre - half),
        high=min(1.0, centre + half),
        confidence=confidence,
        p_value=min(1.0, 2 * tail),
        samples=samples,
        gained=gained,
        lost=lost,
    )


def sign_flip(differences: Sequence[float]) -> float:
    """Exact two-sided p-value that the mean difference of clusters is zero.

    `differences`: per cluster, second minus first. Under the null hypothesis each could
    as well have had the other sign. All patterns are counted, or, beyond
    `EXACT_CLUSTERS`, as many as the sums in between allow: integer differences are
    convolved exactly. Raises `ValueError` for more clusters whose differences are not
    whole.
    """
    moved = [each for each in differences if each]
    if not moved:
        return 1.0
    observed = abs(sum(moved))
    if all(float(each).is_integer() for each in moved):
        return _convolved([int(abs(each)) for each in moved], round(observed))
    if len(moved) > EXACT_CLUSTERS:
        raise ValueError(
            f"{len(moved)} clusters with fractional differences are too many to count;"
            " give the sums of each cluster instead of its means"
        )
    sizes = [abs(each) for each in moved]
    at_least = sum(
        abs(sum(sign * size for sign, size in zip(signs, sizes, strict=True)))
        >= observed - 1e-12
        for signs in product((1, -1), repeat=len(sizes))
    )
    return at_least / (1 << len(sizes))


def _convolved(sizes: Sequence[int], observed: int) -> float:
    """The same, by how many patterns reach each sum."""
    ways = {0: 1}
    for size in sizes:
        grown: dict[int, int] = {}
        for total, count in ways.items():
            for reached in (total + size, total - size):
                grown[reached] = grown.get(reached, 0) + count
        ways = grown
    at_least = sum(count for total, count in ways.items() if abs(total) >= observed)
    return at_least / (1 << len(sizes))
