"""azure-grants-least-privilege: nobody is given a whole subscription, and no role of
one's own has a wildcard."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from trivium_policies.arm import GENERIC, ROLE_DEFINITION, arm
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

_ASSIGNMENT: Final = "azure-native:authorization:RoleAssignment"
_ELIGIBILITY: Final = "azure-native:authorization:PimRoleEligibilitySchedule"
# Source: Microsoft Learn, "Azure built-in roles", read 2026-11-27. The ids are the same
# in every tenant.
_WIDE: Final[Mapping[str, str]] = {
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": "Owner",
    "b24988ac-6180-42a0-ab88-20f7382dd24c": "Contributor",
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": "User Access Administrator",
    "f58310d9-a9f6-439a-9e8d-f62e7b41a168": ("Role Based Access Control Administrator"),
}
_WHOLE: Final = re.compile(
    r"/?|/subscriptions/[^/]+|/providers/microsoft\.management/managementgroups/[^/]+",
    re.IGNORECASE,
)
"""The scopes of everything: the tenant's root, a subscription, a management group."""
_WILD: Final = re.compile(r"\*|\*/.*|[^/]+/\*")
"""`*`, `*/read` and `Microsoft.CognitiveServices/*`: every action of Azure, or of one
service."""


def _gives_no_subscription(case: Case) -> Iterator[Verdict]:
    """No administrator's role on everything."""
    if case.resource.type != _ASSIGNMENT:
        return
    properties = case.resource.properties
    role = (properties.text("roleDefinitionId") or "").rstrip("/").rpartition("/")[2]
    name = _WIDE.get(role.lower())
    if name is None:
        return
    scope = (properties.text("scope") or "").rstrip("/")
    if _WHOLE.fullmatch(scope):
        yield Violation(
            properties.path("scope"),
            found=f"{name} of {scope or 'the tenant'}",
            expected="a resource group, or a role of the one service that is needed",
            consequence=(
                "Whoever has it may switch off the log, unlock the store and open the"
                " account."
            ),
        )


def _has_no_wildcard(case: Case) -> Iterator[Verdict]:
    """No role of one's own allows what nobody named."""
    azure = arm(case.resource)
    if azure.type != ROLE_DEFINITION:
        return
    for permission in azure.properties.bags("permissions"):
        for kind in ("actions", "dataActions"):
            for index, action in enumerate(permission.texts(kind)):
                if _WILD.fullmatch(action):
                    yield Violation(
                        permission.path(f"{kind}[{index}]"),
                        found=action,
                        expected="actions by name",
                        consequence=(
                            "Actions that Azure adds later are allowed as well, without"
                            " anybody's decision."
                        ),
                    )


RULE: Final = Rule(
    id="azure-grants-least-privilege",
    title="Roles on Azure name their scope and their actions",
    promise=(
        "No assignment gives a whole subscription to an administrator's role, and no"
        " custom role has a wildcard."
    ),
    severity="critical",
    cloud="azure",
    scope="resource",
    types=(_ASSIGNMENT, ROLE_DEFINITION, GENERIC),
    rationale=(
        "Owner and Contributor of a subscription include the model account, its"
        " diagnostic settings and the storage account that keeps the log, whatever"
        " their own roles say. What is needed for a time is made eligible in Privileged"
        " Identity Management instead."
    ),
    risk="One taken-over pipeline deletes the diagnostic setting before it calls.",
    remediation=Remediation(
        text=(
            "Assign the role on the resource group, or a custom role with the data"
            " actions that are needed."
        ),
        pulumi="""\
azure_native.authorization.RoleDefinition(
    "claude-caller",
    scope=group.id,
    role_name="Claude caller",
    assignable_scopes=[group.id],
    permissions=[azure_native.authorization.PermissionArgs(
        data_actions=[
            "Microsoft.CognitiveServices/accounts/AIServices/deployments/invoke/action",
        ],
    )],
)""",
    ),
    controls=("nist-800-53/AC-6", "nist-800-53/AC-3"),
    peers=(
        "prowler: iam_subscription_roles_owner_custom_not_created",
        "checkov: CKV_AZURE_39",
    ),
    checks=(_gives_no_subscription, _has_no_wildcard),
)

