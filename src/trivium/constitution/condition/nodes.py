"""Typed nodes: what each part of an expression means, as a Python closure.

Types are checked here, when an expression is compiled; a closure never checks one.
"""

import re
from dataclasses import dataclass
from typing import Any, Literal

from trivium.constitution.condition.fields import ROOTS, Closure, Scope, Type
from trivium.constitution.condition.tokens import Token, error_at
from trivium.constitution.linear import NotLinearError, check_linear, compile_ending


class EvaluationError(Exception):
    """The condition could not be decided for this request, for instance because it
    reads an absent field."""


@dataclass(frozen=True, slots=True)
class Node:
    """A part of an expression."""

    type: Type | Literal["list()", "root"]
    run: Closure
    column: int
    literal: Any = None  # Any: the literal's own value
    present: Closure | None = None
    """For a field: whether it is set."""


_NUMBERS = frozenset({"int", "double"})
_ORDERED = frozenset({"int", "double", "string"})
_INT_LIMIT = 1 << 63  # CEL's int has 64 bits


def constant(
    kind: Type, value: Any, column: int
) -> Node:  # Any: the literal's own value
    return Node(kind, lambda _scope: value, column, literal=value)


def number(token: Token, *, sign: int) -> Node:
    """A literal number, which must fit into 64 bits."""
    if token.kind == "double":
        return constant("double", sign * float(token.text), token.column)
    if len(token.text) > 19 or not -_INT_LIMIT <= sign * int(token.text) < _INT_LIMIT:
        raise error_at(token.column, "the number does not fit into 64 bits")
    return constant("int", sign * int(token.text), token.column)


def list_node(token: Token, items: list[Node]) -> Node:
    """A list of one plain type."""
    if not items:
        return Node("list()", lambda _scope: [], token.column)
    kind = items[0].type
    for item in items:
        if item.type != kind or kind not in ("bool", "int", "double", "string"):
            raise error_at(
                item.column,
                f"a list has elements of one plain type, found {kind} and {item.type}",
            )
    runs = [item.run for item in items]
    if all(item.literal is not None for item in items):
        values = [item.literal for item in items]
        return Node(f"list({kind})", lambda _scope: values, token.column)  # type: ignore[arg-type]
    return Node(
        f"list({kind})",  # type: ignore[arg-type]  # as above
        lambda scope: [run(scope) for run in runs],
        token.column,
    )


def field(node: Node, name: Token) -> Node:
    """A field of a root, or an attribute by name."""
    key = name.text
    if node.type == "map":
        return _lookup(node, lambda _scope: key, name.column)
    if node.type != "root":
        raise error_at(name.column, f"{node.type} has no field `{key}`")
    fields = ROOTS[node.literal]
    if key not in fields:
        raise error_at(
            name.column,
            f"`{node.literal}` has no field `{key}`; it has"
            f" {', '.join(sorted(fields))}",
        )
    root, column = node.literal, name.column

    def read(scope: Scope) -> Any:  # Any: the field's own type
        try:
            return scope[root][key]
        except KeyError:
            raise EvaluationError(
                f"column {column}: `{root}.{key}` is absent; ask `has({root}.{key})`"
                " first"
            ) from None

    return Node(fields[key], read, column, present=lambda scope: key in scope[root])


def indexed(node: Node, key: Node) -> Node:
    """An attribute by an expression."""
    if node.type == "map" and key.type == "string":
        return _lookup(node, key.run, key.column)
    raise error_at(
        key.column,
        f"{node.type} cannot be indexed by {key.type}; only `context.attributes` by a"
        " string",
    )


def _lookup(node: Node, key: Closure, column: int) -> Node:
    """The value of a key in a mapping of the scope."""
    mapping = node.run

    def read(scope: Scope) -> Any:  # Any: attributes are strings
        try:
            return mapping(scope)[key(scope)]
        except KeyError:
            raise EvaluationError(
                f"column {column}: the attribute is absent; ask with `in` first"
            ) from None

    return Node(
        "string", read, column, present=lambda scope: key(scope) in mapping(scope)
    )


