"""The tamper-evident audit log: append, seal, verify."""

from trivium.audit.keys import earlier_keys, load_or_create
from trivium.audit.log import AuditLog
from trivium.audit.problem import Problem
from trivium.audit.reading import Cursor, Entry, LogReader, Position, SealedSegment
from trivium.audit.record import (
    Attempt,
    AuditRecord,
    Erased,
    Failure,
    Kept,
    Opened,
    Reviewed,
    Round,
    Stated,
    Witnessed,
)
from trivium.audit.verify import Verification, verify

__all__ = [
    "Attempt",
    "AuditLog",
    "AuditRecord",
    "Cursor",
    "Entry",
    "Erased",
    "Failure",
    "Kept",
    "LogReader",
    "Opened",
    "Position",
    "Problem",
    "Reviewed",
    "Round",
    "SealedSegment",
    "Stated",
    "Verification",
    "Witnessed",
    "earlier_keys",
    "load_or_create",
    "verify",
]
