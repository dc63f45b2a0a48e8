"""What the tests of refusals share: ways to spoil a request, and the one claim."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from tests.endpoints import calls
from tests.endpoints.calls import Draft
from trivium_rehearsal.endpoints import Endpoints

Spoil = Callable[[Draft], Any]
"""Changes a request that would be answered. Any: what it returns does not count."""
Row = tuple[Callable[[], Draft], Spoil, int, str]
"""The request, what spoils it, and the status and error type of the answer."""


def changed(draft: Draft, **fields: Any) -> Draft:
    """The draft with other fields. Any: whatever fields a draft has."""
    for name, value in fields.items():
        setattr(draft, name, value)
    return draft


def after_signing(change: Callable[[Draft, dict[str, str]], Any]) -> Spoil:
    """Spoil the draft or its headers when the signature is made."""
    return lambda draft: setattr(draft, "after_signing", change)


def from_now(**later: float) -> dt.datetime:
    """A moment counted from the call: tests run for minutes."""
    return dt.datetime.now(dt.UTC) + dt.timedelta(**later)


def check_refused(endpoints: Endpoints, cloud: str, row: Row) -> None:
    """The spoiled request is refused as the row says, and nothing is answered."""
    build, spoil, status, error_type = row
    draft = build()
    spoil(draft)

    heard = calls.send(endpoints.addresses[cloud], draft)

    found = (heard.status, heard.error_type, heard.complete)
    assert found == (status, error_type, True)
    assert heard.headers["x-trivium-rehearsal"] == "scripted (not Claude)"
    assert endpoints.counters()[cloud]["answered"] == 0
