"""One request from beginning to end, without I/O: a generator that yields what is to be
done and is told the result.

The drivers (`client.py`) do it, one with threads and one in an event loop; whatever
fails is thrown in at the `yield`. The order of the steps is the law: guard before
sending, record before answering, the terminal event last.
"""

import time
import traceback
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any, NoReturn, ParamSpec, TypeVar

from trivium.audit.record import Attempt, AuditRecord, Failure, Opened, Outcome
from trivium.client.breaker import Breaker
from trivium.client.message import Accumulator, Message
from trivium.client.options import Options
from trivium.client.router import Candidate, candidates
from trivium.errors import (
    AllRoutesFailedError,
    AuthenticationError,
    BlockedError,
    CredentialsError,
    DeadlineError,
    EscalatedError,
    GuardFailureError,
    ProtocolError,
    RequestError,
    RouteError,
    TriviumError,
)
from trivium.guard import Guard, StreamGuard
from trivium.vocabulary.catalogue import Catalogue
from trivium.vocabulary.decision import Action, Context, Decision
from trivium.vocabulary.deployment import Deployment, Route, check_validity
from trivium.vocabulary.messages import (
    BlockStart,
    Event,
    MessageDelta,
    MessageRequest,
    MessageStart,
    MessageStop,
    Reply,
    TextBlock,
    ThinkingBlock,
    Usage,
)
from trivium.wire import ADAPTERS, Adapter, WireRequest
from trivium.wire.failure import word

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Send:
    """POST it, after closing what an earlier attempt left open.

    The result is an `Answer`, with the whole body unless `stream` and status 200.
    """

    route: Route
    request: WireRequest
    stream: bool
    timeout_s: float


@dataclass(frozen=True)
class Read:
    """The next bytes of the open stream; the result is None at its end."""


@dataclass(frozen=True)
class Drain:
    """Read the open stream to its end, whatever comes: its connection can then serve
    the next request."""


@dataclass(frozen=True)
class Forget:
    """The provider does not take the route's credential: fetch another next time."""

    route: Route


@dataclass(frozen=True)
class Sleep:
    """Wait."""

    seconds: float


@dataclass(frozen=True)
class Append:
    """Keep the record as durably as the deployment demands."""

    record: AuditRecord


@dataclass(frozen=True)
class Emit:
    """Hand the events to the caller."""

    events: tuple[Event, ...]


_READ = Read()

Effect = Send | Read | Drain | Forget | Sleep | Append | Emit
Steps = Generator[Effect, Any, Message]
"""Any: each effect has a result of its own."""


@dataclass(frozen=True)
class Answer:
    """Status, headers (lower-case names) and body of an answer; the body is empty while
    it streams."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


class Abandoned(Exception):  # noqa: N818 -- no error: the caller left
    """Thrown in by the driver when the caller leaves a stream before its end."""


@dataclass
class _Ask:
    """One request while it runs."""

    request: MessageRequest
    request_id: str
    stream: bool
    user_id: str | None
    attributes: Mapping[str, str]
    deadline: float
    attempts: int = 0
    failures: list[RouteError] = field(default_factory=list)
    passed_over: list[tuple[str, TriviumError]] = field(default_factory=list)
    """Routes to which nothing was sent, and why."""


@dataclass
class _Try:
    """One attempt while it runs."""

    candidate: Candidate
    number: int
    decision: Decision
    sent_at: float | None = None
    first_event_s: float | None = None
    released: bool = False
    recorded: bool = False
    """Its record was handed to the log; whether the log kept it is told by the log."""
    usage: Usage = field(default_factory=Usage)
    guard: StreamGuard | None = None
    """The reply's, while it streams."""

    @property
    def judged(self) -> Decision:
        """What was decided so far, on the request and on the reply."""
        return (
            self.decision.joined(self.guard.decision) if self.guard else self.decision
        )


