"""The queue of what a person must decide: who may decide what, once, and in time."""

import multiprocessing
import os
import signal
import sqlite3
import stat
from pathlib import Path
from typing import Any

import msgspec
import pytest

from trivium.audit.record import Reviewed
from trivium.errors import ReviewError
from trivium.review import Draft, ReviewQueue, Terms, Ticket, judged_digest
from trivium.review.measures import FEWEST, Decision, measured
from trivium.vocabulary.decision import Action, Finding

CONTENT = b'{"stage":"reply","text":"Canary 4711"}'
RELEASED = b'{"content":[{"type":"text","text":"Canary 4711"}]}'
CONSTITUTION = "sha256:" + "1" * 64
NEVER, ALWAYS = Terms(blind=0, double=0), Terms(blind=1, double=1)


class World:
    """A queue with a clock of its own, and the records of its decisions."""

    def __init__(self, path: Path, terms: Terms = NEVER) -> None:
        self.now = 1_700_000_000.0
        self.records: list[Reviewed] = []
        hour = msgspec.structs.replace(terms, expires_s=3600.0)
        self.queue = ReviewQueue(path, terms=hour, clock=lambda: self.now)

    def opened(self, **changes: Any) -> Ticket:
        return self.queue.open(draft(**changes))

    def decided(self, ticket: Ticket, reviewer: str = "ann", **changes: Any) -> None:
        usual = {"verdict": "allow", "reason": "fine", "append": self.records.append}
        self.queue.decide(ticket.id, reviewer=reviewer, **{**usual, **changes})

    def redeemed(self, ticket: Ticket, constitution: str = CONSTITUTION) -> bytes:
        settled = self.queue.redeem(ticket.id, constitution=constitution)
        return bytes(settled.released)


def draft(**changes: Any) -> Draft:
    finding = Finding(
        provision="advice-is-reviewed",
        layer="sector",
        action=Action.ESCALATE,
        detector="condition",
        stage="reply",
        location="content",
    )
    usual: dict[str, Any] = {
        "deployment": "claims",
        "request_id": "req_1",
        "stage": "reply",
        "judged": CONTENT,
        "released": RELEASED,
        "constitution": CONSTITUTION,
        "findings": (finding,),
    }
    return Draft(**{**usual, **changes})


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "reviews.db")


def test_a_ticket_waits_until_somebody_decides(world: World) -> None:
    ticket = world.opened()
    assert ticket.state == "pending"
    assert ticket.judged == judged_digest(CONTENT)
    assert ticket.provisions == ("advice-is-reviewed",)
    assert world.queue.pending() == (ticket,)
    assert world.queue.result(ticket.id) is None


def test_an_approval_releases_what_was_judged_once(world: World) -> None:
    ticket = world.opened()
    world.decided(ticket)
    assert world.redeemed(ticket) == RELEASED
    with pytest.raises(ReviewError, match="was used before"):
        world.redeemed(ticket)


def test_a_decision_is_a_record_bound_to_what_was_judged(world: World) -> None:
    ticket = world.opened()
    world.queue.show(ticket.id, "ann")
    world.now += 40
    world.decided(ticket, reason="Read it twice.")
    (record,) = world.records
    assert record.judged == judged_digest(CONTENT)
    assert record.constitution == CONSTITUTION
    assert (record.reviewer, record.verdict) == ("ann", "allow")
    assert (record.seconds, record.final, record.blind) == (40, True, False)
    assert record.time == "2023-11-14T22:14:00.000000Z"


def test_a_decision_that_cannot_be_recorded_is_no_decision(world: World) -> None:
    def full(_record: Reviewed) -> None:
        raise OSError("disk full")

    ticket = world.opened()
    with pytest.raises(OSError, match="disk full"):
        world.decided(ticket, append=full)
    assert world.queue.result(ticket.id) is None
    world.decided(ticket)
    assert world.redeemed(ticket) == RELEASED


def test_nothing_is_released_before_a_decision(world: World) -> None:
    with pytest.raises(ReviewError, match="not decided yet"):
        world.redeemed(world.opened())


def test_a_denial_releases_nothing_and_its_content_is_gone(world: World) -> None:
    ticket = world.opened()
    world.decided(ticket, verdict="deny", reason="Names a client.")
    settled = world.queue.result(ticket.id)
    assert settled is not None
    assert (settled.allowed, settled.reason) == (False, "Names a client.")
    with pytest.raises(ReviewError, match="was denied"):
        world.redeemed(ticket)
    assert b"4711" not in stored(world)


def test_an_edit_releases_the_reviewers_text(world: World) -> None:
    ticket = world.opened()
    world.decided(ticket, verdict="edit", edited="Canary withheld")
    released = world.redeemed(ticket)
    assert b"Canary withheld" in released
    assert b"4711" not in released


