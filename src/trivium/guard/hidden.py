"""What detectors find in a text only after its encodings and disguises were undone."""

from bisect import bisect_left, insort
from collections.abc import Iterator
from itertools import chain

from trivium.guard.detectors import Detector
from trivium.guard.judgement import Judgement
from trivium.guard.text import View, without_breaks
from trivium.guard.views import Reading, readings, spread


def hidden(
    judged: Judgement, text: str, *, longest: int
) -> Iterator[tuple[Detector, Reading]]:
    """Each detector that finds something in a reading, with the first such reading of
    that place. What shows by itself is not hidden.

    What is spread over white space is read in requests alone.
    """
    seen: dict[str, list[int]] = {}
    asked = judged.stage == "request"
    tokens = readings(text, longest=longest)
    for reading in chain(tokens, spread(text)) if asked else tokens:
        view = View(without_breaks(reading.text))
        if judged.sieve.settled(view) is not None:
            continue
        for detector in judged.detectors:
            known = seen.setdefault(detector.name, [])
            if _known(reading, known) or not judged.spans(detector, view):
                continue
            if detector.find(without_breaks(text[reading.start : reading.end])):
                continue
            insort(known, reading.token)
            yield detector, reading


def _known(reading: Reading, known: list[int]) -> bool:
    """Whether something was found in the same token, or in one that the reading spans;
    `known` has the beginnings of those tokens, sorted."""
    after = bisect_left(known, reading.token)
    return after < len(known) and (
        known[after] == reading.token or known[after] < reading.end
    )
