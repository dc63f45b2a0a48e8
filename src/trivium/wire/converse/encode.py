"""Messages to a Converse request.

    POST /model/{id}/converse           JSON
    POST /model/{id}/converse-stream    JSON, answered by an AWS event stream

What Converse cannot carry is a `RequestError`, never dropped. Source: Bedrock Runtime
API reference (Converse, ConverseStream), and its service model in botocore 1.44, read
2026-11-22.
"""

from collections.abc import Iterable, Mapping
from urllib.parse import quote

import msgspec

from trivium.errors import RequestError
from trivium.vocabulary.deployment import GuardrailRef, Route
from trivium.vocabulary.messages import (
    Base64Source,
    CacheControl,
    ContentBlock,
    DocumentBlock,
    ImageBlock,
    MessageRequest,
    RedactedThinkingBlock,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
    Turn,
)
from trivium.wire.converse import citations
from trivium.wire.converse.documents import name_documents
from trivium.wire.converse.plain import Plain, present
from trivium.wire.converse.tools import (
    cache_point,
    model_fields,
    tool_config,
)
from trivium.wire.place import Place
from trivium.wire.request import WireRequest

STREAM_TYPE = "application/vnd.amazon.eventstream"
"""Media type of a stream."""

_IMAGE_FORMATS = {
    "image/png": "png",
    "image/jpeg": "jpeg",
    "image/gif": "gif",
    "image/webp": "webp",
}
_DOCUMENT_FORMATS = {
    "application/pdf": "pdf",
    "text/plain": "txt",
    "text/csv": "csv",
    "text/html": "html",
    "text/markdown": "md",
    "application/msword": "doc",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.ms-excel": "xls",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
}
_STOP_SEQUENCE = ("/stop_sequence", "/delta/stop_sequence")
"""Where Claude's own answer, and its own stream's `message_delta`, say which stop
sequence it met. Converse tells it only when asked; a pointer that leads nowhere is
ignored (service model, `additionalModelResponseFieldPaths`)."""


def encode(request: MessageRequest, place: Place, *, stream: bool) -> WireRequest:
    """The request; its path follows the endpoint's host. Raises `RequestError` for what
    Converse cannot carry."""
    verb = "converse-stream" if stream else "converse"
    body, adaptations = _body(request, place.route, stream=stream)
    return WireRequest(
        path=f"/model/{quote(place.target.id, safe='-_.~')}/{verb}",
        headers={
            "content-type": "application/json",
            "accept": STREAM_TYPE if stream else "application/json",
        },
        body=msgspec.json.encode(body),
        adaptations=adaptations,
    )


def _body(
    request: MessageRequest, route: Route, *, stream: bool
) -> tuple[Plain, tuple[str, ...]]:
    """The body, without what is not asked for, and what had to be adapted."""
    turns = _alternating(request.messages)
    renamed = name_documents(turns)
    tools, added = tool_config(request)
    body: Plain = {
        "messages": turns,
        "inferenceConfig": present(
            maxTokens=request.max_tokens,
            temperature=request.temperature,
            topP=request.top_p,
            stopSequences=list(request.stop_sequences) or None,
        ),
    }
    if request.stop_sequences:
        body["additionalModelResponseFieldPaths"] = list(_STOP_SEQUENCE)
    if request.system:
        body["system"] = _system(request.system)
    if tools:
        body["toolConfig"] = tools
    if additional := _model_fields(request):
        body["additionalModelRequestFields"] = additional
    if route.guardrail is not None:
        body["guardrailConfig"] = _guardrail(route.guardrail, stream=stream)
    return body, (*renamed, *added)


def _model_fields(request: MessageRequest) -> Plain:
    """What is Claude's own, and Converse has no word for."""
    thinking = request.thinking
    return present(
        top_k=request.top_k,
        thinking=None if thinking is None else msgspec.to_builtins(thinking),
        **model_fields(request.tool_choice),
    )


