"""The deliberately wrong stack meets the real engine, the stand-in providers and the
pack."""

import re
from pathlib import Path

import pytest

from trivium_policies.discovery import rules

ROOT = Path(__file__).parents[2]
WRONG_STACK = ROOT / "examples" / "wrong_stack"


def test_the_wrong_stack_says_of_each_rule_what_breaks_it() -> None:
    program = (WRONG_STACK / "__main__.py").read_text(encoding="utf-8")
    assert [rule.id for rule in rules() if program.count(f"# {rule.id}: ") != 1] == []


@pytest.mark.engine
def test_the_engine_stops_the_wrong_stack_once_for_each_rule() -> None:
    from trivium_rehearsal.preview import preview
    from trivium_rehearsal.stack import StackError
    from trivium_rehearsal.toolchain.progress import PlainProgress

    with pytest.raises(StackError) as raised:
        preview(ROOT, WRONG_STACK, "wrong", PlainProgress())
    said = str(raised.value)
    assert sorted(re.findall(r"\[mandatory\] (\S+)", said)) == sorted(
        rule.id for rule in rules()
    )
    assert re.findall(r"\[advisory\] (\S+)", said) == ["passed-with-a-note-in-stack"]
    assert shown_in_the_readme() in " ".join(said.split())


def shown_in_the_readme() -> str:
    """The finding that the README quotes, up to its URN, in one line."""
    text = " ".join((WRONG_STACK / "README.md").read_text(encoding="utf-8").split())
    return text[text.index("Bedrock permissions") : text.index(" URN: ")]
