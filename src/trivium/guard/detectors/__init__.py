"""Detectors by name. A family is one file with a tuple `DETECTORS`; adding a detector
changes nothing else."""

from types import MappingProxyType

from trivium.guard.detectors import (
    cloud_keys,
    contacts,
    credentials,
    numbers,
    service_tokens,
)
from trivium.guard.detectors.detector import Detector

_FAMILIES = (cloud_keys, service_tokens, credentials, numbers, contacts)

REGISTRY = MappingProxyType(
    {detector.name: detector for family in _FAMILIES for detector in family.DETECTORS}
)
"""Name → detector, in the order of the families."""

__all__ = ["REGISTRY", "Detector"]
