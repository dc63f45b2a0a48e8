"""Judge an audit log offline: signatures → chain → files → roots → sequence →
checkpoint.

Every problem is reported, each naming its file; a log without problems is exactly what
was sealed. What cannot be proven from the directory alone is said too: records that are
not sealed yet, and that the log as a whole was not rolled back, unless an earlier
checkpoint that was kept elsewhere is given.

A log may be verified while it is written: what is judged is what lay in the directory
at one moment.
"""

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import zstandard

from trivium.audit.log import segment_name
from trivium.audit.record import FORMAT, AuditRecord
from trivium.audit.seal import (
    CHECKPOINT_TYPE,
    MANIFEST_TYPE,
    Checkpoint,
    LogIdentity,
    Manifest,
    MerkleTree,
    ShardHead,
    leaf_hash,
)
from trivium.vocabulary.envelope import (
    Envelope,
    EnvelopeError,
    TrustedKeys,
    canonical,
    digest,
    unseal,
)
from trivium.vocabulary.record import Record

_SHARD = re.compile(r"^[0-9a-f]{2}$")
_SEGMENT_FILE = re.compile(r"^(\d{12})\.(ndjson\.zst|manifest\.json|ndjson\.open)$")
_TEMPORARY = re.compile(
    r"^\.(log\.json|checkpoint\.json|\d{12}\.(ndjson\.zst|manifest\.json))\.tmp$"
)
# at a log whose checkpoint changes while its folders are listed, which takes
# milliseconds
_LOOKS = 50
_ZERO = "0" * 64
_UNKNOWN = "?"  # a hash that could not be had; the reason is a problem of its own


class Line(Record, frozen=True, kw_only=True):
    """One line of a segment."""

    previous: str
    """Leaf hash (hex) of the line before, over segments; 64 zeros for the shard's
    first."""
    record: AuditRecord
    seq: int


_LINES = msgspec.json.Decoder(Line)


@dataclass
class Verification:
    """What was found."""

    directory: Path
    deployment: str = ""
    shards: int = 0
    segments: int = 0
    records: int = 0
    """Records whose integrity is proven, if there are no problems."""
    unsealed: int = 0
    """Records in open segments: present, chained, and not yet signed."""
    checkpoint: int = 0
    """Number of the log's own checkpoint."""
    sealed_after: int = 0
    """Highest number of a checkpoint that a manifest names: there was that one when its
    segment was sealed."""
    compared: bool = False
    """Whether an earlier checkpoint from elsewhere was given and is contained in this
    log."""
    first_time: str = ""
    last_time: str = ""
    problems: list[str] = field(default_factory=list)

    @property
    def intact(self) -> bool:
        """Whether everything that was sealed is here, unchanged and in order."""
        return not self.problems


def verify(
    directory: Path, trusted: TrustedKeys, *, checkpoint: bytes | None = None
) -> Verification:
    """Judge the log in `directory`. `checkpoint` is an earlier `checkpoint.json` that
    was kept elsewhere.

    Never raises for what it finds in the directory: whatever is wrong is a problem in
    the result.
    """
    found = Verification(directory)
    log = _identity(found)
    seen = _look(directory)
    heads = {
        path.name: _shard(found, path, inside, log, trusted)
        for path, inside in seen.shards.items()
    }
    for path in seen.files:
        if path.name == "lock":
            _require_empty(found, path)
        elif path.name not in ("log.json", "checkpoint.json"):
            found.problems.append(f"{path} does not belong to the log")
    found.problems += [f"{path} does not belong to the log" for path in seen.others]
    found.shards = len(heads)
    _own_checkpoint(found, seen, log, heads, trusted)
    if checkpoint is not None:
        _earlier_checkpoint(found, checkpoint, log, heads, trusted)
    return found


@dataclass(frozen=True)
class _Seen:
    """What lay in the directory while its checkpoint was one and the same."""

    files: tuple[Path, ...]
    others: tuple[Path, ...]
    """What is neither a file nor a shard. A link is neither: what it leads to may
    change without the log."""
    shards: "dict[Path, _Seen]"
    checkpoint: bytes | None


