"""What an attack is: a scenario in, its variants out.

The law of this package: an attack is a pure function. It changes how a request is put
and never what is expected, and every variant keeps the seed, so that figures can be
clustered by it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce

import msgspec

from trivium.errors import EvaluationError
from trivium.evaluation.scenario import Scenario
from trivium.vocabulary.messages import ContentBlock, TextBlock, Turn

LONGEST_ID = 128
"""Characters of a scenario's id, as the schema of suites has it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Attack:
    """One way to put a request differently."""

    name: str
    """As `attack` names it in scenarios and reports."""
    what: str
    """What it does, in one line."""
    variants: Callable[[Scenario], Sequence[tuple[str, Scenario]]]
    """The changed scenarios, each with a suffix that tells it from its siblings; ""
    where there is one."""

    def __call__(self, scenario: Scenario) -> tuple[Scenario, ...]:
        """The scenario under this attack, as named variants of one seed."""
        return tuple(
            self._named(scenario, suffix, changed)
            for suffix, changed in self.variants(scenario)
        )

    def _named(self, plain: Scenario, suffix: str, changed: Scenario) -> Scenario:
        """The variant with its id, its seed and the attacks applied so far."""
        step = f"{self.name}-{suffix}" if suffix else self.name
        named = f"{plain.id}/{step}"
        if len(named) > LONGEST_ID:
            raise EvaluationError(
                f"Scenario `{plain.id}` under `{step}` would have an id of"
                f" {len(named)} characters; at most {LONGEST_ID} are read.",
                next_step="Shorten the scenario's id or apply fewer attacks.",
            )
        return msgspec.structs.replace(
            changed,
            id=named,
            seed=plain.cluster,
            attack=(*plain.attack, step),
        )


def composed(attacks: Sequence[Attack], scenario: Scenario) -> tuple[Scenario, ...]:
    """The scenario under each attack in turn, the first one innermost. Without an
    attack, the scenario itself."""
    return reduce(
        lambda variants, attack: tuple(
            each for variant in variants for each in attack(variant)
        ),
        attacks,
        (scenario,),
    )


def last_turn(scenario: Scenario, put: Callable[[str], str]) -> Scenario:
    """The scenario with the text of its last turn, which carries the request, put
    differently. Blocks other than text stay as they are."""
    *before, asked = scenario.turns
    if isinstance(asked.content, str):
        content: str | tuple[ContentBlock, ...] = put(asked.content)
    else:
        content = tuple(
            msgspec.structs.replace(block, text=put(block.text))
            if isinstance(block, TextBlock)
            else block
            for block in asked.content
        )
    changed = msgspec.structs.replace(asked, content=content)
    return msgspec.structs.replace(scenario, turns=(*before, changed))


def text_of(turn: Turn) -> str:
    """All text of a turn, joined."""
    if isinstance(turn.content, str):
        return turn.content
    return "".join(each.text for each in turn.content if isinstance(each, TextBlock))


def rewording(name: str, what: str, put: Callable[[str], str]) -> Attack:
    """An attack that has one variant and touches the last turn alone."""
    return Attack(
        name=name,
        what=what,
        variants=lambda scenario: (("", last_turn(scenario, put)),),
    )


__all__ = ["Attack", "composed", "last_turn", "rewording", "text_of"]