def _system(system: str | tuple[TextBlock, ...]) -> list[Plain]:
    """The system prompt as content."""
    blocks = (TextBlock(text=system),) if isinstance(system, str) else system
    return [part for block in blocks for part in _sent(block)]


def _guardrail(guardrail: GuardrailRef, *, stream: bool) -> Plain:
    """The route's guardrail, which judges every call."""
    return present(
        guardrailIdentifier=guardrail.identifier,
        guardrailVersion=guardrail.version,
        trace="disabled",
        # Text is given out only after the guardrail has seen it.
        streamProcessingMode="sync" if stream else None,
    )


def _alternating(turns: Iterable[Turn]) -> list[Plain]:
    """Converse refuses two turns of one side in a row; the Messages API reads them as
    one, so they become one."""
    joined: list[Plain] = []
    for turn in map(_turn, turns):
        if joined and joined[-1]["role"] == turn["role"]:
            joined[-1]["content"] += turn["content"]
        else:
            joined.append(turn)
    return joined


def _turn(turn: Turn) -> Plain:
    """A turn with its content."""
    blocks: Iterable[ContentBlock] = (
        (TextBlock(text=turn.content),)
        if isinstance(turn.content, str)
        else turn.content
    )
    return {
        "role": turn.role,
        "content": [part for block in blocks for part in _sent(block)],
    }


def _sent(block: ContentBlock) -> list[Plain]:
    """A block, followed by a cache point where it carries `cache_control`."""
    cache: CacheControl | None = getattr(block, "cache_control", None)
    return [_part(block), *([cache_point(cache)] if cache else [])]


def _part(block: ContentBlock) -> Plain:
    """A content block as Converse writes it."""
    match block:
        case TextBlock(citations=()):
            return {"text": block.text}
        case TextBlock():
            cited = [citations.sent(each) for each in block.citations]
            content = [{"text": block.text}]
            return {"citationsContent": {"content": content, "citations": cited}}
        case ImageBlock():
            return {"image": _media(block.source, _IMAGE_FORMATS, "image")}
        case DocumentBlock():
            return {"document": _document(block)}
        case ToolUseBlock():
            return {
                "toolUse": {
                    "toolUseId": block.id,
                    "name": block.name,
                    "input": block.input,
                }
            }
        case ToolResultBlock():
            return {"toolResult": _tool_result(block)}
        case ThinkingBlock():
            text = present(text=block.thinking, signature=block.signature or None)
            return {"reasoningContent": {"reasoningText": text}}
        case RedactedThinkingBlock():
            return {"reasoningContent": {"redactedContent": block.data}}


def _media(source: Base64Source, formats: Mapping[str, str], what: str) -> Plain:
    """The bytes of an image or a document. Raises for a type that Converse has not."""
    if source.media_type not in formats:
        raise RequestError(
            f"A {what} has media type `{source.media_type}`, which Converse cannot"
            f" carry; expected one of {', '.join(formats)}."
        )
    return {"format": formats[source.media_type], "source": {"bytes": source.data}}


def _document(block: DocumentBlock) -> Plain:
    cited = block.citations
    own = present(
        name=block.title or "",  # `name_documents` sees to it
        citations=None if cited is None else {"enabled": cited.enabled},
    )
    if isinstance(block.source, Base64Source):
        return {**_media(block.source, _DOCUMENT_FORMATS, "document"), **own}
    return {"format": "txt", "source": {"text": block.source.data}, **own}


def _tool_result(block: ToolResultBlock) -> Plain:
    """A tool's answer."""
    content = block.content
    if isinstance(content, str):
        # A tool that has nothing to say is usual: the Messages API takes its empty
        # text, but no empty block of text.
        content = (TextBlock(text=content),) if content.strip() else ()
    if any(part.cache_control for part in content):
        raise RequestError(
            "`cache_control` inside a tool result cannot be carried by Converse; put it"
            " on the result."
        )
    return present(
        toolUseId=block.tool_use_id,
        content=[_part(part) for part in content],
        status="error" if block.is_error else None,
    )
