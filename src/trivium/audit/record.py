"""The records of the audit log.

They never contain a prompt, a reply, a credential or the text that a detector matched.

Every attempt on a route writes one `Attempt`, including the failed attempts of a
failover and requests that were refused before anything was sent. A streamed reply
writes `Opened` first, because its text reaches the caller before it ends.
"""

from typing import Literal

import msgspec

from trivium.vocabulary.decision import Decision
from trivium.vocabulary.messages import Usage
from trivium.vocabulary.record import Record

FORMAT = 1
"""Version of the record format; see docs/audit-format.md."""

Outcome = Literal["answered", "blocked", "escalated", "refused", "failed", "abandoned"]
"""`answered`: the caller got the reply. `blocked`, `escalated`: the guard decided it.
`refused`: not sent for another reason (residency, guard failure, credentials).
`failed`: the route failed. `abandoned`: the caller left the stream."""


class Failure(Record, frozen=True, kw_only=True):
    """Why an attempt did not answer."""

    code: str
    """`TriviumError.code`, for example `rate_limited`."""
    status: int | None = None
    """HTTP status that the provider sent, if it is known."""
    provider_type: str | None = None
    """The provider's own name of the error; None when it gave none."""


class _Where(Record, frozen=True, kw_only=True):
    """What every record says: which request, and where it went."""

    time: str
    """When the record was created, RFC 3339 in UTC with microseconds."""
    request_id: str
    attempt: int
    """1 for the first attempt of a request."""
    deployment: str
    deployment_digest: str
    """`sha256:` of the descriptor's canonical form."""
    constitution: str
    """`sha256:` of the constitution."""
    route: str
    """Route id; "" when no route was chosen."""
    cloud: str = ""
    region: str = ""
    model_id: str = ""
    """The id that went over the wire."""
    model: str = ""
    """Catalogue key."""
    tier: str = ""
    destinations: tuple[str, ...] = ()
    """Where inference may have run."""
    streamed: bool = False
    rehearsal: bool = False
    user_id: str | None = None


class Opened(
    _Where,
    frozen=True,
    kw_only=True,
    tag_field="kind",
    tag="opened",
    omit_defaults=False,
):
    """A stream's first event is about to reach the caller."""


class Attempt(
    _Where,
    frozen=True,
    kw_only=True,
    tag_field="kind",
    tag="attempt",
    omit_defaults=False,
):
    """One attempt, complete."""

    outcome: Outcome
    decision: Decision
    usage: Usage = msgspec.field(default_factory=Usage)
    cost_usd: float | None = None
    """List price; None when nothing was used or the catalogue does not contain the
    model."""
    latency_s: float = 0.0
    """From sending the request to its last byte; 0 when nothing was sent."""
    first_event_s: float | None = None
    """From sending to the first event of a stream."""
    stop_reason: str | None = None
    provider_request_id: str | None = None
    failure: Failure | None = None


AuditRecord = Opened | Attempt
