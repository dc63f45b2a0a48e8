"""gcp-data-access-logged: whoever may call a model on Vertex AI is recorded doing so."""

from collections.abc import Iterator
from typing import Final

from trivium_policies.resource import Properties, Resource, resource
from trivium_policies.rule import (
    Case,
    Compliant,
    Control,
    Remediation,
    Right,
    Rule,
    Verdict,
    Violating,
    Violation,
    Wrong,
)

_AUDIT_CONFIG: Final = "gcp:projects/iAMAuditConfig:IAMAuditConfig"
_AUDIT_CONFIGS: Final = (
    _AUDIT_CONFIG,
    "gcp:folder/iamAuditConfig:IamAuditConfig",
    "gcp:organizations/iamAuditConfig:IamAuditConfig",
)
"""Those of a folder or an organisation hold for the projects below it."""
_CUSTOM_ROLE: Final = "gcp:projects/iAMCustomRole:IAMCustomRole"
_CUSTOM_ROLES: Final = (_CUSTOM_ROLE, "gcp:organizations/iAMCustomRole:IAMCustomRole")
_GRANT: Final = "gcp:projects/iAMMember:IAMMember"
_GRANTS: Final = (_GRANT, "gcp:projects/iAMBinding:IAMBinding")
# Predefined roles that hold the permission. Source: Google Cloud, Vertex AI access control, read 2026-11-22.
_CALLING_ROLES: Final = ("roles/aiplatform.user", "roles/aiplatform.admin", "roles/editor", "roles/owner")
_ENABLED_MODEL: Final = "gcp:vertex/aiModelGardenEnableModel:AiModelGardenEnableModel"

# Sufficient to call a publisher model. Source: Google Cloud, Vertex AI access control, read 2026-11-22.
_PREDICT: Final = "aiplatform.endpoints.predict"
_SERVICES: Final = ("aiplatform.googleapis.com", "allServices")
# Source: Google Cloud, IAM AuditLogConfig.LogType, read 2026-11-22. Data access is not logged unless asked for.
_LOG_TYPES: Final = ("ADMIN_READ", "DATA_READ", "DATA_WRITE")


def _grants_models(subject: Resource) -> bool:
    """Whether the resource makes models callable: a role with the permission, the grant of one, or an enabled model."""
    if subject.type in _CUSTOM_ROLES:
        return _PREDICT in subject.properties.texts("permissions")
    return subject.type not in _GRANTS or subject.properties.text("role") in _CALLING_ROLES


def _there_is_an_audit_config(case: Case) -> Iterator[Verdict]:
    if case.resource.type not in _AUDIT_CONFIGS and not any(map(_covers_vertex, case.stack.of_type(*_AUDIT_CONFIGS))):
        path = _grounds(case.resource)
        yield Violation(
            path,
            found=_PREDICT if case.resource.type in _CUSTOM_ROLES else case.resource.properties.value(path),
            expected="beside it an IAMAuditConfig for aiplatform.googleapis.com",
            consequence="Calls to the model are data access, which Google Cloud does not log unless asked.",
        )


def _grounds(subject: Resource) -> str:
    """The property that makes models callable."""
    if subject.type in _CUSTOM_ROLES:
        return "permissions"
    return "role" if subject.type in _GRANTS else "publisherModelName"


def _it_asks_for_every_log_type(case: Case) -> Iterator[Verdict]:
    if case.resource.type not in _AUDIT_CONFIGS or not _covers_vertex(case.resource):
        return
    configs = case.resource.properties.bags("auditLogConfigs")
    asked = {config.text("logType") for config in configs}
    missing = [log_type for log_type in _LOG_TYPES if log_type not in asked]
    if missing:
        yield Violation(
            "auditLogConfigs",
            found=", ".join(sorted(filter(None, asked))) or None,
            expected=f"{', '.join(_LOG_TYPES)} (missing: {', '.join(missing)})",
            consequence="Some calls to Vertex AI leave no entry in the audit log.",
        )
    for config in configs:
        yield from _nobody_is_exempt(config)


