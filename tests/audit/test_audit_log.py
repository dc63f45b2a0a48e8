"""The audit log keeps what it promises, and `verify` finds whatever was done to it."""

import base64
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trivium.audit import (
    Attempt,
    AuditLog,
    Opened,
    earlier_keys,
    load_or_create,
    verify,
)
from trivium.audit import shard as shard_module
from trivium.audit.seal import MerkleTree, leaf_hash
from trivium.errors import AuditError, AuditWriteError
from trivium.vocabulary.decision import Decision
from trivium.vocabulary.envelope import Ed25519Signer, TrustedKeys, canonical

SIGNER = Ed25519Signer.generate()
TRUSTED = TrustedKeys.from_pem(SIGNER.public_pem)
STRANGER = Ed25519Signer.generate()


def attempt(number: int) -> Attempt:
    return Attempt(
        time=f"2026-11-22T10:00:{number % 60:02d}.000000Z",
        request_id=f"req_{number}",
        attempt=1,
        deployment="claims",
        deployment_digest="sha256:" + "0" * 64,
        constitution="sha256:" + "1" * 64,
        route="aws-us-east-1",
        outcome="answered",
        decision=Decision(),
        cost_usd=0.0012,
    )


def write(
    directory: Path,
    *,
    segments: int = 2,
    records: int = 2,
    signer: Ed25519Signer = SIGNER,
) -> Path:
    with AuditLog.open(directory, signer=signer, deployment="claims") as log:
        for segment in range(segments):
            for record in range(records):
                log.append(attempt(segment * records + record))
            log.seal()
    return directory


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("audit") / "log")


def test_a_log_as_it_was_written_is_intact(small: Path) -> None:
    found = verify(small, TRUSTED)
    assert (found.problems, found.records, found.segments, found.unsealed) == (
        (),
        4,
        2,
        0,
    )


def test_a_log_signed_by_a_stranger_is_refused(small: Path) -> None:
    found = verify(small, TrustedKeys.from_pem(STRANGER.public_pem))
    assert any(
        "no valid signature by a trusted key" in problem.text
        for problem in found.problems
    )


FILES = ["log.json", "checkpoint.json"] + [
    f"00/{segment:012d}.{kind}"
    for segment in (1, 2)
    for kind in ("ndjson.zst", "manifest.json")
]


