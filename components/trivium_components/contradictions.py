"""Contradictions between keys.

A rule runs only when every key it needs is right by itself, so that one typo does not
bring a dozen messages, and other problems are still told at once.
"""

from collections.abc import Callable, Iterator, Mapping
from inspect import signature
from typing import Any

from trivium.errors import ConfigurationError
from trivium.vocabulary.catalogue import Catalogue, Scope
from trivium.vocabulary.residency import Cloud, outside
from trivium_components import naming, offers
from trivium_components.problem import Problem, nearest, shown
from trivium_components.retention import PRESETS
from trivium_components.settings import (
    AuditSettings,
    AwsSettings,
    AzureSettings,
    GcpSettings,
    RetentionSettings,
)

_Rule = Callable[..., Iterator[Problem]]
"""A rule's parameters are the keys it needs, and `catalogue`."""


def contradictions(usable: Mapping[str, Any], catalogue: Catalogue) -> list[Problem]:
    """What the values exclude of each other. `usable` holds the keys that are right by
    themselves, hence Any."""
    known = {**usable, "catalogue": catalogue}
    found: list[Problem] = []
    for rule in _RULES:
        needs = signature(rule).parameters
        if needs.keys() <= known.keys():
            found += rule(**{name: known[name] for name in needs})
    return found


def _sections_rule(
    clouds: list[str], aws: Any, gcp: Any, azure: Any
) -> Iterator[Problem]:
    """Every listed cloud has its section, every section is listed. Any: only presence
    matters."""
    for name, section in (("aws", aws), ("gcp", gcp), ("azure", azure)):
        if name in clouds and section is None:
            yield Problem(
                path=(name,),
                found="missing",
                expected="a section, because `clouds` lists it",
                consequence="It could not be deployed to.",
                remedy="Add the section, or take the cloud out of `trivium:clouds`",
            )
        if name not in clouds and section is not None:
            yield Problem(
                path=(name,),
                found="a section that `clouds` does not list",
                expected="a section only for the clouds that are deployed to",
                consequence="It would be silently without effect.",
                remedy="Remove the section, or list the cloud in `trivium:clouds`",
            )
    if len(set(clouds)) != len(clouds):
        yield Problem(
            path=("clouds",),
            found=shown(clouds),
            expected="each cloud once",
            consequence="Two routes would have one name.",
            remedy="Remove the repetition",
        )


def _signers_rule(
    environment: str,
    clouds: list[str],
    aws: AwsSettings | None,
    gcp: GcpSettings | None,
    azure: AzureSettings | None,
) -> Iterator[Problem]:
    """Whoever is governed by what a descriptor says does not sign it; and only one
    cloud has a key to sign with."""
    for name, section in (("aws", aws), ("gcp", gcp), ("azure", azure)):
        if section is None or not section.signers or name not in clouds:
            continue
        if name != clouds[0]:
            yield Problem(
                path=(name, "signers"),
                found=shown(section.signers),
                expected=(
                    f"signers of the first cloud alone, `{clouds[0]}`, which keeps the"
                    " signing key"
                ),
                consequence="They would be silently without effect.",
                remedy="Remove them, or name the cloud first in `trivium:clouds`",
            )
        governed = {
            invoker.casefold(): "is among the invokers" for invoker in section.invokers
        }
        governed |= dict.fromkeys(
            _applications(environment, aws, gcp), "is the application itself"
        )
        for index, signer in enumerate(section.signers):
            # UUIDs and mail addresses are the same in any case, and no account has two
            # roles that differ in case alone.
            if why := governed.get(signer.casefold()):
                yield Problem(
                    path=(name, "signers", index),
                    found=f"`{signer}`, which {why}",
                    expected="somebody whom the descriptor does not govern",
                    consequence="An application could sign away its own constitution.",
                    remedy=(
                        "Let the identity that runs `trivium deployment sign` sign, and"
                        " no application"
                    ),
                )


