"""Before a run: would it show what it is run for?"""

from math import comb, exp, lgamma, log

LARGEST = 100_000
"""Pairs beyond which no sample size is looked for."""


def power_of_mcnemar(
    *, gained: float, lost: float, samples: int, level: float = 0.05
) -> float:
    """The chance that the exact test of McNemar on `samples` pairs finds a difference.

    `gained` and `lost` are the expected shares of pairs that are positive in the second
    only and in the first only. Summed exactly over the number of pairs that differ.
    Raises `ValueError` for shares that cannot be.
    """
    differing = gained + lost
    if not (gained >= 0 and lost >= 0 and 0 < differing <= 1):
        raise ValueError(
            f"shares of {gained} gained and {lost} lost cannot be; both are at least 0,"
            " and their sum is above 0 and at most 1"
        )
    total = 0.0
    for count in range(samples + 1):
        weight = _binomial(count, samples, differing)
        if weight < 1e-12:
            continue
        limit = _critical(count, level)
        if limit < 0:
            continue
        share = gained / differing
        tails = sum(
            _binomial(k, count, share) + _binomial(count - k, count, share)
            for k in range(limit + 1)
        )
        total += weight * min(1.0, tails)
    return total


def pairs_needed(
    *, gained: float, lost: float, power: float = 0.8, level: float = 0.05
) -> int:
    """The fewest pairs with which the test reaches `power`. Raises `ValueError` if more
    than `LARGEST` would be needed."""
    high = 8
    while power_of_mcnemar(gained=gained, lost=lost, samples=high, level=level) < power:
        high *= 2
        if high > LARGEST:
            raise ValueError(
                f"more than {LARGEST} pairs would be needed; look for a larger"
                " difference, or accept less power"
            )
    low = high // 2
    while low + 1 < high:
        middle = (low + high) // 2
        reached = power_of_mcnemar(
            gained=gained, lost=lost, samples=middle, level=level
        )
        low, high = (low, middle) if reached >= power else (middle, high)
    return high


def _critical(differing: int, level: float) -> int:
    """The largest number on the rarer side that is still significant; -1 if none is."""
    limit, tail = -1, 0.0
    for k in range(differing // 2 + 1):
        tail += comb(differing, k) / 2**differing
        if 2 * tail > level:
            break
        limit = k
    return limit


def _binomial(k: int, n: int, p: float) -> float:
    """P(X = k) for X binomial, without overflow."""
    if p in (0.0, 1.0):
        return float(k == n * p)
    return exp(
        lgamma(n + 1)
        - lgamma(k + 1)
        - lgamma(n - k + 1)
        + k * log(p)
        + (n - k) * log(1 - p)
    )
