"""The errors that a request can end with on this side of the wire. Pure."""

import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, ParamSpec, TypeVar

from trivium.errors import (
    AllRoutesFailedError,
    BlockedError,
    DeadlineError,
    EscalatedError,
    GuardFailureError,
    TriviumError,
)
from trivium.vocabulary.decision import Action, Decision, Finding

if TYPE_CHECKING:  # it needs the verdicts itself
    from trivium.client.recording import Ask

P = ParamSpec("P")
R = TypeVar("R")


def require_allowed(decision: Decision, stage: str) -> None:
    """Raise when the guard said no; `stage` is `request` or `reply`.

    REVISE says no as well: what could be rewritten was, and it did not help.
    """
    if decision.action < Action.REVISE:
        return
    names = ", ".join(decision.provisions)
    when = "before it was sent" if stage == "request" else "before it was returned"
    if decision.action == Action.ESCALATE:
        raise EscalatedError(
            f"The {stage} needs a person's decision ({names}); it was stopped {when}.",
            provisions=decision.provisions,
            next_step="Have it approved by the owner of the provision.",
        )
    raise BlockedError(
        f"The {stage} was stopped {when} by {names}.",
        provisions=decision.provisions,
        next_step=(
            "Read the provision's text. The audit log says what was found, without the"
            " content."
        ),
    )


def provider_guardrail(stop_reason: str) -> Decision:
    """What the provider's own guardrail decided, as far as the reason to stop says it.

    It blocked or masked the request or the reply; which one, and by which of its
    policies, stands in the provider's own log.
    """
    if stop_reason != _INTERVENED:
        return Decision()
    finding = Finding(
        provision="provider-guardrail",
        layer="provider",
        action=Action.LOG,
        detector=_INTERVENED,
        stage="reply",
        location="stop_reason",
    )
    return Decision(action=finding.action, findings=(finding,))


_INTERVENED = "guardrail_intervened"
"""Converse's reason to stop (Bedrock Runtime API reference, Converse)."""


def give_up(ask: "Ask") -> NoReturn:
    """Raise the one error there was, or one that names each of them: what the preferred
    route said must not be lost."""
    if ask.failures and all(error.fault == "caller" for error in ask.failures):
        raise ask.failures[0]  # every protocol that could be asked refuses the request
    if ask.failures and len(ask.failures) + len(ask.passed_over) > 1:
        failed = ((error.route or "", error) for error in ask.failures)
        raise AllRoutesFailedError(
            f"Every permitted route failed ({_codes([*ask.passed_over, *failed])}).",
            attempts=tuple(ask.failures),
            next_step="Try again later; the audit log has every attempt.",
        ) from ask.failures[-1]
    if ask.failures:
        raise ask.failures[0]
    if not ask.passed_over:
        raise DeadlineError("There was no time for an attempt.")
    first = ask.passed_over[0][1]
    if others := ask.passed_over[1:]:
        first.message += f" No other route could take it either ({_codes(others)})."
    raise first


def fail_closed(judge: Callable[P, R], *arguments: P.args, **named: P.kwargs) -> R:
    """Law 1: anything that goes wrong in the guard refuses the request. The cause is
    named by its type alone, because its text may quote the request."""
    try:
        return judge(*arguments, **named)
    except TriviumError:
        raise
    except Exception as error:
        raise GuardFailureError(
            f"The guard failed with {type(error).__name__}. It fails closed, so nothing"
            " passes.",
            next_step="Report it with the constitution's digest.",
        ) from None


def defect(error: Exception) -> TriviumError:
    """An unforeseen error as one of the tree, described by type and place, because its
    text may quote the request."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    return TriviumError(
        f"Trivium failed with {type(error).__name__} in {Path(place.filename).name},"
        f" line {place.lineno}; nothing is answered.",
        next_step="Report it: this is a defect.",
    )


def _codes(errors: Iterable[tuple[str, TriviumError]]) -> str:
    """Routes and codes of errors, in one line."""
    return "; ".join(f"{route}: {error.code}" for route, error in errors)
