"""`trivium reviews`: what waits for a person, and deciding it."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import click
import msgspec

from trivium.cli import print_json
from trivium.review import Measures, ReviewQueue, Ticket
from trivium.review.ticket import Verdict

_QUEUE = click.option(
    "--queue",
    "path",
    required=True,
    envvar="TRIVIUM_REVIEWS",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File of the review queue (TRIVIUM_REVIEWS).",
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group("reviews")
def command() -> None:
    """List, show and decide what a person must decide."""


@command.command("list")
@_QUEUE
@click.option("--reviewer", help="Leave out what this reviewer has decided.")
@_JSON
def list_command(path: Path, reviewer: str | None, as_json: bool) -> None:
    """Tickets that wait for a decision, oldest first."""
    pending = _opened(path).pending(reviewer=reviewer)
    if as_json:
        print_json([_plain(ticket) for ticket in pending])
        return
    for ticket in pending:
        click.echo(_line(ticket))
    click.echo(f"{len(pending)} waiting", err=True)


@command.command("show")
@_QUEUE
@click.argument("ticket")
@click.option("--reviewer", required=True, help="Who looks; the time runs from now.")
@_JSON
def show_command(path: Path, ticket: str, reviewer: str, as_json: bool) -> None:
    """What was judged, and the guard's opinion unless the ticket is blind."""
    shown = _opened(path).show(ticket, reviewer)
    findings = None if shown.findings is None else msgspec.to_builtins(shown.findings)
    if as_json:
        content = msgspec.json.decode(shown.content)
        print_json({**_plain(shown.ticket), "content": content, "findings": findings})
        return
    click.echo(_line(shown.ticket))
    # ASCII, so that nothing that a model wrote can steer the terminal.
    plain = msgspec.json.decode(shown.content)
    click.echo(
        msgspec.json.format(msgspec.json.encode(plain))
        .decode()
        .encode("ascii", "backslashreplace")
        .decode()
    )
    if shown.findings is None:
        click.echo("the guard's opinion is hidden: this ticket is decided blind")
    for finding in shown.findings or ():
        click.echo(f"{finding.provision}: {finding.detector} at {finding.location}")


@command.command("decide")
@_QUEUE
@click.argument("ticket")
@click.argument("verdict", type=click.Choice(get_args(Verdict)))
@click.option("--reviewer", required=True, help="Who decides.")
@click.option("--reason", required=True, help="Why; it becomes part of the audit log.")
@click.option("--text", help="With `edit`: the text that is released instead.")
@click.option(
    "--audit",
    "directory",
    required=True,
    envvar="TRIVIUM_AUDIT_DIR",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of the audit log that keeps the decision (TRIVIUM_AUDIT_DIR).",
)
def decide_command(
    path: Path,
    ticket: str,
    verdict: Verdict,
    reviewer: str,
    reason: str,
    text: str | None,
    directory: Path,
) -> None:
    """Decide a ticket. The decision is recorded in the audit log first."""
    from trivium.client.loading import open_log

    queue = _opened(path)
    with open_log(directory, queue.ticket(ticket).deployment) as log:
        record = queue.decide(
            ticket,
            reviewer=reviewer,
            verdict=verdict,
            reason=reason,
            edited=text,
            append=log.append,
        )
    click.echo(
        f"{ticket}: {verdict}"
        + ("" if record.final else ", which another reviewer must confirm")
    )


@command.command("measures")
@_QUEUE
@_JSON
def measures_command(path: Path, as_json: bool) -> None:
    """How good the decisions are: agreement, time, alarms."""
    found = _opened(path).measures()
    if as_json:
        print_json(found)
        return
    _print(found)


@command.command("terms")
@_QUEUE
@click.option("--blind", type=float, help="Share of tickets decided blind, 0 to 1.")
@click.option("--double", type=float, help="Share that two decide, 0 to 1.")
@click.option("--expires-s", type=float, help="Seconds that a ticket may wait.")
def terms_command(path: Path, **changes: float | None) -> None:
    """Show how the queue is run, or change it for new tickets."""
    queue = _opened(path)
    given = {name: value for name, value in changes.items() if value is not None}
    if given:
        queue = ReviewQueue(path, terms=msgspec.structs.replace(queue.terms(), **given))
    print_json(queue.terms())


def _opened(path: Path) -> ReviewQueue:
    """The queue, if there is one: a mistyped name makes none."""
    if not path.exists():
        raise click.BadParameter(f"{path} does not exist", param_hint="--queue")
    return ReviewQueue(path)


def _plain(ticket: Ticket) -> dict[str, Any]:
    """A ticket as JSON, without the guard's opinion if it is blind. Any: its fields."""
    plain = {name: getattr(ticket, name) for name in ticket.__dataclass_fields__}
    return plain | ({"provisions": None} if ticket.blind else {})


def _line(ticket: Ticket) -> str:
    """A ticket in one line."""
    hours = max(0.0, ticket.expires_at - time.time()) / 3600
    marks = [mark for mark in ("blind", "double") if getattr(ticket, mark)]
    return (
        f"{ticket.id}  {ticket.stage:7}  {_opinion(ticket)}"
        f"  expires in {hours:.1f} h  {' '.join(marks)}".rstrip()
    )


def _opinion(ticket: Ticket) -> str:
    """The provisions that applied: part of the opinion that a blind ticket hides."""
    return "hidden" if ticket.blind else ", ".join(ticket.provisions)


def _print(found: Measures) -> None:
    """Measures for a person."""
    say: Callable[[str], None] = click.echo
    say(f"{found.decisions} decisions, {found.doubles} tickets decided by two")
    agreed = found.agreement
    say(
        "agreement: not measurable yet"
        if agreed is None
        else f"agreement: Cohen's kappa {agreed.kappa:.2f}"
        f" ({agreed.low:.2f} to {agreed.high:.2f})"
    )
    if found.median_s is not None:
        say(f"median time of a decision: {found.median_s:.0f} s")
    for alarm in found.alarms:
        say(f"ALARM {alarm.kind}: {alarm.text}")
