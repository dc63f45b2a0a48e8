"""What a detector is, and the two ways in which one finds things.

The law of this folder: whether a match begins at a position depends on at most
`LOOKBEHIND` characters before it and `max_length` characters from it on, and on nothing
else; in particular not on other matches. So a stream can be judged piece by piece with
the same result as the whole. `open_from` says from which position on an unfinished
match may have begun; what stands before it is settled.

Patterns are tried only where a literal (or an `@`, or a long number) stands, and every
pattern's work from one start is bounded (`trivium.constitution.linear.visits`), so the
time is linear in the text whatever the text is.
"""

import math
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from trivium.guard.text import Span, View

LOOKBEHIND = 4
"""Characters of `plain` before a match that may decide whether it begins."""


@dataclass(frozen=True, kw_only=True)
class Signs:
    """What a text shows when a finder has something to find in it; see
    `trivium.guard.sieve`.

    Each match has one of `literals` or `characters` in it, and so has each unfinished
    one, but for a literal that is itself unfinished, and for the text's last word where
    `word` says so.
    """

    literals: tuple[str, ...] = ()
    squeezed: bool = False
    """Whether white space within a literal does not count."""
    ignore_case: bool = False
    characters: str = ""
    word: bool = False
    """Whether a word at the end of the text may be an unfinished match though it shows
    none of these."""


class Finder(Protocol):
    """The matching engine's seam: how spans are found. Positions are those of
    `View.plain`."""

    @property
    def max_length(self) -> int:
        """The most characters, white space aside, of a match with what must follow
        it."""

    @property
    def patterns(self) -> tuple[str, ...]:
        """Every regular expression it may run, for the proof that they are linear."""

    @property
    def signs(self) -> Signs | None:
        """What rules it out without asking it; None: it has to be asked."""

    def spans(self, view: View) -> list[Span]:
        """Every match, in order of its start; matches may overlap."""

    def open_from(self, view: View) -> int:
        """The first position at which an unfinished match may have begun; the text's
        length when there is none."""


@dataclass(frozen=True, kw_only=True)
class Detector:
    """One kind of thing that is found in text."""

    name: str
    """Its name in provisions and findings, for instance `aws-access-key`."""
    title: str
    """What it finds, in a few words."""
    source: str
    """Where the format is described."""
    finder: Finder
    examples: tuple[str, ...]
    """Texts in which it finds something; none of them is a live credential."""
    counter_examples: tuple[str, ...]
    """Texts close to it in which it finds nothing."""

    @property
    def max_length(self) -> int:
        """The most characters, white space aside, that a match can need to be told."""
        return self.finder.max_length

    def find(self, text: str) -> list[Span]:
        """Every match as a span of `text`, in order of its start; matches may
        overlap."""
        view = View(text)
        return [view.to_original(span) for span in self.finder.spans(view)]


def _always(_match: str) -> bool:
    """For finders whose pattern says everything."""
    return True


