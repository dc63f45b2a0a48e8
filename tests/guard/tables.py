"""The generated tables of docs/constitution.md. Write them anew with
`python -m tests.guard.tables`."""

from collections.abc import Iterable
from pathlib import Path

from tests.guard import worlds
from trivium.constitution import Constitution
from trivium.guard import REGISTRY

DOCUMENT = Path(__file__).parents[2] / "docs" / "constitution.md"
COMMAND = "python -m tests.guard.tables"


def document_with_tables(document: str) -> str:
    """The document with both tables as they should be."""
    return _replaced(
        _replaced(document, "packs", packs_table(worlds.PACKS)),
        "detectors",
        detectors_table(),
    )


def packs_table(constitution: Constitution) -> str:
    rows = (
        (
            f"`{provision.id}`",
            layer.name,
            f"`{provision.action.name}`",
            ", ".join(sorted(provision.stages, reverse=True)),
            (
                f"`{provision.condition}`"
                if provision.condition
                else ", ".join(provision.detectors)
            ),
            "; ".join(
                f"{citation.framework} {citation.article}"
                for citation in provision.citations
            ),
        )
        for layer, provision in constitution.provisions
    )
    return _table(
        ("Provision", "Layer", "Action", "Judges", "Applies when", "After"), rows
    )


def detectors_table() -> str:
    rows = ((f"`{d.name}`", d.title, d.source) for d in REGISTRY.values())
    return _table(("Detector", "Finds", "Form after"), rows)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |"
        for line in lines
    )


def _replaced(document: str, name: str, table: str) -> str:
    before, begin, rest = document.partition(f"<!-- {name} -->\n")
    _, end, after = rest.partition(f"<!-- /{name} -->")
    return before + begin + table + "\n" + end + after


if __name__ == "__main__":
    DOCUMENT.write_text(document_with_tables(DOCUMENT.read_text("utf-8")), "utf-8")
