"""Checks that say what a property must be, for rules that need no more.

Each makes a `Check`. A rule may mix them with functions of its own. An unknown property
ends the check with `Pending`, as everywhere; a missing one is judged as the provider's
own default, where the check names it.

    flag("allowBlobPublicAccess", False, …)          one boolean
    one_of("publicAccessPrevention", "enforced", …)  one of some texts
    at_least("retentionDays", "minimum_days", …)     a number, against a parameter
    no_wildcard("principals", …)                     texts without `*` and `?`
    attached((LOCK,), "bucket", flag(…), …)          the resources that name this one
    where(condition, check)                          a check for some of the types
"""

import re
from collections.abc import Callable, Iterator

from trivium_policies.resource import Properties, Resource
from trivium_policies.rule import Case, Check, Verdict, Violation, held_by

Read = Callable[[Case], Properties]
"""Where a check reads."""

_WILD = re.compile(r"[*?]")


def own(case: Case) -> Properties:
    """The judged resource's own properties."""
    return case.resource.properties


def flag(
    path: str, wanted: bool = True, *, consequence: str, read: Read = own
) -> Check:
    """The boolean at `path` is `wanted`; a missing one is not."""

    def check(case: Case) -> Iterator[Verdict]:
        properties = read(case)
        found = properties.flag(path)
        if found is not wanted:
            yield Violation(
                properties.path(path),
                found=found,
                expected=str(wanted).lower(),
                consequence=consequence,
            )

    return check


def one_of(path: str, *allowed: str, consequence: str, read: Read = own) -> Check:
    """The text at `path` is one of those allowed; a missing one is not."""

    def check(case: Case) -> Iterator[Verdict]:
        properties = read(case)
        found = properties.text(path)
        if found not in allowed:
            yield Violation(
                properties.path(path),
                found=found,
                expected=" or ".join(allowed),
                consequence=consequence,
            )

    return check


def at_least(
    path: str, parameter: str, *, consequence: str, unit: str = "", read: Read = own
) -> Check:
    """The number at `path` is at least the rule's parameter; a missing one is not."""

    def check(case: Case) -> Iterator[Verdict]:
        properties = read(case)
        found, minimum = properties.number(path), case.days(parameter)
        if found is None or found < minimum:
            yield Violation(
                properties.path(path),
                found=properties.value(path),
                expected=f"at least {minimum} {unit}".rstrip(),
                consequence=consequence,
            )

    return check


def no_wildcard(
    path: str, *, expected: str, consequence: str, read: Read = own
) -> Check:
    """No text in the list at `path` holds `*` or `?`."""

    def check(case: Case) -> Iterator[Verdict]:
        properties = read(case)
        for index, text in enumerate(properties.texts(path)):
            if _WILD.search(text):
                yield Violation(
                    properties.path(f"{path}[{index}]"),
                    found=text,
                    expected=expected,
                    consequence=consequence,
                )

    return check


def attached(
    types: tuple[str, ...], by: str, *checks: Check, absent: Violation | None = None
) -> Check:
    """Every resource of these types whose property `by` names this one passes the
    checks; without any of them, `absent` is the verdict. For rules of scope `stack`."""

    def check(case: Case) -> Iterator[Verdict]:
        found = case.stack.attached(case.resource, by, *types)
        if not found and absent is not None:
            yield absent
        for holder in found:
            theirs = Case(holder, case.stack, case.parameters)
            for each in checks:
                yield from held_by(holder, each(theirs))

    return check


def where(applies: Callable[[Resource], bool], *checks: Check) -> Check:
    """The checks, for the resources that `applies` is true of."""

    def check(case: Case) -> Iterator[Verdict]:
        if applies(case.resource):
            for each in checks:
                yield from each(case)

    return check


def of_type(*types: str) -> Callable[[Resource], bool]:
    """Whether a resource is of one of these types."""
    return lambda resource: resource.type in types
