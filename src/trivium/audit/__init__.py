"""The tamper-evident audit log: append, seal, verify."""

from trivium.audit.keys import earlier_keys, load_or_create
from trivium.audit.log import AuditLog
from trivium.audit.problem import Problem
from trivium.audit.record import Attempt, AuditRecord, Failure, Opened
from trivium.audit.verify import Verification, verify

__all__ = [
    "Attempt",
    "AuditLog",
    "AuditRecord",
    "Failure",
    "Opened",
    "Problem",
    "Verification",
    "earlier_keys",
    "load_or_create",
    "verify",
]
