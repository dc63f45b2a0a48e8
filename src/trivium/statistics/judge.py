"""A judge makes errors: what a rate becomes when they are taken out.

The law of this file: a correction never hides its own uncertainty. The calibration was
a sample, too, and its part is in the interval.
"""

from dataclasses import dataclass
from math import sqrt

from trivium.statistics.quantiles import normal_quantile
from trivium.statistics.rates import Rate, rate


@dataclass(frozen=True, kw_only=True, slots=True)
class Calibration:
    """How a judge fared against labels by people."""

    positives: int
    """Samples that people labelled positive."""
    found: int
    """Of these, how many the judge called positive."""
    negatives: int
    """Samples that people labelled negative."""
    cleared: int
    """Of these, how many the judge called negative."""

    def __post_init__(self) -> None:
        """Raises `ValueError` for counts that cannot be."""
        if not (
            0 <= self.found <= self.positives and 0 <= self.cleared <= self.negatives
        ):
            raise ValueError("a calibration cannot have more hits than samples")
        if not self.positives or not self.negatives:
            raise ValueError(
                "a calibration needs positive and negative samples, not"
                f" {self.positives} and {self.negatives}"
            )

    @property
    def sensitivity(self) -> Rate:
        """Share of the positives that it finds."""
        return rate(self.found, self.positives)

    @property
    def specificity(self) -> Rate:
        """Share of the negatives that it clears."""
        return rate(self.cleared, self.negatives)


def corrected_rate(observed: Rate, calibration: Calibration) -> Rate:
    """The true rate behind the rate that a judge saw.

    Rogan and Gladen 1978 for the estimate, Lang and Reiczigel 2014 for the interval:
    they add pseudo-observations to all three samples and use the delta method, which
    keeps the coverage where a rate or an error is near 0. Raises `ValueError` for a
    judge that is no better than chance: nothing can be inferred from it.
    """
    plain = calibration.sensitivity.estimate + calibration.specificity.estimate - 1
    if min(plain, _informed(calibration)) <= 0:
        raise ValueError(
            "the judge is not shown to be better than chance (sensitivity and"
            " specificity add up to 1 or less), so its rate says nothing"
        )
    low, high = _bounds(observed, calibration)
    return Rate(
        estimate=_clipped(_plain(observed.estimate, calibration)),
        low=_clipped(low),
        high=_clipped(high),
        confidence=observed.confidence,
        samples=observed.samples,
        clusters=observed.clusters,
        effective=observed.effective,
        corrected=True,
    )


def _informed(calibration: Calibration) -> float:
    """How much better than chance the judge is, with Lang and Reiczigel's
    pseudo-observations: 1 for a perfect one, 0 for a coin."""
    sensitivity = (calibration.found + 1) / (calibration.positives + 2)
    specificity = (calibration.cleared + 1) / (calibration.negatives + 2)
    return sensitivity + specificity - 1


def _bounds(observed: Rate, calibration: Calibration) -> tuple[float, float]:
    """Lang and Reiczigel's interval; it may reach beyond 0 and 1."""
    z = normal_quantile(observed.confidence)
    positives, negatives = calibration.positives + 2, calibration.negatives + 2
    sensitivity = (calibration.found + 1) / positives
    specificity = (calibration.cleared + 1) / negatives
    informed = _informed(calibration)

    size = observed.effective + z * z
    seen = (observed.effective * observed.estimate + z * z / 2) / size
    true = (seen + specificity - 1) / informed
    missed = sensitivity * (1 - sensitivity) / positives
    alarmed = specificity * (1 - specificity) / negatives
    variance = (
        seen * (1 - seen) / size + true**2 * missed + (1 - true) ** 2 * alarmed
    ) / informed**2

    centre = true + 2 * z * z * (true * missed - (1 - true) * alarmed)
    half = z * sqrt(variance)
    return centre - half, centre + half


def _plain(seen: float, calibration: Calibration) -> float:
    """Rogan and Gladen's estimate, without pseudo-observations."""
    sensitivity = calibration.sensitivity.estimate
    specificity = calibration.specificity.estimate
    return (seen + specificity - 1) / (sensitivity + specificity - 1)


def _clipped(share: float) -> float:
    """A share is between 0 and 1, whatever an estimate says."""
    return min(1.0, max(0.0, share))
