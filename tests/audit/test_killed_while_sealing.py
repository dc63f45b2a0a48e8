"""kill -9 after each durable step of sealing, as docs/audit-format.md lists them."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.audit.test_audit_log import attempt
from tests.tree import ROOT
from trivium.audit import AuditLog, load_or_create, verify
from trivium.vocabulary.envelope import TrustedKeys

PROGRAM = """
import os, signal, sys
from pathlib import Path

from tests.audit.test_audit_log import attempt
from trivium.audit import AuditLog, load_or_create

signer = load_or_create(Path(sys.argv[1]) / "audit.pem")
log = AuditLog.open(Path(sys.argv[1]) / "log", signer=signer, deployment="claims")
log.append(attempt(0))
replace, unlink, renamed = Path.replace, Path.unlink, []

def replace_then_die(path, target):
    replace(path, target)
    renamed.append(target)
    if len(renamed) == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)

def die_instead(path, missing_ok=False):
    if path.name.endswith(".ndjson.open"):
        os.kill(os.getpid(), signal.SIGKILL)
    unlink(path, missing_ok)

Path.replace, Path.unlink = replace_then_die, die_instead
log.seal()
"""

SEALED, MANIFEST, OPEN, NEXT = (
    "000000000001.ndjson.zst",
    "000000000001.manifest.json",
    "000000000001.ndjson.open",
    "000000000002.ndjson.open",
)
STEPS = [
    pytest.param(1, {OPEN, SEALED}, 0, id="the compressed file"),
    pytest.param(2, {OPEN, SEALED, MANIFEST}, 1, id="the manifest"),
    pytest.param(3, {OPEN, SEALED, MANIFEST}, 1, id="the checkpoint"),
    pytest.param(4, {OPEN, SEALED, MANIFEST, NEXT}, 1, id="the next open file"),
]


@pytest.mark.parametrize(("step", "left", "sealed"), STEPS)
def test_a_log_whose_writer_was_killed_after(
    tmp_path: Path, step: int, left: set[str], sealed: int
) -> None:
    """Whatever step was the last, the log is intact and the next writer continues it
    without losing or doubling a record."""
    killed = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path), str(step)],
        cwd=ROOT,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    directory, signer = tmp_path / "log", load_or_create(tmp_path / "audit.pem")
    assert {path.name for path in (directory / "00").iterdir()} - {"lock"} == left

    trusted = TrustedKeys.from_pem(signer.public_pem)
    found = verify(directory, trusted)
    assert not found.problems
    assert (found.records, found.unsealed) == (sealed, 1 - sealed)

    with AuditLog.open(directory, signer=signer, deployment="claims") as log:
        log.append(attempt(1))
    found = verify(directory, trusted)
    assert not found.problems
    assert (found.records, found.unsealed) == (2, 0)
