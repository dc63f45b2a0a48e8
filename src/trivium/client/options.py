"""How patient the client is."""

import math
from dataclasses import dataclass, fields

from trivium.errors import RequestError


@dataclass(frozen=True, kw_only=True)
class Options:
    """Limits of one request. Times are seconds."""

    timeout_s: float = 600.0
    """From the call to its answer, over all attempts; ten minutes, as Anthropic's own
    clients wait."""
    read_timeout_s: float = 120.0
    """Longest silence within a stream. Anthropic's streams send pings, Bedrock's do not
    while the model thinks. A whole answer is one long silence while it is written, so
    `timeout_s` alone bounds it."""
    connect_timeout_s: float = 10.0
    attempts_per_route: int = 2
    """Tries on one route before the next one; a quota is per route, so staying helps
    less than moving."""
    backoff_s: float = 0.5
    """The first pause lies between zero and this; each further one doubles the bound
    (full jitter)."""
    max_pause_s: float = 8.0
    """No pause is longer: past that another route is the better answer."""
    ca_bundle: str | None = None
    """PEM file of certificate authorities to trust besides the machine's own; by
    default what REQUESTS_CA_BUNDLE or AWS_CA_BUNDLE names, in this order.
    SSL_CERT_FILE is honoured as well."""
    client_cert: str | None = None
    """PEM file with the certificate and key that the client shows; by default what
    TRIVIUM_CLIENT_CERT names."""
    breaker_failures: int = 5
    """So many failures in a row open a route's breaker …"""
    breaker_pause_s: float = 30.0
    """… for so long; then one request tries it again."""

    def __post_init__(self) -> None:
        """Raise `RequestError` for a limit that no request could keep."""
        for field in fields(self):
            if field.name in ("ca_bundle", "client_cert"):
                continue
            found, least = getattr(self, field.name), 1 if field.type is int else 0
            if not (
                isinstance(found, int | float)
                and math.isfinite(found)
                and found >= least
            ):
                raise RequestError(
                    f"Option `{field.name}` is {found!r}, expected a number of at least"
                    f" {least}."
                )
