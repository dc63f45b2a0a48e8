"""Requests, replies and stream events in the shape of the Anthropic Messages API.

Claude's users know that shape, so all three protocols are translated to and from it.
Records only, no I/O. Source: the public Messages API reference (platform.claude.com),
read 2026-11-22.
"""

from typing import Annotated, Any, Literal

from msgspec import Meta

from trivium.vocabulary.record import Record

Json = dict[str, Any]
"""A JSON object whose shape belongs to the caller (a tool's schema or input), hence
`Any`."""


class CacheControl(Record, frozen=True, kw_only=True, tag="ephemeral"):
    """Marks the end of a cacheable prefix."""

    ttl: Literal["5m", "1h"] = "5m"


class _Block(Record, frozen=True, kw_only=True):
    """What every content block has."""

    @property
    def type(self) -> str:
        """Its kind, as the Messages API names it. `isinstance` says more to a type
        checker."""
        return str(self.__struct_config__.tag)


class TextBlock(_Block, frozen=True, kw_only=True, tag="text"):
    """Text, from either side."""

    text: str
    citations: tuple[Json, ...] = ()
    """What the text rests on, in a reply to documents whose citations were enabled.
    Each has a `type`, the `cited_text` and where it stands, as the Messages API has
    it."""
    cache_control: CacheControl | None = None


class Citations(Record, frozen=True, kw_only=True):
    """Whether the reply may cite a document."""

    enabled: bool


class Base64Source(Record, frozen=True, kw_only=True, tag="base64"):
    """Bytes of an image or document, base64 in the wire's JSON."""

    media_type: str
    data: str


class TextSource(Record, frozen=True, kw_only=True, tag="text"):
    """A plain-text document."""

    data: str
    media_type: Literal["text/plain"] = "text/plain"


class ImageBlock(_Block, frozen=True, kw_only=True, tag="image"):
    """An image from the caller."""

    source: Base64Source
    cache_control: CacheControl | None = None


class DocumentBlock(_Block, frozen=True, kw_only=True, tag="document"):
    """A document from the caller."""

    source: Base64Source | TextSource
    title: str | None = None
    citations: Citations | None = None
    cache_control: CacheControl | None = None


class ToolUseBlock(_Block, frozen=True, kw_only=True, tag="tool_use"):
    """The model asks for a tool."""

    id: str
    name: str
    input: Json
    cache_control: CacheControl | None = None


class ToolResultBlock(_Block, frozen=True, kw_only=True, tag="tool_result"):
    """The caller answers a `ToolUseBlock`."""

    tool_use_id: str
    content: str | tuple[TextBlock | ImageBlock, ...] = ""
    is_error: bool = False
    cache_control: CacheControl | None = None


class ThinkingBlock(_Block, frozen=True, kw_only=True, tag="thinking"):
    """The model's reasoning; `signature` binds it to the model that wrote it."""

    thinking: str
    signature: str = ""


class RedactedThinkingBlock(_Block, frozen=True, kw_only=True, tag="redacted_thinking"):
    """Reasoning that the provider encrypted."""

    data: str


ContentBlock = (
    TextBlock
    | ImageBlock
    | DocumentBlock
    | ToolUseBlock
    | ToolResultBlock
    | ThinkingBlock
    | RedactedThinkingBlock
)


class Turn(Record, frozen=True, kw_only=True):
    """One turn of the conversation."""

    role: Literal["user", "assistant"]
    content: str | tuple[ContentBlock, ...]


class Tool(Record, frozen=True, kw_only=True):
    """A tool that the model may ask for."""

    name: str
    input_schema: Json
    description: str | None = None
    cache_control: CacheControl | None = None


class ToolChoice(Record, frozen=True, kw_only=True):
    """Whether and which tool must be used; `name` belongs to type `tool` alone."""

    type: Literal["auto", "any", "tool", "none"]
    name: str | None = None
    disable_parallel_tool_use: bool = False


class Thinking(Record, frozen=True, kw_only=True):
    """Extended thinking; `budget_tokens` belongs to type `enabled` alone."""

    type: Literal["enabled", "disabled", "adaptive"]
    budget_tokens: int | None = None


