"""Who may do what in the console."""

from collections.abc import Mapping
from typing import Literal

Role = Literal["reviewer", "auditor", "owner"]
"""`reviewer`: decides tickets. `auditor`: reads the audit log. `owner`: both."""
People = Mapping[str, Role]
"""Id of a person, as the proxy states it, and the role."""


def may_decide(role: Role) -> bool:
    """Whether this role decides tickets."""
    return role in ("reviewer", "owner")


def may_audit(role: Role) -> bool:
    """Whether this role reads the audit log."""
    return role in ("auditor", "owner")
