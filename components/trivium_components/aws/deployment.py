"""The AWS part of a stack: the five components, wired, and what they contribute to the
descriptor."""

import pulumi
import pulumi_aws

from trivium_components import cidr, descriptor, naming
from trivium_components.aws.audit_store import AwsAuditStore
from trivium_components.aws.identity import AwsIdentity
from trivium_components.aws.model_access import AwsModelAccess
from trivium_components.aws.network import AwsNetwork
from trivium_components.aws.observability import AwsObservability
from trivium_components.records import Deployed
from trivium_components.settings import Settings


def deploy(settings: Settings, *, signing_key: bool) -> Deployed:
    """Declare everything on AWS. `settings.aws` must be there: `read_settings` sees to
    that."""
    found = settings.aws
    assert found is not None  # noqa: S101 -- a cloud is deployed only when its section exists
    provider = pulumi_aws.Provider(
        "aws", region=found.region, allowed_account_ids=[found.account_id]
    )
    opts = pulumi.ResourceOptions(providers=[provider])
    environment, account, region = settings.environment, found.account_id, found.region
    tags = naming.tags_of(settings)
    models = AwsModelAccess(
        "aws-models",
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
    identity = AwsIdentity(
        "aws-identity",
        {
            "environment": environment,
            "account": account,
            "region": region,
            "invokers": list(found.invokers),
            "resources": models.resources,
            "guardrail": models.guardrail,
            "tags": tags,
        },
        opts,
    )
    AwsNetwork(
        "aws-network",
        {
            "environment": environment,
            "account": account,
            "region": region,
            "cidr": cidr.cloud_range(settings.network.cidr, "aws"),
            "availability_zones": list(found.availability_zones),
            "resources": models.resources,
            "tags": tags,
        },
        opts,
    )
    store = AwsAuditStore(
        "aws-audit",
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
    AwsObservability(
        "aws-observability",
        {
            "environment": environment,
            "account": account,
            "region": region,
            "retention_days": settings.preset.days,
            "content": settings.audit.provider_content,
            "store": store.store,
            "encryption_key": store.encryption_key,
            "resources": models.resources,
            "tags": tags,
        },
        opts,
    )
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
