"""One shard of a log, held by this process: its lock, its segments one after another,
when they are forced to disk and when they are sealed.

A shard that a crash left open is sealed as it was found. A shard that is not as its
checkpoint says is not written to: what is appended and signed would hide what was
removed.
"""

import fcntl
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Literal

import msgspec
import zstandard

from trivium.audit.checkpoint import CheckpointFile, LogSigner
from trivium.audit.layout import (
    LOCK,
    MANIFEST,
    OPEN,
    SEALED,
    SHARDS,
    ZERO,
    open_file,
    read_file,
    segment_path,
)
from trivium.audit.record import FORMAT, AuditRecord
from trivium.audit.seal import MANIFEST_TYPE, Manifest, ShardHead, leaf_hash
from trivium.audit.segment import Segment, TornWriteError
from trivium.durable import write_durably
from trivium.errors import AuditError, AuditWriteError
from trivium.vocabulary.envelope import TrustedKeys, canonical, digest, seal, unseal

SEGMENT_RECORDS = 10_000
"""A segment is sealed after so many records …"""
SEGMENT_S = 60.0
"""… or when its first record is so old, so that no more than a minute of a log is ever
unsigned."""
BATCH_S = 1.0
"""With durability `batch`, a record is on disk after so many seconds at the latest."""

Durability = Literal["sync", "batch"]


