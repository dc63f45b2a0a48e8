"""Tables of the clouds' own names, as data beside the code."""

import json
from collections.abc import Mapping
from pathlib import Path


def table(name: str) -> Mapping[str, str]:
    """Resource type → template, from a JSON file of this folder."""
    content = Path(__file__).with_name(name).read_text(encoding="utf-8")
    found: dict[str, str] = json.loads(content)
    return found
