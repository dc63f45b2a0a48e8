"""Quantiles of the normal and Student's t distributions."""

from functools import cache
from math import atan, cos, sin, sqrt
from statistics import NormalDist

_NORMAL = NormalDist()
_STEPS = 60
"""Halvings of a bisection: enough to exhaust a double."""


def normal_quantile(confidence: float) -> float:
    """Half width of a two-sided interval, in standard deviations: 1.96 for 0.95."""
    return _NORMAL.inv_cdf(0.5 + confidence / 2)


@cache
def t_quantile(confidence: float, degrees: int) -> float:
    """The same for Student's t with `degrees` of freedom, at least 1."""
    if degrees < 1:
        raise ValueError(f"degrees of freedom must be at least 1, not {degrees}")
    low, high = 0.0, 1.0
    while _t_mass(high, degrees) < confidence:
        high *= 2
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if _t_mass(middle, degrees) < confidence:
            low = middle
        else:
            high = middle
    return high


def _t_mass(t: float, degrees: int) -> float:
    """P(|T| < t), exactly for whole degrees (Abramowitz and Stegun, 26.7.3 and
    26.7.4)."""
    theta = atan(t / sqrt(degrees))
    c, s = cos(theta), sin(theta)
    if degrees % 2:
        if degrees == 1:
            return theta * 2 / _PI
        term, total = c, c
        for k in range(3, degrees - 1, 2):
            term *= c * c * (k - 1) / k
            total += term
        return (theta + s * total) * 2 / _PI
    term, total = 1.0, 1.0
    for k in range(2, degrees - 1, 2):
        term *= c * c * (k - 1) / k
        total += term
    return s * total


_PI = atan(1) * 4
