"""All endpoints together, in this thread's loop or in a thread of their own."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import Future
from types import TracebackType
from typing import Any, TypeVar

from trivium.errors import TriviumError
from trivium_rehearsal.endpoints import bedrock, control, foundry, http, vertex
from trivium_rehearsal.endpoints.configuration import Cloud, Configuration, Scripted
from trivium_rehearsal.endpoints.delivery import Desk
from trivium_rehearsal.endpoints.faults import Fault, Faults
from trivium_rehearsal.endpoints.ledger import Ledger
from trivium_rehearsal.endpoints.scripted import ScriptedSource
from trivium_rehearsal.endpoints.smollm2 import SmolLM2Source
from trivium_rehearsal.endpoints.text import Source

_Result = TypeVar("_Result")
_START_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 15.0


class EndpointsError(TriviumError):
    """The endpoints could not be started; the message says what to do."""


class Running:
    """The started endpoints, inside their loop."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.ledger = Ledger()
        self.faults = Faults()
        self.addresses: dict[str, str] = {}
        self._servers: list[Any] = []  # http.Server and GrpcServer: both have `close`

    async def start(self, configuration: Configuration) -> None:
        """Bind every port. Raises `EndpointsError`, with nothing left open."""
        try:
            await self._start(configuration)
        except OSError as error:
            await self.close()
            raise EndpointsError(
                f"The rehearsal's model endpoints could not start: {error}. Free the"
                " port or leave it out of `ports`, so that a free one is taken."
            ) from error

    async def _start(self, configuration: Configuration) -> None:
        ports = configuration.ports
        if configuration.bedrock is not None:
            handler: http.Handler = bedrock.BedrockEndpoint(
                configuration.bedrock, self._desk("bedrock")
            )
            await self._listen(
                "bedrock", handler, ports.bedrock, bedrock.MAX_BODY_BYTES
            )
        if configuration.vertex is not None:
            handler = vertex.VertexEndpoint(configuration.vertex, self._desk("vertex"))
            await self._listen("vertex", handler, ports.vertex, vertex.MAX_BODY_BYTES)
            if configuration.vertex.grpc:
                await self._listen_grpc(handler, ports.vertex_grpc)
        if configuration.foundry is not None:
            handler = foundry.FoundryEndpoint(
                configuration.foundry, self._desk("foundry")
            )
            await self._listen(
                "foundry", handler, ports.foundry, foundry.MAX_BODY_BYTES
            )
        door = control.Control(self.ledger, self.faults, self.reset)
        server = await http.listen(
            door,
            port=ports.control,
            traffic=_Unnoted(),
            max_body_bytes=control.MAX_BODY_BYTES,
        )
        self._servers.append(server)
        self.addresses["control"] = server.url

    def _desk(self, cloud: Cloud) -> Desk:
        return Desk(
            cloud=cloud,
            source=self.source,
            faults=self.faults,
            account=self.ledger.accounts[cloud],
        )

    async def _listen(
        self, cloud: Cloud, handler: http.Handler, port: int | None, limit: int
    ) -> None:
        traffic = self.ledger.accounts[cloud]
        server = await http.listen(
            handler, port=port, traffic=traffic, max_body_bytes=limit
        )
        self._servers.append(server)
        self.addresses[cloud] = server.url

    async def _listen_grpc(self, handler: http.Handler, port: int | None) -> None:
        from trivium_rehearsal.endpoints import vertex_grpc

        server = await vertex_grpc.listen(
            handler,
            port=port,
            traffic=self.ledger.accounts["vertex"],
            max_body_bytes=vertex.MAX_BODY_BYTES,
        )
        self._servers.append(server)
        self.addresses["vertex_grpc"] = server.address

    def reset(self) -> None:
        """No faults, counters at zero, scripts from the beginning."""
        self.faults.reset()
        self.ledger.reset()
        if isinstance(self.source, ScriptedSource):
            self.source.reset()

    async def close(self) -> None:
        """End everything."""
        self.faults.reset()
        for server in self._servers:
            await server.close()
        self._servers.clear()
        await self.source.close()


class _Unnoted:
    """The control door's own traffic is nobody's concern."""

    def opened(self, head: bytes) -> int:  # noqa: ARG002 - the server's interface
        return 0

    def received(self, number: int, data: bytes) -> None:
        pass

    def unreadable(self, data: bytes) -> None:
        pass

    def sent(self, size: int) -> None:
        pass


async def start(configuration: Configuration) -> Running:
    """Start the endpoints in the running loop."""
    running = Running(_source(configuration))
    await running.start(configuration)
    return running


def _source(configuration: Configuration) -> Source:
    if isinstance(configuration.source, Scripted):
        return ScriptedSource(configuration.source)
    return SmolLM2Source(configuration.source)


class Endpoints:
    """The endpoints in a thread with a loop of its own.

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
            with contextlib.suppress(RuntimeError):  # the loop has ended on its own
                self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(timeout=_STOP_TIMEOUT_S)

    @property
    def addresses(self) -> dict[str, str]:
        """`bedrock`, `vertex`, `foundry` and `control` as URLs, `vertex_grpc` as host
        and port; what is not served is absent."""
        return dict(self._started.addresses)

    def fault(
        self, kind: str, **fields: Any
    ) -> None:  # the fields of `Fault`, which are judged there
        """Order a fault, for instance `fault("truncate", cloud="vertex",
        after_events=3)`."""
        from msgspec import convert

        order = convert({"kind": kind, **fields}, Fault)
        self._call(lambda: self._started.faults.order(order))

    def counters(self) -> dict[str, Any]:
        """Per cloud: requests, answered, outcomes, bytes_in, bytes_out, complete."""
        return self._call(self._started.ledger.summary)

    def received_contains(self, text: str) -> dict[str, Any]:
        """Per cloud: how many requests contain the text, and whether everything was
        kept to look through."""
        return self._call(lambda: self._started.ledger.containing(text))

    def reset(self) -> None:
        """No faults, counters at zero, scripts from the beginning."""
        self._call(self._started.reset)

    @property
    def _started(self) -> Running:
        if self._running is None:
            raise EndpointsError(
                "The endpoints are not running; use them inside `with Endpoints(…) as"
                " endpoints:`."
            )
        return self._running

    def _call(self, function: Callable[[], _Result]) -> _Result:
        """Run in the loop's thread, so that no request sees half a change."""
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
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            if not self._ready.done():
                self._ready.set_exception(error)
                return
            raise

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        running = await start(self._configuration)
        self._ready.set_result(running)
        try:
            await self._stop.wait()
        finally:
            await running.close()
