"""azure-audit-store-immutable: the storage account of the audit log cannot forget
before its time."""

from collections.abc import Iterator
from typing import Final

from trivium_policies.arm import GENERIC, STORAGE_ACCOUNT, arm
from trivium_policies.resource import Properties, Resource, resource
from trivium_policies.retention import (
    RETENTION_CONTROLS,
    RETENTION_PARAMETERS,
    long_enough,
    unlocked,
)
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
    held_by,
)

_CONTAINER: Final = "azure-native:storage:BlobContainer"
_CONTAINER_POLICY: Final = "azure-native:storage:BlobContainerImmutabilityPolicy"
_DAYS: Final = "immutabilityPeriodSinceCreationInDays"


def _is_audit_storage(subject: Resource) -> bool:
    return arm(subject).type == STORAGE_ACCOUNT and is_audit_store(subject)


def _is_immutable(case: Case) -> Iterator[Verdict]:
    """The account's own policy covers every container without one; if the account has
    none, each needs its own."""
    immutable = arm(case.resource).properties.bag("immutableStorageWithVersioning")
    containers = case.stack.attached(case.resource, "accountName", _CONTAINER)
    if immutable.flag("enabled") is True:
        yield from _judge_account_policy(case, immutable)
        for container in containers:
            for policy in _policies_of(case, container):
                yield from held_by(policy, _judge_days(case, policy.properties))
        return
    if not containers:
        yield Violation(
            immutable.path("enabled"),
            found=immutable.value("enabled"),
            expected=(
                "true, or a BlobContainerImmutabilityPolicy for each of the account's"
                " containers"
            ),
            consequence="Anybody who may delete blobs can delete the audit log.",
        )
    for container in containers:
        yield from _judge_container(case, container)


def _policies_of(case: Case, container: Resource) -> tuple[Resource, ...]:
    """The policies of this container and of none with its name in another account."""
    of_the_account = case.stack.attached(
        case.resource, "accountName", _CONTAINER_POLICY
    )
    named_alike = case.stack.attached(container, "containerName", _CONTAINER_POLICY)
    return tuple(policy for policy in named_alike if policy in of_the_account)


def _judge_account_policy(case: Case, immutable: Properties) -> Iterator[Verdict]:
    """The account's own policy, which holds for all its containers."""
    policy = immutable.bag("immutabilityPolicy")
    yield from _judge_days(case, policy)
    state = policy.text("state")
    if state == "Unlocked":
        yield from unlocked(case, policy.path("state"), found=state, expected="Locked")
    elif state != "Locked":
        yield Violation(
            policy.path("state"),
            found=state,
            expected="Locked, or Unlocked while the store is being verified",
            consequence="A policy without a state holds nothing.",
        )


def _judge_container(case: Case, container: Resource) -> Iterator[Verdict]:
    """A container's own policy."""
    policies = _policies_of(case, container)
    if not policies:
        yield Violation(
            "containers",
            found=f"`{container.name}` without a policy",
            expected="a BlobContainerImmutabilityPolicy for each container",
            consequence=(
                "Anybody who may delete blobs can delete what is in this container."
            ),
        )
    for policy in policies:
        yield from held_by(policy, _judge_days(case, policy.properties))
        # The resource has no state: it is made unlocked, and locking is an action of
        # its own that no program declares. Source: pulumi-azure-native 3.29.0,
        # BlobContainerImmutabilityPolicy.
        yield from unlocked(case, "state", found="Unlocked", expected="Locked")


def _judge_days(case: Case, policy: Properties) -> Iterator[Violation]:
    path = policy.path(_DAYS)
    days = policy.number(_DAYS)
    yield from long_enough(case, path, days=days or 0, found=days)


