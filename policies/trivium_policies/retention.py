"""How long an audit store must hold, and what an unlocked one means: the same on three
clouds."""

from collections.abc import Iterator
from typing import Final

from trivium_policies.rule import Case, Parameter, Pass, Verdict, Violation

MINIMUM_RETENTION_DAYS: Final = Parameter(
    "minimum_retention_days",
    default=184,
    minimum=1,
    meaning="Days for which a record must be held, at least.",
    source=(
        "EU AI Act Art. 19(1) and 26(6): at least six months; no six consecutive months"
        " have more than 184 days."
    ),
)

LOCK_REQUIRED: Final = Parameter(
    "lock_required",
    default=False,
    meaning=(
        "Whether the unlocked stage, whose retention can still be shortened, is a"
        " violation instead of a note."
    ),
    source=(
        "Locks are staged (unlocked, verified, locked) because none of the three clouds"
        " can take one back."
    ),
)

RETENTION_PARAMETERS: Final = (MINIMUM_RETENTION_DAYS, LOCK_REQUIRED)

RETENTION_CONTROLS: Final = (
    "nist-800-53/AU-9",
    "nist-800-53/AU-11",
    "sec-17a-4/f-2-i-B",
    "hipaa/164.316-b-2-i",
    "eu-ai-act/19-26",
)


def long_enough(
    case: Case, path: str, *, days: float, found: object, in_seconds: bool = False
) -> Iterator[Violation]:
    """A violation when `days` is below the profile's minimum; `found` is the property
    as written, None for no days."""
    minimum = case.days(MINIMUM_RETENTION_DAYS.name)
    if days < minimum:
        yield Violation(
            path,
            found=found,
            expected=f"at least {minimum} days"
            + (f" ({minimum * 86_400} seconds)" if in_seconds else ""),
            consequence=(
                "Records could be deleted before the law lets anybody forget them."
            ),
        )


def unlocked(
    case: Case, path: str, *, found: object, expected: str
) -> Iterator[Verdict]:
    """The verdict on a store in its unlocked stage: a labelled pass, or a violation
    where the lock is required."""
    if case.enabled(LOCK_REQUIRED.name):
        yield Violation(
            path,
            found=found,
            expected=f"{expected} (this profile requires the locked stage)",
            consequence=(
                "Anyone who administers the store can still shorten the retention and"
                " delete records."
            ),
        )
    else:
        yield Pass(
            note=(
                f"unlocked stage: `{path}` is not yet {expected}, so an administrator"
                " can still shorten the retention. Lock it once the store is verified;"
                " the lock cannot be taken back."
            )
        )
