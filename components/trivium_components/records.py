"""What components hand over, in the shapes of the deployment descriptor."""

from typing import Any, TypedDict

import pulumi


class Target(TypedDict):
    """What a tier means on one cloud."""

    id: str
    """The id in API calls: inference profile, publisher model or deployment name."""
    model: str
    """Name in the model catalogue."""
    scope: str
    """How far inference may travel: `regional`, `geo` or `global`."""
    destinations: list[str]
    """Every region in which inference may run."""
    proof: str
    """The resource or endpoint from which the destinations were read."""


class Guardrail(TypedDict):
    """The cloud's own guardrail.

    Both fields are empty if the cloud has none for Claude.
    """

    identifier: str
    """Its id in API calls."""
    version: str
    """Its numbered version."""


NO_GUARDRAIL: Guardrail = {"identifier": "", "version": ""}


class Deployed(TypedDict):
    """What one cloud contributes to the deployment descriptor.

    Any: JSON objects, which the vocabulary checks.
    """

    route: pulumi.Output[dict[str, Any]]
    """A `Route` of the descriptor, as plain data."""
    audit_store: pulumi.Output[dict[str, Any]]
    """An `AuditStore` of the descriptor, as plain data."""
    signing_key: pulumi.Output[str]
    """Reference of the signing key; empty if another cloud keeps it."""
