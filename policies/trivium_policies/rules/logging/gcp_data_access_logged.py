"""gcp-data-access-logged: everyone who calls a model on Vertex AI is recorded doing
so."""

import json
from collections.abc import Iterator, Sequence
from typing import Final

from trivium_policies.elsewhere import logged_elsewhere, stated
from trivium_policies.google_grants import (
    GRANT,
    GRANTS,
    POLICIES,
    POLICY,
    policy_of,
)
from trivium_policies.resource import (
    NotYetKnownError,
    Properties,
    Resource,
    resource,
)
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

_AUDIT_CONFIG: Final = "gcp:projects/iAMAuditConfig:IAMAuditConfig"
_AUDIT_CONFIGS: Final = (
    _AUDIT_CONFIG,
    "gcp:folder/iamAuditConfig:IamAuditConfig",
    "gcp:organizations/iamAuditConfig:IamAuditConfig",
)
"""Those of a folder or an organisation hold for the projects below it."""
_CUSTOM_ROLE: Final = "gcp:projects/iAMCustomRole:IAMCustomRole"
_CUSTOM_ROLES: Final = (_CUSTOM_ROLE, "gcp:organizations/iAMCustomRole:IAMCustomRole")
# Predefined roles that hold the permission. Vertex AI's own change; all but the
# reader's are taken for such. Source: Google Cloud, Vertex AI access control, read
# 2026-11-22.
_BASIC_ROLES: Final = ("roles/editor", "roles/owner")
_VERTEX_ROLES: Final = "roles/aiplatform."
_READING_ROLE: Final = "roles/aiplatform.viewer"
_ENABLED_MODEL: Final = "gcp:vertex/aiModelGardenEnableModel:AiModelGardenEnableModel"

# Sufficient to call a publisher model. Source: Google Cloud, Vertex AI access control,
# read 2026-11-22.
_PREDICT: Final = "aiplatform.endpoints.predict"
_SERVICES: Final = ("aiplatform.googleapis.com", "allServices")
# Source: Google Cloud, IAM AuditLogConfig.LogType, read 2026-11-22. Data access is not
# logged unless asked for.
_LOG_TYPES: Final = ("ADMIN_READ", "DATA_READ", "DATA_WRITE")


def _grants_models(subject: Resource) -> bool:
    """Whether the resource makes models callable: a role with the permission, the grant
    of one, or an enabled model."""
    if subject.type in _CUSTOM_ROLES:
        return _PREDICT in subject.properties.texts("permissions")
    if subject.type in POLICIES:
        return any(
            _is_calling_role(binding.text("role"))
            for binding in policy_of(subject).bags("bindings")
        )
    return subject.type not in GRANTS or _is_calling_role(
        subject.properties.text("role")
    )


def _is_calling_role(role: str | None) -> bool:
    """Whether a predefined role may call models."""
    if role is None or role == _READING_ROLE:
        return False
    return role in _BASIC_ROLES or role.startswith(_VERTEX_ROLES)


def _there_is_an_audit_config(case: Case) -> Iterator[Verdict]:
    if case.resource.type in (*_AUDIT_CONFIGS, *POLICIES):
        return
    if any(
        _logs_calls_of(config, case.resource)
        for config in case.stack.of_type(*_AUDIT_CONFIGS)
    ):
        return
    if elsewhere := stated(case, _project(case.resource)):
        yield elsewhere.note
    else:
        path = _grounds(case.resource)
        yield Violation(
            path,
            found=(
                _PREDICT
                if case.resource.type in _CUSTOM_ROLES
                else case.resource.properties.value(path)
            ),
            expected=(
                "beside it an IAMAuditConfig for aiplatform.googleapis.com, in the same"
                " project, or the project in the profile's `logged_elsewhere`"
            ),
            consequence=(
                "Calls to the model are data access, which Google Cloud does not log"
                " unless asked."
            ),
        )


