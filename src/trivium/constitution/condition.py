"""Conditions: a subset of the Common Expression Language, checked when loaded, compiled
to Python closures.

The subset: literals (bool, int, double, string, lists), `request.*` and `context.*`,
`has(…)`, `==` `!=` `<` `<=` `>` `>=` `in`, `&&` `||` `!`, parentheses, `size(…)` and
`.size()`, `startsWith` `endsWith` `contains` `matches`. There is no arithmetic, no
ternary and no macro besides `has`: a rule that needs them is no rule a reviewer can
read.

Semantics follow the CEL language definition (github.com/google/cel-spec,
doc/langdef.md): operators are typed and mixing types is an error when loaded, except
comparing int with double; `&&` and `||` are commutative over errors (`false && error`
is false, whichever side the error stands on); `size` counts code points; `matches`
searches unless anchored, and `$` is the end of the text. Reading an absent optional
field is an error when evaluated; `has` asks first. Every error names its column; none
names a value.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from trivium.constitution.linear import NotLinearError, check_linear, compile_ending
from trivium.vocabulary.decision import Context, Stage
from trivium.vocabulary.messages import MessageRequest, TextBlock

Type = Literal[
    "bool",
    "int",
    "double",
    "string",
    "list(bool)",
    "list(int)",
    "list(double)",
    "list(string)",
    "map",
]
"""`map` has string keys and string values."""

Fields = Mapping[str, Any]  # Any: a field's value has the field's own type
_Scope = Mapping[str, Fields]
_Closure = Callable[
    [_Scope], Any
]  # Any: as above; the checker has made sure of the type

REQUEST_FIELDS: dict[str, Type] = {
    "model": "string",
    "max_tokens": "int",
    "temperature": "double",
    "top_p": "double",
    "top_k": "int",
    "turns": "int",
    "system": "string",
    "tools": "list(string)",
    "stop_sequences": "list(string)",
    "thinking": "string",
}
"""`request.*`: `turns` counts them, `system` joins its blocks, `tools` lists names,
`thinking` is its type."""

CONTEXT_FIELDS: dict[str, Type] = {
    "request_id": "string",
    "deployment": "string",
    "environment": "string",
    "zone": "string",
    "route": "string",
    "cloud": "string",
    "region": "string",
    "tier": "string",
    "model": "string",
    "scope": "string",
    "rehearsal": "bool",
    "user_id": "string",
    "attributes": "map",
}
"""`context.*`, as in `trivium.vocabulary.decision.Context`."""

_ROOTS: dict[str, dict[str, Type]] = {
    "request": REQUEST_FIELDS,
    "context": CONTEXT_FIELDS,
}

MAX_LENGTH = 4096
"""Characters of an expression; rules are read by people."""
MAX_DEPTH = 64
"""Nesting of an expression, far inside Python's own recursion limit of 1,000 frames."""


class ConditionError(ValueError):
    """The expression cannot be used; the message says why and at which column (from
    1)."""


class EvaluationError(Exception):
    """The condition could not be decided for this request, for instance because it
    reads an absent field."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled condition."""

    source: str
    evaluate: Callable[[_Scope], bool]
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
    parser = _Parser(source, _tokens(source), with_request=with_request)
    node = parser.expression(0)
    parser.expect_end()
    if node.type != "bool":
        raise ConditionError(f"has type {node.type}, expected bool (`{source}`).")
    return Condition(source, node.run)


def request_fields(request: MessageRequest) -> Fields:
    """`request.*` of one request. Optional fields that are not set are absent."""
    system = request.system
    fields: dict[str, Any] = {  # Any: see `Fields`
        "model": request.model,
        "max_tokens": request.max_tokens,
        "turns": len(request.messages),
        "system": _joined(system) if isinstance(system, tuple) else (system or ""),
        "tools": [tool.name for tool in request.tools],
        "stop_sequences": list(request.stop_sequences),
        "thinking": request.thinking.type if request.thinking else "disabled",
    }
    for name in ("temperature", "top_p", "top_k"):
        if getattr(request, name) is not None:
            fields[name] = getattr(request, name)
    return fields


def context_fields(context: Context) -> Fields:
    """`context.*` of one request. `user_id` is absent when the caller gave none."""
    return {
        name: getattr(context, name)
        for name in CONTEXT_FIELDS
        if getattr(context, name) is not None
    }


def _joined(blocks: tuple[TextBlock, ...]) -> str:
    return "\n".join(block.text for block in blocks)