def test_time_never_allows_anything(world: World) -> None:
    ticket = world.opened()
    world.now += 3600
    assert world.queue.pending() == ()
    for act in (
        lambda: world.decided(ticket),
        lambda: world.redeemed(ticket),
        lambda: world.queue.result(ticket.id),
        lambda: world.queue.show(ticket.id, "ann"),
    ):
        with pytest.raises(ReviewError, match="expired"):
            act()
    assert world.records == []


def test_an_approval_that_nobody_used_in_time_releases_nothing(world: World) -> None:
    ticket = world.opened()
    world.decided(ticket)
    world.now += 3600
    with pytest.raises(ReviewError, match="expired"):
        world.redeemed(ticket)


def test_the_content_of_expired_and_of_used_tickets_is_removed(world: World) -> None:
    used = world.opened()
    world.decided(used)
    world.redeemed(used)
    world.opened()
    world.now += 3600
    world.opened(judged=b"{}", released=b"{}")
    assert b"4711" not in stored(world)


def stored(world: World) -> bytes:
    """All bytes of the queue's files."""
    db = sqlite3.connect(world.queue.path)
    db.execute("pragma wal_checkpoint(truncate)")
    db.close()
    files = world.queue.path.parent.glob(f"{world.queue.path.name}*")
    return b"".join(path.read_bytes() for path in files)


def test_another_constitution_ends_an_approval(world: World) -> None:
    ticket = world.opened()
    world.decided(ticket)
    with pytest.raises(ReviewError, match="another constitution"):
        world.redeemed(ticket, "sha256:" + "2" * 64)


def test_content_that_was_changed_in_the_file_is_not_released(world: World) -> None:
    ticket = world.opened()
    world.decided(ticket)
    db = sqlite3.connect(world.queue.path)
    db.execute("update tickets set content = ?", (b"{}",))
    db.commit()
    db.close()
    with pytest.raises(ReviewError, match="does not hold what was judged"):
        world.redeemed(ticket)


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "nobody": ({"reviewer": " "}, "lacks a reviewer or a reason"),
    "no reason": ({"reason": ""}, "lacks a reviewer or a reason"),
    "an edit without a text": ({"verdict": "edit"}, "without an edited version"),
    "an approval with a text": ({"edited": "x"}, "with an edited version"),
}


@pytest.mark.parametrize(("changes", "told"), REFUSED.values(), ids=REFUSED)
def test_a_decision_that_says_too_little_is_refused(
    world: World, changes: dict[str, Any], told: str
) -> None:
    with pytest.raises(ReviewError, match=told):
        world.decided(world.opened(), **changes)
    assert world.records == []


def test_a_settled_ticket_is_not_decided_again(world: World) -> None:
    ticket = world.opened()
    world.decided(ticket)
    with pytest.raises(ReviewError, match="is settled"):
        world.decided(ticket, "bob", verdict="deny")


def test_an_unknown_ticket_is_told(world: World) -> None:
    with pytest.raises(ReviewError, match="There is no ticket `rev_x`"):
        world.queue.result("rev_x")


def test_a_file_that_is_no_queue_is_told(tmp_path: Path) -> None:
    path = tmp_path / "reviews.db"
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(ReviewError, match="cannot be used"):
        World(path)


