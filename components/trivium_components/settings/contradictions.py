"""Contradictions between subjects, and the check of all contradictions.

A rule is a function whose parameters name the keys that it needs, or `catalogue`. It
runs only if each of those keys is valid on its own: one typo does not cause a dozen
messages, and unrelated problems are still reported together.
"""

from collections.abc import Callable, Iterator, Mapping
from inspect import signature
from typing import Any

from trivium.vocabulary.catalogue import Catalogue, Scope
from trivium.vocabulary.residency import Cloud, outside
from trivium_components import naming, offers
from trivium_components.retention import PRESETS
from trivium_components.settings import aws as aws_keys
from trivium_components.settings import azure as azure_keys
from trivium_components.settings import clouds as cloud_keys
from trivium_components.settings import gcp as gcp_keys
from trivium_components.settings import models as model_keys
from trivium_components.settings import residency as residency_keys
from trivium_components.settings.audit import AuditSettings
from trivium_components.settings.aws import AwsSettings
from trivium_components.settings.azure import AzureSettings
from trivium_components.settings.environment import Purpose
from trivium_components.settings.gcp import GcpSettings
from trivium_components.settings.network import NetworkSettings
from trivium_components.settings.problem import Problem, shown
from trivium_components.settings.retention import RetentionSettings

Rule = Callable[..., Iterator[Problem]]

_RECORDS_LEAVE = "Audit records and requests would leave the zone."
_TAKE_OUT = "take the cloud out of `trivium:clouds`"


def contradictions(usable: Mapping[str, Any], catalogue: Catalogue) -> list[Problem]:
    """What the keys exclude of each other.

    `usable` holds the values of the keys that are valid on their own. Any: values of
    every type.
    """
    known = {**usable, "catalogue": catalogue}
    found: list[Problem] = []
    for rule in RULES:
        needs = signature(rule).parameters
        if needs.keys() <= known.keys():
            found += rule(**{name: known[name] for name in needs})
    return found


def _sections_match_clouds(
    clouds: list[Cloud],
    aws: AwsSettings | None,
    gcp: GcpSettings | None,
    azure: AzureSettings | None,
) -> Iterator[Problem]:
    """A listed cloud has a section, and a section belongs to a listed cloud."""
    for name, section in (("aws", aws), ("gcp", gcp), ("azure", azure)):
        if name in clouds and section is None:
            yield Problem(
                path=(name,),
                found="missing",
                expected="a section, because `clouds` lists it",
                consequence="The stack could not be deployed to this cloud.",
                remedy=f"Add the section, or {_TAKE_OUT}",
            )
        if name not in clouds and section is not None:
            yield Problem(
                path=(name,),
                found="a section that `clouds` does not list",
                expected="sections only for the clouds in `clouds`",
                consequence="It would silently have no effect.",
                remedy="Remove the section, or add the cloud to `trivium:clouds`",
            )


def _new_networks_have_a_range(
    clouds: list[Cloud],
    network: NetworkSettings | None,
    aws: AwsSettings | None,
    gcp: GcpSettings | None,
    azure: AzureSettings | None,
) -> Iterator[Problem]:
    """An address range is given if, and only if, a network is created."""
    sections = (("aws", aws), ("gcp", gcp), ("azure", azure))
    created = [
        name
        for name, section in sections
        if name in clouds and section and not section.existing_network
    ]
    named = [name for name, section in sections if name in clouds and section]
    if network is None and created:
        yield Problem(
            path=("network",),
            found="missing",
            expected=f"a section with `cidr`, because {' and '.join(created)} gets one",
            consequence="The private networks could not be created.",
            remedy="Write it as shown in docs/configuration.md",
        )
    if network is not None and named and not created:
        yield Problem(
            path=("network",),
            found="given although every cloud has an `existing_network`",
            expected="no address range, because no network is created",
            consequence="It would silently have no effect.",
            remedy="Remove it",
        )


def _signers_are_of_the_first_cloud(
    clouds: list[Cloud],
    aws: AwsSettings | None,
    gcp: GcpSettings | None,
    azure: AzureSettings | None,
) -> Iterator[Problem]:
    """Only one cloud has a key to sign with."""
    for name, section in (("aws", aws), ("gcp", gcp), ("azure", azure)):
        if section and section.signers and name in clouds and name != clouds[0]:
            yield Problem(
                path=(name, "signers"),
                found=shown(section.signers),
                expected=(
                    f"signers only for the first cloud, `{clouds[0]}`, which keeps the"
                    " signing key"
                ),
                consequence="They would silently have no effect.",
                remedy="Remove them, or name the cloud first in `trivium:clouds`",
            )


