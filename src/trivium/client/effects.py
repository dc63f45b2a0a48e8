"""What a request asks of the world, and what it is given back.

The core is a generator that yields effects; a driver has each performed and sends the
result in, or throws in what went wrong. A further effect is one class here and one case
in each performer (`performer.py`, `async_performer.py`); the drivers stay as they are.
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from trivium.audit.record import AuditRecord
from trivium.http import Answer
from trivium.vocabulary.deployment import Route
from trivium.vocabulary.messages import Event
from trivium.wire import WireRequest

if TYPE_CHECKING:  # imported by the client only once something is escalated
    from trivium.review import Draft

R = TypeVar("R")


@dataclass(frozen=True)
class Send:
    """POST it, after closing what an earlier attempt left open.

    The result is an `Answer`, with the whole body unless `stream` and status 200.
    """

    route: Route
    request: WireRequest
    stream: bool
    timeout_s: float


@dataclass(frozen=True)
class Read:
    """The next bytes of the open stream; the result is None at its end."""


@dataclass(frozen=True)
class Drain:
    """Read the open stream to its end, whatever happens, so that its connection can
    serve the next request."""


@dataclass(frozen=True)
class Forget:
    """The provider refuses the route's credential: fetch another next time."""

    route: Route


@dataclass(frozen=True)
class Sleep:
    """Wait."""

    seconds: float


@dataclass(frozen=True)
class Append:
    """Keep the record as durably as the deployment demands."""

    record: AuditRecord


@dataclass(frozen=True)
class Escalate:
    """Put something before reviewers; the result is the ticket's id, or None where the
    client has no queue."""

    draft: "Draft"


@dataclass(frozen=True)
class Emit:
    """Hand the events to the caller."""

    events: tuple[Event, ...]


Effect = Send | Read | Drain | Forget | Sleep | Append | Escalate | Emit
Steps = Generator[Effect, Any, R]
"""A request's effects, and what it returns. Any: each effect has a result of its
own."""


class Abandoned(Exception):  # noqa: N818 -- not an error: the caller left
    """Thrown in by the driver when the caller leaves a stream before its end."""


__all__ = [
    "Abandoned",
    "Answer",
    "Append",
    "Drain",
    "Effect",
    "Emit",
    "Escalate",
    "Forget",
    "Read",
    "Send",
    "Sleep",
    "Steps",
]
