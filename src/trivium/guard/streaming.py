"""Judging a reply while it arrives, with the same result as judging the whole.

Text is held back only from where an unfinished match may have begun
(`Finder.open_from`); everything before is settled and flows on at once. What is settled
never changes: whether a match begins somewhere depends on a few characters before it,
kept in the window, and on the characters behind it, which are waited for. A tool's
input is held until its block stops, since half of a JSON document cannot be redacted.

Once the decision is ESCALATE or BLOCK nothing more is released. What was released
before stays released: a provision that must see the whole reply first belongs to a call
without streaming.
"""

import json
import re
from collections.abc import Callable
from time import perf_counter
from typing import Any

import msgspec

from trivium.errors import OutputLimitError, ProtocolError, RouteError
from trivium.guard.detectors.detector import LOOKBEHIND, Detector
from trivium.guard.hidden import hidden
from trivium.guard.judgement import Judgement, marker
from trivium.guard.parts import map_json
from trivium.guard.text import Span, View, fold, is_plain, without_breaks
from trivium.guard.views import LONGEST
from trivium.vocabulary.decision import Action, Decision
from trivium.vocabulary.messages import (
    BlockStart,
    BlockStop,
    CitationDelta,
    Event,
    MessageDelta,
    SignatureDelta,
    TextBlock,
    TextDelta,
    ThinkingBlock,
    ThinkingDelta,
    ToolInputDelta,
    ToolUseBlock,
)

_SPACE = re.compile(r"\s")


class StreamGuard:
    """Takes a stream's events and gives those that may be handed over. One per stream;
    not for several threads."""

    def __init__(self, judged: Judgement, *, spent_s: float = 0.0) -> None:
        self._judged = judged
        self._spent_s = spent_s
        self._blocks: dict[int, _Block] = {}
        self._last: _Block | None = None
        """The block that ended last."""
        self._incomplete = False
        """A tool's input ended before it was JSON."""
        self._reason = ""
        """The stream's reason to stop, which says whose fault that is."""

    @property
    def decision(self) -> Decision:
        """What is decided so far; complete after `close`. From ESCALATE on the stream
        must be given up."""
        return self._judged.decision(self._spent_s)

    @property
    def action(self) -> Action:
        """The action of `decision`, which is cheaper to ask for."""
        return self._judged.action

    def feed(self, event: Event) -> list[Event]:
        """Judge the next event; return the events released now, in order.

        Raises `GuardFailureError`, or the `RouteError` that a tool's input means which
        is not JSON.
        """
        began = perf_counter()
        try:
            return self._unless_stopped(self._fed(event))
        finally:
            self._spent_s += perf_counter() - began

    def close(self) -> list[Event]:
        """The stream's terminal event has arrived: judge and return what is still
        held."""
        began = perf_counter()
        try:
            held = [
                event
                for index in sorted(self._blocks)
                for event in self._flushed(index)
            ]
            last = self._last
            cut = isinstance(last, _ToolBlock) and last.empty
            if cut and self._reason == OUTPUT_LIMIT:
                raise cut_input()
            if self._incomplete:
                raise _incomplete_input(self._reason)
            return self._unless_stopped(held)
        finally:
            self._spent_s += perf_counter() - began

    def _unless_stopped(self, events: list[Event]) -> list[Event]:
        """Nothing more is released once the decision is ESCALATE or BLOCK."""
        return [] if self._judged.action >= Action.ESCALATE else events

    def _fed(self, event: Event) -> list[Event]:
        """What one event releases."""
        if isinstance(event, BlockStart):
            return self._started(event)
        if isinstance(event, BlockStop):
            return [*self._flushed(event.index), event]
        if isinstance(event, MessageDelta):
            self._reason = event.stop_reason
            # It is raised at the end, behind which Converse says what was used.
            return [] if self._incomplete else [event]
        if isinstance(
            event,
            TextDelta | ThinkingDelta | ToolInputDelta | SignatureDelta | CitationDelta,
        ):
            if event.index not in self._blocks:  # a protocol without block starts
                self._blocks[event.index] = self._block_for(event)
            return self._blocks[event.index].take(event)
        return [event]

    def _flushed(self, index: int) -> list[Event]:
        """What the end of a block releases."""
        block = self._blocks.pop(index, None)
        events = block.flush() if block else []
        self._last = block
        self._incomplete |= isinstance(block, _ToolBlock) and block.incomplete
        return events

    def _started(self, event: BlockStart) -> list[Event]:
        """A block's beginning, its early content judged."""
        block, index = event.block, event.index
        if isinstance(block, TextBlock):
            self._blocks[index] = text = self._text(index)
            begun = msgspec.structs.replace(block, text="", citations=())
            released: list[Event] = [msgspec.structs.replace(event, block=begun)]
            if block.text:
                released += text.take(TextDelta(index=index, text=block.text))
            for cited in block.citations:
                released += text.take(CitationDelta(index=index, citation=cited))
            return released
        if isinstance(block, ThinkingBlock):
            self._blocks[index] = self._thinking(index)
            return [
                msgspec.structs.replace(
                    event, block=msgspec.structs.replace(block, thinking="")
                ),
                *(
                    self._blocks[index].take(
                        ThinkingDelta(index=index, thinking=block.thinking)
                    )
                    if block.thinking
                    else ()
                ),
            ]
        if isinstance(block, ToolUseBlock):
            tool = _ToolBlock(self._judged, index)
            self._blocks[index] = tool
            return [msgspec.structs.replace(event, block=tool.begun(block))]
        return [event]

    def _block_for(self, event: Event) -> "_Block":
        """The block that a delta without a beginning belongs to."""
        if isinstance(event, TextDelta | CitationDelta):
            return self._text(event.index)
        if isinstance(event, ToolInputDelta):
            return _ToolBlock(self._judged, event.index)
        assert isinstance(event, ThinkingDelta | SignatureDelta)  # noqa: S101
        return self._thinking(event.index)

    def _text(self, index: int) -> "_Block":
        return _TextBlock(
            self._judged,
            f"content[{index}].text",
            lambda text: TextDelta(index=index, text=text),
        )

    def _thinking(self, index: int) -> "_Block":
        place = f"content[{index}].thinking"
        return _TextBlock(
            self._judged, place, lambda text: ThinkingDelta(index=index, thinking=text)
        )


