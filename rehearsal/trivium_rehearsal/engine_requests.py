"""What the engine's requests say, and how refused inputs are told to it."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

from pulumi.runtime.proto import provider_pb2

from trivium_rehearsal import names
from trivium_rehearsal.judged import Failure
from trivium_rehearsal.types import ResourceType
from trivium_rehearsal.wire import Bag, decode

_NAMING: Final = MappingProxyType({0: "propose", 1: "enforce", 2: "disable"})

# The generated protocol classes carry no types that mypy reads, hence `Any` for
# requests below.


def failures_of(found: Iterable[Failure]) -> list[Any]:
    """Each reason names its place itself: given a place apart, the engine would print
    the value there as well."""
    return [
        provider_pb2.CheckFailure(
            reason=f"{failure.reason.rstrip('?')}{_end(failure.reason)}"
        )
        for failure in found
    ]


def _end(reason: str) -> str:
    return "?" if reason.endswith("?") else "."


def naming_of(request: Any) -> names.EngineNaming | None:
    """What the engine says about automatic names, if anything."""
    if not request.HasField("autonaming"):
        return None
    settings = request.autonaming
    mode = _NAMING.get(settings.mode, "propose")
    return names.EngineNaming(mode, settings.proposed_name)  # type: ignore[arg-type]  # the values of _NAMING


def resource_name(urn: str) -> str:
    """The logical name that a URN ends with."""
    return urn.rpartition("::")[2]


def called(urn: str, type_: ResourceType) -> str:
    """How an error names the resource."""
    return f"{type_.name} `{resource_name(urn)}`"


def old_inputs(request: Any, type_: ResourceType) -> Bag:
    """The inputs of the last run; engines that do not send them leave the outputs,
    whose inputs are meant."""
    if request.HasField(
        "old_inputs"
    ):  # a resource without any input sends an empty object
        return decode(request.old_inputs)
    told = decode(request.olds)
    inputs = type_.inputs.fields
    values = {name: value for name, value in told.values.items() if name in inputs}
    return Bag(values, told.secrets)


def same_fixed_name(
    type_: ResourceType, old: Mapping[str, Any], new: Mapping[str, Any]
) -> bool:
    """Whether old and new would claim the same name: then the old one must go first."""
    name = names.name_property(type_)
    if name is None or name in new.get("__defaults", ()):
        return False
    return new.get(name) is not None and old.get(name) == new.get(name)
