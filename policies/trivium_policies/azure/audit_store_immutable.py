"""azure-audit-store-immutable: the storage account of the audit log cannot forget before its time."""

from collections.abc import Iterator
from typing import Final

from trivium_policies.azure.arm import GENERIC, STORAGE_ACCOUNT, arm
from trivium_policies.resource import Resource, resource
from trivium_policies.retention import RETENTION_CONTROLS, RETENTION_PARAMETERS, long_enough, unlocked
from trivium_policies.role import is_audit_store
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


def _is_audit_storage(subject: Resource) -> bool:
    return arm(subject).type == STORAGE_ACCOUNT and is_audit_store(subject)


def _is_immutable(case: Case) -> Iterator[Verdict]:
    immutable = arm(case.resource).properties.bag("immutableStorageWithVersioning")
    if immutable.flag("enabled") is not True:
        yield Violation(
            immutable.path("enabled"),
            found=immutable.value("enabled"),
            expected="true",
            consequence="It can be set only when the account is made; until it is made anew, blobs can be deleted.",
        )
        return
    policy = immutable.bag("immutabilityPolicy")
    days_path = policy.path("immutabilityPeriodSinceCreationInDays")
    days = policy.number("immutabilityPeriodSinceCreationInDays")
    if days is None:
        yield Violation(
            days_path, found=None, expected="days", consequence="Blobs without a policy of their own can be deleted."
        )
        return
    yield from long_enough(case, days_path, days=days, found=days)


def _policy_is_locked(case: Case) -> Iterator[Verdict]:
    immutable = arm(case.resource).properties.bag("immutableStorageWithVersioning")
    if immutable.flag("enabled") is not True:
        return
    state = immutable.text("immutabilityPolicy.state")
    if state == "Unlocked":
        yield from unlocked(case, immutable.path("immutabilityPolicy.state"), found=state, expected="Locked")
    elif state != "Locked":
        yield Violation(
            immutable.path("immutabilityPolicy.state"),
            found=state,
            expected="Locked, or Unlocked while the store is being verified",
            consequence="A policy without a state holds nothing.",
        )


RULE: Final = Rule(
    id="azure-audit-store-immutable",
    title="A storage account for audit logs holds its records",
    promise="Every storage account for audit logs is immutable for at least the profile's days.",
    severity="critical",
    cloud="azure",
    scope="resource",
    types=(STORAGE_ACCOUNT, GENERIC),
    applies=_is_audit_storage,
    rationale="Version-level immutability is chosen when the account is made and never afterwards. Its policy starts unlocked, for "
    "verification; locked, it can only be extended, and only five times.",
    risk="Whoever takes over an administrator's role deletes the record of what was asked and answered.",
    remediation=Remediation(
        text="Make the account with immutableStorageWithVersioning, a policy of the required days, and lock it once verified.",
        pulumi="""\
azure_native.storage.StorageAccount(
    "audit",
    kind="StorageV2",
    sku={"name": "Standard_ZRS"},
    resource_group_name=group.name,
    tags={"trivium-role": "audit-store"},
    allow_blob_public_access=False,
    public_network_access="Disabled",
    immutable_storage_with_versioning=azure_native.storage.ImmutableStorageAccountArgs(
        enabled=True,
        immutability_policy=azure_native.storage.AccountImmutabilityPolicyPropertiesArgs(
            immutability_period_since_creation_in_days=2557, state="Locked",
        ),
    ),
)""",
    ),
    compliance=RETENTION_CONTROLS,
    parameters=RETENTION_PARAMETERS,
    checks=(_is_immutable, _policy_is_locked),
)


def _account(**inputs: object) -> Resource:
    return resource(
        STORAGE_ACCOUNT,
        "audit",
        {
            "kind": "StorageV2",
            "tags": {"trivium-role": "audit-store"},
            "allowBlobPublicAccess": False,
            "publicNetworkAccess": "Disabled",
            **inputs,
        },
    )


def _immutable(*, days: int | None, state: str | None) -> dict[str, object]:
    return {"enabled": True, "immutabilityPolicy": {"immutabilityPeriodSinceCreationInDays": days, "state": state}}


COMPLIANT: Final[Compliant] = {
    "2557 days, locked": Right((_account(immutableStorageWithVersioning=_immutable(days=2557, state="Locked")),)),
    "184 days, unlocked, is the unlocked stage": Right(
        (_account(immutableStorageWithVersioning=_immutable(days=184, state="Unlocked")),)
    ),
    "an account with another purpose": Right((resource(STORAGE_ACCOUNT, "scratch", {"kind": "StorageV2"}),)),
}

VIOLATING: Final[Violating] = {
    "not immutable": Wrong((_account(),), paths=("immutableStorageWithVersioning.enabled",)),
    "immutable for no days": Wrong(
        (_account(immutableStorageWithVersioning=_immutable(days=None, state="Locked")),),
        paths=("immutableStorageWithVersioning.immutabilityPolicy.immutabilityPeriodSinceCreationInDays",),
    ),
    "thirty days": Wrong(
        (_account(immutableStorageWithVersioning=_immutable(days=30, state="Locked")),),
        paths=("immutableStorageWithVersioning.immutabilityPolicy.immutabilityPeriodSinceCreationInDays",),
    ),
    "a disabled policy": Wrong(
        (_account(immutableStorageWithVersioning=_immutable(days=2557, state="Disabled")),),
        paths=("immutableStorageWithVersioning.immutabilityPolicy.state",),
    ),
    "the unlocked stage where the profile requires the lock": Wrong(
        (_account(immutableStorageWithVersioning=_immutable(days=2557, state="Unlocked")),),
        paths=("immutableStorageWithVersioning.immutabilityPolicy.state",),
        parameters={"lock_required": True},
    ),
    "thirty days, as a generic resource inside the component": Wrong(
        (
            resource(
                GENERIC,
                "audit",
                {
                    "resourceProviderNamespace": "Microsoft.Storage",
                    "parentResourcePath": "",
                    "resourceType": "storageAccounts",
                    "properties": {
                        "allowBlobPublicAccess": False,
                        "publicNetworkAccess": "Disabled",
                        "immutableStorageWithVersioning": _immutable(days=30, state="Locked"),
                    },
                },
                parent="trivium:index:AzureAuditStore",
            ),
        ),
        paths=("properties.immutableStorageWithVersioning.immutabilityPolicy.immutabilityPeriodSinceCreationInDays",),
    ),
}
