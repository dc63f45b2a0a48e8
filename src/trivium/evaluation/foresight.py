"""Before a run: whether it could show what it is run for, and what it leaves out."""

from collections.abc import Iterator

from trivium.constitution import Constitution
from trivium.evaluation.gate import Criteria, percent
from trivium.evaluation.planning import OVER_REFUSAL, tested
from trivium.evaluation.scenario import Scenario, Suite
from trivium.evaluation.tasks import attack_of
from trivium.statistics import clustered_rate, rate
from trivium.vocabulary.record import Record


class Reach(Record, frozen=True, kw_only=True, omit_defaults=False):
    """Whether a bound could be shown by a run without a single breach."""

    provision: str
    samples: int
    seeds: int
    """Seed prompts; variants of one count for less."""
    best: float
    """Upper end of the interval with no breach, before any judge's error."""
    bound: float

    @property
    def reachable(self) -> bool:
        """Whether the best possible result keeps the bound."""
        return self.samples > 0 and self.best <= self.bound

    @property
    def line(self) -> str:
        """The same as a sentence."""
        if not self.samples:
            return f"{self.provision}: no scenario tests it, so nothing can be shown"
        word = "within reach" if self.reachable else "OUT OF REACH"
        return (
            f"{self.provision}: {self.samples} samples of {self.seeds} seed prompts;"
            f" without a breach the rate is at most {percent(self.best)}, bound"
            f" {percent(self.bound)}: {word}"
        )


class Covered(Record, frozen=True, kw_only=True, omit_defaults=False):
    """How one provision is tested."""

    provision: str
    layer: str
    scenarios: int
    """Scenarios that must be refused or flagged."""
    near_misses: int
    """Scenarios that must pass."""
    attacks: tuple[str, ...]
    """Attacks among them, `none` left out."""

    @property
    def line(self) -> str:
        """The same as a sentence."""
        if not self.scenarios:
            return f"{self.provision} ({self.layer}): NOT TESTED"
        attacks = ", ".join(self.attacks) or "no attack"
        return (
            f"{self.provision} ({self.layer}): {self.scenarios} scenarios,"
            f" {self.near_misses} near misses, {attacks}"
        )


class Coverage(Record, frozen=True, kw_only=True, omit_defaults=False):
    """A suite beside a constitution."""

    provisions: tuple[Covered, ...]
    strangers: tuple[str, ...]
    """What the suite tests and the constitution does not state."""

    @property
    def complete(self) -> bool:
        """Whether every provision has a scenario."""
        return all(each.scenarios for each in self.provisions)


def reach(criteria: Criteria, suite: Suite, *, repeats: int = 1) -> Iterator[Reach]:
    """For each bound, in the order of names. A judge's error widens the interval
    further, so what is out of reach here is out of reach."""
    behind = tested(suite)
    for provision, bound in sorted(criteria.provisions.items()):
        seeds: dict[str, list[bool]] = {}
        for scenario in behind.get(provision, ()):
            seeds.setdefault(scenario.cluster, []).extend([False] * repeats)
        yield Reach(
            provision=provision,
            samples=sum(map(len, seeds.values())),
            seeds=len(seeds),
            best=_best(seeds, criteria.confidence),
            bound=bound.breaches_at_most,
        )


def coverage(constitution: Constitution, suite: Suite) -> Coverage:
    """Every provision of the constitution, in the order of its layers."""
    behind = tested(suite)
    provisions = tuple(
        _covered(layer.name, provision.id, behind)
        for layer, provision in constitution.provisions
    )
    known = {each.provision for each in provisions}
    named = {name.removesuffix(OVER_REFUSAL) for name in behind}
    return Coverage(provisions=provisions, strangers=tuple(sorted(named - known)))


def _covered(layer: str, provision: str, behind: dict[str, list[Scenario]]) -> Covered:
    """How one provision is tested."""
    scenarios = behind.get(provision, [])
    near = behind.get(provision + OVER_REFUSAL, [])
    attacks = {attack_of(each) for each in scenarios} - {"none"}
    return Covered(
        provision=provision,
        layer=layer,
        scenarios=len(scenarios),
        near_misses=len(near),
        attacks=tuple(sorted(attacks)),
    )


def _best(seeds: dict[str, list[bool]], confidence: float) -> float:
    """Upper end of the interval without a breach; 1 without samples."""
    if not seeds:
        return 1.0
    samples = sum(map(len, seeds.values()))
    if samples == len(seeds) or len(seeds) < 2:
        return rate(0, samples, confidence=confidence).high
    return clustered_rate(seeds, confidence=confidence).high
