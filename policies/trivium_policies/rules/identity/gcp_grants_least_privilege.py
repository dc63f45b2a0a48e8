"""gcp-grants-least-privilege: nobody is given a whole project, and the public is given
nothing."""

import json
from collections.abc import Iterator
from typing import Final

from trivium_policies.google_grants import (
    GRANT,
    GRANTS,
    IMPERSONATIONS,
    POLICIES,
    POLICY,
    bindings,
)
from trivium_policies.resource import Resource, resource
from trivium_policies.rule import (
    Case,
    Compliant,
    Remediation,
    Right,
    Rule,
    Verdict,
    Violating,
    Violation,
    Wrong,
)

# Source: Google Cloud, IAM, "Basic and predefined roles", read 2026-11-27.
_BASIC: Final = ("roles/owner", "roles/editor")
# Source: Google Cloud, IAM, "Principal identifiers", read 2026-11-27.
_PUBLIC: Final = ("allusers", "allauthenticatedusers")
_MACHINE: Final = ("serviceaccount:", "principal:", "principalset:")
"""What programs run as. A person or a group may administer; a program may not."""
_ADMINISTRATIVE: Final = (
    "roles/aiplatform.admin",
    "roles/iam.securityAdmin",
    "roles/iam.serviceAccountAdmin",
    "roles/iam.serviceAccountKeyAdmin",
    "roles/iam.serviceAccountTokenCreator",
    "roles/logging.admin",
    "roles/resourcemanager.projectIamAdmin",
    "roles/storage.admin",
)
"""Each changes who may call models, what is logged or what is kept."""


def _no_basic_role(case: Case) -> Iterator[Verdict]:
    """Nobody is owner or editor."""
    for binding in bindings(case.resource):
        if binding.role in _BASIC:
            yield Violation(
                binding.properties.path("role"),
                found=binding.role,
                expected="a role of the one service that is needed",
                consequence=(
                    "Whoever has it may change every service of the project, its logs"
                    " included."
                ),
            )


def _nothing_to_the_public(case: Case) -> Iterator[Verdict]:
    """No role is given to everybody."""
    for binding in bindings(case.resource):
        for path, member in binding.members():
            if member.lower() in _PUBLIC:
                yield Violation(
                    path,
                    found=member,
                    expected="named members",
                    consequence=f"Anybody on the internet has {binding.role}.",
                )


def _no_program_administers(case: Case) -> Iterator[Verdict]:
    """No program may change the controls that bind it."""
    for binding in bindings(case.resource):
        if binding.role not in _ADMINISTRATIVE:
            continue
        if case.resource.type in IMPERSONATIONS:
            continue  # on one service account, not on a project
        for path, member in binding.members():
            if member.lower().startswith(_MACHINE):
                yield Violation(
                    path,
                    found=f"{member} with {binding.role}",
                    expected="a role that uses the service and does not administer it",
                    consequence=(
                        "A program that is taken over changes who may call models, or"
                        " what is logged of it."
                    ),
                )


RULE: Final = Rule(
    id="gcp-grants-least-privilege",
    title="Roles on Google Cloud name one service and named members",
    promise=(
        "No grant of the stack gives a basic role, gives the public anything, or lets"
        " a program administer models, identities, logs or stores."
    ),
    severity="critical",
    cloud="gcp",
    scope="resource",
    types=(*GRANTS, *POLICIES, *IMPERSONATIONS),
    rationale=(
        "`roles/editor` was made before Google Cloud had roles by service: it includes"
        " Vertex AI, every store and most of logging. Controls on the model do not bind"
        " whoever can change the controls."
    ),
    risk="One leaked token reads every prompt that is kept, or stops the keeping.",
    remediation=Remediation(
        text="Grant a custom role with aiplatform.endpoints.predict to named members.",
        pulumi="""\
gcp.projects.IAMMember(
    "caller",
    project=project_id,
    role=f"projects/{project_id}/roles/claudeCaller",
    member="serviceAccount:claims@acme.iam.gserviceaccount.com",
)""",
    ),
    controls=("nist-800-53/AC-6", "nist-800-53/AC-3"),
    peers=(
        "prowler: iam_sa_no_administrative_privileges",
        "checkov: CKV_GCP_117",
        "checkov: CKV_GCP_49",
    ),
    checks=(_no_basic_role, _nothing_to_the_public, _no_program_administers),
)