def _logs_calls_of(config: Resource, subject: Resource) -> bool:
    """Whether a project's configuration is that of the subject's project. A folder's or
    an organisation's holds for projects that the stack does not name, and so does what
    is granted there."""
    return _covers_vertex(config) and (
        config.type != _AUDIT_CONFIG or _in_one_project(config, subject)
    )


def _in_one_project(one: Resource, other: Resource) -> bool:
    """Whether both live in one project, as far as they say."""
    try:
        projects = {_project(one), _project(other)} - {""}
    except NotYetKnownError:
        grounds = one.depends.get("project")
        if grounds and grounds == other.depends.get("project"):
            return True
        raise
    return len(projects) < 2


def _project(subject: Resource) -> str:
    """The project a resource lives in; empty where neither it nor its provider says, or
    it lives above projects."""
    in_a_project = not subject.type.startswith(("gcp:folder/", "gcp:organizations/"))
    default = subject.provider.get("project") if in_a_project else None
    return subject.properties.text("project") or (
        default if isinstance(default, str) else ""
    )


def _the_whole_policy_keeps_logging(case: Case) -> Iterator[Verdict]:
    if case.resource.type not in POLICIES:
        return
    logged = [
        c
        for c in policy_of(case.resource).bags("auditConfigs")
        if c.text("service") in _SERVICES
    ]
    configs = [config for each in logged for config in each.bags("auditLogConfigs")]
    yield from _every_log_type("policyData.auditConfigs", configs)


def _grounds(subject: Resource) -> str:
    """The property that makes models callable."""
    if subject.type in _CUSTOM_ROLES:
        return "permissions"
    return "role" if subject.type in GRANTS else "publisherModelName"


def _it_asks_for_every_log_type(case: Case) -> Iterator[Verdict]:
    if case.resource.type not in _AUDIT_CONFIGS or not _covers_vertex(case.resource):
        return
    yield from _every_log_type(
        "auditLogConfigs", case.resource.properties.bags("auditLogConfigs")
    )


def _every_log_type(path: str, configs: Sequence[Properties]) -> Iterator[Verdict]:
    """All three kinds of access are logged, and nobody is exempt."""
    asked = {config.text("logType") for config in configs}
    missing = [log_type for log_type in _LOG_TYPES if log_type not in asked]
    if missing:
        yield Violation(
            path,
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
    promise=(
        "A stack that makes models callable on Vertex AI logs administrative reads,"
        " data reads and data writes, of everybody."
    ),
    severity="high",
    cloud="gcp",
    scope="stack",
    types=(*_AUDIT_CONFIGS, *_CUSTOM_ROLES, *GRANTS, *POLICIES, _ENABLED_MODEL),
    applies=_grants_models,
    rationale=(
        "Google Cloud logs administration by itself and data access only when asked. A"
        " call to a model is data access."
    ),
    risk="After an incident nobody can say which identity called which model.",
    remediation=Remediation(
        text=(
            "Add an IAMAuditConfig for aiplatform.googleapis.com with ADMIN_READ,"
            " DATA_READ and DATA_WRITE and no exemptions; where an IAMPolicy replaces"
            " the whole policy, put the same into its auditConfigs."
        ),
        pulumi="""\
gcp.projects.IAMAuditConfig(
    "vertex",
    project=project_id,
    service="aiplatform.googleapis.com",
    audit_log_configs=[{"log_type": t} for t in ("ADMIN_READ", "DATA_READ", "DATA_WRITE")],
)""",
    ),
    controls=(
        "nist-800-53/AU-2",
        "nist-800-53/AU-12",
        "eu-ai-act/12",
    ),
    parameters=(logged_elsewhere("Projects"),),
    peers=("prowler: iam_audit_logs_enabled",),
    checks=(
        _there_is_an_audit_config,
        _it_asks_for_every_log_type,
        _the_whole_policy_keeps_logging,
    ),
)


def _audit_config(
    *log_types: str, service: str = _SERVICES[0], exempted: tuple[str, ...] = ()
) -> Resource:
    configs = [
        {
            "logType": log_type,
            **({"exemptedMembers": list(exempted)} if exempted else {}),
        }
        for log_type in log_types
    ]
    return resource(
        _AUDIT_CONFIG,
        "vertex",
        {"project": "claude", "service": service, "auditLogConfigs": configs},
    )


