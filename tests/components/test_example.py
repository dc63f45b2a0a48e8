"""A component in a program of your own, with the real engine and the policy pack."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.engine
def test_a_program_uses_one_component_and_the_pack_judges_it() -> None:
    from trivium_rehearsal.preview import preview
    from trivium_rehearsal.toolchain.progress import PlainProgress

    outcome = preview(ROOT, ROOT / "examples" / "one_component", "dev", PlainProgress())
    assert {"audit-store-not-public", "aws-audit-store-locked"} <= set(outcome.policies)
    assert any(
        "aws-audit-store-locked: `audit-bucket`" in text for text in outcome.violations
    )
    assert [text for text in outcome.violations if "[mandatory]" in text] == []
