"""Bytes ↔ messages for each protocol, without I/O: the adapters have the same shape by
agreement.

encode(request, target, route, *, stream) -> WireRequest     raises RequestError
decode(status, headers, body, *, model) -> Reply             raises RouteError
Decoder(model).feed(bytes) / .close() -> list[Event]         raises RouteError
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from trivium.errors import RouteError
from trivium.vocabulary import deployment
from trivium.vocabulary.messages import Event, MessageRequest, Reply
from trivium.wire import converse, messages_api
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
        self,
        request: MessageRequest,
        target: deployment.ModelTarget,
        route: deployment.Route,
        *,
        stream: bool,
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
    decoder: Callable[[str], StreamDecoder]
    """Makes the decoder of one stream from the model's id."""
    stream_type: str
    """Media type of a stream."""


ADAPTERS: Mapping[deployment.Protocol, Adapter] = {
    "converse": Adapter(
        converse.encode,
        converse.decode,
        converse.decode_error,
        converse.Decoder,
        converse.Decoder.content_type,
    ),
    "vertex": Adapter(
        messages_api.encode_vertex,
        messages_api.decode,
        messages_api.decode_error,
        messages_api.Decoder,
        messages_api.Decoder.content_type,
    ),
    "foundry": Adapter(
        messages_api.encode_foundry,
        messages_api.decode,
        messages_api.decode_error,
        messages_api.Decoder,
        messages_api.Decoder.content_type,
    ),
}

__all__ = ["ADAPTERS", "Adapter", "StreamDecoder", "WireRequest"]
