"""Things that are expensive to build and are built once per user: the engine, the
emulator's environment.

They are kept in the user's cache folder, so that a second clone (and `make down`) need
not build them again:

    <cache>/trivium/<kind>/<key>/             finished: `complete.json` was written
                                              before the folder got its name
    <cache>/trivium/<kind>/.building-<key>-…  being built, or its build was killed
    <cache>/trivium/<kind>/.lock              held (flock) by the process that builds;
                                              the system releases it when it ends

The law of this file: a folder that carries its final name is whole. Building happens in
a sibling that is renamed last, so a killed build leaves only a sibling, which the next
build removes.
"""

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from trivium.errors import ConfigurationError
from trivium_rehearsal.toolchain.progress import Progress
from trivium_rehearsal.toolchain.room import amount, free_bytes

COMPLETE = "complete.json"
"""Written last into a finished folder: the size in bytes of each file that must be
there."""


class ToolchainError(ConfigurationError):
    """Something the rehearsal needs could not be had on this machine. Carries one
    instruction in `next_step`."""


def cache_folder(kind: str) -> Path:
    """`<user's cache>/trivium/<kind>`, not created. The user's cache is
    `$XDG_CACHE_HOME`, else `~/.cache`.

    A relative `$XDG_CACHE_HOME` is ignored, as the XDG Base Directory Specification 0.8
    demands.
    """
    home = os.environ.get("XDG_CACHE_HOME", "")
    return (
        (Path(home) if Path(home).is_absolute() else _home() / ".cache")
        / "trivium"
        / kind
    )


def _home() -> Path:
    try:
        return Path.home().absolute()
    except RuntimeError as error:
        raise ToolchainError(
            "You have no home folder: HOME is not set and the system knows no other, so"
            " there is no place to keep the engine.",
            next_step=(
                "Set HOME or XDG_CACHE_HOME to a folder you can write, then run it"
                " again."
            ),
        ) from error


def is_whole(folder: Path) -> bool:
    """Whether `folder` was finished and still holds every file that it was finished
    with, at its size."""
    try:
        sizes = json.loads((folder / COMPLETE).read_text())
        return bool(sizes) and all(
            (folder / name).stat().st_size == size for name, size in sizes.items()
        )
    except (OSError, ValueError, AttributeError):
        return False


def provide(
    kind: str,
    key: str,
    build: Callable[[Path], tuple[str, ...]],
    *,
    progress: Progress,
    room_bytes: int,
) -> Path:
    """The finished folder `<cache>/trivium/<kind>/<key>`, built by `build` when it is
    not there.

    `build` fills the empty folder that it is given and names the files that make it
    whole. `room_bytes` is the disk space that building takes at its peak. Two processes
    that need the same thing build it once: the second waits. Raises `ToolchainError`
    when the disk has no room or cannot be written; what `build` raises passes through.
    In either case the half-built folder is removed.
    """
    home = cache_folder(kind)
    final = home / key
    if is_whole(final):
        return final
    try:
        home.mkdir(parents=True, exist_ok=True)
        with _only_builder(home, progress):
            if not is_whole(final):
                _sweep(home)
                _require_room(home, room_bytes, kind)
                _build(home, final, build)
    except OSError as error:
        raise ToolchainError(
            f"The {kind} could not be kept in {home}: {error.strerror or error}.",
            next_step=(
                "Free disk space there or set XDG_CACHE_HOME to a folder you can write,"
                " then run it again."
            ),
        ) from error
    return final


def _build(home: Path, final: Path, build: Callable[[Path], tuple[str, ...]]) -> None:
    """Build in a sibling of `final`, then give it its name. The caller holds the
    lock."""
    sibling = Path(tempfile.mkdtemp(prefix=f".building-{final.name}-", dir=home))
    try:
        sizes = {name: (sibling / name).stat().st_size for name in build(sibling)}
        (sibling / COMPLETE).write_text(json.dumps(sizes, indent=1, sort_keys=True))
        sibling.chmod(0o755)
        remove(final)
        sibling.rename(final)
    finally:
        remove(sibling)


def _sweep(home: Path) -> None:
    """Remove what killed builds left. Safe under the lock: nobody else is building."""
    for leftover in home.glob(".building-*"):
        remove(leftover)


def remove(folder: Path) -> None:
    """Remove a tree; one that is not there is fine, and read-only folders inside it do
    not stop it."""

    def unlock_and_retry(
        function: Callable[[str], object], path: str, _error: object
    ) -> None:
        try:
            if Path(path) != folder:
                Path(path).parent.chmod(0o700)
                function(path)
        except OSError:
            # Swept again by the next build; a leftover must not fail the thing itself.
            pass

    shutil.rmtree(folder, onerror=unlock_and_retry)


def _require_room(home: Path, room_bytes: int, kind: str) -> None:
    free = free_bytes(home)
    if free < room_bytes:
        raise ToolchainError(
            f"Making the {kind} takes up to {amount(room_bytes)} of disk; {home} has"
            f" {amount(free)} free.",
            next_step=(
                "Free disk space, or set XDG_CACHE_HOME to a folder on a larger disk,"
                " then run it again."
            ),
        )


@contextmanager
def _only_builder(home: Path, progress: Progress) -> Iterator[None]:
    """Hold the kind's lock; say so while another process holds it."""
    with (home / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress.say(f"another process is building in {home}; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
