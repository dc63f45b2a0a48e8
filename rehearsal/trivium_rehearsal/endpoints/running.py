"""All endpoints together, in the running event loop."""

from collections.abc import Awaitable, Iterator
from typing import NamedTuple

from trivium.errors import TriviumError
from trivium_rehearsal.endpoints.configuration import Configuration
from trivium_rehearsal.endpoints.models.bedrock import endpoint as bedrock
from trivium_rehearsal.endpoints.models.configuration import CLOUDS, Cloud, Scripted
from trivium_rehearsal.endpoints.models.desk import ModelDesk
from trivium_rehearsal.endpoints.models.foundry import endpoint as foundry
from trivium_rehearsal.endpoints.models.scripted import ScriptedSource
from trivium_rehearsal.endpoints.models.smollm2 import SmolLM2Source
from trivium_rehearsal.endpoints.models.text import Source
from trivium_rehearsal.endpoints.models.vertex import endpoint as vertex
from trivium_rehearsal.endpoints.serving import control, http
from trivium_rehearsal.endpoints.serving.faults import Faults
from trivium_rehearsal.endpoints.serving.ledger import Ledger

ENDPOINTS = CLOUDS
"""The names of all endpoints in faults and counters, whether they are served or not."""


class EndpointsError(TriviumError):
    """The endpoints could not be started. The message says what to do."""


class Served(NamedTuple):
    """One endpoint over HTTP."""

    name: Cloud
    handler: http.Handler
    port: int | None
    """None for a free one."""
    max_body_bytes: int
    """A larger body is refused unread."""


class Running:
    """The started endpoints, for use inside their event loop."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._source = _source(configuration)
        self._listeners: list[http.Listener] = []
        self.ledger = Ledger(ENDPOINTS)
        """What arrived at each endpoint."""
        self.faults = Faults(ENDPOINTS)
        """The faults that are ordered."""
        self.addresses: dict[str, str] = {}
        """Name to URL; `vertex_grpc` to host and port."""

    async def start(self) -> None:
        """Bind every port. Raises `EndpointsError`, with nothing left open."""
        try:
            await self._start()
        except OSError as error:
            await self.close()
            raise EndpointsError(
                f"The local endpoints could not start: {error}. Nothing is running."
                " Free the port, or leave it out of `ports` to use a free one."
            ) from error

    async def _start(self) -> None:
        for one in self._served():
            await self._open(one.name, self._http(one))
            if one.name == "vertex" and self._grpc:
                await self._open("vertex_grpc", self._vertex_grpc(one))
        await self._open("control", self._control())

    async def _open(self, name: str, listening: Awaitable[http.Listener]) -> None:
        """Wait until it listens, and note its address."""
        listener = await listening
        self._listeners.append(listener)
        self.addresses[name] = listener.address

    # ------------------------------------------------------------ what is served

    def _served(self) -> Iterator[Served]:
        """The endpoints that the configuration names."""
        settings, ports = self._configuration, self._configuration.ports
        if settings.bedrock is not None:
            yield Served(
                "bedrock",
                bedrock.BedrockEndpoint(settings.bedrock, self._desk("bedrock")),
                ports.bedrock,
                bedrock.MAX_BODY_BYTES,
            )
        if settings.vertex is not None:
            yield Served(
                "vertex",
                vertex.VertexEndpoint(settings.vertex, self._desk("vertex")),
                ports.vertex,
                vertex.MAX_BODY_BYTES,
            )
        if settings.foundry is not None:
            yield Served(
                "foundry",
                foundry.FoundryEndpoint(settings.foundry, self._desk("foundry")),
                ports.foundry,
                foundry.MAX_BODY_BYTES,
            )

    def _desk(self, cloud: Cloud) -> ModelDesk:
        """What an endpoint of a model API works with."""
        return ModelDesk(
            endpoint=cloud,
            mark=f"{self._source.label} (not Claude)",
            source=self._source,
            faults=self.faults,
            account=self.ledger.accounts[cloud],
        )

    @property
    def _grpc(self) -> bool:
        vertex_settings = self._configuration.vertex
        return vertex_settings is not None and vertex_settings.grpc

    # ------------------------------------------------------------ how it is served

    async def _http(self, one: Served) -> http.Listener:
        return await http.listen(
            one.handler,
            port=one.port,
            traffic=self.ledger.accounts[one.name],
            max_body_bytes=one.max_body_bytes,
        )

    async def _vertex_grpc(self, one: Served) -> http.Listener:
        """The same handler over gRPC, whose import is expensive."""
        from trivium_rehearsal.endpoints.models.vertex import grpc

        return await grpc.listen(
            one.handler,
            port=self._configuration.ports.vertex_grpc,
            traffic=self.ledger.accounts[one.name],
            max_body_bytes=one.max_body_bytes,
        )

    async def _control(self) -> http.Listener:
        return await http.listen(
            control.Control(self.ledger, self.faults, self.reset),
            port=self._configuration.ports.control,
            traffic=control.Unnoted(),
            max_body_bytes=control.MAX_BODY_BYTES,
        )

    def reset(self) -> None:
        """No faults, counters at zero, scripts from the beginning."""
        self.faults.reset()
        self.ledger.reset()
        self._source.reset()

    async def close(self) -> None:
        """Stop everything."""
        self.faults.reset()
        for listener in self._listeners:
            await listener.close()
        self._listeners.clear()
        await self._source.close()


async def start(configuration: Configuration) -> Running:
    """Start the endpoints in the running event loop."""
    running = Running(configuration)
    await running.start()
    return running


def _source(configuration: Configuration) -> Source:
    if isinstance(configuration.source, Scripted):
        return ScriptedSource(configuration.source)
    return SmolLM2Source(configuration.source)
