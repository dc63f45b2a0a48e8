"""The models behind the tiers, and the roles that applications may use instead."""

from collections.abc import Iterator
from typing import Annotated, Literal, get_args

from pydantic import Field

from trivium.vocabulary.catalogue import Catalogue
from trivium_components.settings.environment import NAME
from trivium_components.settings.key import Key, Section
from trivium_components.settings.problem import Problem, nearest

Tier = Literal["haiku", "sonnet", "opus"]


class ModelKeys(Section):
    """Keys that select models."""

    models: Annotated[
        dict[Tier, str],
        Field(min_length=1),
        Key(
            expected=(
                f"at least one tier ({', '.join(get_args(Tier))}) with the name of a"
                " model in the catalogue"
            ),
            consequence="Applications could not request any model.",
            example="claude-sonnet-5-5",
        ),
    ]
    """Model of each tier."""
    roles: Annotated[
        dict[Annotated[str, Field(pattern=NAME)], Tier],
        Key(
            expected="roles (lower-case letters, digits, `-`), each with its tier",
            consequence="Applications would request a role that does not exist.",
            example="haiku",
        ),
    ] = Field(default_factory=dict)
    """Roles that applications may request instead of a tier."""


def models_are_of_their_tier(
    models: dict[str, str], catalogue: Catalogue
) -> Iterator[Problem]:
    """Every model is in the catalogue, under the tier that it is configured for."""
    for tier, name in models.items():
        entry = catalogue.models.get(name)
        if entry is not None and entry.tier == tier:
            continue
        fitting = tuple(
            key for key, model in catalogue.models.items() if model.tier == tier
        )
        yield Problem(
            path=("models", tier),
            found=f"`{name}`" + (f", which is of tier `{entry.tier}`" if entry else ""),
            expected=(
                f"a model of tier `{tier}` in the catalogue of {catalogue.as_of}:"
                f" {', '.join(fitting)}"
            ),
            consequence=(
                "Applications would get a different model than they request, or none."
            ),
            example=fitting[0] if fitting else "",
            meant=nearest(name, fitting),
        )


def roles_mean_a_configured_tier(
    roles: dict[str, str], models: dict[str, str]
) -> Iterator[Problem]:
    """The tier of every role has a model."""
    for role, tier in roles.items():
        if tier not in models:
            yield Problem(
                path=("roles", role),
                found=f"`{tier}`",
                expected=f"a tier that `models` defines: {', '.join(models)}",
                consequence="Requests for this role would fail.",
                example=next(iter(models)),
            )


RULES = (models_are_of_their_tier, roles_mean_a_configured_tier)