class Core:
    """What all requests of a client share. Holds no connection."""

    def __init__(
        self,
        deployment: Deployment,
        *,
        digest: str,
        guard: Guard,
        catalogue: Catalogue,
        options: Options,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
        random: Random | None = None,
    ) -> None:
        self.deployment = deployment
        self.options = options
        self._digest = digest
        self._guard = guard
        self._catalogue = catalogue
        self._clock = clock
        self._monotonic = monotonic
        self._random = random or Random()  # noqa: S311 -- spreads retries, guards nothing
        self._breakers = {
            route.id: Breaker(
                failures=options.breaker_failures,
                pause_s=options.breaker_pause_s,
                monotonic=monotonic,
            )
            for route in deployment.routes
        }

    def steps(
        self,
        request: MessageRequest,
        *,
        request_id: str,
        stream: bool,
        user_id: str | None = None,
        attributes: Mapping[str, str] | None = None,
    ) -> Steps:
        """Everything that one request needs, in order; returns the message. Raises the
        error it ends with."""
        deadline = self._monotonic() + self.options.timeout_s
        ask = _Ask(request, request_id, stream, user_id, attributes or {}, deadline)
        try:
            return (yield from self._answered(ask))
        except TriviumError as error:
            error.request_id = error.request_id or request_id
            raise

    def _answered(self, ask: _Ask) -> Steps:
        try:
            check_validity(
                self.deployment, self._clock()
            )  # a client may live longer than its descriptor
            found = candidates(self.deployment, ask.request.model)
        except TriviumError as error:
            yield from self._record_refusal(
                ask, None, Decision(constitution=self._constitution), error
            )
            raise
        for candidate in self._in_service(found, ask):
            try:
                return (yield from self._on_route(ask, candidate))
            except (RequestError, CredentialsError) as error:
                ask.passed_over.append(
                    (candidate.route.id, error)
                )  # another route may carry it
            except RouteError as error:
                if ask.failures[-1:] != [error] or error.fault == "caller":
                    # content was released already, or no other route would take it
                    # either
                    raise
            if self._monotonic() >= ask.deadline:
                break
        _give_up(ask)

    def _in_service(
        self, found: tuple[Candidate, ...], ask: _Ask
    ) -> Iterator[Candidate]:
        """Candidates whose breaker is closed when their turn comes; all when every
        breaker is open, for somebody must try."""
        for candidate in found:
            if self._breakers[candidate.route.id].closed:
                yield candidate
        if ask.attempts == 0:
            yield from found

    def _on_route(self, ask: _Ask, candidate: Candidate) -> Steps:
        """Tries on one route. The `RouteError` it ends with is the last of
        `ask.failures`.

        A credential that the provider does not take is tried once more: by then another
        one was fetched.
        """
        for number in range(1, self.options.attempts_per_route + 1):
            try:
                return (yield from self._attempt(ask, candidate))
            except RouteError as error:
                if ask.failures[-1:] != [error]:
                    raise  # content was released already: the caller must decide
                pause = self._pause(number, error)
                out_of_time = self._monotonic() + pause >= ask.deadline
                again = error.retryable or (
                    isinstance(error, AuthenticationError) and number == 1
                )
                if (
                    not again
                    or number == self.options.attempts_per_route
                    or out_of_time
                ):
                    raise
                yield Sleep(pause)
        raise AssertionError("unreachable: the last try returns or raises")

    def _attempt(self, ask: _Ask, candidate: Candidate) -> Steps:
        """One attempt and its record."""
        ask.attempts += 1
        context = self._context(ask, candidate)
        running = _Try(
            candidate, ask.attempts, Decision(constitution=self._constitution)
        )
        adapter = ADAPTERS[candidate.route.protocol]
        try:
            checked = _fail_closed(self._guard.check_request, ask.request, context)
            running.decision = checked.decision
            self._require_allowed(checked.decision, "request")
            wire = _encoded(adapter, checked.value, candidate, stream=ask.stream)
            running.sent_at = self._monotonic()
            answer: Answer = yield Send(
                candidate.route,
                wire,
                ask.stream,
                max(0.0, ask.deadline - running.sent_at),
            )
            if ask.stream and answer.status == 200:
                message = yield from self._stream(ask, running, answer, context)
            else:
                message = yield from self._whole(ask, running, answer, context)
        except RouteError as error:
            yield from self._failed(ask, running, error)
            raise
        except TriviumError as error:
            yield from self._record_refusal(ask, running, running.judged, error)
            raise
        except (
            Abandoned,
            KeyboardInterrupt,
        ):  # Ctrl-C may also come while this generator works
            if not running.recorded:
                yield Append(self._record(ask, running, "abandoned"))
            raise
        except Exception as error:
            defect = _defect(error)
            yield from self._record_refusal(ask, running, running.decision, defect)
            raise defect from None
        self._breakers[candidate.route.id].succeeded()
        return message

    def _whole(
        self, ask: _Ask, running: _Try, answer: Answer, context: Context
    ) -> Steps:
        candidate = running.candidate
        adapter = ADAPTERS[candidate.route.protocol]
        reply = adapter.decode(
            answer.status, answer.headers, answer.body, model=candidate.target.id
        )
        latency_s = self._since(running)
        running.usage = reply.usage
        checked = _fail_closed(self._guard.check_reply, reply, context)
        running.decision = running.decision.joined(checked.decision)
        self._require_allowed(checked.decision, "reply")
        running.recorded = True
        yield Append(
            self._record(ask, running, "answered", reply=reply, latency_s=latency_s)
        )
        return self._message(ask, running, checked.value, latency_s)

    def _stream(
        self, ask: _Ask, running: _Try, answer: Answer, context: Context
    ) -> Steps:
        candidate = running.candidate
        adapter = ADAPTERS[candidate.route.protocol]
        if not answer.headers.get("content-type", "").startswith(adapter.stream_type):
            raise ProtocolError(
                f"The provider's stream is not `{adapter.stream_type}`.",
                status=answer.status,
            )
        decoder, guard = (
            adapter.decoder(candidate.target.id),
            _fail_closed(self._guard.stream, context),
        )
        running.guard = guard
        gathered = Accumulator()
        held: list[Event] = []
        end: MessageStop | None = None
        while end is None:
            data: bytes | None = yield _READ
            events = decoder.close() if data is None else decoder.feed(data)
            if events and running.first_event_s is None:
                running.first_event_s = self._since(running)
            for event in events:
                if isinstance(event, MessageStart | MessageDelta | MessageStop):
                    running.usage = event.usage or running.usage
                    end = event if isinstance(event, MessageStop) else end
            held += _fail_closed(_judged, guard, events)
            if guard.action is not Action.ALLOW:
                self._require_allowed(guard.decision, "reply")
            # Until there is content the stream may still fail over, so its beginning is
            # not handed over alone.
            if held and (
                end is not None or running.released or any(map(_is_content, held))
            ):
                released, held = tuple(held), []
                gathered.take(released)
                if not running.released:
                    yield Append(self._opened(ask, running))
                    running.released = True
                yield Emit(released)
        latency_s = self._since(running)
        gathered.take((end,))
        reply = gathered.reply(provider_request_id=_provider_request_id(answer))
        running.recorded = True
        yield Append(
            self._record(ask, running, "answered", reply=reply, latency_s=latency_s)
        )
        yield Emit((end,))
        yield Drain()
        return self._message(ask, running, reply, latency_s)

    def _require_allowed(self, decision: Decision, stage: str) -> None:
        """Raise when the guard said no. REVISE is refused like BLOCK: this release does
        not rewrite replies."""
        if decision.action < Action.REVISE:
            return
        names = ", ".join(decision.provisions)
        where = "before it left" if stage == "request" else "before it was handed over"
        if decision.action == Action.ESCALATE:
            raise EscalatedError(
                f"The {stage} needs a person's decision ({names}); it was stopped"
                f" {where}.",
                provisions=decision.provisions,
                next_step="Have it approved by the owner of the provision.",
            )
        raise BlockedError(
            f"The {stage} was stopped {where} by {names}.",
            provisions=decision.provisions,
            next_step=(
                "Read the provision's text; what it found is in the audit log, without"
                " the content."
            ),
        )

    def _failed(
        self, ask: _Ask, running: _Try, error: RouteError
    ) -> Generator[Effect, Any, None]:
        error.route = running.candidate.route.id
        if not running.released:
            ask.failures.append(error)
        if error.fault in ("provider", "network"):
            self._breakers[error.route].failed()
        if isinstance(error, AuthenticationError):
            yield Forget(running.candidate.route)
        yield Append(self._record(ask, running, "failed", error=error))

    def _record_refusal(
        self, ask: _Ask, running: _Try | None, decision: Decision, error: TriviumError
    ) -> Generator[Effect, Any, None]:
        outcome: Outcome = "refused"
        if isinstance(error, BlockedError):
            outcome = "blocked"
        elif isinstance(error, EscalatedError):
            outcome = "escalated"
        if running is None:
            ask.attempts += 1
        yield Append(
            self._record(ask, running, outcome, error=error, decision=decision)
        )

    def _pause(self, number: int, error: RouteError) -> float:
        """Full jitter, or what the provider asked for when that is longer."""
        bound = min(
            self.options.max_pause_s, self.options.backoff_s * 2 ** (number - 1)
        )
        pause = self._random.uniform(0, bound)
        return max(pause, min(error.retry_after_s or 0.0, self.options.max_pause_s))

    def _context(self, ask: _Ask, candidate: Candidate) -> Context:
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

    def _where(self, ask: _Ask, running: _Try | None) -> dict[str, Any]:
        """The fields that `Opened` and `Attempt` share. Any: keyword arguments."""
        common = {
            "time": (
                self._clock()
                .astimezone(UTC)
                .isoformat(timespec="microseconds")
                .replace("+00:00", "Z")
            ),
            "request_id": ask.request_id,
            "attempt": running.number if running else ask.attempts,
            "deployment": self.deployment.name,
            "deployment_digest": self._digest,
            "constitution": self._constitution,
            "route": "",
            "streamed": ask.stream,
            "rehearsal": self.deployment.rehearsal,
            "user_id": ask.user_id,
        }
        if running is None:
            return common
        route, target = running.candidate.route, running.candidate.target
        return common | {
            "route": route.id,
            "cloud": route.cloud,
            "region": route.region,
            "model_id": target.id,
            "model": target.model,
            "tier": running.candidate.tier,
            "destinations": target.destinations,
        }

    def _opened(self, ask: _Ask, running: _Try) -> Opened:
        return Opened(**self._where(ask, running))

    def _record(
        self,
        ask: _Ask,
        running: _Try | None,
        outcome: Outcome,
        *,
        reply: Reply | None = None,
        latency_s: float | None = None,
        error: TriviumError | None = None,
        decision: Decision | None = None,
    ) -> Attempt:
        usage = running.usage if running else Usage()
        return Attempt(
            **self._where(ask, running),
            outcome=outcome,
            decision=decision or (running.judged if running else Decision()),
            usage=usage,
            cost_usd=self._cost(running, usage) if running else None,
            latency_s=(
                latency_s
                if latency_s is not None
                else self._since(running)
                if running
                else 0.0
            ),
            first_event_s=running.first_event_s if running else None,
            stop_reason=reply.stop_reason if reply else None,
            provider_request_id=(
                reply.provider_request_id
                if reply
                else (
                    error.provider_request_id if isinstance(error, RouteError) else None
                )
            ),
            failure=_failure(error) if error else None,
        )

    def _message(
        self, ask: _Ask, running: _Try, reply: Reply, latency_s: float
    ) -> Message:
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
            cost_usd=self._cost(running, reply.usage),
            latency_s=latency_s,
            attempts=running.number,
            rehearsal=self.deployment.rehearsal,
            provider_request_id=reply.provider_request_id,
        )

    def _cost(self, running: _Try, usage: Usage) -> float | None:
        route, target = running.candidate.route, running.candidate.target
        if usage == Usage() or target.model not in self._catalogue.models:
            return None
        return self._catalogue.cost_usd(
            target.model,
            usage,
            cloud=route.cloud,
            scope=target.scope,
            region=route.region,
        )

    def _since(self, running: _Try) -> float:
        return (
            self._monotonic() - running.sent_at if running.sent_at is not None else 0.0
        )

    @property
    def _constitution(self) -> str:
        return self._guard.constitution.digest


