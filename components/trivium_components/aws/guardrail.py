"""The guardrail that accompanies every call of a deployment on Bedrock."""

import hashlib
import json
from collections.abc import Iterator
from typing import TypedDict

import pulumi
from pulumi_aws import bedrock

from trivium.errors import ConfigurationError, ResidencyError
from trivium.vocabulary.residency import outside
from trivium_components import naming, offers
from trivium_components.component import Place
from trivium_components.records import Guardrail

# Bedrock's harmful categories with input and output strength. PROMPT_ATTACK only judges
# input, so its output strength must be NONE (Bedrock API reference,
# GuardrailContentFilterConfig, read 2026-11-22).
_FILTERS = (
    ("HATE", "HIGH", "HIGH"),
    ("INSULTS", "HIGH", "HIGH"),
    ("SEXUAL", "HIGH", "HIGH"),
    ("VIOLENCE", "HIGH", "HIGH"),
    ("MISCONDUCT", "HIGH", "HIGH"),
    ("PROMPT_ATTACK", "HIGH", "NONE"),
)
# Shown to the caller of a blocked request or reply. The text is part of the guardrail:
# a change updates it.
_BLOCKED = "This was stopped by the deployment's guardrail."


class GuardrailFilters(TypedDict):
    """What a guardrail filters besides harmful content and prompt attacks."""

    tier: str
    """Tier of the content filters: `classic` or `standard`."""
    cross_region: bool
    """Whether Bedrock may evaluate the guardrail in other Regions of the zone; the tier
    `standard` requires it."""
    block: list[str]
    """Kinds of sensitive information that block a request or a reply."""
    mask: list[str]
    """Kinds of sensitive information that are replaced by their name."""
    grounding: float
    """Lowest score for how well a reply follows its sources, 0 to 0.99; 0 blocks
    nothing."""
    relevance: float
    """Lowest score for how well a reply answers its question, 0 to 0.99; 0 blocks
    nothing."""


PLAIN = GuardrailFilters(
    tier="classic", cross_region=False, block=[], mask=[], grounding=0.0, relevance=0.0
)
"""Harmful content and prompt attacks, and nothing else."""


def profiles(
    filters: GuardrailFilters, *, account: str, region: str, zone: str, scope: str
) -> list[str]:
    """ARNs of the guardrail profile in each Region that may evaluate the guardrail.

    Empty if the guardrail stays in its Region. Raises `ConfigurationError` for a tier
    that does not exist or needs other Regions, and `ResidencyError` if one of them is
    outside the scope or the zone. Source: Bedrock user guide, "Permissions for using
    cross-Region inference with Amazon Bedrock Guardrails", read 2026-11-27.
    """
    _require_tier(filters)
    if not filters["cross_region"]:
        return []
    found = offers.guardrail_profile(region)
    if scope == "regional":
        strays = tuple(each for each in found.destinations if each != region)
    else:
        strays = outside(zone, "aws", found.destinations)
    if strays:
        raise ResidencyError(
            f"Guardrail profile `{found.id}` may judge prompts in"
            f" {', '.join(strays)}, which is not known to lie in zone `{zone}` and"
            f" scope `{scope}`. Prompts would leave the place they are promised to.",
            next_step="Set `trivium:aws.guardrail.cross_region` to `false`.",
        )
    partition = naming.aws_partition(region)
    return [
        f"arn:{partition}:bedrock:{each}:{account}:guardrail-profile/{found.id}"
        for each in found.destinations
    ]


def _require_tier(filters: GuardrailFilters) -> None:
    """Raise `ConfigurationError` for a tier that Bedrock would refuse."""
    tier = filters["tier"]
    if tier not in ("classic", "standard"):
        raise ConfigurationError(
            f"`tier` is `{tier}`; expected `classic` or `standard`.",
            next_step="Choose `classic`, unless the guardrail may cross Regions.",
        )
    if tier == "standard" and not filters["cross_region"]:
        raise ConfigurationError(
            "`tier` is `standard` and `cross_region` is not set; Bedrock has this tier"
            " only across Regions.",
            next_step="Set `trivium:aws.guardrail.cross_region` to `true`.",
        )


