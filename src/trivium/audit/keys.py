"""The key that signs a log's manifests, as a file."""

from pathlib import Path

from trivium.durable import create_durably, write_durably
from trivium.errors import AuditError
from trivium.vocabulary.envelope import Ed25519Signer, EnvelopeError


def load_or_create(path: Path) -> Ed25519Signer:
    """The Ed25519 key at `path`, made there (mode 0600) when there is none; its public half lies at `<path>.pub`.

    Raises `AuditError` when the file exists and is no such key, or cannot be written. Two processes that start at the
    same time end with the same key.
    """
    if not path.exists():
        _create(path)
    try:
        return Ed25519Signer.from_pem(path.read_bytes())
    except (OSError, EnvelopeError) as error:
        raise AuditError(
            f"The audit signing key {path} cannot be used: {error}.",
            next_step="Restore it, or name another file by TRIVIUM_AUDIT_KEY.",
        ) from error


def _create(path: Path) -> None:
    signer = Ed25519Signer.generate()
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            create_durably(path, signer.to_pem())
        except FileExistsError:
            return  # another process has just made it
        write_durably(path.with_name(f"{path.name}.pub"), signer.public_pem, mode=0o644)
    except OSError as error:
        raise AuditError(
            f"The audit signing key {path} cannot be made: {error.strerror}.",
            next_step="Name a writable place by TRIVIUM_AUDIT_KEY.",
        ) from error
