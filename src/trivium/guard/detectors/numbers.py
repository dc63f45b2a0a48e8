"""The finder for long numbers, and the numbers with check digits: cards, accounts,
national identifiers."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from trivium.guard.detectors.detector import Detector, Signs
from trivium.guard.text import Span, View

_SIGNS = Signs(characters="0123456789(+")
"""A number begins with one of these."""
_NOT_NUMBER = re.compile(r"[^\d \t\n\r\-./()+,_]", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """Finds numbers of a given shape that pass a check. Looks closer only where enough
    digits stand together."""

    pattern: re.Pattern[str]
    """Begins with a digit, `+` or `(`; the longest shape first."""
    min_digits: int
    max_length: int
    valid: Callable[[str], bool]
    """Judges the digits alone."""

    @property
    def patterns(self) -> tuple[str, ...]:
        """Every regular expression it may run on the text."""
        return (self.pattern.pattern,)

    @property
    def signs(self) -> Signs:
        """What a number begins with."""
        return _SIGNS

    def spans(self, view: View) -> list[Span]:
        """Every match, in order of its start."""
        if b"0" * self.min_digits not in view.digit_runs:
            return []
        found: list[Span] = []
        position = 0
        while match := self.pattern.search(view.plain, position):
            if self.valid("".join(filter(str.isdigit, match[0]))):
                found.append(Span(*match.span()))
            position = match.start() + 1
        return found

    def open_from(self, view: View) -> int:
        """Where the number at the end of the text begins, if one does."""
        plain = view.plain
        start = len(plain)
        shown = 0
        while (
            start
            and shown <= self.max_length
            and not _NOT_NUMBER.match(plain[start - 1])
        ):
            start -= 1
            shown += not plain[start].isspace()
        while start < len(plain) and plain[start] not in "0123456789(+":
            start += 1
        return start


def luhn(digits: str) -> bool:
    """ISO/IEC 7812-1 annex B: the check digit of payment cards."""
    odd, even = digits[-1::-2], digits[-2::-2]
    doubled = (2 * int(digit) for digit in even)
    return (
        sum(map(int, odd)) + sum(value - 9 if value > 9 else value for value in doubled)
    ) % 10 == 0


_CARD_LENGTHS: tuple[tuple[int, int, frozenset[int]], ...] = (
    (300_000, 305_999, frozenset({14})),
    (340_000, 349_999, frozenset({15})),
    (352_800, 358_999, frozenset({16})),
    (360_000, 369_999, frozenset({14})),
    (370_000, 379_999, frozenset({15})),
    (380_000, 399_999, frozenset({14, 16})),
    (400_000, 499_999, frozenset({13, 16, 19})),
    (510_000, 559_999, frozenset({16})),
    (601_100, 601_199, frozenset({16, 19})),
    (620_000, 629_999, frozenset({16, 17, 18, 19})),
    (644_000, 659_999, frozenset({16, 19})),
    (222_100, 272_099, frozenset({16})),
)
"""First six digits from, to, and lengths: the networks' published ranges (Visa,
Mastercard, American Express, Diners, Discover, JCB, UnionPay); issuers outside them are
not found."""


def _is_card(digits: str) -> bool:
    """Whether an issuer gives such numbers, and the check digit fits."""
    issuer = int(digits[:6])
    known = any(
        low <= issuer <= high and len(digits) in lengths
        for low, high, lengths in _CARD_LENGTHS
    )
    return known and len(set(digits)) > 1 and luhn(digits)


class _Cards:
    """`Numbers` tried once for each length: a number may have a valid card of several
    lengths at one start."""

    max_length = 38
    """19 digits and the hyphens between them, and what follows."""
    signs = _SIGNS

    def __init__(self) -> None:
        self._finders = tuple(
            Numbers(
                pattern=re.compile(
                    rf"(?<![\d])(?<!\d[.]){_atomic(count)}(?!\d)", re.ASCII
                ),
                min_digits=count,
                max_length=self.max_length,
                valid=_is_card,
            )
            for count in (19, 18, 17, 16, 15, 14, 13)
        ) + tuple(
            Numbers(
                pattern=re.compile(
                    rf"(?<![\d])(?<!\d[.,/_]){_grouped(groups)}(?![.,/_]?\d)", re.ASCII
                ),
                min_digits=sum(groups),
                max_length=self.max_length,
                valid=_is_card,
            )
            for groups in _GROUPS
        )
        self.patterns = (
            *(pattern for finder in self._finders for pattern in finder.patterns),
            _DECIMAL.pattern,
        )

    def spans(self, view: View) -> list[Span]:
        """Every match, in order of its start."""
        if b"0" * 13 not in view.digit_runs:
            return []
        found = sorted(span for finder in self._finders for span in finder.spans(view))
        return [span for span in found if not _DECIMAL.match(view.plain, span.start)]

    def open_from(self, view: View) -> int:
        """Where the number at the end of the text begins."""
        return self._finders[0].open_from(view)


_DECIMAL = re.compile(r"\d{1,3}+\.\d{1,18}+(?!\d|[-. \t\r\n]\d)", re.ASCII)
"""One full stop is a decimal's, not that of groups: Euler's number would be a card of
Mastercard's."""


