"""A network without a way out, and the private endpoint of the Foundry account."""

from typing import TypedDict

import pulumi
from pulumi_azure_native import network, privatedns

from trivium_components import cidr, naming

# A Foundry account answers under all three names, so each must resolve privately
# (Foundry, "Configure private link", read 2026-11-22).
_ZONES = ("cognitiveservices.azure.com", "openai.azure.com", "services.ai.azure.com")


class AzureNetworkArgs(TypedDict):
    """What `AzureNetwork` needs."""

    environment: str
    """Name of the environment; part of every resource's name."""
    account: str
    """Azure subscription id."""
    region: str
    """Region of the network."""
    cidr: str
    """Range of the network; the subnet is cut from it."""
    resources: pulumi.Input[list[str]]
    """The Foundry account that gets the private endpoint, as
    `AzureModelAccess.resources` gives it."""
    resource_group: pulumi.Input[str]
    """The resource group of the deployment: `AzureModelAccess.resource_group`."""
    tags: dict[str, str]
    """Tags of every resource."""


class AzureNetwork(pulumi.ComponentResource):
    """A virtual network whose one subnet reaches Foundry, the storage of the
    deployment's resource group alone, the key vaults of its region, and no internet.

    Which vault is not decided here: service endpoint policies bind storage alone, so
    every vault of the region, also of other customers, can be reached until the vault
    has a private endpoint.
    """

    network_id: pulumi.Output[str]
    """The virtual network."""
    subnet_ids: pulumi.Output[list[str]]
    """The subnet."""
    private_endpoint: pulumi.Output[str]
    """The private endpoint of the model API."""

    def __init__(
        self,
        name: str,
        args: AzureNetworkArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("trivium:index:AzureNetwork", name, {}, opts)
        inside = pulumi.ResourceOptions(parent=self)
        group = args["resource_group"]
        gate = network.NetworkSecurityGroup(
            f"{name}-gate",
            resource_group_name=group,
            network_security_group_name=naming.dashed(
                args["environment"], "gate", limit=80
            ),
            location=args["region"],
            security_rules=[
                network.SecurityRuleArgs(
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
                ),
                network.SecurityRuleArgs(
                    name="allow-storage",
                    description=(
                        "The audit store, by service endpoint; the subnet's policy"
                        " refuses other accounts."
                    ),
                    priority=4000,
                    direction="Outbound",
                    access="Allow",
                    protocol="Tcp",
                    source_address_prefix="VirtualNetwork",
                    source_port_range="*",
                    destination_address_prefix=f"Storage.{args['region']}",
                    destination_port_range="443",
                ),
                network.SecurityRuleArgs(
                    name="allow-keys",
                    description=(
                        "The signing key, by service endpoint. Tokens need no rule:"
                        " they come from the host."
                    ),
                    priority=4001,
                    direction="Outbound",
                    access="Allow",
                    protocol="Tcp",
                    source_address_prefix="VirtualNetwork",
                    source_port_range="*",
                    destination_address_prefix=f"AzureKeyVault.{args['region']}",
                    destination_port_range="443",
                ),
            ],
            tags=args["tags"],
            opts=inside,
        )
        vnet = network.VirtualNetwork(
            f"{name}-vnet",
            resource_group_name=group,
            virtual_network_name=naming.dashed(args["environment"], "vnet", limit=64),
            location=args["region"],
            address_space=network.AddressSpaceArgs(address_prefixes=[args["cidr"]]),
            tags=args["tags"],
            opts=inside,
        )
        # The address prefix above admits the storage accounts of every customer in the
        # region: without this, whoever takes over the application carries prompts into
        # an account of their own. Source: Azure, "Virtual network service endpoint
        # policies for Azure Storage", read 2026-11-23.
        own_storage = network.ServiceEndpointPolicy(
            f"{name}-own-storage",
            resource_group_name=group,
            service_endpoint_policy_name=naming.dashed(
                args["environment"], "own-storage", limit=80
            ),
            location=args["region"],
            service_endpoint_policy_definitions=[
                network.ServiceEndpointPolicyDefinitionArgs(
                    name="own-storage",
                    description=(
                        "Storage accounts of this resource group, and no others."
                    ),
                    service="Microsoft.Storage",
                    service_resources=[
                        pulumi.Output.concat(
                            "/subscriptions/",
                            args["account"],
                            "/resourceGroups/",
                            group,
                        )
                    ],
                )
            ],
            tags=args["tags"],
            opts=inside,
        )
        subnet = network.Subnet(
            f"{name}-subnet",
            resource_group_name=group,
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
            opts=inside,
        )
        endpoint = network.PrivateEndpoint(
            f"{name}-foundry",
            resource_group_name=group,
            private_endpoint_name=naming.dashed(
                args["environment"], "foundry", limit=64
            ),
            location=args["region"],
            subnet=network.SubnetArgs(id=subnet.id),
            private_link_service_connections=[
                network.PrivateLinkServiceConnectionArgs(
                    name="foundry",
                    group_ids=["account"],
                    private_link_service_id=pulumi.Output.from_input(
                        args["resources"]
                    ).apply(lambda found: found[0]),
                )
            ],
            tags=args["tags"],
            opts=inside,
        )
        zones = {domain: self._zone(name, domain, vnet, args) for domain in _ZONES}
        network.PrivateDnsZoneGroup(
            f"{name}-names",
            resource_group_name=group,
            private_endpoint_name=endpoint.name,
            private_dns_zone_group_name="default",
            private_dns_zone_configs=[
                network.PrivateDnsZoneConfigArgs(
                    name=domain.replace(".", "-"), private_dns_zone_id=zone.id
                )
                for domain, zone in zones.items()
            ],
            opts=inside,
        )
        self.network_id = vnet.id
        self.subnet_ids = pulumi.Output.all(subnet.id)
        self.private_endpoint = endpoint.id
        self.register_outputs(
            {
                "network_id": self.network_id,
                "subnet_ids": self.subnet_ids,
                "private_endpoint": self.private_endpoint,
            }
        )

    def _zone(
        self,
        name: str,
        domain: str,
        vnet: network.VirtualNetwork,
        args: AzureNetworkArgs,
    ) -> privatedns.PrivateZone:
        zone = privatedns.PrivateZone(
            f"{name}-{domain}",
            resource_group_name=args["resource_group"],
            private_zone_name=f"privatelink.{domain}",
            location="global",  # private zones have no region
            tags=args["tags"],
            opts=pulumi.ResourceOptions(parent=self),
        )
        privatedns.VirtualNetworkLink(
            f"{name}-{domain}-link",
            resource_group_name=args["resource_group"],
            private_zone_name=zone.name,
            virtual_network_link_name="vnet",
            location="global",
            registration_enabled=False,
            virtual_network=privatedns.SubResourceArgs(id=vnet.id),
            tags=args["tags"],
            opts=pulumi.ResourceOptions(parent=self),
        )
        return zone