def _signers_are_not_governed(
    environment: str,
    clouds: list[Cloud],
    aws: AwsSettings | None,
    gcp: GcpSettings | None,
    azure: AzureSettings | None,
) -> Iterator[Problem]:
    """An identity that a descriptor governs does not sign descriptors."""
    applications = tuple(_applications(environment, aws, gcp))
    for name, section in (("aws", aws), ("gcp", gcp), ("azure", azure)):
        if section is None or name not in clouds:
            continue
        # UUIDs and mail addresses ignore case, and no account has two roles that
        # differ only in case.
        governed = dict.fromkeys(
            (invoker.casefold() for invoker in section.invokers),
            "is among the invokers",
        )
        governed |= dict.fromkeys(applications, "is the application itself")
        for index, signer in enumerate(section.signers):
            if why := governed.get(signer.casefold()):
                yield Problem(
                    path=(name, "signers", index),
                    found=f"`{signer}`, which {why}",
                    expected="an identity that the descriptor does not govern",
                    consequence="An application could sign away its own constitution.",
                    remedy=(
                        "Name the identity that runs `trivium deployment sign`, and no"
                        " application"
                    ),
                )


def _applications(
    environment: str, aws: AwsSettings | None, gcp: GcpSettings | None
) -> Iterator[str]:
    """The identities that the deployment creates for its application, in lower case.

    Azure assigns a UUID later.
    """
    if aws:
        role = naming.dashed(environment, "application", limit=64)
        partition = naming.aws_partition(aws.region)
        yield f"arn:{partition}:iam::{aws.account_id}:role/{role}".casefold()
    if gcp:
        account = naming.dashed(environment, "app", limit=30)
        address = f"{account}@{gcp.project}.iam.gserviceaccount.com"
        yield f"serviceAccount:{address}".casefold()


def _aws_region_is_offered(
    aws: AwsSettings | None, clouds: list[Cloud], zone: str, scope: Scope
) -> Iterator[Problem]:
    """See `_region_problems`."""
    if aws and "aws" in clouds:
        yield from _region_problems("aws", aws.region, zone, scope)


def _gcp_region_is_offered(
    gcp: GcpSettings | None, clouds: list[Cloud], zone: str, scope: Scope
) -> Iterator[Problem]:
    """See `_region_problems`."""
    if gcp and "gcp" in clouds:
        yield from _region_problems("gcp", gcp.region, zone, scope)


def _azure_region_is_offered(
    azure: AzureSettings | None, clouds: list[Cloud], zone: str, scope: Scope
) -> Iterator[Problem]:
    """See `_region_problems`."""
    if azure and "azure" in clouds:
        yield from _region_problems("azure", azure.region, zone, scope)


def _replicas_stay_inside(
    clouds: list[Cloud], zone: str, aws: AwsSettings | None, gcp: GcpSettings | None
) -> Iterator[Problem]:
    """A copy of the audit store is in another region of the zone."""
    for name, section in (("aws", aws), ("gcp", gcp)):
        if section is None or name not in clouds or not section.replica_region:
            continue
        yield from _replica_problems(name, section.region, section.replica_region, zone)


def _replica_problems(
    cloud: Cloud, region: str, replica: str, zone: str
) -> Iterator[Problem]:
    """Why a copy cannot be in `replica`."""
    found, expected = "", f"another region of zone `{zone}`"
    if replica == region:
        found, why = "the region of the audit store itself", "There would be no copy."
    elif outside(zone, cloud, (replica,)):
        found, why = f"not known to lie in zone `{zone}`", _RECORDS_LEAVE
    elif cloud == "gcp" and not offers.gcp_dual_region(region, replica):
        found = f"not in one multi-region with `{region}`"
        expected = "a region of the same multi-region, `us` or `eu`"
        why = "Google Cloud has no such dual-region bucket."
    elif cloud == "aws" and naming.aws_partition(replica) != naming.aws_partition(
        region
    ):
        found, why = f"in another partition than `{region}`", "S3 could not copy to it."
    if found:
        yield Problem(
            path=(cloud, "replica_region"),
            found=f"`{replica}`, which is {found}",
            expected=expected,
            consequence=why,
            remedy="Choose another region, or remove the key",
        )


def _region_problems(
    cloud: Cloud, region: str, zone: str, scope: Scope
) -> Iterator[Problem]:
    """The region is in the zone, and the cloud offers Claude there in this scope."""
    if outside(zone, cloud, (region,)):
        yield Problem(
            path=(cloud, "region"),
            found=f"`{region}`, which is not known to lie in zone `{zone}`",
            expected=f"a region of zone `{zone}`",
            consequence=_RECORDS_LEAVE,
            remedy=f"Choose a region of the zone, or {_TAKE_OUT}",
        )
    elif why := offers.why_not(cloud, region=region, zone=zone, scope=scope):
        yield Problem(
            path=(cloud, "region"),
            found=f"`{region}` with scope `{scope}`",
            expected="a region and a scope in which the cloud offers Claude",
            consequence=why,
            remedy=f"Choose another region or scope, or {_TAKE_OUT}",
        )


