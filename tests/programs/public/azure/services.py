"""Kubernetes with workload identity, functions, databases, queues, caches and an
edge."""

import base64

import pulumi
import pulumi_azure_native as az

generation = pulumi.Config().get("generation") or "1"
rg = az.resources.ResourceGroup("zse-aks")
acr = az.containerregistry.Registry(
    "zse-acr",
    resource_group_name=rg.name,
    sku={"name": "Premium"},
    admin_user_enabled=False,
)
aks = az.containerservice.ManagedCluster(
    "zse-aks",
    resource_group_name=rg.name,
    dns_prefix="acme",
    kubernetes_version="1.31",
    identity={"type": az.containerservice.ResourceIdentityType.SYSTEM_ASSIGNED},
    agent_pool_profiles=[
        {
            "name": "sys",
            "mode": "System",
            "count": 2,
            "vm_size": "Standard_D2s_v5",
            "os_type": "Linux",
            "type": "VirtualMachineScaleSets",
            "enable_auto_scaling": True,
            "min_count": 1,
            "max_count": 3,
            "max_pods": 110,
            "os_disk_size_gb": 128,
        }
    ],
    enable_rbac=True,
    oidc_issuer_profile={"enabled": True},
    security_profile={"workload_identity": {"enabled": True}},
    network_profile={
        "network_plugin": "azure",
        "network_policy": "cilium",
        "network_dataplane": "cilium",
        "service_cidr": "10.2.0.0/24",
        "dns_service_ip": "10.2.0.10",
        "load_balancer_sku": "standard",
        "outbound_type": "loadBalancer",
    },
    aad_profile={"managed": True, "enable_azure_rbac": True},
    addon_profiles={
        "azurepolicy": {"enabled": True},
        "omsagent": {
            "enabled": True,
            "config": {"logAnalyticsWorkspaceResourceID": "/x"},
        },
    },
    auto_upgrade_profile={"upgrade_channel": "patch"},
    linux_profile={
        "admin_username": "azureuser",
        "ssh": {"public_keys": [{"key_data": "ssh-rsa AAAA x"}]},
    },
    tags={"generation": generation},
)
pool = az.containerservice.AgentPool(
    "zse-user",
    resource_group_name=rg.name,
    resource_name_=aks.name,
    agent_pool_name="user",
    count=1,
    mode="User",
    vm_size="Standard_D4s_v5",
    os_type="Linux",
    node_labels={"a": "b"},
    node_taints=["k=v:NoSchedule"],
    scale_set_priority="Spot",
    spot_max_price=-1.0,
)
creds = az.containerservice.list_managed_cluster_user_credentials_output(
    resource_group_name=rg.name, resource_name=aks.name
)
kube = creds.kubeconfigs[0].value.apply(lambda e: base64.b64decode(e).decode())
az.authorization.RoleAssignment(
    "zse-pull",
    principal_id=aks.identity_profile.apply(lambda p: p["kubeletidentity"].object_id),
    principal_type="ServicePrincipal",
    role_definition_id="/subscriptions/x/providers/Microsoft.Authorization/roleDefinitions/7f951dda-4ed3-4680-a7ca-43fe172d538d",
    scope=acr.id,
)
plan = az.web.AppServicePlan(
    "zse-plan",
    resource_group_name=rg.name,
    kind="Linux",
    reserved=True,
    sku={"name": "P1v3", "tier": "PremiumV3"},
)
st = az.storage.StorageAccount(
    "zse-fnst",
    resource_group_name=rg.name,
    sku={"name": "Standard_LRS"},
    kind="StorageV2",
)


def conn(a):
    k = (
        az.storage.list_storage_account_keys(
            resource_group_name=a[0], account_name=a[1]
        )
        .keys[0]
        .value
    )
    return f"DefaultEndpointsProtocol=https;AccountName={a[1]};AccountKey={k}"


