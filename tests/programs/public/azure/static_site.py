"""A website in a storage account."""

import pulumi
from pulumi_azure_native import resources, storage

generation = pulumi.Config().get("generation") or "1"
group = resources.ResourceGroup("site-group")
account = storage.StorageAccount(
    "sitesa",
    resource_group_name=group.name,
    sku={"name": storage.SkuName.STANDARD_LRS},
    kind=storage.Kind.STORAGE_V2,
    access_tier=storage.AccessTier.HOT,
    enable_https_traffic_only=True,
    minimum_tls_version="TLS1_2",
    allow_blob_public_access=False,
    network_rule_set={"default_action": "Deny", "bypass": "AzureServices"},
    tags={"generation": generation},
)
website = storage.StorageAccountStaticWebsite(
    "site",
    account_name=account.name,
    resource_group_name=group.name,
    index_document="index.html",
    error404_document="404.html",
)
storage.Blob(
    "index.html",
    resource_group_name=group.name,
    account_name=account.name,
    container_name=website.container_name,
    source=pulumi.StringAsset("<h1>Hello</h1>"),
    content_type="text/html",
)
container = storage.BlobContainer(
    "audit",
    account_name=account.name,
    resource_group_name=group.name,
    public_access=storage.PublicAccess.NONE,
)
storage.ManagementPolicy(
    "lifecycle",
    account_name=account.name,
    resource_group_name=group.name,
    management_policy_name="default",
    policy={
        "rules": [
            {
                "enabled": True,
                "name": "cold",
                "type": "Lifecycle",
                "definition": {
                    "actions": {
                        "base_blob": {
                            "tier_to_cool": {"days_after_modification_greater_than": 30}
                        }
                    },
                    "filters": {
                        "blob_types": ["blockBlob"],
                        "prefix_match": ["audit/"],
                    },
                },
            }
        ]
    },
)
keys = pulumi.Output.all(group.name, account.name).apply(
    lambda names: storage.list_storage_account_keys(
        resource_group_name=names[0], account_name=names[1]
    )
)
pulumi.export(
    "primaryKey", pulumi.Output.secret(keys.apply(lambda found: found.keys[0].value))
)
pulumi.export(
    "endpoint", account.primary_endpoints.apply(lambda endpoints: endpoints.web)
)
