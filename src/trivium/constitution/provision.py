"""One provision of a constitution: as a layer states it, and as it holds after
inheriting from the layers above.

A layer may restate a provision of an earlier layer by naming its id; fields it omits
are inherited. `DIRECTIONS` says for every field which way a restatement may move it,
and `weakenings` names every move in the other direction. This static check is for
authors: even without it a layer could not weaken another, because the guard evaluates
each layer separately and joins their decisions by max.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from msgspec import Meta

from trivium.vocabulary.decision import Action, Stage
from trivium.vocabulary.record import Record

Severity = Literal["low", "medium", "high", "critical"]
ActionName = Literal["ALLOW", "LOG", "REDACT", "REVISE", "ESCALATE", "BLOCK"]
"""`Action` by name."""
DecidedBy = Literal["guard", "critic", "judge"]
"""`guard`: detectors and conditions, for every request. `critic`: a model of the
deployment, for every complete reply. `judge`: evaluation and monitoring measure it;
nothing is decided while a request runs."""
Authority = Literal["provider", "organisation", "sector", "application"]
"""Who speaks in a layer, strongest first."""
Direction = Literal["up", "grows", "earlier", "later", "same", "off", "free", "fewer"]

SEVERITIES: tuple[Severity, ...] = ("low", "medium", "high", "critical")
AUTHORITIES: tuple[Authority, ...] = (
    "provider",
    "organisation",
    "sector",
    "application",
)

DIRECTIONS: dict[str, Direction] = {
    "id": "same",
    "title": "free",
    "text": "same",
    "rationale": "free",
    "severity": "up",
    "action": "up",
    "stages": "grows",
    "detectors": "grows",
    "condition": "same",
    "decided_by": "same",
    "critique_request": "same",
    "revision_request": "same",
    "rounds": "fewer",
    "tests": "free",
    "citations": "grows",
    "overridable": "same",
    "owner": "free",
    "effective_from": "earlier",
    "sunset": "later",
    "unsafe_fail_open": "off",
}
"""Field → the only way in which a later layer may move it. `same` admits no change,
`off` only switching off."""

_Id = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,62}\Z")]
_Text = Annotated[str, Meta(min_length=1, max_length=4096)]
_MediaType = Annotated[str, Meta(pattern=r"^[a-z]+/[a-z0-9][a-z0-9.+-]{0,127}\Z")]


class Citation(Record, frozen=True, kw_only=True):
    """Where the provision's demand comes from."""

    framework: _Text
    """For instance `PCI DSS 4.0.1`."""
    article: _Text
    """The clause, requirement or control inside it."""


class Case(Record, frozen=True, kw_only=True):
    """One test of a provision: a text, or a request and context for its condition."""

    text: str | None = None
    """What the user says, or the model answers."""
    request: dict[str, Any] | None = None
    """Fields of a request in the Messages shape; what is absent gets a harmless value.
    Any: it is the caller's JSON."""
    context: dict[str, Any] | None = None
    """Fields of the guard's context; what is absent gets a harmless value. Any: as
    above."""


class Tests(Record, frozen=True, kw_only=True):
    """What proves a provision: it must apply to the first and must not apply to the
    second."""

    must_match: Annotated[tuple[str | Case, ...], Meta(min_length=1)]
    must_pass: Annotated[tuple[str | Case, ...], Meta(min_length=1)]


class Bound(Record, frozen=True, kw_only=True):
    """How far later layers may tighten one field. Bounds never permit weakening."""

    fixed: bool = False
    """The field may not be restated at all."""
    at_most: ActionName | None = None
    """For `action`: the strictest action a later layer may ask for, against
    over-refusal."""


