"""The keys of Amazon Web Services."""

import re
from collections.abc import Iterator, Mapping, Sequence
from string import ascii_lowercase
from typing import Annotated, Any

from pydantic import Field

from trivium.vocabulary.catalogue import Scope
from trivium_components import cidr, naming
from trivium_components.settings.adopted import (
    AwsExistingNetwork,
    aws_network_problems,
)
from trivium_components.settings.guardrail import GuardrailSettings, guardrail_problems
from trivium_components.settings.key import Key, Section
from trivium_components.settings.problem import Problem

_ACCOUNT = r"^[0-9]{12}$"
_REGION = r"^[a-z]{2}(-gov)?-[a-z]+-[0-9]$"
_ZONE = r"^[a-z]{2}(-gov)?-[a-z]+-[0-9][a-z]$"
# One role or one user. A whole account (`:root`) and `*` are refused: either would
# admit principals that nobody has named.
_PRINCIPAL = r"^arn:aws(-us-gov)?:iam::[0-9]{12}:(role|user)/[\w+=,.@/-]+$"
_KEY = r"^(arn:aws(-us-gov)?:kms:[a-z0-9-]+:[0-9]{12}:key/[0-9a-zA-Z-]+)?$"
# All objects of S3 would include the trail's own files, so S3 is refused as a whole.
_DATA_EVENT = r"^AWS::([A-RT-Za-z][A-Za-z0-9]*|S[A-Za-z0-9]{2,})::[A-Za-z0-9]+$"


def zones_instead(section: Mapping[str, Any]) -> dict[int, str]:
    """A zone for each entry of `availability_zones` that cannot stay, by its index.

    An entry can stay if it is a zone of the Region and not a repetition. Every
    suggestion is another zone of the Region, and none of those that stay. Whether the
    account has a zone of that letter, only AWS knows. Any: as configured, valid or not.
    """
    region, zones = section.get("region"), section.get("availability_zones")
    if not isinstance(region, str) or not re.fullmatch(_REGION, region):
        return {}
    if not isinstance(zones, Sequence) or isinstance(zones, str):
        return {}
    offered = [f"{region}{letter}" for letter in ascii_lowercase]
    stay = {
        index
        for index, zone in enumerate(zones)
        if zone in offered and zone not in zones[:index]
    }
    free = (zone for zone in offered if zone not in zones)
    return {index: next(free, "") for index in range(len(zones)) if index not in stay}


class AwsSettings(Section):
    """Amazon Web Services."""

    account_id: Annotated[
        str,
        Field(pattern=_ACCOUNT),
        Key(
            expected="twelve digits in quotes",
            consequence="The stack could be deployed to the wrong account.",
            example="'111122223333'",
        ),
    ]
    """Account to deploy to; the provider refuses credentials of any other account."""
    region: Annotated[
        str,
        Field(pattern=_REGION),
        Key(
            expected="an AWS Region such as `us-east-1`",
            consequence="AWS could not create the resources.",
            example="us-east-1",
        ),
    ]
    """Region of all resources and of the Bedrock endpoint; `scope` decides where
    inference runs."""
    availability_zones: Annotated[
        list[Annotated[str, Field(pattern=_ZONE)]],
        Field(min_length=2, max_length=cidr.SUBNETS_PER_CLOUD),
        Key(
            expected=(
                f"2 to {cidr.SUBNETS_PER_CLOUD} availability zones of the Region, such"
                " as `us-east-1a`"
            ),
            consequence=(
                "With fewer than two, the failure of one zone disconnects the"
                " application from Bedrock."
            ),
            example="us-east-1a",
            suggest=zones_instead,
        ),
    ] = Field(default_factory=list)
    """Availability zones that get a subnet, in order; required without
    `existing_network`. Only append to the list: a zone's
    address range depends on its position."""
    existing_network: Annotated[
        AwsExistingNetwork | None,
        Key(consequence="The private endpoints could not be created."),
    ] = None
    """A VPC to use instead of a new one; it excludes `availability_zones`, and takes
    no part of `network.cidr`."""
    encryption_key: Annotated[
        str,
        Field(pattern=_KEY),
        Key(
            expected="the ARN of a KMS key of the account and Region, or an empty text",
            consequence="The audit store could not be encrypted.",
            example=(
                "arn:aws:kms:us-east-1:111122223333:key/"
                "00000000-0000-0000-0000-000000000000"
            ),
        ),
    ] = ""
    """A symmetric key to use instead of a new one, for the audit store and the logs.
    Its policy must admit Bedrock, CloudTrail and CloudWatch Logs."""
    invokers: Annotated[
        list[Annotated[str, Field(pattern=_PRINCIPAL)]],
        Field(min_length=1),
        Key(
            expected=(
                "the ARN of at least one role or user; neither `*` nor a whole account"
            ),
            consequence="The application's role would admit everybody, or nobody.",
            example="arn:aws:iam::111122223333:role/claims-app",
        ),
    ]
    """Principals that may call Claude, by assuming the application's role."""
    signers: Annotated[
        list[Annotated[str, Field(pattern=_PRINCIPAL)]],
        Key(
            expected="ARNs of roles or users; neither `*` nor a whole account",
            consequence="Anybody could sign the descriptor that applications trust.",
            example="arn:aws:iam::111122223333:role/platform-deploy",
        ),
    ] = Field(default_factory=list)
    """Principals that may sign descriptors, in addition to those that the account's IAM
    policies permit. An invoker cannot be a signer."""
    guardrail: Annotated[
        GuardrailSettings, Key(consequence="Bedrock would reject the guardrail.")
    ] = GuardrailSettings()
    """The guardrail that accompanies every call."""
    data_events: Annotated[
        list[Annotated[str, Field(pattern=_DATA_EVENT)]],
        Key(
            expected=(
                "resource types of CloudTrail such as `AWS::Bedrock::Prompt`, without"
                " `AWS::S3::Object`"
            ),
            consequence="CloudTrail would reject the trail, or record its own writes.",
            example="AWS::Bedrock::Prompt",
        ),
    ] = Field(default_factory=list)
    """Resource types whose data events the trail records, in addition to Bedrock's
    agents, flows, guardrails, knowledge bases and models, and the audit segments.
    CloudTrail charges for data events."""
    trail_logs: Annotated[
        bool,
        Key(
            expected="`true` or `false`",
            consequence="Trivium could not tell where the trail is searched.",
            example="true",
        ),
    ] = False
    """Whether the trail also writes into a CloudWatch log group, where alarms can watch
    it."""
    access_log: Annotated[
        bool,
        Key(
            expected="`true` or `false`",
            consequence="Trivium could not tell whether to record accesses.",
            example="true",
        ),
    ] = False
    """Whether S3 records every access to the audit store, in a bucket of its own."""
    replica_region: Annotated[
        str,
        Field(pattern=f"{_REGION}|^$"),
        Key(
            expected="another AWS Region of the zone, or an empty text",
            consequence="The copy of the audit store could not be created.",
            example="us-west-2",
        ),
    ] = ""
    """Region of a second, equally protected copy of the audit store; no copy, if
    empty. S3 copies only objects that are written later."""


