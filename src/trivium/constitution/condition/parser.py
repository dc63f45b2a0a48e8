"""Tokens to a typed node, by precedence climbing."""

from trivium.constitution.condition.fields import ROOTS
from trivium.constitution.condition.nodes import (
    Node,
    binary,
    constant,
    field,
    indexed,
    list_node,
    method,
    negated,
    number,
    size,
)
from trivium.constitution.condition.tokens import Token, error_at, tokens, unquoted

MAX_DEPTH = 64
"""Nesting of an expression, far inside Python's own recursion limit of 1,000 frames."""

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


class Parser:
    """Parses, types and compiles in one pass."""

    def __init__(self, source: str, *, with_request: bool) -> None:
        self._tokens = tokens(source)
        self._next = 0
        self._with_request = with_request
        self._depth = 0

    def expression(self, minimum: int) -> Node:
        """An expression of operators that bind at least as tightly as `minimum`."""
        left = self._unary()
        while True:
            token = self._peek()
            level = (
                _PRECEDENCE.get(token.text) if token.kind in ("op", "word") else None
            )
            if level is None or level < max(minimum, 1):
                return left
            self._next += 1
            left = binary(token, left, self.expression(level + 1))

    def expect_end(self) -> None:
        """Raise `ConditionError` unless everything was read."""
        token = self._peek()
        if token.kind != "end":
            raise error_at(token.column, f"`{token.text}` is not expected here")

    def _peek(self) -> Token:
        """The next token, which stays."""
        return self._tokens[self._next]

    def _take(self, text: str | None = None) -> Token:
        """Take the next token; raises unless it reads `text`, where that is given."""
        token = self._peek()
        if text is not None and (
            token.text != text or token.kind not in ("op", "word")
        ):
            raise error_at(
                token.column, f"found `{token.text or 'the end'}`, expected `{text}`"
            )
        self._next += 1
        return token

    def _unary(self) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise error_at(self._peek().column, f"nested deeper than {MAX_DEPTH}")
        try:
            token = self._peek()
            if token.text == "!" and token.kind == "op":
                self._take()
                node = self._unary()
                if node.type != "bool":
                    raise error_at(token.column, f"`!` needs bool, found {node.type}")
                return Node("bool", negated(node.run), token.column)
            return self._postfix(self._primary())
        finally:
            self._depth -= 1

    def _postfix(self, node: Node) -> Node:
        while self._peek().kind == "op" and self._peek().text in (".", "["):
            if self._take().text == "[":
                key = self.expression(0)
                self._take("]")
                node = indexed(node, key)
                continue
            name = self._take()
            if name.kind != "word":
                raise error_at(
                    name.column,
                    f"found `{name.text or 'the end'}`, expected a field or method",
                )
            called = self._peek().text == "("
            node = (
                method(node, name, self._arguments()) if called else field(node, name)
            )
        if node.type == "root":
            raise error_at(
                node.column, "a field is needed, for instance `context.zone`"
            )
        return node

    def _arguments(self) -> list[Node]:
        self._take("(")
        return self._list(")")

    def _list(self, close: str) -> list[Node]:
        items: list[Node] = []
        while self._peek().text != close or self._peek().kind == "string":
            if items:
                self._take(",")
            items.append(self.expression(0))
        self._take(close)
        return items

    def _primary(self) -> Node:
        token = self._take()
        if token.text == "(" and token.kind == "op":
            node = self.expression(0)
            self._take(")")
            return node
        if token.text == "[" and token.kind == "op":
            return list_node(token, self._list("]"))
        if (
            token.text == "-"
            and token.kind == "op"
            and self._peek().kind in ("int", "double")
        ):
            return number(self._take(), sign=-1)
        if token.kind in ("int", "double"):
            return number(token, sign=1)
        if token.kind == "string":
            return constant("string", unquoted(token), token.column)
        if token.kind == "word":
            return self._word(token)
        raise error_at(
            token.column, f"found `{token.text or 'the end'}`, expected a value"
        )

    def _word(self, token: Token) -> Node:
        if token.text in ("true", "false"):
            return constant("bool", token.text == "true", token.column)
        if token.text == "has":
            return self._has(token)
        if token.text == "size" and self._peek().text == "(":
            arguments = self._arguments()
            if len(arguments) != 1:
                raise error_at(
                    token.column, f"`size` takes one argument, found {len(arguments)}"
                )
            return size(arguments[0], token.column)
        if token.text == "request" and not self._with_request:
            raise error_at(
                token.column,
                "`request` cannot be read when replies are judged; use `context`",
            )
        if token.text in ROOTS:
            root = token.text
            return Node("root", lambda scope: scope[root], token.column, literal=root)
        raise error_at(
            token.column,
            f"`{token.text}` is unknown; values begin with `request.` or `context.`",
        )

    def _has(self, token: Token) -> Node:
        arguments = self._arguments()
        if len(arguments) != 1 or arguments[0].present is None:
            raise error_at(
                token.column,
                "`has` takes one field, for instance `has(context.user_id)`",
            )
        return Node("bool", arguments[0].present, token.column)
