"""Connections that are kept open, as each peer needs them.

There are two pools for a peer that also streams: silence means something else in a
stream than before a whole answer.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple, TypeVar

from pyreqwest.client import Client, ClientBuilder, SyncClient, SyncClientBuilder

from trivium.errors import ConfigurationError
from trivium.http.trust import Trust, refused_identity

FORKED = (
    "Make no client before forking, or start processes by `spawn`; each makes its own."
)
"""What to do about a process that was forked from one with a client."""

_Builder = TypeVar("_Builder", ClientBuilder, SyncClientBuilder)


@dataclass(frozen=True)
class Connection:
    """How a peer is connected to."""

    connect_timeout_s: float = 10.0
    read_timeout_s: float = 60.0
    """How long a stream may be silent."""
    trust: Trust = field(default_factory=Trust)
    """Besides the machine's own authorities."""
    loopback: bool = False
    """A rehearsal's peer on this machine: plain HTTP, and no proxy is asked. Every
    other peer is reached by HTTPS alone, through the environment's proxies."""


class SyncPools(NamedTuple):
    """The pools of a sync client."""

    whole: SyncClient
    streams: SyncClient

    def close(self) -> None:
        """Close every connection."""
        for pool in self:
            pool.close()


class AsyncPools(NamedTuple):
    """The pools of an async client."""

    whole: Client
    streams: Client

    async def close(self) -> None:
        """Close every connection."""
        for pool in self:
            await pool.close()


def sync_pools(connection: Connection) -> SyncPools:
    """Pools for blocking calls. Raises `ConfigurationError` in a forked process."""
    with unforked():
        return SyncPools(
            sync_builder(connection).build(),
            _streaming(sync_builder(connection), connection).build(),
        )


def async_pools(connection: Connection) -> AsyncPools:
    """Pools for an event loop. Raises `ConfigurationError` in a forked process."""
    with unforked():
        return AsyncPools(
            _configured(ClientBuilder(), connection).build(),
            _streaming(_configured(ClientBuilder(), connection), connection).build(),
        )


def sync_builder(connection: Connection) -> SyncClientBuilder:
    """A pool for blocking calls, not yet built."""
    return _configured(SyncClientBuilder(), connection)


@contextmanager
def unforked() -> Iterator[None]:
    """pyreqwest refuses, with a RuntimeError, to work in a process forked from one that
    used it; raises `ConfigurationError` instead."""
    try:
        yield
    except RuntimeError as error:
        raise ConfigurationError(
            "This process was forked from one that had made a client or fetched a"
            " descriptor, so it cannot open connections.",
            next_step=FORKED,
        ) from error


def _streaming(builder: _Builder, connection: Connection) -> _Builder:
    """Bound the silence within a stream."""
    return builder.read_timeout(timedelta(seconds=connection.read_timeout_s))


def _configured(builder: _Builder, connection: Connection) -> _Builder:
    """What every client has: no redirects, no cookies, and the connection's trust."""
    builder = (
        builder.follow_redirects(False)
        .referer(False)
        .default_cookie_store(False)
        .error_for_status(False)
        # HTTP/1.1 alone: what the three clouds' own clients speak.
        .http2(False)
        .connect_timeout(timedelta(seconds=connection.connect_timeout_s))
        .user_agent("trivium")
    )
    if connection.loopback:
        return builder.no_proxy()
    for authority in connection.trust.authorities():
        builder = builder.add_root_certificate_pem(authority)
    return _identified(builder.https_only(True), connection.trust)


def _identified(builder: _Builder, trust: Trust) -> _Builder:
    """With the client certificate, if there is one."""
    identity = trust.identity()
    if identity is None:
        return builder
    try:
        return builder.identity_pem(identity)
    except ValueError:
        raise refused_identity() from None
