"""Where a rehearsal keeps what. Everything lies in `.trivium` and goes with
`make down`."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from trivium.errors import ConfigurationError
from trivium_rehearsal.toolchain.room import (
    REHEARSAL_BYTES,
    demand,
    free_bytes,
    fullest,
    rehearsal_folders,
)

STACK = "rehearsal"
"""The stack that `make up` deploys."""


@dataclass(frozen=True)
class Places:
    """The folders and files of one rehearsal."""

    root: Path
    """The repository."""

    @property
    def home(self) -> Path:
        """The folder of it all."""
        return self.root / ".trivium"

    @property
    def logs(self) -> Path:
        """What the engine, the stand-ins and the endpoints wrote."""
        return self.home / "logs"

    @property
    def descriptor(self) -> Path:
        """The signed descriptor."""
        return self.home / "deployment" / "descriptor.json"

    @property
    def draft(self) -> Path:
        """The draft that the descriptor was made from."""
        return self.descriptor.with_name("draft.json")

    @property
    def key(self) -> Path:
        """The key that signs descriptors."""
        return self.home / "keys" / "deployment.pem"

    @property
    def public_key(self) -> Path:
        """What descriptors are verified with."""
        return public_half(self.key)

    @property
    def audit(self) -> Path:
        """The application's audit log."""
        return self.home / "audit"

    @property
    def audit_key(self) -> Path:
        """The key that seals the audit log."""
        return self.home / "keys" / "audit.pem"

    @property
    def evaluation(self) -> Path:
        """The evaluation of the rehearsed deployment."""
        return self.home / "evaluation"

    @property
    def unfinished(self) -> Path:
        """Exists while the engine works. Found at the start, it means that a run was
        killed."""
        return self.home / "unfinished"


def public_half(key: Path) -> Path:
    """Where the public half of a key lies."""
    return key.with_name(f"{key.name}.pub")


def require_room(root: Path) -> None:
    """Raise `ConfigurationError` where the disk has no room for a rehearsal."""
    fuller = fullest(*rehearsal_folders(root))
    if free_bytes(fuller) < REHEARSAL_BYTES:
        asked = demand(fuller, REHEARSAL_BYTES)
        raise ConfigurationError(
            "There is not enough disk space for a rehearsal.",
            next_step=f"{asked} then run the same command again.",
        )


@contextmanager
def alone(places: Places) -> Iterator[None]:
    """Work on the rehearsal as the only command that does. The lock goes with the
    process, however it ends. Raises `ConfigurationError` where another one works."""
    places.logs.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(places.home / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConfigurationError(
                "Another `make up` or `make down` is running in this folder.",
                next_step="Wait until it has ended.",
            ) from error
        yield
    finally:
        os.close(descriptor)