_SUBSCRIPTION: Final = "/subscriptions/00000000-0000-0000-0000-000000000001"
_ROLES: Final = "/providers/Microsoft.Authorization/roleDefinitions/"
_OWNER, _CONTRIBUTOR, _ACCESS, _CONTROL = _WIDE
_READER: Final = "acdd72a7-3385-48ef-bd42-f606fba81ae7"


def _assigned(role: str, scope: str, *, prefix: str = _SUBSCRIPTION) -> Resource:
    inputs = {
        "principalId": "00000000-0000-0000-0000-000000000002",
        "roleDefinitionId": f"{prefix}{_ROLES}{role}",
        "scope": scope,
    }
    return resource(_ASSIGNMENT, "assignment", inputs)


def _role(**permissions: object) -> Resource:
    inputs = {
        "roleName": "Claude caller",
        "scope": f"{_SUBSCRIPTION}/resourceGroups/claude",
        "permissions": [permissions],
    }
    return resource(ROLE_DEFINITION, "caller", inputs)


COMPLIANT: Final[Compliant] = {
    "a reader of the subscription": Right((_assigned(_READER, _SUBSCRIPTION),)),
    "a contributor of a resource group": Right(
        (_assigned(_CONTRIBUTOR, f"{_SUBSCRIPTION}/resourceGroups/claude"),)
    ),
    "a custom role with actions by name": Right(
        (
            _role(
                actions=["Microsoft.CognitiveServices/accounts/read"],
                dataActions=[
                    "Microsoft.CognitiveServices/accounts/AIServices/"
                    "deployments/invoke/action"
                ],
            ),
        )
    ),
    "an owner who is eligible for it, for a time": Right(
        (
            resource(
                _ELIGIBILITY,
                "owner",
                {
                    "principalId": "00000000-0000-0000-0000-000000000002",
                    "roleDefinitionId": f"{_SUBSCRIPTION}{_ROLES}{_OWNER}",
                    "scope": _SUBSCRIPTION,
                },
            ),
        )
    ),
}

VIOLATING: Final[Violating] = {
    "an owner of the subscription": Wrong(
        (_assigned(_OWNER, _SUBSCRIPTION),), paths=("scope",)
    ),
    "a contributor of the subscription, in other capitals and with a slash": Wrong(
        (_assigned(_CONTRIBUTOR.upper(), f"{_SUBSCRIPTION.upper()}/", prefix=""),),
        paths=("scope",),
    ),
    "an access administrator of a management group": Wrong(
        (_assigned(_ACCESS, "/providers/Microsoft.Management/managementGroups/root"),),
        paths=("scope",),
    ),
    "an access control administrator of the tenant": Wrong(
        (_assigned(_CONTROL, "/"),), paths=("scope",)
    ),
    "a custom role with every action": Wrong(
        (_role(actions=["*"]),), paths=("permissions[0].actions[0]",)
    ),
    "a custom role with every data action of the service": Wrong(
        (
            _role(
                actions=["Microsoft.CognitiveServices/accounts/read"],
                dataActions=["Microsoft.CognitiveServices/*"],
            ),
        ),
        paths=("permissions[0].dataActions[0]",),
    ),
    "a custom role with a wildcard, as a generic resource": Wrong(
        (
            resource(
                GENERIC,
                "caller",
                {
                    "resourceProviderNamespace": "Microsoft.Authorization",
                    "parentResourcePath": "",
                    "resourceType": "roleDefinitions",
                    "apiVersion": "2022-04-01",
                    "properties": {"permissions": [{"actions": ["*/write"]}]},
                },
            ),
        ),
        paths=("properties.permissions[0].actions[0]",),
    ),
}
