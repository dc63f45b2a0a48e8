"""Who is in front of the console, as the proxy's signed assertion states it.

One class a proxy, with the same method `person(headers, now)`. A header without a
signature is never believed: a request that went around the proxy can carry any header.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from trivium.console.assertion import (
    AssertionRefusedError,
    Key,
    KeyOf,
    require_equal,
    require_now,
    text,
    verified,
)

_KID = re.compile(r"[0-9a-fA-F-]{36}")
"""A load balancer's key id becomes a part of an address, so nothing else passes."""


class Proxy(Protocol):
    """Verifies the assertion of one kind of proxy."""

    def person(self, headers: Mapping[str, str], now: float) -> str:
        """The id of the person. `headers`: lower-case names. Raises
        `AssertionRefusedError`."""


@dataclass(frozen=True, kw_only=True)
class AwsLoadBalancer:
    """An Application Load Balancer that authenticates by OIDC. Source: AWS, Elastic
    Load Balancing, "Authenticate users using an Application Load Balancer":
    ES256, and the signer's ARN must be verified."""

    signer: str
    """ARN of the load balancer."""
    issuer: str
    """The identity provider's `iss`."""
    key_of: KeyOf
    claim: str = "sub"
    """The claim that names a person."""

    def person(self, headers: Mapping[str, str], now: float) -> str:
        found = verified(
            _header(headers, "x-amzn-oidc-data"), "ES256", self._checked_key
        )
        require_equal(found.header, "signer", self.signer)
        require_equal(found.header, "iss", self.issuer)
        require_now(found.header, now)
        return text(found.claims, self.claim)

    def _checked_key(self, kid: str) -> Key:
        if not _KID.fullmatch(kid):
            raise AssertionRefusedError("its key id is not a load balancer's")
        return self.key_of(kid)


@dataclass(frozen=True, kw_only=True)
class GoogleIap:
    """Identity-Aware Proxy. Source: Google Cloud, "Securing your app with signed
    headers": ES256, `aud`, `iss`, `exp` and `iat`."""

    audience: str
    """`/projects/NUMBER/global/backendServices/ID`, or that of App Engine."""
    key_of: KeyOf
    claim: str = "email"

    def person(self, headers: Mapping[str, str], now: float) -> str:
        token = _header(headers, "x-goog-iap-jwt-assertion")
        claims = verified(token, "ES256", self.key_of).claims
        require_equal(claims, "aud", self.audience)
        require_equal(claims, "iss", "https://cloud.google.com/iap")
        require_now(claims, now)
        return text(claims, self.claim)


@dataclass(frozen=True, kw_only=True)
class AzureEasyAuth:
    """App Service authentication with Entra. `x-ms-client-principal` is not signed, so
    it is not read: the id token in `x-ms-token-aad-id-token` is. Source: Microsoft,
    "ID token claims reference"."""

    tenant: str
    """Id of the tenant."""
    audience: str
    """Client id of the application."""
    key_of: KeyOf
    claim: str = "oid"
    """Never an address: Entra lets people change those."""

    def person(self, headers: Mapping[str, str], now: float) -> str:
        token = _header(headers, "x-ms-token-aad-id-token")
        claims = verified(token, "RS256", self.key_of).claims
        require_equal(claims, "aud", self.audience)
        require_equal(
            claims, "iss", f"https://login.microsoftonline.com/{self.tenant}/v2.0"
        )
        require_equal(claims, "tid", self.tenant)
        require_now(claims, now)
        return text(claims, self.claim)


def _header(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name)
    if not value:
        raise AssertionRefusedError(f"the proxy sent no `{name}`")
    return value
