"""What a cloud would answer for a resource: its id and all its outputs, from its
inputs."""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from trivium_rehearsal.names import name_property
from trivium_rehearsal.outputs import aws, azure, google
from trivium_rehearsal.outputs.maker import Maker
from trivium_rehearsal.outputs.values import value_of
from trivium_rehearsal.place import Place
from trivium_rehearsal.replacement import replaces
from trivium_rehearsal.types import (
    Field,
    ListOf,
    MapOf,
    ObjectType,
    ResourceType,
    Scalar,
    Type,
)
from trivium_rehearsal.wire import UNKNOWN, Asset, Path

_CLOUDS: Final[
    Mapping[str, tuple[Callable[[Maker], str], Callable[[Maker, str], dict[str, Any]]]]
] = {
    "aws": (aws.identifier, aws.special),
    "aws-native": (aws.identifier, aws.special),
    "gcp": (google.identifier, google.special),
    "azure-native": (azure.identifier, azure.special),
    "azuread": (azure.entra_identifier, azure.entra_special),
}
"""By provider: what a resource is called, and what is known of its outputs."""


@dataclass(frozen=True, slots=True)
class Made:
    """A made-up resource."""

    id: str
    outputs: dict[str, Any]


def make(
    type_: ResourceType,
    inputs: Mapping[str, Any],
    place: Place,
    urn: str,
    secret: frozenset[str] = frozenset(),
) -> Made:
    """The id and all outputs of a resource that was just created from `inputs`.

    Nothing is derived from the inputs that `secret` names; they are only repeated.
    """
    maker = _maker(type_, inputs, place, urn, secret)
    identifier, _ = _CLOUDS[type_.package]
    id = identifier(maker)  # noqa: A001 - Pulumi's word
    return Made(id, _outputs(maker, id, {}))


def remade(
    type_: ResourceType,
    inputs: Mapping[str, Any],
    place: Place,
    urn: str,
    id: str,  # noqa: A002
    old: Mapping[str, Any],
    secret: frozenset[str] = frozenset(),
) -> dict[str, Any]:
    """The outputs after an update (or for a resource that exists): what was made up
    before stays as it was."""
    return _outputs(_maker(type_, inputs, place, urn, secret), id, old)


