"""The guard: a constitution, compiled, judging requests before they leave and replies
before they are handed over.

The law of this file: what cannot be judged is refused, and no text leaves through
findings, errors or `repr`. How provisions are joined and how their failures count is
the law of `judgement.py`.
"""

import datetime as dt
import platform
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate
from time import perf_counter
from typing import Any, Generic, TypeVar

from trivium.constitution import Constitution
from trivium.constitution.condition import (
    compile_condition,
    context_fields,
    request_fields,
)
from trivium.constitution.provision import DecidedBy
from trivium.errors import ConstitutionError, GuardFailureError
from trivium.guard.detectors import REGISTRY, Detector
from trivium.guard.documents import read
from trivium.guard.hidden import hidden
from trivium.guard.judgement import Judgement, Rule, failure, marker
from trivium.guard.parts import Visit, binaries, map_reply, map_request
from trivium.guard.sieve import Sieve
from trivium.guard.streaming import OUTPUT_LIMIT, StreamGuard, cut_input
from trivium.guard.text import BREAK, Span, View, without_breaks
from trivium.guard.views import LONGEST, LONGEST_ASKED, SHORTEST
from trivium.vocabulary.decision import Action, Context, Decision, Stage
from trivium.vocabulary.messages import MessageRequest, Reply, ToolUseBlock

T = TypeVar("T", MessageRequest, Reply)
_TEXT_BLOCK = re.compile(r"(messages\[.+)\[(\d+)\]\.text")
"""The place of a text block in a turn, or in a tool's result."""


@dataclass(frozen=True, slots=True)
class Checked(Generic[T]):
    """What the guard made of a request or reply."""

    decision: Decision
    """BLOCK and ESCALATE are decided here and enforced by the caller."""
    value: T
    """The request or reply that may go on, redacted where a provision says so."""


