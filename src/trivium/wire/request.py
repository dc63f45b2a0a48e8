"""What an adapter hands to the transport."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WireRequest:
    """One POST, before authentication. Holds the prompt: never printed."""

    path: str
    """Follows the route's endpoint; percent-encoded as it goes over the wire."""
    headers: dict[str, str]
    """Lower-case names."""
    body: bytes

    def __repr__(self) -> str:
        return f"<WireRequest {self.path}>"
