"""One open segment: lines appended to a file, and their Merkle tree.

It knows neither locks nor timers nor checkpoints; the holder of the shard calls it from
one thread at a time.
"""

import os
from contextlib import suppress
from pathlib import Path

import msgspec

from trivium.audit.layout import OPEN, open_file, read_file, segment_path
from trivium.audit.record import AuditRecord, Stated
from trivium.audit.seal import MerkleTree, leaf_hash
from trivium.durable import sync_directory

_ENCODER = msgspec.json.Encoder(order="sorted")


class TornWriteError(Exception):
    """A line could not be written whole."""


class Segment:
    """The segment that a shard is writing."""

    def __init__(self, shard: Path, number: int, *, first_seq: int, leaf: str) -> None:
        """Open or create its file. `leaf`: the hash of the shard's last line before it.
        Raises `OSError`."""
        self.number = number
        self.path = segment_path(shard, number, OPEN)
        self.first_seq = first_seq
        # Never through a link: its maker would choose where the records go, and what is
        # sealed as if it were theirs.
        self.descriptor = open_file(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        sync_directory(shard)
        self._leaf_before = leaf
        self._torn = False
        """Ctrl-C came between a line and what is remembered of it; only the file says
        how far it is."""
        self._forget()

    @property
    def count(self) -> int:
        """Lines so far."""
        return self.tree.count

    def append(self, record: AuditRecord) -> None:
        """Write one line. Raises `TornWriteError` or `OSError`; the file is then as it
        was before."""
        self.mend()
        line = _line(record, seq=self.next_seq, previous=self.last_leaf)
        self._torn = True
        self._write(line + b"\n")
        self._advance(line, record.time)
        if isinstance(record, Stated):
            self.stated.add(record.digest)
        self._torn = False

    def replay(self) -> int:
        """Read the lines that a crash left; returns the bytes of a torn last line,
        which is cut off."""
        content = self.content()
        kept = 0
        for line in content.split(b"\n")[:-1]:
            self._advance(line, _time_of(line))
            self.stated |= stated_in(line)
            kept += len(line) + 1
        os.ftruncate(self.descriptor, kept)
        return len(content) - kept

    def mend(self) -> None:
        """Where an append was interrupted, read the file again: a whole line counts, a
        torn one is cut off."""
        if self._torn:
            self._forget()
            self.replay()
            self._torn = False

    def content(self) -> bytes:
        """Everything in its file."""
        return read_file(self.path)

    def sync(self) -> None:
        """Have everything on disk. Raises `OSError`."""
        os.fsync(self.descriptor)

    def close(self) -> None:
        """Close its file; one without a line is removed."""
        os.close(self.descriptor)
        if not self.count:
            self.path.unlink(missing_ok=True)

    def remove(self) -> None:
        """Close and remove its file, because it is sealed."""
        os.close(self.descriptor)
        self.path.unlink()

    def _forget(self) -> None:
        """Begin with what was there before its first line."""
        self.tree = MerkleTree()
        """The leaves of its lines."""
        self.stated: set[str] = set()
        """Digests of the documents that its lines state."""
        self.next_seq = self.first_seq
        """The number that the next line gets."""
        self.last_leaf = self._leaf_before
        self.first_time = self.last_time = ""
        self._size = 0

    def _advance(self, line: bytes, moment: str) -> None:
        """Take one line into the chain and the tree."""
        leaf = leaf_hash(line)
        self.tree.append(leaf)
        self.last_leaf = leaf.hex()
        self.next_seq += 1
        self._size += len(line) + 1
        self.first_time = self.first_time or moment
        self.last_time = moment

    def _write(self, data: bytes) -> None:
        """Write all of it or nothing."""
        try:
            if os.write(self.descriptor, data) == len(data):
                return
        except OSError:
            self._cut()
            raise
        self._cut()
        raise TornWriteError("the disk took only a part of the record")

    def _cut(self) -> None:
        """Cut off what was written in part; where that fails, `mend` will."""
        with suppress(OSError):
            os.ftruncate(self.descriptor, self._size)
            self._torn = False


def _line(record: AuditRecord, *, seq: int, previous: str) -> bytes:
    """A record as it stands in the file."""
    return _ENCODER.encode({"previous": previous, "record": record, "seq": seq})


def stated_in(line: bytes) -> set[str]:
    """The digest of the document that a line states, if it states one."""
    if b'"kind":"stated"' not in line:
        return set()
    try:
        record = msgspec.json.decode(line)["record"]
        return {str(record["digest"])} if record["kind"] == "stated" else set()
    except (ValueError, KeyError, TypeError):
        return set()  # a damaged line is sealed as it was found; `verify` reports it


def _time_of(line: bytes) -> str:
    """The `time` of a line that a crash left; "" where it cannot be read."""
    try:
        return str(msgspec.json.decode(line)["record"]["time"])
    except (ValueError, KeyError, TypeError):
        return ""  # a damaged line is sealed as it was found; `verify` reports it
