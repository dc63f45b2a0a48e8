"""The serving parts without a model API: a small receiver of events, like a SIEM's."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from tests.endpoints import calls
from trivium_rehearsal.endpoints.serving import http
from trivium_rehearsal.endpoints.serving.bodies import parsed
from trivium_rehearsal.endpoints.serving.delivery import Desk
from trivium_rehearsal.endpoints.serving.faults import Fault, Faults
from trivium_rehearsal.endpoints.serving.http import Answer, Request
from trivium_rehearsal.endpoints.serving.ledger import Ledger
from trivium_rehearsal.endpoints.serving.refusals import RefusalError


class Dialect:
    """The receiver's words for what is not an answer."""

    def instead(self, fault: Fault) -> RefusalError:
        busy = RefusalError(503, "busy", {"text": "Server is busy", "code": 9})
        return busy.ordered_by(fault)

    def stream_error(self, kind: str | None) -> bytes:
        raise AssertionError("nothing is streamed")

    def garbage(self) -> bytes:
        raise AssertionError("nothing is streamed")


class Receiver:
    """Accepts JSON objects."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def __call__(self, request: Request, answer: Answer) -> None:
        await self._desk.attend(answer, self._receive(request, answer))

    async def _receive(self, request: Request, answer: Answer) -> str:
        malformed = RefusalError(400, "invalid", {"text": "Invalid data", "code": 6})
        parsed(request.body, otherwise=malformed)
        fault = self._desk.take("", stream=False, dialect=Dialect())
        return await self._desk.whole(answer, {"text": "Success"}, {}, fault)


@dataclass
class World:
    """A receiver that listens."""

    url: str
    faults: Faults
    ledger: Ledger

    async def send(self, body: object) -> calls.Heard:
        """Send one event."""
        draft = calls.Draft("/services/collector", body, {})
        return await asyncio.to_thread(calls.send, self.url, draft)


@asynccontextmanager
async def _listening() -> AsyncIterator[World]:
    ledger, faults = Ledger(["splunk"]), Faults(["splunk"])
    account = ledger.accounts["splunk"]
    desk = Desk(endpoint="splunk", mark="local", faults=faults, account=account)
    server = await http.listen(
        Receiver(desk), port=None, traffic=account, max_body_bytes=1024
    )
    try:
        yield World(server.address, faults, ledger)
    finally:
        await server.close()


def test_an_event_is_answered_kept_and_counted() -> None:
    async def run() -> None:
        async with _listening() as world:
            heard = await world.send({"event": "needle"})
            assert (heard.status, heard.json) == (200, {"text": "Success"})
            assert heard.headers["x-trivium-rehearsal"] == "local"
            assert world.ledger.summary()["splunk"]["outcomes"] == {"answered": 1}
            found = world.ledger.containing("needle")
            assert found == {"splunk": {"requests": 1, "complete": True}}

    asyncio.run(run())


def test_an_event_that_is_not_json_is_refused_and_kept() -> None:
    async def run() -> None:
        async with _listening() as world:
            assert (await world.send(b"needle")).status == 400
            summary = world.ledger.summary()["splunk"]
            assert summary["outcomes"] == {"refused:invalid": 1}
            assert world.ledger.containing("needle")["splunk"]["requests"] == 1

    asyncio.run(run())


def test_an_outage_lasts_as_long_as_it_was_ordered() -> None:
    async def run() -> None:
        async with _listening() as world:
            world.faults.order(Fault(kind="overloaded", times=2, retry_after_s=7))
            heard = [await world.send({"event": n}) for n in range(3)]
            assert [one.status for one in heard] == [503, 503, 200]
            assert heard[0].headers["retry-after"] == "7"

    asyncio.run(run())


def test_an_acknowledgement_can_be_cut_in_half() -> None:
    async def run() -> None:
        async with _listening() as world:
            world.faults.order(Fault(kind="truncate", endpoint="splunk"))
            heard = await world.send({"event": 1})
            assert (heard.status, heard.complete) == (200, True)
            with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
                json.loads(heard.body)

    asyncio.run(run())
