"""What changed between two sets of inputs, property by property."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from trivium_rehearsal.documents import same_document
from trivium_rehearsal.wire import Asset, Path, Unknown

__all__ = ["Change", "changes"]


@dataclass(frozen=True, slots=True)
class Change:
    """One property that differs."""

    path: Path
    kind: Literal["add", "delete", "update"]


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """Every difference, deepest first known place. Internal keys (``__…``) and nulls do
    not count.

    An unknown new value is a change: only the real run can tell that it is none. JSON
    texts are compared as JSON.
    """
    return list(_objects(old, new, ()))


def _objects(
    old: Mapping[str, Any], new: Mapping[str, Any], path: Path
) -> Iterator[Change]:
    for name in dict.fromkeys((*old, *new)):
        if not name.startswith("__"):
            yield from _values(old.get(name), new.get(name), (*path, name))


def _values(old: Any, new: Any, path: Path) -> Iterator[Change]:
    if old is None or new is None:
        if old is not new:
            yield Change(path, "add" if old is None else "delete")
    elif isinstance(old, dict) and isinstance(new, dict):
        yield from _objects(old, new, path)
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            yield from _values(_at(old, index), _at(new, index), (*path, index))
    elif not _same(old, new):
        yield Change(path, "update")


def _at(items: list[Any], index: int) -> Any:
    return items[index] if index < len(items) else None


def _same(old: Any, new: Any) -> bool:
    if isinstance(new, Unknown) or isinstance(old, Unknown):
        return False
    if isinstance(old, Asset):
        return old.same_as(new)
    if isinstance(old, str) and isinstance(new, str):
        return old == new or same_document(old, new)
    # True and 1 are equal in Python and different on the wire.
    return (type(old) is type(new) and old == new) or (
        _number(old) and _number(new) and old == new
    )


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
