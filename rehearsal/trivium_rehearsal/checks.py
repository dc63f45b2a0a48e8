"""Inputs against the SDK's types, the vendor's model, the forms that no model states
and the grammar of documents.

What is refused is refused with the full path of the property, what was found (never a
secret's value) and what is allowed. What is unknown in a preview is let pass, and
judged when it is known.

Scalars are converted as the real provider converts them: a Terraform-based one accepts
``"80"`` for 80 and ``true`` for ``"true"`` (pulumi-terraform-bridge, ``CoerceTerraformString``),
azure-native and aws-native do not.
"""

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

from trivium_rehearsal import documents
from trivium_rehearsal.constraints import azure_enums, vendor_models
from trivium_rehearsal.constraints.model import Limits, VendorModel, compiled
from trivium_rehearsal.forms import Wrong, wrong_form
from trivium_rehearsal.types import (
    Anything,
    Enumeration,
    Field,
    ListOf,
    MapOf,
    ObjectType,
    OneOf,
    ResourceType,
    Scalar,
    Type,
)
from trivium_rehearsal.wire import UNKNOWN, Asset, Bag, Path, Unknown, path_text

__all__ = ["Failure", "Verdict", "check", "check_keys"]

_SHOWN: Final = 80
"""Longest value, in characters, that a message repeats."""
_LISTED: Final = 12
"""Most allowed values that a message lists."""
_REFERENCE: Final = re.compile(r"(Id|Ids|Identifier|Identifiers|identifier|userPool)$")
_PATTERN_REACH: Final = 4096
"""Longest string, in characters, that is matched against a pattern: a vendor's pattern
may backtrack."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One refused value."""

    path: Path
    reason: str
    """What was found, what is allowed, and by whose word."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of a check."""

    inputs: dict[str, Any]
    """The inputs, scalars converted as the provider would."""
    failures: tuple[Failure, ...]


def check(type_: ResourceType, bag: Bag) -> Verdict:
    """All inputs of one resource. Looks at the values only: nothing is asked of any
    cloud."""
    walk = _Walk(type_, bag)
    given = {
        name: value for name, value in bag.values.items() if not name.startswith("__")
    }
    inputs = walk.object(
        type_.inputs, given, (), vendor_models(type_), what=f"{type_.token}"
    )
    inputs.update(
        {name: value for name, value in bag.values.items() if name.startswith("__")}
    )
    for path, kind, value in documents.documents_of(type_.token, given):
        if kind is documents.Kind.SERVICE_CONTROL and given.get("type") not in (
            None,
            "SERVICE_CONTROL_POLICY",
        ):
            continue  # other organisation policies have grammars of their own
        walk.document(path, kind, value)
    return Verdict(inputs, tuple(walk.failures))


def check_keys(
    type_: ObjectType, given: Iterable[str], what: str
) -> tuple[Failure, ...]:
    """The names alone, for a provider's configuration, whose values arrive as JSON
    text."""
    return tuple(
        Failure((name,), _unknown_key(type_, name, what))
        for name in given
        if name not in type_.fields
    )


_VENDORS: Final[Mapping[str, str]] = {
    "aws": "AWS",
    "aws-native": "AWS",
    "gcp": "Google Cloud",
    "azure-native": "Azure",
    "azuread": "Microsoft Entra ID",
}


def _unknown_key(type_: ObjectType, name: str, what: str) -> str:
    wire = type_.python_names.get(name)
    if wire is not None and wire != name:
        return (
            f"{what} has no property {name}: on the wire it is called {wire}; write"
            f" {wire}"
        )
    spelled = {known.lower(): known for known in (*type_.fields, *type_.python_names)}
    near = get_close_matches(name.lower(), list(spelled), n=1, cutoff=0.6)
    found = spelled[near[0]] if near else None
    if found is not None:
        return (
            f"{what} has no property {name}; did you mean"
            f" {type_.python_names.get(found, found)}?"
        )
    names = sorted(type_.fields)
    listed = ", ".join(names[:_LISTED]) + (", …" if len(names) > _LISTED else "")
    return f"{what} has no property {name}; it has {listed or 'none'}"


