"""Trivium: Claude on Bedrock, Vertex AI and Foundry, governed and recorded.

    from trivium import Client

    with Client.from_deployment() as client: message =
        client.messages.create(model="sonnet", max_tokens=200, messages=[{"role":
        "user", "content": "…"}])

Names are imported when they are first used, so that `import trivium` costs next to
nothing.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trivium.client import AsyncClient, Client, Message, Options
    from trivium.errors import TriviumError

__all__ = ["AsyncClient", "Client", "Message", "Options", "TriviumError"]

_HOMES = {
    "AsyncClient": "trivium.client",
    "Client": "trivium.client",
    "Message": "trivium.client",
    "Options": "trivium.client",
    "TriviumError": "trivium.errors",
}


def __getattr__(name: str) -> Any:  # what the name stands for
    if name not in _HOMES:
        raise AttributeError(f"module `trivium` has no attribute `{name}`")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
