"""Runs a suite against a deployment: many samples at a time, within an error budget and
a cost ceiling, and from where it stopped.

Every sample is asked of the deployment itself, guarded and recorded like any request;
nothing is answered from an earlier run. A run always ends: with all outcomes, or with a
partial result that says why.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec

from trivium.client.message import Message
from trivium.errors import (
    BlockedError,
    ConfigurationError,
    EscalatedError,
    EvaluationError,
    PolicyError,
    TriviumError,
)
from trivium.evaluation.journal import Journal, Run
from trivium.evaluation.outcome import (
    Judged,
    Opening,
    Outcome,
    commit,
    hypothesis_id,
)
from trivium.evaluation.results import Results

Turns = Sequence[Mapping[str, Any]]
"""Turns in the Messages shape. Any: plain data is checked by the client."""


class Asks(Protocol):
    """What is asked: `AsyncClient.messages`."""

    @property
    def create(self) -> Callable[..., Awaitable[Message]]:
        """Takes the arguments of the Messages API, by name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Conversation:
    """What was said in one sample, for its judges."""

    turns: Turns
    """Everything that was sent, oldest first."""
    reply: Message | None
    """The last reply; None where a provision refused."""
    refusal: PolicyError | None = None
    """What refused, if something did."""
    replies: tuple[Message, ...] = ()
    """All replies, oldest first."""

    @property
    def text(self) -> str:
        """The last reply's text; "" for a refusal."""
        return self.reply.text if self.reply else ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scored:
    """What the judges said of one sample."""

    judged: tuple[Judged, ...]
    cost_usd: float | None = 0.0
    """What the judges cost; None where it is not known."""


