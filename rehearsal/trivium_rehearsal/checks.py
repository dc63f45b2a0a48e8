"""Inputs against the SDK's types, the vendor's model, the forms that no model states
and the grammar of documents.

What is refused is refused with the full path of the property, what was found (never a
secret's value) and what is allowed. What is unknown in a preview is let pass, and
judged when it is known.

Scalars are converted as the real provider converts them: a Terraform-based one accepts
``"80"`` for 80 and ``true`` for ``"true"`` (pulumi-terraform-bridge,
``CoerceTerraformString``), azure-native and aws-native do not.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from trivium_rehearsal import documents, locks, refusals
from trivium_rehearsal.constraints import azure_enums, vendor_models
from trivium_rehearsal.constraints.model import Limits, VendorModel
from trivium_rehearsal.forms import wrong_form
from trivium_rehearsal.judged import Failure, Judged, Note
from trivium_rehearsal.kinds import (
    LISTED,
    expected,
    is_set,
    property_name,
    same_kind,
)
from trivium_rehearsal.place import NOWHERE, Place
from trivium_rehearsal.types import (
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
from trivium_rehearsal.wire import (
    UNKNOWN,
    Asset,
    Bag,
    Path,
    Unknown,
    holds_unknown,
    path_text,
)

__all__ = ["Failure", "Note", "Verdict", "check", "check_keys"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of a check."""

    inputs: dict[str, Any]
    """The inputs, scalars and documents converted as the provider would."""
    failures: tuple[Failure, ...]
    secrets: frozenset[Path]
    """Where the secrets are in `inputs`: text that was written of an object with a
    secret inside is secret as a whole."""
    notes: tuple[Note, ...]
    """What is accepted and worth a look."""


def check(
    type_: ResourceType,
    bag: Bag,
    place: Place = NOWHERE,
) -> Verdict:
    """All inputs of one resource. Looks at the values only: nothing is asked of any
    cloud. `place` says where the resource's provider is."""
    walk = _Walk(type_, bag)
    given = {
        name: value for name, value in bag.values.items() if not name.startswith("__")
    }
    inputs = walk.object_of(
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
    for refused in (
        *locks.refused_inputs(type_.token, given),
        *refusals.refused_inputs(type_.token, given, place),
    ):
        walk.refuse_worded(refused)
    secrets = frozenset(walk.holder(path) for path in bag.secrets)
    return Verdict(inputs, tuple(walk.failures), secrets, tuple(walk.notes))


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
    listed = ", ".join(names[:LISTED]) + (", …" if len(names) > LISTED else "")
    return f"{what} has no property {name}; it has {listed or 'none'}"


class _Walk(Judged):
    """One pass over one resource's inputs."""

    def __init__(self, type_: ResourceType, bag: Bag) -> None:
        super().__init__(type_, bag)
        self.written: set[Path] = set()
        """Where an object became the text of a document."""

    def holder(self, path: Path) -> Path:
        """`path`, or the document's text that has swallowed it."""
        return next(
            (path[:size] for size in range(len(path)) if path[:size] in self.written),
            path,
        )

    def object_of(
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
                    f" ({expected(fields[name].type)})",
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
            if name in type_.fields and is_set(value)
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
                if other != name and pair not in told and is_set(given.get(other)):
                    told.add(pair)
                    self.refuse(
                        (*path, name),
                        f"{path_text((*path, name))} is given together with {other}; the "
                        "provider allows one of them (its documentation)",
                    )

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
            return self.list_of(type_, value, path, models, field)
        if isinstance(type_, MapOf):
            return self.map_of(type_, value, path, models, field)
        if isinstance(type_, ObjectType):
            if isinstance(value, dict):
                fitting = [
                    model for model in models if model.kind in ("object", "other")
                ]
                return self.object_of(type_, value, path, fitting, what=path_text(path))
            return self.wrong(type_, value, path)
        if isinstance(type_, OneOf):
            return self.one_of(type_, value, path, field)
        return value

    def wrong(self, type_: Type, value: Any, path: Path) -> Any:
        self.refuse(
            path,
            f"{path_text(path)}: expected {expected(type_)}, found"
            f" {self.found(value, path)}",
        )
        return value

    def list_of(
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

    def map_of(
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
        fitting kind has against it.

        A policy that is given as an object has its own grammar (`documents`), which
        asks for less than the SDK's type: AWS takes one without a version.
        """
        if isinstance(value, dict) and self.is_policy(path):
            return self.as_text(type_, value, path)
        attempts: list[tuple[_Walk, Any]] = []
        for option in type_.options:
            converts = self.bridged and not isinstance(value, dict | list)
            if not same_kind(option, value) and not (
                converts and isinstance(option, Scalar)
            ):
                continue
            attempt = _Walk(self.type, self.bag)
            result = attempt.value(option, value, path, (), field)
            if not attempt.failures:
                self.notes.extend(attempt.notes)
                return self.as_text(type_, result, path)
            attempts.append((attempt, result))
        if not attempts:
            return self.wrong(type_, value, path)
        best, result = min(attempts, key=lambda each: len(each[0].failures))
        self.failures.extend(best.failures)
        return result

    def as_text(self, type_: OneOf, value: Any, path: Path) -> Any:
        """A document that may be given as text or object, as text; one that holds an
        unknown is unknown as a whole.

        Source: pulumi-terraform-bridge, ``TransformJSONDocument``.
        """
        text = self.bridged and Scalar("string") in type_.options
        if not (text and isinstance(value, dict)):
            return value
        self.written.add(path)
        if holds_unknown(value):
            return UNKNOWN
        return json.dumps(
            value, sort_keys=True, separators=(",", ":"), ensure_ascii=False
        )

    def is_policy(self, path: Path) -> bool:
        """Whether a policy, of which the grammar is known, stands at `path`."""
        names = tuple(step for step in path if isinstance(step, str))
        kind = documents.document_kind(self.type.token, names)
        return kind not in (None, documents.Kind.JSON)

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
        limits, source = (
            azure_enums.limits(type_),
            f"the SDK's enumeration {type_.name}",
        )
        if limits is not None:
            self.limits(value, limits, path, source, field)
        elif value not in field.named_values:
            self.note_unnamed(value, azure_enums.named(type_), path, source)
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
            self.form(
                value, wrong_form(self.type.token, property_name(path), converted), path
            )
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
