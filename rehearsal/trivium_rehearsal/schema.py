"""The schema of a provider's package, as `GetSchema` serves it.

Programs in YAML ask a provider for its schema. It is written here from the installed
SDK, so it says what the SDK says: every resource with its
inputs, outputs and nested types, and the functions that the rehearsal answers. What an
SDK does not state is absent: methods, aliases, default values and documentation.
"""

import json
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Final

from trivium_rehearsal import invokes
from trivium_rehearsal.sdk import Package, package
from trivium_rehearsal.types import (
    Anything,
    Enumeration,
    Field,
    ListOf,
    MapOf,
    ObjectType,
    OneOf,
    Scalar,
    Type,
)

__all__ = ["schema"]

_ANY: Final = {"$ref": "pulumi.json#/Any"}
_SCALARS: Final[Mapping[str, Mapping[str, str]]] = {
    "string": {"type": "string"},
    "boolean": {"type": "boolean"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "asset": {"$ref": "pulumi.json#/Asset"},
    "archive": {"$ref": "pulumi.json#/Archive"},
}

# `Any` below: a schema is JSON.
Json = dict[str, Any]


@cache
def schema(name: str) -> str:
    """The schema of the package `name` as JSON text. Writing one takes seconds."""
    return json.dumps(_Writer(package(name)).written(), separators=(",", ":"))


class _Writer:
    """Writes one schema, and each nested type once."""

    def __init__(self, sdk: Package) -> None:
        self._sdk = sdk
        self._types: dict[str, Json] = {}
        self._tokens: dict[int, str] = {}
        """Identity of an `ObjectType` → its token."""
        self._waiting: list[tuple[str, ObjectType]] = []

    def written(self) -> Json:
        """The whole schema."""
        resources = {token: self._resource(token) for token in self._sdk.classes}
        provider = self._sdk.provider_inputs
        document = {
            "name": self._sdk.name,
            "version": self._sdk.version,
            "description": "A stand-in of the rehearsal, written from the Python SDK.",
            "config": {"variables": self._properties(provider.fields)},
            "provider": {
                "inputProperties": self._properties(provider.fields),
                "requiredInputs": sorted(provider.required),
            },
            "resources": resources,
            "functions": {
                token: function
                for token in invokes.FUNCTIONS
                if token.partition(":")[0] == self._sdk.name
                and (function := self._function(token)) is not None
            },
        }
        self._write_nested()
        return {**document, "types": self._types}

    def _resource(self, token: str) -> Json:
        """One resource type."""
        type_ = self._sdk.resource_type(token)
        outputs = {
            name: field
            for name, field in type_.outputs.items()
            if name not in ("id", "urn")
        }
        return {
            "inputProperties": self._properties(type_.inputs.fields),
            "requiredInputs": sorted(type_.inputs.required),
            "properties": self._properties(outputs),
            "required": sorted(name for name, each in outputs.items() if each.required),
        }

    def _function(self, token: str) -> Json | None:
        """One function; None where the SDK has it in a form that is not read here."""
        found = self._sdk.function(token)
        if found is None:
            return None
        return {
            "inputs": {
                "type": "object",
                "properties": dict.fromkeys(found.arguments, _ANY),
            },
            "outputs": {
                "type": "object",
                "properties": self._properties(found.outputs),
            },
        }

    def _write_nested(self) -> None:
        """Write the nested types that were mentioned, and those that they mention."""
        while self._waiting:
            token, nested = self._waiting.pop()
            self._types[token] = {
                "type": "object",
                "properties": self._properties(nested.fields),
                "required": sorted(nested.required),
            }

    def _properties(self, fields: Mapping[str, Field]) -> Json:
        """Fields by their names on the wire."""
        return {name: self._type(field.type) for name, field in fields.items()}

    def _type(self, type_: Type) -> Json:
        """A type, or a reference to it."""
        match type_:
            case Scalar(kind):
                return dict(_SCALARS[kind])
            case Enumeration(values=values, open=False) if values:
                return self._enumeration(type_)
            case Enumeration():
                return {"type": "string"}
            case ListOf(item):
                return {"type": "array", "items": self._type(item)}
            case MapOf(item):
                return {"type": "object", "additionalProperties": self._type(item)}
            case OneOf(options):
                return {"oneOf": self._options(options)}
            case ObjectType():
                return {"$ref": f"#/types/{self._token(type_)}"}
            case Anything():
                return dict(_ANY)

    def _options(self, options: Iterable[Type]) -> list[Json]:
        """What a value may be, each once."""
        written = [self._type(option) for option in options]
        return [each for n, each in enumerate(written) if each not in written[:n]]

    def _enumeration(self, type_: Enumeration) -> Json:
        """A closed list of words, by its name and content."""
        token = f"{self._sdk.name}:index:{type_.name}"
        values = {"type": "string", "enum": [{"value": each} for each in type_.values]}
        number = 1
        while self._types.setdefault(token, values) != values:
            number += 1
            token = f"{self._sdk.name}:index:{type_.name}{number}"
        return {"$ref": f"#/types/{token}"}

    def _token(self, nested: ObjectType) -> str:
        """The token of a nested type. The SDK reads and writes through two classes of
        the same name: what is read gets `Read` at its end."""
        known = self._tokens.get(id(nested))
        if known is not None:
            return known
        name = nested.name.removesuffix("Args")
        if name.startswith("outputs."):
            name = name.removeprefix("outputs.") + "Read"
        token = f"{self._sdk.name}:{nested.module or 'index'}:{name}"
        self._tokens[id(nested)] = token
        self._waiting.append((token, nested))
        return token
