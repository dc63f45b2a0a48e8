"""Read a stack's configuration into checked settings.

`read_settings` is pure: it takes a mapping and returns settings, or raises one error
that lists every problem. It does not check that an account, a project or a subscription
exists.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from trivium.vocabulary import catalogue as model_catalogue
from trivium.vocabulary.catalogue import Catalogue
from trivium_components.settings import Settings
from trivium_components.settings.contradictions import contradictions
from trivium_components.settings.key import NAMESPACE, Key, key_of, section_of
from trivium_components.settings.problem import (
    KeyPath,
    Problem,
    nearest,
    settings_error,
    shown,
)

_KEY = "[key]"  # pydantic's mark behind a map entry whose name is wrong
_LOOK_UP = "Write it as shown in docs/configuration.md"


def read_settings(
    stack: str,
    config: Mapping[str, Any],
    *,
    secret_keys: frozenset[str] = frozenset(),
    catalogue: Catalogue | None = None,
) -> Settings:
    """The settings of one stack.

    `config` maps keys, with or without `trivium:`, to values. A value is what a YAML
    file holds, or the text that the engine passes (JSON for structured values), hence
    `Any`. Keys of other namespaces are ignored. Errors never repeat the values of
    `secret_keys`. Raises `SettingsError` with every problem; the platform team corrects
    them in the stack file.
    """
    values = {key: _parsed(key, value) for key, value in _ours(config)}
    settings, problems, usable = _validated(values)
    problems += contradictions(usable, catalogue or model_catalogue.load())
    if settings is None or problems:
        raise settings_error(stack, problems, secret_keys=secret_keys)
    return settings


def _ours(config: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Our keys, without the namespace. Any: see `read_settings`."""
    for key, value in config.items():
        namespace, colon, name = key.rpartition(":")
        if not colon or namespace == NAMESPACE:
            yield name, value


def _parsed(key: str, value: Any) -> Any:
    """The value of a structured key, decoded if it is JSON. Any: any JSON."""
    field = Settings.model_fields.get(key)
    structured = field is not None and _kind(field) != "scalar"
    if structured and isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except json.JSONDecodeError:
            return value
    return value


def _kind(field: FieldInfo) -> Literal["scalar", "list", "section"]:
    """How a field is written: one value, a list, or a map."""
    origin = get_origin(field.annotation)
    if origin is list:
        return "list"
    return "section" if origin is dict or section_of(field.annotation) else "scalar"


def _validated(
    values: Mapping[str, Any],
) -> tuple[Settings | None, list[Problem], dict[str, Any]]:
    """The settings, if all keys are valid; the problems; and the usable values.

    A value is usable if its key is valid on its own. Any: values of every type.
    """
    fields = Settings.model_fields
    try:
        settings = Settings.model_validate(values)
        return settings, [], {name: getattr(settings, name) for name in fields}
    except ValidationError as error:
        details = error.errors(include_url=False)

    wrong = {str(detail["loc"][0]) for detail in details}
    usable = {
        name: _value(field, values, name)
        for name, field in fields.items()
        if name not in wrong
    }
    return None, [_explained(detail, values) for detail in details], usable


def _value(field: FieldInfo, values: Mapping[str, Any], name: str) -> Any:
    """The value of one valid key, or its default. Any: of the field's type."""
    if name not in values:
        return field.get_default(call_default_factory=True)
    return TypeAdapter[Any](field.annotation or Any).validate_python(values[name])


@dataclass(frozen=True)
class _Place:
    """What a path in the settings leads to."""

    section: type[BaseModel]
    """The section that holds the last name on the path."""
    field: FieldInfo | None
    """The innermost field on the path; items of a list or a map share its `Key`."""
    whole: bool
    """Whether the path ends at the field, not at an item inside it."""


def _place(path: KeyPath) -> _Place:
    """Follow a path through the sections, up to the first field that is not one."""
    section: type[BaseModel] = Settings
    inner: type[BaseModel] | None = Settings
    field, whole = None, False
    for part in path:
        whole = False
        if inner is None:
            break
        if isinstance(part, str):
            section = inner
            whole = part in section.model_fields
        if whole:
            field = section.model_fields[str(part)]
            inner = section_of(field.annotation)
    return _Place(section, field, whole)


def _explained(detail: ErrorDetails, values: Mapping[str, Any]) -> Problem:
    """One error of pydantic in our words. Any: values of every type."""
    path = tuple(part for part in detail["loc"] if part != _KEY)
    place = _place(path)
    if detail["type"] == "extra_forbidden" or place.field is None:
        return _unknown(path, place.section)

    key = key_of(place.field)
    missing, entry = detail["type"] == "missing", _KEY in detail["loc"]
    structured = place.whole and _kind(place.field) != "scalar"
    remedy = key.remedy or (_LOOK_UP if structured else "")
    word = str(path[-1] if entry else detail["input"])
    return Problem(
        path=path,
        found=_found(detail),
        expected=key.expected,
        consequence=key.consequence,
        example=_example(key, path, values),
        meant="" if missing else nearest(word, key.choices),
        remedy="Rename or remove it" if entry else remedy,
    )


def _example(key: Key, path: KeyPath, values: Mapping[str, Any]) -> str:
    """A value that the remedy may set: for an entry of a list, one of its own.

    Any: values of every type.
    """
    if key.suggest is None or len(path) < 2 or not isinstance(path[-1], int):
        return key.example
    section: Any = values
    for part in path[:-2]:
        section = section[part]
    return key.suggest(section).get(path[-1], key.example)


def _found(detail: ErrorDetails) -> str:
    """What is wrong, to complete "… is"."""
    if detail["type"] == "missing":
        return "missing"
    if _KEY in detail["loc"]:
        return "not a known entry"
    why = str(detail.get("ctx", {}).get("why", ""))
    return shown(detail["input"]) + (f" ({why})" if why else "")


def _unknown(path: KeyPath, section: type[BaseModel]) -> Problem:
    """A key that its section does not have."""
    known = tuple(section.model_fields)
    return Problem(
        path=path,
        found="not a key",
        expected=f"one of {', '.join(known)}",
        consequence="It would silently have no effect.",
        meant=nearest(str(path[-1]), known),
        remedy="Correct or remove it",
    )
