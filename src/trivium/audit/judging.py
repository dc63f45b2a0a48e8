"""Judge the segments of one shard: signatures, chain, files, roots and sequence."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import zstandard

from trivium.audit.layout import (
    LOCK,
    MANIFEST,
    OPEN,
    SEALED,
    SEGMENT_FILE,
    ZERO,
    read_file,
    segment_path,
)
from trivium.audit.looking import Seen, require_empty, still, strangers
from trivium.audit.problem import Judging, Kind, Problem
from trivium.audit.record import AuditRecord
from trivium.audit.seal import (
    MANIFEST_TYPE,
    Manifest,
    MerkleTree,
    ShardHead,
    leaf_hash,
)
from trivium.audit.segment import stated_in
from trivium.vocabulary.envelope import (
    Envelope,
    EnvelopeError,
    TrustedKeys,
    digest,
    unseal,
)
from trivium.vocabulary.record import Record

_UNKNOWN = "?"
"""A hash that could not be had; the reason is a problem of its own."""


class Line(Record, frozen=True, kw_only=True):
    """One line of a segment."""

    previous: str
    """Leaf hash (hex) of the line before, over segments; 64 zeros for the shard's
    first."""
    record: AuditRecord
    seq: int


_LINES = msgspec.json.Decoder(Line)


@dataclass
class ShardFound:
    """What one shard holds."""

    heads: list[ShardHead] = field(default_factory=list)
    """Its head after each sealed segment."""
    records: int = 0
    unsealed: int = 0
    sealed_after: int = 0
    first_time: str = ""
    last_time: str = ""
    kinds: Counter[str] = field(default_factory=Counter)
    """Records of each kind, sealed or not."""
    stated: set[str] = field(default_factory=set)
    """Digests of the documents that its lines state."""
    sealing: bool = False
    """Whether its last segment is just being sealed, or a crash came between: its open
    file is still there, and no later one."""


def judge_shard(
    path: Path, seen: Seen, log: str, trusted: TrustedKeys
) -> Judging[ShardFound]:
    """Judge one shard of the log whose digest is `log`."""
    found = ShardFound()
    sealed, opened, left = yield from _numbers(path, seen)
    last = max(sealed, default=0)
    found.sealing = bool(left) and not opened
    previous, leaf, next_seq = "", ZERO, 1
    for segment in range(1, last + 1):
        manifest, envelope = yield from _manifest(path, segment, trusted)
        if manifest is None:
            # Nothing that follows can be chained to it.
            previous, leaf = _UNKNOWN, _UNKNOWN
            continue
        place = (log, path.name, segment, next_seq, previous)
        yield from _require_place(path, manifest, place)
        leaf = yield from _sealed_lines(path, manifest, leaf, found)
        previous = digest(envelope)
        next_seq = manifest.first_seq + manifest.count
        head = ShardHead(segments=segment, records=next_seq - 1, head=previous)
        _count(found, manifest, head)
    for segment in opened:
        found.unsealed += yield from _open_lines(path, segment, leaf, next_seq, found)
    return found


def signed(envelope: bytes, kind: str, trusted: TrustedKeys) -> bytes:
    """The payload of an envelope with one signature, which holds: a second one could
    come and go unnoticed. Raises `ValueError`."""
    payload = unseal(envelope, kind, trusted)
    if len(msgspec.json.decode(envelope, type=Envelope).signatures) != 1:
        raise EnvelopeError("the envelope has more than one signature")
    return payload


def reason(error: Exception) -> str:
    """An error in one short clause."""
    if isinstance(error, EnvelopeError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error).split("\n")[0][:200]


def kind_of(error: Exception) -> Kind:
    """The kind of problem that an error while reading makes."""
    return "unsigned" if isinstance(error, EnvelopeError) else "unreadable"


def _count(found: ShardFound, manifest: Manifest, head: ShardHead) -> None:
    """Add a sealed segment to what was found."""
    found.heads.append(head)
    found.records += manifest.count
    found.sealed_after = max(found.sealed_after, manifest.checkpoint)
    times = filter(None, (found.first_time, manifest.first_time))
    found.first_time = min(times, default="")
    found.last_time = max(found.last_time, manifest.last_time)


def _numbers(path: Path, seen: Seen) -> Judging[tuple[set[int], list[int], set[int]]]:
    """Numbers of the sealed segments, of the open ones, and of the sealed ones whose
    open file a crash left."""
    kinds: dict[str, set[int]] = {SEALED: set(), MANIFEST: set(), OPEN: set()}
    unknown = []
    for file in seen.files:
        match = SEGMENT_FILE.match(file.name)
        if match:
            kinds[match[2]].add(int(match[1]))
        elif file.name == LOCK:
            yield from require_empty(file)
        else:
            unknown.append(file)
    yield from strangers((*unknown, *seen.others, *seen.shards))

    sealed = kinds[MANIFEST] | (kinds[SEALED] - kinds[OPEN])
    last = max(sealed, default=0)
    left = kinds[OPEN] & sealed
    if left - {last}:
        yield _misplaced(
            path, f"{path} has open segments that were sealed before its last one"
        )
    opened = sorted(kinds[OPEN] - sealed)
    if len(opened) > 1:
        text = f"{path} has {len(opened)} open segments, expected one at most"
        yield _misplaced(path, text)
    if opened and opened[-1] > last + 1:
        yield _misplaced(
            path, f"{path}: open segment {opened[-1]} follows segment {last}"
        )
    return sealed, opened, left


def _manifest(
    path: Path, segment: int, trusted: TrustedKeys
) -> Judging[tuple[Manifest | None, bytes]]:
    """A segment's manifest and the envelope it lies in."""
    file = segment_path(path, segment, MANIFEST)
    try:
        envelope = read_file(file)
        payload = signed(envelope, MANIFEST_TYPE, trusted)
        return msgspec.json.decode(payload, type=Manifest), envelope
    except FileNotFoundError:
        yield Problem(path=str(file), kind="missing", text=f"{file} is missing")
    except (OSError, ValueError) as error:
        text = f"{file}: {reason(error)}"
        yield Problem(path=str(file), kind=kind_of(error), text=text)
    return None, b""


