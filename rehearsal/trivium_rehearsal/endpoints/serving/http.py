"""An HTTP/1.1 server whose handlers control every byte of the answer.

h11 decides what is HTTP; this module moves bytes and owns the connection. A handler can
answer properly or rehearse a fault: send less than it promised, stop in the middle, or
reset the connection. The server has no routing, no compression and no TLS, and listens
on 127.0.0.1 only.
"""

import asyncio
import contextlib
import random
import socket
import struct
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol
from urllib.parse import parse_qsl, unquote

import h11

HOST = "127.0.0.1"
PORTS = range(20_000, 30_000)
"""Below Linux's default ephemeral range (net.ipv4.ip_local_port_range, 32768), so no
outgoing connection takes one of them."""
_ATTEMPTS = 200
_MAX_HEAD_BYTES = 64 * 1024
_ZERO_WEIGHTS = frozenset({"q=0", "q=0.0", "q=0.00", "q=0.000"})
"""Not acceptable at all (RFC 9110, 12.4.2)."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """One complete request."""

    method: str
    """`GET`, `POST`, …"""
    target: str
    """As it stood on the request line, still percent-encoded."""
    headers: tuple[tuple[str, str], ...]
    """In order of arrival, names in lower case; a name may repeat."""
    body: bytes
    """Decoded from its transfer coding."""
    too_large: bool = False
    """The body exceeded the server's limit. `body` is then empty."""

    @property
    def path(self) -> str:
        """The target without its query, still percent-encoded."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> dict[str, str]:
        """Decoded query parameters; the last value of a repeated name."""
        return dict(parse_qsl(self.target.partition("?")[2], keep_blank_values=True))

    def header(self, name: str) -> str | None:
        """The first value of a header (name in lower case), or None."""
        return next((value for key, value in self.headers if key == name), None)

    @property
    def segments(self) -> tuple[str, ...]:
        """The path's segments. Each is decoded after the split, so an encoded slash
        does not split."""
        return tuple(unquote(segment) for segment in self.path.lstrip("/").split("/"))

    def accepts(self, *media_types: str) -> bool:
        """Whether `Accept` allows one of the media types. A request without the header
        allows all (RFC 9110, 12.5.1)."""
        header = self.header("accept")
        if header is None:
            return True

        ranges = set()
        for entry in header.split(","):
            name, *parameters = (part.strip().lower() for part in entry.split(";"))
            if not _ZERO_WEIGHTS & set(parameters):
                ranges.add(name)
        whole_types = {f"{kind.partition('/')[0]}/*" for kind in media_types}
        return bool(ranges & {"*/*", *media_types, *whole_types})


class Traffic(Protocol):
    """Notes every byte that arrives, before anything is decided about it."""

    def opened(self, head: bytes) -> int:
        """Note a request's head; returns a number for the request."""

    def received(self, number: int, data: bytes) -> None:
        """Note more of that request's body."""

    def unreadable(self, data: bytes) -> None:
        """Note bytes that are not HTTP."""

    def sent(self, size: int) -> None:
        """Note that bytes were written."""


