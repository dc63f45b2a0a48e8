"""What is permitted but weak for production is noted; its neighbour is not."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.components.conftest import ADOPTED, CONFIG, settings_with
from trivium_components.settings.notes import Note, notes, sentence

Changes = dict[str, Any]
"""Top-level keys to replace. Any: what YAML holds."""

ALONE: Changes = {"clouds": ["aws"], "gcp": None, "azure": None}
GOV: Changes = {
    **ALONE,
    "zone": "us-gov",
    "models": {"sonnet": "claude-sonnet-4-5"},
    "roles": {},
    "aws": {
        "account_id": "111122223333",
        "region": "us-gov-west-1",
        "availability_zones": ["us-gov-west-1a", "us-gov-west-1b"],
        "invokers": ["arn:aws-us-gov:iam::111122223333:role/claims"],
    },
}
SIGNER = "service-principal:00000000-0000-4000-8000-000000000009"
AZURE_FIRST: Changes = {"clouds": ["azure", "aws", "gcp"]}
PINNED: Changes = {
    "constitution": {"layers": ["pack:baseline"], "digest": f"sha256:{'0' * 64}"}
}

NOTES: dict[str, tuple[str, Changes, Changes, Sequence[str]]] = {
    # case: (key, settings with the note, a neighbour without it, what the note says)
    "six months of retention": (
        "retention.preset",
        {"retention": {"preset": "eu-ai-act-6m"}},
        {"retention": {"preset": "healthcare-6y"}},
        ("184 days, less than a year", "Set `finance-7y` or `healthcare-6y`."),
    ),
    "an open lock that could be closed": (
        "retention.lock",
        {"clouds": ["aws", "gcp"], "azure": None},
        {
            "clouds": ["aws", "gcp"],
            "azure": None,
            "retention": {"preset": "finance-7y", "lock": "locked"},
        },
        ("an administrator can still remove", "`trivium audit verify`"),
    ),
    "an open lock beside Azure, which cannot be locked": (
        "retention.lock",
        {"clouds": ["aws", "gcp"], "azure": None},
        {},
        ("`unlocked`",),
    ),
    "records that are on disk later": (
        "audit.durability",
        {"audit": {"durability": "batch"}},
        {"audit": {"durability": "sync"}},
        ("the records of up to a second", "Set `sync`."),
    ),
    "prompts in the cloud's own log": (
        "audit.provider_content",
        {**ALONE, "audit": {"provider_content": "full"}},
        {**ALONE, "audit": {"provider_content": "metadata"}},
        ("prompts and replies for 2557 days", "Set `metadata`"),
    ),
    "one cloud where others have Claude": (
        "clouds",
        ALONE,
        {"clouds": ["aws", "gcp"], "azure": None},
        ("lists only `aws`", "Add `gcp` or `azure` for failover."),
    ),
    "one cloud where no other has Claude": (
        "clouds",
        ALONE,
        GOV,
        ("lists only `aws`",),
    ),
    "no sink": (
        "sinks",
        {"sinks": []},
        {"sinks": CONFIG["trivium:sinks"]},
        ("no security team", "SIEM"),
    ),
    "any constitution": (
        "constitution.digest",
        {},
        PINNED,
        ("nobody has reviewed", "digest of the reviewed constitution"),
    ),
    "an AWS network that the stack does not manage": (
        "aws.existing_network",
        {"aws": ADOPTED["aws"]},
        {},
        ("does not manage", "Check that it has flow logs"),
    ),
    "a network of Google Cloud that the stack does not manage": (
        "gcp.existing_network",
        {"gcp": ADOPTED["gcp"]},
        {"aws": ADOPTED["aws"]},
        ("private Google access",),
    ),
    "an Azure network that the stack does not manage": (
        "azure.existing_network",
        {"azure": ADOPTED["azure"]},
        {"aws": ADOPTED["aws"]},
        ("service endpoint policy",),
    ),
    "an AWS key that the stack does not manage": (
        "aws.encryption_key",
        {"aws": ADOPTED["aws"]},
        {"gcp": ADOPTED["gcp"]},
        ("Check that it rotates",),
    ),
    "a key of Google Cloud that the stack does not manage": (
        "gcp.encryption_key",
        {"gcp": ADOPTED["gcp"]},
        {"aws": ADOPTED["aws"]},
        ("who may use it",),
    ),
    "an Azure key that the stack does not manage": (
        "azure.encryption_key",
        {"azure": ADOPTED["azure"]},
        {"aws": ADOPTED["aws"]},
        ("who may use it",),
    ),
    "a vault in which nobody can sign": (
        "azure.signers",
        AZURE_FIRST,
        {**AZURE_FIRST, "azure": {**CONFIG["trivium:azure"], "signers": [SIGNER]}},
        ("nobody can sign", "trivium deployment sign"),
    ),
    "no signers on Azure, which does not keep the key": (
        "azure.signers",
        AZURE_FIRST,
        {},
        ("nobody can sign",),
    ),
}


def noted(changes: Changes) -> dict[str, Note]:
    """The notes on `CONFIG` with some keys replaced, by their key."""
    return {note.key: note for note in notes(settings_with(**changes))}


@pytest.mark.parametrize(
    ("key", "weak", "neighbour", "says"), NOTES.values(), ids=NOTES
)
def test_a_weak_setting_is_noted_and_its_neighbour_is_not(
    key: str, weak: Changes, neighbour: Changes, says: Sequence[str]
) -> None:
    text = sentence("test", noted(weak)[key])
    assert text.startswith(
        f"stacks/Pulumi.test.yaml, note for production: `trivium:{key}` "
    )
    assert [words for words in says if words not in text] == []
    assert key not in noted(neighbour)


@pytest.mark.parametrize("purpose", ["rehearsal", "development"])
def test_nothing_is_noted_outside_production(purpose: str) -> None:
    weak = {"sinks": [], "audit": {"durability": "batch"}}
    assert notes(settings_with(purpose=purpose, **weak)) == []


def test_production_with_every_setting_at_its_best_has_no_note() -> None:
    assert noted(PINNED) == {}


def test_the_documentation_lists_every_key_that_may_be_noted() -> None:
    page = Path(__file__).parents[2].joinpath("docs/components.md").read_text()
    table = page.split("## Notes on production settings")[1].split("\n## ")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if "| `" in line]
    listed = {key for row in rows for key in row.split("`")[1::2]}
    assert listed == {key for key, *_ in NOTES.values()}
