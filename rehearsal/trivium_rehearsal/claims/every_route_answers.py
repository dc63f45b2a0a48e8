"""One question on each route and tier."""

from collections.abc import Mapping
from typing import Any

from trivium_rehearsal.claims.claim import Answer, Claim, Scene, Shown


def show(scene: Scene) -> Shown:
    """Ask everywhere; an answer has text and says that it is a rehearsal's."""
    results = list(scene.application.play("answers"))
    answers = tuple(map(_answer, filter(_is_answer, results)))
    asked = sum(len(route.models) for route in scene.deployment.routes)
    refusals = "; ".join(
        result["message"] for result in results if result["outcome"] != "answered"
    )
    return Shown(
        len(answers) == asked == len(results),
        f"{len(answers)} of {asked} answered" + (f": {refusals}" if refusals else ""),
        answers,
    )


def _is_answer(result: Mapping[str, Any]) -> bool:  # Any: the application's JSON
    answered = result["outcome"] == "answered" and result["rehearsal"]
    return bool(answered and result["text"].strip())


def _answer(result: Mapping[str, Any]) -> Answer:  # Any: as above
    return Answer(**{name: result[name] for name in Answer.__dataclass_fields__})


CLAIM = Claim(
    sentence="Every route answers on every tier, and says that it is a rehearsal",
    order=20,
    show=show,
)
