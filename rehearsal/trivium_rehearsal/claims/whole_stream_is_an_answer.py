"""A whole stream comes in pieces and ends."""

from trivium_rehearsal.claims.claim import Claim, Scene, Shown


def show(scene: Scene) -> Shown:
    """Stream an answer, and count its pieces."""
    (result,) = scene.application.play("stream")
    if result["outcome"] != "answered":
        return Shown(False, result["message"])
    return Shown(result["pieces"] > 1, f"{result['pieces']} pieces")


CLAIM = Claim(sentence="A whole stream is an answer", order=50, show=show, begun=1)
