"""What a caller gets, and what a caller gives."""

import difflib
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Required, TypedDict

import msgspec

from trivium.client.elsewhere import ARGUMENTS, Explained
from trivium.errors import ProtocolError, RequestError
from trivium.vocabulary.decision import Decision
from trivium.vocabulary.messages import (
    BlockStart,
    ContentBlock,
    Event,
    MessageDelta,
    MessageRequest,
    MessageStart,
    MessageStop,
    RedactedThinkingBlock,
    Reply,
    SignatureDelta,
    StopReason,
    TextBlock,
    TextDelta,
    Thinking,
    ThinkingBlock,
    ThinkingDelta,
    Tool,
    ToolChoice,
    ToolInputDelta,
    ToolUseBlock,
    Turn,
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

    @property
    def text(self) -> str:
        """All text blocks, joined."""
        return "".join(
            block.text for block in self.content if isinstance(block, TextBlock)
        )


class RequestArguments(TypedDict, total=False):
    """What `create` and `stream` take, by name: the Messages API's arguments, as plain
    data or as the records of `trivium.vocabulary.messages` (Any: plain data is checked
    when it is used)."""

    model: Required[str]
    """A tier, a role, a route id or `route-id/tier`."""
    max_tokens: Required[int]
    messages: Required[Sequence[Turn | Mapping[str, Any]]]
    """Turns, oldest first; the first is the user's."""
    system: str | Sequence[TextBlock | Mapping[str, Any]] | None
    stop_sequences: Sequence[str] | None
    temperature: float | None
    top_p: float | None
    top_k: int | None
    tools: Sequence[Tool | Mapping[str, Any]] | None
    tool_choice: ToolChoice | Mapping[str, Any] | None
    thinking: Thinking | Mapping[str, Any] | None
    metadata: Mapping[str, str] | None
    """`user_id`, and labels that the constitution's conditions may ask about; they stay
    in this process and its audit log."""


_NAMES = tuple(RequestArguments.__annotations__)


def request_of(arguments: Mapping[str, Any]) -> tuple[MessageRequest, dict[str, str]]:
    """The request and the metadata that a caller's arguments mean; None leaves an
    argument out. Any: checked here.

    Raises `RequestError` naming the argument and what was expected, never its content.
    """
    _require_known(arguments)
    given = {
        name: value
        for name, value in arguments.items()
        if value is not None and name != "metadata"
    }
    try:
        plain = msgspec.to_builtins(
            given, builtin_types=(bytes, bytearray)
        )  # never taken for text
        request: MessageRequest = msgspec.convert(plain, MessageRequest)
    except RecursionError:
        raise RequestError(
            "The request cannot be used: it is nested without end."
        ) from None
    except (msgspec.ValidationError, TypeError) as error:
        raise RequestError(
            f"The request cannot be used: {_without_values(str(error))}."
        ) from None
    problem = _problem(request)
    if problem:
        raise RequestError(f"The request cannot be used: {problem}.")
    request = msgspec.structs.replace(
        request, messages=tuple(map(_without_blanks, request.messages))
    )
    return request, _labels(arguments.get("metadata"))


def _without_blanks(turn: Turn) -> Turn:
    """A model sometimes writes a text of line breaks alone, and refuses to read it:
    handing its words back must work. The error is the Messages API's "text content
    blocks must contain non-whitespace text".
    """
    if turn.role == "user" or isinstance(turn.content, str):
        return turn
    kept = tuple(
        block
        for block in turn.content
        if not isinstance(block, TextBlock) or block.text.strip()
    )
    return (
        msgspec.structs.replace(turn, content=kept)
        if kept and len(kept) < len(turn.content)
        else turn
    )


def _labels(metadata: object) -> dict[str, str]:
    if metadata is None:
        return {}
    if not isinstance(metadata, Mapping) or not all(
        isinstance(part, str) for pair in metadata.items() for part in pair
    ):
        raise RequestError(
            "The request cannot be used: `metadata` is not a mapping of strings to"
            " strings."
        )
    return dict(metadata)


def _require_known(arguments: Mapping[str, Any]) -> None:
    unknown = [name for name in arguments if name not in _NAMES]
    if unknown:
        near = difflib.get_close_matches(unknown[0], _NAMES, n=1)
        instead = ARGUMENTS.get(unknown[0]) or (
            f"Did you mean `{near[0]}`?" if near else None
        )
        raise RequestError(
            f"Unknown argument `{unknown[0]}`; known are {', '.join(_NAMES)}.",
            next_step=instead,
        )
    missing = [
        name for name in RequestArguments.__required_keys__ if name not in arguments
    ]
    if missing:
        raise RequestError(f"Argument `{min(missing, key=_NAMES.index)}` is missing.")


def _problem(request: MessageRequest) -> str:
    if request.max_tokens < 1:
        return f"`max_tokens` is {request.max_tokens}, expected at least 1"
    for name in ("temperature", "top_p"):
        if not math.isfinite(getattr(request, name) or 0.0):
            return f"`{name}` is not a finite number"
    if not request.messages:
        return "`messages` is empty, expected at least one turn"
    if request.messages[0].role != "user":
        return "`messages[0].role` is `assistant`, expected `user`"
    if not all(turn.content for turn in request.messages):
        return "a turn of `messages` has no content"
    if (
        request.tool_choice is not None
        and request.tool_choice.type == "tool"
        and not request.tool_choice.name
    ):
        return "`tool_choice` of type `tool` names no tool"
    return ""


def _without_values(text: str) -> str:
    """msgspec quotes what it found in an enum or a tag; that may be the caller's
    text."""
    head, _, place = text.partition(" - at ")
    kind = head.partition(" '")[0] if "Invalid" in head else head
    expected = next(
        (words for pattern, words in _EXPECTED if pattern.search(f"{kind} {place}")), ""
    )
    return f"{kind} at {place}{expected}" if place else kind


_EXPECTED = (
    (
        re.compile(r"^Invalid.*\.role`"),
        ", expected `user` or `assistant`; instructions belong into `system`",
    ),
    (
        re.compile(r"^Invalid.*\.source\.type`"),
        (
            ", expected `base64`, or `text` in a document; what a provider would fetch"
            " the guard cannot check"
        ),
    ),
    (
        re.compile(r"^Invalid.*\.content\[[\d.]*\]\.content\[[\d.]*\]\.type`"),
        (
            ", expected `text` or `image`; a document stands beside the tool's result,"
            " not in it"
        ),
    ),
    (
        re.compile(r"^Invalid.*\.content\[[\d.]*\]\.type`"),
        (
            ", expected `text`, `image`, `document`, `tool_use`, `tool_result`,"
            " `thinking` or `redacted_thinking`"
        ),
    ),
    (
        re.compile(r"field `type`.*\.tools\["),
        "; only tools of the caller's own are carried, which have no type",
    ),
)
"""What msgspec does not say, by its words and the place."""


class Accumulator:
    """The reply that a stream's events make."""

    def __init__(self) -> None:
        self._blocks: dict[int, ContentBlock] = {}
        self._pieces: dict[int, list[str]] = {}
        self._signatures: dict[int, str] = {}
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
        block, text = self._blocks[index], "".join(self._pieces[index])
        match block:
            case TextBlock():
                return TextBlock(text=block.text + text)
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
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except ValueError:
        raise ProtocolError(
            "A tool's input in the stream is not a JSON object."
        ) from None
