"""The audit log: records appended to a shard, sealed into signed segments.

Law 3: nothing is answered that is not recorded, so `append` returns only when the
record is kept as durably as the deployment demands, and raises `AuditWriteError`
otherwise. The layout on disk is specified in docs/audit-format.md.

One process writes one shard, held by a lock; several processes on one directory take a
shard each. A log that a crash left open is sealed as it was found by the next process
that opens it. A log that is not as its checkpoint says is not written to: what is
appended and signed would hide what was removed.
"""

import fcntl
import os
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec
import zstandard

from trivium.audit.checkpoint import CheckpointFile, LogSigner, locked
from trivium.audit.record import FORMAT, AuditRecord
from trivium.audit.seal import (
    MANIFEST_TYPE,
    LogIdentity,
    Manifest,
    MerkleTree,
    ShardHead,
    leaf_hash,
)
from trivium.durable import sync_directory, write_durably
from trivium.errors import AuditError, AuditWriteError
from trivium.vocabulary.envelope import TrustedKeys, canonical, digest, seal, unseal

SEGMENT_RECORDS = 10_000
"""A segment is sealed after so many records …"""
SEGMENT_S = 60.0
"""… or when its first record is so old, so that no more than a minute of a log is ever
unsigned."""
BATCH_S = 1.0
"""With durability `batch`, a record is on disk after so many seconds at the latest."""

# processes that can write one log at the same time; shard names are two hex digits
_SHARDS = 256
_ENCODER = msgspec.json.Encoder(order="sorted")
_ZERO = "0" * 64


