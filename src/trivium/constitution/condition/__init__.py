"""Conditions: a subset of the Common Expression Language, checked when loaded, compiled
to Python closures.

The subset: literals (bool, int, double, string, lists), `request.*` and `context.*`,
`has(…)`, `==` `!=` `<` `<=` `>` `>=` `in`, `&&` `||` `!`, parentheses, `size(…)` and
`.size()`, `startsWith` `endsWith` `contains` `matches`. There is no arithmetic, no
ternary and no macro besides `has`: a reviewer could not read a rule that needs them.

Semantics follow the CEL language definition (github.com/google/cel-spec,
doc/langdef.md): operators are typed and mixing types is an error when loaded, except
comparing int with double; `&&` and `||` are commutative over errors (`false && error`
is false, whichever side the error stands on); `size` counts code points; `matches`
searches unless anchored, and `$` is the end of the text. Reading an absent optional
field is an error when evaluated; `has` asks first. Every error names its column; none
names a value.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from trivium.constitution.condition.fields import (
    CONTEXT_FIELDS,
    REQUEST_FIELDS,
    Fields,
    Scope,
    Type,
    context_fields,
    request_fields,
)
from trivium.constitution.condition.nodes import EvaluationError
from trivium.constitution.condition.parser import MAX_DEPTH, Parser
from trivium.constitution.condition.tokens import ConditionError
from trivium.vocabulary.decision import Stage

MAX_LENGTH = 4096
"""Characters of an expression; rules are read by people."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled condition."""

    source: str
    evaluate: Callable[[Scope], bool]
    """From `{"request": …, "context": …}` to the answer. Raises `EvaluationError`."""


def check(source: str, stages: Iterable[Stage]) -> None:
    """Raise `ConditionError` when `source` cannot be compiled for provisions of these
    stages."""
    compile_condition(source, with_request="reply" not in set(stages))


def compile_condition(source: str, *, with_request: bool = True) -> Condition:
    """Compile an expression whose type must be bool.

    `with_request=False` for provisions that judge replies, where no request is at hand.
    Raises `ConditionError`.
    """
    if len(source) > MAX_LENGTH:
        raise ConditionError(
            f"has {len(source)} characters; at most {MAX_LENGTH} are read."
        )
    parser = Parser(source, with_request=with_request)
    node = parser.expression(0)
    parser.expect_end()
    if node.type != "bool":
        raise ConditionError(f"has type {node.type}, expected bool (`{source}`).")
    return Condition(source, node.run)


__all__ = [
    "CONTEXT_FIELDS",
    "MAX_DEPTH",
    "MAX_LENGTH",
    "REQUEST_FIELDS",
    "Condition",
    "ConditionError",
    "EvaluationError",
    "Fields",
    "Type",
    "check",
    "compile_condition",
    "context_fields",
    "request_fields",
]