app = az.web.WebApp(
    "zse-fn",
    resource_group_name=rg.name,
    server_farm_id=plan.id,
    kind="functionapp,linux",
    identity={"type": "SystemAssigned"},
    https_only=True,
    site_config={
        "linux_fx_version": "PYTHON|3.11",
        "always_on": True,
        "min_tls_version": "1.2",
        "ftps_state": "Disabled",
        "app_settings": [
            {
                "name": "AzureWebJobsStorage",
                "value": pulumi.Output.all(rg.name, st.name).apply(conn),
            },
            {"name": "G", "value": generation},
        ],
    },
)
az.web.WebAppApplicationSettings(
    "zse-s", resource_group_name=rg.name, name=app.name, properties={"A": "B"}
)
slot = az.web.WebAppSlot(
    "zse-stg",
    resource_group_name=rg.name,
    name=app.name,
    slot="staging",
    server_farm_id=plan.id,
)
sqls = az.sql.Server(
    "zse-sql",
    resource_group_name=rg.name,
    administrator_login="adm",
    administrator_login_password=pulumi.Output.secret("P@ssw0rd12345"),
    version="12.0",
    minimal_tls_version="1.2",
    public_network_access="Disabled",
)
db = az.sql.Database(
    "zse-db",
    resource_group_name=rg.name,
    server_name=sqls.name,
    sku={
        "name": "GP_S_Gen5",
        "tier": "GeneralPurpose",
        "family": "Gen5",
        "capacity": 1,
    },
    auto_pause_delay=60,
    min_capacity=0.5,
)
az.sql.FirewallRule(
    "zse-az",
    resource_group_name=rg.name,
    server_name=sqls.name,
    start_ip_address="0.0.0.0",
    end_ip_address="0.0.0.0",
)
pg = az.dbforpostgresql.Server(
    "zse-pg",
    resource_group_name=rg.name,
    version="16",
    sku={"name": "Standard_D2s_v3", "tier": "GeneralPurpose"},
    storage={"storage_size_gb": 128},
    administrator_login="adm",
    administrator_login_password="P@ssw0rd12345",
    backup={"backup_retention_days": 7, "geo_redundant_backup": "Disabled"},
    high_availability={"mode": "ZoneRedundant"},
)
pgc = az.dbforpostgresql.Configuration(
    "zse-c",
    resource_group_name=rg.name,
    server_name=pg.name,
    configuration_name="azure.extensions",
    value="VECTOR",
    source="user-override",
)
pgd = az.dbforpostgresql.Database(
    "zse-d",
    resource_group_name=rg.name,
    server_name=pg.name,
    charset="UTF8",
    collation="en_US.utf8",
)
cos = az.cosmosdb.DatabaseAccount(
    "zse-cos",
    resource_group_name=rg.name,
    database_account_offer_type="Standard",
    kind="GlobalDocumentDB",
    locations=[{"location_name": "eastus", "failover_priority": 0}],
    consistency_policy={"default_consistency_level": "Session"},
    capabilities=[{"name": "EnableServerless"}],
)
cdb = az.cosmosdb.SqlResourceSqlDatabase(
    "zse-cdb",
    resource_group_name=rg.name,
    account_name=cos.name,
    resource={"id": "app"},
)
cc = az.cosmosdb.SqlResourceSqlContainer(
    "zse-cc",
    resource_group_name=rg.name,
    account_name=cos.name,
    database_name=cdb.name,
    resource={"id": "items", "partition_key": {"paths": ["/id"], "kind": "Hash"}},
)
sb = az.servicebus.Namespace(
    "zse-sb", resource_group_name=rg.name, sku={"name": "Standard", "tier": "Standard"}
)
sq = az.servicebus.Queue(
    "zse-q",
    resource_group_name=rg.name,
    namespace_name=sb.name,
    max_delivery_count=10,
    lock_duration="PT1M",
)
ru = az.servicebus.NamespaceAuthorizationRule(
    "zse-r", resource_group_name=rg.name, namespace_name=sb.name, rights=["Send"]
)
sk = az.servicebus.list_namespace_keys_output(
    resource_group_name=rg.name, namespace_name=sb.name, authorization_rule_name=ru.name
)
eh = az.eventhub.Namespace(
    "zse-eh",
    resource_group_name=rg.name,
    sku={"name": "Standard", "tier": "Standard", "capacity": 1},
)
hub = az.eventhub.EventHub(
    "zse-hub",
    resource_group_name=rg.name,
    namespace_name=eh.name,
    partition_count=2,
    message_retention_in_days=1,
)
red = az.redis.Redis(
    "zse-red",
    resource_group_name=rg.name,
    sku={"name": "Basic", "family": "C", "capacity": 0},
    enable_non_ssl_port=False,
    minimum_tls_version="1.2",
)
env = az.app.ManagedEnvironment(
    "zse-env",
    resource_group_name=rg.name,
    app_logs_configuration={
        "destination": "log-analytics",
        "log_analytics_configuration": {"customer_id": "x", "shared_key": "y"},
    },
)
ca = az.app.ContainerApp(
    "zse-ca",
    resource_group_name=rg.name,
    managed_environment_id=env.id,
    configuration={
        "ingress": {"external": True, "target_port": 80},
        "secrets": [{"name": "a", "value": "b"}],
    },
    template={
        "containers": [
            {"name": "x", "image": "nginx", "resources": {"cpu": 0.5, "memory": "1Gi"}}
        ],
        "scale": {"min_replicas": 1, "max_replicas": 3},
    },
)
az_eg = az.eventgrid.SystemTopic(
    "zse-t",
    resource_group_name=rg.name,
    source=st.id,
    topic_type="Microsoft.Storage.StorageAccounts",
)
cg = az.containerinstance.ContainerGroup(
    "zse-cg",
    resource_group_name=rg.name,
    os_type="Linux",
    containers=[
        {
            "name": "c",
            "image": "nginx",
            "resources": {"requests": {"cpu": 1.0, "memory_in_gb": 1.5}},
            "ports": [{"port": 80}],
        }
    ],
    ip_address={"type": "Public", "ports": [{"port": 80, "protocol": "TCP"}]},
)
fd = az.cdn.Profile(
    "zse-fd",
    resource_group_name=rg.name,
    location="global",
    sku={"name": "Standard_AzureFrontDoor"},
)
ep = az.cdn.AFDEndpoint(
    "zse-ep",
    resource_group_name=rg.name,
    profile_name=fd.name,
    location="global",
    enabled_state="Enabled",
)
pulumi.export(
    "zse",
    [
        aks.fqdn,
        aks.oidc_issuer_profile.issuer_url,
        kube,
        acr.login_server,
        app.default_host_name,
        app.identity.principal_id,
        app.outbound_ip_addresses,
        sqls.fully_qualified_domain_name,
        db.id,
        pg.fully_qualified_domain_name,
        cos.document_endpoint,
        sk.primary_connection_string,
        sb.service_bus_endpoint,
        red.host_name,
        red.ssl_port,
        env.default_domain,
        ca.configuration.ingress.fqdn,
        ca.latest_revision_fqdn,
        cg.ip_address.ip,
        ep.host_name,
        env.static_ip,
        aks.node_resource_group,
        hub.id,
        pool.id,
        slot.default_host_name,
        cdb.id,
        cc.id,
    ],
)
