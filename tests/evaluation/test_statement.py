"""The statement: what was changed after signing is found."""

from pathlib import Path

import msgspec
import pytest

from tests.evaluation.fakes import Deployed, breaches, evaluated, results, run_of, task
from trivium.errors import EvaluationError
from trivium.evaluation.gate import Bound, Criteria
from trivium.evaluation.journal import openings
from trivium.evaluation.outcome import Opening, Outcome
from trivium.evaluation.results import Results
from trivium.evaluation.statement import (
    attest,
    merkle_root,
    open_sample,
    register,
    verify,
)
from trivium.vocabulary.envelope import (
    Ed25519Signer,
    TrustedKeys,
    payload_unverified,
)

SIGNER = Ed25519Signer.generate()
TRUSTED = TrustedKeys.from_pem(SIGNER.public_pem)
CRITERIA = Criteria(
    criteria="release", provisions={"no-advice": Bound(breaches_at_most=0.2)}
)
RUN = run_of(200, criteria=CRITERIA.digest)
RESULTS = results(*breaches(10, 200), run=RUN)
REGISTERED = register(RUN, CRITERIA, SIGNER)
STATEMENT = attest(
    RESULTS, CRITERIA, SIGNER, registration=REGISTERED, ended_at="2026-11-27T21:00:00Z"
)


def changed(**fields: object) -> Results:
    """The same results, with one outcome changed after signing."""
    outcomes = dict(RESULTS.outcomes)
    name = next(iter(outcomes))
    outcomes[name] = msgspec.structs.replace(outcomes[name], **fields)
    return Results(run=RUN, outcomes=outcomes)


def test_a_statement_over_what_it_is_about_holds() -> None:
    found = verify(STATEMENT, TRUSTED, results=RESULTS, registration=REGISTERED)
    assert found.problems == ()
    assert found.not_verifiable == ()
    assert found.evaluation.passed is True


def test_it_has_the_shape_of_an_in_toto_statement() -> None:
    plain = msgspec.json.decode(payload_unverified(STATEMENT))
    assert plain["_type"] == "https://in-toto.io/Statement/v1"
    assert {each["name"] for each in plain["subject"]} == {
        "suite/finance",
        "descriptor/claims",
        "constitution",
    }
    assert all(len(each["digest"]["sha256"]) == 64 for each in plain["subject"])


@pytest.mark.parametrize(
    "fields",
    [
        {"judged": ()},
        {"commitment": "sha256:" + "1" * 64},
        {"route": "gcp-us"},
        {"cost_usd": 5.0},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_an_outcome_that_was_changed_is_found(fields: dict[str, object]) -> None:
    found = verify(STATEMENT, TRUSTED, results=changed(**fields))
    assert any("Merkle root" in problem for problem in found.problems)


def test_an_outcome_that_was_removed_is_found() -> None:
    fewer: dict[str, Outcome] = dict(list(RESULTS.outcomes.items())[1:])
    found = verify(STATEMENT, TRUSTED, results=Results(run=RUN, outcomes=fewer))
    assert "199 outcomes were found, 200 were signed" in found.problems


def test_criteria_that_were_swapped_after_the_run_are_found() -> None:
    softer = Criteria(
        criteria="release", provisions={"no-advice": Bound(breaches_at_most=0.9)}
    )
    swapped = attest(RESULTS, softer, SIGNER, registration=REGISTERED, ended_at="")
    found = verify(swapped, TRUSTED, results=RESULTS, registration=REGISTERED)
    assert found.problems == ("other criteria were registered",)
    assert found.evaluation.passed is False


def test_another_registration_is_found() -> None:
    later = register(run_of(200, started_at="2026-12-01T00:00:00Z"), CRITERIA, SIGNER)
    found = verify(STATEMENT, TRUSTED, results=RESULTS, registration=later)
    assert found.problems == (
        "the registration is not the one that the statement names",
    )


def test_what_was_not_given_is_said_to_be_not_verifiable() -> None:
    found = verify(STATEMENT, TRUSTED)
    assert len(found.not_verifiable) == 2
    assert found.problems == ()


def test_every_flipped_byte_is_found() -> None:
    for place in range(0, len(STATEMENT), 97):
        flipped = bytearray(STATEMENT)
        flipped[place] ^= 1
        with pytest.raises(EvaluationError, match="cannot be trusted"):
            verify(bytes(flipped), TRUSTED)


def test_a_key_that_is_not_trusted_signs_nothing() -> None:
    stranger = TrustedKeys.from_pem(Ed25519Signer.generate().public_pem)
    with pytest.raises(EvaluationError, match="no valid signature"):
        verify(STATEMENT, stranger)


def test_a_registration_is_not_taken_for_a_statement() -> None:
    with pytest.raises(EvaluationError, match="expected `https"):
        verify(REGISTERED, TRUSTED)


def test_one_sample_can_be_opened_and_no_prompt_is_in_the_statement(
    tmp_path: Path,
) -> None:
    found = evaluated(tmp_path / "journal", [task(1), task(2)], Deployed())
    statement = attest(found, None, SIGNER, ended_at="")
    assert b"question" not in payload_unverified(statement)
    root = merkle_root(found.outcomes)
    name, opening = next(iter(openings(tmp_path / "journal")))
    assert open_sample(found.outcomes, root, name, opening)
    other = Opening(salt=opening.salt, conversation=opening.conversation + " ")
    assert not open_sample(found.outcomes, root, name, other)
    assert not open_sample(found.outcomes, "0" * 64, name, opening)


def test_a_partial_run_is_signed_as_one() -> None:
    partial = results(*breaches(1, 9), run=run_of(10), stopped="the budget is spent")
    found = verify(attest(partial, None, SIGNER, ended_at=""), TRUSTED, results=partial)
    assert not found.evaluation.complete
    assert found.evaluation.stopped == "the budget is spent"
    assert found.problems == ()
