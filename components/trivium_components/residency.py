"""Refuse a model that could leave the residency zone, before anything is created."""

from collections.abc import Sequence

from trivium.errors import ResidencyError
from trivium.vocabulary.residency import Cloud, outside


def require_inside(
    *, zone: str, cloud: Cloud, tier: str, destinations: Sequence[str], proof: str
) -> None:
    """Raise `ResidencyError` unless every destination is known to lie inside `zone`."""
    strays = outside(zone, cloud, destinations)
    if strays:
        raise ResidencyError(
            f"Tier `{tier}` on {cloud} may run in {', '.join(strays)}, which is not"
            f" known to lie in zone `{zone}` (proof: {proof}). Every request for this"
            " tier would be refused.",
            next_step=(
                "Choose another region, scope or model, or take the cloud out of"
                " `trivium:clouds`."
            ),
        )
