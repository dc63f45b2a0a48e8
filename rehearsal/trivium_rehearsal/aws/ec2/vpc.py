"""Virtual networks."""

from typing import ClassVar

from trivium_rehearsal.aws.calls import Calls
from trivium_rehearsal.aws.ec2.described import Described, arn, retag, tag_specification
from trivium_rehearsal.execution import Properties


class Vpc(Described):
    """A virtual network."""

    token = "aws:ec2/vpc:Vpc"
    describe = ("ec2.describe_vpcs", "VpcIds", "Vpcs")
    gone = ("InvalidVpcID.NotFound",)
    unread = (
        "ipv4IpamPoolId",
        "ipv4NetmaskLength",
        "ipv6IpamPoolId",
        "ipv6NetmaskLength",
    )

    _ATTRIBUTES: ClassVar[dict[str, tuple[str, str, bool]]] = {
        "enableDnsSupport": ("enableDnsSupport", "EnableDnsSupport", True),
        "enableDnsHostnames": ("enableDnsHostnames", "EnableDnsHostnames", False),
    }
    """Property: attribute's name in the describe call, in the modify call, and AWS's
    default."""

    def make(self, aws: Calls, inputs: Properties) -> str:
        answer = aws(
            "ec2.create_vpc",
            CidrBlock=inputs.get("cidrBlock"),
            InstanceTenancy=inputs.get("instanceTenancy"),
            AmazonProvidedIpv6CidrBlock=inputs.get("assignGeneratedIpv6CidrBlock"),
            TagSpecifications=tag_specification("vpc", inputs),
        )
        return str(answer["Vpc"]["VpcId"])

    def finish(self, aws: Calls, id: str, inputs: Properties) -> None:
        self._attributes(aws, id, {}, inputs)

    def told(
        self, aws: Calls, id: str, vpc: Properties, known: Properties
    ) -> Properties | None:
        told: Properties = {
            "arn": arn(aws, vpc["OwnerId"], f"vpc/{id}"),
            "ownerId": vpc["OwnerId"],
            "cidrBlock": vpc["CidrBlock"],
            "instanceTenancy": vpc.get("InstanceTenancy", "default"),
            "dhcpOptionsId": vpc.get("DhcpOptionsId", ""),
            "assignGeneratedIpv6CidrBlock": False,
            **self._defaults(aws, id),
        }
        for block in vpc.get("Ipv6CidrBlockAssociationSet", ())[:1]:
            told |= {
                "assignGeneratedIpv6CidrBlock": True,
                "ipv6CidrBlock": block["Ipv6CidrBlock"],
                "ipv6AssociationId": block["AssociationId"],
            }
        for name, (attribute, answer_key, _) in self._ATTRIBUTES.items():
            answer = aws("ec2.describe_vpc_attribute", VpcId=id, Attribute=attribute)
            told[name] = answer.get(answer_key, {}).get("Value", False)
        return told

    def change(
        self, aws: Calls, id: str, state: Properties, inputs: Properties
    ) -> None:
        vpc = self.known_one(aws, id)
        tenancy = inputs.get("instanceTenancy")
        if tenancy and tenancy != vpc.get("InstanceTenancy"):
            aws("ec2.modify_vpc_tenancy", VpcId=id, InstanceTenancy=tenancy)
        self._attributes(aws, id, state, inputs)
        retag(aws, id, vpc, inputs)

    def remove(self, aws: Calls, id: str, state: Properties) -> None:
        aws.maybe("ec2.delete_vpc", *self.gone, VpcId=id)

    def _attributes(
        self, aws: Calls, id: str, state: Properties, inputs: Properties
    ) -> None:
        """EC2 takes one attribute a call; what is as it should be is not sent."""
        for name, (_, key, default) in self._ATTRIBUTES.items():
            wanted, is_so = (
                default if bag.get(name) is None else bag[name]
                for bag in (inputs, state)
            )
            if wanted != is_so:
                aws("ec2.modify_vpc_attribute", VpcId=id, **{key: {"Value": wanted}})

    def _defaults(self, aws: Calls, id: str) -> Properties:
        """The route table, network ACL and security group that AWS makes with every
        VPC."""
        of_vpc = {"Name": "vpc-id", "Values": [id]}
        tables = aws(
            "ec2.describe_route_tables",
            Filters=[of_vpc, {"Name": "association.main", "Values": ["true"]}],
        )["RouteTables"]
        acls = aws(
            "ec2.describe_network_acls",
            Filters=[of_vpc, {"Name": "default", "Values": ["true"]}],
        )
        groups = aws(
            "ec2.describe_security_groups",
            Filters=[of_vpc, {"Name": "group-name", "Values": ["default"]}],
        )
        main = tables[0]["RouteTableId"] if tables else ""
        return {
            "mainRouteTableId": main,
            "defaultRouteTableId": main,
            "defaultNetworkAclId": next(
                (acl["NetworkAclId"] for acl in acls["NetworkAcls"]), ""
            ),
            "defaultSecurityGroupId": next(
                (group["GroupId"] for group in groups["SecurityGroups"]), ""
            ),
        }
