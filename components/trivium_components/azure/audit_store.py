"""Write-once storage for sealed audit segments, and the key that signs descriptors.

Staging the lock. `unlocked` already protects: version-level immutability for the
regime's full retention on account and container, which an owner can still shorten or
remove. Locking the container's policy is an API action that no resource makes; this
version does not make it, and refuses `locked` rather than claim it. Source: Azure
Storage, "Immutable storage for blob data", read 2026-11-22.
"""

from typing import TypedDict

import pulumi
from pulumi_azure_native import authorization, keyvault, storage

from trivium.errors import ConfigurationError
from trivium_components import naming
from trivium_components.azure.identity import PRINCIPAL_TYPE
from trivium_components.retention import lock_of

_CONTAINER = "audit"

# A new blob needs `add` alone; `write` would allow to overwrite and `delete` is in the
# built-in contributor role (Azure Storage, "Permissions for blob service operations",
# Put Blob, read 2026-11-22).
_ADD_BLOB = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/add/action"

# Built-in role "Key Vault Crypto User" (Azure built-in roles, read 2026-11-22).
_CRYPTO_USER = "12338af0-0e69-4776-bea7-57ae8d297424"


class AzureAuditStoreArgs(TypedDict):
    """What `AzureAuditStore` needs."""

    environment: str
    """Name of the environment; part of every resource's name."""
    account: str
    """Azure subscription id."""
    region: str
    """Region of the storage account."""
    retention_days: int
    """Days that a blob's version can be neither changed nor deleted."""
    lock: str
    """`unlocked`; this version refuses `locked` on Azure."""
    writer: pulumi.Input[str]
    """Object id of the managed identity or service principal that may add segments,
    such as `AzureIdentity.principal`."""
    signing_key: bool
    """Whether this cloud keeps the deployment's signing key."""
    signers: list[str]
    """`user:UUID`, `group:UUID` or `service-principal:UUID` of those who may sign with
    it."""
    tenant: str
    """Entra tenant of the subscription; the key vault belongs to it."""
    subnet: pulumi.Input[str]
    """The one subnet that reaches store and vault: the first of
    `AzureNetwork.subnet_ids`."""
    resource_group: pulumi.Input[str]
    """The resource group of the deployment: `AzureModelAccess.resource_group`."""
    tags: dict[str, str]
    """Tags of every resource."""


