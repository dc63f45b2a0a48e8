"""One look at a text that rules out many detectors at once.

Prose has no digits, no `@` and none of the words with which keys begin. Where a text
shows no sign of a match, the detectors have nothing to find in it, and an unfinished
match can only have begun in its last word; so a stream of prose costs one look for each
delta instead of one for each detector.

The law of this file: `settled` answers only when each detector would find nothing and
would call everything before the answer settled. It may decline at any time; it may
never be wrong. A finder that tells no signs is always asked.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from trivium.guard.detectors.detector import Detector, Signs
from trivium.guard.text import View

_WORD = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._%+-="
"""What a word of an address or of a key is made of."""
_LONGEST_WORD = 64
"""A longer last word is left to the detectors: an address (RFC 5321: 64 octets before
the `@`) may begin within it."""


class Sieve:
    """What a text must show before any of these detectors has to look at it."""

    def __init__(self, detectors: Iterable[Detector]) -> None:
        signs = [detector.finder.signs for detector in detectors]
        told = [sign for sign in signs if sign is not None]
        self._blind = len(told) < len(signs)
        self._words = any(sign.word for sign in told)
        characters = "".join(
            sorted({char for sign in told for char in sign.characters})
        )
        self._characters = (
            re.compile(f"[{re.escape(characters)}]") if characters else None
        )
        kinds = sorted(
            {(sign.squeezed, sign.ignore_case) for sign in told if sign.literals}
        )
        self._literals = [
            _Literals.of(told, squeezed=squeezed, ignore_case=ignore_case)
            for squeezed, ignore_case in kinds
        ]

    def settled(self, view: View) -> int | None:
        """Up to where `view.plain` is settled, with nothing found in it; None when the
        detectors must look."""
        plain = view.plain
        if self._blind or (self._characters and self._characters.search(plain)):
            return None
        settled = len(plain.rstrip(_WORD)) if self._words else len(plain)
        held = len(plain) - settled
        if held > _LONGEST_WORD or any(
            literals.shown(view, held) for literals in self._literals
        ):
            return None
        return settled


@dataclass(frozen=True)
class _Literals:
    """The literals that are looked for in one reading of the text."""

    squeezed: bool
    ignore_case: bool
    whole: re.Pattern[str]
    begun: dict[str, tuple[str, ...]]
    """Last character → beginnings of literals that end in it."""

    @classmethod
    def of(
        cls, signs: Iterable[Signs], *, squeezed: bool, ignore_case: bool
    ) -> "_Literals":
        """Those that signs of this kind name."""
        named = {
            one
            for sign in signs
            if (sign.squeezed, sign.ignore_case) == (squeezed, ignore_case)
            for one in sign.literals
        }
        read = sorted(
            {literal.lower() if ignore_case else literal for literal in named}
        )
        beginnings = sorted(
            {literal[:length] for literal in read for length in range(1, len(literal))}
        )
        lasts = {beginning[-1] for beginning in beginnings}
        return cls(
            squeezed,
            ignore_case,
            re.compile("|".join(map(re.escape, read))),
            {
                last: tuple(one for one in beginnings if one[-1] == last)
                for last in lasts
            },
        )

    def shown(self, view: View, held: int) -> bool:
        """Whether a literal stands in the text, or one is begun at its end, before the
        characters that are held."""
        text = view.squeezed if self.squeezed else view.plain
        if self.ignore_case:
            text = text.lower()
        if self.whole.search(text):
            return True
        begun = self.begun.get(text[-1:], ())
        return text.endswith(begun) and any(
            len(one) > held and text.endswith(one) for one in begun
        )
