"""IAM policy documents, as far as a rule must read them: who is allowed what, wildcards
included. Pure.

Conditions are not evaluated: a statement that is too wide without its condition is
judged too wide, unless a rule names the condition that narrows it. Elements that IAM
does not define, `action` in lower case among them, make a document unreadable: what a
cloud might make of them cannot be told.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from trivium_policies.resource import (
    MalformedPropertyError,
    NotYetKnownError,
    Properties,
)

# Source: IAM user guide, "IAM JSON policy elements reference", read 2026-11-23.
_ELEMENTS: Final = frozenset({"Version", "Id", "Statement"})
_STATEMENT_ELEMENTS: Final = frozenset(
    {
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
    }
)


@dataclass(frozen=True)
class Statement:
    """One statement, read when it is asked: what one does not know of it hides nothing
    of the others."""

    path: str
    """Where it stands, from the resource down: `policy.Statement[0]`."""
    written: Properties
    """Its elements."""

    @property
    def permits(self) -> bool:
        """Whether it allows, or denies."""
        _require_elements(
            self.written, _STATEMENT_ELEMENTS, either=("Action", "NotAction")
        )
        return self.written.text("Effect") != "Deny"

    @property
    def actions(self) -> tuple[str, ...]:
        """Action patterns as written; `("*",)` for a `NotAction`, which allows
        everything but what it names."""
        if self.written.value("NotAction") is not None:
            return ("*",)
        return self.written.texts("Action")

    def resources(self) -> Iterator[str]:
        """Resource patterns as written; `*` for a `NotResource`.

        Those that are known come first. Raises `NotYetKnownError` after them, if there
        are others: a new resource's ARN is not known in a preview.
        """
        if self.written.value("NotResource") is not None:
            yield "*"
            return
        known, unknown = self.written.texts_as_known("Resource")
        yield from known
        if unknown:
            raise NotYetKnownError(unknown)

    def allows(self, action: str) -> bool:
        """Whether one of its patterns covers the action, for instance
        `bedrock:InvokeModel`."""
        return any(matches(pattern, action) for pattern in self.actions)


def statements(properties: Properties, path: str) -> Iterator[Statement]:
    """The statements of the policy document at `path`, which is JSON text or an object;
    none when absent.

    Raises `MalformedPropertyError` for a document that is not a policy and
    `NotYetKnownError` for one that is not known.
    """
    if properties.value(path) is None:
        return
    document = _document(properties, path)
    _require_elements(document, _ELEMENTS, either=("Statement",))
    written = document.value("Statement")
    # IAM allows a single statement without its list.
    bags = (
        document.bags("Statement")
        if isinstance(written, Sequence)
        else (document.bag("Statement"),)
    )
    for index, statement in enumerate(bags):
        yield Statement(f"{properties.path(path)}.Statement[{index}]", statement)


def _require_elements(
    written: Properties, allowed: frozenset[str], *, either: tuple[str, ...]
) -> None:
    """Raise for an element that IAM has not, and for one that is missing."""
    stranger = next((name for name in written.names if name not in allowed), None)
    if stranger is not None:
        raise MalformedPropertyError(
            written.path(stranger),
            found=stranger,
            expected=f"an element of IAM ({', '.join(sorted(allowed))})",
        )
    if all(written.value(name) is None for name in either):
        raise MalformedPropertyError(
            written.path(either[0]), found=None, expected=" or ".join(either)
        )


def _document(properties: Properties, path: str) -> Properties:
    """The document, from JSON or as an object."""
    written = properties.value(path)
    if not isinstance(written, str):
        return properties.bag(path)
    try:
        document = json.loads(written, object_pairs_hook=_without_repetition)
    except (ValueError, RecursionError):
        raise MalformedPropertyError(
            properties.path(path),
            found=written,
            expected="a JSON policy document in which no member stands twice",
        ) from None
    if not isinstance(document, Mapping):
        raise MalformedPropertyError(
            properties.path(path), found=document, expected="a JSON policy document"
        )
    return Properties(document, properties.path(path))


def _without_repetition(members: list[tuple[str, object]]) -> dict[str, object]:
    """Of two members with one name this reader takes the last; which one the cloud
    takes cannot be told."""
    if len(dict(members)) < len(members):
        raise ValueError("a member stands twice")
    return dict(members)


@lru_cache(maxsize=1024)
def matches(pattern: str, name: str) -> bool:
    """Whether an action pattern covers `name`. `*` is any run of characters, `?` is
    one; case is ignored."""
    escaped = re.escape(pattern.lower()).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(escaped, name.lower(), re.DOTALL) is not None
