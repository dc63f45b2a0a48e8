"""An HTTP/1.1 server that gives its handlers every byte of the answer.

h11 judges what is HTTP; this file moves bytes and owns the connection. A handler can
answer properly, or, for a rehearsed fault, write bytes that are not HTTP, stop in the
middle, or reset the connection. It deliberately has no routing, no compression and no
TLS: it listens on 127.0.0.1 alone.
"""

import asyncio
import contextlib
import random
import socket
import struct
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Protocol
from urllib.parse import parse_qsl, unquote

import h11

HOST = "127.0.0.1"
PORTS = range(20_000, 30_000)
"""Below Linux's default ephemeral range (net.ipv4.ip_local_port_range, 32768), so no
outgoing connection takes one."""
_ATTEMPTS = 200
_MAX_HEAD_BYTES = 64 * 1024


@dataclass(frozen=True, kw_only=True)
class Request:
    """One complete request."""

    method: str
    target: str
    """As it stood on the request line, still percent-encoded."""
    headers: tuple[tuple[str, str], ...]
    """In order of arrival, names in lower case; a name may repeat."""
    body: bytes
    too_large: bool = False
    """The body passed the limit; `body` is then empty."""

    @property
    def path(self) -> str:
        """The target without its query, still percent-encoded."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> dict[str, str]:
        """Decoded query parameters; the last of a repeated name counts."""
        return dict(parse_qsl(self.target.partition("?")[2], keep_blank_values=True))

    def header(self, name: str) -> str | None:
        """The first value of a header (name in lower case), or None."""
        return next((value for key, value in self.headers if key == name), None)

    @property
    def segments(self) -> tuple[str, ...]:
        """The path's segments, each decoded after the split, so that an encoded slash
        does not split."""
        return tuple(unquote(segment) for segment in self.path.lstrip("/").split("/"))


class Traffic(Protocol):
    """Where every byte that arrives is noted, before anything is decided about it."""

    def opened(self, head: bytes) -> int:
        """A request's head arrived; returns a number for it."""

    def received(self, number: int, data: bytes) -> None:
        """More of that request's body arrived."""

    def unreadable(self, data: bytes) -> None:
        """Bytes arrived that are not HTTP."""

    def sent(self, size: int) -> None:
        """Bytes were written."""


