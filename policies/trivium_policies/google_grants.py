"""Who is given which role on Google Cloud, however the program spells it. Pure.

A role is granted to one member (`IAMMember`), to several (`IAMBinding`), or by a whole
policy (`IAMPolicy`) that replaces everything granted before.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from trivium_policies.resource import MalformedPropertyError, Properties, Resource

GRANT: Final = "gcp:projects/iAMMember:IAMMember"
GRANTS: Final = (
    GRANT,
    "gcp:projects/iAMBinding:IAMBinding",
    "gcp:folder/iAMMember:IAMMember",
    "gcp:folder/iAMBinding:IAMBinding",
    "gcp:organizations/iAMMember:IAMMember",
    "gcp:organizations/iAMBinding:IAMBinding",
)
POLICY: Final = "gcp:projects/iAMPolicy:IAMPolicy"
POLICIES: Final = (
    POLICY,
    "gcp:folder/iAMPolicy:IAMPolicy",
    "gcp:organizations/iAMPolicy:IAMPolicy",
)
"""Each replaces everything that was granted and everything that was logged: what it
leaves out is gone."""
IMPERSONATIONS: Final = (
    "gcp:serviceaccount/iAMMember:IAMMember",
    "gcp:serviceaccount/iAMBinding:IAMBinding",
    "gcp:serviceaccount/iAMPolicy:IAMPolicy",
)
"""Who may act as a service account."""


@dataclass(frozen=True)
class Binding:
    """A role and where its members stand."""

    properties: Properties
    """Holds `role`, and `member` or `members`."""

    @property
    def role(self) -> str:
        """The role; "" when it is not given."""
        return self.properties.text("role") or ""

    def members(self) -> Iterator[tuple[str, str]]:
        """Path and name of each member, for instance `user:ann@example.com`."""
        one = self.properties.text("member")
        if one is not None:
            yield self.properties.path("member"), one
        for index, member in enumerate(self.properties.texts("members")):
            yield self.properties.path(f"members[{index}]"), member


def bindings(subject: Resource) -> tuple[Binding, ...]:
    """What the resource grants.

    Raises `MalformedPropertyError` for a policy that is no JSON, and
    `NotYetKnownError`.
    """
    if subject.type.endswith(":IAMPolicy"):
        return tuple(map(Binding, policy_of(subject).bags("bindings")))
    return (Binding(subject.properties),)


def policy_of(subject: Resource) -> Properties:
    """The document of an `IAMPolicy`; its paths begin at `policyData`."""
    written = subject.properties.text("policyData") or "{}"
    try:
        document: object = json.loads(written)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, Mapping):
        raise MalformedPropertyError(
            "policyData", found=written, expected="a JSON policy document"
        )
    return Properties(document, "policyData")