OUTPUT_LIMIT = "max_tokens"
"""The reason to stop of an answer that was cut."""


def cut_input() -> RouteError:
    """Half of a JSON document can be neither judged nor used."""
    return OutputLimitError(
        "The model reached `max_tokens` within a tool's input, so the reply is no"
        " answer.",
        next_step="Allow more `max_tokens`.",
    )


def _incomplete_input(stop_reason: str) -> RouteError:
    """The error for a tool's input that is not JSON."""
    if stop_reason == OUTPUT_LIMIT:
        return cut_input()
    return ProtocolError("A tool's input in the stream is not JSON.")


class _Block:
    """One content block in the making."""

    def take(self, event: Event) -> list[Event]:
        """Judge one delta; return what is released."""
        raise NotImplementedError

    def flush(self) -> list[Event]:
        """The block is complete; return the rest."""
        raise NotImplementedError


class _TextBlock(_Block):
    """Text or reasoning. Signatures and citations wait for the end, since they come
    behind text that may be held."""

    def __init__(
        self, judged: Judgement, place: str, delta: Callable[[str], Event]
    ) -> None:
        self._judged = judged
        self._cited = f"{place.rpartition('.')[0]}.citations"
        self._text = SettlingText(judged, place)
        self._delta = delta
        self._waiting: list[Event] = []

    def take(self, event: Event) -> list[Event]:
        if isinstance(event, TextDelta | ThinkingDelta):
            return self._events(
                self._text.feed(
                    event.text if isinstance(event, TextDelta) else event.thinking
                )
            )
        if isinstance(event, CitationDelta):
            cited = map_json(event.citation, self._cited, self._whole)
            event = msgspec.structs.replace(event, citation=cited)
        self._waiting.append(event)
        return []

    def _whole(self, place: str, text: str, lead: str) -> str:
        return judged_whole(self._judged, place, text, lead)

    def flush(self) -> list[Event]:
        return [*self._events(self._text.flush()), *self._waiting]

    def _events(self, text: str) -> list[Event]:
        return [self._delta(text)] if text else []


