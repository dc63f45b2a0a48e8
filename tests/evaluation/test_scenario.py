"""Suites: what is read, and what is refused."""

import json
from pathlib import Path

import pytest

from trivium.errors import EvaluationError
from trivium.evaluation.scenario import json_schema, load, seal, unseal
from trivium.vocabulary.envelope import Ed25519Signer, TrustedKeys

ONE = {
    "id": "a",
    "suite": "mine",
    "turns": [{"role": "user", "content": "ZEBRA"}],
    "expect": {"some-provision": "refuse"},
}


def _lines(tmp_path: Path, *rows: object) -> Path:
    path = tmp_path / "suite.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows))
    return path


def _yaml(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "suite.yaml"
    path.write_text(text)
    return path


def test_yaml_and_jsonl_of_one_suite_have_one_digest(tmp_path: Path) -> None:
    lines = load(_lines(tmp_path, ONE, {**ONE, "id": "b", "seed": "a"}))
    document = {
        "suite": "mine",
        "scenarios": [ONE, {**ONE, "id": "b", "seed": "a"}],
    }
    written = load(_yaml(tmp_path, json.dumps(document)))

    assert written == lines
    assert written.digest == lines.digest
    assert [each.cluster for each in written.scenarios] == ["a", "a"]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ((), "is empty"),
        ((ONE, ONE), "id `a` repeats"),
        ((ONE, {**ONE, "id": "b", "suite": "other"}), "scenario `b` belongs to"),
        ((ONE, {**ONE, "id": "b", "atack": []}), "line 2: .*did you mean `attack`"),
        (({**ONE, "expect": {"p": "maybe"}},), "line 1: "),
        (({**ONE, "expect": {}},), "line 1: "),
        (({**ONE, "turns": [{"role": "assistant", "content": "x"}]},), "begin and end"),
    ],
)
def test_a_suite_that_cannot_stand_is_refused_with_its_place(
    tmp_path: Path, rows: tuple[object, ...], said: str
) -> None:
    with pytest.raises(EvaluationError, match=said) as refused:
        load(_lines(tmp_path, *rows))

    assert "ZEBRA" not in str(refused.value)
    assert rows == () or "docs/evaluation.md" in str(refused.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("suite: mine\nscenarios: []\n", "is empty"),
        ("suite: mine\nsuite: mine\nscenarios: []\n", "line 2: a key repeats"),
        ("suite: &a mine\nscenarios: [*a]\n", "line 2: aliases are refused"),
        ("suite: mine\nscenarios:\n  - {id: a}\n", "scenario `a`: "),
        ("- a\n", "expected a `suite`"),
        ("suite: [\n", "line 2"),
    ],
)
def test_yaml_that_cannot_be_read_in_full_is_refused(
    tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(EvaluationError, match=said):
        load(_yaml(tmp_path, text))


def test_a_repeated_key_in_a_line_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "suite.jsonl"
    path.write_text('{"id": "x", ' + json.dumps(ONE)[1:])

    with pytest.raises(EvaluationError, match="line 1: a key repeats"):
        load(path)


def test_a_sealed_suite_opens_only_with_its_key(tmp_path: Path) -> None:
    suite = load(_lines(tmp_path, ONE))
    signer, other = Ed25519Signer.generate(), Ed25519Signer.generate()
    sealed = seal(suite, signer)

    assert unseal(sealed, TrustedKeys.from_pem(signer.public_pem)) == suite
    with pytest.raises(EvaluationError, match="no valid signature"):
        unseal(sealed, TrustedKeys.from_pem(other.public_pem))


def test_the_published_schema_is_the_one_that_reads() -> None:
    published = Path(__file__).parents[2] / "docs" / "suite.schema.json"

    assert json.loads(published.read_text()) == json_schema()
