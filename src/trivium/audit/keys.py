"""The key that signs a log's manifests, as a file."""

import stat
from pathlib import Path

from trivium.durable import create_durably, write_durably
from trivium.errors import AuditError
from trivium.vocabulary.envelope import Ed25519Signer, EnvelopeError


def load_or_create(path: Path) -> Ed25519Signer:
    """The Ed25519 key at `path`, made there (mode 0600) when there is none; its public
    half lies at `<path>.pub`, before those of the keys that it replaces, which earlier
    parts of a log are verified with.

    Raises `AuditError` when the file exists and is no such key or not private, or
    cannot be written. Two processes that start at the same time end with the same key.
    """
    if not path.exists():
        _create(path)
    try:
        signer = Ed25519Signer.from_pem(path.read_bytes())
    except (OSError, EnvelopeError) as error:
        raise AuditError(
            f"The audit signing key {path} cannot be used: {error}.",
            next_step="Restore it, or name another file by TRIVIUM_AUDIT_KEY.",
        ) from error
    _require_private(path)
    return signer


_NOT_PRIVATE = stat.S_IWGRP | stat.S_IRWXO
"""What others may not do. A group may read: that is how Kubernetes gives a secret to a
user that is not root."""


def _require_private(path: Path) -> None:
    """Whoever holds the key can seal a log of his own making."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & _NOT_PRIVATE:
        raise AuditError(
            f"The audit signing key {path} has mode {mode:04o}, expected 0640 at most:"
            " whoever can read it can sign a false log.",
            next_step=(
                "Make a new key if others may have read this one (move it away, its"
                " `.pub` stays), or chmod 600."
            ),
        )


def earlier_keys(path: Path) -> bytes:
    """The public keys (PEM) that lie beside the key at `path`: its own and those that
    it replaced."""
    try:
        return _public(path).read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise AuditError(
            f"The public keys {_public(path)} cannot be read: {error.strerror}.",
            next_step="Make the file readable.",
        ) from error


def _public(path: Path) -> Path:
    return path.with_name(f"{path.name}.pub")


def _create(path: Path) -> None:
    signer = Ed25519Signer.generate()
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            create_durably(path, signer.to_pem())
        except FileExistsError:
            return  # another process has just made it
        write_durably(_public(path), signer.public_pem + earlier_keys(path), mode=0o644)
    except OSError as error:
        raise AuditError(
            f"The audit signing key {path} cannot be made: {error.strerror}.",
            next_step="Name a writable place by TRIVIUM_AUDIT_KEY.",
        ) from error
