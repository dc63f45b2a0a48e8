"""The Google Cloud part of a stack, and what it adds to the descriptor."""

import pulumi
import pulumi_gcp

from trivium_components import cidr, descriptor, offers
from trivium_components.component import Place, place_of
from trivium_components.gcp.audit_store import GcpAuditStore
from trivium_components.gcp.identity import GcpIdentity
from trivium_components.gcp.model_access import GcpModelAccess
from trivium_components.gcp.network import GcpNetwork
from trivium_components.gcp.observability import GcpObservability
from trivium_components.records import Deployed
from trivium_components.settings import GcpSettings, Settings


def deploy(settings: Settings, *, signing_key: bool) -> Deployed:
    """Declare everything on Google Cloud, for settings that have a section `gcp`."""
    found = settings.gcp
    assert found is not None  # noqa: S101 -- only a cloud with a section is deployed
    place = place_of(settings, account=found.project, region=found.region)
    opts = pulumi.ResourceOptions(providers=[_provider(found)])

    models = _models(settings, place, opts)
    identity = GcpIdentity(
        "gcp-identity",
        {
            **place,
            "invokers": list(found.invokers),
            "resources": models.resources,
        },
        opts,
    )
    _network(settings, found, place, models, opts)
    store = GcpAuditStore(
        "gcp-audit",
        {
            **place,
            "retention_days": settings.preset.days,
            "lock": settings.retention.lock,
            "writer": identity.principal,
            "signing_key": signing_key,
            "signers": list(found.signers),
            "replica_region": found.replica_region,
            "encryption_key": found.encryption_key,
        },
        opts,
    )
    _observability(settings, place, models, opts)
    return _contribution(settings, place, models, store)


def _provider(found: GcpSettings) -> pulumi_gcp.Provider:
    """A provider for the project."""
    return pulumi_gcp.Provider("gcp", project=found.project, region=found.region)


def _location(settings: Settings, place: Place) -> str:
    """The location of the Vertex AI endpoint."""
    return offers.vertex_location(
        zone=settings.zone, region=place["region"], scope=settings.scope
    )


def _models(
    settings: Settings, place: Place, opts: pulumi.ResourceOptions
) -> GcpModelAccess:
    """First, because it proves residency before anything is created."""
    return GcpModelAccess(
        "gcp-models",
        {
            **place,
            "zone": settings.zone,
            "scope": settings.scope,
            "models": settings.models_by_tier,
        },
        opts,
    )


def _network(
    settings: Settings,
    found: GcpSettings,
    place: Place,
    models: GcpModelAccess,
    opts: pulumi.ResourceOptions,
) -> GcpNetwork:
    """The network: an existing one, or a new one in Google Cloud's share."""
    existing = found.existing_network
    return GcpNetwork(
        "gcp-network",
        {
            **place,
            "cidr": "" if existing else cidr.cloud_range(settings.address_range, "gcp"),
            "network": existing.id if existing else "",
            "subnets": list(existing.subnet_ids) if existing else [],
            "endpoint_address": existing.endpoint_address if existing else "",
            "location": _location(settings, place),
            "resources": models.resources,
        },
        opts,
    )


def _observability(
    settings: Settings,
    place: Place,
    models: GcpModelAccess,
    opts: pulumi.ResourceOptions,
) -> GcpObservability:
    """Google Cloud's own logs."""
    return GcpObservability(
        "gcp-observability",
        {
            **place,
            "retention_days": settings.preset.days,
            "resources": models.resources,
        },
        opts,
    )


def _contribution(
    settings: Settings, place: Place, models: GcpModelAccess, store: GcpAuditStore
) -> Deployed:
    """What the descriptor records about Google Cloud."""
    return Deployed(
        route=descriptor.route(
            "gcp",
            region=_location(settings, place),
            endpoint=models.endpoint,
            targets=models.targets,
            guardrail=models.guardrail,
            auth={"kind": "google"},
        ),
        audit_store=descriptor.audit_store(
            "gcp",
            region=place["region"],
            regime=settings.retention.preset,
            uri=store.uri,
            retention_days=store.retention_days,
            lock=store.lock,
        ),
        signing_key=store.signing_key,
    )