def _look(directory: Path) -> _Seen:
    """A writer removes an open segment only after the checkpoint that counts it, so a
    checkpoint that stayed the same while everything was listed fits the list."""
    for _ in range(_LOOKS):
        seen = _listed(directory)
        if _checkpoint_bytes(directory) == seen.checkpoint:
            break
    return seen


def _listed(directory: Path) -> _Seen:
    checkpoint = _checkpoint_bytes(directory)
    files, others, shards = [], [], {}
    # `scandir` says what an entry is as it lists it; asked later, a file that was
    # sealed meanwhile would be none.
    for entry in (
        sorted(os.scandir(directory), key=lambda entry: entry.name)
        if directory.is_dir()
        else ()
    ):
        path = directory / entry.name
        if entry.is_file(follow_symlinks=False):
            if not _TEMPORARY.match(entry.name):
                files.append(path)
        elif _SHARD.match(entry.name) and entry.is_dir(follow_symlinks=False):
            shards[path] = _listed(path)
        else:
            others.append(path)
    return _Seen(tuple(files), tuple(others), shards, checkpoint)


def _checkpoint_bytes(directory: Path) -> bytes | None:
    try:
        return (directory / "checkpoint.json").read_bytes()
    except OSError:
        return None


def _identity(found: Verification) -> str:
    """Digest of `log.json`."""
    path = found.directory / "log.json"
    try:
        content = path.read_bytes()
        identity = msgspec.json.decode(content, type=LogIdentity)
    except (OSError, ValueError) as error:
        found.problems.append(f"{path} cannot be read: {_reason(error)}")
        return ""
    if identity.format != FORMAT:
        found.problems.append(
            f"{path} has format {identity.format}; this release verifies format"
            f" {FORMAT}"
        )
    if canonical(identity) != content:
        found.problems.append(f"{path} is not in canonical form")
    found.deployment = identity.deployment
    return digest(content)


def _shard(
    found: Verification, path: Path, seen: _Seen, log: str, trusted: TrustedKeys
) -> list[ShardHead]:
    """Judge one shard; returns its head after each segment."""
    sealed, opened = _segments(found, path, seen)
    heads: list[ShardHead] = []
    previous, last_leaf, next_seq = "", _ZERO, 1
    for segment in range(1, max(sealed, default=0) + 1):
        name = path / segment_name(segment)
        manifest, envelope = _manifest(found, path, segment, trusted)
        if manifest is None:
            previous, last_leaf = (
                _UNKNOWN,
                _UNKNOWN,
            )  # whatever follows cannot be chained to anything
            continue
        expected = (log, path.name, segment, next_seq, previous)
        actual = (
            manifest.log,
            manifest.shard,
            manifest.segment,
            manifest.first_seq,
            manifest.previous,
        )
        labels = ("log", "shard", "segment", "first_seq", "previous")
        found.problems += [
            f"{name}.manifest.json: `{label}` is {a!r}, expected {e!r}"
            for label, a, e in zip(labels, actual, expected, strict=True)
            if a != e
        ]
        last_leaf = _lines(found, path, manifest, last_leaf)
        previous = digest(envelope)
        next_seq = manifest.first_seq + manifest.count
        heads.append(ShardHead(segments=segment, records=next_seq - 1, head=previous))
        found.sealed_after = max(found.sealed_after, manifest.checkpoint)
        found.segments += 1
        found.records += manifest.count
        found.first_time = min(
            filter(None, (found.first_time, manifest.first_time)), default=""
        )
        found.last_time = max(found.last_time, manifest.last_time)
    for segment in opened:
        _open_segment(found, path, segment, last_leaf, next_seq)
    return heads