class _ToolBlock(_Block):
    """A tool's input: held until it is complete JSON."""

    def __init__(self, judged: Judgement, index: int) -> None:
        self._judged = judged
        self._index = index
        self._held: list[Event] = []
        self._json: list[str] = []
        self.incomplete = False
        """Its input is not JSON, so that nothing of it was released."""
        self.empty = False
        """Nothing is in its input: the model may have been cut before it."""

    def begun(self, block: ToolUseBlock) -> ToolUseBlock:
        """The block as it may be announced: name and early input judged."""
        name = self._whole(f"content[{self._index}].name", block.name, "")
        early = map_json(block.input, f"content[{self._index}].input", self._whole)
        self.empty = not block.input
        return msgspec.structs.replace(block, name=name, input=early)

    def take(self, event: Event) -> list[Event]:
        self._held.append(event)
        if isinstance(event, ToolInputDelta):
            self._json.append(event.partial_json)
            self.empty &= event.partial_json.strip() in ("", "{}")
        return []

    def flush(self) -> list[Event]:
        document = "".join(self._json)
        if not document.strip():
            return self._held
        try:
            value = msgspec.json.decode(document)
            repeats = _repeats(document)
        except (ValueError, RecursionError):  # a DecodeError is a ValueError
            self.incomplete = True
            return []
        redacted = map_json(value, f"content[{self._index}].input", self._whole)
        if redacted is value and not repeats:
            return self._held
        return [
            ToolInputDelta(
                index=self._index, partial_json=msgspec.json.encode(redacted).decode()
            )
        ]

    def _whole(self, place: str, text: str, lead: str) -> str:
        return judged_whole(self._judged, place, text, lead)


def judged_whole(judged: Judgement, place: str, text: str, lead: str) -> str:
    """A text that came whole, as it may be handed over."""
    judging = SettlingText(judged, place, skip=len(lead))
    seen = judging.feed(lead + text) + judging.flush()
    return text if seen == text else seen


def _repeats(document: str) -> bool:
    """Whether a member stands twice in an object of this JSON: only the last was
    judged, so only that may go on."""
    repeated = False

    def count(members: list[tuple[str, Any]]) -> dict[str, Any]:  # Any: JSON
        nonlocal repeated
        named = dict(members)
        repeated = repeated or len(named) < len(members)
        return named

    json.loads(document, object_pairs_hook=count)
    return repeated