def preview(type_: ResourceType, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """What is known of a resource before it exists: its inputs; everything computed is
    unknown."""
    outputs = _echo(type_, inputs)
    filled = azure.FILLED.get(type_.token, frozenset())
    for name, field in type_.outputs.items():
        if name in outputs:
            asked = (
                type_.inputs.fields[name].type if name in type_.inputs.fields else None
            )
            outputs[name] = _completed(None, "", name, outputs[name], field.type, asked)
        if outputs.get(name) is None and (
            field.required
            or field.filled
            or name in filled
            or name not in type_.inputs.fields
        ):
            outputs[name] = UNKNOWN
    return outputs


def _maker(
    type_: ResourceType,
    inputs: Mapping[str, Any],
    place: Place,
    urn: str,
    secret: frozenset[str],
) -> Maker:
    own = name_property(type_)
    resource = urn.rpartition("::")[2]
    given = inputs.get(own) if own is not None else inputs.get("name")
    prefix = inputs.get(f"{own or 'name'}Prefix")
    if given is None and isinstance(prefix, str):
        # Terraform ends a prefixed name with 26 digits of time and counter.
        given = prefix + str(int(hashlib.sha256(urn.encode()).hexdigest(), 16))[:26]
    name = given if isinstance(given, str) else resource
    open_inputs = {key: value for key, value in inputs.items() if key not in secret}
    # What replaces a resource makes another one, with identifiers of its own.
    fixed = [
        (path, value)
        for path, value in _leaves(open_inputs, ())
        if replaces(type_, path)
    ]
    return Maker(type_, inputs, place, f"{urn}|{sorted(map(str, fixed))}", name)


def _leaves(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            if not key.startswith("__"):
                yield from _leaves(item, (*path, key))
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from _leaves(item, (*path, index))
    elif path and not isinstance(value, Asset):
        yield path, value


def _echo(type_: ResourceType, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs as the cloud repeats them."""
    given = {name: value for name, value in inputs.items() if not name.startswith("__")}
    if type_.package == "azure-native":
        return {**given, **azure.spelled(type_.inputs, given)}
    return given


# What a cloud adds inside a block that the program gave: identifiers, addresses,
# endpoints.
_ADDED: Final = re.compile(
    r"(arn|Arn|[iI]d|[uU]ri|URI|[uU]rl|URL|[eE]ndpoint|[fF]qdn|[hH]ostName|[iI]p|[iI]pAddress)$"
)


def _is_added(key: str, asked: Field | None) -> bool:
    return (
        bool(_ADDED.search(key))
        if asked is None
        else asked.filled or key == azure.NAMED_BY_AZURE
    )


def _completed(
    maker: Maker | None,
    id: str,  # noqa: A002
    name: str,
    given: Any,
    shape: Type,
    asked: Type | None,
) -> Any:
    """`given` with what the cloud adds inside of it: only what could not be given.
    Unknown without a maker."""
    if isinstance(shape, ListOf) and isinstance(given, list):
        inner = asked.item if isinstance(asked, ListOf) else None
        return [_completed(maker, id, name, item, shape.item, inner) for item in given]
    if isinstance(shape, MapOf) and isinstance(given, list):
        return _answered_as_map(maker, id, name, given, shape)
    if not (isinstance(shape, ObjectType) and isinstance(given, dict)):
        return given
    asked_fields = asked.fields if isinstance(asked, ObjectType) else {}
    completed = dict(given)
    for key, field in shape.fields.items():
        asked_field = asked_fields.get(key)
        if key in given:
            inner_asked = asked_field.type if asked_field else None
            completed[key] = _completed(
                maker, id, key, given[key], field.type, inner_asked
            )
        elif field.type == Scalar("string") and _is_added(key, asked_field):
            completed[key] = (
                UNKNOWN
                if maker is None
                else value_of(maker, field.type, key, 0, sure=True)
            )
        elif (
            key == "id"
            and isinstance(given.get("name"), str)
            and id.startswith("/subscriptions/")
        ):
            # Azure gives every named part of a resource an id below the resource's own.
            completed[key] = f"{id}/{name}/{given['name']}"
    return completed


def _answered_as_map(
    maker: Maker | None,
    id: str,  # noqa: A002
    name: str,
    given: list[Any],
    shape: MapOf,
) -> Any:
    """Azure takes a set of identities as a list of their ids, and answers a map from
    each id to what it knows of it."""
    if not all(isinstance(each, str) for each in given):
        return UNKNOWN
    return {each: _completed(maker, id, name, {}, shape.item, None) for each in given}


def _outputs(maker: Maker, id: str, old: Mapping[str, Any]) -> dict[str, Any]:  # noqa: A002
    maker = replace(maker, known_id=id)
    type_ = maker.type
    outputs = {
        name: value
        for name, value in _echo(type_, maker.inputs).items()
        if name in type_.outputs
    }
    _, told_by_cloud = _CLOUDS[type_.package]
    special = told_by_cloud(maker, id)
    for name, field in type_.outputs.items():
        if outputs.get(name) is not None:
            asked = (
                type_.inputs.fields[name].type if name in type_.inputs.fields else None
            )
            completed = _completed(maker, id, name, outputs[name], field.type, asked)
            outputs[name] = _with_special(completed, outputs[name], special.get(name))
            continue
        if name in special:
            told = _converted(special[name], field.type)
            outputs[name] = told if name in _FOLLOWING else old.get(name, told)
        elif name in old and name not in type_.inputs.fields:
            outputs[name] = old[name]
        elif field.required or (
            (field.filled or name not in type_.inputs.fields) and _is_telling(field)
        ):
            outputs[name] = _computed(maker, name, field)
    return outputs


def _with_special(completed: Any, given: Any, special: Any) -> Any:
    """A block with what the cloud is known to add inside of it."""
    if not (isinstance(completed, dict) and isinstance(special, dict)):
        return completed
    return {
        **completed,
        **{key: value for key, value in special.items() if given.get(key) is None},
    }


def _converted(told: Any, type_: Type) -> Any:
    """What a template says of a number is a number."""
    return (
        int(told)
        if type_ == Scalar("integer") and isinstance(told, str) and told.isdigit()
        else told
    )


_FOLLOWING: Final = frozenset({"tagsAll", "effectiveLabels", "pulumiLabels"})
"""Outputs that follow the inputs at every update."""


def _is_telling(field: Field) -> bool:
    """Whether an optional output is one that programs pass on (an id, an ARN, an
    endpoint)."""
    return bool(
        re.search(r"(arn|Arn|Id|[uU]rl|[eE]ndpoint|[hH]ostName|[fF]qdn)$", field.name)
    ) and field.type == Scalar("string")


def _computed(maker: Maker, name: str, field: Field) -> Any:
    old_style = field.type == Scalar("string") and name in (
        "name",
        name_property(maker.type),
    )
    if old_style:
        return maker.name
    return value_of(
        maker, field.type, name, 0, sure=name not in maker.type.inputs.fields
    )
