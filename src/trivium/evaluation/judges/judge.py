"""What a judge without a model is, and the evidence that it comes with.

A judge without a measured error is no judge: its figures could not be told from noise.
"""

from collections.abc import Callable
from dataclasses import dataclass

from trivium.evaluation.journal import JudgeRef
from trivium.vocabulary.envelope import canonical, digest


@dataclass(frozen=True, kw_only=True, slots=True)
class TextJudge:
    """A judge that reads a reply's text."""

    reference: JudgeRef
    """Its name and its calibration."""
    positive: Callable[[str], bool]
    """Whether it finds in the text what it looks for."""

    @property
    def name(self) -> str:
        """As outcomes and reports name it."""
        return self.reference.name


def calibrated(
    name: str, *, positives: int, found: int, negatives: int, cleared: int, labels: str
) -> JudgeRef:
    """A judge's reference, with the digest of its calibration.

    `positives`, `negatives`: samples that people labelled so; `found`, `cleared`: how
    many of them the judge told; `labels`: the set and the policy of labelling, in
    words.
    """
    counts = [positives, found, negatives, cleared]
    return JudgeRef(
        name=name,
        calibration=digest(canonical([name, counts, labels])),
        positives=positives,
        found=found,
        negatives=negatives,
        cleared=cleared,
        labels=labels,
    )
