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
        preview(ROOT, WRONG_STACK, "wrong", PlainProgress(), explain=True)
    said = str(raised.value)
    assert sorted(re.findall(r"\[mandatory\] (\S+)", said)) == sorted(
        rule.id for rule in rules()
    )
    notes = re.findall(r"\[advisory\] (\S+)", said)
    assert notes == ["passed-with-a-note-in-stack"] * 2
    assert [part for part in shown_in_the_readme() if part not in said] == []


def shown_in_the_readme() -> list[str]:
    """The parts of the finding that the README quotes, but for its URN."""
    text = (WRONG_STACK / "README.md").read_text(encoding="utf-8")
    labels = "property|found|expected|why|remedy|see"
    parts = re.findall(rf"^  (?:{labels}) +(.+)$", text, re.MULTILINE)
    assert len(parts) == 6
    return parts
