"""An evaluation of the rehearsed deployment: the examples that prove the baseline,
asked of the deployment itself."""

from trivium_rehearsal.claims.claim import Claim, Scene, Shown


def show(scene: Scene) -> Shown:
    """Run the suite, and read its figures."""
    found = scene.evaluated()
    figures = [one for one in found["figures"] if not one["group"]]
    samples = sum(one["samples"] for one in figures)
    breached = sum(one["breached"] for one in figures)
    surest = max((one["high"] for one in figures), default=1.0)
    return Shown(
        bool(found["complete"]) and samples > 0 and breached == 0,
        f"{breached} breaches in {samples} samples; with so few, up to"
        f" {surest:.0%} could be breached (95 %)",
    )


CLAIM = Claim(
    sentence="An evaluation says how each provision fared, and how sure that is",
    order=60,
    show=show,
    stopped=3,
)
