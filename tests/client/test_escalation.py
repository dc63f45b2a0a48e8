"""Requests and replies that a person must decide, from the caller's side."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.client.test_core import Hands, Send
from tests.client.test_critique import ALWAYS, guard_of, records, said
from tests.client.worlds import GREETING, World, hello
from tests.guard import worlds
from trivium.audit import Attempt, Reviewed
from trivium.client.effects import Effect, Escalate
from trivium.constitution import compose
from trivium.errors import BlockedError, EscalatedError, ReviewError
from trivium.guard import Guard
from trivium.review import ReviewQueue, Settled, Terms
from trivium.vocabulary.decision import Action

REFUND = {"metadata": {"purpose": "refund"}}
SECRET = worlds.KEY


def queue_of(world: World) -> ReviewQueue:
    path = world.audit.with_name("audit.reviews.db")
    return ReviewQueue(path, terms=Terms(blind=0, double=0))


@pytest.fixture(autouse=True)
def every_ticket_is_decided_by_one(world: World) -> None:
    queue_of(world)


def stopped(client: Any) -> str:
    with pytest.raises(EscalatedError, match="refunds-are-for-people") as told:
        client.messages.create(**hello(**REFUND))
    assert told.value.ticket is not None
    return told.value.ticket


def decide(world: World, ticket: str, verdict: str = "allow", **more: Any) -> Reviewed:
    kept: list[Reviewed] = []
    queue = queue_of(world)
    queue.decide(
        ticket,
        reviewer="ann",
        verdict=verdict,
        reason="Checked the claim.",
        append=kept.append,
        **more,
    )
    return kept[0]


def test_an_allowed_request_is_sent_once_and_its_records_name_the_ticket(
    world: World,
) -> None:
    with world.client() as client:
        ticket = stopped(client)
        assert world.arrived("bedrock") == 0
        with pytest.raises(EscalatedError, match="not decided yet"):
            client.reviews.result(ticket)
        decide(world, ticket)
        message = client.reviews.result(ticket)
        assert message.text == GREETING
        with pytest.raises(ReviewError, match="was used before"):
            client.reviews.result(ticket)
    attempts = [one for one in world.records() if isinstance(one, Attempt)]
    assert [one.outcome for one in attempts] == ["escalated", "answered"]
    assert {one.ticket for one in attempts} == {ticket}
    assert len({one.request_id for one in attempts}) == 1


def test_a_denied_request_is_never_sent(world: World) -> None:
    with world.client() as client:
        ticket = stopped(client)
        decide(world, ticket, "deny")
        with pytest.raises(BlockedError, match="denied by ann: Checked the claim"):
            client.reviews.wait(ticket, timeout_s=5)
    assert world.arrived("bedrock") == 0


def test_waiting_ends_with_the_decision_and_never_with_the_time(world: World) -> None:
    with world.client() as client:
        ticket = stopped(client)
        with pytest.raises(EscalatedError, match="not decided yet"):
            client.reviews.wait(ticket, timeout_s=0.1)
        later = threading.Timer(0.2, decide, (world, ticket))
        later.start()
        assert client.reviews.wait(ticket, timeout_s=30).text == GREETING
        later.join()


def test_the_async_client_waits_as_well(world: World) -> None:
    async def course() -> str:
        async with world.async_client() as client:
            with pytest.raises(EscalatedError) as told:
                await client.messages.create(**hello(**REFUND))
            ticket = told.value.ticket
            assert ticket is not None
            await asyncio.to_thread(decide, world, ticket)
            message = await client.reviews.wait(ticket, timeout_s=30)
            return message.text

    assert asyncio.run(course()) == GREETING


def test_an_edited_request_is_sent_as_the_reviewer_wrote_it(world: World) -> None:
    with world.client() as client:
        ticket = stopped(client)
        decide(world, ticket, "edit", edited="hello again")
        assert client.reviews.result(ticket).text == GREETING


def test_what_a_reviewer_wrote_is_judged_before_it_is_sent(world: World) -> None:
    with world.client() as client:
        ticket = stopped(client)
        decide(world, ticket, "edit", edited=f"hello {SECRET}")
        with pytest.raises(BlockedError, match="secrets-never-leave"):
            client.reviews.result(ticket)
    assert world.arrived("bedrock") == 0


def test_a_queue_that_cannot_be_used_refuses_the_request(world: World) -> None:
    blocked = world.directory / "a-folder"
    blocked.mkdir()
    with (
        world.client(reviews=blocked) as client,
        pytest.raises(ReviewError, match="cannot be used"),
    ):
        client.messages.create(**hello(**REFUND))
    assert world.outcomes() == [("aws-us", "refused")]


def test_the_queues_file_may_be_named_by_the_environment(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "elsewhere.db"
    monkeypatch.setenv("TRIVIUM_REVIEWS", str(path))
    with world.client() as client:
        ticket = stopped(client)
    assert ReviewQueue(path).ticket(ticket).state == "pending"


# ---------------------------------------------------------------- replies


class Reviewing(Hands):
    """Hands that put what is escalated into a queue."""

    def __init__(self, path: Path, *answers: Any, guard: Guard) -> None:
        super().__init__(answers, guard=guard)
        self.queue = ReviewQueue(path, terms=Terms(blind=0, double=0))

    def performed(self, effect: Effect) -> Any:
        if isinstance(effect, Escalate):
            return self.queue.open(effect.draft).id
        return super().performed(effect)


RULE = worlds.provision(
    "mail-is-reviewed", detectors=["email-address"], action="ESCALATE", stages=["reply"]
)
REPLY = "Write to ann@example.com."


def escalated(path: Path, *more: Any, guard: Guard | None = None) -> tuple[Any, str]:
    hands = Reviewing(path, said(REPLY), *more, guard=guard or guard_of(RULE))
    with pytest.raises(EscalatedError) as told:
        hands.ask()
    assert told.value.ticket is not None
    return hands, told.value.ticket


def allowed(hands: Any, ticket: str, verdict: str = "allow", **more: Any) -> Settled:
    hands.queue.decide(
        ticket,
        reviewer="ann",
        verdict=verdict,
        reason="fine",
        append=lambda _record: None,
        **more,
    )
    settled: Settled = hands.queue.redeem(
        ticket, constitution=hands.core._guard.constitution.digest
    )
    return settled


def test_an_allowed_reply_is_returned_as_it_was_judged_and_recorded(
    tmp_path: Path,
) -> None:
    hands, ticket = escalated(tmp_path / "reviews.db")
    message = hands.driven(hands.core.released(allowed(hands, ticket)), [])
    assert message.text == REPLY
    assert message.usage.input_tokens == 10
    assert len(hands.asked(Send)) == 1
    stop, answer = records(hands)
    assert (stop.outcome, answer.outcome) == ("escalated", "answered")
    assert stop.ticket == answer.ticket == ticket
    assert stop.request_id == answer.request_id
    assert answer.decision.action is Action.ESCALATE
    assert answer.usage.output_tokens == 0


def test_an_edited_reply_is_the_reviewers_and_is_judged_for_what_is_blocked(
    tmp_path: Path,
) -> None:
    hands, ticket = escalated(tmp_path / "reviews.db")
    settled = allowed(hands, ticket, "edit", edited="Write to us.")
    assert hands.driven(hands.core.released(settled), []).text == "Write to us."

    hands, ticket = escalated(tmp_path / "reviews.db")
    settled = allowed(hands, ticket, "edit", edited=f"Use {SECRET}.")
    with pytest.raises(BlockedError, match="always"):
        hands.driven(hands.core.released(settled), [])


def test_the_reviewer_sees_the_question_and_the_reply(tmp_path: Path) -> None:
    hands, ticket = escalated(tmp_path / "reviews.db")
    content = hands.queue.show(ticket, "ann").content
    assert REPLY in content
    assert "hello" in content


def test_a_ticket_holds_the_reply_as_it_may_be_handed_over(tmp_path: Path) -> None:
    redact = worlds.provision(
        "no-phones", detectors=["phone-number"], action="REDACT", stages=["reply"]
    )
    guard = Guard(compose(worlds.layer(ALWAYS, RULE, redact)))
    phone = "+44 20 7946 0958"
    hands = Reviewing(tmp_path / "r.db", said(f"{REPLY} {phone}"), guard=guard)
    with pytest.raises(EscalatedError) as told:
        hands.ask()
    settled = allowed(hands, str(told.value.ticket))
    message = hands.driven(hands.core.released(settled), [])
    assert phone not in message.text
    assert REPLY in message.text


def test_a_client_without_a_queue_says_so(tmp_path: Path) -> None:
    hands = Hands([said(REPLY)], guard=guard_of(RULE))
    with pytest.raises(EscalatedError, match="approved by the provision's owner") as e:
        hands.ask()
    assert e.value.ticket is None
    assert records(hands)[-1].ticket is None


def test_nothing_of_the_content_is_in_the_error(tmp_path: Path) -> None:
    hands = Reviewing(tmp_path / "r.db", said(REPLY), guard=guard_of(RULE))
    with pytest.raises(EscalatedError) as told:
        hands.ask()
    assert "ann@" not in str(told.value)