class Guard:
    """Judges requests and replies under one constitution. Keeps nothing it judged:
    threads and tasks may share it."""

    def __init__(
        self,
        constitution: Constitution,
        *,
        detectors: Mapping[str, Detector] = REGISTRY,
        today: Callable[[], dt.date] = lambda: dt.datetime.now(dt.UTC).date(),
    ) -> None:
        """Compile `constitution`. Raises `ConstitutionError` when it is empty or names
        an unknown detector.

        `today` tells the day (UTC) for provisions that begin or end on one.
        """
        self.constitution = constitution
        rules = tuple(_compiled(constitution, detectors))
        self.rules = tuple(_decided_by("guard", rules))
        self._critics = tuple(_decided_by("critic", rules))
        self._revised = tuple(
            rule for rule in self.rules if rule.provision.action is Action.REVISE
        )
        if not self.rules:
            raise ConstitutionError(
                "The constitution has no provisions that the guard decides; without any"
                " nothing may be asked."
            )
        self._admits = constitution.admits
        self._today = today
        self._sieves: dict[tuple[str, ...], Sieve] = {}

    def check_request(
        self, request: MessageRequest, context: Context
    ) -> Checked[MessageRequest]:
        """Judge a request for one route, before it leaves. Raises `GuardFailureError`
        when that cannot be done."""
        began = perf_counter()
        judged = self.judgement("request", context, request)
        value = _judged(
            judged,
            request,
            map_request,
            context,
            lambda texts: _read(judged, request, texts, self._admits),
        )
        return Checked(judged.decision(perf_counter() - began), value)

    def check_reply(self, reply: Reply, context: Context) -> Checked[Reply]:
        """Judge a complete reply, before it is handed over.

        Raises `GuardFailureError` when that cannot be done, and `OutputLimitError` for
        a reply that `max_tokens` cut before the input of a tool.
        """
        began = perf_counter()
        last = reply.content[-1] if reply.content else None
        cut = isinstance(last, ToolUseBlock) and not last.input
        if cut and reply.stop_reason == OUTPUT_LIMIT:
            raise cut_input()
        judged = self.judgement("reply", context)
        value = _judged(judged, reply, map_reply, context)
        return Checked(judged.decision(perf_counter() - began), value)

    def stream(self, context: Context) -> StreamGuard:
        """Judge a reply while it arrives. Raises `GuardFailureError` when a condition
        cannot be decided."""
        began = perf_counter()
        judged = self.judgement("reply", context)
        return StreamGuard(judged, spent_s=perf_counter() - began)

    @property
    def rewrites(self) -> bool:
        """Whether some provision may have a reply criticised or rewritten."""
        return bool(self._critics or self._revised)

    def critics(self, context: Context) -> tuple[Rule, ...]:
        """The rules that a critic has to judge a reply by. Raises `GuardFailureError`
        when a condition cannot be decided."""
        return self._applicable(self._critics, context)

    def revised(self, context: Context) -> tuple[Rule, ...]:
        """The rules of the guard that may have a reply rewritten. Errors as
        `critics`."""
        return self._applicable(self._revised, context)

    def _applicable(
        self, rules: tuple[Rule, ...], context: Context
    ) -> tuple[Rule, ...]:
        """The rules that hold today and whose condition holds for a reply."""
        today = self._today()
        return tuple(
            rule
            for rule in rules
            if rule.provision.holds_on(today) and _holds(rule, context)
        )

    def judgement(
        self, stage: Stage, context: Context, request: MessageRequest | None = None
    ) -> "Judgement":
        """Decide the conditions; what is left are detectors, for the texts to come."""
        today = self._today()
        holding = [rule for rule in self.rules if rule.provision.holds_on(today)]
        if not holding:
            raise GuardFailureError(
                f"No provision of the constitution holds on {today}; the guard fails"
                " closed, so nothing passes.",
                request_id=context.request_id,
                next_step="Look at `effective_from` and `sunset` of its provisions.",
            )
        rules = [rule for rule in holding if stage in rule.provision.stages]
        judged = Judgement(stage, self.constitution.digest, context, self._sieves)
        scope: dict[str, Mapping[str, Any]] = {}  # Any: see `condition.Fields`
        for rule in rules:
            judged.evaluated(rule)
            if rule.condition is not None:
                began_s = perf_counter()
                if not scope:
                    scope = {"context": context_fields(context)}
                    if request is not None:
                        scope["request"] = request_fields(request)
                try:
                    holds = rule.condition.evaluate(scope)
                    judged.evaluated(rule, condition_s=perf_counter() - began_s)
                    if not holds:
                        continue
                except Exception as error:
                    judged.failed(rule, "condition", error)
                    continue
                if not rule.detectors:
                    judged.found(rule, "condition", stage)
                    continue
            judged.watch(rule)
        return judged


def _decided_by(who: DecidedBy, rules: Iterable[Rule]) -> Iterable[Rule]:
    """The rules that are decided by the guard, a critic or a judge."""
    return (rule for rule in rules if rule.provision.decided_by == who)


def _holds(rule: Rule, context: Context) -> bool:
    """Whether a rule's condition holds for a reply; without one it does."""
    if rule.condition is None:
        return True
    try:
        return rule.condition.evaluate({"context": context_fields(context)})
    except Exception as error:
        failure(rule.provision.id, "condition", context, error)


def merged(spans: Iterable[Span]) -> list[Span]:
    """Overlapping spans as one each; `spans` in order of their start."""
    result: list[Span] = []
    for span in spans:
        if result and span.start < result[-1].end:
            result[-1] = Span(result[-1].start, max(result[-1].end, span.end))
        else:
            result.append(span)
    return result


