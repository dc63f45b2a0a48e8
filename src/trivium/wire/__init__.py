"""Bytes ↔ messages for each protocol, without I/O.

The adapters have the same shape by agreement, each in a folder of its own:

    encode.py   encode(request, place, *, stream) -> WireRequest  raises RequestError
    decode.py   decode(status, headers, body, *, model) -> Reply  raises RouteError
                usage_in(body) -> Usage                           never raises
    stream.py   Decoder(model).feed(bytes), .close() -> events    raises RouteError

A further protocol is a further folder and one entry in `ADAPTERS`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from trivium.errors import RouteError
from trivium.vocabulary import deployment
from trivium.vocabulary.messages import Event, MessageRequest, Reply, Usage
from trivium.wire import converse, messages_api
from trivium.wire.place import Place
from trivium.wire.request import WireRequest


class StreamDecoder(Protocol):
    """A stream's bytes to events."""

    def feed(self, data: bytes) -> list[Event]:
        """The events that are complete now."""

    def close(self) -> list[Event]:
        """The connection ended; raises `TruncatedStreamError` unless the terminal event
        came."""


class _Encode(Protocol):
    def __call__(
        self, request: MessageRequest, place: Place, *, stream: bool
    ) -> WireRequest: ...


class _Decode(Protocol):
    def __call__(
        self, status: int, headers: Mapping[str, str], body: bytes, *, model: str
    ) -> Reply: ...


@dataclass(frozen=True)
class Adapter:
    """One protocol."""

    encode: _Encode
    decode: _Decode
    decode_error: Callable[[int, Mapping[str, str], bytes], RouteError]
    usage_in: Callable[[bytes], Usage]
    """What was paid for a whole answer that `decode` refuses."""
    decoder: Callable[[str], StreamDecoder]
    """Makes the decoder of one stream from the id of the model that was asked for."""
    stream_type: str
    """Media type of a stream."""
    family: str
    """Protocols of one family refuse the same requests."""


def _messages_api(encode: _Encode) -> Adapter:
    """The Messages API, as one cloud carries it."""
    return Adapter(
        encode,
        messages_api.decode,
        messages_api.decode_error,
        messages_api.usage_in,
        messages_api.Decoder,
        messages_api.STREAM_TYPE,
        family="messages",
    )


ADAPTERS: Mapping[deployment.Protocol, Adapter] = {
    "converse": Adapter(
        converse.encode,
        converse.decode,
        converse.decode_error,
        converse.usage_in,
        converse.Decoder,
        converse.STREAM_TYPE,
        family="converse",
    ),
    "vertex": _messages_api(messages_api.encode_vertex),
    "foundry": _messages_api(messages_api.encode_foundry),
}

__all__ = ["ADAPTERS", "Adapter", "Place", "StreamDecoder", "WireRequest"]
