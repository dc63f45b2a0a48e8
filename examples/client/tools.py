"""A conversation with a tool: the model asks for it, we run it, the model goes on.

    python tools.py "What is the status of claim 4711?"

Tool results pass the guard like everything else that is sent: a secret in one stops the
request. The environment names the descriptor (TRIVIUM_DEPLOYMENT) and the key that it
trusts (TRIVIUM_TRUSTED_KEYS).
"""

import json
import sys
from typing import Any

from trivium import Client, Message
from trivium.vocabulary.messages import ToolUseBlock

CLAIMS = {"4711": {"status": "assessed", "amount_eur": 1250}}
TOOLS = [
    {
        "name": "look_up_claim",
        "description": "The status and amount of a claim.",
        "input_schema": {
            "type": "object",
            "properties": {
                "number": {"type": "string", "description": "The claim's number."}
            },
            "required": ["number"],
        },
    }
]
MAX_ROUNDS = 5
"""A model that keeps asking for tools is stopped here."""


def looked_up(use: ToolUseBlock) -> dict[str, Any]:
    """The result of one tool call, as the Messages API wants it."""
    claim = CLAIMS.get(str(use.input.get("number")))
    content = json.dumps(claim) if claim else "There is no such claim."
    return {
        "type": "tool_result",
        "tool_use_id": use.id,
        "content": content,
        "is_error": claim is None,
    }


def conversed(client: Client, question: str) -> Message:
    """Go back and forth until the model needs no more tools."""
    turns: list[dict[str, Any]] = [{"role": "user", "content": question}]
    for _ in range(MAX_ROUNDS):
        message = client.messages.create(
            model=client.deployment.tiers[0],
            max_tokens=500,
            messages=turns,
            tools=TOOLS,
        )
        uses = [block for block in message.content if isinstance(block, ToolUseBlock)]
        if not uses:
            return message
        turns += [
            {"role": "assistant", "content": message.content},
            {"role": "user", "content": [looked_up(use) for use in uses]},
        ]
    raise RuntimeError(f"After {MAX_ROUNDS} rounds the model still asks for tools.")


def main(question: str) -> None:
    """Print the answer."""
    with Client.from_deployment() as client:
        print(conversed(client, question).text)


if __name__ == "__main__":
    main(" ".join(sys.argv[1:]) or "What is the status of claim 4711?")