class StatedProvision(Record, frozen=True, kw_only=True):
    """A provision as a layer's file states it. Everything but the id may be
    inherited."""

    id: _Id
    """For instance `secrets-never-leave`."""
    title: _Text | None = None
    """One line for tables."""
    text: _Text | None = None
    """The rule in words a person is bound by."""
    rationale: _Text | None = None
    """Why the rule exists."""
    severity: Severity | None = None
    """How bad a breach would be."""
    action: ActionName | None = None
    """What happens when it applies."""
    stages: Annotated[tuple[Stage, ...], Meta(min_length=1)] | None = None
    """Whether requests, replies or both are judged."""
    detectors: Annotated[tuple[str, ...], Meta(min_length=1)] | None = None
    """Names of detectors; it applies where any of them finds something."""
    condition: _Text | None = None
    """A CEL expression; alone it decides, beside detectors it must hold as well."""
    decided_by: DecidedBy | None = None
    """Who tells whether it applies; the guard, when absent."""
    critique_request: _Text | None = None
    """What a critic is asked about a reply. Required with `decided_by: critic` and with
    `action: REVISE`."""
    revision_request: _Text | None = None
    """How the model shall rewrite a reply. Required with `action: REVISE`."""
    rounds: Annotated[int, Meta(ge=1, le=5)] | None = None
    """How often a reply is rewritten before it is refused; 2, when absent."""
    tests: Tests | None = None
    """What proves it."""
    citations: tuple[Citation, ...] | None = None
    """Where the demand comes from."""
    overridable: dict[str, Bound] | None = None
    """Field → how far later layers may tighten it."""
    owner: _Text | None = None
    """Who answers for it."""
    effective_from: dt.date | None = None
    """The first day it applies; always, when absent."""
    sunset: dt.date | None = None
    """The first day it no longer applies; never, when absent."""
    unsafe_fail_open: bool | None = None
    """When a detector or the condition fails, let the request pass with a recorded
    finding instead of refusing it."""


