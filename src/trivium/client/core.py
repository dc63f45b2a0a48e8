"""One request from beginning to end, without I/O: a generator of effects.

The order of the steps is the law: guard before sending, record before answering, the
terminal event last. The drivers (`client.py`, `asynchronous.py`) have each effect
performed and send its result in; what fails is thrown in at the `yield`.
"""

import logging
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING

import msgspec

from trivium.audit.record import Purpose
from trivium.client.breaker import Breaker
from trivium.client.critique import ROLE, Call, Reviser, Rewriting
from trivium.client.effects import (
    Abandoned,
    Answer,
    Append,
    Drain,
    Effect,
    Emit,
    Escalate,
    Forget,
    Read,
    Send,
    Sleep,
    Steps,
)
from trivium.client.escalation import (
    Question,
    escalated,
    reply_draft,
    request_draft,
)
from trivium.client.message import Accumulator, Message, events_of
from trivium.client.options import Options
from trivium.client.recording import Ask, Ending, Recorder, Try, refusal
from trivium.client.router import Candidate, candidates
from trivium.client.verdicts import (
    defect,
    fail_closed,
    give_up,
    provider_guardrail,
    require_allowed,
)
from trivium.errors import (
    AuthenticationError,
    CredentialsError,
    OutputLimitError,
    ProtocolError,
    RateLimitedError,
    RequestError,
    RouteError,
    TriviumError,
    UnknownContentError,
)
from trivium.guard import Guard, StreamGuard
from trivium.vocabulary.catalogue import Catalogue
from trivium.vocabulary.decision import Action, Context, Decision
from trivium.vocabulary.deployment import Deployment, check_validity
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
)
from trivium.wire import ADAPTERS, Adapter, Place, WireRequest
from trivium.wire.failure import word

if TYPE_CHECKING:
    from trivium.review import Settled

