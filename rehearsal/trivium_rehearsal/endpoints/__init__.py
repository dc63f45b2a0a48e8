"""Strict local endpoints of the model APIs of Bedrock, Vertex AI and Foundry.

They refuse what the real ones refuse, serve the vendors' own clients unmodified, answer with a small local model or
from a script, break in every way a cloud can break, and testify to what arrived. Every reply says that it does not
come from Claude.
"""

from trivium_rehearsal.endpoints.configuration import (
    AwsIdentity,
    Bedrock,
    Configuration,
    EndpointsConfigurationError,
    EntraIdentity,
    Foundry,
    GoogleIdentity,
    LocalModel,
    Model,
    Ports,
    RedactedThinkingPart,
    Scripted,
    ScriptedReply,
    TextPart,
    ThinkingPart,
    ToolUsePart,
    Vertex,
    When,
    encode_configuration,
    parse_configuration,
)
from trivium_rehearsal.endpoints.faults import Fault
from trivium_rehearsal.endpoints.server import Endpoints, EndpointsError, Running, start

__all__ = [
    "AwsIdentity",
    "Bedrock",
    "Configuration",
    "EndpointsConfigurationError",
    "Endpoints",
    "EndpointsError",
    "EntraIdentity",
    "Fault",
    "Foundry",
    "GoogleIdentity",
    "LocalModel",
    "Model",
    "Ports",
    "RedactedThinkingPart",
    "Running",
    "Scripted",
    "ScriptedReply",
    "TextPart",
    "ThinkingPart",
    "ToolUsePart",
    "Vertex",
    "When",
    "encode_configuration",
    "parse_configuration",
    "start",
]
