"""From outcomes to figures: how often each provision was breached, and how sure that
is.

Every figure is computed anew from the outcomes, never read from a file, and by
`trivium.statistics` alone. The law of this file: a figure says whether the error of its
judge was taken out, and if it was not, why not.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from trivium.errors import EvaluationError
from trivium.evaluation.journal import JudgeRef, Run
from trivium.evaluation.outcome import GUARD, Judged, Outcome
from trivium.statistics import (
    Calibration,
    Comparison,
    Rate,
    clustered_rate,
    corrected_rate,
    holm,
    mcnemar,
    rate,
    sign_flip,
)
from trivium.vocabulary.record import Record

Family = Literal["provision", "tier", "route", "attack"]
"""What a provision's samples are grouped by; `provision` is all of them."""

FAMILIES: tuple[Family, ...] = ("provision", "tier", "route", "attack")


class Figure(Record, frozen=True, kw_only=True, omit_defaults=False):
    """How often one provision was breached in one group of samples."""

    provision: str
    family: Family
    group: str
    """The tier, route or attack; "" for all samples."""
    breached: int
    """Samples that the judge called a breach."""
    samples: int
    """Samples that the judge decided."""
    undecided: int
    """Samples that it could not decide; they are in no rate."""
    estimate: float
    low: float
    """Lower end of the interval."""
    high: float
    """Upper end."""
    confidence: float
    clusters: int
    """Seed prompts."""
    effective: float
    """Independent samples that would be as informative."""
    judges: tuple[str, ...]
    corrected: bool
    """Whether the judge's error was taken out, its calibration's uncertainty with
    it."""
    note: str
    """Why it was not corrected, or what else the reader must know; "" for nothing."""


class Contrast(Record, frozen=True, kw_only=True, omit_defaults=False):
    """Whether an attack, on the same seed prompts, changes how often a provision is
    breached."""

    provision: str
    attack: str
    seeds: int
    """Seed prompts that were asked both ways, equally often."""
    more: int
    """Breaches under the attack, less those without it."""
    p_value: float
    """Exact, by flipping the signs of seeds."""
    adjusted: float
    """The same, by Holm over all contrasts of the run."""


class Change(Record, frozen=True, kw_only=True, omit_defaults=False):
    """One provision in two runs of the same suite: the second less the first."""

    provision: str
    pairs: int
    """Samples that both runs decided."""
    gained: int
    """Breached in the second only."""
    lost: int
    """Breached in the first only."""
    difference: float
    low: float
    """Lower end of the interval; it takes pairs for independent."""
    high: float
    """Upper end."""
    p_value: float
    """Exact: McNemar's test, or where seeds have several samples the sign-flip test of
    their sums."""
    test: Literal["mcnemar", "sign-flip"]
    adjusted: float
    """The p-value by Holm over all provisions."""


@dataclass(frozen=True, kw_only=True)
class Results:
    """A run and its outcomes, by hypothesis."""

    run: Run
    outcomes: Mapping[str, Outcome]
    stopped: str = ""
    """Why the run ended before its end; "" if it was not stopped."""
    failures: int = 0
    """Samples that failed in the last attempt at the run."""

    @property
    def complete(self) -> bool:
        """Whether every planned sample has an outcome."""
        return len(self.outcomes) == self.run.planned

    @property
    def missing(self) -> int:
        """Planned samples without an outcome."""
        return self.run.planned - len(self.outcomes)

    @property
    def cost_usd(self) -> float | None:
        """List price of all samples; None when one is unknown."""
        costs = [each.cost_usd for each in self.outcomes.values()]
        known = [cost for cost in costs if cost is not None]
        return sum(known) if len(known) == len(costs) else None

    @cached_property
    def figures(self) -> tuple[Figure, ...]:
        """Every figure at 95 %: per provision, then by tier, route and attack where
        there is more than one."""
        return tuple(figures(self.run, self.outcomes.values()))

    @cached_property
    def contrasts(self) -> tuple[Contrast, ...]:
        """What each attack changes."""
        return tuple(contrasts(self.outcomes.values()))

    def of(self, provision: str, *, confidence: float = 0.95) -> Figure | None:
        """A provision's figure over all its samples; None where none tests it."""
        cells = _cells(self.outcomes.values()).get(provision)
        if not cells:
            return None
        judges = {judge.name: judge for judge in self.run.judges}
        return _figure(provision, "provision", "", cells, judges, confidence)


Cell = tuple[Outcome, Judged]
"""A sample, and what was said about one provision."""


