"""A network without internet access, and private endpoints for what it needs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NotRequired, TypedDict

import pulumi
from pulumi_aws import ec2

from trivium.errors import ConfigurationError
from trivium_components import cidr, naming
from trivium_components.aws.policy import Statement, document
from trivium_components.component import register, require_one_network

# The model API, tokens for the role, the audit store's key and the application's own
# logs. S3 has a gateway endpoint.
_INTERFACES = ("bedrock-runtime", "sts", "kms", "logs")


class AwsNetworkArgs(TypedDict):
    """Arguments of `AwsNetwork`. For the type, see `component.py`."""

    environment: str
    """Name of the environment; part of every resource's name."""
    account: str
    """AWS account id, twelve digits."""
    region: str
    """Region of the network; the provider must be configured for it."""
    cidr: NotRequired[str]
    """Address range of a new network and of its subnets."""
    availability_zones: NotRequired[list[str]]
    """Availability zones that get a subnet in a new network, in order; only append."""
    network: NotRequired[str]
    """Id of an existing VPC, to use instead of a new one."""
    subnets: NotRequired[list[str]]
    """Ids of the subnets of an existing VPC in which the endpoints are placed."""
    route_tables: NotRequired[list[str]]
    """Ids of the route tables of an existing VPC that get the route to S3."""
    endpoints: NotRequired[list[str]]
    """Services that get a private endpoint; all that a deployment needs, if not
    given."""
    resources: pulumi.Input[list[str]]
    """What may be invoked through the endpoint: `AwsModelAccess.resources`."""
    guardrail_profiles: NotRequired[pulumi.Input[list[str]]]
    """ARNs of the guardrail profiles that may be used through the endpoint:
    `AwsModelAccess.guardrail_profiles`."""
    tags: dict[str, str]
    """Tags of every resource."""