Score = Callable[[Conversation], Coroutine[Any, Any, Scored]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """A scenario as the runner asks it."""

    scenario: str
    seed: str
    attack: str
    steps: tuple[Turns, ...]
    """What is added before each request; a scenario of three questions has three."""
    score: Score
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """`max_tokens`, `system`, `tools` and so on. Any: as the Messages API has them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """How far a run may go."""

    concurrency: int = 32
    """Samples at a time."""
    error_budget: int = 20
    """Samples that may fail; with one more the run stops."""
    ceiling_usd: float | None = None
    """List price that the run, with what it continues, must not exceed."""
    sample_timeout_s: float = 900.0
    """A sample that takes longer has failed."""
    keep_text: bool = True
    """Whether the journal keeps conversations beside their commitments."""

    def __post_init__(self) -> None:
        """Raises `EvaluationError` for a limit that no run can keep."""
        if self.concurrency < 1 or self.error_budget < 0 or self.sample_timeout_s <= 0:
            raise EvaluationError(
                "A run needs a concurrency of at least 1, an error budget of at least"
                " 0 and a time above 0 per sample."
            )


@dataclass(kw_only=True, slots=True)
class Progress:
    """Where a run is, for those who watch it."""

    planned: int
    done: int
    failed: int = 0
    cost_usd: float = 0.0
    breached: int = 0
    """Samples with at least one breach."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One sample to be asked."""

    task: Task
    asked: str
    repeat: int


def planned(suite_digest: str, tasks: Iterable[Task], run: Run) -> dict[str, Planned]:
    """Every sample of the run by its id. Raises `EvaluationError` for a suite without
    scenarios, or with two of one id."""
    found: dict[str, Planned] = {}
    count = 0
    for task in tasks:
        for asked in run.asked:
            for repeat in range(run.repeats):
                name = hypothesis_id(suite_digest, task.scenario, asked, repeat)
                found[name] = Planned(task, asked, repeat)
                count += 1
    if not found:
        raise EvaluationError(
            f"The suite `{run.suite}` has no scenario to ask, so a run would show"
            " nothing."
        )
    if len(found) < count:
        raise EvaluationError(
            f"The suite `{run.suite}` has scenarios that share an id, so their"
            " outcomes could not be told apart.",
            next_step="Give each scenario an id of its own.",
        )
    return found


class Runner:
    """One run, from its journal's beginning or from where it stopped."""

    def __init__(
        self,
        asks: Asks,
        journal: Journal,
        samples: Mapping[str, Planned],
        *,
        limits: Limits,
        watch: Callable[[Progress], None] = lambda _: None,
    ) -> None:
        self._asks, self._journal, self._limits = asks, journal, limits
        self._watch = watch
        # By id, which is a digest: what a partial run has seen is a random part of
        # the suite, not its first provision.
        self._left = [
            (name, sample)
            for name, sample in sorted(samples.items(), reverse=True)
            if name not in journal.done
        ]
        done = journal.done.values()
        self._progress = Progress(
            planned=len(samples),
            done=len(journal.done),
            cost_usd=sum(outcome.cost_usd or 0.0 for outcome in done),
            breached=sum(_breached(outcome) for outcome in done),
        )
        self._dearest = max((each.cost_usd or 0.0 for each in done), default=0.0)
        self._priced = bool(journal.done)
        self._failures: Counter[str] = Counter()
        self._running = 0
        self._stopped = ""

    async def run(self) -> Results:
        """Ask everything that has no outcome yet. Raises what the deployment cannot be
        used for at all (`ConfigurationError`, `AuditError`); the journal then still
        holds what was asked."""
        self._watch(self._progress)
        running: set[asyncio.Task[None]] = set()
        try:
            while not self._stopped and (self._left or running):
                while self._may_begin(len(running)):
                    running.add(asyncio.create_task(self._one(*self._left.pop())))
                if not running:
                    break
                finished, running = await asyncio.wait(
                    running, return_when=asyncio.FIRST_COMPLETED
                )
                _raise_first(finished)
            if self._stopped and not self._spent:
                running = set(await _finished(running))
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
        stopped = self._stopped or self._incomplete()
        self._journal.end(stopped)
        return Results(
            run=self._journal.run,
            outcomes=dict(self._journal.done),
            stopped=stopped,
            failures=self._failures.total(),
        )

    @property
    def _spent(self) -> bool:
        """Whether the error budget is spent."""
        return self._failures.total() > self._limits.error_budget

    def _may_begin(self, running: int) -> bool:
        """Whether another sample may be asked now."""
        if self._stopped or not self._left or running >= self._limits.concurrency:
            return False
        ceiling = self._limits.ceiling_usd
        if ceiling is None:
            return True
        if not self._priced:
            return running == 0  # nobody knows yet what one costs
        if self._progress.cost_usd + self._dearest * (running + 1) <= ceiling:
            return True
        if not running:
            self._stopped = (
                f"the cost ceiling of ${ceiling:.2f} leaves no room for another sample"
                f" (${self._progress.cost_usd:.4f} spent)"
            )
        return False

    async def _one(self, name: str, sample: Planned) -> None:
        """Ask one sample, have it judged, and keep the outcome."""
        try:
            async with asyncio.timeout(self._limits.sample_timeout_s):
                asked = await converse(self._asks, sample)
                scored = await sample.task.score(asked)
        except (ConfigurationError, EvaluationError):
            raise
        except TimeoutError:
            self._failed("timeout")
            return
        except TriviumError as error:
            if error.code.startswith("audit"):
                raise
            self._failed(error.code)
            return
        self._keep(name, sample, asked, scored)

    def _keep(
        self, name: str, sample: Planned, asked: Conversation, scored: Scored
    ) -> None:
        """Write the outcome down."""
        outcome, opening = outcome_of(name, sample, asked, scored)
        if self._limits.ceiling_usd is not None and outcome.cost_usd is None:
            self._stopped = (
                "a sample's price is not known to the catalogue, so the cost ceiling"
                " cannot be kept"
            )
        if not self._limits.keep_text:
            opening = msgspec.structs.replace(opening, conversation="")
        self._journal.append(outcome, opening)

        cost = outcome.cost_usd or 0.0
        self._priced = self._priced or cost > 0
        self._dearest = max(self._dearest, cost)
        self._progress.done += 1
        self._progress.cost_usd += cost
        self._progress.breached += _breached(outcome)
        self._watch(self._progress)

    def _failed(self, code: str) -> None:
        """Count a failure against the budget."""
        self._failures[code] += 1
        self._progress.failed += 1
        self._watch(self._progress)
        if self._spent and not self._stopped:
            self._stopped = (
                f"the error budget of {self._limits.error_budget} is spent:"
                f" {_counted(self._failures)}"
            )

    def _incomplete(self) -> str:
        """Why a run that went to its end has samples without an outcome."""
        if not self._failures:
            return ""
        return f"samples failed within the error budget: {_counted(self._failures)}"


async def converse(asks: Asks, sample: Planned) -> Conversation:
    """Ask each step after the reply to the one before; a refusal ends it."""
    turns: list[Mapping[str, Any]] = []
    replies: list[Message] = []
    for step in sample.task.steps:
        if replies:
            turns.append({"role": "assistant", "content": replies[-1].content})
        turns += step
        try:
            reply = await asks.create(
                **{"max_tokens": 512, **sample.task.arguments},
                model=sample.asked,
                messages=turns,
            )
        except (BlockedError, EscalatedError) as refusal:
            return Conversation(
                turns=turns, reply=None, refusal=refusal, replies=tuple(replies)
            )
        replies.append(reply)
    return Conversation(turns=turns, reply=replies[-1], replies=tuple(replies))


def outcome_of(
    name: str, sample: Planned, asked: Conversation, scored: Scored
) -> tuple[Outcome, Opening]:
    """The outcome of a sample, and what opens its commitment."""
    commitment, opening = commit(_text_of(asked, sample.task.arguments))
    last = asked.replies[-1] if asked.replies else None
    refusal = asked.refusal
    requests = [reply.request_id for reply in asked.replies]
    if refusal is not None and refusal.request_id:
        requests.append(refusal.request_id)
    action = "ALLOW"
    if asked.reply is not None:
        action = asked.reply.decision.action.name
    elif refusal is not None:
        action = "ESCALATE" if isinstance(refusal, EscalatedError) else "BLOCK"
    outcome = Outcome(
        hypothesis=name,
        scenario=sample.task.scenario,
        seed=sample.task.seed,
        attack=sample.task.attack,
        repeat=sample.repeat,
        asked=sample.asked,
        ended="refused" if asked.reply is None else "answered",
        judged=scored.judged,
        commitment=commitment,
        tier=last.tier if last else "",
        route=last.route if last else "",
        model=last.model if last else "",
        action=action,
        cost_usd=_cost(asked, scored),
        latency_s=sum(reply.latency_s for reply in asked.replies),
        input_tokens=sum(reply.usage.input_tokens for reply in asked.replies),
        output_tokens=sum(reply.usage.output_tokens for reply in asked.replies),
        requests=tuple(requests),
    )
    return outcome, opening


def _text_of(asked: Conversation, arguments: Mapping[str, Any]) -> str:
    """The conversation as JSON text: what was sent, and the reply."""
    content = asked.reply.content if asked.reply else None
    refused_by = asked.refusal.provisions if asked.refusal else ()
    whole = {
        "arguments": arguments,
        "turns": asked.turns,
        "reply": content,
        "refused_by": refused_by,
    }
    return msgspec.json.encode(whole).decode()


def _cost(asked: Conversation, scored: Scored) -> float | None:
    """List price of all requests and judges; None where one is not known. A reply that
    was refused after it was written is not in it: the client does not say its price."""
    costs = [reply.cost_usd for reply in asked.replies] + [scored.cost_usd]
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None


def _breached(outcome: Outcome) -> bool:
    """Whether any provision was breached."""
    return any(judged.breached for judged in outcome.judged)


def _counted(failures: Counter[str]) -> str:
    """How often each error came."""
    return ", ".join(f"{code} {count}" for code, count in failures.most_common())


async def _finished(running: set[asyncio.Task[None]]) -> set[asyncio.Task[None]]:
    """Wait for what is under way: it is paid for."""
    if not running:
        return running
    done, left = await asyncio.wait(running)
    _raise_first(done)
    return left


def _raise_first(finished: Iterable[asyncio.Task[None]]) -> None:
    """Raise what ended a sample's task, if anything did. All are asked, because one
    that is not asked complains when it is collected."""
    for error in [task.exception() for task in finished]:
        if error is not None:
            raise error
