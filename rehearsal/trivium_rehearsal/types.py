"""What a resource of a provider's SDK is made of: its types, as records.

`sdk.py` reads them from the installed SDKs.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value."""

    kind: Literal["string", "boolean", "integer", "number", "asset", "archive"]


@dataclass(frozen=True, slots=True)
class Anything:
    """A value whose shape the SDK does not state (JSON, for instance)."""


@dataclass(frozen=True, slots=True)
class Enumeration:
    """A string with stated values."""

    name: str
    values: tuple[str, ...]
    open: bool
    """Whether the vendor declares that other values may come (`modelAsString` in
    Azure's API descriptions)."""


@dataclass(frozen=True, slots=True)
class ListOf:
    item: "Type"


@dataclass(frozen=True, slots=True)
class MapOf:
    item: "Type"


@dataclass(frozen=True, slots=True)
class OneOf:
    """Any one of several types."""

    options: tuple["Type", ...]


@dataclass(frozen=True, slots=True)
class Field:
    """One property of a resource or of a nested type."""

    name: str
    """Its name on the wire, camelCase."""
    python_name: str
    type: "Type"
    required: bool
    named_values: frozenset[str]
    """Every word that the SDK's documentation of the property puts in code quotes."""
    possible_values: tuple[str, ...]
    """The closed list that the documentation states ("Possible values are: …"), else
    empty."""
    excludes: tuple[str, ...]
    """Python names of the properties beside it that the documentation says it conflicts
    with."""
    replaces: bool
    """Whether the documentation says that changing it makes a new resource."""
    filled: bool
    """Whether the documentation says that the cloud gives it a value when the program
    does not."""


class Source(Protocol):
    """Where the fields of a nested type are read."""

    module: str
    """Its module in the SDK, for instance ``s3``; empty for the package's own."""

    def class_text(self, name: str) -> str:
        """The source text of a class."""

    def fields(self, text: str) -> "Mapping[str, Field]":
        """Wire name to field, from a class's source text."""


class ObjectType:
    """A nested type, or all inputs or outputs of a resource. Its fields are read when
    first asked for."""

    def __init__(
        self, source: "Source", class_name: str, text: str | None = None
    ) -> None:
        self._source = source
        self._text = text
        self.module = source.module
        self.name = class_name

    @cached_property
    def fields(self) -> Mapping[str, Field]:
        """Wire name to field."""
        text = (
            self._text if self._text is not None else self._source.class_text(self.name)
        )
        self._text = None
        return self._source.fields(text)

    @cached_property
    def required(self) -> tuple[str, ...]:
        """Wire names of the fields that must be given."""
        return tuple(name for name, each in self.fields.items() if each.required)

    @cached_property
    def python_names(self) -> Mapping[str, str]:
        """Python spelling to wire name."""
        return {each.python_name: name for name, each in self.fields.items()}

    def __repr__(self) -> str:
        return f"ObjectType({self.name})"


Type = Scalar | Anything | Enumeration | ListOf | MapOf | OneOf | ObjectType


@dataclass(frozen=True, slots=True)
class FunctionType:
    """One function of an SDK."""

    arguments: tuple[str, ...]
    """Wire names of what it takes."""
    outputs: Mapping[str, Field]
    """Wire name to what it answers."""


_IMPORT_ID = re.compile(
    r"## Import\n(?:(?!## |\"\"\").*\n)*?\s+\*"
    r" `((?:projects|folders|tagKeys|tagValues)/[^`\s]*\{\{[^`\s]+)`"
)


@dataclass(frozen=True)
class ResourceType:
    """One resource type of an SDK."""

    token: str
    package: str
    """Pulumi package, for instance ``azure-native``."""
    module: str
    """Module in the SDK, for instance ``s3``; empty for the package's own."""
    name: str
    """Class name, for instance ``Bucket``."""
    inputs: ObjectType
    outputs: Mapping[str, Field] = field(repr=False)
    """Wire name to output; ``required`` is whether the SDK promises that it is
    there."""
    replace_on_changes: frozenset[str]
    """Properties that the SDK itself marks as replacing (aws-native does)."""
    file: Path
    """Where the SDK defines it."""

    @cached_property
    def import_id(self) -> str:
        """The whole resource name that the SDK's documentation says an import takes,
        parameters in braces; or nothing.

        Google's provider generates the list of what an import takes from the API's own
        names, the whole one first.
        """
        found = _IMPORT_ID.search(self.file.read_text())
        return found.group(1) if found else ""

    def exemplifies(self, python_name: str, value: str) -> bool:
        """Whether an example in the SDK's documentation of this type gives `value` to a
        property of that name."""
        given = re.compile(
            rf'{re.escape(python_name)}"?\s*[:=]\s*\[?\s*"{re.escape(value)}"'
        )
        return bool(given.search(self.file.read_text()))

    @property
    def bridged(self) -> bool:
        """Whether the provider wraps a Terraform provider (and so converts scalars as
        Terraform does)."""
        return self.package in ("aws", "gcp", "azuread")
