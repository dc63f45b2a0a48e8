"""Streams that the caller forgot half way, without `with` and without reading on.

Python takes an iterator away at any moment, also in the middle of an append to the same
log. So that moment only puts the stream into a queue, which is safe, and a thread of
the client's own records it.
"""

import os
import threading
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Protocol

HELD: set[object] = set()
"""Requests that run. Python finalises what it finds unreachable in any order, so a
request that belonged to its client alone could be taken apart before its attempt is
recorded. Only a root of the interpreter's, such as this, keeps it whole."""


class Stream(Protocol):
    """What can be forgotten."""

    def settle(self) -> None:
        """Record that the caller dropped the stream."""


class Forgotten:
    """The forgotten streams of one client."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[Stream | None] = SimpleQueue()
        self._watched_by = 0

    def watch(self) -> None:
        """Start the thread, unless it runs in this process already."""
        if self._watched_by != os.getpid():
            self._watched_by = os.getpid()
            threading.Thread(
                target=_settle_until_told,
                args=(self._queue,),
                name="trivium-forgotten-streams",
                daemon=True,
            ).start()

    def add(self, stream: Stream) -> None:
        """Have it recorded. May be called from a destructor."""
        self._queue.put(stream)

    def settle(self) -> None:
        """Record here and now what is in the queue."""
        with suppress(Empty):
            while True:
                stream = self._queue.get_nowait()
                if stream is not None:
                    stream.settle()

    def __del__(self) -> None:
        self._queue.put(
            None
        )  # nobody is left who could forget a stream: end the thread


def _settle_until_told(queue: "SimpleQueue[Stream | None]") -> None:
    """Record forgotten streams, until None comes."""
    while (stream := queue.get()) is not None:
        # A failure belongs to that stream; the next one must be recorded all the same.
        with suppress(Exception):
            stream.settle()
        del stream  # nothing is kept while there is nothing to do
