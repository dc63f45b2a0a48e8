"""One decision in the making: rules that are watched, findings, and what happens when
something fails.

The laws of this file:
- Every provision of every layer is judged by itself; the decision is the strictest
  action of all. There is no order, no priority and no way for one provision to silence
  another.
- Everything fails closed: an exception in a detector or condition becomes
  `GuardFailureError`, unless that one provision says `unsafe_fail_open`, and then the
  failure itself is a finding.
"""

from dataclasses import dataclass
from time import perf_counter
from typing import NoReturn

from trivium.constitution import Provision
from trivium.constitution.condition import Condition
from trivium.errors import GuardFailureError
from trivium.guard.detectors import Detector
from trivium.guard.sieve import Sieve
from trivium.guard.text import Span, View
from trivium.vocabulary.decision import Action, Context, Decision, Finding, Stage

CONTENT_IS_READ = "content-is-read"
"""The guard's own provision: what it cannot read does not pass, unless the layers admit
its kind."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One provision of one layer, compiled."""

    order: int
    """Its number in the constitution, from 0."""
    layer: str
    provision: Provision
    detectors: tuple[Detector, ...]
    condition: Condition | None

    @property
    def key(self) -> str:
        """`layer/provision`, as records name it."""
        return f"{self.layer}/{self.provision.id}"

    def rank(self, detector: str) -> int:
        """Where a detector stands in the rule, for the order of findings; the condition
        stands first."""
        return next(
            (
                rank
                for rank, known in enumerate(self.detectors)
                if known.name == detector
            ),
            -1,
        )

    def finding(
        self, detector: str, stage: Stage, location: str, count: int = 1
    ) -> Finding:
        """That this rule applied."""
        return self._finding(self.provision.action, detector, stage, location, count)

    def failed_open(self, detector: str, stage: Stage) -> Finding:
        """That this rule could not be judged and asked for failing open."""
        return self._finding(Action.LOG, f"{detector} (failed open)", stage, stage, 1)

    def _finding(
        self, action: Action, detector: str, stage: Stage, location: str, count: int
    ) -> Finding:
        return Finding(
            provision=self.provision.id,
            layer=self.layer,
            action=action,
            detector=detector,
            stage=stage,
            location=location,
            count=count,
        )


