"""Conditions mean what CEL says, are typed when loaded, point at the column, and never
run away."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.guard import worlds
from trivium.constitution.condition import (
    CONTEXT_FIELDS,
    ConditionError,
    EvaluationError,
    compile_condition,
    context_fields,
    request_fields,
)
from trivium.constitution.linear import NotLinearError, check_linear, visits
from trivium.vocabulary.decision import Context
from trivium.vocabulary.messages import TextBlock, Tool

SCOPE: dict[str, Any] = {
    "request": request_fields(
        worlds.request(
            max_tokens=100,
            temperature=0.5,
            system=(TextBlock(text="be"), TextBlock(text="kind")),
            tools=(Tool(name="search", input_schema={}),),
        )
    ),
    "context": context_fields(
        worlds.context(attributes={"purpose": "claims", "größe": "10"})
    ),
}


def evaluate(source: str) -> bool:
    return compile_condition(source).evaluate(SCOPE)


TRUE = [
    "true",
    "!false",
    "!!true",
    "1 == 1",
    "1 == 1.0",
    "1 < 1.5 && 2.5 > 2",
    "-1 < 0",
    "-9223372036854775808 < 9223372036854775807",
    '"a" < "b"',
    '"a" != "b"',
    "'single' == \"single\"",
    r'"tab\t" == "tab	"',
    r'"\u00e9" == "é"',
    r'"a\"b".contains("\"")',
    'context.zone == "eu"',
    'context.zone in ["eu", "us"]',
    '!(context.zone in ["us"])',
    "!(context.zone in [])",
    "[1, 2] == [1, 2]",
    "[] == []",
    "size([1, 2, 3]) == 3",
    'size("größe") == 5',
    '"größe".size() == 5',
    "size(context.attributes) == 2",
    '"purpose" in context.attributes',
    'context.attributes.purpose == "claims"',
    'context.attributes["größe"] == "10"',
    "has(context.attributes.purpose)",
    "!has(context.attributes.other)",
    "!has(context.user_id)",
    "has(request.temperature)",
    "request.temperature == 0.5",
    'request.system == "be\\nkind"',
    'request.tools == ["search"]',
    '"search" in request.tools',
    "request.turns == 1",
    'request.thinking == "disabled"',
    'context.model.startsWith("claude-")',
    'context.model.endsWith("-5")',
    'context.model.contains("sonnet")',
    'context.model.matches("^claude-(opus|sonnet)-[0-9]$")',
    'context.model.matches("sonnet")',
    r'!"finance\n".matches("^finance$")',
    r'!"finance\n".matches("^(?:trading|(?:finance$){1,2})")',
    r'"a\nb\nc".matches("(?m:^b$)")',
    r'!"a\nb\n".matches("(?m:^a$\n(?-m:b$))")',
    '"one $".matches("[$]$") && "$".matches("^\\\\$$")',
    'context.model.matches("^claude.*5$")',
    "true || false && false",
    "(true || false) && true",
    "1 < 2 == true",
    "context.rehearsal == false",
    # errors are absorbed by the decisive value on either side
    'true || context.user_id == "a"',
    'context.user_id == "a" || true',
    '!(false && context.user_id == "a")',
    '!(context.user_id == "a" && false)',
]


@pytest.mark.parametrize("source", TRUE)
def test_this_holds(source: str) -> None:
    assert evaluate(source) is True
    assert evaluate(f"!({source})") is False


@pytest.mark.parametrize(
    "source",
    [
        'context.user_id == "a"',
        'context.user_id == "a" || false',
        'true && context.user_id == "a"',
        'context.attributes.other == "a"',
        'context.attributes["other"] == "a"',
        "request.top_k > 1",
    ],
)
def test_what_is_absent_is_an_error_and_not_false(source: str) -> None:
    with pytest.raises(EvaluationError, match="absent"):
        evaluate(source)


WRONG = {
    "": "column 1: found `the end`, expected a value",
    "1": "has type int, expected bool",
    "context.zone": "has type string, expected bool",
    "context": "column 1: a field is needed",
    "context == context": "column 1: a field is needed",
    "context.zne == 'eu'": "column 9: `context` has no field `zne`",
    "zone == 'eu'": "column 1: `zone` is unknown",
    "context.zone = 'eu'": "column 14: `=` is not part of the language",
    "context.zone == 1": "column 14: `==` cannot join string and int",
    "context.zone < true": "column 14: `<` cannot join string and bool",
    "true < false": "column 6: `<` cannot join bool and bool",
    "'a' in ['a', 1]": "column 14: a list has elements of one plain type",
    "1 in ['a']": "column 3: `in` cannot join int and list",
    "'a' in 'abc'": "column 5: `in` cannot join string and string",
    "!1": "column 1: `!` needs bool, found int",
    "1 && true": "column 3: `&&` cannot join int and bool",
    "true && (false": "column 15: found `the end`, expected `)`",
    "true true": "column 6: `true` is not expected here",
    "'open": "column 1: `'` is not part of the language",
    r"'\q' == 'q'": r"column 1: `\q` is not an escape",
    "1 + 1 == 2": "column 3: `+` is not part of the language",
    "true ? true : false": "column 6: `?` is not part of the language",
    "99999999999999999999 > 1": "column 1: the number does not fit",
    "context.zone.upper() == 'EU'": "column 14: `upper` is not a method",
    "context.zone.startsWith(1)": (
        "column 14: `startsWith` is called on string with int"
    ),
    "request.turns.startsWith('a')": (
        "column 15: `startsWith` is called on int with string"
    ),
    "context.zone.matches(context.tier)": (
        "column 30: `matches` needs its pattern as a literal"
    ),
    "context.zone.matches('(a+)+$')": (
        "column 22: the pattern cannot be used: an unbounded repetition"
    ),
    "context.zone.matches('.*a')": (
        "column 22: the pattern cannot be used: an unbounded repetition that `^`"
    ),
    r"context.zone.matches('(a)\\1')": "column 22: the pattern cannot be used",
    "context.zone.matches('(')": "column 22: the pattern cannot be used",
    "context.attributes[1] == 'a'": "column 20: map cannot be indexed by int",
    "context.zone['a'] == 'a'": "column 14: string cannot be indexed by string",
    "context.zone.eu == 'a'": "column 14: string has no field `eu`",
    "has(1)": "column 1: `has` takes one field",
    "size(1) == 1": "column 1: `size` needs a string, list or map",
    "size() == 1": "column 1: `size` takes one argument, found 0",
    "(" * 100 + "true" + ")" * 100: "nested deeper than 64",
    "true && " * 600 + "true": "has 4804 characters",
}


@pytest.mark.parametrize("source", WRONG)
def test_this_is_refused_when_loaded(source: str) -> None:
    with pytest.raises(ConditionError) as caught:
        compile_condition(source)
    assert WRONG[source] in str(caught.value)


@given(st.text(alphabet="ab.()[]!&|=<>'\"\\0 1context.zonerequestinhas,-", max_size=40))
def test_any_text_compiles_or_is_refused(source: str) -> None:
    try:
        compile_condition(source)
    except ConditionError as error:
        assert str(error).startswith(("column ", "has "))  # noqa: PT017 -- either outcome is right


def test_every_field_of_the_context_can_be_asked() -> None:
    assert set(CONTEXT_FIELDS) == set(Context.__struct_fields__)


@pytest.mark.parametrize(
    ("pattern", "linear"),
    [
        ("abc", True),
        ("a{1,50}b", True),
        ("^a*b", True),
        ("^[a-z]+-.{0,20}$", True),
        ("(?:ab|cd){3}", True),
        ("(?>ab|cd){0,1000}+", True),
        ("a*", False),
        ("^a*b*", False),
        ("^(?:ab)*", False),
        ("^(?:a|b*)*", False),
        ("(?:a{1,30}){1,30}", False),
        ("a{0,1000}a{0,1000}b", False),
        ("(?m)^a*", False),
        (r"(a)\1", False),
        ("^a|b*", False),
    ],
)
def test_only_linear_patterns_are_accepted(pattern: str, linear: bool) -> None:
    if linear:
        check_linear(pattern)
    else:
        with pytest.raises(NotLinearError):
            check_linear(pattern)


@pytest.mark.parametrize(
    ("pattern", "least"), [("abc", 3), ("a{5}", 5), ("a{0,9}b", 18), ("a{0,9}+b", 10)]
)
def test_the_count_of_visits_is_an_upper_bound(pattern: str, least: int) -> None:
    assert least <= visits(pattern) <= 4 * least
