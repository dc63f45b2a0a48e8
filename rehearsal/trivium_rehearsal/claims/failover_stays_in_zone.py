"""The preferred route is overloaded; another one inside the zone answers."""

from trivium.vocabulary.residency import outside
from trivium_rehearsal.claims.claim import Claim, Scene, Shown
from trivium_rehearsal.local_endpoints import SERVICE


def show(scene: Scene) -> Shown:
    """Order a storm of 529 on the first route, and ask."""
    first = scene.deployment.routes[0]
    service = SERVICE[first.cloud]
    scene.local.order(kind="overloaded", cloud=service, times=None, retry_after_s=None)
    (result,) = scene.application.play("ask")
    outcomes = scene.local.counters()[service]["outcomes"]
    refused = outcomes.get("fault:overloaded", 0)
    scene.local.reset()
    if result["outcome"] != "answered":
        return Shown(False, result["message"])

    answered = scene.deployment.route(result["route"])
    strays = any(
        outside(scene.deployment.zone, answered.cloud, target.destinations)
        for target in answered.models.values()
    )
    return Shown(
        answered.id != first.id and refused > 0 and not strays,
        f"{first.id} refused {refused} times, {answered.id} answered, zone"
        f" {scene.deployment.zone}",
    )


CLAIM = Claim(
    sentence="A 529 storm moves the request to another cloud in the zone",
    order=40,
    show=show,
)
