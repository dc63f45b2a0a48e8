"""Which Claude models may be called on Bedrock, where they run, and the guardrail that
accompanies every call.

Only `bedrock-runtime` is used. The other two ways to Claude on AWS (`bedrock-mantle`,
Claude Platform on AWS) are denied by `identity.py`: controls on one path do not cover
the others. Subscribing to the model and the first-time-use form are account-wide and
happen once, outside a stack.
"""

import hashlib
import json
from typing import TypedDict

import pulumi
from pulumi_aws import bedrock

from trivium_components import models, naming, offers
from trivium_components.records import Guardrail, Target
from trivium_components.residency import require_inside

# Bedrock's harmful categories; PROMPT_ATTACK can only judge input, so its output
# strength must be NONE (Bedrock API reference, GuardrailContentFilterConfig, read
# 2026-11-22).
_FILTERS = (
    ("HATE", "HIGH", "HIGH"),
    ("INSULTS", "HIGH", "HIGH"),
    ("SEXUAL", "HIGH", "HIGH"),
    ("VIOLENCE", "HIGH", "HIGH"),
    ("MISCONDUCT", "HIGH", "HIGH"),
    ("PROMPT_ATTACK", "HIGH", "NONE"),
)
_BLOCKED = "This was stopped by the deployment's guardrail."


class AwsModelAccessArgs(TypedDict):
    """What `AwsModelAccess` needs. Everything is plain: names and number of resources
    follow from it."""

    environment: str
    """Name of the environment; part of every resource's name."""
    account: str
    """AWS account id, twelve digits."""
    region: str
    """Region whose Bedrock endpoint is called; the provider must be configured for
    it."""
    zone: str
    """Residency zone that inference may not leave."""
    scope: str
    """How far inference may travel: `regional`, `geo` or `global`."""
    models: dict[str, str]
    """Tier to name in the model catalogue."""
    tags: dict[str, str]
    """Tags of every resource."""


class AwsModelAccess(pulumi.ComponentResource):
    """Access to Claude on Bedrock, proven to stay inside the residency zone.

    Reads the destinations from the inference profile itself and fails when one lies
    outside.
    """

    endpoint: pulumi.Output[str]
    """Base address of the model API."""
    targets: pulumi.Output[dict[str, Target]]
    """Tier to what it means here."""
    resources: pulumi.Output[list[str]]
    """What permission to invoke is given on: the profiles' ARNs and the models' in
    every destination Region."""
    guardrail: pulumi.Output[Guardrail]
    """The guardrail that every call names."""

    def __init__(
        self,
        name: str,
        args: AwsModelAccessArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("trivium:index:AwsModelAccess", name, {}, opts)
        targets: dict[str, Target] = {}
        resources: list[str] = []
        for tier, model in args["models"].items():
            targets[tier], arns = self._target(tier, model, args)
            resources += arns
        guardrail = self._guardrail(name, args)
        self.endpoint = pulumi.Output.from_input(
            f"https://bedrock-runtime.{args['region']}.amazonaws.com"
        )
        self.targets = pulumi.Output.from_input(targets)
        self.resources = pulumi.Output.from_input(sorted(set(resources)))
        self.guardrail = guardrail
        self.register_outputs(
            {
                "endpoint": self.endpoint,
                "targets": self.targets,
                "resources": self.resources,
                "guardrail": self.guardrail,
            }
        )

    def _target(
        self, tier: str, model: str, args: AwsModelAccessArgs
    ) -> tuple[Target, list[str]]:
        """The target of one tier and the ARNs that invoking it touches."""
        region, scope = args["region"], offers.scope_of(args["scope"])
        model_id = models.id_on("aws", model)
        wire_id = offers.profile_id(model_id, region=region, scope=scope)
        if scope == "regional":
            proof = f"arn:{naming.aws_partition(region)}:bedrock:{region}::foundation-model/{model_id}"
            arns, destinations = [proof], [region]
        else:
            profile = bedrock.get_inference_profile(
                inference_profile_id=wire_id, opts=pulumi.InvokeOptions(parent=self)
            )
            proof = profile.inference_profile_arn
            model_arns = [described.model_arn for described in profile.models]
            arns, destinations = [proof, *model_arns], destinations_of(model_arns)
        require_inside(
            zone=args["zone"],
            cloud="aws",
            tier=tier,
            destinations=destinations,
            proof=proof,
        )
        return (
            Target(
                id=wire_id,
                model=model,
                scope=scope,
                destinations=destinations,
                proof=proof,
            ),
            arns,
        )

    def _guardrail(
        self, name: str, args: AwsModelAccessArgs
    ) -> pulumi.Output[Guardrail]:
        filters = [
            bedrock.GuardrailContentPolicyConfigFiltersConfigArgs(
                type=kind,
                input_strength=input_strength,
                output_strength=output_strength,
            )
            for kind, input_strength, output_strength in _FILTERS
        ]
        guardrail = bedrock.Guardrail(
            f"{name}-guardrail",
            name=naming.dashed(args["environment"], "guardrail", limit=50),
            description="Accompanies every call of this deployment.",
            blocked_input_messaging=_BLOCKED,
            blocked_outputs_messaging=_BLOCKED,
            content_policy_config=bedrock.GuardrailContentPolicyConfigArgs(
                filters_configs=filters
            ),
            tags=args["tags"],
            opts=pulumi.ResourceOptions(parent=self),
        )
        # A version is a snapshot and does not follow the guardrail: the digest in its
        # description makes a new one when the filters change. Old ones stay, so that a
        # descriptor signed earlier keeps working.
        version = bedrock.GuardrailVersion(
            f"{name}-guardrail-version",
            guardrail_arn=guardrail.guardrail_arn,
            description=f"filters {_filters_digest()}",
            skip_destroy=True,
            opts=pulumi.ResourceOptions(parent=self),
        )
        return pulumi.Output.all(guardrail.guardrail_id, version.version).apply(
            lambda parts: Guardrail(identifier=parts[0], version=parts[1])
        )


def destinations_of(model_arns: list[str]) -> list[str]:
    """The Regions of a profile's model ARNs, sorted; an ARN without Region may run
    anywhere: `global`."""
    return sorted({arn.split(":")[3] or "global" for arn in model_arns})


def _filters_digest() -> str:
    return hashlib.sha256(json.dumps(_FILTERS).encode()).hexdigest()[:12]