def _applications(
    environment: str, aws: AwsSettings | None, gcp: GcpSettings | None
) -> Iterator[str]:
    """What the deployment makes its application run as, in lower case. Azure gives its
    identity a UUID later."""
    if aws:
        role = naming.dashed(environment, "application", limit=64)
        yield (
            f"arn:{naming.aws_partition(aws.region)}:iam::{aws.account_id}:role/{role}".casefold()
        )
    if gcp:
        account = naming.dashed(environment, "app", limit=30)
        yield (
            f"serviceAccount:{account}@{gcp.project}.iam.gserviceaccount.com".casefold()
        )


def _scope_rule(scope: str, zone: str) -> Iterator[Problem]:
    if scope == "global" and zone != "worldwide":
        yield Problem(
            path=("scope",),
            found="`global`",
            expected=f"`geo` or `regional` in zone `{zone}`",
            consequence=(
                "Inference could run anywhere in the world, and no request would be"
                " allowed."
            ),
            example="geo",
        )


def _aws_region_rule(
    aws: AwsSettings | None, clouds: list[str], zone: str, scope: Scope
) -> Iterator[Problem]:
    if aws and "aws" in clouds:
        yield from _region_problems("aws", aws.region, zone, scope)


def _gcp_region_rule(
    gcp: GcpSettings | None, clouds: list[str], zone: str, scope: Scope
) -> Iterator[Problem]:
    if gcp and "gcp" in clouds:
        yield from _region_problems("gcp", gcp.region, zone, scope)


def _azure_region_rule(
    azure: AzureSettings | None, clouds: list[str], zone: str, scope: Scope
) -> Iterator[Problem]:
    if azure and "azure" in clouds:
        yield from _region_problems("azure", azure.region, zone, scope)


def _region_problems(
    cloud: Cloud, region: str, zone: str, scope: Scope
) -> Iterator[Problem]:
    """The region lies in the zone, and the cloud offers Claude there within the
    scope."""
    if outside(zone, cloud, (region,)):
        yield Problem(
            path=(cloud, "region"),
            found=f"`{region}`, which is not known to lie in zone `{zone}`",
            expected=f"a region of zone `{zone}`",
            consequence="Audit records and requests would leave the zone.",
            remedy=(
                "Choose a region of the zone, or take the cloud out of `trivium:clouds`"
            ),
        )
        return
    trouble = _offer_problem(cloud, region, zone, scope)
    if trouble:
        yield Problem(
            path=(cloud, "region"),
            found=f"`{region}` with scope `{scope}`",
            expected="a region and a scope in which the cloud offers Claude",
            consequence=f"{trouble}.",
            remedy=(
                "Choose another region or scope, or take the cloud out of"
                " `trivium:clouds`"
            ),
        )


def _offer_problem(cloud: Cloud, region: str, zone: str, scope: Scope) -> str:
    if cloud == "aws" and scope == "regional" and region not in offers.AWS_REGIONAL:
        return (
            "Bedrock runs Claude inside one Region only in"
            f" {', '.join(sorted(offers.AWS_REGIONAL))}"
        )
    if cloud == "azure" and region not in offers.AZURE_REGIONS:
        return (
            f"Foundry deploys Claude only in {', '.join(sorted(offers.AZURE_REGIONS))}"
        )
    try:
        if cloud == "aws":
            offers.profile_id("", region=region, scope=scope)
        elif cloud == "gcp":
            offers.vertex_location(zone=zone, region=region, scope=scope)
        else:
            offers.azure_sku(scope)
            offers.azure_destination(region=region, scope=scope)
    except ConfigurationError as error:
        return error.message.rstrip(".")
    return ""


def _models_rule(
    clouds: list[Cloud], scope: str, models: dict[str, str], catalogue: Catalogue
) -> Iterator[Problem]:
    """Every model is known, belongs to its tier and is offered on every listed
    cloud."""
    for tier, name in models.items():
        entry = catalogue.models.get(name)
        fitting = tuple(
            key for key, model in catalogue.models.items() if model.tier == tier
        )
        if entry is None or entry.tier != tier:
            yield Problem(
                path=("models", tier),
                found=(
                    f"`{name}`"
                    if entry is None
                    else f"`{name}`, which is of tier `{entry.tier}`"
                ),
                expected=(
                    f"a model of tier `{tier}` in the catalogue of {catalogue.as_of}:"
                    f" {', '.join(fitting)}"
                ),
                consequence=(
                    "Applications would get another model than they ask for, or none."
                ),
                example=fitting[0] if fitting else "",
                meant=nearest(name, fitting),
            )
            continue
        without = [cloud for cloud in clouds if cloud not in entry.ids]
        if (
            "gcp" in clouds
            and scope == "regional"
            and name not in offers.GCP_REGIONAL_MODELS
        ):
            without.append("gcp")
        if without:
            yield Problem(
                path=("models", tier),
                found=(
                    f"`{name}`, which {' and '.join(without)} does not offer with scope"
                    f" `{scope}`"
                ),
                expected="a model that every listed cloud offers",
                consequence="Failover would change the model or fail.",
                remedy=(
                    "Choose another model or scope, or take the cloud out of"
                    " `trivium:clouds`"
                ),
            )


