"""One thing that a cloud refuses of a resource's inputs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from trivium_rehearsal.wire import Path


@dataclass(frozen=True, slots=True)
class Refused:
    """One value, or one property that stands beside another."""

    path: Path
    text: str
    """What was found, what is expected, by whose word, the consequence and the remedy.
    `{found}` stands for the value at `path`, which may be secret."""


Values = Mapping[str, Any]
"""The inputs or the state of one resource."""


def items(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    """Every item of a list with its path; nothing of what is no list."""
    for index, item in enumerate(value if isinstance(value, list) else ()):
        yield (*path, index), item
