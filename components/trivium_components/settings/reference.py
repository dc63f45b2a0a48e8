"""`docs/configuration.md`, generated from the settings themselves.

Regenerate it with `python -m trivium_components.settings.reference >
docs/configuration.md`.
"""

from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from trivium_components.retention import PRESETS
from trivium_components.settings.key import NAMESPACE, key_of, section_of
from trivium_components.settings.stack import Settings

_HEADER = """\
# Configuration

This page lists every key of a *stack file*, `stacks/Pulumi.STACK.yaml`. A stack file
describes one deployment: its clouds, models, network and audit store. If any key is
wrong, or contradicts another one, nothing is deployed and one error lists all problems.

Set a single key with
`pulumi config set --stack STACK --path 'trivium:aws.region' us-east-1`, or edit the
file. A key with a default may be omitted. The [README](../README.md) explains the terms
*tier*, *route*, *zone*, *descriptor* and *constitution*; [components.md](components.md)
describes what the settings create.

This page is generated from `components/trivium_components/settings/` by
`python -m trivium_components.settings.reference > docs/configuration.md`.
"""

_NAMES = {str: "text", int: "whole number", float: "number", bool: "true or false"}


def reference() -> str:
    """The whole reference as Markdown."""
    return "\n".join(
        [_HEADER, *_sections(Settings, f"{NAMESPACE}:", "Top level"), *_presets()]
    )


def _sections(model: type[BaseModel], prefix: str, title: str) -> Iterator[str]:
    """One table for a section, then those for the sections inside it."""
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
            meaning = _one_line(section.__doc__ or "").rstrip(".")
            yield from _sections(section, path, f"`{path.rstrip('.')}`: {meaning}")


def _row(path: str, field: FieldInfo) -> str:
    """One key as a row."""
    key = key_of(field)
    unit = f", {key.unit}" if key.unit else ""
    cells = (
        f"`{path}`",
        f"{type_name(field.annotation)}{unit}",
        "required" if field.is_required() else _default(field),
        key.expected,
        _one_line(field.description or ""),
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _default(field: FieldInfo) -> str:
    """A default in words."""
    default = field.get_default(call_default_factory=True)
    if isinstance(default, BaseModel):
        return "the defaults of its keys"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return "none" if default is None or default in ("", [], {}) else f"`{default}`"


def type_name(annotation: Any) -> str:
    """A type in words. Any: every annotation of the settings."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if section_of(annotation) and origin is not list:
        return "section"
    if origin is list:
        return f"list of {type_name(arguments[0])}s"
    if origin is dict:
        return f"map of {type_name(arguments[1])}s"
    if origin is Literal:
        return "true" if arguments == (True,) else "text"
    if origin is not None:  # Annotated, or a union with None
        return type_name(arguments[0])
    return _NAMES[annotation]


def _presets() -> Iterator[str]:
    """The table of retention presets."""
    yield "## Retention presets\n"
    yield "A preset satisfies at least the regime that is named beside it.\n"
    yield "| Preset | Days | Satisfies |"
    yield "|---|---|---|"
    for name, preset in PRESETS.items():
        yield f"| `{name}` | {preset.days} | {preset.source} |"


def _one_line(text: str) -> str:
    """A docstring without its line breaks."""
    return " ".join(text.split())


if __name__ == "__main__":
    print(reference())
