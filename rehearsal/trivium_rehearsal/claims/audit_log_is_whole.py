"""The log is intact and sealed, and holds exactly what the claims before it left."""

from trivium_rehearsal.claims.claim import Claim, Scene, Shown
from trivium_rehearsal.trivium_command import of_requests


def show(scene: Scene) -> Shown:
    """Verify the log, and hold its new records against what arrived."""
    audit, expected = scene.verified(), scene.expected
    new = of_requests(audit) - scene.recorded_before
    whole = bool(audit["intact"]) and audit["unsealed"] == 0
    problems = "; ".join(problem["text"] for problem in audit["problems"][:3])
    return Shown(
        whole and new == expected.total,
        problems
        or f"{new} new records of requests for {expected.arrived} requests that arrived,"
        f" {expected.stopped} that was stopped and {expected.begun} streams that began;"
        f" {audit['records']} records in all in {audit['segments']} sealed segments",
    )


CLAIM = Claim(
    sentence="The audit log is intact and sealed, and holds every attempt",
    order=1000,
    show=show,
)
