"""The environment is made once, mended when it was left half-made, and every failure is
one instruction."""

import ast
import errno
import importlib.util
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "rehearsal" / "bootstrap.py"
UV = "uv==0.1 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n    # via x\n"
PINS = f"other==1.0 \\\n    --hash=sha256:00\n{UV}zz==2\n"


@pytest.fixture(name="bootstrap")
def _bootstrap(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr(sys, "path", list(sys.path))
    spec = importlib.util.spec_from_file_location("bootstrap", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Installers:
    """Stands in for venv, pip and uv: keeps what was asked, and leaves behind what they
    leave."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.asked: list[str] = []
        self.fail_at: str | None = None

    def __call__(self, name: str, *command: str, env: Any = None) -> None:
        step = f"{name} {command[2]}" if name == "uv" else name
        self.asked.append(step)
        if step == self.fail_at:
            raise KeyboardInterrupt
        binaries = self.root / ".venv" / "bin"
        if name == "python -m venv":
            binaries.mkdir(parents=True)
            (binaries / "python").symlink_to(sys.executable)
            version = ".".join(map(str, sys.version_info[:3]))
            (self.root / ".venv" / "pyvenv.cfg").write_text(
                f"home = x\nversion = {version}\n"
            )
        if name == "pip":
            (binaries / "uv").touch()
            record = (
                self.root
                / ".venv"
                / "lib"
                / "python3"
                / "site-packages"
                / "uv-0.1.dist-info"
                / "RECORD"
            )
            record.parent.mkdir(parents=True)
            record.touch()


@pytest.fixture(name="installers")
def _installers(
    bootstrap: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Installers:
    (tmp_path / "constraints.txt").write_text(PINS)
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    installers = Installers(tmp_path)
    monkeypatch.setattr(bootstrap, "_run", installers)
    monkeypatch.setattr(bootstrap, "uv_environment", lambda *_: {})
    return installers


ALL = ["python -m venv", "pip", "uv sync", "uv install"]


def test_a_bare_checkout_gets_everything_and_a_second_run_does_nothing(
    bootstrap: ModuleType, installers: Installers
) -> None:
    bootstrap.main(installers.root)
    bootstrap.main(installers.root)
    assert installers.asked == ALL


def spoil_pins(root: Path) -> None:
    (root / "constraints.txt").write_text(PINS + "more==1\n")


def spoil_python(root: Path) -> None:
    (root / ".venv" / "pyvenv.cfg").write_text("version = 3.1.0\n")
    (root / ".venv" / "trivium.ready").unlink()


def spoil_link(root: Path) -> None:
    (root / ".venv" / "bin" / "python").unlink()


def spoil_stamp(root: Path) -> None:
    (root / ".venv" / "trivium.ready").unlink()


@pytest.mark.parametrize(
    ("spoil", "steps"),
    [
        pytest.param(
            spoil_pins,
            ["uv sync", "uv install"],
            id="changed pins are installed in place",
        ),
        pytest.param(
            spoil_stamp,
            ["uv sync", "uv install"],
            id="an environment without a stamp is brought up to date",
        ),
        pytest.param(
            spoil_python, ALL, id="an environment of another Python is made anew"
        ),
        pytest.param(
            spoil_link, ALL, id="an environment whose Python is gone is made anew"
        ),
    ],
)
def test_what_is_not_as_it_should_be_is_mended(
    spoil: Callable[[Path], None],
    steps: list[str],
    bootstrap: ModuleType,
    installers: Installers,
) -> None:
    bootstrap.main(installers.root)
    installers.asked.clear()
    spoil(installers.root)
    bootstrap.main(installers.root)
    assert installers.asked == steps


@pytest.mark.parametrize("step", ALL)
def test_a_run_interrupted_at_any_step_is_mended_by_the_next(
    step: str, bootstrap: ModuleType, installers: Installers
) -> None:
    installers.fail_at = step
    with pytest.raises(KeyboardInterrupt):
        bootstrap.main(installers.root)
    installers.fail_at = None
    installers.asked.clear()
    bootstrap.main(installers.root)
    assert installers.asked == ALL
    assert sorted(path.name for path in installers.root.glob(".venv*")) == [".venv"]


def test_an_environment_that_cannot_be_moved_is_emptied_in_its_place(
    bootstrap: ModuleType, installers: Installers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A container's volume at `.venv`: the system refuses to rename it."""

    def refuse(self: Path, target: Path) -> Path:
        raise OSError(errno.EBUSY, "Device or resource busy", str(self))

    venv = installers.root / ".venv"
    (venv / "lib").mkdir(parents=True)
    (venv / "lib64").symlink_to("lib")
    (venv / "pyvenv.cfg").write_text("version = 3.1.0\n")
    with monkeypatch.context() as busy:
        busy.setattr(bootstrap.Path, "rename", refuse)
        bootstrap._put_away(venv)
    assert list(venv.iterdir()) == []
    venv.rmdir()
    bootstrap.main(installers.root)
    assert installers.asked == ALL


def test_a_file_in_the_environments_place_gives_way(
    bootstrap: ModuleType, installers: Installers
) -> None:
    (installers.root / ".venv").write_text("not a folder")
    bootstrap.main(installers.root)
    assert installers.asked == ALL
    assert sorted(path.name for path in installers.root.glob(".venv*")) == [".venv"]


def test_a_clone_whose_path_is_not_of_the_locale_has_a_name(
    bootstrap: ModuleType, tmp_path: Path
) -> None:
    root = tmp_path / os.fsdecode(b"caf\xe9")
    root.mkdir()
    for name in ("constraints.txt", "pyproject.toml"):
        (root / name).touch()
    assert len(bootstrap.digest(root)) == 64


@pytest.mark.parametrize(
    ("lines", "shown"),
    [
        (
            ["Resolved 127 packages", "error: Failed to install", "cause: x"],
            "error: Failed to install cause: x",
        ),
        (["Downloading uv", "ERROR: No space"], "ERROR: No space"),
        (["Killed"], "Killed"),
        ([], ""),
    ],
)
def test_what_an_installer_said_before_its_error_is_not_shown(
    lines: list[str], shown: str, bootstrap: ModuleType
) -> None:
    assert bootstrap._complaint(lines) == shown


def test_two_runs_at_once_make_the_environment_once(tmp_path: Path) -> None:
    (tmp_path / "constraints.txt").write_text(PINS)
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    script = f"""
import pathlib, sys, time
sys.path.insert(0, {str(SCRIPT.parent)!r})
import bootstrap
def make(root, wanted):
    with open(root / "made", "a") as file:
        file.write("x")
    time.sleep(0.5)
    (root / ".venv" / "bin").mkdir(parents=True)
    (root / ".venv" / "bin" / "python").touch()
    (root / ".venv" / "trivium.ready").write_text(wanted)
bootstrap._make = make
bootstrap.main(pathlib.Path({str(tmp_path)!r}))
"""
    runs = [subprocess.Popen([sys.executable, "-I", "-c", script]) for _ in range(2)]
    assert [run.wait(30) for run in runs] == [0, 0]
    assert (tmp_path / "made").read_text() == "x"


def test_python_without_venv_is_one_instruction(
    bootstrap: ModuleType, installers: Installers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(bootstrap.BootstrapError, match="apt install python3-venv"):
        bootstrap.main(installers.root)


def test_missing_pins_are_one_instruction(
    bootstrap: ModuleType, installers: Installers
) -> None:
    (installers.root / "constraints.txt").unlink()
    with pytest.raises(
        bootstrap.BootstrapError, match=r"git checkout constraints\.txt"
    ):
        bootstrap.main(installers.root)


def test_the_installer_is_taken_with_all_its_hashes_and_nothing_else(
    bootstrap: ModuleType,
) -> None:
    assert bootstrap.pins(PINS, "uv") == UV


def test_the_real_pins_hold_the_installer_and_name_no_index(
    bootstrap: ModuleType,
) -> None:
    text = (ROOT / "constraints.txt").read_text()
    assert bootstrap.pins(text, "uv").count("--hash=sha256:") > 1
    assert "://" not in text


def test_an_old_python_is_told_which_it_needs() -> None:
    pretend = (
        f"import sys; sys.version_info = (3, 9, 1); __file__ = {str(SCRIPT)!r};"
        " exec(open(__file__).read())"
    )
    done = subprocess.run(
        [sys.executable, "-c", pretend], capture_output=True, text=True, check=False
    )
    assert (
        done.returncode,
        "this is Python 3.9; 3.11 or newer is needed" in done.stderr,
    ) == (1, True)


def test_an_old_python_can_at_least_read_it() -> None:
    ast.parse(SCRIPT.read_text(), feature_version=(3, 7))


@pytest.mark.parametrize("kept", [True, False])
def test_make_takes_the_python_that_made_the_environment_again(
    tmp_path: Path, kept: bool
) -> None:
    python = tmp_path / "python9"
    python.touch(mode=0o755 if kept else 0o644)
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "pyvenv.cfg").write_text(
        f"home = {tmp_path}\nexecutable = {python}\ncommand = x -m venv y\n"
    )
    env = {
        name: value
        for name, value in os.environ.items()
        if name != "PYTHON" and not name.startswith("MAKE")
    }
    command = ["make", "--dry-run", "--makefile", str(ROOT / "Makefile"), "env"]
    said = subprocess.run(
        command, cwd=tmp_path, env=env, capture_output=True, text=True, check=True
    ).stdout
    assert (
        said.splitlines()[-1]
        == f"{python if kept else 'python3'} rehearsal/bootstrap.py"
    )


def test_a_failed_step_says_what_was_said_without_addresses_and_what_to_do(
    bootstrap: ModuleType,
) -> None:
    script = (
        "print('GET https://index.example/simple: connection refused'); raise"
        " SystemExit(2)"
    )
    with pytest.raises(bootstrap.BootstrapError) as caught:
        bootstrap._run("uv", sys.executable, "-c", script)
    assert str(caught.value).startswith(
        "uv failed, saying: GET <address> connection refused\ntrivium: The package"
        " index cannot be reached."
    )


def test_a_step_ends_when_the_bootstrap_is_killed(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    step = (
        f"import os, time; open({str(mark)!r}, 'w').write(str(os.getpid()));"
        " time.sleep(600)"
    )
    script = (
        f"import sys; sys.path.insert(0, {str(SCRIPT.parent)!r}); import bootstrap; "
    )
    script += f"bootstrap._run('step', sys.executable, '-c', {step!r})"
    with subprocess.Popen([sys.executable, "-I", "-c", script]) as process:
        try:
            pid = int(_eventually(lambda: mark.exists() and mark.read_text()))
            process.send_signal(signal.SIGKILL)
            assert _eventually(lambda: not _runs(pid))
        finally:
            process.kill()


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _eventually(value: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if found := value():
            return found
        time.sleep(0.02)
    raise AssertionError("it did not come about in 20 s")
