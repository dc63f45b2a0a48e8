"""A key vault with a secret, an identity that may read it, and a private way to it."""

import pulumi
from pulumi_azure_native import (
    authorization,
    keyvault,
    managedidentity,
    network,
    privatedns,
    resources,
)

generation = pulumi.Config().get("generation") or "1"
client = authorization.get_client_config_output()
group = resources.ResourceGroup("vault-group")
identity = managedidentity.UserAssignedIdentity(
    "reader", resource_group_name=group.name
)
vault = keyvault.Vault(
    "vault",
    resource_group_name=group.name,
    properties=keyvault.VaultPropertiesArgs(
        tenant_id=client.tenant_id,
        sku={"name": keyvault.SkuName.STANDARD, "family": "A"},
        enable_rbac_authorization=True,
        enable_purge_protection=True,
        soft_delete_retention_in_days=90,
        public_network_access="disabled",
        network_acls={"bypass": "AzureServices", "default_action": "Deny"},
    ),
    tags={"generation": generation},
)
keyvault.Secret(
    "password",
    resource_group_name=group.name,
    vault_name=vault.name,
    properties={"value": pulumi.Output.secret("correct-horse-battery-staple")},
)
keyvault.Key(
    "seal",
    resource_group_name=group.name,
    vault_name=vault.name,
    properties={"kty": "RSA", "key_size": 3072, "key_ops": ["sign", "verify"]},
)
authorization.RoleAssignment(
    "reader",
    principal_id=identity.principal_id,
    principal_type="ServicePrincipal",
    role_definition_id=client.subscription_id.apply(
        lambda subscription: (
            f"/subscriptions/{subscription}/providers/Microsoft.Authorization/roleDefinitions/"
            "4633458b-17de-408a-b874-0445c86b69e6"
        )
    ),
    scope=vault.id,
)
net = network.VirtualNetwork(
    "vault-network",
    resource_group_name=group.name,
    address_space={"addressPrefixes": ["10.1.0.0/16"]},
)
subnet = network.Subnet(
    "endpoints",
    resource_group_name=group.name,
    virtual_network_name=net.name,
    address_prefix="10.1.0.0/24",
)
endpoint = network.PrivateEndpoint(
    "vault-endpoint",
    resource_group_name=group.name,
    subnet={"id": subnet.id},
    private_link_service_connections=[
        {"name": "vault", "private_link_service_id": vault.id, "group_ids": ["vault"]}
    ],
)
zone = privatedns.PrivateZone(
    "vault-zone",
    resource_group_name=group.name,
    location="global",
    private_zone_name="privatelink.vaultcore.azure.net",
)
privatedns.VirtualNetworkLink(
    "vault-link",
    resource_group_name=group.name,
    private_zone_name=zone.name,
    location="global",
    registration_enabled=False,
    virtual_network={"id": net.id},
)
network.PrivateDnsZoneGroup(
    "vault-records",
    resource_group_name=group.name,
    private_endpoint_name=endpoint.name,
    private_dns_zone_configs=[{"name": "vault", "private_dns_zone_id": zone.id}],
)
pulumi.export(
    "vaultUri", vault.properties.apply(lambda properties: properties.vault_uri)
)
