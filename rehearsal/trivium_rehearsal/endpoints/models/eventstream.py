"""Amazon's event-stream framing, the sending side.

A message consists of the total length and the header length (two big-endian 32-bit
numbers), the CRC-32 of those eight bytes, the headers, the payload, and the CRC-32 of
everything before it. All headers used here are strings (type 7).

Source: smithy.io, "Amazon Event Stream Specification", read 2026-11-22.
"""

import random
import string
import struct
import zlib
from collections.abc import Mapping

MEDIA_TYPE = "application/vnd.amazon.eventstream"
_STRING = 7


def event(event_type: str, payload: bytes) -> bytes:
    """An event with a JSON payload."""
    return _typed("event", event_type, payload)


def exception(exception_type: str, payload: bytes) -> bytes:
    """A modelled exception inside the stream, for instance `throttlingException`."""
    return _typed("exception", exception_type, payload)


def _typed(message_type: str, name: str, payload: bytes) -> bytes:
    """A message of this type and name with a JSON payload."""
    headers = {
        f":{message_type}-type": name,
        ":content-type": "application/json",
        ":message-type": message_type,
    }
    return message(headers, payload)


def padding() -> str:
    """The value of `p` in each stream event of Bedrock.

    It hides the length of the tokens on the wire: a random length of a fixed alphabet
    (seen in aws-sdk-js-v3 issue 6919). Clients must ignore it.
    """
    alphabet = string.ascii_lowercase + string.ascii_uppercase + string.digits
    # Not for security: here it hides nothing.
    return alphabet[: random.randint(1, len(alphabet))]  # noqa: S311


def message(headers: Mapping[str, str], payload: bytes) -> bytes:
    """One framed message."""
    head = b"".join(_header(name, value) for name, value in headers.items())
    prelude = struct.pack(">II", 16 + len(head) + len(payload), len(head))
    body = prelude + struct.pack(">I", zlib.crc32(prelude)) + head + payload
    return body + struct.pack(">I", zlib.crc32(body))


def corrupted(frame: bytes) -> bytes:
    """The same frame with one payload bit changed and the old checksum, which only a
    CRC check finds."""
    return frame[:-5] + bytes([frame[-5] ^ 0x01]) + frame[-4:]


def _header(name: str, value: str) -> bytes:
    """One string header."""
    text = value.encode()
    return (
        struct.pack(">B", len(name))
        + name.encode("ascii")
        + struct.pack(">BH", _STRING, len(text))
        + text
    )
