"""The requirements that rules help to meet, each stated once; rules name their ids.

A rule is evidence for a requirement, never the whole of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from trivium.errors import ConfigurationError


@dataclass(frozen=True)
class Control:
    """One requirement of a law or a standard."""

    id: str
    """How rules name it: `nist-800-53/AU-9`."""
    framework: str
    """The law or standard, with its edition: `NIST SP 800-53 r5`."""
    control: str
    """The clause or control id: `AU-9`."""
    title: str
    """What the framework itself calls it."""


_NIST: Final = "NIST SP 800-53 r5"
_AI_ACT: Final = "Regulation (EU) 2024/1689"
_GDPR: Final = "Regulation (EU) 2016/679"

_ALL: Final = (
    # NIST SP 800-53 Rev. 5, control catalogue (December 2020).
    Control("nist-800-53/AC-3", _NIST, "AC-3", "Access Enforcement"),
    Control("nist-800-53/AC-6", _NIST, "AC-6", "Least Privilege"),
    Control("nist-800-53/AU-2", _NIST, "AU-2", "Event Logging"),
    Control("nist-800-53/AU-9", _NIST, "AU-9", "Protection of Audit Information"),
    Control("nist-800-53/AU-11", _NIST, "AU-11", "Audit Record Retention"),
    Control("nist-800-53/AU-12", _NIST, "AU-12", "Audit Record Generation"),
    Control("nist-800-53/IA-5", _NIST, "IA-5", "Authenticator Management"),
    Control(
        "nist-800-53/SA-9-5",
        _NIST,
        "SA-9(5)",
        "External System Services: Processing, Storage, and Service Location",
    ),
    Control("nist-800-53/SC-7", _NIST, "SC-7", "Boundary Protection"),
    # Electronic Code of Federal Regulations.
    Control(
        "sec-17a-4/f-2-i-B",
        "17 CFR 240.17a-4",
        "(f)(2)(i)(B)",
        "Records exclusively in a non-rewriteable, non-erasable format",
    ),
    Control("hipaa/164.316-b-2-i", "45 CFR 164.316", "(b)(2)(i)", "Time limit"),
    # Official Journal of the European Union.
    Control("eu-ai-act/12", _AI_ACT, "Art. 12", "Record-keeping"),
    Control(
        "eu-ai-act/19-26",
        _AI_ACT,
        "Art. 19(1), 26(6)",
        "Automatically generated logs: providers and deployers keep them",
    ),
    Control("gdpr/28-44", _GDPR, "Art. 28, 44", "Processor; transfers"),
    Control("gdpr/32-1-b", _GDPR, "Art. 32(1)(b)", "Security of processing"),
)

CONTROLS: Final = {control.id: control for control in _ALL}
"""Every control, by id."""


def controls(rule: str, ids: Sequence[str]) -> tuple[Control, ...]:
    """The controls with these ids. Raises `ConfigurationError` that names the rule for
    an id that does not exist."""
    for unknown in (name for name in ids if name not in CONTROLS):
        raise ConfigurationError(
            f"Policy rule `{rule}` names control `{unknown}`, which does not exist. The"
            " pack is not loaded, so no stack is judged.",
            next_step="Correct the id, or add the control to controls.py.",
        )
    return tuple(CONTROLS[name] for name in ids)