def _segments(
    found: Verification, path: Path, seen: _Seen
) -> tuple[set[int], list[int]]:
    """Numbers of the sealed and of the open segments; unknown files are problems."""
    kinds: dict[str, set[int]] = {
        "ndjson.zst": set(),
        "manifest.json": set(),
        "ndjson.open": set(),
    }
    for file in seen.files:
        match = _SEGMENT_FILE.match(file.name)
        if match:
            kinds[match[2]].add(int(match[1]))
        elif file.name == "lock":
            _require_empty(found, file)
        else:
            found.problems.append(f"{file} does not belong to the log")
    found.problems += [
        f"{other} does not belong to the log" for other in (*seen.others, *seen.shards)
    ]
    sealed = kinds["manifest.json"] | (kinds["ndjson.zst"] - kinds["ndjson.open"])
    left = (
        kinds["ndjson.open"] & sealed
    )  # a crash while sealing left them; the sealed ones count
    if left - {max(sealed, default=0)}:
        found.problems.append(
            f"{path} has open segments that were sealed before its last one"
        )
    opened = sorted(kinds["ndjson.open"] - sealed)
    if len(opened) > 1:
        found.problems.append(
            f"{path} has {len(opened)} open segments, expected one at most"
        )
    if opened and opened[-1] > max(sealed, default=0) + 1:
        found.problems.append(
            f"{path}: open segment {opened[-1]} follows segment"
            f" {max(sealed, default=0)}"
        )
    return sealed, opened


def _manifest(
    found: Verification, path: Path, segment: int, trusted: TrustedKeys
) -> tuple[Manifest | None, bytes]:
    file = path / f"{segment_name(segment)}.manifest.json"
    try:
        envelope = file.read_bytes()
        payload = _signed(envelope, MANIFEST_TYPE, trusted)
        return msgspec.json.decode(payload, type=Manifest), envelope
    except FileNotFoundError:
        found.problems.append(f"{file} is missing")
    except (OSError, ValueError) as error:
        found.problems.append(f"{file}: {_reason(error)}")
    return None, b""


def _lines(found: Verification, path: Path, manifest: Manifest, last_leaf: str) -> str:
    """Judge a sealed segment's file against its manifest; returns the last line's
    leaf."""
    file = path / f"{segment_name(manifest.segment)}.ndjson.zst"
    try:
        packed = file.read_bytes()
    except OSError as error:
        found.problems.append(f"{file} cannot be read: {_reason(error)}")
        return _UNKNOWN
    if digest(packed) != manifest.file_digest:
        # Not unpacked: whoever changed it could make it unpack to more than this
        # machine has memory.
        found.problems.append(
            f"{file} was changed: its digest is not the one in its manifest"
        )
        return _UNKNOWN
    try:
        content = zstandard.ZstdDecompressor().decompress(packed)
    except zstandard.ZstdError:
        found.problems.append(f"{file} cannot be unpacked")
        return _UNKNOWN
    tree, lines = MerkleTree(), content.split(b"\n")
    if lines.pop() != b"":
        found.problems.append(f"{file} does not end with a newline")
    for number, line in enumerate(lines):
        last_leaf = _line(
            found,
            f"{file} line {number + 1}",
            line,
            manifest.first_seq + number,
            last_leaf,
        )
        tree.append(leaf_hash(line))
    if tree.count != manifest.count:
        found.problems.append(
            f"{file} holds {tree.count} records; its manifest says {manifest.count}"
        )
    if tree.root().hex() != manifest.root:
        found.problems.append(
            f"{file}: the Merkle root over its records is not the one in its manifest"
        )
    return last_leaf


def _line(found: Verification, where: str, line: bytes, seq: int, previous: str) -> str:
    """Judge one line against its place in the sequence; returns its leaf."""
    try:
        decoded = _LINES.decode(line)
    except ValueError as error:
        found.problems.append(f"{where} is no audit record: {_reason(error)}")
    else:
        if decoded.seq != seq:
            found.problems.append(
                f"{where} has sequence number {decoded.seq}, expected {seq}"
            )
        if previous not in (decoded.previous, _UNKNOWN):
            found.problems.append(f"{where} does not follow the line before it")
    return leaf_hash(line).hex()


def _open_segment(
    found: Verification, path: Path, segment: int, last_leaf: str, next_seq: int
) -> None:
    file = path / f"{segment_name(segment)}.ndjson.open"
    try:
        content = _still(file)
    except FileNotFoundError:
        return  # sealed in the meantime
    except OSError as error:
        found.problems.append(f"{file} cannot be read: {_reason(error)}")
        return
    lines = content.split(b"\n")
    if lines.pop():
        found.problems.append(
            f"{file} ends in the middle of a record: open the log once more to have it"
            " recovered"
        )
    for number, line in enumerate(lines):
        last_leaf = _line(
            found, f"{file} line {number + 1}", line, next_seq + number, last_leaf
        )
    found.unsealed += len(lines)


