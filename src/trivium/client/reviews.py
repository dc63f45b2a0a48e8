"""What a caller does with a ticket: ask how it was decided, and take what was allowed.

`trivium.review` keeps the queue; `client.py` and `asynchronous.py` have the twins.
"""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from trivium.client.escalation import denied, pending
from trivium.errors import RequestError

if TYPE_CHECKING:
    from trivium.review import ReviewQueue, Settled

FIRST_PAUSE_S = 0.05
"""Between the first two looks at a ticket; each later pause is half as long again …"""
LONGEST_PAUSE_S = 2.0
"""… up to this."""


def taken(queue: "ReviewQueue", ticket: str, constitution: str) -> "Settled":
    """Use the release of a ticket. Raises `EscalatedError` while it is not decided,
    `BlockedError` when it was denied, and `ReviewError` when it expired or was used."""
    settled = queue.result(ticket)
    if settled is None:
        raise pending(ticket)
    if not settled.allowed:
        raise denied(settled)
    return queue.redeem(ticket, constitution=constitution)


def pauses(timeout_s: float) -> Iterator[float]:
    """How long to wait before each further look, until the time is over."""
    if not timeout_s >= 0:
        raise RequestError(
            f"`timeout_s` is {timeout_s!r}, expected seconds of at least 0."
        )
    until, pause_s = time.monotonic() + timeout_s, FIRST_PAUSE_S
    while (left_s := until - time.monotonic()) > 0:
        yield min(pause_s, left_s)
        pause_s = min(pause_s * 1.5, LONGEST_PAUSE_S)
