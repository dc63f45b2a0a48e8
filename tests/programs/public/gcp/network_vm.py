"""A virtual machine in its own network, with a firewall, a fixed address and a start
script."""

import pulumi
import pulumi_gcp as gcp

generation = pulumi.Config().get("generation") or "1"
image = gcp.compute.get_image(family="debian-12", project="debian-cloud")
network = gcp.compute.Network("vm", auto_create_subnetworks=True)
gcp.compute.Firewall(
    "vm-web",
    network=network.self_link,
    allows=[
        {"protocol": "tcp", "ports": ["22", "80"]},
        gcp.compute.FirewallAllowArgs(protocol="icmp"),
    ],
    direction="INGRESS",
    source_ranges=["0.0.0.0/0"],
    target_tags=["web"],
    log_config={"metadata": "INCLUDE_ALL_METADATA"},
)
address = gcp.compute.Address("vm", region="us-central1", network_tier="PREMIUM")
router = gcp.compute.Router("vm", network=network.id, region="us-central1")
gcp.compute.RouterNat(
    "vm",
    router=router.name,
    region="us-central1",
    nat_ip_allocate_option="AUTO_ONLY",
    source_subnetwork_ip_ranges_to_nat="ALL_SUBNETWORKS_ALL_IP_RANGES",
)
machine = gcp.compute.Instance(
    "vm",
    machine_type="e2-micro",
    zone="us-central1-a",
    boot_disk={
        "initialize_params": {
            "image": image.self_link,
            "size": 20,
            "type": "pd-balanced",
        }
    },
    network_interfaces=[
        {
            "network": network.id,
            "access_configs": [{"nat_ip": address.address, "network_tier": "PREMIUM"}],
        }
    ],
    metadata_startup_script="#!/bin/bash\necho hello > index.html\n",
    service_account={"scopes": ["https://www.googleapis.com/auth/cloud-platform"]},
    scheduling={
        "automatic_restart": True,
        "on_host_maintenance": "MIGRATE",
        "provisioning_model": "STANDARD",
    },
    shielded_instance_config={"enable_secure_boot": True},
    allow_stopping_for_update=True,
    tags=["web"],
    labels={"generation": generation},
)
zone = gcp.dns.ManagedZone("zone", dns_name="example.test.", description="rehearsal")
gcp.dns.RecordSet(
    "www",
    name="www.example.test.",
    managed_zone=zone.name,
    type="A",
    ttl=300,
    rrdatas=[address.address],
)
pulumi.export("instanceName", machine.name)
pulumi.export("externalIp", address.address)
