"""Retention presets: how long audit records must be kept, and which rule requires it.

A preset is a minimum that satisfies its regime; it does not repeat the regime's exact
wording. Days are calendar days and include leap days.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from trivium.errors import ConfigurationError

Lock = Literal["unlocked", "locked"]
"""Stage of an audit store's lock. Only forward: nobody can undo `locked`."""

_SECONDS_PER_DAY = 86_400


@dataclass(frozen=True, kw_only=True)
class Preset:
    """One retention preset."""

    days: int
    """Days during which a record can be neither changed nor deleted."""
    source: str
    """The rule that it satisfies."""
    archive: bool = True
    """Whether it may be the only archive of a production deployment."""


PRESETS: Mapping[str, Preset] = {
    "finance-7y": Preset(
        days=2557,
        source=(
            "17 CFR 210.2-06 (seven years); covers 17 CFR 240.17a-4 and FINRA 4511(b),"
            " which require three to six"
        ),
    ),
    "healthcare-6y": Preset(days=2192, source="45 CFR 164.316(b)(2)(i): six years"),
    # 184: July to December, the longest six months there are.
    "eu-ai-act-6m": Preset(
        days=184,
        source="Regulation (EU) 2024/1689, Art. 19(1) and 26(6): at least six months",
    ),
    "operational-30d": Preset(
        days=30,
        source="no regime: a window for operations, never the archive",
        archive=False,
    ),
}

# What CloudWatch Logs accepts (PutRetentionPolicy, API reference 2014-03-28): days,
# then months, then years.
_CLOUDWATCH_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180),
    *(365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653),
)


def lock_of(text: str) -> Lock:
    """`text` as a stage of the lock. Raises `ConfigurationError` for any other word.

    Components take text, because a Pulumi schema has no literals.
    """
    for stage in get_args(Lock):
        if stage == text:
            found: Lock = stage
            return found
    raise ConfigurationError(
        f"`lock` is `{text}`; expected `unlocked` or `locked`.",
        next_step="Choose `unlocked` until the audit store is verified.",
    )


def lock_from(locked: bool) -> Lock:
    """The stage of a store that the cloud reports as locked or not."""
    return "locked" if locked else "unlocked"


def seconds(days: int) -> int:
    """Days as seconds, the unit of Cloud Storage."""
    return days * _SECONDS_PER_DAY


def days(seconds: int) -> int:
    """Whole days in `seconds`."""
    return seconds // _SECONDS_PER_DAY


def log_bucket_days(days: int) -> int:
    """What a log bucket of Cloud Logging can keep: at most 3650 days.

    Source: Cloud Logging quotas, read 2026-11-22.
    """
    return min(days, 3650)


def workspace_days(days: int) -> int:
    """What a Log Analytics workspace keeps interactively: 30 to 730 days.

    Source: Azure Monitor limits, read 2026-11-22.
    """
    return min(max(days, 30), 730)


def cloudwatch_days(days: int) -> int:
    """The shortest retention in CloudWatch that is at least `days`.

    Its longest, if none is.
    """
    return next(
        (offered for offered in _CLOUDWATCH_DAYS if offered >= days),
        _CLOUDWATCH_DAYS[-1],
    )
