"""A Foundry account without keys, a model deployment, and who may use it."""

import pulumi
import pulumi_azuread as azuread
from pulumi_azure_native import (
    authorization,
    cognitiveservices,
    monitor,
    operationalinsights,
    resources,
)

generation = pulumi.Config().get("generation") or "1"
client = authorization.get_client_config()
group = resources.ResourceGroup("ai-group", location="swedencentral")
account = cognitiveservices.Account(
    "ai",
    resource_group_name=group.name,
    kind="AIServices",
    sku={"name": "S0"},
    identity={"type": cognitiveservices.ResourceIdentityType.SYSTEM_ASSIGNED},
    properties={
        "custom_sub_domain_name": "rehearsal-ai",
        "disable_local_auth": True,
        "public_network_access": "Disabled",
        "network_acls": {"default_action": "Deny"},
    },
    tags={"generation": generation},
)
deployment = cognitiveservices.Deployment(
    "gpt",
    resource_group_name=group.name,
    account_name=account.name,
    properties={
        "model": {"format": "OpenAI", "name": "gpt-4o-mini", "version": "2024-07-18"}
    },
    sku={"name": "GlobalStandard", "capacity": 10},
)
resources.Resource(
    "claude",
    resource_group_name=group.name,
    resource_provider_namespace="Microsoft.CognitiveServices",
    parent_resource_path=account.name.apply(lambda name: f"accounts/{name}"),
    resource_type="deployments",
    resource_name_="claude",
    api_version="2025-10-01-preview",
    sku={"name": "GlobalStandard", "capacity": 1},
    properties={"model": {"format": "Anthropic", "name": "claude", "version": "2"}},
    opts=pulumi.ResourceOptions(depends_on=[deployment]),
)
application = azuread.Application(
    "ai-client", display_name="ai-client", sign_in_audience="AzureADMyOrg"
)
principal = azuread.ServicePrincipal("ai-client", client_id=application.client_id)
password = azuread.ApplicationPassword("ai-client", application_id=application.id)
authorization.RoleAssignment(
    "ai-user",
    principal_id=principal.object_id,
    principal_type=authorization.PrincipalType.SERVICE_PRINCIPAL,
    role_definition_id=(
        f"/subscriptions/{client.subscription_id}/providers/Microsoft.Authorization/roleDefinitions/"
        "a97b65f3-24c7-4388-baec-2e87135dc908"
    ),
    scope=account.id,
)
workspace = operationalinsights.Workspace(
    "ai-logs",
    resource_group_name=group.name,
    sku={"name": "PerGB2018"},
    retention_in_days=90,
)
monitor.DiagnosticSetting(
    "ai-diagnostics",
    resource_uri=account.id,
    workspace_id=workspace.id,
    logs=[{"category_group": "allLogs", "enabled": True}],
    metrics=[{"category": "AllMetrics", "enabled": True}],
)
pulumi.export(
    "endpoint", account.properties.apply(lambda properties: properties.endpoint)
)
pulumi.export("clientSecret", password.value)
