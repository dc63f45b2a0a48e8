"""How often something happens, with an interval."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

from trivium.statistics.quantiles import normal_quantile, t_quantile


@dataclass(frozen=True, kw_only=True, slots=True)
class Rate:
    """A share between 0 and 1, and what is uncertain about it."""

    estimate: float
    low: float
    """Lower end of the interval."""
    high: float
    """Upper end."""
    confidence: float
    """Share of such intervals that contain the true rate."""
    samples: int
    """Observations."""
    clusters: int
    """Independent groups of observations; `samples` where each stands for itself."""
    effective: float
    """Independent observations that would be as informative."""
    corrected: bool = False
    """Whether the error of the judge that made the observations was taken out."""


def rate(successes: int, samples: int, *, confidence: float = 0.95) -> Rate:
    """Wilson's score interval for independent observations.

    Source: Wilson 1927; recommended for small samples by Brown, Cai and DasGupta 2001,
    section 4. Raises `ValueError` without samples.
    """
    if not 0 <= successes <= samples or samples == 0:
        raise ValueError(
            f"a rate needs 0 ≤ successes ≤ samples and samples > 0, not {successes} of"
            f" {samples}"
        )
    z = normal_quantile(confidence)
    estimate = successes / samples
    low, high = wilson_bounds(estimate, samples, z)
    return Rate(
        estimate=estimate,
        low=low,
        high=high,
        confidence=confidence,
        samples=samples,
        clusters=samples,
        effective=samples,
    )


def clustered_rate(
    clusters: Mapping[str, Sequence[bool]], *, confidence: float = 0.95
) -> Rate:
    """The rate over observations that come in groups, such as the variants of one seed
    prompt.

    Variants of one prompt resemble each other, so they count for less than as many
    independent prompts. The variance between clusters (with the correction for few of
    them) gives the effective sample size, which enters Wilson's interval with Student's
    t. Source: Korn and Graubard 1998, for proportions of survey samples. Raises
    `ValueError` with fewer than two clusters that have observations.
    """
    groups = [list(each) for each in clusters.values() if each]
    if len(groups) < 2:
        raise ValueError(f"a clustered rate needs two clusters, not {len(groups)}")
    samples = sum(map(len, groups))
    estimate = sum(map(sum, groups)) / samples

    effective = _effective_size(groups, estimate, samples)
    low, high = wilson_bounds(
        estimate, effective, t_quantile(confidence, len(groups) - 1)
    )
    return Rate(
        estimate=estimate,
        low=low,
        high=high,
        confidence=confidence,
        samples=samples,
        clusters=len(groups),
        effective=effective,
    )


def _effective_size(
    groups: Sequence[Sequence[bool]], estimate: float, samples: int
) -> float:
    """How many independent observations the clusters are worth: at least as many as
    there are clusters could be too hopeful, so never more than `samples`."""
    spread = estimate * (1 - estimate)
    count = len(groups)
    between = sum((sum(group) - estimate * len(group)) ** 2 for group in groups)
    variance = between * count / (count - 1) / samples**2
    if spread == 0 or variance == 0:
        # Nothing was seen to vary: each cluster counts once.
        return float(count) if spread == 0 else float(samples)
    return min(float(samples), spread / variance)


def wilson_bounds(estimate: float, samples: float, z: float) -> tuple[float, float]:
    """Both ends of Wilson's interval, for a number of samples that need not be
    whole."""
    scale = 1 + z * z / samples
    centre = (estimate + z * z / (2 * samples)) / scale
    half = (
        z
        * sqrt(estimate * (1 - estimate) / samples + z * z / (4 * samples * samples))
        / scale
    )
    low = 0.0 if estimate == 0 else max(0.0, centre - half)
    high = 1.0 if estimate == 1 else min(1.0, centre + half)
    return low, high
