"""The log's checkpoint, as the processes that write the log keep it.

A writer signs what the checkpoint says of every shard, its own and the others'. So it
accepts only a checkpoint that holds. Otherwise anyone who may write to the directory
could remove records, forge the checkpoint, and have the next process that seals sign
the forgery.
"""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import msgspec

from trivium.audit.layout import CHECKPOINT, LOCK, open_file, read_file
from trivium.audit.record import FORMAT
from trivium.audit.seal import CHECKPOINT_TYPE, Checkpoint, ShardHead
from trivium.durable import write_durably
from trivium.errors import AuditError
from trivium.vocabulary.envelope import (
    EnvelopeError,
    Signer,
    TrustedKeys,
    canonical,
    seal,
    unseal,
)


class LogSigner(Signer, Protocol):
    """Who signs a log, and whose signatures are therefore believed in it."""

    @property
    def public_pem(self) -> bytes:
        """The public key, SubjectPublicKeyInfo PEM."""


class CheckpointFile:
    """`checkpoint.json` of one log, for one process that writes it."""

    def __init__(
        self,
        directory: Path,
        log: str,
        signer: LogSigner,
        *,
        earlier_keys: bytes,
        clock: Callable[[], str],
    ) -> None:
        """`log`: digest of `log.json`. `earlier_keys`: public keys (PEM) that the log
        was signed with before."""
        self._directory = directory
        self._path = directory / CHECKPOINT
        self._log = log
        self._signer = signer
        self._clock = clock
        self._seen = 0
        try:
            self.trusted = TrustedKeys.from_pem(
                signer.public_pem + b"\n" + earlier_keys
            )
        except EnvelopeError as error:
            raise AuditError(
                f"The audit log's earlier public keys cannot be used: {error}.",
                next_step="Mend the file of public keys beside the audit signing key.",
            ) from error

    def head_of(self, shard: str) -> ShardHead | None:
        """How far the checkpoint saw a shard; None when it saw none. Raises
        `AuditError` when it does not hold."""
        with locked(self._directory / LOCK):
            checkpoint = self._read()
        return checkpoint.shards.get(shard) if checkpoint else None

    def number(self) -> int:
        """The checkpoint's number; 0 when there is none. Raises `AuditError` when it
        does not hold."""
        with locked(self._directory / LOCK):
            checkpoint = self._read()
        return checkpoint.number if checkpoint else 0

    def advance(self, shard: str, *, after: ShardHead | None, to: ShardHead) -> None:
        """Sign that `shard` has come from one head to the next. Raises `AuditError`
        when the checkpoint saw another."""
        with locked(self._directory / LOCK):
            last = self._read()
            shards = last.shards if last else {}
            if shards.get(shard) != after:
                raise self.disagrees(
                    f"it does not say of shard {shard} what this process has sealed"
                    " there"
                )
            number = (last.number if last else 0) + 1
            checkpoint = Checkpoint(
                format=FORMAT,
                log=self._log,
                number=number,
                at=self._clock(),
                shards={**shards, shard: to},
            )
            write_durably(
                self._path, seal(CHECKPOINT_TYPE, canonical(checkpoint), self._signer)
            )
            self._seen = number

    def disagrees(self, reason: str) -> AuditError:
        """The error for a log that is not as its checkpoint says."""
        return AuditError(
            f"{self._path} and the audit log do not agree: {reason}. Records may have"
            " been removed, so nothing is appended that would hide it.",
            next_step=(
                "Run `trivium audit verify`, keep the directory as evidence, and write"
                " to another one (TRIVIUM_AUDIT_DIR). If the signing key was changed,"
                " add the earlier public key to the file that is named like the new key"
                " and `.pub`."
            ),
        )

    def _read(self) -> Checkpoint | None:
        """The checkpoint on the disk, verified; None before the first."""
        try:
            content = read_file(self._path)
            checkpoint = msgspec.json.decode(
                unseal(content, CHECKPOINT_TYPE, self.trusted), type=Checkpoint
            )
        except FileNotFoundError:
            if self._seen:
                raise self.disagrees("the checkpoint is missing") from None
            return None
        except ValueError as error:
            raise self.disagrees(str(error)) from error
        if checkpoint.log != self._log:
            raise self.disagrees("the checkpoint belongs to another log")
        if checkpoint.number < self._seen:
            raise self.disagrees("an earlier checkpoint was put back")
        self._seen = checkpoint.number
        return checkpoint


class locked:  # noqa: N801 -- used as a function, with `with`
    """Hold an exclusive lock on `path` for a moment."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        self._fd = open_file(self._path, os.O_RDWR | os.O_CREAT)
        fcntl.flock(self._fd, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)
