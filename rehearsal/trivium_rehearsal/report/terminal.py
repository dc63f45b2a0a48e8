"""The summary on the terminal."""

import os
from collections.abc import Iterable

from rich import box
from rich.console import Console
from rich.table import Table

from trivium_rehearsal.claims import Answer, Proof
from trivium_rehearsal.report.summary import CLOUDS, LEVEL_MEANING, LEVELS, Summary

_RIGHT = ("ms", "guard ms", "tokens", "USD*", *LEVELS)
_WORDS = 60
"""Characters of an answer that are shown."""


def show(summary: Summary) -> None:
    """Print it."""
    wide = not Console().is_terminal and "COLUMNS" not in os.environ
    console = Console(highlight=False, width=120 if wide else None)

    console.print()
    console.print(_resources(summary))
    for level, meaning in LEVEL_MEANING.items():
        console.print(f"  [dim]{level}: {meaning}[/dim]")

    console.print()
    console.print(_answers(summary.answers))
    console.print(
        "  [dim]* what Claude would have cost on this route for as many tokens, at list"
        " price[/dim]\n"
    )

    _show_claims(console, summary.claims)
    _show_origin(console, summary)


def _show_claims(console: Console, claims: Iterable[Proof]) -> None:
    """A line for each claim, and its evidence beneath it."""
    for claim in claims:
        mark = "[green]✓[/green]" if claim.holds else "[red]✗[/red]"
        console.print(f"  {mark} {claim.sentence}", markup=True)
        console.print(f"      {claim.evidence}", style="dim", markup=False)


def _show_origin(console: Console, summary: Summary) -> None:
    """What produced it, and what to try next."""
    console.print()
    console.print(
        f"  descriptor  {summary.descriptor}  ({summary.digest[:23]}…, signed by"
        f" {summary.signer[:16]})"
    )
    console.print(f"  engine      {summary.engine}, {summary.seconds:.0f} s")

    console.print()
    console.print("Next:", style="bold")
    for line in next_steps():
        console.print(f"  {line}", markup=False)


def next_steps() -> tuple[str, ...]:
    """What a person can try after `make up`."""
    return (
        (
            "open .trivium/summary.html                                   this summary,"
            " with every resource type"
        ),
        (
            ".venv/bin/trivium deployment show .trivium/deployment/descriptor.json"
            " --trust .trivium/keys/deployment.pem.pub"
        ),
        (
            ".venv/bin/trivium audit verify .trivium/audit --key"
            " .trivium/keys/audit.pem.pub"
        ),
        (
            "make ask Q='What is a guardrail?' MODEL=sonnet                a question"
            " of your own, governed and recorded"
        ),
        (
            "make preview PROJECT=examples/wrong_stack STACK=wrong        a wrong"
            " stack, and why it is stopped"
        ),
        "make test; make down",
    )


def _resources(summary: Summary) -> Table:
    """How many resources of each cloud were shown at which level."""
    table = _table("Resources", ("cloud", *LEVELS))
    for cloud, name in CLOUDS.items():
        table.add_row(name, *(str(summary.count(cloud, level)) for level in LEVELS))
    return table


def _answers(answers: Iterable[Answer]) -> Table:
    """One row for each route and tier that was asked."""
    table = _table(
        "Governed answers of the rehearsal model (SmolLM2-135M, not Claude)",
        ("route", "tier", "ms", "guard ms", "tokens", "USD*", "its own words"),
    )
    for answer in answers:
        table.add_row(
            answer.route,
            answer.tier,
            f"{answer.latency_ms:.0f}",
            f"{answer.guard_ms:.2f}",
            f"{answer.input_tokens}+{answer.output_tokens}",
            f"{answer.cost_usd:.6f}",
            _shortened(answer.text, _WORDS),
        )
    return table


def _table(title: str, columns: Iterable[str]) -> Table:
    """An empty table in the manner of the summary."""
    table = Table(
        title=title, box=box.SIMPLE_HEAD, title_justify="left", title_style="bold"
    )
    for column in columns:
        table.add_column(column, justify="right" if column in _RIGHT else "left")
    return table


def _shortened(text: str, width: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 1] + "…"
