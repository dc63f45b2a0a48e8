"""The AWS part of a stack, and what it adds to the descriptor."""

import pulumi
import pulumi_aws

from trivium_components import cidr, descriptor
from trivium_components.aws.audit_store import AwsAuditStore
from trivium_components.aws.guardrail import GuardrailFilters
from trivium_components.aws.identity import AwsIdentity
from trivium_components.aws.model_access import AwsModelAccess
from trivium_components.aws.network import AwsNetwork
from trivium_components.aws.observability import AwsObservability
from trivium_components.component import Place, place_of
from trivium_components.records import Deployed
from trivium_components.settings import AwsSettings, Settings
from trivium_components.settings.adopted import AWS_ENDPOINTS


def deploy(settings: Settings, *, signing_key: bool) -> Deployed:
    """Declare everything on AWS, for settings that have a section `aws`."""
    found = settings.aws
    assert found is not None  # noqa: S101 -- only a cloud with a section is deployed
    place = place_of(settings, account=found.account_id, region=found.region)
    opts = pulumi.ResourceOptions(providers=[_provider(found)])

    models = _models(settings, found, place, opts)
    identity = AwsIdentity(
        "aws-identity",
        {
            **place,
            "invokers": list(found.invokers),
            "resources": models.resources,
            "guardrail": models.guardrail,
            "guardrail_profiles": models.guardrail_profiles,
        },
        opts,
    )
    _network(settings, found, place, models, opts)
    store = AwsAuditStore(
        "aws-audit",
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
    _observability(settings, found, place, models, store, opts)
    return _contribution(settings, place, models, store)


def _provider(found: AwsSettings) -> pulumi_aws.Provider:
    """A provider that refuses the credentials of any other account."""
    return pulumi_aws.Provider(
        "aws", region=found.region, allowed_account_ids=[found.account_id]
    )


def _models(
    settings: Settings,
    found: AwsSettings,
    place: Place,
    opts: pulumi.ResourceOptions,
) -> AwsModelAccess:
    """First, because it proves residency before anything is created."""
    return AwsModelAccess(
        "aws-models",
        {
            **place,
            "zone": settings.zone,
            "scope": settings.scope,
            "models": settings.models_by_tier,
            "filters": GuardrailFilters(
                tier=found.guardrail.tier,
                cross_region=found.guardrail.cross_region,
                block=list(found.guardrail.block),
                mask=list(found.guardrail.mask),
                grounding=found.guardrail.grounding,
                relevance=found.guardrail.relevance,
            ),
        },
        opts,
    )


def _network(
    settings: Settings,
    found: AwsSettings,
    place: Place,
    models: AwsModelAccess,
    opts: pulumi.ResourceOptions,
) -> AwsNetwork:
    """The network: an existing one, or a new one in AWS's share of the range."""
    existing = found.existing_network
    return AwsNetwork(
        "aws-network",
        {
            **place,
            "cidr": "" if existing else cidr.cloud_range(settings.address_range, "aws"),
            "availability_zones": list(found.availability_zones),
            "network": existing.id if existing else "",
            "subnets": list(existing.subnet_ids) if existing else [],
            "route_tables": list(existing.route_table_ids) if existing else [],
            "endpoints": list(existing.endpoints if existing else AWS_ENDPOINTS),
            "resources": models.resources,
            "guardrail_profiles": models.guardrail_profiles,
        },
        opts,
    )


def _observability(
    settings: Settings,
    found: AwsSettings,
    place: Place,
    models: AwsModelAccess,
    store: AwsAuditStore,
    opts: pulumi.ResourceOptions,
) -> AwsObservability:
    """AWS's own logs, archived in the audit store."""
    return AwsObservability(
        "aws-observability",
        {
            **place,
            "retention_days": settings.preset.days,
            "content": settings.audit.provider_content,
            "store": store.store,
            "encryption_key": store.encryption_key,
            "resources": models.resources,
            "data_events": list(found.data_events),
            "trail_logs": found.trail_logs,
            "access_log": found.access_log,
        },
        opts,
    )


def _contribution(
    settings: Settings, place: Place, models: AwsModelAccess, store: AwsAuditStore
) -> Deployed:
    """What the descriptor records about AWS."""
    region = place["region"]
    return Deployed(
        route=descriptor.route(
            "aws",
            region=region,
            endpoint=models.endpoint,
            targets=models.targets,
            guardrail=models.guardrail,
            auth={"kind": "sigv4", "region": region},
        ),
        audit_store=descriptor.audit_store(
            "aws",
            region=region,
            regime=settings.retention.preset,
            uri=store.uri,
            retention_days=store.retention_days,
            lock=store.lock,
        ),
        signing_key=store.signing_key,
    )