class AwsNetwork(pulumi.ComponentResource):
    """A VPC with private subnets and private endpoints, without an internet gateway.

    Every endpoint has a policy. Routing to the callers' own network (peering, transit
    gateway) is left to the platform team. In an existing VPC, only the endpoints and
    their security group are created: its routes, gateways and flow logs stay as they
    are.
    """

    network_id: pulumi.Output[str]
    """Id of the VPC."""
    subnet_ids: pulumi.Output[list[str]]
    """Ids of the private subnets, in the order of the availability zones."""
    private_endpoint: pulumi.Output[str]
    """Id of the private endpoint of the model API."""

    def __init__(
        self,
        name: str,
        args: AwsNetworkArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("trivium:index:AwsNetwork", name, {}, opts)
        require_one_network(name, args.get("cidr"), args.get("network"))
        inside = pulumi.ResourceOptions(parent=self)
        ground = (
            _adopted(name, args, self)
            if args.get("network")
            else _created(name, args, inside)
        )
        gate = _gate(name, args, ground, inside)
        wanted = args.get("endpoints", [*_INTERFACES, "s3"])
        interfaces = {
            service: _interface(name, service, args, ground, gate, inside)
            for service in _INTERFACES
            if service in wanted or service == "bedrock-runtime"
        }
        if "s3" in wanted:
            _s3_gateway(name, args, ground, inside)

        self.network_id = pulumi.Output.from_input(ground.vpc)
        self.subnet_ids = pulumi.Output.all(*ground.subnets)
        self.private_endpoint = interfaces["bedrock-runtime"].id
        register(self)


@dataclass(frozen=True)
class _Ground:
    """The network in which the endpoints are placed."""

    vpc: pulumi.Input[str]
    """Id of the VPC."""
    subnets: list[pulumi.Input[str]]
    """Ids of its subnets."""
    ranges: list[str]
    """Address ranges from which the endpoints are reached."""
    route_tables: list[pulumi.Input[str]]
    """Ids of the route tables that get the route to S3."""


def _created(name: str, args: AwsNetworkArgs, opts: pulumi.ResourceOptions) -> _Ground:
    """A new VPC with its subnets."""
    vpc = _vpc(name, args, opts)
    return _Ground(
        vpc=vpc.id,
        subnets=[subnet.id for subnet in _subnets(name, args, vpc, opts)],
        ranges=[args["cidr"]],
        route_tables=[vpc.main_route_table_id],
    )


def _adopted(name: str, args: AwsNetworkArgs, parent: pulumi.Resource) -> _Ground:
    """The existing VPC, as AWS describes it.

    Raises `ConfigurationError` if it lacks one of the DNS options without which the
    names of the endpoints would resolve to public addresses.
    """
    found = ec2.get_vpc(id=args["network"], opts=pulumi.InvokeOptions(parent=parent))
    if not (found.enable_dns_support and found.enable_dns_hostnames):
        raise ConfigurationError(
            f"`{name}`: VPC `{args['network']}` has `enableDnsSupport` or"
            " `enableDnsHostnames` off; expected both on. The names of the private"
            " endpoints would resolve to public addresses.",
            next_step="Turn on both options of the VPC.",
        )
    associations = found.cidr_block_associations
    ranges = [each.cidr_block for each in associations if each.state == "associated"]
    return _Ground(
        vpc=args["network"],
        subnets=list(args["subnets"]),
        ranges=ranges or [found.cidr_block],
        route_tables=list(args.get("route_tables", [])),
    )


def _tags(args: AwsNetworkArgs, name: str) -> dict[str, str]:
    """Tags with the name that the EC2 console shows."""
    return {**args["tags"], "Name": name}


def _vpc(name: str, args: AwsNetworkArgs, opts: pulumi.ResourceOptions) -> ec2.Vpc:
    """The VPC, with the two DNS options that private endpoints need."""
    return ec2.Vpc(
        f"{name}-vpc",
        cidr_block=args["cidr"],
        enable_dns_support=True,
        enable_dns_hostnames=True,
        tags=_tags(args, name),
        opts=opts,
    )


def _subnets(
    name: str, args: AwsNetworkArgs, vpc: ec2.Vpc, opts: pulumi.ResourceOptions
) -> list[ec2.Subnet]:
    """One private subnet per availability zone."""
    zones = args["availability_zones"]
    ranges = cidr.subnet_ranges(args["cidr"], len(zones))
    return [
        ec2.Subnet(
            f"{name}-{zone}",
            vpc_id=vpc.id,
            cidr_block=block,
            availability_zone=zone,
            map_public_ip_on_launch=False,
            tags=_tags(args, f"{name}-{zone}"),
            opts=opts,
        )
        for zone, block in zip(zones, ranges, strict=True)
    ]


def _gate(
    name: str, args: AwsNetworkArgs, ground: _Ground, opts: pulumi.ResourceOptions
) -> ec2.SecurityGroup:
    """The security group of the private endpoints: HTTPS from inside, nothing else."""
    https = ec2.SecurityGroupIngressArgs(
        protocol="tcp", from_port=443, to_port=443, cidr_blocks=ground.ranges
    )
    return ec2.SecurityGroup(
        f"{name}-endpoints",
        description=(
            "TLS from inside the network to the private endpoints, and nothing else."
        ),
        vpc_id=ground.vpc,
        ingress=[https],
        egress=[],
        tags=_tags(args, f"{name}-endpoints"),
        opts=opts,
    )


def _interface(
    name: str,
    service: str,
    args: AwsNetworkArgs,
    ground: _Ground,
    gate: ec2.SecurityGroup,
    opts: pulumi.ResourceOptions,
) -> ec2.VpcEndpoint:
    """The private endpoint of one service, in every subnet."""
    return ec2.VpcEndpoint(
        f"{name}-{service}",
        vpc_id=ground.vpc,
        service_name=f"com.amazonaws.{args['region']}.{service}",
        vpc_endpoint_type="Interface",
        private_dns_enabled=True,
        subnet_ids=ground.subnets,
        security_group_ids=[gate.id],
        policy=_endpoint_policy(service, args),
        tags=_tags(args, f"{name}-{service}"),
        opts=opts,
    )


def _endpoint_policy(service: str, args: AwsNetworkArgs) -> pulumi.Output[str]:
    """What may pass through the private endpoint of a service."""
    account, partition = args["account"], naming.aws_partition(args["region"])
    if service != "bedrock-runtime":
        return document([endpoint_statements(account)[service]])
    return document(
        pulumi.Output.all(args["resources"], args.get("guardrail_profiles", [])).apply(
            lambda parts: [invoke_statement([*parts[0], *parts[1]], account, partition)]
        )
    )


def _s3_gateway(
    name: str, args: AwsNetworkArgs, ground: _Ground, opts: pulumi.ResourceOptions
) -> None:
    """The route to the audit store."""
    ec2.VpcEndpoint(
        f"{name}-s3",
        vpc_id=ground.vpc,
        service_name=f"com.amazonaws.{args['region']}.s3",
        vpc_endpoint_type="Gateway",
        route_table_ids=ground.route_tables,
        policy=_endpoint_policy("s3", args),
        tags=_tags(args, f"{name}-s3"),
        opts=opts,
    )


def invoke_statement(
    resources: Sequence[str], account: str, partition: str
) -> Statement:
    """Let this account use models, profiles and its guardrails through the endpoint."""
    guardrails = f"arn:{partition}:bedrock:*:{account}:guardrail/*"
    return {
        "Effect": "Allow",
        "Principal": "*",
        "Action": [
            "bedrock:InvokeModel",
            "bedrock:InvokeModelWithResponseStream",
            "bedrock:ApplyGuardrail",
        ],
        "Resource": [*resources, guardrails],
        "Condition": {"StringEquals": {"aws:PrincipalAccount": account}},
    }


def endpoint_statements(account: str) -> dict[str, Statement]:
    """Limit each of the other endpoints to resources of this account.

    No data can then leave the account through an endpoint.
    """
    actions = {"sts": "sts:*", "kms": "kms:*", "logs": "logs:*", "s3": "s3:*"}
    return {
        service: {
            "Effect": "Allow",
            "Principal": "*",
            "Action": action,
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:ResourceAccount": account}},
        }
        for service, action in actions.items()
    }
