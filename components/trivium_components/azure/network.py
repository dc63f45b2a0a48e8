"""A network without internet access, and a private endpoint for Foundry."""

from typing import NotRequired, TypedDict

import pulumi
from pulumi_azure_native import network, privatedns

from trivium_components import cidr, naming
from trivium_components.component import register, require_one_network

# A Foundry account has these three names, so each must resolve privately
# (Foundry, "Configure private link", read 2026-11-22).
_ZONES = ("cognitiveservices.azure.com", "openai.azure.com", "services.ai.azure.com")


class AzureNetworkArgs(TypedDict):
    """Arguments of `AzureNetwork`. For the type, see `component.py`."""

    environment: str
    """Name of the environment; part of every resource's name."""
    account: str
    """Azure subscription id."""
    region: str
    """Region of the network."""
    cidr: NotRequired[str]
    """Address range of a new network and of its subnet."""
    network: NotRequired[str]
    """Resource id of an existing virtual network, to use instead of a new one."""
    subnets: NotRequired[list[str]]
    """Resource id of the subnet of an existing virtual network, with service endpoints
    for storage and key vaults."""
    resources: pulumi.Input[list[str]]
    """The Foundry account that gets the private endpoint:
    `AzureModelAccess.resources`."""
    resource_group: pulumi.Input[str]
    """The resource group of the deployment: `AzureModelAccess.resource_group`."""
    tags: dict[str, str]
    """Tags of every resource."""


