"""Which routes may serve a request, in order. Pure.

Law 5: a target counts only when every one of its proven destinations lies inside the
zone. `sign` and `verify` refuse a descriptor in which one does not; it is checked again
here, where the request leaves.
"""

import difflib
from dataclasses import dataclass

from trivium.errors import ResidencyError, UnknownModelError
from trivium.vocabulary.deployment import Deployment, ModelTarget, Route
from trivium.vocabulary.residency import outside


@dataclass(frozen=True)
class Candidate:
    """One way to serve a request."""

    route: Route
    tier: str
    target: ModelTarget


def candidates(deployment: Deployment, model: str) -> tuple[Candidate, ...]:
    """The ways to serve `model`, best first: a tier, a role, a route id, or
    `route-id/tier`.

    A tier or role may fail over down the deployment's list; a route id stays on that
    route. A route that serves several tiers needs one named: canonical JSON has no
    first. Raises `UnknownModelError` or `ResidencyError`.
    """
    named = _named(deployment, model)
    inside = tuple(
        candidate
        for candidate in named
        if not outside(
            deployment.zone, candidate.route.cloud, candidate.target.destinations
        )
    )
    if not inside:
        raise ResidencyError(
            f"No route for `{model}` is proven to stay inside zone `{deployment.zone}`;"
            " nothing was sent.",
            next_step=(
                "Ask the platform team for a route whose destinations lie inside the"
                " zone."
            ),
        )
    return inside


def _named(deployment: Deployment, model: str) -> tuple[Candidate, ...]:
    """The candidates of a role or a tier, or the one that `route/tier` names."""
    tier = deployment.roles.get(model, model)
    if tier in deployment.tiers:
        return tuple(
            Candidate(r, tier, r.models[tier])
            for r in deployment.routes
            if tier in r.models
        )
    route_id, _, wanted = model.partition("/")
    for route in deployment.routes:
        if route.id == route_id:
            chosen = wanted or (
                next(iter(route.models)) if len(route.models) == 1 else ""
            )
            if chosen in route.models:
                return (Candidate(route, chosen, route.models[chosen]),)
    raise _unknown(deployment, model)


def _unknown(deployment: Deployment, model: str) -> UnknownModelError:
    known = [*deployment.tiers, *deployment.roles]
    for route in deployment.routes:
        if len(route.models) == 1:
            known.append(route.id)
        known += [f"{route.id}/{tier}" for tier in route.models]
    near = difflib.get_close_matches(model, known, n=1)
    meant = f" Did you mean `{near[0]}`?" if near else ""
    return UnknownModelError(
        f"`model` is `{model[:80]}`, which names no tier, role or route of deployment"
        f" `{deployment.name}`; known are {', '.join(known)}.{meant}"
    )
