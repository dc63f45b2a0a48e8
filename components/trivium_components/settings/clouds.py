"""Which clouds a stack deploys to.

The file of each cloud holds the keys of that cloud.
"""

from collections.abc import Iterator
from typing import Annotated, get_args

from pydantic import Field

from trivium.vocabulary.residency import Cloud
from trivium_components.settings.key import Key, Section
from trivium_components.settings.problem import Problem, shown


class CloudKeys(Section):
    """Keys that select clouds."""

    clouds: Annotated[
        list[Cloud],
        Field(min_length=1),
        Key(
            expected=f"one to three of {', '.join(get_args(Cloud))}, each once",
            consequence=(
                "The deployment would have no route to Claude, or two routes with the"
                " same name."
            ),
            example="aws",
        ),
    ]
    """Clouds in order of preference. Failover follows the list, and the first cloud
    keeps the signing key."""


def clouds_are_distinct(clouds: list[Cloud]) -> Iterator[Problem]:
    """A cloud is listed once."""
    if len(set(clouds)) != len(clouds):
        yield Problem(
            path=("clouds",),
            found=shown(clouds),
            expected="each cloud once",
            consequence="Two routes would have the same name.",
            remedy="Remove the repetition",
        )


RULES = (clouds_are_distinct,)
