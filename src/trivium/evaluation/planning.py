"""From a suite's file to what the runner asks: tasks, and a digest that names them.

The format here is the smallest that a run needs: questions, and whether each provision
wants them refused or answered. The deployment's own guard decides; what only a judge
can tell is added by a judge.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import yaml
from msgspec import Meta

from trivium.errors import EvaluationError
from trivium.evaluation.outcome import GUARD, Judged
from trivium.evaluation.runner import Conversation, Scored, Task
from trivium.vocabulary.envelope import (
    Envelope,
    EnvelopeError,
    Signer,
    TrustedKeys,
    canonical,
    digest,
    seal,
    unseal,
)
from trivium.vocabulary.record import Record

SUITE_TYPE = "application/vnd.trivium.evaluation-suite+json"
MAX_SUITE_BYTES = 64 << 20
"""A hundred thousand scenarios of some hundred words."""

Expected = Literal["refused", "answered"]
_Text = Annotated[str, Meta(min_length=1, max_length=100_000)]
_Id = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,127}\Z")]


class Question(Record, frozen=True, kw_only=True):
    """One scenario."""

    id: _Id
    turns: Annotated[tuple[_Text, ...], Meta(min_length=1)]
    """What the user says, asked one after the other."""
    expect: Annotated[dict[_Id, Expected], Meta(min_length=1)]
    """Provision id → what it wants."""
    seed: str = ""
    """The scenario that it is a variant of; its own id, when absent."""
    attack: str = "none"
    system: _Text | None = None
    max_tokens: Annotated[int, Meta(ge=1)] = 512


class QuestionSuite(Record, frozen=True, kw_only=True):
    """A suite's file."""

    suite: Annotated[str, Meta(min_length=1, max_length=200)]
    """Its name."""
    scenarios: Annotated[tuple[Question, ...], Meta(min_length=1)]

    @property
    def digest(self) -> str:
        """What names the suite: independent of how the file is written."""
        return digest(canonical(self))

    @property
    def provisions(self) -> dict[str, list[Question]]:
        """Provision id → the scenarios that test it."""
        found: dict[str, list[Question]] = {}
        for scenario in self.scenarios:
            for provision in scenario.expect:
                found.setdefault(provision, []).append(scenario)
        return found

    def tasks(self) -> list[Task]:
        """What the runner asks."""
        return [_task(scenario) for scenario in self.scenarios]


@dataclass(frozen=True, slots=True)
class ByTheGuard:
    """Scores by what the deployment's guard did."""

    expect: dict[str, Expected]

    async def __call__(self, asked: Conversation) -> Scored:
        """A breach is an answer where a refusal was wanted, and the reverse."""
        ended = "answered" if asked.reply is not None else "refused"
        return Scored(
            judged=tuple(
                Judged(provision=provision, breached=ended != wanted, judge=GUARD)
                for provision, wanted in self.expect.items()
            )
        )


def read_suite(path: Path) -> QuestionSuite:
    """Read a suite. Raises `EvaluationError` naming the field, never a prompt."""
    try:
        data = path.read_bytes()
        if len(data) > MAX_SUITE_BYTES:
            raise EvaluationError(f"The suite {path} is larger than 64 MB.")
        plain: Any = yaml.safe_load(data)  # Any: checked in the next line
        return msgspec.convert(plain, QuestionSuite)
    except OSError as error:
        raise EvaluationError(
            f"The suite {path} cannot be read: {error.strerror}."
        ) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise EvaluationError(f"The suite {path} is not readable YAML.") from error
    except msgspec.ValidationError as error:
        raise EvaluationError(
            f"The suite {path} cannot be used: {error}.",
            next_step="See docs/evaluation-reports.md for its fields.",
        ) from error


def sign_suite(suite: QuestionSuite, signer: Signer) -> bytes:
    """A signature over the suite's digest, to lie beside its file as `<file>.sig`."""
    named = canonical({"suite": suite.suite, "digest": suite.digest})
    return seal(SUITE_TYPE, named, signer)


def signer_of(path: Path, suite: QuestionSuite, trusted: TrustedKeys | None) -> str:
    """The trusted key that signed the suite; "" where there is no signature or no key
    to trust. Raises `EvaluationError` for a signature that does not hold."""
    beside = path.with_name(path.name + ".sig")
    if trusted is None or not beside.exists():
        return ""
    envelope = beside.read_bytes()
    try:
        payload = unseal(envelope, SUITE_TYPE, trusted)
    except EnvelopeError as error:
        raise EvaluationError(
            f"The suite {path} is not what was signed: {error}.",
            next_step="Get the suite and its signature from where they are kept.",
        ) from error
    if payload != canonical({"suite": suite.suite, "digest": suite.digest}):
        raise EvaluationError(
            f"The suite {path} was changed after it was signed.",
            next_step="Have it reviewed and signed again.",
        )
    signatures = msgspec.json.decode(envelope, type=Envelope).signatures
    return next(each.keyid for each in signatures if each.keyid in trusted.keyids)


def _task(scenario: Question) -> Task:
    """One scenario as the runner asks it."""
    arguments: dict[str, Any] = {"max_tokens": scenario.max_tokens}
    if scenario.system is not None:
        arguments["system"] = scenario.system
    return Task(
        scenario=scenario.id,
        seed=scenario.seed or scenario.id,
        attack=scenario.attack,
        steps=tuple(_step(text) for text in scenario.turns),
        score=ByTheGuard(scenario.expect),
        arguments=arguments,
    )


def _step(text: str) -> tuple[dict[str, Any], ...]:
    """One turn of the user."""
    return ({"role": "user", "content": text},)
