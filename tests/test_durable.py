"""A file is its old self or its new one, and never anything between."""

import errno
import os
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from trivium import durable
from trivium.durable import create_durably, write_durably

OLD, NEW = b"old", b"new" * 1000
Write = Callable[..., None]


def permissions(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def umask() -> Iterator[None]:
    """What the tests about permissions start from, whatever the machine's own."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.parametrize("write", [write_durably, create_durably])
def test_a_file_is_written_whole_and_nothing_lies_beside_it(
    write: Write, tmp_path: Path
) -> None:
    write(tmp_path / "file", NEW)
    assert (tmp_path / "file").read_bytes() == NEW
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("write", [write_durably, create_durably])
@pytest.mark.parametrize(
    ("mode", "found"), [(None, 0o600), (0o644, 0o644), (0o666, 0o644)]
)
def test_a_file_is_private_unless_a_mode_is_named(
    write: Write, mode: int | None, found: int, tmp_path: Path, umask: None
) -> None:
    write(tmp_path / "file", NEW, **({} if mode is None else {"mode": mode}))
    assert permissions(tmp_path / "file") == found


def test_a_replaced_file_keeps_none_of_its_permissions(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(OLD)
    (tmp_path / "file").chmod(0o666)
    write_durably(tmp_path / "file", NEW)
    assert permissions(tmp_path / "file") == 0o600


def test_what_a_crash_left_is_taken_away_and_gives_no_permissions(
    tmp_path: Path,
) -> None:
    (tmp_path / ".file.tmp").write_bytes(b"torn")
    (tmp_path / ".file.tmp").chmod(0o666)
    write_durably(tmp_path / "file", NEW)
    assert permissions(tmp_path / "file") == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_link_in_the_way_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "victim").write_bytes(OLD)
    (tmp_path / ".file.tmp").symlink_to(tmp_path / "victim")
    write_durably(tmp_path / "file", NEW)
    assert (tmp_path / "victim").read_bytes() == OLD


def test_what_exists_is_not_made_again(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(OLD)
    with pytest.raises(FileExistsError):
        create_durably(tmp_path / "file", NEW)
    assert (tmp_path / "file").read_bytes() == OLD
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_of_many_that_make_a_file_at_once_one_does(tmp_path: Path) -> None:
    def make(number: int) -> bool:
        try:
            create_durably(tmp_path / "file", b"%d" % number * 1000)
        except FileExistsError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(make, range(32)))
    assert made.count(True) == 1
    assert (tmp_path / "file").read_bytes() == b"%d" % made.index(True) * 1000


@pytest.mark.parametrize("write", [write_durably, create_durably])
@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()]
)
def test_a_write_that_fails_leaves_what_was_there(
    write: Write, error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: int) -> None:
        raise error

    before = {"file": OLD} if write is write_durably else {}
    for name, content in before.items():
        (tmp_path / name).write_bytes(content)
    monkeypatch.setattr(durable.os, "fsync", fail)
    with pytest.raises(type(error)):
        write(tmp_path / "file", NEW)
    assert {entry.name: entry.read_bytes() for entry in tmp_path.iterdir()} == before


@pytest.mark.parametrize("write", [write_durably, create_durably])
def test_content_is_on_disk_before_its_name_and_its_name_before_the_end(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each sync, with what it was for and whether the file could be seen by then."""
    steps: list[tuple[str, bool]] = []
    real = os.fsync

    def noted(descriptor: int) -> None:
        kind = "folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "content"
        steps.append((kind, (tmp_path / "file").exists()))
        real(descriptor)

    monkeypatch.setattr(durable.os, "fsync", noted)
    write(tmp_path / "file", NEW)
    assert steps == [("content", False), ("folder", True)]
