"""An expression's characters to tokens."""

import re
from dataclasses import dataclass


class ConditionError(ValueError):
    """The expression cannot be used; the message says why and at which column (from
    1)."""


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


@dataclass(frozen=True, slots=True)
class Token:
    """One word of an expression."""

    kind: str
    text: str
    column: int


def tokens(source: str) -> list[Token]:
    """The tokens of an expression, ending with one of kind `end`. Raises
    `ConditionError`."""
    found, position = [], 0
    while position < len(source):
        match = _TOKEN.match(source, position)
        if match is None or match.lastgroup is None:
            raise error_at(
                position + 1, f"`{source[position]}` is not part of the language"
            )
        if match.lastgroup != "space":
            found.append(Token(match.lastgroup, match[0], position + 1))
        position = match.end()
    return [*found, Token("end", "", len(source) + 1)]


def unquoted(token: Token) -> str:
    """The text that a string literal means."""

    def replaced(match: re.Match[str]) -> str:
        if match["bad"]:
            raise error_at(
                token.column,
                f"`\\{match['bad']}` is not an escape that this subset knows",
            )
        if match["u"]:
            return chr(int(match["u"], 16))
        return match["plain"] or _CONTROL[match["control"]]

    return _ESCAPE.sub(replaced, token.text[1:-1])


def error_at(column: int, reason: str) -> ConditionError:
    """The error for one place of an expression."""
    return ConditionError(f"column {column}: {reason}.")