RULE: Final = Rule(
    id="azure-audit-store-immutable",
    title="A storage account for audit logs holds its records",
    promise=(
        "Every storage account for audit logs is immutable for at least the profile's"
        " days."
    ),
    severity="critical",
    cloud="azure",
    scope="stack",
    types=(STORAGE_ACCOUNT, GENERIC),
    applies=_is_audit_storage,
    rationale=(
        "Version-level immutability is chosen when the account is made and never"
        " afterwards. Its policy starts unlocked, for verification; locked, it can only"
        " be extended, and only five times."
    ),
    risk=(
        "Someone who takes over an administrator's role deletes the record of what was"
        " asked and answered."
    ),
    remediation=Remediation(
        text=(
            "Make the account with immutableStorageWithVersioning, a policy of the"
            " required days, and lock it once verified."
        ),
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
    controls=RETENTION_CONTROLS,
    parameters=RETENTION_PARAMETERS,
    checks=(_is_immutable,),
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
    return {
        "enabled": True,
        "immutabilityPolicy": {
            "immutabilityPeriodSinceCreationInDays": days,
            "state": state,
        },
    }


def _container(*, days: int | None) -> tuple[Resource, ...]:
    """A plain account with one container, whose policy holds for `days`; no policy when
    None."""
    account = _account()
    container = resource(
        _CONTAINER, "records", {}, depends={"accountName": (account.urn,)}
    )
    belongs = {"accountName": (account.urn,), "containerName": (container.urn,)}
    policy = resource(_CONTAINER_POLICY, "records", {_DAYS: days}, depends=belongs)
    return (account, container, *((policy,) if days is not None else ()))


COMPLIANT: Final[Compliant] = {
    "a container with a policy of its own is the unlocked stage": Right(
        _container(days=184)
    ),
    "2557 days, locked": Right(
        (
            _account(
                immutableStorageWithVersioning=_immutable(days=2557, state="Locked")
            ),
        )
    ),
    "184 days, unlocked, is the unlocked stage": Right(
        (
            _account(
                immutableStorageWithVersioning=_immutable(days=184, state="Unlocked")
            ),
        )
    ),
    "an account with another purpose": Right(
        (resource(STORAGE_ACCOUNT, "scratch", {"kind": "StorageV2"}),)
    ),
}

# Where a finding about the period points.
_PERIOD: Final = f"immutableStorageWithVersioning.immutabilityPolicy.{_DAYS}"

VIOLATING: Final[Violating] = {
    "a container without a policy": Wrong(_container(days=None), paths=("containers",)),
    "a container's policy of thirty days": Wrong(_container(days=30), paths=(_DAYS,)),
    "a container's policy where the profile requires the lock": Wrong(
        _container(days=2557), paths=("state",), parameters={"lock_required": True}
    ),
    "a policy for a container of the same name in another account": Wrong(
        (
            _account(
                accountName="audit", immutableStorageWithVersioning={"enabled": False}
            ),
            resource(
                _CONTAINER,
                "records",
                {"accountName": "audit", "containerName": "records"},
            ),
            resource(
                _CONTAINER_POLICY,
                "other",
                {"accountName": "scratch", "containerName": "records", _DAYS: 2557},
            ),
        ),
        paths=("containers",),
    ),
    "not immutable": Wrong(
        (_account(),), paths=("immutableStorageWithVersioning.enabled",)
    ),
    "immutable for no days": Wrong(
        (
            _account(
                immutableStorageWithVersioning=_immutable(days=None, state="Locked")
            ),
        ),
        paths=(_PERIOD,),
    ),
    "thirty days": Wrong(
        (_account(immutableStorageWithVersioning=_immutable(days=30, state="Locked")),),
        paths=(_PERIOD,),
    ),
    "a container's short policy under the account's long one": Wrong(
        (
            _account(
                immutableStorageWithVersioning=_immutable(days=2557, state="Locked")
            ),
            *_container(days=30)[1:],
        ),
        paths=(_DAYS,),
    ),
    "a disabled policy": Wrong(
        (
            _account(
                immutableStorageWithVersioning=_immutable(days=2557, state="Disabled")
            ),
        ),
        paths=("immutableStorageWithVersioning.immutabilityPolicy.state",),
    ),
    "the unlocked stage where the profile requires the lock": Wrong(
        (
            _account(
                immutableStorageWithVersioning=_immutable(days=2557, state="Unlocked")
            ),
        ),
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
                        "immutableStorageWithVersioning": _immutable(
                            days=30, state="Locked"
                        ),
                    },
                },
                parent="trivium:index:AzureAuditStore",
            ),
        ),
        paths=(f"properties.{_PERIOD}",),
    ),
}
