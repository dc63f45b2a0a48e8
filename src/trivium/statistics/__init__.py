"""Rates, comparisons, agreement and drift, with what is uncertain about each.

Pure functions over counts; no randomness, no I/O, no dependency. Every figure that
Trivium reports about a deployment's behaviour is computed here, so that the intervals
of an evaluation, a review and a drift report mean the same.
"""

from trivium.statistics.agreement import Agreement, cohens_kappa
from trivium.statistics.judge import Calibration, corrected_rate
from trivium.statistics.multiple import holm
from trivium.statistics.paired import Comparison, mcnemar, sign_flip
from trivium.statistics.power import pairs_needed, power_of_mcnemar
from trivium.statistics.rates import Rate, clustered_rate, rate
from trivium.statistics.sequential import Cusum, EProcess

__all__ = [
    "Agreement",
    "Calibration",
    "Comparison",
    "Cusum",
    "EProcess",
    "Rate",
    "clustered_rate",
    "cohens_kappa",
    "corrected_rate",
    "holm",
    "mcnemar",
    "pairs_needed",
    "power_of_mcnemar",
    "rate",
    "sign_flip",
]