class Shard:
    """One shard, from claiming it to releasing it. Thread-safe."""

    def __init__(
        self,
        directory: Path,
        log: str,
        *,
        signer: LogSigner,
        durability: Durability,
        checkpoint: CheckpointFile,
        clock: Callable[[], str],
    ) -> None:
        """Claim the first free shard of the log in `directory`, whose digest is `log`.
        Raises `AuditError` or `OSError`."""
        self._path, self._lock = _claimed(directory)
        self._log = log
        self._signer = signer
        self._durability = durability
        self._checkpoint = checkpoint
        self._clock = clock
        self._mutex = threading.RLock()
        self._sync_mutex = threading.Lock()
        self._broken: str | None = None
        """Why nothing more can be kept; None while the shard works."""
        self._closed = False
        self._pid = os.getpid()
        self._seal_timer: threading.Timer | None = None
        self._sync_timer: threading.Timer | None = None
        try:
            self._resume()
        except BaseException:
            os.close(self._lock)
            raise

    def append(self, record: AuditRecord) -> None:
        """Keep one record, as durably as demanded. Raises `AuditWriteError`."""
        with self._mutex:
            self._require_usable()
            try:
                self._segment.append(record)
            except TornWriteError as error:
                raise _refused(self._path, str(error)) from error
            except OSError as error:
                reason = error.strerror or "write failed"
                raise _refused(self._path, reason) from error

            ticket = self._segment.next_seq
            if self._segment.count >= SEGMENT_RECORDS:
                self._seal_or_break()
            elif self._segment.count == 1:
                self._seal_timer = _later(SEGMENT_S, self._seal_quietly)
        if self._durability == "sync":
            self._make_durable(ticket)
        else:
            self._make_durable_soon()

    def stated(self) -> set[str]:
        """Digests of the documents that the log states: in this shard, or in what the
        others had sealed when it was opened."""
        with self._mutex:
            return self._elsewhere | self._stated | self._segment.stated

    def seal(self) -> None:
        """Seal what was appended so far. Raises `AuditWriteError`."""
        with self._mutex:
            self._require_usable()
            self._seal_or_break()

    def close(self) -> None:
        """Seal, and release the shard."""
        if self._pid != os.getpid():
            return  # the process that this one was forked from still writes it
        with self._mutex:
            if self._closed:
                return
            self._closed = True
            for timer in filter(None, (self._seal_timer, self._sync_timer)):
                timer.cancel()
            try:
                if not self._broken:
                    self._seal_or_break()
            finally:
                self._segment.close()
                os.close(self._lock)

    # Resuming

    def _resume(self) -> None:
        """Find out how far the shard has come; seal what a crash left open."""
        self._head: ShardHead | None = None
        self._stated: set[str] = set()
        """Digests of the documents that its sealed segments state."""
        number, next_seq, leaf = 1, 1, ZERO
        last = _last_manifest(self._path, self._checkpoint.trusted)
        if last:
            envelope, manifest = last
            number, next_seq = manifest.segment + 1, manifest.first_seq + manifest.count
            leaf = _last_leaf(self._path, manifest)
            self._stated = set(manifest.stated)
            self._head = ShardHead(
                segments=manifest.segment, records=next_seq - 1, head=digest(envelope)
            )
        self._require_latest_checkpoint()
        self._require_checkpoint(last[1] if last else None)
        if last:
            # A crash after sealing left it.
            sealed = segment_path(self._path, last[1].segment, OPEN)
            sealed.unlink(missing_ok=True)

        self._begin(number, next_seq, leaf)
        dropped = self._segment.replay()
        if self._segment.count or dropped:
            self._write_sealed(dropped_bytes=dropped)

    def _begin(self, number: int, next_seq: int, leaf: str) -> None:
        """Start the next segment."""
        self._segment = Segment(self._path, number, first_seq=next_seq, leaf=leaf)
        self._synced = next_seq

    def _require_latest_checkpoint(self) -> None:
        """No segment of any shard was sealed after a later checkpoint than there is;
        notes which documents they state. Raises `AuditError`."""
        found = list(_last_manifests(self._path.parent, self._checkpoint.trusted))
        self._elsewhere = {one for last in found for one in last.stated}
        sealed_after = max((last.checkpoint for last in found), default=0)
        # Asked last, because other processes may seal meanwhile.
        number = self._checkpoint.number()
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
        unfinished = last and _crashed_before_checkpoint(self._path, last, said)
        if self._head is None or not unfinished:
            raise self._checkpoint.disagrees(
                f"shard {self._path.name} has {_extent(self._head)}, the checkpoint saw"
                f" {_extent(said)}"
            )
        self._checkpoint.advance(self._path.name, after=said, to=self._head)

    # Durability

    def _make_durable(self, ticket: int) -> None:
        """One fdatasync serves every thread that was waiting for it."""
        with self._sync_mutex:
            if self._synced >= ticket:
                return
            with self._mutex:
                self._require_unbroken()
                written = self._segment.next_seq
                descriptor = os.dup(self._segment.descriptor)
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
        """Have the records reach the disk within the time that `batch` allows."""
        with self._mutex:
            if not (self._sync_timer and self._sync_timer.is_alive()):
                self._sync_timer = _later(BATCH_S, self._sync_quietly)

    def _sync_quietly(self) -> None:
        """Bring records to the disk; a failure shows at the next append."""
        # A failure marks the shard broken, and the next append raises.
        with suppress(AuditWriteError, OSError):
            self._make_durable(self._segment.next_seq)

    # Sealing

    def _seal_quietly(self) -> None:
        """Seal the segment; a failure shows at the next append."""
        with self._mutex:
            if not self._closed and not self._broken:
                with suppress(AuditWriteError):
                    self._seal_or_break()

    def _seal_or_break(self) -> None:
        """Seal the open segment, if it has a line. After a failure nothing more is
        kept. Raises `AuditWriteError`."""
        try:
            self._segment.mend()
            if self._segment.count:
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
        sealed = self._segment
        sealed.sync()
        compressor = zstandard.ZstdCompressor(level=3, write_checksum=True)
        packed = compressor.compress(sealed.content())
        manifest = self._manifest(sealed, packed, dropped_bytes)
        envelope = seal(MANIFEST_TYPE, canonical(manifest), self._signer)

        write_durably(segment_path(self._path, sealed.number, SEALED), packed)
        write_durably(segment_path(self._path, sealed.number, MANIFEST), envelope)
        head = ShardHead(
            segments=sealed.number, records=sealed.next_seq - 1, head=digest(envelope)
        )
        self._checkpoint.advance(self._path.name, after=self._head, to=head)
        self._head = head
        self._stated |= sealed.stated

        self._begin(sealed.number + 1, sealed.next_seq, sealed.last_leaf)
        sealed.remove()

    def _manifest(self, sealed: Segment, packed: bytes, dropped_bytes: int) -> Manifest:
        """What is signed of a segment."""
        return Manifest(
            format=FORMAT,
            log=self._log,
            shard=self._path.name,
            segment=sealed.number,
            first_seq=sealed.first_seq,
            count=sealed.count,
            root=sealed.tree.root().hex(),
            file_digest=digest(packed),
            previous=self._head.head if self._head else "",
            first_time=sealed.first_time,
            last_time=sealed.last_time,
            closed_at=self._clock(),
            dropped_bytes=dropped_bytes,
            checkpoint=self._checkpoint.number(),
            stated=tuple(sorted(self._stated | sealed.stated)),
        )

    def _require_usable(self) -> None:
        """Raise for a log that was closed, or that a fork inherited."""
        if self._closed:
            raise _refused(self._path, "the log is closed")
        if self._pid != os.getpid():
            raise _refused(
                self._path, "this process was forked from the one that opened the log"
            )
        self._require_unbroken()

    def _require_unbroken(self) -> None:
        """Raise for a log that failed to keep a record before."""
        if self._broken:
            raise _refused(self._path, self._broken)