class AzureNetwork(pulumi.ComponentResource):
    """A virtual network without internet access, and a private endpoint for Foundry.

    Its one subnet also reaches the storage of the deployment's resource group, and the
    key vaults of its region. These include the vaults of other customers, because
    service endpoint policies exist for storage only. A private endpoint for the vault
    would change that. In an existing network, only the private endpoint and its DNS
    zones are created: the subnet's rules and policies stay as they are.
    """

    network_id: pulumi.Output[str]
    """Id of the virtual network."""
    subnet_ids: pulumi.Output[list[str]]
    """Id of the subnet."""
    private_endpoint: pulumi.Output[str]
    """Id of the private endpoint of the model API."""

    def __init__(
        self,
        name: str,
        args: AzureNetworkArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("trivium:index:AzureNetwork", name, {}, opts)
        require_one_network(name, args.get("cidr"), args.get("network"))
        inside = pulumi.ResourceOptions(parent=self)
        vnet, subnet = _ground(name, args, inside)
        endpoint = _endpoint(name, args, subnet, inside)
        zones = {domain: _zone(name, domain, vnet, args, inside) for domain in _ZONES}
        _names(name, args, endpoint, zones, inside)

        self.network_id = pulumi.Output.from_input(vnet)
        self.subnet_ids = pulumi.Output.all(subnet)
        self.private_endpoint = endpoint.id
        register(self)


def _ground(
    name: str, args: AzureNetworkArgs, opts: pulumi.ResourceOptions
) -> tuple[pulumi.Input[str], pulumi.Input[str]]:
    """Ids of the virtual network and the subnet: existing ones, or new ones."""
    if args.get("network"):
        return args["network"], args["subnets"][0]
    gate = _gate(name, args, opts)
    vnet = _vnet(name, args, opts)
    own_storage = _own_storage(name, args, opts)
    return vnet.id, _subnet(name, args, vnet, gate, own_storage, opts).id


def _gate(
    name: str, args: AzureNetworkArgs, opts: pulumi.ResourceOptions
) -> network.NetworkSecurityGroup:
    """The rules for what leaves the subnet."""
    return network.NetworkSecurityGroup(
        f"{name}-gate",
        resource_group_name=args["resource_group"],
        network_security_group_name=naming.dashed(
            args["environment"], "gate", limit=80
        ),
        location=args["region"],
        security_rules=[
            _no_internet(),
            _service_rule(
                "allow-storage",
                f"Storage.{args['region']}",
                priority=4000,
                description=(
                    "The audit store, by service endpoint; the subnet's policy refuses"
                    " other accounts."
                ),
            ),
            _service_rule(
                "allow-keys",
                f"AzureKeyVault.{args['region']}",
                priority=4001,
                description=(
                    "The signing key, by service endpoint. Tokens need no rule: they"
                    " come from the host."
                ),
            ),
        ],
        tags=args["tags"],
        opts=opts,
    )


def _no_internet() -> network.SecurityRuleArgs:
    """Nothing leaves for the internet."""
    return network.SecurityRuleArgs(
        name="deny-internet",
        description="Nothing leaves for the internet.",
        # the last place before Azure's own rules, which would allow it
        priority=4096,
        direction="Outbound",
        access="Deny",
        protocol="*",
        source_address_prefix="*",
        source_port_range="*",
        destination_address_prefix="Internet",
        destination_port_range="*",
    )


def _service_rule(
    name: str, service: str, *, priority: int, description: str
) -> network.SecurityRuleArgs:
    """HTTPS to one Azure service of the region."""
    return network.SecurityRuleArgs(
        name=name,
        description=description,
        priority=priority,
        direction="Outbound",
        access="Allow",
        protocol="Tcp",
        source_address_prefix="VirtualNetwork",
        source_port_range="*",
        destination_address_prefix=service,
        destination_port_range="443",
    )


def _vnet(
    name: str, args: AzureNetworkArgs, opts: pulumi.ResourceOptions
) -> network.VirtualNetwork:
    """The virtual network."""
    return network.VirtualNetwork(
        f"{name}-vnet",
        resource_group_name=args["resource_group"],
        virtual_network_name=naming.dashed(args["environment"], "vnet", limit=64),
        location=args["region"],
        address_space=network.AddressSpaceArgs(address_prefixes=[args["cidr"]]),
        tags=args["tags"],
        opts=opts,
    )


def _own_storage(
    name: str, args: AzureNetworkArgs, opts: pulumi.ResourceOptions
) -> network.ServiceEndpointPolicy:
    """Limits the subnet to the storage accounts of the deployment.

    The rule of the gate admits the storage accounts of every customer in the region.
    Without this policy, an attacker who controls the application could send prompts to
    an account of their own. Source: Azure, "Virtual network service endpoint policies
    for Azure Storage", read 2026-11-23.
    """
    group = pulumi.Output.concat(
        f"/subscriptions/{args['account']}/resourceGroups/", args["resource_group"]
    )
    admitted = network.ServiceEndpointPolicyDefinitionArgs(
        name="own-storage",
        description="Storage accounts of this resource group, and no others.",
        service="Microsoft.Storage",
        service_resources=[group],
    )
    return network.ServiceEndpointPolicy(
        f"{name}-own-storage",
        resource_group_name=args["resource_group"],
        service_endpoint_policy_name=naming.dashed(
            args["environment"], "own-storage", limit=80
        ),
        location=args["region"],
        service_endpoint_policy_definitions=[admitted],
        tags=args["tags"],
        opts=opts,
    )


def _subnet(
    name: str,
    args: AzureNetworkArgs,
    vnet: network.VirtualNetwork,
    gate: network.NetworkSecurityGroup,
    own_storage: network.ServiceEndpointPolicy,
    opts: pulumi.ResourceOptions,
) -> network.Subnet:
    """The application's subnet, with service endpoints for storage and keys."""
    return network.Subnet(
        f"{name}-subnet",
        resource_group_name=args["resource_group"],
        virtual_network_name=vnet.name,
        subnet_name="application",
        address_prefix=cidr.subnet_ranges(args["cidr"], 1)[0],
        default_outbound_access=False,
        private_endpoint_network_policies="Enabled",
        network_security_group=network.NetworkSecurityGroupArgs(id=gate.id),
        service_endpoint_policies=[
            network.ServiceEndpointPolicyArgs(id=own_storage.id)
        ],
        service_endpoints=[
            network.ServiceEndpointPropertiesFormatArgs(
                service=service, locations=[args["region"]]
            )
            for service in ("Microsoft.Storage", "Microsoft.KeyVault")
        ],
        opts=opts,
    )


def _endpoint(
    name: str,
    args: AzureNetworkArgs,
    subnet: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> network.PrivateEndpoint:
    """The private endpoint of the Foundry account."""
    foundry = network.PrivateLinkServiceConnectionArgs(
        name="foundry",
        group_ids=["account"],
        private_link_service_id=pulumi.Output.from_input(args["resources"]).apply(
            lambda found: found[0]
        ),
    )
    return network.PrivateEndpoint(
        f"{name}-foundry",
        resource_group_name=args["resource_group"],
        private_endpoint_name=naming.dashed(args["environment"], "foundry", limit=64),
        location=args["region"],
        subnet=network.SubnetArgs(id=subnet),
        private_link_service_connections=[foundry],
        tags=args["tags"],
        opts=opts,
    )


def _zone(
    name: str,
    domain: str,
    vnet: pulumi.Input[str],
    args: AzureNetworkArgs,
    opts: pulumi.ResourceOptions,
) -> privatedns.PrivateZone:
    """A private DNS zone that the virtual network sees."""
    zone = privatedns.PrivateZone(
        f"{name}-{domain}",
        resource_group_name=args["resource_group"],
        private_zone_name=f"privatelink.{domain}",
        location="global",  # private zones have no region
        tags=args["tags"],
        opts=opts,
    )
    privatedns.VirtualNetworkLink(
        f"{name}-{domain}-link",
        resource_group_name=args["resource_group"],
        private_zone_name=zone.name,
        virtual_network_link_name="vnet",
        location="global",
        registration_enabled=False,
        virtual_network=privatedns.SubResourceArgs(id=vnet),
        tags=args["tags"],
        opts=opts,
    )
    return zone


def _names(
    name: str,
    args: AzureNetworkArgs,
    endpoint: network.PrivateEndpoint,
    zones: dict[str, privatedns.PrivateZone],
    opts: pulumi.ResourceOptions,
) -> None:
    """Enter the endpoint's address into the zones."""
    network.PrivateDnsZoneGroup(
        f"{name}-names",
        resource_group_name=args["resource_group"],
        private_endpoint_name=endpoint.name,
        private_dns_zone_group_name="default",
        private_dns_zone_configs=[
            network.PrivateDnsZoneConfigArgs(
                name=domain.replace(".", "-"), private_dns_zone_id=zone.id
            )
            for domain, zone in zones.items()
        ],
        opts=opts,
    )
