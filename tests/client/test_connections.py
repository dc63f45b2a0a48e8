"""What the connection itself does: answers of bare servers that the strict endpoints
would never give."""

import asyncio
import socketserver
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.client.servers import async_client_to, client_to, listening, read_request
from tests.client.worlds import hello
from tests.wire import samples
from trivium import Message, Options
from trivium.errors import ProviderRequestError

STREAM = b"".join(samples.MESSAGES_STREAM)
TEXT = "Hello wörld"
PATIENCE = Options(timeout_s=60, read_timeout_s=30)
WAYS = pytest.mark.parametrize("way", ["stream", "async stream"])


def streamed(way: str, address: str, directory: Path) -> Message:
    """The answer of the stream that a server at `address` gives."""
    arguments: Any = hello(model="gcp-us")
    if way == "stream":
        with (
            client_to(address, directory, PATIENCE) as client,
            client.messages.stream(**arguments) as stream,
        ):
            return stream.get_final_message()

    async def asked() -> Message:
        async with (
            async_client_to(address, directory, PATIENCE) as client,
            client.messages.stream(**arguments) as stream,
        ):
            return await stream.get_final_message()

    return asyncio.run(asked())


@WAYS
def test_an_answer_that_ended_does_not_wait_for_the_end_of_its_connection(
    way: str, tmp_path: Path
) -> None:
    answered = threading.Event()
    in_time: list[bool] = []

    class Withholds(socketserver.StreamRequestHandler):
        """Sends the whole stream, but the end of its body only when the answer is
        there, or after long."""

        def handle(self) -> None:
            if read_request(self):
                head = (
                    b"HTTP/1.1 200 OK\r\ncontent-type:"
                    b" text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
                )
                self.wfile.write(head + b"%x\r\n%s\r\n" % (len(STREAM), STREAM))
                in_time.append(answered.wait(20))
                self.wfile.write(b"0\r\n\r\n")

    with listening(Withholds) as address:
        message = streamed(way, address, tmp_path)
        answered.set()
    assert message.text == TEXT
    assert in_time in ([], [True])  # empty: the server has yet to notice


@WAYS
def test_a_tools_input_that_max_tokens_cut_is_paid_for_once_and_said_to_be_so(
    way: str, tmp_path: Path
) -> None:
    requests: list[int] = []
    cut = b"".join(
        (
            samples.MESSAGES_STREAM[0],
            *samples.MESSAGES_STREAM[
                10:12
            ],  # the tool's beginning, and half of its input
            samples.MESSAGES_STREAM[13],
            samples.MESSAGES_STREAM[14].replace(b'"tool_use"', b'"max_tokens"'),
            samples.MESSAGES_STREAM[15],
        )
    )

    class Stops(socketserver.StreamRequestHandler):
        """Its model reaches `max_tokens` within a tool's input."""

        def handle(self) -> None:
            while read_request(self):
                requests.append(1)
                head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
                self.wfile.write(head + b"content-length: %d\r\n\r\n" % len(cut) + cut)

    with (
        listening(Stops) as address,
        pytest.raises(ProviderRequestError, match="Allow more `max_tokens`"),
    ):
        streamed(way, address, tmp_path)
    assert len(requests) == 1


@WAYS
def test_a_header_that_is_not_ascii_costs_no_answer(way: str, tmp_path: Path) -> None:
    class Adorned(socketserver.StreamRequestHandler):
        """Sends a header in Latin-1 along, as some proxies do."""

        def handle(self) -> None:
            if read_request(self):
                head = (
                    b"HTTP/1.1 200 OK\r\nvia: caf\xe9\r\nrequest-id:"
                    b" req_1\r\ncontent-type: text/event-stream\r\n"
                )
                self.wfile.write(
                    head + b"content-length: %d\r\n\r\n" % len(STREAM) + STREAM
                )

    with listening(Adorned) as address:
        message = streamed(way, address, tmp_path)
    assert (message.text, message.provider_request_id) == (TEXT, "req_1")


def test_one_thread_reads_what_is_left_of_many_streams(tmp_path: Path) -> None:
    class Whole(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while read_request(self):
                head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
                self.wfile.write(
                    head + b"content-length: %d\r\n\r\n" % len(STREAM) + STREAM
                )

    before = set(threading.enumerate())
    with listening(Whole) as address, client_to(address, tmp_path, PATIENCE) as client:
        for _ in range(5):
            with client.messages.stream(**hello(model="gcp-us")) as stream:
                stream.get_final_message()
        readers = [
            one
            for one in set(threading.enumerate()) - before
            if one.name == "trivium-reader"
        ]
    assert (
        len(readers) < 5
    )  # one, unless a busy machine kept it from its work for a quarter of a second
