"""What components of every cloud do in the same way.

They state where they deploy, protect what is locked, and register what they hand over.

The arguments of a component are a `TypedDict`, not a dataclass. Pulumi infers the
package's schema from the annotations of `args` and would take either, but its component
host (`pulumi.provider.experimental`) passes a plain dict to the constructor. The
arguments do not inherit from `Place`: the schema takes a field's description from the
class itself and would lose those of inherited fields.
"""

from inspect import get_annotations
from typing import TypedDict

import pulumi

from trivium.errors import ConfigurationError
from trivium_components import naming
from trivium_components.retention import Lock
from trivium_components.settings import Settings


class Place(TypedDict):
    """The arguments that every component takes."""

    environment: str
    """Name of the environment; part of every resource's name."""
    account: str
    """The account, project or subscription."""
    region: str
    """The region."""
    tags: dict[str, str]
    """Tags of every resource."""


def place_of(settings: Settings, *, account: str, region: str) -> Place:
    """Where the components of one cloud deploy."""
    tags = naming.tags(
        deployment=settings.deployment,
        environment=settings.environment,
        zone=settings.zone,
        regime=settings.retention.preset,
        budget_usd=settings.budget_usd,
    )
    return Place(
        environment=settings.environment, account=account, region=region, tags=tags
    )


def require_one_network(name: str, cidr: str | None, network: str | None) -> None:
    """Raise `ConfigurationError` unless a network is either created or adopted."""
    if bool(cidr) == bool(network):
        found = "both are given" if cidr else "neither is given"
        raise ConfigurationError(
            f"`{name}`: `cidr` creates a network and `network` adopts one; {found},"
            " expected one of the two. Nothing was created.",
            next_step="Give an address range, or the id of an existing network.",
        )


def kept(parent: pulumi.Resource, lock: Lock) -> pulumi.ResourceOptions:
    """Options of a resource that holds records.

    Once locked, Pulumi refuses to delete it, and keeps it if it leaves the program.
    """
    locked = lock == "locked"
    return pulumi.ResourceOptions(
        parent=parent, protect=locked, retain_on_delete=locked
    )


def register(component: pulumi.ComponentResource) -> None:
    """Register the outputs that a component's class declares, all of them."""
    declared = get_annotations(type(component))
    component.register_outputs({name: getattr(component, name) for name in declared})
