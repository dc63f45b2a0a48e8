"""Bare HTTP servers for what the strict endpoints cannot show, and a client whose every
route leads to one."""

import socketserver
import threading
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.client.worlds import CREDENTIALS, SIGNER, described
from trivium import AsyncClient, Client, Options
from trivium.audit import AuditLog
from trivium.constitution import load_layers
from trivium.guard import Guard
from trivium.vocabulary.deployment import Deployment


@contextmanager
def listening(handler: type[socketserver.StreamRequestHandler]) -> Iterator[str]:
    """The address of a server on the first free port; it ends with the block."""
    server = _bound(handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def _bound(
    handler: type[socketserver.StreamRequestHandler],
) -> socketserver.ThreadingTCPServer:
    for port in range(24000, 25000):
        with suppress(OSError):
            return socketserver.ThreadingTCPServer(("127.0.0.1", port), handler)
    raise OSError("no port between 24000 and 25000 is free")


def read_request(handler: socketserver.StreamRequestHandler) -> bool:
    """Take one request off the connection; False when it was closed."""
    head = b"".join(iter(handler.rfile.readline, b"\r\n"))
    if head:
        handler.rfile.read(
            int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        )
    return bool(head)


@contextmanager
def client_to(
    address: str, directory: Path, options: Options | None = None
) -> Iterator[Client]:
    """A client over a deployment in `directory` that calls `address` on every route."""
    deployed, parts = _parts(address, directory)
    with Client(deployed, **parts, options=options) as client:
        yield client


@asynccontextmanager
async def async_client_to(
    address: str, directory: Path, options: Options | None = None
) -> AsyncGenerator[AsyncClient, None]:
    """`client_to`, in an event loop."""
    deployed, parts = _parts(address, directory)
    async with AsyncClient(deployed, **parts, options=options) as client:
        yield client


def _parts(address: str, directory: Path) -> tuple[Deployment, dict[str, Any]]:
    """Any: what a client is made of."""
    deployed = described(
        dict.fromkeys(("bedrock", "vertex", "foundry"), address), directory
    )
    guard = Guard(load_layers(deployed.constitution, base=directory))
    log = AuditLog.open(directory / "log", signer=SIGNER, deployment=deployed.name)
    return deployed, {"guard": guard, "log": log, "credentials": CREDENTIALS}
