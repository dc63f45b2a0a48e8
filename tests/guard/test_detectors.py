# ruff: noqa: RUF001 -- disguised characters are what is tested
"""Every detector finds its examples, passes its counter-examples, and takes linear time
on any text."""

import base64
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trivium.constitution.linear import visits
from trivium.guard import REGISTRY
from trivium.guard.detectors.contacts import iban
from trivium.guard.detectors.detector import Literals
from trivium.guard.detectors.numbers import luhn
from trivium.guard.text import View

CASES = [
    (name, text) for name, detector in REGISTRY.items() for text in detector.examples
]
COUNTER_CASES = [
    (name, text)
    for name, detector in REGISTRY.items()
    for text in detector.counter_examples
]


@pytest.mark.parametrize(("name", "text"), CASES)
def test_a_detector_finds_its_example_even_inside_prose(name: str, text: str) -> None:
    assert REGISTRY[name].find(text)
    spans = REGISTRY[name].find(f"Überall: {text} – fine")
    assert spans
    assert all(9 <= span.start < 9 + len(text) for span in spans)


@pytest.mark.parametrize(("name", "text"), COUNTER_CASES)
def test_a_detector_passes_its_counter_example(name: str, text: str) -> None:
    assert REGISTRY[name].find(text) == []


@pytest.mark.parametrize("name", REGISTRY)
def test_a_detector_says_where_its_format_is_described(name: str) -> None:
    detector = REGISTRY[name]
    assert detector.title
    assert detector.source
    assert len(detector.examples) >= 1
    assert len(detector.counter_examples) >= 1


@pytest.mark.parametrize("name", REGISTRY)
def test_what_one_start_of_a_detectors_patterns_can_visit_is_bounded(name: str) -> None:
    for pattern in REGISTRY[name].finder.patterns:
        assert visits(pattern) > 0


@pytest.mark.parametrize("name", REGISTRY)
def test_no_match_is_longer_than_the_detector_declares(name: str) -> None:
    detector = REGISTRY[name]
    for text in detector.examples:
        for piece in (text, text * 40):
            for span in detector.find(piece):
                shown = [
                    char
                    for char in View(piece[span.start : span.end]).plain
                    if not char.isspace()
                ]
                assert len(shown) <= detector.max_length


@pytest.mark.parametrize("name", REGISTRY)
@given(text=st.text(max_size=60))
def test_any_text_is_read_without_failing(name: str, text: str) -> None:
    for span in REGISTRY[name].find(text):
        assert 0 <= span.start < span.end <= len(text)


@pytest.mark.parametrize(
    ("original", "plain"),
    [
        ("abc", "abc"),
        ("4\u200b1\u200d1\ufeff1", "4111"),
        ("４１１１", "4111"),
        ("٤١", "41"),
        ("𝟒𝟏", "41"),
        ("①", "1"),
        ("1\u00a02\u20093", "1 2 3"),
        ("1–2—3\u22124", "1-2-3-4"),
        ("soft\u00adhyphen", "softhyphen"),
        ("Größe", "Gr??e"),
    ],
)
def test_simple_disguises_are_read_as_what_they_show(original: str, plain: str) -> None:
    assert View(original).plain == plain


@given(
    st.text(alphabet=st.sampled_from("a1 \u200b\ufeff４é\u2028\u3164İ"), max_size=30)
)
def test_every_character_that_shows_has_its_place_in_the_original(text: str) -> None:
    view = View(text)
    positions = [
        view.original_position(position) for position in range(len(view.plain))
    ]
    assert positions == sorted(set(positions))
    assert [View(text[position]).plain for position in positions] == list(view.plain)
    assert len(view.lower) == len(view.plain)
    assert len(view.squeezed_origin) == len(view.squeezed)


def test_a_span_covers_the_invisible_characters_inside_it() -> None:
    text = "x 4111\u200b1111\u200b1111\u200b1111 y"
    (span,) = REGISTRY["payment-card"].find(text)
    assert text[span.start : span.end] == "4111\u200b1111\u200b1111\u200b1111"


@given(st.integers(10**14, 10**15 - 1))
def test_one_wrong_digit_never_passes_luhn(number: int) -> None:
    body = str(number)
    valid = next(body + str(check) for check in range(10) if luhn(body + str(check)))
    assert not any(
        luhn(valid[:3] + str(digit) + valid[4:])
        for digit in range(10)
        if str(digit) != valid[3]
    )


def test_one_wrong_character_never_passes_mod_97() -> None:
    valid = "DE89370400440532013000"
    assert iban(valid)
    changed = [
        valid[:8] + digit + valid[9:] for digit in "0123456789" if digit != valid[8]
    ]
    assert not any(map(iban, changed))


def test_a_base64_picture_is_not_full_of_keys() -> None:
    noise = base64.b64encode(
        bytes((i * 167 + (i >> 3) * 59) % 256 for i in range(30_000))
    ).decode()
    assert {name for name, detector in REGISTRY.items() if detector.find(noise)} <= {
        "phone-number"
    }


class _Counting:
    """A pattern that counts how often it is tried."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self._real = pattern
        self.pattern = pattern.pattern
        self.tries = 0

    def match(self, text: str, position: int = 0) -> re.Match[str] | None:
        self.tries += 1
        return self._real.match(text, position)


@pytest.mark.parametrize(
    "name", [name for name, d in REGISTRY.items() if isinstance(d.finder, Literals)]
)
def test_patterns_are_tried_at_literals_only_however_the_text_is_made(
    name: str,
) -> None:
    finder = REGISTRY[name].finder
    assert isinstance(finder, Literals)
    for unit in (
        *finder.literals,
        finder.literals[0] + "a1",
        finder.literals[0] + " ",
        "a" * 50,
        "-" * 50,
    ):
        tries = []
        for size in (200, 400):
            counting = _Counting(finder.pattern)
            replace(finder, pattern=counting).spans(View(unit * size))  # type: ignore[arg-type]
            tries.append(counting.tries)
        assert tries[1] <= 2 * tries[0] <= 2 * len(finder.literals) * 200 * len(unit)


def test_prose_and_code_hold_nothing_but_contacts() -> None:
    root = Path(__file__).parents[2]
    for file in (
        root / "LICENSE",
        root / "src" / "trivium" / "errors.py",
        root / "src" / "trivium" / "guard" / "text.py",
    ):
        text = file.read_text("utf-8")
        found = {name for name, detector in REGISTRY.items() if detector.find(text)}
        assert found <= {"email-address", "phone-number"}
