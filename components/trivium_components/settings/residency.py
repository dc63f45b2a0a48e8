"""Residency: the zone that requests stay in, and how far inference may travel."""

from collections.abc import Iterator
from typing import Annotated

from trivium.vocabulary.catalogue import Scope
from trivium.vocabulary.residency import WORLDWIDE, zone_names
from trivium_components.settings.key import Key, OneOf, Section
from trivium_components.settings.problem import Problem


class ResidencyKeys(Section):
    """Keys of residency."""

    zone: Annotated[
        str,
        OneOf(zone_names()),
        Key(
            consequence="No route could be proven to stay inside the zone.",
            example="us",
        ),
    ]
    """Residency zone that no request may leave."""
    scope: Annotated[
        Scope,
        Key(
            consequence="Trivium could not select an inference endpoint.",
            example="geo",
        ),
    ] = "geo"
    """How far inference may travel: one region (`regional`), its geography (`geo`) or
    the world (`global`). `global` requires zone `worldwide`."""


def scope_fits_zone(scope: Scope, zone: str) -> Iterator[Problem]:
    """Global inference needs the worldwide zone."""
    if scope == "global" and zone != WORLDWIDE:
        yield Problem(
            path=("scope",),
            found="`global`",
            expected=f"`geo` or `regional` in zone `{zone}`",
            consequence=(
                "Inference could run anywhere in the world, so every request would be"
                " refused."
            ),
            example="geo",
        )


RULES = (scope_fits_zone,)
