"""Children end when they should: by themselves, when asked, when they must, and when
whoever started them dies."""

import os
import re
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from trivium_rehearsal.processes import (
    PORTS,
    Child,
    ProcessError,
    answers,
    ended_like_ctrl_c,
    free_port,
    run,
    start,
    wait_until_listening,
    wait_until_says,
)

ENV = {"PATH": os.environ["PATH"]}
PATIENCE_S = 20.0


def python(script: str) -> list[str]:
    return [sys.executable, "-I", "-c", textwrap.dedent(script)]


def alive(pid: int) -> bool:
    """Whether the process runs; one that has ended and waits to be collected does
    not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    if not Path("/proc/self/stat").exists():
        return True
    try:
        return (
            Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
        )
    except (FileNotFoundError, ProcessLookupError):  # it was collected in between
        return False


def eventually(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.02)
    return False


FAMILY = """
    import os, subprocess, sys, time
    sleeper = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
    near = subprocess.Popen([sys.executable, "-c", sleeper])
    far = subprocess.Popen([sys.executable, "-c", sleeper], start_new_session=True)
    print("family", os.getpid(), near.pid, far.pid, flush=True)
"""
"""A parent with a child in its group and one that has left for a session of its own;
both ignore SIGTERM."""


def family(child: Child) -> list[int]:
    return [
        int(pid) for pid in wait_until_says(child, r"family (\d+) (\d+) (\d+)").groups()
    ]


@pytest.mark.parametrize(
    ("script", "code"),
    [
        pytest.param("raise SystemExit(0)", 0, id="success is 0"),
        pytest.param("raise SystemExit(7)", 7, id="its own code passes through"),
        pytest.param(
            "import os; os.kill(os.getpid(), 9)",
            128 + 9,
            id="a signal is 128 and its number",
        ),
    ],
)
def test_the_exit_code_is_the_commands_own(script: str, code: int) -> None:
    assert run(python(script), name="it", env=ENV).code == code


def test_lines_are_handed_over_in_order_and_kept() -> None:
    seen: list[str] = []
    finished = run(
        python("print('one'); print('two')"), name="it", env=ENV, on_line=seen.append
    )
    assert (seen, finished.lines) == (["one", "two"], ("one", "two"))


def test_a_child_sees_exactly_the_environment_it_was_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "leak")
    script = (
        "import os; print(sorted(k for k in os.environ if not k.startswith(('LC_',"
        " '__CF'))))"
    )
    finished = run(python(script), name="it", env={**ENV, "ONLY": "this"})
    assert finished.lines == ("['ONLY', 'PATH']",)


def test_a_program_that_does_not_exist_is_one_clear_error() -> None:
    with pytest.raises(ProcessError, match="no program `no-such-program`"):
        start(["no-such-program"], name="it", env=ENV)


def test_stopping_lets_a_child_end_in_its_own_way(tmp_path: Path) -> None:
    script = """
        import signal, sys, time
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(42))
        print("ready", flush=True)
        time.sleep(600)
    """
    with start(python(script), name="it", env=ENV, log=tmp_path / "log") as child:
        wait_until_says(child, "ready")
        assert child.stop() == 42
        assert child.stop() == 42


def test_stopping_kills_a_child_that_will_not_end_and_all_that_it_started(
    tmp_path: Path,
) -> None:
    stubborn = (
        FAMILY + "\n    import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        " time.sleep(600)"
    )
    with start(python(stubborn), name="it", env=ENV, log=tmp_path / "log") as child:
        pids = family(child)
        assert child.stop(grace_s=0.3) == 128 + signal.SIGKILL
    assert not [pid for pid in pids if alive(pid)]


def test_what_a_child_left_behind_ends_with_it(tmp_path: Path) -> None:
    with start(python(FAMILY), name="it", env=ENV, log=tmp_path / "log") as child:
        pids = family(child)
        assert child.wait(PATIENCE_S) == 0
    assert eventually(lambda: not [pid for pid in pids if alive(pid)])


@pytest.mark.parametrize("victim", ["whoever started it", "its guardian"])
def test_kill_9_leaves_no_orphan(victim: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    parent = f"""
        import time
        from pathlib import Path
        from trivium_rehearsal.processes import start
        command = [{sys.executable!r}, "-c", {textwrap.dedent(FAMILY + "    time.sleep(600)")!r}]
        child = start(command, name="it", env={ENV!r}, log=Path({str(log)!r}))
        print(child.pid, flush=True)
        time.sleep(600)
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(parent)],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            guardian = int(process.stdout.readline())
            assert eventually(
                lambda: (
                    log.exists()
                    and re.search(r"family .*\n", log.read_text()) is not None
                )
            )
            command, near, far = map(int, log.read_text().split()[1:])
            os.kill(
                process.pid if victim == "whoever started it" else guardian,
                signal.SIGKILL,
            )
            # With its guardian dead nobody is left to look for grandchildren; the
            # command itself still dies (Linux).
            doomed = (
                [command, near, far, guardian]
                if victim == "whoever started it"
                else [command, guardian]
            )
            try:
                assert eventually(lambda: not [pid for pid in doomed if alive(pid)])
            finally:
                for pid in (near, far):
                    if alive(pid):
                        os.kill(pid, signal.SIGKILL)
        finally:
            process.kill()


