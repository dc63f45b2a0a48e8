"""The examples run, against the strict local endpoints."""

import runpy
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.client.worlds import (
    GREETING,
    SECRET,
    World,
)
from trivium.review import ReviewQueue, Terms

EXAMPLES = Path(__file__).parents[2] / "examples" / "client"


@pytest.fixture
def configured(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """An environment as an application finds it."""
    for name, value in world.variables().items():
        monkeypatch.setenv(name, value)
    return world


def run(name: str, monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """Run an example as a user would; its exit status."""
    monkeypatch.setattr(sys, "argv", [name, *words])
    try:
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")
    except SystemExit as done:
        return int(done.code or 0)
    return 0


def test_review_waits_for_a_person(
    configured: World,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = configured.audit.with_name("audit.reviews.db")
    queue = ReviewQueue(path, terms=Terms(blind=0, double=0))

    def decide(verdict: str) -> None:
        for _ in range(600):
            for ticket in queue.pending():
                queue.decide(
                    ticket.id,
                    reviewer="ann",
                    verdict="allow" if verdict == "allow" else "deny",
                    reason="fine",
                    append=lambda _record: None,
                )
                return
            time.sleep(0.05)

    for verdict, status in (("allow", 0), ("deny", 1)):
        reviewer = threading.Thread(target=decide, args=(verdict,))
        reviewer.start()
        assert run("review.py", monkeypatch, "hello", "refund", "30") == status
        reviewer.join()
    out, err = capsys.readouterr()
    assert out.strip() == GREETING
    assert "was denied by ann" in err


def test_ask_prints_the_answer(
    configured: World,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("ask.py", monkeypatch, "hello") == 0
    assert capsys.readouterr().out.strip() == GREETING


def test_ask_says_which_provision_stopped_a_secret(
    configured: World,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("ask.py", monkeypatch, f"Why does {SECRET} not work?") == 1
    told = capsys.readouterr()
    assert "secrets-never-leave" in told.err
    assert SECRET not in told.err + told.out


def test_stream_answers_every_question(
    configured: World,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("stream.py", monkeypatch, "hello", "hello again") == 0
    assert len(configured.outcomes()) == 2
    assert "2: " in capsys.readouterr().out


def test_tools_goes_back_and_forth(
    configured: World,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("tools.py", monkeypatch, "claim please") == 0
    assert capsys.readouterr().out.strip() == GREETING
    assert [outcome for _, outcome in configured.outcomes()] == ["answered", "answered"]
