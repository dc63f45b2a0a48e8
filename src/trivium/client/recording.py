"""What becomes of an attempt: its audit records, its cost, and the caller's message.

Pure: no I/O, no clock. Law 3 says that every attempt is recorded; this says with what.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, TypedDict

import msgspec

from trivium.audit.record import Attempt, Failure, Opened, Outcome, Purpose, Round
from trivium.client.critique import Rewriting, together
from trivium.client.message import Message
from trivium.client.router import Candidate
from trivium.errors import BlockedError, EscalatedError, RouteError, TriviumError
from trivium.guard import StreamGuard
from trivium.vocabulary.catalogue import Catalogue
from trivium.vocabulary.decision import Context, Decision, Stage
from trivium.vocabulary.deployment import Deployment
from trivium.vocabulary.messages import MessageRequest, Reply, Usage
from trivium.vocabulary.moment import rfc3339

if TYPE_CHECKING:
    from trivium.review import Settled


@dataclass
class Ask:
    """One request while it runs."""

    request: MessageRequest
    request_id: str
    stream: bool
    user_id: str | None
    attributes: Mapping[str, str]
    deadline: float
    """On the monotonic clock."""
    purpose: Purpose = "answer"
    released: "Settled | None" = None
    """The review that allowed it."""
    calls: int = 0
    """Calls of critics that were made for it."""
    attempts: int = 0
    failures: list[RouteError] = field(default_factory=list)
    """How each attempt failed from which nothing was released."""
    passed_over: list[tuple[str, TriviumError]] = field(default_factory=list)
    """Routes to which nothing was sent, and why."""


@dataclass
class Try:
    """One attempt while it runs."""

    candidate: Candidate
    number: int
    decision: Decision
    sent_at: float | None = None
    """On the monotonic clock; None until something is sent."""
    first_event_s: float | None = None
    released: bool = False
    """Whether the caller has seen something of the answer."""
    recorded: bool = False
    """Its record was handed to the log; whether the log kept it, the log says."""
    usage: Usage = field(default_factory=Usage)
    adaptations: tuple[str, ...] = ()
    """What the protocol could not carry as it was asked."""
    guard: StreamGuard | None = None
    """The reply's, while it streams."""
    ticket: str | None = None
    """The review that a person is asked for."""
    rewriting: Rewriting | None = None
    """The reply's, where critics judge it."""

    @property
    def judged(self) -> Decision:
        """What was decided so far, on the request and on the reply."""
        judged = self.decision
        if self.guard is not None:
            judged = judged.joined(self.guard.decision)
        if self.rewriting is not None:
            judged = judged.joined(self.rewriting.joined)
        return judged

    @property
    def rounds(self) -> tuple[Round, ...]:
        """Rounds of rewriting so far."""
        return self.rewriting.rounds if self.rewriting else ()


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How an attempt ended, for its record."""

    outcome: Outcome
    latency_s: float
    reply: Reply | None = None
    error: TriviumError | None = None
    decision: Decision | None = None
    """Where it is not the attempt's own."""


class _Where(TypedDict):
    """The fields that `Opened` and `Attempt` share."""

    time: str
    request_id: str
    attempt: int
    deployment: str
    deployment_digest: str
    constitution: str
    streamed: bool
    rehearsal: bool
    user_id: str | None
    route: str
    cloud: str
    region: str
    model_id: str
    model: str
    tier: str
    destinations: tuple[str, ...]


