"""Bedrock's system-defined inference profiles: where each geography's may be called.

The data stand in ``inference_profiles.json``, with their source and date.
"""

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

__all__ = ["geographies", "is_foreign"]


@cache
def geographies() -> Mapping[str, Mapping[str, Any]]:
    """Prefix of a profile to its name, its destinations and its source Regions; an
    empty list of sources means every Region."""
    text = (
        resources.files("trivium_rehearsal")
        .joinpath("inference_profiles.json")
        .read_text()
    )
    found: Mapping[str, Mapping[str, Any]] = json.loads(text)["geographies"]
    return found


def is_foreign(profile: str, region: str) -> bool:
    """Whether `region` belongs to another geography than the profile's.

    The lists grow: a Region that no geography names is not judged.
    """
    own = geographies().get(profile.partition(".")[0])
    if own is None or not own["sources"] or region in own["sources"]:
        return False
    return any(region in other["sources"] for other in geographies().values())
