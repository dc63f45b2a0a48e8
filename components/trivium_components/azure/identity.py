"""The managed identity that the application runs as, and the one permission it has on
Foundry."""

from typing import TypedDict

import pulumi
from pulumi_azure_native import authorization, managedidentity

from trivium_components import naming

# Calls of partner models and nothing else: no keys, no deployments (Foundry,
# "Role-based access control", 2026-11-22).
_DATA_ACTION = "Microsoft.CognitiveServices/accounts/providers/*"

PRINCIPAL_TYPE = {
    "user": "User",
    "group": "Group",
    "service-principal": "ServicePrincipal",
}
"""Kind of a principal in the settings → Azure's name for it."""


class AzureIdentityArgs(TypedDict):
    """What `AzureIdentity` needs."""

    environment: str
    """Name of the environment; part of every resource's name."""
    account: str
    """Azure subscription id."""
    region: str
    """Region of the identity."""
    invokers: list[str]
    """Entra principals that may call too: `user:UUID`, `group:UUID` or
    `service-principal:UUID`."""
    resources: pulumi.Input[list[str]]
    """Foundry accounts whose models may be invoked, as `AzureModelAccess.resources`
    gives them."""
    resource_group: pulumi.Input[str]
    """The resource group of the deployment: `AzureModelAccess.resource_group`."""
    tags: dict[str, str]
    """Tags of every resource."""


class AzureIdentity(pulumi.ComponentResource):
    """A managed identity and a role of its own that calls Claude and nothing else.

    A managed identity cannot be assumed by others, so invokers get the role themselves.
    """

    principal: pulumi.Output[str]
    """What permissions are granted to: the identity's object id."""
    subject: pulumi.Output[str]
    """What the application runs as: the identity's client id."""

    def __init__(
        self,
        name: str,
        args: AzureIdentityArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("trivium:index:AzureIdentity", name, {}, opts)
        inside = pulumi.ResourceOptions(parent=self)
        subscription = f"/subscriptions/{args['account']}"
        identity = managedidentity.UserAssignedIdentity(
            f"{name}-application",
            resource_group_name=args["resource_group"],
            resource_name_=naming.dashed(args["environment"], "application", limit=128),
            location=args["region"],
            tags=args["tags"],
            opts=inside,
        )
        role = authorization.RoleDefinition(
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
            opts=inside,
        )
        scope = pulumi.Output.from_input(args["resources"]).apply(
            lambda found: found[0]
        )
        authorization.RoleAssignment(
            f"{name}-invoke",
            scope=scope,
            role_definition_id=role.id,
            principal_id=identity.principal_id,
            # said outright: a new identity is not yet known everywhere in Entra
            principal_type="ServicePrincipal",
            opts=inside,
        )
        for index, invoker in enumerate(args["invokers"]):
            kind, _, principal = invoker.partition(":")
            authorization.RoleAssignment(
                f"{name}-caller-{index}",
                scope=scope,
                role_definition_id=role.id,
                principal_id=principal,
                principal_type=PRINCIPAL_TYPE[kind],
                opts=inside,
            )
        self.principal = identity.principal_id
        self.subject = identity.client_id
        self.register_outputs({"principal": self.principal, "subject": self.subject})
