"""The server's HTTP: cut anywhere, asked twice, asked for too much."""

import socket
from urllib.parse import urlsplit

import pytest

from tests.endpoints import calls
from trivium_rehearsal.endpoints import Endpoints


def _bytes_of(endpoints: Endpoints) -> bytes:
    draft = calls.foundry()
    lines = [
        f"{name}: {value}" for name, value in {"host": "x", **draft.headers}.items()
    ]
    head = "\r\n".join(
        [f"POST {draft.target} HTTP/1.1", *lines, f"content-length: {len(draft.data)}"]
    )
    return head.encode() + b"\r\n\r\n" + draft.data


def _connect(endpoints: Endpoints) -> socket.socket:
    address = urlsplit(endpoints.addresses["foundry"])
    sock = socket.create_connection(
        (str(address.hostname), int(address.port or 0)), timeout=10
    )
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def _until(sock: socket.socket, end: bytes, times: int = 1) -> bytes:
    heard = b""
    while heard.count(end) < times:
        chunk = sock.recv(65536)
        if not chunk:
            break
        heard += chunk
    return heard


def test_a_request_may_come_one_byte_at_a_time(endpoints: Endpoints) -> None:
    with _connect(endpoints) as sock:
        for byte in _bytes_of(endpoints):
            sock.sendall(bytes([byte]))
        assert b"200" in _until(sock, b'"output_tokens": 6}}').splitlines()[0]


def test_two_requests_in_one_packet_are_answered_in_order(endpoints: Endpoints) -> None:
    with _connect(endpoints) as sock:
        sock.sendall(_bytes_of(endpoints) * 2)
        assert (
            _until(sock, b'"output_tokens": 6}}', times=2).count(b"HTTP/1.1 200") == 2
        )
    assert endpoints.counters()["foundry"]["outcomes"] == {"answered": 2}


def test_a_connection_serves_again_after_a_refusal(endpoints: Endpoints) -> None:
    with _connect(endpoints) as sock:
        sock.sendall(_bytes_of(endpoints).replace(b"foundry-key", b"another-key"))
        assert b"401" in _until(sock, b"}}").splitlines()[0]
        sock.sendall(_bytes_of(endpoints))
        assert b"200" in _until(sock, b'"output_tokens": 6}}').splitlines()[0]


def test_expect_continue_is_answered(endpoints: Endpoints) -> None:
    head, _, body = _bytes_of(endpoints).partition(b"\r\n\r\n")
    with _connect(endpoints) as sock:
        sock.sendall(head + b"\r\nexpect: 100-continue\r\n\r\n")
        assert _until(sock, b"\r\n\r\n").startswith(b"HTTP/1.1 100")
        sock.sendall(body)
        assert b"200" in _until(sock, b'"output_tokens": 6}}').splitlines()[0]


TOO_LARGE = {
    "bedrock": (calls.converse, 413, "RequestEntityTooLargeException"),
    "vertex": (calls.vertex, 413, "FAILED_PRECONDITION"),
    "foundry": (calls.foundry, 413, "request_too_large"),
}


@pytest.mark.parametrize("cloud", TOO_LARGE)
def test_a_body_past_the_clouds_limit_is_refused(
    endpoints: Endpoints, cloud: str
) -> None:
    build, status, error_type = TOO_LARGE[cloud]
    draft = build("x" * 33 * 1024 * 1024)
    heard = calls.send(endpoints.addresses[cloud], draft)
    assert (heard.status, heard.error_type) == (status, error_type)
