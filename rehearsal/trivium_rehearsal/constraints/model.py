"""What a vendor's own model says about a property, in one shape for all vendors.

A vendor model is walked in step with the SDK's type: only where a name in the SDK
corresponds to exactly one name in the vendor's model, and both are the same kind of
value, is the vendor's limit applied. Everything else stays unchecked: a limit from a
model that does not fit would refuse a program that the cloud accepts.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal, Protocol

__all__ = [
    "NO_LIMITS",
    "Kind",
    "Limits",
    "VendorModel",
    "compiled",
    "folded",
    "one_to_one",
]

Kind = Literal[
    "string", "boolean", "integer", "number", "list", "map", "object", "other"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a value must satisfy. Absent limits are None or empty."""

    values: tuple[str, ...] = ()
    """The allowed values of a string."""
    numbers: tuple[float, ...] = ()
    """The allowed values of a number."""
    ignore_case: bool = False
    """Whether the vendor accepts other capitals than its own."""
    pattern: str | None = None
    """A regular expression; `whole` says how it is applied."""
    whole: bool = False
    """Whether the pattern must match the whole string rather than be found in it."""
    min_length: float | None = None
    max_length: float | None = None
    minimum: float | None = None
    maximum: float | None = None
    min_items: float | None = None
    max_items: float | None = None


NO_LIMITS: Final = Limits()


class VendorModel(Protocol):
    """One place in a vendor's model."""

    @property
    def source(self) -> str:
        """Where it stands, for instance ``CloudFormation schema AWS::S3::Bucket``."""

    @property
    def kind(self) -> Kind:
        """What kind of value stands here."""

    @property
    def limits(self) -> Limits:
        """What the value must satisfy."""

    def member(self, name: str) -> "VendorModel | None":
        """The member that corresponds to the SDK's wire name `name`, if exactly one
        does."""

    def item(self) -> "VendorModel | None":
        """What every item of this list, or value of this map, is."""


def folded(name: str) -> str:
    """A name without capitals and separators, by which two spellings correspond."""
    return name.replace("_", "").replace("-", "").lower()


def one_to_one(names: Iterable[str]) -> Mapping[str, str]:
    """Folded name to name, without those that two names fold to."""
    found: dict[str, str | None] = {}
    for name in names:
        found[folded(name)] = None if folded(name) in found else name
    return {fold: name for fold, name in found.items() if name is not None}


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> re.Pattern[str] | None:
    r"""`pattern` compiled, or None when Python cannot read it (Java's ``\p{L}``, for
    instance)."""
    try:
        # AWS takes a policy of many lines for `.*`.
        return re.compile(pattern, re.DOTALL)
    except (re.error, OverflowError):
        return None
