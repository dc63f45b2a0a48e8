"""docs/policies.md is what the rules say, and its snippets are Python."""

import ast
from pathlib import Path

import pytest

from trivium_policies.discovery import rule_files, rules
from trivium_policies.documentation import render
from trivium_policies.profile import load_profile, profile_names

PAGE = Path(__file__).parents[2] / "docs" / "policies.md"
REGENERATE = "python -m trivium_policies.documentation > docs/policies.md"


def test_the_page_is_the_one_that_the_rules_make() -> None:
    made = render(rule_files(), [load_profile(name) for name in profile_names()])
    assert PAGE.read_text(encoding="utf-8") == made, f"regenerate: {REGENERATE}"


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.id)
def test_a_rule_has_its_section_and_a_snippet_that_parses(rule: object) -> None:
    assert isinstance(rule, type(rules()[0]))
    assert f"\n## {rule.id}\n" in PAGE.read_text(encoding="utf-8")
    ast.parse(rule.remediation.pulumi)
