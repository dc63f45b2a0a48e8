"""The summary of a rehearsal: on the terminal, as JSON for machines, as HTML for
people."""

import html
import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from trivium_rehearsal.claims import Answer, Proof

CLOUDS: Mapping[str, str] = {"aws": "AWS", "gcp": "Google Cloud", "azure": "Azure"}
LEVELS = ("executed", "checked", "synthesised")
LEVEL_MEANING = {
    "executed": "created and read back in the local emulator",
    "checked": (
        "inputs checked against the SDK's types and the vendor's own model; outputs"
        " synthesised"
    ),
    "synthesised": "inputs checked against the SDK's types alone; outputs synthesised",
}


@dataclass(frozen=True, kw_only=True)
class Summary:
    """Everything that one rehearsal showed."""

    engine: str
    resources: Mapping[str, Mapping[str, Mapping[str, int]]]
    """Cloud → level → resource type → how many."""
    changes: Mapping[str, int]
    policies: tuple[str, ...]
    """Names of the policies that judged the resources."""
    advice: tuple[str, ...]
    """What the policies and the stand-ins said without stopping anything."""
    descriptor: str
    """Path of the signed descriptor, relative to the repository."""
    digest: str
    signer: str
    """Id of the key that signed it."""
    answers: tuple[Answer, ...]
    claims: tuple[Proof, ...]
    audit: Mapping[str, Any]
    """What `trivium audit verify --json` said. Any: its JSON."""
    seconds: float
    """From the start of the command."""

    @property
    def holds(self) -> bool:
        """Whether every claim holds."""
        return all(claim.holds for claim in self.claims)

    def count(self, cloud: str, level: str) -> int:
        """Resources of a cloud at a level."""
        return sum(self.resources.get(cloud, {}).get(level, {}).values())


def by_level(
    types: Counter[str], levels: Mapping[str, str]
) -> dict[str, dict[str, dict[str, int]]]:
    """Cloud → level → type → count, from a stack's types and the level of each type."""
    table: dict[str, dict[str, dict[str, int]]] = {}
    for token, count in sorted(types.items()):
        table.setdefault(_cloud(token), {}).setdefault(levels[token], {})[token] = count
    return table


def show(summary: Summary) -> None:
    """Print it."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    wide = not Console().is_terminal and "COLUMNS" not in os.environ
    console = Console(highlight=False, width=120 if wide else None)
    console.print()
    resources = Table(
        title="Resources", box=box.SIMPLE_HEAD, title_justify="left", title_style="bold"
    )
    for column in ("cloud", *LEVELS):
        resources.add_column(column, justify="left" if column == "cloud" else "right")
    for cloud, name in CLOUDS.items():
        resources.add_row(name, *(str(summary.count(cloud, level)) for level in LEVELS))
    console.print(resources)
    for level, meaning in LEVEL_MEANING.items():
        console.print(f"  [dim]{level}: {meaning}[/dim]")
    console.print()
    answers = Table(
        title="Governed answers of the rehearsal model (SmolLM2-135M, not Claude)",
        box=box.SIMPLE_HEAD,
        title_justify="left",
        title_style="bold",
    )
    for column in (
        "route",
        "tier",
        "ms",
        "guard ms",
        "tokens",
        "USD*",
        "its own words",
    ):
        answers.add_column(
            column,
            justify=(
                "right" if column in ("ms", "guard ms", "tokens", "USD*") else "left"
            ),
        )
    for answer in summary.answers:
        answers.add_row(
            answer.route,
            answer.tier,
            f"{answer.latency_ms:.0f}",
            f"{answer.guard_ms:.2f}",
            f"{answer.input_tokens}+{answer.output_tokens}",
            f"{answer.cost_usd:.6f}",
            _shortened(answer.text, 60),
        )
    console.print(answers)
    console.print(
        "  [dim]* what Claude would have cost on this route for as many tokens, at list"
        " price[/dim]\n"
    )
    for claim in summary.claims:
        mark = "[green]✓[/green]" if claim.holds else "[red]✗[/red]"
        console.print(f"  {mark} {claim.sentence}", markup=True)
        console.print(f"      {claim.evidence}", style="dim", markup=False)
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


def write(summary: Summary, data: Path, page: Path) -> None:
    """Write the summary as JSON and as HTML."""
    data.write_text(
        json.dumps(asdict(summary) | {"holds": summary.holds}, indent=2, default=str)
        + "\n"
    )
    page.write_text(_page(summary))


def _cloud(token: str) -> str:
    package = token.partition(":")[0]
    return {"aws-native": "aws", "azure-native": "azure", "azuread": "azure"}.get(
        package, package
    )


def _shortened(text: str, width: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 1] + "…"


_STYLE = """
:root { color-scheme: light dark;
  --line: color-mix(in srgb, currentColor 18%, transparent); }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2.5rem auto;
  padding: 0 1.25rem; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.1rem; margin: 2.2rem 0 .6rem; }
