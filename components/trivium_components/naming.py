"""Names and tags of resources. Pure: the same settings always give the same names.

A name that fits the rules of its cloud stays readable. A longer one is cut and ends in
a digest of the whole name, so two environments never share a name. Limits are from the
clouds' naming rules: S3 "Bucket naming rules", Cloud Storage "Bucket names", IAM
"Create service accounts" and "Custom roles", Azure "Naming rules and restrictions",
read 2026-11-22.
"""

import hashlib
import re
from collections.abc import Mapping

_DIGEST_CHARACTERS = 8

AUDIT_STORE = {"trivium-role": "audit-store"}
"""The tag that marks an audit store for policies and inventories."""


def tags(
    *, deployment: str, environment: str, zone: str, regime: str, budget_usd: float
) -> dict[str, str]:
    """The tags of every resource that takes tags or labels.

    Keys and values are valid on all three clouds.
    """
    return {
        "trivium-deployment": deployment,
        "trivium-environment": environment,
        "trivium-zone": zone,
        "trivium-regime": regime,
        "trivium-budget-usd": str(round(budget_usd)),
        "managed-by": "trivium",
    }


def labels(tags: Mapping[str, str]) -> dict[str, str]:
    """Tags as Google Cloud labels: at most 63 of `a-z`, digits, `_` and `-`."""
    return {_label(key): _label(value) for key, value in tags.items()}


def aws_partition(region: str) -> str:
    """The partition in ARNs: `aws-us-gov` for GovCloud, else `aws`.

    No residency zone contains the partition of China.
    """
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


def dashed(environment: str, what: str, *, limit: int) -> str:
    """`trivium-ENVIRONMENT-WHAT`, unique within an account."""
    return _fit(f"trivium-{environment}-{what}", limit)


def trail(environment: str) -> str:
    """A CloudTrail trail.

    The name is known before the trail exists, so that bucket and key can admit it
    alone.
    """
    return dashed(environment, "trail", limit=128)


def trail_arn(environment: str, account: str, region: str) -> str:
    """The ARN of that trail."""
    home = f"arn:{aws_partition(region)}:cloudtrail:{region}:{account}"
    return f"{home}:trail/{trail(environment)}"


def bucket(environment: str, account: str, region: str, *, what: str = "audit") -> str:
    """A bucket on S3 and Cloud Storage, by default that of the audit store.

    Unique worldwide, 3 to 63 characters, no dots.
    """
    return _fit(f"trivium-{environment}-{what}-{account}-{region}".lower(), 63)


def storage_account(environment: str, subscription: str) -> str:
    """An Azure storage account: unique worldwide, 3 to 24 letters and digits."""
    plain = re.sub("[^a-z0-9]", "", environment.lower())
    return f"trv{plain}"[: 24 - _DIGEST_CHARACTERS] + _digest(
        f"{environment}/{subscription}"
    )


def worldwide(environment: str, subscription: str, *, limit: int) -> str:
    """`trv-ENVIRONMENT-DIGEST`, unique worldwide.

    For Foundry subdomains (64 characters) and key vaults (24).
    """
    digest = _digest(f"{environment}/{subscription}")
    head = f"trv-{environment.lower()}"[: limit - 1 - len(digest)].rstrip("-")
    return f"{head}-{digest}"


def google_role(environment: str, what: str) -> str:
    """A custom role's id: letters, digits, `_` and `.`, at most 64 characters."""
    return _fit(f"trivium_{environment}_{what}".replace("-", "_"), 64, join="_")


def private_service_connect(environment: str) -> str:
    """A forwarding rule to Google APIs.

    1 to 20 lower-case letters and digits, because it becomes a host name.
    """
    return f"trv{_digest(environment)}"


def _fit(name: str, limit: int, join: str = "-") -> str:
    """The name itself, or its beginning and a digest of the whole."""
    if len(name) <= limit:
        return name
    return name[: limit - _DIGEST_CHARACTERS - 1].rstrip("-_") + join + _digest(name)


def _label(text: str) -> str:
    """Text as the key or the value of a Google Cloud label."""
    return re.sub("[^a-z0-9_-]", "-", text.lower())[:63]


def _digest(text: str) -> str:
    """A few characters that differ for different texts."""
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGEST_CHARACTERS]
