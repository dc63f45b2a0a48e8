"""Azure Storage: immutability policies of accounts and of containers.

Nothing is stored in a stand-in, and a store is locked because it keeps records: the
rehearsal assumes that a locked store holds blobs whose retention has not ended.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from trivium_rehearsal.locks.model import Fixed, Lock
from trivium_rehearsal.refusals.model import Refused, Values
from trivium_rehearsal.wire import Path

_ACCOUNT: Final = "azure-native:storage:StorageAccount"
_CONTAINER: Final = "azure-native:storage:BlobContainerImmutabilityPolicy"
_POLICY: Final[Path] = ("immutableStorageWithVersioning", "immutabilityPolicy")
_PERIOD: Final = "immutabilityPeriodSinceCreationInDays"
_STATES: Final = "Azure Storage REST reference, AccountImmutabilityPolicyState"
_APPEND: Final = ("allowProtectedAppendWrites", "allowProtectedAppendWritesAll")

LOCKS: Final[Mapping[str, Lock]] = {
    # The SDK's documentation of the state, from the REST reference: "Locked state only
    # allows the increase of the immutability retention time", and cannot be reverted;
    # a policy is created "Disabled" or "Unlocked", and locked from "Unlocked" alone;
    # of the append writes: changed "for disabled and unlocked" policies alone. That the
    # account cannot be deleted: Azure documentation, "Version-level WORM policies"
    # (read 2026-11), which protects the account of a locked policy.
    _ACCOUNT: Lock(
        where=(*_POLICY, "state"),
        locked="Locked",
        first="Unlocked",
        fixed=(
            Fixed(("immutableStorageWithVersioning", "enabled"), "stay"),
            Fixed((*_POLICY, "state"), "stay"),
            Fixed((*_POLICY, _PERIOD), "grow"),
            Fixed((*_POLICY, _APPEND[0]), "stay"),
        ),
        held="a locked policy protects every blob version until its retention ends, and"
        " the rehearsal assumes that one has not ended",
        replaced="the old account would have to be deleted",
        remedy="Leave the policy as it was; the period may become longer. For other"
        " settings, add an account under another name",
        source=_STATES,
    ),
    # Azure Storage REST reference, "Lock Immutability Policy": the only action on a
    # locked policy is to extend it, which is an operation of its own; "Delete
    # Immutability Policy": deleting a locked one is not allowed. The resource has no
    # input for the state: it is locked by another operation, and the state tells.
    _CONTAINER: Lock(
        where=("state",),
        locked="Locked",
        fixed=(
            Fixed((_PERIOD,), "stay"),
            *(Fixed((name,), "stay") for name in _APPEND),
        ),
        held="a locked policy goes with its container alone, once no blob in it is"
        " under retention",
        replaced="the locked policy would have to be deleted",
        remedy="Leave the policy as it was. A longer period is set by Azure's own"
        " operation, Extend Immutability Policy",
        source="Azure Storage REST reference, Lock and Delete Immutability Policy",
    ),
}
"""Type token to its lock."""


def refused_inputs(token: str, inputs: Values) -> Iterator[Refused]:
    """What Azure refuses of these inputs by themselves."""
    if token == _CONTAINER and all(inputs.get(name) is True for name in _APPEND):
        yield Refused(
            (_APPEND[1],),
            f"found true beside {_APPEND[0]}, Azure allows one of them (Azure Storage"
            " REST reference, ImmutabilityPolicy); the policy would not be created."
            " Keep one",
        )
