"""The control API: order faults, read the counters, ask whether a text arrived.

JSON over HTTP on 127.0.0.1, for the process that runs the rehearsal. It never gives out
what was received.

- `POST /faults` with one fault or a list (fields in faults.py): 204.
- `GET /faults`: the orders that are still open.
- `GET /counters`: per endpoint requests, answers, outcomes and bytes.
- `POST /received_contains` with `{"text": …}`: per endpoint how many requests contain
  the text.
- `POST /reset`: no faults, counters at zero, scripts from the beginning: 204.
"""

from collections.abc import Callable
from typing import Annotated

import msgspec

from trivium_rehearsal.endpoints.serving.faults import (
    Fault,
    Faults,
    UnknownEndpointError,
)
from trivium_rehearsal.endpoints.serving.http import Answer, Request
from trivium_rehearsal.endpoints.serving.ledger import Ledger
from trivium_rehearsal.endpoints.serving.records import Record

MAX_BODY_BYTES = 1024 * 1024
_SERVED = (
    "POST /faults, GET /faults, GET /counters, POST /received_contains, POST /reset"
)


class _Question(Record, frozen=True):
    text: Annotated[str, msgspec.Meta(min_length=1)]


class Control:
    """Serves the control API."""

    def __init__(
        self, ledger: Ledger, faults: Faults, reset: Callable[[], None]
    ) -> None:
        self._ledger = ledger
        self._faults = faults
        self._reset = reset

    async def __call__(self, request: Request, answer: Answer) -> None:
        try:
            status, body = self._serve(request)
        except (msgspec.DecodeError, UnknownEndpointError) as error:
            status, body = 400, {"error": f"The request cannot be used: {error}."}

        data = b"" if body is None else msgspec.json.encode(body)
        headers = {"content-type": "application/json"} if data else {}
        await answer.whole(status, headers, data)

    def _serve(self, request: Request) -> tuple[int, object]:
        """Status and JSON of the answer; None for no content."""
        match request.method, request.path:
            case "POST", "/faults":
                ordered = msgspec.json.decode(request.body, type=Fault | list[Fault])
                for fault in ordered if isinstance(ordered, list) else [ordered]:
                    self._faults.order(fault)
                return 204, None
            case "GET", "/faults":
                return 200, self._faults.open()
            case "GET", "/counters":
                return 200, self._ledger.summary()
            case "POST", "/received_contains":
                question = msgspec.json.decode(request.body, type=_Question)
                return 200, self._ledger.containing(question.text)
            case "POST", "/reset":
                self._reset()
                return 204, None
            case method, path:
                text = f"{method} {path[:100]} is not served. Served: {_SERVED}."
                return 404, {"error": text}


class Unnoted:
    """The `Traffic` of the control API itself, which nobody counts."""

    def opened(self, head: bytes) -> int:  # noqa: ARG002 - the server's interface
        return 0

    def received(self, number: int, data: bytes) -> None:
        pass

    def unreadable(self, data: bytes) -> None:
        pass

    def sent(self, size: int) -> None:
        pass
