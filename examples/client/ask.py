"""One question, answered by whichever route the deployment prefers.

    python ask.py "What is a private endpoint?"

The environment names the descriptor (TRIVIUM_DEPLOYMENT) and the key that it trusts
(TRIVIUM_TRUSTED_KEYS).
"""

import sys

from trivium import Client
from trivium.errors import BlockedError, TriviumError


def main(question: str) -> int:
    """Print the answer and what it took; the exit status is 1 when there is none."""
    with Client.from_deployment() as client:
        try:
            message = client.messages.create(
                model=client.deployment.tiers[0],
                max_tokens=200,
                messages=[{"role": "user", "content": question}],
            )
        except BlockedError as error:
            print(
                f"Stopped by {', '.join(error.provisions)} (request"
                f" {error.request_id}).",
                file=sys.stderr,
            )
            return 1
        except TriviumError as error:
            print(f"{error.code}: {error}", file=sys.stderr)
            return 1
    print(message.text)
    print(
        f"— {message.route}, {message.usage.input_tokens} +"
        f" {message.usage.output_tokens} tokens, {message.latency_s:.2f} s, guard"
        f" {message.decision.duration_s * 1000:.1f} ms, request {message.request_id}",
        file=sys.stderr,
    )
    return 0


if __name__ == "__main__":
    sys.exit(
        main(
            " ".join(sys.argv[1:])
            or "What is a private endpoint? Answer in one sentence."
        )
    )
