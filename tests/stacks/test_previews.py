"""Each stack file previews in rehearsal, with the real engine and the policy pack."""

from pathlib import Path

import pytest

from tests.tree import ROOT
from trivium_rehearsal.preview import preview
from trivium_rehearsal.stack import StackError
from trivium_rehearsal.toolchain.progress import PlainProgress

STACKS = sorted(
    path.name.split(".")[1] for path in (ROOT / "stacks").glob("Pulumi.*.yaml")
)


@pytest.mark.engine
@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_file_previews_without_a_refusal(stack: str) -> None:
    before = (ROOT / "stacks" / f"Pulumi.{stack}.yaml").read_bytes()
    outcome = preview(ROOT, ROOT, stack, PlainProgress())
    assert outcome.resources >= 30
    assert {
        "aws-audit-store-locked",
        "aws-model-access-least-privilege",
    } <= outcome.policies
    assert [text for text in outcome.violations if text.startswith("[mandatory]")] == []
    assert Path(ROOT / "stacks" / f"Pulumi.{stack}.yaml").read_bytes() == before


@pytest.mark.engine
def test_the_profile_that_is_named_is_the_one_that_judges() -> None:
    finance = {"TRIVIUM_POLICY_PROFILE": "finance"}
    with pytest.raises(StackError, match="this profile requires the locked stage"):
        preview(ROOT, ROOT, "prod-us-finance", PlainProgress(), policy=finance)


@pytest.mark.engine
def test_an_unknown_profile_stops_the_preview_and_the_error_says_so() -> None:
    unknown = {"TRIVIUM_POLICY_PROFILE": "fiance"}
    with pytest.raises(
        StackError, match="`fiance` does not exist; there are baseline, finance"
    ):
        preview(ROOT, ROOT, "dev", PlainProgress(), policy=unknown)


@pytest.mark.engine
def test_a_program_in_yaml_previews_and_is_judged() -> None:
    outcome = preview(ROOT, ROOT / "examples" / "yaml_program", "dev", PlainProgress())
    assert outcome.resources == 5
    assert "aws-audit-store-locked" in outcome.policies
    assert outcome.violations == []
