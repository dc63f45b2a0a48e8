"""A network that reaches Google's APIs through its own private addresses."""

from dataclasses import dataclass
from typing import NotRequired, TypedDict

import pulumi
from pulumi_gcp import compute, dns, networkconnectivity, projects

from trivium_components import cidr, naming, offers
from trivium_components.component import register, require_one_network

_TTL_S = 300  # short enough to move an endpoint within minutes


class GcpNetworkArgs(TypedDict):
    """Arguments of `GcpNetwork`. For the type, see `component.py`."""

    environment: str
    """Name of the environment; part of every resource's name."""
    account: str
    """Google Cloud project id."""
    region: str
    """Region of the subnet."""
    cidr: NotRequired[str]
    """Address range of a new network, of its subnet and of the endpoint."""
    network: NotRequired[str]
    """Id of an existing network, `projects/…/global/networks/…`, to use instead of a
    new one."""
    subnets: NotRequired[list[str]]
    """Id of the subnet of an existing network."""
    endpoint_address: NotRequired[str]
    """Unused address in an existing network, outside every subnet, for the endpoint."""
    location: str
    """Location of the Vertex AI endpoint; a multi-region needs its own private
    endpoint."""
    resources: pulumi.Input[list[str]]
    """What may be invoked. Not used on Google Cloud: endpoints do not take a policy,
    service perimeters do."""
    tags: dict[str, str]
    """Tags of every resource, as labels."""


