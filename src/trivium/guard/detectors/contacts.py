"""Ways to reach a person or an account: e-mail addresses, telephone numbers, bank
accounts."""

import re
from dataclasses import dataclass

from trivium.guard.detectors.detector import Detector, Signs
from trivium.guard.detectors.numbers import Numbers
from trivium.guard.text import Span, View

_LOCAL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._%+-"
_LOCAL_LENGTH = 64
_DOMAIN = re.compile(
    r"(?>[A-Za-z0-9](?>[A-Za-z0-9]|-(?=[A-Za-z0-9-])){0,62}+\.(?=[A-Za-z0-9])){1,8}+"
    r"[A-Za-z]{2,24}+(?![A-Za-z0-9])"
)


@dataclass(frozen=True, kw_only=True)
class _Addresses:
    """Looks around every `@`."""

    max_length: int = _LOCAL_LENGTH + 1 + 255 + 1

    @property
    def patterns(self) -> tuple[str, ...]:
        """Every regular expression it may run on the text."""
        return (_DOMAIN.pattern,)

    @property
    def signs(self) -> Signs:
        """An `@`, or a word that one may follow."""
        return Signs(characters="@", word=True)

    def spans(self, view: View) -> list[Span]:
        """Every match, in order of its start."""
        plain, found = view.plain, []
        position = plain.find("@")
        while position >= 0:
            start = _local_start(plain, position)
            domain = _DOMAIN.match(plain, position + 1)
            if start < position and domain and domain.end() - position <= 256:
                found.append(Span(start, domain.end()))
            position = plain.find("@", position + 1)
        return found

    def open_from(self, view: View) -> int:
        """Where the address, or the word that may become one, at the end of the text
        begins."""
        plain = view.plain
        position = plain.rfind("@", max(0, len(plain) - 257))
        rest = plain[position + 1 :]
        if position >= 0 and rest.isascii() and not rest.strip(_LOCAL):
            return _local_start(plain, position)
        return _local_start(plain, len(plain))


def _local_start(plain: str, end: int) -> int:
    """Where the local part that ends at `end` begins: at most 64 characters before,
    never with a full stop."""
    first = max(0, end - _LOCAL_LENGTH)
    segment = plain[first:end]
    local = segment[len(segment.rstrip(_LOCAL)) :]
    return end - len(local.lstrip("."))


EMAIL_ADDRESS = Detector(
    name="email-address",
    title="e-mail address",
    source=(
        "RFC 5321 sections 4.1.2 and 4.5.3.1 (64 and 255 octets); without quoted local"
        " parts"
    ),
    finder=_Addresses(),
    examples=(
        "write to ada.lovelace+notes@example.org.",
        "a@b.co",
        "ada@mail\u200b.example.com",
    ),
    counter_examples=(
        "@mention",
        "a@b",
        "user@localhost",
        "3 @ 4.50",
        "import @decorator.name",
    ),
)


def _is_phone(digits: str) -> bool:
    return 10 <= len(digits) <= 15 and len(set(digits)) > 2


PHONE_NUMBER = Detector(
    name="phone-number",
    title="telephone number with country code, or in the North American form",
    source=(
        "ITU-T E.164 (at most 15 digits, country code first); North American Numbering"
        " Plan"
    ),
    finder=Numbers(
        pattern=re.compile(
            r"(?<![\w+])(?<!\d[-.])(?:\+[1-9](?>(?:["
            r" .-]|\(0?\)|[()/])?+\d){8,14}+(?![\d])"
            r"|\([2-9]\d{2}\)[ ]?+[2-9]\d{2}[-."
            r" ]\d{4}(?!\d)|[2-9]\d{2}[-.][2-9]\d{2}[-.]\d{4}(?![\d-]))",
            re.ASCII,
        ),
        min_digits=9,
        max_length=48,
        valid=_is_phone,
    ),
    examples=(
        "+44 20 7946 0958",
        "call (415) 555-0132",
        "415-555-0132",
        "+4930901820123",
    ),
    counter_examples=("555-0132", "2026-11-22", "+1", "115-555-0132", "1415-555-01321"),
)