class AzureAuditStore(pulumi.ComponentResource):
    """A container with immutable versions that the application can add to and nothing
    more."""

    uri: pulumi.Output[str]
    """Where segments go: `https://account.blob.core.windows.net/audit/trivium`."""
    store: pulumi.Output[str]
    """The storage account."""
    encryption_key: pulumi.Output[str]
    """Empty: Azure's own keys encrypt it in this version."""
    signing_key: pulumi.Output[str]
    """Address of the key that signs descriptors; empty when another cloud keeps it."""
    retention_days: pulumi.Output[int]
    """Days that blobs are kept."""
    lock: pulumi.Output[str]
    """The stage the store really is in."""

    def __init__(
        self,
        name: str,
        args: AzureAuditStoreArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("trivium:index:AzureAuditStore", name, {}, opts)
        if lock_of(args["lock"]) != "unlocked":
            raise ConfigurationError(
                f"`{name}`: `lock` is `{args['lock']}`; this version cannot lock an"
                " Azure container's policy, so the store would be weaker than it"
                " says.",
                next_step="Set `trivium:retention.lock` to `unlocked`.",
            )
        inside = pulumi.ResourceOptions(parent=self)
        account = self._account(name, args)
        versions = storage.BlobServiceProperties(
            f"{name}-versions",
            resource_group_name=args["resource_group"],
            account_name=account.name,
            blob_services_name="default",
            is_versioning_enabled=True,  # immutability of versions needs versions
            opts=inside,
        )
        container = storage.BlobContainer(
            f"{name}-container",
            resource_group_name=args["resource_group"],
            account_name=account.name,
            container_name=_CONTAINER,
            public_access="None",
            immutable_storage_with_versioning=storage.ImmutableStorageWithVersioningArgs(
                enabled=True
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[versions]),
        )
        policy = storage.BlobContainerImmutabilityPolicy(
            f"{name}-retention",
            resource_group_name=args["resource_group"],
            account_name=account.name,
            container_name=container.name,
            immutability_policy_name="default",
            immutability_period_since_creation_in_days=args["retention_days"],
            # segments are sealed: nothing is ever appended
            allow_protected_append_writes_all=False,
            opts=inside,
        )
        authorization.ManagementLockByScope(
            f"{name}-kept",
            scope=account.id,
            lock_name="audit-store",
            level="CanNotDelete",
            notes=(
                "Holds the audit log: take this lock off only when its retention has"
                " passed."
            ),
            opts=inside,
        )
        self._grant_writer(name, args, container)
        signing_key = (
            self._signing_key(name, args)
            if args["signing_key"]
            else pulumi.Output.from_input("")
        )
        self.uri = pulumi.Output.concat(
            "https://",
            account.name,
            ".blob.core.windows.net/",
            container.name,
            "/trivium",
        )
        self.store = account.name
        self.encryption_key = pulumi.Output.from_input("")
        self.signing_key = signing_key
        self.retention_days = policy.immutability_period_since_creation_in_days.apply(
            lambda found: int(found or args["retention_days"])
        )
        self.lock = pulumi.Output.from_input("unlocked")
        self.register_outputs(
            {
                "uri": self.uri,
                "store": self.store,
                "encryption_key": self.encryption_key,
                "signing_key": self.signing_key,
                "retention_days": self.retention_days,
                "lock": self.lock,
            }
        )

    def _account(self, name: str, args: AzureAuditStoreArgs) -> storage.StorageAccount:
        """Immutability can only be given at creation. Zone-redundant: a copy in another
        region would leave the zone."""
        return storage.StorageAccount(
            f"{name}-account",
            resource_group_name=args["resource_group"],
            account_name=naming.storage_account(args["environment"], args["account"]),
            location=args["region"],
            kind="StorageV2",
            sku=storage.SkuArgs(name="Standard_ZRS"),
            immutable_storage_with_versioning=storage.ImmutableStorageAccountArgs(
                enabled=True,
                immutability_policy=storage.AccountImmutabilityPolicyPropertiesArgs(
                    immutability_period_since_creation_in_days=args["retention_days"],
                    state="Unlocked",
                    allow_protected_append_writes=False,
                ),
            ),
            allow_blob_public_access=False,
            allow_shared_key_access=False,
            allow_cross_tenant_replication=False,
            is_local_user_enabled=False,
            default_to_o_auth_authentication=True,
            enable_https_traffic_only=True,
            minimum_tls_version="TLS1_2",
            network_rule_set=storage.NetworkRuleSetArgs(
                default_action=storage.DefaultAction.DENY,
                bypass="None",
                virtual_network_rules=[
                    storage.VirtualNetworkRuleArgs(
                        virtual_network_resource_id=args["subnet"]
                    )
                ],
            ),
            tags={**args["tags"], **naming.AUDIT_STORE},
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _grant_writer(
        self, name: str, args: AzureAuditStoreArgs, container: storage.BlobContainer
    ) -> None:
        subscription = f"/subscriptions/{args['account']}"
        role = authorization.RoleDefinition(
            f"{name}-writer-role",
            scope=subscription,
            role_name=naming.dashed(args["environment"], "audit-writer", limit=128),
            role_type="CustomRole",
            description="Adds audit segments; cannot read, overwrite or delete them.",
            permissions=[
                authorization.PermissionArgs(actions=[], data_actions=[_ADD_BLOB])
            ],
            assignable_scopes=[
                pulumi.Output.concat(
                    subscription, "/resourceGroups/", args["resource_group"]
                )
            ],
            opts=pulumi.ResourceOptions(parent=self),
        )
        authorization.RoleAssignment(
            f"{name}-writer",
            scope=container.id,
            role_definition_id=role.id,
            principal_id=args["writer"],
            principal_type="ServicePrincipal",
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _signing_key(self, name: str, args: AzureAuditStoreArgs) -> pulumi.Output[str]:
        """An asymmetric key in an HSM; purge protection keeps even an owner from
        destroying it at once.

        The application may not use it: it would sign what governs it.
        """
        inside = pulumi.ResourceOptions(parent=self)
        vault = keyvault.Vault(
            f"{name}-vault",
            resource_group_name=args["resource_group"],
            vault_name=naming.worldwide(args["environment"], args["account"], limit=24),
            location=args["region"],
            properties=keyvault.VaultPropertiesArgs(
                tenant_id=args["tenant"],
                sku=keyvault.SkuArgs(family="A", name=keyvault.SkuName.PREMIUM),
                enable_rbac_authorization=True,
                enable_soft_delete=True,
                enable_purge_protection=True,
                soft_delete_retention_in_days=90,
                network_acls=keyvault.NetworkRuleSetArgs(
                    default_action="Deny",
                    bypass="None",
                    virtual_network_rules=[
                        keyvault.VirtualNetworkRuleArgs(id=args["subnet"])
                    ],
                ),
            ),
            tags=args["tags"],
            opts=inside,
        )
        key = keyvault.Key(
            f"{name}-signing",
            resource_group_name=args["resource_group"],
            vault_name=vault.name,
            key_name="signing",
            properties=keyvault.KeyPropertiesArgs(
                kty="EC-HSM", curve_name="P-256", key_ops=["sign", "verify"]
            ),
            tags=args["tags"],
            opts=inside,
        )
        for index, signer in enumerate(args["signers"]):
            kind, _, principal = signer.partition(":")
            authorization.RoleAssignment(
                f"{name}-signer-{index}",
                scope=vault.id,
                role_definition_id=f"/subscriptions/{args['account']}/providers/Microsoft.Authorization/roleDefinitions/{_CRYPTO_USER}",
                principal_id=principal,
                principal_type=PRINCIPAL_TYPE[kind],
                opts=inside,
            )
        reference: pulumi.Output[str] = key.key_uri_with_version
        return reference
