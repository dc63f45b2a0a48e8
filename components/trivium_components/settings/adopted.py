"""Networks and keys that exist already, and are used instead of new ones.

The stack never changes or deletes what it adopts. It adds its private endpoints, its
DNS zones and their rules to an adopted network.
"""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from trivium_components import cidr
from trivium_components.settings.key import Key, Section
from trivium_components.settings.problem import Problem

AwsEndpoint = Literal["bedrock-runtime", "sts", "kms", "logs", "s3"]
AWS_ENDPOINTS: tuple[AwsEndpoint, ...] = (
    *("bedrock-runtime", "sts", "kms"),
    *("logs", "s3"),
)
"""Services that get a private endpoint, unless the network has one already."""

_NOT_FOUND = "The private endpoints could not be created."
_VPC = r"^vpc-[0-9a-f]{8,17}$"
_SUBNET = r"^subnet-[0-9a-f]{8,17}$"
_ROUTE_TABLE = r"^rtb-[0-9a-f]{8,17}$"
_GCP_NETWORK = (
    r"^projects/[a-z][a-z0-9-]{4,28}[a-z0-9]/global/networks/[a-z0-9-]{1,63}$"
)
_GCP_SUBNET = (
    r"^projects/[a-z][a-z0-9-]{4,28}[a-z0-9]/regions/[a-z0-9-]+/subnetworks/"
    r"[a-z0-9-]{1,63}$"
)
_ADDRESS = r"^[0-9]{1,3}(\.[0-9]{1,3}){3}$"
_VNET = (
    r"^/subscriptions/[0-9a-fA-F-]{36}/resourceGroups/[^/\s]+/providers/"
    r"Microsoft\.Network/virtualNetworks/[^/\s]+"
)


class AwsExistingNetwork(Section):
    """A VPC that exists already."""

    id: Annotated[
        str,
        Field(pattern=_VPC),
        Key(
            expected="the id of a VPC such as `vpc-0a1b2c3d4e5f67890`",
            consequence=_NOT_FOUND,
            example="vpc-0a1b2c3d4e5f67890",
        ),
    ]
    """The VPC; both of its DNS options must be on."""
    subnet_ids: Annotated[
        list[Annotated[str, Field(pattern=_SUBNET)]],
        Field(min_length=2, max_length=cidr.SUBNETS_PER_CLOUD),
        Key(
            expected=(
                f"2 to {cidr.SUBNETS_PER_CLOUD} subnets of the VPC, each in another"
                " availability zone"
            ),
            consequence=_NOT_FOUND,
            example="subnet-0a1b2c3d4e5f67890",
        ),
    ]
    """Private subnets in which the endpoints are placed."""
    route_table_ids: Annotated[
        list[Annotated[str, Field(pattern=_ROUTE_TABLE)]],
        Key(
            expected="ids of route tables such as `rtb-0a1b2c3d4e5f67890`",
            consequence="The application could not reach the audit store.",
            example="rtb-0a1b2c3d4e5f67890",
        ),
    ] = Field(default_factory=list)
    """Route tables of the application's subnets, which get the route to S3; required
    if `endpoints` contains `s3`."""
    endpoints: Annotated[
        list[AwsEndpoint],
        Field(min_length=1),
        Key(
            expected=f"some of {', '.join(AWS_ENDPOINTS)}, with `bedrock-runtime`",
            consequence="Calls of Claude could leave the private network.",
            example="bedrock-runtime",
        ),
    ] = Field(default_factory=lambda: list(AWS_ENDPOINTS))
    """Services that get a private endpoint. Leave out those that the VPC has already:
    AWS refuses a second one with private DNS. An endpoint's policy admits only this
    account, for every caller in the VPC."""


