"""AWS event stream framing: bytes in, frames out. No I/O.

A frame is: total length and header length (big-endian uint32), CRC-32 of those eight
bytes, headers, payload, CRC-32 of everything before it. A wrong checksum or an
impossible length is a `ProtocolError`; nothing is skipped to find the next frame.
Source: Amazon Transcribe developer guide, "Event stream encoding"; smithy's
specification; read 2026-11-22.
"""

import struct
from binascii import crc32
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from trivium.errors import ProtocolError

MAX_FRAME_BYTES = 16 * 1024 * 1024
"""The specification's limit of a payload; a longer length is garbage, and would make us
wait for ever."""

_PRELUDE = struct.Struct(">III")
_STRING = 7
# Value lengths of the other types: bool true, bool false, byte, short, int, long,
# timestamp, uuid. Type 6 says its own.
_FIXED = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
_BYTES = 6
_KEPT_BYTES = 256
"""Longer headers are read each time; Bedrock's have about 80 bytes."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame."""

    headers: Mapping[str, str]
    """String headers by name; headers of other types are left out, since Bedrock sends
    none."""
    payload: bytes


class FrameDecoder:
    """Collects bytes, however they are cut, and gives out whole frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    @property
    def empty(self) -> bool:
        """Whether no bytes of an unfinished frame are waiting."""
        return not self._buffer

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that are complete now. Raises `ProtocolError`."""
        self._buffer += data
        frames = []
        while len(self._buffer) >= _PRELUDE.size:
            total, header_length, checksum = _PRELUDE.unpack_from(self._buffer)
            if crc32(memoryview(self._buffer)[:8]) != checksum:
                raise ProtocolError(
                    "An event stream frame has a wrong prelude checksum."
                )
            if total > MAX_FRAME_BYTES or header_length > total - 16:
                raise ProtocolError("An event stream frame has an impossible length.")
            if len(self._buffer) < total:
                break
            frame = bytes(self._buffer[:total])
            del self._buffer[:total]
            frames.append(_frame(frame, header_length))
        return frames


def encode_frame(headers: dict[str, str], payload: bytes) -> bytes:
    """One frame with string headers: what a test or a stand-in sends."""
    packed = b"".join(
        struct.pack(">B", len(name))
        + name.encode()
        + struct.pack(">BH", _STRING, len(value.encode()))
        + value.encode()
        for name, value in headers.items()
    )
    lengths = struct.pack(">II", 16 + len(packed) + len(payload), len(packed))
    message = lengths + struct.pack(">I", crc32(lengths)) + packed + payload
    return message + struct.pack(">I", crc32(message))


def _frame(frame: bytes, header_length: int) -> Frame:
    """One complete frame, its checksums verified."""
    if crc32(memoryview(frame)[:-4]) != int.from_bytes(frame[-4:], "big"):
        raise ProtocolError("An event stream frame has a wrong checksum.")
    end = _PRELUDE.size + header_length
    return Frame(_headers(frame[_PRELUDE.size : end]), frame[end:-4])


def _headers(data: bytes) -> Mapping[str, str]:
    """The headers of a frame, by name."""
    return _known_headers(data) if len(data) <= _KEPT_BYTES else _read_headers(data)


@lru_cache(maxsize=64)
def _known_headers(data: bytes) -> Mapping[str, str]:
    """The headers of a stream's deltas are the same bytes again and again."""
    return MappingProxyType(_read_headers(data))


def _read_headers(data: bytes) -> dict[str, str]:
    headers, at = {}, 0
    try:
        while at < len(data):
            name_end = at + 1 + data[at]
            name = data[at + 1 : name_end].decode()
            kind, at = data[name_end], name_end + 1
            if kind in (_STRING, _BYTES):
                length = int.from_bytes(data[at : at + 2], "big")
                value, at = data[at + 2 : at + 2 + length], at + 2 + length
                if len(value) != length:
                    raise ProtocolError("An event stream header is cut short.")
                if kind == _STRING:
                    headers[name] = value.decode()
            else:
                at += _FIXED[kind]
    except (IndexError, KeyError, UnicodeDecodeError) as error:
        raise ProtocolError(
            "The headers of an event stream frame cannot be read."
        ) from error
    return headers
