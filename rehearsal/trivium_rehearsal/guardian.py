"""Runs one command and answers for all that it starts: once it ends, or its asker dies,
nothing lives on.

    python -I -S guardian.py <lifeline> <command> …

`<lifeline>` is the read end of a pipe whose only write end is held by the process that
asked. The system closes it when that process ends, however it ends (`kill -9` too), and
that is the signal to kill everything. The usual alternative, `PR_SET_PDEATHSIG`, fires
when the *thread* that started a child ends, reaches one generation only, and exists on
Linux alone; it is used here for the one case it suits, the command outliving this
guardian.

Signals that ask for an end are passed on to the command's process group. The exit code
is the command's own, or 128 + the signal that ended it. Started with `-I -S` it takes
some 15 ms; only the standard library is imported.
"""

import os
import select
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
"""prctl(2), linux/prctl.h: orphaned descendants become children of this process instead
of init's."""

PASSED_ON = (
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGQUIT,
    signal.SIGUSR1,
    signal.SIGUSR2,
)
SWEEP_S = 10.0
"""How long killed descendants may take to disappear; one stuck in the kernel for longer
is left to init."""


def end_with_make() -> None:
    """When `make` started this process, ask it to end (SIGTERM) when make does: killed
    by `kill -9`, make itself asks nobody (Linux)."""
    with suppress(OSError):
        if Path(f"/proc/{os.getppid()}/comm").read_text().strip() in {"make", "gmake"}:
            _prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def main(lifeline: int, command: list[str]) -> int:
    """Run `command` to its end, or to the asker's; return the exit code to give."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    os.set_inheritable(lifeline, False)
    woken, waker = os.pipe()
    os.set_blocking(woken, False)
    os.set_blocking(waker, False)
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    for number in (*PASSED_ON, signal.SIGCHLD):
        signal.signal(
            number, lambda *_: None
        )  # The wake-up pipe carries the number; a handler must exist.
    child = _start(command, os.getpid())
    try:
        return _watch(child, lifeline, woken)
    finally:
        _kill_everything(child)


def _watch(child: int, lifeline: int, woken: int) -> int:
    """Pass signals on until the child ends (its exit code) or the lifeline does (128 +
    SIGKILL)."""
    while True:
        code = _reap(child)
        if code is not None:
            return code
        ready, _, _ = select.select([lifeline, woken], [], [])
        if lifeline in ready:
            return 128 + signal.SIGKILL
        with suppress(BlockingIOError):
            for number in os.read(woken, 64):
                if number in PASSED_ON:
                    _kill_group(child, number)


def _start(command: list[str], guardian: int) -> int:
    """Start the command at the head of a process group of its own; it dies with this
    guardian (Linux)."""
    child = os.fork()
    if child:
        with suppress(
            OSError
        ):  # The child does it too; whoever is second may be refused.
            os.setpgid(child, child)
        return child
    try:
        os.setpgid(0, 0)
        _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != guardian:
            os._exit(128 + signal.SIGKILL)
        for number in (*PASSED_ON, signal.SIGCHLD, signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(
                number, signal.SIG_DFL
            )  # Python ignores the last two, and exec hands that down.
        os.execvp(command[0], command)  # noqa: S606 - the caller's own command, as a list
    except OSError as error:
        os.write(2, f"{command[0]}: {error.strerror}\n".encode())
    os._exit(127)


def _reap(child: int) -> int | None:
    """Collect whoever has ended; the exit code of `child` if it was among them."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return (
                128 + signal.SIGKILL
            )  # Cannot be: only this function collects the child.
        if pid == 0:
            return None
        if pid == child:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def _kill_everything(child: int) -> None:
    """Kill the command's group and, on Linux, every descendant wherever it hid; return
    when none is left."""
    _kill_group(child, signal.SIGKILL)
    deadline = time.monotonic() + SWEEP_S
    while time.monotonic() < deadline:
        for pid in _children():
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        try:
            if os.waitpid(-1, os.WNOHANG) == (0, 0):
                time.sleep(0.005)
        except ChildProcessError:
            return


def _children() -> list[int]:
    """Our living children, with those that were orphaned to us. Empty where there is no
    /proc."""
    me = str(os.getpid())
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, IndexError):
            # pid (name, which may hold anything) state ppid …
            if (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()[
                1
            ] == me:
                found.append(int(folder.name))
    return found


def _kill_group(leader: int, number: int) -> None:
    with suppress(OSError):
        os.killpg(leader, number)


def _prctl(option: int, value: int) -> None:
    """prctl(2) where there is one (Linux); elsewhere the lifeline and the process group
    must do."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


if __name__ == "__main__":
    # Past the interpreter's own shutdown: nothing is left to flush, and it would only
    # cost time.
    os._exit(main(int(sys.argv[1]), sys.argv[2:]))
