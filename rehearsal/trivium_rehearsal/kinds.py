"""What values and types are called, and how they compare."""

import re
from typing import Any, Final

from trivium_rehearsal.types import (
    Anything,
    Enumeration,
    ListOf,
    MapOf,
    ObjectType,
    OneOf,
    Scalar,
    Type,
)
from trivium_rehearsal.wire import Asset, Path, Unknown

LISTED: Final = 12
"""Most allowed values that a message lists."""
_REFERENCE: Final = re.compile(r"(Id|Ids|Identifier|Identifiers|identifier|userPool)$")


def is_reference(path: Path, value: str) -> bool:
    """Whether a value names another resource, whose made-up id need not have the form
    of a real one."""
    return value.startswith("arn:") or bool(_REFERENCE.search(property_name(path)))


def is_set(value: Any) -> bool:
    """Whether a value is known and not what Terraform takes for unset."""
    return not isinstance(value, Unknown) and value not in (None, "", False, 0, [], {})


def property_name(path: Path) -> str:
    """The property that a value stands in, itself or in a list."""
    return next((step for step in reversed(path) if isinstance(step, str)), "")


def range_of(low: float | None, high: float | None) -> str:
    """Two bounds in words."""
    if low is not None and high is not None:
        return f"{low:g}" if low == high else f"{low:g} to {high:g}"
    return f"{low:g} or more" if low is not None else f"at most {high:g}"


def kind_of(value: object) -> str:
    """The kind of a value in words."""
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


def expected(type_: Type) -> str:
    """A type in words."""
    if isinstance(type_, Scalar):
        return {
            "integer": "a whole number",
            "asset": "an asset",
            "archive": "an archive",
        }.get(type_.kind, f"a {type_.kind}")
    if isinstance(type_, Enumeration):
        return f"a string, one of {', '.join(type_.values[:LISTED])}"
    if isinstance(type_, ListOf):
        return f"a list, each item {expected(type_.item)}"
    if isinstance(type_, MapOf):
        return f"an object, each value {expected(type_.item)}"
    if isinstance(type_, OneOf):
        return " or ".join(dict.fromkeys(expected(option) for option in type_.options))
    return "an object" if isinstance(type_, ObjectType) else "any value"


def same_kind(type_: Type, value: object) -> bool:
    """Whether a value is of a type's kind, whatever is in it."""
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