_IBAN_LENGTHS = dict(  # noqa: C408 -- a table
    AD=24,
    AE=23,
    AL=28,
    AT=20,
    AZ=28,
    BA=20,
    BE=16,
    BG=22,
    BH=22,
    BR=29,
    BY=28,
    CH=21,
    CR=22,
    CY=28,
    CZ=24,
    DE=22,
    DK=18,
    DO=28,
    EE=20,
    EG=29,
    ES=24,
    FI=18,
    FO=18,
    FR=27,
    GB=22,
    GE=22,
    GI=23,
    GL=18,
    GR=27,
    GT=28,
    HR=21,
    HU=28,
    IE=22,
    IL=23,
    IQ=23,
    IS=26,
    IT=27,
    JO=30,
    KW=30,
    KZ=20,
    LB=28,
    LC=32,
    LI=21,
    LT=20,
    LU=20,
    LV=21,
    LY=25,
    MC=27,
    MD=24,
    ME=22,
    MK=19,
    MR=27,
    MT=31,
    MU=30,
    NL=18,
    NO=15,
    PK=24,
    PL=28,
    PS=29,
    PT=25,
    QA=29,
    RO=24,
    RS=22,
    SA=24,
    SC=31,
    SD=18,
    SE=24,
    SI=19,
    SK=24,
    SM=27,
    ST=25,
    SV=28,
    TL=23,
    TN=24,
    TR=26,
    UA=29,
    VA=22,
    VG=24,
    XK=20,
)
"""Country → length. Source: SWIFT IBAN Registry."""

_IBAN_SHAPE = b"xaa00"
"""A boundary, two letters, two digits; see `View.shape`."""
_IBAN_OPEN = re.compile(
    r"[A-Za-z]{1,2}|[A-Za-z]{2}\d{1,2}|[A-Za-z]{2}\d\d(?>[ -]?+[A-Za-z0-9]){0,30}+["
    r" -]?+",
    re.ASCII,
)


def iban(text: str) -> bool:
    """Whether letters and digits (without separators) are an IBAN: its country's
    length, ISO 7064 mod 97-10."""
    if len(text) != _IBAN_LENGTHS.get(text[:2].upper()):
        return False
    return int("".join(str(int(char, 36)) for char in text[4:] + text[:4])) % 97 == 1


@dataclass(frozen=True, kw_only=True)
class _Accounts:
    """Looks where two letters and two digits stand; the country says how long the rest
    must be."""

    max_length: int = 69

    @property
    def patterns(self) -> tuple[str, ...]:
        """Every regular expression it may run on the text."""
        return ()

    @property
    def signs(self) -> Signs:
        """Digits, or two letters that they may follow."""
        return Signs(characters="0123456789", word=True)

    def spans(self, view: View) -> list[Span]:
        """Every match, in order of its start."""
        found = []
        position = view.shape.find(_IBAN_SHAPE)
        while position >= 0:
            # `shape` has one character more in front, so this is where the letters
            # begin
            end = _account_end(view.plain, position)
            if end:
                found.append(Span(position, end))
            position = view.shape.find(_IBAN_SHAPE, position + 1)
        return found

    def open_from(self, view: View) -> int:
        """Where the account number at the end of the text may have begun."""
        plain = view.plain
        first = max(0, len(plain) - self.max_length)
        for start in range(first, len(plain)):
            begins = plain[start].isalpha() and (
                start == 0 or not _alphanumeric(plain[start - 1])
            )
            if begins and _IBAN_OPEN.fullmatch(plain, start):
                return start
        return len(plain)


def _account_end(plain: str, start: int) -> int | None:
    length = _IBAN_LENGTHS.get(plain[start : start + 2].upper())
    if length is None:
        return None
    text, position = list(plain[start : start + 4]), start + 4
    while len(text) < length and position < len(plain):
        if plain[position] in " -" and _alphanumeric(plain[position - 1]):
            position += 1
        elif _alphanumeric(plain[position]):
            text.append(plain[position])
            position += 1
        else:
            return None
    joined = position < len(plain) and _alphanumeric(plain[position])
    return None if joined or not iban("".join(text)) else position


def _alphanumeric(char: str) -> bool:
    return char.isascii() and char.isalnum()


IBAN = Detector(
    name="iban",
    title="international bank account number",
    source="ISO 13616-1, SWIFT IBAN Registry, ISO 7064 mod 97-10",
    finder=_Accounts(),
    examples=(
        "GB82 WEST 1234 5698 7654 32",
        "de89370400440532013000.",
        "NO93 8601 1117 947",
        "GB82-WEST-1234-5698-7654-32",
    ),
    counter_examples=(
        "GB82 WEST 1234 5698 7654 33",
        "XX82 1234",
        "DE8937040044053201300",
        "an 80 year old",
    ),
)

DETECTORS = (EMAIL_ADDRESS, PHONE_NUMBER, IBAN)
