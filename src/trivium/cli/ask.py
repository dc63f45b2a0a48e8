"""`trivium ask`: one governed question."""

import sys
from typing import TYPE_CHECKING

import click

from trivium.cli import print_json

if TYPE_CHECKING:  # imported when it runs, so that `trivium --help` is quick
    from trivium import Client, Message
    from trivium.client.arguments import RequestArguments


@click.command("ask")
@click.argument("question", required=False)
@click.option(
    "--model", default="sonnet", show_default=True, help="Tier, role or route id."
)
@click.option("--max-tokens", type=click.IntRange(1), default=256, show_default=True)
@click.option("--system", help="System prompt.")
@click.option(
    "--stream/--no-stream",
    default=True,
    show_default=True,
    help="Print the words as they come.",
)
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print the reply with usage, cost, route and decision as JSON.",
)
@click.option(
    "--deployment", envvar="TRIVIUM_DEPLOYMENT", help="Signed descriptor: path or URL."
)
@click.option(
    "--trust", envvar="TRIVIUM_TRUSTED_KEYS", help="Public key (PEM) that signed it."
)
def command(
    question: str | None,
    model: str,
    max_tokens: int,
    system: str | None,
    stream: bool,
    as_json: bool,
    deployment: str | None,
    trust: str | None,
) -> None:
    """Ask QUESTION (or standard input) through the deployment, governed and
    recorded."""
    from trivium import Client

    text = question if question is not None else sys.stdin.read()
    asked: RequestArguments = {
        "model": model,
        "max_tokens": max_tokens,
        "system": system,
        "messages": [{"role": "user", "content": text}],
    }
    with Client.from_deployment(deployment, trust=trust) as client:
        if as_json:
            print_json(client.messages.create(**asked))
            return
        message = _streamed(client, asked) if stream else _whole(client, asked)
    click.echo(_notes(message), err=True)


def _whole(client: "Client", asked: "RequestArguments") -> "Message":
    """Ask, and print the answer at its end."""
    message = client.messages.create(**asked)
    click.echo(message.text)
    return message


def _streamed(client: "Client", asked: "RequestArguments") -> "Message":
    """Ask, and print the words as they come."""
    with client.messages.stream(**asked) as running:
        for piece in running.text_stream:
            click.echo(piece, nl=False)
        click.echo()
        return running.get_final_message()


def _notes(message: "Message") -> str:
    """One line about the answer: who gave it, at what cost, and what the guard said."""
    cost = message.cost_usd
    decision = message.decision
    notes = (
        message.route,
        f"{message.usage.input_tokens} + {message.usage.output_tokens} tokens",
        "price unknown" if cost is None else f"${cost:.6f}",
        f"{message.latency_s * 1000:.0f} ms",
        f"guard {decision.duration_s * 1000:.2f} ms ({decision.action.name.lower()})",
        message.request_id,
    )
    return ("REHEARSAL, not Claude · " if message.rehearsal else "") + " · ".join(notes)
