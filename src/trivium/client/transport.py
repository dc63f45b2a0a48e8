"""Bytes over HTTP, by pyreqwest: two pools a client, since silence means another thing
in a stream than before a whole answer; nothing is followed, retried or logged.

A rehearsal's endpoints are on loopback, so the environment's proxies are not asked
there; elsewhere they are. One `Exchange` serves one request, with one stream open at a
time. Streams are not read ahead: by default pyreqwest waits for 64 KiB before it gives
out the first byte, which is more than most answers have.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from queue import Empty, SimpleQueue
from typing import NamedTuple, TypeVar

from pyreqwest.client import Client, ClientBuilder, SyncClient, SyncClientBuilder
from pyreqwest.exceptions import ConnectError, PyreqwestError, RequestTimeoutError
from pyreqwest.http import HeaderMap
from pyreqwest.request import (
    RequestBuilder,
    StreamRequest,
    SyncRequestBuilder,
    SyncStreamRequest,
)
from pyreqwest.response import BaseResponse, Response, SyncResponse

from trivium.client.core import Answer, Send
from trivium.client.options import Options
from trivium.errors import ConfigurationError, DeadlineError, RouteError, TransportError

DRAIN_S = 0.25
"""How long an answer that has ended waits for the end of its connection's body. The two
are sent together, or within a round trip; whoever holds the second back would hold back
the answer, too."""

_IDLE_S = 10.0

FORKED = (
    "Make no client before forking, or start processes by `spawn`; each makes its own."
)
"""What to do about a process that was forked from one with a client."""

_Builder = TypeVar("_Builder", ClientBuilder, SyncClientBuilder)
_Request = TypeVar("_Request", RequestBuilder, SyncRequestBuilder)


def sync_pools(options: Options, *, rehearsal: bool) -> tuple[SyncClient, SyncClient]:
    """The pools of a `Client`: for whole answers, and for streams."""
    silence = timedelta(seconds=options.read_timeout_s)
    with unforked():
        return (
            _configured(SyncClientBuilder(), options, rehearsal=rehearsal).build(),
            _configured(SyncClientBuilder(), options, rehearsal=rehearsal)
            .read_timeout(silence)
            .build(),
        )


def async_pools(options: Options, *, rehearsal: bool) -> tuple[Client, Client]:
    """The pools of an `AsyncClient`: for whole answers, and for streams."""
    silence = timedelta(seconds=options.read_timeout_s)
    with unforked():
        return (
            _configured(ClientBuilder(), options, rehearsal=rehearsal).build(),
            _configured(ClientBuilder(), options, rehearsal=rehearsal)
            .read_timeout(silence)
            .build(),
        )


class Readers:
    """Threads that read streams to their end, for which nobody waits longer than
    `DRAIN_S`: pyreqwest cannot end a blocking read before its time.

    A thread serves one stream after another, since starting one would cost as much as
    all else at the end of a stream, and ends when it has had nothing to do for a while.
    One that a provider keeps waiting closes its connection when the provider, the read
    timeout or the end of the client lets it go on.
    """

    def __init__(self) -> None:
        self._idle: list[SimpleQueue[_Tail]] = []

    def read_out(self, request: SyncStreamRequest, response: SyncResponse) -> None:
        """Read the stream to its end, and close it; a failure no longer matters."""
        tail = _Tail(request, response, threading.Event())
        try:
            self._idle.pop().put(tail)
        except IndexError:
            thread = threading.Thread(
                target=self._work, args=(tail,), name="trivium-reader", daemon=True
            )
            try:
                thread.start()
            except RuntimeError:
                # there can be no more threads: then the next request has a connection
                # of its own
                request.__exit__(None, None, None)
                return
        tail.read.wait(DRAIN_S)

    def _work(self, tail: "_Tail | None") -> None:
        inbox: SimpleQueue[_Tail] = SimpleQueue()
        while tail:
            with suppress(PyreqwestError):
                while tail.response.body_reader.read_chunk() is not None:
                    pass
            tail.request.__exit__(None, None, None)
            self._idle.append(
                inbox
            )  # before it is told, so that the next stream finds this thread
            tail.read.set()
            del tail  # no answer is kept while there is nothing to do
            tail = self._next(inbox)

    def _next(self, inbox: "SimpleQueue[_Tail]") -> "_Tail | None":
        try:
            return inbox.get(timeout=_IDLE_S)
        except Empty:
            try:
                self._idle.remove(inbox)
            except ValueError:
                return inbox.get()  # it was given one in the meantime
            return None


class _Tail(NamedTuple):
    """What is left of a stream after its terminal event."""

    request: SyncStreamRequest
    response: SyncResponse
    read: threading.Event


class SyncExchange:
    """The HTTP of one request."""

    def __init__(self, pools: tuple[SyncClient, SyncClient], readers: Readers) -> None:
        self._pools = pools
        self._readers = readers
        self._request: SyncStreamRequest | None = None
        self._response: SyncResponse | None = None

    def send(self, effect: Send, headers: Mapping[str, str]) -> Answer:
        """POST it. Raises `TransportError` or `DeadlineError`."""
        self.close()
        try:
            request = _filled(
                self._pools[effect.stream].post(
                    effect.route.endpoint + effect.request.path
                ),
                effect,
                headers,
            )
            if not effect.stream:
                response = request.build().send()
                return _answer(response, bytes(response.bytes()))
            streamed = request.streamed_read_buffer_limit(0).build_streamed()
            self._response = streamed.__enter__()
            self._request = streamed
            if self._response.status == 200:
                return _answer(self._response)
            answer = _answer(self._response, bytes(self._response.bytes()))
        except PyreqwestError as error:
            raise _translated(error) from error
        self.close()
        return answer

    def read(self) -> bytes | None:
        """The next bytes of the open stream, or None at its end."""
        assert self._response is not None  # noqa: S101 -- the core reads after it has sent
        try:
            chunk = self._response.body_reader.read_chunk()
        except PyreqwestError as error:
            raise _translated(error) from error
        return None if chunk is None else bytes(chunk)

    def drain(self) -> None:
        """Read the open stream to its end, for `DRAIN_S` at most; a failure no longer
        matters."""
        request, response, self._request, self._response = (
            self._request,
            self._response,
            None,
            None,
        )
        assert request is not None  # noqa: S101 -- the core drains what it has read
        assert response is not None  # noqa: S101 -- as above
        self._readers.read_out(request, response)

    def close(self) -> None:
        """Close the stream, if one is open."""
        request, self._request, self._response = self._request, None, None
        if request is not None:
            request.__exit__(None, None, None)


class AsyncExchange:
    """`SyncExchange`, in an event loop."""

    def __init__(self, pools: tuple[Client, Client]) -> None:
        self._pools = pools
        self._request: StreamRequest | None = None
        self._response: Response | None = None

    async def send(self, effect: Send, headers: Mapping[str, str]) -> Answer:
        """POST it. Raises `TransportError` or `DeadlineError`."""
        await self.close()
        try:
            request = _filled(
                self._pools[effect.stream].post(
                    effect.route.endpoint + effect.request.path
                ),
                effect,
                headers,
            )
            if not effect.stream:
                response = await request.build().send()
                return _answer(response, bytes(await response.bytes()))
            streamed = request.streamed_read_buffer_limit(0).build_streamed()
            self._response = await streamed.__aenter__()
            self._request = streamed
            if self._response.status == 200:
                return _answer(self._response)
            answer = _answer(self._response, bytes(await self._response.bytes()))
        except PyreqwestError as error:
            raise _translated(error) from error
        await self.close()
        return answer

    async def read(self) -> bytes | None:
        """The next bytes of the open stream, or None at its end."""
        assert self._response is not None  # noqa: S101 -- the core reads after it has sent
        try:
            chunk = await self._response.body_reader.read_chunk()
        except PyreqwestError as error:
            raise _translated(error) from error
        return None if chunk is None else bytes(chunk)

    async def drain(self) -> None:
        """Read the open stream to its end; a failure no longer matters. The caller
        keeps to `DRAIN_S`."""
        with suppress(RouteError):
            while await self.read() is not None:
                pass

    async def close(self) -> None:
        """Close the stream, if one is open."""
        request, self._request, self._response = self._request, None, None
        if request is not None:
            await request.__aexit__(None, None, None)


@contextmanager
def unforked() -> Iterator[None]:
    """pyreqwest refuses with a RuntimeError to work in a process forked from one that
    used it."""
    try:
        yield
    except RuntimeError as error:
        raise ConfigurationError(
            "This process was forked from one that had made a client or fetched a"
            " descriptor, and no connection can be made in it.",
            next_step=FORKED,
        ) from error


def _configured(builder: _Builder, options: Options, *, rehearsal: bool) -> _Builder:
    builder = (
        builder.follow_redirects(False)
        .referer(False)
        .default_cookie_store(False)
        .error_for_status(False)
        .http2(False)  # HTTP/1.1 alone: what the three clouds' own clients speak
        .connect_timeout(timedelta(seconds=options.connect_timeout_s))
        .user_agent("trivium")
    )
    return builder.no_proxy() if rehearsal else builder.https_only(True)


def _filled(builder: _Request, effect: Send, headers: Mapping[str, str]) -> _Request:
    return (
        builder.headers({**effect.request.headers, **headers})
        .body_bytes(effect.request.body)
        .timeout(timedelta(seconds=effect.timeout_s))
    )


def _answer(response: BaseResponse, body: bytes = b"") -> Answer:
    return Answer(response.status, _readable(response.headers), body)


def _readable(headers: HeaderMap) -> dict[str, str]:
    """By lower-case name; where a value is not ASCII, without it: nothing that we look
    for is."""
    try:
        return {name.lower(): value for name, value in headers.items()}
    except ValueError:
        found = {}
        for name in headers:
            with suppress(ValueError):
                found[name.lower()] = headers[name]
        return found


def _translated(error: PyreqwestError) -> RouteError:
    """pyreqwest's error in ours. Its texts name the address, never the body."""
    if isinstance(error, RequestTimeoutError):
        return DeadlineError("The provider did not answer in time.")
    if isinstance(error, ConnectError):
        return TransportError(
            "The provider could not be reached.",
            next_step="Check the private endpoint, DNS and egress rules.",
        )
    return TransportError("The connection to the provider was cut.")
