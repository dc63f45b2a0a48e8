"""The door for whoever runs the rehearsal: order faults, read the counters, ask whether
a text arrived.

JSON over HTTP on 127.0.0.1, meant for the same machine and the same user. It never
gives out what was received.

- `POST /faults` with one fault or a list (fields in faults.py): 204.
- `GET /faults`: the orders still open.
- `GET /counters`: per cloud requests, answers, outcomes, bytes.
- `POST /received_contains` with `{"text": …}`: per cloud how many requests contain it.
- `POST /reset`: no faults, counters at zero, scripts from the beginning: 204.
"""

from collections.abc import Callable
from typing import Annotated

import msgspec

from trivium_rehearsal.endpoints.faults import Fault, Faults
from trivium_rehearsal.endpoints.http import Answer, Request
from trivium_rehearsal.endpoints.ledger import Ledger

MAX_BODY_BYTES = 1024 * 1024


class _Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    text: Annotated[str, msgspec.Meta(min_length=1)]


class Control:
    """Serves the control door."""

    def __init__(
        self, ledger: Ledger, faults: Faults, reset: Callable[[], None]
    ) -> None:
        self._ledger = ledger
        self._faults = faults
        self._reset = reset

    async def __call__(self, request: Request, answer: Answer) -> None:
        try:
            status, body = self._serve(request)
        except msgspec.DecodeError as error:
            status, body = 400, {"error": f"The request cannot be used: {error}."}
        data = b"" if body is None else msgspec.json.encode(body)
        await answer.whole(
            status, {"content-type": "application/json"} if data else {}, data
        )

    def _serve(self, request: Request) -> tuple[int, object]:
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
        known = (
            "POST /faults, GET /faults, GET /counters, POST /received_contains, POST"
            " /reset"
        )
        return 404, {
            "error": (
                f"{request.method} {request.path[:100]} is not served here. Served:"
                f" {known}."
            )
        }
