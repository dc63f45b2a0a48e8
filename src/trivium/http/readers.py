"""Threads that read streams to their end, so that connections can be used again."""

import threading
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import NamedTuple

from pyreqwest.exceptions import PyreqwestError
from pyreqwest.request import SyncStreamRequest
from pyreqwest.response import SyncResponse

DRAIN_S = 0.25
"""How long a complete answer waits for the end of its connection's body. The two are
sent together, or within a round trip; a peer that withholds the second would otherwise
withhold the answer, too."""

_IDLE_S = 10.0
"""How long a thread with nothing to read is kept."""


class Readers:
    """Reads streams to their end, for `DRAIN_S` at most as the caller sees it:
    pyreqwest cannot end a blocking read before its time.

    A thread serves one stream after another, since starting one would cost as much as
    everything else at the end of a stream. One that a peer keeps waiting closes its
    connection when the peer, the read timeout or the end of the client releases it.
    """

    def __init__(self) -> None:
        self._idle: list[SimpleQueue[_Tail]] = []

    def read_out(self, request: SyncStreamRequest, response: SyncResponse) -> None:
        """Read the stream to its end and close it; a failure no longer matters."""
        tail = _Tail(request, response, threading.Event())
        try:
            self._idle.pop().put(tail)
        except IndexError:
            if not self._started(tail):
                request.__exit__(None, None, None)
                return
        tail.read.wait(DRAIN_S)

    def _started(self, tail: "_Tail") -> bool:
        """Whether a new thread took the stream. Where there can be no more threads, the
        next request needs a connection of its own."""
        thread = threading.Thread(
            target=self._work, args=(tail,), name="trivium-reader", daemon=True
        )
        try:
            thread.start()
        except RuntimeError:
            return False
        return True

    def _work(self, tail: "_Tail | None") -> None:
        """Read one stream after another until there is none for a while."""
        inbox: SimpleQueue[_Tail] = SimpleQueue()
        while tail:
            with suppress(PyreqwestError):
                while tail.response.body_reader.read_chunk() is not None:
                    pass
            tail.request.__exit__(None, None, None)
            # Before the waiter is released, so that the next stream finds this thread.
            self._idle.append(inbox)
            tail.read.set()
            del tail  # no answer is kept while there is nothing to do
            tail = self._next(inbox)

    def _next(self, inbox: "SimpleQueue[_Tail]") -> "_Tail | None":
        """The next stream to read, or None where the thread shall end."""
        try:
            return inbox.get(timeout=_IDLE_S)
        except Empty:
            try:
                self._idle.remove(inbox)
            except ValueError:
                return inbox.get()  # it was given one in the meantime
            return None


class _Tail(NamedTuple):
    """What is left of a stream after its terminal event."""

    request: SyncStreamRequest
    response: SyncResponse
    read: threading.Event
