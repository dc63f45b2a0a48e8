"""Whether a regular expression can be searched in time linear in the text, and at what
constant.

Python's `re` backtracks, so a careless pattern can take exponential time on text an
attacker chose. This module reads a pattern's parse tree and counts, from one starting
position, the most characters that any run of the matcher can visit: each way an earlier
part can match multiplies the visits of the parts behind it. A pattern is accepted when
that number is bounded (every repetition has an upper bound), or when it begins with `^`
and has exactly one unbounded repetition, of single characters: then one start, times
the text, times a constant.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

# The parser is not public, but it is the only exact reading of what `re` will do;
# Python 3.11 to 3.14 share it, and the tests would notice a change.
from re import _compiler  # type: ignore[attr-defined]  # isort: skip
from re import _constants as _op  # type: ignore[attr-defined]  # isort: skip
from re import _parser  # type: ignore[attr-defined]  # isort: skip

MAX_VISITS = 250_000
"""Characters from one start: the largest detector (a PEM key) visits about 205,000,
most others below 5,000."""


class NotLinearError(ValueError):
    """The pattern could take more than linear time; the message says which construct is
    to blame."""


@dataclass(frozen=True, slots=True)
class _Cost:
    visits: int
    """Most characters visited, all backtracking included."""
    ways: int
    """In how many ways it can match from one position."""
    unbounded: int = 0
    """Unbounded repetitions of single characters inside."""


def visits(pattern: str, flags: int = 0) -> int:
    """The most characters one start can visit. Raises `NotLinearError` when there is no
    bound."""
    cost = _sequence(_parser.parse(pattern, flags))
    if cost.unbounded:
        raise NotLinearError(
            "an unbounded repetition; give it an upper bound such as `{0,64}`"
        )
    if cost.visits > MAX_VISITS:
        raise NotLinearError(
            f"one start may visit {cost.visits} characters, at most {MAX_VISITS} are"
            " allowed"
        )
    return cost.visits


def check_linear(pattern: str, flags: int = 0) -> None:
    """Raise `NotLinearError` unless searching takes time linear in the text."""
    parsed = _parser.parse(pattern, flags)
    if parsed.state.flags & _op.SRE_FLAG_MULTILINE:
        raise NotLinearError("`(?m)` makes `^` match at every line")
    cost = _sequence(parsed)
    anchored = len(parsed) > 0 and parsed[0] == (_op.AT, _op.AT_BEGINNING)
    if cost.unbounded > (1 if anchored else 0):
        reason = (
            "more than one unbounded repetition"
            if anchored
            else "an unbounded repetition that `^` does not anchor"
        )
        raise NotLinearError(f"{reason}; give it an upper bound such as `{{0,64}}`")
    if cost.visits > MAX_VISITS:
        raise NotLinearError(
            f"one start may visit {cost.visits} characters, at most {MAX_VISITS} are"
            " allowed"
        )


def compile_ending(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """`pattern` compiled so that `$` is the end of the text alone, as in RE2; Python's
    own also matches before a line feed that ends it, so `^finance$` would take
    `finance\\n` for the name that it pins.
    """
    parsed = _parser.parse(pattern, flags)
    _end_for_good(parsed, multiline=False)
    compiled: re.Pattern[str] = _compiler.compile(parsed, flags)
    return compiled


def _end_for_good(nodes: Any, *, multiline: bool) -> None:  # Any: the parser's own tree
    for place, (operator, argument) in enumerate(nodes):
        if operator is _op.AT and argument is _op.AT_END and not multiline:
            nodes[place] = (_op.AT, _op.AT_END_STRING)
        elif operator is _op.SUBPATTERN:
            _, added, removed, inner = argument
            by_line = bool(
                (_op.SRE_FLAG_MULTILINE * multiline | added)
                & ~removed
                & _op.SRE_FLAG_MULTILINE
            )
            _end_for_good(inner, multiline=by_line)
        elif operator is _op.BRANCH:
            for branch in argument[1]:
                _end_for_good(branch, multiline=multiline)
        elif operator is _op.ATOMIC_GROUP:
            _end_for_good(argument, multiline=multiline)
        elif operator in (_op.ASSERT, _op.ASSERT_NOT):
            _end_for_good(argument[1], multiline=multiline)
        elif operator in (_op.MAX_REPEAT, _op.MIN_REPEAT, _op.POSSESSIVE_REPEAT):
            _end_for_good(argument[2], multiline=multiline)


def _sequence(
    nodes: Iterable[tuple[Any, Any]],
) -> _Cost:  # Any: the parser's own operators and arguments
    """The work of parts that follow one another."""
    seen, ways, unbounded = 1, 1, 0
    for operator, argument in nodes:
        cost = _node(operator, argument)
        seen += ways * cost.visits
        ways *= cost.ways
        unbounded += cost.unbounded
    return _Cost(seen, ways, unbounded)


def _node(
    operator: Any, argument: Any
) -> _Cost:  # Any: the parser's own operators and arguments
    """The work of one part of a pattern."""
    if operator in (
        _op.LITERAL,
        _op.NOT_LITERAL,
        _op.ANY,
        _op.IN,
        _op.AT,
        _op.CATEGORY,
    ):
        return _Cost(1, 1)
    if operator is _op.SUBPATTERN:
        return _sequence(argument[3])
    if operator is _op.ATOMIC_GROUP:
        inner = _sequence(argument)
        return _Cost(inner.visits, 1, inner.unbounded)
    if operator is _op.BRANCH:
        parts = [_sequence(branch) for branch in argument[1]]
        return _Cost(
            sum(p.visits for p in parts),
            sum(p.ways for p in parts),
            sum(p.unbounded for p in parts),
        )
    if operator in (_op.ASSERT, _op.ASSERT_NOT):
        inner = _sequence(argument[1])
        return _Cost(inner.visits, 1, inner.unbounded)
    if operator in (_op.MAX_REPEAT, _op.MIN_REPEAT, _op.POSSESSIVE_REPEAT):
        return _repeat(*argument, possessive=operator is _op.POSSESSIVE_REPEAT)
    raise NotLinearError(
        f"{str(operator).lower()} (back-references and conditionals are not allowed)"
    )


def _repeat(
    low: int, high: Any, body: Any, *, possessive: bool
) -> _Cost:  # Any: the parser's own arguments
    """The work of a part that repeats."""
    inner = _sequence(body)
    if high is _op.MAXREPEAT:
        if inner.ways > 1 or inner.unbounded or inner.visits > 2:
            raise NotLinearError(
                "an unbounded repetition of more than single characters"
            )
        return _Cost(1, 1, 1)
    if inner.unbounded:
        raise NotLinearError("an unbounded repetition inside another repetition")
    if possessive:
        return _Cost(_total(inner, high), 1)
    ways = (
        sum(min(inner.ways**count, MAX_VISITS) for count in range(low, high + 1))
        if inner.ways > 1
        else high - low + 1
    )
    return _Cost(_total(inner, high), min(ways, MAX_VISITS + 1))


def _total(inner: _Cost, high: int) -> int:
    if inner.ways == 1:
        return 1 + high * inner.visits
    total, ways = 1, 1
    for _ in range(high):
        total += ways * inner.visits
        ways *= inner.ways
        if total > MAX_VISITS:
            break
    return total
