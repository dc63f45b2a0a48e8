"""Tags: three spellings of the same pairs in the AWS APIs, and how they are brought
into line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trivium_rehearsal.execution import Properties


@dataclass(frozen=True)
class TagChange:
    """What must be set and what must go."""

    put: dict[str, str]
    gone: list[str]


def wanted_tags(inputs: Properties) -> dict[str, str]:
    """All tags a resource shall bear: the provider's default tags are already in
    `tagsAll` where there are any."""
    return dict(inputs.get("tagsAll") or inputs.get("tags") or {})


def tag_change(told: Mapping[str, str], inputs: Properties) -> TagChange:
    """From the tags the emulator tells to those wanted."""
    wanted = wanted_tags(inputs)
    put = {key: value for key, value in wanted.items() if told.get(key) != value}
    return TagChange(put, [key for key in told if key not in wanted])


def told_tags(told: Mapping[str, str], known: Properties) -> Properties:
    """`tags` and `tagsAll` as outputs: default tags belong to `tagsAll` alone."""
    own = known.get("tags")
    defaults = set(known.get("tagsAll") or {}) - set(own or {})
    tags = {key: value for key, value in told.items() if key not in defaults}
    return {"tags": tags, "tagsAll": dict(told)}


def as_pairs(
    tags: Mapping[str, str], key: str = "Key", value: str = "Value"
) -> list[dict[str, str]]:
    """The list spelling, for instance ``[{"Key": …, "Value": …}]``."""
    return [{key: name, value: text} for name, text in tags.items()]


def from_pairs(
    pairs: Sequence[Mapping[str, Any]] | None, key: str = "Key", value: str = "Value"
) -> dict[str, str]:
    """The mapping spelling of a list of pairs; AWS's own tags (``aws:…``) are left
    out."""
    return {
        pair[key]: pair.get(value, "")
        for pair in pairs or ()
        if not pair[key].startswith("aws:")
    }
