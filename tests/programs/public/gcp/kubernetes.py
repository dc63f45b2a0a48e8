"""A Kubernetes cluster with a separate node pool; its connection settings are a secret
output."""

import pulumi
import pulumi_gcp as gcp

generation = pulumi.Config().get("generation") or "1"
project = gcp.organizations.get_project()
network = gcp.compute.Network("gke", auto_create_subnetworks=False)
subnet = gcp.compute.Subnetwork(
    "gke",
    ip_cidr_range="10.128.0.0/12",
    network=network.id,
    region="us-central1",
    private_ip_google_access=True,
    secondary_ip_ranges=[
        {"range_name": "pods", "ip_cidr_range": "10.4.0.0/14"},
        {"range_name": "services", "ip_cidr_range": "10.8.0.0/20"},
    ],
)
cluster = gcp.container.Cluster(
    "gke",
    location="us-central1",
    network=network.name,
    subnetwork=subnet.name,
    initial_node_count=1,
    remove_default_node_pool=True,
    deletion_protection=False,
    networking_mode="VPC_NATIVE",
    datapath_provider="ADVANCED_DATAPATH",
    ip_allocation_policy={
        "cluster_secondary_range_name": "pods",
        "services_secondary_range_name": "services",
    },
    release_channel={"channel": "STABLE"},
    binary_authorization={"evaluation_mode": "PROJECT_SINGLETON_POLICY_ENFORCE"},
    private_cluster_config={
        "enable_private_nodes": True,
        "enable_private_endpoint": False,
        "master_ipv4_cidr_block": "10.100.0.0/28",
    },
    master_authorized_networks_config={
        "cidr_blocks": [{"cidr_block": "0.0.0.0/0", "display_name": "All"}]
    },
    workload_identity_config={"workload_pool": f"{project.project_id}.svc.id.goog"},
)
nodes = gcp.serviceaccount.Account(
    "gke-nodes", account_id="gke-nodes", display_name="GKE nodes"
)
gcp.container.NodePool(
    "gke-nodes",
    cluster=cluster.id,
    node_count=int(generation),
    node_config=gcp.container.NodePoolNodeConfigArgs(
        oauth_scopes=["https://www.googleapis.com/auth/cloud-platform"],
        service_account=nodes.email,
        machine_type="e2-standard-2",
        shielded_instance_config={"enable_secure_boot": True},
        workload_metadata_config={"mode": "GKE_METADATA"},
    ),
    management={"auto_repair": True, "auto_upgrade": True},
)
kubeconfig = pulumi.Output.all(
    cluster.endpoint,
    cluster.master_auth.apply(lambda auth: auth.cluster_ca_certificate),
).apply(
    lambda found: (
        f"server: https://{found[0]}\ncertificate-authority-data: {found[1]}\n"
    )
)
pulumi.export("kubeconfig", pulumi.Output.secret(kubeconfig))
pulumi.export("clusterName", cluster.name)
