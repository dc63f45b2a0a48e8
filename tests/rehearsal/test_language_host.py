"""The language host with the real engine: a program, a policy pack, a component plugin
and a dynamic provider."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from trivium_rehearsal.environment import rehearsal_environment
from trivium_rehearsal.processes import Finished, run, start, wait_until_says
from trivium_rehearsal.toolchain.engine import Engine, ensure_engine

PROGRAMS = Path(__file__).resolve().parents[1] / "programs" / "host"
PATIENCE_S = 60.0

pytestmark = pytest.mark.engine


@dataclass(frozen=True)
class Project:
    """The project under test, with an engine and a private home."""

    engine: Engine
    folder: Path
    env: dict[str, str]

    def pulumi(self, *arguments: str) -> Finished:
        return run(
            [self.engine.pulumi, *arguments],
            name="pulumi",
            env=self.env,
            cwd=self.folder,
            keep_lines=500,
        )

    def preview(self, mode: str, *arguments: str) -> Finished:
        """Preview with the program in `mode`, without changing the stack's settings for
        others."""
        return self.pulumi(
            "preview", "--non-interactive", "--config", f"mode={mode}", *arguments
        )

    def processes(self) -> list[int]:
        """Every process that runs with this project's home."""
        mark = f"PULUMI_HOME={self.env['PULUMI_HOME']}".encode()
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (folder / "environ").read_bytes().split(b"\0"):
                    found.append(int(folder.name))
            except OSError:
                pass
        return found


@pytest.fixture(scope="module", name="project")
def _project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    root = tmp_path_factory.mktemp("host")
    shutil.copytree(PROGRAMS, root / "host")
    engine = ensure_engine()
    if engine.origin == "official":
        pytest.skip("an official engine is on PATH; it brings its own language host")
    project = Project(
        engine, root / "host" / "program", rehearsal_environment(root, path=engine.path)
    )
    assert project.pulumi("stack", "init", "dev").code == 0
    assert project.pulumi("config", "set", "--secret", "password", "hunter2").code == 0
    yield project
    for pid in project.processes():
        os.kill(pid, signal.SIGKILL)


def eventually(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.05)
    return False


@pytest.fixture(scope="module", name="deployed")
def _deployed(project: Project) -> Finished:
    """The stack, deployed once with the policy pack, with everything that the host
    runs."""
    arguments = (
        "--yes",
        "--non-interactive",
        "--skip-preview",
        "--policy-pack",
        "../pack",
    )
    return project.pulumi("up", *arguments, "--config", "mode=everything")


def test_a_program_with_modules_secrets_a_component_and_a_dynamic_resource_deploys(
    deployed: Finished, project: Project
) -> None:
    assert deployed.code == 0, deployed.lines
    outputs = project.pulumi("stack", "output", "--json", "--show-secrets")
    assert json.loads("\n".join(outputs.lines)) == {
        "arguments": [],
        "directory": "stacks",
        "greeting": "hello world",
        "secret": len("hunter2"),
        "twice": 42,
    }


def test_a_secret_stays_one(deployed: Finished, project: Project) -> None:
    outputs = project.pulumi("stack", "output", "--json")
    assert json.loads("\n".join(outputs.lines))["secret"] == "[secret]"
    assert not [line for line in deployed.lines if "hunter2" in line]


def test_what_a_program_prints_is_shown(deployed: Finished) -> None:
    assert [line for line in deployed.lines if "mode is everything" in line]


def test_a_policy_pack_knows_the_stack_when_it_is_imported(deployed: Finished) -> None:
    told = [line.strip() for line in deployed.lines if "known at import" in line]
    assert told == [
        "known at import: organization/host/dev dry run False mode everything"
    ]


def test_a_policy_pack_knows_that_a_preview_is_one(project: Project) -> None:
    lines = project.preview("everything", "--policy-pack", "../pack").lines
    assert [line for line in lines if "dry run True" in line]


def test_a_component_plugin_tells_its_schema(project: Project) -> None:
    finished = project.pulumi("package", "get-schema", "../component")
    schema = json.loads("\n".join(finished.lines[finished.lines.index("{") :]))
    greeting = schema["resources"]["greeter:index:Greeting"]
    assert greeting["requiredInputs"] == ["who"]
    assert greeting["inputProperties"]["who"]["description"] == "Who is greeted."


