"""What the three key services' stand-ins share: a server on loopback, keys, and ways to
fail.

A stand-in refuses what the real service refuses; what it answers can then be spoilt on
its way out. The requests are read by the standard library's server, because a vendor's
client insists on TLS.
"""

import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol, TypeVar

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from trivium.credentials.kms import ProvenSigner
from trivium_rehearsal.endpoints.serving.http import HOST, Request, candidates

PrivateKey = EllipticCurvePrivateKey | RSAPrivateKey


@dataclass(frozen=True)
class Reply:
    """One whole answer."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def written(status: int, document: Any, **headers: str) -> Reply:
    """A JSON answer. Any: JSON."""
    sent = {
        "content-type": "application/json",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    return Reply(status, json.dumps(document).encode(), sent)


class RefusedError(Exception):
    """The service says no, with this answer."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


@dataclass
class Kept:
    """A key in the service's hands."""

    private: PrivateKey
    kind: str
    """As the service calls it."""
    enabled: bool = True


class StandIn(Protocol):
    """A key service, as the tests for all three use it."""

    url: str
    name: str
    """A key on P-256 that may sign, named as its cloud's component exports it."""
    public_pem: bytes
    """Its public half."""
    keys: dict[Any, Kept]
    """Its keys. Any: by name, and in a vault by name and version."""
    requests: list[Request]
    asked: list[str]
    """The operations that were done, in order."""
    spoil: Callable[[str, dict[str, Any]], None]
    """Changes an answer to an operation on its way out."""
    instead: Reply | None
    """Answers everything, where it is set."""

    def signer(self, name: str = "", *, token: str = "") -> ProvenSigner:
        """A signer over the service's key, or over another."""

    def another(self, kind: str) -> str:
        """The name of one more key: `disabled`, `another curve`, `RSA`, or `missing`
        for one that is not there."""

    def forbid(self) -> None:
        """From now on the identity may do nothing."""

    def swap(self) -> None:
        """From now on another private key lies behind the same name."""


class Asked:
    """The part of a stand-in that answers: subclasses say what an operation is."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.requests: list[Request] = []
        self.instead: Reply | None = None
        self.spoil: Callable[[str, dict[str, Any]], None] = lambda _operation, _answer: (
            None
        )
        self.allowed = True
        self.url = ""

    def forbid(self) -> None:
        self.allowed = False

    def handle(self, request: Request) -> Reply:
        self.requests.append(request)
        if self.instead is not None:
            return self.instead
        try:
            operation, answer = self.answer(request)
        except RefusedError as refused:
            return refused.reply
        self.asked.append(operation)
        self.spoil(operation, answer)
        return written(200, answer)

    def answer(self, request: Request) -> tuple[str, dict[str, Any]]:
        """The operation and its answer. Raises `RefusedError`."""
        raise NotImplementedError


S = TypeVar("S", bound=Asked)


@contextmanager
def listening(made: Callable[[], S]) -> Iterator[S]:
    """A stand-in that can be asked, at its `url`."""
    service = made()
    with serving(service.handle) as service.url:
        yield service


@contextmanager
def serving(
    handle: Callable[[Request], Reply], certificate: Path | None = None
) -> Iterator[str]:
    """The address of a server on loopback; over TLS with `certificate`, a PEM file of a
    key and its certificate."""
    server = _bound(handle)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
    )
    thread.start()
    try:
        yield f"http{'s' if certificate else ''}://{HOST}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _bound(handle: Callable[[Request], Reply]) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = tuple(
                (name.lower(), value) for name, value in self.headers.items()
            )
            reply = handle(
                Request(
                    method=self.command, target=self.path, headers=headers, body=body
                )
            )
            self.send_response(reply.status)
            for name, value in {
                **reply.headers,
                "content-length": str(len(reply.body)),
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            """Nothing: requests carry tokens."""

    for port in candidates(None):
        with suppress(OSError):
            return ThreadingHTTPServer((HOST, port), Handler)
    raise OSError("no port is free")
