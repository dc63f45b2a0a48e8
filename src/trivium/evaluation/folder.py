"""A run's folder: the journal is the truth, everything else follows from it.

| file | what |
|---|---|
| `journal.ndjson` | every sample, with salts and conversations: mode 0600 |
| `registration.json` | signed before the first sample; keep a copy elsewhere |
| `statement.json` | signed at the end |
| `results.json`, `report.html`, `junit.xml` | for readers; no prompt, no reply |
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from trivium.durable import create_durably, write_durably
from trivium.errors import EvaluationError
from trivium.evaluation import report as reports
from trivium.evaluation import statement as statements
from trivium.evaluation.gate import Criteria, Gate, judge
from trivium.evaluation.journal import Journal, JudgeRef, Run, read_journal
from trivium.evaluation.planning import judges, plan, title_of
from trivium.evaluation.results import Results
from trivium.evaluation.runner import Asks, Limits, Progress, Runner, planned
from trivium.evaluation.scenario import Suite
from trivium.vocabulary.deployment import Deployment, encode
from trivium.vocabulary.envelope import Signer, TrustedKeys, digest
from trivium.vocabulary.moment import rfc3339

JOURNAL, REGISTRATION, STATEMENT = (
    "journal.ndjson",
    "registration.json",
    "statement.json",
)
READABLE = 0o644
"""Reports hold no prompt and no reply."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is to be run."""

    suite: Suite
    suite_signer: str = ""
    """Key id that signed the suite; "" for an unsigned one."""
    asked: tuple[str, ...] = ("sonnet",)
    repeats: int = 1
    judges: tuple[JudgeRef, ...] = ()
    """Calibrations that take the place of those that the judges come with."""
    criteria: Criteria | None = None
    limits: Limits = field(default_factory=Limits)
    signer: Signer | None = None
    """Signs registration and statement; without one there is neither."""


def run_of(order: Order, deployed: Deployment) -> Run:
    """The head of the run that an order means for a deployment."""
    return Run(
        suite=order.suite.suite,
        suite_digest=order.suite.digest,
        suite_signer=order.suite_signer,
        deployment=deployed.name,
        descriptor=digest(encode(deployed)),
        constitution=deployed.constitution.digest,
        models=_models(order.asked, deployed),
        asked=order.asked,
        repeats=order.repeats,
        planned=len(order.suite.scenarios) * len(order.asked) * order.repeats,
        judges=_judges(order),
        criteria=order.criteria.digest if order.criteria else "",
        rehearsal=deployed.rehearsal,
        started_at=now(),
    )


async def evaluate(
    asks: Asks,
    deployed: Deployment,
    folder: Path,
    order: Order,
    *,
    watch: Callable[[Progress], None] = lambda _: None,
) -> Results:
    """Run an order, or continue it where the folder has a part of it; write everything
    that follows. Raises `EvaluationError`, and what makes the deployment unusable."""
    _make(folder)
    run = run_of(order, deployed)
    with Journal(folder / JOURNAL, run) as journal:
        samples = planned(run.suite_digest, plan(order.suite), run)
        registered = _registration(folder, journal, order)
        results = await Runner(
            asks, journal, samples, limits=order.limits, watch=watch
        ).run()
    if order.signer is not None:
        signed = statements.attest(
            results,
            order.criteria,
            order.signer,
            registration=registered,
            ended_at=now(),
        )
        write_durably(folder / STATEMENT, signed, mode=READABLE)
    return results


def read_results(folder: Path) -> Results:
    """A run's results from its journal. Raises `EvaluationError`."""
    run, outcomes, stopped = read_journal(folder / JOURNAL)
    complete = len(outcomes) == run.planned
    return Results(run=run, outcomes=outcomes, stopped="" if complete else stopped)