class _Walk:
    """One pass over one resource's inputs, collecting what is wrong."""

    def __init__(self, type_: ResourceType, bag: Bag) -> None:
        self.type = type_
        self.bridged = type_.bridged
        self.bag = bag
        self.vendor = _VENDORS[type_.package]
        self.failures: list[Failure] = []

    def refuse(self, path: Path, reason: str) -> None:
        self.failures.append(Failure(path, reason))

    def found(self, value: object, path: Path) -> str:
        """What stands at `path`, in words; a secret's value is never among them."""
        kind = _kind(value)
        if self.bag.holds_secret(path):
            return f"a secret ({kind})"
        if isinstance(value, str | bool | int | float):
            text = json.dumps(value, ensure_ascii=False)
            return (
                f"{kind} {text}" if len(text) <= _SHOWN else f"{kind} {text[:_SHOWN]}…"
            )
        return kind

    def object(
        self,
        type_: ObjectType,
        given: Mapping[str, Any],
        path: Path,
        models: Sequence[VendorModel],
        what: str,
    ) -> dict[str, Any]:
        checked: dict[str, Any] = {}
        fields = type_.fields
        for name, value in given.items():
            field = fields.get(name)
            if field is None:
                self.refuse((*path, name), _unknown_key(type_, name, what))
            else:
                inner = [
                    found
                    for model in models
                    if (found := self.member(model, name, field)) is not None
                ]
                checked[name] = self.value(
                    field.type, value, (*path, name), inner, field
                )
        for name in type_.required:
            if given.get(name) is None:
                place = path_text((*path, name))
                self.refuse(
                    (*path, name),
                    f"{place} is missing; {what} needs it"
                    f" ({_expected(fields[name].type)})",
                )
        if self.bridged:
            self.exclusions(type_, given, path)
        return checked

    def exclusions(
        self, type_: ObjectType, given: Mapping[str, Any], path: Path
    ) -> None:
        """Two properties of which the documentation of one says that it conflicts with
        the other. As with Terraform, a value that is not known yet conflicts with
        nothing."""
        told: set[frozenset[str]] = set()
        for name in (
            name
            for name, value in given.items()
            if name in type_.fields and _is_set(value)
        ):
            for python_name in type_.fields[name].excludes:
                # The documentation has Terraform's names; the bridge puts those of
                # lists into the plural.
                other = (
                    type_.python_names.get(python_name)
                    or type_.python_names.get(f"{python_name}s")
                    or name
                )
                pair = frozenset((name, other))
                if other != name and pair not in told and _is_set(given.get(other)):
                    told.add(pair)
                    self.refuse((*path, name), f"{path_text((*path, name))} is given together with {other}; the "
                                "provider allows one of them (its documentation)")  # fmt: skip

    def member(self, model: VendorModel, name: str, field: Field) -> VendorModel | None:
        """The vendor's member of that name; the bridge puts the names of lists into the
        plural."""
        found = model.member(name)
        if (
            found is None
            and self.bridged
            and isinstance(field.type, ListOf)
            and name.endswith("s")
        ):
            found = model.member(name[:-1])
        return found

    def value(
        self,
        type_: Type,
        value: Any,
        path: Path,
        models: Sequence[VendorModel],
        field: Field,
    ) -> Any:
        if value is None or isinstance(value, Unknown):
            return value
        if isinstance(type_, Enumeration):
            return self.enumeration(type_, value, path, models, field)
        if isinstance(type_, Scalar):
            return self.scalar(type_, value, path, models, field)
        if isinstance(type_, ListOf):
            return self.list(type_, value, path, models, field)
        if isinstance(type_, MapOf):
            return self.map(type_, value, path, models, field)
        if isinstance(type_, ObjectType):
            if isinstance(value, dict):
                fitting = [
                    model for model in models if model.kind in ("object", "other")
                ]
                return self.object(type_, value, path, fitting, what=path_text(path))
            return self.wrong(type_, value, path)
        if isinstance(type_, OneOf):
            return self.one_of(type_, value, path, field)
        return value

    def wrong(self, type_: Type, value: Any, path: Path) -> Any:
        self.refuse(
            path,
            f"{path_text(path)}: expected {_expected(type_)}, found"
            f" {self.found(value, path)}",
        )
        return value

    def list(
        self,
        type_: ListOf,
        value: Any,
        path: Path,
        models: Sequence[VendorModel],
        field: Field,
    ) -> Any:
        if not isinstance(value, list):
            return self.wrong(type_, value, path)
        fitting = [model for model in models if model.kind == "list"]
        for model in fitting:
            self.length(
                len(value),
                "items",
                model.limits.min_items,
                model.limits.max_items,
                path,
                model.source,
            )
        inner = [item for model in fitting if (item := model.item()) is not None]
        return [
            self.value(type_.item, item, (*path, index), inner, field)
            for index, item in enumerate(value)
        ]

    def map(
        self,
        type_: MapOf,
        value: Any,
        path: Path,
        models: Sequence[VendorModel],
        field: Field,
    ) -> Any:
        if not isinstance(value, dict):
            return self.wrong(type_, value, path)
        inner = [
            item
            for model in models
            if model.kind == "map" and (item := model.item()) is not None
        ]
        return {
            key: self.value(type_.item, item, (*path, key), inner, field)
            for key, item in value.items()
        }

    def one_of(self, type_: OneOf, value: Any, path: Path, field: Field) -> Any:
        """The first option that has nothing against the value; else what the best
        fitting kind has against it."""
        attempts: list[tuple[_Walk, Any]] = []
        for option in type_.options:
            if not _same_kind(option, value) and not (
                self.bridged and isinstance(option, Scalar)
            ):
                continue
            attempt = _Walk(self.type, self.bag)
            result = attempt.value(option, value, path, (), field)
            if not attempt.failures:
                return result
            attempts.append((attempt, result))
        if not attempts:
            return self.wrong(type_, value, path)
        best, result = min(attempts, key=lambda each: len(each[0].failures))
        self.failures.extend(best.failures)
        return result

    def enumeration(
        self,
        type_: Enumeration,
        value: Any,
        path: Path,
        models: Sequence[VendorModel],
        field: Field,
    ) -> Any:
        if not isinstance(value, str):
            return self.wrong(type_, value, path)
        if models:
            return self.scalar(Scalar("string"), value, path, models, field)
        limits = azure_enums.limits(type_)
        if limits is not None:
            self.limits(
                value, limits, path, f"the SDK's enumeration {type_.name}", field
            )
        return value

    def scalar(
        self,
        type_: Scalar,
        value: Any,
        path: Path,
        models: Sequence[VendorModel],
        field: Field,
    ) -> Any:
        converted = self.converted(type_.kind, value)
        if converted is UNKNOWN:
            return self.wrong(type_, value, path)
        before = len(self.failures)
        for model in models:
            if model.kind == type_.kind and len(self.failures) == before:
                self.limits(converted, model.limits, path, model.source, field)
        stated_by_vendor = any(model.limits.values for model in models)
        if (
            len(field.possible_values) > 1
            and isinstance(converted, str)
            and self.bridged
            and not stated_by_vendor
        ):
            # The sentence that Google's provider generator writes from the API's
            # enumeration.
            stated = Limits(values=(*field.possible_values, ""), ignore_case=True)
            self.limits(converted, stated, path, "the provider's documentation", field)
        if isinstance(converted, str) and converted and len(self.failures) == before:
            self.form(value, wrong_form(self.type.token, _name(path), converted), path)
        return converted

    def converted(self, kind: str, value: Any) -> Any:
        """`value` as a `kind`, or UNKNOWN when the provider would not take it for
        one."""
        if kind in ("asset", "archive"):
            return value if isinstance(value, Asset) else UNKNOWN
        if isinstance(value, dict | list | Asset):
            return UNKNOWN
        if kind == "string":
            if isinstance(value, str):
                return value
            return json.dumps(value) if self.bridged else UNKNOWN
        if kind == "boolean":
            if isinstance(value, bool):
                return value
            truths = {
                "1": True,
                "t": True,
                "true": True,
                "0": False,
                "f": False,
                "false": False,
            }
            return (
                truths.get(value.lower(), UNKNOWN)
                if self.bridged and isinstance(value, str)
                else UNKNOWN
            )
        return self._number(kind, value)

    def _number(self, kind: str, value: Any) -> Any:
        if isinstance(value, bool):
            return UNKNOWN
        if isinstance(value, str):
            if not self.bridged:
                return UNKNOWN
            try:
                value = int(value, 0) if kind == "integer" else float(value)
            except ValueError:
                return UNKNOWN
        if isinstance(value, float) and (kind == "integer" or not math.isfinite(value)):
            return UNKNOWN
        return value

    def limits(
        self, value: Any, limits: Limits, path: Path, source: str, field: Field
    ) -> None:
        """One scalar against one vendor's limits. A value that the SDK's own
        documentation names is allowed."""
        if isinstance(value, str):
            if self.bridged and value == "":
                return  # Terraform's zero value: unset
            if limits.values:
                self._values(value, limits, path, source, field)
            self._pattern(value, limits, path, source)
            if not _is_reference(path, value):
                self.length(
                    len(value),
                    "characters",
                    limits.min_length,
                    limits.max_length,
                    path,
                    source,
                )
        elif not isinstance(value, bool) and not (self.bridged and value in (0, -1)):
            self._bounds(value, limits, path, source)

    def _values(
        self, value: str, limits: Limits, path: Path, source: str, field: Field
    ) -> None:
        allowed = (
            {each.lower() for each in limits.values}
            if limits.ignore_case
            else set(limits.values)
        )
        if (
            value.lower() if limits.ignore_case else value
        ) in allowed or value in field.named_values:
            return
        if self.bridged and self.type.exemplifies(field.python_name, value):
            return  # the vendor's model is older than the provider
        near = get_close_matches(value, limits.values, n=1, cutoff=0.7)
        hint = (
            ""
            if self.bag.is_secret(path) or not near
            else f"; did you mean {json.dumps(near[0])}?"
        )
        shown = [json.dumps(each) for each in limits.values if each]
        listed = ", ".join(shown[:_LISTED]) + (
            f" and {len(shown) - _LISTED} more" if len(shown) > _LISTED else ""
        )
        self.refuse(path, f"{path_text(path)}: found {self.found(value, path)}, {self.vendor} allows {listed} "
                    f"({source}){hint}")  # fmt: skip

    def _pattern(self, value: str, limits: Limits, path: Path, source: str) -> None:
        regex = (
            compiled(limits.pattern)
            if limits.pattern and len(value) <= _PATTERN_REACH
            else None
        )
        if regex is None or _is_reference(path, value):
            return
        if not (regex.fullmatch(value) if limits.whole else regex.search(value)):
            self.refuse(path, f"{path_text(path)}: found {self.found(value, path)}, {self.vendor} allows what "
                        f"matches {limits.pattern} ({source})")  # fmt: skip

    def form(self, value: Any, wrong: Wrong | None, path: Path) -> None:
        if wrong is not None:
            hint = (
                ""
                if self.bag.is_secret(path) or not wrong.near
                else f"; did you mean {json.dumps(wrong.near)}?"
            )
            found = self.found(value, path)
            self.refuse(
                path,
                f"{path_text(path)}: found {found}, {self.vendor} allows"
                f" {wrong.allowed}{hint}",
            )

    def length(
        self,
        size: int,
        unit: str,
        low: float | None,
        high: float | None,
        path: Path,
        source: str,
    ) -> None:
        if self.bridged and size == 0:
            return
        if (low is not None and size < low) or (high is not None and size > high):
            self.refuse(path, f"{path_text(path)}: found {size} {unit}, {self.vendor} allows "
                        f"{_range(low, high)} ({source})")  # fmt: skip

    def _bounds(self, value: float, limits: Limits, path: Path, source: str) -> None:
        if limits.numbers and value not in limits.numbers:
            listed = ", ".join(f"{each:g}" for each in limits.numbers)
            self.refuse(path, f"{path_text(path)}: found {self.found(value, path)}, {self.vendor} allows {listed} "
                        f"({source})")  # fmt: skip
        low, high = limits.minimum, limits.maximum
        if (low is not None and value < low) or (high is not None and value > high):
            self.refuse(path, f"{path_text(path)}: found {self.found(value, path)}, {self.vendor} allows "
                        f"{_range(low, high)} ({source})")  # fmt: skip

    def document(self, path: Path, kind: documents.Kind, value: Any) -> None:
        for problem in documents.problems(kind, value):
            place = path_text(path) + (
                f" at {path_text(problem.path)}" if problem.path else ""
            )
            shown = ""
            if problem.value is not None and not self.bag.holds_secret(path):
                shown = f"found {json.dumps(problem.value, default=str)[:_SHOWN]}, "
            self.refuse(
                path,
                f"{place}: {shown}{problem.text}; {self.vendor} would refuse this"
                f" {kind.value}",
            )


