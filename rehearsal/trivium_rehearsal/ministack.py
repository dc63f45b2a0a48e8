"""The local AWS emulator as a child process: MiniStack, on 127.0.0.1 alone, its state
in one folder.

It starts in an environment of its own making: nothing that the user has set (`AWS_*`,
proxies, Docker) reaches it. A graceful stop saves its state. After any other end
(`kill -9`, a crash) the saved state is older than the objects on disk and than the
stack's state, so the next start begins empty and says so: `lost_state` is True, every
read finds nothing, and an `up` with a refresh makes everything again. Half a state
would be worse than none.
"""

import contextlib
import fcntl
import json
import os
import shutil
import socket
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from trivium_rehearsal.processes import (
    Child,
    ProcessError,
    free_port,
    start,
    wait_until,
)

START_TIMEOUT_S = 60.0
"""It starts in 1 to 2 s; the rest is for a machine busy with something else."""
STOP_GRACE_S = 20.0
"""Saving the state of 1,250 resources took 0.5 s on two cores; killing it meanwhile
would lose all of it."""
PORT_TRIES = 3
"""A free port may be taken between looking and binding; three times in a row means
something else is wrong."""

_NOT_SAVED = "Persistence: failed to save"
_NOT_LOADED = ("Persistence: failed to load", "Failed to restore persisted state")
"""What MiniStack 1.5.33 logs and otherwise ignores when the disk is full or a file is
damaged."""

_HEALTH = "/_ministack/health"
_SETTINGS = {
    "BIND_HOST": "127.0.0.1",
    "IOT_MTLS_ENABLED": "0",  # otherwise it opens 0.0.0.0:8883, whatever BIND_HOST says
    "SFTP_ENABLED": "0",
    "PERSIST_STATE": "1",
    "S3_PERSIST": "1",
    "CLOUDTRAIL_RECORDING": "1",
    "AUTH": "true",
    "LOG_LEVEL": "WARNING",
}
"""MiniStack 1.5.33's own environment variables (its README)."""


