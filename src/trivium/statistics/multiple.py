"""Several questions at once."""

from collections.abc import Mapping
from typing import TypeVar

K = TypeVar("K")


def holm(p_values: Mapping[K, float]) -> dict[K, float]:
    """p-values adjusted so that the chance of any false alarm among them stays below
    the level that each is compared with (Holm 1979)."""
    ordered = sorted(p_values.items(), key=lambda item: item[1])
    adjusted: dict[K, float] = {}
    worst = 0.0
    for rank, (key, p_value) in enumerate(ordered):
        worst = max(worst, min(1.0, (len(ordered) - rank) * p_value))
        adjusted[key] = worst
    return {key: adjusted[key] for key in p_values}