class Answer(Protocol):
    """The way back to one caller. Either `whole` or `start` … `finish` is used; `abort`
    at any time."""

    started: bool

    async def whole(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """A complete answer with its length."""

    async def start(self, status: int, headers: Mapping[str, str]) -> None:
        """Begin an answer of unknown length."""

    async def send(self, data: bytes) -> None:
        """One chunk of a started answer."""

    async def finish(self) -> None:
        """The proper end of a started answer."""

    async def part(
        self, status: int, headers: Mapping[str, str], body: bytes, length: int
    ) -> None:
        """Promise `length` bytes and send only these; `abort` must follow, or the rest
        by `more`."""

    async def more(self, body: bytes) -> None:
        """Bytes that `part` promised; the answer is complete when the last was sent."""

    def abort(self) -> None:
        """Reset the connection (RST), as a crashed proxy does; nothing can be sent
        afterwards."""


Handler = Callable[[Request, Answer], Awaitable[None]]


class _HttpAnswer:
    """An `Answer` over HTTP/1.1."""

    def __init__(self, connection: "_Connection") -> None:
        self._connection = connection
        self._left = 0
        self.started = False
        self.broken = False

    async def whole(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        await self.part(status, headers, body, len(body))

    async def part(
        self, status: int, headers: Mapping[str, str], body: bytes, length: int
    ) -> None:
        self.started = True
        self._left = length
        # 204 has no content and must not tell its length (RFC 9110, 8.6).
        fields = [
            *headers.items(),
            *(
                [("content-length", str(length))]
                if status != HTTPStatus.NO_CONTENT
                else []
            ),
        ]
        head = self._connection.encode(
            h11.Response(status_code=status, headers=_encoded(fields))
        )
        await self.more(body, head)

    async def more(self, body: bytes, head: bytes = b"") -> None:
        self._left -= len(body)
        data = head + self._connection.encode(h11.Data(data=body))
        if self._left == 0:
            data += self._connection.encode(h11.EndOfMessage())
        await self._connection.write(data)

    async def start(self, status: int, headers: Mapping[str, str]) -> None:
        self.started = True
        fields = [*headers.items(), ("transfer-encoding", "chunked")]
        await self._connection.write(
            self._connection.encode(
                h11.Response(status_code=status, headers=_encoded(fields))
            )
        )

    async def send(self, data: bytes) -> None:
        if data:
            await self._connection.write(self._connection.encode(h11.Data(data=data)))

    async def finish(self) -> None:
        await self._connection.write(self._connection.encode(h11.EndOfMessage()))

    def abort(self) -> None:
        self.broken = True
        self._connection.reset()


@dataclass
class Server:
    """A listening server."""

    address: tuple[str, int]
    _server: asyncio.Server
    _connections: set["_Connection"] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://{self.address[0]}:{self.address[1]}"

    async def close(self) -> None:
        """Stop listening, end every connection and wait for its handlers."""
        self._server.close()
        tasks = [
            task
            for connection in list(self._connections)
            if (task := connection.stop())
        ]
        if tasks:
            await asyncio.wait(tasks, timeout=5)


async def listen(
    handler: Handler, *, port: int | None, traffic: Traffic, max_body_bytes: int
) -> Server:
    """Serve on 127.0.0.1. `port` None takes a free one of `PORTS`. Raises OSError when
    the given port is taken."""
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
        return Server((HOST, candidate), server, connections)
    raise OSError(
        f"No free port among {_ATTEMPTS} tried between {PORTS.start} and"
        f" {PORTS.stop - 1} on {HOST}."
    )


def candidates(port: int | None) -> Iterable[int]:
    """The ports to try: the given one alone, or a random sample of `PORTS`."""
    # Not for security: two rehearsals that start together should not try the same ports
    # in the same order.
    return [port] if port is not None else random.sample(PORTS, _ATTEMPTS)


def _encoded(fields: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields]


class _Connection(asyncio.Protocol):
    """One connection: bytes in, one request at a time, bytes out. The caller's leaving
    cancels the handler."""

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
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - narrows the type; create_server gives no other
        self._transport = transport
        self._connections.add(self)
        sock = transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's interface
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
        # A caller that shuts its sending side has left; nobody half-closes in these
        # protocols.
        return False

    def _advance(self) -> None:
        while True:
            event = self._http.next_event()
            if (
                event is h11.NEED_DATA
                or event is h11.PAUSED
                or isinstance(event, h11.ConnectionClosed)
            ):
                if (
                    event is h11.NEED_DATA
                    and self._http.they_are_waiting_for_100_continue
                ):
                    self._push(
                        self.encode(
                            h11.InformationalResponse(status_code=100, headers=[])
                        )
                    )
                return
            if isinstance(event, h11.Request):
                self._begin(event)
            elif isinstance(event, h11.Data):
                self._collect(bytes(event.data))
            elif isinstance(event, h11.EndOfMessage):
                self._dispatch()

    def _begin(self, head: h11.Request) -> None:
        self._head, self._too_large = head, False
        self._body.clear()
        lines = [
            b"%b %b" % (head.method, head.target),
            *(b"%b: %b" % pair for pair in head.headers),
        ]
        self._number = self._traffic.opened(b"\r\n".join(lines))

    def _collect(self, data: bytes) -> None:
        self._traffic.received(self._number, data)
        if len(self._body) + len(data) > self._max_body_bytes:
            self._too_large = True
            self._body.clear()
        if not self._too_large:
            self._body += data

    def _dispatch(self) -> None:
        assert self._head is not None  # noqa: S101 - h11 gives EndOfMessage only after a Request
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
        answer = _HttpAnswer(self)
        try:
            await self._handler(request, answer)
        except (ConnectionError, asyncio.CancelledError):
            self._close()
            return
        except Exception:
            # A handler that fails half-way must look like a crash to the caller, never
            # like an answer.
            self.reset()
            raise
        self._task = None
        self._next(answer)

    def _next(self, answer: _HttpAnswer) -> None:
        done = self._http.our_state is h11.DONE and self._http.their_state is h11.DONE
        if answer.broken or not done:
            self._close()
            return
        self._http.start_next_cycle()
        self._advance()

    def encode(self, event: h11.Event) -> bytes:
        return self._http.send(event) or b""

    async def write(self, data: bytes) -> None:
        """Write and wait while the caller reads slowly. Raises ConnectionResetError
        once it has left."""
        self._push(data)
        await self._writable.wait()
        if self._transport is None or self._transport.is_closing():
            raise ConnectionResetError("The caller left.")

    def _push(self, data: bytes) -> None:
        if self._transport is None or self._transport.is_closing():
            raise ConnectionResetError("The caller left.")
        self._traffic.sent(len(data))
        self._transport.write(data)

    def _refuse(self, status: int) -> None:
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
        """Close with RST: zero linger makes the kernel drop what is unsent and say
        so."""
        if self._transport is None:
            return
        sock = self._transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )
        self._transport.abort()

    def stop(self) -> asyncio.Task[None] | None:
        """End the connection at once; returns the handler that is still to be waited
        for."""
        if self._transport is not None:
            self._transport.abort()
        if self._task is not None:
            self._task.cancel()
        return self._task
