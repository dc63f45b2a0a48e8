"""What the guard's tests share: constitutions, contexts, requests and replies."""

from typing import Any

from trivium.constitution import Constitution, compose, load_layers
from trivium.vocabulary.decision import Context
from trivium.vocabulary.deployment import ConstitutionRef, Layer
from trivium.vocabulary.envelope import canonical
from trivium.vocabulary.messages import (
    ContentBlock,
    MessageRequest,
    Reply,
    TextBlock,
    Turn,
    Usage,
)

PACKS = load_layers(
    ConstitutionRef(
        layers=(Layer(source="pack:baseline"), Layer(source="pack:organisation"))
    ),
    base=None,
)

KEY = "AKIAIOSFODNN7EXAMPLE"
"""The example key of the AWS documentation."""
CARD = "4111 1111 1111 1111"
"""The test card of every payment provider."""


def context(**changes: Any) -> Context:
    fields = {
        "request_id": "req_1",
        "deployment": "claims",
        "environment": "dev",
        "zone": "eu",
        "route": "aws-eu",
        "cloud": "aws",
        "region": "eu-central-1",
        "tier": "sonnet",
        "model": "claude-sonnet-5",
        "scope": "geo",
    }
    return Context(**{**fields, **changes})


def request(
    text: str | tuple[ContentBlock, ...] = "hello", **changes: Any
) -> MessageRequest:
    fields: dict[str, Any] = {
        "model": "sonnet",
        "max_tokens": 64,
        "messages": (Turn(role="user", content=text),),
    }
    return MessageRequest(**{**fields, **changes})


def reply(*blocks: str | ContentBlock) -> Reply:
    content = tuple(
        TextBlock(text=block) if isinstance(block, str) else block for block in blocks
    )
    return Reply(
        id="msg_1",
        model="claude",
        content=content,
        stop_reason="end_turn",
        usage=Usage(),
    )


def provision(name: str = "rule", **changes: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "id": name,
        "title": "A rule",
        "text": "It is forbidden.",
        "rationale": "It must be.",
        "severity": "high",
        "action": "BLOCK",
        "stages": ["request", "reply"],
        "detectors": ["aws-access-key"],
        "tests": {"must_match": [KEY], "must_pass": ["nothing"]},
    }
    fields |= changes
    return {name: value for name, value in fields.items() if value is not None}


def layer(
    *provisions: dict[str, Any],
    name: str = "first",
    authority: str = "provider",
    **others: Any,
) -> bytes:
    """A layer's file: canonical JSON is YAML."""
    return canonical(
        {
            "layer": name,
            "authority": authority,
            "title": "A layer",
            "provisions": list(provisions),
            **others,
        }
    )


def constitution(*provisions: dict[str, Any]) -> Constitution:
    return compose(layer(*provisions))
