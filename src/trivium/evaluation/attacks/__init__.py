"""Attacks: ways to put a scenario's request differently, one a file."""

from trivium.errors import EvaluationError
from trivium.evaluation.attacks.attack import Attack, composed
from trivium.evaluation.attacks.base64 import BASE64
from trivium.evaluation.attacks.crescendo import CRESCENDO
from trivium.evaluation.attacks.homoglyph import HOMOGLYPH
from trivium.evaluation.attacks.indirect import INDIRECT
from trivium.evaluation.attacks.leetspeak import LEETSPEAK
from trivium.evaluation.attacks.many_shot import MANY_SHOT
from trivium.evaluation.attacks.persona import PERSONA
from trivium.evaluation.attacks.prefix_injection import PREFIX_INJECTION
from trivium.evaluation.attacks.rot13 import ROT13
from trivium.evaluation.attacks.tag_characters import TAG_CHARACTERS
from trivium.evaluation.attacks.translation import TRANSLATION

ATTACKS: dict[str, Attack] = {
    attack.name: attack
    for attack in (
        BASE64,
        CRESCENDO,
        HOMOGLYPH,
        INDIRECT,
        LEETSPEAK,
        MANY_SHOT,
        PERSONA,
        PREFIX_INJECTION,
        ROT13,
        TAG_CHARACTERS,
        TRANSLATION,
    )
}
"""Every attack by name."""


def attack_named(name: str) -> Attack:
    """The attack of that name. Raises `EvaluationError` that lists those there are."""
    if name not in ATTACKS:
        raise EvaluationError(
            f"The attack `{name}` does not exist.",
            next_step=f"Choose among {', '.join(sorted(ATTACKS))}.",
        )
    return ATTACKS[name]


__all__ = ["ATTACKS", "Attack", "attack_named", "composed"]
