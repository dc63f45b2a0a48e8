"""Names and tags of resources. Pure: the same settings always give the same names.

A name that fits its cloud's rules is left readable; one that does not is cut and ends
in a digest of the whole, so two environments never meet in one name. Limits are from
the clouds' naming rules: S3 "Bucket naming rules", Cloud Storage "Bucket names", IAM
"Create service accounts" and "Custom roles", Azure "Naming rules and restrictions",
read 2026-11-22.
"""

import hashlib
import re
from collections.abc import Mapping

from trivium_components.settings import Settings

_DIGEST_CHARACTERS = 8

AUDIT_STORE = {"trivium-role": "audit-store"}
"""The tag by which policies and inventories know an audit store."""


def tags(
    *, deployment: str, environment: str, zone: str, regime: str, budget_usd: float
) -> dict[str, str]:
    """What every resource that takes tags or labels carries; keys and values are valid
    on all three clouds."""
    return {
        "trivium-deployment": deployment,
        "trivium-environment": environment,
        "trivium-zone": zone,
        "trivium-regime": regime,
        "trivium-budget-usd": str(round(budget_usd)),
        "managed-by": "trivium",
    }


def tags_of(settings: Settings) -> dict[str, str]:
    """The tags of a stack."""
    return tags(
        deployment=settings.deployment,
        environment=settings.environment,
        zone=settings.zone,
        regime=settings.retention.preset,
        budget_usd=settings.budget_usd,
    )


def labels(tags: Mapping[str, str]) -> dict[str, str]:
    """Tags as Google Cloud labels: lower case, digits, `_` and `-`, at most 63
    characters."""
    return {_label(key): _label(value) for key, value in tags.items()}


def aws_partition(region: str) -> str:
    """The partition in ARNs: `aws-us-gov` for GovCloud, else `aws`. China is no zone of
    ours."""
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


def dashed(environment: str, what: str, *, limit: int) -> str:
    """`trivium-ENVIRONMENT-WHAT`, at most `limit` characters. Unique within an
    account."""
    return _fit(f"trivium-{environment}-{what}", limit)


def bucket(environment: str, account: str, region: str) -> str:
    """The audit bucket on S3 and Cloud Storage: unique worldwide, 3 to 63 characters,
    no dots."""
    return _fit(f"trivium-{environment}-audit-{account}-{region}".lower(), 63)


def storage_account(environment: str, subscription: str) -> str:
    """An Azure storage account: unique worldwide, 3 to 24 lower-case letters and
    digits."""
    plain = re.sub("[^a-z0-9]", "", environment.lower())
    return f"trv{plain}"[: 24 - _DIGEST_CHARACTERS] + _digest(
        f"{environment}/{subscription}"
    )


def worldwide(environment: str, subscription: str, *, limit: int) -> str:
    """`trv-ENVIRONMENT-DIGEST`: unique worldwide, for Foundry subdomains (64) and key
    vaults (24)."""
    digest = _digest(f"{environment}/{subscription}")
    head = f"trv-{environment.lower()}"[: limit - 1 - len(digest)].rstrip("-")
    return f"{head}-{digest}"


def google_role(environment: str, what: str) -> str:
    """A custom role's id: letters, digits, `_` and `.`, at most 64 characters."""
    return _fit(f"trivium_{environment}_{what}".replace("-", "_"), 64, join="_")


def private_service_connect(environment: str) -> str:
    """A forwarding rule to Google APIs: 1 to 20 lower-case letters and digits, because
    it becomes a host name."""
    return f"trv{_digest(environment)}"


def _fit(name: str, limit: int, join: str = "-") -> str:
    if len(name) <= limit:
        return name
    return name[: limit - _DIGEST_CHARACTERS - 1].rstrip("-_") + join + _digest(name)


def _label(text: str) -> str:
    return re.sub("[^a-z0-9_-]", "-", text.lower())[:63]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGEST_CHARACTERS]
