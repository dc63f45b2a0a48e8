"""From a valid Converse body to the Messages body that means the same.

The translation keeps what a source needs; images, documents and other blocks become a
placeholder.
"""

import json

from trivium_rehearsal.endpoints.serving.bodies import Json

_DEFAULT_MAX_TOKENS = 1024
"""Converse's own default is the model's limit. This is enough for a rehearsal."""


def as_messages(body: Json) -> Json:
    """The Messages body of a valid Converse body."""
    settings = body.get("inferenceConfig") or {}
    messages: Json = {
        "messages": [_turn(turn) for turn in body["messages"]],
        "max_tokens": settings.get("maxTokens", _DEFAULT_MAX_TOKENS),
        "stop_sequences": settings.get("stopSequences") or [],
        "system": [
            {"type": "text", "text": block["text"]}
            for block in body.get("system") or []
            if block.get("text")
        ],
    }
    for theirs, ours in (("temperature", "temperature"), ("topP", "top_p")):
        if settings.get(theirs) is not None:
            messages[ours] = settings[theirs]

    config = body.get("toolConfig") or {}
    messages["tools"] = _tools(config)
    for kind, value in (config.get("toolChoice") or {}).items():
        if value is not None:
            name = {"name": value["name"]} if kind == "tool" else {}
            messages["tool_choice"] = {"type": kind, **name}
    return messages


def _turn(turn: Json) -> Json:
    blocks = map(_block, turn["content"])
    return {"role": turn["role"], "content": [block for block in blocks if block]}


def _tools(config: Json) -> list[Json]:
    return [
        {
            "name": spec["name"],
            "description": spec.get("description", ""),
            "input_schema": spec["inputSchema"].get("json", {}),
        }
        for tool in config.get("tools", [])
        if (spec := tool.get("toolSpec"))
    ]


def _block(block: Json) -> Json | None:
    """The block in Anthropic's shape; None for one that says nothing to a source."""
    match next(((k, v) for k, v in block.items() if v is not None), None):
        case ("text", text):
            return {"type": "text", "text": text}
        case ("toolUse", use):
            return {
                "type": "tool_use",
                "id": use["toolUseId"],
                "name": use["name"],
                "input": use["input"],
            }
        case ("toolResult", result):
            return {
                "type": "tool_result",
                "tool_use_id": result["toolUseId"],
                "content": [_result(part) for part in result["content"]],
            }
        case ("cachePoint", _) | ("reasoningContent", _) | None:
            return None
        case (kind, _):
            return {"type": "text", "text": f"[{kind}]"}


def _result(part: Json) -> Json:
    """A part of a tool's result as text."""
    if part.get("text") is not None:
        return {"type": "text", "text": part["text"]}
    if "json" in part:
        return {"type": "text", "text": json.dumps(part["json"])}
    return {"type": "text", "text": f"[{next(iter(part), 'nothing')}]"}