def numbered(
    name: str, args: Place, filters: GuardrailFilters, opts: pulumi.ResourceOptions
) -> pulumi.Output[Guardrail]:
    """The guardrail and a version of it.

    A version is a snapshot that does not follow the guardrail. The digest in its
    description creates a new version if the filters change; old ones stay, so that a
    descriptor signed earlier still works.
    """
    guardrail = _guardrail(name, args, filters, opts)
    version = bedrock.GuardrailVersion(
        f"{name}-guardrail-version",
        guardrail_arn=guardrail.guardrail_arn,
        description=f"filters {digest(filters)}",
        skip_destroy=True,
        opts=opts,
    )
    return pulumi.Output.all(guardrail.guardrail_id, version.version).apply(
        lambda parts: Guardrail(identifier=parts[0], version=parts[1])
    )


def _guardrail(
    name: str, args: Place, filters: GuardrailFilters, opts: pulumi.ResourceOptions
) -> bedrock.Guardrail:
    """Content filters in full strength, and what `filters` adds."""
    across = None
    if filters["cross_region"]:
        across = bedrock.GuardrailCrossRegionConfigArgs(
            guardrail_profile_identifier=offers.guardrail_profile(args["region"]).id
        )
    return bedrock.Guardrail(
        f"{name}-guardrail",
        name=naming.dashed(args["environment"], "guardrail", limit=50),
        description="Accompanies every call of this deployment.",
        blocked_input_messaging=_BLOCKED,
        blocked_outputs_messaging=_BLOCKED,
        content_policy_config=_content(filters),
        sensitive_information_policy_config=_sensitive(filters),
        contextual_grounding_policy_config=_grounding(filters),
        cross_region_config=across,
        tags=args["tags"],
        opts=opts,
    )


def _content(filters: GuardrailFilters) -> bedrock.GuardrailContentPolicyConfigArgs:
    """The content filters. Without a tier, Bedrock takes `CLASSIC`."""
    tier = bedrock.GuardrailContentPolicyConfigTierConfigArgs(tier_name="STANDARD")
    return bedrock.GuardrailContentPolicyConfigArgs(
        filters_configs=[
            bedrock.GuardrailContentPolicyConfigFiltersConfigArgs(
                type=kind,
                input_strength=input_strength,
                output_strength=output_strength,
            )
            for kind, input_strength, output_strength in _FILTERS
        ],
        tier_configs=[tier] if filters["tier"] == "standard" else None,
    )


def _sensitive(
    filters: GuardrailFilters,
) -> bedrock.GuardrailSensitiveInformationPolicyConfigArgs | None:
    """The kinds of sensitive information that are blocked and masked, if any."""
    entity = bedrock.GuardrailSensitiveInformationPolicyConfigPiiEntitiesConfigArgs
    kinds = [
        *[entity(type=kind, action="BLOCK") for kind in filters["block"]],
        *[entity(type=kind, action="ANONYMIZE") for kind in filters["mask"]],
    ]
    if not kinds:
        return None
    return bedrock.GuardrailSensitiveInformationPolicyConfigArgs(
        pii_entities_configs=kinds
    )


def _grounding(
    filters: GuardrailFilters,
) -> bedrock.GuardrailContextualGroundingPolicyConfigArgs | None:
    """The thresholds of contextual grounding, if any."""
    scores = list(_scores(filters))
    if not scores:
        return None
    return bedrock.GuardrailContextualGroundingPolicyConfigArgs(
        filters_configs=[
            bedrock.GuardrailContextualGroundingPolicyConfigFiltersConfigArgs(
                type=kind, threshold=score
            )
            for kind, score in scores
        ]
    )


def _scores(filters: GuardrailFilters) -> Iterator[tuple[str, float]]:
    """The thresholds above zero."""
    if filters["grounding"] > 0:
        yield "GROUNDING", filters["grounding"]
    if filters["relevance"] > 0:
        yield "RELEVANCE", filters["relevance"]


def digest(filters: GuardrailFilters) -> str:
    """A few characters that differ for different filters.

    Filters that add nothing have the digest of guardrails made before there were any.
    """
    whole = _FILTERS if filters == PLAIN else (_FILTERS, filters)
    text = json.dumps(whole, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
