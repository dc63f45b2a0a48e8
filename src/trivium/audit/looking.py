"""What lies in a log's folder at one moment, although it may be written meanwhile."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from trivium.audit.layout import CHECKPOINT, LOCK, SHARD, TEMPORARY, read_file
from trivium.audit.problem import Problem

LOOKS = 50
"""How often to look at a log whose checkpoint changes while its folders are listed,
which takes milliseconds."""


@dataclass(frozen=True)
class Seen:
    """What lay in a folder while the log's checkpoint was one and the same."""

    files: tuple[Path, ...]
    """Regular files, and whatever stands in the place of one by name."""
    others: tuple[Path, ...]
    """What is neither a file nor a shard. A link is neither: what it leads to may
    change without the log."""
    shards: "dict[Path, Seen]"
    checkpoint: bytes | None
    """The log's own; None where it cannot be read."""


def look(directory: Path) -> Seen:
    """What is there.

    A writer removes an open segment only after the checkpoint that counts it, so a
    checkpoint that stayed the same while everything was listed fits the list.
    """
    for _ in range(LOOKS):
        seen = _listed(directory)
        if _checkpoint(directory) == seen.checkpoint:
            break
    return seen


def still(file: Path) -> bytes:
    """What a segment holds that may be appended to: a torn end that is gone a moment
    later was a write under way. Raises `OSError`."""
    content = read_file(file)
    for _ in range(LOOKS):
        if content.endswith(b"\n") or (again := read_file(file)) == content:
            break
        content = again
    return content


def strangers(paths: tuple[Path, ...]) -> Iterator[Problem]:
    """A problem for each: nothing but the log lies in its folders."""
    for path in paths:
        text = f"{path} does not belong to the log"
        yield Problem(path=str(path), kind="foreign", text=text)


def require_empty(lock: Path) -> Iterator[Problem]:
    """A problem where a lock holds something."""
    if lock.stat().st_size:
        text = f"{lock} is not empty: it does not belong to the log"
        yield Problem(path=str(lock), kind="foreign", text=text)


def _listed(directory: Path) -> Seen:
    """What a log's folder holds now."""
    checkpoint = _checkpoint(directory)
    files, others, shards = [], [], {}
    # `scandir` says what an entry is as it lists it; asked later, a file that was
    # sealed meanwhile would not be one.
    entries = os.scandir(directory) if directory.is_dir() else ()
    for entry in sorted(entries, key=lambda entry: entry.name):
        path = directory / entry.name
        if entry.is_file(follow_symlinks=False):
            if not TEMPORARY.match(entry.name):
                files.append(path)
        elif SHARD.match(entry.name) and entry.is_dir(follow_symlinks=False):
            shards[path] = _listed(path)
        else:
            others.append(path)
    return Seen(tuple(files), tuple(others), shards, checkpoint)


def _checkpoint(directory: Path) -> bytes | None:
    try:
        return read_file(directory / CHECKPOINT)
    except OSError:
        return None


__all__ = ["LOCK", "LOOKS", "Seen", "look", "require_empty", "still", "strangers"]
