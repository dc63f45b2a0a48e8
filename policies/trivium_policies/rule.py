"""A rule, the verdicts it can reach, and how it is judged. Pure: no Pulumi, no file, no
clock.

    Pass            the promise holds; a `note` says what still deserves a look
    Violation       the promise is broken at one property
    Pending         the preview does not know an input yet; never a silent pass
    NotApplicable   the rule has nothing to say about this resource

A resource's verdicts are joined by their strictest: one violation makes the whole
resource violate. A rule reports each broken property by itself, and an unknown input in
one check never hides a violation found by another.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from trivium_policies.controls import Control, controls
from trivium_policies.resource import (
    MalformedPropertyError,
    NotYetKnownError,
    Resource,
    Stack,
)

Severity = Literal["low", "medium", "high", "critical"]
Cloud = Literal["aws", "gcp", "azure", "shared"]
Scope = Literal["resource", "stack"]
Value = bool | int | tuple[str, ...]
"""What a parameter can be."""


@dataclass(frozen=True)
class Pass:
    """The promise holds."""

    note: str = ""
    """What a reviewer should still see, one sentence; empty when there is nothing."""


@dataclass(frozen=True)
class Violation:
    """The promise is broken at one property."""

    path: str
    """The property, from the resource down: `rule.defaultRetention.mode`."""
    found: object
    """Its value; None when it is absent. Only properties that cannot hold a secret are
    shown."""
    expected: str
    """What is allowed, as a phrase: "true", "COMPLIANCE"."""
    consequence: str
    """What happens if it stays so, one sentence."""
    holder: Resource | None = None
    """Where the property stands, when that is not the judged resource: a bucket's lock
    configuration."""


@dataclass(frozen=True)
class Pending:
    """Cannot be judged yet: the preview does not know this property. The update judges
    it again, before it is made."""

    path: str
    """The property that is unknown."""


@dataclass(frozen=True)
class NotApplicable:
    """The rule has nothing to say about this resource."""

    reason: str
    """Why, as a phrase."""


Verdict = Pass | Violation | Pending | NotApplicable


@dataclass(frozen=True)
class Parameter:
    """One figure of a rule that a profile may set."""

    name: str
    """With its unit: `minimum_retention_days`."""
    default: Value
    """Used by a profile that says nothing. Its type is the parameter's type."""
    meaning: str
    """One sentence."""
    source: str
    """Where the default comes from."""
    minimum: int | None = None
    """For integers: no profile may go below it."""
    choices: tuple[str, ...] = ()
    """For lists: what may stand in it; empty allows any string."""
    pattern: str = ""
    """For lists: what each string must match as a whole; empty allows any."""
    form: str = ""
    """The pattern in words, for a person."""


Parameters = Mapping[str, Value]


@dataclass(frozen=True)
class Remediation:
    """How a violation is mended."""

    text: str
    """One imperative sentence."""
    pulumi: str
    """Python for a Pulumi program that passes the rule."""


@dataclass(frozen=True)
class Case:
    """One resource before the judge."""

    resource: Resource
    """The resource to be judged."""
    stack: Stack
    """Every resource of the stack for a rule of scope `stack`; this one alone
    otherwise."""
    parameters: Parameters
    """All parameters of the rule, from the profile or their defaults."""

    def days(self, name: str) -> int:
        """The integer parameter `name`."""
        value = self.parameters[name]
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(f"parameter `{name}` is {value!r}, not an integer")
        return value

    def enabled(self, name: str) -> bool:
        """The boolean parameter `name`."""
        value = self.parameters[name]
        if not isinstance(value, bool):
            raise TypeError(f"parameter `{name}` is {value!r}, not a boolean")
        return value

    def listed(self, name: str) -> tuple[str, ...]:
        """The list parameter `name`."""
        value = self.parameters[name]
        if not isinstance(value, tuple):
            raise TypeError(f"parameter `{name}` is {value!r}, not a list")
        return value


Check = Callable[[Case], Iterable[Verdict]]
"""Yields a verdict for each thing that it has to say; yields nothing where the promise
simply holds."""


@dataclass(frozen=True)
class Rule:
    """One promise about deployed resources."""

    id: str
    """Reads as a fact: `aws-audit-store-locked`. The file's name, with dashes."""
    title: str
    """The fact as a sentence without its full stop."""
    promise: str
    """What holds of every stack that passes, one sentence."""
    severity: Severity
    """How bad a violation is."""
    cloud: Cloud
    """Whose resources it reads; `shared` for more than one."""
    scope: Scope
    """`resource` is judged before each resource is made. `stack` needs other resources
    too: it is judged at the end of the preview, before anything is made, and again
    after the update."""
    types: tuple[str, ...]
    """Type tokens of the resources it judges, without API versions."""
    rationale: str
    """Why the promise matters here."""
    risk: str
    """What can happen without it."""
    remediation: Remediation
    """How to mend a violation."""
    controls: tuple[str, ...]
    """Ids of the controls it helps to meet (`controls.py`); the first is shown by
    Pulumi."""
    checks: tuple[Check, ...]
    """Each is judged by itself, so that an unknown input in one does not silence
    another."""
    parameters: tuple[Parameter, ...] = ()
    """What a profile may set."""
    applies: Callable[[Resource], bool] = lambda _: True
    """Which resources of these types it is about."""
    peers: tuple[str, ...] = ()
    """Checks of other tools that cover part of it, as `tool: id`."""

    def __post_init__(self) -> None:
        """Raise `ConfigurationError` for a control that does not exist."""
        controls(self.id, self.controls)

    @property
    def compliance(self) -> tuple[Control, ...]:
        """The controls it helps to meet."""
        return controls(self.id, self.controls)

    @property
    def documentation(self) -> str:
        """Where the rule is documented, from the root of the repository."""
        return f"docs/policies.md#{self.id}"

    def defaults(self) -> dict[str, Value]:
        """Its parameters at their defaults."""
        return {parameter.name: parameter.default for parameter in self.parameters}


