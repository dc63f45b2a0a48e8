"""Retention: how long audit records are kept, and whether that is final."""

from typing import Annotated

from trivium_components.retention import PRESETS, Lock
from trivium_components.settings.key import Key, OneOf, Section


class RetentionSettings(Section):
    """How long audit records are kept, and whether that can still be shortened."""

    preset: Annotated[
        str,
        OneOf(tuple(PRESETS)),
        Key(
            consequence="The audit store would have no retention.",
            example="finance-7y",
        ),
    ]
    """The regime, which sets the number of days."""
    lock: Annotated[
        Lock,
        Key(
            consequence="Trivium could not tell whether the audit store is locked.",
            example="unlocked",
        ),
    ] = "unlocked"
    """Stage of the lock. Nobody can undo `locked`: deploy `unlocked`, verify, then
    lock."""


class RetentionKeys(Section):
    """The section as a key."""

    retention: Annotated[
        RetentionSettings,
        Key(consequence="The audit store would have no retention."),
    ]
    """How long audit records are kept."""