def _models_are_offered(
    clouds: list[Cloud], scope: Scope, models: dict[str, str], catalogue: Catalogue
) -> Iterator[Problem]:
    """Every listed cloud offers every model that the catalogue knows."""
    for tier, name in models.items():
        entry = catalogue.models.get(name)
        if entry is None or entry.tier != tier:
            continue
        without = [cloud for cloud in clouds if cloud not in entry.ids]
        regional = scope == "regional" and name not in offers.GCP_REGIONAL_MODELS
        if regional and "gcp" in clouds:
            without.append("gcp")
        if without:
            yield Problem(
                path=("models", tier),
                found=(
                    f"`{name}`, which {' and '.join(without)} does not offer with scope"
                    f" `{scope}`"
                ),
                expected="a model that every listed cloud offers",
                consequence="Failover would change the model, or fail.",
                remedy=f"Choose another model or scope, or {_TAKE_OUT}",
            )


def _role_names_are_free(
    roles: dict[str, str], models: dict[str, str], clouds: list[Cloud]
) -> Iterator[Problem]:
    """A role is not named like a tier or a route."""
    for role in roles:
        if role in models or role in clouds:
            yield Problem(
                path=("roles", role),
                found=f"`{role}`, which is already the name of a tier or a route",
                expected="another name",
                consequence="Requests for this name would be ambiguous.",
                remedy="Rename the role",
            )


def _production_keeps_an_archive(
    purpose: Purpose, retention: RetentionSettings
) -> Iterator[Problem]:
    """Production has a preset that may be the only archive."""
    if purpose == "production" and not PRESETS[retention.preset].archive:
        archives = tuple(name for name, preset in PRESETS.items() if preset.archive)
        yield Problem(
            path=("retention", "preset"),
            found=f"`{retention.preset}` in production",
            expected=f"one of {', '.join(archives)}",
            consequence="Records would be deleted before an auditor asks for them.",
            example=archives[0],
        )


def _only_production_locks(
    purpose: Purpose, retention: RetentionSettings
) -> Iterator[Problem]:
    """What cannot be deleted for years is not made for a trial."""
    if retention.lock == "locked" and purpose != "production":
        yield Problem(
            path=("retention", "lock"),
            found=f"`locked` in a stack for {purpose}",
            expected="`unlocked` outside production",
            consequence=(
                "Nobody, including AWS and Google, could delete the store for"
                f" {PRESETS[retention.preset].days} days."
            ),
            example="unlocked",
        )


def _azure_is_not_locked(
    retention: RetentionSettings, clouds: list[Cloud]
) -> Iterator[Problem]:
    """This version has no lock for Azure."""
    if retention.lock == "locked" and "azure" in clouds:
        yield Problem(
            path=("retention", "lock"),
            found="`locked` with Azure among the clouds",
            expected="`unlocked`",
            consequence=(
                "This version cannot lock the policy of an Azure container, so the"
                " store would be weaker than the descriptor states."
            ),
            example="unlocked",
        )


def _only_aws_keeps_content(
    audit: AuditSettings, clouds: list[Cloud]
) -> Iterator[Problem]:
    """Only AWS can keep prompts and replies in its own log."""
    if audit.provider_content == "full" and set(clouds) != {"aws"}:
        yield Problem(
            path=("audit", "provider_content"),
            found="`full` with clouds other than AWS",
            expected="`metadata`",
            consequence=(
                "In this version only Bedrock logs prompts and replies; the logs of the"
                " other clouds would lack them."
            ),
            example="metadata",
        )


RULES: tuple[Rule, ...] = (
    *cloud_keys.RULES,
    _sections_match_clouds,
    _new_networks_have_a_range,
    _signers_are_of_the_first_cloud,
    _signers_are_not_governed,
    *residency_keys.RULES,
    *model_keys.RULES,
    _models_are_offered,
    _role_names_are_free,
    *aws_keys.RULES,
    *gcp_keys.RULES,
    *azure_keys.RULES,
    _production_keeps_an_archive,
    _only_production_locks,
    _azure_is_not_locked,
    _only_aws_keeps_content,
    _aws_region_is_offered,
    _gcp_region_is_offered,
    _azure_region_is_offered,
    _replicas_stay_inside,
)
"""Every rule, in the order in which problems are reported."""
