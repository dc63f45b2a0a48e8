"""A whole answer of the Messages API, or a refusal, to a reply or an error.

Fields that we do not know are passed over; a content block that we do not know is
refused, because leaving it out would make half an answer.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from trivium.errors import ProtocolError, RouteError
from trivium.vocabulary.messages import ContentBlock, Reply, StopReason, Tokens, Usage
from trivium.wire.failure import failure, unknown_block, word


class Lenient(msgspec.Struct, frozen=True):
    """What providers send may grow fields; those we do not know are passed over, those
    we need must fit."""


class _CacheCreation(Lenient, frozen=True):
    """Tokens written to the cache, by how long they are kept."""

    ephemeral_1h_input_tokens: Tokens | None = None


class CountedTokens(Lenient, frozen=True):
    """Usage, or what changed of it."""

    input_tokens: Tokens | None = None
    output_tokens: Tokens | None = None
    cache_creation_input_tokens: Tokens | None = None
    cache_read_input_tokens: Tokens | None = None
    cache_creation: _CacheCreation | None = None

    @property
    def cache_creation_1h_input_tokens(self) -> int | None:
        """As our record calls it."""
        written = self.cache_creation
        return written.ephemeral_1h_input_tokens if written else None


class Whole(Lenient, frozen=True):
    id: str
    model: str
    content: list[dict[str, Any]]
    usage: CountedTokens
    stop_reason: str | None = None
    stop_sequence: str | None = None


_MESSAGES = msgspec.json.Decoder(Whole)


def decode(
    status: int, headers: Mapping[str, str], body: bytes, *, model: str
) -> Reply:
    """A whole answer. Raises the `RouteError` that it means, or `ProtocolError`."""
    if status != 200:
        raise decode_error(status, headers, body)
    try:
        message = _MESSAGES.decode(body)
        content = tuple(block_of(block) for block in message.content)
    except (ValueError, KeyError, RecursionError) as error:
        raise ProtocolError(
            "The provider's reply is not a message.", status=status
        ) from error
    if message.stop_reason is None:
        raise ProtocolError(
            "The provider's reply does not say why it stopped.", status=status
        )
    return Reply(
        id=message.id,
        model=message.model or model,
        content=content,
        stop_reason=stop_reason_of(message.stop_reason),
        stop_sequence=message.stop_sequence,
        usage=usage_of(message.usage),
        provider_request_id=_request_id(headers),
    )


class _Counted(Lenient, frozen=True):
    """What is read of an answer that is no reply."""

    usage: CountedTokens


_COUNTED = msgspec.json.Decoder(_Counted)


def usage_in(body: bytes) -> Usage:
    """What was paid for an answer that cannot be used; nothing where it does not
    say."""
    try:
        return usage_of(_COUNTED.decode(body).usage)
    except (ValueError, RecursionError):
        return Usage()


def decode_error(status: int, headers: Mapping[str, str], body: bytes) -> RouteError:
    """What an answer other than 200 means: Anthropic's error object, Google's, Azure's,
    or none."""
    try:
        plain = msgspec.json.decode(body)
        found = plain[0] if isinstance(plain, list) else plain
        error = found.get("error", {}) if isinstance(found, dict) else {}
        error = error if isinstance(error, dict) else {"message": str(error)}
    except (
        ValueError,
        IndexError,
        RecursionError,
    ):  # RecursionError: JSON nested without end
        error = {}
    return failure(
        status=status,
        kind=str(error.get("type") or error.get("status") or error.get("code") or ""),
        message=str(error.get("message", "")),
        provider_request_id=_request_id(headers),
        headers=headers,
    )


def stop_reason_of(found: str) -> StopReason:
    """It is handed on and recorded, so it must be a word."""
    reason = word(found)
    if reason is None:
        raise ProtocolError("The provider's reason to stop is not a single word.")
    return reason


def block_of(block: dict[str, Any]) -> ContentBlock:
    """A block of a reply; fields that we do not know are passed over."""
    match block["type"]:
        case "text":
            cited = block.get("citations") or ()
            known = {"type": "text", "text": block["text"], "citations": cited}
        case "tool_use":
            known = {name: block[name] for name in ("type", "id", "name", "input")}
        case "thinking":
            known = {
                "type": "thinking",
                "thinking": block["thinking"],
                "signature": block.get("signature", ""),
            }
        case "redacted_thinking":
            known = {"type": "redacted_thinking", "data": block["data"]}
        case _:
            raise unknown_block(str(block["type"]))
    converted: ContentBlock = msgspec.convert(known, ContentBlock)
    return converted


def usage_of(found: CountedTokens, before: Usage | None = None) -> Usage:
    """Usage so far: `message_delta` repeats only what changed."""
    known = before or Usage()
    return Usage(
        **{
            name: value if value is not None else getattr(known, name)
            for name in Usage.__struct_fields__
            for value in [getattr(found, name)]
        }
    )


def _request_id(headers: Mapping[str, str]) -> str | None:
    """The provider's id of the request."""
    return word(headers.get("request-id") or headers.get("x-request-id"))
