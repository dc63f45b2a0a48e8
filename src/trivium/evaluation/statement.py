"""A run as signed evidence: an in-toto Statement v1 in a DSSE envelope.

The statement names what was tested by digest (suite, descriptor, constitution), the
criteria that were registered before, the judges, and the Merkle root over all samples.
A leaf holds a commitment instead of a conversation: anyone who has the salt can open
one sample, and nobody learns a prompt from the others. Source: in-toto attestation
framework, Statement v1, read 2026-11-22; DSSE 1.0.2; RFC 6962, section 2.1.

It does not prove *when* the criteria were registered: the time is the run's own clock.
A copy of `registration.json` that was kept elsewhere before the run does.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from trivium.audit.seal import MerkleTree, leaf_hash
from trivium.errors import EvaluationError
from trivium.evaluation.gate import Criteria
from trivium.evaluation.gate import judge as judge_gate
from trivium.evaluation.journal import Run
from trivium.evaluation.outcome import Opening, Outcome, opens
from trivium.evaluation.results import Figure, Results
from trivium.vocabulary.envelope import (
    EnvelopeError,
    Signer,
    TrustedKeys,
    canonical,
    digest,
    seal,
    unseal,
)
from trivium.vocabulary.record import Record

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
EVALUATION_TYPE = "https://trivium.dev/attestation/evaluation/v1"
"""Ours: in-toto's own `test-result` knows tests that passed or failed, no rates."""
REGISTRATION_TYPE = "https://trivium.dev/attestation/evaluation-registration/v1"


class Subject(Record, frozen=True, kw_only=True):
    """What the statement is about."""

    name: str
    digest: dict[str, str]
    """Algorithm → lower-case hex."""


class Registration(Record, frozen=True, kw_only=True, omit_defaults=False):
    """What is signed before the first sample is asked."""

    run: Run
    criteria: Criteria | None = None


class Evaluation(Record, frozen=True, kw_only=True, omit_defaults=False):
    """What is signed at the end."""

    run: Run
    registration: str
    """Digest of the registration's envelope; "" where none was signed."""
    criteria: Criteria | None
    samples: int
    """Samples with an outcome."""
    complete: bool
    stopped: str
    """Why the run ended before its end; "" if it was not stopped."""
    root: str
    """Lower-case hex RFC 6962 root over the canonical outcomes, by hypothesis."""
    figures: tuple[Figure, ...]
    passed: bool | None
    """What the gate says; None without criteria."""
    ended_at: str


