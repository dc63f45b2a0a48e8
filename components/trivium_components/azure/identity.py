"""The managed identity that the application runs as, with one permission on Foundry."""

from typing import TypedDict

import pulumi
from pulumi_azure_native import authorization, managedidentity

from trivium_components import naming
from trivium_components.component import register

# Calls of partner models only: no keys, no deployments (Foundry,
# "Role-based access control", 2026-11-22).
_DATA_ACTION = "Microsoft.CognitiveServices/accounts/providers/*"

PRINCIPAL_TYPE = {
    "user": "User",
    "group": "Group",
    "service-principal": "ServicePrincipal",
}
"""Azure's name for each kind of principal in the settings."""


class AzureIdentityArgs(TypedDict):
    """Arguments of `AzureIdentity`. For the type, see `component.py`."""

    environment: str
    """Name of the environment; part of every resource's name."""
    account: str
    """Azure subscription id."""
    region: str
    """Region of the identity."""
    invokers: list[str]
    """Entra principals that may also call: `user:UUID`, `group:UUID` or
    `service-principal:UUID`."""
    resources: pulumi.Input[list[str]]
    """Foundry accounts whose models may be invoked: `AzureModelAccess.resources`."""
    resource_group: pulumi.Input[str]
    """The resource group of the deployment: `AzureModelAccess.resource_group`."""
    tags: dict[str, str]
    """Tags of every resource."""


class AzureIdentity(pulumi.ComponentResource):
    """A managed identity and a custom role that may only call Claude.

    Others cannot assume a managed identity, so the invokers get the role themselves.
    """

    principal: pulumi.Output[str]
    """The identity's object id, to which permissions are granted."""
    subject: pulumi.Output[str]
    """The identity's client id, as which the application runs."""

    def __init__(
        self,
        name: str,
        args: AzureIdentityArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("trivium:index:AzureIdentity", name, {}, opts)
        inside = pulumi.ResourceOptions(parent=self)
        identity = _identity(name, args, inside)
        role = _role(name, args, inside)
        _grant(name, args, identity, role, inside)

        self.principal = identity.principal_id
        self.subject = identity.client_id
        register(self)


def _identity(
    name: str, args: AzureIdentityArgs, opts: pulumi.ResourceOptions
) -> managedidentity.UserAssignedIdentity:
    """The application's managed identity."""
    return managedidentity.UserAssignedIdentity(
        f"{name}-application",
        resource_group_name=args["resource_group"],
        resource_name_=naming.dashed(args["environment"], "application", limit=128),
        location=args["region"],
        tags=args["tags"],
        opts=opts,
    )


def _role(
    name: str, args: AzureIdentityArgs, opts: pulumi.ResourceOptions
) -> authorization.RoleDefinition:
    """A role with one data action, for this resource group."""
    subscription = f"/subscriptions/{args['account']}"
    return authorization.RoleDefinition(
        f"{name}-invoker",
        scope=subscription,
        role_name=naming.dashed(args["environment"], "invoker", limit=128),
        role_type="CustomRole",
        description="Calls Claude; cannot read keys, deploy or configure.",
        permissions=[
            authorization.PermissionArgs(actions=[], data_actions=[_DATA_ACTION])
        ],
        assignable_scopes=[
            pulumi.Output.concat(
                subscription, "/resourceGroups/", args["resource_group"]
            ),
        ],
        opts=opts,
    )


def _grant(
    name: str,
    args: AzureIdentityArgs,
    identity: managedidentity.UserAssignedIdentity,
    role: authorization.RoleDefinition,
    opts: pulumi.ResourceOptions,
) -> None:
    """Let the managed identity and the invokers call models of the Foundry account."""
    scope = pulumi.Output.from_input(args["resources"]).apply(lambda found: found[0])
    authorization.RoleAssignment(
        f"{name}-invoke",
        scope=scope,
        role_definition_id=role.id,
        principal_id=identity.principal_id,
        # Stated, because a new identity is not yet known everywhere in Entra.
        principal_type="ServicePrincipal",
        opts=opts,
    )
    for index, invoker in enumerate(args["invokers"]):
        kind, _, principal = invoker.partition(":")
        authorization.RoleAssignment(
            f"{name}-caller-{index}",
            scope=scope,
            role_definition_id=role.id,
            principal_id=principal,
            principal_type=PRINCIPAL_TYPE[kind],
            opts=opts,
        )