class MiniStack:
    """The running emulator, for a `with` block. Raises `ProcessError` when it does not
    start, quoting its log, or when another one already runs in the same folder.

    `state_dir` is made when missing and holds everything that MiniStack writes, its log
    apart.
    """

    def __init__(self, state_dir: Path, python: Path, log: Path) -> None:
        self.state_dir = state_dir
        """Where it keeps its state, its objects and its temporary files."""
        self.log = log
        """What it writes to its output; appended to."""
        self.lost_state = False
        """Whether the last run here did not end gracefully (or its state cannot be
        read), so that this one began without it, in whole or in part. An `up` must then
        refresh first."""
        self._python = python
        self._child: Child | None = None
        self._port = 0
        self._lock: IO[bytes] | None = None
        self._log_begins = 0

    @property
    def url(self) -> str:
        """Where all AWS services answer, for instance ``http://127.0.0.1:21566``."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def port(self) -> int:
        """The one port on which it listens."""
        return self._port

    @property
    def pid(self) -> int:
        """The process to signal."""
        return self._running().pid

    def __enter__(self) -> Self:
        self._lock_folder()
        try:
            return self._entered()
        except BaseException:
            self._unlock_folder()
            raise

    def _entered(self) -> Self:
        self._discard_torn_state()
        for attempt in range(PORT_TRIES):
            self._port = free_port()
            try:
                self._start()
            except ProcessError:
                if attempt + 1 < PORT_TRIES and _in_use(self._port):
                    continue
                raise
            self.lost_state = self.lost_state or self._has_said(*_NOT_LOADED)
            return self
        raise AssertionError("unreachable: the last try returns or raises")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            graceful = self._running().stop(STOP_GRACE_S) == 0
            if graceful and not self._has_said(_NOT_SAVED):
                self._running_mark.unlink(missing_ok=True)
        finally:
            self._child = None
            self._unlock_folder()

    def listening(self) -> list[str]:
        """Every address and port on which the emulator listens, from Linux's socket
        tables; for proof."""
        return sorted(
            f"{entry.host}:{entry.port}" for entry in _listeners(_family(self.pid))
        )

    @property
    def _running_mark(self) -> Path:
        """Exists from start to graceful stop."""
        return self.state_dir / "running"

    def _lock_folder(self) -> None:
        """Hold the folder until this process lets go or ends, however it ends."""
        self.state_dir.mkdir(parents=True, exist_ok=True)
        self._lock = (self.state_dir / "lock").open("wb")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._unlock_folder()
            raise ProcessError(
                f"Another AWS emulator already runs in {self.state_dir}; two would"
                " overwrite each other's state.",
                next_step="Wait until the other run has ended, then run it again.",
            ) from error

    def _unlock_folder(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _has_said(self, *words: str) -> bool:
        """Whether any of these words is in the log since this start."""
        with contextlib.suppress(OSError), self.log.open("rb") as file:
            file.seek(self._log_begins)
            text = file.read().decode(errors="replace")
            return any(word in text for word in words)
        return False

    def _discard_torn_state(self) -> None:
        """Begin empty if the last run was cut off."""
        self.lost_state = self._running_mark.exists()
        if self.lost_state:
            for folder in ("state", "objects", "tmp"):
                shutil.rmtree(self.state_dir / folder, ignore_errors=True)

    def _start(self) -> None:
        for folder in ("state", "objects", "tmp", "home"):
            (self.state_dir / folder).mkdir(parents=True, exist_ok=True)
        self._running_mark.touch()
        self._log_begins = self.log.stat().st_size if self.log.exists() else 0
        child = start(
            [self._python, "-m", "ministack"],
            name="The AWS emulator",
            env=self._environment(),
            log=self.log,
        )
        try:
            wait_until(
                child,
                self._healthy,
                timeout_s=START_TIMEOUT_S,
                what=f"healthy at {self.url}",
            )
        except BaseException:
            child.stop()
            # nothing was asked of it: the saved state is as it was
            self._running_mark.unlink()
            raise
        self._child = child

    def _environment(self) -> dict[str, str]:
        return {
            **_SETTINGS,
            "PATH": os.defpath,
            "HOME": str(self.state_dir / "home"),
            "TMPDIR": str(self.state_dir / "tmp"),
            "STATE_DIR": str(self.state_dir / "state"),
            "S3_DATA_DIR": str(self.state_dir / "objects"),
            "GATEWAY_PORT": str(self._port),
            "EDGE_PORT": str(self._port),
            "DOCKER_HOST": (
                f"unix://{self.state_dir / 'no-docker.sock'}"
            ),  # else it tidies up the user's containers
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def _healthy(self) -> bool:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(self.url + _HEALTH, timeout=2) as answer:
                return isinstance(json.load(answer), dict)
        except (OSError, ValueError):
            return False

    def _running(self) -> Child:
        if self._child is None:
            raise ProcessError(
                "The AWS emulator is not running.",
                next_step="Use it inside a `with` block.",
            )
        return self._child


def _in_use(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@dataclass(frozen=True)
class _Listener:
    host: str
    port: int


def _family(pid: int) -> set[int]:
    """A process and its descendants."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, IndexError, ValueError):
                parents[int(entry.name)] = int(
                    (entry / "stat").read_text().rpartition(")")[2].split()[1]
                )
    family = {pid}
    while (
        more := {child for child, parent in parents.items() if parent in family}
        - family
    ):
        family |= more
    return family


def _listeners(pids: set[int]) -> list[_Listener]:
    """Listening TCP sockets of these processes (proc(5): state 0A is LISTEN, addresses
    are little-endian hex)."""
    inodes = set()
    for pid in pids:
        with contextlib.suppress(OSError):
            for handle in Path(f"/proc/{pid}/fd").iterdir():
                with contextlib.suppress(OSError):
                    inodes.add(
                        str(handle.readlink())
                        .removeprefix("socket:[")
                        .removesuffix("]")
                    )
    found = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            columns = line.split()
            if columns[3] == "0A" and columns[9] in inodes:
                host, _, port = columns[1].partition(":")
                found.append(_Listener(_address(host), int(port, 16)))
    return found


def _address(hexadecimal: str) -> str:
    words = [
        bytes.fromhex(hexadecimal[at : at + 8])[::-1]
        for at in range(0, len(hexadecimal), 8)
    ]
    packed = b"".join(words)
    return socket.inet_ntop(
        socket.AF_INET if len(packed) == 4 else socket.AF_INET6, packed
    )
