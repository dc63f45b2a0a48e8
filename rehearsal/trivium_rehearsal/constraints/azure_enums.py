"""Azure's enumerations: azure-native is generated from Azure's API descriptions, names
and values included.

Azure compares enumeration values without regard to capitals. Most enumerations are
declared open (``modelAsString``), which only says that clients must expect new values
to be *returned*; the resource manager refuses a value it does not know. Some lists,
however, are known not to hold all that Azure accepts, or are not enumerations at all;
those are not checked.
"""

import re
from typing import Final

from trivium_rehearsal.constraints.model import Limits
from trivium_rehearsal.types import Enumeration

__all__ = ["limits"]

# Sizes, SKUs by family, versions, regions and the like grow every month, and the API
# descriptions of the default API version do not follow: `VirtualMachineSizeTypes`, for
# instance, says itself that it does not list all sizes
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
    """What a value of `enumeration` must be, or None when its list is not complete."""
    growing = enumeration.open and _GROWING.search(enumeration.name)
    if (
        not enumeration.values
        or growing
        or (enumeration.open and len(enumeration.values) > _CATALOGUE)
    ):
        return None
    return Limits(values=enumeration.values, ignore_case=True)
