"""What the model APIs serve: the models, who may call, and where replies come from."""

from typing import Annotated, Any, Literal

import msgspec

from trivium_rehearsal.endpoints.serving.identities import (
    AwsIdentity,
    EntraIdentity,
    GoogleIdentity,
)
from trivium_rehearsal.endpoints.serving.records import (
    Count,
    Name,
    Positive,
    Record,
    Seconds,
)

Cloud = Literal["bedrock", "vertex", "foundry"]
CLOUDS: tuple[Cloud, ...] = ("bedrock", "vertex", "foundry")

VERSION_2026 = "2026-10-21"
"""The Messages API version that anthropic 2.x sends (anthropic/_constants.py in
2.12.0)."""

StopReason = Literal[
    "end_turn", "max_tokens", "stop_sequence", "tool_use", "pause_turn", "refusal"
]


class Model(Record, frozen=True, kw_only=True):
    """What is known about one model id or deployment."""

    max_output_tokens: Positive = 64_000
    """Largest `max_tokens` (Claude Sonnet 4.5: 64,000, model overview, read
    2026-11-22)."""
    accepts_2026_10_21: bool | None = None
    """Whether the version 2026-10-21 is accepted. None: yes on Vertex and Foundry; no
    on Bedrock, where it began with Claude 4.7 (anthropic-sdk-python issue 2031)."""
    accepts_prefill: bool = True
    """Whether a conversation may end with the assistant's turn. Claude Opus 4.8 and
    later answer it with 400 (hermes-agent pull request 108209)."""
    accessible: bool = True
    """False for a model that exists but was not granted to the account."""

    def versions(self, own: str, *, newer: bool) -> tuple[str, ...]:
        """The versions of the Messages API that it accepts under a cloud.

        `own` is the cloud's own version; `newer` says whether the cloud accepts
        2026-10-21 where the model's configuration does not decide.
        """
        accepted = self.accepts_2026_10_21
        if accepted is None:
            accepted = newer
        return (own, VERSION_2026) if accepted else (own,)


class Bedrock(Record, frozen=True, kw_only=True):
    """The Bedrock runtime of one region."""

    region: Name
    """The AWS region in the credential scope."""
    identities: tuple[AwsIdentity, ...]
    """Who may call."""
    models: dict[str, Model]
    """By model id, inference profile id or application inference profile ARN, exactly
    as a caller may name it. A foundation model that is reachable only through a profile
    is refused under its plain id, as AWS does."""
    account_id: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{12}$")] = "000000000000"
    """The AWS account in the ARNs of inference profiles."""
    guardrails: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    """Guardrail id to its versions. They are looked up but not enforced: what a
    guardrail would block cannot be verified here."""
    betas: tuple[str, ...] = ()
    """Accepted members of `anthropic_beta`."""


class Vertex(Record, frozen=True, kw_only=True):
    """Vertex AI's prediction service for one project."""

    project: Name
    """The project id."""
    locations: tuple[Name, ...]
    """The locations that are served."""
    identities: tuple[GoogleIdentity, ...]
    """Who may call."""
    models: dict[str, Model]
    """By model id with its version, as in `claude-sonnet-4-5@20250929`."""
    betas: tuple[str, ...] = ()
    """Accepted members of the header `anthropic-beta`."""
    grpc: bool = False
    """Also serve PredictionService over gRPC, which costs the import of grpcio."""


class Foundry(Record, frozen=True, kw_only=True):
    """One Foundry resource with Claude deployments."""

    models: dict[str, Model]
    """By deployment name."""
    api_keys: tuple[Name, ...] = ()
    """Keys of the resource that may call."""
    identities: tuple[EntraIdentity, ...] = ()
    """Who may call with a Microsoft Entra token."""
    betas: tuple[str, ...] = ()
    """Accepted members of the header `anthropic-beta`."""

    def __repr__(self) -> str:  # `api_keys` are credentials
        return "<Foundry>"


class TextPart(Record, frozen=True, kw_only=True, tag="text"):
    """A text block of a scripted reply."""

    text: str
    """What is said."""


class ThinkingPart(Record, frozen=True, kw_only=True, tag="thinking"):
    """A thinking block of a scripted reply."""

    thinking: str
    """What is thought."""
    signature: str = "rehearsal-signature"
    """Opaque to the caller."""


class RedactedThinkingPart(Record, frozen=True, kw_only=True, tag="redacted_thinking"):
    """An encrypted thinking block of a scripted reply."""

    data: str
    """Base64."""


class ToolUsePart(Record, frozen=True, kw_only=True, tag="tool_use"):
    """A tool call of a scripted reply."""

    id: Name
    """The id that the tool's result must repeat."""
    name: Name
    """The tool that is called."""
    input: dict[str, Any] = msgspec.field(default_factory=dict)
    """The tool's input, in the tool's own shape."""


Part = TextPart | ThinkingPart | RedactedThinkingPart | ToolUsePart


class When(Record, frozen=True, kw_only=True):
    """Which requests a scripted reply answers. Every condition that is given must
    hold."""

    contains: str | None = None
    """Text that the last turn contains."""
    model: str | None = None
    """The model id or deployment that was called."""
    cloud: Cloud | None = None
    """The endpoint that was called."""
    tool_result: bool | None = None
    """Whether the last turn carries a tool result."""


class ScriptedReply(Record, frozen=True, kw_only=True):
    """One reply of a script."""

    content: tuple[Part, ...]
    """The blocks, in order."""
    when: When = When()
    """Which requests it answers."""
    times: Positive | None = None
    """How often it may be given. None: without limit."""
    stop_reason: StopReason | None = None
    """None: `tool_use` if the reply calls a tool, otherwise `end_turn`."""
    input_tokens: Count | None = None
    """None: the words of the prompt are counted."""
    output_tokens: Count | None = None
    """None, or a reply cut short by `max_tokens`: the words that were sent are
    counted."""
    cache_read_input_tokens: Count = 0
    """Tokens that the reply says were read from the prompt cache."""
    cache_creation_input_tokens: Count = 0
    """Tokens that the reply says were written to the prompt cache."""
    piece_delay_s: Seconds = 0.0
    """Pause before each word of the reply, in seconds."""


class Scripted(Record, frozen=True, kw_only=True, tag="scripted", tag_field="kind"):
    """Replies from a list."""

    replies: tuple[ScriptedReply, ...]
    """The first one whose `when` holds and whose `times` are not used up is given."""


class LocalModel(Record, frozen=True, kw_only=True, tag="model", tag_field="kind"):
    """Replies from SmolLM2-135M-Instruct, generated as they are streamed."""

    threads: Positive = 1
    """Threads that compute. On two idle cores a second thread saves a fifth of the time
    (24 tokens in 0.26 s instead of 0.32 s). On busy cores it costs tenfold, because the
    two wait for each other."""
    context_tokens: Positive = 4096
    """Context of one request."""
    parallel: Positive = 2
    """Requests that are answered at the same time."""
