"""Build the draft of the deployment descriptor from what the components hand over.

Pure, apart from `pulumi.Output`. The draft is checked against the vocabulary before it
is exported, so an impossible deployment fails for the platform team, not later in an
application. Signing completes the draft.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import pulumi

from trivium.vocabulary import deployment as vocabulary
from trivium.vocabulary.residency import Cloud
from trivium_components.records import Deployed, Guardrail, Target
from trivium_components.settings import Settings

Plain = dict[str, Any]
"""A JSON object. Any: the vocabulary checks its shape."""


def draft(settings: Settings, deployed: Sequence[Deployed]) -> pulumi.Output[Plain]:
    """The draft as plain JSON, once all its parts are known.

    Raises `DeploymentError` if it contradicts itself.
    """
    routes = pulumi.Output.all(*[part["route"] for part in deployed])
    stores = pulumi.Output.all(*[part["audit_store"] for part in deployed])
    return pulumi.Output.all(routes, stores).apply(
        lambda parts: document(settings, parts[0], parts[1])
    )


def document(
    settings: Settings, routes: Sequence[Plain], stores: Sequence[Plain]
) -> Plain:
    """The draft from plain routes and stores.

    Raises `DeploymentError` if it contradicts itself.
    """
    plain: Plain = {
        "version": vocabulary.VERSION,
        "name": settings.deployment,
        "environment": settings.environment,
        "zone": settings.zone,
        "routes": list(routes),
        "constitution": {
            "layers": [{"source": source} for source in settings.constitution.layers],
            "digest": settings.constitution.digest,
        },
        "audit": {"stores": list(stores), "durability": settings.audit.durability},
        "roles": dict(settings.roles),
        "sinks": [
            {"kind": sink.kind, "endpoint": sink.endpoint} for sink in settings.sinks
        ],
    }
    checked: Plain = msgspec.to_builtins(vocabulary.from_plain(plain))
    return {"version": vocabulary.VERSION, **checked}


def route(
    cloud: Cloud,
    *,
    region: str,
    endpoint: pulumi.Input[str],
    targets: pulumi.Input[Mapping[str, Target]],
    guardrail: pulumi.Input[Guardrail],
    auth: Plain,
) -> pulumi.Output[Plain]:
    """A `Route` as plain data.

    Its id, by which applications select it, is the cloud's name.
    """

    # Any: three kinds of value, resolved together.
    def assemble(parts: Sequence[Any]) -> Plain:
        found: Plain = {
            "id": cloud,
            "cloud": cloud,
            "protocol": vocabulary.PROTOCOL_OF[cloud],
            "endpoint": parts[0],
            "region": region,
            "auth": auth,
            "models": parts[1],
        }
        return {**found, "guardrail": parts[2]} if parts[2]["identifier"] else found

    return pulumi.Output.all(endpoint, targets, guardrail).apply(assemble)


def audit_store(
    cloud: Cloud,
    *,
    region: str,
    regime: str,
    uri: pulumi.Input[str],
    retention_days: pulumi.Input[int],
    lock: pulumi.Input[str],
) -> pulumi.Output[Plain]:
    """An `AuditStore` as plain data.

    Days and lock are those of the deployed store, not those of the settings.
    """
    return pulumi.Output.all(uri, retention_days, lock).apply(
        lambda parts: {
            "uri": parts[0],
            "cloud": cloud,
            "region": region,
            "regime": regime,
            "retention_days": int(parts[1]),
            "lock": parts[2],
        }
    )


def summary(draft: Plain) -> str:
    """The draft in a few lines of text."""
    lines = [
        f"Deployment {draft['name']} ({draft['environment']}), zone {draft['zone']},"
        " not yet signed"
    ]
    for found in draft["routes"]:
        lines.append(f"  route {found['id']}: {found['endpoint']}")
        for tier, target in found["models"].items():
            lines.append(
                f"    {tier}: {target['id']}, runs in"
                f" {', '.join(target['destinations'])}"
            )
    for store in draft["audit"]["stores"]:
        lines.append(
            f"  audit {store['uri']}: {store['regime']}, {store['retention_days']}"
            f" days, {store['lock']}"
        )
    return "\n".join(lines)
