"""Streams end cleanly and too early on every route; none of them is an answer."""

from trivium_rehearsal.claims.claim import Claim, Scene, Shown

AFTER_EVENTS = 12
"""Late enough for the caller to have seen something of the answer."""


def show(scene: Scene) -> Shown:
    """Order truncation everywhere, and stream."""
    scene.local.order(
        kind="truncate", stream=True, times=None, after_events=AFTER_EVENTS
    )
    (result,) = scene.application.play("stream")
    scene.local.reset()
    return Shown(
        result["outcome"] == "truncated_stream",
        f"{result['outcome']} after {result['pieces']} pieces",
    )


CLAIM = Claim(
    sentence="A stream without its end is refused", order=60, show=show, begun=1
)