class SettlingText:
    """A text that grows, judged from its beginning to where it is settled."""

    def __init__(self, judged: Judgement, place: str, *, skip: int = 0) -> None:
        self._judged = judged
        self._detectors = judged.detectors
        self._sieve = judged.sieve
        self._place = place
        self._window = ""
        self._frontier = 0
        """Position in the window up to which text is settled and was released."""
        self._hidden_to = skip
        """Position in the window up to which text is not released: inside a redacted
        span, or the lead."""
        self._skip = skip
        self._ends: dict[str, int] = {}
        """Detector → where its last match ends, to count overlapping matches once."""
        self._overlong = False
        """Whether the frontier stands in a token that is too long to be read through
        views."""

    def feed(self, text: str) -> str:
        """Add text; return what is settled now."""
        self._window += text
        return self._settle(final=False)

    def flush(self) -> str:
        """Nothing more will come; return the rest."""
        return self._settle(final=True)

    def _settle(self, *, final: bool) -> str:
        """Judge what is settled now, and release it."""
        view = View(without_breaks(self._window))
        sieved = self._sieve.settled(view)
        boundary, overlong = len(self._window), False
        if not final:
            boundary, overlong = self._at_a_token(self._boundary(view, sieved))
        found = (
            []
            if sieved is not None or boundary == self._frontier
            else self._matches(view, boundary)
        )
        found = sorted(found + self._hidden(boundary))
        self._overlong = overlong
        released = self._released(found, boundary)
        self._frontier = boundary
        self._trim()
        return released

    def _boundary(self, view: View, sieved: int | None) -> int:
        """Up to where no unfinished match can have begun."""
        position = sieved
        if position is None:
            position = min(
                (self._judged.open_from(one, view) for one in self._detectors),
                default=len(view.plain),
            )
        return max(self._frontier, view.original_position(position))

    def _at_a_token(self, boundary: int) -> tuple[int, bool]:
        """The boundary, or the beginning of the token in whose middle it would stand,
        since what a token is an encoding of is known at its end; and whether it stands
        in a token that is too long to be read."""
        segment = self._window[self._frontier : boundary]
        if not segment or (self._overlong and not _SPACE.search(segment)):
            return boundary, self._overlong
        if segment[-1].isspace():
            return boundary, False
        begun = len(segment.rsplit(None, 1)[-1])
        return (boundary, True) if begun > LONGEST else (boundary - begun, False)

    def _hidden(self, boundary: int) -> list[tuple[int, str, int]]:
        """What shows only after encodings and disguises were undone, and must be
        redacted, as in `_matches`."""
        start = max(self._frontier, self._skip)
        if self._overlong:
            space = _SPACE.search(self._window, start, boundary)
            start = space.start() if space else boundary
        text = self._window[start:boundary]
        return [
            (start + reading.start, detector.name, start + reading.end)
            for detector, reading in hidden(self._judged, text, longest=LONGEST)
            if self._judged.matched(detector, self._place, through=reading.through)
        ]

    def _matches(self, view: View, boundary: int) -> list[tuple[int, str, int]]:
        """Matches that begin in the text being settled and must be redacted: start,
        detector, end."""
        redact = []
        for detector in self._detectors:
            spans = self._judged.spans(detector, view)
            if not spans:
                continue
            for span in map(view.to_original, spans):
                if self._frontier <= span.start < boundary and self._record(
                    detector, span
                ):
                    redact.append((span.start, detector.name, span.end))
        return sorted(redact)

    def _record(self, detector: Detector, span: Span) -> bool:
        """Record a match, once where several overlap."""
        if span.end <= self._skip:
            return False
        again = span.start < self._ends.get(detector.name, 0)
        self._ends[detector.name] = max(span.end, self._ends.get(detector.name, 0))
        return self._judged.matched(detector, self._place, 0 if again else 1)

    def _released(self, found: list[tuple[int, str, int]], boundary: int) -> str:
        """The settled text, with markers in place of what was found."""
        pieces, done = [], max(self._frontier, self._hidden_to)
        for start, name, end in found:
            if start >= done or (done == self._skip and start < done):
                pieces += [self._window[done:start], marker(name)]
            done = max(done, end)
        pieces.append(self._window[done:boundary])
        self._hidden_to = max(done, self._hidden_to)
        return "".join(pieces)

    def _trim(self) -> None:
        """Forget what no later match can depend on: all but a few characters that
        detectors look back at."""
        cut, seen = self._frontier, 0
        if is_plain(without_breaks(self._window)):
            cut, seen = max(0, cut - LOOKBEHIND), LOOKBEHIND
        while cut and seen < LOOKBEHIND:
            cut -= 1
            seen += fold(self._window[cut]) != ""
        if cut:
            self._window = self._window[cut:]
            self._frontier -= cut
            self._hidden_to = max(0, self._hidden_to - cut)
            self._skip = max(0, self._skip - cut)
            self._ends = {name: end - cut for name, end in self._ends.items()}