@dataclass(frozen=True)
class Wrong:
    """A violating example."""

    resources: Iterable[Resource]
    """The resources, as a program would register them; best a sound set with one change
    (`sound.py`)."""
    paths: tuple[str, ...]
    """The property of each violation that the rule must report, in order; nothing else
    may be reported."""
    parameters: Parameters | None = None
    """Parameters that differ from their defaults."""

    @property
    def stack(self) -> Stack:
        """The resources, to be judged."""
        return Stack(tuple(self.resources))


@dataclass(frozen=True)
class Right:
    """A compliant example."""

    resources: Iterable[Resource]
    """The resources, as a program would register them."""
    parameters: Parameters | None = None
    """Parameters that differ from their defaults."""

    @property
    def stack(self) -> Stack:
        """The resources, to be judged."""
        return Stack(tuple(self.resources))


Compliant = Mapping[str, Right]
"""A sentence → resources that pass."""
Violating = Mapping[str, Wrong]
"""A sentence → resources that break this rule and no other."""


@dataclass(frozen=True)
class Finding:
    """One verdict about one resource."""

    rule: Rule
    """Who judged."""
    resource: Resource
    """What was judged."""
    verdict: Verdict
    """The outcome."""


def judge(
    rule: Rule, stack: Stack, parameters: Parameters | None = None
) -> tuple[Finding, ...]:
    """Every finding of `rule` about the resources of `stack`, in their order; a
    resource that passes has one `Pass`.

    Lets through everything that a broken rule raises: the pack reports it as a
    violation.
    """
    effective = rule.defaults() | dict(parameters or {})
    return tuple(
        Finding(rule, subject, verdict)
        for subject in stack.of_type(*rule.types)
        for verdict in _verdicts(rule, subject, stack, effective)
    )


def _verdicts(
    rule: Rule, subject: Resource, stack: Stack, parameters: Parameters
) -> tuple[Verdict, ...]:
    """Every verdict on one resource, each once."""
    case = Case(
        subject, stack if rule.scope == "stack" else Stack((subject,)), parameters
    )
    spoken: list[Verdict] = []
    for verdict in settled(_spoken(rule, case)):
        if (
            verdict not in spoken
        ):  # two checks may meet the same unknown property; it is said once
            spoken.append(verdict)
    return tuple(spoken) or (Pass(),)


def _spoken(rule: Rule, case: Case) -> Iterator[Verdict]:
    """What the checks say, each by itself."""
    if not rule.applies(case.resource):
        yield NotApplicable("another kind of resource under the same type")
        return
    for check in rule.checks:
        yield from settled(check(case))


def settled(verdicts: Iterable[Verdict]) -> Iterator[Verdict]:
    """`verdicts`, ending with `Pending` at an unknown property and with a `Violation`
    at an unreadable one."""
    try:
        yield from verdicts
    except NotYetKnownError as unknown:
        yield Pending(unknown.path)
    except MalformedPropertyError as malformed:
        yield Violation(
            malformed.path,
            found=malformed.found,
            expected=malformed.expected,
            consequence=(
                "What cannot be read cannot be judged, and the provider would"
                " refuse it."
            ),
        )


def held_by(holder: Resource, verdicts: Iterable[Verdict]) -> Iterator[Verdict]:
    """`verdicts` about properties of `holder`, which belongs to the judged resource."""
    for verdict in settled(verdicts):
        yield (
            replace(verdict, holder=holder)
            if isinstance(verdict, Violation)
            else verdict
        )


def violations(findings: Iterable[Finding]) -> tuple[tuple[Finding, Violation], ...]:
    """The findings that are violations, each with its verdict."""
    return tuple((f, f.verdict) for f in findings if isinstance(f.verdict, Violation))


# A finding is read in a terminal; a whole IAM document there helps nobody.
_SHOWN_CHARACTERS = 120


def describe(finding: Finding, violation: Violation) -> str:
    """A violation for a reviewer, in labelled lines.

    The labels are a grammar: `make preview` reads them back into a table. So what comes
    from the resource is kept to one line.
    """
    where = f" of {known_as(violation.holder)}" if violation.holder else ""
    return "\n".join(
        (
            known_as(finding.resource),
            f"property  `{violation.path}`{where}",
            f"found     {_shown(violation.found)}",
            f"expected  {violation.expected}",
            f"why       {violation.consequence}",
            f"remedy    {finding.rule.remediation.text}",
            f"see       {finding.rule.documentation}",
            f"URN       {finding.resource.urn}",
        )
    )


def known_as(resource: Resource) -> str:
    """A resource as a reviewer knows it."""
    return f"`{resource.name}` ({resource.type})"


def _shown(found: object) -> str:
    """A property's value in one line; control characters are shown escaped."""
    if found is None:
        return "missing"
    if isinstance(found, bool):
        return str(found).lower()
    if isinstance(found, float) and found.is_integer():
        return str(int(found))
    text = f'"{found}"' if isinstance(found, str) else str(found)
    text = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
    if len(text) <= _SHOWN_CHARACTERS:
        return text
    return text[: _SHOWN_CHARACTERS - 1] + "…"
