"""A network with private endpoints and their DNS, routes, NAT, a bastion and a firewall
policy."""

import pulumi
import pulumi_azure_native as az

generation = pulumi.Config().get("generation") or "1"
rg = az.resources.ResourceGroup("zpn-net", tags={"generation": generation})
nsg = az.network.NetworkSecurityGroup(
    "zpn-nsg",
    resource_group_name=rg.name,
    security_rules=[
        {
            "name": "https",
            "priority": 100,
            "direction": "Inbound",
            "access": "Allow",
            "protocol": "Tcp",
            "source_port_range": "*",
            "destination_port_range": "443",
            "source_address_prefix": "*",
            "destination_address_prefix": "*",
        }
    ],
)
nat_ip = az.network.PublicIPAddress(
    "zpn-natip",
    resource_group_name=rg.name,
    sku={"name": "Standard"},
    public_ip_allocation_method=az.network.IPAllocationMethod.STATIC,
)
nat = az.network.NatGateway(
    "zpn-nat",
    resource_group_name=rg.name,
    sku={"name": "Standard"},
    public_ip_addresses=[{"id": nat_ip.id}],
    idle_timeout_in_minutes=10,
)
rt = az.network.RouteTable(
    "zpn-rt",
    resource_group_name=rg.name,
    routes=[
        {
            "name": "fw",
            "address_prefix": "0.0.0.0/0",
            "next_hop_type": "VirtualAppliance",
            "next_hop_ip_address": "10.0.0.4",
        }
    ],
)
vnet = az.network.VirtualNetwork(
    "zpn-vnet",
    resource_group_name=rg.name,
    address_space={"address_prefixes": ["10.0.0.0/16"]},
    subnets=[
        {
            "name": "default",
            "address_prefix": "10.0.0.0/24",
            "network_security_group": {"id": nsg.id},
        },
        {
            "name": "pe",
            "address_prefix": "10.0.1.0/24",
            "private_endpoint_network_policies": "Disabled",
        },
    ],
    dhcp_options={"dns_servers": ["10.0.0.4"]},
    tags={"generation": generation},
)
sub = az.network.Subnet(
    "zpn-apps",
    resource_group_name=rg.name,
    virtual_network_name=vnet.name,
    address_prefix="10.0.2.0/24",
    nat_gateway={"id": nat.id},
    route_table={"id": rt.id},
    delegations=[{"name": "d", "service_name": "Microsoft.Web/serverFarms"}],
    service_endpoints=[{"service": "Microsoft.Storage"}],
)
st = az.storage.StorageAccount(
    "zpn-sa",
    resource_group_name=rg.name,
    sku={"name": az.storage.SkuName.STANDARD_ZRS},
    kind=az.storage.Kind.STORAGE_V2,
    allow_blob_public_access=False,
    public_network_access="Disabled",
    minimum_tls_version="TLS1_2",
    network_rule_set={
        "default_action": "Deny",
        "bypass": "AzureServices",
        "virtual_network_rules": [{"virtual_network_resource_id": sub.id}],
    },
)
pe = az.network.PrivateEndpoint(
    "zpn-pe",
    resource_group_name=rg.name,
    subnet={"id": vnet.subnets[1].id},
    private_link_service_connections=[
        {"name": "blob", "private_link_service_id": st.id, "group_ids": ["blob"]}
    ],
)
zone = az.privatedns.PrivateZone(
    "zpn-z",
    resource_group_name=rg.name,
    location="global",
    private_zone_name="privatelink.blob.core.windows.net",
)
az.privatedns.VirtualNetworkLink(
    "zpn-l",
    resource_group_name=rg.name,
    location="Global",
    private_zone_name=zone.name,
    virtual_network={"id": vnet.id},
    registration_enabled=False,
)
az.network.PrivateDnsZoneGroup(
    "zpn-generation",
    resource_group_name=rg.name,
    private_endpoint_name=pe.name,
    private_dns_zone_group_name="default",
    private_dns_zone_configs=[{"name": "blob", "private_dns_zone_id": zone.id}],
)
az.privatedns.PrivateRecordSet(
    "zpn-a",
    resource_group_name=rg.name,
    private_zone_name=zone.name,
    record_type="A",
    relative_record_set_name="x",
    ttl=300,
    a_records=[{"ipv4_address": "10.0.1.5"}],
)
vnet2 = az.network.VirtualNetwork(
    "zpn-spoke",
    resource_group_name=rg.name,
    address_space=az.network.AddressSpaceArgs(address_prefixes=["10.1.0.0/16"]),
)
az.network.VirtualNetworkPeering(
    "zpn-p",
    resource_group_name=rg.name,
    virtual_network_name=vnet.name,
    remote_virtual_network={"id": vnet2.id},
    allow_forwarded_traffic=True,
    allow_virtual_network_access=True,
)
bast_ip = az.network.PublicIPAddress(
    "zpn-b",
    resource_group_name=rg.name,
    sku={"name": "Standard", "tier": "Regional"},
    public_ip_allocation_method="Static",
    zones=["1", "2"],
    dns_settings={"domain_name_label": "acme-b"},
)
az.network.BastionHost(
    "zpn-b",
    resource_group_name=rg.name,
    ip_configurations=[
        {"name": "c", "public_ip_address": {"id": bast_ip.id}, "subnet": {"id": sub.id}}
    ],
    sku={"name": "Standard"},
)
dz = az.dns.Zone(
    "zpn-dz", resource_group_name=rg.name, location="global", zone_name="acme.test"
)
az.dns.RecordSet(
    "zpn-www",
    resource_group_name=rg.name,
    zone_name=dz.name,
    relative_record_set_name="www",
    record_type="CNAME",
    ttl=3600,
    cname_record={"cname": "x.acme.test"},
)
fwp = az.network.FirewallPolicy(
    "zpn-fp", resource_group_name=rg.name, threat_intel_mode="Alert"
)
az.network.FirewallPolicyRuleCollectionGroup(
    "zpn-rcg",
    resource_group_name=rg.name,
    firewall_policy_name=fwp.name,
    priority=100,
    rule_collections=[
        az.network.FirewallPolicyFilterRuleCollectionArgs(
            rule_collection_type="FirewallPolicyFilterRuleCollection",
            name="a",
            priority=100,
            action={"type": "Allow"},
            rules=[
                az.network.NetworkRuleArgs(
                    rule_type="NetworkRule",
                    name="n",
                    ip_protocols=["TCP"],
                    source_addresses=["*"],
                    destination_addresses=["1.1.1.1"],
                    destination_ports=["443"],
                )
            ],
        )
    ],
)
asg = az.network.ApplicationSecurityGroup("zpn-asg", resource_group_name=rg.name)
pulumi.export(
    "zpn",
    [
        rg.id,
        rg.location,
        vnet.id,
        vnet.subnets[0].id,
        vnet.subnets[0]["name"],
        sub.id,
        pe.id,
        pe.network_interfaces[0].id,
        pe.custom_dns_configs,
        zone.id,
        nat_ip.ip_address,
        bast_ip.dns_settings.fqdn,
        dz.name_servers,
        nsg.id,
        st.primary_endpoints.blob,
        st.primary_endpoints["web"],
        sub.name,
        zone.name,
        vnet.address_space.address_prefixes,
    ],
)
