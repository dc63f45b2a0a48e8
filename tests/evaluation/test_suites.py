"""The suites of the packs, asked of a guard as a deployment would ask it."""

import datetime as dt

import pytest

from tests.guard import worlds
from trivium.constitution import load_layers, packs
from trivium.evaluation.scenario import Suite
from trivium.evaluation.suites import left_out, of_pack
from trivium.guard import Guard
from trivium.vocabulary.deployment import ConstitutionRef, Layer

EVERY = pytest.mark.parametrize("name", packs())


def guard_of(name: str) -> Guard:
    names = dict.fromkeys(("baseline", "organisation", name))
    layers = tuple(Layer(source=f"pack:{one}") for one in names)
    constitution = load_layers(ConstitutionRef(layers=layers), base=None)
    return Guard(constitution, today=lambda: dt.date(2027, 1, 1))


@EVERY
def test_every_pack_has_a_suite_that_its_guard_keeps(name: str) -> None:
    guard, suite = guard_of(name), of_pack(name)
    assert isinstance(suite, Suite)
    for scenario in suite.scenarios:
        request = worlds.request(str(scenario.turns[0].content))
        context = worlds.context(attributes=scenario.attributes)
        found = guard.check_request(request, context).decision.provisions
        for provision, expected in scenario.expect.items():
            assert (provision in found) is (expected == "flag"), scenario.id


@EVERY
def test_what_no_prompt_brings_about_is_named(name: str) -> None:
    asked = {one for scenario in of_pack(name).scenarios for one in scenario.expect}
    assert asked
    assert asked.isdisjoint(left_out(name))


def test_a_provision_that_judges_replies_is_left_out() -> None:
    assert "performance-not-promised" in left_out("finance")
    assert "sar-confidential" not in left_out("finance")


def test_what_does_not_hold_yet_is_not_asked() -> None:
    before = of_pack("eu-ai-act", on=dt.date(2026, 12, 1)).scenarios
    after = of_pack("eu-ai-act", on=dt.date(2026, 12, 2)).scenarios
    named = [
        {name for one in found for name in one.expect} for found in (before, after)
    ]
    assert named[1] - named[0] == {"intimate-images-of-others"}


def test_a_suite_keeps_its_digest() -> None:
    assert of_pack("gdpr").digest == of_pack("gdpr").digest
