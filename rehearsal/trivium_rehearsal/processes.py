"""Children that never outlive us: started under a guardian, stopped gracefully, then by
force.

Whatever ends this process (success, an exception, Ctrl-C, `kill -9`), each child
started here and everything that it started is gone soon after; `guardian.py` says how.
Children never see the terminal's Ctrl-C themselves: this process gets it, and stops
them in its own order.
"""

import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import IO, Self

from trivium.errors import TriviumError

PORTS = range(20_000, 30_000)
"""Below the ports that Linux (from 32768) and others hand out by themselves, so nothing
takes one by chance."""
GRACE_S = 5.0
"""How long a child may take to end after it was asked to."""
QUOTED_LINES = 12
"""Last lines of a child's log that an error quotes."""
_GUARDIAN = Path(__file__).with_name("guardian.py")


class ProcessError(TriviumError):
    """A child could not be started, failed, or did not become ready. Quotes the last
    lines that it wrote."""

    fault = "platform"


class Child:
    """One running command with all that it starts. As a context manager it is stopped
    on the way out."""

    def __init__(
        self,
        guardian: subprocess.Popen[bytes],
        lifeline: int,
        *,
        name: str,
        log: Path | None,
    ) -> None:
        self._guardian = guardian
        self._lifeline: int | None = lifeline
        self.name = name
        """What people call it, for messages."""
        self.log = log
        """Where its output goes, or None."""

    @property
    def pid(self) -> int:
        """Process id of the guardian; signals sent to it reach the command."""
        return self._guardian.pid

    @property
    def stdin(self) -> IO[bytes] | None:
        """The command's input, if `start` was given `stdin=subprocess.PIPE`."""
        return self._guardian.stdin

    @property
    def stdout(self) -> IO[bytes] | None:
        """The command's output, if `start` was given `stdout=subprocess.PIPE`."""
        return self._guardian.stdout

    @property
    def stderr(self) -> IO[bytes] | None:
        """The command's error output, if `start` was given `stderr=subprocess.PIPE`."""
        return self._guardian.stderr

    def poll(self) -> int | None:
        """Exit code (128 + signal if a signal ended it), or None while it runs."""
        return self._guardian.poll()

    def wait(self, timeout_s: float | None = None) -> int:
        """Exit code, once it has ended. Raises `TimeoutError` after `timeout_s`; the
        child runs on."""
        try:
            code = self._guardian.wait(timeout_s)
        except subprocess.TimeoutExpired as error:
            raise TimeoutError(f"{self.name} still runs after {timeout_s} s") from error
        self._let_go()
        return code

    def stop(
        self, grace_s: float = GRACE_S, ask_with: signal.Signals = signal.SIGTERM
    ) -> int:
        """Ask it to end, kill it (and its descendants) after `grace_s`; return its exit
        code. Twice is fine."""
        if self.poll() is None:
            self._guardian.send_signal(ask_with)
            with suppress(TimeoutError):
                return self.wait(grace_s)
        self._let_go()  # The guardian kills everything when its lifeline ends.
        return self._guardian.wait()

    def last_lines(self) -> str:
        """The end of its log, indented for quoting, of tracebacks only the error; empty
        without a log."""
        if self.log is None:
            return ""
        with suppress(OSError), self.log.open("rb") as file:
            file.seek(max(0, self.log.stat().st_size - 16_384))
            lines = _without_tracebacks(
                file.read().decode(errors="replace").splitlines()
            )[-QUOTED_LINES:]
            return "\n".join(f"    {line}" for line in lines)
        return ""

    def _let_go(self) -> None:
        if self._lifeline is not None:
            os.close(self._lifeline)
            self._lifeline = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def start(
    command: Sequence[str | Path],
    *,
    name: str,
    env: Mapping[str, str],
    cwd: Path | None = None,
    log: Path | None = None,
    stdin: int | IO[bytes] = subprocess.DEVNULL,
    stdout: int | IO[bytes] | None = None,
    stderr: int | IO[bytes] | None = None,
) -> Child:
    """Start `command` under a guardian, in a session of its own, with exactly the
    environment `env`.

    With `log`, output and errors are appended there; else they go where `stdout` and
    `stderr` say, by default where ours go. Raises `ProcessError` when the program does
    not exist.
    """
    program = shutil.which(str(command[0]), path=env.get("PATH", os.defpath))
    if program is None:
        raise ProcessError(
            f"{name} could not be started: there is no program `{command[0]}`.",
            next_step="Run `make clean up`.",
        )
    theirs, ours = os.pipe()
    guardian_of = [sys.executable, "-I", "-S", str(_GUARDIAN), str(theirs)]
    guarded = [*guardian_of, program, *map(str, command[1:])]
    try:
        with _opened(log) as file:
            guardian = subprocess.Popen(
                guarded,
                env=dict(env),
                cwd=cwd,
                stdin=stdin,
                stdout=file or stdout,
                stderr=file or stderr,
                start_new_session=True,
                pass_fds=(theirs,),
            )
    except BaseException:
        os.close(ours)
        raise
    finally:
        os.close(theirs)
    return Child(guardian, ours, name=name, log=log)


