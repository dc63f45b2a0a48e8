"""What goes before reviewers, and what comes back from them. Pure.

`trivium.review` brings SQLite, so it is imported once something is escalated.
"""

from typing import TYPE_CHECKING, Any

import msgspec

from trivium.client.message import Message
from trivium.client.recording import Ask
from trivium.errors import BlockedError, EscalatedError, RequestError
from trivium.vocabulary.decision import Decision, Finding, Stage
from trivium.vocabulary.envelope import canonical
from trivium.vocabulary.messages import MessageRequest, Reply
from trivium.vocabulary.record import Record

if TYPE_CHECKING:
    from trivium.review import Draft, Settled


class Question(Record, frozen=True, kw_only=True, omit_defaults=False):
    """A request with all that it takes to send it later."""

    request: MessageRequest
    user_id: str | None = None
    attributes: dict[str, str] = msgspec.field(default_factory=dict)


def request_draft(ask: Ask, decision: Decision, deployment: str) -> "Draft":
    """A request that was stopped before it was sent. What is released is the request
    itself."""
    question = Question(
        request=ask.request, user_id=ask.user_id, attributes=dict(ask.attributes)
    )
    plain = {"stage": "request", "question": msgspec.to_builtins(question)}
    return _draft(ask, decision, deployment, "request", plain, question)


def reply_draft(
    ask: Ask, reply: Reply, message: Message, decision: Decision, deployment: str
) -> "Draft":
    """A reply that was stopped before it was returned. What is released is the
    message."""
    plain = {
        "stage": "reply",
        "request": msgspec.to_builtins(ask.request),
        "reply": msgspec.to_builtins(reply),
    }
    return _draft(ask, decision, deployment, "reply", plain, message)


def _draft(
    ask: Ask,
    decision: Decision,
    deployment: str,
    stage: Stage,
    judged: dict[str, Any],  # Any: JSON
    released: Question | Message,
) -> "Draft":
    from trivium.review import Draft

    try:
        content = canonical(judged)
    except (ValueError, TypeError):
        raise RequestError(
            f"The {stage} needs a person's decision and has no canonical JSON form, so"
            " it cannot be put before one; nothing was sent or returned.",
            next_step="Leave out numbers beyond 2^53 and text that is not Unicode.",
        ) from None
    return Draft(
        deployment=deployment,
        request_id=ask.request_id,
        stage=stage,
        judged=content,
        released=msgspec.json.encode(released),
        constitution=decision.constitution,
        findings=_of_stage(decision, stage),
    )


def _of_stage(decision: Decision, stage: Stage) -> tuple[Finding, ...]:
    """What was found at the stage that is reviewed."""
    return tuple(one for one in decision.findings if one.stage == stage)


def escalated(decision: Decision, stage: Stage, ticket: str | None) -> EscalatedError:
    """The error that tells the caller what to wait for."""
    names = ", ".join(decision.provisions)
    when = "before it was sent" if stage == "request" else "before it was returned"
    wait = f"Wait for the decision: client.reviews.wait({ticket!r})."
    return EscalatedError(
        f"The {stage} needs a person's decision ({names}); it was stopped {when}.",
        provisions=decision.provisions,
        ticket=ticket,
        next_step=wait if ticket else "Have it approved by the provision's owner.",
    )


def pending(ticket: str) -> EscalatedError:
    """The error for a ticket that nobody has decided yet."""
    return EscalatedError(
        f"Ticket {ticket} is not decided yet, so nothing is released.",
        ticket=ticket,
        next_step="Ask again later; an expired ticket releases nothing.",
    )


def denied(settled: "Settled") -> BlockedError:
    """The error for a ticket that a reviewer denied."""
    return BlockedError(
        f"Ticket {settled.ticket} was denied by {settled.reviewers[-1]}:"
        f" {settled.reason.rstrip('.')}.",
        request_id=settled.request_id,
        next_step="Change what the reviewer objects to, and ask again.",
    )