def write_reports(
    folder: Path,
    *,
    criteria: Criteria | None = None,
    trusted: TrustedKeys | None = None,
    titles: Mapping[str, str] | None = None,
) -> tuple[Path, ...]:
    """Write the three reports of a run; returns their paths."""
    results = read_results(folder)
    verified, unverified = check(folder, results, trusted)
    report = reports.Report(
        results=results,
        criteria=criteria,
        gate=gate_of(folder, criteria, trusted) if criteria else None,
        titles={
            figure.provision: title_of(figure.provision, titles or {})
            for figure in results.figures
        },
        verified=verified,
        unverified=unverified,
    )
    written = {
        folder / "results.json": reports.json(report),
        folder / "report.html": reports.html(report).encode(),
        folder / "junit.xml": reports.junit(report),
    }
    for path, content in written.items():
        write_durably(path, content, mode=READABLE)
    return tuple(written)


def gate_of(folder: Path, criteria: Criteria, trusted: TrustedKeys | None) -> Gate:
    """The gate's verdict on a run; with keys to trust, its statement must hold."""
    results = read_results(folder)
    gate = judge(criteria, results)
    if trusted is None:
        return gate
    problems = _problems(folder, results, trusted)
    reasons = (*problems, *gate.reasons)
    return msgspec.structs.replace(gate, passed=not reasons, reasons=reasons)


def check(
    folder: Path, results: Results, trusted: TrustedKeys | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What was verified, and what could not be, in words for a report."""
    if trusted is None:
        return (), ("Who made these figures: no key was given to verify them by.",)
    problems = _problems(folder, results, trusted)
    if problems:
        return (), tuple(f"The signed statement: {problem}." for problem in problems)
    unverified = (
        "When the criteria were registered: the time is the run's own. A copy of the"
        " registration that was kept elsewhere before the run would show it."
    )
    return ("Statement and registration are signed, and fit these outcomes.",), (
        unverified,
    )


def _problems(folder: Path, results: Results, trusted: TrustedKeys) -> tuple[str, ...]:
    """Why the statement does not hold; nothing if it does."""
    try:
        statement = (folder / STATEMENT).read_bytes()
        registration = (folder / REGISTRATION).read_bytes()
    except OSError as error:
        return (f"{Path(error.filename).name} cannot be read: {error.strerror}",)
    try:
        return statements.verify(
            statement, trusted, results=results, registration=registration
        ).problems
    except EvaluationError as error:
        return (error.message.removesuffix("."),)


def _registration(folder: Path, journal: Journal, order: Order) -> bytes:
    """The signed registration: made once, before the first sample."""
    if order.signer is None:
        return b""
    path = folder / REGISTRATION
    if not path.exists():
        if journal.done:
            raise EvaluationError(
                f"The run in {folder} was begun without a registration, so it cannot be"
                " signed as one that had it.",
                next_step="Continue it without a key, or run into a new folder.",
            )
        made = statements.register(journal.run, order.criteria, order.signer)
        create_durably(path, made, mode=READABLE)
    return path.read_bytes()


def _judges(order: Order) -> tuple[JudgeRef, ...]:
    """The suite's judges. Raises `EvaluationError` for a calibration of another one."""
    needed = {each.name: each for each in judges(order.suite)}
    for given in order.judges:
        if given.name not in needed:
            raise EvaluationError(
                f"The calibration is of judge `{given.name}`, which the suite"
                f" `{order.suite.suite}` does not need.",
                next_step="Leave it out, or name the judge as the suite does.",
            )
        needed[given.name] = given
    return tuple(needed.values())


def _models(asked: tuple[str, ...], deployed: Deployment) -> tuple[str, ...]:
    """The model ids that the descriptor names for what is asked; those of all tiers,
    where a route itself is asked for."""
    tiers = {deployed.roles.get(name, name).rpartition("/")[2] for name in asked}
    found = {
        target.id
        for route in deployed.routes
        for tier, target in route.models.items()
        if tier in tiers or route.id in tiers
    }
    return tuple(sorted(found))


def _make(folder: Path) -> None:
    """The folder, private. Raises `EvaluationError`."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise EvaluationError(
            f"The folder {folder} cannot be made: {error.strerror}."
        ) from error


def now() -> str:
    """The present moment, in UTC to the second."""
    return rfc3339(datetime.now(UTC), to="seconds")
