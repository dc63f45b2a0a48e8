"""The summary of a rehearsal: on the terminal, as JSON for machines, as HTML for
people."""

import json
from dataclasses import asdict
from pathlib import Path

from trivium_rehearsal.report.page import page
from trivium_rehearsal.report.summary import Summary, by_level

__all__ = ["Summary", "by_level", "show", "write"]


def show(summary: Summary) -> None:
    """Print it."""
    # rich is imported by whoever shows something, not by whoever writes a summary.
    from trivium_rehearsal.report import terminal

    terminal.show(summary)


def write(summary: Summary, data: Path, document: Path) -> None:
    """Write the summary as JSON and as HTML."""
    plain = asdict(summary) | {"holds": summary.holds}
    data.write_text(json.dumps(plain, indent=2, default=str) + "\n")
    document.write_text(page(summary))
