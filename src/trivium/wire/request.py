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
    adaptations: tuple[str, ...] = ()
    """A sentence for each thing that the protocol could not carry as it was asked."""

    def __repr__(self) -> str:
        return f"<WireRequest {self.path}>"
