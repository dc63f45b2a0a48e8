"""A claim: one sentence that a rehearsal must show, and how it is shown.

A file of this folder holds one claim, as `CLAIM`. `make up` shows them all, in their
order; a drill shows a single one. A claim also says how many audit records it expects,
so that the log can be held against what really arrived.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from trivium.vocabulary.deployment import Deployment
from trivium_rehearsal.application import Application
from trivium_rehearsal.local_endpoints import Endpoints
from trivium_rehearsal.stack import Outcome


@dataclass(frozen=True)
class Answer:
    """One question that was answered."""

    route: str
    cloud: str
    tier: str
    text: str
    latency_ms: float
    guard_ms: float
    input_tokens: int
    output_tokens: int
    cost_usd: float


@dataclass
class Scene:
    """What a claim is shown with."""

    application: Application
    local: Endpoints
    deployment: Deployment
    """As it was signed."""
    outcome: Outcome
    """Of the deployment by the engine."""
    verified: Callable[[], Mapping[str, Any]]
    """Has `trivium audit verify` judge the log. Any: its JSON."""
    evaluated: Callable[[], Mapping[str, Any]]
    """Has `trivium eval run` ask the baseline's suite. Any: its JSON."""
    recorded_before: int
    """Records that the log held when the scene began."""
    expected: "Records" = field(default_factory=lambda: Records())
    """Records that the claims so far must have left."""


@dataclass(frozen=True)
class Records:
    """Audit records that a claim leaves."""

    arrived: int = 0
    """Requests that reached an endpoint: each is an attempt."""
    stopped: int = 0
    """Attempts that were stopped before anything was sent."""
    begun: int = 0
    """Streams of which the caller saw something: each has a second record."""

    def __add__(self, other: "Records") -> "Records":
        return Records(
            self.arrived + other.arrived,
            self.stopped + other.stopped,
            self.begun + other.begun,
        )

    @property
    def total(self) -> int:
        """All of them."""
        return self.arrived + self.stopped + self.begun


@dataclass(frozen=True)
class Shown:
    """What came of showing a claim."""

    holds: bool
    evidence: str
    """One line for a person."""
    answers: tuple[Answer, ...] = ()
    """Answers that the summary shows."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """Something that a rehearsal must show."""

    sentence: str
    order: int
    """Claims are shown from the lowest to the highest."""
    show: Callable[[Scene], Shown]
    stopped: int = 0
    """Attempts that it has stopped before anything is sent."""
    begun: int = 0
    """Streams of which it lets the caller see something."""


@dataclass(frozen=True)
class Proof:
    """A claim that was shown, or was not."""

    sentence: str
    holds: bool
    evidence: str
