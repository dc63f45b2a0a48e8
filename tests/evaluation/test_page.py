"""What docs/evaluation.md shows, and its example."""

import re
import runpy
from pathlib import Path

import pytest

from trivium.evaluation.attacks import ATTACKS
from trivium.evaluation.judges.refusal import CALIBRATION
from trivium.evaluation.scenario import load

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "evaluation.md").read_text()


def test_the_suite_of_the_page_is_read(tmp_path: Path) -> None:
    path = tmp_path / "page.yaml"
    path.write_text(re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[0])

    assert load(path).suite == "claims-desk"


def test_the_page_lists_every_attack() -> None:
    table = PAGE.partition("| Attack |")[2].partition("\n\n")[0]
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("|")]

    assert set(re.findall(r"`([a-z0-9-]+)`", " ".join(cells))) == set(ATTACKS)


def test_the_page_has_the_calibration_of_the_refusal_judge() -> None:
    found = f"{CALIBRATION.found} of {CALIBRATION.positives}"
    cleared = f"{CALIBRATION.cleared} of {CALIBRATION.negatives}"

    assert f"{found} | {cleared}" in PAGE


def test_the_example_attacks_the_suite_of_a_pack(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "attacked.jsonl"
    example = runpy.run_path(str(ROOT / "examples" / "evaluation" / "attacked.py"))
    example["main"]("finance", "base64+indirect", str(target))
    suite = load(target)
    plain = [each for each in suite.scenarios if not each.attack]

    assert len(suite.scenarios) == 3 * len(plain)
    assert {each.cluster for each in suite.scenarios} == {each.id for each in plain}
    assert f"{len(plain)} scenarios and {2 * len(plain)}" in capsys.readouterr().out