@pytest.mark.parametrize("name", FILES)
def test_every_change_of_one_bit_is_found(
    small: Path, tmp_path: Path, name: str
) -> None:
    copy = shutil.copytree(small, tmp_path / "log")
    content = bytearray((copy / name).read_bytes())
    unnoticed = []
    for position in range(len(content) * 8):
        content[position // 8] ^= 1 << (position % 8)
        (copy / name).write_bytes(content)
        if verify(copy, TRUSTED).intact:
            unnoticed.append(position)
        content[position // 8] ^= 1 << (position % 8)
    assert unnoticed == []


def swap(directory: Path, kind: str) -> None:
    first, second = (directory / f"00/{segment:012d}.{kind}" for segment in (1, 2))
    content = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(content)


def drop_last_segment(directory: Path) -> None:
    for kind in ("ndjson.zst", "manifest.json"):
        (directory / f"00/000000000002.{kind}").unlink()


def duplicate_segment(directory: Path) -> None:
    for kind in ("ndjson.zst", "manifest.json"):
        shutil.copy(
            directory / f"00/000000000002.{kind}", directory / f"00/000000000003.{kind}"
        )


TAMPERING: dict[str, tuple[Callable[[Path], object], str]] = {
    "a segment's file is removed": (
        lambda d: (d / "00/000000000001.ndjson.zst").unlink(),
        "cannot be read",
    ),
    "a manifest is removed": (
        lambda d: (d / "00/000000000001.manifest.json").unlink(),
        "is missing",
    ),
    "the last segment is removed with its manifest": (
        drop_last_segment,
        "the checkpoint says 4 records",
    ),
    "a segment is repeated": (duplicate_segment, "`segment` is 2, expected 3"),
    "two segments change places": (
        lambda d: [swap(d, k) for k in ("ndjson.zst", "manifest.json")],
        "`segment` is 2",
    ),
    "two files change places": (lambda d: swap(d, "ndjson.zst"), "was changed"),
    "a file is cut short": (
        lambda d: os.truncate(d / "00/000000000002.ndjson.zst", 50),
        "was changed",
    ),
    "the checkpoint is removed": (
        lambda d: (d / "checkpoint.json").unlink(),
        "checkpoint.json is missing",
    ),
    "the whole shard is removed": (
        lambda d: shutil.rmtree(d / "00"),
        "shard 00 has nothing sealed",
    ),
    "the log's identity is removed": (
        lambda d: (d / "log.json").unlink(),
        "log.json cannot be read",
    ),
    "a file is added": (
        lambda d: (d / "00/note.txt").write_text("x"),
        "does not belong to the log",
    ),
    "a shard is added": (
        lambda d: shutil.copytree(d / "00", d / "01"),
        "`shard` is '00', expected '01'",
    ),
    "the lock holds something": (
        lambda d: (d / "00/lock").write_text("x"),
        "is not empty",
    ),
}


@pytest.mark.parametrize("case", TAMPERING)
def test_tampering_is_found_and_named(small: Path, tmp_path: Path, case: str) -> None:
    tamper, words = TAMPERING[case]
    copy = shutil.copytree(small, tmp_path / "log")
    tamper(copy)
    assert any(words in problem.text for problem in verify(copy, TRUSTED).problems), (
        verify(copy, TRUSTED).problems
    )


def test_a_log_rolled_back_as_a_whole_is_found_by_a_checkpoint_kept_elsewhere(
    small: Path, tmp_path: Path
) -> None:
    earlier = shutil.copytree(small, tmp_path / "earlier")
    later = write(shutil.copytree(small, tmp_path / "later"), segments=1)
    checkpoint = (later / "checkpoint.json").read_bytes()
    assert verify(earlier, TRUSTED).intact
    assert any(
        "rolled back" in problem.text
        for problem in verify(earlier, TRUSTED, checkpoint=checkpoint).problems
    )
    assert verify(
        later, TRUSTED, checkpoint=(small / "checkpoint.json").read_bytes()
    ).intact


@pytest.fixture
def half_rolled_back(tmp_path: Path) -> Path:
    """A record is gone from one shard, its checkpoint is the one from before; the other
    shard looks as if a crash had kept its segment from the checkpoint. No key is needed
    for it."""
    directory = tmp_path / "log"
    with (
        AuditLog.open(directory, signer=SIGNER, deployment="claims") as one,
        AuditLog.open(directory, signer=SIGNER, deployment="claims") as two,
    ):
        for log, number in ((one, 0), (one, 1), (two, 2)):
            if number == 1:
                earlier = (directory / "checkpoint.json").read_bytes()
            log.append(attempt(number))
            log.seal()
    drop_last_segment(directory)
    (directory / "checkpoint.json").write_bytes(earlier)
    (directory / "01" / "000000000001.ndjson.open").touch()
    return directory


def test_a_shard_that_is_rolled_back_beside_another_is_found(
    half_rolled_back: Path,
) -> None:
    problems = verify(half_rolled_back, TRUSTED).problems
    assert any(
        "an earlier checkpoint was put back" in problem.text for problem in problems
    ), problems


def test_it_is_found_without_any_checkpoint_too(half_rolled_back: Path) -> None:
    (half_rolled_back / "checkpoint.json").unlink()
    (half_rolled_back / "00" / "000000000001.ndjson.open").touch()
    assert any(
        "checkpoint.json is missing" in problem.text
        for problem in verify(half_rolled_back, TRUSTED).problems
    )


def test_a_writer_does_not_sign_it_away(half_rolled_back: Path) -> None:
    with pytest.raises(AuditError, match="number 1, and a segment was sealed after 2"):
        AuditLog.open(half_rolled_back, signer=SIGNER, deployment="claims")
    assert not verify(half_rolled_back, TRUSTED).intact


def test_a_log_whose_manifests_name_no_checkpoint_is_still_read_and_continued(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def plain(value: object) -> bytes:
        found = json.loads(canonical(value))
        found.pop("checkpoint", None)
        return canonical(found)

    with monkeypatch.context() as before:
        before.setattr(shard_module, "canonical", plain)
        write(tmp_path)
    write(tmp_path)
    found = verify(tmp_path, TRUSTED)
    assert (found.problems, found.records) == ((), 8)


def test_a_segment_signed_with_another_key_is_found(
    small: Path, tmp_path: Path
) -> None:
    copy = shutil.copytree(small, tmp_path / "log")
    with AuditLog.open(
        copy, signer=STRANGER, deployment="claims", earlier_keys=SIGNER.public_pem
    ) as log:
        log.append(attempt(9))
    assert any(
        "000000000003.manifest.json" in problem.text
        for problem in verify(copy, TRUSTED).problems
    )
    both = TrustedKeys.from_pem(SIGNER.public_pem + STRANGER.public_pem)
    assert verify(copy, both).intact, "a key may be changed within a log"


def forge_checkpoint(directory: Path, shards: dict[str, object]) -> None:
    """What somebody can do who may write to the directory and holds no key."""
    path = directory / "checkpoint.json"
    envelope = json.loads(path.read_bytes())
    payload = json.loads(base64.b64decode(envelope["payload"])) | {"shards": shards}
    envelope["payload"] = base64.b64encode(canonical(payload)).decode()
    path.write_bytes(canonical(envelope))


def test_a_writer_does_not_sign_a_forged_checkpoint(tmp_path: Path) -> None:
    one = AuditLog.open(tmp_path, signer=SIGNER, deployment="claims")
    with AuditLog.open(tmp_path, signer=SIGNER, deployment="claims") as two:
        two.append(attempt(0))
    shutil.rmtree(tmp_path / "01")
    forge_checkpoint(tmp_path, {})
    one.append(attempt(1))
    with pytest.raises(AuditWriteError, match="Records may have been removed"):
        one.seal()
    with pytest.raises(AuditWriteError, match="Records may have been removed"):
        one.append(attempt(2))
    with pytest.raises(AuditError, match="Records may have been removed"):
        AuditLog.open(tmp_path, signer=SIGNER, deployment="claims")
    assert not verify(tmp_path, TRUSTED).intact


def restore_checkpoint(directory: Path, earlier: Path) -> None:
    shutil.rmtree(directory / "01")
    shutil.copy(earlier / "checkpoint.json", directory / "checkpoint.json")


def test_a_writer_that_has_seen_a_later_checkpoint_does_not_go_on_from_an_earlier_one(
    tmp_path: Path,
) -> None:
    log = tmp_path / "log"
    one = AuditLog.open(log, signer=SIGNER, deployment="claims")
    one.append(attempt(0))
    one.seal()
    earlier = shutil.copytree(log, tmp_path / "earlier")
    with AuditLog.open(log, signer=SIGNER, deployment="claims") as two:
        two.append(attempt(1))
    one.append(attempt(2))
    one.seal()
    restore_checkpoint(log, earlier)
    one.append(attempt(3))
    with pytest.raises(AuditWriteError, match="Records may have been removed"):
        one.seal()


REMOVED: dict[str, Callable[[Path], object]] = {
    "the newest segment": drop_last_segment,
    "the whole shard": lambda d: shutil.rmtree(d / "00"),
    "the checkpoint": lambda d: (d / "checkpoint.json").unlink(),
    "the newest segment and what the checkpoint says of it": lambda d: [
        drop_last_segment(d),
        forge_checkpoint(d, {}),
    ],
}


@pytest.mark.parametrize("case", REMOVED)
def test_a_log_that_lost_something_is_not_continued(
    small: Path, tmp_path: Path, case: str
) -> None:
    copy = shutil.copytree(small, tmp_path / "log")
    REMOVED[case](copy)
    problems = verify(copy, TRUSTED).problems
    with pytest.raises(AuditError, match="Records may have been removed"):
        AuditLog.open(copy, signer=SIGNER, deployment="claims")
    assert problems
    assert verify(copy, TRUSTED).problems == problems, (
        "the attempt to write hid nothing"
    )


def test_a_log_whose_last_segment_was_changed_is_not_continued(
    small: Path, tmp_path: Path
) -> None:
    copy = shutil.copytree(small, tmp_path / "log")
    (copy / "00/000000000002.ndjson.zst").write_bytes(b"x")
    with pytest.raises(AuditError, match="was changed"):
        AuditLog.open(copy, signer=SIGNER, deployment="claims")


def test_a_record_is_not_written_through_a_link(small: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(small, tmp_path / "log")
    (tmp_path / "elsewhere").write_text("")
    (copy / "00/000000000003.ndjson.open").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(AuditError, match="cannot be opened"):
        AuditLog.open(copy, signer=SIGNER, deployment="claims")


def add_signature(directory: Path) -> None:
    path = directory / "checkpoint.json"
    envelope = json.loads(path.read_bytes())
    envelope["signatures"].append({"keyid": "0" * 64, "sig": "AAAA"})
    path.write_bytes(canonical(envelope))


def test_a_second_signature_is_found(small: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(small, tmp_path / "log")
    add_signature(copy)
    assert any(
        "more than one signature" in problem.text
        for problem in verify(copy, TRUSTED).problems
    )


@pytest.mark.parametrize(
    "name", ["00", "log.json", "checkpoint.json", "lock", "00/lock", *FILES[2:]]
)
def test_a_link_in_place_of_a_file_is_found(
    small: Path, tmp_path: Path, name: str
) -> None:
    copy = shutil.copytree(small, tmp_path / "log")
    (copy / name).rename(tmp_path / "elsewhere")
    (copy / name).symlink_to(tmp_path / "elsewhere")
    assert any(
        "does not belong to the log" in problem.text
        for problem in verify(copy, TRUSTED).problems
    )


def test_a_log_is_verified_while_it_is_written(tmp_path: Path) -> None:
    write(tmp_path, segments=1)
    stop = threading.Event()

    def keep_writing() -> None:
        with AuditLog.open(
            tmp_path, signer=SIGNER, deployment="claims", durability="batch"
        ) as log:
            number = 0
            while not stop.is_set():
                log.append(attempt(number))
                log.seal()
                number += 1

    writers = [threading.Thread(target=keep_writing) for _ in range(2)]
    for writer in writers:
        writer.start()
    try:
        found = [verify(tmp_path, TRUSTED).problems for _ in range(40)]
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    assert [problem for problems in found for problem in problems] == []


@pytest.mark.parametrize(
    "name", [".checkpoint.json.tmp", "00/.000000000003.ndjson.zst.tmp"]
)
def test_what_a_crash_left_of_a_write_is_no_problem(
    small: Path, tmp_path: Path, name: str
) -> None:
    copy = shutil.copytree(small, tmp_path / "log")
    (copy / name).write_bytes(b"half")
    assert verify(copy, TRUSTED).intact


def test_records_not_sealed_yet_are_counted_apart(tmp_path: Path) -> None:
    with AuditLog.open(tmp_path, signer=SIGNER, deployment="claims") as log:
        log.append(attempt(0))
        found = verify(tmp_path, TRUSTED)
        assert (found.intact, found.records, found.unsealed) == (True, 0, 1)
    assert verify(tmp_path, TRUSTED).records == 1


def test_a_log_left_open_by_a_crash_is_sealed_as_it_was_found(tmp_path: Path) -> None:
    script = (
        "import sys, os, pathlib; sys.path.insert(0, sys.argv[2]); import"
        " test_audit_log as t\nlog = t.AuditLog.open(pathlib.Path(sys.argv[1]),"
        " signer=t.SIGNER, deployment='claims')\nfor n in range(3):"
        " log.append(t.attempt(n))\nos.write(log._shard._segment.descriptor,"
        " b'{\"torn')\nos.kill(os.getpid(), 9)"
    )
    crashed = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path), str(Path(__file__).parent)],
        check=False,
    )
    assert crashed.returncode == -signal.SIGKILL
    assert any(
        "middle of a record" in problem.text
        for problem in verify(tmp_path, TRUSTED).problems
    )
    with AuditLog.open(tmp_path, signer=SIGNER, deployment="claims") as log:
        log.append(attempt(3))
    found = verify(tmp_path, TRUSTED)
    assert (found.problems, found.records, found.segments) == ((), 4, 2)


@pytest.mark.parametrize("survivor", ["compressed file", "manifest", "checkpoint"])
def test_a_crash_in_the_middle_of_sealing_is_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, survivor: str
) -> None:
    """Kill the sealing after each of its durable steps; the next open finishes it
    without losing or doubling."""
    steps = {"compressed file": 1, "manifest": 2, "checkpoint": 3}[survivor]
    log = AuditLog.open(tmp_path, signer=SIGNER, deployment="claims")
    log.append(attempt(0))
    real, done = shard_module.write_durably, []

    def write_then_die(path: Path, content: bytes) -> None:
        if len(done) == steps:
            raise KeyboardInterrupt
        done.append(path)
        real(path, content)

    monkeypatch.setattr(shard_module, "write_durably", write_then_die)
    monkeypatch.setattr(
        shard_module.Path,
        "unlink",
        lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt),
    )
    with pytest.raises(KeyboardInterrupt):
        log.seal()
    monkeypatch.undo()
    os.close(log._shard._lock)
    assert verify(tmp_path, TRUSTED).intact, (
        "a crash is not a problem, whether or not anybody writes on"
    )
    with AuditLog.open(tmp_path, signer=SIGNER, deployment="claims") as again:
        again.append(attempt(1))
        assert verify(tmp_path, TRUSTED).intact
    found = verify(tmp_path, TRUSTED)
    assert (found.problems, found.records) == ((), 2)


