"""The Azure part of a stack, and what it adds to the descriptor."""

import pulumi
import pulumi_azure_native

from trivium_components import cidr, descriptor
from trivium_components.azure.audit_store import AzureAuditStore
from trivium_components.azure.identity import AzureIdentity
from trivium_components.azure.model_access import AzureModelAccess
from trivium_components.azure.network import AzureNetwork
from trivium_components.azure.observability import AzureObservability
from trivium_components.component import Place, place_of
from trivium_components.records import Deployed
from trivium_components.settings import AzureSettings, Settings


class _GroupPlace(Place):
    """Where the components deploy that share the resource group of the models."""

    resource_group: pulumi.Input[str]
    """Name of the resource group."""


def deploy(settings: Settings, *, signing_key: bool) -> Deployed:
    """Declare everything on Azure, for settings that have a section `azure`."""
    found = settings.azure
    assert found is not None  # noqa: S101 -- only a cloud with a section is deployed
    place = place_of(settings, account=found.subscription_id, region=found.region)
    opts = pulumi.ResourceOptions(providers=[_provider(found)])

    models = _models(settings, found, place, opts)
    inside: _GroupPlace = {**place, "resource_group": models.resource_group}
    identity = AzureIdentity(
        "azure-identity",
        {
            **inside,
            "invokers": list(found.invokers),
            "resources": models.resources,
        },
        opts,
    )
    network = _network(settings, found, inside, models, opts)
    store = AzureAuditStore(
        "azure-audit",
        {
            **inside,
            "retention_days": settings.preset.days,
            "lock": settings.retention.lock,
            "writer": identity.principal,
            "signing_key": signing_key,
            "signers": list(found.signers),
            "tenant": found.tenant_id,
            "encryption_key": found.encryption_key,
            "encryption_identity": found.encryption_identity,
            "subnet": network.subnet_ids[0],
        },
        opts,
    )
    _observability(settings, inside, models, opts)
    return _contribution(settings, found, models, store)


def _provider(found: AzureSettings) -> pulumi_azure_native.Provider:
    """A provider for the subscription."""
    return pulumi_azure_native.Provider(
        "azure",
        subscription_id=found.subscription_id,
        tenant_id=found.tenant_id,
        location=found.region,
    )


def _models(
    settings: Settings,
    found: AzureSettings,
    place: Place,
    opts: pulumi.ResourceOptions,
) -> AzureModelAccess:
    """First, because it proves residency before anything is created."""
    return AzureModelAccess(
        "azure-models",
        {
            **place,
            "zone": settings.zone,
            "scope": settings.scope,
            "models": settings.models_by_tier,
            "terms_accepted": found.claude.terms_accepted,
            "organization_name": found.claude.organization_name,
            "country_code": found.claude.country_code,
            "industry": found.claude.industry,
            "capacity": found.capacity,
        },
        opts,
    )


def _network(
    settings: Settings,
    found: AzureSettings,
    place: _GroupPlace,
    models: AzureModelAccess,
    opts: pulumi.ResourceOptions,
) -> AzureNetwork:
    """The network: an existing one, or a new one in Azure's share of the range."""
    existing = found.existing_network
    block = "" if existing else cidr.cloud_range(settings.address_range, "azure")
    return AzureNetwork(
        "azure-network",
        {
            **place,
            "cidr": block,
            "network": existing.id if existing else "",
            "subnets": list(existing.subnet_ids) if existing else [],
            "resources": models.resources,
        },
        opts,
    )


def _observability(
    settings: Settings,
    place: _GroupPlace,
    models: AzureModelAccess,
    opts: pulumi.ResourceOptions,
) -> AzureObservability:
    """Azure's own logs."""
    return AzureObservability(
        "azure-observability",
        {
            **place,
            "retention_days": settings.preset.days,
            "resources": models.resources,
        },
        opts,
    )


def _contribution(
    settings: Settings,
    found: AzureSettings,
    models: AzureModelAccess,
    store: AzureAuditStore,
) -> Deployed:
    """What the descriptor records about Azure."""
    return Deployed(
        route=descriptor.route(
            "azure",
            region=found.region,
            endpoint=models.endpoint,
            targets=models.targets,
            guardrail=models.guardrail,
            auth={"kind": "entra", "scope": found.token_scope},
        ),
        audit_store=descriptor.audit_store(
            "azure",
            region=found.region,
            regime=settings.retention.preset,
            uri=store.uri,
            retention_days=store.retention_days,
            lock=store.lock,
        ),
        signing_key=store.signing_key,
    )
