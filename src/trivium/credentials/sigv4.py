"""AWS Signature Version 4, written out: pure, and equal to botocore's byte for byte.

Source: AWS General Reference, "Create a signed AWS API request", read 2026-11-22. The
path is encoded twice, as for every service but S3: what goes over the wire as `%3A` is
signed as `%253A`.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from urllib.parse import quote

_ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True)
class AwsKeys:
    """An access key. Never shown."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)
    """Present for temporary credentials."""
    expires_at: datetime | None = None
    """When the session token ends; None when it does not say."""

    def __repr__(self) -> str:
        return "<AwsKeys>"


def sign(
    keys: AwsKeys,
    *,
    host: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes,
    region: str,
    service: str,
    now: datetime,
) -> dict[str, str]:
    """The headers that a POST needs besides `headers` (which are signed too, lower-case
    names).

    `path` is percent-encoded as it goes over the wire; `now` is in UTC.
    """
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    added = {"x-amz-date": stamp}
    if keys.session_token:
        added["x-amz-security-token"] = keys.session_token
    signed = sorted({**headers, **added, "host": host}.items())
    names = ";".join(name for name, _ in signed)
    canonical = "\n".join(
        (
            "POST",
            quote(path or "/", safe="/-_.~"),
            "",
            *(f"{name}:{' '.join(value.split())}" for name, value in signed),
            "",
            names,
            hashlib.sha256(body).hexdigest(),
        )
    )
    scope = f"{stamp[:8]}/{region}/{service}/aws4_request"
    to_sign = "\n".join(
        (_ALGORITHM, stamp, scope, hashlib.sha256(canonical.encode()).hexdigest())
    )
    key = _signing_key(keys.secret_access_key, stamp[:8], region, service)
    signature = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
    added["authorization"] = (
        f"{_ALGORITHM} Credential={keys.access_key_id}/{scope}, SignedHeaders={names},"
        f" Signature={signature}"
    )
    return added


@lru_cache(
    maxsize=16
)  # one a day, region and identity; more only while credentials rotate
def _signing_key(secret: str, day: str, region: str, service: str) -> bytes:
    """The key of a day, a Region and a service."""
    key = f"AWS4{secret}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key
