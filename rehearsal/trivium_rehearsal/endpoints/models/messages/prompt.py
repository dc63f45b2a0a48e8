"""From a valid Messages body to the prompt."""

import json

from trivium_rehearsal.endpoints.models.configuration import Cloud
from trivium_rehearsal.endpoints.models.text import Prompt, ToolSpec
from trivium_rehearsal.endpoints.serving.bodies import Json


def prompt(body: Json, *, cloud: Cloud, model: str) -> Prompt:
    """The prompt of a valid body. Without `max_tokens`, as for counting, it is 0."""
    tools = tuple(map(_tool, body.get("tools") or []))
    return Prompt(
        cloud=cloud,
        model=model,
        system=_words(body.get("system") or ""),
        turns=tuple(
            (turn["role"], _words(turn["content"])) for turn in body["messages"]
        ),
        max_tokens=body.get("max_tokens", 0),
        stop_sequences=tuple(body.get("stop_sequences") or ()),
        temperature=body.get("temperature"),
        top_p=body.get("top_p"),
        tools=tools,
        forced_tool=_forced(body.get("tool_choice"), tools),
        has_tool_result=_has_tool_result(body["messages"][-1]["content"]),
    )


def _tool(tool: Json) -> ToolSpec:
    return ToolSpec(
        name=tool["name"],
        description=tool.get("description", ""),
        schema=tool["input_schema"],
    )


def _forced(choice: Json | None, tools: tuple[ToolSpec, ...]) -> ToolSpec | None:
    """The tool that the choice forces the model to call."""
    if choice is None or choice["type"] in ("auto", "none") or not tools:
        return None
    if choice["type"] == "any":
        return tools[0]
    return next(tool for tool in tools if tool.name == choice["name"])


def _has_tool_result(content: str | list[Json]) -> bool:
    return isinstance(content, list) and any(
        block["type"] == "tool_result" for block in content
    )


def _words(content: str | list[Json]) -> str:
    """The content as one text, a line per block."""
    if isinstance(content, str):
        return content
    return "\n".join(text for block in content if (text := _words_of_block(block)))


def _words_of_block(block: Json) -> str:
    match block["type"]:
        case "text":
            return str(block["text"])
        case "tool_use":
            return f"(calls {block['name']} with {json.dumps(block['input'])})"
        case "tool_result":
            return _words(block.get("content", ""))
        case "document" if block["source"]["type"] == "text":
            return str(block["source"]["data"])
        case "search_result":
            return _words(block["content"])
        case "thinking" | "redacted_thinking":
            return ""
        case kind:
            return f"[{kind}]"
