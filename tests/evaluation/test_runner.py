"""Runs: everything once, within limits, and from where they stopped."""

import errno
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.evaluation.fakes import (
    SUITE,
    Deployed,
    evaluated,
    refused,
    run_of,
    task,
)
from tests.tree import ROOT
from trivium.errors import (
    AuditWriteError,
    EvaluationError,
    TransportError,
    TriviumError,
)
from trivium.evaluation.journal import openings, read_journal
from trivium.evaluation.outcome import opens
from trivium.evaluation.runner import Progress, planned


def down(_: str) -> Exception:
    return TransportError("The connection was refused.")


def test_every_sample_is_asked_once_and_as_many_at_a_time_as_allowed(
    tmp_path: Path,
) -> None:
    deployed = Deployed(delay_s=0.002)
    found = evaluated(
        tmp_path / "journal", [task(n) for n in range(50)], deployed, concurrency=7
    )
    assert found.complete
    assert found.stopped == ""
    assert set(Counter(deployed.asked).values()) == {1}
    assert len(deployed.asked) == 50
    assert deployed.most == 7


def test_ids_depend_on_suite_scenario_model_and_repeat_alone() -> None:
    tasks = [task(0), task(1)]
    first = planned(SUITE, tasks, run_of(4, repeats=2))
    assert list(first) == list(planned(SUITE, tasks, run_of(4, repeats=2)))
    assert len(first) == 4
    others = planned("sha256:" + "6" * 64, tasks, run_of(4, repeats=2))
    assert not first.keys() & others.keys()


def test_scenarios_that_share_an_id_are_refused() -> None:
    with pytest.raises(EvaluationError, match="share an id"):
        planned(SUITE, [task(1), task(1)], run_of(2))


def test_an_empty_suite_is_refused() -> None:
    with pytest.raises(EvaluationError, match="no scenario"):
        planned(SUITE, [], run_of(0))


def test_a_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    tasks = [task(n) for n in range(30)]
    flaky = Deployed(fails=lambda text: down(text) if text.endswith("7") else None)
    first = evaluated(tmp_path / "journal", tasks, flaky)
    assert not first.complete
    assert first.missing == 3
    assert first.stopped == "samples failed within the error budget: transport 3"
    sound = Deployed()
    second = evaluated(tmp_path / "journal", tasks, sound)
    assert second.complete
    assert sorted(sound.asked) == ["question 17", "question 27", "question 7"]


def test_an_endpoint_that_is_down_ends_the_run_at_the_error_budget(
    tmp_path: Path,
) -> None:
    deployed = Deployed(fails=down)
    found = evaluated(
        tmp_path / "journal",
        [task(n) for n in range(500)],
        deployed,
        concurrency=4,
        error_budget=10,
    )
    assert found.stopped == "the error budget of 10 is spent: transport 11"
    assert found.missing == 500
    assert len(deployed.asked) < 20


def test_an_endpoint_that_never_answers_is_a_failure(tmp_path: Path) -> None:
    found = evaluated(
        tmp_path / "journal",
        [task(n) for n in range(50)],
        Deployed(delay_s=60),
        concurrency=5,
        error_budget=2,
        sample_timeout_s=0.05,
    )
    assert found.stopped.startswith("the error budget of 2 is spent: timeout")


def test_the_cost_ceiling_is_not_exceeded(tmp_path: Path) -> None:
    tasks = [task(n) for n in range(100)]
    found = evaluated(
        tmp_path / "journal", tasks, Deployed(delay_s=0.001), ceiling_usd=0.0105
    )
    assert len(found.outcomes) == 10
    assert "the cost ceiling of $0.01" in found.stopped
    more = evaluated(tmp_path / "journal", tasks, Deployed(), ceiling_usd=0.0205)
    assert len(more.outcomes) == 20


def test_a_ceiling_needs_prices(tmp_path: Path) -> None:
    found = evaluated(
        tmp_path / "journal",
        [task(n) for n in range(9)],
        Deployed(cost_usd=None),
        ceiling_usd=1.0,
    )
    assert len(found.outcomes) == 1
    assert "not known to the catalogue" in found.stopped


def test_a_refusal_by_a_provision_is_an_outcome(tmp_path: Path) -> None:
    found = evaluated(
        tmp_path / "journal", [task(1, "blocked"), task(2)], Deployed(fails=refused)
    )
    ended = {each.scenario: each for each in found.outcomes.values()}
    assert (ended["s1"].ended, ended["s1"].action) == ("refused", "BLOCK")
    assert ended["s1"].requests == ("req_9",)
    assert ended["s2"].ended == "answered"


def test_a_log_that_cannot_be_written_ends_the_run_at_once(tmp_path: Path) -> None:
    deployed = Deployed(fails=lambda _: AuditWriteError("The disk is full."))
    with pytest.raises(TriviumError, match="disk is full"):
        evaluated(tmp_path / "journal", [task(n) for n in range(90)], deployed)
    assert len(deployed.asked) <= 32


