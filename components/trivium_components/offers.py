"""Where each cloud offers Claude, and under which name.

Pure tables and functions; each table has its source and date. They only reject a stack
file that requests what does not exist. Whether a destination is inside a residency zone
is proven at deployment, from what the cloud itself answers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from trivium.errors import ConfigurationError
from trivium.vocabulary.catalogue import Scope
from trivium.vocabulary.residency import ZONES, Cloud

AWS_REGIONAL = frozenset(
    {
        "us-east-1",
        "us-east-2",
        "us-west-2",
        "eu-west-1",
        "eu-north-1",
        "ap-northeast-1",
        "ap-southeast-4",
    }
)
"""Regions with in-Region inference of Claude (Bedrock model cards, 2026-08)."""

GCP_REGIONAL_MODELS = frozenset(
    {"claude-sonnet-4-6", "claude-sonnet-4-5", "claude-haiku-4-5"}
)
"""Models on Google's regional endpoints: Sonnet 4.6 and earlier (Vertex AI partner
models, 2026-08)."""

AZURE_REGIONS = frozenset({"eastus2", "swedencentral"})
"""Regions in which Foundry deploys Claude (Foundry Claude models, 2026-06; check again
before a new deployment)."""

# Longest prefix first. ca-central-1 is offered `us.` profiles; the proof at deployment
# decides whether they stay inside the zone.
_PROFILE_OF: tuple[tuple[str, str], ...] = (
    ("us-gov-", "us-gov"),
    ("us-", "us"),
    ("ca-", "us"),
    ("eu-", "eu"),
    ("ap-northeast-", "jp"),
    ("ap-southeast-", "au"),
)

_GCP_MULTI_REGION: Mapping[str, str] = {"us": "us", "eu": "eu"}

_US_GUARDRAIL = ("us-east-1", "us-east-2", "us-west-2")
_EU_GUARDRAIL = (
    *("eu-central-1", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1"),
    "eu-west-3",
)
_GOV_GUARDRAIL = ("us-gov-east-1", "us-gov-west-1")
# Geography and destinations by source Region (Bedrock user guide, "Supported Regions
# for cross-Region guardrail inference", read 2026-11-27). Other Regions have profiles,
# too; those geographies are no residency zones.
_GUARDRAIL_PROFILES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    **dict.fromkeys(_US_GUARDRAIL, ("us", _US_GUARDRAIL)),
    "us-west-1": ("us", (*_US_GUARDRAIL, "us-west-1")),
    **dict.fromkeys(_EU_GUARDRAIL, ("eu", _EU_GUARDRAIL)),
    **dict.fromkeys(_GOV_GUARDRAIL, ("us-gov", _GOV_GUARDRAIL)),
}

AzureSku = Literal["DataZoneStandard", "GlobalStandard"]


def scope_of(text: str) -> Scope:
    """`text` as a scope. Raises `ConfigurationError` for any other word.

    Components take text, because a Pulumi schema has no literals.
    """
    for scope in get_args(Scope):
        if scope == text:
            found: Scope = scope
            return found
    raise ConfigurationError(
        f"`scope` is `{text}`; expected one of {', '.join(get_args(Scope))}.",
        next_step="Choose how far inference may travel.",
    )


def why_not(cloud: Cloud, *, region: str, zone: str, scope: Scope) -> str:
    """Why a cloud does not offer Claude in a region and scope; empty if it does."""
    if cloud == "aws" and scope == "regional" and region not in AWS_REGIONAL:
        return (
            "Bedrock runs Claude inside one Region only in"
            f" {', '.join(sorted(AWS_REGIONAL))}."
        )
    if cloud == "azure" and region not in AZURE_REGIONS:
        return f"Foundry deploys Claude only in {', '.join(sorted(AZURE_REGIONS))}."

    try:
        if cloud == "aws":
            profile_id("", region=region, scope=scope)
        elif cloud == "gcp":
            vertex_location(zone=zone, region=region, scope=scope)
        else:
            azure_sku(scope)
            azure_destination(region=region, scope=scope)
    except ConfigurationError as error:
        return error.message
    return ""


def profile_id(model_id: str, *, region: str, scope: Scope) -> str:
    """The id in calls of the Bedrock runtime: an inference profile or the model itself.

    Raises `ConfigurationError` for a Region whose geography has no profile prefix.
    """
    if scope == "regional":
        return model_id
    if scope == "global":
        return f"global.{model_id}"
    for start, geography in _PROFILE_OF:
        if region.startswith(start):
            return f"{geography}.{model_id}"
    raise _not_offered(
        f"Bedrock has no geographic inference profile for Region `{region}`."
    )


@dataclass(frozen=True)
class GuardrailProfile:
    """Where Bedrock may evaluate a guardrail."""

    id: str
    """Its id, such as `us.guardrail.v1:0`."""
    destinations: tuple[str, ...]
    """Every Region in which prompts and replies may be judged."""


def guardrail_profile(region: str) -> GuardrailProfile:
    """The guardrail profile of a Region.

    Raises `ConfigurationError` for a Region whose profile this version does not know.
    """
    if region not in _GUARDRAIL_PROFILES:
        raise _not_offered(
            "This version knows no guardrail profile across Regions for Region"
            f" `{region}`."
        )
    geography, destinations = _GUARDRAIL_PROFILES[region]
    return GuardrailProfile(f"{geography}.guardrail.v1:0", destinations)


def vertex_location(*, zone: str, region: str, scope: Scope) -> str:
    """The location in Vertex AI paths: a region, a multi-region or `global`.

    Raises `ConfigurationError` if there is no multi-region.
    """
    if scope == "regional":
        return region
    if scope == "global":
        return "global"
    if zone in _GCP_MULTI_REGION:
        return _GCP_MULTI_REGION[zone]
    if region.startswith("us-"):
        return "us"
    if region.startswith("europe-"):
        return "eu"
    raise _not_offered(
        f"Vertex AI has no multi-region around `{region}`; it has only `us` and `eu`."
    )


def vertex_host(location: str) -> str:
    """The API host of a Vertex AI location."""
    if location == "global":
        return "aiplatform.googleapis.com"
    if location in _GCP_MULTI_REGION.values():
        return f"aiplatform.{location}.rep.googleapis.com"
    return f"{location}-aiplatform.googleapis.com"


def gcp_dual_region(region: str, other: str) -> str:
    """The location of a dual-region bucket in two regions: `US` or `EU`.

    Empty if this version knows none. Which pairs Cloud Storage accepts within a
    multi-region is not verified here (Cloud Storage, "Bucket locations").
    """
    for zone, location in (("us", "US"), ("eu", "EU")):
        if {region, other} <= ZONES[zone]["gcp"]:
            return location
    return ""


def azure_sku(scope: Scope) -> AzureSku:
    """The deployment SKU that keeps inference inside `scope`.

    Raises `ConfigurationError` for `regional`.
    """
    if scope == "geo":
        return "DataZoneStandard"
    if scope == "global":
        return "GlobalStandard"
    raise _not_offered(
        "Foundry offers Claude in a data zone or globally, never in one region."
    )


def azure_destination(*, region: str, scope: Scope) -> str:
    """Where a Foundry deployment may run: `us-data-zone` or `global`.

    Raises `ConfigurationError` for a data zone outside the United States: there is no
    other (Foundry deployment types, 2026-06).
    """
    if scope != "geo":
        return "global"
    if region in ZONES["us"]["azure"]:
        return "us-data-zone"
    raise _not_offered(
        f"Foundry has no data zone for Claude around `{region}`; the only one is the"
        " United States."
    )


def _not_offered(why: str) -> ConfigurationError:
    """The error for a region and scope without Claude."""
    return ConfigurationError(why, next_step="Choose another region or scope.")
