"""The environment of MiniStack, the AWS emulator that really executes part of a rehearsal.

MiniStack pins an older botocore than the project's, so it has an environment of its own beside the engine in the
user's cache folder. Regenerate its pins (from this folder) with:

    uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \\
        --no-header --annotation-style=line ministack.in -o ministack.txt
"""

import hashlib
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from trivium_rehearsal.toolchain.cache import ToolchainError, provide, without_hosts
from trivium_rehearsal.toolchain.progress import PlainProgress, Progress

REQUIREMENTS = Path(__file__).with_name("ministack.txt")
ROOM_BYTES = 400_000_000
"""Peak disk space: 50 MB installed, and what the installer downloads and unpacks (measured with 1.5.33)."""


def ensure_ministack(progress: Progress | None = None) -> Path:
    """The Python interpreter of MiniStack's environment, made on first use (`<python> -m ministack` starts it).

    Raises `ToolchainError` when the packages cannot be had or the disk is full.
    """
    said = progress or PlainProgress()
    folder = provide("ministack", _key(), lambda place: _make(place, said), progress=said, room_bytes=ROOM_BYTES)
    return folder / "bin" / "python"


def _key() -> str:
    """Names the environment by all that it is made of: the pins and the interpreter underneath."""
    made_of = REQUIREMENTS.read_bytes() + sys.base_prefix.encode() + platform.python_version().encode()
    return f"py{sys.version_info.major}{sys.version_info.minor}-{hashlib.sha256(made_of).hexdigest()[:16]}"


def _make(place: Path, progress: Progress) -> tuple[str, ...]:
    progress.say("preparing the AWS emulator's own environment (about 10 s)")
    python = place / "bin" / "python"
    # Relocatable, because the folder gets its final name after it is whole.
    _uv("venv", "--quiet", "--relocatable", "--allow-existing", "--python", sys.executable, str(place))
    _uv("pip", "sync", "--quiet", "--require-hashes", "--python", str(python), str(REQUIREMENTS))
    return ("bin/python", "bin/ministack", "pyvenv.cfg")


def _uv(*arguments: str) -> None:
    own = Path(sys.prefix) / "bin" / "uv"
    program = str(own) if own.exists() else shutil.which("uv")
    if program is None:
        raise ToolchainError("uv, which installs the AWS emulator, is missing.", next_step="Run `make clean up`.")
    done = subprocess.run([program, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ToolchainError(
            f"The AWS emulator's environment could not be made. uv says: {without_hosts(done.stderr.strip()[-600:])}",
            next_step="Check that this machine reaches its Python package index, then run it again.",
        )