def test_later_questions_follow_the_replies_to_earlier_ones(tmp_path: Path) -> None:
    deployed = Deployed()
    steps = tuple(({"role": "user", "content": text},) for text in ("one", "two"))
    evaluated(tmp_path / "journal", [task(1, steps=steps)], deployed)
    assert deployed.asked == ["one", "two"]
    ((_, opening),) = openings(tmp_path / "journal")
    assert '"yes: one"' in opening.conversation


def test_a_conversation_is_opened_by_its_salt_alone(tmp_path: Path) -> None:
    found = evaluated(tmp_path / "journal", [task(1)], Deployed())
    ((name, opening),) = openings(tmp_path / "journal")
    assert opens(found.outcomes[name].commitment, opening)
    again = evaluated(tmp_path / "other", [task(1)], Deployed())
    assert not opens(again.outcomes[name].commitment, opening)


def test_the_journal_keeps_no_text_where_none_is_wanted(tmp_path: Path) -> None:
    evaluated(tmp_path / "journal", [task(1)], Deployed(), keep_text=False)
    assert b"question" not in (tmp_path / "journal").read_bytes()


def test_a_line_that_was_cut_off_is_asked_again(tmp_path: Path) -> None:
    tasks, path = [task(n) for n in range(5)], tmp_path / "journal"
    evaluated(path, tasks, Deployed())
    whole = path.read_bytes()
    path.write_bytes(whole[: whole.rindex(b'{"stopped"') - 20])
    deployed = Deployed()
    assert evaluated(path, tasks, deployed).complete
    assert len(deployed.asked) == 1
    assert path.read_bytes().count(b"\n") == whole.count(b"\n")


def test_wherever_the_journal_is_cut_every_whole_line_counts(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    evaluated(path, [task(n) for n in range(3)], Deployed())
    whole = path.read_bytes()
    for cut in range(whole.index(b"\n") + 1, len(whole)):
        path.write_bytes(whole[:cut])
        _, outcomes, _ = read_journal(path)
        assert len(outcomes) == whole[:cut].count(b'"outcome"') - (
            not whole[:cut].endswith(b"\n")
            and b'"outcome"' in whole[:cut].rpartition(b"\n")[2]
        )


def test_a_full_disk_ends_the_run_and_leaves_no_half_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, real, written = tmp_path / "journal", os.write, Counter[str]()

    def full(file: int, data: bytes) -> int:
        written["lines"] += 1
        if written["lines"] < 20:
            return real(file, data)
        if data.endswith(b"\n") and len(data) > 40 and written["lines"] == 20:
            return real(file, data[:40])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("trivium.evaluation.journal.os.write", full)
    with pytest.raises(EvaluationError, match="No space left"):
        evaluated(path, [task(n) for n in range(60)], Deployed())
    monkeypatch.undo()
    assert path.read_bytes().endswith(b"\n")
    assert evaluated(path, [task(n) for n in range(60)], Deployed()).complete


def test_a_damaged_line_is_told_by_its_number(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    evaluated(path, [task(n) for n in range(5)], Deployed())
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:2], b"{garbled\n", *lines[3:]]))
    with pytest.raises(EvaluationError, match=r"Line 3 .* is damaged"):
        read_journal(path)


def test_the_journal_of_another_run_is_refused(tmp_path: Path) -> None:
    tasks, path = [task(1)], tmp_path / "journal"
    evaluated(path, tasks, Deployed())
    with pytest.raises(EvaluationError, match="`descriptor` differs"):
        evaluated(path, tasks, Deployed(), run=run_of(1, descriptor="sha256:other"))


def test_two_runs_cannot_write_one_journal(tmp_path: Path) -> None:
    tasks, path = [task(1)], tmp_path / "journal"

    def second(progress: Progress) -> None:
        if not progress.done:
            with pytest.raises(EvaluationError, match="being written by another"):
                evaluated(path, tasks, Deployed())

    assert evaluated(path, tasks, Deployed(), watch=second).complete


PROGRAM = """
import sys
from pathlib import Path
from tests.evaluation.fakes import Deployed, evaluated, task
evaluated(Path(sys.argv[1]), [task(n) for n in range(400)], Deployed(delay_s=0.004),
          concurrency=4)
"""


def test_kill_9_at_any_time_loses_and_doubles_nothing(tmp_path: Path) -> None:
    path, seen = tmp_path / "journal", 0
    for _ in range(5):
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(path)],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
        _wait_for_lines(path, seen + 25, process)
        process.send_signal(signal.SIGKILL)
        process.wait()
        _, outcomes, _ = read_journal(path)
        assert len(outcomes) >= seen
        seen = len(outcomes)
    assert 100 < seen < 400
    found = evaluated(path, [task(n) for n in range(400)], Deployed())
    assert found.complete
    lines = path.read_bytes().splitlines()
    assert sum(b'"outcome"' in line for line in lines) == 400


def _wait_for_lines(path: Path, count: int, process: subprocess.Popen[bytes]) -> None:
    """Until the journal has so many lines; bounded."""
    for _ in range(3000):
        if path.exists() and path.read_bytes().count(b"\n") >= count:
            return
        assert process.poll() is None, "the run ended before it was killed"
        time.sleep(0.01)
    pytest.fail("the run wrote nothing")