def _compiled(
    constitution: Constitution, detectors: Mapping[str, Detector]
) -> Iterable[Rule]:
    """The provisions in order, with their detectors and conditions."""
    for order, (layer, provision) in enumerate(constitution.provisions):
        unknown = [name for name in provision.detectors if name not in detectors]
        if unknown:
            raise ConstitutionError(
                f"Layer `{layer.name}`, provision `{provision.id}`: detector"
                f" `{unknown[0]}` is unknown; detectors are {', '.join(detectors)}.",
                next_step=(
                    "Correct the name, or install the release of Trivium that has this"
                    " detector."
                ),
            )
        for name in provision.detectors:
            _require_finding(layer.name, provision.id, detectors[name])
        condition = None
        if provision.condition is not None:
            condition = compile_condition(
                provision.condition, with_request="reply" not in provision.stages
            )
        yield Rule(
            order,
            layer.name,
            provision,
            tuple(detectors[name] for name in provision.detectors),
            condition,
        )


def _require_finding(layer: str, provision: str, detector: Detector) -> None:
    """Fail closed where an interpreter reads a pattern in another way
    (python/cpython#100061 did): a detector that does not find its own examples protects
    nobody."""
    if not all(detector.find(example) for example in detector.examples):
        raise ConstitutionError(
            f"Layer `{layer}`, provision `{provision}`: detector `{detector.name}` does"
            f" not find its own examples on Python {platform.python_version()}, so"
            " nothing is judged with it.",
            next_step="Use another release of Python, and report this one.",
        )


def _judged(
    judged: Judgement,
    value: T,
    mapped: Callable[[T, Visit], T],
    context: Context,
    read_also: "Callable[[_Texts], list[str]]" = lambda _texts: [],
) -> T:
    """Run the detectors over every text of `value` at once, record findings, return it
    redacted.

    `read_also` collects texts that cannot be replaced, behind all others, and gives the
    kind of each.
    """
    try:
        texts = _Texts()
        mapped(value, texts.collect)
        own = len(texts.places)
        kinds = read_also(texts)
        if not judged.detectors:
            return value
        replacements = texts.judge(judged)
        for number in [number for number in replacements if number >= own]:
            del replacements[number]
            judged.unredactable(texts.places[number], kinds[number - own])
        return mapped(value, _Replacing(replacements).visit) if replacements else value
    except (GuardFailureError, MemoryError):
        raise
    except Exception as error:
        raise GuardFailureError(
            f"The guard could not read the {judged.stage} ({type(error).__name__});"
            " it fails closed, so nothing passes.",
            request_id=context.request_id,
            next_step=(
                "Send text as text: documents that claim to be text must be UTF-8 in"
                " base64, tool inputs JSON."
            ),
        ) from None


def _read(
    judged: Judgement,
    request: MessageRequest,
    texts: "_Texts",
    admits: Mapping[str, str],
) -> list[str]:
    """Collect the text of documents that are not text, and give the kind of each;
    record what cannot be read."""
    kinds = []
    for binary in binaries(request):
        kind = binary.media_type
        found = read(kind, binary.data)
        if found.text:
            texts.collect(binary.place, found.text, "")
            kinds.append(kind)
        if found.unread:
            by = admits.get(kind, "")
            judged.unread(binary.place, kind, found.unread, admitted_by=by)
    return kinds


