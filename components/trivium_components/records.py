"""Records that components of every cloud hand over, in the shapes of the deployment
descriptor."""

from typing import Any, TypedDict

import pulumi


class Target(TypedDict):
    """What a tier means on one cloud."""

    id: str
    """The id that goes over the wire: inference profile, publisher model or deployment
    name."""
    model: str
    """Name in the model catalogue."""
    scope: str
    """How far inference may travel: `regional`, `geo` or `global`."""
    destinations: list[str]
    """Every region in which inference may run."""
    proof: str
    """Where the destinations were read."""


class Guardrail(TypedDict):
    """The cloud's own guardrail; both fields are empty where the cloud has none for
    Claude."""

    identifier: str
    """Its id, as calls name it."""
    version: str
    """Its numbered version."""


NO_GUARDRAIL: Guardrail = {"identifier": "", "version": ""}


class Deployed(TypedDict):
    """What one cloud contributes to the deployment descriptor; values are outputs,
    known once it is deployed."""

    route: pulumi.Output[dict[str, Any]]
    """A `Route` of the descriptor, as plain data."""
    audit_store: pulumi.Output[dict[str, Any]]
    """An `AuditStore` of the descriptor, as plain data."""
    signing_key: pulumi.Output[str]
    """The signing key; empty where another cloud keeps it."""
