"""Python packages outside the project's own environment, installed by its uv with pinned hashes."""

import os
import shutil
import sys
from pathlib import Path

from trivium_rehearsal.processes import run
from trivium_rehearsal.toolchain.cache import ToolchainError, without_hosts


def uv(*arguments: str | Path, what: str) -> None:
    """Run uv with the user's own settings (an index or proxy of theirs is honoured). `what` is being installed.

    Raises `ToolchainError`, with what uv said, when it fails or is missing.
    """
    own = Path(sys.prefix) / "bin" / "uv"
    program = str(own) if own.exists() else shutil.which("uv")
    if program is None:
        raise ToolchainError(f"uv, which installs {what}, is missing.", next_step="Run `make clean up`.")
    done = run([program, *arguments], name="uv", env=os.environ, keep_lines=8)
    if done.code:
        raise ToolchainError(
            f"{what[0].upper()}{what[1:]} could not be installed. uv says: {without_hosts(' '.join(done.lines))}",
            next_step="Check that this machine reaches its Python package index and has disk space, then run it again.",
        )