class AuditLog:
    """An open log. Thread-safe; use as a context manager, or call `close()`, which
    seals."""

    def __init__(self, shard: "_Shard") -> None:
        self._shard = shard

    @classmethod
    def open(
        cls,
        directory: Path,
        *,
        signer: LogSigner,
        deployment: str,
        earlier_keys: bytes = b"",
        durability: Literal["sync", "batch"] = "sync",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> "AuditLog":
        """Open or create the log in `directory`. `earlier_keys`: public keys (PEM) that
        it was signed with before.

        Raises `AuditError` when it belongs to another deployment, is not as its
        checkpoint says, or cannot be used.
        """

        def now() -> str:
            return _rfc3339(clock())

        try:
            log = digest(_identity(directory, deployment, now))
            checkpoint = CheckpointFile(
                directory, log, signer, earlier_keys=earlier_keys, clock=now
            )
            shard = _Shard(_claim(directory), log, signer, durability, checkpoint, now)
        except OSError as error:
            raise AuditError(
                f"The audit log in {directory} cannot be opened: {error.strerror}.",
                next_step=(
                    "Give the process a writable directory with free space"
                    " (TRIVIUM_AUDIT_DIR)."
                ),
            ) from error
        return cls(shard)

    def append(self, record: AuditRecord) -> None:
        """Keep one record. Returns when it is as durable as demanded; raises
        `AuditWriteError` otherwise."""
        self._shard.append(record)

    def seal(self) -> None:
        """Seal what has been appended so far, so that `verify` covers it."""
        self._shard.seal()

    def close(self) -> None:
        """Seal and release the shard. Appending afterwards raises."""
        self._shard.close()

    def __enter__(self) -> "AuditLog":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def segment_name(segment: int) -> str:
    """The stem of a segment's files: twelve digits."""
    return f"{segment:012d}"


class _Shard:
    """One shard, held by this process."""

    def __init__(
        self,
        claimed: tuple[Path, int],
        log: str,
        signer: LogSigner,
        durability: Literal["sync", "batch"],
        checkpoint: CheckpointFile,
        clock: Callable[[], str],
    ) -> None:
        self._path, self._lock_fd = claimed
        self._log = log
        self._signer = signer
        self._durability = durability
        self._checkpoint = checkpoint
        self._clock = clock
        self._mutex = threading.RLock()
        self._sync_mutex = threading.Lock()
        self._broken: str | None = None
        self._closed = False
        self._pid = os.getpid()
        self._torn = False
        """Ctrl-C came between a line and what is remembered of it: the file tells how
        far it is."""
        self._seal_timer: threading.Timer | None = None
        self._sync_timer: threading.Timer | None = None
        try:
            self._resume()
        except BaseException:
            os.close(self._lock_fd)
            raise

    def append(self, record: AuditRecord) -> None:
        with self._mutex:
            self._require_usable()
            self._mend()
            line = _line(record, seq=self._next_seq, previous=self._last_leaf)
            self._torn = True
            self._write(line)
            self._advance(line, record.time)
            self._torn = False
            ticket = self._next_seq
            if self._tree.count >= SEGMENT_RECORDS:
                self._seal_or_break()
            elif self._tree.count == 1:
                self._seal_timer = _later(SEGMENT_S, self._seal_quietly)
        if self._durability == "sync":
            self._make_durable(ticket)
        else:
            self._make_durable_soon()

    def seal(self) -> None:
        with self._mutex:
            self._require_usable()
            self._seal_or_break()

    def close(self) -> None:
        if self._pid != os.getpid():
            return  # the process that this one was forked from still writes it
        with self._mutex:
            if self._closed:
                return
            self._closed = True
            for timer in (self._seal_timer, self._sync_timer):
                if timer:
                    timer.cancel()
            try:
                if not self._broken:
                    self._seal_or_break()
            finally:
                os.close(self._fd)
                if not self._tree.count:
                    self._open_path.unlink(missing_ok=True)
                os.close(self._lock_fd)

    def _resume(self) -> None:
        """Find out how far the shard has come; seal what a crash left open."""
        self._segment, self._next_seq, self._previous = 1, 1, ""
        self._last_leaf = _ZERO
        self._head: ShardHead | None = None
        last = _last_manifest(self._path, self._checkpoint.trusted)
        if last:
            envelope, manifest = last
            self._segment = manifest.segment + 1
            self._next_seq = manifest.first_seq + manifest.count
            self._previous = digest(envelope)
            self._last_leaf = _last_leaf(self._path, manifest)
            self._head = ShardHead(
                segments=manifest.segment,
                records=self._next_seq - 1,
                head=self._previous,
            )
        self._require_latest_checkpoint()
        self._require_checkpoint(last[1] if last else None)
        if last:
            _open_file(self._path, last[1].segment).unlink(
                missing_ok=True
            )  # a crash after sealing left it
        self._start_segment()
        dropped = self._replay()
        if self._tree.count or dropped:
            self._write_sealed(dropped_bytes=dropped)

    def _require_latest_checkpoint(self) -> None:
        """No segment of any shard was sealed after a later checkpoint than there is.
        Raises `AuditError`."""
        sealed_after = max(
            _checkpoints_named(self._path.parent, self._checkpoint.trusted), default=0
        )
        number = (
            self._checkpoint.number()
        )  # asked last: other processes may seal meanwhile
        if number < sealed_after:
            raise self._checkpoint.disagrees(
                f"it has number {number}, and a segment was sealed after {sealed_after}"
            )

    def _require_checkpoint(self, last: Manifest | None) -> None:
        """The checkpoint saw exactly what is here, or a crash kept the last segment
        from it. Raises `AuditError`."""
        said = self._checkpoint.head_of(self._path.name)
        if said == self._head:
            return
        if (
            last is None
            or self._head is None
            or not _crashed_before_checkpoint(self._path, last, said)
        ):
            there = (
                f"{self._head.records} records in {self._head.segments} segments"
                if self._head
                else "nothing"
            )
            saw = (
                f"{said.records} records in {said.segments} segments"
                if said
                else "nothing"
            )
            raise self._checkpoint.disagrees(
                f"shard {self._path.name} has {there}, the checkpoint saw {saw}"
            )
        self._checkpoint.advance(self._path.name, after=said, to=self._head)

    def _start_segment(self) -> None:
        self._open_path = _open_file(self._path, self._segment)
        # Never through a link: whoever laid it chose where the records go, and what is
        # sealed as if it were theirs.
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        self._fd = os.open(self._open_path, flags, 0o600)
        sync_directory(self._path)
        self._tree = MerkleTree()
        self._first_seq = self._next_seq
        self._leaf_before = self._last_leaf
        self._size = 0
        self._synced = self._next_seq
        self._first_time = self._last_time = ""

    def _mend(self) -> None:
        """Where an append was interrupted, read the open segment again: a whole line
        counts, a torn one is cut off."""
        if self._torn:
            self._tree = MerkleTree()
            self._next_seq, self._last_leaf, self._size = (
                self._first_seq,
                self._leaf_before,
                0,
            )
            self._first_time = self._last_time = ""
            self._replay()
            self._torn = False

    def _replay(self) -> int:
        """Read the lines that a crash left in the open segment; returns the bytes of a
        torn last line, cut off."""
        content = self._open_path.read_bytes()
        kept = 0
        for line in content.split(b"\n")[:-1]:
            self._advance(line, _time_of(line))
            kept += len(line) + 1
        os.ftruncate(self._fd, kept)
        return len(content) - kept

    def _advance(self, line: bytes, moment: str) -> None:
        leaf = leaf_hash(line)
        self._tree.append(leaf)
        self._last_leaf = leaf.hex()
        self._next_seq += 1
        self._size += len(line) + 1
        self._first_time = self._first_time or moment
        self._last_time = moment

    def _write(self, line: bytes) -> None:
        data = line + b"\n"
        try:
            written = os.write(self._fd, data)
            if written == len(data):
                return
            reason = "the disk took only a part of the record"
        except OSError as error:
            reason = error.strerror or "write failed"
            cause: OSError | None = error
        else:
            cause = None
        with suppress(OSError):
            os.ftruncate(self._fd, self._size)
            self._torn = False
        raise _refused(self._path, reason) from cause

    def _make_durable(self, ticket: int) -> None:
        """One fdatasync serves every thread that was waiting for it."""
        with self._sync_mutex:
            if self._synced >= ticket:
                return
            with self._mutex:
                self._require_unbroken()
                written = self._next_seq
                descriptor = os.dup(self._fd)
            try:
                os.fdatasync(descriptor)
            except OSError as error:
                # After a failed sync the kernel may have dropped the pages: nothing
                # about the file is certain now.
                self._broken = f"{error.strerror} while writing to disk"
                raise _refused(self._path, self._broken) from error
            finally:
                os.close(descriptor)
            self._synced = max(self._synced, written)

    def _make_durable_soon(self) -> None:
        with self._mutex:
            if not (self._sync_timer and self._sync_timer.is_alive()):
                self._sync_timer = _later(BATCH_S, self._sync_quietly)

    def _sync_quietly(self) -> None:
        with suppress(
            AuditWriteError, OSError
        ):  # a failure marks the shard broken, and the next append raises
            self._make_durable(self._next_seq)

    def _seal_quietly(self) -> None:
        with self._mutex:
            if not self._closed and not self._broken:
                with suppress(AuditWriteError):
                    self._seal_or_break()

    def _seal_or_break(self) -> None:
        try:
            self._mend()
            if self._tree.count:
                self._write_sealed(dropped_bytes=0)
        except OSError as error:
            self._broken = f"{error.strerror} while sealing"
            raise _refused(self._path, self._broken) from error
        except AuditError as error:
            self._broken = error.message.rstrip(".")
            raise _refused(self._path, self._broken) from error

    def _write_sealed(self, *, dropped_bytes: int) -> None:
        """Compressed file, then manifest, then checkpoint, each durable before the
        next; then the open file goes."""
        if self._seal_timer:
            self._seal_timer.cancel()
        os.fsync(self._fd)
        packed = zstandard.ZstdCompressor(level=3, write_checksum=True).compress(
            self._open_path.read_bytes()
        )
        manifest = Manifest(
            format=FORMAT,
            log=self._log,
            shard=self._path.name,
            segment=self._segment,
            first_seq=self._first_seq,
            count=self._tree.count,
            root=self._tree.root().hex(),
            file_digest=digest(packed),
            previous=self._previous,
            first_time=self._first_time,
            last_time=self._last_time,
            closed_at=self._clock(),
            dropped_bytes=dropped_bytes,
            checkpoint=self._checkpoint.number(),
        )
        envelope = seal(MANIFEST_TYPE, canonical(manifest), self._signer)
        stem = segment_name(self._segment)
        write_durably(self._path / f"{stem}.ndjson.zst", packed)
        write_durably(self._path / f"{stem}.manifest.json", envelope)
        head = ShardHead(
            segments=self._segment, records=self._next_seq - 1, head=digest(envelope)
        )
        self._checkpoint.advance(self._path.name, after=self._head, to=head)
        self._head = head
        sealed_path, sealed_fd = self._open_path, self._fd
        self._segment += 1
        self._previous = digest(envelope)
        self._start_segment()
        os.close(sealed_fd)
        sealed_path.unlink()

    def _require_usable(self) -> None:
        if self._closed:
            raise _refused(self._path, "the log is closed")
        if self._pid != os.getpid():
            raise _refused(
                self._path, "this process was forked from the one that opened the log"
            )
        self._require_unbroken()

    def _require_unbroken(self) -> None:
        if self._broken:
            raise _refused(self._path, self._broken)


def _identity(directory: Path, deployment: str, clock: Callable[[], str]) -> bytes:
    """The bytes of `log.json`, made when there is none."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = directory / "log.json"
    with locked(directory / "lock"):
        if not path.exists():
            identity = LogIdentity(
                format=FORMAT,
                log=secrets.token_hex(16),
                deployment=deployment,
                created_at=clock(),
            )
            write_durably(path, canonical(identity))
        content = path.read_bytes()
    try:
        found = msgspec.json.decode(content, type=LogIdentity)
    except ValueError as error:
        raise AuditError(
            f"{path} cannot be read: {error}.",
            next_step="Run `trivium audit verify`; write to another directory.",
        ) from error
    if found.deployment != deployment or found.format != FORMAT:
        raise AuditError(
            f"{path} belongs to deployment `{found.deployment}` (format"
            f" {found.format}), not to `{deployment}` (format {FORMAT}).",
            next_step=(
                "Give each deployment a directory of its own (TRIVIUM_AUDIT_DIR)."
            ),
        )
    return content


def _claim(directory: Path) -> tuple[Path, int]:
    """The first shard that no other process holds, and the descriptor that holds it."""
    for number in range(_SHARDS):
        path = directory / f"{number:02x}"
        path.mkdir(exist_ok=True, mode=0o700)
        descriptor = os.open(
            path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            continue
        return path, descriptor
    raise AuditError(
        f"{_SHARDS} processes already write the audit log in {directory}.",
        next_step="Give some of them another directory (TRIVIUM_AUDIT_DIR).",
    )


def _last_manifest(shard: Path, trusted: TrustedKeys) -> tuple[bytes, Manifest] | None:
    files = sorted(shard.glob("*.manifest.json"))
    if not files:
        return None
    envelope = files[-1].read_bytes()
    try:
        return envelope, msgspec.json.decode(
            unseal(envelope, MANIFEST_TYPE, trusted), type=Manifest
        )
    except ValueError as error:
        raise AuditError(
            f"The last manifest of the audit log, {files[-1]}, does not hold ({error}),"
            " so nothing can be appended to it.",
            next_step=(
                "Run `trivium audit verify`, keep the directory as evidence, and write"
                " to another one. If the signing key was changed, put the earlier"
                " public key beside the new one, into the file that is named like the"
                " key and `.pub`."
            ),
        ) from error


def _checkpoints_named(directory: Path, trusted: TrustedKeys) -> Iterator[int]:
    """The checkpoint that each shard's last manifest names. One that does not hold says
    nothing here: whoever goes on with its shard is told, and `verify` tells
    everybody."""
    for shard in directory.glob("[0-9a-f][0-9a-f]"):
        with suppress(AuditError, OSError):
            last = _last_manifest(shard, trusted)
            if last:
                yield last[1].checkpoint


def _last_leaf(shard: Path, manifest: Manifest) -> str:
    """Leaf hash of the last record of a sealed segment."""
    path = shard / f"{segment_name(manifest.segment)}.ndjson.zst"
    packed = path.read_bytes()
    if digest(packed) != manifest.file_digest:
        raise AuditError(
            f"The last segment of the audit log, {path}, was changed, so nothing can be"
            " appended to it.",
            next_step=(
                "Run `trivium audit verify`, keep the directory as evidence, and write"
                " to another one."
            ),
        )
    lines = zstandard.ZstdDecompressor().decompress(packed).split(b"\n")[:-1]
    return leaf_hash(lines[-1]).hex() if lines else _ZERO


def _crashed_before_checkpoint(
    shard: Path, last: Manifest, said: ShardHead | None
) -> bool:
    """Whether `last` is the one segment that follows what the checkpoint saw, its
    sealing never finished."""
    seen = said or ShardHead(segments=0, records=0, head="")
    follows = (seen.segments + 1, seen.records + 1, seen.head) == (
        last.segment,
        last.first_seq,
        last.previous,
    )
    return follows and _open_file(shard, last.segment).exists()


def _later(seconds: float, action: Callable[[], None]) -> threading.Timer:
    timer = threading.Timer(seconds, action)
    timer.daemon = True
    timer.start()
    return timer


def _open_file(shard: Path, segment: int) -> Path:
    return shard / f"{segment_name(segment)}.ndjson.open"


def _line(record: AuditRecord, *, seq: int, previous: str) -> bytes:
    return _ENCODER.encode({"previous": previous, "record": record, "seq": seq})


def _time_of(line: bytes) -> str:
    try:
        return str(msgspec.json.decode(line)["record"]["time"])
    except (ValueError, KeyError, TypeError):
        return ""  # a damaged line is sealed as it was found; `verify` reports it


def _refused(path: Path, reason: str) -> AuditWriteError:
    return AuditWriteError(
        f"The audit record could not be kept in {path}: {reason}. The request is"
        " refused, because nothing may be answered that is not recorded.",
        next_step=(
            "Free the disk or repair the mount, and open the log in the process that"
            " writes it."
        ),
    )


def _rfc3339(moment: datetime) -> str:
    return (
        moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    )
