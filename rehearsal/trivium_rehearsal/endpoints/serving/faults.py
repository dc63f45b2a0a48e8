"""Faults to order: how a service fails on a bad day, on demand.

A fault never makes an endpoint laxer. A request must pass authentication and validation
before a fault affects it; only `expired_token`, which is about authentication itself,
comes earlier. Faults take effect in the order in which they were ordered.
"""

import asyncio
from collections.abc import Collection
from typing import Literal

import msgspec

from trivium_rehearsal.endpoints.serving.records import (
    Count,
    Name,
    Positive,
    Record,
    Seconds,
)

Kind = Literal[
    # Instead of the answer:
    "rate_limit",
    "overloaded",
    "internal",
    "model_error",
    "expired_token",
    # In the answer:
    "stream_error",
    "truncate",
    "abort",
    "garbage",
    "drip",
    "hang",
]
"""What goes wrong.

- `rate_limit`: 429 with `retry-after`.
- `overloaded`: 529; on Bedrock 503 ServiceUnavailableException.
- `internal`: 500.
- `model_error`: 500; on Bedrock 424 ModelErrorException.
- `expired_token`: 401; on Bedrock 403 ExpiredTokenException.
- `stream_error`: the protocol's error event after `after_events` events.
- `truncate`: a clean end after `after_events` events. A whole reply is cut in half and
  its length says so.
- `abort`: a connection reset after `after_events` events, or in the middle of a whole
  reply.
- `garbage`: a frame with a wrong checksum, an event that is not JSON, or a whole reply
  that is not JSON.
- `drip`: one byte every `delay_s`.
- `hang`: silence after `after_events` events, until the caller leaves or the faults are
  reset.
"""

InAnswer: frozenset[str] = frozenset(
    {"stream_error", "truncate", "abort", "garbage", "drip", "hang"}
)
"""Kinds that act on the answer itself. The others replace it."""


class UnknownEndpointError(Exception):
    """A fault names an endpoint that does not exist."""


class Fault(Record, frozen=True, kw_only=True):
    """One order."""

    kind: Kind
    endpoint: Name | None = msgspec.field(default=None, name="cloud")
    """Only requests to this endpoint (the key `cloud` in a document); None: to any."""
    times: Positive | None = 1
    """How many requests it affects. None: all until the faults are reset."""
    skip: Count = 0
    """How many matching requests pass before it begins."""
    model: str | None = None
    """Only requests for this model id or deployment. An endpoint without models never
    matches."""
    stream: bool | None = None
    """Only streams (true) or only whole replies (false)."""
    after_events: Count = 0
    """Events of a stream that are sent before it acts. A shorter stream stops before
    its terminal event."""
    retry_after_s: Count | None = 1
    """The `retry-after` of `rate_limit` and `overloaded`, in seconds. None: no such
    header."""
    delay_s: Seconds = 0.01
    """Pause between two bytes of `drip`, in seconds."""
    error: str | None = None
    """The error type of `stream_error` (`overloaded_error`, `throttlingException`).
    None: the endpoint's usual one."""


class _Order:
    """A fault and how often it can still act."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.skip = fault.skip
        self.left = fault.times

    @property
    def open(self) -> bool:
        return self.left is None or self.left > 0

    def matches(self, endpoint: str, model: str, stream: bool) -> bool:
        fault = self.fault
        return (
            self.open
            and fault.endpoint in (None, endpoint)
            and fault.model in (None, model)
            and fault.stream in (None, stream)
            and (stream or fault.kind != "stream_error")
        )

    def spent(self) -> bool:
        """Count one matching request; true if the fault affects it."""
        if self.skip > 0:
            self.skip -= 1
            return False
        if self.left is not None:
            self.left -= 1
        return True


class Faults:
    """The open orders for a set of endpoints."""

    def __init__(self, endpoints: Collection[str]) -> None:
        self._endpoints = endpoints
        self._orders: list[_Order] = []
        self._released = asyncio.Event()

    def order(self, fault: Fault) -> None:
        """Add an order. Raises `UnknownEndpointError`."""
        if fault.endpoint is not None and fault.endpoint not in self._endpoints:
            raise UnknownEndpointError(
                f"No endpoint is called `{fault.endpoint[:100]}`, so the fault would"
                f" never act; nothing was ordered. Known: {', '.join(self._endpoints)}"
            )
        self._orders.append(_Order(fault))

    def reset(self) -> None:
        """Forget all orders and release the requests that hang."""
        self._orders.clear()
        self._released.set()
        self._released = asyncio.Event()

    async def hang(self) -> None:
        """Wait until the faults are reset. A caller that leaves cancels the wait."""
        await self._released.wait()

    def take(
        self, endpoint: str, model: str, *, stream: bool, authentication: bool = False
    ) -> Fault | None:
        """The fault that affects this request, counted as used; None if there is none.

        `authentication` selects the faults about the credential, otherwise all others.
        """
        for order in self._orders:
            if (order.fault.kind == "expired_token") is not authentication:
                continue
            if order.matches(endpoint, model, stream) and order.spent():
                return order.fault
        return None

    def open(self) -> list[Fault]:
        """Orders that can still affect a request."""
        return [order.fault for order in self._orders if order.open]
