"""A network that reaches Google's APIs through private addresses of its own."""

from typing import TypedDict

import pulumi
from pulumi_gcp import compute, dns, networkconnectivity, projects

from trivium_components import cidr, naming, offers

_TTL_S = 300


class GcpNetworkArgs(TypedDict):
    """What `GcpNetwork` needs."""

    environment: str
    """Name of the environment; part of every resource's name."""
    account: str
    """Google Cloud project id."""
    region: str
    """Region of the subnet."""
    cidr: str
    """Range of the network; the subnet and the endpoint's address are cut from it."""
    location: str
    """Location of the Vertex endpoint: a multi-region needs a private endpoint of its
    own."""
    resources: pulumi.Input[list[str]]
    """What may be invoked. Unused on Google Cloud, whose endpoints take no policy:
    service perimeters do that."""
    tags: dict[str, str]
    """Tags of every resource, as labels."""


class GcpNetwork(pulumi.ComponentResource):
    """A VPC whose names under googleapis.com resolve to a Private Service Connect
    endpoint.

    The endpoint for Google's global APIs does not serve the `us` and `eu` multi-regions
    of Vertex AI; those get a regional endpoint and a more specific DNS zone. That
    Google accepts the multi-region as its target is not verifiable here.
    """

    network_id: pulumi.Output[str]
    """The VPC."""
    subnet_ids: pulumi.Output[list[str]]
    """The subnet."""
    private_endpoint: pulumi.Output[str]
    """The private endpoint of the model API."""

    def __init__(
        self,
        name: str,
        args: GcpNetworkArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("trivium:index:GcpNetwork", name, {}, opts)
        project, environment = args["account"], args["environment"]
        host = offers.vertex_host(args["location"])
        multi_region = host.endswith(".rep.googleapis.com")
        services = [
            projects.Service(
                f"{name}-{service}",
                project=project,
                service=f"{service}.googleapis.com",
                disable_on_destroy=False,
                opts=pulumi.ResourceOptions(parent=self),
            )
            for service in (
                "compute",
                "dns",
                *(("networkconnectivity",) if multi_region else ()),
            )
        ]
        inside = pulumi.ResourceOptions(parent=self, depends_on=services)
        network = compute.Network(
            f"{name}-vpc",
            project=project,
            name=naming.dashed(environment, "vpc", limit=63),
            auto_create_subnetworks=False,
            delete_default_routes_on_create=True,  # no way to the internet
            opts=inside,
        )
        ranges = cidr.subnet_ranges(args["cidr"], cidr.SUBNETS_PER_CLOUD)
        subnet = compute.Subnetwork(
            f"{name}-subnet",
            project=project,
            region=args["region"],
            name=naming.dashed(environment, "subnet", limit=63),
            network=network.id,
            ip_cidr_range=ranges[0],
            private_ip_google_access=True,
            log_config=compute.SubnetworkLogConfigArgs(
                aggregation_interval="INTERVAL_5_MIN",
                flow_sampling=0.5,
                metadata="INCLUDE_ALL_METADATA",
            ),
            opts=inside,
        )
        # The address of an endpoint to Google APIs must lie outside every subnet: the
        # last share has none.
        address = compute.GlobalAddress(
            f"{name}-apis-address",
            project=project,
            name=naming.dashed(environment, "apis", limit=63),
            address=cidr.address(ranges[-1], 5),
            address_type="INTERNAL",
            purpose="PRIVATE_SERVICE_CONNECT",
            network=network.id,
            opts=inside,
        )
        apis = compute.GlobalForwardingRule(
            f"{name}-apis",
            project=project,
            name=naming.private_service_connect(environment),
            target="all-apis",
            network=network.id,
            ip_address=address.id,
            # what Private Service Connect to Google APIs requires
            load_balancing_scheme="",
            labels=naming.labels(args["tags"]),
            opts=inside,
        )
        zone = _private_zone(
            f"{name}-googleapis", "googleapis.com.", network, args, inside
        )
        _record(
            f"{name}-apex",
            zone,
            "A",
            "googleapis.com.",
            address.address,
            project,
            inside,
        )
        _record(
            f"{name}-names",
            zone,
            "CNAME",
            "*.googleapis.com.",
            "googleapis.com.",
            project,
            inside,
        )
        self.private_endpoint = apis.id
        if multi_region:
            self.private_endpoint = _multi_region_endpoint(
                name, host, network, subnet, args, inside
            )
        self.network_id = network.id
        self.subnet_ids = pulumi.Output.all(subnet.id)
        self.register_outputs(
            {
                "network_id": self.network_id,
                "subnet_ids": self.subnet_ids,
                "private_endpoint": self.private_endpoint,
            }
        )


def _multi_region_endpoint(
    name: str,
    host: str,
    network: compute.Network,
    subnet: compute.Subnetwork,
    args: GcpNetworkArgs,
    opts: pulumi.ResourceOptions,
) -> pulumi.Output[str]:
    """A regional endpoint for `host`, and the DNS zone that leads there; returns the
    endpoint's id."""
    endpoint = networkconnectivity.RegionalEndpoint(
        f"{name}-vertex",
        project=args["account"],
        location=args["region"],
        name=naming.dashed(args["environment"], "vertex", limit=63),
        target_google_api=host,
        access_type="REGIONAL",
        network=network.id,
        subnetwork=subnet.id,
        labels=naming.labels(args["tags"]),
        opts=opts,
    )
    zone = _private_zone(
        f"{name}-rep", f"{host.split('.', 1)[1]}.", network, args, opts
    )
    _record(
        f"{name}-vertex-name",
        zone,
        "A",
        f"{host}.",
        endpoint.address,
        args["account"],
        opts,
    )
    found: pulumi.Output[str] = endpoint.id
    return found


def _private_zone(
    name: str,
    domain: str,
    network: compute.Network,
    args: GcpNetworkArgs,
    opts: pulumi.ResourceOptions,
) -> dns.ManagedZone:
    visible = dns.ManagedZonePrivateVisibilityConfigNetworkArgs(network_url=network.id)
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
