"""A small language of checks for JSON values, in the words of the Messages API.

A check judges one value at one path. It raises `InvalidBodyError`, whose text begins
with the path, as Anthropic's does.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any


class InvalidBodyError(Exception):
    """The body breaks a rule. The message begins with the path."""


Check = Callable[[Any, str], None]
"""Judges one value at one path; raises `InvalidBodyError`. A value can be any JSON,
hence `Any` here and below."""


def string(
    minimum: int = 0, maximum: int | None = None, pattern: str | None = None
) -> Check:
    """A text with so many characters that matches the pattern as a whole."""

    def check(value: Any, path: str) -> None:
        if not isinstance(value, str):
            raise InvalidBodyError(f"{path}: Input should be a valid string")
        if len(value) < minimum:
            raise InvalidBodyError(
                f"{path}: String should have at least {minimum}"
                f" character{'s' * (minimum > 1)}"
            )
        if maximum is not None and len(value) > maximum:
            raise InvalidBodyError(
                f"{path}: String should have at most {maximum} characters"
            )
        if pattern is not None and not re.fullmatch(pattern, value):
            raise InvalidBodyError(f"{path}: String should match pattern '^{pattern}$'")

    return check


def integer(minimum: int) -> Check:
    """A whole number of at least `minimum`."""

    def check(value: Any, path: str) -> None:
        if not isinstance(value, int) or isinstance(value, bool):
            raise InvalidBodyError(f"{path}: Input should be a valid integer")
        if value < minimum:
            raise InvalidBodyError(
                f"{path}: Input should be greater than or equal to {minimum}"
            )

    return check


def number(minimum: float, maximum: float) -> Check:
    """A number between the two, both included."""

    def check(value: Any, path: str) -> None:
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise InvalidBodyError(f"{path}: Input should be a valid number")
        if not minimum <= value <= maximum:
            raise InvalidBodyError(f"{path}: range: {minimum:g}..{maximum:g}")

    return check


def boolean(value: Any, path: str) -> None:
    """True or false."""
    if not isinstance(value, bool):
        raise InvalidBodyError(f"{path}: Input should be a valid boolean")


def any_object(value: Any, path: str) -> None:
    """An object of any shape."""
    if not isinstance(value, dict):
        raise InvalidBodyError(f"{path}: Input should be an object")


def one_of(*allowed: str) -> Check:
    """One of these texts."""

    def check(value: Any, path: str) -> None:
        if value not in allowed:
            raise InvalidBodyError(
                f"{path}: Input should be {' or '.join(repr(one) for one in allowed)}"
            )

    return check


def optional(check: Check) -> Check:
    """Null, or what the check accepts."""

    def judge(value: Any, path: str) -> None:
        if value is not None:
            check(value, path)

    return judge


def text_or(check: Check) -> Check:
    """Any text, or what the check accepts."""

    def judge(value: Any, path: str) -> None:
        if not isinstance(value, str):
            check(value, path)

    return judge


def list_of(check: Check) -> Check:
    """A list whose members the check accepts."""

    def judge(value: Any, path: str) -> None:
        if not isinstance(value, list):
            raise InvalidBodyError(f"{path}: Input should be a valid array")
        for position, member in enumerate(value):
            check(member, f"{path}.{position}")

    return judge


def object_of(fields: Mapping[str, Check], *, required: Iterable[str] = ()) -> Check:
    """An object with these fields and no others."""
    needed = tuple(required)

    def check(value: Any, path: str) -> None:
        any_object(value, path)
        for name in needed:
            if name not in value:
                raise InvalidBodyError(f"{_under(path, name)}: Field required")

        for name, member in value.items():
            if name not in fields:
                raise InvalidBodyError(
                    f"{_under(path, name)}: Extra inputs are not permitted"
                )
            fields[name](member, _under(path, name))

    return check


def tagged(shapes: Mapping[str, Check], *, implied: str | None = None) -> Check:
    """An object whose `type` names its shape; without `type`, the implied one."""

    def check(value: Any, path: str) -> None:
        any_object(value, path)
        tag = implied if value.get("type") is None and implied else value.get("type")
        if "type" not in value and tag is None:
            raise InvalidBodyError(f"{path}.type: Field required")

        shape = shapes.get(tag) if isinstance(tag, str) else None
        if shape is None:
            expected = ", ".join(f"'{name}'" for name in shapes)
            raise InvalidBodyError(
                f"{path}: Input tag {tag!r} found using 'type' does not match any of"
                f" the expected tags: {expected}"
            )
        shape(value, f"{path}.{tag}")

    return check


def _under(path: str, name: str) -> str:
    """The path of a field; the root has no path."""
    return f"{path}.{name}" if path else name
