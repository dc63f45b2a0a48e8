"""The Google Cloud part of a stack: the five components, wired, and what they
contribute to the descriptor."""

import pulumi
import pulumi_gcp

from trivium_components import cidr, descriptor, naming, offers
from trivium_components.gcp.audit_store import GcpAuditStore
from trivium_components.gcp.identity import GcpIdentity
from trivium_components.gcp.model_access import GcpModelAccess
from trivium_components.gcp.network import GcpNetwork
from trivium_components.gcp.observability import GcpObservability
from trivium_components.records import Deployed
from trivium_components.settings import Settings


def deploy(settings: Settings, *, signing_key: bool) -> Deployed:
    """Declare everything on Google Cloud. `settings.gcp` must be there: `read_settings`
    sees to that."""
    found = settings.gcp
    assert found is not None  # noqa: S101 -- a cloud is deployed only when its section exists
    provider = pulumi_gcp.Provider("gcp", project=found.project, region=found.region)
    opts = pulumi.ResourceOptions(providers=[provider])
    environment, account, region = settings.environment, found.project, found.region
    location = offers.vertex_location(
        zone=settings.zone, region=region, scope=settings.scope
    )
    tags = naming.tags_of(settings)
    models = GcpModelAccess(
        "gcp-models",
        {
            "environment": environment,
            "account": account,
            "region": region,
            "zone": settings.zone,
            "scope": settings.scope,
            "models": settings.models_by_tier,
            "tags": tags,
        },
        opts,
    )
    identity = GcpIdentity(
        "gcp-identity",
        {
            "environment": environment,
            "account": account,
            "region": region,
            "invokers": list(found.invokers),
            "resources": models.resources,
            "tags": tags,
        },
        opts,
    )
    GcpNetwork(
        "gcp-network",
        {
            "environment": environment,
            "account": account,
            "region": region,
            "cidr": cidr.cloud_range(settings.network.cidr, "gcp"),
            "location": location,
            "resources": models.resources,
            "tags": tags,
        },
        opts,
    )
    store = GcpAuditStore(
        "gcp-audit",
        {
            "environment": environment,
            "account": account,
            "region": region,
            "retention_days": settings.preset.days,
            "lock": settings.retention.lock,
            "writer": identity.principal,
            "signing_key": signing_key,
            "signers": list(found.signers),
            "tags": tags,
        },
        opts,
    )
    GcpObservability(
        "gcp-observability",
        {
            "environment": environment,
            "account": account,
            "region": region,
            "retention_days": settings.preset.days,
            "resources": models.resources,
            "tags": tags,
        },
        opts,
    )
    return Deployed(
        route=descriptor.route(
            "gcp",
            region=location,
            endpoint=models.endpoint,
            targets=models.targets,
            guardrail=models.guardrail,
            auth={"kind": "google"},
        ),
        audit_store=descriptor.audit_store(
            "gcp",
            region=region,
            regime=settings.retention.preset,
            uri=store.uri,
            retention_days=store.retention_days,
            lock=store.lock,
        ),
        signing_key=store.signing_key,
    )
