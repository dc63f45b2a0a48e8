"""The packs that ship: complete, proven where that is possible, and documented."""

import pytest

from tests.constitution.packs_page import COMMAND, DOCUMENT, SECTORS, layer, page
from trivium.constitution import Provision, load_layers, packs
from trivium.guard import Guard, prove, unproven
from trivium.vocabulary.decision import Action
from trivium.vocabulary.deployment import ConstitutionRef, Layer

EVERY = pytest.mark.parametrize("name", SECTORS)
PROVISIONS = [
    (name, provision) for name in SECTORS for provision in layer(name).provisions
]
EACH = pytest.mark.parametrize(
    ("name", "provision"), PROVISIONS, ids=[f"{n}/{p.id}" for n, p in PROVISIONS]
)


def refs(*names: str) -> ConstitutionRef:
    return ConstitutionRef(layers=tuple(Layer(source=f"pack:{n}") for n in names))


def test_every_pack_is_one_of_these() -> None:
    assert packs() == tuple(sorted(("baseline", "organisation", *SECTORS)))


@EVERY
def test_a_pack_passes_its_own_tests_and_says_what_needs_a_model(name: str) -> None:
    constitution = load_layers(refs("baseline", "organisation", name), base=None)
    assert prove(constitution) == ()
    judged = [p for _, p in constitution.provisions if p.decided_by != "guard"]
    assert len(unproven(constitution)) == len(judged) > 0


def test_all_packs_together_are_a_constitution() -> None:
    constitution = load_layers(refs("baseline", "organisation", *SECTORS), base=None)
    assert Guard(constitution).rewrites


@EVERY
def test_a_pack_has_at_least_six_provisions(name: str) -> None:
    assert len(layer(name).provisions) >= 6


@EACH
def test_a_provision_has_four_examples_of_each_kind_and_an_owner(
    name: str, provision: Provision
) -> None:
    matching, passing = provision.tests.must_match, provision.tests.must_pass
    assert len(matching) >= 4
    assert len(passing) >= 4
    shown = [str(example) for example in (*matching, *passing)]
    assert len(set(shown)) == len(shown)
    assert provision.owner


@EACH
def test_what_stops_or_changes_anything_names_its_clause(
    name: str, provision: Provision
) -> None:
    if provision.action is not Action.LOG:
        assert provision.citations


@EACH
def test_words_alone_decide_nothing_that_only_reading_can_tell(
    name: str, provision: Provision
) -> None:
    """No provision of these packs searches for words: the guard decides by a form that
    is exact, or by a label."""
    if provision.decided_by == "guard" and provision.condition is not None:
        assert "matches(" not in provision.condition
        assert ".contains(" not in provision.condition


def test_the_page_is_current() -> None:
    document = DOCUMENT.read_text()
    assert document == page(document), f"regenerate with `{COMMAND}`"
