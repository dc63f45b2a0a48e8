"""IAM policy documents, as far as a rule must read them: who is allowed what, wildcards included. Pure.

Conditions are not evaluated: a statement that is too wide without its condition is judged too wide, unless a rule
names the condition that narrows it.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from trivium_policies.resource import MalformedPropertyError, Properties


@dataclass(frozen=True)
class Statement:
    """One `Allow` statement."""

    path: str
    """Where it stands, from the resource down: `policy.Statement[0]`."""
    actions: tuple[str, ...]
    """Action patterns as written; `("*",)` for a `NotAction`, which allows everything but what it names."""
    resources: tuple[str, ...]
    """Resource patterns as written; `("*",)` for a `NotResource`."""

    def allows(self, action: str) -> bool:
        """Whether one of its patterns covers the action, for instance `bedrock:InvokeModel`."""
        return any(matches(pattern, action) for pattern in self.actions)


def allow_statements(properties: Properties, path: str) -> Iterator[Statement]:
    """The `Allow` statements of the policy document at `path`, which is JSON text or an object; none when absent.

    Raises `MalformedPropertyError` for a document that is not a policy and `NotYetKnownError` for unknown parts of it.
    """
    document = _document(properties, path)
    statements = document.value("Statement")
    # IAM allows a single statement without its list.
    bags = document.bags("Statement") if isinstance(statements, Sequence) else (document.bag("Statement"),)
    for index, statement in enumerate(bags):
        if statement.text("Effect") != "Deny":
            yield Statement(
                path=f"{properties.path(path)}.Statement[{index}]",
                actions=("*",) if statement.value("NotAction") is not None else statement.texts("Action"),
                resources=("*",) if statement.value("NotResource") is not None else statement.texts("Resource"),
            )


def _document(properties: Properties, path: str) -> Properties:
    written = properties.value(path)
    if not isinstance(written, str):
        return properties.bag(path)
    try:
        document = json.loads(written)
    except ValueError:
        raise MalformedPropertyError(properties.path(path), found=written, expected="a JSON policy document") from None
    if not isinstance(document, Mapping):
        raise MalformedPropertyError(properties.path(path), found=document, expected="a JSON policy document")
    return Properties(document, properties.path(path))


@lru_cache(maxsize=1024)
def matches(pattern: str, name: str) -> bool:
    """Whether an action pattern covers `name`. `*` is any run of characters, `?` is one; case is ignored."""
    escaped = re.escape(pattern.lower()).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(escaped, name.lower(), re.DOTALL) is not None
