"""The tables of docs/packs.md, written from the packs. Write them anew with
`python -m tests.constitution.packs_page`."""

from pathlib import Path

from trivium.constitution import Layer, Provision, load_layers
from trivium.vocabulary.deployment import ConstitutionRef
from trivium.vocabulary.deployment import Layer as LayerRef

DOCUMENT = Path(__file__).parents[2] / "docs" / "packs.md"
COMMAND = "python -m tests.constitution.packs_page"
SECTORS = ("finance", "healthcare", "government", "gdpr", "eu-ai-act")

MARK = "<!-- Written by `python -m tests.constitution.packs_page` from here on. -->\n"


def page(document: str) -> str:
    """The page with all tables as they should be."""
    head = document.partition(MARK)[0]
    return head + MARK + "".join(f"\n{_section(layer(name))}" for name in SECTORS)


def layer(name: str) -> Layer:
    """A pack as it holds behind the two that every deployment has."""
    sources = ("baseline", "organisation", name)
    refs = tuple(LayerRef(source=f"pack:{source}") for source in sources)
    return load_layers(ConstitutionRef(layers=refs), base=None).layers[-1]


def _section(of: Layer) -> str:
    rows = "\n".join(_row(provision) for provision in of.provisions)
    return (
        f"## `pack:{of.name}`: {of.title}\n\n"
        "| Provision | Rule | Action | Decided by | After |\n|---|---|---|---|---|\n"
        f"{rows}\n"
    )


def _row(provision: Provision) -> str:
    since = f" From {provision.effective_from}." if provision.effective_from else ""
    cells = (
        f"`{provision.id}`",
        provision.text.strip() + since,
        f"`{provision.action.name}`",
        provision.decided_by,
        "; ".join(f"{one.framework} {one.article}" for one in provision.citations),
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    DOCUMENT.write_text(page(DOCUMENT.read_text()))
