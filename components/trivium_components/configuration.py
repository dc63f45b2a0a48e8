"""A stack's configuration, read into checked settings.

`read_settings` is pure: a mapping in, checked settings out, or one error that lists
every problem at once. It looks nothing up: whether an account, a project or a
subscription exists is the cloud's to say.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Literal, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from trivium.vocabulary import catalogue as model_catalogue
from trivium.vocabulary.catalogue import Catalogue
from trivium_components.contradictions import contradictions
from trivium_components.problem import Problem, nearest, settings_error, shown
from trivium_components.settings import (
    NAMESPACE,
    UNKNOWN_KEY,
    Key,
    Settings,
    key_of,
    section_of,
)

_LOOK_UP = "Write it as docs/configuration.md shows"


def read_settings(
    stack: str,
    config: Mapping[str, Any],
    *,
    secret_keys: frozenset[str] = frozenset(),
    catalogue: Catalogue | None = None,
) -> Settings:
    """The settings of one stack.

    `config` maps keys (with or without `trivium:`) to values: what a YAML file holds,
    or the text the engine hands over (structured values as JSON), hence `Any`. Keys of
    other namespaces are none of ours and are left alone. The values of `secret_keys`
    are never repeated in an error. Raises `SettingsError` with every problem; all are
    the platform team's to mend.
    """
    values = {key: _parsed(key, value) for key, value in _ours(config)}
    settings, problems, usable = _validated(values)
    problems += contradictions(usable, catalogue or model_catalogue.load())
    if settings is None or problems:
        raise settings_error(stack, problems, secret_keys=secret_keys)
    return settings


def _ours(config: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Our keys without the namespace. Any: see `read_settings`."""
    for key, value in config.items():
        namespace, colon, name = key.rpartition(":")
        if not colon or namespace == NAMESPACE:
            yield name, value


def _parsed(key: str, value: Any) -> Any:
    """Structured values arrive from the engine as JSON text; anything else stays what
    it is. Any: it is any JSON."""
    structured = (
        key in Settings.model_fields and _kind(Settings.model_fields[key]) != "scalar"
    )
    if structured and isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except json.JSONDecodeError:
            return value
    return value


def _kind(field: FieldInfo) -> Literal["scalar", "list", "section"]:
    """How a field is written: one value, a list, or a map."""
    if get_origin(field.annotation) is list:
        return "list"
    return (
        "section"
        if get_origin(field.annotation) is dict or section_of(field.annotation)
        else "scalar"
    )


def _validated(
    values: Mapping[str, Any],
) -> tuple[Settings | None, list[Problem], dict[str, Any]]:
    """The settings if all keys are right; the problems; and the values of those keys
    that are right by themselves."""
    try:
        settings = Settings.model_validate(values)
        return (
            settings,
            [],
            {name: getattr(settings, name) for name in Settings.model_fields},
        )
    except ValidationError as error:
        details = error.errors(include_url=False)
    wrong = {str(detail["loc"][0]) for detail in details}
    usable = {}
    for name, field in Settings.model_fields.items():
        if name in values and name not in wrong:
            usable[name] = TypeAdapter[Any](field.annotation or Any).validate_python(
                values[name]
            )
        elif name not in wrong:
            usable[name] = field.get_default(call_default_factory=True)
    return None, [_explain(detail) for detail in details], usable


def _explain(detail: ErrorDetails) -> Problem:
    """One pydantic error in our words."""
    path = tuple(part for part in detail["loc"] if part != "[key]")
    if detail["type"] == "extra_forbidden":
        return _unknown(path)
    key = _key_at(path)
    value = detail["input"]
    missing = detail["type"] == "missing"
    entry = "[key]" in detail["loc"]
    why = str(detail.get("ctx", {}).get("why", ""))
    return Problem(
        path=path,
        found=(
            "missing"
            if missing
            else (
                "not a known entry"
                if entry
                else shown(value) + (f" ({why})" if why else "")
            )
        ),
        expected=key.expected,
        consequence=key.consequence,
        example=key.example,
        meant=(
            "" if missing else nearest(str(path[-1] if entry else value), key.choices)
        ),
        remedy=(
            "Rename or remove it"
            if entry
            else key.remedy or ("" if _kind_at(path) == "scalar" else _LOOK_UP)
        ),
    )


def _kind_at(path: tuple[str | int, ...]) -> str:
    """How the field at exactly `path` is written; `scalar` for anything inside a list
    or map."""
    fields = _section_at(path[:-1]).model_fields
    return (
        _kind(fields[path[-1]])
        if isinstance(path[-1], str) and path[-1] in fields
        else "scalar"
    )


def _unknown(path: tuple[str | int, ...]) -> Problem:
    known = tuple(_section_at(path[:-1]).model_fields)
    return Problem(
        path=path,
        found="not a key",
        expected=f"one of {', '.join(known)}",
        consequence="It would be silently without effect.",
        meant=nearest(str(path[-1]), known),
        remedy="Correct or remove it",
    )


def _section_at(path: tuple[str | int, ...]) -> type[BaseModel]:
    """The model that holds the keys below `path`."""
    section: type[BaseModel] = Settings
    for part in path:
        if isinstance(part, str) and part in section.model_fields:
            section = section_of(section.model_fields[part].annotation) or section
    return section


def _key_at(path: tuple[str | int, ...]) -> Key:
    """The `Key` of the innermost field on `path`; list items and map entries share
    their field's."""
    section: type[BaseModel] = Settings
    found = UNKNOWN_KEY
    for part in path:
        if isinstance(part, str) and part in section.model_fields:
            field = section.model_fields[part]
            found = key_of(field)
            section = section_of(field.annotation) or section
    return found
