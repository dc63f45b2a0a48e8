"""docs/audit-format.md is enough to write a verifier.

The one in this file uses nothing of Trivium, only what the page says.
"""

import base64
import hashlib
import json
from pathlib import Path

import zstandard
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from tests.audit.test_audit_log import SIGNER, write


def digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def opened(path: Path, kind: str, key: Ed25519PublicKey) -> dict:
    envelope = json.loads(path.read_bytes())
    payload = base64.b64decode(envelope["payload"])
    assert envelope["payloadType"] == kind
    signed = b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload)
    key.verify(base64.b64decode(envelope["signatures"][0]["sig"]), signed)
    return json.loads(payload)


def root(leaves: list[bytes]) -> bytes:
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(
        b"\x01" + root(leaves[:split]) + root(leaves[split:])
    ).digest()


def test_a_verifier_written_from_the_page_accepts_the_log(tmp_path: Path) -> None:
    write(tmp_path, segments=3, records=5)
    key = load_pem_public_key(SIGNER.public_pem)
    assert isinstance(key, Ed25519PublicKey)
    log = digest((tmp_path / "log.json").read_bytes())
    previous, last_leaf, seq, records = "", "0" * 64, 1, 0
    for segment in (1, 2, 3):
        stem = tmp_path / "00" / f"{segment:012d}"
        manifest_file = stem.with_suffix(".manifest.json")
        manifest = opened(
            manifest_file, "application/vnd.trivium.audit-manifest+json", key
        )
        assert (manifest["log"], manifest["shard"], manifest["segment"]) == (
            log,
            "00",
            segment,
        )
        assert (manifest["previous"], manifest["first_seq"]) == (previous, seq)
        assert manifest["checkpoint"] == segment - 1
        packed = stem.with_suffix(".ndjson.zst").read_bytes()
        assert digest(packed) == manifest["file_digest"]
        lines = zstandard.ZstdDecompressor().decompress(packed).split(b"\n")
        assert lines.pop() == b""
        leaves = [hashlib.sha256(b"\x00" + line).digest() for line in lines]
        assert root(leaves).hex() == manifest["root"]
        for line, leaf in zip(lines, leaves, strict=True):
            entry = json.loads(line)
            assert (entry["seq"], entry["previous"]) == (seq, last_leaf)
            assert entry["record"]["kind"] == "attempt"
            last_leaf, seq, records = leaf.hex(), seq + 1, records + 1
        previous = digest(manifest_file.read_bytes())
    checkpoint = opened(
        tmp_path / "checkpoint.json",
        "application/vnd.trivium.audit-checkpoint+json",
        key,
    )
    assert checkpoint["number"] == 3
    assert checkpoint["shards"] == {
        "00": {"segments": 3, "records": records, "head": previous}
    }
