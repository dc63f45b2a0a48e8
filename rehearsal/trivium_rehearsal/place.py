"""Where the stand-ins pretend to be: account, Region, project, subscription, tenant.

Every identifier is one that cannot exist or is reserved, so that nothing made here can
be mistaken for a real one. The AWS account is the one that the local emulator answers
with.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

__all__ = ["NOWHERE", "Place", "place_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One provider's configuration, as far as answers depend on it."""

    account: str = "000000000000"
    region: str = "us-east-1"
    stated_region: str = ""
    """The AWS Region that the configuration names; empty where it names none, and
    `region` is the rehearsal's own."""
    project: str = "rehearsal"
    project_number: str = "100000000000"
    gcp_region: str = "us-central1"
    gcp_zone: str = "us-central1-a"
    subscription: str = "00000000-0000-0000-0000-000000000001"
    tenant: str = "00000000-0000-0000-0000-000000000002"
    client: str = "00000000-0000-0000-0000-000000000003"
    object: str = "00000000-0000-0000-0000-000000000004"
    location: str = "eastus2"
    default_tags: Mapping[str, str] = field(default_factory=dict)
    """`defaultTags` of the aws provider, `defaultLabels` of the gcp provider."""

    @property
    def partition(self) -> str:
        """AWS partition of the Region (AWS General Reference, "AWS service
        endpoints")."""
        if self.region.startswith("us-gov-"):
            return "aws-us-gov"
        return "aws-cn" if self.region.startswith("cn-") else "aws"


NOWHERE: Final = Place()
"""Where a provider is that names no place."""


def place_of(package: str, config: Mapping[str, Any]) -> Place:
    """The place that a provider's configuration names; what it leaves out is the
    rehearsal's own."""
    known = {
        name: value
        for name, value in config.items()
        if isinstance(value, str) and value
    }
    tags = _object(config.get("defaultTags")).get("tags") or _object(
        config.get("defaultLabels")
    )
    labels = (
        {str(key): str(value) for key, value in tags.items()}
        if isinstance(tags, dict)
        else {}
    )
    return Place(
        region=(
            known.get("region", NOWHERE.region)
            if package.startswith("aws")
            else NOWHERE.region
        ),
        stated_region=known.get("region", "") if package.startswith("aws") else "",
        project=known.get("project", NOWHERE.project),
        gcp_region=(
            known.get("region", NOWHERE.gcp_region)
            if package == "gcp"
            else NOWHERE.gcp_region
        ),
        gcp_zone=known.get("zone", NOWHERE.gcp_zone),
        subscription=known.get("subscriptionId", NOWHERE.subscription),
        tenant=known.get("tenantId", NOWHERE.tenant),
        client=known.get("clientId", NOWHERE.client),
        location=known.get("location", NOWHERE.location),
        default_tags=labels,
    )


def _object(value: Any) -> dict[str, Any]:
    """A nested configuration value: the SDKs send it as JSON text."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return {}
    return value if isinstance(value, dict) else {}
