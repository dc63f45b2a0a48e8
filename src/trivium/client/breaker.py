"""A breaker for each route: one that keeps failing is left alone for a while."""

import threading
from collections.abc import Callable


class Breaker:
    """Open after `failures` failures in a row; after `pause_s` it lets one request
    through to try. Thread-safe."""

    def __init__(
        self, *, failures: int, pause_s: float, monotonic: Callable[[], float]
    ) -> None:
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
            return True

    def succeeded(self) -> None:
        """The route answered."""
        with self._mutex:
            self._failures = 0

    def failed(self) -> None:
        """The route failed in a way that is its own fault."""
        with self._mutex:
            self._failures += 1
            self._until = self._monotonic() + self._pause_s
