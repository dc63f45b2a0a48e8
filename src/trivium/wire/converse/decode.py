"""A whole Converse answer, or a refusal, to a reply or an error.

Converse has no ids of messages; where it names no model, the one that was asked for is
the reply's. Source: as in `encode.py`.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from trivium.errors import ProtocolError, RouteError
from trivium.vocabulary.messages import (
    ContentBlock,
    RedactedThinkingBlock,
    Reply,
    StopReason,
    TextBlock,
    ThinkingBlock,
    Tokens,
    ToolUseBlock,
    Usage,
)
from trivium.wire.converse import citations
from trivium.wire.converse.plain import Plain
from trivium.wire.failure import failure, unknown_block, word

_FAILED_STOPS = ("malformed_model_output", "malformed_tool_use")
"""The service model's reasons to stop that are no answer: another attempt may be
one."""


class _CacheDetail(msgspec.Struct, frozen=True, rename="camel"):
    """Tokens written to the cache, to be kept for `ttl`."""

    ttl: str
    input_tokens: Tokens


class CountedTokens(msgspec.Struct, frozen=True, rename="camel"):
    """Bedrock's `inputTokens` exclude cached ones, as ours do."""

    input_tokens: Tokens = 0
    output_tokens: Tokens = 0
    cache_read_input_tokens: Tokens = 0
    cache_write_input_tokens: Tokens = 0
    cache_details: list[_CacheDetail] | None = None

    def usage(self) -> Usage:
        """In our words."""
        written = self.cache_details or ()
        return Usage(
            input_tokens=self.input_tokens,
            output_tokens=self.output_tokens,
            cache_read_input_tokens=self.cache_read_input_tokens,
            cache_creation_input_tokens=self.cache_write_input_tokens,
            cache_creation_1h_input_tokens=sum(
                each.input_tokens for each in written if each.ttl == "1h"
            ),
        )


class ToolUse(msgspec.Struct, frozen=True, rename="camel"):
    tool_use_id: str
    name: str
    input: Any = None  # an object, where it comes whole


class _Message(msgspec.Struct, frozen=True, rename="camel"):
    content: list[Plain]


class _Output(msgspec.Struct, frozen=True, rename="camel"):
    message: _Message


class _Reply(msgspec.Struct, frozen=True, rename="camel"):
    output: _Output
    stop_reason: str
    usage: CountedTokens
    additional_model_response_fields: Any = (
        None  # the model's own, as they were asked for
    )


_REPLIES = msgspec.json.Decoder(_Reply)


def decode(
    status: int, headers: Mapping[str, str], body: bytes, *, model: str
) -> Reply:
    """A whole answer. Raises the `RouteError` that it means, or `ProtocolError`."""
    if status != 200:
        raise decode_error(status, headers, body)
    try:
        reply = _REPLIES.decode(body)
        content = tuple(_received(block) for block in reply.output.message.content)
        return Reply(
            id="",
            model=model,
            content=content,
            stop_reason=stop_reason_of(reply.stop_reason),
            stop_sequence=stop_sequence_of(reply.additional_model_response_fields),
            usage=reply.usage.usage(),
            provider_request_id=word(headers.get("x-amzn-requestid")),
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ProtocolError(
            "The provider's reply is not a Converse reply.", status=status
        ) from error


class _Counted(msgspec.Struct, frozen=True):
    """What is read of an answer that is no reply."""

    usage: CountedTokens


_COUNTED = msgspec.json.Decoder(_Counted)


def usage_in(body: bytes) -> Usage:
    """What was paid for an answer that cannot be used; nothing where it does not
    say."""
    try:
        return _COUNTED.decode(body).usage.usage()
    except (ValueError, RecursionError):
        return Usage()


def decode_error(status: int, headers: Mapping[str, str], body: bytes) -> RouteError:
    """What an answer other than 200 means."""
    try:
        decoded = msgspec.json.decode(body)
        plain = decoded if isinstance(decoded, dict) else {}
    except (ValueError, RecursionError):  # RecursionError: JSON nested without end
        plain = {}
    return failure(
        status=status,
        kind=_error_type(headers, plain),
        message=str(plain.get("message") or plain.get("Message") or ""),
        provider_request_id=headers.get("x-amzn-requestid"),
        headers=headers,
    )


def _error_type(headers: Mapping[str, str], plain: Plain) -> str:
    """The type stands in a header, or in the body where what refuses is before the
    service: with a namespace before it and an address behind it (Smithy, "AWS
    restJson1", error serialization, read 2026-11-23).
    """
    found = (
        headers.get("x-amzn-errortype")
        or plain.get("code")
        or plain.get("Code")
        or plain.get("__type")
    )
    return str(found or "").partition(":")[0].rpartition("#")[2]


def stop_reason_of(found: str) -> StopReason:
    """In the Messages API's words where it has one; it is handed on and recorded, so it
    must be a word."""
    if found in _FAILED_STOPS:
        raise failure(status=200, kind=found)
    reason = word(found)
    if reason is None:
        raise ProtocolError("The provider's reason to stop is not a single word.")
    return "refusal" if reason == "content_filtered" else reason


def stop_sequence_of(fields: object) -> str | None:
    """The stop sequence among the model's own fields; no answer is lost for want of
    it."""
    for found in (fields, fields.get("delta") if isinstance(fields, dict) else None):
        if isinstance(found, dict) and isinstance(found.get("stop_sequence"), str):
            return str(found["stop_sequence"])
    return None


def _received(block: Plain) -> ContentBlock:
    """A content block of a reply."""
    if "text" in block:
        return TextBlock(text=text_of(block["text"]))
    if "citationsContent" in block:
        cited = block["citationsContent"]
        return TextBlock(
            text="".join(text_of(each["text"]) for each in cited["content"]),
            citations=tuple(map(citations.received, cited.get("citations") or ())),
        )
    if "toolUse" in block:
        used = msgspec.convert(block["toolUse"], ToolUse)
        return ToolUseBlock(
            id=used.tool_use_id,
            name=used.name,
            input=msgspec.convert(used.input or {}, dict[str, Any]),
        )
    if "reasoningContent" in block:
        reasoning = block["reasoningContent"]
        if "redactedContent" in reasoning:
            return RedactedThinkingBlock(data=text_of(reasoning["redactedContent"]))
        text = reasoning["reasoningText"]
        return ThinkingBlock(
            thinking=text_of(text["text"]), signature=text_of(text.get("signature", ""))
        )
    raise unknown_block(next(iter(block), ""))


def text_of(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("expected a string")
    return value
