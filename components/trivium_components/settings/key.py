"""What a configuration key states about itself, next to its type and default.

Everything that follows from the annotation is derived and never repeated: the choices
of a `Literal` or a `OneOf`, and the keys of a section.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, PydanticCustomError
from pydantic_core.core_schema import no_info_after_validator_function

NAMESPACE = "trivium"


@dataclass(frozen=True, kw_only=True)
class Key:
    """What the reference and the error texts say about a key."""

    consequence: str
    """What goes wrong with any other value: one sentence."""
    example: str = ""
    """A value for `pulumi config set`; a section has none."""
    expected: str = ""
    """What is allowed, to complete "expected …"; derived for sections and choices."""
    unit: str = ""
    """Unit of the value."""
    choices: tuple[str, ...] = ()
    """Known values, for "Did you mean"; derived from a `Literal` or a `OneOf`."""
    remedy: str = ""
    """What to do, if setting the example is not enough. `{command}` stands for the
    command that sets it."""
    suggest: Callable[[Mapping[str, Any]], Mapping[int, str]] | None = None
    """For a list: an example for each wrong entry by its index, from the raw section
    around the list. Without it, all wrong entries have the same example. Any: as
    configured, valid or not."""


@dataclass(frozen=True)
class OneOf:
    """A text that must be one of `values`: for choices that are data, not types."""

    values: tuple[str, ...]

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """The hook that pydantic calls. Any: the annotated type, as pydantic has it."""
        return no_info_after_validator_function(self._checked, handler(source))

    def _checked(self, text: str) -> str:
        """`text` itself, or the error that pydantic collects."""
        if text not in self.values:
            raise PydanticCustomError("refused", "not one of the choices")
        return text


class Section(BaseModel):
    """A group of keys: frozen, and an unknown key is an error.

    A field's docstring is its text in the reference.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, use_attribute_docstrings=True
    )


def key_of(field: FieldInfo) -> Key:
    """The `Key` of a field, completed from its annotation.

    Raises `TypeError` for a field without one, which is a bug.
    """
    for item in field.metadata:
        if isinstance(item, Key):
            choices = item.choices or _choices(field)
            expected = item.expected or _expected(field.annotation, choices)
            return replace(item, choices=choices, expected=expected)
    raise TypeError(f"{field!r} has no Key")


def section_of(annotation: Any) -> type[BaseModel] | None:
    """The section inside an annotation such as `AwsSettings | None`, if there is one.

    Any: every type is possible.
    """
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(
        (model for model in map(section_of, get_args(annotation)) if model), None
    )


def listed(words: Sequence[str], *, last: str) -> str:
    """Words as a reader lists them: "`a`, `b` and `c`"."""
    quoted = [f"`{word}`" for word in words]
    if len(quoted) == 1:
        return quoted[0]
    return f"{', '.join(quoted[:-1])} {last} {quoted[-1]}"


def _choices(field: FieldInfo) -> tuple[str, ...]:
    """The texts that a field allows, if its type or a `OneOf` enumerates them."""
    for item in field.metadata:
        if isinstance(item, OneOf):
            return item.values
    return tuple(_literals(field.annotation))


def _literals(annotation: Any) -> list[str]:
    """The texts of every `Literal` in an annotation. Any: every type is possible."""
    arguments = get_args(annotation)
    if get_origin(annotation) is Literal:
        return [word for word in arguments if isinstance(word, str)]
    return [word for inner in arguments for word in _literals(inner)]


def _expected(annotation: Any, choices: tuple[str, ...]) -> str:
    """What a section or an enumeration allows. Any: every type is possible."""
    section = section_of(annotation)
    if section is None:
        few = len(choices) == 2
        return listed(choices, last="or") if few else f"one of {', '.join(choices)}"

    fields = section.model_fields
    required = [name for name, field in fields.items() if field.is_required()]
    keys = listed(required or list(fields), last="and")
    whole = (
        "a list of sections, each" if get_origin(annotation) is list else "a section"
    )
    return f"{whole} with {keys}"