@dataclass(frozen=True, kw_only=True)
class Literals:
    """Finds what begins with one of a few literals: keys, tokens, headers.

    The patterns are tried at each literal. With `split`, keys broken by white space are
    found as well: those of exactly the right shape (`split`, matched without white
    space), beginning at a boundary, and with digits as keys have them.
    """

    literals: tuple[str, ...]
    pattern: re.Pattern[str]
    """Matched at the literal; it contains the literal."""
    opening: re.Pattern[str]
    """Matches the whole rest of the text when that rest may still become a match."""
    max_length: int
    valid: Callable[[str], bool] = _always
    """Looks at the matched text once more."""
    ignore_case: bool = False
    split: re.Pattern[str] | None = None
    hint: str = ""
    """A rare character that every match contains: without it the literals are not even
    looked for."""
    _beginnings: tuple[str, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        beginnings = {
            literal[:length]
            for literal in self.literals
            for length in range(1, len(literal))
        }
        object.__setattr__(
            self,
            "_beginnings",
            tuple(sorted(beginnings, key=lambda one: (-len(one), one))),
        )

    @property
    def patterns(self) -> tuple[str, ...]:
        """Every regular expression it may run on the text."""
        return tuple(
            pattern.pattern for pattern in (self.pattern, self.split) if pattern
        )

    @property
    def signs(self) -> Signs:
        """One of the literals."""
        return Signs(
            literals=self.literals,
            squeezed=self.split is not None,
            ignore_case=self.ignore_case,
        )

    def spans(self, view: View) -> list[Span]:
        """Every match, in order of its start."""
        if self.hint and self.hint not in view.plain:
            return []
        literals = self.literals
        if self.split:
            literals = tuple(
                literal for literal in self.literals if literal in view.squeezed
            )
            if not literals:  # what is not in `squeezed` is not in `plain` either
                return []
        found = set()
        for position in _positions(
            view.lower if self.ignore_case else view.plain, literals
        ):
            match = self.pattern.match(view.plain, position)
            if match and self.valid(match[0]):
                found.add(Span(match.start(), match.end()))
        if self.split:
            found.update(
                self._split_spans(view, self.split, {span.start for span in found})
            )
        return sorted(found)

    def open_from(self, view: View) -> int:
        """The first literal, or beginning of one at the end, whose rest may still
        become a match."""
        text = view.squeezed if self.split else view.plain
        haystack = text.lower() if self.ignore_case else text
        position = self._begun(text, haystack)
        if position is None:
            return len(view.plain)
        return view.squeezed_origin[position] if self.split else position

    def _begun(self, text: str, haystack: str) -> int | None:
        """Where an unfinished match may have begun."""
        for position in sorted(_positions(haystack, self.literals)):
            if self.opening.fullmatch(text, position):
                return position
        if not haystack.endswith(self._beginnings):  # one call for the usual answer
            return None
        return len(text) - len(
            next(
                beginning
                for beginning in self._beginnings
                if haystack.endswith(beginning)
            )
        )

    def _split_spans(
        self, view: View, pattern: re.Pattern[str], direct: set[int]
    ) -> set[Span]:
        """Keys that are broken by white space."""
        found = set()
        for position in _positions(view.squeezed, self.literals):
            match = pattern.match(view.squeezed, position)
            if match is None or not _looks_random(match[1]) or not self.valid(match[0]):
                # before asking for the origin, which costs more than everything else
                continue
            origin = view.squeezed_origin
            span = Span(origin[match.start()], origin[match.end() - 1] + 1)
            broken = span.end - span.start > match.end() - match.start()
            if (
                broken
                and span.start not in direct
                and _stands_alone(view.plain, span, exact=match[0] == match[1])
            ):
                found.add(span)
        return found


def _positions(haystack: str, literals: tuple[str, ...]) -> list[int]:
    """Where the literals stand, in any order."""
    found = []
    for literal in literals:
        position = haystack.find(literal)
        while position >= 0:
            found.append(position)
            position = haystack.find(literal, position + 1)
    return found


def _looks_random(key: str) -> bool:
    """Whether one character in twenty is a digit: keys have about one in six, joined
    words hardly any."""
    return sum(char.isdigit() for char in key) * 20 >= len(key)


def _stands_alone(plain: str, span: Span, *, exact: bool) -> bool:
    """Whether a split key adjoins nothing that could be a part of it."""
    before = plain[span.start - 1] if span.start else " "
    after = plain[span.end] if exact and span.end < len(plain) else " "
    return not (_joins(before) or _joins(after))


def _joins(char: str) -> bool:
    """Whether the character could continue a key."""
    return char.isascii() and (char.isalnum() or char == "_")


def entropy(text: str) -> float:
    """Shannon's entropy of the characters, in bits a character."""
    counts = Counter(text).values()
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counts)


def key(
    literals: tuple[str, ...],
    body: str,
    low: int,
    high: int,
    *,
    split: bool = True,
    valid: Callable[[str], bool] = _always,
) -> Literals:
    """A finder for literal + `low` to `high` characters of the class `body` (inside its
    brackets).

    A fixed length (`low == high`) must end at a boundary, else a stretch of base64
    would do; a longer run than `high` is cut at `high`. Where a split key of varying
    length ends cannot be told, so words behind it may count as part of it.
    """
    prefix = "(?:" + "|".join(re.escape(literal) for literal in literals) + ")"
    end = f"(?![{body}])" if low == high else ""
    return Literals(
        literals=literals,
        pattern=re.compile(rf"(?<![A-Za-z0-9_]){prefix}[{body}]{{{low},{high}}}+{end}"),
        opening=re.compile(rf"{prefix}[{body}]{{0,{high}}}+"),
        max_length=max(map(len, literals)) + high + 1,
        valid=valid,
        split=(
            re.compile(rf"({prefix}[{body}]{{{low}}})[{body}]{{0,{high - low}}}+")
            if split
            else None
        ),
    )
