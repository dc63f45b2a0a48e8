"""What makes the log tamper-evident: Merkle trees, manifests and checkpoints.

This module does no I/O: it takes bytes and returns hashes and records. The tree is the
one of RFC 6962, section 2.1. A leaf is `SHA-256(0x00 ‖ line)` and an inner node is
`SHA-256(0x01 ‖ left ‖ right)`. An odd node moves up a level unchanged. The root of an
empty tree is `SHA-256("")`.
"""

import hashlib

from trivium.vocabulary.record import Record

MANIFEST_TYPE = "application/vnd.trivium.audit-manifest+json"
CHECKPOINT_TYPE = "application/vnd.trivium.audit-checkpoint+json"


def leaf_hash(line: bytes) -> bytes:
    """The leaf of one record: its line without the newline."""
    return hashlib.sha256(b"\x00" + line).digest()


class MerkleTree:
    """The root over leaves that are appended one by one.

    Memory grows with the logarithm of their number.
    """

    def __init__(self) -> None:
        self.count = 0
        """Leaves so far."""
        # Roots of perfect subtrees, largest first; sizes are the set bits of `count`.
        self._peaks: list[bytes] = []

    def append(self, leaf: bytes) -> None:
        """Add the next leaf hash."""
        node, size = leaf, self.count
        while size & 1:
            node = _node(self._peaks.pop(), node)
            size >>= 1
        self._peaks.append(node)
        self.count += 1

    def root(self) -> bytes:
        """The root over all leaves so far."""
        if not self._peaks:
            return hashlib.sha256(b"").digest()
        root = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            root = _node(peak, root)
        return root


class LogIdentity(Record, frozen=True, kw_only=True, omit_defaults=False):
    """`log.json`: which log this is. Every manifest and checkpoint names its digest."""

    format: int
    log: str
    """32 lower-case hex digits, chosen at random when the log is created."""
    deployment: str
    created_at: str


class Manifest(Record, frozen=True, kw_only=True, omit_defaults=False):
    """What is signed for each sealed segment."""

    format: int
    log: str
    """Digest (`sha256:…`) of `log.json`."""
    shard: str
    segment: int
    """1, 2, 3, … without gaps in each shard."""
    first_seq: int
    """Sequence number of the first record; the shard's records are numbered from 1
    without gaps."""
    count: int
    root: str
    """Lower-case hex RFC 6962 root over the segment's lines."""
    file_digest: str
    """`sha256:` of the compressed file's bytes."""
    previous: str
    """`sha256:` of the previous segment's manifest file; "" for segment 1."""
    first_time: str
    last_time: str
    closed_at: str
    dropped_bytes: int
    """Bytes of a torn last line that a crash left and recovery dropped; 0 otherwise."""
    checkpoint: int = 0
    """Number of the log's checkpoint when the segment was sealed; 0 when there was
    none. An earlier checkpoint that is put back, to hide that another shard's segments
    were removed, therefore does not fit."""
    stated: tuple[str, ...] = ()
    """Digests of the documents that the shard states up to the end of this segment,
    sorted: what they name can be resolved from the log alone."""


class ShardHead(Record, frozen=True, kw_only=True, omit_defaults=False):
    """How far one shard had come."""

    segments: int
    records: int
    head: str
    """`sha256:` of the last manifest file."""


class Checkpoint(Record, frozen=True, kw_only=True, omit_defaults=False):
    """The heads of all shards at one moment.

    A copy that is kept elsewhere reveals a log that was rolled back as a whole.
    """

    format: int
    log: str
    """Digest of `log.json`."""
    number: int
    """1, 2, 3, …"""
    at: str
    shards: dict[str, ShardHead]


def _node(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node of the tree (RFC 6962, section 2.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()
