"""What the endpoints are told: who may call, which models exist, where the text comes
from.

One JSON document. Unknown keys, wrong types and missing keys are refused with the path
of the key, because a misspelt `expires_at` would otherwise make an endpoint laxer than
the cloud it stands for. Records hold secrets, so none of those records shows its fields
when printed.
"""

import datetime as dt
from typing import Annotated, Any, Literal

import msgspec

from trivium.errors import ConfigurationError

Cloud = Literal["bedrock", "vertex", "foundry"]
CLOUDS: tuple[Cloud, ...] = ("bedrock", "vertex", "foundry")

CLOUD_PLATFORM_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
"""The OAuth scope that Vertex AI asks for (REST reference,
projects.locations.publishers.models.rawPredict)."""

VERSION_2026 = "2026-10-21"
"""The Messages API version that anthropic 2.x sends (anthropic/_constants.py in
2.12.0)."""

Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]
Positive = Annotated[int, msgspec.Meta(ge=1)]
Count = Annotated[int, msgspec.Meta(ge=0)]
Name = Annotated[str, msgspec.Meta(min_length=1)]


class EndpointsConfigurationError(ConfigurationError):
    """The configuration cannot be used; the message names the key, what was found and
    what is expected."""


class _Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A strict JSON object."""


class _Secretive(_Record, frozen=True, kw_only=True):
    """A record that holds a credential and never shows it."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    __str__ = __repr__

    def __rich_repr__(self) -> Any:  # rich's protocol is untyped
        return iter(())


class AwsIdentity(_Secretive, frozen=True, kw_only=True):
    """An AWS access key that may call Bedrock."""

    access_key_id: Name
    secret_access_key: Name
    session_token: str | None = None
    """Present for temporary credentials; the request must then carry the same one."""
    expires_at: dt.datetime | None = None
    """When the session token ends; None never."""


class GoogleIdentity(_Secretive, frozen=True, kw_only=True):
    """An OAuth access token that may call Vertex AI."""

    token: Name
    expires_at: dt.datetime | None = None
    scopes: tuple[str, ...] = (CLOUD_PLATFORM_SCOPE,)


class EntraIdentity(_Secretive, frozen=True, kw_only=True):
    """A Microsoft Entra access token that may call Foundry. It is compared as it is; it
    need not be a JWT."""

    token: Name
    audience: Name = "https://ai.azure.com"
    """The token's `aud`; Foundry takes `https://ai.azure.com` and
    `https://cognitiveservices.azure.com`."""
    expires_at: dt.datetime | None = None
    permitted: bool = True
    """False for an identity without a role on the resource: authenticated and then
    denied."""


class Model(_Record, frozen=True, kw_only=True):
    """What is known about one model id or deployment."""

    max_output_tokens: Positive = 64_000
    """Largest `max_tokens` (Claude Sonnet 4.5: 64,000, model overview, read
    2026-11-22)."""
    accepts_2026_10_21: bool | None = None
    """Whether the version 2026-10-21 is accepted. None: on Vertex and Foundry yes, on
    Bedrock no, where it began with Claude 4.7 (anthropic-sdk-python issue 2031)."""
    accepts_prefill: bool = True
    """Whether a conversation may end with the assistant's turn. False from Claude Opus
    4.8 on (hermes-agent pull request 108209), which answers 400."""
    accessible: bool = True
    """False for a model that exists and that the account was not granted."""


class Bedrock(_Record, frozen=True, kw_only=True):
    """The Bedrock runtime of one region."""

    region: Name
    identities: tuple[AwsIdentity, ...]
    models: dict[str, Model]
    """By model id, inference profile id or application inference profile ARN, exactly
    as a caller may name it. A foundation model that is only reachable through a profile
    is refused under its plain id, as the cloud does."""
    account_id: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{12}$")] = "000000000000"
    guardrails: dict[str, tuple[str, ...]] = {}
    """Guardrail id to its versions. They are looked up and not enforced: what a
    guardrail would block is not verifiable here."""
    betas: tuple[str, ...] = ()
    """Accepted members of `anthropic_beta`."""


class Vertex(_Record, frozen=True, kw_only=True):
    """Vertex AI's prediction service for one project."""

    project: Name
    locations: tuple[Name, ...]
    identities: tuple[GoogleIdentity, ...]
    models: dict[str, Model]
    betas: tuple[str, ...] = ()
    """Accepted members of the header `anthropic-beta`."""
    grpc: bool = False
    """Also serve PredictionService over gRPC; costs the import of grpcio."""


class Foundry(_Record, frozen=True, kw_only=True):
    """One Foundry resource with Claude deployments."""

    models: dict[str, Model]
    """By deployment name."""
    api_keys: tuple[Name, ...] = ()
    identities: tuple[EntraIdentity, ...] = ()
    betas: tuple[str, ...] = ()
    """Accepted members of the header `anthropic-beta`."""

    def __repr__(self) -> str:
        return "<Foundry>"