def test_a_full_disk_refuses_the_record_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with AuditLog.open(tmp_path, signer=SIGNER, deployment="claims") as log:
        log.append(attempt(0))
        real = os.write
        monkeypatch.setattr(
            shard_module.os, "write", lambda fd, data: real(fd, data[: len(data) // 2])
        )
        with pytest.raises(AuditWriteError, match="only a part"):
            log.append(attempt(1))
        monkeypatch.undo()
        log.append(attempt(2))
    found = verify(tmp_path, TRUSTED)
    assert (found.problems, found.records) == ((), 2)


def test_after_a_failed_sync_nothing_more_is_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = AuditLog.open(tmp_path, signer=SIGNER, deployment="claims")

    def fail(_: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(shard_module.os, "fdatasync", fail)
    with pytest.raises(AuditWriteError, match="Input/output error"):
        log.append(attempt(0))
    monkeypatch.undo()
    with pytest.raises(AuditWriteError, match="Input/output error"):
        log.append(attempt(1))
    log.close()


def test_a_closed_log_takes_nothing(tmp_path: Path) -> None:
    log = AuditLog.open(tmp_path, signer=SIGNER, deployment="claims")
    log.close()
    log.close()
    with pytest.raises(AuditWriteError, match="closed"):
        log.append(attempt(0))


def test_a_forked_process_is_refused(tmp_path: Path) -> None:
    with AuditLog.open(tmp_path, signer=SIGNER, deployment="claims") as log:
        log._shard._pid += 1
        with pytest.raises(AuditWriteError, match="forked"):
            log.append(attempt(0))
        log._shard._pid -= 1


def test_threads_lose_and_double_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shard_module, "SEGMENT_RECORDS", 7)
    with AuditLog.open(
        tmp_path, signer=SIGNER, deployment="claims", durability="batch"
    ) as log:
        threads = [
            threading.Thread(target=lambda: [log.append(attempt(n)) for n in range(25)])
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    found = verify(tmp_path, TRUSTED)
    assert (found.problems, found.records) == ((), 200)


def test_two_writers_take_a_shard_each(tmp_path: Path) -> None:
    with (
        AuditLog.open(tmp_path, signer=SIGNER, deployment="claims") as one,
        AuditLog.open(tmp_path, signer=SIGNER, deployment="claims") as two,
    ):
        one.append(attempt(0))
        two.append(attempt(1))
    found = verify(tmp_path, TRUSTED)
    assert (found.problems, found.records, found.shards) == ((), 2, 2)


def test_another_deployments_log_is_not_written_to(small: Path) -> None:
    with pytest.raises(AuditError, match="belongs to deployment `claims`"):
        AuditLog.open(small, signer=SIGNER, deployment="billing")


def test_a_stream_that_began_is_a_record_of_its_own(tmp_path: Path) -> None:
    with AuditLog.open(tmp_path, signer=SIGNER, deployment="claims") as log:
        log.append(
            Opened(
                time="2026-11-22T10:00:00.000000Z",
                request_id="req_1",
                attempt=1,
                deployment="claims",
                deployment_digest="sha256:" + "0" * 64,
                constitution="sha256:" + "1" * 64,
                route="gcp-us",
                streamed=True,
            )
        )
    assert verify(tmp_path, TRUSTED).records == 1


def test_a_signing_key_is_made_once_and_private(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "audit.pem"
    first = load_or_create(path)
    assert load_or_create(path).keyid == first.keyid
    assert path.stat().st_mode & 0o777 == 0o600
    assert TrustedKeys.from_pem(
        path.with_name("audit.pem.pub").read_bytes()
    ).keyids == (first.keyid,)


def test_a_key_that_replaces_another_keeps_its_public_half(tmp_path: Path) -> None:
    path = tmp_path / "audit.pem"
    first = load_or_create(path)
    path.unlink()
    second = load_or_create(path)
    assert set(TrustedKeys.from_pem(earlier_keys(path)).keyids) == {
        first.keyid,
        second.keyid,
    }


@pytest.mark.parametrize("mode", [0o644, 0o660, 0o602, 0o777])
def test_a_key_that_others_may_read_or_change_is_refused(
    tmp_path: Path, mode: int
) -> None:
    path = tmp_path / "audit.pem"
    load_or_create(path)
    path.chmod(mode)
    with pytest.raises(AuditError, match=f"has mode {mode:04o}"):
        load_or_create(path)


def test_a_key_that_a_group_may_read_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "audit.pem"
    made = load_or_create(path)
    path.chmod(0o440)
    assert load_or_create(path).keyid == made.keyid


def test_a_file_that_is_no_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "audit.pem").write_text("nonsense")
    with pytest.raises(AuditError, match="cannot be used"):
        load_or_create(tmp_path / "audit.pem")


@given(st.lists(st.binary(max_size=8), max_size=40))
def test_the_incremental_root_equals_the_definition_in_rfc_6962(
    lines: list[bytes],
) -> None:
    import hashlib

    def root(leaves: list[bytes]) -> bytes:
        if not leaves:
            return hashlib.sha256(b"").digest()
        if len(leaves) == 1:
            return leaf_hash(leaves[0])
        split = 1 << (len(leaves) - 1).bit_length() - 1
        return hashlib.sha256(
            b"\x01" + root(leaves[:split]) + root(leaves[split:])
        ).digest()

    tree = MerkleTree()
    for line in lines:
        tree.append(leaf_hash(line))
    assert tree.root() == root(lines)
