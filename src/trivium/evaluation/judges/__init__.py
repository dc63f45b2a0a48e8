"""Judges: each with its measured error."""

from trivium.evaluation.judges.judge import TextJudge, calibrated
from trivium.evaluation.judges.refusal import REFUSAL, refuses

JUDGES: dict[str, TextJudge] = {REFUSAL.name: REFUSAL}
"""Every judge that reads a reply's text, by name."""

__all__ = ["JUDGES", "REFUSAL", "TextJudge", "calibrated", "refuses"]