def _require_place(
    path: Path, manifest: Manifest, expected: tuple[str, str, int, int, str]
) -> Iterator[Problem]:
    """A problem for each member that does not say where the manifest lies."""
    name = segment_path(path, expected[2], MANIFEST)
    actual = (
        manifest.log,
        manifest.shard,
        manifest.segment,
        manifest.first_seq,
        manifest.previous,
    )
    labels = ("log", "shard", "segment", "first_seq", "previous")
    for label, found, wanted in zip(labels, actual, expected, strict=True):
        if found != wanted:
            kind: Kind = "foreign" if label == "log" else "misplaced"
            text = f"{name}: `{label}` is {found!r}, expected {wanted!r}"
            yield Problem(path=str(name), kind=kind, text=text)


def _sealed_lines(
    path: Path, manifest: Manifest, leaf: str, found: ShardFound
) -> Judging[str]:
    """Judge a sealed segment's file against its manifest; returns the last line's
    leaf."""
    file = segment_path(path, manifest.segment, SEALED)
    try:
        packed = read_file(file)
    except OSError as error:
        kind: Kind = "missing" if isinstance(error, FileNotFoundError) else "unreadable"
        text = f"{file} cannot be read: {reason(error)}"
        yield Problem(path=str(file), kind=kind, text=text)
        return _UNKNOWN
    if digest(packed) != manifest.file_digest:
        # Not unpacked: it could have been made to unpack to more than this machine has
        # memory.
        yield _changed(
            file, f"{file} was changed: its digest is not the one in its manifest"
        )
        return _UNKNOWN
    try:
        content = zstandard.ZstdDecompressor().decompress(packed)
    except zstandard.ZstdError:
        yield _changed(file, f"{file} cannot be unpacked")
        return _UNKNOWN
    return (yield from _against_manifest(file, content, manifest, leaf, found))


def _against_manifest(
    file: Path, content: bytes, manifest: Manifest, leaf: str, found: ShardFound
) -> Judging[str]:
    """Judge a segment's lines, their number and their root; returns the last leaf."""
    tree, lines = MerkleTree(), content.split(b"\n")
    if lines.pop() != b"":
        yield _changed(file, f"{file} does not end with a newline")
    for number, line in enumerate(lines):
        seq = manifest.first_seq + number
        leaf = yield from _line(file, number, line, seq, leaf, found.kinds)
        tree.append(leaf_hash(line))
        found.stated |= stated_in(line)
    if not found.stated >= set(manifest.stated):
        text = f"{file}: its manifest names documents that no line of the shard states"
        yield _changed(file, text)
    if tree.count != manifest.count:
        yield _changed(
            file,
            f"{file} holds {tree.count} records; its manifest says {manifest.count}",
        )
    if tree.root().hex() != manifest.root:
        yield _changed(
            file,
            f"{file}: the Merkle root over its records is not the one in its manifest",
        )
    return leaf


def _line(
    file: Path, number: int, line: bytes, seq: int, previous: str, kinds: Counter[str]
) -> Judging[str]:
    """Judge one line against its place in the sequence, and count its kind; returns its
    leaf."""
    where = f"{file} line {number + 1}"
    try:
        decoded = _LINES.decode(line)
    except ValueError as error:
        text = f"{where} is not an audit record: {reason(error)}"
        yield Problem(path=str(file), kind="unreadable", text=text)
    else:
        kinds[str(decoded.record.__struct_config__.tag)] += 1
        if decoded.seq != seq:
            text = f"{where} has sequence number {decoded.seq}, expected {seq}"
            yield _misplaced(file, text)
        if previous not in (decoded.previous, _UNKNOWN):
            yield _misplaced(file, f"{where} does not follow the line before it")
    return leaf_hash(line).hex()


def _open_lines(
    path: Path, segment: int, leaf: str, next_seq: int, found: ShardFound
) -> Judging[int]:
    """Judge an open segment; returns how many records it holds."""
    file = segment_path(path, segment, OPEN)
    try:
        content = still(file)
    except FileNotFoundError:
        return 0  # sealed in the meantime
    except OSError as error:
        text = f"{file} cannot be read: {reason(error)}"
        yield Problem(path=str(file), kind="unreadable", text=text)
        return 0
    lines = content.split(b"\n")
    if lines.pop():
        text = (
            f"{file} ends in the middle of a record: open the log once more to have it"
            " recovered"
        )
        yield Problem(path=str(file), kind="torn", text=text)
    for number, line in enumerate(lines):
        seq = next_seq + number
        leaf = yield from _line(file, number, line, seq, leaf, found.kinds)
    return len(lines)


def _misplaced(path: Path, text: str) -> Problem:
    """The problem that something stands where nothing of the kind belongs."""
    return Problem(path=str(path), kind="misplaced", text=text)


def _changed(path: Path, text: str) -> Problem:
    """The problem that a file is not what was signed."""
    return Problem(path=str(path), kind="changed", text=text)
