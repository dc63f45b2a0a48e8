"""A key or a public key that is not a regular file is refused, never waited for."""

import os
from pathlib import Path

import pytest

from tests.audit.test_audit_log import SIGNER
from trivium.audit import earlier_keys, load_or_create
from trivium.errors import AuditError


def test_a_key_that_is_a_fifo_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "audit.pem")
    with pytest.raises(AuditError, match="it is not a regular file"):
        load_or_create(tmp_path / "audit.pem")


def test_public_keys_that_are_a_fifo_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "audit.pem.pub")
    with pytest.raises(AuditError, match="it is not a regular file"):
        earlier_keys(tmp_path / "audit.pem")


def test_a_new_key_does_not_wait_for_public_keys_that_are_a_fifo(
    tmp_path: Path,
) -> None:
    os.mkfifo(tmp_path / "audit.pem.pub")
    with pytest.raises(AuditError, match="it is not a regular file"):
        load_or_create(tmp_path / "audit.pem")


def test_a_key_that_is_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "audit.pem").mkdir()
    with pytest.raises(AuditError, match="cannot be used"):
        load_or_create(tmp_path / "audit.pem")


def test_a_key_behind_a_link_is_used_as_kubernetes_mounts_it(tmp_path: Path) -> None:
    (tmp_path / "..data").mkdir()
    (tmp_path / "..data" / "audit.pem").write_bytes(SIGNER.to_pem())
    (tmp_path / "..data" / "audit.pem").chmod(0o440)
    (tmp_path / "audit.pem").symlink_to(tmp_path / "..data" / "audit.pem")
    assert load_or_create(tmp_path / "audit.pem").keyid == SIGNER.keyid
