"""Server-sent events: bytes in, events out. No I/O.

Source: HTML Living Standard, section 9.2.6 (interpreting an event stream), read
2026-11-22. Fields other than `event` and `data` mean nothing to the Messages API and
are passed over, as the standard says of unknown ones.
"""

from dataclasses import dataclass

from trivium.errors import ProtocolError

MAX_EVENT_BYTES = 16 * 1024 * 1024
"""Far above any event of the Messages API; a line or an event without end would
otherwise fill the memory."""


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event."""

    name: str
    """`message` when the stream names none."""
    data: bytes


class SseDecoder:
    """Collects bytes, however they are cut, and gives out whole events."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._scanned = 0
        self._name = ""
        self._data: list[bytes] = []
        self._size = 0  # of the data of the unfinished event, with a byte for each line
        self._skip_newline = False
        self._started = False

    @property
    def empty(self) -> bool:
        """Whether nothing of an unfinished event is waiting."""
        return not (self._buffer or self._name or self._data)

    def feed(self, data: bytes) -> list[ServerEvent]:
        """The events that are complete now. Raises `ProtocolError` for a name that is
        not UTF-8, or for an endless line or event."""
        self._buffer += data
        events = []
        while (line := self._next_line()) is not None:
            event = self._take(line)
            if event is not None:
                events.append(event)
        if len(self._buffer) > MAX_EVENT_BYTES:
            raise ProtocolError("A line of the event stream has no end.")
        return events

    def _next_line(self) -> bytes | None:
        """The next line without its end (CR, LF or CRLF), or None while there is
        none."""
        buffer = self._buffer
        if self._skip_newline and buffer:
            if buffer[0] == 0x0A:  # the LF of a CRLF whose CR ended the line before
                del buffer[0]
            self._skip_newline = False
        ends = [
            end
            for end in (
                buffer.find(b"\n", self._scanned),
                buffer.find(b"\r", self._scanned),
            )
            if end >= 0
        ]
        if not ends:
            self._scanned = len(buffer)
            return None
        end = min(ends)
        line, self._skip_newline = bytes(buffer[:end]), buffer[end] == 0x0D
        del buffer[: end + 1]
        self._scanned = 0
        if not self._started:
            self._started = True
            line = line.removeprefix(b"\xef\xbb\xbf")
        return line

    def _take(self, line: bytes) -> ServerEvent | None:
        if not line:
            event = (
                ServerEvent(self._name or "message", b"\n".join(self._data))
                if self._data
                else None
            )
            self._name, self._data, self._size = "", [], 0
            return event
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            self._data.append(value)
            self._size += len(value) + 1
            if self._size > MAX_EVENT_BYTES:
                raise ProtocolError("An event of the event stream has no end.")
        elif field == b"event":
            try:
                self._name = value.decode()
            except UnicodeDecodeError as error:
                raise ProtocolError(
                    "The name of a server-sent event is not UTF-8."
                ) from error
        return None