class Statement(Record, frozen=True, kw_only=True, omit_defaults=False):
    """In-toto's Statement v1. `predicate` has the shape that `predicateType` names."""

    subject: tuple[Subject, ...]
    predicateType: str  # noqa: N815 -- the name is in-toto's
    predicate: dict[str, Any]
    type: str = msgspec.field(name="_type", default=STATEMENT_TYPE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Verified:
    """What a verifier found."""

    evaluation: Evaluation
    problems: tuple[str, ...]
    """One sentence for each thing that does not fit."""
    not_verifiable: tuple[str, ...]
    """What cannot be told from what was given."""


def merkle_root(outcomes: Mapping[str, Outcome]) -> str:
    """The root over all outcomes, in the order of their hypotheses."""
    tree = MerkleTree()
    for hypothesis in sorted(outcomes):
        tree.append(leaf_hash(canonical(outcomes[hypothesis])))
    return tree.root().hex()


def register(run: Run, criteria: Criteria | None, signer: Signer) -> bytes:
    """The signed registration: to be written before the run, and kept elsewhere."""
    content = Registration(run=run, criteria=criteria)
    return _sealed(run, REGISTRATION_TYPE, content, signer)


def attest(
    results: Results,
    criteria: Criteria | None,
    signer: Signer,
    *,
    registration: bytes = b"",
    ended_at: str,
) -> bytes:
    """The signed statement over a run, complete or not."""
    gate = judge_gate(criteria, results) if criteria else None
    content = Evaluation(
        run=results.run,
        registration=digest(registration) if registration else "",
        criteria=criteria,
        samples=len(results.outcomes),
        complete=results.complete,
        stopped=results.stopped,
        root=merkle_root(results.outcomes),
        figures=results.figures,
        passed=gate.passed if gate else None,
        ended_at=ended_at,
    )
    return _sealed(results.run, EVALUATION_TYPE, content, signer)


def verify(
    envelope: bytes,
    trusted: TrustedKeys,
    *,
    results: Results | None = None,
    registration: bytes | None = None,
) -> Verified:
    """Judge a statement against what it is about. Raises `EvaluationError` where the
    envelope cannot be trusted at all."""
    found = _opened(envelope, EVALUATION_TYPE, Evaluation, trusted)
    problems: list[str] = []
    unknown: list[str] = []
    if results is None:
        unknown.append("the outcomes were not given, so root and figures stand alone")
    else:
        problems += _differences(found, results)
    if registration is None:
        unknown.append("no registration was given, so nothing shows it came before")
    else:
        problems += _about_registration(found, registration, trusted)
    return Verified(
        evaluation=found, problems=tuple(problems), not_verifiable=tuple(unknown)
    )


def open_sample(
    outcomes: Mapping[str, Outcome], root: str, hypothesis: str, opening: Opening
) -> bool:
    """Whether a conversation is the one behind a sample of the run with this root."""
    outcome = outcomes.get(hypothesis)
    return (
        outcome is not None
        and merkle_root(outcomes) == root
        and opens(outcome.commitment, opening)
    )


def _sealed(run: Run, kind: str, content: Record, signer: Signer) -> bytes:
    """The statement over a run, in its envelope."""
    statement = Statement(
        subject=tuple(_subjects(run)),
        predicateType=kind,
        predicate=msgspec.to_builtins(content),
    )
    return seal(PAYLOAD_TYPE, canonical(statement), signer)


def _subjects(run: Run) -> Iterable[Subject]:
    """Suite, descriptor, constitution."""
    named = {
        f"suite/{run.suite}": run.suite_digest,
        f"descriptor/{run.deployment}": run.descriptor,
        "constitution": run.constitution,
    }
    for name, value in named.items():
        algorithm, _, hexadecimal = value.partition(":")
        yield Subject(name=name, digest={algorithm: hexadecimal})


def _opened(
    envelope: bytes, kind: str, shape: Any, trusted: TrustedKeys
) -> Any:  # Any: a record's class, and an instance of it
    """The predicate of a trusted envelope. Raises `EvaluationError`."""
    try:
        payload = unseal(envelope, PAYLOAD_TYPE, trusted)
        statement = msgspec.json.decode(payload, type=Statement)
        if statement.type != STATEMENT_TYPE or statement.predicateType != kind:
            raise EvaluationError(
                f"The statement is of type `{statement.predicateType}`, expected"
                f" `{kind}`."
            )
        content = msgspec.convert(statement.predicate, shape)
    except (EnvelopeError, msgspec.ValidationError, msgspec.DecodeError) as error:
        raise EvaluationError(
            f"The evaluation's statement cannot be trusted: {error}.",
            next_step="Get the statement and the public key from where they are kept.",
        ) from error
    if statement.subject != tuple(_subjects(content.run)):
        raise EvaluationError(
            "The statement's subjects are not those of the run that it describes."
        )
    return content


def _differences(found: Evaluation, results: Results) -> list[str]:
    """What does not fit between a statement and a run's outcomes."""
    problems = []
    if found.run != results.run:
        problems.append("the run is not the one that was signed")
    if found.samples != len(results.outcomes):
        problems.append(
            f"{len(results.outcomes)} outcomes were found, {found.samples} were signed"
        )
    if found.root != merkle_root(results.outcomes):
        problems.append("the outcomes are not those that were signed (Merkle root)")
    if found.figures != results.figures:
        problems.append("the figures do not follow from the outcomes")
    if found.complete != results.complete:
        problems.append("the statement's word on completeness does not hold")
    if found.criteria:
        passed = judge_gate(found.criteria, results).passed
        if found.passed != passed:
            problems.append("the gate's verdict does not follow from the outcomes")
    return problems


def _about_registration(
    found: Evaluation, registration: bytes, trusted: TrustedKeys
) -> list[str]:
    """What does not fit between a statement and the registration before it."""
    if digest(registration) != found.registration:
        return ["the registration is not the one that the statement names"]
    registered = _opened(registration, REGISTRATION_TYPE, Registration, trusted)
    problems = []
    if registered.run != found.run:
        problems.append("another run was registered")
    if registered.criteria != found.criteria:
        problems.append("other criteria were registered")
    return problems
