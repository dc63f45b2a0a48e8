"""A breaker for each route: one that keeps failing is left alone for a while."""

import logging
import threading
from collections.abc import Callable

_LOG = logging.getLogger("trivium.client")


class Breaker:
    """Open after `failures` failures in a row; after `pause_s` it lets one request
    through to try. Thread-safe."""

    def __init__(
        self,
        name: str,
        *,
        failures: int,
        pause_s: float,
        monotonic: Callable[[], float],
    ) -> None:
        self._name = name
        self._limit = failures
        self._pause_s = pause_s
        self._monotonic = monotonic
        self._mutex = threading.Lock()
        self._failures = 0
        self._until = 0.0

    @property
    def closed(self) -> bool:
        """Whether requests may pass. Asking while half open takes the one try."""
        with self._mutex:
            if self._failures < self._limit:
                return True
            if self._monotonic() < self._until:
                return False
            self._until = self._monotonic() + self._pause_s
        _LOG.info("%s: breaker half open, one request tries the route", self._name)
        return True

    def succeeded(self) -> None:
        """The route answered."""
        with self._mutex:
            self._failures = 0

    def failed(self) -> bool:
        """The route failed in a way that is its own fault; whether that opened the
        breaker."""
        with self._mutex:
            self._failures += 1
            self._until = self._monotonic() + self._pause_s
            return self._failures == self._limit
