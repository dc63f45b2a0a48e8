"""What the drivers need of a client, and nothing else: its life and its credentials."""

import os
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from trivium.audit import AuditLog, AuditRecord
from trivium.client.effects import Send
from trivium.credentials import Authoriser
from trivium.errors import AuditError, AuditWriteError, RequestError, ReviewError
from trivium.http import FORKED, Request

if TYPE_CHECKING:  # SQLite is imported once something is escalated
    from trivium.review import Draft, ReviewQueue


class Lifetime:
    """How long a client may be used, and its log with it. Thread-safe.

    The log is closed by the last request that ends after the client was closed, so that
    its record is still kept.
    """

    def __init__(self, log: AuditLog) -> None:
        self.log = log
        """Where every attempt is recorded."""
        self._pid = os.getpid()
        self._mutex = threading.Lock()
        self._running = 0
        self._closed = False

    @property
    def forked(self) -> bool:
        """Whether this is another process than the one that made the client."""
        return self._pid != os.getpid()

    def begin(self) -> None:
        """A request begins. Raises `RequestError` where it could neither be sent nor
        recorded."""
        if self.forked:
            raise RequestError(
                f"This client was made in process {self._pid} and is used in"
                f" {os.getpid()}, which was forked from it. Neither its connections nor"
                " its audit log survive that, so nothing was sent.",
                next_step=FORKED,
            )
        with self._mutex:
            if self._closed:
                raise RequestError(
                    "The client is closed, so nothing was sent.",
                    next_step="Make another client.",
                )
            self._running += 1

    def end(self) -> bool:
        """A request has ended; whether the caller must now close the log."""
        with self._mutex:
            self._running -= 1
            return self._closed and not self._running

    def refuse_more(self) -> None:
        """Take no more requests."""
        with self._mutex:
            self._closed = True

    def close_log(self) -> None:
        """Close the log, or seal it where a request still runs: its record is yet to
        come, and the last one to end closes the log."""
        with self._mutex:
            running = self._running
        if not running:
            self.log.close()
            return
        # It may end at this moment, or its own record will say what is wrong.
        with suppress(AuditWriteError):
            self.log.seal()

    def append(self, record: AuditRecord) -> None:
        """Keep the record. Law 3: anything that goes wrong in the log is a record that
        is not kept, which is raised as `AuditError`."""
        try:
            self.log.append(record)
        except AuditError:
            raise
        except Exception as error:
            raise AuditWriteError(
                f"The audit log failed with {type(error).__name__}, so nothing is"
                " answered.",
                next_step=(
                    "Give the process a writable directory with free space"
                    " (TRIVIUM_AUDIT_DIR)."
                ),
            ) from error


class Surroundings:
    """What a driver performs effects with, besides its connections."""

    def __init__(
        self,
        life: Lifetime,
        authorisers: Mapping[str, Authoriser],
        reviews: Path | None = None,
    ) -> None:
        """`reviews`: the file of the review queue; None for a client without one."""
        self.life = life
        """The client's."""
        self._authorisers = authorisers
        self._reviews = reviews
        self._queue: ReviewQueue | None = None

    def queue(self) -> "ReviewQueue":
        """The review queue, opened when it is first needed. Raises `ReviewError`."""
        if self._reviews is None:
            raise ReviewError(
                "This client has no review queue.",
                next_step="Make it with `from_deployment`, or name one (reviews=).",
            )
        if self._queue is None:
            from trivium.review import ReviewQueue

            self._queue = ReviewQueue(self._reviews)
        return self._queue

    def escalate(self, draft: "Draft") -> str | None:
        """Open a ticket; returns its id, or None where there is no queue. Raises
        `ReviewError`."""
        return None if self._reviews is None else self.queue().open(draft).id

    def append(self, record: AuditRecord) -> None:
        """Keep the record. Raises `AuditError`."""
        self.life.append(record)

    def ready(self, effect: Send) -> bool:
        """Whether `authorised` returns without fetching a credential."""
        return self._authorisers[effect.route.id].ready

    def authorised(self, effect: Send) -> Request:
        """The request with the route's credential. Raises `CredentialsError`."""
        wire = effect.request
        authoriser = self._authorisers[effect.route.id]
        headers = authoriser.headers(wire.path, wire.headers, wire.body)
        return Request(
            effect.route.endpoint + wire.path,
            {**wire.headers, **headers},
            wire.body,
            timeout_s=effect.timeout_s,
        )

    def forget(self, route_id: str) -> None:
        """Fetch another credential for the route's next request."""
        self._authorisers[route_id].forget()
