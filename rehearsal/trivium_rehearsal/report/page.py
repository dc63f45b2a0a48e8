"""The summary as a page for people."""

import html
from collections.abc import Iterable, Iterator

from trivium_rehearsal.report.summary import CLOUDS, LEVEL_MEANING, LEVELS, Summary

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


def page(summary: Summary) -> str:
    """The whole page, complete in itself: no script, no address that is fetched."""
    parts = (_head, _claims, _resources, _answers, _origin)
    return "\n".join(line for part in parts for line in part(summary)) + "\n"


def _head(summary: Summary) -> Iterator[str]:
    """The title and the verdict."""
    verdict = (
        "Everything that this rehearsal claims was shown."
        if summary.holds
        else "Some claims do not hold."
    )
    yield (
        "<!doctype html><html lang='en'><meta charset='utf-8'><meta name='viewport'"
        " content='width=device-width'><title>Trivium rehearsal</title>"
    )
    yield f"<style>{_STYLE}</style><h1>Trivium rehearsal</h1>"
    yield (
        f"<p class='lead'>{verdict} The answers come from SmolLM2-135M, a small local"
        " model, not from Claude; nothing was deployed to any cloud.</p>"
    )


def _claims(summary: Summary) -> Iterator[str]:
    """Each claim with its evidence."""
    yield "<h2>What was shown</h2><table>"
    for claim in summary.claims:
        mark = "holds" if claim.holds else "fails"
        evidence = f"<div class='evidence'>{_e(claim.evidence)}</div>"
        yield f"<tr><td class='{mark}'>{_e(claim.sentence)}{evidence}</td></tr>"
    yield "</table>"


def _resources(summary: Summary) -> Iterator[str]:
    """How many resources stand at which level, and of which types."""
    yield "<h2>Resources</h2>"
    rows = (
        (name, *(str(summary.count(cloud, level)) for level in LEVELS))
        for cloud, name in CLOUDS.items()
    )
    yield _table(("cloud", *LEVELS), rows)
    for level, meaning in LEVEL_MEANING.items():
        yield f"<p class='evidence'><b>{level}</b>: {meaning}</p>"
    for cloud, name in CLOUDS.items():
        yield _types(summary, cloud, name)


def _answers(summary: Summary) -> Iterator[str]:
    """One row for each route and tier that was asked."""
    yield "<h2>Governed answers</h2>"
    rows = (
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
    )
    header = ("route", "tier", "ms", "guard ms", "tokens", "USD", "its own words")
    yield _table(header, rows)
    yield (
        "<p class='evidence'>USD: what Claude would have cost on this route for as many"
        " tokens, at list price.</p>"
    )


def _origin(summary: Summary) -> Iterator[str]:
    """What was deployed, by what, and who judged it."""
    yield "<h2>Descriptor, engine, policies</h2><table>"
    yield (
        f"<tr><td>descriptor</td><td><code>{_e(summary.descriptor)}</code><br>"
        f"<code>{_e(summary.digest)}</code></td></tr>"
    )
    yield f"<tr><td>signed by</td><td><code>{_e(summary.signer)}</code></td></tr>"
    yield (
        f"<tr><td>engine</td><td>{_e(summary.engine)}, {summary.seconds:.0f} s in all"
        "</td></tr>"
    )
    policies = ", ".join(map(_e, summary.policies))
    yield f"<tr><td>policies</td><td>{policies}</td></tr></table>"
    for advice in summary.advice:
        yield f"<p class='evidence'>{_e(advice)}</p>"


def _types(summary: Summary, cloud: str, name: str) -> str:
    """The types of one cloud, folded away."""
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
    """A table of texts, escaped."""
    head = "".join(f"<th>{_e(cell)}</th>" for cell in header)
    body = "".join(
        "<tr>" + "".join(f"<td>{_e(cell)}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    return f"<div class='wide'><table><tr>{head}</tr>{body}</table></div>"


def _e(text: str) -> str:
    return html.escape(text)
