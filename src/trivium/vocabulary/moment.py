"""Moments as records and documents spell them. Pure."""

from datetime import UTC, datetime
from typing import Literal


def rfc3339(
    moment: datetime, *, to: Literal["seconds", "microseconds"] = "microseconds"
) -> str:
    """A moment in UTC, RFC 3339, with `Z`. `to`: its last digit."""
    return moment.astimezone(UTC).isoformat(timespec=to).replace("+00:00", "Z")
