"""Which Claude models may be called on Vertex AI, and where they run.

Only Google-managed access is used. The Anthropic-managed Marketplace path is the
service of another organisation and is not used. Somebody must activate Claude once, by
hand, in the project's Model Garden: no API does that reliably.
"""

from typing import TypedDict

import pulumi
from pulumi_gcp import orgpolicy, projects

from trivium_components import models, offers
from trivium_components.component import register
from trivium_components.records import NO_GUARDRAIL, Guardrail, Target
from trivium_components.residency import require_inside


class GcpModelAccessArgs(TypedDict):
    """Arguments of `GcpModelAccess`. For the type, see `component.py`.

    None may be an output: names and number of the resources depend on them.
    """

    environment: str
    """Name of the environment; part of every resource's name."""
    account: str
    """Google Cloud project id."""
    region: str
    """Region of the deployment; with the scope, it decides the endpoint's location."""
    zone: str
    """Residency zone that inference may not leave."""
    scope: str
    """How far inference may travel: `regional`, `geo` or `global`."""
    models: dict[str, str]
    """Model of each tier, by its name in the model catalogue."""
    tags: dict[str, str]
    """Tags of every resource, as labels."""


class GcpModelAccess(pulumi.ComponentResource):
    """Access to Claude on Vertex AI, proven to stay inside the residency zone.

    The proof is the endpoint: Google processes a request inside the location of the
    endpoint. The project's organisation policy admits only the deployment's models, for
    every caller in the project.
    """

    endpoint: pulumi.Output[str]
    """Base address of the model API, up to the location."""
    targets: pulumi.Output[dict[str, Target]]
    """What each tier means on this cloud."""
    resources: pulumi.Output[list[str]]
    """What may be invoked: the project, as `projects/ID`."""
    guardrail: pulumi.Output[Guardrail]
    """Empty: Google Cloud has no guardrail for calls to Claude."""

    def __init__(
        self,
        name: str,
        args: GcpModelAccessArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("trivium:index:GcpModelAccess", name, {}, opts)
        location = offers.vertex_location(
            zone=args["zone"],
            region=args["region"],
            scope=offers.scope_of(args["scope"]),
        )
        host = offers.vertex_host(location)
        endpoint = f"https://{host}/v1/projects/{args['account']}/locations/{location}"
        targets = {
            tier: _target(tier, model, location, endpoint, args)
            for tier, model in args["models"].items()
        }
        allowed = _allowed_models(
            name, args, targets, pulumi.ResourceOptions(parent=self)
        )

        self.endpoint = pulumi.Output.from_input(endpoint)
        self.targets = pulumi.Output.from_input(targets)
        self.resources = pulumi.Output.all(allowed.parent)
        self.guardrail = pulumi.Output.from_input(NO_GUARDRAIL)
        register(self)


def _target(
    tier: str, model: str, location: str, endpoint: str, args: GcpModelAccessArgs
) -> Target:
    """The target of one tier, if its location is inside the zone."""
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


def _allowed_models(
    name: str,
    args: GcpModelAccessArgs,
    targets: dict[str, Target],
    opts: pulumi.ResourceOptions,
) -> orgpolicy.Policy:
    """Limit the project to the deployment's models, after enabling what that needs."""
    project = f"projects/{args['account']}"
    services = [
        projects.Service(
            f"{name}-{service}",
            project=args["account"],
            service=f"{service}.googleapis.com",
            disable_on_destroy=False,  # others in the project may use it
            opts=opts,
        )
        for service in ("aiplatform", "orgpolicy")
    ]
    values = orgpolicy.PolicySpecRuleValuesArgs(allowed_values=allowed_models(targets))
    return orgpolicy.Policy(
        f"{name}-allowed-models",
        name=f"{project}/policies/vertexai.allowedModels",
        parent=project,
        spec=orgpolicy.PolicySpecArgs(
            rules=[orgpolicy.PolicySpecRuleArgs(values=values)]
        ),
        opts=pulumi.ResourceOptions.merge(
            opts, pulumi.ResourceOptions(depends_on=services)
        ),
    )


def allowed_models(targets: dict[str, Target]) -> list[str]:
    """Values of `vertexai.allowedModels`.

    They are full names without wildcards and without the `@date` of a version. Source:
    Vertex AI, "Control access to Model Garden models", read 2026-11-22.
    """
    return sorted(
        {
            f"publishers/anthropic/models/{target['id'].split('@')[0]}:predict"
            for target in targets.values()
        }
    )
