"""The Messages API as Vertex AI and Foundry carry it: bytes ↔ messages, no I/O."""

from trivium.wire.messages_api.decode import decode, decode_error, usage_in
from trivium.wire.messages_api.encode import (
    FOUNDRY_VERSION,
    STREAM_TYPE,
    VERTEX_VERSION,
    encode_foundry,
    encode_vertex,
)
from trivium.wire.messages_api.stream import Decoder

__all__ = [
    "FOUNDRY_VERSION",
    "STREAM_TYPE",
    "VERTEX_VERSION",
    "Decoder",
    "decode",
    "decode_error",
    "encode_foundry",
    "encode_vertex",
    "usage_in",
]
