"""Azure's enumerations: azure-native is generated from Azure's API descriptions, names
and values included.

Azure compares enumeration values without regard to capitals. Whether a list is complete
is said by the API description (``x-ms-enum.modelAsString``), and the SDK carries it on:
a closed enumeration is typed as the enumeration alone, an open one as text or
enumeration. A closed list is a limit. An open one is a hint: services accept values
that their description does not name (the streams of a data collection rule, for
instance, whose description calls its list `KnownDataFlowStreams`). A value beyond an
open list is therefore accepted and noted.
"""

import re
from typing import Final

from trivium_rehearsal.constraints.model import Limits
from trivium_rehearsal.types import Enumeration

__all__ = ["is_described", "known_spelling", "limits", "named"]

# Lists that do not even hint. Sizes, SKUs by family, versions, regions and the like
# grow every month, and the API descriptions of the default API version do not follow:
# `VirtualMachineSizeTypes`, for instance, says itself that it does not list all sizes
# (https://learn.microsoft.com/azure/virtual-machines/sizes). The name of the
# enumeration tells them.
_GROWING: Final = re.compile(
    r"Size|Version|Region|Location|Runtime|Instance|Model|Language|Family|Locale"
    r"|TimeZone|Currency|Unit|Metric|DataType|EventType|Category|Publisher|Offer"
    r"|Protocol|Cipher|Curve|Operator|ProvisioningState|KubernetesO",
)
# More values than a person lists are a catalogue.
_CATALOGUE: Final = 40


def limits(enumeration: Enumeration) -> Limits | None:
    """What a value of `enumeration` must be, or None when its list is open."""
    if enumeration.open or not enumeration.values:
        return None
    return Limits(values=enumeration.values, ignore_case=True)


def named(enumeration: Enumeration) -> tuple[str, ...]:
    """The values that an open enumeration names; none where it is closed, or where its
    list would note what everybody uses."""
    growing = _GROWING.search(enumeration.name)
    if not enumeration.open or growing or len(enumeration.values) > _CATALOGUE:
        return ()
    return enumeration.values


def is_described(enumeration: Enumeration) -> bool:
    """Whether a value of `enumeration` is compared with anything."""
    return bool(limits(enumeration) or named(enumeration))


def known_spelling(enumeration: Enumeration, value: str) -> str:
    """`value` in the capitals of the API description, as Azure answers it."""
    spelled = {known.lower(): known for known in enumeration.values}
    return spelled.get(value.lower(), value)