class MessageRequest(Record, frozen=True, kw_only=True):
    """What a caller asks, before a route is chosen; `model` is a tier, a role or a
    route id."""

    model: str
    max_tokens: int
    """Upper bound of generated tokens."""
    messages: tuple[Turn, ...]
    """Turns, oldest first; the first is the user's."""
    system: str | tuple[TextBlock, ...] | None = None
    stop_sequences: tuple[str, ...] = ()
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice | None = None
    thinking: Thinking | None = None


StopReason = str
"""Why the model stopped: `end_turn`, `max_tokens`, `stop_sequence`, `tool_use`,
`pause_turn`, `refusal`, `guardrail_intervened`, `model_context_window_exceeded`, or a
newer word, as the provider said it: the Messages API may add some at any time
(platform.claude.com, "Versions", read 2026-11-23)."""


Tokens = Annotated[int, Meta(ge=0, lt=2**53)]
"""A count that every reader of the audit log's JSON can keep exactly (RFC 8259, section
6)."""


class Usage(Record, frozen=True, kw_only=True, omit_defaults=False):
    """Tokens of one attempt. `input_tokens` excludes cached ones on every route
    (adapters normalise)."""

    input_tokens: Tokens = 0
    output_tokens: Tokens = 0
    cache_creation_input_tokens: Tokens = 0
    cache_read_input_tokens: Tokens = 0
    cache_creation_1h_input_tokens: Tokens = 0
    """How many of the tokens written to the cache are kept for an hour, not for five
    minutes."""


class Reply(Record, frozen=True, kw_only=True):
    """What one route answered, complete."""

    id: str
    """The provider's message id; "" on Converse, which has none."""
    model: str
    """The model as the provider names it; on Converse, which does not say, the id that
    was asked."""
    content: tuple[ContentBlock, ...]
    stop_reason: StopReason
    usage: Usage
    stop_sequence: str | None = None
    provider_request_id: str | None = None

    @property
    def text(self) -> str:
        """All text blocks, joined."""
        return "".join(
            block.text for block in self.content if isinstance(block, TextBlock)
        )


class MessageStart(Record, frozen=True, kw_only=True, tag="message_start"):
    """The stream begins."""

    id: str
    model: str
    usage: Usage = Usage()


class BlockStart(Record, frozen=True, kw_only=True, tag="content_block_start"):
    """A content block begins; it grows by the deltas of the same index."""

    index: int
    block: ContentBlock


class TextDelta(Record, frozen=True, kw_only=True, tag="text_delta"):
    """More text of block `index`."""

    index: int
    text: str


class ToolInputDelta(Record, frozen=True, kw_only=True, tag="input_json_delta"):
    """More of a tool's input: a fragment of JSON text."""

    index: int
    partial_json: str


class ThinkingDelta(Record, frozen=True, kw_only=True, tag="thinking_delta"):
    """More reasoning."""

    index: int
    thinking: str


class SignatureDelta(Record, frozen=True, kw_only=True, tag="signature_delta"):
    """The signature of a thinking block."""

    index: int
    signature: str


class CitationDelta(Record, frozen=True, kw_only=True, tag="citations_delta"):
    """A further citation of text block `index`."""

    index: int
    citation: Json


class BlockStop(Record, frozen=True, kw_only=True, tag="content_block_stop"):
    """Block `index` is complete."""

    index: int


class MessageDelta(Record, frozen=True, kw_only=True, tag="message_delta"):
    """Why it stopped, and the final usage as far as the protocol tells it here."""

    stop_reason: StopReason
    stop_sequence: str | None = None
    usage: Usage | None = None


class MessageStop(Record, frozen=True, kw_only=True, tag="message_stop"):
    """The terminal event. Without it a stream was not an answer."""

    usage: Usage | None = None
    """Final usage where the protocol tells it only at the end (Converse's
    `metadata`)."""


Event = (
    MessageStart
    | BlockStart
    | TextDelta
    | ToolInputDelta
    | ThinkingDelta
    | SignatureDelta
    | CitationDelta
    | BlockStop
    | MessageDelta
    | MessageStop
)