def _is_reference(path: Path, value: str) -> bool:
    """Whether a value names another resource, whose made-up id need not have the form
    of a real one."""
    return value.startswith("arn:") or bool(_REFERENCE.search(_name(path)))


def _is_set(value: Any) -> bool:
    """Whether a value is known and not what Terraform takes for unset."""
    return not isinstance(value, Unknown) and value not in (None, "", False, 0, [], {})


def _name(path: Path) -> str:
    """The property that a value stands in, itself or in a list."""
    return next((step for step in reversed(path) if isinstance(step, str)), "")


def _range(low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return f"{low:g}" if low == high else f"{low:g} to {high:g}"
    return f"{low:g} or more" if low is not None else f"at most {high:g}"


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "string"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, Asset):
        return "an archive" if value.archive else "an asset"
    return "an object" if isinstance(value, dict) else "null"


def _expected(type_: Type) -> str:
    if isinstance(type_, Scalar):
        return {
            "integer": "a whole number",
            "asset": "an asset",
            "archive": "an archive",
        }.get(type_.kind, f"a {type_.kind}")
    if isinstance(type_, Enumeration):
        return f"a string, one of {', '.join(type_.values[:_LISTED])}"
    if isinstance(type_, ListOf):
        return f"a list, each item {_expected(type_.item)}"
    if isinstance(type_, MapOf):
        return f"an object, each value {_expected(type_.item)}"
    if isinstance(type_, OneOf):
        return " or ".join(dict.fromkeys(_expected(option) for option in type_.options))
    return "an object" if isinstance(type_, ObjectType) else "any value"


def _same_kind(type_: Type, value: object) -> bool:
    if isinstance(type_, Scalar):
        if type_.kind in ("asset", "archive"):
            return (
                isinstance(value, Asset) and (type_.kind == "archive") == value.archive
            )
        if type_.kind == "string":
            return isinstance(value, str)
        if type_.kind == "boolean":
            return isinstance(value, bool)
        return isinstance(value, int | float) and not isinstance(value, bool)
    if isinstance(type_, Enumeration):
        return isinstance(value, str)
    if isinstance(type_, ListOf):
        return isinstance(value, list)
    if isinstance(type_, Anything):
        return True
    return isinstance(value, dict)
