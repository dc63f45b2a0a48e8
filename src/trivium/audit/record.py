"""The records of the audit log.

They never contain a prompt, a reply, a credential or the text that a detector matched.

Every attempt on a route writes one `Attempt`, including the failed attempts of a
failover and requests that were refused before anything was sent. A streamed reply
writes `Opened` first, because its text reaches the caller before it ends.

The other kinds say what an attempt alone cannot: which rules its digests stand for
(`Stated`), what a person decided (`Reviewed`), what was erased (`Erased`), and what an
evaluation, a drill or monitoring found (`Witnessed`).
"""

from typing import Literal

import msgspec

from trivium.vocabulary.decision import Action, Decision, Stage
from trivium.vocabulary.messages import Usage
from trivium.vocabulary.record import Record

FORMAT = 1
"""Version of the record format; see docs/audit-format.md."""

Outcome = Literal["answered", "blocked", "escalated", "refused", "failed", "abandoned"]
"""`answered`: the caller got the reply. `blocked`, `escalated`: the guard decided it.
`refused`: not sent for another reason (residency, guard failure, credentials).
`failed`: the route failed. `abandoned`: the caller left the stream."""

Purpose = Literal["answer", "critique", "revision", "judge", "probe"]
"""Whom an attempt served. `answer`: the caller. `critique` and `revision`: a provision
that asks for REVISE. `judge` and `probe`: an evaluation, monitoring or a drill."""


class Failure(Record, frozen=True, kw_only=True):
    """Why an attempt did not answer."""

    code: str
    """`TriviumError.code`, for example `rate_limited`."""
    status: int | None = None
    """HTTP status that the provider sent, if it is known."""
    provider_type: str | None = None
    """The provider's own name of the error; None when it gave none."""


class Round(Record, frozen=True, kw_only=True):
    """One round of criticising and rewriting a reply.

    Its calls have records of their own: their `request_id` is that of the request with
    `.1` for the first call, `.2` for the second and so on.
    """

    number: int
    """1 for the first round."""
    provisions: tuple[str, ...]
    """Ids of the provisions that the reply was rewritten for."""
    action: Action
    """The guard's action on the rewritten reply."""
    input_tokens: int = 0
    """Of the round's calls together."""
    output_tokens: int = 0
    cost_usd: float | None = None
    """List price of the round's calls; None when a price is not known."""


class Kept(Record, frozen=True, kw_only=True):
    """Where the encrypted content of an attempt lies; see docs/audit-format.md."""

    digest: str
    """`sha256:` of the ciphertext. The seal commits to this and to nothing else of the
    content."""
    key: str
    """Id of the key that decrypts it; the key may have been destroyed since."""
    file: str
    """Content file, relative to the log's directory."""
    offset: int
    """Where the ciphertext begins in the file, in bytes."""
    length: int
    """Bytes of ciphertext."""


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
    purpose: Purpose = "answer"
    evaluated: dict[Stage, dict[str, float]] = msgspec.field(default_factory=dict)
    """Stage → `layer/provision` → seconds: every provision that was evaluated, whether
    it found something or not."""
    rounds: tuple[Round, ...] = ()
    """Rounds of rewriting that ran before this outcome, oldest first."""
    ticket: str | None = None
    """The review that a person was asked for."""
    content: Kept | None = None
    """None when the deployment keeps no content."""


class Stated(
    Record,
    frozen=True,
    kw_only=True,
    tag_field="kind",
    tag="stated",
    omit_defaults=False,
):
    """A document that other records name by its digest: written once per log, so that a
    digest can be resolved from the log alone."""

    time: str
    deployment: str
    subject: Literal["descriptor", "layer"]
    name: str
    """The deployment's or the layer's name."""
    digest: str
    """`sha256:` of `document`."""
    document: str
    """Canonical JSON (RFC 8785)."""


class Reviewed(
    Record,
    frozen=True,
    kw_only=True,
    tag_field="kind",
    tag="reviewed",
    omit_defaults=False,
):
    """What one person decided about one ticket."""

    time: str
    deployment: str
    constitution: str
    """Digest of the constitution under which the ticket was opened."""
    ticket: str
    request_id: str
    judged: str
    """`sha256:` of exactly what was judged."""
    verdict: Literal["allow", "deny", "edit"]
    reviewer: str
    """The reviewer's id, as the identity provider states it."""
    reason: str
    """As the reviewer wrote it."""
    provisions: tuple[str, ...] = ()
    """Ids of the provisions that asked for the review."""
    seconds: float | None = None
    """From opening the ticket to deciding it; None when it was not shown first."""
    blind: bool = False
    """Whether the guard's opinion was hidden."""
    double: bool = False
    """Whether a second reviewer decides the ticket as well."""
    final: bool = True
    """Whether this decision settled the ticket."""


class Erased(
    Record,
    frozen=True,
    kw_only=True,
    tag_field="kind",
    tag="erased",
    omit_defaults=False,
):
    """The keys of a subject were destroyed: the tombstone of its content."""

    time: str
    deployment: str
    subject: str
    """HMAC of the subject's id under the log's own salt, never the id itself."""
    keys: tuple[str, ...]
    """Ids of the destroyed keys."""
    by: str
    """Who ordered it."""
    reason: str
    """For instance the ticket of a request under GDPR Art. 17."""


class Witnessed(
    Record,
    frozen=True,
    kw_only=True,
    tag_field="kind",
    tag="witnessed",
    omit_defaults=False,
):
    """An evaluation, a drill or monitoring came to a result. The result itself is a
    signed statement outside the log, named by its digest."""

    time: str
    deployment: str
    subject: Literal["evaluation", "drill", "monitoring", "alert"]
    name: str
    """Suite, drill or signal."""
    passed: bool
    """Whether its objective was met; an alert has none and says False."""
    statement: str
    """`sha256:` of the statement."""
    summary: str
    """One line without content, for instance `refusal rate 0.12 (0.08 to 0.17)`."""


AuditRecord = Opened | Attempt | Stated | Reviewed | Erased | Witnessed
