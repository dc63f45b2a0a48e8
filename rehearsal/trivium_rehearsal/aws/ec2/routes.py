"""Route tables, their routes, and their associations with subnets."""

from trivium_rehearsal.aws.calls import Calls
from trivium_rehearsal.aws.ec2.described import Described, arn, retag, tag_specification
from trivium_rehearsal.aws.executed import Kind
from trivium_rehearsal.aws.shape import Shape, from_cloud, to_cloud
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
_ENDPOINT = "vpce-"
_DESTINATIONS = (
    "DestinationCidrBlock",
    "DestinationIpv6CidrBlock",
    "DestinationPrefixListId",
)


class RouteTable(Described):
    """A route table with its inline routes."""

    token = "aws:ec2/routeTable:RouteTable"
    describe = ("ec2.describe_route_tables", "RouteTableIds", "RouteTables")
    gone = ("InvalidRouteTableID.NotFound", "InvalidRouteTableId.NotFound")

    def make(self, aws: Calls, inputs: Properties) -> str:
        answer = aws(
            "ec2.create_route_table",
            VpcId=inputs["vpcId"],
            TagSpecifications=tag_specification("route-table", inputs),
        )
        return str(answer["RouteTable"]["RouteTableId"])

    def finish(self, aws: Calls, id: str, inputs: Properties) -> None:
        for route in inputs.get("routes") or ():
            aws("ec2.create_route", RouteTableId=id, **_route_to_cloud(route))
        for gateway in inputs.get("propagatingVgws") or ():
            aws("ec2.enable_vgw_route_propagation", RouteTableId=id, GatewayId=gateway)

    def told(
        self, aws: Calls, id: str, table: Properties, known: Properties
    ) -> Properties | None:
        owner = table.get("OwnerId", "")
        return {
            "arn": arn(aws, owner, f"route-table/{id}"),
            "ownerId": owner,
            "vpcId": table["VpcId"],
            "routes": [_route_from_cloud(route) for route in _own_routes(table, known)],
            "propagatingVgws": [
                entry["GatewayId"] for entry in table.get("PropagatingVgws", ())
            ],
        }

    def change(
        self, aws: Calls, id: str, state: Properties, inputs: Properties
    ) -> None:
        table = self.known_one(aws, id)
        wanted = [_route_to_cloud(route) for route in inputs.get("routes") or ()]
        if inputs.get("routes") is not None or state.get("routes"):
            for route in _own_routes(table, state):
                spelled = _route_to_cloud(_route_from_cloud(route))
                if spelled in wanted:
                    wanted.remove(spelled)
                else:
                    aws("ec2.delete_route", RouteTableId=id, **_destination(spelled))
            for route in wanted:
                aws("ec2.create_route", RouteTableId=id, **route)
        retag(aws, id, table, inputs)

    def remove(self, aws: Calls, id: str, state: Properties) -> None:
        aws.maybe("ec2.delete_route_table", *self.gone, RouteTableId=id)


def _own_routes(table: Properties, known: Properties) -> list[Properties]:
    """Routes that somebody created: not the local one, not a gateway endpoint's (to a
    prefix list), not propagated ones.

    The emulator takes a route to an endpoint for a local one.
    """
    to_endpoints = [
        _destination(_route_to_cloud(route))
        for route in known.get("routes") or ()
        if route.get("vpcEndpointId")
    ]
    return [
        route
        for route in table.get("Routes", ())
        if route.get("Origin", "CreateRoute") == "CreateRoute"
        and not (_leads_to_endpoint(route) and "DestinationPrefixListId" in route)
        and (route.get("GatewayId") != "local" or _destination(route) in to_endpoints)
    ]


def _destination(route: Properties) -> Properties:
    return {key: route[key] for key in _DESTINATIONS if key in route}


def _leads_to_endpoint(route: Properties) -> bool:
    return str(route.get("GatewayId", "")).startswith(_ENDPOINT)


def _route_to_cloud(route: Properties) -> Properties:
    spelled: Properties = to_cloud({**_ROUTE, "vpcEndpointId": "VpcEndpointId"}, route)
    return spelled


def _route_from_cloud(route: Properties) -> Properties:
    """EC2 answers an endpoint as a gateway (EC2 API reference, ``Route``)."""
    told: Properties = from_cloud(_ROUTE, route)
    if _leads_to_endpoint(route):
        told["vpcEndpointId"] = told.pop("gatewayId")
    elif told.get("gatewayId") == "local":
        del told["gatewayId"]
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