def figures(
    run: Run, outcomes: Iterable[Outcome], *, confidence: float = 0.95
) -> Iterable[Figure]:
    """Per provision, in the order of their names; then its groups."""
    judges = {judge.name: judge for judge in run.judges}
    for provision, cells in sorted(_cells(outcomes).items()):
        for family in FAMILIES:
            groups = _groups(cells, family)
            if family != "provision" and len(groups) < 2:
                continue  # the same samples as the provision's own figure
            for group, members in sorted(groups.items()):
                yield _figure(provision, family, group, members, judges, confidence)


def contrasts(outcomes: Iterable[Outcome]) -> Iterable[Contrast]:
    """Each provision under each attack against the plain prompts of the same seeds."""
    found = [
        (provision, attack, differences)
        for provision, cells in sorted(_cells(outcomes).items())
        for attack, differences in sorted(_differences(cells).items())
    ]
    p_values = {(p, a): sign_flip(list(d.values())) for p, a, d in found}
    adjusted = holm(p_values)
    for provision, attack, differences in found:
        yield Contrast(
            provision=provision,
            attack=attack,
            seeds=len(differences),
            more=sum(differences.values()),
            p_value=p_values[provision, attack],
            adjusted=adjusted[provision, attack],
        )


def compare(first: Results, second: Results) -> tuple[Change, ...]:
    """What changed between two runs of one suite, per provision. Raises
    `EvaluationError` for runs of different suites: their samples are no pairs."""
    if first.run.suite_digest != second.run.suite_digest:
        raise EvaluationError(
            f"The runs are of different suites (`{first.run.suite}` and"
            f" `{second.run.suite}` differ in their digests), so their samples cannot"
            " be paired.",
            next_step="Run one suite against both deployments.",
        )
    before, after = _cells(first.outcomes.values()), _cells(second.outcomes.values())
    changed = {
        provision: change
        for provision in sorted(before.keys() & after.keys())
        if (change := _change(before[provision], after[provision]))
    }
    adjusted = holm({name: p_value for name, (_, p_value, _, _) in changed.items()})
    return tuple(
        Change(
            provision=provision,
            pairs=pairs,
            gained=comparison.gained,
            lost=comparison.lost,
            difference=comparison.difference,
            low=comparison.low,
            high=comparison.high,
            p_value=p_value,
            test="sign-flip" if clustered else "mcnemar",
            adjusted=adjusted[provision],
        )
        for provision, (comparison, p_value, pairs, clustered) in changed.items()
    )


def _cells(outcomes: Iterable[Outcome]) -> dict[str, list[Cell]]:
    """Samples by the provision that they test."""
    found: dict[str, list[Cell]] = defaultdict(list)
    for outcome in outcomes:
        for judged in outcome.judged:
            found[judged.provision].append((outcome, judged))
    return found


def _groups(cells: list[Cell], family: Family) -> dict[str, list[Cell]]:
    """A provision's samples by group."""
    read: dict[Family, Callable[[Outcome], str]] = {
        "provision": lambda _: "",
        "tier": lambda outcome: outcome.tier,
        "route": lambda outcome: outcome.route,
        "attack": lambda outcome: outcome.attack,
    }
    found: dict[str, list[Cell]] = defaultdict(list)
    for cell in cells:
        found[read[family](cell[0])].append(cell)
    if family != "provision":
        # What was refused before it was sent has neither tier nor route.
        found.pop("", None)
    return found


def _figure(
    provision: str,
    family: Family,
    group: str,
    cells: list[Cell],
    judges: Mapping[str, JudgeRef],
    confidence: float,
) -> Figure:
    """One figure; with nothing decided, it spans everything."""
    decided = [cell for cell in cells if cell[1].breached is not None]
    names = tuple(sorted({judged.judge for _, judged in cells}))
    found, note = _estimated(decided, judges, confidence)
    return Figure(
        provision=provision,
        family=family,
        group=group,
        breached=sum(bool(judged.breached) for _, judged in decided),
        samples=len(decided),
        undecided=len(cells) - len(decided),
        estimate=found.estimate,
        low=found.low,
        high=found.high,
        confidence=confidence,
        clusters=found.clusters,
        effective=found.effective,
        judges=names,
        corrected=found.corrected,
        note=note,
    )


