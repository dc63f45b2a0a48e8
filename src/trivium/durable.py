"""Files that are whole whenever they are seen: written beside, forced to disk, put in
place in one step.

Nothing here takes a lock. Of two processes that write one path at the same time one may
fail; what is read is never a mixture of the two.
"""

import os
import secrets
from pathlib import Path


def write_durably(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Give `path` this content; after a crash it has either its old or its new one.
    Raises `OSError`.

    `mode` is what the file may permit, less the umask; a file that is replaced leaves
    nothing of its own permissions.
    """
    # The same name every time, so that the next write takes away what a crash left, and
    # nothing is collected.
    fresh = path.with_name(f".{path.name}.tmp")
    try:
        _fill(fresh, content, mode)
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def create_durably(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Make `path` with this content, or raise `FileExistsError` when it is there.
    Raises `OSError`.

    Of several processes that do so at the same time one makes the file, and the others
    find it made.
    """
    fresh = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        _fill(fresh, content, mode)
        os.link(
            fresh, path
        )  # unlike a rename, a link never replaces what another process has just made
    finally:
        fresh.unlink(missing_ok=True)
    sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Force a folder's entries to disk, so that a file made or renamed there is found
    after a crash."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _fill(fresh: Path, content: bytes, mode: int) -> None:
    """Write the content and bring it to the disk."""
    with os.fdopen(_opened(fresh, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _opened(fresh: Path, mode: int) -> int:
    """A file of its own: a leftover would keep its permissions, and a link would lead
    somewhere else."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        return os.open(fresh, flags, mode)
    except FileExistsError:
        fresh.unlink(missing_ok=True)
        return os.open(fresh, flags, mode)
