"""AWS resource types that a rehearsal really executes, in a local emulator.

One file is one service family and holds a tuple `KINDS`; adding a type means adding it
there. Everything else about AWS (that inputs are well formed, that a change means a
replacement) is the stand-in provider's business.
"""

from types import MappingProxyType

from trivium_rehearsal.aws import (
    bedrock,
    budgets,
    cloudtrail,
    ec2,
    iam,
    kms,
    logs,
    s3,
    sns,
)
from trivium_rehearsal.aws.calls import Cloud
from trivium_rehearsal.aws.executed import Executed, Kind
from trivium_rehearsal.aws.kept import NOT_KEPT
from trivium_rehearsal.execution import Executors

__all__ = ["EXECUTED", "NOT_KEPT", "executors"]

_FAMILIES = (s3, kms, iam, ec2, cloudtrail, logs, bedrock, sns, budgets)

_KINDS: dict[str, type[Kind]] = {
    kind.token: kind for family in _FAMILIES for kind in family.KINDS
}

EXECUTED: frozenset[str] = frozenset(_KINDS)
"""The type tokens that `executors` serves."""


def executors(url: str) -> Executors:
    """An executor for each type, all speaking to the emulator at `url` and to nothing
    else.

    Cheap: nothing is imported or connected before the first call.
    """
    cloud = Cloud(url)
    return MappingProxyType(
        {token: Executed(kind(), cloud) for token, kind in _KINDS.items()}
    )