def _claimed(directory: Path) -> tuple[Path, int]:
    """The first shard that no other process holds, and the descriptor that holds it."""
    for number in range(SHARDS):
        path = directory / f"{number:02x}"
        path.mkdir(exist_ok=True, mode=0o700)
        descriptor = open_file(path / LOCK, os.O_RDWR | os.O_CREAT)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            continue
        return path, descriptor
    raise AuditError(
        f"{SHARDS} processes already write the audit log in {directory}, which is as"
        " many as one log can have.",
        next_step="Give some of them another directory (TRIVIUM_AUDIT_DIR).",
    )


def _last_manifest(shard: Path, trusted: TrustedKeys) -> tuple[bytes, Manifest] | None:
    """The envelope and the content of the newest manifest. Raises `AuditError` where it
    does not hold."""
    files = sorted(shard.glob(f"*.{MANIFEST}"))
    if not files:
        return None
    envelope = read_file(files[-1])
    try:
        payload = unseal(envelope, MANIFEST_TYPE, trusted)
        return envelope, msgspec.json.decode(payload, type=Manifest)
    except ValueError as error:
        raise AuditError(
            f"The last manifest of the audit log, {files[-1]}, does not hold ({error}),"
            " so nothing can be appended to it.",
            next_step=(
                "Run `trivium audit verify`, keep the directory as evidence, and write"
                " to another one. If the signing key was changed, add the earlier"
                " public key to the file that is named like the new key and `.pub`."
            ),
        ) from error


def _last_manifests(directory: Path, trusted: TrustedKeys) -> Iterator[Manifest]:
    """Each shard's last manifest.

    A manifest that does not hold is passed over here: the process that continues its
    shard refuses, and `verify` reports it.
    """
    for shard in directory.glob("[0-9a-f][0-9a-f]"):
        with suppress(AuditError, OSError):
            last = _last_manifest(shard, trusted)
            if last:
                yield last[1]


def _last_leaf(shard: Path, manifest: Manifest) -> str:
    """Leaf hash of the last record of a sealed segment."""
    path = segment_path(shard, manifest.segment, SEALED)
    packed = read_file(path)
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
    return leaf_hash(lines[-1]).hex() if lines else ZERO


def _crashed_before_checkpoint(
    shard: Path, last: Manifest, said: ShardHead | None
) -> bool:
    """Whether `last` is the one segment that follows what the checkpoint saw, and its
    sealing never finished: the next segment is begun only after the checkpoint."""
    seen = said or ShardHead(segments=0, records=0, head="")
    expected = (seen.segments + 1, seen.records + 1, seen.head)
    follows = expected == (last.segment, last.first_seq, last.previous)
    begun = segment_path(shard, last.segment + 1, OPEN).exists()
    return follows and segment_path(shard, last.segment, OPEN).exists() and not begun


def _later(seconds: float, action: Callable[[], None]) -> threading.Timer:
    """Run it once, after so many seconds."""
    timer = threading.Timer(seconds, action)
    timer.daemon = True
    timer.start()
    return timer


def _extent(head: ShardHead | None) -> str:
    """A head in words."""
    if head is None:
        return "nothing"
    return f"{head.records} records in {head.segments} segments"


def _refused(path: Path, reason: str) -> AuditWriteError:
    """The error that a record could not be kept."""
    return AuditWriteError(
        f"The audit record could not be kept in {path}: {reason}. The request is"
        " refused, because nothing may be answered that is not recorded.",
        next_step=(
            "Free the disk or repair the mount, and open the log in the process that"
            " writes it."
        ),
    )
