"""How far two raters agree beyond chance."""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from math import sqrt

from trivium.statistics.quantiles import normal_quantile


@dataclass(frozen=True, kw_only=True, slots=True)
class Agreement:
    """Cohen's kappa: 1 is full agreement, 0 what chance alone would give."""

    kappa: float
    low: float
    """Lower end of the interval."""
    high: float
    """Upper end."""
    confidence: float
    agreed: float
    """Share of samples on which both said the same."""
    samples: int


Cells = Counter[tuple[Hashable, Hashable]]
"""What the first and the second rater said, and how often."""


def cohens_kappa(
    first: Sequence[Hashable], second: Sequence[Hashable], *, confidence: float = 0.95
) -> Agreement:
    """Cohen's kappa of two raters of the same samples, with the large-sample interval
    of Fleiss, Cohen and Everitt 1969.

    Raises `ValueError` for unequal or empty lists, and where both raters use one and
    the same word throughout: chance then explains everything, and kappa has no value.
    """
    if len(first) != len(second) or not first:
        raise ValueError(
            f"both raters must rate the same samples, not {len(first)} and"
            f" {len(second)}"
        )
    n = len(first)
    cells: Cells = Counter(zip(first, second, strict=True))
    rows, columns = Counter(first), Counter(second)
    words = rows.keys() | columns.keys()
    agreed = sum(cells[word, word] for word in words) / n
    chance = sum(rows[word] * columns[word] for word in words) / n**2
    if chance == 1:
        raise ValueError(
            "both raters gave one and the same rating to everything, so agreement"
            " beyond chance cannot be measured"
        )

    kappa = (agreed - chance) / (1 - chance)
    half = normal_quantile(confidence) * sqrt(_variance(cells, kappa, chance))
    return Agreement(
        kappa=kappa,
        low=max(-1.0, kappa - half),
        high=min(1.0, kappa + half),
        confidence=confidence,
        agreed=agreed,
        samples=n,
    )


def _variance(cells: Cells, kappa: float, chance: float) -> float:
    """Of kappa, in large samples."""
    n = sum(cells.values())
    rows, columns = Counter[Hashable](), Counter[Hashable]()
    for (row, column), count in cells.items():
        rows[row] += count
        columns[column] += count

    spread = sum(
        count / n * (1 - (rows[word] + columns[word]) / n * (1 - kappa)) ** 2
        for (word, other), count in cells.items()
        if word == other
    )
    off = (1 - kappa) ** 2 * sum(
        count / n * ((columns[a] + rows[b]) / n) ** 2
        for (a, b), count in cells.items()
        if a != b
    )
    variance = spread + off - (kappa - chance * (1 - kappa)) ** 2
    return max(0.0, variance / (n * (1 - chance) ** 2))
