"""All stand-in providers in one process, one loopback port each.

``python -m trivium_rehearsal.server --ministack
URL|none`` prints one JSON line (``{"aws": port, …}``) when it is ready and serves until
it is told to end. The line's content is what
``PULUMI_DEBUG_PROVIDERS`` wants: see `StandIns.debug_providers`.
"""

import argparse
import json
import signal
import socket
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent import futures
from types import MappingProxyType, TracebackType
from typing import Final, Self

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from trivium_rehearsal.execution import Executors
from trivium_rehearsal.provider import StandInProvider
from trivium_rehearsal.sdk import PACKAGES

__all__ = ["StandIns", "main"]

PORTS: Final = range(20_000, 30_000)
"""Below the ports that operating systems hand out by themselves."""
_WORKERS: Final = 16
"""Threads for each provider: as many resources as the engine works on at once by
default (`--parallel`)."""
_MESSAGE_BYTES: Final = 400 * 1024 * 1024
"""The engine's own limit of a message (pulumi/pulumi,
``sdk/go/common/util/rpcutil``)."""


class StandIns:
    """The five stand-ins, serving on loopback while inside the context.

    `executors` maps AWS type tokens to what really executes them; without any, every
    resource is made up.
    """

    def __init__(self, executors: Executors = MappingProxyType({})) -> None:
        self._executors = executors
        self._servers: list[grpc.Server] = []
        self._ports: dict[str, int] = {}

    @property
    def ports(self) -> Mapping[str, int]:
        """Package to port."""
        return MappingProxyType(self._ports)

    @property
    def debug_providers(self) -> str:
        """The value of ``PULUMI_DEBUG_PROVIDERS`` that makes the engine use these
        providers."""
        return ",".join(f"{package}:{port}" for package, port in self._ports.items())

    def start(self) -> None:
        """Listen. Raises `OSError` when no port is free."""
        candidates = iter(PORTS)
        for package in PACKAGES:
            executors = self._executors if package == "aws" else MappingProxyType({})
            server = grpc.server(
                futures.ThreadPoolExecutor(_WORKERS, thread_name_prefix=package),
                options=[
                    ("grpc.max_receive_message_length", _MESSAGE_BYTES),
                    ("grpc.max_send_message_length", _MESSAGE_BYTES),
                    ("grpc.so_reuseport", 0),
                ],
            )
            provider_pb2_grpc.add_ResourceProviderServicer_to_server(
                StandInProvider(package, executors), server
            )
            self._ports[package] = _bound(server, candidates)
            server.start()
            self._servers.append(server)

    def stop(self) -> None:
        """Stop listening at once; calls in flight are cancelled. Twice is fine."""
        for stopping in [server.stop(grace=None) for server in self._servers]:
            stopping.wait(5)
        self._servers.clear()
        self._ports.clear()

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def _bound(server: grpc.Server, candidates: Iterator[int]) -> int:
    for port in candidates:
        # gRPC logs every address in use as an error of its own, so ask first.
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        try:
            if server.add_insecure_port(f"127.0.0.1:{port}") == port:
                return port
        except RuntimeError:
            continue
    raise OSError(
        f"No port from {PORTS.start} to {PORTS.stop - 1} is free on 127.0.0.1; end what"
        " listens there."
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM, SIGINT or the end of standard input's owner. Returns the
    exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m trivium_rehearsal.server", description=__doc__
    )
    parser.add_argument(
        "--ministack", required=True, help="URL of the local AWS emulator, or none"
    )
    url: str = parser.parse_args(arguments).ministack
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with StandIns(_executors(url)) as stand_ins:
        print(json.dumps(dict(stand_ins.ports)), flush=True)
        stop.wait()
    return 0


def _executors(url: str) -> Executors:
    if url == "none":
        return MappingProxyType({})
    from trivium_rehearsal.aws import executors

    return executors(url)


if __name__ == "__main__":
    sys.exit(main())