class GcpExistingNetwork(Section):
    """A VPC network that exists already."""

    id: Annotated[
        str,
        Field(pattern=_GCP_NETWORK),
        Key(
            expected="`projects/PROJECT/global/networks/NAME`",
            consequence=_NOT_FOUND,
            example="projects/acme-claude-prod/global/networks/main",
        ),
    ]
    """The network, in the project of the stack."""
    subnet_ids: Annotated[
        list[Annotated[str, Field(pattern=_GCP_SUBNET)]],
        Field(min_length=1, max_length=1),
        Key(
            expected="one `projects/PROJECT/regions/REGION/subnetworks/NAME`",
            consequence=_NOT_FOUND,
            example="projects/acme-claude-prod/regions/us-central1/subnetworks/main",
        ),
    ]
    """The application's subnet, in the region of the stack."""
    endpoint_address: Annotated[
        str,
        Field(pattern=_ADDRESS),
        Key(
            expected="an unused private address outside every subnet of the network",
            consequence="Google Cloud would reject the endpoint for its APIs.",
            example="10.200.0.5",
        ),
    ]
    """Address of the endpoint for Google's APIs."""


class AzureExistingNetwork(Section):
    """A virtual network that exists already."""

    id: Annotated[
        str,
        Field(pattern=f"{_VNET}$"),
        Key(
            expected="the resource id of a virtual network",
            consequence=_NOT_FOUND,
            example=(
                "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/"
                "network/providers/Microsoft.Network/virtualNetworks/main"
            ),
        ),
    ]
    """The virtual network."""
    subnet_ids: Annotated[
        list[Annotated[str, Field(pattern=rf"{_VNET}/subnets/[^/\s]+$")]],
        Field(min_length=1, max_length=1),
        Key(
            expected="the resource id of one subnet of the virtual network",
            consequence=_NOT_FOUND,
            example=(
                "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/"
                "network/providers/Microsoft.Network/virtualNetworks/main/subnets/apps"
            ),
        ),
    ]
    """The application's subnet, with the service endpoints `Microsoft.Storage` and
    `Microsoft.KeyVault`."""


def aws_network_problems(existing: AwsExistingNetwork) -> Iterator[Problem]:
    """The model API has an endpoint, and S3 has a route if it has one."""
    at = ("aws", "existing_network")
    if "bedrock-runtime" not in existing.endpoints:
        yield Problem(
            path=(*at, "endpoints"),
            found="without `bedrock-runtime`",
            expected="`bedrock-runtime` among them",
            consequence="Calls of Claude could pass an endpoint without our policy.",
            remedy="Add it, and remove the VPC's own endpoint of this service",
        )
    if "s3" in existing.endpoints and not existing.route_table_ids:
        yield Problem(
            path=(*at, "route_table_ids"),
            found="missing",
            expected="the route tables of the application's subnets",
            consequence="The application could not reach the audit store.",
            remedy="Name them, or leave `s3` out of `endpoints`",
        )


def gcp_network_problems(
    existing: GcpExistingNetwork, *, project: str, region: str
) -> Iterator[Problem]:
    """The network is of the project, and the subnet of the project and region."""
    homes = {
        ("id",): (existing.id, f"projects/{project}/"),
        ("subnet_ids", 0): (
            existing.subnet_ids[0],
            f"projects/{project}/regions/{region}/",
        ),
    }
    for path, (found, home) in homes.items():
        if not found.startswith(home):
            yield Problem(
                path=("gcp", "existing_network", *path),
                found=f"`{found}`",
                expected=f"an id that starts with `{home}`",
                consequence="The endpoints could not be created in the network.",
                remedy="Name a network and a subnet of the stack's project and region",
            )


def azure_network_problems(existing: AzureExistingNetwork) -> Iterator[Problem]:
    """The subnet is of the virtual network; Azure ignores case in ids."""
    subnet = existing.subnet_ids[0]
    if not subnet.casefold().startswith(f"{existing.id}/subnets/".casefold()):
        yield Problem(
            path=("azure", "existing_network", "subnet_ids", 0),
            found=f"`{subnet}`",
            expected=f"a subnet of `{existing.id}`",
            consequence="The private names would not resolve in the subnet.",
            remedy="Name a subnet of the virtual network",
        )
