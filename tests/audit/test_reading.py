"""Reading a log behind a cursor, while it is written."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from trivium.audit import Attempt, AuditLog, LogReader, Position, Stated
from trivium.audit.layout import SEALED, segment_path
from trivium.errors import AuditError
from trivium.vocabulary.decision import Decision
from trivium.vocabulary.envelope import Ed25519Signer, TrustedKeys, digest

NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
SIGNER = Ed25519Signer.generate()
TRUSTED = TrustedKeys.from_pem(SIGNER.public_pem)


def attempt(number: int) -> Attempt:
    return Attempt(
        time="2026-11-22T00:00:00.000000Z",
        request_id=f"req_{number}",
        attempt=1,
        deployment="claims",
        deployment_digest="sha256:" + "0" * 64,
        constitution="sha256:" + "1" * 64,
        route="aws-us",
        outcome="answered",
        decision=Decision(),
    )


def opened(directory: Path) -> AuditLog:
    return AuditLog.open(
        directory, signer=SIGNER, deployment="claims", clock=lambda: NOW
    )


def reader(directory: Path) -> LogReader:
    return LogReader(directory, TRUSTED)


def ids(directory: Path, after: dict[str, Position] | None = None) -> list[str]:
    return [entry.record.request_id for entry in reader(directory).entries(after)]


@pytest.fixture
def log(tmp_path: Path) -> Iterator[AuditLog]:
    with opened(tmp_path) as log:
        yield log


def append(log: AuditLog, *numbers: int) -> None:
    for number in numbers:
        log.append(attempt(number))


def test_sealed_and_open_records_are_read_in_their_order(
    log: AuditLog, tmp_path: Path
) -> None:
    append(log, 1, 2)
    log.seal()
    append(log, 3)
    assert ids(tmp_path) == ["req_1", "req_2", "req_3"]
    entries = list(reader(tmp_path).entries())
    assert [entry.manifest is None for entry in entries] == [False, False, True]
    assert [entry.seq for entry in entries] == [1, 2, 3]


def test_what_nobody_has_signed_can_be_left_out(log: AuditLog, tmp_path: Path) -> None:
    append(log, 1)
    log.seal()
    append(log, 2)
    entries = reader(tmp_path).entries(sealed_only=True)
    assert [entry.seq for entry in entries] == [1]


@pytest.mark.parametrize("sealed_at", [(), (1,), (2,), (1, 2, 3)])
@pytest.mark.parametrize("stop", [1, 2, 3])
def test_a_cursor_continues_after_the_record_it_stands_at_wherever_seals_fall(
    log: AuditLog, tmp_path: Path, stop: int, sealed_at: tuple[int, ...]
) -> None:
    append(log, 1, 2, 3)
    before = list(reader(tmp_path).entries())[:stop]
    cursor = {entry.shard: entry.position for entry in before}
    for number in (1, 2, 3):
        if number in sealed_at:
            log.seal()
        append(log, 3 + number)
    expected = [f"req_{number}" for number in range(stop + 1, 7)]
    assert ids(tmp_path, cursor) == expected


def test_two_processes_shards_are_read_behind_their_own_positions(
    log: AuditLog, tmp_path: Path
) -> None:
    with opened(tmp_path) as other:
        append(log, 1)
        append(other, 2)
        cursor = {entry.shard: entry.position for entry in reader(tmp_path).entries()}
        append(log, 3)
        append(other, 4)
        assert ids(tmp_path, cursor) == ["req_3", "req_4"]
        assert ids(tmp_path, {"00": cursor["00"]}) == ["req_3", "req_2", "req_4"]


def test_a_torn_last_line_is_left_for_the_next_time(
    log: AuditLog, tmp_path: Path
) -> None:
    append(log, 1)
    with segment_path(tmp_path / "00", 1, "ndjson.open").open("ab") as file:
        file.write(b'{"previous":')
    assert ids(tmp_path) == ["req_1"]


def test_a_cursor_of_another_log_is_refused(log: AuditLog, tmp_path: Path) -> None:
    append(log, 1, 2)
    stranger = {"00": Position(segment=1, seq=1, leaf="f" * 64)}
    with pytest.raises(AuditError, match="was changed since"):
        ids(tmp_path, stranger)


def test_a_record_that_was_removed_is_an_error_and_no_gap(
    log: AuditLog, tmp_path: Path
) -> None:
    append(log, 1, 2, 3)
    path = segment_path(tmp_path / "00", 1, "ndjson.open")
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[2])
    with pytest.raises(AuditError, match="does not follow record 1"):
        ids(tmp_path)


def test_a_sealed_file_that_was_changed_is_not_read(
    log: AuditLog, tmp_path: Path
) -> None:
    append(log, 1)
    log.seal()
    path = segment_path(tmp_path / "00", 1, SEALED)
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(AuditError, match="belongs to another file"):
        ids(tmp_path)


def test_a_manifest_by_an_untrusted_key_is_not_read(
    log: AuditLog, tmp_path: Path
) -> None:
    append(log, 1)
    log.seal()
    stranger = TrustedKeys.from_pem(Ed25519Signer.generate().public_pem)
    with pytest.raises(AuditError, match="Segment 1 of shard 00"):
        list(LogReader(tmp_path, stranger).entries())


def test_sealed_segments_come_with_their_files(log: AuditLog, tmp_path: Path) -> None:
    for number in (1, 2):
        append(log, number)
        log.seal()
    found = list(reader(tmp_path).sealed())
    assert [segment.number for segment in found] == [1, 2]
    assert all(digest(one.packed) == one.manifest.file_digest for one in found)
    behind = list(reader(tmp_path).sealed({"00": 1}))
    assert [segment.number for segment in behind] == [2]


def test_what_is_no_log_is_told_apart(tmp_path: Path) -> None:
    with pytest.raises(AuditError, match="is not an audit log"):
        reader(tmp_path)


# ---------------------------------------------------------------- documents


def document(text: str = "{}") -> Stated:
    return Stated(
        time="2026-11-22T00:00:00.000000Z",
        deployment="claims",
        subject="layer",
        name="baseline",
        digest=digest(text.encode()),
        document=text,
    )


def stated(directory: Path) -> list[str]:
    records = [entry.record for entry in reader(directory).entries()]
    return [one.document for one in records if isinstance(one, Stated)]


def test_a_document_is_stated_once_however_often_the_log_is_opened(
    tmp_path: Path,
) -> None:
    for _ in range(3):
        with opened(tmp_path) as log:
            log.state([document(), document('{"a":1}')])
    assert stated(tmp_path) == ["{}", '{"a":1}']


def test_a_document_of_another_shard_is_known_once_it_is_sealed(
    log: AuditLog, tmp_path: Path
) -> None:
    log.state([document()])
    log.seal()
    with opened(tmp_path) as other:
        other.state([document()])
    assert stated(tmp_path) == ["{}"]


def test_a_document_that_a_crash_left_in_an_open_segment_is_known(
    tmp_path: Path,
) -> None:
    with opened(tmp_path) as log:
        log.state([document()])
        content = segment_path(tmp_path / "00", 1, "ndjson.open").read_bytes()
    crashed = tmp_path / "crashed"
    (crashed / "00").mkdir(parents=True)
    (crashed / "log.json").write_bytes((tmp_path / "log.json").read_bytes())
    segment_path(crashed / "00", 1, "ndjson.open").write_bytes(content)
    with opened(crashed) as log:
        log.state([document()])
    assert stated(crashed) == ["{}"]


def test_the_manifest_names_what_was_stated(log: AuditLog, tmp_path: Path) -> None:
    log.state([document()])
    log.seal()
    append(log, 1)
    log.seal()
    named = [segment.manifest.stated for segment in reader(tmp_path).sealed()]
    assert named == [(digest(b"{}"),)] * 2


def test_records_survive_their_own_encoding() -> None:
    record = document()
    assert msgspec.json.decode(msgspec.json.encode(record), type=Stated) == record