_APPLICATION: Final = "serviceAccount:claims@acme.iam.gserviceaccount.com"


def _member(role: str, member: str, spelled: str = GRANT) -> Resource:
    return resource(
        spelled, "grant", {"project": "claude", "role": role, "member": member}
    )


def _whole(*bindings: tuple[str, str]) -> Resource:
    """A whole policy of these roles and members. It keeps the logging on."""
    document = {
        "bindings": [{"role": role, "members": [member]} for role, member in bindings],
        "auditConfigs": [
            {
                "service": "allServices",
                "auditLogConfigs": [
                    {"logType": kind}
                    for kind in ("ADMIN_READ", "DATA_READ", "DATA_WRITE")
                ],
            }
        ],
    }
    return resource(
        POLICY, "whole", {"project": "claude", "policyData": json.dumps(document)}
    )


COMPLIANT: Final[Compliant] = {
    "a custom role for an application": Right(
        (_member("projects/claude/roles/caller", _APPLICATION),)
    ),
    "a reader": Right((_member("roles/storage.objectViewer", _APPLICATION),)),
    "a group that administers logging": Right(
        (_member("roles/logging.admin", "group:platform@example.com"),)
    ),
    "a program that may act as one service account": Right(
        (
            resource(
                "gcp:serviceaccount/iAMMember:IAMMember",
                "deployer",
                {
                    "serviceAccountId": "claims",
                    "role": "roles/iam.serviceAccountTokenCreator",
                    "member": _APPLICATION,
                },
            ),
        )
    ),
    "a whole policy of narrow roles": Right(
        (_whole(("roles/storage.objectViewer", "group:audit@example.com")),)
    ),
}

VIOLATING: Final[Violating] = {
    "the public may act as a service account": Wrong(
        (
            resource(
                "gcp:serviceaccount/iAMBinding:IAMBinding",
                "everybody",
                {
                    "serviceAccountId": "claims",
                    "role": "roles/iam.workloadIdentityUser",
                    "members": ["user:ann@example.com", "allAuthenticatedUsers"],
                },
            ),
        ),
        paths=("members[1]",),
    ),
    "the public reads a project": Wrong(
        (_member("roles/logging.viewer", "allUsers"),), paths=("member",)
    ),
    "an owner, in a whole policy": Wrong(
        (_whole(("roles/owner", "group:platform@example.com")),),
        paths=("policyData.bindings[0].role",),
    ),
    "an editor, in a whole policy": Wrong(
        (
            _whole(
                ("roles/storage.objectViewer", "group:audit@example.com"),
                ("roles/editor", _APPLICATION),
            ),
        ),
        paths=("policyData.bindings[1].role",),
    ),
    "the public administers Vertex AI": Wrong(
        (_whole(("roles/aiplatform.admin", "allUsers")),),
        paths=("policyData.bindings[0].members[0]",),
    ),
    "an application that administers Vertex AI": Wrong(
        (_whole(("roles/aiplatform.admin", _APPLICATION)),),
        paths=("policyData.bindings[0].members[0]",),
    ),
    "an application that administers stores": Wrong(
        (_member("roles/storage.admin", _APPLICATION),), paths=("member",)
    ),
    "a federated workload that administers logging": Wrong(
        (
            _member(
                "roles/logging.admin",
                "principalSet://iam.googleapis.com/projects/1/locations/global/"
                "workloadIdentityPools/p/*",
            ),
        ),
        paths=("member",),
    ),
}
