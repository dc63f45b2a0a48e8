"""Faults to order: what a cloud does on a bad day, on demand.

A fault never makes an endpoint laxer: a request must have passed authentication and
validation before a fault takes it (but for `expired_token`, which is itself about
authentication). Faults are taken in the order they were ordered.
"""

import asyncio
from typing import Annotated, Literal

import msgspec

from trivium_rehearsal.endpoints.configuration import Cloud, Positive

Kind = Literal[
    "rate_limit",  # 429 with retry-after
    "overloaded",  # 529; Bedrock 503 ServiceUnavailableException
    "internal",  # 500
    "model_error",  # Bedrock 424 ModelErrorException; elsewhere 500
    "expired_token",  # 401; Bedrock 403 ExpiredTokenException
    "stream_error",  # an exception frame or `event: error` after `after_events` events
    # a clean end after `after_events` events; a whole reply is cut in half with its
    # length adjusted
    "truncate",
    # a connection reset after `after_events` events; for a whole reply in the middle of
    # the body
    "abort",
    # a frame with a wrong checksum, or an event that is not JSON; a whole reply that is
    # not JSON
    "garbage",
    "drip",  # every byte `delay_s` apart
    # silence after `after_events` events, until the caller leaves or the faults are
    # reset
    "hang",
]

MidStream: frozenset[str] = frozenset(
    {"stream_error", "truncate", "abort", "garbage", "drip", "hang"}
)
"""Kinds that act on the answer itself; the others answer instead of it."""


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One order."""

    kind: Kind
    cloud: Cloud | None = None
    """None: whichever cloud is called."""
    times: Positive | None = 1
    """How many requests it takes; None: all until the faults are reset."""
    skip: Annotated[int, msgspec.Meta(ge=0)] = 0
    """How many matching requests pass before it begins."""
    model: str | None = None
    """Only requests for this model id or deployment."""
    stream: bool | None = None
    """Only streams (true) or only whole replies (false)."""
    after_events: Annotated[int, msgspec.Meta(ge=0)] = 0
    """Events of a stream that are sent before it acts; a shorter stream is stopped
    before its terminal event."""
    retry_after_s: Annotated[int, msgspec.Meta(ge=0)] | None = 1
    """The `retry-after` of `rate_limit` and `overloaded`, in seconds; None leaves the
    header out."""
    delay_s: Annotated[float, msgspec.Meta(ge=0)] = 0.01
    """Pause between two bytes of `drip`, in seconds."""
    error: str | None = None
    """The error type of `stream_error` (`overloaded_error`, `throttlingException`);
    None: the cloud's usual one."""


class _Order:
    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.skip = fault.skip
        self.left = fault.times

    def matches(self, cloud: Cloud, model: str, stream: bool) -> bool:
        fault = self.fault
        return (
            (self.left is None or self.left > 0)
            and fault.cloud in (None, cloud)
            and fault.model in (None, model)
            and fault.stream in (None, stream)
            and (stream or fault.kind != "stream_error")
        )


class Faults:
    """The orders that are still open."""

    def __init__(self) -> None:
        self._orders: list[_Order] = []
        self._released = asyncio.Event()

    def order(self, fault: Fault) -> None:
        self._orders.append(_Order(fault))

    def reset(self) -> None:
        """Forget all orders and let go of the requests that hang."""
        self._orders.clear()
        self._released.set()
        self._released = asyncio.Event()

    async def hang(self) -> None:
        """Wait until the faults are reset; a caller that leaves cancels the wait."""
        await self._released.wait()

    def take(
        self, cloud: Cloud, model: str, *, stream: bool, authentication: bool = False
    ) -> Fault | None:
        """The fault that this request suffers, counted as taken; None when it suffers
        none.

        `authentication` asks for those about the credential, otherwise for all others.
        """
        for order in self._orders:
            if (order.fault.kind == "expired_token") is not authentication:
                continue
            if not order.matches(cloud, model, stream):
                continue
            if order.skip > 0:
                order.skip -= 1
                continue
            if order.left is not None:
                order.left -= 1
            return order.fault
        return None

    def open(self) -> list[Fault]:
        """Orders that can still take a request."""
        return [
            order.fault
            for order in self._orders
            if order.left is None or order.left > 0
        ]