class TextPart(_Record, frozen=True, kw_only=True, tag="text"):
    """A text block of a scripted reply."""

    text: str


class ThinkingPart(_Record, frozen=True, kw_only=True, tag="thinking"):
    """A thinking block of a scripted reply."""

    thinking: str
    signature: str = "rehearsal-signature"


class RedactedThinkingPart(_Record, frozen=True, kw_only=True, tag="redacted_thinking"):
    """An encrypted thinking block of a scripted reply; `data` is base64."""

    data: str


class ToolUsePart(_Record, frozen=True, kw_only=True, tag="tool_use"):
    """A tool call of a scripted reply."""

    id: Name
    name: Name
    input: dict[str, Any] = {}  # the tool's own shape


Part = TextPart | ThinkingPart | RedactedThinkingPart | ToolUsePart

StopReason = Literal[
    "end_turn", "max_tokens", "stop_sequence", "tool_use", "pause_turn", "refusal"
]


class When(_Record, frozen=True, kw_only=True):
    """Which requests a scripted reply answers; every condition that is given must
    hold."""

    contains: str | None = None
    """Text that the last turn contains."""
    model: str | None = None
    """The model id or deployment that was asked."""
    cloud: Cloud | None = None
    tool_result: bool | None = None
    """Whether the last turn carries a tool result."""


class ScriptedReply(_Record, frozen=True, kw_only=True):
    """One reply. The first in the list whose `when` holds and whose `times` are not
    used up is given."""

    content: tuple[Part, ...]
    when: When = When()
    times: Positive | None = None
    """How often it may be given; None without limit."""
    stop_reason: StopReason | None = None
    """None: `tool_use` if the reply calls a tool, else `end_turn`."""
    input_tokens: Count | None = None
    """None: the words of the prompt are counted."""
    output_tokens: Count | None = None
    """None, or cut short by `max_tokens`: the words that were sent are counted."""
    cache_read_input_tokens: Count = 0
    cache_creation_input_tokens: Count = 0
    piece_delay_s: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    """Pause before each word of a stream, in seconds."""


class Scripted(_Record, frozen=True, kw_only=True, tag="scripted", tag_field="kind"):
    """Replies from a list."""

    replies: tuple[ScriptedReply, ...]


class LocalModel(_Record, frozen=True, kw_only=True, tag="model", tag_field="kind"):
    """Replies from SmolLM2-135M-Instruct, generated as they are streamed."""

    threads: Positive = 1
    """Threads that compute. On two cores a second one gains a fifth when the machine is
    idle (24 tokens in 0.26 s instead of 0.32 s), and costs tenfold when it is busy, as
    both then wait for each other."""
    context_tokens: Positive = 4096
    """Context of one request; two run at a time."""
    parallel: Positive = 2


class Ports(_Record, frozen=True, kw_only=True):
    """Fixed ports on 127.0.0.1; None takes a free one between 20000 and 29999."""

    bedrock: Port | None = None
    vertex: Port | None = None
    vertex_grpc: Port | None = None
    foundry: Port | None = None
    control: Port | None = None


class Configuration(_Record, frozen=True, kw_only=True):
    """Everything; a cloud that is absent is not served."""

    source: Scripted | LocalModel
    bedrock: Bedrock | None = None
    vertex: Vertex | None = None
    foundry: Foundry | None = None
    ports: Ports = Ports()


def parse_configuration(document: bytes | str) -> Configuration:
    """Read the JSON document. Raises `EndpointsConfigurationError`, which shows the
    key's path and never a value."""
    try:
        configuration = msgspec.json.decode(document, type=Configuration)
    except msgspec.DecodeError as error:
        raise EndpointsConfigurationError(
            f"The endpoints' configuration cannot be used: {error}. Nothing was"
            " started; correct the document (its shape is in"
            " trivium_rehearsal/endpoints/configuration.py)."
        ) from error
    for path, moment in _moments(configuration):
        if moment.tzinfo is None:
            raise EndpointsConfigurationError(
                f"The endpoints' configuration cannot be used: `{path}` has no time"
                " zone, so nobody could tell when it passes. Write it as RFC 3339 with"
                " `Z` or an offset."
            )
    return configuration


def encode_configuration(configuration: Configuration) -> bytes:
    """The JSON document that `parse_configuration` reads. It contains the credentials:
    write it with mode 0600."""
    return msgspec.json.encode(configuration)


def _moments(configuration: Configuration) -> list[tuple[str, dt.datetime]]:
    found: list[tuple[str, dt.datetime]] = []
    for cloud in CLOUDS:
        settings: Bedrock | Vertex | Foundry | None = getattr(configuration, cloud)
        identities: tuple[AwsIdentity | GoogleIdentity | EntraIdentity, ...] = (
            settings.identities if settings else ()
        )
        found += [
            (f"{cloud}.identities[{position}].expires_at", identity.expires_at)
            for position, identity in enumerate(identities)
            if identity.expires_at is not None
        ]
    return found
