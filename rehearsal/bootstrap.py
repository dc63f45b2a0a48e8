"""Makes the project's environment in `.venv` from the pinned constraints.txt. Needs
Python ≥ 3.11 and nothing else.

    python3 rehearsal/bootstrap.py

Every package is checked against the hash in constraints.txt, the installer (uv)
included. Whatever index, mirror or proxy pip and uv are configured for is used, and
never named. When `.venv` is as it should be this takes a blink.

It can be interrupted anywhere. `.venv/trivium.ready` is written last;
`.venv/trivium.making` exists while the environment is being changed, and one that is
found at the start tells of a run that was killed: then `.venv` is made anew. Two that
run at once do it once.
"""

import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from contextlib import contextmanager
from pathlib import Path

OLDEST = (3, 11)
if sys.version_info < OLDEST:
    found = ".".join(map(str, sys.version_info[:2]))
    sys.exit(
        f"trivium: this is Python {found}; 3.11 or newer is needed. Name one: make"
        " PYTHON=/path/to/python3.11"
    )

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "rehearsal"))

from trivium_rehearsal.guardian import end_with_make  # noqa: E402
from trivium_rehearsal.toolchain.installers import (  # noqa: E402
    AGAIN,
    remedy,
    uv_environment,
    without_hosts,
    written_by_uv,
)

GUARDIAN = ROOT / "rehearsal" / "trivium_rehearsal" / "guardian.py"
EVERY_S = 10.0
"""Seconds between two signs of life."""


class BootstrapError(Exception):
    """The environment cannot be made. The message ends with one instruction."""


def main(root: Path = ROOT) -> None:
    """Make `<root>/.venv` what constraints.txt says, if it is not. Raises
    `BootstrapError`."""
    wanted = digest(root)
    if _is_ready(root, wanted):
        return
    with _alone(root):
        if not _is_ready(root, wanted):
            _make(root, wanted)


def _is_ready(root: Path, wanted: str) -> bool:
    venv = root / ".venv"
    return (
        _read(venv / "trivium.ready") == wanted and (venv / "bin" / "python").exists()
    )


def _make(root: Path, wanted: str) -> None:
    """Make or mend the environment. The caller holds the lock."""
    venv = root / ".venv"
    ready = venv / "trivium.ready"
    _sweep(root)
    if not _can_be_mended(venv):
        _make_anew(venv)
    making = venv / "trivium.making"
    making.touch()
    ready.unlink(missing_ok=True)
    _install_uv(root, venv)
    _install_packages(root, venv)
    making.unlink()
    _write_at_once(ready, wanted)
    say("the environment is ready")


def digest(root: Path) -> str:
    """Names the environment by all that it is made of: the pins, the project file and
    the interpreter."""
    made_of = hashlib.sha256(os.fsencode(f"{sys.version}\0{sys.base_prefix}\0{root}\0"))
    for name in ("constraints.txt", "pyproject.toml"):
        try:
            made_of.update((root / name).read_bytes())
        except OSError as error:
            raise BootstrapError(
                f"{name} cannot be read ({error.strerror}). Restore it: git checkout"
                f" {name}"
            ) from error
    return made_of.hexdigest()


def pins(constraints: str, name: str) -> str:
    """The lines of `constraints` that pin the package `name`, with its hashes. Raises
    `BootstrapError` without them."""
    match = re.search(
        rf"^{re.escape(name)}==[^\n]*(\n[ \t]+[^\n]*)*", constraints, re.MULTILINE
    )
    if match is None:
        raise BootstrapError(
            f"constraints.txt pins no {name}. Restore it: git checkout constraints.txt"
        )
    return match[0] + "\n"


def _can_be_mended(venv: Path) -> bool:
    """Whether `.venv` is of this very Python, works, and was not left in the middle of
    a change."""
    python = venv / "bin" / "python"
    if not python.exists() or (venv / "trivium.making").exists():
        return False
    version = (
        "version ="
        f" {sys.version_info.major}.{sys.version_info.minor}.{sys.version_info.micro}"
    )
    return version in (_read(venv / "pyvenv.cfg") or "").replace(
        "version_info", "version"
    )


def _make_anew(venv: Path) -> None:
    """An empty environment with pip."""
    if (
        importlib.util.find_spec("ensurepip") is None
        or importlib.util.find_spec("venv") is None
    ):
        raise BootstrapError(
            f"{sys.executable} comes without the modules venv and ensurepip. Install"
            f" them (on Debian and Ubuntu: apt install python3-venv), {AGAIN}"
        )
    if venv.is_symlink() or venv.is_file() or (venv.exists() and any(venv.iterdir())):
        say("removing the old .venv")
        _put_away(venv)
    say("making .venv")
    venv.mkdir(exist_ok=True)
    (venv / "trivium.making").touch()
    _run("python -m venv", sys.executable, "-m", "venv", str(venv))


