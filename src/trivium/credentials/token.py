"""A bearer token and its end."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class BearerToken:
    """An access token. Never shown."""

    value: str = field(repr=False)
    expires_at: datetime | None = None
    """None when it does not say."""

    def __repr__(self) -> str:
        return "<BearerToken>"