def size(node: Node, column: int) -> Node:
    """`size(…)` and `.size()`."""
    if node.type not in ("string", "map") and not node.type.startswith("list"):
        raise error_at(column, f"`size` needs a string, list or map, found {node.type}")
    run = node.run
    return Node("int", lambda scope: len(run(scope)), column)


def method(node: Node, name: Token, arguments: list[Node]) -> Node:
    """A method of a string."""
    if name.text == "size" and not arguments:
        return size(node, name.column)
    if name.text not in ("startsWith", "endsWith", "contains", "matches"):
        raise error_at(name.column, f"`{name.text}` is not a method of this subset")
    if node.type != "string" or len(arguments) != 1 or arguments[0].type != "string":
        found = ", ".join(argument.type for argument in arguments) or "nothing"
        raise error_at(
            name.column,
            f"`{name.text}` is called on {node.type} with {found}, expected string with"
            " string",
        )
    subject, argument = node.run, arguments[0]
    if name.text == "matches":
        search = _pattern(argument).search
        return Node(
            "bool", lambda scope: search(subject(scope)) is not None, name.column
        )
    needle = argument.run
    closures: dict[str, Closure] = {
        "startsWith": lambda scope: subject(scope).startswith(needle(scope)),
        "endsWith": lambda scope: subject(scope).endswith(needle(scope)),
        "contains": lambda scope: needle(scope) in subject(scope),
    }
    return Node("bool", closures[name.text], name.column)


def _pattern(node: Node) -> re.Pattern[str]:
    """A regular expression whose search is linear, compiled."""
    if not isinstance(node.literal, str):
        raise error_at(
            node.column,
            "`matches` needs its pattern as a literal, so that it can be checked when"
            " loaded",
        )
    try:
        check_linear(node.literal)
        return compile_ending(node.literal, re.ASCII)
    except (re.error, NotLinearError, OverflowError, RecursionError) as error:
        raise error_at(node.column, f"the pattern cannot be used: {error}") from error


def negated(run: Closure) -> Closure:
    """`!`"""
    return lambda scope: not run(scope)


def binary(token: Token, left: Node, right: Node) -> Node:
    """An operator between two nodes."""
    operator, types = token.text, (left.type, right.type)
    problem = error_at(
        token.column, f"`{operator}` cannot join {left.type} and {right.type}"
    )
    if operator in ("&&", "||"):
        if types != ("bool", "bool"):
            raise problem
        return Node(
            "bool", _logic(left.run, right.run, decisive=operator == "||"), token.column
        )
    if operator == "in":
        if not (
            right.type in (f"list({left.type})", "list()") or types == ("string", "map")
        ):
            raise problem
        element, container = left.run, right.run
        return Node(
            "bool", lambda scope: element(scope) in container(scope), token.column
        )
    numeric = _NUMBERS.issuperset(types)
    if operator in ("==", "!="):
        same = (
            left.type == right.type or numeric or (_lists(*types) and "list()" in types)
        )
    else:
        same = numeric or (left.type == right.type and left.type in _ORDERED)
    if not same or "root" in types:
        raise problem
    return Node("bool", _comparison(operator, left.run, right.run), token.column)


def _lists(*types: str) -> bool:
    return all(kind.startswith("list") for kind in types)


def _logic(left: Closure, right: Closure, *, decisive: bool) -> Closure:
    """`&&` (decisive False) and `||` (decisive True): the decisive value on either side
    wins over an error."""

    def run(scope: Scope) -> bool:
        try:
            if bool(left(scope)) == decisive:
                return decisive
        except EvaluationError:
            if bool(right(scope)) == decisive:
                return decisive
            raise
        return bool(right(scope))

    return run


def _comparison(operator: str, left: Closure, right: Closure) -> Closure:
    """A comparison of two values of one type."""
    return {
        "==": lambda scope: left(scope) == right(scope),
        "!=": lambda scope: left(scope) != right(scope),
        "<": lambda scope: left(scope) < right(scope),
        "<=": lambda scope: left(scope) <= right(scope),
        ">": lambda scope: left(scope) > right(scope),
        ">=": lambda scope: left(scope) >= right(scope),
    }[operator]