class StatedLayer(Record, frozen=True, kw_only=True):
    """A layer's file."""

    layer: _Id
    """The layer's name in findings."""
    authority: Authority
    """Who speaks; layers are ordered by it."""
    title: _Text
    """One line."""
    admits: tuple[_MediaType, ...] | None = None
    """Media types of content that may pass although the guard cannot read it. Only what
    every layer that has such a list names is admitted; without any list, nothing."""
    provisions: Annotated[tuple[StatedProvision, ...], Meta(min_length=1)]
    """At least one: an empty layer governs nothing and is refused."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Provision:
    """A provision as it holds in one layer, after inheritance."""

    id: str
    title: str
    text: str
    rationale: str
    severity: Severity
    action: Action
    stages: frozenset[Stage]
    detectors: tuple[str, ...]
    condition: str | None
    decided_by: DecidedBy
    critique_request: str | None
    revision_request: str | None
    rounds: int
    tests: Tests
    citations: tuple[Citation, ...]
    overridable: dict[str, Bound]
    owner: str | None
    effective_from: dt.date | None
    sunset: dt.date | None
    unsafe_fail_open: bool

    def holds_on(self, day: dt.date) -> bool:
        """Whether it applies on that day (UTC)."""
        return (
            (self.effective_from or dt.date.min) <= day < (self.sunset or dt.date.max)
        )


def effective(stated: StatedProvision, parent: Provision | None) -> Provision:
    """The provision after inheriting what is omitted. Call `problems` first: this one
    trusts its input."""

    def pick(
        name: str, default: Any = None
    ) -> Any:  # Any: the field's own type, checked by the record
        value = getattr(stated, name)
        if value is not None:
            return value
        return default if parent is None else getattr(parent, name)

    action = pick("action")
    return Provision(
        id=stated.id,
        title=pick("title"),
        text=pick("text"),
        rationale=pick("rationale"),
        severity=pick("severity"),
        action=Action[action] if isinstance(action, str) else action,
        stages=frozenset(pick("stages")),
        detectors=tuple(pick("detectors", ())),
        condition=pick("condition"),
        decided_by=pick("decided_by", "guard"),
        critique_request=pick("critique_request"),
        revision_request=pick("revision_request"),
        rounds=pick("rounds", ROUNDS),
        tests=pick("tests"),
        citations=tuple(pick("citations", ())),
        overridable=pick("overridable", {}),
        owner=pick("owner"),
        effective_from=pick("effective_from"),
        sunset=pick("sunset"),
        unsafe_fail_open=pick("unsafe_fail_open", False),
    )


ROUNDS = 2
"""Rewrites of one reply before it is refused, where the provision does not say."""

_REQUIRED = ("title", "text", "rationale", "severity", "action", "stages", "tests")


def problems(stated: StatedProvision, parent: Provision | None) -> tuple[str, ...]:
    """Why a provision cannot stand, one clause each; empty when it can."""
    absent = [
        name for name in _REQUIRED if parent is None and getattr(stated, name) is None
    ]
    if absent:
        return tuple(f"`{name}` is missing" for name in absent)
    provision = effective(stated, parent)
    found = list(_undecidable(provision))
    if (
        provision.action is Action.REDACT
        and not provision.detectors
        and provision.decided_by == "guard"
    ):
        found.append(
            "`action: REDACT` needs `detectors`: a condition alone finds no span to"
            " redact"
        )
    if (
        provision.effective_from
        and provision.sunset
        and provision.sunset <= provision.effective_from
    ):
        found.append(
            f"`sunset` {provision.sunset} is not after `effective_from`"
            f" {provision.effective_from}"
        )
    for name, bound in provision.overridable.items():
        if name not in DIRECTIONS:
            found.append(
                f"`overridable` names `{name}`, which is not a field of a provision"
            )
        elif bound.at_most is not None and name != "action":
            found.append(
                f"`overridable.{name}.at_most` has no meaning; only `action` has a"
                " ceiling"
            )
    return tuple(found)


def _undecidable(provision: Provision) -> Iterator[str]:
    """Why nobody could tell whether it applies, or do what it asks for."""
    by = provision.decided_by
    decidable = provision.detectors or provision.condition is not None
    if by == "guard" and not decidable:
        yield "it has neither `detectors` nor `condition`, so it could never apply"
    if by != "guard" and provision.detectors:
        yield f"`decided_by: {by}` does not use `detectors`"
    if by == "critic" and provision.stages != {"reply"}:
        yield "`decided_by: critic` needs `stages: [reply]`: a critic judges replies"
    if by == "critic" and provision.action is Action.REDACT:
        yield "`action: REDACT` needs `detectors`: a critic finds no span to redact"
    if by == "critic" and provision.critique_request is None:
        yield "`decided_by: critic` needs a `critique_request`"
    if by == "critic" and provision.unsafe_fail_open:
        yield "`unsafe_fail_open` has no meaning with `decided_by: critic`"
    if by == "judge" and provision.action is not Action.LOG:
        yield (
            "`decided_by: judge` needs `action: LOG`, because nothing is decided while"
            " a request runs"
        )
    if provision.action is Action.REVISE:
        if provision.stages != {"reply"}:
            yield "`action: REVISE` needs `stages: [reply]`: requests are not rewritten"
        for name in ("critique_request", "revision_request"):
            if getattr(provision, name) is None:
                yield f"`action: REVISE` needs a `{name}`"


def weakenings(
    child: Provision, parent: Provision, stated: StatedProvision
) -> tuple[str, ...]:
    """Every way in which `child` moves a field of `parent` against its direction or
    beyond its bound."""
    found = []
    for name, direction in DIRECTIONS.items():
        if getattr(stated, name) is None or name == "id":
            continue
        old, new = getattr(parent, name), getattr(child, name)
        if not _PERMITTED[direction](old, new):
            found.append(
                f"`{name}` goes from {_shown(old)} to {_shown(new)}, but may only"
                f" {_MEANING[direction]}"
            )
        if name == "detectors" and new and not old:
            found.append(
                "`detectors` would have to find something besides the condition, which"
                " alone decides now"
            )
        bound = parent.overridable.get(name, Bound())
        if bound.fixed and new != old:
            found.append(f"`{name}` is fixed by the earlier layer")
        if bound.at_most is not None and new > max(Action[bound.at_most], old):
            found.append(
                f"`{name}` {_shown(new)} exceeds the earlier layer's ceiling"
                f" {bound.at_most}"
            )
    return tuple(found)


def _rank(
    value: Any,
) -> int:  # Any: an Action or a Severity, whichever field is compared
    """Where an action or a severity stands among its kind."""
    return int(value) if isinstance(value, Action) else SEVERITIES.index(value)


_PERMITTED: dict[
    Direction, Any
] = {  # Any: one comparison a direction, over the field's own type
    "up": lambda old, new: _rank(new) >= _rank(old),
    "grows": lambda old, new: set(new) >= set(old),
    "earlier": lambda old, new: old is not None and new <= old,
    "later": lambda old, new: old is not None and new >= old,
    "same": lambda old, new: new == old,
    "off": lambda old, new: old or not new,
    "free": lambda _old, _new: True,
    "fewer": lambda old, new: new <= old,
}

_MEANING: dict[Direction, str] = {
    "up": "become stricter",
    "grows": "gain members",
    "earlier": "become earlier (none means always)",
    "later": "become later (none means never)",
    "same": "stay as it is",
    "off": "be switched off",
    "free": "change",
    "fewer": "become fewer",
}


def _shown(value: Any) -> str:  # Any: the value of whichever field moved
    """A field's value in a message."""
    if isinstance(value, Action):
        return value.name
    if isinstance(value, frozenset | tuple):
        return (
            "{" + ", ".join(sorted(str(getattr(v, "article", v)) for v in value)) + "}"
        )
    return (
        "none"
        if value is None
        else repr(value)
        if isinstance(value, str)
        else str(value)
    )