class GcpNetwork(pulumi.ComponentResource):
    """A VPC that reaches Google's APIs through Private Service Connect.

    All names under googleapis.com resolve to one endpoint. It does not serve the `us`
    and `eu` multi-regions of Vertex AI, which get a regional endpoint and a more
    specific DNS zone. A rehearsal cannot verify that Google accepts a multi-region as
    the target.
    """

    network_id: pulumi.Output[str]
    """Id of the VPC."""
    subnet_ids: pulumi.Output[list[str]]
    """Id of the subnet."""
    private_endpoint: pulumi.Output[str]
    """Id of the private endpoint of the model API."""

    def __init__(
        self,
        name: str,
        args: GcpNetworkArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("trivium:index:GcpNetwork", name, {}, opts)
        require_one_network(name, args.get("cidr"), args.get("network"))
        host = offers.vertex_host(args["location"])
        multi_region = host.endswith(".rep.googleapis.com")
        services = _services(
            name, args, multi_region, pulumi.ResourceOptions(parent=self)
        )
        inside = pulumi.ResourceOptions(parent=self, depends_on=services)
        ground = _ground(name, args, inside)
        address = _address(name, args, ground, inside)
        apis = _apis(name, args, ground.network, address, inside)
        _googleapis_names(name, args, ground.network, address, inside)

        self.private_endpoint = apis.id
        if multi_region:
            self.private_endpoint = _multi_region_endpoint(
                name, host, ground, args, inside
            )
        self.network_id = pulumi.Output.from_input(ground.network)
        self.subnet_ids = pulumi.Output.all(ground.subnet)
        register(self)


@dataclass(frozen=True)
class _Ground:
    """The network in which the endpoint is placed."""

    network: pulumi.Input[str]
    """Id of the network."""
    subnet: pulumi.Input[str]
    """Id of the application's subnet."""
    address: str
    """Address of the endpoint, outside every subnet."""


def _ground(name: str, args: GcpNetworkArgs, opts: pulumi.ResourceOptions) -> _Ground:
    """The existing network, or a new one with its subnet."""
    if args.get("network"):
        return _Ground(args["network"], args["subnets"][0], args["endpoint_address"])
    network = _vpc(name, args, opts)
    # An endpoint's address must be outside every subnet, so it is in the last share,
    # which has no subnet.
    first, *_, last = cidr.subnet_ranges(args["cidr"], cidr.SUBNETS_PER_CLOUD)
    subnet = _subnet(name, args, first, network, opts)
    return _Ground(network.id, subnet.id, cidr.address(last, 5))


def _services(
    name: str, args: GcpNetworkArgs, multi_region: bool, opts: pulumi.ResourceOptions
) -> list[projects.Service]:
    """The APIs that create the network."""
    regional = ("networkconnectivity",) if multi_region else ()
    return [
        projects.Service(
            f"{name}-{service}",
            project=args["account"],
            service=f"{service}.googleapis.com",
            disable_on_destroy=False,  # others in the project may use it
            opts=opts,
        )
        for service in ("compute", "dns", *regional)
    ]


def _vpc(
    name: str, args: GcpNetworkArgs, opts: pulumi.ResourceOptions
) -> compute.Network:
    """The VPC, without a route to the internet."""
    return compute.Network(
        f"{name}-vpc",
        project=args["account"],
        name=naming.dashed(args["environment"], "vpc", limit=63),
        auto_create_subnetworks=False,
        delete_default_routes_on_create=True,
        opts=opts,
    )


def _subnet(
    name: str,
    args: GcpNetworkArgs,
    block: str,
    network: compute.Network,
    opts: pulumi.ResourceOptions,
) -> compute.Subnetwork:
    """The subnet, with flow logs and private access to Google's APIs."""
    return compute.Subnetwork(
        f"{name}-subnet",
        project=args["account"],
        region=args["region"],
        name=naming.dashed(args["environment"], "subnet", limit=63),
        network=network.id,
        ip_cidr_range=block,
        private_ip_google_access=True,
        log_config=compute.SubnetworkLogConfigArgs(
            aggregation_interval="INTERVAL_5_MIN",
            flow_sampling=0.5,
            metadata="INCLUDE_ALL_METADATA",
        ),
        opts=opts,
    )


def _address(
    name: str,
    args: GcpNetworkArgs,
    ground: _Ground,
    opts: pulumi.ResourceOptions,
) -> compute.GlobalAddress:
    """The address of the endpoint for Google's APIs."""
    return compute.GlobalAddress(
        f"{name}-apis-address",
        project=args["account"],
        name=naming.dashed(args["environment"], "apis", limit=63),
        address=ground.address,
        address_type="INTERNAL",
        purpose="PRIVATE_SERVICE_CONNECT",
        network=ground.network,
        opts=opts,
    )


def _apis(
    name: str,
    args: GcpNetworkArgs,
    network: pulumi.Input[str],
    address: compute.GlobalAddress,
    opts: pulumi.ResourceOptions,
) -> compute.GlobalForwardingRule:
    """The endpoint for Google's global APIs."""
    return compute.GlobalForwardingRule(
        f"{name}-apis",
        project=args["account"],
        name=naming.private_service_connect(args["environment"]),
        target="all-apis",
        network=network,
        ip_address=address.id,
        # what Private Service Connect to Google APIs requires
        load_balancing_scheme="",
        labels=naming.labels(args["tags"]),
        opts=opts,
    )


def _googleapis_names(
    name: str,
    args: GcpNetworkArgs,
    network: pulumi.Input[str],
    address: compute.GlobalAddress,
    opts: pulumi.ResourceOptions,
) -> None:
    """Every name under googleapis.com resolves to the endpoint."""
    project, domain = args["account"], "googleapis.com."
    zone = _private_zone(f"{name}-googleapis", domain, network, args, opts)
    _record(f"{name}-apex", zone, "A", domain, address.address, project, opts)
    _record(f"{name}-names", zone, "CNAME", f"*.{domain}", domain, project, opts)


def _multi_region_endpoint(
    name: str,
    host: str,
    ground: _Ground,
    args: GcpNetworkArgs,
    opts: pulumi.ResourceOptions,
) -> pulumi.Output[str]:
    """The id of a regional endpoint for `host`, to which a DNS zone leads."""
    endpoint = networkconnectivity.RegionalEndpoint(
        f"{name}-vertex",
        project=args["account"],
        location=args["region"],
        name=naming.dashed(args["environment"], "vertex", limit=63),
        target_google_api=host,
        access_type="REGIONAL",
        network=ground.network,
        subnetwork=ground.subnet,
        labels=naming.labels(args["tags"]),
        opts=opts,
    )
    domain = f"{host.split('.', 1)[1]}."
    zone = _private_zone(f"{name}-rep", domain, ground.network, args, opts)
    project, address = args["account"], endpoint.address
    _record(f"{name}-vertex-name", zone, "A", f"{host}.", address, project, opts)
    found: pulumi.Output[str] = endpoint.id
    return found


def _private_zone(
    name: str,
    domain: str,
    network: pulumi.Input[str],
    args: GcpNetworkArgs,
    opts: pulumi.ResourceOptions,
) -> dns.ManagedZone:
    """A DNS zone that only this network sees."""
    visible = dns.ManagedZonePrivateVisibilityConfigNetworkArgs(network_url=network)
    return dns.ManagedZone(
        name,
        project=args["account"],
        name=naming.dashed(
            args["environment"], domain.rstrip(".").replace(".", "-"), limit=63
        ),
        dns_name=domain,
        description="Leads Google's API names to the private endpoint.",
        visibility="private",
        private_visibility_config=dns.ManagedZonePrivateVisibilityConfigArgs(
            networks=[visible]
        ),
        labels=naming.labels(args["tags"]),
        opts=opts,
    )


def _record(
    name: str,
    zone: dns.ManagedZone,
    kind: str,
    host: str,
    target: pulumi.Input[str],
    project: str,
    opts: pulumi.ResourceOptions,
) -> dns.RecordSet:
    """One record of a zone."""
    return dns.RecordSet(
        name,
        project=project,
        managed_zone=zone.name,
        name=host,
        type=kind,
        ttl=_TTL_S,
        rrdatas=[target],
        opts=opts,
    )
