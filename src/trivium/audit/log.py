"""The audit log: records appended to a shard, sealed into signed segments.

Law 3: nothing is answered that is not recorded, so `append` returns only when the
record is kept as durably as the deployment demands, and raises `AuditWriteError`
otherwise. The layout on disk is specified in docs/audit-format.md.

One process writes one shard, held by a lock; several processes on one directory take a
shard each.
"""

import secrets
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from trivium.audit.checkpoint import CheckpointFile, LogSigner, locked
from trivium.audit.layout import IDENTITY, LOCK, read_file
from trivium.audit.record import FORMAT, AuditRecord, Stated
from trivium.audit.seal import LogIdentity
from trivium.audit.shard import Durability, Shard
from trivium.durable import write_durably
from trivium.errors import AuditError
from trivium.vocabulary.envelope import canonical, digest
from trivium.vocabulary.moment import rfc3339


class AuditLog:
    """An open log. Thread-safe; use as a context manager, or call `close()`, which
    seals."""

    def __init__(self, shard: Shard) -> None:
        self._shard = shard

    @classmethod
    def open(
        cls,
        directory: Path,
        *,
        signer: LogSigner,
        deployment: str,
        earlier_keys: bytes = b"",
        durability: Durability = "sync",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> "AuditLog":
        """Open or create the log in `directory`. `earlier_keys`: public keys (PEM) that
        it was signed with before.

        Raises `AuditError` when it belongs to another deployment, is not as its
        checkpoint says, or cannot be used.
        """

        def now() -> str:
            return rfc3339(clock())

        try:
            log = digest(_identity(directory, deployment, now))
            checkpoint = CheckpointFile(
                directory, log, signer, earlier_keys=earlier_keys, clock=now
            )
            shard = Shard(
                directory,
                log,
                signer=signer,
                durability=durability,
                checkpoint=checkpoint,
                clock=now,
            )
        except OSError as error:
            raise AuditError(
                f"The audit log in {directory} cannot be opened: {error.strerror}.",
                next_step=(
                    "Give the process a writable directory with free space"
                    " (TRIVIUM_AUDIT_DIR)."
                ),
            ) from error
        return cls(shard)

    def append(self, record: AuditRecord) -> None:
        """Keep one record. Returns when it is as durable as demanded; raises
        `AuditWriteError` otherwise."""
        self._shard.append(record)

    def state(self, documents: Iterable[Stated]) -> None:
        """Keep each document that the log does not state yet. Errors as `append`.

        Two processes that open a new log at the same time may both state one.
        """
        known = self._shard.stated()
        for document in documents:
            if document.digest not in known:
                self._shard.append(document)

    def seal(self) -> None:
        """Seal what has been appended so far, so that `verify` covers it."""
        self._shard.seal()

    def close(self) -> None:
        """Seal and release the shard. Appending afterwards raises."""
        self._shard.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _identity(directory: Path, deployment: str, clock: Callable[[], str]) -> bytes:
    """The bytes of `log.json`, made when there is none."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = directory / IDENTITY
    with locked(directory / LOCK):
        if not path.exists():
            identity = LogIdentity(
                format=FORMAT,
                log=secrets.token_hex(16),
                deployment=deployment,
                created_at=clock(),
            )
            write_durably(path, canonical(identity))
        content = read_file(path)
    try:
        found = msgspec.json.decode(content, type=LogIdentity)
    except ValueError as error:
        raise AuditError(
            f"{path} cannot be read: {error}.",
            next_step="Run `trivium audit verify`; write to another directory.",
        ) from error
    if found.deployment != deployment or found.format != FORMAT:
        raise AuditError(
            f"{path} belongs to deployment `{found.deployment}` (format"
            f" {found.format}), not to `{deployment}` (format {FORMAT}).",
            next_step=(
                "Give each deployment a directory of its own (TRIVIUM_AUDIT_DIR)."
            ),
        )
    return content
