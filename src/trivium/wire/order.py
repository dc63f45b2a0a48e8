"""In which order the events of a stream may come: one table, for every protocol.

    stream   NEW ── start ──► OPEN ── reason ──► STOPPED ── end ──► ENDED
                              │  ▲
                              └──┘ block, note

Inside OPEN each block goes its own way, by its index:

    block    ABSENT ── begin ──► GROWING ── end ──► DONE
                                 │   ▲
                                 └───┘ grow

Everything that is not in a table is a `ProtocolError`: a stream out of order is not an
answer (law 4), and a delta of another kind than its block would reach the caller past
the guard, which judges each block by its kind.
"""

from collections.abc import Mapping
from enum import Enum, auto

from trivium.errors import ProtocolError
from trivium.vocabulary.messages import (
    BlockStart,
    BlockStop,
    CitationDelta,
    ContentBlock,
    Event,
    SignatureDelta,
    TextBlock,
    TextDelta,
    ThinkingBlock,
    ThinkingDelta,
    ToolInputDelta,
    ToolUseBlock,
)


class State(Enum):
    """Where a stream is."""

    NEW = auto()
    OPEN = auto()
    STOPPED = auto()
    """The reason to stop has come; only usage may follow."""
    ENDED = auto()
    """The terminal event has come."""


class Step(Enum):
    """What an event does to the stream."""

    START = auto()
    BLOCK = auto()
    """It begins, grows or ends a block."""
    NOTE = auto()
    """It says something about the whole, such as usage so far."""
    REASON = auto()
    """No block follows."""
    END = auto()


STREAM: Mapping[tuple[State, Step], State] = {
    (State.NEW, Step.START): State.OPEN,
    (State.OPEN, Step.BLOCK): State.OPEN,
    (State.OPEN, Step.NOTE): State.OPEN,
    (State.OPEN, Step.REASON): State.STOPPED,
    (State.OPEN, Step.END): State.ENDED,
    (State.STOPPED, Step.END): State.ENDED,
}
"""The next state of the stream."""

CLOSING = frozenset({Step.REASON, Step.END})
"""Steps before which every block must have ended."""

GROWS_BY: Mapping[type[ContentBlock], tuple[type[Event], ...]] = {
    TextBlock: (TextDelta, CitationDelta),
    ThinkingBlock: (ThinkingDelta, SignatureDelta),
    ToolUseBlock: (ToolInputDelta,),
}
"""The deltas that each kind of block grows by. Others come whole."""


class Order:
    """Walks the tables for one stream."""

    def __init__(self) -> None:
        self.state = State.NEW
        """Where the stream is."""
        self._growing: dict[int, type[ContentBlock]] = {}
        self._seen: set[int] = set()

    def take(self, step: Step) -> None:
        """The stream takes a step. Raises `ProtocolError` where it may not."""
        following = STREAM.get((self.state, step))
        if following is None or (step in CLOSING and self._growing):
            raise ProtocolError(_MISPLACED.get(self.state, "") or _OUT_OF_PLACE)
        self.state = following

    def absent(self, index: int) -> bool:
        """Whether no block with this index has begun."""
        return index not in self._seen

    def begin(self, index: int, block: ContentBlock) -> BlockStart:
        """A block begins. Raises `ProtocolError` where its index was used."""
        self.take(Step.BLOCK)
        if index in self._seen:
            raise ProtocolError(_OUT_OF_PLACE)
        self._growing[index] = type(block)
        self._seen.add(index)
        return BlockStart(index=index, block=block)

    def grow(self, index: int, deltas: list[Event]) -> list[Event]:
        """A block grows. Raises `ProtocolError` where none grows there, or by another
        kind of delta than it may."""
        self.take(Step.BLOCK)
        if index not in self._growing:
            raise ProtocolError(_OUT_OF_PLACE)
        fitting = GROWS_BY.get(self._growing[index], ())
        if not all(isinstance(delta, fitting) for delta in deltas):
            raise ProtocolError("A delta of the stream does not fit its block.")
        return deltas

    def end(self, index: int) -> BlockStop:
        """A block ends. Raises `ProtocolError` where none grows there."""
        self.take(Step.BLOCK)
        if self._growing.pop(index, None) is None:
            raise ProtocolError(_OUT_OF_PLACE)
        return BlockStop(index=index)


_OUT_OF_PLACE = "An event of the stream is out of place."
_MISPLACED: Mapping[State, str] = {
    State.NEW: "The stream does not begin with the start of a message.",
    State.ENDED: "The stream continues after its terminal event.",
}
"""What is wrong, where the state says more."""
