"""Single values against the vendor's limits, the forms that no model states, and the
grammar of documents."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

from trivium_rehearsal import documents
from trivium_rehearsal.constraints.model import Limits, compiled
from trivium_rehearsal.forms import Wrong
from trivium_rehearsal.kinds import LISTED, is_reference, kind_of, range_of
from trivium_rehearsal.refusals.model import Refused
from trivium_rehearsal.types import Field, ResourceType
from trivium_rehearsal.wire import Bag, Path, at, path_text

_VENDORS: Final[Mapping[str, str]] = {
    "aws": "AWS",
    "aws-native": "AWS",
    "gcp": "Google Cloud",
    "azure-native": "Azure",
    "azuread": "Microsoft Entra ID",
}

_SHOWN: Final = 80
"""Longest value, in characters, that a message repeats."""
_PATTERN_REACH: Final = 4096
"""Longest string, in characters, that is matched against a pattern: a vendor's pattern
may backtrack."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One refused value."""

    path: Path
    reason: str
    """What was found, what is allowed, and by whose word."""


@dataclass(frozen=True, slots=True)
class Note:
    """One accepted value of which nobody here can tell whether the cloud takes it."""

    path: Path
    text: str
    """What was found, what is known, and what to do."""


class Judged:
    """Collects what is wrong with one resource's inputs, and what is to be noted."""

    def __init__(self, type_: ResourceType, bag: Bag) -> None:
        self.type = type_
        self.bridged = type_.bridged
        self.bag = bag
        self.vendor = _VENDORS[type_.package]
        self.failures: list[Failure] = []
        self.notes: list[Note] = []

    def refuse(self, path: Path, reason: str) -> None:
        """Note what is wrong."""
        self.failures.append(Failure(path, reason))

    def refuse_worded(self, refused: Refused) -> None:
        """Note what is wrong, in a rule's own words."""
        found = self.found(at(self.bag.values, refused.path), refused.path)
        text = refused.text.replace("{found}", found)
        self.refuse(refused.path, f"{path_text(refused.path)}: {text}")

    def found(self, value: object, path: Path) -> str:
        """What stands at `path`, in words; a secret's value is never among them."""
        kind = kind_of(value)
        if self.bag.holds_secret(path):
            return f"a secret ({kind})"
        if isinstance(value, str | bool | int | float):
            text = json.dumps(value, ensure_ascii=False)
            return (
                f"{kind} {text}" if len(text) <= _SHOWN else f"{kind} {text[:_SHOWN]}…"
            )
        return kind

    def limits(
        self, value: Any, limits: Limits, path: Path, source: str, field: Field
    ) -> None:
        """One scalar against one vendor's limits. A value that the SDK's own
        documentation names is allowed."""
        if isinstance(value, str):
            if self.bridged and value == "":
                return  # Terraform's zero value: unset
            if limits.values:
                self._values(value, limits, path, source, field)
            self._pattern(value, limits, path, source)
            if not is_reference(path, value):
                self.length(
                    len(value),
                    "characters",
                    limits.min_length,
                    limits.max_length,
                    path,
                    source,
                )
        elif not isinstance(value, bool) and not (self.bridged and value in (0, -1)):
            self._bounds(value, limits, path, source)

    def _values(
        self, value: str, limits: Limits, path: Path, source: str, field: Field
    ) -> None:
        allowed = (
            {each.lower() for each in limits.values}
            if limits.ignore_case
            else set(limits.values)
        )
        if (
            value.lower() if limits.ignore_case else value
        ) in allowed or value in field.named_values:
            return
        if self.bridged and self.type.exemplifies(field.python_name, value):
            return  # the vendor's model is older than the provider
        near = get_close_matches(value, limits.values, n=1, cutoff=0.7)
        hint = (
            ""
            if self.bag.is_secret(path) or not near
            else f"; did you mean {json.dumps(near[0])}?"
        )
        self.refuse(
            path,
            f"{path_text(path)}: found {self.found(value, path)},"
            f" {self.vendor} allows {_listed(limits.values)} ({source}){hint}",
        )

    def note_unnamed(
        self, value: str, named: Sequence[str], path: Path, source: str
    ) -> None:
        """Note a value that an open list does not name."""
        if not named or value.lower() in {each.lower() for each in named}:
            return
        near = get_close_matches(value, named, n=1, cutoff=0.7)
        secret = self.bag.is_secret(path)
        hint = "." if secret or not near else f"; did you mean {json.dumps(near[0])}?"
        self.notes.append(
            Note(
                path,
                f"{path_text(path)}: found {self.found(value, path)},"
                f" {self.vendor} names {_listed(named)} ({source}) and may take others;"
                " the rehearsal cannot tell whether it takes this one. Check its"
                f" spelling{hint}",
            )
        )

    def _pattern(self, value: str, limits: Limits, path: Path, source: str) -> None:
        regex = (
            compiled(limits.pattern)
            if limits.pattern and len(value) <= _PATTERN_REACH
            else None
        )
        if regex is None or is_reference(path, value):
            return
        if not (regex.fullmatch(value) if limits.whole else regex.search(value)):
            self.refuse(
                path,
                f"{path_text(path)}: found {self.found(value, path)}, {self.vendor} allows what "
                f"matches {limits.pattern} ({source})",
            )

    def form(self, value: Any, wrong: Wrong | None, path: Path) -> None:
        if wrong is not None:
            hint = (
                ""
                if self.bag.is_secret(path) or not wrong.near
                else f"; did you mean {json.dumps(wrong.near)}?"
            )
            found = self.found(value, path)
            self.refuse(
                path,
                f"{path_text(path)}: found {found}, {self.vendor} allows"
                f" {wrong.allowed}{hint}",
            )

    def length(
        self,
        size: int,
        unit: str,
        low: float | None,
        high: float | None,
        path: Path,
        source: str,
    ) -> None:
        if self.bridged and size == 0:
            return
        if (low is not None and size < low) or (high is not None and size > high):
            self.refuse(
                path,
                f"{path_text(path)}: found {size} {unit}, {self.vendor} allows "
                f"{range_of(low, high)} ({source})",
            )

    def _bounds(self, value: float, limits: Limits, path: Path, source: str) -> None:
        if limits.numbers and value not in limits.numbers:
            listed = ", ".join(f"{each:g}" for each in limits.numbers)
            self.refuse(
                path,
                f"{path_text(path)}: found {self.found(value, path)},"
                f" {self.vendor} allows {listed} "
                f"({source})",
            )
        low, high = limits.minimum, limits.maximum
        if (low is not None and value < low) or (high is not None and value > high):
            self.refuse(
                path,
                f"{path_text(path)}: found {self.found(value, path)}, {self.vendor} allows "
                f"{range_of(low, high)} ({source})",
            )

    def document(self, path: Path, kind: documents.Kind, value: Any) -> None:
        for problem in documents.problems(kind, value):
            place = path_text(path) + (
                f" at {path_text(problem.path)}" if problem.path else ""
            )
            shown = ""
            if problem.value is not None and not self.bag.holds_secret(path):
                shown = f"found {json.dumps(problem.value, default=str)[:_SHOWN]}, "
            self.refuse(
                path,
                f"{place}: {shown}{problem.text}; {self.vendor} would refuse this"
                f" {kind.value}",
            )


def _listed(values: Sequence[str]) -> str:
    """Values as a message lists them."""
    shown = [json.dumps(each) for each in values if each]
    more = f" and {len(shown) - LISTED} more" if len(shown) > LISTED else ""
    return ", ".join(shown[:LISTED]) + more
