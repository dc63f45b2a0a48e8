"""Write-once storage for sealed audit segments.

Stages of the lock. `unlocked` already protects: account and container have
version-level immutability for the regime's full retention, which an owner can still
shorten or remove. Only an API action locks the container's policy, which no Pulumi
resource makes. This version does not make it either, so it refuses `locked`. Source:
Azure Storage, "Immutable storage for blob data", read 2026-11-22.
"""

from typing import NotRequired, TypedDict

import pulumi
from pulumi_azure_native import authorization, storage

from trivium.errors import ConfigurationError
from trivium_components import naming
from trivium_components.azure import keys
from trivium_components.component import register
from trivium_components.retention import lock_of

_CONTAINER = "audit"

# A new blob needs only `add`. `write` would permit overwriting, and the built-in
# contributor role includes `delete` (Azure Storage, "Permissions for blob service
# operations", Put Blob, read 2026-11-22).
_ADD_BLOB = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/add/action"


class AzureAuditStoreArgs(TypedDict):
    """Arguments of `AzureAuditStore`. For the type, see `component.py`."""

    environment: str
    """Name of the environment; part of every resource's name."""
    account: str
    """Azure subscription id."""
    region: str
    """Region of the storage account."""
    retention_days: int
    """Days during which a version of a blob can be neither changed nor deleted."""
    lock: str
    """`unlocked`; this version refuses `locked` on Azure."""
    writer: pulumi.Input[str]
    """Object id of the managed identity or service principal that may add segments,
    such as `AzureIdentity.principal`."""
    signing_key: bool
    """Whether this cloud keeps the deployment's signing key."""
    signers: list[str]
    """Entra principals that may sign with it: `user:UUID`, `group:UUID` or
    `service-principal:UUID`."""
    encryption_key: NotRequired[str]
    """Address of an existing key, without a version, that encrypts the account; Azure's
    own keys, if not given or empty."""
    encryption_identity: NotRequired[str]
    """Resource id of a user-assigned identity that may use `encryption_key`."""
    tenant: str
    """Entra tenant of the subscription; the key vault belongs to it."""
    subnet: pulumi.Input[str]
    """The only subnet that reaches store and vault: the first of
    `AzureNetwork.subnet_ids`."""
    resource_group: pulumi.Input[str]
    """The resource group of the deployment: `AzureModelAccess.resource_group`."""
    tags: dict[str, str]
    """Tags of every resource."""


