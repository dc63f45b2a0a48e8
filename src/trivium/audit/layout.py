"""Where a log's files lie, stated once for writers, verifiers and readers.

The layout is specified in docs/audit-format.md. Nothing in a log is opened through a
link, and nothing but a regular file is read: a FIFO would be waited for without end.
"""

import errno
import os
import re
import stat
from pathlib import Path

IDENTITY = "log.json"
"""Which log this is."""
CHECKPOINT = "checkpoint.json"
"""How far every shard had come, signed."""
LOCK = "lock"
"""Held while another file is written; always empty."""

SEALED = "ndjson.zst"
"""Ending of a sealed segment's records."""
MANIFEST = "manifest.json"
"""Ending of a sealed segment's manifest."""
OPEN = "ndjson.open"
"""Ending of the segment that is being written."""

SHARD = re.compile(r"^[0-9a-f]{2}$")
"""A shard's folder."""
SEGMENT_FILE = re.compile(r"^(\d{12})\.(ndjson\.zst|manifest\.json|ndjson\.open)$")
"""A segment's file: its number, its ending."""
TEMPORARY = re.compile(
    r"^\.(log\.json|checkpoint\.json|\d{12}\.(ndjson\.zst|manifest\.json))\.tmp$"
)
"""A write that is under way, or that a crash cut off."""

ZERO = "0" * 64
"""The leaf hash before a shard's first line."""

SHARDS = 256
"""Processes that can write one log at the same time; names are two hex digits."""


class NotAFileError(OSError):
    """In the place of a file there is something else."""

    def __init__(self, path: Path) -> None:
        super().__init__(errno.EINVAL, "it is not a regular file", str(path))


def segment_name(segment: int) -> str:
    """The stem of a segment's files: twelve digits."""
    return f"{segment:012d}"


def segment_path(shard: Path, segment: int, ending: str) -> Path:
    """One file of a segment."""
    return shard / f"{segment_name(segment)}.{ending}"


def open_file(path: Path, flags: int) -> int:
    """A descriptor of a regular file, made with mode 0600 where `flags` say so.

    Raises `OSError`: a link is not followed, and anything that is not a regular file
    is refused without waiting for it.
    """
    guarded = flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(path, guarded, 0o600)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise NotAFileError(path)


def read_file(path: Path) -> bytes:
    """The content of a regular file. Raises `OSError`, as `open_file`."""
    with os.fdopen(open_file(path, os.O_RDONLY), "rb") as file:
        return file.read()
