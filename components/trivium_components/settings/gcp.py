"""The keys of Google Cloud."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from trivium_components.settings.adopted import (
    GcpExistingNetwork,
    gcp_network_problems,
)
from trivium_components.settings.key import Key, Section
from trivium_components.settings.problem import Problem

_PROJECT = r"^[a-z][a-z0-9-]{4,28}[a-z0-9]$"
_REGION = r"^[a-z]+-[a-z]+[0-9]{1,2}$"
# `allUsers` and `allAuthenticatedUsers` have no colon, so they never match.
_KEY = (
    r"^(projects/[a-z][a-z0-9-]{4,28}[a-z0-9]/locations/[a-z0-9-]+/keyRings/"
    r"[a-zA-Z0-9_-]{1,63}/cryptoKeys/[a-zA-Z0-9_-]{1,63})?$"
)
_MEMBER = (
    r"^(user|group|serviceAccount):[^@\s]+@[^@\s]+$"
    r"|^principal(Set)?://iam\.googleapis\.com/\S+$"
)


class GcpSettings(Section):
    """Google Cloud."""

    project: Annotated[
        str,
        Field(pattern=_PROJECT),
        Key(
            expected=(
                "a project id: 6 to 30 lower-case letters, digits and `-`, starting"
                " with a letter"
            ),
            consequence="Google Cloud would not find the project.",
            example="acme-claude-prod",
        ),
    ]
    """Project to deploy to."""
    region: Annotated[
        str,
        Field(pattern=_REGION),
        Key(
            expected="a Google Cloud region such as `us-central1`",
            consequence="Google Cloud could not create the resources.",
            example="us-central1",
        ),
    ]
    """Region of all resources; the Vertex AI endpoint follows from `scope`."""
    invokers: Annotated[
        list[Annotated[str, Field(pattern=_MEMBER)]],
        Field(min_length=1),
        Key(
            expected=(
                "at least one member such as `group:claims@example.com` or"
                " `serviceAccount:…`; never `allUsers`"
            ),
            consequence=(
                "The application's service account would admit everybody, or nobody."
            ),
            example="group:claims@example.com",
        ),
    ]
    """Members that may call Claude, by impersonating the application's service
    account."""
    signers: Annotated[
        list[Annotated[str, Field(pattern=_MEMBER)]],
        Key(
            expected=(
                "members such as `group:platform@example.com` or `serviceAccount:…`;"
                " never `allUsers`"
            ),
            consequence="Anybody could sign the descriptor that applications trust.",
            example="group:platform@example.com",
        ),
    ] = Field(default_factory=list)
    """Members that may sign descriptors, in addition to the project's owners. An
    invoker cannot be a signer."""
    existing_network: Annotated[
        GcpExistingNetwork | None,
        Key(consequence="The private endpoints could not be created."),
    ] = None
    """A VPC network to use instead of a new one; it takes no part of
    `network.cidr`."""
    encryption_key: Annotated[
        str,
        Field(pattern=_KEY),
        Key(
            expected=(
                "`projects/PROJECT/locations/REGION/keyRings/RING/cryptoKeys/KEY` in"
                " the region of the stack, or an empty text"
            ),
            consequence="The audit store could not be encrypted.",
            example=(
                "projects/acme-claude-prod/locations/us-central1/keyRings/audit/"
                "cryptoKeys/store"
            ),
        ),
    ] = ""
    """A key of yours that encrypts the audit store; Google's own, if empty. Cloud
    Storage's service agent must be allowed to use it."""
    replica_region: Annotated[
        str,
        Field(pattern=f"{_REGION}|^$"),
        Key(
            expected="another Google Cloud region of the zone, or an empty text",
            consequence="The audit store could not be created.",
            example="us-east1",
        ),
    ] = ""
    """Second region of the audit store, which is then a dual-region bucket; one region,
    if empty. Set it before the first deployment: a bucket cannot move."""


def adopted_fits(gcp: GcpSettings | None) -> Iterator[Problem]:
    """What exists already is of the project and region."""
    if gcp is None:
        return
    if gcp.existing_network:
        yield from gcp_network_problems(
            gcp.existing_network, project=gcp.project, region=gcp.region
        )
    at = gcp.encryption_key.split("/")[3:4]
    # Which keys a dual-region bucket accepts is not verified, so it gets none.
    if at and (at != [gcp.region] or gcp.replica_region):
        yield Problem(
            path=("gcp", "encryption_key"),
            found=f"a key in `{at[0]}`",
            expected=f"a key in `{gcp.region}`, and no `replica_region`",
            consequence="Cloud Storage refuses a key that is not where the bucket is.",
            remedy="Name a key of the region, or remove one of the two keys",
        )


RULES = (adopted_fits,)


class GcpKeys(Section):
    """The section as a key."""

    gcp: Annotated[
        GcpSettings | None,
        Key(consequence="`clouds` lists Google Cloud, which could not be deployed to."),
    ] = None
    """Google Cloud; required if `clouds` lists `gcp`."""