def _put_away(venv: Path) -> None:
    """Remove `.venv`, so that at no moment a half of it looks like a whole one."""
    aside = venv.with_name(f".venv.removing-{os.getpid()}")
    try:
        venv.rename(aside)
    except (
        OSError
    ):  # A disk or a container's volume of its own can be emptied, but not moved.
        for name in ("trivium.ready", "pyvenv.cfg"):
            (venv / name).unlink(missing_ok=True)
        for entry in venv.iterdir():
            (
                entry.unlink()
                if entry.is_symlink() or not entry.is_dir()
                else shutil.rmtree(entry)
            )
    else:
        _remove(aside)


def _install_uv(root: Path, venv: Path) -> None:
    """uv, at the version and hash that constraints.txt pins."""
    block = pins((root / "constraints.txt").read_text(), "uv")
    version = block.split("==")[1].split()[0]
    if (
        list(venv.glob(f"lib/python*/site-packages/uv-{version}.dist-info/RECORD"))
        and (venv / "bin" / "uv").exists()
    ):
        return
    say(f"installing the installer, uv {version}")
    with tempfile.NamedTemporaryFile("w", prefix="trivium-", suffix=".txt") as file:
        file.write(block)
        file.flush()
        options = (
            "--disable-pip-version-check",
            "--require-hashes",
            "--no-deps",
            "-r",
            file.name,
        )
        _run("pip", str(venv / "bin" / "python"), "-m", "pip", "install", *options)


def _install_packages(root: Path, venv: Path) -> None:
    """Exactly the pinned packages, then the project itself as an editable install."""
    constraints = root / "constraints.txt"
    count = len(re.findall(r"^[\w.-]+==", constraints.read_text(), re.MULTILINE))
    uv, python = str(venv / "bin" / "uv"), str(venv / "bin" / "python")
    say(
        f"installing up to {count} packages, each checked against its hash (about 1.5"
        " GB on disk)"
    )
    env = uv_environment(Path(python), os.environ)
    _run(
        "uv",
        uv,
        "pip",
        "sync",
        "--python",
        python,
        "--require-hashes",
        str(constraints),
        env=env,
    )
    editable = ("--no-deps", "--no-build-isolation", "--editable", str(root))
    _run("uv", uv, "pip", "install", "--python", python, *editable, env=env)


def _run(name: str, *command: str, env: dict[str, str] | None = None) -> None:
    """Run a step under the guardian, so that it ends with us. Raises `BootstrapError`
    with what it said."""
    theirs, ours = os.pipe()
    lines: deque[str] = deque(maxlen=12)
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", str(GUARDIAN), str(theirs), *command],
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        pass_fds=(theirs,),
        start_new_session=True,
    )
    os.close(theirs)
    try:
        assert process.stdout is not None  # noqa: S101 - asked for above
        with _alive(lines), process.stdout as output:
            lines.extend(line.strip() for line in output)
            process.wait()
    finally:
        os.close(ours)  # If it still runs, the guardian ends it now.
        process.wait()
    if process.returncode:
        todo = remedy(" ".join(lines), ROOT / ".venv", *written_by_uv(os.environ))
        raise BootstrapError(
            f"{name} failed, saying:"
            f" {without_hosts(_complaint(list(lines))) or 'nothing'}\ntrivium: {todo}"
        )


def _complaint(lines: list[str]) -> str:
    """What an installer wrote, from its first error on: what went before is of no use
    to who must mend it."""
    first = next(
        (at for at, line in enumerate(lines) if line.lower().startswith("error")), 0
    )
    return " ".join(lines[first:])


@contextmanager
def _alive(lines: deque[str]):  # type: ignore[no-untyped-def]  # a context manager without a value
    """A sign of life every `EVERY_S` seconds, with the last that the installer said."""
    started, ended = time.monotonic(), threading.Event()

    def tick() -> None:
        while not ended.wait(EVERY_S):
            last = without_hosts(lines[-1]) if lines else "working"
            say(f"… {time.monotonic() - started:.0f} s: {last[:80]}")

    thread = threading.Thread(target=tick, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@contextmanager
def _alone(root: Path):  # type: ignore[no-untyped-def]  # a context manager without a value
    """Hold a lock that the system frees when we end, however; say so while another run
    holds it."""
    with (
        root / "pyproject.toml"
    ).open() as lock:  # Any file that is there and stays will do.
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another run is preparing .venv; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _sweep(root: Path) -> None:
    """Remove what killed runs left."""
    for leftover in root.glob(".venv.removing-*"):
        _remove(leftover)


def _remove(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink()
    else:
        shutil.rmtree(path, ignore_errors=True)


def _read(path: Path) -> str | None:
    try:
        return path.read_text()
    except OSError:
        return None


def _write_at_once(path: Path, text: str) -> None:
    """Write a file that is either not there or whole."""
    draft = path.with_name(path.name + ".draft")
    draft.write_text(text)
    draft.replace(path)


def say(text: str) -> None:
    """One line to the person who waits."""
    print(f"trivium: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    end_with_make()
    try:
        main()
    except BootstrapError as error:
        sys.exit(f"trivium: {error}")
    except OSError as error:
        where = Path(error.filename or ROOT / ".venv")
        sys.exit(
            f"trivium: {where}: {error.strerror}."
            f" {remedy(str(error), where, *written_by_uv(os.environ))}"
        )
    except KeyboardInterrupt:
        say("interrupted; run the same command again, it goes on from here")
        sys.exit(130)
