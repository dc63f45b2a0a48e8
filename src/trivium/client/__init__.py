"""The portable client: one shape, three clouds, inside the zone."""

from typing import TYPE_CHECKING, Any

from trivium.client.client import Client, MessageStream
from trivium.client.message import Message
from trivium.client.options import Options

if TYPE_CHECKING:
    from trivium.client.asynchronous import AsyncClient, AsyncMessageStream

__all__ = [
    "AsyncClient",
    "AsyncMessageStream",
    "Client",
    "Message",
    "MessageStream",
    "Options",
]


def __getattr__(
    name: str,
) -> Any:  # the async client costs the import of asyncio, so only who wants it pays
    if name not in ("AsyncClient", "AsyncMessageStream"):
        raise AttributeError(f"module `trivium.client` has no attribute `{name}`")
    from trivium.client import asynchronous

    return getattr(asynchronous, name)
