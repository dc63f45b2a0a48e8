"""The stack itself: its names, its purpose and its budget."""

from typing import Annotated, Literal

from pydantic import Field

from trivium_components.settings.key import Key, Section

NAME = r"^[a-z0-9][a-z0-9-]{0,62}$"
"""Names that applications use: of a deployment, of a role."""

# At most 24 characters: `trivium-`, the environment and a role's word then fit into the
# 64 characters that IAM allows.
_ENVIRONMENT = r"^[a-z][a-z0-9-]{0,22}[a-z0-9]$"

Purpose = Literal["rehearsal", "development", "production"]


class EnvironmentKeys(Section):
    """Keys that identify a stack."""

    deployment: Annotated[
        str,
        Field(pattern=NAME),
        Key(
            expected="1 to 63 lower-case letters, digits and `-`",
            consequence="The deployment descriptor would be rejected.",
            example="claims-prod-us",
        ),
    ]
    """Name of the deployment in applications and in audit records."""
    environment: Annotated[
        str,
        Field(pattern=_ENVIRONMENT),
        Key(
            expected=(
                "2 to 24 lower-case letters, digits and `-`, starting with a letter"
            ),
            consequence="It would not fit into the names of cloud resources.",
            example="prod-us-finance",
        ),
    ]
    """Name of the environment; part of every resource's name."""
    purpose: Annotated[
        Purpose,
        Key(
            consequence=(
                "Trivium could not tell whether irreversible steps are allowed."
            ),
            example="production",
        ),
    ]
    """What the stack is for. Only `production` may lock its audit store, and it must
    keep an archive."""
    budget_usd: Annotated[
        float,
        Field(gt=0, le=10_000_000),
        Key(
            expected="a number above 0, at most 10000000",
            consequence="The resources could not be tagged with a budget.",
            example="500",
            unit="USD per month",
        ),
    ]
    """Budget of the deployment. Resources carry it as a tag; this version does not
    create an alarm from it."""
