"""azure-claude-hosted-on-azure: Claude runs on Azure and inside its data zone, not at
Anthropic."""

from collections.abc import Iterator
from typing import Final

from trivium_policies.arm import DEPLOYMENT, GENERIC, arm
from trivium_policies.resource import UNKNOWN, Resource, resource
from trivium_policies.rule import (
    Case,
    Compliant,
    Parameter,
    Remediation,
    Right,
    Rule,
    Verdict,
    Violating,
    Violation,
    Wrong,
)

_ANTHROPIC: Final = "anthropic"

# Version 2 is Hosted on Azure, version 1 is Hosted on Anthropic. Older models have
# dated versions ("20251001"), which sort above "2" and are Hosted on Anthropic too:
# only equality tells. Source: Microsoft Foundry, "Claude models", read 2026-11-22.
_HOSTED_ON_AZURE: Final = "2"

# Left out, it means an upgrade once the version has expired. Source:
# pulumi-azure-native 3.29.0, DeploymentModelVersionUpgradeOption; Microsoft Foundry,
# "Working with models", read 2026-11-23.
_NO_UPGRADES: Final = "NoAutoUpgrade"


def _is_claude(subject: Resource) -> bool:
    deployment = arm(subject)
    return (
        deployment.type == DEPLOYMENT
        and (deployment.properties.text("model.format") or "").lower() == _ANTHROPIC
    )


def _is_hosted_on_azure(case: Case) -> Iterator[Verdict]:
    """The version is the one that Azure hosts."""
    properties = arm(case.resource).properties
    version = properties.text("model.version")
    if version != _HOSTED_ON_AZURE:
        yield Violation(
            properties.path("model.version"),
            found=version,
            expected=f'"{_HOSTED_ON_AZURE}" (Hosted on Azure)',
            consequence=(
                "The model is hosted by Anthropic: prompts and replies may leave Azure"
                " and its terms."
            ),
        )


def _stays_in_its_version(case: Case) -> Iterator[Verdict]:
    """Azure may not upgrade it by itself."""
    properties = arm(case.resource).properties
    upgrades = properties.text("versionUpgradeOption")
    if upgrades != _NO_UPGRADES:
        yield Violation(
            properties.path("versionUpgradeOption"),
            found=upgrades,
            expected=_NO_UPGRADES,
            consequence=(
                "Azure changes the version by itself, and another one may be hosted by"
                " Anthropic."
            ),
        )


def _stays_in_the_zone(case: Case) -> Iterator[Verdict]:
    """Its SKU processes within the data zone."""
    allowed = case.listed("allowed_skus")
    sku = arm(case.resource).envelope.text("sku.name")
    if sku not in allowed:
        yield Violation(
            "sku.name",
            found=sku,
            expected=" or ".join(allowed),
            consequence="Azure may process prompts in any of its regions worldwide.",
        )


RULE: Final = Rule(
    id="azure-claude-hosted-on-azure",
    title="Claude is hosted on Azure, inside its data zone",
    promise=(
        "Every Claude deployment has model version 2, keeps it, and has a SKU that the"
        " profile allows."
    ),
    severity="high",
    cloud="azure",
    scope="resource",
    types=(DEPLOYMENT, GENERIC),
    applies=_is_claude,
    rationale=(
        "The same model name is offered twice: hosted on Azure and hosted on Anthropic."
        " Only the version string and the SKU tell which one is deployed and where"
        " prompts are processed."
    ),
    risk=(
        "Data under a residency or processor clause leaves the processor that the"
        " clause names."
    ),
    remediation=Remediation(
        text=(
            'Set properties.model.version to "2", versionUpgradeOption to NoAutoUpgrade'
            " and sku.name to DataZoneStandard."
        ),
        pulumi="""\
azure_native.resources.Resource(
    "sonnet",
    resource_provider_namespace="Microsoft.CognitiveServices",
    parent_resource_path=pulumi.Output.concat("accounts/", account.name),
    resource_type="deployments",
    api_version="2025-10-01-preview",
    resource_group_name=group.name,
    sku={"name": "DataZoneStandard", "capacity": 1},
    properties={
        "model": {"format": "Anthropic", "name": "claude-sonnet-5-5", "version": "2"},
        "modelProviderData": {
            "organizationName": "Contoso",
            "countryCode": "US",
            "industry": "finance",
        },
        "versionUpgradeOption": "NoAutoUpgrade",
    },
)""",
    ),
    controls=(
        "gdpr/28-44",
        "nist-800-53/SA-9-5",
    ),
    parameters=(
        Parameter(
            "allowed_skus",
            default=("DataZoneStandard", "DataZoneProvisionedManaged"),
            meaning="SKUs whose prompts are processed where residency allows.",
            source=(
                "Microsoft Foundry, deployment types, read 2026-11-22: data zone SKUs"
                " stay in the zone, global ones do not."
            ),
        ),
    ),
    checks=(_is_hosted_on_azure, _stays_in_its_version, _stays_in_the_zone),
)


