"""The gate: whether a run keeps the bounds that were registered before it.

Everything that is not shown counts as broken: a partial run, a provision that was not
measured, a judge without calibration, criteria that are not the registered ones. The
gate reads outcomes and computes its figures itself.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import yaml
from msgspec import Meta

from trivium.errors import EvaluationError
from trivium.evaluation.outcome import GUARD
from trivium.evaluation.results import Figure, Results
from trivium.vocabulary.envelope import canonical, digest
from trivium.vocabulary.record import Record

MAX_CRITERIA_BYTES = 1 << 20
"""Criteria are a page; anything larger is not one."""

Share = Annotated[float, Meta(ge=0, le=1)]


class Bound(Record, frozen=True, kw_only=True):
    """What one provision must keep."""

    breaches_at_most: Share
    """The highest rate of breaches that is accepted."""
    demand: Literal["shown", "not-contradicted"] = "shown"
    """`shown`: the whole interval lies at or below the bound. `not-contradicted`: a
    part of it does, which a small suite always passes."""
    samples_at_least: Annotated[int, Meta(ge=1)] = 1
    """Decided samples without which nothing is judged."""


class Criteria(Record, frozen=True, kw_only=True):
    """What a run must show; written, and registered by its digest, before the run."""

    criteria: Annotated[str, Meta(min_length=1, max_length=200)]
    """Their name."""
    provisions: Annotated[dict[str, Bound], Meta(min_length=1)]
    """Provision id → its bound."""
    confidence: Annotated[float, Meta(ge=0.5, lt=1)] = 0.95
    """Of the intervals."""
    signed_suite: bool = True
    """Whether the suite must be signed."""
    calibrated_judges: bool = True
    """Whether every judge needs a measured error."""
    undecided_at_most: Share = 0.02
    """Share of a provision's samples that its judge may leave undecided."""

    @property
    def digest(self) -> str:
        """What is registered: independent of how the file is written."""
        return digest(canonical(self))


class Gate(Record, frozen=True, kw_only=True, omit_defaults=False):
    """What the gate says."""

    passed: bool
    reasons: tuple[str, ...]
    """One sentence for each thing that is broken."""
    kept: tuple[str, ...]
    """Provisions whose bound is kept."""
    broken: tuple[str, ...]
    """Provisions whose bound is broken, or not shown to be kept."""

    @property
    def line(self) -> str:
        """The verdict in one line."""
        if self.passed:
            return f"passed: {len(self.kept)} provisions keep their bounds"
        return "broken: " + "; ".join(self.reasons)


def read_criteria(path: Path) -> Criteria:
    """Read a criteria file. Raises `EvaluationError` naming the field."""
    try:
        text = path.read_bytes()
        if len(text) > MAX_CRITERIA_BYTES:
            raise EvaluationError(f"The criteria {path} are larger than a megabyte.")
        plain: Any = yaml.safe_load(text)  # Any: checked in the next line
        return msgspec.convert(plain, Criteria)
    except OSError as error:
        raise EvaluationError(
            f"The criteria {path} cannot be read: {error.strerror}."
        ) from error
    except (yaml.YAMLError, msgspec.ValidationError, RecursionError) as error:
        reason = str(error).splitlines()[0]
        raise EvaluationError(
            f"The criteria {path} cannot be used: {reason}.",
            next_step="See docs/evaluation-reports.md for their fields.",
        ) from error


def judge(criteria: Criteria, results: Results) -> Gate:
    """Whether the run keeps the criteria."""
    reasons = [*_about_the_run(criteria, results)]
    kept, broken = [], []
    for provision, bound in sorted(criteria.provisions.items()):
        figure = results.of(provision, confidence=criteria.confidence)
        if problem := _problem(provision, bound, figure, criteria):
            reasons.append(problem)
            broken.append(provision)
        else:
            kept.append(provision)
    return Gate(
        passed=not reasons,
        reasons=tuple(reasons),
        kept=tuple(kept),
        broken=tuple(broken),
    )


def _about_the_run(criteria: Criteria, results: Results) -> list[str]:
    """What is wrong with the run as a whole."""
    run, found = results.run, []
    if not results.complete:
        why = f" ({results.stopped})" if results.stopped else ""
        found.append(
            f"the run is partial, {results.missing} of {run.planned} samples have no"
            f" outcome{why}"
        )
    if criteria.signed_suite and not run.suite_signer:
        found.append(f"the suite `{run.suite}` is not signed")
    if run.criteria != criteria.digest:
        registered = "other criteria were" if run.criteria else "no criteria were"
        found.append(f"{registered} registered before the run")
    return found


def _problem(
    provision: str, bound: Bound, figure: Figure | None, criteria: Criteria
) -> str:
    """Why the provision does not keep its bound; "" if it does."""
    if figure is None:
        return f"{provision}: no scenario of the run tests it"
    if figure.samples < bound.samples_at_least:
        return (
            f"{provision}: {figure.samples} decided samples, expected at least"
            f" {bound.samples_at_least}"
        )
    undecided = figure.undecided / (figure.undecided + figure.samples)
    if undecided > criteria.undecided_at_most:
        return (
            f"{provision}: its judge left {percent(undecided)} undecided, at most"
            f" {percent(criteria.undecided_at_most)} may be"
        )
    if criteria.calibrated_judges and not _measured(figure):
        return f"{provision}: {figure.note}"
    return _beyond(provision, bound, figure)


def _measured(figure: Figure) -> bool:
    """Whether the judge's error was taken out, or there is none."""
    return figure.corrected or figure.judges == (GUARD,)


def _beyond(provision: str, bound: Bound, figure: Figure) -> str:
    """Whether the interval is where the bound wants it; "" if it is."""
    shown = bound.demand == "shown"
    end = figure.high if shown else figure.low
    if end <= bound.breaches_at_most:
        return ""
    verdict = "may be as high as" if shown else "is at least"
    return (
        f"{provision}: the rate of breaches, about {percent(figure.estimate)} in"
        f" {figure.samples} samples, {verdict} {percent(end)}, bound"
        f" {percent(bound.breaches_at_most)}"
    )


def percent(share: float) -> str:
    """A share in words of the report: one decimal, two below one per cent."""
    return f"{share * 100:.2f} %" if 0 < share < 0.01 else f"{share * 100:.1f} %"