def _nobody_is_exempt(config: Properties) -> Iterator[Verdict]:
    exempt = config.texts("exemptedMembers")
    if exempt:
        yield Violation(
            config.path("exemptedMembers"),
            found=", ".join(exempt),
            expected="nobody",
            consequence="The calls of these identities are not logged.",
        )


def _covers_vertex(config: Resource) -> bool:
    return config.properties.text("service") in _SERVICES


RULE: Final = Rule(
    id="gcp-data-access-logged",
    title="Vertex AI data access is logged",
    promise="A stack that makes models callable on Vertex AI logs administrative reads, data reads and data writes, "
    "of everybody.",
    severity="high",
    cloud="gcp",
    scope="stack",
    types=(*_AUDIT_CONFIGS, *_CUSTOM_ROLES, *_GRANTS, _ENABLED_MODEL),
    applies=_grants_models,
    rationale="Google Cloud logs administration by itself and data access only when asked. A call to a model is "
    "data access.",
    risk="After an incident nobody can say which identity called which model.",
    remediation=Remediation(
        text="Add an IAMAuditConfig for aiplatform.googleapis.com with ADMIN_READ, DATA_READ and DATA_WRITE and no "
        "exemptions.",
        pulumi="""\
gcp.projects.IAMAuditConfig(
    "vertex",
    project=project_id,
    service="aiplatform.googleapis.com",
    audit_log_configs=[{"log_type": t} for t in ("ADMIN_READ", "DATA_READ", "DATA_WRITE")],
)""",
    ),
    compliance=(
        Control("NIST SP 800-53 r5", "AU-2"),
        Control("NIST SP 800-53 r5", "AU-12"),
        Control("Regulation (EU) 2024/1689", "Art. 12"),
    ),
    peers=("prowler: iam_audit_logs_enabled",),
    checks=(_there_is_an_audit_config, _it_asks_for_every_log_type),
)


def _audit_config(*log_types: str, service: str = _SERVICES[0], exempted: tuple[str, ...] = ()) -> Resource:
    configs = [
        {"logType": log_type, **({"exemptedMembers": list(exempted)} if exempted else {})} for log_type in log_types
    ]
    return resource(_AUDIT_CONFIG, "vertex", {"project": "claude", "service": service, "auditLogConfigs": configs})


_ROLE: Final = resource(_CUSTOM_ROLE, "caller", {"roleId": "caller", "title": "Caller", "permissions": [_PREDICT]})
_MODEL: Final = resource(
    _ENABLED_MODEL, "sonnet", {"publisherModelName": "publishers/anthropic/models/claude-sonnet-4-6"}
)

COMPLIANT: Final[Compliant] = {
    "all three log types": Right((_ROLE, _MODEL, _audit_config(*_LOG_TYPES))),
    "all services together": Right((_ROLE, _audit_config(*_LOG_TYPES, service="allServices"))),
    "another service may log less": Right((_audit_config("DATA_READ", service="storage.googleapis.com"),)),
    "the grant of a role that cannot call models": Right(
        (resource(_GRANT, "reader", {"role": "roles/storage.objectViewer", "member": "user:ann@example.com"}),)
    ),
    "a role that cannot call models": Right(
        (resource(_CUSTOM_ROLE, "reader", {"roleId": "reader", "title": "R", "permissions": ["storage.objects.get"]}),)
    ),
}

VIOLATING: Final[Violating] = {
    "a role that may call, and no audit config": Wrong((_ROLE,), paths=("permissions",)),
    "the grant of a role that may call, and no audit config": Wrong(
        (resource(_GRANT, "caller", {"role": "roles/aiplatform.user", "member": "user:ann@example.com"}),),
        paths=("role",),
    ),
    "an enabled model, and another service's audit config": Wrong(
        (_MODEL, _audit_config(*_LOG_TYPES, service="storage.googleapis.com")), paths=("publisherModelName",)
    ),
    "reads are not logged": Wrong((_ROLE, _audit_config("ADMIN_READ", "DATA_WRITE")), paths=("auditLogConfigs",)),
    "an identity is exempt": Wrong(
        (_audit_config(*_LOG_TYPES, exempted=("user:ann@example.com",)),),
        paths=tuple(f"auditLogConfigs[{i}].exemptedMembers" for i in range(3)),
    ),
}