# --- lexing
# ---------------------------------------------------------------------------------------------------------

_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<double>\d+\.\d+(?:[eE][+-]?\d+)?)
    |(?P<int>\d+)
    |(?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    |(?P<word>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<op>&&|\|\||==|!=|<=|>=|[<>!()\[\],.\-])""",
    re.VERBOSE,
)
_ESCAPE = re.compile(
    r"""\\(?:(?P<plain>[\\"'`?])|(?P<control>[abfnrtv])|u(?P<u>[0-9a-fA-F]{4})|(?P<bad>.))"""
)
_CONTROL = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_INT_LIMIT = 1 << 63  # CEL's int has 64 bits


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    column: int


def _tokens(source: str) -> list[_Token]:
    found, position = [], 0
    while position < len(source):
        match = _TOKEN.match(source, position)
        if match is None or match.lastgroup is None:
            raise _error(
                position + 1, f"`{source[position]}` is not part of the language"
            )
        if match.lastgroup != "space":
            found.append(_Token(match.lastgroup, match[0], position + 1))
        position = match.end()
    return [*found, _Token("end", "", len(source) + 1)]


def _unquoted(token: _Token) -> str:
    def replaced(match: re.Match[str]) -> str:
        if match["bad"]:
            raise _error(
                token.column, f"`\\{match['bad']}` is no escape this subset knows"
            )
        if match["u"]:
            return chr(int(match["u"], 16))
        return match["plain"] or _CONTROL[match["control"]]

    return _ESCAPE.sub(replaced, token.text[1:-1])


def _error(column: int, reason: str) -> ConditionError:
    return ConditionError(f"column {column}: {reason}.")


# --- parsing, typing and compiling in one pass
# ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Node:
    type: Type | Literal["list()", "root"]
    run: _Closure
    column: int
    literal: Any = None  # Any: the literal's own value
    present: _Closure | None = None
    """For a field: whether it is set."""


_PRECEDENCE = {
    "||": 1,
    "&&": 2,
    "==": 3,
    "!=": 3,
    "<": 3,
    "<=": 3,
    ">": 3,
    ">=": 3,
    "in": 3,
}
_NUMBERS = frozenset({"int", "double"})
_ORDERED = frozenset({"int", "double", "string"})


class _Parser:
    def __init__(
        self, source: str, tokens: list[_Token], *, with_request: bool
    ) -> None:
        self._source = source
        self._tokens = tokens
        self._next = 0
        self._with_request = with_request
        self._depth = 0

    def expression(self, minimum: int) -> _Node:
        left = self._unary()
        while True:
            token = self._peek()
            level = (
                _PRECEDENCE.get(token.text) if token.kind in ("op", "word") else None
            )
            if level is None or level < max(minimum, 1):
                return left
            self._next += 1
            left = _binary(token, left, self.expression(level + 1))

    def expect_end(self) -> None:
        token = self._peek()
        if token.kind != "end":
            raise _error(token.column, f"`{token.text}` is not expected here")

    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _take(self, text: str | None = None) -> _Token:
        token = self._peek()
        if text is not None and (
            token.text != text or token.kind not in ("op", "word")
        ):
            raise _error(
                token.column, f"found `{token.text or 'the end'}`, expected `{text}`"
            )
        self._next += 1
        return token

    def _unary(self) -> _Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise _error(self._peek().column, f"nested deeper than {MAX_DEPTH}")
        try:
            token = self._peek()
            if token.text == "!" and token.kind == "op":
                self._take()
                node = self._unary()
                if node.type != "bool":
                    raise _error(token.column, f"`!` needs bool, found {node.type}")
                return _Node("bool", _not(node.run), token.column)
            return self._postfix(self._primary())
        finally:
            self._depth -= 1

    def _postfix(self, node: _Node) -> _Node:
        while self._peek().kind == "op" and self._peek().text in (".", "["):
            if self._take().text == "[":
                key = self.expression(0)
                self._take("]")
                node = _indexed(node, key)
                continue
            name = self._take()
            if name.kind != "word":
                raise _error(
                    name.column,
                    f"found `{name.text or 'the end'}`, expected a field or method",
                )
            called = self._peek().text == "("
            node = (
                _method(node, name, self._arguments()) if called else _field(node, name)
            )
        if node.type == "root":
            raise _error(node.column, "a field is needed, for instance `context.zone`")
        return node

    def _arguments(self) -> list[_Node]:
        self._take("(")
        return self._list(")")

    def _list(self, close: str) -> list[_Node]:
        items: list[_Node] = []
        while self._peek().text != close or self._peek().kind == "string":
            if items:
                self._take(",")
            items.append(self.expression(0))
        self._take(close)
        return items

    def _primary(self) -> _Node:
        token = self._take()
        if token.text == "(" and token.kind == "op":
            node = self.expression(0)
            self._take(")")
            return node
        if token.text == "[" and token.kind == "op":
            return _list_node(token, self._list("]"))
        if (
            token.text == "-"
            and token.kind == "op"
            and self._peek().kind in ("int", "double")
        ):
            return _number(self._take(), sign=-1)
        if token.kind in ("int", "double"):
            return _number(token, sign=1)
        if token.kind == "string":
            return _constant("string", _unquoted(token), token.column)
        if token.kind == "word":
            return self._word(token)
        raise _error(
            token.column, f"found `{token.text or 'the end'}`, expected a value"
        )

    def _word(self, token: _Token) -> _Node:
        if token.text in ("true", "false"):
            return _constant("bool", token.text == "true", token.column)
        if token.text == "has":
            return self._has(token)
        if token.text == "size" and self._peek().text == "(":
            arguments = self._arguments()
            if len(arguments) != 1:
                raise _error(
                    token.column, f"`size` takes one argument, found {len(arguments)}"
                )
            return _size(arguments[0], token.column)
        if token.text == "request" and not self._with_request:
            raise _error(
                token.column,
                "`request` cannot be read when replies are judged; use `context`",
            )
        if token.text in _ROOTS:
            root = token.text
            return _Node("root", lambda scope: scope[root], token.column, literal=root)
        raise _error(
            token.column,
            f"`{token.text}` is unknown; values begin with `request.` or `context.`",
        )

    def _has(self, token: _Token) -> _Node:
        arguments = self._arguments()
        if len(arguments) != 1 or arguments[0].present is None:
            raise _error(
                token.column,
                "`has` takes one field, for instance `has(context.user_id)`",
            )
        return _Node("bool", arguments[0].present, token.column)


def _constant(
    kind: Type, value: Any, column: int
) -> _Node:  # Any: the literal's own value
    return _Node(kind, lambda _scope: value, column, literal=value)


def _number(token: _Token, *, sign: int) -> _Node:
    if token.kind == "double":
        return _constant("double", sign * float(token.text), token.column)
    if len(token.text) > 19 or not -_INT_LIMIT <= sign * int(token.text) < _INT_LIMIT:
        raise _error(token.column, "the number does not fit into 64 bits")
    return _constant("int", sign * int(token.text), token.column)


def _list_node(token: _Token, items: list[_Node]) -> _Node:
    if not items:
        return _Node("list()", lambda _scope: [], token.column)
    kind = items[0].type
    for item in items:
        if item.type != kind or kind not in ("bool", "int", "double", "string"):
            raise _error(
                item.column,
                f"a list has elements of one plain type, found {kind} and {item.type}",
            )
    runs = [item.run for item in items]
    if all(item.literal is not None for item in items):
        values = [item.literal for item in items]
        return _Node(f"list({kind})", lambda _scope: values, token.column)  # type: ignore[arg-type]  # checked above
    return _Node(
        f"list({kind})",  # type: ignore[arg-type]  # as above
        lambda scope: [run(scope) for run in runs],
        token.column,
    )


def _field(node: _Node, name: _Token) -> _Node:
    key = name.text
    if node.type == "map":
        return _lookup(node, lambda _scope: key, name.column)
    if node.type != "root":
        raise _error(name.column, f"{node.type} has no field `{key}`")
    fields = _ROOTS[node.literal]
    if key not in fields:
        raise _error(
            name.column,
            f"`{node.literal}` has no field `{key}`; it has"
            f" {', '.join(sorted(fields))}",
        )
    root, column = node.literal, name.column

    def read(scope: _Scope) -> Any:  # Any: the field's own type
        try:
            return scope[root][key]
        except KeyError:
            raise EvaluationError(
                f"column {column}: `{root}.{key}` is absent; ask `has({root}.{key})`"
                " first"
            ) from None

    return _Node(fields[key], read, column, present=lambda scope: key in scope[root])


def _indexed(node: _Node, key: _Node) -> _Node:
    if node.type == "map" and key.type == "string":
        return _lookup(node, key.run, key.column)
    raise _error(
        key.column,
        f"{node.type} cannot be indexed by {key.type}; only `context.attributes` by a"
        " string",
    )


def _lookup(node: _Node, key: _Closure, column: int) -> _Node:
    mapping = node.run

    def read(scope: _Scope) -> Any:  # Any: attributes are strings
        try:
            return mapping(scope)[key(scope)]
        except KeyError:
            raise EvaluationError(
                f"column {column}: the attribute is absent; ask with `in` first"
            ) from None

    return _Node(
        "string", read, column, present=lambda scope: key(scope) in mapping(scope)
    )


def _size(node: _Node, column: int) -> _Node:
    if node.type not in ("string", "map") and not node.type.startswith("list"):
        raise _error(column, f"`size` needs a string, list or map, found {node.type}")
    run = node.run
    return _Node("int", lambda scope: len(run(scope)), column)


def _method(node: _Node, name: _Token, arguments: list[_Node]) -> _Node:
    if name.text == "size" and not arguments:
        return _size(node, name.column)
    if name.text not in ("startsWith", "endsWith", "contains", "matches"):
        raise _error(name.column, f"`{name.text}` is no method of this subset")
    if node.type != "string" or len(arguments) != 1 or arguments[0].type != "string":
        found = ", ".join(argument.type for argument in arguments) or "nothing"
        raise _error(
            name.column,
            f"`{name.text}` is called on {node.type} with {found}, expected string with"
            " string",
        )
    subject, argument = node.run, arguments[0]
    if name.text == "matches":
        search = _pattern(argument).search
        return _Node(
            "bool", lambda scope: search(subject(scope)) is not None, name.column
        )
    needle = argument.run
    closures: dict[str, _Closure] = {
        "startsWith": lambda scope: subject(scope).startswith(needle(scope)),
        "endsWith": lambda scope: subject(scope).endswith(needle(scope)),
        "contains": lambda scope: needle(scope) in subject(scope),
    }
    return _Node("bool", closures[name.text], name.column)


def _pattern(node: _Node) -> re.Pattern[str]:
    if not isinstance(node.literal, str):
        raise _error(
            node.column,
            "`matches` needs its pattern as a literal, so that it can be checked when"
            " loaded",
        )
    try:
        check_linear(node.literal)
        return compile_ending(node.literal, re.ASCII)
    except (re.error, NotLinearError, OverflowError, RecursionError) as error:
        raise _error(node.column, f"the pattern cannot be used: {error}") from error


def _not(run: _Closure) -> _Closure:
    return lambda scope: not run(scope)


def _binary(token: _Token, left: _Node, right: _Node) -> _Node:
    operator, types = token.text, (left.type, right.type)
    problem = _error(
        token.column, f"`{operator}` cannot join {left.type} and {right.type}"
    )
    if operator in ("&&", "||"):
        if types != ("bool", "bool"):
            raise problem
        return _Node(
            "bool", _logic(left.run, right.run, decisive=operator == "||"), token.column
        )
    if operator == "in":
        if not (
            right.type in (f"list({left.type})", "list()") or types == ("string", "map")
        ):
            raise problem
        element, container = left.run, right.run
        return _Node(
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
    return _Node("bool", _comparison(operator, left.run, right.run), token.column)


def _lists(*types: str) -> bool:
    return all(kind.startswith("list") for kind in types)


def _logic(left: _Closure, right: _Closure, *, decisive: bool) -> _Closure:
    """`&&` (decisive False) and `||` (decisive True): the decisive value on either side
    wins over an error."""

    def run(scope: _Scope) -> bool:
        try:
            if bool(left(scope)) == decisive:
                return decisive
        except EvaluationError:
            if bool(right(scope)) == decisive:
                return decisive
            raise
        return bool(right(scope))

    return run


def _comparison(operator: str, left: _Closure, right: _Closure) -> _Closure:
    return {
        "==": lambda scope: left(scope) == right(scope),
        "!=": lambda scope: left(scope) != right(scope),
        "<": lambda scope: left(scope) < right(scope),
        "<=": lambda scope: left(scope) <= right(scope),
        ">": lambda scope: left(scope) > right(scope),
        ">=": lambda scope: left(scope) >= right(scope),
    }[operator]


__all__ = [
    "CONTEXT_FIELDS",
    "REQUEST_FIELDS",
    "Condition",
    "ConditionError",
    "EvaluationError",
    "check",
    "compile_condition",
    "context_fields",
    "request_fields",
]
