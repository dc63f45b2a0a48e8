"""An organisation's own rules and packs: loaded beside ours, and broken ones told as
themselves."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.policies.analyzer import Analyzer, mandatory
from trivium.errors import ConfigurationError
from trivium_policies import pack
from trivium_policies.discovery import SHIPPED, own_packages, rule_files, rules
from trivium_policies.profile import load_profile
from trivium_policies.rule import judge, violations

ROOT = Path(__file__).parents[2]
ACME = ROOT / "examples" / "organisation" / "acme_rules"
RULE = "acme-stores-have-an-owner"


@pytest.fixture(autouse=True)
def _modules_as_before() -> Iterator[None]:
    """Forget what a test imported and where it looked."""
    path, modules = list(sys.path), set(sys.modules)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        del sys.modules[name]
    rule_files.cache_clear()


def test_the_example_is_loaded_beside_the_rules_that_ship() -> None:
    known = rules((*SHIPPED, *own_packages(str(ACME))))
    assert {rule.id for rule in known} == {rule.id for rule in rules()} | {RULE}


def test_every_example_of_an_own_rule_comes_out_as_it_says() -> None:
    (file,) = rule_files(own_packages(str(ACME)))
    for sentence, right in file.compliant.items():
        assert violations(judge(file.rule, right.stack)) == (), sentence
    for sentence, wrong in file.violating.items():
        found = violations(judge(file.rule, wrong.stack))
        assert tuple(each.path for _, each in found) == wrong.paths, sentence


def test_the_environment_names_the_folders_and_a_profile_may_name_the_rules(
    tmp_path: Path,
) -> None:
    profile = tmp_path / "acme.json"
    profile.write_text(
        f'{{"title": "Acme", "rules": {{"{RULE}": {{"level": "advisory"}}}}}}'
    )
    known, chosen, _ = pack.configuration(
        {"TRIVIUM_POLICY_RULES": str(ACME), "TRIVIUM_POLICY_PROFILE": str(profile)}
    )
    assert RULE in {rule.id for rule in known}
    (file,) = rule_files(own_packages(str(ACME)))
    assert chosen.setting(file.rule).level == "advisory"


def test_an_own_rule_stops_a_stack() -> None:
    (file,) = rule_files(own_packages(str(ACME)))
    wrong = file.violating["a bucket without tags"]
    analyzer = Analyzer(load_profile("baseline"), known=[file.rule])
    assert mandatory(analyzer.preview(wrong.stack.resources)) == {RULE}


BROKEN = {
    "a word that Python cannot read": ("RULE = = 1\n", r"SyntaxError: .*broken_rule"),
    "an import of nothing": (
        "import nothing_of_the_kind\n",
        r"ModuleNotFoundError: No module named 'nothing_of_the_kind' \(broken_rule\.py,"
        r" line 1\)",
    ),
    "a name that does not exist": (
        "\n\nRULE = Rule\n",
        r"NameError: name 'Rule' is not defined \(broken_rule\.py, line 3\)",
    ),
    "no rule": ("X = 1\n", "it has no RULE"),
}


@pytest.mark.parametrize(("text", "told"), BROKEN.values(), ids=BROKEN)
def test_a_broken_rule_is_told_as_itself_and_the_pack_is_not_loaded(
    text: str,
    told: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = tmp_path / "broken_rules"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "broken_rule.py").write_text(text)
    with pytest.raises(ConfigurationError, match=told):
        rules((*SHIPPED, *own_packages(str(folder))))

    monkeypatch.setenv("TRIVIUM_POLICY_RULES", str(folder))
    assert pack.main() == 1
    said = capsys.readouterr().err
    assert "is not loaded" in said
    assert "broken_rule" in said


@pytest.mark.parametrize("name", ["nowhere", "not-a-name"])
def test_a_folder_that_python_cannot_import_is_refused(
    name: str, tmp_path: Path
) -> None:
    (tmp_path / "not-a-name").mkdir()
    with pytest.raises(ConfigurationError, match="cannot hold policy rules"):
        own_packages(str(tmp_path / name))


@pytest.mark.engine
def test_a_preview_runs_further_packs_and_own_rules() -> None:
    from trivium_rehearsal.preview import preview
    from trivium_rehearsal.toolchain.progress import PlainProgress

    outcome = preview(
        ROOT,
        ROOT / "examples" / "yaml_program",
        "dev",
        PlainProgress(),
        policy={"TRIVIUM_POLICY_RULES": str(ACME)},
        packs=(ROOT / "examples" / "organisation" / "acme_pack",),
    )
    assert {RULE, "acme-names-are-short"} <= outcome.policies
