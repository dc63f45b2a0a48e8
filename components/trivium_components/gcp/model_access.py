"""Which Claude models may be called on Vertex AI, and where they run.

Only Google-managed access is used; the Anthropic-managed Marketplace path is another
organisation's service and stays unused. Claude must have been activated in the
project's Model Garden by hand, once: no interface does that reliably.
"""

from typing import TypedDict

import pulumi
from pulumi_gcp import orgpolicy, projects

from trivium_components import models, offers
from trivium_components.records import NO_GUARDRAIL, Guardrail, Target
from trivium_components.residency import require_inside


class GcpModelAccessArgs(TypedDict):
    """What `GcpModelAccess` needs. Everything is plain: names and number of resources
    follow from it."""

    environment: str
    """Name of the environment; part of every resource's name."""
    account: str
    """Google Cloud project id."""
    region: str
    """Region of the deployment; the endpoint's location follows from it and the
    scope."""
    zone: str
    """Residency zone that inference may not leave."""
    scope: str
    """How far inference may travel: `regional`, `geo` or `global`."""
    models: dict[str, str]
    """Tier to name in the model catalogue."""
    tags: dict[str, str]
    """Tags of every resource, as labels."""


class GcpModelAccess(pulumi.ComponentResource):
    """Access to Claude on Vertex AI, proven to stay inside the residency zone.

    The proof is the endpoint: Google processes a request inside the location whose
    endpoint is called. The project's organisation policy admits the deployment's models
    and no other, for everything else in the project too.
    """

    endpoint: pulumi.Output[str]
    """Base address of the model API, up to the location."""
    targets: pulumi.Output[dict[str, Target]]
    """Tier to what it means here."""
    resources: pulumi.Output[list[str]]
    """What permission to invoke is given on: the project, as `projects/ID`."""
    guardrail: pulumi.Output[Guardrail]
    """Empty: Google Cloud has no guardrail that accompanies calls to Claude."""

    def __init__(
        self,
        name: str,
        args: GcpModelAccessArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("trivium:index:GcpModelAccess", name, {}, opts)
        project = args["account"]
        location = offers.vertex_location(
            zone=args["zone"],
            region=args["region"],
            scope=offers.scope_of(args["scope"]),
        )
        endpoint = f"https://{offers.vertex_host(location)}/v1/projects/{project}/locations/{location}"
        targets = {
            tier: _target(tier, model, location, endpoint, args)
            for tier, model in args["models"].items()
        }
        services = [
            projects.Service(
                f"{name}-{service}",
                project=project,
                service=f"{service}.googleapis.com",
                disable_on_destroy=False,  # others in the project may use it
                opts=pulumi.ResourceOptions(parent=self),
            )
            for service in ("aiplatform", "orgpolicy")
        ]
        allowed = orgpolicy.Policy(
            f"{name}-allowed-models",
            name=f"projects/{project}/policies/vertexai.allowedModels",
            parent=f"projects/{project}",
            spec=orgpolicy.PolicySpecArgs(
                rules=[
                    orgpolicy.PolicySpecRuleArgs(
                        values=orgpolicy.PolicySpecRuleValuesArgs(
                            allowed_values=allowed_models(targets)
                        )
                    )
                ]
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=services),
        )
        self.endpoint = pulumi.Output.from_input(endpoint)
        self.targets = pulumi.Output.from_input(targets)
        self.resources = pulumi.Output.all(allowed.parent)
        self.guardrail = pulumi.Output.from_input(NO_GUARDRAIL)
        self.register_outputs(
            {
                "endpoint": self.endpoint,
                "targets": self.targets,
                "resources": self.resources,
                "guardrail": self.guardrail,
            }
        )


def _target(
    tier: str, model: str, location: str, endpoint: str, args: GcpModelAccessArgs
) -> Target:
    require_inside(
        zone=args["zone"],
        cloud="gcp",
        tier=tier,
        destinations=[location],
        proof=endpoint,
    )
    return Target(
        id=models.id_on("gcp", model),
        model=model,
        scope=args["scope"],
        destinations=[location],
        proof=endpoint,
    )


def allowed_models(targets: dict[str, Target]) -> list[str]:
    """Values of `vertexai.allowedModels`: full names, no wildcards, without the `@date`
    of a version.

    Source: Vertex AI, "Control access to Model Garden models", read 2026-11-22.
    """
    return sorted(
        {
            f"publishers/anthropic/models/{target['id'].split('@')[0]}:predict"
            for target in targets.values()
        }
    )
