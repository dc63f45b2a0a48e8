"""Which Claude models are deployed on Azure AI Foundry, and where they run.

Only model version 2 is deployed, which is hosted on Azure; version 1 is hosted by
Anthropic, and its data may leave Azure. Deploying accepts the Marketplace terms for the
organisation, so the component demands explicit consent. Foundry filters no content for
Claude at deployment time: the guard does that.
"""

from typing import TypedDict

import pulumi
from pulumi_azure_native import cognitiveservices
from pulumi_azure_native import resources as arm

from trivium.errors import ConfigurationError
from trivium_components import models, naming, offers
from trivium_components.records import NO_GUARDRAIL, Guardrail, Target
from trivium_components.residency import require_inside

# The typed Deployment (API 2025-06-01) has no `modelProviderData`, without which Azure
# rejects Anthropic's models; this version of the API is reported to take it
# (hashicorp/terraform-provider-azurerm#31140).
_API_VERSION = "2025-10-01-preview"
_HOSTED_ON_AZURE = "2"


class AzureModelAccessArgs(TypedDict):
    """What `AzureModelAccess` needs. Everything is plain: names and number of resources
    follow from it."""

    environment: str
    """Name of the environment; part of every resource's name."""
    account: str
    """Azure subscription id."""
    region: str
    """Region of the Foundry account."""
    zone: str
    """Residency zone that inference may not leave."""
    scope: str
    """How far inference may travel: `geo` (the US data zone) or `global`."""
    models: dict[str, str]
    """Tier to name in the model catalogue."""
    terms_accepted: bool
    """Consent to the Marketplace terms for Claude; must be true."""
    organization_name: str
    """The organisation that accepts the terms."""
    country_code: str
    """The organisation's country (ISO 3166-1, two capital letters)."""
    industry: str
    """The organisation's industry, in lower case."""
    capacity: int
    """Quota units given to each deployment."""
    tags: dict[str, str]
    """Tags of every resource."""


class AzureModelAccess(pulumi.ComponentResource):
    """A Foundry account without keys and without a public address, and one Claude
    deployment a tier.

    Makes the resource group that all Azure components share.
    """

    endpoint: pulumi.Output[str]
    """Base address of the model API, up to `/anthropic`."""
    targets: pulumi.Output[dict[str, Target]]
    """Tier to what it means here."""
    resources: pulumi.Output[list[str]]
    """What permission to invoke is given on: the Foundry account's id."""
    guardrail: pulumi.Output[Guardrail]
    """Empty: Foundry has no guardrail that accompanies calls to Claude."""
    resource_group: pulumi.Output[str]
    """The resource group of the deployment."""

    def __init__(
        self,
        name: str,
        args: AzureModelAccessArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("trivium:index:AzureModelAccess", name, {}, opts)
        _require_consent(name, args)
        scope = offers.scope_of(args["scope"])
        destination = offers.azure_destination(region=args["region"], scope=scope)
        sku = offers.azure_sku(scope)
        for tier in args["models"]:
            require_inside(
                zone=args["zone"],
                cloud="azure",
                tier=tier,
                destinations=[destination],
                proof=f"SKU {sku}",
            )
        group = arm.ResourceGroup(
            f"{name}-group",
            resource_group_name=naming.dashed(args["environment"], "claude", limit=90),
            location=args["region"],
            tags=args["tags"],
            opts=pulumi.ResourceOptions(parent=self),
        )
        account = self._account(name, group, args)
        targets = {
            tier: Target(
                id=models.id_on("azure", model),
                model=model,
                scope=args["scope"],
                destinations=[destination],
                proof=f"SKU {sku} in {args['region']}",
            )
            for tier, model in args["models"].items()
        }
        last: pulumi.Resource = account
        for model_id in dict.fromkeys(target["id"] for target in targets.values()):
            last = self._deployment(
                name, model_id, sku, group, account, args, after=last
            )
        self.endpoint = pulumi.Output.concat(
            "https://",
            account.properties.custom_sub_domain_name,
            ".services.ai.azure.com/anthropic",
        )
        self.targets = pulumi.Output.from_input(targets)
        self.resources = pulumi.Output.all(account.id)
        self.guardrail = pulumi.Output.from_input(NO_GUARDRAIL)
        self.resource_group = group.name
        self.register_outputs(
            {
                "endpoint": self.endpoint,
                "targets": self.targets,
                "resources": self.resources,
                "guardrail": self.guardrail,
                "resource_group": self.resource_group,
            }
        )

    def _account(
        self, name: str, group: arm.ResourceGroup, args: AzureModelAccessArgs
    ) -> cognitiveservices.Account:
        """Closed: Entra tokens only, private endpoints only, and nothing it is told to
        fetch leaves it."""
        subdomain = naming.worldwide(args["environment"], args["account"], limit=64)
        return cognitiveservices.Account(
            f"{name}-account",
            resource_group_name=group.name,
            account_name=subdomain,
            location=args["region"],
            kind="AIServices",
            sku=cognitiveservices.SkuArgs(name="S0"),
            identity=cognitiveservices.IdentityArgs(
                type=cognitiveservices.ResourceIdentityType.SYSTEM_ASSIGNED
            ),
            properties=cognitiveservices.AccountPropertiesArgs(
                allow_project_management=True,
                custom_sub_domain_name=subdomain,
                disable_local_auth=True,
                public_network_access="Disabled",
                network_acls=cognitiveservices.NetworkRuleSetArgs(
                    default_action="Deny", bypass="None"
                ),
                restrict_outbound_network_access=True,
                allowed_fqdn_list=[],
            ),
            tags=args["tags"],
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _deployment(
        self,
        name: str,
        model_id: str,
        sku: str,
        group: arm.ResourceGroup,
        account: cognitiveservices.Account,
        args: AzureModelAccessArgs,
        *,
        after: pulumi.Resource,
    ) -> arm.Resource:
        """One deployment, after the one before: an account rejects two deployments
        created at once."""
        return arm.Resource(
            f"{name}-{model_id}",
            resource_group_name=group.name,
            resource_provider_namespace="Microsoft.CognitiveServices",
            parent_resource_path=pulumi.Output.concat("accounts/", account.name),
            resource_type="deployments",
            resource_name_=model_id,
            api_version=_API_VERSION,
            sku=arm.SkuArgs(name=sku, capacity=args["capacity"]),
            properties=deployment_properties(model_id, args),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[after]),
        )


def deployment_properties(
    model_id: str, args: AzureModelAccessArgs
) -> dict[str, object]:
    """A Claude deployment as the management API spells it. The generic resource takes
    any object: nothing checks it before Azure does, so the spelling is pinned by a
    test. Upgrades are off: another version could be hosted elsewhere.
    """
    return {
        "model": {"format": "Anthropic", "name": model_id, "version": _HOSTED_ON_AZURE},
        "modelProviderData": {
            "organizationName": args["organization_name"],
            "countryCode": args["country_code"],
            "industry": args["industry"],
        },
        "versionUpgradeOption": "NoAutoUpgrade",
    }


def _require_consent(name: str, args: AzureModelAccessArgs) -> None:
    if args["terms_accepted"] is not True:
        raise ConfigurationError(
            f"`{name}`: `terms_accepted` is not true; deploying would accept the Azure"
            " Marketplace terms for Claude without anybody's consent, so nothing was"
            " deployed.",
            next_step=(
                "Read the terms, then set `trivium:azure.claude.terms_accepted` to"
                " true."
            ),
        )