_READ = Read()
_OF_CRITICS: tuple[Purpose, ...] = ("critique", "revision")
"""Requests that are made for another request."""
_LOG = logging.getLogger("trivium.client")


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
        self._guard = guard
        self._recorder = Recorder(
            deployment, digest, guard.constitution.digest, catalogue
        )
        self._clock = clock
        self._monotonic = monotonic
        self._held_until: dict[tuple[str, str], float] = {}
        """Route and model → when the provider wants to be asked again."""
        self._random = random or Random()  # noqa: S311 -- spreads retries, guards nothing
        self._breakers = {
            route.id: Breaker(
                route.id,
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
    ) -> Steps[Message]:
        """Everything that one request needs, in order; returns the message. Raises the
        error it ends with."""
        deadline = self._monotonic() + self.options.timeout_s
        ask = Ask(request, request_id, stream, user_id, attributes or {}, deadline)
        try:
            return (yield from self._answered(ask))
        except TriviumError as error:
            error.request_id = error.request_id or request_id
            raise

    def _answered(self, ask: Ask) -> Steps[Message]:
        """Routes in their order, until one answers."""
        try:
            # A client may live longer than its descriptor.
            check_validity(self.deployment, self._clock())
            found = candidates(self.deployment, ask.request.model)
        except TriviumError as error:
            undecided = Decision(constitution=self._recorder.constitution)
            yield from self._record_refusal(ask, None, undecided, error)
            raise

        refused_by: set[str] = set()
        for candidate in self._in_service(found, ask):
            family = ADAPTERS[candidate.route.protocol].family
            if family in refused_by:
                continue
            try:
                return (yield from self._on_route(ask, candidate))
            except (RequestError, CredentialsError) as error:
                # Another route may carry it.
                ask.passed_over.append((candidate.route.id, error))
                self._log(ask, "%s: passed over", candidate, error)
            except RouteError as error:
                if ask.failures[-1:] != [error]:
                    raise  # content was released: the caller must decide
                if isinstance(error, UnknownContentError | OutputLimitError):
                    raise  # paid for; every route would answer the same
                if error.fault == "caller":
                    # Only another protocol may take what this one refuses.
                    refused_by.add(family)
                self._log(ask, "%s: given up", candidate, error)
            if self._monotonic() >= ask.deadline:
                break
        give_up(ask)

    def _in_service(
        self, found: tuple[Candidate, ...], ask: Ask
    ) -> Iterator[Candidate]:
        """Candidates whose breaker is closed when their turn comes; all of them when
        every breaker is open, because one must try."""
        for candidate in found:
            if not self._held_back(ask, candidate) and self._closed(candidate):
                yield candidate
        if ask.attempts == 0:
            for candidate in found:
                if self._hold_s(candidate) <= 0:
                    yield candidate

    def _closed(self, candidate: Candidate) -> bool:
        """Whether the route's breaker lets a request through."""
        return self._breakers[candidate.route.id].closed

    def _hold_s(self, candidate: Candidate) -> float:
        """Seconds until the provider wants to be asked for this model again."""
        key = (candidate.route.id, candidate.target.id)
        return self._held_until.get(key, 0.0) - self._monotonic()

    def _held_back(self, ask: Ask, candidate: Candidate) -> bool:
        """Whether the provider does not want to be asked yet; that is then noted."""
        left_s = self._hold_s(candidate)
        if left_s <= 0:
            return False
        error = RateLimitedError(
            f"Route `{candidate.route.id}` asked not to be called for another"
            f" {left_s:.0f} s, so nothing was sent to it.",
            route=candidate.route.id,
            retry_after_s=left_s,
            next_step="Try again then, or ask the platform team for more quota.",
        )
        ask.passed_over.append((candidate.route.id, error))
        return True

    def _on_route(self, ask: Ask, candidate: Candidate) -> Steps[Message]:
        """Tries on one route. The `RouteError` it ends with is the last of
        `ask.failures`.

        A credential that the provider refuses is tried once more: by then another one
        was fetched.
        """
        for number in range(1, self.options.attempts_per_route + 1):
            try:
                return (yield from self._attempt(ask, candidate))
            except RouteError as error:
                if ask.failures[-1:] != [error]:
                    raise  # content was released: the caller must decide
                pause = self._pause(number, error)
                too_long = self._asked_for_too_long(candidate, error)
                out_of_time = self._monotonic() + pause >= ask.deadline
                refused = isinstance(error, AuthenticationError) and number == 1
                again = error.retryable or refused
                last = number == self.options.attempts_per_route
                if not again or last or out_of_time or too_long:
                    raise
                self._log(ask, "%s: tried again", candidate, error, pause_s=pause)
                yield Sleep(pause)
        raise AssertionError("unreachable: the last try returns or raises")

    def _attempt(self, ask: Ask, candidate: Candidate) -> Steps[Message]:
        """One attempt and its record, however it ends."""
        ask.attempts += 1
        undecided = Decision(constitution=self._recorder.constitution)
        running = Try(candidate, ask.attempts, undecided)
        try:
            message = yield from self._exchange(ask, running)
        except RouteError as error:
            yield from self._failed(ask, running, error)
            raise
        except TriviumError as error:
            yield from self._record_refusal(ask, running, running.judged, error)
            raise
        except (Abandoned, KeyboardInterrupt):
            # Ctrl-C may also come while this generator works.
            if not running.recorded:
                yield self._ended(
                    ask,
                    running,
                    Ending(outcome="abandoned", latency_s=self._since(running)),
                )
            raise
        except Exception as error:
            unforeseen = defect(error)
            yield from self._record_refusal(ask, running, running.decision, unforeseen)
            raise unforeseen from None
        self._breakers[candidate.route.id].succeeded()
        return message

    def _exchange(self, ask: Ask, running: Try) -> Steps[Message]:
        """Judge, send, and take the answer."""
        candidate = running.candidate
        context = self._recorder.context(ask, candidate)
        checked = fail_closed(self._guard.check_request, ask.request, context)
        running.decision = checked.decision
        yield from self._permit_request(ask, running, checked.decision)

        adapter = ADAPTERS[candidate.route.protocol]
        held = self._held(ask, context)
        stream = ask.stream and not held
        wire = _encoded(adapter, checked.value, candidate, stream=stream)
        running.adaptations = (*wire.adaptations, *held)
        running.sent_at = self._monotonic()
        left_s = max(0.0, ask.deadline - running.sent_at)
        answer: Answer = yield Send(candidate.route, wire, stream, left_s)
        if stream and answer.status == 200:
            return (yield from self._streamed(ask, running, answer, context))
        return (yield from self._whole(ask, running, answer, checked.value, context))

    def _whole(
        self,
        ask: Ask,
        running: Try,
        answer: Answer,
        sent: MessageRequest,
        context: Context,
    ) -> Steps[Message]:
        """A whole answer: decode, judge, record, return."""
        candidate = running.candidate
        adapter = ADAPTERS[candidate.route.protocol]
        try:
            reply = adapter.decode(
                answer.status, answer.headers, answer.body, model=candidate.target.id
            )
        except RouteError:
            if answer.status == 200:  # what cannot be used was paid for
                running.usage = adapter.usage_in(answer.body)
            raise
        latency_s = self._since(running)
        running.usage = reply.usage
        running.decision = running.decision.joined(
            provider_guardrail(reply.stop_reason)
        )
        value = yield from self._permitted(ask, running, reply, sent, context)

        ending = Ending(outcome="answered", reply=reply, latency_s=latency_s)
        running.recorded = True
        yield self._ended(ask, running, ending)
        if ask.stream:
            yield Emit(events_of(value))
        return self._recorder.message(ask, running, value, latency_s=latency_s)

    def _permitted(
        self,
        ask: Ask,
        running: Try,
        reply: Reply,
        sent: MessageRequest,
        context: Context,
    ) -> Steps[Reply]:
        """The reply as the caller may be given it: redacted, or rewritten. Raises
        `PolicyError` where it may not."""
        if ask.purpose in _OF_CRITICS or not self._guard.rewrites:
            checked = fail_closed(self._guard.check_reply, reply, context)
            running.decision = running.decision.joined(checked.decision)
            # A critic may quote what it criticises; what it makes is judged again.
            if (
                ask.purpose not in _OF_CRITICS
                or checked.decision.action > Action.REVISE
            ):
                yield from self._permit_reply(
                    ask, running, checked.value, checked.decision
                )
            return checked.value

        roles = self.deployment.roles
        running.rewriting = state = Rewriting(reply)
        yield from Reviser(
            guard=self._guard,
            context=context,
            request=sent,
            model=ROLE if ROLE in roles else ask.request.model,
            call=self._critic_of(ask),
            monotonic=self._monotonic,
        ).rewrite(state)
        yield from self._permit_reply(ask, running, state.reply, state.decision)
        return state.reply

    def _permit_request(
        self, ask: Ask, running: Try, decision: Decision
    ) -> Steps[None]:
        """Raise `PolicyError` unless the request may be sent. What a person must decide
        is put before reviewers; what one has allowed passes."""
        if decision.action is not Action.ESCALATE:
            return require_allowed(decision, "request")
        if ask.released is None:
            if ask.purpose == "answer":
                name = self.deployment.name
                running.ticket = yield Escalate(request_draft(ask, decision, name))
            raise escalated(decision, "request", running.ticket)
        return None

    def _permit_reply(
        self, ask: Ask, running: Try, reply: Reply, decision: Decision
    ) -> Steps[None]:
        """The same of a reply."""
        if decision.action is not Action.ESCALATE:
            return require_allowed(decision, "reply")
        if ask.purpose == "answer":
            latency_s = self._since(running)
            message = self._recorder.message(ask, running, reply, latency_s=latency_s)
            name = self.deployment.name
            draft = reply_draft(ask, reply, message, decision, name)
            running.ticket = yield Escalate(draft)
        raise escalated(decision, "reply", running.ticket)

    def released(self, settled: "Settled") -> Steps[Message]:
        """What a person allowed: a reply as the caller's message, a request by sending
        it. Raises as `steps`."""
        if settled.stage == "reply":
            return (yield from self._released_reply(settled))
        question = msgspec.json.decode(settled.released, type=Question)
        ask = Ask(
            question.request,
            settled.request_id,
            False,
            question.user_id,
            question.attributes,
            self._monotonic() + self.options.timeout_s,
            released=settled,
        )
        return (yield from self._answered(ask))

    def _released_reply(self, settled: "Settled") -> Steps[Message]:
        """A reply that was made before the review, recorded as what was answered."""
        message = msgspec.json.decode(settled.released, type=Message)
        model = f"{message.route}/{message.tier}"
        asked = MessageRequest(model=model, max_tokens=1, messages=())
        now = self._monotonic()
        ask = Ask(asked, settled.request_id, False, None, {}, now, released=settled)
        (candidate,) = candidates(self.deployment, model)
        reply = Reply(
            id=settled.request_id,
            model=message.model,
            content=message.content,
            stop_reason=message.stop_reason,
            usage=message.usage,
        )
        if settled.verdict == "edit":  # a person may overlook a key
            context = self._recorder.context(ask, candidate)
            checked = fail_closed(self._guard.check_reply, reply, context)
            if checked.decision.action is Action.BLOCK:
                require_allowed(checked.decision, "reply")

        running = Try(candidate, message.attempts, message.decision)
        ending = Ending(outcome="answered", reply=reply, latency_s=0.0)
        yield self._ended(ask, running, ending)
        return message

    def _critic_of(self, ask: Ask) -> Call:
        """How critics of this request are called: each as a request of its own."""

        def call(request: MessageRequest, purpose: Purpose) -> Steps[Message]:
            ask.calls += 1
            inner = Ask(
                request,
                f"{ask.request_id}.{ask.calls}",
                False,
                ask.user_id,
                ask.attributes,
                ask.deadline,
                purpose=purpose,
            )
            return (yield from self._answered(inner))

        return call

    def _held(self, ask: Ask, context: Context) -> tuple[str, ...]:
        """Why a stream is handed over only when it is complete; empty where it is
        not."""
        if not ask.stream or not self._guard.rewrites:
            return ()
        rules = (
            *fail_closed(self._guard.critics, context),
            *fail_closed(self._guard.revised, context),
        )
        if not rules:
            return ()
        names = ", ".join(dict.fromkeys(rule.provision.id for rule in rules))
        return (f"The stream was held until the whole reply was judged by {names}.",)

    def _streamed(
        self, ask: Ask, running: Try, answer: Answer, context: Context
    ) -> Steps[Message]:
        """A stream: release what the guard lets pass, and the terminal event last."""
        adapter = ADAPTERS[running.candidate.route.protocol]
        if not answer.headers.get("content-type", "").startswith(adapter.stream_type):
            raise ProtocolError(
                f"The provider's stream is not `{adapter.stream_type}`.",
                status=answer.status,
            )
        running.guard = fail_closed(self._guard.stream, context)
        gathered = Accumulator()
        end = yield from self._released(ask, running, running.guard, adapter, gathered)
        latency_s = self._since(running)
        gathered.take((end,))
        reply = gathered.reply(provider_request_id=_provider_request_id(answer))
        running.decision = running.decision.joined(
            provider_guardrail(reply.stop_reason)
        )

        ending = Ending(outcome="answered", reply=reply, latency_s=latency_s)
        running.recorded = True
        yield self._ended(ask, running, ending)
        yield Emit((end,))
        yield Drain()
        return self._recorder.message(ask, running, reply, latency_s=latency_s)

    def _released(
        self,
        ask: Ask,
        running: Try,
        guard: StreamGuard,
        adapter: Adapter,
        gathered: Accumulator,
    ) -> Steps[MessageStop]:
        """Hand over events as they pass the guard; returns the terminal one, which is
        kept back."""
        decoder = adapter.decoder(running.candidate.target.id)
        held: list[Event] = []
        end: MessageStop | None = None
        while end is None:
            data: bytes | None = yield _READ
            events = decoder.close() if data is None else decoder.feed(data)
            if events and running.first_event_s is None:
                running.first_event_s = self._since(running)
            end = _noted(events, running)
            held += fail_closed(_judged, guard, events)
            if guard.action is not Action.ALLOW:
                require_allowed(guard.decision, "reply")

            # Until there is content the stream may still fail over, so its beginning is
            # not handed over alone.
            ready = end is not None or running.released or any(map(_is_content, held))
            if held and ready:
                released, held = tuple(held), []
                gathered.take(released)
                if not running.released:
                    opened = self._recorder.opened(ask, running, at=self._clock())
                    yield Append(opened)
                    running.released = True
                yield Emit(released)
        return end

    def _failed(
        self, ask: Ask, running: Try, error: RouteError
    ) -> Generator[Effect, None, None]:
        """Record that the route failed, and remember it."""
        error.route = running.candidate.route.id
        if not running.released:
            ask.failures.append(error)
        if error.fault in ("provider", "network"):
            opened = self._breakers[error.route].failed()
            if opened:
                _LOG.warning("%s: breaker open after %s", error.route, error.code)
        if isinstance(error, AuthenticationError):
            yield Forget(running.candidate.route)
        latency_s = self._since(running)
        ending = Ending(outcome="failed", error=error, latency_s=latency_s)
        yield self._ended(ask, running, ending)

    def _record_refusal(
        self, ask: Ask, running: Try | None, decision: Decision, error: TriviumError
    ) -> Generator[Effect, None, None]:
        """Record that this side refused, before or after sending."""
        if running is None:
            ask.attempts += 1
        yield self._ended(
            ask,
            running,
            Ending(
                outcome=refusal(error),
                error=error,
                decision=decision,
                latency_s=self._since(running) if running else 0.0,
            ),
        )

    def _ended(self, ask: Ask, running: Try | None, ending: Ending) -> Append:
        """The effect that keeps an attempt's record."""
        record = self._recorder.attempt(ask, running, ending, at=self._clock())
        return Append(record)

    def _pause(self, number: int, error: RouteError) -> float:
        """Full jitter, or what the provider asked for when that is longer."""
        bound = min(
            self.options.max_pause_s, self.options.backoff_s * 2 ** (number - 1)
        )
        pause = self._random.uniform(0, bound)
        return max(pause, min(error.retry_after_s or 0.0, self.options.max_pause_s))

    def _asked_for_too_long(self, candidate: Candidate, error: RouteError) -> bool:
        """Whether the provider wants a longer pause than another route is worth
        waiting for. The model is then left alone on this route until it is over."""
        wanted = error.retry_after_s or 0.0
        if wanted <= self.options.max_pause_s:
            return False
        key = (candidate.route.id, candidate.target.id)
        self._held_until[key] = self._monotonic() + wanted
        return True

    def _log(
        self,
        ask: Ask,
        event: str,
        candidate: Candidate,
        error: TriviumError,
        *,
        pause_s: float = 0.0,
    ) -> None:
        """One line, without content; nothing is formatted where nobody listens."""
        _LOG.info(
            event + ": %s, attempt %d, pause %.2f s, request %s",
            candidate.route.id,
            error.code,
            ask.attempts,
            pause_s,
            ask.request_id,
        )

    def _since(self, running: Try) -> float:
        """Seconds since it was sent; 0 where nothing was."""
        if running.sent_at is None:
            return 0.0
        return self._monotonic() - running.sent_at


def _noted(events: list[Event], running: Try) -> MessageStop | None:
    """Take the tokens from the events; returns the terminal one if it is among them."""
    end: MessageStop | None = None
    for event in events:
        if isinstance(event, MessageStart | MessageDelta | MessageStop):
            running.usage = event.usage or running.usage
            end = event if isinstance(event, MessageStop) else end
    return end


def _judged(guard: StreamGuard, events: list[Event]) -> list[Event]:
    """What may be handed over of these events, without the terminal one."""
    released: list[Event] = []
    for event in events:
        at_end = isinstance(event, MessageStop)
        released += guard.close() if at_end else guard.feed(event)
    return released


def _is_content(event: Event) -> bool:
    """Whether the caller would see something of the answer in it."""
    if isinstance(event, BlockStart):
        return not isinstance(event.block, TextBlock | ThinkingBlock)
    return not isinstance(event, MessageStart)


def _encoded(
    adapter: Adapter, request: MessageRequest, candidate: Candidate, *, stream: bool
) -> WireRequest:
    """The request on the wire of one route."""
    try:
        place = Place(candidate.target, candidate.route)
        return adapter.encode(request, place, stream=stream)
    except (ValueError, TypeError, RecursionError):
        # Half of a surrogate pair, a number beyond 64 bits, a schema that is nested too
        # deeply. The cause quotes the text, so it is left out.
        raise RequestError(
            "The request cannot be written as JSON; its text must be valid Unicode."
        ) from None


def _provider_request_id(answer: Answer) -> str | None:
    """The provider's id of the request, by whichever header it uses."""
    for name in ("request-id", "x-amzn-requestid", "x-request-id"):
        if name in answer.headers:
            return word(answer.headers[name])
    return None


__all__ = ["Core"]
