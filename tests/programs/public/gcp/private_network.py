"""A network whose only way to Google is private: endpoint, DNS, NAT, peering,
firewall."""

import pulumi
import pulumi_gcp as gcp

generation = pulumi.Config().get("generation") or "1"
net = gcp.compute.Network(
    "gpn-core", auto_create_subnetworks=False, routing_mode="REGIONAL", mtu=1460
)
sub = gcp.compute.Subnetwork(
    "gpn-apps",
    network=net.id,
    region="europe-west4",
    ip_cidr_range="10.10.0.0/20",
    private_ip_google_access=True,
    secondary_ip_ranges=[
        {"range_name": "pods", "ip_cidr_range": "10.20.0.0/14"},
        {"range_name": "services", "ip_cidr_range": "10.24.0.0/20"},
    ],
    log_config={
        "aggregation_interval": "INTERVAL_10_MIN",
        "flow_sampling": 0.5,
        "metadata": "INCLUDE_ALL_METADATA",
    },
)
proxy = gcp.compute.Subnetwork(
    "gpn-proxy",
    network=net.id,
    region="europe-west4",
    ip_cidr_range="10.129.0.0/23",
    purpose="REGIONAL_MANAGED_PROXY",
    role="ACTIVE",
)
router = gcp.compute.Router(
    "gpn-r", network=net.name, region="europe-west4", bgp={"asn": 64514}
)
addr = gcp.compute.Address("gpn-nat", region=sub.region, address_type="EXTERNAL")
nat = gcp.compute.RouterNat(
    "gpn-nat",
    router=router.name,
    region=router.region,
    nat_ip_allocate_option="MANUAL_ONLY",
    nat_ips=[addr.self_link],
    source_subnetwork_ip_ranges_to_nat="LIST_OF_SUBNETWORKS",
    subnetworks=[{"name": sub.id, "source_ip_ranges_to_nats": ["ALL_IP_RANGES"]}],
    log_config={"enable": True, "filter": "ERRORS_ONLY"},
    min_ports_per_vm=64,
)
psc = gcp.compute.GlobalAddress(
    "gpn-psc",
    address_type="INTERNAL",
    purpose="PRIVATE_SERVICE_CONNECT",
    network=net.id,
    address="10.255.255.254",
)
rule = gcp.compute.GlobalForwardingRule(
    "gpn-psc",
    name="pscapis",
    network=net.id,
    ip_address=psc.id,
    target="all-apis",
    load_balancing_scheme="",
    no_automate_dns_zone=False,
)
zone = gcp.dns.ManagedZone(
    "gpn-apis",
    name="googleapis",
    dns_name="googleapis.com.",
    visibility="private",
    private_visibility_config={"networks": [{"network_url": net.id}]},
)
gcp.dns.RecordSet(
    "gpn-apis",
    managed_zone=zone.name,
    name="*.googleapis.com.",
    type="CNAME",
    ttl=300,
    rrdatas=["googleapis.com."],
)
gcp.dns.RecordSet(
    "gpn-apis-a",
    managed_zone=zone.name,
    name=zone.dns_name.apply(lambda d: d),
    type="A",
    ttl=300,
    rrdatas=[psc.address],
)
peer = gcp.compute.GlobalAddress(
    "gpn-peer",
    purpose="VPC_PEERING",
    address_type="INTERNAL",
    prefix_length=16,
    network=net.id,
)
conn = gcp.servicenetworking.Connection(
    "gpn-svc",
    network=net.id,
    service="servicenetworking.googleapis.com",
    reserved_peering_ranges=[peer.name],
)
fw = gcp.compute.Firewall(
    "gpn-iap",
    network=net.self_link,
    direction="INGRESS",
    allows=[
        {"protocol": "tcp", "ports": ["22", "3389", "8000-9000"]},
        {"protocol": "icmp"},
    ],
    source_ranges=["35.235.240.0/20"],
    target_tags=["iap"],
    log_config={"metadata": "INCLUDE_ALL_METADATA"},
    description=f"generation {generation}",
)
deny = gcp.compute.Firewall(
    "gpn-deny",
    network=net.name,
    direction="EGRESS",
    denies=[{"protocol": "all"}],
    destination_ranges=["0.0.0.0/0"],
    priority=65534,
)
route = gcp.compute.Route(
    "gpn-out",
    network=net.name,
    dest_range="199.36.153.8/30",
    next_hop_gateway="default-internet-gateway",
    priority=100,
)
conn_vpc = gcp.vpcaccess.Connector(
    "gpn-c",
    region="europe-west4",
    ip_cidr_range="10.8.0.0/28",
    network=net.name,
    min_instances=2,
    max_instances=3,
)
pol = gcp.compute.NetworkFirewallPolicy("gpn-p", description="x")
gcp.compute.NetworkFirewallPolicyRule(
    "gpn-pr",
    firewall_policy=pol.name,
    priority=1000,
    action="allow",
    direction="INGRESS",
    match={
        "src_ip_ranges": ["10.0.0.0/8"],
        "layer4_configs": [{"ip_protocol": "tcp", "ports": ["443"]}],
    },
)
sp = gcp.networkconnectivity.ServiceConnectionPolicy(
    "gpn-scp",
    location="europe-west4",
    service_class="gcp-memorystore-redis",
    network=net.id,
    psc_config={"subnetworks": [sub.id], "limit": "2"},
)
vpn = gcp.compute.HaVpnGateway("gpn-ha", region="europe-west4", network=net.id)
pulumi.export(
    "gpn",
    pulumi.Output.all(
        net.id,
        net.self_link,
        net.gateway_ipv4,
        sub.gateway_address,
        sub.self_link,
        addr.address,
        psc.address,
        zone.name_servers,
        router.self_link,
        peer.address,
        conn_vpc.self_link,
        rule.psc_connection_id,
        vpn.vpn_interfaces,
        sub.id,
        net.numeric_id,
        zone.id,
        fw.self_link,
    ),
)