_ROLE: Final = resource(
    _CUSTOM_ROLE,
    "caller",
    {"roleId": "caller", "title": "Caller", "permissions": [_PREDICT]},
)
_MODEL: Final = resource(
    _ENABLED_MODEL,
    "sonnet",
    {"publisherModelName": "publishers/anthropic/models/claude-sonnet-4-6"},
)


def _whole_policy(**more: object) -> Resource:
    bindings = [{"role": "roles/aiplatform.user", "members": ["user:ann@example.com"]}]
    return resource(
        POLICY,
        "whole",
        {"project": "claude", "policyData": json.dumps({"bindings": bindings, **more})},
    )


_WHOLE_LOGGING: Final = {
    "service": "allServices",
    "auditLogConfigs": [{"logType": kind} for kind in _LOG_TYPES],
}

_CALLER: Final = resource(
    GRANT,
    "caller",
    {
        "project": "elsewhere",
        "role": "roles/aiplatform.user",
        "member": "user:ann@example.com",
    },
)

COMPLIANT: Final[Compliant] = {
    "a project that the organisation's own stack logs": Right(
        (_CALLER,),
        parameters={
            "logged_elsewhere": (
                "elsewhere by cloud-platform: set on the organisation",
            )
        },
    ),
    "a whole policy that keeps the logging": Right(
        (_whole_policy(auditConfigs=[_WHOLE_LOGGING]),)
    ),
    "all three log types": Right((_ROLE, _MODEL, _audit_config(*_LOG_TYPES))),
    "all services together": Right(
        (_ROLE, _audit_config(*_LOG_TYPES, service="allServices"))
    ),
    "another service may log less": Right(
        (_audit_config("DATA_READ", service="storage.googleapis.com"),)
    ),
    "the grant of a role that cannot call models": Right(
        (
            resource(
                GRANT,
                "reader",
                {
                    "role": "roles/storage.objectViewer",
                    "member": "user:ann@example.com",
                },
            ),
        )
    ),
    "a role that cannot call models": Right(
        (
            resource(
                _CUSTOM_ROLE,
                "reader",
                {
                    "roleId": "reader",
                    "title": "R",
                    "permissions": ["storage.objects.get"],
                },
            ),
        )
    ),
}

VIOLATING: Final[Violating] = {
    "an audit config of another project": Wrong(
        (_CALLER, _audit_config(*_LOG_TYPES)),
        paths=("role",),
    ),
    "the grant on a whole organisation": Wrong(
        (
            resource(
                "gcp:organizations/iAMMember:IAMMember",
                "caller",
                {
                    "orgId": "1",
                    "role": "roles/aiplatform.user",
                    "member": "user:ann@example.com",
                },
            ),
        ),
        paths=("role",),
    ),
    "a whole policy that takes the logging away": Wrong(
        (_whole_policy(),), paths=("policyData.auditConfigs",)
    ),
    "a role that may call, and no audit config": Wrong(
        (_ROLE,), paths=("permissions",)
    ),
    "the grant of a role that may call, and no audit config": Wrong(
        (
            resource(
                GRANT,
                "caller",
                {"role": "roles/aiplatform.user", "member": "user:ann@example.com"},
            ),
        ),
        paths=("role",),
    ),
    "an enabled model, and another service's audit config": Wrong(
        (_MODEL, _audit_config(*_LOG_TYPES, service="storage.googleapis.com")),
        paths=("publisherModelName",),
    ),
    "reads are not logged": Wrong(
        (_ROLE, _audit_config("ADMIN_READ", "DATA_WRITE")), paths=("auditLogConfigs",)
    ),
    "an identity is exempt": Wrong(
        (_audit_config(*_LOG_TYPES, exempted=("user:ann@example.com",)),),
        paths=tuple(f"auditLogConfigs[{i}].exemptedMembers" for i in range(3)),
    ),
}
