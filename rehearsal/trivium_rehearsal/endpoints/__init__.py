"""Strict local endpoints that stand in for the clouds' model APIs.

They refuse what Bedrock, Vertex AI and Foundry refuse, and serve the vendors' own
clients unmodified. They answer with a small local model or from a script, fail on
order in every way a cloud can fail, and count what arrived. Every reply says that it
does not come from Claude (header `x-trivium-rehearsal`, and `model` where the protocol
has it).

In a test:

    settings = Configuration(
        source=…, foundry=Foundry(models={"sonnet": Model()}, api_keys=("key",))
    )
    with Endpoints(settings) as local:
        local.fault("overloaded", cloud="foundry")
        …  # call local.addresses["foundry"] + "/anthropic/v1/messages"
        outcomes = local.counters()["foundry"]["outcomes"]
        assert outcomes == {"fault:overloaded": 1}

As a process, `python -m trivium_rehearsal.endpoints --config FILE` takes the same
document as JSON:

    {"source": {"kind": "model"},
     "bedrock": {"region": "us-east-1",
                 "models": {"us.anthropic.claude-sonnet-4-5-20250929-v1:0": {}},
                 "identities": [{"access_key_id": "…", "secret_access_key": "…"}]},
     "vertex": {"project": "p", "locations": ["us-east5"], "grpc": true,
                "models": {"claude-sonnet-4-5@20250929": {}},
                "identities": [{"token": "…"}]},
     "foundry": {"models": {"sonnet": {}},
                 "api_keys": ["…"], "identities": [{"token": "…"}]}}

`serving` knows HTTP, faults and counters and no API. `models` holds the model APIs.
`configuration` and `running` put them together, `threaded` runs them inside a test.
"""

from trivium_rehearsal.endpoints.configuration import (
    Configuration,
    EndpointsConfigurationError,
    Ports,
    encode_configuration,
    parse_configuration,
)
from trivium_rehearsal.endpoints.models.configuration import (
    Bedrock,
    Foundry,
    LocalModel,
    Model,
    RedactedThinkingPart,
    Scripted,
    ScriptedReply,
    TextPart,
    ThinkingPart,
    ToolUsePart,
    Vertex,
    When,
)
from trivium_rehearsal.endpoints.running import EndpointsError, Running, start
from trivium_rehearsal.endpoints.serving.faults import Fault
from trivium_rehearsal.endpoints.serving.identities import (
    AwsIdentity,
    EntraIdentity,
    GoogleIdentity,
)
from trivium_rehearsal.endpoints.threaded import Endpoints

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
