"""Python packages outside the project's own environment, installed by its uv with
pinned hashes."""

import os
import shutil
import sys
import time
from pathlib import Path

from trivium_rehearsal.processes import run
from trivium_rehearsal.toolchain.cache import ToolchainError, cache_folder
from trivium_rehearsal.toolchain.installers import (
    remedy,
    uv_environment,
    without_hosts,
    written_by_uv,
)
from trivium_rehearsal.toolchain.progress import Progress, ticking

USUAL_S = 60
"""About how long an installation takes over an ordinary line; only the progress bar
depends on it."""


def uv(*arguments: str | Path, what: str, progress: Progress) -> None:
    """Run uv with the user's own settings (an index or proxy of theirs is honoured).
    `what` is being installed.

    Raises `ToolchainError`, with what uv said, when it fails or is missing.
    """
    program = _program(what)
    env = uv_environment(Path(sys.executable), os.environ)
    started = time.monotonic()
    with ticking(
        progress,
        lambda: (
            f"installing {what.rstrip(',')}",
            int(time.monotonic() - started),
            USUAL_S,
        ),
    ):
        done = run([program, *arguments], name="uv", env=env, keep_lines=8)
    if done.code:
        said = " ".join(line.strip() for line in done.lines)
        raise ToolchainError(
            f"{what[0].upper()}{what[1:]} could not be installed. uv says:"
            f" {without_hosts(said)}.",
            next_step=remedy(said, cache_folder("engine"), *written_by_uv(os.environ)),
        )


def _program(what: str) -> str:
    """uv of the project's environment, else of PATH."""
    own = Path(sys.prefix) / "bin" / "uv"
    found = str(own) if own.exists() else shutil.which("uv")
    if found is None:
        raise ToolchainError(
            f"uv, which installs {what}, is missing.", next_step="Run `make clean up`."
        )
    return found
