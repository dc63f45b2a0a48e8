"""Residency zones: which of a cloud's regions count as inside.

A zone is a set of regions per cloud. A destination is inside only when it is listed: an
unknown region is outside, and a worldwide destination (`global`) is inside no zone but
`worldwide`. Source of the region names: the clouds' public region lists, read
2026-11-22. ca-central-1 may be offered `us.` profiles and London or Zurich `eu.` ones;
geography, not the profile's prefix, decides here.
"""

from collections.abc import Iterable, Mapping
from typing import Literal

Cloud = Literal["aws", "gcp", "azure"]

ZONES: Mapping[str, Mapping[Cloud, frozenset[str]]] = {
    "us": {
        "aws": frozenset({"us-east-1", "us-east-2", "us-west-1", "us-west-2"}),
        "gcp": frozenset(
            {
                "us",
                "us-central1",
                "us-east1",
                "us-east4",
                "us-east5",
                "us-south1",
                "us-west1",
                "us-west2",
                "us-west3",
                "us-west4",
            }
        ),
        "azure": frozenset(
            {
                "us-data-zone",
                "centralus",
                "eastus",
                "eastus2",
                "northcentralus",
                "southcentralus",
                "westcentralus",
                "westus",
                "westus2",
                "westus3",
            }
        ),
    },
    "eu": {
        "aws": frozenset(
            {
                "eu-central-1",
                "eu-north-1",
                "eu-south-1",
                "eu-south-2",
                "eu-west-1",
                "eu-west-3",
            }
        ),
        "gcp": frozenset(
            {
                "eu",
                "europe-central2",
                "europe-north1",
                "europe-north2",
                "europe-southwest1",
                "europe-west1",
                "europe-west3",
                "europe-west4",
                "europe-west8",
                "europe-west9",
                "europe-west10",
                "europe-west12",
            }
        ),
        "azure": frozenset(
            {
                "francecentral",
                "germanywestcentral",
                "italynorth",
                "northeurope",
                "polandcentral",
                "spaincentral",
                "swedencentral",
                "westeurope",
            }
        ),
    },
    "us-gov": {
        "aws": frozenset({"us-gov-west-1", "us-gov-east-1"}),
        "gcp": frozenset(),
        "azure": frozenset({"usgovvirginia", "usgovarizona", "usgovtexas"}),
    },
}
"""Zone id → cloud → regions inside it. `worldwide` is not a row: it contains
everything."""

WORLDWIDE = "worldwide"


def is_zone(zone: str) -> bool:
    """Whether `zone` is known."""
    return zone == WORLDWIDE or zone in ZONES


def zone_names() -> tuple[str, ...]:
    """Every zone id, sorted, `worldwide` last."""
    return (*sorted(ZONES), WORLDWIDE)


def outside(zone: str, cloud: Cloud, destinations: Iterable[str]) -> tuple[str, ...]:
    """The destinations that are not proven to lie inside `zone`, in order.

    No destinations at all is not a proof: it returns `("unknown",)`. Raises `KeyError`
    for an unknown zone.
    """
    listed = tuple(destinations)
    if not listed:
        return ("unknown",)
    if zone == WORLDWIDE:
        return ()
    inside = ZONES[zone][cloud]
    return tuple(region for region in listed if region not in inside)
