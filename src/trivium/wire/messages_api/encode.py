"""The Messages API as Vertex AI and Foundry carry it: messages to a request.

Vertex: POST …/publishers/anthropic/models/{id}:rawPredict or :streamRawPredict, with
the version in the body and no `model`. Foundry: POST …/anthropic/v1/messages, with the
version in a header and the deployment's name as `model`. Sources: platform.claude.com,
"Claude on Vertex AI" and "Claude in Microsoft Foundry", read 2026-11-22.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import msgspec

from trivium.vocabulary.messages import MessageRequest
from trivium.wire.place import Place
from trivium.wire.request import WireRequest

STREAM_TYPE = "text/event-stream"
"""Media type of a stream."""

VERTEX_VERSION = "vertex-2023-10-16"
FOUNDRY_VERSION = "2023-06-01"
"""The older versions: every model takes them, and 2026-10-21 refuses temperature, top_p
and top_k."""


def encode_vertex(
    request: MessageRequest, place: Place, *, stream: bool
) -> WireRequest:
    """The request to Vertex AI; its path follows `…/locations/L`."""
    verb = "streamRawPredict" if stream else "rawPredict"
    model = quote(place.target.id, safe="@.-_~")
    return WireRequest(
        path=f"/publishers/anthropic/models/{model}:{verb}",
        headers=_headers(stream),
        body=_body(request, {"anthropic_version": VERTEX_VERSION}, stream=stream),
    )


def encode_foundry(
    request: MessageRequest, place: Place, *, stream: bool
) -> WireRequest:
    """The request to Foundry; its path follows `…/anthropic`."""
    return WireRequest(
        path="/v1/messages",
        headers={**_headers(stream), "anthropic-version": FOUNDRY_VERSION},
        body=_body(request, {"model": place.target.id}, stream=stream),
    )


def _headers(stream: bool) -> dict[str, str]:
    """What every request says of its body and its answer."""
    return {
        "content-type": "application/json",
        "accept": STREAM_TYPE if stream else "application/json",
    }


def _body(request: MessageRequest, own: Mapping[str, str], *, stream: bool) -> bytes:
    """The request's JSON with what a cloud adds of its own."""
    plain: dict[str, Any] = msgspec.to_builtins(request)
    del plain["model"]
    for turn in plain["messages"]:
        for block in turn["content"] if not isinstance(turn["content"], str) else ():
            if block["type"] == "document" and block["source"]["type"] == "text":
                # Required, and left out of our record as its default.
                block["source"]["media_type"] = "text/plain"
    plain |= own
    if stream:
        plain["stream"] = True
    return msgspec.json.encode(plain)