def test_only_its_owner_can_read_the_queue(world: World) -> None:
    world.opened()
    for path in world.queue.path.parent.glob("reviews.db*"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


# ---------------------------------------------------------------- against bias


def test_a_blind_ticket_hides_the_guards_opinion(tmp_path: Path) -> None:
    blind = World(tmp_path / "blind.db", Terms(blind=1, double=0))
    seen = World(tmp_path / "seen.db")
    assert blind.queue.show(blind.opened().id, "ann").findings is None
    assert len(seen.queue.show(seen.opened().id, "ann").findings or ()) == 1


def test_a_double_ticket_needs_two_reviewers_who_agree(tmp_path: Path) -> None:
    world = World(tmp_path / "reviews.db", ALWAYS)
    ticket = world.opened()
    world.decided(ticket, "ann")
    with pytest.raises(ReviewError, match="has decided ticket"):
        world.decided(ticket, "ann")
    assert world.queue.result(ticket.id) is None
    assert world.queue.pending(reviewer="ann") == ()
    assert len(world.queue.pending(reviewer="bob")) == 1
    world.decided(ticket, "bob")
    assert world.redeemed(ticket) == RELEASED
    assert [record.final for record in world.records] == [False, True]


@pytest.mark.parametrize("third", ["allow", "deny"])
def test_where_two_disagree_a_third_decides(tmp_path: Path, third: str) -> None:
    world = World(tmp_path / "reviews.db", ALWAYS)
    ticket = world.opened()
    world.decided(ticket, "ann")
    world.decided(ticket, "bob", verdict="deny")
    assert world.queue.result(ticket.id) is None
    world.decided(ticket, "eve", verdict=third)
    settled = world.queue.result(ticket.id)
    assert settled is not None
    assert settled.verdict == third
    assert settled.reviewers == ("ann", "bob", "eve")


def test_two_edits_agree_only_if_their_texts_do(tmp_path: Path) -> None:
    world = World(tmp_path / "reviews.db", ALWAYS)
    ticket = world.opened()
    world.decided(ticket, "ann", verdict="edit", edited="one")
    world.decided(ticket, "bob", verdict="edit", edited="two")
    assert world.queue.result(ticket.id) is None


@pytest.mark.parametrize("share", [0.2, 0.5])
def test_about_the_share_that_was_asked_for_is_drawn(
    tmp_path: Path, share: float
) -> None:
    world = World(tmp_path / "reviews.db", Terms(blind=share, double=1 - share))
    tickets = [world.opened() for _ in range(300)]
    blind = sum(ticket.blind for ticket in tickets) / 300
    double = sum(ticket.double for ticket in tickets) / 300
    assert blind == pytest.approx(share, abs=0.12)
    assert double == pytest.approx(1 - share, abs=0.12)


def decision(number: int, reviewer: str, verdict: str, seconds: float | None) -> Any:
    return Decision(
        ticket=f"rev_{number}",
        reviewer=reviewer,
        verdict=verdict,
        seconds=seconds,
        words=400,
    )


def test_agreement_is_measured_over_tickets_that_two_decided() -> None:
    pairs = [("allow", "allow")] * 6 + [("deny", "deny")] * 3 + [("allow", "deny")]
    decisions = [
        decision(number, reviewer, verdict, 90.0)
        for number, pair in enumerate(pairs)
        for reviewer, verdict in zip(("ann", "bob"), pair, strict=True)
    ]
    found = measured(decisions)
    assert found.doubles == 10
    assert found.agreement is not None
    assert found.agreement.kappa == pytest.approx(0.783, abs=0.001)
    assert found.median_s == 90
    assert found.alarms == ()


def test_agreement_without_two_different_verdicts_has_no_value() -> None:
    decisions = [decision(1, "ann", "allow", 90.0), decision(1, "bob", "allow", 90.0)]
    assert measured(decisions).agreement is None
    assert measured([]).median_s is None


@pytest.mark.parametrize("seconds", [1.0, None])
def test_approving_faster_than_reading_raises_an_alarm(seconds: float | None) -> None:
    hasty = [decision(number, "ann", "allow", seconds) for number in range(FEWEST)]
    careful = [decision(number, "bob", "allow", 120.0) for number in range(FEWEST)]
    (alarm,) = measured([*hasty, *careful]).alarms
    assert (alarm.kind, alarm.reviewer) == ("rubber-stamp", "ann")
    assert measured(hasty[:-1]).alarms == ()


def test_denying_fast_is_no_rubber_stamp() -> None:
    fast = [decision(number, "ann", "deny", 1.0) for number in range(FEWEST)]
    assert measured(fast).alarms == ()


# ---------------------------------------------------------------- several processes


def _redeem(path: str, name: str, won: Any) -> None:
    try:
        ReviewQueue(Path(path)).redeem(name, constitution=CONSTITUTION)
    except ReviewError:
        return
    with won.get_lock():
        won.value += 1


def test_of_many_processes_one_gets_the_release(tmp_path: Path) -> None:
    queue = ReviewQueue(tmp_path / "reviews.db", terms=NEVER)
    ticket = queue.open(draft())
    queue.decide(
        ticket.id,
        reviewer="ann",
        verdict="allow",
        reason="fine",
        append=lambda _record: None,
    )
    spawn = multiprocessing.get_context("fork")
    won = spawn.Value("i", 0)
    arguments = (str(queue.path), ticket.id, won)
    processes = [spawn.Process(target=_redeem, args=arguments) for _ in range(6)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert won.value == 1


def test_a_reviewer_who_is_killed_while_deciding_leaves_the_ticket_open(
    tmp_path: Path,
) -> None:
    queue = ReviewQueue(tmp_path / "reviews.db", terms=NEVER)
    ticket = queue.open(draft())
    child = os.fork()
    if child == 0:
        queue.decide(
            ticket.id,
            reviewer="ann",
            verdict="allow",
            reason="fine",
            append=lambda _record: os.kill(os.getpid(), signal.SIGKILL),
        )
        os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
    assert queue.result(ticket.id) is None
    assert queue.ticket(ticket.id).decisions == 0
