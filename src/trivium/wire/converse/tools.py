"""Tools and the choice among them, as Converse takes them."""

from trivium.errors import RequestError
from trivium.vocabulary.messages import (
    CacheControl,
    MessageRequest,
    ToolChoice,
    ToolResultBlock,
    ToolUseBlock,
)
from trivium.wire.converse.plain import Plain, present

_PLACEHOLDER: Plain = {
    "toolSpec": {
        "name": "no_tool_is_available",
        "description": (
            "Stands for the tools of earlier turns. It does nothing and must not be"
            " called."
        ),
        "inputSchema": {"json": {"type": "object", "properties": {}}},
    }
}


def cache_point(cache: CacheControl) -> Plain:
    """The end of a cacheable prefix."""
    ttl = cache.ttl if cache.ttl != "5m" else None
    return {"cachePoint": present(type="default", ttl=ttl)}


def tool_config(request: MessageRequest) -> tuple[Plain | None, tuple[str, ...]]:
    """`toolConfig`, and a sentence for what it needed besides the request.

    Converse refuses a conversation with tools in its turns and none to choose from,
    such as the summary of one (zed-industries/zed#48863, agentgateway/
    agentgateway#2747); a tool that does nothing satisfies it. Raises `RequestError` for
    a choice that Converse cannot carry.
    """
    if request.tools:
        choice = _choice(request.tool_choice)
        return present(tools=_tools(request), toolChoice=choice), ()
    if request.tool_choice is not None and request.tool_choice.type != "none":
        raise RequestError(
            "`tool_choice` is given without `tools`; Converse refuses that."
        )
    if not _has_tools_in_turns(request):
        return None, ()
    return {"tools": [_PLACEHOLDER]}, (
        "A tool that does nothing was added, because Converse refuses a conversation"
        " with tools in its turns and none in `tools`.",
    )


def model_fields(choice: ToolChoice | None) -> Plain:
    """What Claude's own fields say of the choice.

    Converse has no word for one tool at a time, Claude has: it is taken beside a free
    choice (BerriAI/litellm#34347), and conflicts with any other (BerriAI/
    litellm#36536).
    """
    if choice is None or not choice.disable_parallel_tool_use:
        return {}
    return {"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}}


def _has_tools_in_turns(request: MessageRequest) -> bool:
    """Whether a turn uses a tool or answers one."""
    return any(
        isinstance(block, ToolUseBlock | ToolResultBlock)
        for turn in request.messages
        if not isinstance(turn.content, str)
        for block in turn.content
    )


def _tools(request: MessageRequest) -> list[Plain]:
    """The tools, each followed by its cache point."""
    tools: list[Plain] = []
    for tool in request.tools:
        specification = present(
            name=tool.name,
            description=tool.description,
            inputSchema={"json": tool.input_schema},
        )
        tools.append({"toolSpec": specification})
        if tool.cache_control is not None:
            tools.append(cache_point(tool.cache_control))
    return tools


def _choice(choice: ToolChoice | None) -> Plain | None:
    """`toolChoice`; None leaves it to the model."""
    if choice is None:
        return None
    if choice.type == "none":
        raise RequestError(
            "`tool_choice` `none` cannot be carried by Converse, so this route cannot"
            " take it."
        )
    if choice.disable_parallel_tool_use:
        if choice.type == "auto":
            return None  # it stands among the model's own fields
        raise RequestError(
            f"`tool_choice` `{choice.type}` with `disable_parallel_tool_use` cannot be"
            " carried by Converse, so this route cannot take it."
        )
    if choice.type == "tool":
        return {"tool": {"name": choice.name or ""}}
    return {choice.type: {}}
