"""The Azure part of a stack: the five components, wired, and what they contribute to
the descriptor."""

import pulumi
import pulumi_azure_native

from trivium_components import cidr, descriptor, naming
from trivium_components.azure.audit_store import AzureAuditStore
from trivium_components.azure.identity import AzureIdentity
from trivium_components.azure.model_access import AzureModelAccess
from trivium_components.azure.network import AzureNetwork
from trivium_components.azure.observability import AzureObservability
from trivium_components.records import Deployed
from trivium_components.settings import Settings


def deploy(settings: Settings, *, signing_key: bool) -> Deployed:
    """Declare everything on Azure. `settings.azure` must be there: `read_settings` sees
    to that."""
    found = settings.azure
    assert found is not None  # noqa: S101 -- a cloud is deployed only when its section exists
    provider = pulumi_azure_native.Provider(
        "azure",
        subscription_id=found.subscription_id,
        tenant_id=found.tenant_id,
        location=found.region,
    )
    opts = pulumi.ResourceOptions(providers=[provider])
    environment, account, region = (
        settings.environment,
        found.subscription_id,
        found.region,
    )
    tags = naming.tags_of(settings)
    models = AzureModelAccess(
        "azure-models",
        {
            "environment": environment,
            "account": account,
            "region": region,
            "zone": settings.zone,
            "scope": settings.scope,
            "models": settings.models_by_tier,
            "terms_accepted": found.claude.terms_accepted,
            "organization_name": found.claude.organization_name,
            "country_code": found.claude.country_code,
            "industry": found.claude.industry,
            "capacity": found.capacity,
            "tags": tags,
        },
        opts,
    )
    identity = AzureIdentity(
        "azure-identity",
        {
            "environment": environment,
            "account": account,
            "region": region,
            "invokers": list(found.invokers),
            "resources": models.resources,
            "resource_group": models.resource_group,
            "tags": tags,
        },
        opts,
    )
    network = AzureNetwork(
        "azure-network",
        {
            "environment": environment,
            "account": account,
            "region": region,
            "cidr": cidr.cloud_range(settings.network.cidr, "azure"),
            "resources": models.resources,
            "resource_group": models.resource_group,
            "tags": tags,
        },
        opts,
    )
    store = AzureAuditStore(
        "azure-audit",
        {
            "environment": environment,
            "account": account,
            "region": region,
            "retention_days": settings.preset.days,
            "lock": settings.retention.lock,
            "writer": identity.principal,
            "signing_key": signing_key,
            "signers": list(found.signers),
            "tenant": found.tenant_id,
            "subnet": network.subnet_ids.apply(lambda subnets: subnets[0]),
            "resource_group": models.resource_group,
            "tags": tags,
        },
        opts,
    )
    AzureObservability(
        "azure-observability",
        {
            "environment": environment,
            "account": account,
            "region": region,
            "retention_days": settings.preset.days,
            "resources": models.resources,
            "resource_group": models.resource_group,
            "tags": tags,
        },
        opts,
    )
    return Deployed(
        route=descriptor.route(
            "azure",
            region=region,
            endpoint=models.endpoint,
            targets=models.targets,
            guardrail=models.guardrail,
            auth={"kind": "entra", "scope": found.token_scope},
        ),
        audit_store=descriptor.audit_store(
            "azure",
            region=region,
            regime=settings.retention.preset,
            uri=store.uri,
            retention_days=store.retention_days,
            lock=store.lock,
        ),
        signing_key=store.signing_key,
    )