def test_the_engine_is_told_about_the_python_and_its_packages(project: Project) -> None:
    text = "\n".join(project.pulumi("about").lines)
    assert f"executable='{sys.executable}'" in text
    assert "pulumi-policy" in text


@pytest.mark.parametrize(
    ("mode", "shown", "hidden"),
    [
        pytest.param(
            "run error",
            "the settings name no region",
            "Traceback",
            id="a RunError is its message alone",
        ),
        pytest.param(
            "crash",
            "ZeroDivisionError: the beans were not counted",
            "runpy",
            id="a crash shows the user's frames",
        ),
        pytest.param(
            "crash later",
            "ZeroDivisionError: the beans were not counted",
            "site-packages",
            id="a crash in an apply shows the user's frames",
        ),
        pytest.param(
            "exit",
            "The program ended with exit code 3",
            "Traceback",
            id="sys.exit does not end the host",
        ),
    ],
)
def test_a_failure_is_shown_once_and_trimmed(
    mode: str, shown: str, hidden: str, project: Project
) -> None:
    finished = project.preview(mode)
    text = "\n".join(finished.lines)
    diagnostics = text[text.index("Diagnostics:") :]
    assert finished.code != 0
    assert diagnostics.count(shown) == 1
    assert diagnostics.count(" error: ") == 1
    assert hidden not in diagnostics
    assert "crash" not in mode or "in fail" in diagnostics


def test_a_project_without_a_program_is_told_what_is_missing(project: Project) -> None:
    main = project.folder / "stacks" / "__main__.py"
    main.rename(main.with_suffix(".away"))
    try:
        finished = project.preview("good")
    finally:
        main.with_suffix(".away").rename(main)
    assert "so there is no program to run" in "\n".join(finished.lines)


def test_an_environment_that_does_not_exist_is_named(project: Project) -> None:
    file = project.folder / "Pulumi.yaml"
    before = file.read_text()
    file.write_text(
        before.replace(
            "runtime: python", "runtime: {name: python, options: {virtualenv: nowhere}}"
        )
    )
    try:
        finished = project.preview("good")
    finally:
        file.write_text(before)
    assert "names the environment `virtualenv: nowhere`" in "\n".join(finished.lines)


def test_a_program_runs_in_the_environment_that_its_project_names(
    project: Project,
) -> None:
    file = project.folder / "Pulumi.yaml"
    before = file.read_text()
    ours = Path(sys.executable).parents[1]
    (project.folder / "own").symlink_to(ours)
    file.write_text(
        before.replace(
            "runtime: python", "runtime: {name: python, options: {virtualenv: own}}"
        )
    )
    try:
        assert project.preview("everything").code == 0
        about = "\n".join(project.pulumi("about").lines)
    finally:
        file.write_text(before)
        (project.folder / "own").unlink()
    assert f"executable='{project.folder}/own/bin/python'" in about


@pytest.mark.skipif(
    not Path("/proc/self/environ").exists(), reason="finds processes by /proc"
)
def test_ctrl_c_stops_the_program(project: Project, tmp_path: Path) -> None:
    command: list[str | Path] = [
        project.engine.pulumi,
        "preview",
        "--non-interactive",
        "--config",
        "mode=wait",
    ]
    with start(
        command,
        name="pulumi",
        env=project.env,
        cwd=project.folder,
        log=tmp_path / "log",
    ) as pulumi:
        wait_until_says(pulumi, "waiting", timeout_s=PATIENCE_S)
        pulumi.stop(grace_s=PATIENCE_S, ask_with=signal.SIGINT)
    assert eventually(lambda: not project.processes())


@pytest.mark.skipif(
    not Path("/proc/self/environ").exists(), reason="finds processes by /proc"
)
def test_kill_9_of_the_engine_leaves_neither_host_nor_program(
    project: Project, tmp_path: Path
) -> None:
    # Without a guardian: the host has to notice by itself.
    command: list[str | Path] = [
        project.engine.pulumi,
        "preview",
        "--non-interactive",
        "--config",
        "mode=wait",
    ]
    log = tmp_path / "log"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command,
            env=project.env,
            cwd=project.folder,
            stdout=output,
            stderr=output,
            start_new_session=True,
        ) as pulumi,
    ):
        try:
            assert eventually(lambda: "waiting" in log.read_text())
        finally:
            pulumi.kill()
    assert eventually(lambda: not project.processes())