class Answer(Protocol):
    """The way back to one caller.

    A handler calls `whole`, or `start`, `send` and `finish`, or `part` and `more`. It
    may call `abort` at any time.
    """

    async def whole(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Send a complete answer with its length."""

    async def start(self, status: int, headers: Mapping[str, str]) -> None:
        """Begin an answer of unknown length."""

    async def send(self, data: bytes) -> None:
        """Send one chunk of a started answer."""

    async def finish(self) -> None:
        """End a started answer properly."""

    async def part(
        self, status: int, headers: Mapping[str, str], body: bytes, length: int
    ) -> None:
        """Promise `length` bytes and send only these. `abort` must follow, or `more`
        with the rest."""

    async def more(self, body: bytes) -> None:
        """Send bytes that `part` promised. The last one completes the answer."""

    def abort(self) -> None:
        """Reset the connection (RST), as a crashed proxy does. Nothing can be sent
        afterwards."""


Handler = Callable[[Request, Answer], Awaitable[None]]


class _HttpAnswer:
    """An `Answer` over HTTP/1.1."""

    def __init__(self, connection: "_Connection") -> None:
        self._connection = connection
        self._left = 0
        self.broken = False

    async def whole(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        await self.part(status, headers, body, len(body))

    async def part(
        self, status: int, headers: Mapping[str, str], body: bytes, length: int
    ) -> None:
        self._left = length
        fields = list(headers.items())
        # 204 has no content and must not state a length (RFC 9110, 8.6).
        if status != HTTPStatus.NO_CONTENT:
            fields.append(("content-length", str(length)))
        await self._promised(body, self._head(status, fields))

    async def more(self, body: bytes) -> None:
        await self._promised(body)

    async def _promised(self, body: bytes, head: bytes = b"") -> None:
        """Write the head and some of the promised bytes in one go."""
        self._left -= len(body)
        data = head + self._connection.encode(h11.Data(data=body))
        if self._left == 0:
            data += self._connection.encode(h11.EndOfMessage())
        await self._connection.write(data)

    def _head(self, status: int, fields: Iterable[tuple[str, str]]) -> bytes:
        """The status line and the headers."""
        return self._connection.encode(
            h11.Response(status_code=status, headers=_encoded(fields))
        )

    async def start(self, status: int, headers: Mapping[str, str]) -> None:
        fields = [*headers.items(), ("transfer-encoding", "chunked")]
        await self._connection.write(self._head(status, fields))

    async def send(self, data: bytes) -> None:
        if data:
            await self._connection.write(self._connection.encode(h11.Data(data=data)))

    async def finish(self) -> None:
        await self._connection.write(self._connection.encode(h11.EndOfMessage()))

    def abort(self) -> None:
        self.broken = True
        self._connection.reset()


class Listener(Protocol):
    """A listening server of any protocol."""

    address: str
    """How a client finds it: a URL, or host and port."""

    async def close(self) -> None:
        """Stop listening and end every connection."""


@dataclass
class Server:
    """A listening HTTP server."""

    address: str
    """Its URL."""
    _server: asyncio.Server
    _connections: set["_Connection"]

    async def close(self) -> None:
        """Stop listening, end every connection and wait for its handler."""
        self._server.close()

        stopped = [connection.stop() for connection in list(self._connections)]
        tasks = [task for task in stopped if task is not None]
        if tasks:
            await asyncio.wait(tasks, timeout=5)


async def listen(
    handler: Handler, *, port: int | None, traffic: Traffic, max_body_bytes: int
) -> Server:
    """Serve on 127.0.0.1, on the given port or on a free one of `PORTS`.

    Raises OSError if the given port is taken.
    """
    loop = asyncio.get_running_loop()
    connections: set[_Connection] = set()

    def accept() -> _Connection:
        return _Connection(handler, traffic, max_body_bytes, connections)

    for candidate in candidates(port):
        try:
            server = await loop.create_server(accept, HOST, candidate)
        except OSError:
            if port is not None:
                raise
            continue
        return Server(f"http://{HOST}:{candidate}", server, connections)

    raise OSError(
        f"No free port on {HOST}: {_ATTEMPTS} ports between {PORTS.start} and"
        f" {PORTS.stop - 1} were tried."
    )


def candidates(port: int | None) -> Iterable[int]:
    """The ports to try: only the given one, or a random sample of `PORTS`."""
    # Random so that two rehearsals that start together do not try the same ports in the
    # same order. Nothing secret depends on it.
    return [port] if port is not None else random.sample(PORTS, _ATTEMPTS)


def _encoded(fields: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    """Header fields as h11 takes them."""
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields]


class _Connection(asyncio.Protocol):
    """One connection: bytes in, one request at a time, bytes out.

    A caller that leaves cancels the handler.
    """

    def __init__(
        self,
        handler: Handler,
        traffic: Traffic,
        max_body_bytes: int,
        connections: set["_Connection"],
    ) -> None:
        self._handler = handler
        self._traffic = traffic
        self._max_body_bytes = max_body_bytes
        self._connections = connections
        self._http = h11.Connection(
            h11.SERVER, max_incomplete_event_size=_MAX_HEAD_BYTES
        )
        self._transport: asyncio.Transport | None = None
        self._task: asyncio.Task[None] | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._head: h11.Request | None = None
        self._number = 0
        self._body = bytearray()
        self._too_large = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Narrows the type: create_server gives no other.
        assert isinstance(transport, asyncio.Transport)  # noqa: S101
        self._transport = transport
        self._connections.add(self)
        sock = transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._connections.discard(self)
        self._writable.set()
        if self._task is not None:
            self._task.cancel()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        try:
            self._http.receive_data(data)
            self._advance()
        except h11.RemoteProtocolError as error:
            self._traffic.unreadable(data)
            self._refuse(error.error_status_hint)

    def eof_received(self) -> bool:
        # A caller that closes its sending side has left: no client of these APIs
        # half-closes a connection.
        return False

    def _advance(self) -> None:
        """Act on every event that is complete."""
        while True:
            match self._http.next_event():
                case h11.Request() as head:
                    self._begin(head)
                case h11.Data(data=data):
                    self._collect(bytes(data))
                case h11.EndOfMessage():
                    self._dispatch()
                case h11.NEED_DATA:
                    self._continue()
                    return
                case _:  # paused, or the caller closed the connection
                    return

    def _continue(self) -> None:
        """Invite the body of a caller that sent `expect: 100-continue`."""
        if self._http.they_are_waiting_for_100_continue:
            invitation = h11.InformationalResponse(status_code=100, headers=[])
            self._push(self.encode(invitation))

    def _begin(self, head: h11.Request) -> None:
        """Note a request's head before its body arrives."""
        self._head, self._too_large = head, False
        self._body.clear()
        lines = [
            b"%b %b" % (head.method, head.target),
            *(b"%b: %b" % pair for pair in head.headers),
        ]
        self._number = self._traffic.opened(b"\r\n".join(lines))

    def _collect(self, data: bytes) -> None:
        """Keep some of the body, up to the limit."""
        self._traffic.received(self._number, data)
        if len(self._body) + len(data) > self._max_body_bytes:
            self._too_large = True
            self._body.clear()
        if not self._too_large:
            self._body += data

    def _dispatch(self) -> None:
        """Start the handler of a complete request."""
        # h11 gives EndOfMessage only after a Request.
        assert self._head is not None  # noqa: S101
        request = Request(
            method=self._head.method.decode("ascii"),
            target=self._head.target.decode("latin-1"),
            headers=tuple(
                (k.decode("latin-1").lower(), v.decode("latin-1"))
                for k, v in self._head.headers
            ),
            body=bytes(self._body),
            too_large=self._too_large,
        )
        self._task = asyncio.get_running_loop().create_task(self._handle(request))

    async def _handle(self, request: Request) -> None:
        """Run the handler, then go on to the next request."""
        answer = _HttpAnswer(self)
        try:
            await self._handler(request, answer)
        except (ConnectionError, asyncio.CancelledError):
            self._close()
            return
        except Exception:
            # To the caller, a handler that fails must look like a crash and never like
            # an answer.
            self.reset()
            raise
        self._task = None
        self._next(answer)

    def _next(self, answer: _HttpAnswer) -> None:
        """Read the next request, or close a connection that cannot carry one."""
        done = self._http.our_state is h11.DONE and self._http.their_state is h11.DONE
        if answer.broken or not done:
            self._close()
            return

        self._http.start_next_cycle()
        self._advance()

    def encode(self, event: h11.Event) -> bytes:
        """The event's bytes on the wire."""
        return self._http.send(event) or b""

    async def write(self, data: bytes) -> None:
        """Write, and wait while the caller reads slowly.

        Raises ConnectionResetError once the caller has left.
        """
        self._push(data)
        await self._writable.wait()
        if self._transport is None or self._transport.is_closing():
            raise ConnectionResetError("The caller left.")

    def _push(self, data: bytes) -> None:
        """Write without waiting. Raises ConnectionResetError if the caller left."""
        if self._transport is None or self._transport.is_closing():
            raise ConnectionResetError("The caller left.")
        self._traffic.sent(len(data))
        self._transport.write(data)

    def _refuse(self, status: int) -> None:
        """Answer bytes that are not HTTP, and close."""
        with contextlib.suppress(h11.LocalProtocolError, ConnectionError):
            head = h11.Response(
                status_code=status,
                headers=[("content-length", "0"), ("connection", "close")],
            )
            self._push(self.encode(head) + self.encode(h11.EndOfMessage()))
        self._close()

    def _close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def reset(self) -> None:
        """Close with RST: with zero linger, the kernel drops what is unsent."""
        if self._transport is None:
            return
        sock = self._transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )
        self._transport.abort()

    def stop(self) -> asyncio.Task[None] | None:
        """End the connection at once; returns the handler that is still running."""
        if self._transport is not None:
            self._transport.abort()
        if self._task is not None:
            self._task.cancel()
        return self._task
