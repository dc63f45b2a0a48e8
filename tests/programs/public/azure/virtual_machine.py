"""A Linux machine with a public address in its own network."""

import pulumi
from pulumi_azure_native import compute, network, resources

generation = pulumi.Config().get("generation") or "1"
password = pulumi.Output.secret("correct-horse-battery-staple")
group = resources.ResourceGroup("vm-group", location="westeurope")
net = network.VirtualNetwork(
    "vm-network",
    resource_group_name=group.name,
    address_space={"address_prefixes": ["10.0.0.0/16"]},
    subnets=[network.SubnetArgs(name="default", address_prefix="10.0.1.0/24")],
)
subnet = network.Subnet(
    "second",
    resource_group_name=group.name,
    virtual_network_name=net.name,
    address_prefix="10.0.2.0/24",
    service_endpoints=[{"service": "Microsoft.Storage"}],
)
address = network.PublicIPAddress(
    "vm-ip",
    resource_group_name=group.name,
    public_ip_allocation_method=network.IPAllocationMethod.STATIC,
    sku={"name": "Standard"},
    dns_settings={"domain_name_label": "rehearsal-vm"},
)
firewall = network.NetworkSecurityGroup(
    "vm-firewall",
    resource_group_name=group.name,
    security_rules=[
        {
            "name": "ssh",
            "priority": 1000,
            "direction": "Inbound",
            "access": "Allow",
            "protocol": "Tcp",
            "source_port_range": "*",
            "source_address_prefix": "*",
            "destination_address_prefix": "*",
            "destination_port_ranges": ["22", "80"],
        }
    ],
)
card = network.NetworkInterface(
    "vm-card",
    resource_group_name=group.name,
    network_security_group={"id": firewall.id},
    ip_configurations=[
        {
            "name": "webserver",
            "subnet": {"id": net.subnets.apply(lambda found: found[0].id)},
            "private_ip_allocation_method": "Dynamic",
            "public_ip_address": {"id": address.id},
        }
    ],
)
machine = compute.VirtualMachine(
    "vm",
    resource_group_name=group.name,
    network_profile={"network_interfaces": [{"id": card.id, "primary": True}]},
    hardware_profile={"vm_size": "Standard_B2ms_v2"},
    identity={"type": compute.ResourceIdentityType.SYSTEM_ASSIGNED},
    os_profile={
        "computer_name": "vm",
        "admin_username": "pulumiuser",
        "admin_password": password,
        "custom_data": "IyEvYmluL2Jhc2gK",
        "linux_configuration": {"disable_password_authentication": False},
    },
    storage_profile={
        "os_disk": {
            "create_option": "FromImage",
            "name": "vm-os",
            "managed_disk": {"storage_account_type": "Premium_LRS"},
        },
        "image_reference": {
            "publisher": "Canonical",
            "offer": "0001-com-ubuntu-server-jammy",
            "sku": "22_04-lts-gen2",
            "version": "latest",
        },
    },
    tags={"generation": generation},
)
pulumi.export("machineId", machine.id)
pulumi.export("ip", address.ip_address)
