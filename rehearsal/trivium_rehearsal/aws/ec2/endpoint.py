"""Gateway and interface endpoints of AWS services."""

from trivium_rehearsal.aws.calls import Calls
from trivium_rehearsal.aws.ec2.described import Described, arn, retag, tag_specification
from trivium_rehearsal.aws.shape import Shape, from_cloud, to_cloud
from trivium_rehearsal.execution import Properties

_DNS_OPTIONS: Shape = {
    "dnsRecordIpType": "DnsRecordIpType",
    "privateDnsOnlyForInboundResolverEndpoint": (
        "PrivateDnsOnlyForInboundResolverEndpoint"
    ),
}


class VpcEndpoint(Described):
    """A gateway or interface endpoint of an AWS service."""

    token = "aws:ec2/vpcEndpoint:VpcEndpoint"
    describe = ("ec2.describe_vpc_endpoints", "VpcEndpointIds", "VpcEndpoints")
    gone = ("InvalidVpcEndpointId.NotFound", "InvalidVpcEndpoint.NotFound")
    unread = ("autoAccept", "subnetConfigurations")

    def make(self, aws: Calls, inputs: Properties) -> str:
        answer = aws(
            "ec2.create_vpc_endpoint",
            VpcId=inputs["vpcId"],
            ServiceName=inputs.get("serviceName"),
            ServiceRegion=inputs.get("serviceRegion"),
            VpcEndpointType=inputs.get("vpcEndpointType"),
            PolicyDocument=inputs.get("policy"),
            RouteTableIds=inputs.get("routeTableIds") or None,
            SubnetIds=inputs.get("subnetIds") or None,
            SecurityGroupIds=inputs.get("securityGroupIds") or None,
            PrivateDnsEnabled=inputs.get("privateDnsEnabled"),
            IpAddressType=inputs.get("ipAddressType"),
            DnsOptions=_dns_options(inputs),
            TagSpecifications=tag_specification("vpc-endpoint", inputs),
        )
        return str(answer["VpcEndpoint"]["VpcEndpointId"])

    def told(
        self, aws: Calls, id: str, endpoint: Properties, known: Properties
    ) -> Properties | None:
        if str(endpoint.get("State", "")).lower() in ("deleted", "deleting"):
            return None

        owner = endpoint.get("OwnerId", "")
        told: Properties = {
            "arn": arn(aws, owner, f"vpc-endpoint/{id}"),
            "ownerId": owner,
            "vpcId": endpoint["VpcId"],
            "serviceName": endpoint["ServiceName"],
            "vpcEndpointType": endpoint["VpcEndpointType"],
            "state": endpoint.get("State", ""),
            "policy": endpoint.get("PolicyDocument", ""),
            "privateDnsEnabled": endpoint.get("PrivateDnsEnabled", False),
            "requesterManaged": endpoint.get("RequesterManaged", False),
            "routeTableIds": endpoint.get("RouteTableIds", []),
            "subnetIds": endpoint.get("SubnetIds", []),
            "securityGroupIds": [
                group["GroupId"] for group in endpoint.get("Groups", ())
            ],
        }
        if interfaces := endpoint.get("NetworkInterfaceIds"):
            told["networkInterfaceIds"] = interfaces
        if entries := endpoint.get("DnsEntries"):
            told["dnsEntries"] = from_cloud(
                {"dnsName": "DnsName", "hostedZoneId": "HostedZoneId"}, entries
            )
        for ours, theirs in (
            ("ipAddressType", "IpAddressType"),
            ("serviceRegion", "ServiceRegion"),
        ):
            if theirs in endpoint:
                told[ours] = endpoint[theirs]
        if options := endpoint.get("DnsOptions"):
            told["dnsOptions"] = from_cloud(_DNS_OPTIONS, options)
        return {**told, **_prefix_list(aws, endpoint)}

    def change(
        self, aws: Calls, id: str, state: Properties, inputs: Properties
    ) -> None:
        endpoint = self.known_one(aws, id)
        lists: Properties = {}
        for ours, theirs, told in (
            ("routeTableIds", "RouteTableIds", endpoint.get("RouteTableIds", ())),
            ("subnetIds", "SubnetIds", endpoint.get("SubnetIds", ())),
            (
                "securityGroupIds",
                "SecurityGroupIds",
                [group["GroupId"] for group in endpoint.get("Groups", ())],
            ),
        ):
            if inputs.get(ours) is not None:
                wanted = set(inputs[ours])
                lists[f"Add{theirs}"] = sorted(wanted - set(told)) or None
                lists[f"Remove{theirs}"] = sorted(set(told) - wanted) or None
        dns = inputs.get("privateDnsEnabled")
        aws(
            "ec2.modify_vpc_endpoint",
            VpcEndpointId=id,
            PolicyDocument=inputs.get("policy"),
            ResetPolicy=(
                True if state.get("policy") and not inputs.get("policy") else None
            ),
            PrivateDnsEnabled=(
                dns if bool(dns) != bool(endpoint.get("PrivateDnsEnabled")) else None
            ),
            DnsOptions=_dns_options(inputs),
            **lists,
        )
        retag(aws, id, endpoint, inputs)

    def remove(self, aws: Calls, id: str, state: Properties) -> None:
        aws.maybe("ec2.delete_vpc_endpoints", *self.gone, VpcEndpointIds=[id])


def _dns_options(inputs: Properties) -> Properties | None:
    options: Properties | None = to_cloud(_DNS_OPTIONS, inputs.get("dnsOptions"))
    return options or None


def _prefix_list(aws: Calls, endpoint: Properties) -> Properties:
    """A gateway endpoint's prefix list, by the service's name."""
    if endpoint["VpcEndpointType"] != "Gateway":
        return {}
    by_name = [{"Name": "prefix-list-name", "Values": [endpoint["ServiceName"]]}]
    lists = aws("ec2.describe_prefix_lists", Filters=by_name).get("PrefixLists", ())
    named_so = [
        entry for entry in lists if entry["PrefixListName"] == endpoint["ServiceName"]
    ]
    if not named_so:
        return {}
    return {
        "prefixListId": named_so[0]["PrefixListId"],
        "cidrBlocks": named_so[0].get("Cidrs", []),
    }