def _deployment(
    *,
    version: str | None = "2",
    sku: str = "DataZoneStandard",
    model_format: str = "Anthropic",
    parent: object = "accounts/foundry",
    upgrades: str | None = _NO_UPGRADES,
) -> Resource:
    inputs = {
        "resourceProviderNamespace": "Microsoft.CognitiveServices",
        "parentResourcePath": parent,
        "resourceType": "deployments",
        "apiVersion": "2025-10-01-preview",
        "resourceGroupName": "rg",
        "sku": {"name": sku, "capacity": 1},
        "properties": {
            "model": {
                "format": model_format,
                "name": "claude-sonnet-5-5",
                "version": version,
            },
            "modelProviderData": {
                "organizationName": "Contoso",
                "countryCode": "US",
                "industry": "finance",
            },
            "versionUpgradeOption": upgrades,
        },
    }
    return resource(GENERIC, "sonnet", inputs)


COMPLIANT: Final[Compliant] = {
    "version 2 in the data zone": Right((_deployment(),)),
    "a worldwide SKU where the profile allows it": Right(
        (_deployment(sku="GlobalStandard"),),
        parameters={"allowed_skus": ("GlobalStandard",)},
    ),
    "another publisher's model": Right(
        (
            _deployment(
                model_format="OpenAI", version="2025-04-14", sku="GlobalStandard"
            ),
        )
    ),
    "another generic resource": Right(
        (
            resource(
                GENERIC,
                "vault",
                {
                    "resourceProviderNamespace": "Microsoft.KeyVault",
                    "parentResourcePath": "",
                    "resourceType": "vaults",
                    "properties": {"tenantId": "t"},
                },
            ),
        )
    ),
}

VIOLATING: Final[Violating] = {
    "a path that is cut elsewhere": Wrong(
        (
            resource(
                GENERIC,
                "sonnet",
                {
                    **_deployment(version="1").inputs,
                    "resourceProviderNamespace": (
                        "Microsoft.CognitiveServices/accounts/foundry"
                    ),
                    "parentResourcePath": "",
                },
            ),
        ),
        paths=("properties.model.version",),
    ),
    "version 1 is hosted by Anthropic": Wrong(
        (_deployment(version="1"),), paths=("properties.model.version",)
    ),
    "a dated version sorts above 2 and is hosted by Anthropic": Wrong(
        (_deployment(version="20251001"),), paths=("properties.model.version",)
    ),
    "a version that Azure may change by itself": Wrong(
        (_deployment(upgrades=None),), paths=("properties.versionUpgradeOption",)
    ),
    "no version lets Azure choose": Wrong(
        (_deployment(version=None),), paths=("properties.model.version",)
    ),
    "a preview that does not know the account's name yet": Wrong(
        (_deployment(version="1", parent=UNKNOWN),), paths=("properties.model.version",)
    ),
    "a worldwide SKU": Wrong((_deployment(sku="GlobalStandard"),), paths=("sku.name",)),
    "the typed resource under a named API version": Wrong(
        (
            resource(
                "azure-native:cognitiveservices/v20250601:Deployment",
                "sonnet",
                {
                    "accountName": "foundry",
                    "sku": {"name": "GlobalStandard"},
                    "properties": {
                        "model": {
                            "format": "Anthropic",
                            "name": "claude-sonnet-5-5",
                            "version": "2",
                        },
                        "versionUpgradeOption": _NO_UPGRADES,
                    },
                },
            ),
        ),
        paths=("sku.name",),
    ),
}
