"""How far a resource type is proven by a rehearsal."""

from enum import Enum

from trivium_rehearsal.constraints import azure_enums, vendor_models
from trivium_rehearsal.sdk import PACKAGES, resource_type
from trivium_rehearsal.types import (
    Anything,
    Enumeration,
    ListOf,
    MapOf,
    ObjectType,
    OneOf,
    ResourceType,
    Type,
)

__all__ = ["Level", "level_of"]


class Level(Enum):
    """What stands behind a resource of a type, strongest first."""

    EXECUTED = "executed"
    """Really created, read, changed and deleted in the local emulator."""
    CHECKED = "checked"
    """Inputs checked against the SDK's types and a vendor's model that corresponds one
    to one; outputs made up."""
    SYNTHESISED = "synthesised"
    """Inputs checked against the SDK's types alone; outputs made up."""


def level_of(token: str) -> Level:
    """The level of the resource type `token` when the emulator is there.

    A type that no stand-in serves (a dynamic provider's, for instance) is
    *synthesised*: nothing here proves it.
    """
    from trivium_rehearsal.aws import EXECUTED

    if token in EXECUTED:
        return Level.EXECUTED
    package = token.partition(":")[0]
    if package not in PACKAGES:
        return Level.SYNTHESISED
    type_ = resource_type(token)
    if vendor_models(type_) or (package == "azure-native" and _is_described(type_)):
        return Level.CHECKED
    return Level.SYNTHESISED


def _is_described(type_: ResourceType) -> bool:
    """Whether Azure's own model describes the inputs. The generic `resources:Resource`
    has a body of any shape."""
    body = type_.inputs.fields.get("properties")
    return not (body and isinstance(body.type, Anything)) and _has_enumeration(
        type_.inputs, set()
    )


def _has_enumeration(type_: Type, seen: set[int]) -> bool:
    """Whether any input is compared with Azure's own enumerations: azure-native's types
    are Azure's model, one to one."""
    if isinstance(type_, Enumeration):
        return azure_enums.is_described(type_)
    if isinstance(type_, ListOf | MapOf):
        return _has_enumeration(type_.item, seen)
    if isinstance(type_, OneOf):
        return any(_has_enumeration(option, seen) for option in type_.options)
    if not isinstance(type_, ObjectType) or id(type_) in seen:
        return False
    seen.add(id(type_))
    return any(_has_enumeration(field.type, seen) for field in type_.fields.values())
