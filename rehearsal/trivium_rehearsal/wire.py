"""Property bags on the provider protocol: protobuf structs to plain Python data and
back.

Secrets are taken out of their wrappers and remembered by path, so that checks see plain
values and every answer can be wrapped again; unknowns become the one object `UNKNOWN`;
assets and archives become `Asset`. Nothing here knows a cloud or a resource type.

The signature strings are those of Pulumi's wire format (pulumi/pulumi,
``sdk/go/common/resource/sig/sig.go``).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf import struct_pb2

__all__ = [
    "EMPTY",
    "UNKNOWN",
    "Asset",
    "Bag",
    "Path",
    "Unknown",
    "at",
    "decode",
    "encode",
    "holds_unknown",
    "known_part",
    "path_text",
]

_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105
_ASSET: Final = "c44067f5952c0a294b673a41bacd8c17"
_ARCHIVE: Final = "0def7320c3a5731c473e5ecbe6d01bc7"
_RESOURCE: Final = "5cf8f73096256a8f31e491e813e4eb8e"
_OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
# One unknown marker for each kind of value (``sdk/go/common/resource/plugin/rpc.go``);
# the SDK for Python sends the first for all of them.
_UNKNOWNS: Final = frozenset(
    {
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)
_UNKNOWN_WIRE: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"

Path = tuple[str | int, ...]
"""Where a value is: property names and list positions, outermost first."""


class Unknown:
    """A value that only the real run can tell. There is one instance, `UNKNOWN`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown()


@dataclass(frozen=True, slots=True)
class Asset:
    """A file, text or archive handed to a resource; kept as it came, compared by what
    the engine says of it."""

    archive: bool
    """Whether it is an archive (a folder or zip) rather than a single file."""
    wire: Mapping[str, Any]
    """The asset exactly as the engine sent it, its content hash included."""

    def same_as(self, other: object) -> bool:
        """Whether both hold the same content (by the engine's hash when it sent
        one)."""
        if not isinstance(other, Asset):
            return False
        mine, theirs = self.wire.get("hash"), other.wire.get("hash")
        return mine == theirs if mine and theirs else self.wire == other.wire


@dataclass(frozen=True, slots=True)
class Bag:
    """Plain properties, and where in them the secrets are."""

    values: dict[str, Any]
    """Property name to value; `UNKNOWN` where the engine does not know yet."""
    secrets: frozenset[Path] = frozenset()
    """Paths of the values that arrived as secrets."""

    def is_secret(self, path: Path) -> bool:
        """Whether the value at `path`, or something that holds it, is secret."""
        return bool(self.secrets) and any(
            path[:length] in self.secrets for length in range(1, len(path) + 1)
        )

    def holds_secret(self, path: Path) -> bool:
        """Whether the value at `path` is secret or holds something secret."""
        return self.is_secret(path) or any(
            secret[: len(path)] == path for secret in self.secrets
        )


EMPTY: Final = Bag({})


def decode(struct: struct_pb2.Struct | None) -> Bag:
    """The property bag in `struct`; a missing struct is an empty bag."""
    if struct is None or not struct.fields:
        return EMPTY
    secrets: set[Path] = set()
    values = {
        key: _decode(value, (key,), secrets) for key, value in struct.fields.items()
    }
    return Bag(values, frozenset(secrets))


# The return is `Any` because a property's value is whatever its resource type says.
def _decode(value: struct_pb2.Value, path: Path, secrets: set[Path]) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        text = value.string_value
        return UNKNOWN if text in _UNKNOWNS else text
    if kind == "bool_value":
        return value.bool_value
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "list_value":
        return [
            _decode(item, (*path, index), secrets)
            for index, item in enumerate(value.list_value.values)
        ]
    if kind == "struct_value":
        return _decode_struct(value.struct_value, path, secrets)
    return None


def _decode_struct(struct: struct_pb2.Struct, path: Path, secrets: set[Path]) -> Any:
    fields = struct.fields
    signature = fields[_SIGNATURE].string_value if _SIGNATURE in fields else None
    if signature is None:
        return {
            key: _decode(value, (*path, key), secrets) for key, value in fields.items()
        }
    if signature == _SECRET:
        secrets.add(path)
        return _decode(fields["value"], path, secrets)
    if signature == _OUTPUT:
        if "secret" in fields and fields["secret"].bool_value:
            secrets.add(path)
        return _decode(fields["value"], path, secrets) if "value" in fields else UNKNOWN
    if signature == _RESOURCE:
        # Only sent to providers that accept resources, which this one does not; its id
        # is what counts.
        return _decode(fields["id"], path, secrets) if "id" in fields else None
    if signature in (_ASSET, _ARCHIVE):
        wire = {key: _decode(value, path, set()) for key, value in fields.items()}
        return Asset(signature == _ARCHIVE, wire)
    return {key: _decode(value, (*path, key), secrets) for key, value in fields.items()}


def encode(
    values: Mapping[str, Any], secrets: Iterable[Path] = ()
) -> struct_pb2.Struct:
    """`values` as the engine reads them, with every path in `secrets` wrapped as a
    secret."""
    struct = struct_pb2.Struct()
    hidden = frozenset(secrets)
    for key, value in values.items():
        _encode(struct.fields[key], value, (key,), hidden)
    return struct


def _encode(
    target: struct_pb2.Value, value: Any, path: Path, secrets: frozenset[Path]
) -> None:
    if secrets and path in secrets:
        fields = target.struct_value.fields
        fields[_SIGNATURE].string_value = _SECRET
        _encode(fields["value"], value, path, secrets - {path})
    elif isinstance(value, str):
        target.string_value = value
    elif isinstance(value, bool):
        target.bool_value = value
    elif isinstance(value, int | float):
        target.number_value = value
    elif value is None:
        target.null_value = struct_pb2.NULL_VALUE
    elif isinstance(value, Unknown):
        target.string_value = _UNKNOWN_WIRE
    elif isinstance(value, Asset):
        _encode(target, dict(value.wire), path, frozenset())
    elif isinstance(value, Mapping):
        target.struct_value.SetInParent()
        for key, item in value.items():
            _encode(target.struct_value.fields[key], item, (*path, key), secrets)
    else:
        target.list_value.SetInParent()
        for index, item in enumerate(value):
            _encode(target.list_value.values.add(), item, (*path, index), secrets)


def holds_unknown(value: Any) -> bool:
    """Whether `value` is unknown or holds something unknown."""
    if isinstance(value, Unknown):
        return True
    if isinstance(value, dict):
        return any(holds_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(holds_unknown(item) for item in value)
    return False


def at(values: Any, path: Path) -> Any:
    """The value at `path`; None where there is none, `UNKNOWN` below an unknown."""
    for step in path:
        if isinstance(values, Unknown):
            return values
        try:
            values = values[step]
        except (KeyError, IndexError, TypeError):
            return None
    return values


def known_part(values: Mapping[str, Any]) -> dict[str, Any]:
    """`values` without the top-level properties that are not wholly known, and without
    internal ones."""
    return {
        key: value
        for key, value in values.items()
        if not key.startswith("__") and not holds_unknown(value)
    }


def path_text(path: Path) -> str:
    """``corsRules[0].allowedMethods[1]``: the path as Pulumi writes it. Keys that are
    no names are quoted."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif step.replace("_", "").isalnum():
            text += f".{step}" if text else step
        else:
            text += f'["{step}"]'
    return text
