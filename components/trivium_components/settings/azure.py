"""The keys of Microsoft Azure, and what Anthropic requires there."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from trivium_components import offers
from trivium_components.settings.adopted import (
    AzureExistingNetwork,
    azure_network_problems,
)
from trivium_components.settings.key import Key, Section
from trivium_components.settings.problem import Problem

_UUID = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_REGION = r"^[a-z]+[0-9]?$"
_PRINCIPAL = rf"^(user|group|service-principal):{_UUID}$"
_TOKEN_SCOPE = r"^https://[a-z0-9.]+/\.default$"  # noqa: S105 -- a pattern, not a secret

_KEY = r"^(https://[a-zA-Z0-9-]{3,24}\.vault\.azure\.net/keys/[a-zA-Z0-9-]{1,127})?$"
_IDENTITY = (
    r"^(/subscriptions/[0-9a-fA-F-]{36}/resourceGroups/[^/\s]+/providers/"
    r"Microsoft\.ManagedIdentity/userAssignedIdentities/[^/\s]+)?$"
)

_NO_ID = "00000000-0000-0000-0000-000000000000"
_REJECTED = "Azure would reject the Claude deployment."


class ClaudeTerms(Section):
    """What Anthropic requires of an organisation before Azure deploys Claude."""

    terms_accepted: Annotated[
        Literal[True],
        Key(
            expected="`true`, set by somebody entitled to accept the Marketplace terms",
            consequence=(
                "The deployment accepts the terms for the organisation, so it requires"
                " consent."
            ),
            example="true",
            remedy="Read the Marketplace terms, then run {command}",
        ),
    ]
    """Consent to the Azure Marketplace terms for Claude; the deployment accepts
    them."""
    organization_name: Annotated[
        str,
        Field(min_length=1, max_length=256),
        Key(
            expected="the legal name of the organisation",
            consequence=_REJECTED,
            example="'Acme Insurance Ltd'",
        ),
    ]
    """Organisation that accepts the terms."""
    country_code: Annotated[
        str,
        Field(pattern=r"^[A-Z]{2}$"),
        Key(
            expected="two capital letters (ISO 3166-1), such as `US`",
            consequence=_REJECTED,
            example="US",
        ),
    ]
    """Country of the organisation."""
    industry: Annotated[
        str,
        Field(pattern=r"^[a-z][a-z _-]*$"),
        Key(
            expected="a word in lower case, such as `finance`",
            consequence="Azure rejects any other spelling.",
            example="finance",
        ),
    ]
    """Industry of the organisation."""


class AzureSettings(Section):
    """Microsoft Azure."""

    subscription_id: Annotated[
        str,
        Field(pattern=f"^{_UUID}$"),
        Key(
            expected="a UUID",
            consequence="Azure would not find the subscription.",
            example=_NO_ID,
        ),
    ]
    """Subscription to deploy to. Free, student and CSP subscriptions cannot deploy
    Claude."""
    tenant_id: Annotated[
        str,
        Field(pattern=f"^{_UUID}$"),
        Key(
            expected="a UUID",
            consequence="Azure would not find the Entra tenant.",
            example=_NO_ID,
        ),
    ]
    """Entra tenant of the subscription."""
    region: Annotated[
        str,
        Field(pattern=_REGION),
        Key(
            expected=(
                "a region in which Foundry deploys Claude:"
                f" {', '.join(sorted(offers.AZURE_REGIONS))}"
            ),
            consequence=_REJECTED,
            example="eastus2",
            choices=tuple(sorted(offers.AZURE_REGIONS)),
        ),
    ]
    """Region of all resources."""
    invokers: Annotated[
        list[Annotated[str, Field(pattern=_PRINCIPAL)]],
        Field(min_length=1),
        Key(
            expected=(
                "at least one `user:UUID`, `group:UUID` or `service-principal:UUID`"
                " (Entra object ids)"
            ),
            consequence="Only the application's own identity could call Claude.",
            example=f"group:{_NO_ID}",
        ),
    ]
    """Entra principals that may call Claude; they get the application's role on the
    Foundry account."""
    signers: Annotated[
        list[Annotated[str, Field(pattern=_PRINCIPAL)]],
        Key(
            expected=(
                "`user:UUID`, `group:UUID` or `service-principal:UUID` (Entra object"
                " ids)"
            ),
            consequence="Nobody could sign the descriptor that applications trust.",
            example=f"group:{_NO_ID}",
        ),
    ] = Field(default_factory=list)
    """Entra principals that may sign descriptors; without one, nobody can sign. An
    invoker cannot be a signer."""
    existing_network: Annotated[
        AzureExistingNetwork | None,
        Key(consequence="The private endpoints could not be created."),
    ] = None
    """A virtual network to use instead of a new one; it takes no part of
    `network.cidr`."""
    encryption_key: Annotated[
        str,
        Field(pattern=_KEY),
        Key(
            expected=(
                "`https://VAULT.vault.azure.net/keys/NAME` without a version, or an"
                " empty text"
            ),
            consequence="The audit store could not be encrypted.",
            example="https://acme-keys.vault.azure.net/keys/audit",
        ),
    ] = ""
    """A key of yours that encrypts the audit store, always in its newest version;
    Azure's own, if empty. It needs `encryption_identity`."""
    encryption_identity: Annotated[
        str,
        Field(pattern=_IDENTITY),
        Key(
            expected="the resource id of a user-assigned identity, or an empty text",
            consequence="The audit store could not use the key.",
            example=(
                f"/subscriptions/{_NO_ID}/resourceGroups/keys/providers/"
                "Microsoft.ManagedIdentity/userAssignedIdentities/audit"
            ),
        ),
    ] = ""
    """An identity that may already wrap and unwrap with `encryption_key`."""
    claude: Annotated[ClaudeTerms, Key(consequence=_REJECTED)]
    """Acceptance of Anthropic's terms."""
    capacity: Annotated[
        int,
        Field(ge=1, le=10_000),
        Key(
            expected="a whole number from 1 to 10000",
            consequence=_REJECTED,
            example="25",
            unit="quota units per deployment",
        ),
    ] = 25
    """Quota of each Claude deployment."""
    token_scope: Annotated[
        str,
        Field(pattern=_TOKEN_SCOPE),
        Key(
            expected=(
                "`https://ai.azure.com/.default` or"
                " `https://cognitiveservices.azure.com/.default`"
            ),
            consequence="Entra would issue a token that Foundry refuses.",
            example="https://ai.azure.com/.default",
        ),
    ] = "https://ai.azure.com/.default"  # noqa: S105 -- an address, not a secret
    """Scope of the application's tokens. Anthropic documents the default, Microsoft the
    other value."""


def adopted_fits(azure: AzureSettings | None) -> Iterator[Problem]:
    """An existing subnet is of the existing network; a key has its identity."""
    if azure is None:
        return
    if azure.existing_network:
        yield from azure_network_problems(azure.existing_network)
    if bool(azure.encryption_key) != bool(azure.encryption_identity):
        names = ("encryption_key", "encryption_identity")
        missing, given = names if azure.encryption_identity else names[::-1]
        yield Problem(
            path=("azure", missing),
            found="missing",
            expected=f"a value, because `{given}` is given",
            consequence="The storage account needs both to use the key.",
            remedy="Set it, or remove the other key",
        )


RULES = (adopted_fits,)


class AzureKeys(Section):
    """The section as a key."""

    azure: Annotated[
        AzureSettings | None,
        Key(consequence="`clouds` lists Azure, which could not be deployed to."),
    ] = None
    """Microsoft Azure; required if `clouds` lists `azure`."""
