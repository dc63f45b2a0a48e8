"""What goes to Azure, on the wire."""

from typing import Any

import pytest

from tests.components.conftest import CONFIG, UUID, declared, settings_with
from tests.components.recording import Recording, record
from trivium.errors import ConfigurationError, ResidencyError
from trivium_components.azure.audit_store import AzureAuditStore
from trivium_components.azure.model_access import AzureModelAccess

MODELS: dict[str, Any] = {
    "environment": "test",
    "account": UUID.format(1),
    "region": "eastus2",
    "zone": "us",
    "scope": "geo",
    "models": {"haiku": "claude-haiku-5-5"},
    "terms_accepted": True,
    "organization_name": "Acme",
    "country_code": "US",
    "industry": "finance",
    "capacity": 25,
    "tags": {},
}
"""Arguments of `AzureModelAccess`. Any: of several kinds."""


def models_with(**changes: Any) -> Recording:
    """`AzureModelAccess` with some arguments replaced. Any: of several kinds."""
    args: Any = {**MODELS, **changes}
    return record(lambda: AzureModelAccess("models", args).targets)


def test_the_foundry_account_has_no_keys_and_no_public_address(
    azure: Recording,
) -> None:
    properties = azure.only("cognitiveservices:Account")["properties"]
    assert properties["disableLocalAuth"] is True
    assert properties["publicNetworkAccess"] == "Disabled"
    assert properties["networkAcls"] == {"defaultAction": "Deny", "bypass": "None"}
    assert properties["restrictOutboundNetworkAccess"] is True


def test_a_claude_deployment_is_spelled_as_the_api_spells_it(
    azure: Recording,
) -> None:
    deployment = azure.named("azure-models-claude-sonnet-5-5")
    assert deployment["properties"] == {
        "model": {"format": "Anthropic", "name": "claude-sonnet-5-5", "version": "2"},
        "modelProviderData": {
            "organizationName": "Acme Claims Inc",
            "countryCode": "US",
            "industry": "finance",
        },
        "versionUpgradeOption": "NoAutoUpgrade",
    }
    assert (deployment["resourceProviderNamespace"], deployment["resourceType"]) == (
        "Microsoft.CognitiveServices",
        "deployments",
    )
    assert deployment["sku"] == {"name": "DataZoneStandard", "capacity": 25}
    assert deployment["parentResourcePath"].startswith("accounts/trv-test-")


def test_without_consent_nothing_is_deployed() -> None:
    with pytest.raises(
        ConfigurationError,
        match=r"`terms_accepted` is not true.*nobody|without anybody's consent",
    ):
        models_with(terms_accepted=False)


def test_two_tiers_on_one_model_share_a_deployment() -> None:
    found = models_with(
        models={"haiku": "claude-haiku-5-5", "sonnet": "claude-haiku-5-5"}
    )
    assert len(found.of("resources:Resource")) == 1


def test_a_global_sku_is_refused_inside_a_zone() -> None:
    with pytest.raises(ResidencyError, match=r"may run in global.*SKU GlobalStandard"):
        models_with(scope="global")


def test_the_identity_calls_partner_models_and_nothing_else(azure: Recording) -> None:
    role = azure.named("azure-identity-invoker")["permissions"]
    assert role == [
        {
            "actions": [],
            "dataActions": ["Microsoft.CognitiveServices/accounts/providers/*"],
        }
    ]


def test_roles_are_assigned_on_the_foundry_account_alone(azure: Recording) -> None:
    scopes = {
        azure.named(f"azure-identity-{name}")["scope"]
        for name in ("invoke", "caller-0")
    }
    assert scopes == {"azure-models-account.id"}


def test_a_group_is_assigned_as_a_group(azure: Recording) -> None:
    caller = azure.named("azure-identity-caller-0")
    assert (caller["principalType"], caller["principalId"]) == ("Group", UUID.format(3))


def test_versions_are_immutable_for_the_regime_on_account_and_container(
    azure: Recording,
) -> None:
    account = azure.only(":StorageAccount")["immutableStorageWithVersioning"]
    assert account == {
        "enabled": True,
        "immutabilityPolicy": {
            "immutabilityPeriodSinceCreationInDays": 2557,
            "state": "Unlocked",
            "allowProtectedAppendWrites": False,
        },
    }
    assert azure.only(":BlobServiceProperties")["isVersioningEnabled"] is True
    policy = azure.only(":BlobContainerImmutabilityPolicy")
    assert policy["immutabilityPeriodSinceCreationInDays"] == 2557


