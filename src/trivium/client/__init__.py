"""The portable client: one shape, three clouds, inside the zone."""

from trivium.client.client import AsyncClient, AsyncMessageStream, Client, MessageStream
from trivium.client.message import Message
from trivium.client.options import Options

__all__ = ["AsyncClient", "AsyncMessageStream", "Client", "Message", "MessageStream", "Options"]
