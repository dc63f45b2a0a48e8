"""One request after another, with one stream open at a time; sync and async twins.

Streams are not read ahead: by default pyreqwest waits for 64 KiB before it gives out
the first byte, which is more than most answers have.
"""

from contextlib import suppress
from datetime import timedelta
from typing import TypeVar

from pyreqwest.exceptions import PyreqwestError
from pyreqwest.http import HeaderMap
from pyreqwest.request import (
    RequestBuilder,
    StreamRequest,
    SyncRequestBuilder,
    SyncStreamRequest,
)
from pyreqwest.response import BaseResponse, Response, SyncResponse

from trivium.http.failure import NoAnswerError, no_answer
from trivium.http.pool import AsyncPools, SyncPools
from trivium.http.readers import Readers
from trivium.http.request import Answer, Request

_Builder = TypeVar("_Builder", RequestBuilder, SyncRequestBuilder)


class SyncExchange:
    """The HTTP of one caller."""

    def __init__(self, pools: SyncPools, readers: Readers) -> None:
        self._pools = pools
        self._readers = readers
        self._request: SyncStreamRequest | None = None
        self._response: SyncResponse | None = None

    def send(self, request: Request, *, stream: bool) -> Answer:
        """Send it, after closing what an earlier request left open.

        The answer is whole unless `stream` and its status is 200; then `read` gives its
        body. Raises `NoAnswerError`.
        """
        self.close()
        try:
            if not stream:
                pool = self._pools.whole
                builder = filled(pool.request(request.method, request.url), request)
                response = builder.build().send()
                return answered(response, bytes(response.bytes()))
            pool = self._pools.streams
            builder = filled(pool.request(request.method, request.url), request)
            streamed = builder.streamed_read_buffer_limit(0).build_streamed()
            self._response = streamed.__enter__()
            self._request = streamed
            if self._response.status == 200:
                return answered(self._response)
            answer = answered(self._response, bytes(self._response.bytes()))
        except PyreqwestError as error:
            raise no_answer(error) from error
        self.close()
        return answer

    def read(self) -> bytes | None:
        """The next bytes of the open stream, or None at its end. Raises
        `NoAnswerError`."""
        assert self._response is not None  # noqa: S101 -- callers read what they sent
        try:
            chunk = self._response.body_reader.read_chunk()
        except PyreqwestError as error:
            raise no_answer(error) from error
        return None if chunk is None else bytes(chunk)

    def drain(self) -> None:
        """Read the open stream to its end, for `DRAIN_S` at most; a failure no longer
        matters."""
        request, response = self._request, self._response
        self._request = self._response = None
        assert request is not None  # noqa: S101 -- callers drain what they have read
        assert response is not None  # noqa: S101 -- as above
        self._readers.read_out(request, response)

    def close(self) -> None:
        """Close the stream, if one is open."""
        request, self._request, self._response = self._request, None, None
        if request is not None:
            request.__exit__(None, None, None)


class AsyncExchange:
    """`SyncExchange`, in an event loop."""

    def __init__(self, pools: AsyncPools) -> None:
        self._pools = pools
        self._request: StreamRequest | None = None
        self._response: Response | None = None

    async def send(self, request: Request, *, stream: bool) -> Answer:
        """`SyncExchange.send`, awaited."""
        await self.close()
        try:
            if not stream:
                pool = self._pools.whole
                builder = filled(pool.request(request.method, request.url), request)
                response = await builder.build().send()
                return answered(response, bytes(await response.bytes()))
            pool = self._pools.streams
            builder = filled(pool.request(request.method, request.url), request)
            streamed = builder.streamed_read_buffer_limit(0).build_streamed()
            self._response = await streamed.__aenter__()
            self._request = streamed
            if self._response.status == 200:
                return answered(self._response)
            answer = answered(self._response, bytes(await self._response.bytes()))
        except PyreqwestError as error:
            raise no_answer(error) from error
        await self.close()
        return answer

    async def read(self) -> bytes | None:
        """`SyncExchange.read`, awaited."""
        assert self._response is not None  # noqa: S101 -- callers read what they sent
        try:
            chunk = await self._response.body_reader.read_chunk()
        except PyreqwestError as error:
            raise no_answer(error) from error
        return None if chunk is None else bytes(chunk)

    async def drain(self) -> None:
        """Read the open stream to its end; a failure no longer matters. The caller
        keeps to `DRAIN_S`."""
        with suppress(NoAnswerError):
            while await self.read() is not None:
                pass

    async def close(self) -> None:
        """Close the stream, if one is open."""
        request, self._request, self._response = self._request, None, None
        if request is not None:
            await request.__aexit__(None, None, None)


def filled(builder: _Builder, request: Request) -> _Builder:
    """The builder with headers, body and time limit."""
    builder = builder.headers(request.headers)
    builder = builder.timeout(timedelta(seconds=request.timeout_s))
    return builder if request.method == "GET" else builder.body_bytes(request.body)


def answered(response: BaseResponse, body: bytes = b"") -> Answer:
    """The answer, as far as it is here."""
    return Answer(response.status, _readable(response.headers), body)


def _readable(headers: HeaderMap) -> dict[str, str]:
    """By lower-case name, without values that are not ASCII: nothing that we look for
    is."""
    try:
        return {name.lower(): value for name, value in headers.items()}
    except ValueError:
        found = {}
        for name in headers:
            with suppress(ValueError):
                found[name.lower()] = headers[name]
        return found
