"""Logging that another stack or account makes, as a profile states it.

In a landing zone the organisation's own stack often configures logging for every
account. A profile then says where, who answers for it and why, and every run repeats
it: what is claimed is seen, not assumed.
"""

import re
from dataclasses import dataclass
from typing import Final

from trivium_policies.rule import Case, Parameter, Pass

FORM: Final = "PLACE by OWNER: REASON"
_STATEMENT: Final = re.compile(r"([a-z0-9][a-z0-9:.-]*) by ([^:]*\S[^:]*): (.*\S.*)")
_NAME: Final = "logged_elsewhere"


@dataclass(frozen=True)
class Elsewhere:
    """One statement of a profile."""

    place: str
    """A Region or a project."""
    owner: str
    """Who answers for it."""
    reason: str
    """Why it is done there."""

    @property
    def note(self) -> Pass:
        """What every run shows."""
        return Pass(
            note=(
                f"the logging of {self.place} is made elsewhere, says the profile;"
                f" {self.owner} answers for it: {self.reason}."
            )
        )


def logged_elsewhere(places: str) -> Parameter:
    """The parameter of a rule about logging. `places`: "AWS Regions"."""
    return Parameter(
        _NAME,
        default=(),
        meaning=(
            f"{places} whose logging another stack or account makes, each as"
            f" `{FORM}`; every run repeats it."
        ),
        source="The organisation's own landing zone.",
        pattern=_STATEMENT.pattern,
        form=FORM,
    )


def stated(case: Case, place: str) -> Elsewhere | None:
    """What the profile says about `place`, if anything."""
    for text in case.listed(_NAME):
        found = _STATEMENT.fullmatch(text)
        if found and found[1] == place:
            return Elsewhere(place, found[2].strip(), found[3].rstrip(". "))
    return None
