"""A request that a person must decide first.

    python examples/client/review.py "Refund the last invoice of Ann." refund

The first call is escalated, and the ticket is printed. A reviewer decides it with
`trivium reviews decide`, and the answer comes as soon as that is done.
"""

import sys

from trivium import Client
from trivium.errors import BlockedError, EscalatedError, ReviewError


def main(question: str, purpose: str, patience_s: float = 600.0) -> int:
    """Print the answer; the exit status is 1 when a person does not allow it in
    time."""
    with Client.from_deployment() as client:
        try:
            message = client.messages.create(
                model=client.deployment.tiers[0],
                max_tokens=200,
                messages=[{"role": "user", "content": question}],
                metadata={"purpose": purpose},
            )
        except EscalatedError as error:
            if error.ticket is None:
                raise
            print(f"waiting for a person: {error.ticket}", file=sys.stderr)
            try:
                message = client.reviews.wait(error.ticket, timeout_s=patience_s)
            except (BlockedError, EscalatedError, ReviewError) as refusal:
                print(refusal, file=sys.stderr)
                return 1
    print(message.text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], *map(float, sys.argv[3:])))
