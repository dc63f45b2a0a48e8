"""Tickets and what is decided about them. Pure.

A ticket holds what was judged, in clear, because a person has to read it. It is removed
when the ticket is redeemed, denied or expired.
"""

from dataclasses import dataclass
from typing import Literal

import msgspec

from trivium.vocabulary.decision import Finding, Stage
from trivium.vocabulary.envelope import digest
from trivium.vocabulary.record import Record

Verdict = Literal["allow", "deny", "edit"]
"""`edit`: allow what the reviewer made of it."""
State = Literal["pending", "settled", "expired", "redeemed"]
"""`pending`: no decision settles it yet. `expired`: nobody decided in time, which is
never an approval. `redeemed`: its one release was used."""


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What a ticket is opened for."""

    deployment: str
    request_id: str
    stage: Stage
    judged: bytes
    """Canonical JSON of exactly what was judged."""
    released: bytes
    """What the caller is given or has sent if it is allowed; JSON."""
    constitution: str
    """Digest of the constitution that decided."""
    findings: tuple[Finding, ...]
    """The guard's opinion, strictest first."""

    @property
    def provisions(self) -> tuple[str, ...]:
        """Ids of the provisions that applied, each once."""
        return tuple(dict.fromkeys(finding.provision for finding in self.findings))


@dataclass(frozen=True, kw_only=True)
class Ticket:
    """One thing that a person must decide, without its content."""

    id: str
    """`rev_` and 24 hex digits."""
    deployment: str
    request_id: str
    stage: Stage
    judged: str
    """`sha256:` of what was judged."""
    constitution: str
    provisions: tuple[str, ...]
    opened_at: float
    """Seconds since 1970."""
    expires_at: float
    blind: bool
    """Whether reviewers decide it without the guard's opinion."""
    double: bool
    """Whether two reviewers must agree."""
    state: State
    decisions: int
    """How many reviewers have decided."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A ticket as one reviewer sees it."""

    ticket: Ticket
    content: str
    """What was judged, as JSON text. A model or a user wrote it: escape it."""
    findings: tuple[Finding, ...] | None
    """The guard's opinion; None where the ticket is blind."""


class Settled(Record, frozen=True, kw_only=True):
    """How a ticket ended."""

    ticket: str
    request_id: str
    stage: Stage
    verdict: Verdict
    judged: str
    """Digest of what was judged."""
    constitution: str
    reviewers: tuple[str, ...]
    reason: str
    """Of the reviewer whose decision settled it."""
    released: msgspec.Raw
    """What may be given or sent; of an edit, the reviewer's version."""

    @property
    def allowed(self) -> bool:
        """Whether something is released."""
        return self.verdict != "deny"


def with_text(released: bytes, stage: Stage, text: str) -> bytes:
    """What is released, with a reviewer's text in place of the reply's, or of the last
    turn's."""
    plain = msgspec.json.decode(released)
    blocks = [{"type": "text", "text": text}]
    if stage == "reply":
        plain["content"] = blocks
    else:
        plain["request"]["messages"][-1]["content"] = blocks
    return msgspec.json.encode(plain)


def judged_digest(judged: bytes) -> str:
    """What decisions are bound to: `sha256:` of the canonical form."""
    return digest(judged)


__all__ = [
    "Draft",
    "Settled",
    "Shown",
    "Stage",
    "State",
    "Ticket",
    "Verdict",
    "judged_digest",
    "with_text",
]
