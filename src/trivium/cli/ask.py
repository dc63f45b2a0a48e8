"""`trivium ask`: one governed question."""

import sys

import click

from trivium.cli import print_json


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
    turns = [{"role": "user", "content": text}]
    with Client.from_deployment(deployment, trust=trust) as client:
        if as_json or not stream:
            message = client.messages.create(
                model=model, max_tokens=max_tokens, system=system, messages=turns
            )
        else:
            with client.messages.stream(
                model=model, max_tokens=max_tokens, system=system, messages=turns
            ) as running:
                for piece in running.text_stream:
                    click.echo(piece, nl=False)
                click.echo()
                message = running.get_final_message()
    if as_json:
        print_json(message)
        return
    if not stream:
        click.echo(message.text)
    notes = [
        message.route,
        f"{message.usage.input_tokens} + {message.usage.output_tokens} tokens",
        "price unknown" if message.cost_usd is None else f"${message.cost_usd:.6f}",
        f"{message.latency_s * 1000:.0f} ms",
        (
            f"guard {message.decision.duration_s * 1000:.2f} ms"
            f" ({message.decision.action.name.lower()})"
        ),
        message.request_id,
    ]
    click.echo(
        ("REHEARSAL, not Claude · " if message.rehearsal else "") + " · ".join(notes),
        err=True,
    )
