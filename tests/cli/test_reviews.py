"""`trivium reviews`, as a reviewer uses it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.review.test_queue import draft
from trivium.audit import LogReader, Reviewed, load_or_create
from trivium.cli.reviews import command
from trivium.errors import ReviewError
from trivium.review import ReviewQueue, Terms
from trivium.vocabulary.envelope import TrustedKeys


@pytest.fixture
def queue(tmp_path: Path) -> ReviewQueue:
    (tmp_path / "audit").mkdir()
    return ReviewQueue(tmp_path / "reviews.db", terms=Terms(blind=0, double=0))


def run(queue: ReviewQueue, *words: str) -> Result:
    return CliRunner().invoke(
        command, [words[0], "--queue", str(queue.path), *words[1:]]
    )


def decided(queue: ReviewQueue, ticket: str, *words: str) -> Result:
    audit = str(queue.path.with_name("audit"))
    given = ("--reviewer", "ann", "--reason", "fine", "--audit", audit)
    return run(queue, "decide", ticket, *words, *given)


def test_what_waits_is_listed_and_shown(queue: ReviewQueue) -> None:
    ticket = queue.open(
        draft(judged=json.dumps({"text": "Canary \x1b[31m ü"}).encode())
    )
    listed = run(queue, "list")
    assert ticket.id in listed.stdout
    assert "advice-is-reviewed" in listed.stdout
    shown = run(queue, "show", ticket.id, "--reviewer", "ann")
    assert "Canary" in shown.stdout
    assert "condition at content" in shown.stdout
    assert shown.stdout.isascii()
    assert "\x1b" not in shown.stdout


def test_a_decision_is_in_the_audit_log(queue: ReviewQueue) -> None:
    ticket = queue.open(draft())
    assert decided(queue, ticket.id, "allow").exit_code == 0
    key = load_or_create(queue.path.with_name("audit.pem"))
    trusted = TrustedKeys.from_pem(key.public_pem)
    (entry,) = LogReader(queue.path.with_name("audit"), trusted).entries()
    assert isinstance(entry.record, Reviewed)
    assert (entry.record.ticket, entry.record.reviewer) == (ticket.id, "ann")
    assert run(queue, "list").stdout == ""


def test_a_blind_ticket_says_that_the_opinion_is_hidden(queue: ReviewQueue) -> None:
    assert run(queue, "terms", "--blind", "1").exit_code == 0
    ticket = queue.open(draft())
    shown = run(queue, "show", ticket.id, "--reviewer", "ann")
    assert "decided blind" in shown.stdout
    assert "condition at content" not in shown.stdout
    for words in (
        ("list",),
        ("list", "--json"),
        ("show", ticket.id, "--reviewer", "b"),
    ):
        assert "advice-is-reviewed" not in run(queue, *words).stdout


def test_a_first_of_two_decisions_says_that_another_is_needed(
    queue: ReviewQueue,
) -> None:
    run(queue, "terms", "--double", "1")
    ticket = queue.open(draft())
    assert "another reviewer must confirm" in decided(queue, ticket.id, "allow").stdout


def test_measures_are_printed_for_people_and_programs(queue: ReviewQueue) -> None:
    decided(queue, queue.open(draft()).id, "edit", "--text", "Withheld")
    assert "1 decisions" in run(queue, "measures").stdout
    found = json.loads(run(queue, "measures", "--json").stdout)
    assert (found["decisions"], found["agreement"]) == (1, None)


def test_terms_that_mean_nothing_are_refused(queue: ReviewQueue) -> None:
    told = run(queue, "terms", "--blind", "2")
    assert isinstance(told.exception, ReviewError)
    assert queue.terms().blind == 0


def test_a_mistyped_queue_makes_none(tmp_path: Path) -> None:
    path = tmp_path / "mistyped.db"
    told = CliRunner().invoke(command, ["list", "--queue", str(path)])
    assert told.exit_code == 2
    assert not path.exists()
