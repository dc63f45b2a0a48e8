"""How a console behind a proxy is set up: a YAML file of the owner's."""

from pathlib import Path
from typing import Annotated

import msgspec

from trivium.console.entrance import ProxyEntrance
from trivium.console.identity import AwsLoadBalancer, AzureEasyAuth, GoogleIap, Proxy
from trivium.console.keys import VendorKeys, key_set, load_balancer
from trivium.console.people import Role
from trivium.errors import ConfigurationError
from trivium.vocabulary.record import Record

_Text = Annotated[str, msgspec.Meta(min_length=1)]


class AwsProxy(
    Record, frozen=True, kw_only=True, tag_field="kind", tag="aws-load-balancer"
):
    """An Application Load Balancer that authenticates by OIDC."""

    signer: Annotated[
        str,
        msgspec.Meta(pattern=r"^arn:aws:elasticloadbalancing:[a-z0-9-]+:\d{12}:.+$"),
    ]
    """ARN of the load balancer, in a commercial region."""
    issuer: _Text
    """The identity provider's `iss`."""
    claim: _Text = "sub"
    """The claim that names a person."""


class GoogleProxy(Record, frozen=True, kw_only=True, tag_field="kind", tag="iap"):
    """Identity-Aware Proxy."""

    audience: _Text
    """`/projects/NUMBER/global/backendServices/ID`, or that of App Engine."""
    claim: _Text = "email"


class AzureProxy(Record, frozen=True, kw_only=True, tag_field="kind", tag="easy-auth"):
    """App Service authentication with Entra."""

    tenant: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-fA-F-]{36}$")]
    """Id of the tenant."""
    audience: _Text
    """Client id of the application."""
    claim: _Text = "oid"


class Settings(Record, frozen=True, kw_only=True):
    """Who may come in, and how they prove who they are."""

    proxy: AwsProxy | GoogleProxy | AzureProxy
    hosts: Annotated[tuple[_Text, ...], msgspec.Meta(min_length=1)]
    """Names under which people open the console."""
    people: Annotated[dict[str, Role], msgspec.Meta(min_length=1)]
    """Id of a person, as the proxy's claim has it, and the role."""


def read_settings(path: Path) -> Settings:
    """Read the file. Raises `ConfigurationError`."""
    try:
        settings = msgspec.yaml.decode(path.read_bytes(), type=Settings)
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"The console's settings {path} cannot be used: {error}.",
            next_step="Correct the file; docs/console.md has one for each proxy.",
        ) from error
    if any("*" in host for host in settings.hosts):
        raise ConfigurationError(
            f"The console's settings {path} permit any host name, so another site could"
            " lead here.",
            next_step="List the names under `hosts`.",
        )
    return settings


def entrance(settings: Settings) -> ProxyEntrance:
    """The entrance that these settings describe."""
    return ProxyEntrance(_proxy(settings.proxy), settings.people)


def _proxy(given: AwsProxy | GoogleProxy | AzureProxy) -> Proxy:
    if isinstance(given, AwsProxy):
        return AwsLoadBalancer(
            signer=given.signer,
            issuer=given.issuer,
            claim=given.claim,
            key_of=VendorKeys(load_balancer(given.signer.split(":")[3])),
        )
    if isinstance(given, GoogleProxy):
        keys = key_set("https://www.gstatic.com/iap/verify/public_key-jwk")
        return GoogleIap(
            audience=given.audience, claim=given.claim, key_of=VendorKeys(keys)
        )
    keys = key_set(
        f"https://login.microsoftonline.com/{given.tenant}/discovery/v2.0/keys"
    )
    return AzureEasyAuth(
        tenant=given.tenant,
        audience=given.audience,
        claim=given.claim,
        key_of=VendorKeys(keys),
    )