_GROUPS = ((4, 4, 4, 4), (4, 6, 5), (4, 6, 4))
"""How cards are printed: most, American Express, Diners."""


def _grouped(groups: tuple[int, ...]) -> str:
    """Groups with a slash, a comma or an underscore between them, which anywhere else
    in a number are a date's or a list's."""
    return "[/,_]".join(rf"\d{{{count}}}" for count in groups)


def _atomic(count: int) -> str:
    """So many digits, with at most one separator between any two."""
    return rf"\d(?>(?:[ \t\r\n]{{1,2}}+|[-.])?+\d){{{count - 1}}}"


PAYMENT_CARD = Detector(
    name="payment-card",
    title="payment card number",
    source="ISO/IEC 7812-1 (issuer ranges, Luhn); PCI DSS 4.0.1 requirement 3",
    finder=_Cards(),
    examples=(
        "card 4111 1111 1111 1111 please",
        "4111111111111111",
        "3782-822463-10005",
        "\uff15\uff15\uff15\uff15 5555 5555 4444",
        "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
        "4111\u200b1111\u200b1111\u200b1111",
        "4111.1111.1111.1111,",
        "4111/1111/1111/1111",
        "4111,1111,1111,1111;",
        "card_4111_1111_1111_1111",
        "3782/822463/10005",
    ),
    counter_examples=(
        "4111 1111 1111 1112",
        "order 1234567890123456",
        "0.4111111111111111",
        "e is 2.718281828459045.",
        "41111111111111111111111",
        "2026-11-22 10:00:00.000000",
        "4111,1111,1111,1111,2026",
        "4/1/1/1/1/1/1/1/1/1/1/1/1/1/1/1",
        "5,105,105,105,105,100",
    ),
)


def _is_ssn(digits: str) -> bool:
    """Area 000, 666 and 900 up, group 00 and serial 0000 were never issued; three are
    from advertising."""
    area, group, serial = digits[:3], digits[3:5], digits[5:]
    never = area in ("000", "666") or area >= "900" or group == "00" or serial == "0000"
    return not never and digits not in ("078051120", "219099999", "457555462")


US_SSN = Detector(
    name="us-ssn",
    title="United States social security number, written in its three groups",
    source=(
        "Social Security Administration, SSN randomization; POMS RM 10201.035; not nine"
        " bare digits"
    ),
    finder=Numbers(
        pattern=re.compile(
            r"(?<![\d])(?<!\d[-.])\d{3}(?>-\d{2}-| \d{2}"
            r" |\.\d{2}\.)\d{4}(?![\d])(?![-.]\d)",
            re.ASCII,
        ),
        min_digits=9,
        max_length=13,
        valid=_is_ssn,
    ),
    examples=("SSN 536-90-4399", "536 90 4399", "\u0665\u0663\u0666-90-4399"),
    counter_examples=(
        "666-12-3456",
        "900-12-3456",
        "123-00-4567",
        "123-45-0000",
        "078-05-1120",
        "536904399",
        "1-536-90-4399",
    ),
)


def _is_nhs(digits: str) -> bool:
    """Modulus 11 over the first nine digits with weights 10 to 2; a check of 10 is
    never issued."""
    check = (
        11
        - sum(
            int(digit) * weight
            for digit, weight in zip(digits, range(10, 1, -1), strict=False)
        )
        % 11
    )
    return check != 10 and int(digits[9]) == check % 11 and len(set(digits)) > 1


UK_NHS_NUMBER = Detector(
    name="uk-nhs-number",
    title=(
        "NHS number of England, Wales and the Isle of Man, written in its three groups"
    ),
    source=(
        "NHS Data Dictionary, NHS NUMBER (modulus 11, 3-3-4); ten bare digits are not"
        " taken for one"
    ),
    finder=Numbers(
        pattern=re.compile(
            r"(?<![\d])(?<!\d[-. ])\d{3}(?>-\d{3}-| \d{3} )\d{4}(?![\d])(?![-.]\d)",
            re.ASCII,
        ),
        min_digits=10,
        max_length=14,
        valid=_is_nhs,
    ),
    examples=("NHS 943 476 5919", "943-476-5919"),
    counter_examples=("943 476 5918", "9434765919", "1 943 476 5919"),
)

DETECTORS = (PAYMENT_CARD, US_SSN, UK_NHS_NUMBER)
