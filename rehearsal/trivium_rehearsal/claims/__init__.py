"""What `make up` claims, one file a claim.

Whoever adds a claim adds a file with a `CLAIM`; nothing else changes.
"""

import importlib
import pkgutil
from collections.abc import Iterable

from trivium_rehearsal.claims.claim import Answer, Claim, Proof, Records, Scene, Shown

_FRAME = "claim"
"""The module that is not a claim itself."""


def claims() -> tuple[Claim, ...]:
    """All claims, in the order in which they are shown."""
    names = (module.name for module in pkgutil.iter_modules(__path__))
    modules = (
        importlib.import_module(f"{__name__}.{name}")
        for name in names
        if name != _FRAME
    )
    found: list[Claim] = [module.CLAIM for module in modules]
    return tuple(sorted(found, key=lambda claim: claim.order))


def prove(
    to_show: Iterable[Claim], scene: Scene
) -> tuple[tuple[Proof, ...], tuple[Answer, ...]]:
    """Show each claim; the proofs, and the answers that came with them."""
    proofs: list[Proof] = []
    answers: list[Answer] = []
    for claim in to_show:
        arrived = scene.local.arrived
        shown = claim.show(scene)
        scene.expected += Records(
            scene.local.arrived - arrived, claim.stopped, claim.begun
        )
        proofs.append(Proof(claim.sentence, shown.holds, shown.evidence))
        answers += shown.answers
    return tuple(proofs), tuple(answers)


__all__ = ["Answer", "Claim", "Proof", "Records", "Scene", "Shown", "claims", "prove"]
