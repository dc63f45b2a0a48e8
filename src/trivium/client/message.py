"""What a caller gets: a message, whole or from the events of a stream."""

from collections.abc import Iterable
from typing import Any

import msgspec

from trivium.audit.record import Round
from trivium.client.elsewhere import Explained
from trivium.errors import ProtocolError
from trivium.vocabulary.decision import Decision
from trivium.vocabulary.messages import (
    BlockStart,
    BlockStop,
    CitationDelta,
    ContentBlock,
    Event,
    Json,
    MessageDelta,
    MessageStart,
    MessageStop,
    RedactedThinkingBlock,
    Reply,
    SignatureDelta,
    StopReason,
    TextBlock,
    TextDelta,
    ThinkingBlock,
    ThinkingDelta,
    ToolInputDelta,
    ToolUseBlock,
    Usage,
)
from trivium.vocabulary.record import Record


class Message(Record, Explained, frozen=True, kw_only=True, omit_defaults=False):
    """A governed, recorded answer, in the shape of the Messages API and with what
    Trivium knows besides."""

    request_id: str
    """The client's id, as in the audit log."""
    route: str
    """The route that answered."""
    tier: str
    model: str
    """The model as the provider names it."""
    content: tuple[ContentBlock, ...]
    stop_reason: StopReason
    usage: Usage
    decision: Decision
    """What the guard decided, on the request and on the reply."""
    cost_usd: float | None
    """List price of the attempt that answered; None when the catalogue does not know
    the model."""
    latency_s: float
    """From sending to the last byte of the attempt that answered."""
    attempts: int
    """Attempts that it took, this one included."""
    rehearsal: bool
    """Whether a local stand-in answered instead of Claude."""
    stop_sequence: str | None = None
    provider_request_id: str | None = None
    adaptations: tuple[str, ...] = ()
    """A sentence for each thing that the route's protocol could not carry as it was
    asked, such as a document's title, and for a stream that was held."""
    rounds: tuple[Round, ...] = ()
    """Rounds of rewriting before this answer, oldest first; their tokens are not in
    `usage`, their price is in `cost_usd`."""

    @property
    def text(self) -> str:
        """All text blocks, joined."""
        return "".join(
            block.text for block in self.content if isinstance(block, TextBlock)
        )


def events_of(reply: Reply) -> tuple[Event, ...]:
    """A whole reply as the events of a stream, each block in one piece."""
    events: list[Event] = [
        MessageStart(id=reply.id, model=reply.model, usage=reply.usage)
    ]
    for index, block in enumerate(reply.content):
        events += [*_begun(index, block), BlockStop(index=index)]
    return (
        *events,
        MessageDelta(
            stop_reason=reply.stop_reason,
            stop_sequence=reply.stop_sequence,
            usage=reply.usage,
        ),
        MessageStop(usage=reply.usage),
    )


def _begun(index: int, block: ContentBlock) -> Iterable[Event]:
    """A block's beginning and, where it grows, its one piece."""
    match block:
        case TextBlock():
            cited = (
                CitationDelta(index=index, citation=citation)
                for citation in block.citations
            )
            piece = TextDelta(index=index, text=block.text)
            return (BlockStart(index=index, block=TextBlock(text="")), piece, *cited)
        case ToolUseBlock():
            empty = msgspec.structs.replace(block, input={})
            asked = msgspec.json.encode(block.input).decode()
            piece_of_input = ToolInputDelta(index=index, partial_json=asked)
            return (BlockStart(index=index, block=empty), piece_of_input)
        case ThinkingBlock():
            blank = ThinkingBlock(thinking="", signature="")
            thought = ThinkingDelta(index=index, thinking=block.thinking)
            signed = SignatureDelta(index=index, signature=block.signature)
            return (BlockStart(index=index, block=blank), thought, signed)
    return (BlockStart(index=index, block=block),)


class Accumulator:
    """The reply that a stream's events make."""

    def __init__(self) -> None:
        self._blocks: dict[int, ContentBlock] = {}
        self._pieces: dict[int, list[str]] = {}
        self._signatures: dict[int, str] = {}
        self._cited: dict[int, list[Json]] = {}
        self._start: MessageStart | None = None
        self._delta: MessageDelta | None = None
        self.usage = Usage()
        """Tokens so far."""

    def take(self, events: Iterable[Event]) -> None:
        """Add events, in order."""
        for event in events:
            match event:
                case MessageStart():
                    self._start = event
                    self.usage = event.usage
                case BlockStart():
                    self._blocks[event.index] = event.block
                    self._pieces[event.index] = []
                case TextDelta(index=index, text=piece):
                    self._pieces[index].append(piece)
                case ThinkingDelta(index=index, thinking=piece):
                    self._pieces[index].append(piece)
                case ToolInputDelta(index=index, partial_json=piece):
                    self._pieces[index].append(piece)
                case CitationDelta():
                    self._cited.setdefault(event.index, []).append(event.citation)
                case SignatureDelta():
                    self._signatures[event.index] = (
                        self._signatures.get(event.index, "") + event.signature
                    )
                case MessageDelta():
                    self._delta = event
                    self.usage = event.usage or self.usage
                case MessageStop():
                    self.usage = event.usage or self.usage

    def reply(self, *, provider_request_id: str | None = None) -> Reply:
        """The whole reply. Raises `ProtocolError` when a tool's input is not JSON
        object."""
        if self._start is None or self._delta is None:
            raise ProtocolError("The stream has no beginning or no reason to stop.")
        return Reply(
            id=self._start.id,
            model=self._start.model,
            content=tuple(self._block(index) for index in sorted(self._blocks)),
            stop_reason=self._delta.stop_reason,
            stop_sequence=self._delta.stop_sequence,
            usage=self.usage,
            provider_request_id=provider_request_id,
        )

    def _block(self, index: int) -> ContentBlock:
        """A content block from its beginning and its pieces."""
        block, text = self._blocks[index], "".join(self._pieces[index])
        match block:
            case TextBlock():
                cited = (*block.citations, *self._cited.get(index, ()))
                return TextBlock(text=block.text + text, citations=cited)
            case ThinkingBlock():
                signature = block.signature + self._signatures.get(index, "")
                return ThinkingBlock(
                    thinking=block.thinking + text, signature=signature
                )
            case ToolUseBlock():
                return msgspec.structs.replace(
                    block, input=_tool_input(text) if text else block.input
                )
            case RedactedThinkingBlock():
                return block
        raise ProtocolError("The stream holds a block that no model writes.")


def _tool_input(text: str) -> dict[str, Any]:
    """A tool's input from the pieces of its stream."""
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except ValueError:
        raise ProtocolError(
            "A tool's input in the stream is not a JSON object."
        ) from None
