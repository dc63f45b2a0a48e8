"""Who may do what in the console: a YAML file of the owner's."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec

from trivium.errors import ConfigurationError

Role = Literal["reviewer", "auditor", "owner"]
"""`reviewer`: decides tickets. `auditor`: reads the audit log. `owner`: both."""
People = Mapping[str, Role]
"""Id of a person, as the proxy states it, and the role."""


def read_people(path: Path) -> People:
    """Read `ID: role` lines. Raises `ConfigurationError`; an empty file lets nobody in
    and is refused as a mistake."""
    try:
        people = msgspec.yaml.decode(path.read_bytes(), type=dict[str, Role])
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"The people of the console cannot be read from {path}: {error}.",
            next_step="Write one line per person: `ID: reviewer`, auditor or owner.",
        ) from error
    if not people:
        raise ConfigurationError(
            f"{path} names nobody, so nobody could use the console.",
            next_step="Write one line per person: `ID: reviewer`, auditor or owner.",
        )
    return people


def may_decide(role: Role) -> bool:
    """Whether this role decides tickets."""
    return role in ("reviewer", "owner")


def may_audit(role: Role) -> bool:
    """Whether this role reads the audit log."""
    return role in ("auditor", "owner")
