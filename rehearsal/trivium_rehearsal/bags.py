"""Property bags on their way between the engine, the checks and the emulator."""

from collections.abc import Mapping
from typing import Any

from trivium_rehearsal import names
from trivium_rehearsal.place import Place
from trivium_rehearsal.types import ResourceType
from trivium_rehearsal.wire import Bag, Path, at, encode

# Any throughout: a bag holds JSON, whose shape the resource type decides.


def for_executor(
    type_: ResourceType, values: Mapping[str, Any], place: Place
) -> dict[str, Any]:
    """What the emulator is given: the program's own values, with a Region."""
    plain = {name: value for name, value in values.items() if not name.startswith("__")}
    if "region" in type_.inputs.fields and not plain.get("region"):
        plain["region"] = place.region
    return plain


def secret_names(bag: Bag) -> frozenset[str]:
    """The inputs that hold a secret anywhere: nothing that is made up may be derived
    from one."""
    return frozenset(str(path[0]) for path in bag.secrets)


def given(bag: Bag) -> dict[str, Any]:
    """The inputs without the engine's own."""
    return {
        name: value for name, value in bag.values.items() if not name.startswith("__")
    }


def not_asked_for(
    type_: ResourceType, made_up: Mapping[str, Any], given: Mapping[str, Any]
) -> dict[str, Any]:
    """Without the inputs that the program left out: the emulator is asked for them, or
    nobody says."""
    return {
        name: value
        for name, value in made_up.items()
        if name not in type_.inputs.fields or given.get(name) is not None
    }


def inputs_now(
    type_: ResourceType, inputs: Mapping[str, Any], told: Mapping[str, Any]
) -> dict[str, Any]:
    """The inputs after a read: what the emulator says of an input is the input now, so
    that drift shows. Without `inputs`, those of an import."""
    current = {
        name: value
        for name, value in told.items()
        if name in type_.inputs.fields and value is not None
    }
    if inputs:
        return {name: current.get(name, value) for name, value in inputs.items()}
    required = set(type_.inputs.required) | {names.name_property(type_)}
    return {
        name: value
        for name, value in current.items()
        if name in required or value not in ("", [], {})
    }


def merged(made_up: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    """What the emulator told, and what it could not be asked made up."""
    return {
        **made_up,
        **{
            name: value
            for name, value in told.items()
            if value is not None and name != "id"
        },
    }


def answer(values: Mapping[str, Any], inputs: Bag) -> Any:
    """`values` with the secrets of the inputs kept secret, also where a value only
    repeats one."""
    secrets: set[Path] = {path for path in inputs.secrets if path[0] in values}
    plain = {
        secret
        for path in inputs.secrets
        if isinstance(secret := at(inputs.values, path), str) and len(secret) > 3
    }
    if plain:
        given = inputs.values
        secrets |= {
            (name,)
            for name, value in values.items()
            if name not in given
            and isinstance(value, str)
            and any(secret in value for secret in plain)
        }
    return encode(values, secrets)


def is_whole(type_: ResourceType, state: Bag) -> bool:
    """Whether a state came from a creation, rather than being the few properties a
    `get` was asked with."""
    computed = [name for name, field in type_.outputs.items() if field.required]
    return bool(computed) and all(name in state.values for name in computed)


def with_name_of(
    type_: ResourceType,
    id: str,  # noqa: A002
    known: dict[str, Any],
) -> dict[str, Any]:
    """`known` with the name that the id ends with, where it has none."""
    name = names.name_property(type_)
    if name is not None and name not in known:
        known[name] = id.rstrip("/").rpartition("/")[2].rpartition(":")[2]
    return known


def identity(type_: ResourceType, id: str) -> dict[str, Any]:  # noqa: A002 - Pulumi's word
    """What an id itself says: an ARN is the resource's ARN."""
    return {"arn": id} if id.startswith("arn:") and "arn" in type_.outputs else {}
