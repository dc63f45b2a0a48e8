"""Which Claude models are deployed on Azure AI Foundry, and where they run.

Only model version 2 is deployed, which is hosted on Azure. Version 1 is hosted by
Anthropic, so its data may leave Azure. The deployment accepts the Marketplace terms for
the organisation, so the component requires explicit consent. Foundry has no content
filter for Claude at deployment time; the guard filters content.
"""

from typing import TypedDict

import pulumi
from pulumi_azure_native import cognitiveservices
from pulumi_azure_native import resources as arm

from trivium.errors import ConfigurationError
from trivium_components import models, naming, offers
from trivium_components.component import register
from trivium_components.records import NO_GUARDRAIL, Guardrail, Target
from trivium_components.residency import require_inside

# Azure rejects Anthropic's models without `modelProviderData`, which the typed
# Deployment (API 2025-06-01) lacks. This version of the API reportedly takes it
# (hashicorp/terraform-provider-azurerm#31140).
_API_VERSION = "2025-10-01-preview"
_HOSTED_ON_AZURE = "2"


class AzureModelAccessArgs(TypedDict):
    """Arguments of `AzureModelAccess`. For the type, see `component.py`.

    None may be an output: names and number of the resources depend on them.
    """

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
    """Model of each tier, by its name in the model catalogue."""
    terms_accepted: bool
    """Consent to the Marketplace terms for Claude; must be true."""
    organization_name: str
    """The organisation that accepts the terms."""
    country_code: str
    """The organisation's country (ISO 3166-1, two capital letters)."""
    industry: str
    """The organisation's industry, in lower case."""
    capacity: int
    """Quota units of each deployment."""
    tags: dict[str, str]
    """Tags of every resource."""


class AzureModelAccess(pulumi.ComponentResource):
    """A Foundry account without keys or a public address, and a deployment per model.

    Creates the resource group that all Azure components share.
    """

    endpoint: pulumi.Output[str]
    """Base address of the model API, up to `/anthropic`."""
    targets: pulumi.Output[dict[str, Target]]
    """What each tier means on this cloud."""
    resources: pulumi.Output[list[str]]
    """What may be invoked: the id of the Foundry account."""
    guardrail: pulumi.Output[Guardrail]
    """Empty: Foundry has no guardrail for calls to Claude."""
    resource_group: pulumi.Output[str]
    """Name of the deployment's resource group."""

    def __init__(
        self,
        name: str,
        args: AzureModelAccessArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("trivium:index:AzureModelAccess", name, {}, opts)
        _require_consent(name, args)
        targets = {
            tier: _target(tier, model, args) for tier, model in args["models"].items()
        }
        inside = pulumi.ResourceOptions(parent=self)
        group = arm.ResourceGroup(
            f"{name}-group",
            resource_group_name=naming.dashed(args["environment"], "claude", limit=90),
            location=args["region"],
            tags=args["tags"],
            opts=inside,
        )
        account = _account(name, group, args, inside)
        last: pulumi.Resource = account
        for model_id in dict.fromkeys(target["id"] for target in targets.values()):
            # One after the other: an account rejects two deployments created at once.
            after = pulumi.ResourceOptions(parent=self, depends_on=[last])
            last = _deployment(name, model_id, group, account, args, after)

        self.endpoint = pulumi.Output.concat(
            "https://",
            account.properties.custom_sub_domain_name,
            ".services.ai.azure.com/anthropic",
        )
        self.targets = pulumi.Output.from_input(targets)
        self.resources = pulumi.Output.all(account.id)
        self.guardrail = pulumi.Output.from_input(NO_GUARDRAIL)
        self.resource_group = group.name
        register(self)


def _target(tier: str, model: str, args: AzureModelAccessArgs) -> Target:
    """The target of one tier, if its SKU keeps it inside the zone."""
    scope = offers.scope_of(args["scope"])
    destinations = [offers.azure_destination(region=args["region"], scope=scope)]
    proof = f"SKU {offers.azure_sku(scope)} in {args['region']}"
    require_inside(
        zone=args["zone"],
        cloud="azure",
        tier=tier,
        destinations=destinations,
        proof=proof,
    )
    return Target(
        id=models.id_on("azure", model),
        model=model,
        scope=scope,
        destinations=destinations,
        proof=proof,
    )


def _account(
    name: str,
    group: arm.ResourceGroup,
    args: AzureModelAccessArgs,
    opts: pulumi.ResourceOptions,
) -> cognitiveservices.Account:
    """A closed account: Entra tokens and private endpoints only, no outbound access."""
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
        opts=opts,
    )


def _deployment(
    name: str,
    model_id: str,
    group: arm.ResourceGroup,
    account: cognitiveservices.Account,
    args: AzureModelAccessArgs,
    opts: pulumi.ResourceOptions,
) -> arm.Resource:
    """The deployment of one model."""
    sku = offers.azure_sku(offers.scope_of(args["scope"]))
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
        opts=opts,
    )


def deployment_properties(
    model_id: str, args: AzureModelAccessArgs
) -> dict[str, object]:
    """A Claude deployment in the spelling of the management API.

    The generic resource takes any object and only Azure checks it, so a test pins the
    spelling. Automatic upgrades are off: another version could be hosted elsewhere.
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
    """Raise `ConfigurationError` unless somebody accepted the terms."""
    if args["terms_accepted"] is not True:
        raise ConfigurationError(
            f"`{name}`: `terms_accepted` is not true. The deployment would accept the"
            " Azure Marketplace terms for Claude without anybody's consent, so nothing"
            " was deployed.",
            next_step=(
                "Read the terms, then set `trivium:azure.claude.terms_accepted` to"
                " true."
            ),
        )
