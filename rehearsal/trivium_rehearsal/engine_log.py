"""What a stand-in tells the user beside its answers: warnings in the engine's log.

The protocol's answers have no place for a remark about something accepted. The engine
takes such a remark by a service of its own, whose address it gives every provider.
"""

import contextlib
from collections.abc import Callable
from functools import cache
from typing import Any

import grpc
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

__all__ = ["EngineLog"]

_TIMEOUT_S = 5.0
"""The engine answers at once or is gone."""


@cache
def _connected(address: str) -> Any:  # the generated stub carries no types
    return engine_pb2_grpc.EngineStub(grpc.insecure_channel(address))


class EngineLog:
    """The logs of the engines that are attached to one provider."""

    def __init__(self, connect: Callable[[str], Any] = _connected) -> None:
        self._connect = connect
        self._addresses: dict[str, str] = {}
        self._last = ""

    def attach(self, peer: str, address: str) -> None:
        """Remember where the engine behind the connection `peer` listens."""
        if address:
            self._addresses[peer] = self._last = address

    def warn(self, peer: str, urn: str, text: str) -> None:
        """Show `text` with the resource `urn`. Without an engine, nobody reads it."""
        address = self._addresses.get(peer, self._last)
        if not address:
            return
        request = engine_pb2.LogRequest(
            severity=engine_pb2.LogSeverity.WARNING, message=text, urn=urn
        )
        # An engine that ended in the meantime has no reader left.
        with contextlib.suppress(grpc.RpcError):
            self._connect(address).Log(request, timeout=_TIMEOUT_S)
