"""A deployment that answers from memory, and suites made of plain tasks."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trivium.client.message import Message
from trivium.errors import BlockedError
from trivium.evaluation.journal import Journal, JudgeRef, Run
from trivium.evaluation.outcome import Judged, Outcome
from trivium.evaluation.results import Results
from trivium.evaluation.runner import (
    Conversation,
    Limits,
    Progress,
    Runner,
    Scored,
    Task,
    planned,
)
from trivium.vocabulary.decision import Decision
from trivium.vocabulary.messages import TextBlock, Usage

SUITE = "sha256:" + "5" * 64
DESCRIPTOR = "sha256:" + "d" * 64
CONSTITUTION = "sha256:" + "c" * 64
JUDGE = JudgeRef(
    name="advice",
    calibration="sha256:" + "a" * 64,
    positives=500,
    found=450,
    negatives=500,
    cleared=475,
    labels="1,000 replies labelled by two people",
)


def message(text: str, *, cost_usd: float | None = 0.001, **changes: Any) -> Message:
    """A reply. Any: fields that a case changes."""
    usual: dict[str, Any] = {
        "request_id": "req_1",
        "route": "aws-us",
        "tier": "sonnet",
        "model": "claude-sonnet-4-5",
        "content": (TextBlock(text=text),),
        "stop_reason": "end_turn",
        "usage": Usage(input_tokens=10, output_tokens=5),
        "decision": Decision(),
        "cost_usd": cost_usd,
        "latency_s": 0.01,
        "attempts": 1,
        "rehearsal": True,
    }
    return Message(**{**usual, **changes})


@dataclass
class Deployed:
    """Answers "yes" to everything but what it is told to refuse or to fail at."""

    delay_s: float = 0.0
    cost_usd: float | None = 0.001
    fails: Callable[[str], Exception | None] = lambda _: None
    asked: list[str] = field(default_factory=list)
    """The last turn of every request."""
    running: int = 0
    most: int = 0
    """Requests at the same time."""

    async def create(self, **arguments: Any) -> Message:
        text = str(arguments["messages"][-1]["content"])
        self.asked.append(text)
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await asyncio.sleep(self.delay_s)
        finally:
            self.running -= 1
        if (error := self.fails(text)) is not None:
            raise error
        return message(f"yes: {text}", cost_usd=self.cost_usd)


def refused(text: str) -> Exception | None:
    """Blocks what says `blocked`."""
    if "blocked" not in text:
        return None
    return BlockedError("No.", provisions=("no-advice",), request_id="req_9")


async def says_bad(asked: Conversation) -> Scored:
    """A judge that finds the word `bad` in what was asked and answered."""
    breached = asked.reply is not None and "bad" in asked.text
    judged = Judged(provision="no-advice", breached=breached, judge="advice")
    return Scored(judged=(judged,))


def task(number: int, text: str = "question", **changes: Any) -> Task:
    """One scenario of one question."""
    usual: dict[str, Any] = {
        "scenario": f"s{number}",
        "seed": f"s{number}",
        "attack": "none",
        "steps": (({"role": "user", "content": f"{text} {number}"},),),
        "score": says_bad,
    }
    return Task(**{**usual, **changes})


def run_of(count: int, **changes: Any) -> Run:
    """A run of so many samples."""
    usual: dict[str, Any] = {
        "suite": "finance",
        "suite_digest": SUITE,
        "suite_signer": "f" * 64,
        "deployment": "claims",
        "descriptor": DESCRIPTOR,
        "constitution": CONSTITUTION,
        "models": ("claude-sonnet-4-5",),
        "asked": ("sonnet",),
        "repeats": 1,
        "planned": count,
        "judges": (JUDGE,),
        "rehearsal": True,
        "started_at": "2026-11-27T20:00:00Z",
    }
    return Run(**{**usual, **changes})


def evaluated(
    path: Path,
    tasks: list[Task],
    deployed: Deployed,
    *,
    watch: Callable[[Progress], None] = lambda _: None,
    run: Run | None = None,
    **limits: Any,
) -> Results:
    """A run from its journal's beginning or from where it stopped."""
    run = run or run_of(len(tasks))
    with Journal(path, run) as journal:
        runner = Runner(
            deployed,
            journal,
            planned(SUITE, tasks, run),
            limits=Limits(**limits),
            watch=watch,
        )
        return asyncio.run(runner.run())


def outcome(number: int, *judged: Judged, **changes: Any) -> Outcome:
    """An outcome made by hand."""
    usual: dict[str, Any] = {
        "hypothesis": f"h{number:05}",
        "scenario": f"s{number}",
        "seed": f"s{number}",
        "attack": "none",
        "repeat": 0,
        "asked": "sonnet",
        "ended": "answered",
        "judged": judged,
        "commitment": "sha256:" + "0" * 64,
        "tier": "sonnet",
        "route": "aws-us",
        "model": "claude-sonnet-4-5",
    }
    return Outcome(**{**usual, **changes})


def results(*outcomes: Outcome, run: Run | None = None, stopped: str = "") -> Results:
    """Results made by hand; complete unless the run says otherwise."""
    return Results(
        run=run or run_of(len(outcomes)),
        outcomes={each.hypothesis: each for each in outcomes},
        stopped=stopped,
    )


def breaches(
    breached: int, samples: int, *, judge: str = "advice", **changes: Any
) -> list[Outcome]:
    """Independent samples of `no-advice`, the first of them breached."""
    return [
        outcome(
            number,
            Judged(provision="no-advice", breached=number < breached, judge=judge),
            **changes,
        )
        for number in range(samples)
    ]
