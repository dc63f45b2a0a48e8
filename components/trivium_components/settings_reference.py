"""`docs/configuration.md`, generated from the settings themselves.

Regenerate with `python -m trivium_components.settings_reference >
docs/configuration.md`.
"""

import types
from collections.abc import Iterator
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from trivium_components.retention import PRESETS
from trivium_components.settings import NAMESPACE, Settings, key_of, section_of

_HEADER = """\
# Configuration

Every key of a stack file (`stacks/Pulumi.STACK.yaml`). A file with a problem is refused before anything is deployed,
and every problem in it is told at once. Generated from `components/trivium_components/settings.py` by
`python -m trivium_components.settings_reference > docs/configuration.md`.
"""


def reference() -> str:
    """The whole reference as Markdown."""
    return "\n".join(
        [_HEADER, *_sections(Settings, f"{NAMESPACE}:", "Top level"), *_presets()]
    )


def _sections(model: type[BaseModel], prefix: str, title: str) -> Iterator[str]:
    """One table a section, then the sections below it."""
    yield f"## {title}\n"
    yield "| Key | Type | Default | Allowed | Meaning |"
    yield "|---|---|---|---|---|"
    for name, field in model.model_fields.items():
        yield _row(f"{prefix}{name}", field)
    yield ""
    for name, field in model.model_fields.items():
        section = section_of(field.annotation)
        if section:
            dots = "[]." if get_origin(field.annotation) is list else "."
            path = f"{prefix}{name}{dots}"
            yield from _sections(
                section,
                path,
                f"`{path.rstrip('.')}`: {_sentence(section.__doc__ or '')}",
            )


def _row(path: str, field: FieldInfo) -> str:
    key = key_of(field)
    unit = f", {key.unit}" if key.unit else ""
    cells = (
        f"`{path}`",
        f"{type_name(field.annotation)}{unit}",
        "required" if field.is_required() else _default(field),
        key.expected,
        " ".join((field.description or "").split()),
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _default(field: FieldInfo) -> str:
    default = field.get_default(call_default_factory=True)
    if isinstance(default, BaseModel):
        return "its keys' defaults"
    return "none" if default is None or default in ("", [], {}) else f"`{default}`"


def type_name(annotation: Any) -> str:
    """A type in words. Any: it is any annotation of the settings."""
    if section_of(annotation) and get_origin(annotation) is not list:
        return "section"
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is list:
        return f"list of {type_name(arguments[0])}s"
    if origin is dict:
        return f"map of {type_name(arguments[1])}s"
    if origin is Literal:
        return "true" if arguments == (True,) else "text"
    if origin in (Union, types.UnionType):
        return type_name(arguments[0])
    if origin is not None:  # Annotated
        return type_name(arguments[0])
    return {str: "text", int: "whole number", float: "number", bool: "true or false"}[
        annotation
    ]


def _presets() -> Iterator[str]:
    yield "## Retention presets\n"
    yield "| Preset | Days | Satisfies |"
    yield "|---|---|---|"
    for name, preset in PRESETS.items():
        yield f"| `{name}` | {preset.days} | {preset.source} |"


def _sentence(text: str) -> str:
    return " ".join(text.split()).rstrip(".")


if __name__ == "__main__":
    print(reference())