p.lead { opacity: .75; margin: .3rem 0 0; } code { font-size: .88em; }
div.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; padding: .35rem .7rem .35rem 0; vertical-align: top;
  border-bottom: 1px solid var(--line); }
th, td:not(:last-child) { overflow-wrap: normal; }
.holds::before { content: "✓ "; color: #1a7f37; font-weight: bold; }
.fails::before { content: "✗ "; color: #c62828; font-weight: bold; }
.evidence { opacity: .7; font-size: .92em; } details { margin: .4rem 0; }
"""


def _page(summary: Summary) -> str:
    verdict = (
        "Everything that this rehearsal claims was shown."
        if summary.holds
        else "Some claims do not hold."
    )
    parts = [
        (
            "<!doctype html><html lang='en'><meta charset='utf-8'><meta name='viewport'"
            " content='width=device-width'><title>Trivium rehearsal</title>"
        ),
        f"<style>{_STYLE}</style><h1>Trivium rehearsal</h1>",
        (
            f"<p class='lead'>{verdict} The answers come from SmolLM2-135M, a small"
            " local model, not from Claude; nothing was deployed to any cloud.</p>"
        ),
        "<h2>What was shown</h2><table>",
        *(
            "<tr><td"
            f" class='{'holds' if claim.holds else 'fails'}'>{_e(claim.sentence)}<div"
            f" class='evidence'>{_e(claim.evidence)}</div></td></tr>"
            for claim in summary.claims
        ),
        "</table><h2>Resources</h2>",
        _table(
            ("cloud", *LEVELS),
            (
                (name, *(str(summary.count(cloud, level)) for level in LEVELS))
                for cloud, name in CLOUDS.items()
            ),
        ),
        *(
            f"<p class='evidence'><b>{level}</b>: {meaning}</p>"
            for level, meaning in LEVEL_MEANING.items()
        ),
        *(_types(summary, cloud, name) for cloud, name in CLOUDS.items()),
        "<h2>Governed answers</h2>",
        _table(
            ("route", "tier", "ms", "guard ms", "tokens", "USD", "its own words"),
            (
                (
                    answer.route,
                    answer.tier,
                    f"{answer.latency_ms:.0f}",
                    f"{answer.guard_ms:.2f}",
                    f"{answer.input_tokens}+{answer.output_tokens}",
                    f"{answer.cost_usd:.6f}",
                    answer.text,
                )
                for answer in summary.answers
            ),
        ),
        (
            "<p class='evidence'>USD: what Claude would have cost on this route for as"
            " many tokens, at list price.</p>"
        ),
        "<h2>Descriptor, engine, policies</h2><table>",
        (
            f"<tr><td>descriptor</td><td><code>{_e(summary.descriptor)}</code><br>"
            f"<code>{_e(summary.digest)}</code></td></tr>"
        ),
        f"<tr><td>signed by</td><td><code>{_e(summary.signer)}</code></td></tr>",
        (
            f"<tr><td>engine</td><td>{_e(summary.engine)}, {summary.seconds:.0f} s in"
            " all</td></tr>"
        ),
        (
            f"<tr><td>policies</td><td>{', '.join(map(_e, summary.policies))}</td></tr></table>"
        ),
        *(f"<p class='evidence'>{_e(advice)}</p>" for advice in summary.advice),
    ]
    return "\n".join(parts) + "\n"


def _types(summary: Summary, cloud: str, name: str) -> str:
    rows = [
        (token, level, str(count))
        for level, tokens in summary.resources.get(cloud, {}).items()
        for token, count in tokens.items()
    ]
    table = _table(("type", "level", "resources"), rows)
    return (
        f"<details><summary>{name}: {len(rows)} resource"
        f" types</summary>{table}</details>"
    )


def _table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = "".join(f"<th>{_e(cell)}</th>" for cell in header)
    body = "".join(
        "<tr>" + "".join(f"<td>{_e(cell)}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    return f"<div class='wide'><table><tr>{head}</tr>{body}</table></div>"


def _e(text: str) -> str:
    return html.escape(text)
