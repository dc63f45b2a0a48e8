"""What the clouds refuse for a store that is locked, so that a rehearsal cannot undo a
lock that nobody could undo in the cloud.

`refused_inputs` is for Check, `refused_creation` for Create, `refused_change` for Diff
and Update, `refused_deletion` for Delete. What is unknown in a preview is let pass and
judged when it is known. The tables, each fact with its source, are in one file a cloud.
"""

import json
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from trivium_rehearsal.locks import aws, azure, google
from trivium_rehearsal.locks.model import Fixed, Lock
from trivium_rehearsal.refusals.model import Refused, Values
from trivium_rehearsal.wire import Bag, Unknown, at, path_text

__all__ = [
    "refused_change",
    "refused_creation",
    "refused_deletion",
    "refused_inputs",
]

_LOCKS: Final[Mapping[str, Lock]] = MappingProxyType(
    {**aws.LOCKS, **google.LOCKS, **azure.LOCKS}
)


def refused_inputs(token: str, inputs: Values) -> Iterator[Refused]:
    """What is refused of the inputs of one resource by themselves."""
    yield from aws.refused_inputs(token, inputs)
    yield from azure.refused_inputs(token, inputs)


def refused_creation(token: str, name: str, inputs: Values) -> str | None:
    """Why the cloud refuses to make the resource `name` locked; or None."""
    lock = _LOCKS.get(token)
    if lock is None or not lock.first or not _is_locked(lock, inputs):
        return None
    return _too_early(lock, name, "a new store")


def refused_change(
    token: str,
    name: str,
    state: Values,
    old: Bag,
    new: Bag,
    *,
    replacing: str = "",
) -> str | None:
    """Why the cloud refuses to change the resource `name` from its inputs `old` to
    `new`; or None. `state` says whether it is locked.

    `replacing` is the property whose change would make a new resource.
    """
    lock = _LOCKS.get(token)
    if lock is None:
        return None
    if not (_is_locked(lock, state) or _is_locked(lock, old.values)):
        return _refused_locking(lock, name, old, new)
    for fixed in lock.fixed:
        was, wanted = at(old.values, fixed.path), at(new.values, fixed.path)
        if not _allowed(fixed, was, wanted):
            return _text(lock, name, fixed, _shown(old, fixed), _shown(new, fixed))
    if replacing and lock.replaced:
        return (
            f"{name}: {replacing} was changed, which replaces a locked store;"
            f" {lock.replaced}, and the cloud would refuse that: {lock.held}"
            f" ({lock.source}). {lock.remedy}."
        )
    return None


def refused_deletion(token: str, name: str, state: Values) -> str | None:
    """Why the cloud refuses to delete the resource `name`; or None."""
    lock = _LOCKS.get(token)
    if lock is None or not lock.held or not _is_locked(lock, state):
        return None
    return (
        f"{name}: found {path_text(lock.where)} {json.dumps(lock.locked)};"
        f" the cloud would refuse to delete this store: {lock.held} ({lock.source})."
        " Keep it: mark it `retain_on_delete`, or remove it from the stack's state"
        " with `pulumi state delete`."
    )


def _refused_locking(lock: Lock, name: str, old: Bag, new: Bag) -> str | None:
    """Why the cloud refuses to lock the store now; or None."""
    if not lock.first or not _is_locked(lock, new.values):
        return None
    was = at(old.values, lock.where)
    if isinstance(was, Unknown) or str(was).lower() == lock.first.lower():
        return None
    return _too_early(lock, name, "a store in another state")


def _too_early(lock: Lock, name: str, what: str) -> str:
    return (
        f"{name}: {path_text(lock.where)}: found {json.dumps(lock.locked)} for {what},"
        f" expected {json.dumps(lock.first)} first; the cloud"
        f" would refuse the lock ({lock.source}). Deploy it"
        f" {json.dumps(lock.first)}, verify, then lock it."
    )


def _is_locked(lock: Lock, values: Values) -> bool:
    found = at(values, lock.where)
    if isinstance(found, str) and isinstance(lock.locked, str):
        return found.lower() == lock.locked.lower()  # as Azure compares
    return bool(found is not None and found == lock.locked)


def _allowed(fixed: Fixed, was: Any, wanted: Any) -> bool:
    if isinstance(was, Unknown) or isinstance(wanted, Unknown) or was is None:
        return True
    if fixed.may == "grow":
        return _number(wanted) >= _number(was)
    if isinstance(was, str) and isinstance(wanted, str):
        return was.lower() == wanted.lower()
    return bool(was == wanted) or (was is False and wanted is None)


def _number(value: Any) -> float:
    """A period, which Google writes as text; what is none counts as nothing."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return 0.0


def _shown(bag: Bag, fixed: Fixed) -> str:
    if bag.holds_secret(fixed.path):
        return "a secret"
    found = at(bag.values, fixed.path)
    return "nothing" if found is None else json.dumps(found)


def _text(lock: Lock, name: str, fixed: Fixed, was: str, wanted: str) -> str:
    expected = f"{was} or more" if fixed.may == "grow" else was
    return (
        f"{name}: {path_text(fixed.path)}: found {wanted}, expected {expected};"
        f" {path_text(lock.where)} is {json.dumps(lock.locked)}, and the cloud would"
        f" refuse the change ({lock.source}). {lock.remedy}."
    )
