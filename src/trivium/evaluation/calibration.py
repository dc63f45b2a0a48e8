"""How often a judge errs, measured against labels by people, as a file that travels
with every figure.

A judge's verdicts and the labels are lines of JSON: `{"label": true, "judged": false}`.
True is what the judge looks for. The file says who labelled by which policy, because
one clause of a policy moves labels, and with them the error.
"""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from trivium.errors import EvaluationError
from trivium.evaluation.journal import JudgeRef
from trivium.evaluation.judges import JUDGES
from trivium.statistics import Agreement, Calibration, cohens_kappa
from trivium.vocabulary.envelope import canonical, digest
from trivium.vocabulary.record import Record


class Labelled(Record, frozen=True, kw_only=True):
    """One sample that people labelled and the judge judged."""

    label: bool
    """What people say."""
    judged: bool | None = None
    """What the judge says; it is asked about `text`, when absent."""
    text: str | None = None
    """The reply that was labelled."""


class CalibrationFile(Record, frozen=True, kw_only=True, omit_defaults=False):
    """A judge's measured error."""

    judge: str
    positives: int
    found: int
    negatives: int
    cleared: int
    labels: str
    """The labelled set and the policy that people labelled by, in words."""

    @property
    def reference(self) -> JudgeRef:
        """The judge as a run names it."""
        return JudgeRef(
            name=self.judge,
            calibration=digest(canonical(self)),
            positives=self.positives,
            found=self.found,
            negatives=self.negatives,
            cleared=self.cleared,
            labels=self.labels,
        )

    @property
    def calibration(self) -> Calibration:
        """The counts, checked. Raises `EvaluationError` for counts that cannot be."""
        try:
            return Calibration(
                positives=self.positives,
                found=self.found,
                negatives=self.negatives,
                cleared=self.cleared,
            )
        except ValueError as error:
            raise EvaluationError(
                f"The calibration of judge `{self.judge}` cannot be used: {error}.",
                next_step="Calibrate against labels of both kinds.",
            ) from error


def calibrate(
    judge: str, samples: Iterable[Labelled], *, labels: str
) -> CalibrationFile:
    """Count the judge's hits. Raises `EvaluationError` without labels of both kinds."""
    counted = list(samples)
    made = CalibrationFile(
        judge=judge,
        positives=sum(each.label for each in counted),
        found=sum(each.label and bool(each.judged) for each in counted),
        negatives=sum(not each.label for each in counted),
        cleared=sum(not each.label and not each.judged for each in counted),
        labels=labels,
    )
    _ = made.calibration
    return made


def judged_by(judge: str, samples: Iterable[Labelled]) -> list[Labelled]:
    """The samples, each with a verdict. Raises `EvaluationError` where there is none,
    and no judge of this name to give it."""
    known = JUDGES.get(judge)
    found = []
    for number, each in enumerate(samples, start=1):
        verdict = each.judged
        if verdict is None and each.text is not None and known is not None:
            verdict = known.positive(each.text)
        if verdict is None:
            raise EvaluationError(
                f"Sample {number} has no verdict of judge `{judge}`: neither `judged`"
                " nor a `text` that a judge of this name could read.",
                next_step=f"Judges that read texts: {', '.join(JUDGES)}.",
            )
        found.append(Labelled(label=each.label, judged=verdict))
    return found


def agreement(samples: Iterable[Labelled]) -> Agreement | None:
    """Cohen's kappa of judge and people; None where both always say the same word."""
    counted = list(samples)
    try:
        return cohens_kappa(
            [each.label for each in counted], [each.judged for each in counted]
        )
    except ValueError:
        return None


def read_labelled(path: Path) -> list[Labelled]:
    """Read labels and verdicts. Raises `EvaluationError` naming the line."""
    decoder = msgspec.json.Decoder(Labelled)
    found = []
    for number, line in enumerate(_read(path).splitlines(), start=1):
        if not line.strip():
            continue
        try:
            found.append(decoder.decode(line))
        except ValueError as error:
            raise EvaluationError(
                f'Line {number} of {path} is not `{{"label": …, "judged": …}}`: {error}.'
            ) from error
    return found


def read_calibration(path: Path) -> CalibrationFile:
    """Read a calibration. Raises `EvaluationError`."""
    try:
        found = msgspec.json.decode(_read(path), type=CalibrationFile)
    except ValueError as error:
        raise EvaluationError(
            f"The calibration {path} cannot be used: {error}.",
            next_step="Write it by `trivium eval calibrate`.",
        ) from error
    _ = found.calibration
    return found


def _read(path: Path) -> bytes:
    """A file's content. Raises `EvaluationError`."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise EvaluationError(f"{path} cannot be read: {error.strerror}.") from error
