"""The environment of MiniStack, the AWS emulator that really executes part of a
rehearsal.

MiniStack pins an older botocore than the project's, so it has an environment of its own
beside the engine in the user's cache folder. Regenerate its pins (from this folder)
with:

    uv pip compile --universal --python-version 3.11 --generate-hashes
        --no-emit-index-url --no-emit-find-links \\ --no-header --annotation-style=line
        ministack.in -o ministack.txt
"""

import hashlib
import platform
import sys
from pathlib import Path

from trivium_rehearsal.toolchain.cache import provide
from trivium_rehearsal.toolchain.packages import uv
from trivium_rehearsal.toolchain.progress import PlainProgress, Progress

REQUIREMENTS = Path(__file__).with_name("ministack.txt")
WHAT = "the AWS emulator's environment"
ROOM_BYTES = 400_000_000
"""Peak disk space: 50 MB installed, and what the installer downloads and unpacks
(measured with 1.5.33)."""


def ensure_ministack(progress: Progress | None = None) -> Path:
    """The Python interpreter of MiniStack's environment, made on first use
    (`<python> -m ministack` starts it).

    Raises `ToolchainError` when the packages cannot be had or the disk is full.
    """
    said = progress or PlainProgress()
    folder = provide(
        "ministack",
        _key(),
        lambda place: _make(place, said),
        progress=said,
        room_bytes=ROOM_BYTES,
    )
    return folder / "bin" / "python"


def _key() -> str:
    """Names the environment by all that it is made of: the pins and the interpreter
    underneath."""
    made_of = (
        REQUIREMENTS.read_bytes()
        + sys.base_prefix.encode()
        + platform.python_version().encode()
    )
    python = f"py{sys.version_info.major}{sys.version_info.minor}"
    return f"{python}-{hashlib.sha256(made_of).hexdigest()[:16]}"


def _make(place: Path, progress: Progress) -> tuple[str, ...]:
    progress.say("preparing the AWS emulator's own environment (about 10 s)")
    python = place / "bin" / "python"
    # Relocatable, because the folder gets its final name after it is whole.
    options = (
        "--quiet",
        "--relocatable",
        "--allow-existing",
        "--python",
        sys.executable,
    )
    uv("venv", *options, place, what=WHAT, progress=progress)
    uv(
        "pip",
        "sync",
        "--quiet",
        "--require-hashes",
        "--python",
        python,
        REQUIREMENTS,
        what=WHAT,
        progress=progress,
    )
    # Every file, because the installer's own record tells nothing of one that was lost
    # since.
    return tuple(
        sorted(
            str(path.relative_to(place)) for path in place.rglob("*") if path.is_file()
        )
    )
