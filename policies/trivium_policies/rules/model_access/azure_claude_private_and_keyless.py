"""azure-claude-private-and-keyless: the Foundry account answers inside the network, to
identities, never to keys."""

from collections.abc import Iterator, Mapping
from typing import Final

from trivium_policies.arm import ACCOUNT, GENERIC, arm
from trivium_policies.resource import Resource, resource
from trivium_policies.rule import (
    Case,
    Compliant,
    Remediation,
    Right,
    Rule,
    Verdict,
    Violating,
    Violation,
    Wrong,
)

# The kind of account that holds Claude deployments. Source: Microsoft Foundry, "Claude
# models", read 2026-11-22.
_KIND: Final = "aiservices"


def _serves_models(subject: Resource) -> bool:
    account = arm(subject)
    return (
        account.type == ACCOUNT
        and (account.envelope.text("kind") or "").lower() == _KIND
    )


def _is_private(case: Case) -> Iterator[Verdict]:
    """The account has no public address."""
    properties = arm(case.resource).properties
    access = properties.text("publicNetworkAccess")
    # Azure takes the word in any capitals.
    if (access or "").lower() != "disabled":
        yield Violation(
            properties.path("publicNetworkAccess"),
            found=access,
            expected="Disabled",
            consequence=(
                "The model API answers on the internet, outside the private endpoint"
                " and its logs."
            ),
        )


def _is_keyless(case: Case) -> Iterator[Verdict]:
    """The account takes identities alone."""
    properties = arm(case.resource).properties
    disabled = properties.flag("disableLocalAuth")
    if disabled is not True:
        yield Violation(
            properties.path("disableLocalAuth"),
            found=disabled,
            expected="true",
            consequence=(
                "Two account keys that never expire call any model, and no log can say"
                " who did."
            ),
        )


def _can_be_asked_by_identity(case: Case) -> Iterator[Verdict]:
    """It has the subdomain that identities need."""
    properties = arm(case.resource).properties
    if properties.text("customSubDomainName") is None:
        yield Violation(
            properties.path("customSubDomainName"),
            found=None,
            expected="a subdomain",
            consequence=(
                "Entra ID tokens and private endpoints work only with a custom"
                " subdomain, so callers fall back to keys."
            ),
        )


RULE: Final = Rule(
    id="azure-claude-private-and-keyless",
    title="The Foundry account is private and has no keys",
    promise=(
        "Every account that can serve Claude refuses the public network and account"
        " keys."
    ),
    severity="critical",
    cloud="azure",
    scope="resource",
    types=(ACCOUNT, GENERIC),
    applies=_serves_models,
    rationale=(
        "An account is made with public access and two permanent keys unless told"
        " otherwise. Role assignments, conditional access and per-caller logs bind"
        " tokens of identities; none of them binds a key."
    ),
    risk=(
        "A key in a log or a repository is enough to use the models from anywhere, as"
        " nobody in particular."
    ),
    remediation=Remediation(
        text=(
            "Set publicNetworkAccess to Disabled, disableLocalAuth to true and a"
            " customSubDomainName."
        ),
        pulumi="""\
azure_native.cognitiveservices.Account(
    "foundry",
    kind="AIServices",
    sku={"name": "S0"},
    resource_group_name=group.name,
    properties=azure_native.cognitiveservices.AccountPropertiesArgs(
        custom_sub_domain_name="contoso-claude",
        disable_local_auth=True,
        public_network_access="Disabled",
    ),
)""",
    ),
    controls=(
        "nist-800-53/SC-7",
        "nist-800-53/IA-5",
        "gdpr/32-1-b",
    ),
    peers=(
        "prowler: aiservices_account_public_network_access_disabled",
        "prowler: aiservices_account_local_auth_disabled",
        "checkov: CKV_AZURE_134",
        "checkov: CKV_AZURE_236",
    ),
    checks=(_is_private, _is_keyless, _can_be_asked_by_identity),
)


_PRIVATE: Final = {
    "publicNetworkAccess": "Disabled",
    "disableLocalAuth": True,
    "customSubDomainName": "claude",
}


def _account(
    properties: Mapping[str, object],
    *,
    spelled: str = ACCOUNT,
    kind: str = "AIServices",
) -> Resource:
    inputs = {
        "kind": kind,
        "sku": {"name": "S0"},
        "resourceGroupName": "rg",
        "properties": properties,
    }
    return resource(spelled, "foundry", inputs)


def _generic_account(**properties: object) -> Resource:
    inputs = {
        "resourceProviderNamespace": "Microsoft.CognitiveServices",
        "parentResourcePath": "",
        "resourceType": "accounts",
        "apiVersion": "2025-06-01",
        "kind": "AIServices",
        "properties": properties,
    }
    return resource(GENERIC, "foundry", inputs)


COMPLIANT: Final[Compliant] = {
    "private, keyless, with a subdomain": Right((_account(_PRIVATE),)),
    "in the capitals that Azure takes as well": Right(
        (_account({**_PRIVATE, "publicNetworkAccess": "disabled"}),)
    ),
    "the same as a generic resource": Right((_generic_account(**_PRIVATE),)),
    "a translator account serves no models": Right(
        (_account({}, kind="TextTranslation"),)
    ),
}

VIOLATING: Final[Violating] = {
    "as Azure makes it by default": Wrong(
        (_account({}),),
        paths=(
            "properties.publicNetworkAccess",
            "properties.disableLocalAuth",
            "properties.customSubDomainName",
        ),
    ),
    "open to the internet": Wrong(
        (_account({**_PRIVATE, "publicNetworkAccess": "Enabled"}),),
        paths=("properties.publicNetworkAccess",),
    ),
    "with keys, under a named API version": Wrong(
        (
            _account(
                {**_PRIVATE, "disableLocalAuth": False},
                spelled="azure-native:cognitiveservices/v20250601:Account",
            ),
        ),
        paths=("properties.disableLocalAuth",),
    ),
    "with keys, as a generic resource": Wrong(
        (_generic_account(**{**_PRIVATE, "disableLocalAuth": None}),),
        paths=("properties.disableLocalAuth",),
    ),
}
