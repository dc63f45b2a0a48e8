"""Peers on this machine for what can go wrong before an answer: TLS servers with every
kind of certificate, and a proxy that may want a password."""

import base64
import datetime as dt
import random
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok"
NOW = dt.datetime.now(dt.UTC)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


class Authority:
    """A certificate authority of a company's own."""

    def __init__(self, name: str = "Example Root") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(self._name)
            .issuer_name(self._name)
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - dt.timedelta(days=30))
            .not_valid_after(NOW + dt.timedelta(days=30))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
            .sign(self._key, hashes.SHA256())
        )

    @property
    def pem(self) -> bytes:
        """What a client trusts."""
        return self.certificate.public_bytes(Encoding.PEM)

    def issue(
        self, *, host: str = "127.0.0.1", days: int = 20, client: bool = False
    ) -> bytes:
        """A key and its certificate, PEM; expired where `days` is negative."""
        key = ec.generate_private_key(ec.SECP256R1())
        usage = (
            ExtendedKeyUsageOID.CLIENT_AUTH
            if client
            else ExtendedKeyUsageOID.SERVER_AUTH
        )
        try:
            name: x509.GeneralName = x509.IPAddress(ip_address(host))
        except ValueError:
            name = x509.DNSName(host)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)]))
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - dt.timedelta(days=29))
            .not_valid_after(NOW + dt.timedelta(days=days))
            .add_extension(x509.SubjectAlternativeName([name]), False)
            .add_extension(x509.ExtendedKeyUsage([usage]), False)
            .sign(self._key, hashes.SHA256())
        )
        return _key_pem(key) + certificate.public_bytes(Encoding.PEM)


@contextmanager
def served(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server on loopback that treats each connection with `answer`; its port."""
    listener = _listener()
    listener.settimeout(0.1)
    ended = threading.Event()

    def treat(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.settimeout(5)
            answer(connection)

    def accept() -> None:
        while not ended.is_set():
            with suppress(TimeoutError):
                connection, _ = listener.accept()
                threading.Thread(target=treat, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        ended.set()
        thread.join(5)
        listener.close()


def _listener() -> socket.socket:
    """A listener on a free port below the ephemeral ones."""
    for port in random.sample(range(20_000, 32_000), 50):
        with suppress(OSError):
            return socket.create_server(("127.0.0.1", port))
    raise OSError("no free port")


@contextmanager
def tls_server(
    folder: Path, identity: bytes, *, clients: bytes | None = None
) -> Iterator[int]:
    """An HTTPS server; with `clients` it demands a certificate that this authority
    issued."""
    file = folder / "server.pem"
    file.write_bytes(identity)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    if clients is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=clients.decode())

    def answer(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            secure.recv(65536)
            secure.sendall(ANSWER)

    with served(answer) as port:
        yield port


@contextmanager
def proxy(password: str | None = None) -> Iterator[int]:
    """A CONNECT proxy; with a password it asks for it."""

    def answer(connection: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(65536)
        wanted = base64.b64encode(f"user:{password}".encode())
        if password is not None and wanted not in head:
            connection.sendall(
                b"HTTP/1.1 407 Proxy Authentication Required\r\n"
                b"proxy-authenticate: Basic\r\ncontent-length: 0\r\n\r\n"
            )
            return
        host, _, port = head.split(b" ")[1].decode().rpartition(":")
        try:
            onward = socket.create_connection((host, int(port)), timeout=5)
        except OSError:
            connection.sendall(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n")
            return
        connection.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
        back = threading.Thread(target=_pump, args=(onward, connection), daemon=True)
        back.start()
        _pump(connection, onward)
        back.join(5)

    with served(answer) as port:
        yield port


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
