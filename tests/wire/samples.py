"""One conversation with every kind of block, and what each protocol makes of the same
answer."""

import base64
import json
from collections.abc import Mapping
from typing import Any

from trivium.vocabulary.deployment import (
    EntraAuth,
    GoogleAuth,
    ModelTarget,
    Protocol,
    Route,
    SigV4Auth,
)
from trivium.vocabulary.messages import (
    Base64Source,
    CacheControl,
    DocumentBlock,
    ImageBlock,
    MessageRequest,
    RedactedThinkingBlock,
    TextBlock,
    TextSource,
    Thinking,
    ThinkingBlock,
    Tool,
    ToolChoice,
    ToolResultBlock,
    ToolUseBlock,
    Turn,
)
from trivium.wire.eventstream import encode_frame

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n picture").decode()
PDF = base64.b64encode(b"%PDF-1.7 pages").decode()
OPAQUE = base64.b64encode(b"opaque").decode()
CACHED = CacheControl()

EVERYTHING = MessageRequest(
    model="sonnet",
    max_tokens=4096,
    system=(
        TextBlock(text="Be brief."),
        TextBlock(text="Long rules.", cache_control=CACHED),
    ),
    stop_sequences=("END",),
    tools=(
        Tool(
            name="get_weather",
            description="The weather.",
            input_schema={"type": "object"},
        ),
        Tool(
            name="get_time",
            input_schema={"type": "object"},
            cache_control=CacheControl(ttl="1h"),
        ),
    ),
    tool_choice=ToolChoice(type="auto"),
    thinking=Thinking(type="enabled", budget_tokens=1024),
    messages=(
        Turn(
            role="user",
            content=(
                ImageBlock(source=Base64Source(media_type="image/png", data=PNG)),
                DocumentBlock(
                    source=Base64Source(media_type="application/pdf", data=PDF),
                    title="Report",
                ),
                DocumentBlock(source=TextSource(data="Plain words."), title="Notes"),
                TextBlock(text="What is the weather?", cache_control=CACHED),
            ),
        ),
        Turn(
            role="assistant",
            content=(
                ThinkingBlock(thinking="A tool is wanted.", signature="c2ln"),
                RedactedThinkingBlock(data=OPAQUE),
                TextBlock(text="Let me look."),
                ToolUseBlock(id="toolu_01", name="get_weather", input={"city": "Rome"}),
            ),
        ),
        Turn(
            role="user",
            content=(
                ToolResultBlock(
                    tool_use_id="toolu_01",
                    content=(
                        TextBlock(text="Sunny."),
                        ImageBlock(
                            source=Base64Source(media_type="image/png", data=PNG)
                        ),
                    ),
                    is_error=True,
                    cache_control=CACHED,
                ),
            ),
        ),
    ),
)


def simple(text: str = "hello", **others: Any) -> MessageRequest:
    """A request of one turn. Any: whatever field a case needs."""
    return MessageRequest(
        model="sonnet",
        max_tokens=64,
        messages=(Turn(role="user", content=text),),
        **others,
    )


def target(model_id: str) -> ModelTarget:
    """What a tier means."""
    return ModelTarget(
        id=model_id,
        model="claude-sonnet-4-5",
        scope="geo",
        destinations=("us-east-1",),
        proof="test",
    )


SONNET = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
ROUTES: Mapping[Protocol, Route] = {
    "converse": Route(
        id="aws-us",
        cloud="aws",
        protocol="converse",
        endpoint="https://bedrock-runtime.us-east-1.amazonaws.com",
        region="us-east-1",
        auth=SigV4Auth(region="us-east-1"),
        models={"sonnet": target(SONNET)},
    ),
    "vertex": Route(
        id="gcp-us",
        cloud="gcp",
        protocol="vertex",
        endpoint="https://us-east5-aiplatform.googleapis.com/v1/projects/p/locations/us-east5",
        region="us-east5",
        auth=GoogleAuth(),
        models={"sonnet": target("claude-sonnet-4-5@20250929")},
    ),
    "foundry": Route(
        id="azure-us",
        cloud="azure",
        protocol="foundry",
        endpoint="https://example.services.ai.azure.com/anthropic",
        region="eastus2",
        auth=EntraAuth(),
        models={"sonnet": target("sonnet")},
    ),
}


def sse(name: str, data: Mapping[str, Any] | str) -> bytes:
    """One server-sent event."""
    text = data if isinstance(data, str) else json.dumps(data)
    return f"event: {name}\ndata: {text}\n\n".encode()


def frame(name: str, payload: Mapping[str, Any]) -> bytes:
    """One event frame."""
    headers = {
        ":event-type": name,
        ":content-type": "application/json",
        ":message-type": "event",
    }
    return encode_frame(headers, json.dumps(payload).encode())


