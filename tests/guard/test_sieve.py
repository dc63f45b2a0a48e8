"""What the sieve lets pass unseen, no detector would have found or held."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.guard.test_streaming import TEXTS
from trivium.guard import REGISTRY, Detector
from trivium.guard.detectors.detector import Signs
from trivium.guard.sieve import Sieve
from trivium.guard.text import Span, View

ALL = Sieve(REGISTRY.values())
WORDS = st.lists(
    st.sampled_from(
        [
            "The",
            "claim",
            "is",
            "A",
            "K",
            "I",
            "sk",
            "-",
            "e",
            "y",
            "J",
            ".",
            "pa",
            "ss",
            " ",
            "\n",
            "x" * 63,
        ]
    ),
    max_size=12,
).map("".join)
"""Without digits, so that the sieve has to decide."""


def assert_sound(text: str, detectors: list[Detector]) -> None:
    view = View(text)
    settled = Sieve(detectors).settled(view)
    if settled is not None:
        for detector in detectors:
            assert detector.finder.spans(view) == []
            assert detector.finder.open_from(view) >= settled


@given(st.one_of(TEXTS, WORDS))
@settings(max_examples=500, deadline=None)
def test_where_it_answers_every_detector_finds_nothing_and_holds_nothing_before(
    text: str,
) -> None:
    assert_sound(text, list(REGISTRY.values()))


@given(st.one_of(TEXTS, WORDS), st.sampled_from(list(REGISTRY.values())))
@settings(max_examples=500, deadline=None)
def test_that_holds_for_each_detector_alone(text: str, detector: Detector) -> None:
    assert_sound(text, [detector])


@pytest.mark.parametrize("name", REGISTRY)
def test_it_declines_for_every_example_of_a_detector(name: str) -> None:
    for example in REGISTRY[name].examples:
        assert ALL.settled(View(example)) is None
        assert Sieve([REGISTRY[name]]).settled(View(example)) is None


@pytest.mark.parametrize("name", REGISTRY)
def test_no_beginning_of_an_example_is_let_pass_unheld(name: str) -> None:
    for example in REGISTRY[name].examples:
        for end in range(len(example)):
            assert_sound(example[:end], [REGISTRY[name]])


def test_it_lets_prose_pass_up_to_its_last_word() -> None:
    assert ALL.settled(View("The claim is about a broken pipe")) == len(
        "The claim is about a broken "
    )


def test_without_detectors_everything_is_settled() -> None:
    assert Sieve(()).settled(View("AKIA")) == len("AKIA")


def test_a_last_word_beyond_measure_is_left_to_the_detectors() -> None:
    assert ALL.settled(View("x" * 65)) is None


class _Wordless:
    """Finds every `q`, and tells nobody how."""

    max_length = 1
    patterns = ()
    signs: Signs | None = None

    def spans(self, view: View) -> list[Span]:
        return [
            Span(place, place + 1)
            for place, char in enumerate(view.plain)
            if char == "q"
        ]

    def open_from(self, view: View) -> int:
        return len(view.plain)


def test_a_finder_that_tells_no_signs_is_always_asked() -> None:
    silent = Detector(
        name="q",
        title="q",
        source="s",
        finder=_Wordless(),
        examples=(),
        counter_examples=(),
    )
    assert Sieve([silent]).settled(View("prose")) is None
    assert Sieve([*REGISTRY.values(), silent]).settled(View("prose")) is None
