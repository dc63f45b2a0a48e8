"""What one rehearsal showed, as data."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
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


def _cloud(token: str) -> str:
    package = token.partition(":")[0]
    return {"aws-native": "aws", "azure-native": "azure", "azuread": "azure"}.get(
        package, package
    )
