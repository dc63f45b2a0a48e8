"""Amazon Bedrock's Converse API: bytes ↔ messages, no I/O."""

from trivium.wire.converse.decode import decode, decode_error, usage_in
from trivium.wire.converse.encode import STREAM_TYPE, encode
from trivium.wire.converse.stream import Decoder

__all__ = ["STREAM_TYPE", "Decoder", "decode", "decode_error", "encode", "usage_in"]
