"""Subnets."""

from typing import ClassVar

from trivium_rehearsal.aws.calls import Calls
from trivium_rehearsal.aws.ec2.described import Described, arn, retag, tag_specification
from trivium_rehearsal.execution import Properties


class Subnet(Described):
    """A part of a VPC in one availability zone."""

    token = "aws:ec2/subnet:Subnet"
    describe = ("ec2.describe_subnets", "SubnetIds", "Subnets")
    gone = ("InvalidSubnetID.NotFound",)
    unread = (
        "ipv4IpamPoolId",
        "ipv4NetmaskLength",
        "ipv6IpamPoolId",
        "ipv6NetmaskLength",
    )

    _SWITCHES: ClassVar[dict[str, str]] = {
        "mapPublicIpOnLaunch": "MapPublicIpOnLaunch",
        "assignIpv6AddressOnCreation": "AssignIpv6AddressOnCreation",
        "enableDns64": "EnableDns64",
    }
    _DNS_SWITCHES: ClassVar[dict[str, tuple[str, str]]] = {
        "enableResourceNameDnsARecordOnLaunch": (
            "EnableResourceNameDnsARecordOnLaunch",
            "EnableResourceNameDnsARecord",
        ),
        "enableResourceNameDnsAaaaRecordOnLaunch": (
            "EnableResourceNameDnsAAAARecordOnLaunch",
            "EnableResourceNameDnsAAAARecord",
        ),
    }
    """Property: name in the modify call, name within PrivateDnsNameOptionsOnLaunch of
    the answer."""

    def make(self, aws: Calls, inputs: Properties) -> str:
        answer = aws(
            "ec2.create_subnet",
            VpcId=inputs["vpcId"],
            CidrBlock=inputs.get("cidrBlock"),
            Ipv6CidrBlock=inputs.get("ipv6CidrBlock"),
            Ipv6Native=inputs.get("ipv6Native"),
            AvailabilityZone=inputs.get("availabilityZone"),
            AvailabilityZoneId=inputs.get("availabilityZoneId"),
            OutpostArn=inputs.get("outpostArn"),
            TagSpecifications=tag_specification("subnet", inputs),
        )
        return str(answer["Subnet"]["SubnetId"])

    def finish(self, aws: Calls, id: str, inputs: Properties) -> None:
        self._switch(aws, id, {}, inputs)

    def told(
        self, aws: Calls, id: str, subnet: Properties, known: Properties
    ) -> Properties | None:
        launch = subnet.get("PrivateDnsNameOptionsOnLaunch", {})
        told: Properties = {
            "arn": (
                subnet.get("SubnetArn") or arn(aws, subnet["OwnerId"], f"subnet/{id}")
            ),
            "ownerId": subnet["OwnerId"],
            "vpcId": subnet["VpcId"],
            "cidrBlock": subnet.get("CidrBlock", ""),
            "availabilityZone": subnet["AvailabilityZone"],
            "availabilityZoneId": subnet.get("AvailabilityZoneId", ""),
            "ipv6Native": subnet.get("Ipv6Native", False),
            **{
                ours: subnet.get(theirs, False)
                for ours, theirs in self._SWITCHES.items()
            },
            **{
                name: launch.get(key, False)
                for name, (_, key) in self._DNS_SWITCHES.items()
            },
        }
        if hostname := launch.get("HostnameType"):
            told["privateDnsHostnameTypeOnLaunch"] = hostname
        for block in subnet.get("Ipv6CidrBlockAssociationSet", ())[:1]:
            told |= {
                "ipv6CidrBlock": block["Ipv6CidrBlock"],
                "ipv6CidrBlockAssociationId": block["AssociationId"],
            }
        return told

    def change(
        self, aws: Calls, id: str, state: Properties, inputs: Properties
    ) -> None:
        subnet = self.known_one(aws, id)
        self._switch(aws, id, state, inputs)
        retag(aws, id, subnet, inputs)

    def remove(self, aws: Calls, id: str, state: Properties) -> None:
        aws.maybe("ec2.delete_subnet", *self.gone, SubnetId=id)

    def _switch(
        self, aws: Calls, id: str, state: Properties, inputs: Properties
    ) -> None:
        """EC2 takes one attribute a call."""
        switches = {
            **self._SWITCHES,
            **{name: theirs for name, (theirs, _) in self._DNS_SWITCHES.items()},
        }
        for name, theirs in switches.items():
            wanted = bool(inputs.get(name))
            if wanted != bool(state.get(name)):
                aws(
                    "ec2.modify_subnet_attribute",
                    SubnetId=id,
                    **{theirs: {"Value": wanted}},
                )
        hostname = inputs.get("privateDnsHostnameTypeOnLaunch")
        if hostname and hostname != state.get("privateDnsHostnameTypeOnLaunch"):
            aws(
                "ec2.modify_subnet_attribute",
                SubnetId=id,
                PrivateDnsHostnameTypeOnLaunch=hostname,
            )
