"""The two spellings of one value: the Pulumi provider's and the AWS API's.

A `Shape` is one table read in both directions, so that what is sent and what is read
back cannot drift apart. Keys that a shape does not name are dropped in both directions;
the comparison after each call finds them.
"""

from collections.abc import Mapping
from typing import Any, TypeAlias

Shape: TypeAlias = Mapping[str, "str | tuple[str, Shape]"]
"""Provider's key to AWS's key, with the shape of what is inside where that is an object
(or a list of them)."""


def to_cloud(shape: Shape, value: Any) -> Any:
    """`value` in AWS's spelling; None and unnamed keys are left out. `Any`: plain JSON
    data."""
    if isinstance(value, list):
        return [to_cloud(shape, item) for item in value]
    if not isinstance(value, Mapping):
        return value
    spelled = {}
    for ours, spec in shape.items():
        if (inner := value.get(ours)) is not None:
            theirs, nested = _spec(spec)
            spelled[theirs] = inner if nested is None else to_cloud(nested, inner)
    return spelled


def from_cloud(shape: Shape, value: Any) -> Any:
    """`value`, as AWS answers it, in the provider's spelling. `Any`: plain JSON
    data."""
    if isinstance(value, list):
        return [from_cloud(shape, item) for item in value]
    if not isinstance(value, Mapping):
        return value
    spelled = {}
    for ours, spec in shape.items():
        theirs, nested = _spec(spec)
        if (inner := value.get(theirs)) is not None:
            spelled[ours] = inner if nested is None else from_cloud(nested, inner)
    return spelled


def _spec(spec: "str | tuple[str, Shape]") -> "tuple[str, Shape | None]":
    return (spec, None) if isinstance(spec, str) else spec
