"""What detectors find in a text only after its encodings and disguises were undone."""

from collections.abc import Iterator

from trivium.guard.detectors import Detector
from trivium.guard.judgement import Judgement
from trivium.guard.text import View, without_breaks
from trivium.guard.views import Reading, readings


def hidden(
    judged: Judgement, text: str, *, longest: int
) -> Iterator[tuple[Detector, Reading]]:
    """Each detector that finds something in a reading of a token, with the first such
    reading. What shows by itself is not hidden."""
    seen: set[tuple[str, int]] = set()
    for reading in readings(text, longest=longest):
        view = View(without_breaks(reading.text))
        if judged.sieve.settled(view) is not None:
            continue
        for detector in judged.detectors:
            key = (detector.name, reading.token)
            if key in seen or not judged.spans(detector, view):
                continue
            if detector.find(without_breaks(text[reading.start : reading.end])):
                continue
            seen.add(key)
            yield detector, reading
