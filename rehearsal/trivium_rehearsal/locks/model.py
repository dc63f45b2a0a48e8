"""What a lock fixes, as data; the tables are in one file a cloud."""

from dataclasses import dataclass
from typing import Any, Literal

from trivium_rehearsal.wire import Path


@dataclass(frozen=True, slots=True)
class Fixed:
    """One property that a lock fixes."""

    path: Path
    may: Literal["grow", "stay"]
    """A period may still become longer; everything else stays as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """How one type of store is locked, and what the cloud then refuses."""

    where: Path
    """The property that says whether it is locked."""
    locked: Any
    """The value there that means it is. `Any`: a boolean or a string."""
    first: str = ""
    """The value there from which alone it can be locked: it is neither made locked nor
    locked from another. Empty where a store may be made locked."""
    fixed: tuple[Fixed, ...]
    """What the lock fixes, the lock itself included."""
    held: str
    """Why the cloud refuses to delete the store; empty where it does not, or where
    somebody knows better than an assumption."""
    replaced: str
    """Why no replacement can undo the lock; empty as in `held`."""
    remedy: str
    """What to do instead."""
    source: str
    """Who says so."""
