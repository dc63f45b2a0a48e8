"""A question that carries a secret is refused, and no endpoint ever sees it."""

from trivium_rehearsal.claims.claim import Claim, Scene, Shown

# Amazon's documentation key; the application's leak carries the same.
SECRET = "AKIAIOSFODNN7EXAMPLE"  # noqa: S105 -- as above


def show(scene: Scene) -> Shown:
    """Ask, and look through everything that the endpoints received."""
    before = scene.local.arrived
    (result,) = scene.application.play("leak")
    arrived = scene.local.arrived - before
    seen = scene.local.received(SECRET).values()
    unseen = all(found["requests"] == 0 and found["complete"] for found in seen)
    provisions = ", ".join(result.get("provisions", ())) or result["outcome"]
    return Shown(
        result["outcome"] == "blocked" and arrived == 0 and unseen,
        f"{provisions}; requests that reached an endpoint: {arrived}",
    )


CLAIM = Claim(
    sentence="A secret is stopped before it leaves", order=30, show=show, stopped=1
)
