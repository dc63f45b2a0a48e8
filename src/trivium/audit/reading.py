"""Read a log behind a cursor, while it is written.

The log is the queue: events, uploads, samples and evidence are all made from what this
yields. A reader holds no lock and cannot slow the writer down. It never skips: what
does not continue where the cursor stands is an error, not a gap.

It checks the signature of every manifest, the digest of every sealed file and the chain
of every line. It is not `verify`: it does not look at what lies before the cursor, or
at the checkpoint.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
import zstandard

from trivium.audit.judging import Line, signed
from trivium.audit.layout import (
    IDENTITY,
    MANIFEST,
    OPEN,
    SEALED,
    SHARD,
    ZERO,
    read_file,
    segment_path,
)
from trivium.audit.record import AuditRecord
from trivium.audit.seal import MANIFEST_TYPE, LogIdentity, Manifest, leaf_hash
from trivium.errors import AuditError
from trivium.vocabulary.envelope import TrustedKeys, digest
from trivium.vocabulary.record import Record

_LINES = msgspec.json.Decoder(Line)


class Position(Record, frozen=True, kw_only=True):
    """How far one shard was read."""

    segment: int = 1
    """The segment that the last record read lies in."""
    seq: int = 0
    """Number of the last record read; 0 before the first."""
    leaf: str = ZERO
    """Leaf hash of its line."""


Cursor = Mapping[str, Position]
"""Shard → how far it was read. A shard that is absent was not read yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One record and its place."""

    shard: str
    segment: int
    seq: int
    leaf: str
    """Hex leaf hash of its line: with the log, a name that no other record has."""
    line: bytes
    """The line without its newline."""
    record: AuditRecord
    manifest: Manifest | None
    """Of its segment; None while the segment is open, and therefore unsigned."""

    @property
    def position(self) -> Position:
        """Where a cursor stands after this record."""
        return Position(segment=self.segment, seq=self.seq, leaf=self.leaf)


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedSegment:
    """A sealed segment as its two files."""

    shard: str
    number: int
    manifest: Manifest
    envelope: bytes
    """The manifest's file."""
    packed: bytes
    """The records' file."""


class LogReader:
    """Reads one log. Thread-safe: it keeps nothing but the log's identity."""

    def __init__(self, directory: Path, trusted: TrustedKeys) -> None:
        """`trusted`: every key that the log was signed with. Raises `AuditError` when
        there is no log."""
        self.directory = directory
        self._trusted = trusted
        try:
            content = read_file(directory / IDENTITY)
            identity = msgspec.json.decode(content, type=LogIdentity)
        except (OSError, ValueError) as error:
            raise AuditError(
                f"{directory} is not an audit log: {IDENTITY} cannot be read.",
                next_step="Name the directory that a client writes its log to.",
            ) from error
        self.log = digest(content)
        """Digest of `log.json`: cursors of another log do not fit."""
        self.deployment = identity.deployment

    def shards(self) -> tuple[str, ...]:
        """Names of the shards that there are now."""
        return tuple(
            sorted(
                entry.name
                for entry in self.directory.iterdir()
                if SHARD.match(entry.name) and entry.is_dir() and not entry.is_symlink()
            )
        )

    def entries(
        self, after: Cursor | None = None, *, sealed_only: bool = False
    ) -> Iterator[Entry]:
        """Records behind the cursor: shard by shard, each in its order.

        `sealed_only`: nothing of an open segment, which nobody has signed yet. Raises
        `AuditError` when the log does not continue where the cursor stands.
        """
        positions = after or {}
        for shard in self.shards():
            yield from self._shard(shard, positions.get(shard, Position()), sealed_only)

    def sealed(self, after: Mapping[str, int] | None = None) -> Iterator[SealedSegment]:
        """Sealed segments behind a number in each shard. Raises `AuditError` for one
        that does not hold."""
        numbers = after or {}
        for shard in self.shards():
            number = numbers.get(shard, 0) + 1
            while (found := self._sealed(shard, number)) is not None:
                yield found
                number += 1

    def _shard(
        self, shard: str, position: Position, sealed_only: bool
    ) -> Iterator[Entry]:
        """The records of one shard behind a position."""
        while True:
            found = self._sealed(shard, position.segment)
            if found is None:
                break
            lines = zstandard.ZstdDecompressor().decompress(found.packed)
            last = position
            for entry in self._lines(shard, lines, position, found.manifest):
                last = entry.position
                yield entry
            position = msgspec.structs.replace(last, segment=position.segment + 1)
        if sealed_only:
            return
        try:
            lines = read_file(segment_path(self._path(shard), position.segment, OPEN))
        except FileNotFoundError:
            if self._sealed(shard, position.segment) is not None:  # just now
                yield from self._shard(shard, position, sealed_only)
            return
        yield from self._lines(shard, lines, position, None)

    def _lines(
        self, shard: str, content: bytes, position: Position, manifest: Manifest | None
    ) -> Iterator[Entry]:
        """The lines of a segment behind the position; a torn last line is left out."""
        leaf, seq = position.leaf, position.seq
        for line in content.split(b"\n")[:-1]:
            try:
                decoded = _LINES.decode(line)
            except ValueError as error:
                raise self._broken(shard, seq + 1, "it is not an audit record") from (
                    error
                )
            if decoded.seq <= position.seq:
                if decoded.seq == position.seq and leaf_hash(line).hex() != leaf:
                    raise self._broken(shard, decoded.seq, "it was changed since")
                continue
            if decoded.seq != seq + 1 or decoded.previous != leaf:
                raise self._broken(
                    shard, decoded.seq, f"it does not follow record {seq}"
                )
            seq, leaf = decoded.seq, leaf_hash(line).hex()
            yield Entry(
                shard=shard,
                segment=position.segment,
                seq=seq,
                leaf=leaf,
                line=line,
                record=decoded.record,
                manifest=manifest,
            )

    def _sealed(self, shard: str, number: int) -> SealedSegment | None:
        """A sealed segment, checked against its manifest; None when it is not sealed
        yet."""
        path = self._path(shard)
        try:
            envelope = read_file(segment_path(path, number, MANIFEST))
            payload = signed(envelope, MANIFEST_TYPE, self._trusted)
            manifest = msgspec.json.decode(payload, type=Manifest)
            packed = read_file(segment_path(path, number, SEALED))
        except FileNotFoundError as error:
            if Path(error.filename).name.endswith(SEALED):
                raise self._unusable(shard, number, "its records are missing") from (
                    error
                )
            return None
        except (OSError, ValueError) as error:
            raise self._unusable(shard, number, str(error)) from error
        expected = (self.log, shard, number, digest(packed))
        found = (manifest.log, manifest.shard, manifest.segment, manifest.file_digest)
        if found != expected:
            raise self._unusable(shard, number, "its manifest belongs to another file")
        return SealedSegment(
            shard=shard,
            number=number,
            manifest=manifest,
            envelope=envelope,
            packed=packed,
        )

    def _path(self, shard: str) -> Path:
        return self.directory / shard

    def _broken(self, shard: str, seq: int, why: str) -> AuditError:
        return AuditError(
            f"Record {seq} of shard {shard} in {self.directory} cannot be used: {why}.",
            next_step=(
                "Run `trivium audit verify`. If the cursor belongs to a log that was"
                " replaced, remove the cursor; everything is then read once more."
            ),
        )

    def _unusable(self, shard: str, segment: int, why: str) -> AuditError:
        return AuditError(
            f"Segment {segment} of shard {shard} in {self.directory} cannot be used:"
            f" {why}.",
            next_step="Run `trivium audit verify`, and keep the directory as evidence.",
        )
