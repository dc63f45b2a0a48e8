"""How much room a disk has, and which of several disks is the full one.

The standard library alone is imported, because rehearsal/bootstrap.py uses this before
anything is installed.
"""

import os
from collections.abc import Mapping
from pathlib import Path

NEARLY_FULL = 50_000_000
"""With less than this many bytes free, whatever failed is taken to have failed for want
of room: programs that meet a full disk do not always say so (`python -m venv`, an
interpreter that cannot write its output)."""


REHEARSAL_BYTES = 100_000_000
"""What a rehearsal needs: 4 MB the first time and 2 MB of the engine's logs each time
after it (measured), and much more than that for temporary files, a larger stack and the
audit log of many rehearsals."""


def rehearsal_folders(root: Path) -> tuple[Path, Path]:
    """Where the rehearsal of the checkout at `root` writes."""
    return root / ".trivium", temporary(os.environ)


def free_bytes(folder: Path) -> int:
    """The free space of the disk on which `folder` lies, or would lie once it is made.
    None is free without inodes."""
    for place in (folder, *folder.parents):
        try:
            disk = os.statvfs(place)
        except OSError:
            continue
        return disk.f_bavail * disk.f_frsize if disk.f_favail or not disk.f_files else 0
    return 0


def fullest(*folders: Path) -> Path:
    """Of some folders the one whose disk has the least room."""
    return min(folders, key=free_bytes)


def temporary(environ: Mapping[str, str]) -> Path:
    """Where programs put temporary files that are told `environ`."""
    return Path(environ.get("TMPDIR") or "/tmp")  # noqa: S108 -- named, not used


def amount(size: float) -> str:
    """A size as people say it: `0 MB`, `50 MB`, `1.5 GB`."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"


def demand(folder: Path, needed: int) -> str:
    """The instruction to make room for `needed` bytes where `folder` is; it ends in a
    comma, for what to do then."""
    return (
        f"The disk that holds {folder} has {amount(free_bytes(folder))} free. Free"
        f" {amount(needed)} there,"
    )
