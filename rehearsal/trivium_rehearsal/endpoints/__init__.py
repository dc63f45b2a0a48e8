"""Strict local endpoints of the model APIs of Bedrock, Vertex AI and Foundry.

They refuse what the real ones refuse, serve the vendors' own clients unmodified, answer
with a small local model or from a script, break in every way a cloud can break, and
testify to what arrived. Every reply says that it does not come from Claude (header
`x-trivium-rehearsal`, and `model` where the protocol has one).

In a test:

    with Endpoints(Configuration(source=…, foundry=Foundry(models={"sonnet": Model()}, api_keys=("key",)))) as local:
        local.fault("overloaded", cloud="foundry")
        …                                   # call local.addresses["foundry"] + "/anthropic/v1/messages"
        assert local.counters()["foundry"]["outcomes"] == {"fault:overloaded": 1}

As a process: `python -m trivium_rehearsal.endpoints --config FILE`, with the same
document as JSON:

    {"source": {"kind": "model"},
     "bedrock": {"region": "us-east-1", "models": {"us.anthropic.claude-sonnet-4-5-20250929-v1:0": {}},
                 "identities": [{"access_key_id": "AKIA…", "secret_access_key": "…"}]},
     "vertex": {"project": "p", "locations": ["us-east5"], "models": {"claude-sonnet-4-5@20250929": {}},
                "identities": [{"token": "ya29.…"}], "grpc": true},
     "foundry": {"models": {"sonnet": {}}, "api_keys": ["…"], "identities": [{"token": "…"}]}}
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
