"""Before anything existed, the policy pack judged it."""

from trivium_rehearsal.claims.claim import Claim, Scene, Shown


def show(scene: Scene) -> Shown:
    """What the engine reported of the policies while it deployed."""
    outcome = scene.outcome
    refused = any(text.startswith("[mandatory]") for text in outcome.violations)
    return Shown(
        outcome.verdicts > 0 and not refused,
        f"{len(outcome.policies)} policies gave {outcome.verdicts} verdicts on"
        f" {outcome.resources} resources, with {len(outcome.violations)} notes",
    )


CLAIM = Claim(
    sentence="Policies judged every resource before it existed", order=10, show=show
)