@contextmanager
def _opened(log: Path | None) -> Iterator[IO[bytes] | None]:
    if log is None:
        yield None
        return
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as file:
        yield file


@dataclass(frozen=True)
class Finished:
    """A command that has ended."""

    code: int
    """Its exit code; 128 + signal if a signal ended it."""
    lines: tuple[str, ...]
    """The last lines that it wrote, output and errors together, oldest first."""


def run(
    command: Sequence[str | Path],
    *,
    name: str,
    env: Mapping[str, str],
    cwd: Path | None = None,
    on_line: Callable[[str], None] = lambda _: None,
    keep_lines: int = 100,
    timeout_s: float | None = None,
) -> Finished:
    """Run `command` to its end, handing over each line (output and errors together) as
    it is written.

    One that still runs after `timeout_s` is stopped: its exit code then tells of a
    signal.
    """
    kept: deque[str] = deque(maxlen=keep_lines)
    with start(
        command,
        name=name,
        env=env,
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as child:
        assert child.stdout is not None  # noqa: S101 - asked for above
        with child.stdout as output, _stopped_after(timeout_s, child):
            for raw in output:
                line = raw.decode(errors="replace").rstrip("\r\n")
                kept.append(line)
                on_line(line)
        return Finished(child.wait(), tuple(kept))


@contextmanager
def _stopped_after(timeout_s: float | None, child: Child) -> Iterator[None]:
    """Stop the child if we are still inside after `timeout_s`."""
    if timeout_s is None:
        yield
        return
    timer = threading.Timer(timeout_s, child.stop)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()


def wait_until(
    child: Child, ready: Callable[[], bool], *, timeout_s: float, what: str
) -> None:
    """Return once `ready()` is true. Raises `ProcessError`, quoting the log, if the
    child ends or time runs out.

    `what` completes "was not …": ``"listening on port 20123"``.
    """
    deadline = time.monotonic() + timeout_s
    while not ready():
        code = child.poll()
        if code is not None:
            raise _not_ready(
                child, f"{child.name} ended with exit code {code} before it was {what}."
            )
        if time.monotonic() > deadline:
            raise _not_ready(
                child, f"{child.name} was not {what} after {timeout_s:g} s."
            )
        time.sleep(0.02)


def wait_until_listening(child: Child, port: int, *, timeout_s: float = 30.0) -> None:
    """Return once something accepts connections on `port` of 127.0.0.1. Raises as
    `wait_until` does."""
    wait_until(
        child,
        lambda: answers(port),
        timeout_s=timeout_s,
        what=f"listening on port {port}",
    )


def wait_until_says(
    child: Child, pattern: str, *, timeout_s: float = 30.0, what: str = "ready"
) -> re.Match[str]:
    """The first match of the regular expression `pattern` in the child's log. Raises as
    `wait_until` does."""
    found: list[re.Match[str]] = []

    def said() -> bool:
        text = (
            child.log.read_text(errors="replace")
            if child.log and child.log.exists()
            else ""
        )
        found.extend(
            match for match in [re.search(pattern, text, re.MULTILINE)] if match
        )
        return bool(found)

    wait_until(child, said, timeout_s=timeout_s, what=what)
    return found[0]


def _without_tracebacks(lines: list[str]) -> list[str]:
    """Of each Python traceback the last line alone, which is the error; whoever wants
    the rest has the log."""
    kept, inside = [], False
    for line in lines:
        inside = inside or line.startswith("Traceback (most recent call last)")
        if inside and (
            not line
            or line.startswith(
                (" ", "Traceback", "During handling", "The above exception")
            )
        ):
            continue
        inside = False
        kept.append(line)
    return kept


def _not_ready(child: Child, message: str) -> ProcessError:
    quoted = child.last_lines()
    wrote = f" The last it wrote:\n{quoted}\n" if quoted else " It wrote nothing."
    return ProcessError(
        message + wrote,
        next_step=f"Run it again; the whole log is {child.log}." if child.log else None,
    )


def answers(port: int) -> bool:
    """Whether something accepts connections on `port` of 127.0.0.1."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    """A port of `PORTS` on which nobody listens now on 127.0.0.1. Another process may
    take it before you do."""
    for port in random.sample(PORTS, 200):
        with (
            socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe,
            suppress(OSError),
        ):
            probe.bind(("127.0.0.1", port))
            return port
    raise ProcessError(
        f"200 ports between {PORTS.start} and {PORTS.stop - 1} were tried and every one"
        " is in use on 127.0.0.1.",
        next_step="End the programs that listen there, then run it again.",
    )


@contextmanager
def ended_like_ctrl_c() -> Iterator[None]:
    """While inside, SIGTERM and SIGHUP raise `KeyboardInterrupt`, so that `finally`
    blocks run for them too."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {
        number: signal.signal(number, interrupt)
        for number in (signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
