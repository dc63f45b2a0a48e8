"""Effects, performed in the caller's thread; one performer per request.

The twin for an event loop is `async_performer.py`. A new effect needs a case in both.
"""

import threading
from typing import Any

from trivium.client.effects import (
    Answer,
    Append,
    Drain,
    Effect,
    Escalate,
    Forget,
    Read,
    Send,
    Sleep,
)
from trivium.client.surroundings import Surroundings
from trivium.errors import DeadlineError, RouteError, TransportError
from trivium.http import NoAnswerError, Readers, SyncExchange, SyncPools


class SyncPerformer:
    """Performs effects in the caller's thread."""

    def __init__(
        self, surroundings: Surroundings, pools: SyncPools, readers: Readers
    ) -> None:
        self._surroundings = surroundings
        self._exchange = SyncExchange(pools, readers)

    def perform(
        self, effect: Effect
    ) -> Any:  # Any: each effect has a result of its own
        """Do it, and return its result. Raises what the core is to decide about."""
        match effect:
            case Read():
                return self._read()
            case Send():
                return self._send(effect)
            case Append(record=record):
                return self._surroundings.append(record)
            case Escalate(draft=draft):
                return self._surroundings.escalate(draft)
            case Drain():
                return self._exchange.drain()
            case Sleep(seconds=seconds):
                return threading.Event().wait(seconds)
            case Forget(route=route):
                return self._surroundings.forget(route.id)
        raise AssertionError(f"no performer for {type(effect).__name__}")

    def close(self) -> None:
        """Close what is still open."""
        self._exchange.close()

    def _send(self, effect: Send) -> Answer:
        request = self._surroundings.authorised(effect)
        try:
            return self._exchange.send(request, stream=effect.stream)
        except NoAnswerError as error:
            raise route_error(error) from error

    def _read(self) -> bytes | None:
        try:
            return self._exchange.read()
        except NoAnswerError as error:
            raise route_error(error) from error


def route_error(error: NoAnswerError) -> RouteError:
    """What a missing answer means on a route to a model."""
    found, remedy = error.meaning
    if error.cause == "timeout":
        return DeadlineError("The provider did not answer in time.")
    if error.cause == "cut":
        return TransportError("The connection to the provider was cut.", cause="cut")
    return TransportError(f"The provider {found}.", cause=error.cause, next_step=remedy)