@dataclass(frozen=True)
class Recorder:
    """Makes the records and messages of one deployment."""

    deployment: Deployment
    digest: str
    """The descriptor's."""
    constitution: str
    """The constitution's digest."""
    catalogue: Catalogue

    def opened(self, ask: Ask, running: Try, *, at: datetime) -> Opened:
        """The record that a stream's first event is about to reach the caller."""
        return Opened(**self._where(ask, running, at))

    def attempt(
        self, ask: Ask, running: Try | None, ending: Ending, *, at: datetime
    ) -> Attempt:
        """The record of an attempt, or of a request that none was made for."""
        # A guard that broke cannot be asked; the ending then brings a decision.
        decision = ending.decision or (running.judged if running else Decision())
        return Attempt(
            **self._where(ask, running, at),
            outcome=ending.outcome,
            decision=msgspec.structs.replace(decision, evaluated={}),
            evaluated=_evaluated(decision, running),
            purpose=ask.purpose,
            rounds=running.rounds if running else (),
            ticket=_ticket(ask, running),
            usage=running.usage if running else Usage(),
            cost_usd=self.cost_usd(running, running.usage) if running else None,
            latency_s=ending.latency_s,
            first_event_s=running.first_event_s if running else None,
            stop_reason=ending.reply.stop_reason if ending.reply else None,
            provider_request_id=_provider_request_id(ending),
            failure=_failure(ending.error),
        )

    def message(
        self, ask: Ask, running: Try, reply: Reply, *, latency_s: float
    ) -> Message:
        """What the caller gets."""
        return Message(
            request_id=ask.request_id,
            route=running.candidate.route.id,
            tier=running.candidate.tier,
            model=reply.model,
            content=reply.content,
            stop_reason=reply.stop_reason,
            stop_sequence=reply.stop_sequence,
            usage=reply.usage,
            decision=running.judged,
            cost_usd=self._total_usd(running, reply.usage),
            latency_s=latency_s,
            rounds=running.rounds,
            attempts=running.number,
            rehearsal=self.deployment.rehearsal,
            provider_request_id=reply.provider_request_id,
            adaptations=running.adaptations,
        )

    def context(self, ask: Ask, candidate: Candidate) -> Context:
        """What the constitution's conditions may ask about."""
        return Context(
            request_id=ask.request_id,
            deployment=self.deployment.name,
            environment=self.deployment.environment,
            zone=self.deployment.zone,
            route=candidate.route.id,
            cloud=candidate.route.cloud,
            region=candidate.route.region,
            tier=candidate.tier,
            model=candidate.target.model,
            scope=candidate.target.scope,
            rehearsal=self.deployment.rehearsal,
            user_id=ask.user_id,
            attributes=dict(ask.attributes),
        )

    def cost_usd(self, running: Try, usage: Usage) -> float | None:
        """The list price; None where nothing was used or the model is not in the
        catalogue."""
        route, target = running.candidate.route, running.candidate.target
        if usage == Usage() or target.model not in self.catalogue.models:
            return None
        return self.catalogue.cost_usd(
            target.model,
            usage,
            cloud=route.cloud,
            scope=target.scope,
            region=route.region,
        )

    def _total_usd(self, running: Try, usage: Usage) -> float | None:
        """What the caller's answer cost, with the calls of critics."""
        own = self.cost_usd(running, usage)
        if running.rewriting is None:
            return own
        return together(own, running.rewriting.cost_usd)

    def _where(self, ask: Ask, running: Try | None, at: datetime) -> _Where:
        """What every record of an attempt says."""
        candidate = running.candidate if running else None
        route = candidate.route if candidate else None
        target = candidate.target if candidate else None
        return {
            "time": rfc3339(at),
            "request_id": ask.request_id,
            "attempt": running.number if running else ask.attempts,
            "deployment": self.deployment.name,
            "deployment_digest": self.digest,
            "constitution": self.constitution,
            "streamed": ask.stream,
            "rehearsal": self.deployment.rehearsal,
            "user_id": ask.user_id,
            "route": route.id if route else "",
            "cloud": route.cloud if route else "",
            "region": route.region if route else "",
            "model_id": target.id if target else "",
            "model": target.model if target else "",
            "tier": candidate.tier if candidate else "",
            "destinations": target.destinations if target else (),
        }


def refusal(error: TriviumError) -> Outcome:
    """The outcome of an attempt that this side ended with `error`."""
    if isinstance(error, BlockedError):
        return "blocked"
    return "escalated" if isinstance(error, EscalatedError) else "refused"


def _evaluated(
    decision: Decision, running: Try | None
) -> dict[Stage, dict[str, float]]:
    """What was evaluated, with the time that critics took."""
    if running is None or running.rewriting is None:
        return decision.evaluated
    critics: dict[Stage, dict[str, float]] = {"reply": running.rewriting.evaluated}
    return decision.joined(Decision(evaluated=critics)).evaluated


def _ticket(ask: Ask, running: Try | None) -> str | None:
    """The review that an attempt waits for, or that allowed it."""
    if running is not None and running.ticket is not None:
        return running.ticket
    return ask.released.ticket if ask.released else None


def _provider_request_id(ending: Ending) -> str | None:
    """The provider's own id, from its reply or its refusal."""
    if ending.reply:
        return ending.reply.provider_request_id
    error = ending.error
    return error.provider_request_id if isinstance(error, RouteError) else None


def _failure(error: TriviumError | None) -> Failure | None:
    """Why an attempt did not answer, for its record."""
    if isinstance(error, RouteError):
        return Failure(
            code=error.code, status=error.status, provider_type=error.provider_type
        )
    return Failure(code=error.code) if error else None