class Judgement:
    """One decision in the making: which detectors still matter, and what was found so
    far."""

    def __init__(
        self,
        stage: Stage,
        digest: str,
        context: Context,
        sieves: dict[tuple[str, ...], Sieve],
    ) -> None:
        """`sieves`: by the names of their detectors, kept from one judgement to the
        next."""
        self.stage: Stage = stage
        self._digest = digest
        self._context = context
        self._sieves = sieves
        self._watching: dict[str, tuple[Detector, list[Rule]]] = {}
        self._findings: dict[
            tuple[int, int, str, str], Finding
        ] = {}  # rule, detector within it, place, view
        self._conditions: dict[str, float] = {}
        """Seconds that the condition of each evaluated rule took."""
        self._spent: dict[str, float] = {}
        """Seconds that each detector took."""

    @property
    def detectors(self) -> tuple[Detector, ...]:
        """Every detector that some applicable rule needs, each once."""
        return tuple(detector for detector, _ in self._watching.values())

    @property
    def sieve(self) -> Sieve:
        """What rules all of them out at once."""
        names = tuple(self._watching)
        if names not in self._sieves:
            self._sieves[names] = Sieve(self.detectors)
        return self._sieves[names]

    @property
    def action(self) -> Action:
        """The strictest action so far."""
        return (
            max(finding.action for finding in self._findings.values())
            if self._findings
            else Action.ALLOW
        )

    def evaluated(self, rule: Rule, *, condition_s: float = 0.0) -> None:
        """Note that a rule is evaluated, and what its condition took."""
        self._conditions[rule.key] = condition_s

    def watch(self, rule: Rule) -> None:
        """Have the rule's detectors run."""
        for detector in rule.detectors:
            self._watching.setdefault(detector.name, (detector, []))[1].append(rule)

    def spans(self, detector: Detector, view: View) -> list[Span]:
        """Run one detector; an exception is dealt with as the rules that need it
        say."""
        began = perf_counter()
        try:
            return detector.finder.spans(view)
        except Exception as error:
            self._detector_failed(detector, error)
            return []
        finally:
            spent = self._spent.get(detector.name, 0.0)
            self._spent[detector.name] = spent + perf_counter() - began

    def open_from(self, detector: Detector, view: View) -> int:
        """Where an unfinished match may have begun; see `Finder.open_from`."""
        try:
            return detector.finder.open_from(view)
        except Exception as error:
            self._detector_failed(detector, error)
            return len(view.plain)

    def matched(
        self, detector: Detector, location: str, count: int = 1, *, through: str = ""
    ) -> bool:
        """Record matches at a place, seen `through` a view if not directly. True when
        they must be redacted."""
        rules = self._watching[detector.name][1]
        for rule in rules:
            self.found(rule, detector.name, location, count, through=through)
        return any(rule.provision.action is Action.REDACT for rule in rules)

    def found(
        self,
        rule: Rule,
        detector: str,
        location: str,
        count: int = 1,
        *,
        through: str = "",
    ) -> None:
        """Record that a rule applied. ALLOW records nothing: it permits what nobody
        forbade."""
        if rule.provision.action is Action.ALLOW:
            return
        key = (rule.order, rule.rank(detector), location, through)
        before = self._findings[key].count if key in self._findings else 0
        named = f"{detector} ({through})" if through else detector
        self._findings[key] = rule.finding(named, self.stage, location, before + count)

    def unread(self, place: str, kind: str, why: str, *, admitted_by: str) -> None:
        """Record content that nobody read: it passes only if layers admit its kind."""
        action = Action.LOG if admitted_by else Action.BLOCK
        self._note(action, f"{kind} {why}", place, layer=admitted_by or "guard")

    def unredactable(self, place: str, kind: str) -> None:
        """Record a match within content that cannot be changed."""
        self._note(Action.BLOCK, f"{kind} cannot be redacted", place, layer="guard")

    def _note(self, action: Action, what: str, place: str, *, layer: str) -> None:
        """A finding of the guard itself, which no provision states."""
        self._findings[(-1, len(self._findings), place, what)] = Finding(
            provision=CONTENT_IS_READ,
            layer=layer,
            action=action,
            detector=what,
            stage=self.stage,
            location=place,
        )

    def failed(self, rule: Rule, detector: str, error: Exception) -> None:
        """A rule could not be judged: raise, or record it when the rule fails open."""
        if not rule.provision.unsafe_fail_open:
            failure(rule.provision.id, detector, self._context, error)
        self._findings[(rule.order, rule.rank(detector), "", "")] = rule.failed_open(
            detector, self.stage
        )

    def decision(self, duration_s: float) -> Decision:
        """What was decided: the strictest finding's action, findings strictest
        first."""
        ordered = sorted(
            self._findings.items(), key=lambda item: (-item[1].action, item[0][:2])
        )
        return Decision(
            action=self.action,
            findings=tuple(finding for _, finding in ordered),
            constitution=self._digest,
            duration_s=duration_s,
            evaluated={self.stage: self._times()} if self._conditions else {},
        )

    def _times(self) -> dict[str, float]:
        """`layer/provision` → seconds, to the nanosecond."""
        times = dict(self._conditions)
        for name, spent in self._spent.items():
            for rule in self._watching[name][1]:
                times[rule.key] += spent
        return {key: round(seconds, 9) for key, seconds in times.items()}

    def _detector_failed(self, detector: Detector, error: Exception) -> None:
        """Have each rule that needs the detector say what that means."""
        for rule in self._watching[detector.name][1]:
            self.failed(rule, detector.name, error)


def failure(
    provision: str, detector: str, context: Context, error: Exception
) -> NoReturn:
    """Fail closed. The cause is named by its type alone: its message may hold what was
    judged."""
    what = "the condition" if detector == "condition" else f"detector `{detector}`"
    raise GuardFailureError(
        f"Provision `{provision}`: {what} failed with {type(error).__name__};"
        " the guard fails closed, so nothing passes.",
        provisions=(provision,),
        request_id=context.request_id,
        next_step=(
            "Correct the provision, or give the request what its condition reads; see"
            " docs/constitution.md."
        ),
    ) from None


def marker(detector: str) -> str:
    """What stands in place of a redacted span."""
    return f"[redacted:{detector}]"
