"""Amazon VPC: networks, subnets, routes, security groups, endpoints and flow logs."""

from typing import Any, ClassVar

from trivium_rehearsal.aws.calls import Calls
from trivium_rehearsal.aws.executed import Kind
from trivium_rehearsal.aws.names import named
from trivium_rehearsal.aws.shape import Shape, from_cloud, to_cloud
from trivium_rehearsal.aws.tags import (
    as_pairs,
    from_pairs,
    tag_change,
    told_tags,
    wanted_tags,
)
from trivium_rehearsal.execution import ExecutionError, Properties

_ROUTE: Shape = {
    "cidrBlock": "DestinationCidrBlock",
    "ipv6CidrBlock": "DestinationIpv6CidrBlock",
    "destinationPrefixListId": "DestinationPrefixListId",
    "carrierGatewayId": "CarrierGatewayId",
    "coreNetworkArn": "CoreNetworkArn",
    "egressOnlyGatewayId": "EgressOnlyInternetGatewayId",
    "gatewayId": "GatewayId",
    "localGatewayId": "LocalGatewayId",
    "natGatewayId": "NatGatewayId",
    "networkInterfaceId": "NetworkInterfaceId",
    "transitGatewayId": "TransitGatewayId",
    "vpcPeeringConnectionId": "VpcPeeringConnectionId",
}
_DESTINATIONS = (
    "DestinationCidrBlock",
    "DestinationIpv6CidrBlock",
    "DestinationPrefixListId",
)
_RULE: Shape = {
    "ipProtocol": "IpProtocol",
    "fromPort": "FromPort",
    "toPort": "ToPort",
    "cidrIpv4": "CidrIpv4",
    "cidrIpv6": "CidrIpv6",
    "prefixListId": "PrefixListId",
    "referencedSecurityGroupId": "ReferencedGroupId",
    "description": "Description",
}
_DNS_OPTIONS: Shape = {
    "dnsRecordIpType": "DnsRecordIpType",
    "privateDnsOnlyForInboundResolverEndpoint": (
        "PrivateDnsOnlyForInboundResolverEndpoint"
    ),
}
_FLOW_LOG_OPTIONS: Shape = {
    "fileFormat": "FileFormat",
    "hiveCompatiblePartitions": "HiveCompatiblePartitions",
    "perHourPartition": "PerHourPartition",
}


def _arn(aws: Calls, owner: str, path: str) -> str:
    return f"arn:aws:ec2:{aws.region}:{owner}:{path}"


def _tag_specification(type: str, inputs: Properties) -> list[Properties] | None:
    tags = wanted_tags(inputs)
    return [{"ResourceType": type, "Tags": as_pairs(tags)}] if tags else None


def _retag(aws: Calls, id: str, told: Properties, inputs: Properties) -> None:
    change = tag_change(from_pairs(told.get("Tags")), inputs)
    if change.put:
        aws("ec2.create_tags", Resources=[id], Tags=as_pairs(change.put))
    if change.gone:
        aws(
            "ec2.delete_tags",
            Resources=[id],
            Tags=[{"Key": key} for key in change.gone],
        )


class _Described(Kind):
    """A resource that one describe call with its id returns in a list."""

    describe: ClassVar[tuple[str, str, str]]
    """Operation, name of the ids' argument, name of the list in the answer."""
    gone: ClassVar[tuple[str, ...]]

    def describe_one(self, aws: Calls, id: str) -> Any:
        """The one entry, or None. `Any`: boto3's untyped answer."""
        operation, argument, key = self.describe
        answer = aws.maybe(operation, *self.gone, **{argument: [id]})
        return next(iter(answer[key]), None) if answer else None

    def known_one(self, aws: Calls, id: str) -> Any:
        """The one entry, which an update needs. Raises `ExecutionError` when it is
        gone."""
        if (entry := self.describe_one(aws, id)) is None:
            raise ExecutionError(
                f"{self.token}: `{id}` is in the stack's state but not in the local AWS"
                " emulator, which may have lost its state. Run `make up` with a"
                " refresh, or `make down` and `make up` again."
            )
        return entry