def exception(name: str, message: str = "no") -> bytes:
    """One exception frame."""
    headers = {
        ":exception-type": name,
        ":content-type": "application/json",
        ":message-type": "exception",
    }
    return encode_frame(headers, json.dumps({"message": message}).encode())


MESSAGES_STREAM: tuple[bytes, ...] = tuple(
    sse(str(data["type"]), data)
    for data in (
        {
            "type": "message_start",
            "message": {
                "id": "msg_1",
                "type": "message",
                "role": "assistant",
                "model": "claude",
                "content": [],
                "stop_reason": None,
                "stop_sequence": None,
                "usage": {
                    "input_tokens": 11,
                    "output_tokens": 1,
                    "cache_read_input_tokens": 5,
                    "cache_creation_input_tokens": 7,
                    "cache_creation": {
                        "ephemeral_5m_input_tokens": 4,
                        "ephemeral_1h_input_tokens": 3,
                    },
                },
            },
        },
        {"type": "ping"},
        {
            "type": "content_block_start",
            "index": 0,
            "content_block": {"type": "thinking", "thinking": "", "signature": ""},
        },
        {
            "type": "content_block_delta",
            "index": 0,
            "delta": {"type": "thinking_delta", "thinking": "Hm."},
        },
        {
            "type": "content_block_delta",
            "index": 0,
            "delta": {"type": "signature_delta", "signature": "c2ln"},
        },
        {"type": "content_block_stop", "index": 0},
        {
            "type": "content_block_start",
            "index": 1,
            "content_block": {"type": "text", "text": ""},
        },
        {
            "type": "content_block_delta",
            "index": 1,
            "delta": {"type": "text_delta", "text": "Hello "},
        },
        {
            "type": "content_block_delta",
            "index": 1,
            "delta": {"type": "text_delta", "text": "wörld"},
        },
        {"type": "content_block_stop", "index": 1},
        {
            "type": "content_block_start",
            "index": 2,
            "content_block": {
                "type": "tool_use",
                "id": "toolu_1",
                "name": "get_weather",
                "input": {},
            },
        },
        {
            "type": "content_block_delta",
            "index": 2,
            "delta": {"type": "input_json_delta", "partial_json": '{"ci'},
        },
        {
            "type": "content_block_delta",
            "index": 2,
            "delta": {"type": "input_json_delta", "partial_json": 'ty":"Rome"}'},
        },
        {"type": "content_block_stop", "index": 2},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "tool_use", "stop_sequence": None},
            "usage": {"output_tokens": 22},
        },
        {"type": "message_stop"},
    )
)
"""An answer as Vertex and Foundry stream it, one event an item."""

CONVERSE_STREAM: tuple[bytes, ...] = (
    frame("messageStart", {"role": "assistant"}),
    frame(
        "contentBlockDelta",
        {"contentBlockIndex": 0, "delta": {"reasoningContent": {"text": "Hm."}}},
    ),
    frame(
        "contentBlockDelta",
        {"contentBlockIndex": 0, "delta": {"reasoningContent": {"signature": "c2ln"}}},
    ),
    frame("contentBlockStop", {"contentBlockIndex": 0}),
    frame("contentBlockDelta", {"contentBlockIndex": 1, "delta": {"text": "Hello "}}),
    frame("contentBlockDelta", {"contentBlockIndex": 1, "delta": {"text": "wörld"}}),
    frame("contentBlockStop", {"contentBlockIndex": 1}),
    frame(
        "contentBlockStart",
        {
            "contentBlockIndex": 2,
            "start": {"toolUse": {"toolUseId": "toolu_1", "name": "get_weather"}},
        },
    ),
    frame(
        "contentBlockDelta",
        {"contentBlockIndex": 2, "delta": {"toolUse": {"input": '{"ci'}}},
    ),
    frame(
        "contentBlockDelta",
        {"contentBlockIndex": 2, "delta": {"toolUse": {"input": 'ty":"Rome"}'}}},
    ),
    frame("contentBlockStop", {"contentBlockIndex": 2}),
    frame("messageStop", {"stopReason": "tool_use"}),
    frame(
        "metadata",
        {
            "usage": {
                "inputTokens": 11,
                "outputTokens": 22,
                "totalTokens": 45,
                "cacheReadInputTokens": 5,
                "cacheWriteInputTokens": 7,
                "cacheDetails": [
                    {"ttl": "5m", "inputTokens": 4},
                    {"ttl": "1h", "inputTokens": 3},
                ],
            },
            "metrics": {"latencyMs": 5},
        },
    ),
)
"""The same answer as Bedrock streams it, one frame an item."""

STREAMS: Mapping[Protocol, tuple[bytes, ...]] = {
    "converse": CONVERSE_STREAM,
    "vertex": MESSAGES_STREAM,
    "foundry": MESSAGES_STREAM,
}
TERMINAL: Mapping[Protocol, int] = {"converse": 11, "vertex": 15, "foundry": 15}
"""Index of the event after which a stream is complete."""
