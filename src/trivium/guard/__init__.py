"""The guard: judges what leaves and what comes back under a constitution, and fails
closed."""

from trivium.guard.detectors import REGISTRY, Detector
from trivium.guard.engine import Checked, Guard
from trivium.guard.judgement import Rule
from trivium.guard.proof import prove, unproven
from trivium.guard.streaming import StreamGuard

__all__ = [
    "REGISTRY",
    "Checked",
    "Detector",
    "Guard",
    "Rule",
    "StreamGuard",
    "prove",
    "unproven",
]