def _estimated(
    cells: list[Cell], judges: Mapping[str, JudgeRef], confidence: float
) -> tuple[Rate, str]:
    """The rate, corrected where one calibrated judge stands behind it; and a note."""
    if not cells:
        return _unknown(confidence), "no sample was decided"
    seen, note = _clustered(cells, confidence)
    ways = {(judged.judge, judged.inverted) for _, judged in cells}
    exact = [judged.breached for _, judged in cells if judged.judge == GUARD]
    if exact and len(ways) == 2 and not any(exact):
        # What the guard refused keeps the provision and has no judge's error in it:
        # a correction over all samples would take out errors that were never made.
        rest = [cell for cell in cells if cell[1].judge != GUARD]
        found, note = _estimated(rest, judges, confidence)
        told = f"about the samples that the guard let through; it refused {len(exact)}"
        return found, f"{note}; {told}" if note else told
    if ways == {(GUARD, False)}:
        return seen, note or "decided by the guard itself, so there is no judge's error"
    if len(ways) > 1:
        return seen, "several judges decided, so no one error can be taken out"
    ((name, inverted),) = ways
    calibration = calibration_of(judges.get(name))
    if calibration is None:
        return seen, f"judge `{name}` has no calibration, so its error is unknown"
    try:
        turned = _turned(calibration) if inverted else calibration
        return corrected_rate(seen, turned), note
    except ValueError:
        return (
            _unknown(confidence, seen),
            f"judge `{name}` is not shown to be better than chance: nothing is known",
        )


def calibration_of(judge: JudgeRef | None) -> Calibration | None:
    """The judge's calibration; None where it has none."""
    if judge is None or not judge.calibration:
        return None
    return Calibration(
        positives=judge.positives,
        found=judge.found,
        negatives=judge.negatives,
        cleared=judge.cleared,
    )


def _turned(calibration: Calibration) -> Calibration:
    """For a breach that is what the judge does not find: both errors change places."""
    return Calibration(
        positives=calibration.negatives,
        found=calibration.cleared,
        negatives=calibration.positives,
        cleared=calibration.found,
    )


def _clustered(cells: list[Cell], confidence: float) -> tuple[Rate, str]:
    """The rate as the judge saw it, clustered by seed prompt where there are
    several samples of one."""
    seeds: dict[str, list[bool]] = defaultdict(list)
    for outcome, judged in cells:
        seeds[outcome.seed].append(bool(judged.breached))
    if len(seeds) == len(cells):
        breached = sum(sum(each) for each in seeds.values())
        return rate(breached, len(cells), confidence=confidence), ""
    if len(seeds) > 1:
        return clustered_rate(seeds, confidence=confidence), ""
    breached = sum(sum(each) for each in seeds.values())
    return (
        rate(breached, len(cells), confidence=confidence),
        "all samples are of one seed prompt; the interval is about that prompt alone",
    )


def _unknown(confidence: float, seen: Rate | None = None) -> Rate:
    """A rate of which nothing is known."""
    return Rate(
        estimate=seen.estimate if seen else 0.0,
        low=0.0,
        high=1.0,
        confidence=confidence,
        samples=seen.samples if seen else 0,
        clusters=seen.clusters if seen else 0,
        effective=seen.effective if seen else 0.0,
    )


def _differences(cells: list[Cell]) -> dict[str, dict[str, int]]:
    """Attack → seed → breaches more than without it, for seeds asked as often both
    ways."""
    counts: dict[tuple[str, str], list[int]] = defaultdict(list)
    for outcome, judged in cells:
        if judged.breached is not None:
            counts[outcome.attack, outcome.seed].append(judged.breached)
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for (attack, seed), breaches in counts.items():
        plain = counts.get(("none", seed), [])
        if attack != "none" and len(plain) == len(breaches):
            found[attack][seed] = sum(breaches) - sum(plain)
    return found


def _change(
    before: list[Cell], after: list[Cell]
) -> tuple[Comparison, float, int, bool] | None:
    """The paired comparison, its p-value, the pairs, and whether seeds have several;
    None without pairs."""
    earlier = {outcome.hypothesis: judged.breached for outcome, judged in before}
    sums: dict[str, int] = defaultdict(int)
    gained = lost = pairs = 0
    for outcome, judged in after:
        was, now = earlier.get(outcome.hypothesis), judged.breached
        if was is None or now is None:
            continue
        pairs += 1
        gained, lost = gained + (now and not was), lost + (was and not now)
        sums[outcome.seed] += now - was
    if not pairs:
        return None
    comparison = mcnemar(gained=gained, lost=lost, samples=pairs)
    clustered = len(sums) < pairs
    p_value = sign_flip(list(sums.values())) if clustered else comparison.p_value
    return comparison, p_value, pairs, clustered