class Vpc(_Described):
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
            TagSpecifications=_tag_specification("vpc", inputs),
        )
        return str(answer["Vpc"]["VpcId"])

    def finish(self, aws: Calls, id: str, inputs: Properties) -> None:
        self._attributes(aws, id, {}, inputs)

    def look(self, aws: Calls, id: str, known: Properties) -> Properties | None:
        vpc = self.describe_one(aws, id)
        if vpc is None:
            return None
        told: Properties = {
            "arn": _arn(aws, vpc["OwnerId"], f"vpc/{id}"),
            "ownerId": vpc["OwnerId"],
            "cidrBlock": vpc["CidrBlock"],
            "instanceTenancy": vpc.get("InstanceTenancy", "default"),
            "dhcpOptionsId": vpc.get("DhcpOptionsId", ""),
            "assignGeneratedIpv6CidrBlock": False,
            **self._defaults(aws, id),
            **told_tags(from_pairs(vpc.get("Tags")), known),
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
        _retag(aws, id, vpc, inputs)

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


class Subnet(_Described):
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

    _SWITCHES: ClassVar[Shape] = {
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
            TagSpecifications=_tag_specification("subnet", inputs),
        )
        return str(answer["Subnet"]["SubnetId"])

    def finish(self, aws: Calls, id: str, inputs: Properties) -> None:
        self._switch(aws, id, {}, inputs)

    def look(self, aws: Calls, id: str, known: Properties) -> Properties | None:
        subnet = self.describe_one(aws, id)
        if subnet is None:
            return None
        launch = subnet.get("PrivateDnsNameOptionsOnLaunch", {})
        told: Properties = {
            "arn": (
                subnet.get("SubnetArn") or _arn(aws, subnet["OwnerId"], f"subnet/{id}")
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
            **told_tags(from_pairs(subnet.get("Tags")), known),
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
        _retag(aws, id, subnet, inputs)

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
                    **{str(theirs): {"Value": wanted}},
                )
        hostname = inputs.get("privateDnsHostnameTypeOnLaunch")
        if hostname and hostname != state.get("privateDnsHostnameTypeOnLaunch"):
            aws(
                "ec2.modify_subnet_attribute",
                SubnetId=id,
                PrivateDnsHostnameTypeOnLaunch=hostname,
            )


class RouteTable(_Described):
    """A route table with its inline routes."""

    token = "aws:ec2/routeTable:RouteTable"
    describe = ("ec2.describe_route_tables", "RouteTableIds", "RouteTables")
    gone = ("InvalidRouteTableID.NotFound", "InvalidRouteTableId.NotFound")

    def make(self, aws: Calls, inputs: Properties) -> str:
        answer = aws(
            "ec2.create_route_table",
            VpcId=inputs["vpcId"],
            TagSpecifications=_tag_specification("route-table", inputs),
        )
        return str(answer["RouteTable"]["RouteTableId"])

    def finish(self, aws: Calls, id: str, inputs: Properties) -> None:
        for route in inputs.get("routes") or ():
            self._add(aws, id, route)
        for gateway in inputs.get("propagatingVgws") or ():
            aws("ec2.enable_vgw_route_propagation", RouteTableId=id, GatewayId=gateway)

    def look(self, aws: Calls, id: str, known: Properties) -> Properties | None:
        table = self.describe_one(aws, id)
        if table is None:
            return None
        owner = table.get("OwnerId", "")
        return {
            "arn": _arn(aws, owner, f"route-table/{id}"),
            "ownerId": owner,
            "vpcId": table["VpcId"],
            "routes": [_route_from_cloud(route) for route in _own_routes(table)],
            "propagatingVgws": [
                entry["GatewayId"] for entry in table.get("PropagatingVgws", ())
            ],
            **told_tags(from_pairs(table.get("Tags")), known),
        }

    def change(
        self, aws: Calls, id: str, state: Properties, inputs: Properties
    ) -> None:
        table = self.known_one(aws, id)
        wanted = [to_cloud(_ROUTE, route) for route in inputs.get("routes") or ()]
        if inputs.get("routes") is not None or state.get("routes"):
            for route in _own_routes(table):
                spelled = to_cloud(_ROUTE, _route_from_cloud(route))
                if spelled in wanted:
                    wanted.remove(spelled)
                else:
                    destination = {
                        key: spelled[key] for key in _DESTINATIONS if key in spelled
                    }
                    aws("ec2.delete_route", RouteTableId=id, **destination)
            for route in wanted:
                aws("ec2.create_route", RouteTableId=id, **route)
        _retag(aws, id, table, inputs)

    def remove(self, aws: Calls, id: str, state: Properties) -> None:
        aws.maybe("ec2.delete_route_table", *self.gone, RouteTableId=id)

    def _add(self, aws: Calls, id: str, route: Properties) -> None:
        spelled = to_cloud(_ROUTE, route)
        if endpoint := route.get("vpcEndpointId"):
            spelled["VpcEndpointId"] = endpoint
        aws("ec2.create_route", RouteTableId=id, **spelled)


def _own_routes(table: Properties) -> list[Properties]:
    """Routes that somebody created: not the local one, not a gateway endpoint's, not
    propagated ones."""
    return [
        route
        for route in table.get("Routes", ())
        if route.get("GatewayId") != "local"
        and route.get("Origin", "CreateRoute") == "CreateRoute"
        and not str(route.get("GatewayId", "")).startswith("vpce-")
    ]


def _route_from_cloud(route: Properties) -> Properties:
    told: Properties = from_cloud(_ROUTE, route)
    return told


class RouteTableAssociation(Kind):
    """A subnet's (or gateway's) route table."""

    token = "aws:ec2/routeTableAssociation:RouteTableAssociation"
    _GONE = (
        "InvalidAssociationID.NotFound",
        "InvalidRouteTableID.NotFound",
        "InvalidRouteTableId.NotFound",
    )

    def make(self, aws: Calls, inputs: Properties) -> str:
        answer = aws(
            "ec2.associate_route_table",
            RouteTableId=inputs["routeTableId"],
            SubnetId=inputs.get("subnetId"),
            GatewayId=inputs.get("gatewayId"),
        )
        return str(answer["AssociationId"])

    def look(self, aws: Calls, id: str, known: Properties) -> Properties | None:
        by_id = [{"Name": "association.route-table-association-id", "Values": [id]}]
        for table in aws("ec2.describe_route_tables", Filters=by_id)["RouteTables"]:
            for entry in table.get("Associations", ()):
                if entry.get("RouteTableAssociationId") == id:
                    told = {
                        "routeTableId": table["RouteTableId"],
                        "subnetId": entry.get("SubnetId"),
                    }
                    return {**told, "gatewayId": entry.get("GatewayId")}
        return None

    def change(
        self, aws: Calls, id: str, state: Properties, inputs: Properties
    ) -> None:
        """Only the table can change; EC2 then gives the association a new id, which the
        state cannot follow."""
        if inputs["routeTableId"] == state.get("routeTableId"):
            return
        raise ExecutionError(
            f"{self.token}: the route table of `{id}` changed. EC2 gives the"
            " association a new id then, and the provider protocol cannot change an id"
            " in an update. Replace the resource: rename it in the program, or run"
            " `pulumi up --replace` on it."
        )

    def remove(self, aws: Calls, id: str, state: Properties) -> None:
        aws.maybe("ec2.disassociate_route_table", *self._GONE, AssociationId=id)


class SecurityGroup(_Described):
    """A security group; AWS's default rule that lets everything out is removed, as the
    provider does."""

    token = "aws:ec2/securityGroup:SecurityGroup"
    describe = ("ec2.describe_security_groups", "GroupIds", "SecurityGroups")
    gone = ("InvalidGroup.NotFound", "InvalidGroupId.NotFound")
    unread = ("namePrefix", "revokeRulesOnDelete")

    def make(self, aws: Calls, inputs: Properties) -> str:
        answer = aws(
            "ec2.create_security_group",
            GroupName=named(self.token, inputs),
            Description=inputs.get("description")
            or "Managed by Pulumi",  # the provider's default
            VpcId=inputs.get("vpcId"),
            TagSpecifications=_tag_specification("security-group", inputs),
        )
        return str(answer["GroupId"])

    def finish(self, aws: Calls, id: str, inputs: Properties) -> None:
        self._revoke(
            aws, id, "egress", self.known_one(aws, id).get("IpPermissionsEgress")
        )
        self._allow(aws, id, inputs)

    def look(self, aws: Calls, id: str, known: Properties) -> Properties | None:
        group = self.describe_one(aws, id)
        if group is None:
            return None
        return {
            "arn": (
                group.get("SecurityGroupArn")
                or _arn(aws, group["OwnerId"], f"security-group/{id}")
            ),
            "ownerId": group["OwnerId"],
            "name": group["GroupName"],
            "description": group["Description"],
            "vpcId": group.get("VpcId", ""),
            "ingress": _regrouped(
                _inline_rules(group.get("IpPermissions", ()), id), known.get("ingress")
            ),
            "egress": _regrouped(
                _inline_rules(group.get("IpPermissionsEgress", ()), id),
                known.get("egress"),
            ),
            **told_tags(from_pairs(group.get("Tags")), known),
        }

    def change(
        self, aws: Calls, id: str, state: Properties, inputs: Properties
    ) -> None:
        """Inline rules are all replaced when they changed; rules of separate resources
        stay when none are inline."""
        group = self.known_one(aws, id)
        for side, key in (
            ("ingress", "IpPermissions"),
            ("egress", "IpPermissionsEgress"),
        ):
            if inputs.get(side) is None or inputs[side] == state.get(side):
                continue
            self._revoke(aws, id, side, group.get(key))
            self._allow(aws, id, {side: inputs[side]})
        _retag(aws, id, group, inputs)

    def remove(self, aws: Calls, id: str, state: Properties) -> None:
        group = self.describe_one(aws, id) if state.get("revokeRulesOnDelete") else None
        for side, key in (
            ("ingress", "IpPermissions"),
            ("egress", "IpPermissionsEgress"),
        ):
            self._revoke(aws, id, side, (group or {}).get(key))
        aws.maybe("ec2.delete_security_group", *self.gone, GroupId=id)

    def _revoke(self, aws: Calls, id: str, side: str, permissions: Any) -> None:
        """Take back rules as they were read. `Any`: boto3's untyped answer.

        Groups by id alone: the account that the answer adds is one more thing for
        MiniStack to find different.
        """
        bare = [
            {
                **rule,
                "UserIdGroupPairs": [
                    {"GroupId": pair["GroupId"]}
                    for pair in rule.get("UserIdGroupPairs", ())
                ],
            }
            for rule in permissions or ()
        ]
        if bare:
            aws(f"ec2.revoke_security_group_{side}", GroupId=id, IpPermissions=bare)

    def _allow(self, aws: Calls, id: str, inputs: Properties) -> None:
        for side in ("ingress", "egress"):
            if rules := inputs.get(side):
                permissions = [_permission(rule, id) for rule in rules]
                aws(
                    f"ec2.authorize_security_group_{side}",
                    GroupId=id,
                    IpPermissions=permissions,
                )


_GRANTS = {"cidrBlocks", "ipv6CidrBlocks", "prefixListIds", "securityGroups", "self"}


def _permission(rule: Properties, group: str) -> Properties:
    """An inline rule as EC2's IpPermission."""
    text = {"Description": rule["description"]} if rule.get("description") else {}
    groups = [
        *(rule.get("securityGroups") or ()),
        *([group] if rule.get("self") else []),
    ]
    permission: Properties = {"IpProtocol": rule["protocol"]}
    if rule["protocol"] != "-1":
        permission |= {
            "FromPort": rule.get("fromPort", 0),
            "ToPort": rule.get("toPort", 0),
        }
    for key, member, values in (
        ("IpRanges", "CidrIp", rule.get("cidrBlocks")),
        ("Ipv6Ranges", "CidrIpv6", rule.get("ipv6CidrBlocks")),
        ("PrefixListIds", "PrefixListId", rule.get("prefixListIds")),
        ("UserIdGroupPairs", "GroupId", groups),
    ):
        if values:
            permission[key] = [{member: value, **text} for value in values]
    return permission


def _inline_rules(permissions: Any, group: str) -> list[Properties]:
    """IpPermissions as single-source inline rules; `Any`: boto3's untyped answer."""
    rules = []
    for permission in permissions:
        head = {
            "protocol": permission["IpProtocol"],
            "fromPort": permission.get("FromPort", 0),
            "toPort": permission.get("ToPort", 0),
        }
        sources = [
            *(
                ("cidrBlocks", entry, entry["CidrIp"])
                for entry in permission.get("IpRanges", ())
            ),
            *(
                ("ipv6CidrBlocks", entry, entry["CidrIpv6"])
                for entry in permission.get("Ipv6Ranges", ())
            ),
            *(
                ("prefixListIds", entry, entry["PrefixListId"])
                for entry in permission.get("PrefixListIds", ())
            ),
            *(
                ("securityGroups", entry, entry["GroupId"])
                for entry in permission.get("UserIdGroupPairs", ())
            ),
        ]
        if not sources:  # its only source was one that the emulator does not keep
            rules.append({**head, "description": ""})
        for key, entry, value in sources:
            source = {"self": True} if value == group else {key: [value]}
            rules.append(
                {**head, **source, "description": entry.get("Description", "")}
            )
    return rules


def _regrouped(
    single: list[Properties], known: list[Properties] | None
) -> list[Properties]:
    """Single-source rules put together as the program wrote them; what it did not write
    stays single."""
    left = list(single)
    rules = []
    for rule in known or ():
        parts = _split(rule)
        if all(part in left for part in parts):
            for part in parts:
                left.remove(part)
            rules.append(rule)
    return [*rules, *left]


def _split(rule: Properties) -> list[Properties]:
    """An inline rule as the single-source rules that it stands for.

    Prefix lists apart, which the emulator does not keep: a rule of prefix lists alone
    becomes one without source.
    """
    any_port = rule["protocol"] == "-1"
    head = {
        "protocol": rule["protocol"],
        "fromPort": 0 if any_port else rule.get("fromPort", 0),
        "toPort": 0 if any_port else rule.get("toPort", 0),
    }
    tail = {"description": rule.get("description") or ""}
    parts = [
        {**head, key: [value], **tail}
        for key in ("cidrBlocks", "ipv6CidrBlocks", "securityGroups")
        for value in rule.get(key) or ()
    ]
    if rule.get("self"):
        parts.append({**head, "self": True, **tail})
    return parts or [{**head, "description": ""}]


class _Rule(_Described):
    """One rule of a security group as a resource of its own."""

    describe = (
        "ec2.describe_security_group_rules",
        "SecurityGroupRuleIds",
        "SecurityGroupRules",
    )
    gone = ("InvalidSecurityGroupRuleId.NotFound", "InvalidGroup.NotFound")
    side: ClassVar[str]

    def make(self, aws: Calls, inputs: Properties) -> str:
        answer = aws(
            f"ec2.authorize_security_group_{self.side}",
            GroupId=inputs["securityGroupId"],
            IpPermissions=[_rule_permission(inputs)],
            TagSpecifications=_tag_specification("security-group-rule", inputs),
        )
        return str(answer["SecurityGroupRules"][0]["SecurityGroupRuleId"])

    def look(self, aws: Calls, id: str, known: Properties) -> Properties | None:
        rule = self.describe_one(aws, id)
        if rule is None or rule["IsEgress"] != (self.side == "egress"):
            return None
        told: Properties = from_cloud(
            _RULE, {**rule, "ReferencedGroupId": _referenced(rule)}
        )
        if (
            told["ipProtocol"] == "-1"
        ):  # "all traffic" has no ports; the provider tells none
            told = {
                key: value
                for key, value in told.items()
                if key not in ("fromPort", "toPort")
            }
        return {
            **told,
            "arn": (
                rule.get("SecurityGroupRuleArn")
                or _arn(aws, rule.get("GroupOwnerId", ""), f"security-group-rule/{id}")
            ),
            "securityGroupRuleId": id,
            "securityGroupId": rule["GroupId"],
            **told_tags(from_pairs(rule.get("Tags")), known),
        }

    def change(
        self, aws: Calls, id: str, state: Properties, inputs: Properties
    ) -> None:
        rule = self.known_one(aws, id)
        update = {"SecurityGroupRuleId": id, "SecurityGroupRule": _rule_request(inputs)}
        aws(
            "ec2.modify_security_group_rules",
            GroupId=inputs["securityGroupId"],
            SecurityGroupRules=[update],
        )
        _retag(aws, id, rule, inputs)

    def remove(self, aws: Calls, id: str, state: Properties) -> None:
        group = state.get("securityGroupId")
        aws.maybe(
            f"ec2.revoke_security_group_{self.side}",
            *self.gone,
            GroupId=group,
            SecurityGroupRuleIds=[id],
        )


def _referenced(rule: Properties) -> str | None:
    group: str | None = (rule.get("ReferencedGroupInfo") or {}).get("GroupId")
    return group


def _rule_request(inputs: Properties) -> Properties:
    """The rule as ModifySecurityGroupRules takes it."""
    request: Properties = to_cloud(_RULE, inputs)
    if "ReferencedGroupId" in request:
        request["ReferencedGroupId"] = _group_id(request["ReferencedGroupId"])
    return request


def _group_id(reference: str) -> str:
    """A group of another account is written ``account/sg-…``."""
    return reference.rpartition("/")[2]


def _rule_permission(inputs: Properties) -> Properties:
    """The rule as the Authorize calls take it."""
    sources = {
        "cidrBlocks": inputs.get("cidrIpv4"),
        "ipv6CidrBlocks": inputs.get("cidrIpv6"),
        "prefixListIds": inputs.get("prefixListId"),
        "securityGroups": (
            inputs.get("referencedSecurityGroupId")
            and _group_id(inputs["referencedSecurityGroupId"])
        ),
    }
    inline = {key: [value] for key, value in sources.items() if value}
    ports: Properties = {
        key: inputs[key] for key in ("fromPort", "toPort") if key in inputs
    }
    return _permission(
        {
            **inline,
            **ports,
            "protocol": inputs["ipProtocol"],
            "description": inputs.get("description"),
        },
        "",
    )


class SecurityGroupIngressRule(_Rule):
    """One rule that lets traffic in."""

    token = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    side = "ingress"


class SecurityGroupEgressRule(_Rule):
    """One rule that lets traffic out."""

    token = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
    side = "egress"


class VpcEndpoint(_Described):
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
            TagSpecifications=_tag_specification("vpc-endpoint", inputs),
        )
        return str(answer["VpcEndpoint"]["VpcEndpointId"])

    def look(self, aws: Calls, id: str, known: Properties) -> Properties | None:
        endpoint = self.describe_one(aws, id)
        if endpoint is None or str(endpoint.get("State", "")).lower() in (
            "deleted",
            "deleting",
        ):
            return None
        owner = endpoint.get("OwnerId", "")
        told: Properties = {
            "arn": _arn(aws, owner, f"vpc-endpoint/{id}"),
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
            **told_tags(from_pairs(endpoint.get("Tags")), known),
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
        _retag(aws, id, endpoint, inputs)

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


class FlowLog(_Described):
    """A log of a network's traffic."""

    token = "aws:ec2/flowLog:FlowLog"
    describe = ("ec2.describe_flow_logs", "FlowLogIds", "FlowLogs")
    gone = ("InvalidFlowLogId.NotFound",)

    _TARGETS: ClassVar[dict[str, str]] = {
        "vpcId": "VPC",
        "subnetId": "Subnet",
        "eniId": "NetworkInterface",
        "transitGatewayId": "TransitGateway",
        "transitGatewayAttachmentId": "TransitGatewayAttachment",
    }

    def make(self, aws: Calls, inputs: Properties) -> str:
        target = next((name for name in self._TARGETS if inputs.get(name)), None)
        if target is None:
            raise ExecutionError(
                f"{self.token}: none of {', '.join(self._TARGETS)} is set; a flow log"
                " needs one. Set `vpcId`."
            )
        answer = aws(
            "ec2.create_flow_logs",
            ResourceIds=[inputs[target]],
            ResourceType=self._TARGETS[target],
            TrafficType=inputs.get("trafficType"),
            LogDestinationType=inputs.get("logDestinationType") or "cloud-watch-logs",
            LogDestination=inputs.get("logDestination"),
            DeliverLogsPermissionArn=inputs.get("iamRoleArn"),
            DeliverCrossAccountRole=inputs.get("deliverCrossAccountRole"),
            LogFormat=inputs.get("logFormat"),
            MaxAggregationInterval=inputs.get("maxAggregationInterval"),
            DestinationOptions=to_cloud(
                _FLOW_LOG_OPTIONS, inputs.get("destinationOptions")
            )
            or None,
        )
        if failed := answer.get("Unsuccessful"):
            error = failed[0].get("Error", {})
            raise ExecutionError(
                f"{self.token}: ec2.create_flow_logs for `{inputs[target]}` was refused"
                f" by the local AWS emulator with {error.get('Code')}:"
                f" {error.get('Message')}. Correct the property that the text names."
            )
        return str(answer["FlowLogIds"][0])

    def finish(self, aws: Calls, id: str, inputs: Properties) -> None:
        """Tags apart from the creating call, whose resource type (`vpc-flow-log`)
        MiniStack does not know."""
        _retag(aws, id, {}, inputs)

    def look(self, aws: Calls, id: str, known: Properties) -> Properties | None:
        log = self.describe_one(aws, id)
        if log is None:
            return None
        target = next((name for name in self._TARGETS if known.get(name)), "vpcId")
        told = from_cloud(
            {
                target: "ResourceId",
                "trafficType": "TrafficType",
                "logDestinationType": "LogDestinationType",
                "logDestination": "LogDestination",
                "iamRoleArn": "DeliverLogsPermissionArn",
                "deliverCrossAccountRole": "DeliverCrossAccountRole",
                "logFormat": "LogFormat",
                "maxAggregationInterval": "MaxAggregationInterval",
                "destinationOptions": ("DestinationOptions", _FLOW_LOG_OPTIONS),
            },
            log,
        )
        return {
            **told,
            "arn": _arn(
                aws,
                log.get("OwnerId") or self._owner(aws, log["ResourceId"]),
                f"vpc-flow-log/{id}",
            ),
            **told_tags(from_pairs(log.get("Tags")), known),
        }

    def change(
        self, aws: Calls, id: str, state: Properties, inputs: Properties
    ) -> None:
        """Only tags can change; everything else replaces the flow log."""
        _retag(aws, id, self.known_one(aws, id), inputs)

    def remove(self, aws: Calls, id: str, state: Properties) -> None:
        aws.maybe("ec2.delete_flow_logs", *self.gone, FlowLogIds=[id])

    def _owner(self, aws: Calls, _resource: str) -> str:
        """DescribeFlowLogs tells no owner: it is the caller's account."""
        return str(aws("sts.get_caller_identity")["Account"])


KINDS: tuple[type[Kind], ...] = (
    Vpc,
    Subnet,
    RouteTable,
    RouteTableAssociation,
    SecurityGroup,
    SecurityGroupIngressRule,
    SecurityGroupEgressRule,
    VpcEndpoint,
    FlowLog,
)
