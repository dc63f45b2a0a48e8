"""What `verify` finds wrong has a kind, and nothing in a log can make it wait."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest

from tests.audit.test_audit_log import (
    SIGNER,
    STRANGER,
    TRUSTED,
    attempt,
    drop_last_segment,
    write,
)
from trivium.audit import AuditLog, verify
from trivium.audit.problem import Kind
from trivium.errors import AuditError
from trivium.vocabulary.envelope import TrustedKeys

SEALED = "00/000000000001.ndjson.zst"
MANIFEST = "00/000000000001.manifest.json"
OPEN = "00/000000000003.ndjson.open"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("audit") / "log")


def misplace(directory: Path) -> None:
    for kind in ("ndjson.zst", "manifest.json"):
        source = directory / f"00/000000000002.{kind}"
        shutil.copy(source, directory / f"00/000000000003.{kind}")


KINDS: dict[Kind, tuple[Callable[[Path], object], str]] = {
    "changed": (lambda d: os.truncate(d / SEALED, 50), SEALED),
    "foreign": (lambda d: (d / "00/note.txt").write_text("x"), "00/note.txt"),
    "misplaced": (misplace, "00/000000000003.manifest.json"),
    "missing": (lambda d: (d / MANIFEST).unlink(), MANIFEST),
    "rolled_back": (drop_last_segment, "checkpoint.json"),
    "torn": (lambda d: (d / OPEN).write_bytes(b'{"previous'), OPEN),
    "unreadable": (lambda d: (d / "log.json").write_text("["), "log.json"),
    "unsigned": (lambda _: None, MANIFEST),
}


def test_every_kind_has_its_row() -> None:
    assert set(KINDS) == set(get_args(Kind))


@pytest.mark.parametrize("kind", KINDS)
def test_a_problem_has_its_kind_and_names_the_file(
    small: Path, tmp_path: Path, kind: Kind
) -> None:
    spoil, name = KINDS[kind]
    copy = shutil.copytree(small, tmp_path / "log")
    spoil(copy)
    signer = STRANGER if kind == "unsigned" else SIGNER
    found = verify(copy, TrustedKeys.from_pem(signer.public_pem)).problems
    told = [problem for problem in found if problem.path == str(copy / name)]
    assert {problem.kind for problem in told} == {kind}
    assert all(str(copy / name) in problem.text for problem in told)


def fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def link(path: Path) -> None:
    kept = path.with_name("kept")
    path.rename(kept)
    path.symlink_to(kept)


IN_PLACE = {"a FIFO": fifo, "a folder": folder, "a link": link}
FILES = ("log.json", "checkpoint.json", "lock", MANIFEST, SEALED, "00/lock")


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("thing", IN_PLACE)
def test_what_is_not_a_regular_file_is_reported_and_never_waited_for(
    small: Path, tmp_path: Path, thing: str, file: str
) -> None:
    copy = shutil.copytree(small, tmp_path / "log")
    IN_PLACE[thing](copy / file)
    found = verify(copy, TRUSTED)
    assert any(problem.path == str(copy / file) for problem in found.problems)


@pytest.mark.parametrize("file", ["log.json", "checkpoint.json", "lock", "00/lock"])
@pytest.mark.parametrize("thing", IN_PLACE)
def test_a_writer_refuses_what_is_not_a_regular_file(
    small: Path, tmp_path: Path, thing: str, file: str
) -> None:
    copy = shutil.copytree(small, tmp_path / "log")
    IN_PLACE[thing](copy / file)
    with pytest.raises(AuditError):
        AuditLog.open(copy, signer=SIGNER, deployment="claims")


def test_an_open_segment_that_is_a_fifo_is_neither_read_nor_written(
    small: Path, tmp_path: Path
) -> None:
    copy = shutil.copytree(small, tmp_path / "log")
    os.mkfifo(copy / OPEN)
    assert not verify(copy, TRUSTED).intact
    with pytest.raises(AuditError, match="not a regular file"):
        AuditLog.open(copy, signer=SIGNER, deployment="claims")


def crashed(directory: Path, *, begun: bool, seen: bool) -> Path:
    """A log whose second segment is sealed and still has its open file; `begun`: the
    third is open already; `seen`: the checkpoint has the second."""
    before = directory / "checkpoint.json"
    with AuditLog.open(directory, signer=SIGNER, deployment="claims") as log:
        log.append(attempt(0))
        log.seal()
        earlier = before.read_bytes()
        log.append(attempt(1))
        opened = (directory / "00/000000000002.ndjson.open").read_bytes()
    (directory / "00/000000000002.ndjson.open").write_bytes(opened)
    if begun:
        (directory / OPEN).touch()
    if not seen:
        before.write_bytes(earlier)
    return directory


@pytest.mark.parametrize(
    ("begun", "seen", "intact"),
    [
        pytest.param(False, False, True, id="before the checkpoint"),
        pytest.param(False, True, True, id="after the checkpoint"),
        pytest.param(True, True, True, id="after the next segment was begun"),
        pytest.param(True, False, False, id="no crash: the checkpoint was put back"),
    ],
)
def test_the_steps_of_sealing_that_a_crash_can_leave(
    tmp_path: Path, begun: bool, seen: bool, intact: bool
) -> None:
    directory = crashed(tmp_path / "log", begun=begun, seen=seen)
    assert verify(directory, TRUSTED).intact is intact
    if not intact:
        with pytest.raises(AuditError, match="Records may have been removed"):
            AuditLog.open(directory, signer=SIGNER, deployment="claims")
        return
    with AuditLog.open(directory, signer=SIGNER, deployment="claims") as log:
        log.append(attempt(2))
    found = verify(directory, TRUSTED)
    assert (found.problems, found.records) == ((), 3)
