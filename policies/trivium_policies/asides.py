"""What a rule has to say besides its violations, kept until the end of the request
that it belongs to.

Pulumi gives every message of a policy that policy's own level. An unlocked stage or a
waived finding must not stop a deployment, and a rule that broke must, whatever its
level; so these are spoken by policies of their own (see `pack.py`), which run last in
each request and take from here.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["broken", "pending", "waived", "noted"]


@dataclass(frozen=True)
class Voice:
    """The policy that speaks the asides of one kind."""

    id: str
    """Policy name."""
    description: str
    """What Pulumi shows above each message."""
    mandatory: bool
    """Whether it stops the deployment."""


VOICES: Final[dict[Kind, Voice]] = {
    "broken": Voice(
        "every-rule-can-judge",
        "A rule failed while it judged, so what it promises is not known to hold.",
        mandatory=True,
    ),
    "pending": Voice(
        "cannot-be-judged-yet",
        "The preview does not know an input of this rule; the update judges it again.",
        mandatory=False,
    ),
    "waived": Voice(
        "waived-finding",
        "A violation that somebody has accepted until a day.",
        mandatory=False,
    ),
    "noted": Voice(
        "passed-with-a-note",
        "A rule that passed and still has something to say.",
        mandatory=False,
    ),
}

UNSEEN: Final = Voice(
    "makes-what-no-rule-sees",
    "A template, script or command can make resources that no rule judges.",
    mandatory=False,
)
"""Speaks for no rule: of resources whose work none of them sees."""

INPUTS: Final = Voice(
    "collects-inputs",
    "Collects what the rules about a whole stack read; it judges nothing.",
    mandatory=True,
)
"""Runs first. If it failed, the stack's rules would judge outputs, so it is
mandatory."""


class Asides:
    """Asides by kind and by the request that they belong to: a resource's URN, or
    `WHOLE_STACK`."""

    WHOLE_STACK: Final = ""

    def __init__(self) -> None:
        self._kept: defaultdict[tuple[Kind, str], list[tuple[str, str]]] = defaultdict(
            list
        )

    def add(self, kind: Kind, request: str, *, urn: str, message: str) -> None:
        """Keep `message` about the resource `urn`."""
        self._kept[kind, request].append((urn, message))

    def take(self, kind: Kind, request: str) -> tuple[tuple[str, str], ...]:
        """The (URN, message) pairs of this kind and request, in order; they are gone
        afterwards."""
        return tuple(self._kept.pop((kind, request), ()))