def _give_up(ask: _Ask) -> NoReturn:
    """Raise the one error there was, or one that names each: what the preferred route
    said is not to be lost."""
    if ask.failures and len(ask.failures) + len(ask.passed_over) > 1:
        told = _told(
            [*ask.passed_over, *((error.route or "", error) for error in ask.failures)]
        )
        raise AllRoutesFailedError(
            f"Every permitted route failed ({told}).",
            attempts=tuple(ask.failures),
            next_step="Try again later; the audit log has every attempt.",
        ) from ask.failures[-1]
    if ask.failures:
        raise ask.failures[0]
    if not ask.passed_over:
        raise DeadlineError("There was no time for an attempt.")
    first = ask.passed_over[0][1]
    if others := ask.passed_over[1:]:
        first.message += f" No other route could take it either ({_told(others)})."
    raise first


def _told(errors: list[tuple[str, TriviumError]]) -> str:
    return "; ".join(f"{route}: {error.code}" for route, error in errors)


def _fail_closed(judge: Callable[P, R], *arguments: P.args, **named: P.kwargs) -> R:
    """Law 1: whatever goes wrong in the guard refuses. The cause is named by its type
    alone, as it may quote."""
    try:
        return judge(*arguments, **named)
    except TriviumError:
        raise
    except Exception as error:
        raise GuardFailureError(
            f"The guard failed with {type(error).__name__}; it fails closed, so nothing"
            " passes.",
            next_step="Report it with the constitution's digest.",
        ) from None


