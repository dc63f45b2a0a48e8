"""The deployment's key in Azure Key Vault: it signs descriptors."""

import pulumi
from pulumi_azure_native import authorization, keyvault

from trivium_components import naming
from trivium_components.azure.identity import PRINCIPAL_TYPE
from trivium_components.component import Place

# Built-in role "Key Vault Crypto User" (Azure built-in roles, read 2026-11-22).
_CRYPTO_USER = "12338af0-0e69-4776-bea7-57ae8d297424"


class VaultArgs(Place):
    """What the vault needs of the arguments of `AzureAuditStore`."""

    tenant: str
    """Entra tenant of the subscription; the key vault belongs to it."""
    subnet: pulumi.Input[str]
    """The only subnet that reaches the vault."""
    resource_group: pulumi.Input[str]
    """The resource group of the deployment."""


def signing_key(
    name: str,
    args: VaultArgs,
    signers: list[str],
    opts: pulumi.ResourceOptions,
) -> keyvault.Key:
    """An asymmetric key in an HSM, and its signers.

    The application may not use it: it would sign the rules that govern it.
    """
    vault = _vault(name, args, opts)
    key = keyvault.Key(
        f"{name}-signing",
        resource_group_name=args["resource_group"],
        vault_name=vault.name,
        key_name="signing",
        properties=keyvault.KeyPropertiesArgs(
            kty="EC-HSM", curve_name="P-256", key_ops=["sign", "verify"]
        ),
        tags=args["tags"],
        opts=opts,
    )
    _grant_signers(name, args["account"], signers, vault, opts)
    return key


def _vault(name: str, args: VaultArgs, opts: pulumi.ResourceOptions) -> keyvault.Vault:
    """A vault that only one subnet reaches.

    Purge protection prevents even an owner from destroying the key at once.
    """
    one_subnet = keyvault.NetworkRuleSetArgs(
        default_action="Deny",
        bypass="None",
        virtual_network_rules=[keyvault.VirtualNetworkRuleArgs(id=args["subnet"])],
    )
    return keyvault.Vault(
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
            network_acls=one_subnet,
        ),
        tags=args["tags"],
        opts=opts,
    )


def _grant_signers(
    name: str,
    subscription: str,
    signers: list[str],
    vault: keyvault.Vault,
    opts: pulumi.ResourceOptions,
) -> None:
    """Let exactly `signers` sign and read the public half."""
    roles = f"/subscriptions/{subscription}/providers/Microsoft.Authorization"
    for index, signer in enumerate(signers):
        kind, _, principal = signer.partition(":")
        authorization.RoleAssignment(
            f"{name}-signer-{index}",
            scope=vault.id,
            role_definition_id=f"{roles}/roleDefinitions/{_CRYPTO_USER}",
            principal_id=principal,
            principal_type=PRINCIPAL_TYPE[kind],
            opts=opts,
        )