class AzureAuditStore(pulumi.ComponentResource):
    """A container with immutable versions.

    The application can add blobs and do nothing else.
    """

    uri: pulumi.Output[str]
    """Where segments are written: `https://account.blob.core.windows.net/audit/trivium`."""
    store: pulumi.Output[str]
    """Name of the storage account."""
    encryption_key: pulumi.Output[str]
    """Address of the key that encrypts it; empty if Azure's own keys do."""
    signing_key: pulumi.Output[str]
    """Address of the key that signs descriptors; empty if another cloud keeps it."""
    retention_days: pulumi.Output[int]
    """Days that blobs are kept."""
    lock: pulumi.Output[str]
    """Stage of the deployed store's lock."""

    def __init__(
        self,
        name: str,
        args: AzureAuditStoreArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("trivium:index:AzureAuditStore", name, {}, opts)
        _require_unlocked(name, args["lock"])
        inside = pulumi.ResourceOptions(parent=self)
        account = _account(name, args, inside)
        container = _container(name, args, account, inside)
        policy = _retention(name, args, account, container, inside)
        _keep(name, account, inside)
        role = _writer_role(name, args, inside)
        authorization.RoleAssignment(
            f"{name}-writer",
            scope=container.id,
            role_definition_id=role.id,
            principal_id=args["writer"],
            principal_type="ServicePrincipal",
            opts=inside,
        )

        blobs = pulumi.Output.concat("https://", account.name, ".blob.core.windows.net")
        self.uri = pulumi.Output.concat(blobs, "/", container.name, "/trivium")
        self.store = account.name
        self.encryption_key = pulumi.Output.from_input(args.get("encryption_key", ""))
        self.signing_key = self._signing_key(name, args)
        self.retention_days = policy.immutability_period_since_creation_in_days.apply(
            lambda found: int(found or args["retention_days"])
        )
        self.lock = pulumi.Output.from_input("unlocked")
        register(self)

    def _signing_key(self, name: str, args: AzureAuditStoreArgs) -> pulumi.Output[str]:
        """Address of the signing key, if this cloud keeps it."""
        if not args["signing_key"]:
            return pulumi.Output.from_input("")
        inside = pulumi.ResourceOptions(parent=self)
        key = keys.signing_key(name, args, args["signers"], inside)
        address: pulumi.Output[str] = key.key_uri_with_version
        return address


def _require_unlocked(name: str, lock: str) -> None:
    """Raise `ConfigurationError` for a stage that this version cannot set."""
    if lock_of(lock) != "unlocked":
        raise ConfigurationError(
            f"`{name}`: `lock` is `{lock}`; expected `unlocked`. This version cannot"
            " lock an Azure container's policy, so the store would be weaker than the"
            " descriptor states.",
            next_step="Set `trivium:retention.lock` to `unlocked`.",
        )


def _account(
    name: str, args: AzureAuditStoreArgs, opts: pulumi.ResourceOptions
) -> storage.StorageAccount:
    """The storage account.

    Zone-redundant, because a copy in another region would leave the zone.
    """
    identity, encryption = _encryption(args)
    return storage.StorageAccount(
        f"{name}-account",
        resource_group_name=args["resource_group"],
        account_name=naming.storage_account(args["environment"], args["account"]),
        location=args["region"],
        kind="StorageV2",
        sku=storage.SkuArgs(name="Standard_ZRS"),
        identity=identity,
        encryption=encryption,
        immutable_storage_with_versioning=_immutable(args["retention_days"]),
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
        opts=opts,
    )


def _encryption(
    args: AzureAuditStoreArgs,
) -> tuple[storage.IdentityArgs | None, storage.EncryptionArgs | None]:
    """The existing key and the identity that may use it, if they are given.

    Without a version, the account follows the key's rotation (Azure Storage,
    "Customer-managed keys", from memory).
    """
    key = args.get("encryption_key")
    if not key:
        return None, None
    vault, _, name = key.partition("/keys/")
    user = args["encryption_identity"]
    return (
        storage.IdentityArgs(
            type=storage.IdentityType.USER_ASSIGNED, user_assigned_identities=[user]
        ),
        storage.EncryptionArgs(
            key_source=storage.KeySource.MICROSOFT_KEYVAULT,
            key_vault_properties=storage.KeyVaultPropertiesArgs(
                key_name=name, key_vault_uri=vault
            ),
            encryption_identity=storage.EncryptionIdentityArgs(
                encryption_user_assigned_identity=user
            ),
        ),
    )


def _immutable(days: int) -> storage.ImmutableStorageAccountArgs:
    """Immutability of the account, which can only be set at creation."""
    return storage.ImmutableStorageAccountArgs(
        enabled=True,
        immutability_policy=storage.AccountImmutabilityPolicyPropertiesArgs(
            immutability_period_since_creation_in_days=days,
            state="Unlocked",
            allow_protected_append_writes=False,
        ),
    )


def _container(
    name: str,
    args: AzureAuditStoreArgs,
    account: storage.StorageAccount,
    opts: pulumi.ResourceOptions,
) -> storage.BlobContainer:
    """The container, after the versions that its immutability needs."""
    versions = storage.BlobServiceProperties(
        f"{name}-versions",
        resource_group_name=args["resource_group"],
        account_name=account.name,
        blob_services_name="default",
        is_versioning_enabled=True,
        opts=opts,
    )
    immutable = storage.ImmutableStorageWithVersioningArgs(enabled=True)
    return storage.BlobContainer(
        f"{name}-container",
        resource_group_name=args["resource_group"],
        account_name=account.name,
        container_name=_CONTAINER,
        public_access="None",
        immutable_storage_with_versioning=immutable,
        opts=pulumi.ResourceOptions.merge(
            opts, pulumi.ResourceOptions(depends_on=[versions])
        ),
    )


def _retention(
    name: str,
    args: AzureAuditStoreArgs,
    account: storage.StorageAccount,
    container: storage.BlobContainer,
    opts: pulumi.ResourceOptions,
) -> storage.BlobContainerImmutabilityPolicy:
    """The retention of every version in the container."""
    return storage.BlobContainerImmutabilityPolicy(
        f"{name}-retention",
        resource_group_name=args["resource_group"],
        account_name=account.name,
        container_name=container.name,
        immutability_policy_name="default",
        immutability_period_since_creation_in_days=args["retention_days"],
        # segments are sealed: nothing is ever appended
        allow_protected_append_writes_all=False,
        opts=opts,
    )


def _keep(
    name: str, account: storage.StorageAccount, opts: pulumi.ResourceOptions
) -> None:
    """A management lock, so that nobody deletes the account by mistake."""
    authorization.ManagementLockByScope(
        f"{name}-kept",
        scope=account.id,
        lock_name="audit-store",
        level="CanNotDelete",
        notes=(
            "Holds the audit log: take this lock off only when its retention has"
            " passed."
        ),
        opts=opts,
    )


def _writer_role(
    name: str, args: AzureAuditStoreArgs, opts: pulumi.ResourceOptions
) -> authorization.RoleDefinition:
    """A role that adds segments and does nothing else."""
    subscription = f"/subscriptions/{args['account']}"
    return authorization.RoleDefinition(
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
        opts=opts,
    )
