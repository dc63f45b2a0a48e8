"""A small governed application: everything it knows about the clouds is in the signed
deployment descriptor.

    python application.py answers      one question on every route and every tier
    python application.py ask          one question, wherever the deployment sends it
    python application.py stream       the same, streamed
    python application.py leak         a question with a secret, which must never leave

It prints one JSON line for each question: what was answered, by which route, at what
cost, or why it was refused. The environment names the descriptor (TRIVIUM_DEPLOYMENT),
the key that it trusts (TRIVIUM_TRUSTED_KEYS), the audit log's folder
(TRIVIUM_AUDIT_DIR) and each cloud's usual credentials.
"""

import json
import sys
from collections.abc import Iterator
from typing import Any

from trivium import Client
from trivium.errors import TriviumError

QUESTION = "What is a private network endpoint? Answer in one short sentence."
# The access key of Amazon's own documentation: it has the shape of a secret and opens
# nothing.
SECRET = "AKIAIOSFODNN7EXAMPLE"
LEAK = f"Why does my script fail? It logs in with {SECRET}."
MAX_TOKENS = 48


def answers(client: Client) -> Iterator[dict[str, Any]]:
    """One question on every route and every tier that it serves."""
    for route in client.deployment.routes:
        for tier in route.models:
            yield asked(client, model=f"{route.id}/{tier}", question=QUESTION) | {
                "tier": tier,
                "cloud": route.cloud,
            }


def asked(client: Client, *, model: str, question: str) -> dict[str, Any]:
    """One question and what came of it."""
    try:
        message = client.messages.create(
            model=model,
            max_tokens=MAX_TOKENS,
            messages=[{"role": "user", "content": question}],
        )
    except TriviumError as error:
        return refused(error)
    return answered(message)


def streamed(client: Client, *, model: str, question: str) -> dict[str, Any]:
    """The same, word by word; the count of pieces shows that it came in pieces."""
    pieces = 0
    try:
        with client.messages.stream(
            model=model,
            max_tokens=MAX_TOKENS,
            messages=[{"role": "user", "content": question}],
        ) as stream:
            for _ in stream.text_stream:
                pieces += 1
            return answered(stream.get_final_message()) | {"pieces": pieces}
    except TriviumError as error:
        return refused(error) | {"pieces": pieces}


def answered(message: Any) -> dict[str, Any]:
    """What a reply tells besides its words."""
    return {
        "outcome": "answered",
        "text": message.text,
        "route": message.route,
        "latency_ms": message.latency_s * 1000,
        "guard_ms": message.decision.duration_s * 1000,
        "input_tokens": message.usage.input_tokens,
        "output_tokens": message.usage.output_tokens,
        "cost_usd": message.cost_usd,
        "request_id": message.request_id,
        "rehearsal": message.rehearsal,
    }


def refused(error: TriviumError) -> dict[str, Any]:
    """Why there is no answer. The text of an error never repeats the question."""
    provisions = list(getattr(error, "provisions", ()))
    return {
        "outcome": error.code,
        "message": str(error),
        "provisions": provisions,
        "request_id": error.request_id,
    }


def main(scenario: str) -> None:
    """Run one scenario."""
    with Client.from_deployment() as client:
        tier = client.deployment.tiers[0]
        scenarios = {
            "answers": lambda: answers(client),
            "ask": lambda: iter([asked(client, model=tier, question=QUESTION)]),
            "stream": lambda: iter([streamed(client, model=tier, question=QUESTION)]),
            "leak": lambda: iter([asked(client, model=tier, question=LEAK)]),
        }
        for result in scenarios[scenario]():
            print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
