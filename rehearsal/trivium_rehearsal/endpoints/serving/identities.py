"""The identities that may call an endpoint, and how a request shows a bearer token.

AWS signatures are checked in `sigv4`.
"""

import datetime as dt
import hmac
from collections.abc import Iterable
from typing import TypeVar

from trivium_rehearsal.endpoints.serving.http import Request
from trivium_rehearsal.endpoints.serving.records import Name, Secretive

CLOUD_PLATFORM_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
"""The OAuth scope that Vertex AI asks for (REST reference,
projects.locations.publishers.models.rawPredict)."""


class AwsIdentity(Secretive, frozen=True, kw_only=True):
    """An AWS access key."""

    access_key_id: Name
    """The public half of the key."""
    secret_access_key: Name
    """The secret half, which signs."""
    session_token: str | None = None
    """Set for temporary credentials. The request must then carry the same token."""
    expires_at: dt.datetime | None = None
    """When the session token expires. None: never."""


class GoogleIdentity(Secretive, frozen=True, kw_only=True):
    """A Google OAuth access token."""

    token: Name
    """The token, compared literally."""
    expires_at: dt.datetime | None = None
    """When the token expires. None: never."""
    scopes: tuple[str, ...] = (CLOUD_PLATFORM_SCOPE,)
    """The OAuth scopes that were granted."""


class EntraIdentity(Secretive, frozen=True, kw_only=True):
    """A Microsoft Entra access token. It need not be a JWT."""

    token: Name
    """The token, compared literally."""
    audience: Name = "https://ai.azure.com"
    """The token's `aud`. Foundry accepts `https://ai.azure.com` and
    `https://cognitiveservices.azure.com`."""
    expires_at: dt.datetime | None = None
    """When the token expires. None: never."""
    permitted: bool = True
    """False for an identity without a role on the resource: it is authenticated and
    then denied."""


Bearer = TypeVar("Bearer", GoogleIdentity, EntraIdentity)


def bearer_token(request: Request) -> str | None:
    """The token of an `Authorization: Bearer` header; None without one."""
    scheme, _, token = (request.header("authorization") or "").partition(" ")
    return token if scheme.lower() == "bearer" and token else None


def with_token(identities: Iterable[Bearer], token: str) -> Bearer | None:
    """The identity that has this token."""
    return next((one for one in identities if same_secret(one.token, token)), None)


def same_secret(one: str, other: str) -> bool:
    """Compare in constant time, so that the time taken reveals nothing."""
    return hmac.compare_digest(one.encode(), other.encode())


def expired(
    identity: AwsIdentity | GoogleIdentity | EntraIdentity, now: dt.datetime
) -> bool:
    """Whether the credential has expired at `now`."""
    return identity.expires_at is not None and now >= identity.expires_at