def _defect(error: Exception) -> TriviumError:
    """What nobody foresaw, as an error of the tree: told by type and place, since its
    text may quote the request."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    return TriviumError(
        f"Trivium failed with {type(error).__name__} in {Path(place.filename).name},"
        f" line {place.lineno}; nothing is answered.",
        next_step="Report it: this is a defect.",
    )


def _judged(guard: StreamGuard, events: list[Event]) -> list[Event]:
    """What may be handed over of these events; the terminal one is kept back."""
    released: list[Event] = []
    for event in events:
        released += (
            guard.close() if isinstance(event, MessageStop) else guard.feed(event)
        )
    return released


def _is_content(event: Event) -> bool:
    """Whether the caller would see something of the answer in it."""
    if isinstance(event, BlockStart):
        return not isinstance(event.block, TextBlock | ThinkingBlock)
    return not isinstance(event, MessageStart)


def _encoded(
    adapter: Adapter, request: MessageRequest, candidate: Candidate, *, stream: bool
) -> WireRequest:
    try:
        return adapter.encode(request, candidate.target, candidate.route, stream=stream)
    except (ValueError, TypeError, RecursionError):
        # Half of a surrogate pair, a number beyond 64 bits, a schema nested without
        # end. The cause quotes the text.
        raise RequestError(
            "The request cannot be written as JSON; its text must be valid Unicode."
        ) from None


def _failure(error: TriviumError) -> Failure:
    if isinstance(error, RouteError):
        return Failure(
            code=error.code, status=error.status, provider_type=error.provider_type
        )
    return Failure(code=error.code)


def _provider_request_id(answer: Answer) -> str | None:
    for name in ("request-id", "x-amzn-requestid", "x-request-id"):
        if name in answer.headers:
            return word(answer.headers[name])
    return None


__all__ = [
    "Abandoned",
    "Answer",
    "Append",
    "Core",
    "Drain",
    "Effect",
    "Emit",
    "Forget",
    "Read",
    "Send",
    "Sleep",
    "Steps",
]
