"""Several questions at once, each answer printed as it is written: the async client.

    python stream.py "What is a private endpoint?" "What is object lock?"

The environment names the descriptor (TRIVIUM_DEPLOYMENT) and the key that it trusts
(TRIVIUM_TRUSTED_KEYS).
"""

import asyncio
import sys

from trivium import AsyncClient, Message

QUESTIONS = ["What is a private endpoint?", "What is object lock?"]


async def answered(client: AsyncClient, number: int, question: str) -> Message:
    """Print the pieces of one answer, and return the whole of it.

    A stream that breaks raises: what was printed by then was not an answer.
    """
    async with client.messages.stream(
        model=client.deployment.tiers[0],
        max_tokens=100,
        messages=[{"role": "user", "content": question}],
    ) as stream:
        async for piece in stream.text_stream:
            print(f"{number}: {piece!r}")
        return await stream.get_final_message()


async def main(questions: list[str]) -> None:
    """Ask all of them, and sum up."""
    async with AsyncClient.from_deployment() as client:
        messages = await asyncio.gather(
            *(answered(client, n, q) for n, q in enumerate(questions, start=1))
        )
    for number, message in enumerate(messages, start=1):
        print(
            f"{number}: {message.usage.output_tokens} tokens by {message.route},"
            f" request {message.request_id}"
        )


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:] or QUESTIONS))
