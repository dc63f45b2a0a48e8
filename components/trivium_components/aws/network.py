"""A network without internet access, and private endpoints for what it needs."""

from collections.abc import Sequence
from typing import NotRequired, TypedDict

import pulumi
from pulumi_aws import ec2

from trivium_components import cidr, naming
from trivium_components.aws.policy import Statement, document
from trivium_components.component import register

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
    cidr: str
    """Address range of the network and of its subnets."""
    availability_zones: list[str]
    """Availability zones that get a subnet, in order; only append."""
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
    gateway) is left to the platform team.
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
        inside = pulumi.ResourceOptions(parent=self)
        vpc = _vpc(name, args, inside)
        subnets = _subnets(name, args, vpc, inside)
        gate = _gate(name, args, vpc, inside)
        interfaces = {
            service: _interface(name, service, args, vpc, subnets, gate, inside)
            for service in _INTERFACES
        }
        _s3_gateway(name, args, vpc, inside)

        self.network_id = vpc.id
        self.subnet_ids = pulumi.Output.all(*[subnet.id for subnet in subnets])
        self.private_endpoint = interfaces["bedrock-runtime"].id
        register(self)


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
    name: str, args: AwsNetworkArgs, vpc: ec2.Vpc, opts: pulumi.ResourceOptions
) -> ec2.SecurityGroup:
    """The security group of the private endpoints: HTTPS from inside, nothing else."""
    https = ec2.SecurityGroupIngressArgs(
        protocol="tcp", from_port=443, to_port=443, cidr_blocks=[args["cidr"]]
    )
    return ec2.SecurityGroup(
        f"{name}-endpoints",
        description=(
            "TLS from inside the network to the private endpoints, and nothing else."
        ),
        vpc_id=vpc.id,
        ingress=[https],
        egress=[],
        tags=_tags(args, f"{name}-endpoints"),
        opts=opts,
    )


def _interface(
    name: str,
    service: str,
    args: AwsNetworkArgs,
    vpc: ec2.Vpc,
    subnets: list[ec2.Subnet],
    gate: ec2.SecurityGroup,
    opts: pulumi.ResourceOptions,
) -> ec2.VpcEndpoint:
    """The private endpoint of one service, in every subnet."""
    return ec2.VpcEndpoint(
        f"{name}-{service}",
        vpc_id=vpc.id,
        service_name=f"com.amazonaws.{args['region']}.{service}",
        vpc_endpoint_type="Interface",
        private_dns_enabled=True,
        subnet_ids=[subnet.id for subnet in subnets],
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
    name: str, args: AwsNetworkArgs, vpc: ec2.Vpc, opts: pulumi.ResourceOptions
) -> None:
    """The route to the audit store."""
    ec2.VpcEndpoint(
        f"{name}-s3",
        vpc_id=vpc.id,
        service_name=f"com.amazonaws.{args['region']}.s3",
        vpc_endpoint_type="Gateway",
        route_table_ids=[vpc.main_route_table_id],
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
