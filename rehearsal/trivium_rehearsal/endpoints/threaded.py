"""All endpoints in a thread with an event loop of its own, for tests."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import Future
from types import TracebackType
from typing import Any, TypeVar

from msgspec import convert

from trivium_rehearsal.endpoints.configuration import Configuration
from trivium_rehearsal.endpoints.running import EndpointsError, Running, start
from trivium_rehearsal.endpoints.serving.faults import Fault

_Result = TypeVar("_Result")
_START_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 15.0


class Endpoints:
    """The endpoints in a thread with an event loop of its own.

    >>> with Endpoints(configuration) as endpoints:  # doctest: +SKIP
    ...     endpoints.addresses["bedrock"]
    'http://127.0.0.1:24113'
    """

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._ready: Future[Running] = Future()
        self._thread = threading.Thread(
            target=self._run, name="trivium-endpoints", daemon=True
        )
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._running: Running | None = None

    def __enter__(self) -> "Endpoints":
        self._thread.start()
        self._running = self._ready.result(timeout=_START_TIMEOUT_S)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._loop is not None and self._stop is not None:
            # The loop may have ended on its own.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(timeout=_STOP_TIMEOUT_S)

    @property
    def addresses(self) -> dict[str, str]:
        """Name to URL: `bedrock`, `vertex`, `foundry`, `control`; `vertex_grpc` to host
        and port. An endpoint that is not served is absent."""
        return dict(self._started.addresses)

    def fault(self, kind: str, **fields: Any) -> None:  # judged by `Fault`
        """Order a fault with the keys of a `Fault` document.

        For instance `fault("truncate", cloud="vertex", after_events=3)`.
        """
        order = convert({"kind": kind, **fields}, Fault)
        self._call(lambda: self._started.faults.order(order))

    def counters(self) -> dict[str, Any]:  # JSON
        """For each endpoint: requests, answered, outcomes, bytes_in, bytes_out,
        complete."""
        return self._call(self._started.ledger.summary)

    def received_contains(self, text: str) -> dict[str, Any]:  # JSON
        """For each endpoint: how many requests contain the text, and whether every byte
        was kept."""
        return self._call(lambda: self._started.ledger.containing(text))

    def reset(self) -> None:
        """No faults, counters at zero, scripts from the beginning."""
        self._call(self._started.reset)

    @property
    def _started(self) -> Running:
        """The running endpoints; refuses to work outside a `with` block."""
        if self._running is None:
            raise EndpointsError(
                "The endpoints are not running; use them inside `with Endpoints(…) as"
                " endpoints:`."
            )
        return self._running

    def _call(self, function: Callable[[], _Result]) -> _Result:
        """Run in the loop's thread, so that a request never sees half a change."""
        if self._loop is None:
            raise EndpointsError("The endpoints are not running.")
        done: Future[_Result] = Future()

        def run() -> None:
            try:
                done.set_result(function())
            except BaseException as error:
                done.set_exception(error)

        self._loop.call_soon_threadsafe(run)
        return done.result(timeout=_START_TIMEOUT_S)

    def _run(self) -> None:
        """The thread: hand over an error of the start, raise a later one."""
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            if not self._ready.done():
                self._ready.set_exception(error)
                return
            raise

    async def _serve(self) -> None:
        """Serve until the owner leaves."""
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        running = await start(self._configuration)
        self._ready.set_result(running)
        try:
            await self._stop.wait()
        finally:
            await running.close()