def _still(file: Path) -> bytes:
    """What a segment holds that may be appended to: a torn end that is gone a moment
    later was a write under way."""
    content = file.read_bytes()
    for _ in range(_LOOKS):
        if content.endswith(b"\n") or (again := file.read_bytes()) == content:
            break
        content = again
    return content


def _own_checkpoint(
    found: Verification,
    seen: _Seen,
    log: str,
    heads: dict[str, list[ShardHead]],
    trusted: TrustedKeys,
) -> None:
    path = found.directory / "checkpoint.json"
    sealed = {shard: chain for shard, chain in heads.items() if chain}
    if seen.checkpoint is None:
        if found.sealed_after or any(
            not _allowed(seen, shard, None, chain) for shard, chain in sealed.items()
        ):
            found.problems.append(f"{path} is missing, although segments are sealed")
        return
    checkpoint = _checkpoint(found, seen.checkpoint, str(path), log, trusted)
    if checkpoint is None:
        return
    found.checkpoint = checkpoint.number
    if checkpoint.number < found.sealed_after:
        found.problems.append(
            f"{path} has number {checkpoint.number}, and a segment was sealed after"
            f" {found.sealed_after}: an earlier checkpoint was put back"
        )
    for shard in sorted(set(sealed) | set(checkpoint.shards)):
        said, chain = checkpoint.shards.get(shard), sealed.get(shard, [])
        there = chain[-1] if chain else None
        if not _allowed(seen, shard, said, chain):
            found.problems.append(
                f"{path}: shard {shard} has {_head(there)}, the checkpoint says"
                f" {_head(said)}"
            )


def _allowed(
    seen: _Seen, shard: str, said: ShardHead | None, chain: list[ShardHead]
) -> bool:
    """Whether the checkpoint fits the shard: it saw all, or all but a segment that is
    just being sealed."""
    if said == (chain[-1] if chain else None):
        return True
    before = chain[-2] if len(chain) > 1 else None
    sealing = f"{segment_name(chain[-1].segments)}.ndjson.open" if chain else ""
    return said == before and any(
        file.name == sealing
        for path, inside in seen.shards.items()
        if path.name == shard
        for file in inside.files
    )


def _earlier_checkpoint(
    found: Verification,
    content: bytes,
    log: str,
    heads: dict[str, list[ShardHead]],
    trusted: TrustedKeys,
) -> None:
    checkpoint = _checkpoint(found, content, "the earlier checkpoint", log, trusted)
    if checkpoint is None:
        return
    found.compared = True
    for shard, said in sorted(checkpoint.shards.items()):
        if said not in heads.get(shard, []):
            found.problems.append(
                f"checkpoint {checkpoint.number} of {checkpoint.at} saw shard {shard}"
                f" with {_head(said)}, which is not in this log: it was rolled back or"
                " replaced"
            )


def _checkpoint(
    found: Verification, content: bytes, name: str, log: str, trusted: TrustedKeys
) -> Checkpoint | None:
    try:
        checkpoint = msgspec.json.decode(
            _signed(content, CHECKPOINT_TYPE, trusted), type=Checkpoint
        )
    except ValueError as error:
        found.problems.append(f"{name}: {_reason(error)}")
        return None
    if checkpoint.log != log:
        found.problems.append(f"{name} belongs to another log")
        return None
    return checkpoint


def _signed(envelope: bytes, kind: str, trusted: TrustedKeys) -> bytes:
    """The payload of an envelope with one signature, which holds: a second one could
    come and go unnoticed."""
    payload = unseal(envelope, kind, trusted)
    if len(msgspec.json.decode(envelope, type=Envelope).signatures) != 1:
        raise EnvelopeError("the envelope has more than one signature")
    return payload


def _require_empty(found: Verification, path: Path) -> None:
    if path.stat().st_size:
        found.problems.append(f"{path} is not empty: it does not belong to the log")


def _head(head: ShardHead | None) -> str:
    return (
        f"{head.records} records in {head.segments} segments"
        if head
        else "nothing sealed"
    )


def _reason(error: Exception) -> str:
    if isinstance(error, EnvelopeError):
        return str(error)
    return (
        error.strerror
        if isinstance(error, OSError) and error.strerror
        else str(error).split("\n")[0][:200]
    )
