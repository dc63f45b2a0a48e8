"""docs/constitution.md and the example layers say what is so: tables generated, blocks
and files executed."""

import re
from pathlib import Path

import pytest

from tests.guard import worlds
from tests.guard.tables import COMMAND, DOCUMENT, document_with_tables
from trivium.constitution import Constitution, compose, load_layers
from trivium.constitution.condition import CONTEXT_FIELDS, REQUEST_FIELDS
from trivium.constitution.provision import DIRECTIONS
from trivium.errors import ConstitutionError
from trivium.guard import Guard, prove
from trivium.vocabulary.decision import Action
from trivium.vocabulary.deployment import ConstitutionRef, Layer

TEXT = DOCUMENT.read_text("utf-8")
EXAMPLES = Path(__file__).parents[2] / "examples" / "constitution"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def with_packs(example: str) -> Constitution:
    sources = ("pack:baseline", "pack:organisation", f"path:{example}")
    refs = ConstitutionRef(layers=tuple(Layer(source=source) for source in sources))
    return load_layers(refs, base=EXAMPLES)


def test_the_tables_are_current() -> None:
    assert document_with_tables(TEXT) == TEXT, f"regenerate with `{COMMAND}`"


def test_the_yaml_of_the_documentation_proves_itself() -> None:
    for document in blocks("yaml"):
        assert prove(compose(document.encode())) == ()


def test_the_python_of_the_documentation_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(DOCUMENT.parents[1])
    (block,) = blocks("python")
    exec(compile(block, str(DOCUMENT), "exec"), {})


@pytest.mark.parametrize("name", [*DIRECTIONS, *CONTEXT_FIELDS, *REQUEST_FIELDS])
def test_every_field_is_documented(name: str) -> None:
    assert name in TEXT


def test_the_claims_desk_tightens_the_packs() -> None:
    constitution = with_packs("claims.yaml")
    assert prove(constitution) == ()
    context = worlds.context(attributes={"purpose": "intake"})
    request = worlds.request(f"Refund {worlds.CARD}, a@b.co")
    with_claims = Guard(constitution).check_request(request, context)
    packs_alone = Guard(worlds.PACKS).check_request(request, context)
    assert (packs_alone.decision.action, with_claims.decision.action) == (
        Action.REDACT,
        Action.BLOCK,
    )
    assert (
        with_claims.value.messages[0].content
        == "Refund [redacted:payment-card], [redacted:email-address]"
    )


def test_the_hasty_layer_is_refused_for_every_weakening() -> None:
    with pytest.raises(ConstitutionError) as caught:
        with_packs("weakening.yaml")
    text = str(caught.value)
    assert "weakens provision `secrets-never-leave`" in text
    assert "`action` goes from BLOCK to LOG" in text
    assert "`detectors` goes from" in text
    assert "`unsafe_fail_open` goes from False to True" in text


def test_the_generous_layer_changes_nothing() -> None:
    request = worlds.request(worlds.KEY)
    decision = (
        Guard(with_packs("silencing.yaml"))
        .check_request(request, worlds.context())
        .decision
    )
    assert (decision.action, decision.provisions) == (
        Action.BLOCK,
        ("secrets-never-leave",),
    )