def test_locked_is_refused_rather_than_claimed() -> None:
    # Any: the refusal comes before any other argument is read.
    arguments: Any = {"lock": "locked"}
    with pytest.raises(
        ConfigurationError, match="cannot lock an Azure container's policy"
    ):
        record(lambda: AzureAuditStore("audit", arguments).store)


def test_the_subnet_reaches_storage_of_this_deployment_alone(azure: Recording) -> None:
    policy = azure.named("azure-network-own-storage")
    (admitted,) = policy["serviceEndpointPolicyDefinitions"]
    (scope,) = admitted["serviceResources"]
    assert admitted["service"] == "Microsoft.Storage"
    group = f"/subscriptions/{UUID.format(1)}/resourceGroups/trivium-test-claude"
    assert scope == group
    assert azure.named("azure-network-subnet")["serviceEndpointPolicies"] == [
        {"id": "azure-network-own-storage.id"}
    ]


def test_the_storage_account_has_no_keys_and_is_reached_from_the_subnet_alone(
    azure: Recording,
) -> None:
    account = azure.only(":StorageAccount")
    assert account["allowSharedKeyAccess"] is False
    assert account["allowBlobPublicAccess"] is False
    assert account["minimumTlsVersion"] == "TLS1_2"
    rules = account["networkRuleSet"]
    assert (rules["defaultAction"], rules["bypass"]) == ("Deny", "None")
    assert [
        rule["virtualNetworkResourceId"] for rule in rules["virtualNetworkRules"]
    ] == ["azure-network-subnet.id"]


def test_copies_stay_in_the_region(azure: Recording) -> None:
    assert azure.only(":StorageAccount")["sku"] == {"name": "Standard_ZRS"}


def test_the_application_can_add_blobs_and_nothing_more(azure: Recording) -> None:
    role = azure.named("azure-audit-writer-role")["permissions"]
    add = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/add/action"
    assert role == [{"actions": [], "dataActions": [add]}]


def test_the_account_is_reached_privately_under_all_three_of_its_names(
    azure: Recording,
) -> None:
    endpoint = azure.only("network:PrivateEndpoint")
    connection = endpoint["privateLinkServiceConnections"][0]
    assert connection["groupIds"] == ["account"]
    assert {found["privateZoneName"] for found in azure.of(":PrivateZone")} == {
        "privatelink.cognitiveservices.azure.com",
        "privatelink.openai.azure.com",
        "privatelink.services.ai.azure.com",
    }
    assert len(azure.only(":PrivateDnsZoneGroup")["privateDnsZoneConfigs"]) == 3
    assert len(azure.of(":VirtualNetworkLink")) == 3


def test_nothing_leaves_for_the_internet(azure: Recording) -> None:
    rules = {
        found["name"]: found
        for found in azure.only(":NetworkSecurityGroup")["securityRules"]
    }
    denied = rules["deny-internet"]
    assert (denied["direction"], denied["access"]) == ("Outbound", "Deny")
    assert denied["destinationAddressPrefix"] == "Internet"
    assert azure.only("network:Subnet")["defaultOutboundAccess"] is False


def test_calls_and_changes_are_logged(azure: Recording) -> None:
    setting = azure.only(":DiagnosticSetting")
    assert {found["category"] for found in setting["logs"] if found["enabled"]} == {
        "Audit",
        "RequestResponse",
    }
    assert azure.only(":Workspace")["retentionInDays"] == 730


def test_the_signers_that_are_named_may_sign_and_the_application_may_not(
    azure: Recording,
) -> None:
    clouds = {
        "clouds": ["azure", "aws", "gcp"],
        "azure": {**CONFIG["trivium:azure"], "signers": [f"user:{UUID.format(9)}"]},
    }
    granted = declared("azure", settings_with(**clouds)).named("azure-audit-signer-0")
    assert granted["principalId"] == UUID.format(9)
    assert granted["principalType"] == "User"
    assert granted["scope"].endswith("azure-audit-vault.id")

    without = [found["scope"] for found in azure.of(":RoleAssignment")]
    assert not [scope for scope in without if scope.endswith("-vault.id")]


def test_the_signing_key_cannot_be_purged() -> None:
    found = declared("azure", settings_with())
    vault = found.only("keyvault:Vault")["properties"]
    key = found.only("keyvault:Key")["properties"]
    assert vault["enablePurgeProtection"] is True
    assert vault["enableRbacAuthorization"] is True
    assert (key["kty"], key["curveName"]) == ("EC-HSM", "P-256")