def test_waiting_ends_as_soon_as_the_port_answers(tmp_path: Path) -> None:
    port = free_port()
    server = f"""
        import socket, time
        time.sleep(0.1)
        with socket.create_server(("127.0.0.1", {port})):
            time.sleep(600)
    """
    with start(python(server), name="it", env=ENV, log=tmp_path / "log") as child:
        wait_until_listening(child, port, timeout_s=PATIENCE_S)
        assert answers(port)


@pytest.mark.parametrize(
    ("script", "message"),
    [
        pytest.param(
            "import sys; print('the reason'); sys.exit(3)",
            r"the server ended with exit code 3 before it was listening on port"
            r" \d+\..*\n    the reason",
            id="a child that ended",
        ),
        pytest.param(
            "import time; print('still loading', flush=True); time.sleep(600)",
            r"the server was not listening on port \d+ after 0\.3 s\..*\n    still"
            r" loading",
            id="a child that takes too long",
        ),
    ],
)
def test_an_error_while_waiting_quotes_the_log(
    script: str, message: str, tmp_path: Path
) -> None:
    with start(
        python(script), name="the server", env=ENV, log=tmp_path / "log"
    ) as child:
        assert eventually(lambda: (tmp_path / "log").stat().st_size > 0)
        with pytest.raises(ProcessError, match=message):
            wait_until_listening(child, free_port(), timeout_s=0.3)


def test_a_free_port_can_be_bound_and_lies_below_the_systems_own() -> None:
    port = free_port()
    assert port in PORTS
    with socket.create_server(("127.0.0.1", port)):
        assert answers(port)


def test_every_port_in_use_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", free_port())) as taken:
        monkeypatch.setattr(
            "trivium_rehearsal.processes.random.sample",
            lambda *_: [taken.getsockname()[1]],
        )
        with pytest.raises(ProcessError, match="every one is in use"):
            free_port()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_being_asked_to_end_is_like_ctrl_c(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with ended_like_ctrl_c(), pytest.raises(KeyboardInterrupt):
        signal.raise_signal(number)
    assert signal.getsignal(number) == before


# --- what is bounded, quoted and ended ------------------------------------------------


def test_a_command_that_takes_too_long_is_stopped() -> None:
    sleeper = "print('begun', flush=True); import time; time.sleep(600)"
    finished = run(
        [sys.executable, "-c", sleeper], name="the sleeper", env=ENV, timeout_s=1.0
    )
    assert finished.lines == ("begun",)
    assert finished.code != 0


def test_of_a_traceback_the_error_alone_is_quoted(tmp_path: Path) -> None:
    log = tmp_path / "log"
    program = (
        "print('before', flush=True)\ntry:\n  1 / 0\nexcept ArithmeticError as e:\n "
        " raise OSError('the end') from e"
    )
    with start(
        [sys.executable, "-c", program], name="the failing", env=ENV, log=log
    ) as child:
        child.wait()
        quoted = child.last_lines()
    assert [line.strip() for line in quoted.splitlines() if line.strip()] == [
        "before",
        "ZeroDivisionError: division by zero",
        "The above exception was the direct cause of the following exception:",
        "OSError: the end",
    ]


def test_what_make_started_ends_when_make_is_killed(tmp_path: Path) -> None:
    (tmp_path / "child.py").write_text(
        "import os, pathlib, time\n"
        "from trivium_rehearsal.guardian import end_with_make\n"
        "end_with_make()\n"
        "pathlib.Path('pid').write_text(str(os.getpid()))\n"
        "time.sleep(600)\n"
    )
    (tmp_path / "Makefile").write_text(f"up:\n\t@{sys.executable} child.py\n")
    told = tmp_path / "pid"
    with subprocess.Popen(["make", "up"], cwd=tmp_path) as make:
        assert eventually(lambda: told.exists() and bool(told.read_text()))
        make.kill()
    child = int(told.read_text())
    assert eventually(lambda: not alive(child))
