"""What the README, the pages and the examples show is executed."""

import re
import runpy
import shlex
from pathlib import Path

import click
import pytest
import yaml

from tests.client.worlds import (
    GREETING,
    World,
)
from tests.tree import ROOT
from trivium import Options, TriviumError, errors
from trivium.cli import command
from trivium_components.configuration import read_settings

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[str]:
    return [text for kind, text in BLOCKS if kind == language]


def lines(language: str) -> list[str]:
    """The command lines of a language's blocks, without comments and drawings."""
    found = [
        line.split("  #")[0].strip()
        for block in blocks(language)
        for line in block.splitlines()
    ]
    return [line for line in found if line.startswith(("make ", "trivium ", "pulumi "))]


def test_every_make_target_that_the_readme_names_exists() -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    named = [line.split()[1] for line in lines("") if line.startswith("make ")]
    assert {"up", "test", "preview"} <= set(named) <= set(targets)


@pytest.mark.parametrize(
    "line", [line for line in lines("") if line.startswith("trivium ")]
)
def test_every_trivium_command_of_the_readme_is_one(line: str) -> None:
    words = shlex.split(re.sub(r'"\$\(.*?\)"', "arn", line))[1:]
    context = click.Context(command)
    found: click.Command = command
    while isinstance(found, click.Group):
        found = found.get_command(context, words.pop(0)) or pytest.fail(line)
    options = {option for parameter in found.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= options


def test_the_readmes_settings_are_keys_that_a_stack_knows() -> None:
    (shown,) = (yaml.safe_load(block)["config"] for block in blocks("yaml"))
    whole = yaml.safe_load(
        (ROOT / "stacks" / "Pulumi.prod-us-finance.yaml").read_text()
    )["config"]
    settings = read_settings("prod", whole | shown)
    assert settings.environment == "prod"


def test_the_readmes_program_runs_against_a_deployment(
    governed: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (program,) = blocks("python")
    (tmp_path / "program.py").write_text(program)
    runpy.run_path(str(tmp_path / "program.py"))
    text, told = capsys.readouterr().out.splitlines()
    assert text == GREETING
    assert told.startswith("aws-us ")
    assert "ALLOW req_" in told


@pytest.fixture
def governed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment in which an application finds its deployment."""
    for name, value in world.variables().items():
        monkeypatch.setenv(name, value)


CLIENT = (ROOT / "docs" / "client.md").read_text()


@pytest.mark.parametrize(
    "number", range(len(re.findall(r"^```python$", CLIENT, re.MULTILINE)))
)
def test_each_program_of_the_clients_page_runs(
    governed: None, number: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program = re.findall(r"^```python\n(.*?)^```", CLIENT, re.MULTILINE | re.DOTALL)[
        number
    ]
    (tmp_path / "program.py").write_text(program)
    runpy.run_path(str(tmp_path / "program.py"))
    expected = (
        ("print(message.text" in program or "text_stream" in program, GREETING),
        ("except" in program, "stopped by"),
    )
    shown = capsys.readouterr().out
    assert [text for due, text in expected if due and text not in shown] == []


def test_the_clients_page_tells_every_error_that_a_request_can_end_with() -> None:
    rows = {
        code: (fault, again == "yes")
        for code, fault, again in re.findall(
            r"^\| `(\w+)` \| (\w+) \| (yes|no) \|", CLIENT, re.M
        )
    }
    raised = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, TriviumError)
    ]
    families = (
        TriviumError,
        errors.SettingsError,
        errors.PolicyError,
        errors.RouteError,
        errors.AuditError,
        errors.EvaluationError,
    )
    assert rows == {
        kind.__new__(kind).code: (kind.fault, kind.retryable)
        for kind in raised
        if kind not in families
    }


def test_the_clients_page_tells_every_option_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| ([\d.]+|none) \|", CLIENT, re.MULTILINE))
    told = {n: None if d == "none" else float(d) for n, d in rows.items()}
    assert told == vars(Options())


LINK = re.compile(r"\]\(((?!https?:)[^)#]+)")


@pytest.mark.parametrize(
    "page",
    [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))],
    ids=lambda path: path.name,
)
def test_every_link_of_the_documentation_leads_somewhere(page: Path) -> None:
    targets = LINK.findall(page.read_text())
    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("scene", ["answers", "ask", "stream", "leak"])
def test_each_scene_of_the_governed_application_plays(
    governed: None, scene: str, capsys: pytest.CaptureFixture[str]
) -> None:
    application = runpy.run_path(str(ROOT / "examples" / "governed" / "application.py"))
    application["main"](scene)
    shown = capsys.readouterr().out
    expected = '"outcome": "blocked"' if scene == "leak" else '"outcome": "answered"'
    assert (
        shown.count(expected) == {"answers": 4, "ask": 1, "stream": 1, "leak": 1}[scene]
    )
