"""How good reviews are: do two people agree, and did they read what they decided. Pure.

A person who approves what a machine proposes is the known weakness of human oversight
(automation bias, EU AI Act Art. 14(4)(b)). So a share of tickets is decided blind and a
share twice, and the time that each decision took is compared with the time that reading
takes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

from trivium.statistics import Agreement, cohens_kappa

WORDS_A_SECOND = 238 / 60
"""Silent reading of English non-fiction by adults (M. Brysbaert, How many words do we
read per minute?, Journal of Memory and Language 109, 2019)."""
FASTEST = 2.0
"""Nobody is taken to read faster than so many times that speed."""
FEWEST = 20
"""Decisions of one reviewer below which no alarm is raised."""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """One decision, as far as measures need it."""

    ticket: str
    reviewer: str
    verdict: str
    seconds: float | None
    """From seeing the ticket to deciding; None when it was never shown."""
    words: int
    """Of what was judged."""


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """Something that a supervisor should look at."""

    kind: Literal["rubber-stamp"]
    reviewer: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Measures:
    """What the decisions of a queue show."""

    decisions: int
    doubles: int
    """Tickets that two reviewers decided."""
    agreement: Agreement | None
    """Cohen's kappa over the first two decisions of those; None where it has no
    value: there are none, or everybody said the same."""
    median_s: float | None
    """Median seconds of a decision; None when none was measured."""
    alarms: tuple[Alarm, ...]


def measured(decisions: Sequence[Decision]) -> Measures:
    """Measure decisions, oldest first."""
    pairs = _pairs(decisions)
    seconds = [one.seconds for one in decisions if one.seconds is not None]
    return Measures(
        decisions=len(decisions),
        doubles=len(pairs),
        agreement=_agreement(pairs),
        median_s=median(seconds) if seconds else None,
        alarms=tuple(_rubber_stamps(decisions)),
    )


def _pairs(decisions: Sequence[Decision]) -> list[tuple[str, str]]:
    """The first two verdicts of each ticket that has two."""
    by_ticket: dict[str, list[str]] = {}
    for one in decisions:
        by_ticket.setdefault(one.ticket, []).append(one.verdict)
    return [(said[0], said[1]) for said in by_ticket.values() if len(said) > 1]


def _agreement(pairs: list[tuple[str, str]]) -> Agreement | None:
    try:
        return cohens_kappa([one for one, _ in pairs], [other for _, other in pairs])
    except ValueError:
        return None


def _rubber_stamps(decisions: Sequence[Decision]) -> list[Alarm]:
    """An alarm for each reviewer most of whose approvals came faster than reading."""
    alarms = []
    for reviewer in sorted({one.reviewer for one in decisions}):
        own = [one for one in decisions if one.reviewer == reviewer]
        hasty = sum(one.verdict == "allow" and not _could_read(one) for one in own)
        if len(own) >= FEWEST and hasty * 2 > len(own):
            text = (
                f"{hasty} of {len(own)} decisions of {reviewer} approve faster than"
                " anyone reads, or without opening the ticket"
            )
            alarms.append(Alarm(kind="rubber-stamp", reviewer=reviewer, text=text))
    return alarms


def _could_read(one: Decision) -> bool:
    """Whether the time sufficed for reading what was decided."""
    least_s = one.words / (WORDS_A_SECOND * FASTEST)
    return one.seconds is not None and one.seconds >= least_s
