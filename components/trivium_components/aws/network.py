"""A network without a way out: Bedrock and what the audit log needs are reached through
private endpoints."""

from collections.abc import Sequence
from typing import TypedDict

import pulumi
from pulumi_aws import ec2

from trivium_components import cidr, naming
from trivium_components.aws.policy import Statement, document

# The model API, tokens for the role, the audit store's key and the application's own
# logs; S3 is a gateway endpoint.
_INTERFACES = ("bedrock-runtime", "sts", "kms", "logs")


class AwsNetworkArgs(TypedDict):
    """What `AwsNetwork` needs."""

    environment: str
    """Name of the environment; part of every resource's name."""
    account: str
    """AWS account id, twelve digits."""
    region: str
    """Region of the network; the provider must be configured for it."""
    cidr: str
    """Range of the network; subnets are cut from it."""
    availability_zones: list[str]
    """Zones that get a subnet, in order; append only."""
    resources: pulumi.Input[list[str]]
    """What may be invoked through the endpoint, as `AwsModelAccess.resources` gives
    it."""
    tags: dict[str, str]
    """Tags of every resource."""


class AwsNetwork(pulumi.ComponentResource):
    """A VPC with private subnets, no gateway to the internet, and one policy on every
    endpoint.

    Routing to the caller's own network (peering, transit gateway) is the platform
    team's and not made here.
    """

    network_id: pulumi.Output[str]
    """The VPC."""
    subnet_ids: pulumi.Output[list[str]]
    """The private subnets, in the order of the zones."""
    private_endpoint: pulumi.Output[str]
    """The private endpoint of the model API."""

    def __init__(
        self,
        name: str,
        args: AwsNetworkArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("trivium:index:AwsNetwork", name, {}, opts)
        inside = pulumi.ResourceOptions(parent=self)
        vpc = ec2.Vpc(
            f"{name}-vpc",
            cidr_block=args["cidr"],
            enable_dns_support=True,
            enable_dns_hostnames=True,  # private DNS of the endpoints needs both
            tags={**args["tags"], "Name": name},
            opts=inside,
        )
        ranges = cidr.subnet_ranges(args["cidr"], len(args["availability_zones"]))
        subnets = [
            ec2.Subnet(
                f"{name}-{zone}",
                vpc_id=vpc.id,
                cidr_block=block,
                availability_zone=zone,
                map_public_ip_on_launch=False,
                tags={**args["tags"], "Name": f"{name}-{zone}"},
                opts=inside,
            )
            for zone, block in zip(args["availability_zones"], ranges, strict=True)
        ]
        gate = ec2.SecurityGroup(
            f"{name}-endpoints",
            description=(
                "TLS from inside the network to the private endpoints, and nothing"
                " else."
            ),
            vpc_id=vpc.id,
            ingress=[
                ec2.SecurityGroupIngressArgs(
                    protocol="tcp",
                    from_port=443,
                    to_port=443,
                    cidr_blocks=[args["cidr"]],
                )
            ],
            egress=[],
            tags={**args["tags"], "Name": f"{name}-endpoints"},
            opts=inside,
        )
        statements = endpoint_statements(args["account"])
        partition = naming.aws_partition(args["region"])
        bedrock = pulumi.Output.from_input(args["resources"]).apply(
            lambda arns: [invoke_statement(arns, args["account"], partition)]
        )
        endpoints = {
            service: ec2.VpcEndpoint(
                f"{name}-{service}",
                vpc_id=vpc.id,
                service_name=f"com.amazonaws.{args['region']}.{service}",
                vpc_endpoint_type="Interface",
                private_dns_enabled=True,
                subnet_ids=[subnet.id for subnet in subnets],
                security_group_ids=[gate.id],
                policy=document(
                    bedrock if service == "bedrock-runtime" else [statements[service]]
                ),
                tags={**args["tags"], "Name": f"{name}-{service}"},
                opts=inside,
            )
            for service in _INTERFACES
        }
        ec2.VpcEndpoint(
            f"{name}-s3",
            vpc_id=vpc.id,
            service_name=f"com.amazonaws.{args['region']}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=[vpc.main_route_table_id],
            policy=document([statements["s3"]]),
            tags={**args["tags"], "Name": f"{name}-s3"},
            opts=inside,
        )
        self.network_id = vpc.id
        self.subnet_ids = pulumi.Output.all(*[subnet.id for subnet in subnets])
        self.private_endpoint = endpoints["bedrock-runtime"].id
        self.register_outputs(
            {
                "network_id": self.network_id,
                "subnet_ids": self.subnet_ids,
                "private_endpoint": self.private_endpoint,
            }
        )


def invoke_statement(
    resources: Sequence[str], account: str, partition: str
) -> Statement:
    """Through the Bedrock endpoint: this account's principals, the deployment's models,
    this account's guardrails."""
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
    """Through the other endpoints: only resources of this account, so that nothing can
    be carried elsewhere."""
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