class _Texts:
    """All texts of a request or reply, judged as one, with a break between them."""

    def __init__(self) -> None:
        self.places: list[str] = []
        """Of each text, in order."""
        self._leads: list[int] = []
        self._texts: list[str] = []

    def collect(self, place: str, text: str, lead: str) -> str:
        self.places.append(place)
        self._leads.append(len(lead))
        self._texts.append(lead + text if lead else text)
        return text

    def judge(self, judged: Judgement) -> dict[int, str]:
        """Record every finding; return the replaced texts by number."""
        joined = BREAK.join(self._texts)
        if joined.count(BREAK) >= len(self._texts):  # some text has one of its own
            joined = BREAK.join(map(without_breaks, self._texts))
        view = View(joined)
        redactions: dict[int, list[tuple[int, str, int]]] = {}
        starts: list[int] = []
        for detector in judged.detectors:
            spans = judged.spans(detector, view)
            if not spans:
                continue
            starts = starts or self._starts()
            for span in merged(view.to_original(span) for span in spans):
                number = bisect_right(starts, span.start) - 1
                offset = starts[number] + self._leads[number]
                start, end = max(0, span.start - offset), span.end - offset
                if end > 0 and judged.matched(detector, self.places[number]):
                    redactions.setdefault(number, []).append(
                        (start, detector.name, end)
                    )
        self._judge_hidden(judged, redactions)
        if judged.stage == "request":
            for group in self._adjacent():
                self._judge_seams(judged, group, redactions)
        return {
            number: self._redacted(number, sorted(found))
            for number, found in redactions.items()
        }

    def _judge_hidden(
        self, judged: Judgement, redactions: dict[int, list[tuple[int, str, int]]]
    ) -> None:
        """Record what shows only after encodings and disguises were undone, and add its
        redactions."""
        longest = LONGEST if judged.stage == "reply" else LONGEST_ASKED
        for number, text in enumerate(self._texts):
            if len(text) < SHORTEST:
                continue
            own = text[self._leads[number] :]
            for detector, reading in hidden(judged, own, longest=longest):
                place = self.places[number]
                if judged.matched(detector, place, through=reading.through):
                    redactions.setdefault(number, []).append(
                        (reading.start, detector.name, reading.end)
                    )

    def _adjacent(self) -> list[list[int]]:
        """The numbers of text blocks that follow one another in one turn or one tool's
        result: to a model they are one text."""
        groups: list[list[int]] = []
        before: tuple[str, int] | None = None
        for number, place in enumerate(self.places):
            found = _TEXT_BLOCK.fullmatch(place)
            if found is None:
                continue
            here = (found[1], int(found[2]))
            if before == (here[0], here[1] - 1):
                groups[-1].append(number)
            else:
                groups.append([number])
            before = here
        return [group for group in groups if len(group) > 1]

    def _judge_seams(
        self,
        judged: Judgement,
        group: list[int],
        redactions: dict[int, list[tuple[int, str, int]]],
    ) -> None:
        """Record what crosses from one block into the next; what lies within one was
        found there."""
        text = without_breaks("".join(self._texts[number] for number in group))
        begins = [0, *accumulate(len(self._texts[number]) for number in group)]
        view = View(text)
        found: list[tuple[Detector, Span, str]] = []
        if judged.sieve.settled(view) is None:
            found += [
                (detector, span, "")
                for detector in judged.detectors
                for span in merged(map(view.to_original, judged.spans(detector, view)))
            ]
        found += [
            (detector, Span(reading.start, reading.end), reading.through)
            for detector, reading in hidden(judged, text, longest=LONGEST_ASKED)
        ]
        for detector, span, through in found:
            first = bisect_right(begins, span.start) - 1
            if span.end <= begins[first + 1]:
                continue
            place = self.places[group[first]]
            if not judged.matched(detector, place, through=through):
                continue
            for number, begin, end in zip(group, begins, begins[1:], strict=False):
                if begin < span.end and span.start < end:
                    start, stop = max(0, span.start - begin), min(span.end, end) - begin
                    redactions.setdefault(number, []).append(
                        (start, detector.name, stop)
                    )

    def _starts(self) -> list[int]:
        """Where each text begins in the joined one."""
        starts, position = [], 0
        for text in self._texts:
            starts.append(position)
            position += len(text) + len(BREAK)
        return starts

    def _redacted(self, number: int, found: list[tuple[int, str, int]]) -> str:
        """A text with markers in place of what was found."""
        text = self._texts[number][self._leads[number] :]
        pieces, done = [], 0
        for start, name, end in found:
            if start >= done:
                pieces += [text[done:start], marker(name)]
            done = max(done, end)
        return "".join([*pieces, text[done:]])


class _Replacing:
    """The second walk: hands out replaced texts by number, in the order of the
    first."""

    def __init__(self, replacements: dict[int, str]) -> None:
        self._replacements = replacements
        self._number = -1

    def visit(self, _place: str, text: str, _lead: str) -> str:
        self._number += 1
        return self._replacements.get(self._number, text)
