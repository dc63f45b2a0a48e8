"""The shape of a request, as botocore's own model of `bedrock-runtime` describes it.

Members, types, required members, enums, lengths, ranges, patterns and tagged unions all
come from that model. It says nothing about the answer to a wrong type or an unknown
member: both are refused here, in words that cannot be verified.
"""

import base64
import binascii
import functools
import re
from collections.abc import Iterable
from typing import Any

from trivium_rehearsal.endpoints.serving.bodies import Json

Shape = Any
"""A botocore.model.Shape; botocore has no types. Values below are any JSON, hence
`Any`."""


class InvalidConverseError(Exception):
    """The body breaks a rule. Carries AWS's error type."""

    def __init__(self, message: str, kind: str = "ValidationException") -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


@functools.cache
def service_model() -> Any:  # botocore.model.ServiceModel
    """botocore's model of the Bedrock runtime. Loading it is slow, so it is loaded
    once."""
    from botocore.loaders import Loader
    from botocore.model import ServiceModel

    return ServiceModel(Loader().load_service_model("bedrock-runtime", "service-2"))


def judge(operation: str, model_id: str, body: Json) -> None:
    """Judge the parameters of an operation. Raises `InvalidConverseError` at the first
    problem."""
    shape = service_model().operation_model(operation).input_shape
    _judge(shape.members["modelId"], model_id, "modelId")

    members = {
        name: member
        for name, member in shape.members.items()
        if member.serialization.get("location") is None
    }
    required = [name for name in shape.required_members if name in members]
    _judge_members(members, required, body, "")


def _judge(shape: Shape, value: Any, path: str) -> None:
    """Judge one value by its shape."""
    if getattr(shape, "is_document_type", False):
        return
    judge = _JUDGES.get(shape.type_name)
    if judge is None:
        raise InvalidConverseError(
            f"{path} has the unsupported type {shape.type_name}.",
            "InternalServerException",
        )
    judge(shape, value, path)


def _judge_structure(shape: Shape, value: Any, path: str) -> None:
    """An object; exactly one member if the model calls it a union."""
    if not isinstance(value, dict):
        raise _wrong_type(value, "a structure", path)
    _judge_members(shape.members, shape.required_members, value, path)

    # A member that is null counts as absent (Smithy JSON protocols).
    present = [name for name in value if value[name] is not None]
    if getattr(shape, "is_tagged_union", False) and len(present) != 1:
        raise InvalidConverseError(
            f"1 validation error detected: Value at '{path}' failed to satisfy"
            f" constraint: Member must have exactly one of {', '.join(shape.members)};"
            f" {len(present)} are set"
        )


def _judge_members(
    members: dict[str, Shape], required: Iterable[str], value: Json, path: str
) -> None:
    """Required members are there, and no unknown ones."""
    for name in required:
        if value.get(name) is None:
            raise InvalidConverseError(
                f"1 validation error detected: Value at '{_under(path, name)}' failed"
                " to satisfy constraint: Member must not be null"
            )

    for name, member in value.items():
        if name not in members:
            raise InvalidConverseError(
                f"1 validation error detected: '{_under(path, name)}' is not a member;"
                f" expected one of {', '.join(members)}"
            )
        if member is not None:
            _judge(members[name], member, _under(path, name))


def _judge_list(shape: Shape, value: Any, path: str) -> None:
    if not isinstance(value, list):
        raise _wrong_type(value, "a list", path)
    _check_size(shape, len(value), path, "length")
    for position, member in enumerate(value, start=1):
        _judge(shape.member, member, f"{path}.{position}.member")


def _judge_map(shape: Shape, value: Any, path: str) -> None:
    if not isinstance(value, dict):
        raise _wrong_type(value, "a map", path)
    _check_size(shape, len(value), path, "length")
    for name, member in value.items():
        _judge(shape.key, name, f"{path}.key")
        _judge(shape.value, member, f"{path}.value")


def _judge_string(shape: Shape, value: Any, path: str) -> None:
    """A text with its length, enum and pattern."""
    if not isinstance(value, str):
        raise _wrong_type(value, "a string", path)
    _check_size(shape, len(value), path, "length")

    enum = shape.metadata.get("enum")
    if enum and value not in enum:
        raise _constraint(
            path, f"Member must satisfy enum value set: [{', '.join(enum)}]"
        )
    pattern = shape.metadata.get("pattern")
    if pattern and not re.fullmatch(pattern, value):
        raise _constraint(
            path, f"Member must satisfy regular expression pattern: {pattern}"
        )


def _judge_blob(shape: Shape, value: Any, path: str) -> None:
    """Bytes in base64; their length counts decoded."""
    if not isinstance(value, str):
        raise _wrong_type(value, "base64 text", path)
    try:
        size = len(base64.b64decode(value, validate=True))
    except (binascii.Error, ValueError):
        raise InvalidConverseError(
            f"'{path}' is not base64.", "SerializationException"
        ) from None
    _check_size(shape, size, path, "length")


def _judge_integer(shape: Shape, value: Any, path: str) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise _wrong_type(value, "an integer", path)
    _check_size(shape, value, path, "value")


def _judge_number(shape: Shape, value: Any, path: str) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise _wrong_type(value, "a number", path)
    _check_size(shape, value, path, "value")


def _judge_boolean(_shape: Shape, value: Any, path: str) -> None:
    if not isinstance(value, bool):
        raise _wrong_type(value, "a boolean", path)


_JUDGES = {
    "structure": _judge_structure,
    "list": _judge_list,
    "map": _judge_map,
    "string": _judge_string,
    "blob": _judge_blob,
    "integer": _judge_integer,
    "long": _judge_integer,
    "float": _judge_number,
    "double": _judge_number,
    "boolean": _judge_boolean,
}


def _check_size(shape: Shape, size: float, path: str, what: str) -> None:
    """Judge a length or a value by the shape's `min` and `max`."""
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < float(least):
        raise _constraint(
            path, f"Member must have {what} greater than or equal to {least}"
        )
    if most is not None and size > float(most):
        raise _constraint(path, f"Member must have {what} less than or equal to {most}")


def _constraint(path: str, text: str) -> InvalidConverseError:
    """A value that breaks a constraint of the model."""
    return InvalidConverseError(
        f"1 validation error detected: Value at '{path}' failed to satisfy constraint:"
        f" {text}"
    )


def _wrong_type(value: Any, wanted: str, path: str) -> InvalidConverseError:
    """A refusal that names the type found, in the words of AWS's JSON parser."""
    found = {
        dict: "START_OBJECT",
        list: "START_ARRAY",
        str: "STRING_VALUE",
        bool: "BOOLEAN_VALUE",
    }
    kind = found.get(type(value), "NULL_VALUE" if value is None else "NUMBER_VALUE")
    return InvalidConverseError(
        f"{kind} at '{path}' can not be converted to {wanted}", "SerializationException"
    )


def _under(path: str, name: str) -> str:
    """The path of a member; the root has no path."""
    return f"{path}.{name}" if path else name
