"""Which Claude models may be called on Bedrock, where they run, and their guardrail.

Only `bedrock-runtime` is used. `identity.py` denies the other two paths to Claude on
AWS (`bedrock-mantle` and Claude Platform on AWS), because controls on one path do not
cover the others. The subscription to a model and the first-time-use form are
account-wide; they happen once, outside a stack.
"""

from typing import NotRequired, TypedDict

import pulumi
from pulumi_aws import bedrock

from trivium_components import models, naming, offers
from trivium_components.aws import guardrail
from trivium_components.aws.guardrail import GuardrailFilters
from trivium_components.component import register
from trivium_components.records import Guardrail, Target
from trivium_components.residency import require_inside


class AwsModelAccessArgs(TypedDict):
    """Arguments of `AwsModelAccess`. For the type, see `component.py`.

    None may be an output: names and number of the resources depend on them.
    """

    environment: str
    """Name of the environment; part of every resource's name."""
    account: str
    """AWS account id, twelve digits."""
    region: str
    """Region of the Bedrock endpoint; the provider must be configured for it."""
    zone: str
    """Residency zone that inference may not leave."""
    scope: str
    """How far inference may travel: `regional`, `geo` or `global`."""
    models: dict[str, str]
    """Model of each tier, by its name in the model catalogue."""
    filters: NotRequired[GuardrailFilters]
    """What the guardrail filters besides harmful content and prompt attacks; nothing,
    if not given."""
    tags: dict[str, str]
    """Tags of every resource."""


class AwsModelAccess(pulumi.ComponentResource):
    """Access to Claude on Bedrock, proven to stay inside the residency zone.

    Reads the destinations from the inference profile itself, and fails if one is
    outside.
    """

    endpoint: pulumi.Output[str]
    """Base address of the model API."""
    targets: pulumi.Output[dict[str, Target]]
    """What each tier means on this cloud."""
    resources: pulumi.Output[list[str]]
    """What may be invoked: the ARNs of the profiles, and of the models in every
    destination Region."""
    guardrail: pulumi.Output[Guardrail]
    """The guardrail that every call must name."""
    guardrail_profiles: pulumi.Output[list[str]]
    """ARNs of the guardrail profile in the Regions in which the guardrail is evaluated;
    empty if it stays in its own Region."""

    def __init__(
        self,
        name: str,
        args: AwsModelAccessArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("trivium:index:AwsModelAccess", name, {}, opts)
        filters = args.get("filters", guardrail.PLAIN)
        profiles = guardrail.profiles(
            filters,
            account=args["account"],
            region=args["region"],
            zone=args["zone"],
            scope=args["scope"],
        )
        targets: dict[str, Target] = {}
        resources: list[str] = []
        for tier, model in args["models"].items():
            targets[tier], arns = self._target(tier, model, args)
            resources += arns

        self.endpoint = pulumi.Output.from_input(
            f"https://bedrock-runtime.{args['region']}.amazonaws.com"
        )
        self.targets = pulumi.Output.from_input(targets)
        self.resources = pulumi.Output.from_input(sorted(set(resources)))
        self.guardrail = guardrail.numbered(
            name, args, filters, pulumi.ResourceOptions(parent=self)
        )
        self.guardrail_profiles = pulumi.Output.from_input(profiles)
        register(self)

    def _target(
        self, tier: str, model: str, args: AwsModelAccessArgs
    ) -> tuple[Target, list[str]]:
        """The target of one tier, and the ARNs that its calls use.

        The first ARN is the proof of the destinations.
        """
        region, scope = args["region"], offers.scope_of(args["scope"])
        model_id = models.id_on("aws", model)
        wire_id = offers.profile_id(model_id, region=region, scope=scope)
        if scope == "regional":
            home = f"arn:{naming.aws_partition(region)}:bedrock:{region}"
            arns, destinations = [f"{home}::foundation-model/{model_id}"], [region]
        else:
            profile = bedrock.get_inference_profile(
                inference_profile_id=wire_id, opts=pulumi.InvokeOptions(parent=self)
            )
            model_arns = [described.model_arn for described in profile.models]
            arns = [profile.inference_profile_arn, *model_arns]
            destinations = destinations_of(model_arns)

        proof = arns[0]
        require_inside(
            zone=args["zone"],
            cloud="aws",
            tier=tier,
            destinations=destinations,
            proof=proof,
        )
        target = Target(
            id=wire_id, model=model, scope=scope, destinations=destinations, proof=proof
        )
        return target, arns


def destinations_of(model_arns: list[str]) -> list[str]:
    """The Regions of a profile's model ARNs, sorted.

    An ARN without a Region may run anywhere: `global`.
    """
    return sorted({arn.split(":")[3] or "global" for arn in model_arns})
