"""A conversation as callers keep it: taken in every form that means one thing, refused
with its place where it means none.

Pure. What a provider would refuse is refused here, before anything is sent, because the
providers do not say where in the conversation the fault is.
"""

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import msgspec

from trivium.vocabulary.messages import (
    Base64Source,
    ContentBlock,
    DocumentBlock,
    ImageBlock,
    TextBlock,
    ToolResultBlock,
    ToolUseBlock,
    Turn,
)

_OF_REPLIES = ("caller", "toolset_name")
"""Members that Anthropic's SDK gives the blocks of a reply, and no request has."""
_IMAGE_TYPES = ("image/jpeg", "image/png", "image/gif", "image/webp")
"""What the Messages API and Converse take (platform.claude.com, "Vision"; Bedrock's
service model, ImageFormat)."""


def plain_turn(turn: Any) -> Any:
    """A turn as plain data, if it is not one of our records.

    Blocks may be objects of Anthropic's SDK or what their `model_dump()` gives; data
    may be bytes. Any: what a caller gives, checked afterwards.
    """
    if isinstance(turn, Turn):
        return turn
    turn = _dumped(turn)
    if not isinstance(turn, Mapping) or isinstance(turn.get("content"), str | None):
        return turn
    content = turn["content"]
    if not isinstance(content, Sequence) or isinstance(content, bytes | bytearray):
        return turn
    return {**turn, "content": [_plain_block(block) for block in content]}


def _plain_block(block: Any) -> Any:
    """A block without members that say nothing. Any: as above."""
    block = _dumped(block)
    if not isinstance(block, Mapping):
        return block
    kept = {
        name: value
        for name, value in block.items()
        if value is not None and name not in _OF_REPLIES
    }
    if isinstance(kept.get("source"), Mapping):
        kept["source"] = _plain_source(kept["source"])
    inner = kept.get("content")
    if isinstance(inner, Sequence) and not isinstance(inner, str | bytes | bytearray):
        kept["content"] = [_plain_block(each) for each in inner]
    return kept


def _plain_source(source: Mapping[str, Any]) -> dict[str, Any]:
    """A source whose bytes are base64. Any: as above."""
    kept = {name: value for name, value in source.items() if value is not None}
    data = kept.get("data")
    if kept.get("type") == "base64" and isinstance(data, bytes | bytearray):
        kept["data"] = base64.b64encode(data).decode()
    return kept


def _dumped(value: Any) -> Any:
    """An object of Anthropic's SDK (or any of pydantic's) as plain data. Any: as
    above."""
    dump = getattr(value, "model_dump", None)
    return dump() if callable(dump) else value


def without_blanks(turns: Iterable[Turn]) -> tuple[Turn, ...]:
    """The turns without what a model wrote and refuses to read: a text of line breaks
    alone, and an empty reply. Handing a reply back must work.

    The Messages API's error is "text content blocks must contain non-whitespace text".
    """
    kept = (turn if turn.role == "user" else _without_blanks(turn) for turn in turns)
    return tuple(turn for turn in kept if turn.content or turn.role == "user")


def _without_blanks(turn: Turn) -> Turn:
    """The model's turn without blocks of blank text."""
    if isinstance(turn.content, str):
        return (
            turn if turn.content.strip() else msgspec.structs.replace(turn, content="")
        )
    blocks = tuple(
        block
        for block in turn.content
        if not isinstance(block, TextBlock) or block.text.strip()
    )
    if len(blocks) == len(turn.content):
        return turn
    return msgspec.structs.replace(turn, content=blocks)


def problem_of(turns: Sequence[Turn]) -> str:
    """What is wrong with a conversation, with its place; "" if nothing is. An empty
    reply is not wrong: `without_blanks` leaves it out."""
    if not turns:
        return "`messages` is empty, expected at least one turn"
    if turns[0].role != "user":
        return "`messages[0].role` is `assistant`, expected `user`"
    for number, turn in enumerate(turns):
        if turn.role == "user" and not turn.content:
            return f"`messages[{number}].content` is empty"
    return next(_problems(turns), "")


def _problems(turns: Sequence[Turn]) -> Iterator[str]:
    """Every fault of the blocks, in order."""
    for side in _sides(turns):
        for place, block in side:
            yield from _faults(block, place)
    yield from _unanswered(turns)


def _faults(block: ContentBlock, place: str) -> Iterator[str]:
    """What is wrong with one block by itself."""
    if isinstance(block, ToolResultBlock) and not isinstance(block.content, str):
        for index, part in enumerate(block.content):
            yield from _faults(part, f"{place}.content[{index}]")
    if not isinstance(block, ImageBlock | DocumentBlock):
        return
    source = block.source
    if not isinstance(source, Base64Source):
        return
    if isinstance(block, ImageBlock) and source.media_type not in _IMAGE_TYPES:
        meant = "image/jpeg" if source.media_type == "image/jpg" else ""
        hint = f"; write `{meant}`" if meant else ""
        yield (
            f"`{place}.source.media_type` is none of {', '.join(_IMAGE_TYPES)}{hint}"
        )
    if source.data.startswith("data:"):
        yield (
            f"`{place}.source.data` begins with `data:`; expected the base64 alone,"
            " which follows the comma of a data URL"
        )
    elif not _is_base64(source.data):
        yield f"`{place}.source.data` is not base64; give the bytes, or encode them"


def _is_base64(data: str) -> bool:
    """Whether it is base64 with its padding, and holds something."""
    try:
        return bool(base64.b64decode(data, validate=True))
    except (binascii.Error, ValueError):  # ValueError: characters beyond ASCII
        return False


def _unanswered(turns: Sequence[Turn]) -> Iterator[str]:
    """Tools that were asked for and not answered, and answers to nothing."""
    for asking, answering in pairwise([(), *_sides(turns)]):
        asked = {block.id for _, block in asking if isinstance(block, ToolUseBlock)}
        answered = {
            block.tool_use_id
            for _, block in answering
            if isinstance(block, ToolResultBlock)
        }
        for place, block in asking:
            if isinstance(block, ToolUseBlock) and block.id not in answered:
                yield (
                    f"`{place}` is a `tool_use` without a `tool_result` in the turn"
                    " behind it; answer every tool, with `is_error` where it failed"
                )
        for place, block in answering:
            if isinstance(block, ToolResultBlock) and block.tool_use_id not in asked:
                yield (
                    f"`{place}` is a `tool_result` without a `tool_use` of its id in"
                    " the turn before"
                )


def _sides(turns: Sequence[Turn]) -> list[list[tuple[str, ContentBlock]]]:
    """The blocks with their places, turns of one side in a row as one: so the providers
    join them."""
    sides: list[list[tuple[str, ContentBlock]]] = []
    role = ""
    for number, turn in enumerate(turns):
        if turn.role != role:
            sides.append([])
            role = turn.role
        sides[-1] += [
            (f"messages[{number}].content[{index}]", block)
            for index, block in enumerate(_blocks(turn))
        ]
    return sides


def _blocks(turn: Turn) -> tuple[ContentBlock, ...]:
    """The blocks of a turn; a text alone has none that could be at fault."""
    return () if isinstance(turn.content, str) else turn.content