class AwsKeys(Section):
    """The section as a key."""

    aws: Annotated[
        AwsSettings | None,
        Key(consequence="`clouds` lists AWS, which could not be deployed to."),
    ] = None
    """Amazon Web Services; required if `clouds` lists `aws`."""


def zones_are_of_the_region(aws: AwsSettings | None) -> Iterator[Problem]:
    """Every availability zone belongs to the Region and is listed once."""
    if aws is None:
        return
    zones, instead = aws.availability_zones, zones_instead(aws.model_dump())
    for index, suggestion in instead.items():
        zone, ours = zones[index], zones[index][:-1] == aws.region
        yield Problem(
            path=("aws", "availability_zones", index),
            found=f"`{zone}` again" if ours else f"`{zone}`",
            expected="each zone once" if ours else f"a zone of Region `{aws.region}`",
            consequence=(
                "The failure of one zone would affect both subnets."
                if ours
                else "AWS would reject the subnet."
            ),
            example=suggestion,
        )


def guardrail_fits(
    aws: AwsSettings | None, zone: str, scope: Scope
) -> Iterator[Problem]:
    """See `guardrail_problems`."""
    if aws is not None:
        yield from guardrail_problems(
            aws.guardrail, region=aws.region, zone=zone, scope=scope
        )


def zones_are_of_a_new_network(aws: AwsSettings | None) -> Iterator[Problem]:
    """A new network needs zones; an existing one has them already."""
    if aws is None or bool(aws.availability_zones) != bool(aws.existing_network):
        return
    adopts = aws.existing_network is not None
    region = aws.region
    yield Problem(
        path=("aws", "availability_zones"),
        found="given together with `existing_network`" if adopts else "missing",
        expected=(
            "zones only for a new network"
            if adopts
            else f"2 to {cidr.SUBNETS_PER_CLOUD} availability zones of the Region"
        ),
        consequence=(
            "They would silently have no effect."
            if adopts
            else "The network would have no subnet."
        ),
        remedy=(
            "Remove one of the two keys"
            if adopts
            else f"Set it, for example to `[{region}a, {region}b]`"
        ),
    )


def adopted_fits(aws: AwsSettings | None) -> Iterator[Problem]:
    """What exists already is of the account and Region, and complete."""
    if aws is None:
        return
    if aws.existing_network:
        yield from aws_network_problems(aws.existing_network)
    home = f"arn:{naming.aws_partition(aws.region)}:kms:{aws.region}:{aws.account_id}:"
    if aws.encryption_key and not aws.encryption_key.startswith(home):
        yield Problem(
            path=("aws", "encryption_key"),
            found=f"`{aws.encryption_key}`",
            expected=f"a key whose ARN starts with `{home}`",
            consequence="The bucket is in this Region, and a key serves only its own.",
            remedy="Name a key of the account and Region",
        )


RULES = (
    zones_are_of_a_new_network,
    adopted_fits,
    zones_are_of_the_region,
    guardrail_fits,
)
