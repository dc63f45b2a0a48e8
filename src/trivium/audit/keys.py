"""The key that signs a log's manifests, as a file."""

import errno
import os
import stat
from pathlib import Path

from trivium.durable import create_durably, write_durably
from trivium.errors import AuditError
from trivium.vocabulary.envelope import Ed25519Signer, EnvelopeError

_NOT_PRIVATE = stat.S_IWGRP | stat.S_IRWXO
"""Permissions that a key must not give. A group may read: that is how Kubernetes gives
a secret to a user that is not root."""


def load_or_create(path: Path) -> Ed25519Signer:
    """The Ed25519 key at `path`, created there (mode 0600) if there is none.

    Its public half is in `<path>.pub`, before the public halves of the keys that it
    replaced, which verify earlier parts of a log. Two processes that start at the same
    time end with the same key.

    Raises `AuditError` when the file is not such a key, is not private, or cannot be
    written.
    """
    if not path.exists():
        _create(path)
    try:
        signer = Ed25519Signer.from_pem(read_given(path))
    except (OSError, EnvelopeError) as error:
        raise AuditError(
            f"The audit signing key {path} cannot be used: {_reason(error)}.",
            next_step="Restore it, or set TRIVIUM_AUDIT_KEY to another file.",
        ) from error
    _require_private(path)
    return signer


def earlier_keys(path: Path) -> bytes:
    """The public keys (PEM) beside the key at `path`: its own, then those that it
    replaced. Raises `AuditError` when they cannot be read."""
    try:
        return read_given(_public(path))
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise AuditError(
            f"The public keys {_public(path)} cannot be read: {_reason(error)}.",
            next_step="Make it a regular file that this process can read.",
        ) from error


def read_given(path: Path) -> bytes:
    """The content of a regular file that an operator named: a key, or a checkpoint that
    was kept elsewhere.

    A link is followed, because Kubernetes mounts secrets as links. A FIFO or a device
    is refused instead of waited for. Raises `OSError`.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is not a regular file", str(path))
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


def _require_private(path: Path) -> None:
    """Refuse a key that others can read: it would let them sign a false log."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & _NOT_PRIVATE:
        raise AuditError(
            f"The audit signing key {path} has mode {mode:04o}, expected 0640 at most:"
            " anyone who can read it can sign a false log.",
            next_step=(
                "If others may have read the key, move it away and start again: a new"
                " key is created, and the `.pub` file stays. Otherwise run chmod 600."
            ),
        )


def _public(path: Path) -> Path:
    """Where the public half lies."""
    return path.with_name(f"{path.name}.pub")


def _create(path: Path) -> None:
    """Write a new key and add its public half to the earlier ones."""
    signer = Ed25519Signer.generate()
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            create_durably(path, signer.to_pem())
        except FileExistsError:
            return  # another process has just created it
        write_durably(_public(path), signer.public_pem + earlier_keys(path), mode=0o644)
    except OSError as error:
        raise AuditError(
            f"The audit signing key {path} cannot be created: {_reason(error)}.",
            next_step="Set TRIVIUM_AUDIT_KEY to a path in a writable directory.",
        ) from error


def _reason(error: Exception) -> str:
    """An error in one clause, without the path that the message already names."""
    return (
        error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    )