def _roles_rule(
    roles: dict[str, str], models: dict[str, str], clouds: list[str]
) -> Iterator[Problem]:
    for role, tier in roles.items():
        if tier not in models:
            yield Problem(
                path=("roles", role),
                found=f"`{tier}`",
                expected=f"a tier that `models` defines: {', '.join(models)}",
                consequence="Applications would ask for a role that means nothing.",
                example=next(iter(models)),
            )
        if role in models or role in clouds:
            yield Problem(
                path=("roles", role),
                found=f"`{role}`, which is already the name of a tier or a route",
                expected="another name",
                consequence="Applications could not tell which of the two they get.",
                remedy="Rename the role",
            )


def _zones_rule(aws: AwsSettings | None) -> Iterator[Problem]:
    zones = aws.availability_zones if aws else []
    for index, zone in enumerate(zones):
        if aws and zone[:-1] != aws.region:
            yield Problem(
                path=("aws", "availability_zones", index),
                found=f"`{zone}`",
                expected=f"a zone of Region `{aws.region}`",
                consequence="AWS would reject the subnet.",
                example=f"{aws.region}a",
            )
    if len(set(zones)) != len(zones):
        yield Problem(
            path=("aws", "availability_zones"),
            found=shown(zones),
            expected="each zone once",
            consequence="The failure of one zone would take both subnets.",
            remedy="Remove the repetition",
        )


def _archive_rule(purpose: str, retention: RetentionSettings) -> Iterator[Problem]:
    if purpose == "production" and not PRESETS[retention.preset].archive:
        archives = tuple(name for name, preset in PRESETS.items() if preset.archive)
        yield Problem(
            path=("retention", "preset"),
            found=f"`{retention.preset}` in production",
            expected=f"one of {', '.join(archives)}",
            consequence="Records would be gone before any auditor asks for them.",
            example=archives[0],
        )


def _lock_rule(
    purpose: str, retention: RetentionSettings, clouds: list[str]
) -> Iterator[Problem]:
    if retention.lock != "locked":
        return
    if purpose != "production":
        yield Problem(
            path=("retention", "lock"),
            found=f"`locked` in a stack for {purpose}",
            expected="`unlocked` outside production",
            consequence=(
                "Nobody, AWS and Google included, could delete it for"
                f" {PRESETS[retention.preset].days} days."
            ),
            example="unlocked",
        )
    if "azure" in clouds:
        yield Problem(
            path=("retention", "lock"),
            found="`locked` with Azure among the clouds",
            expected="`unlocked`",
            consequence=(
                "This version cannot lock an Azure container's policy, and does not"
                " claim what it cannot do."
            ),
            example="unlocked",
        )


def _content_rule(audit: AuditSettings, clouds: list[str]) -> Iterator[Problem]:
    if audit.provider_content == "full" and set(clouds) != {"aws"}:
        yield Problem(
            path=("audit", "provider_content"),
            found="`full` with clouds other than AWS",
            expected="`metadata`",
            consequence=(
                "This version makes only Bedrock keep prompts and replies; elsewhere"
                " they would be missing."
            ),
            example="metadata",
        )


_RULES: tuple[_Rule, ...] = (
    _sections_rule,
    _signers_rule,
    _scope_rule,
    _models_rule,
    _roles_rule,
    _zones_rule,
    _archive_rule,
    _lock_rule,
    _content_rule,
    _aws_region_rule,
    _gcp_region_rule,
    _azure_region_rule,
)
