"""aws-model-access-least-privilege: an identity may call the models it was given, and
nothing else of Bedrock."""

import json
import re
from collections.abc import Iterator
from typing import Final

from trivium_policies.iam import Statement, allow_statements, matches
from trivium_policies.resource import Properties, Resource, resource
from trivium_policies.rule import (
    Case,
    Compliant,
    Control,
    Parameter,
    Remediation,
    Right,
    Rule,
    Verdict,
    Violating,
    Violation,
    Wrong,
    settled,
)

# Type → the property that holds its policy document. Source: pulumi-aws 7.51.1,
# pulumi-aws-native 1.84.0.
_DOCUMENTS: Final = {
    "aws:iam/policy:Policy": "policy",
    "aws:iam/rolePolicy:RolePolicy": "policy",
    "aws:iam/userPolicy:UserPolicy": "policy",
    "aws:iam/groupPolicy:GroupPolicy": "policy",
    "aws-native:iam:ManagedPolicy": "policyDocument",
    "aws-native:iam:RolePolicy": "policyDocument",
    "aws-native:iam:UserPolicy": "policyDocument",
    "aws-native:iam:GroupPolicy": "policyDocument",
    "aws:ssoadmin/permissionSetInlinePolicy:PermissionSetInlinePolicy": "inlinePolicy",
    "aws-native:sso:PermissionSet": "inlinePolicy",
}
# Type → the list of its inline policies, and the property of each that holds the
# document.
_ROLES: Final = {
    "aws:iam/role:Role": ("inlinePolicies", "policy"),
    "aws-native:iam:Role": ("policies", "policyDocument"),
    "aws-native:iam:User": ("policies", "policyDocument"),
    "aws-native:iam:Group": ("policies", "policyDocument"),
}
_ROLE: Final = "aws:iam/role:Role"
_ATTACHMENT: Final = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
# Type → the property that names managed policies.
_ATTACHMENTS: Final = {
    _ATTACHMENT: "policyArn",
    "aws:iam/userPolicyAttachment:UserPolicyAttachment": "policyArn",
    "aws:iam/groupPolicyAttachment:GroupPolicyAttachment": "policyArn",
    "aws:iam/policyAttachment:PolicyAttachment": "policyArn",
    "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive": (
        "policyArns"
    ),
    "aws:iam/userPolicyAttachmentsExclusive:UserPolicyAttachmentsExclusive": (
        "policyArns"
    ),
    "aws:iam/groupPolicyAttachmentsExclusive:GroupPolicyAttachmentsExclusive": (
        "policyArns"
    ),
    "aws:ssoadmin/managedPolicyAttachment:ManagedPolicyAttachment": "managedPolicyArn",
    "aws-native:sso:PermissionSet": "managedPolicies",
    **dict.fromkeys(_ROLES, "managedPolicyArns"),
}
# An application's own profile, and what it copies: calls of it travel as those of its
# source do.
_PROFILES: Final = (
    "aws:bedrock/inferenceProfile:InferenceProfile",
    "aws-native:bedrock:ApplicationInferenceProfile",
)
_CREDENTIAL: Final = "aws:iam/serviceSpecificCredential:ServiceSpecificCredential"

# The actions that reach a model. Converse is authorised as InvokeModel.
# Source: Service Authorization Reference, Amazon Bedrock, read 2026-11-22.
_INVOCATIONS: Final = ("bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream")

# A batch job reaches a model as well; its other target is the job itself, which is
# named when it is made. Source: Amazon Bedrock user guide, permissions for batch
# inference, read 2026-11-23.
_BATCH: Final = "bedrock:CreateModelInvocationJob"
_JOB: Final = "model-invocation-job"

# An agent or a flow calls its models by a role of its own: who may invoke any of them
# reaches any model they have. Source: Amazon Bedrock user guide, policies for agents
# and flows; each is named by an alias.
_DEPUTIES: Final = (
    "bedrock:InvokeAgent",
    "bedrock:InvokeFlow",
    "bedrock:StartFlowExecution",
)

# What no caller of models needs, each with the reason. A wildcard that covers one of
# them violates as well. Source: Service Authorization Reference, Amazon Bedrock, read
# 2026-11-22.
_FORBIDDEN: Final = {
    "bedrock:PutModelInvocationLoggingConfiguration": (
        "The caller could change or redirect the log of its own calls."
    ),
    "bedrock:DeleteModelInvocationLoggingConfiguration": (
        "The caller could switch off the log of its own calls."
    ),
    "bedrock:DeleteGuardrail": "The caller could remove the guardrail that judges it.",
    "bedrock:UpdateGuardrail": "The caller could weaken the guardrail that judges it.",
    "bedrock:PutEnforcedGuardrailConfiguration": (
        "The caller could change the guardrail that the account imposes."
    ),
    "bedrock:DeleteEnforcedGuardrailConfiguration": (
        "The caller could lift the guardrail that the account imposes."
    ),
    "bedrock:PutAccountDataRetention": (
        "The caller could let prompts be retained and read for human review."
    ),
    "bedrock:CallWithBearerToken": (
        "A long-lived bearer token works from anywhere for whoever finds it."
    ),
}

# The other roads to Claude in an AWS account: no action of theirs belongs to a governed
# caller. Source: Amazon Bedrock Mantle monitoring page (no invocation log) and Claude
# Platform on AWS, read 2026-11-22.
_OTHER_ROADS: Final = {
    "bedrock-mantle": "Calls over Mantle bypass the model invocation log.",
    "aws-external-anthropic": (
        "Calls over Claude Platform on AWS are run by Anthropic, outside every control"
        " here."
    ),
}

_BEDROCK_KEY_SERVICE: Final = "bedrock.amazonaws.com"
# Source: AWS managed policy reference, read 2026-11-23. The limited access is limited
# in its actions alone: it names no model and includes bearer tokens.
_FULL_ACCESS: Final = (
    ":aws:policy/AmazonBedrockFullAccess",
    ":aws:policy/AmazonBedrockLimitedAccess",
    ":aws:policy/AdministratorAccess",
    ":aws:policy/PowerUserAccess",
)


def _documents_are_narrow(case: Case) -> Iterator[Verdict]:
    properties = case.resource.properties
    if name := _DOCUMENTS.get(case.resource.type):
        yield from _judge_document(case, properties, name)
    elif places := _ROLES.get(case.resource.type):
        for inline in properties.bags(places[0]):
            yield from settled(_judge_document(case, inline, places[1]))


def _judge_document(case: Case, properties: Properties, name: str) -> Iterator[Verdict]:
    for statement in allow_statements(properties, name):
        yield from _forbidden_actions(statement)
        if any(
            statement.allows(action) for action in (*_INVOCATIONS, _BATCH, *_DEPUTIES)
        ):
            for pattern in statement.resources:
                yield from _judge_target(case, f"{statement.path}.Resource", pattern)


def _forbidden_actions(statement: Statement) -> Iterator[Violation]:
    for pattern in statement.actions:
        covered = [
            (action, why)
            for action, why in _FORBIDDEN.items()
            if matches(pattern, action)
        ]
        covered += [
            (f"{road}:*", why)
            for road, why in _OTHER_ROADS.items()
            if matches(_service(pattern), road)
        ]
        if covered:
            action, why = covered[0]
            yield Violation(
                f"{statement.path}.Action",
                found=pattern,
                expected=f"the single actions that a caller needs, not {action}",
                consequence=why,
            )
        elif _WILD.search(pattern) and matches(_service(pattern), "bedrock"):
            yield Violation(
                f"{statement.path}.Action",
                found=pattern,
                expected="the single actions that a caller needs, without `*` and `?`",
                consequence=(
                    "The caller may do what nobody named, with actions of tomorrow,"
                    " too."
                ),
            )


_WILD: Final = re.compile(r"[*?]|\$\{")
"""What stands for more than itself in an IAM pattern; a variable is whatever the
caller's session says."""


def _service(pattern: str) -> str:
    """The part of an action pattern before its colon; `*` alone covers every
    service."""
    return pattern.partition(":")[0]


def _judge_target(case: Case, path: str, pattern: str) -> Iterator[Violation]:
    # arn:partition:service:region:account:kind/model, where a model id may hold colons
    # of its own.
    kind, _, model = pattern.split(":", 5)[-1].partition("/")
    if kind == _JOB:
        return
    if _is_global(pattern) and not case.enabled("global_profiles_allowed"):
        yield _leaves_the_zone(path, pattern)
    elif _WILD.search(kind) or _WILD.search(model):
        yield Violation(
            path,
            found=pattern,
            expected="the ARNs of named models, inference profiles, agents and flows",
            consequence=(
                "Models can be called that nobody approved, those of tomorrow included."
            ),
        )


def _is_global(arn: str) -> bool:
    """Whether it is a global profile, or a model under the ARN without a region by
    which only global profiles reach it.

    Source: Amazon Bedrock user guide, "Global cross-Region inference", IAM policy
    requirements, read 2026-11-23.
    """
    parts = arn.split(":", 5)
    kind, _, model = parts[-1].partition("/")
    regionless = len(parts) == 6 and parts[3] == "" and kind == "foundation-model"
    return regionless or (kind.endswith("-profile") and model.startswith("global."))


def _leaves_the_zone(path: str, arn: str) -> Violation:
    return Violation(
        path,
        found=arn,
        expected=(
            "a profile whose destinations stay in the zone (`us.`, `eu.` and so on)"
        ),
        consequence=(
            "A global profile sends prompts to any commercial region of the world."
        ),
    )


def _no_profile_copies_a_global_one(case: Case) -> Iterator[Verdict]:
    if case.resource.type not in _PROFILES or case.enabled("global_profiles_allowed"):
        return
    source = case.resource.properties.text("modelSource.copyFrom")
    if source is not None and _is_global(source):
        yield _leaves_the_zone("modelSource.copyFrom", source)


def _no_full_access_policy(case: Case) -> Iterator[Verdict]:
    properties = case.resource.properties
    name = _ATTACHMENTS.get(case.resource.type)
    if name is None:
        return
    single = isinstance(properties.value(name), str)
    for index, arn in enumerate(properties.texts(name)):
        if arn.endswith(_FULL_ACCESS):
            yield Violation(
                name if single else f"{name}[{index}]",
                found=arn,
                expected="a policy of this stack that names models",
                consequence=(
                    "It allows Bedrock actions without naming models, and more than"
                    " calling them."
                ),
            )


def _no_bearer_token(case: Case) -> Iterator[Verdict]:
    if case.resource.type != _CREDENTIAL:
        return
    service = case.resource.properties.text("serviceName")
    if service == _BEDROCK_KEY_SERVICE:
        yield Violation(
            "serviceName",
            found=service,
            expected="no service-specific credential for Bedrock",
            consequence=(
                "A long-lived bearer token works from anywhere for whoever finds it."
            ),
        )


RULE: Final = Rule(
    id="aws-model-access-least-privilege",
    title="Bedrock permissions name their models and actions",
    promise=(
        "No identity of the stack has Bedrock wildcards, an unnamed model or agent, a"
        " global profile or a Bedrock bearer token."
    ),
    severity="critical",
    cloud="aws",
    scope="resource",
    types=tuple(
        dict.fromkeys((*_DOCUMENTS, *_ROLES, *_ATTACHMENTS, *_PROFILES, _CREDENTIAL))
    ),
    rationale=(
        "`bedrock:*` reaches further than models: it covers the log, the guardrails,"
        " data retention and the other roads to Claude, on which none of the controls"
        " of this one apply."
    ),
    risk=(
        "A leaked role switches off the record of its own calls, or sends prompts to a"
        " region the contract excludes."
    ),
    remediation=Remediation(
        text=(
            "Allow bedrock:InvokeModel and bedrock:InvokeModelWithResponseStream on the"
            " ARNs of the approved profiles and of the models behind them."
        ),
        pulumi="""\
aws.iam.RolePolicy(
    "invoke",
    role=role.id,
    policy=json.dumps({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Action": ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"],
            "Resource": [profile_arn, *destination_model_arns],
        }],
    }),
)""",
    ),
    compliance=(
        Control("NIST SP 800-53 r5", "AC-6"),
        Control("NIST SP 800-53 r5", "IA-5"),
        Control("Regulation (EU) 2016/679", "Art. 32(1)(b)"),
    ),
    parameters=(
        Parameter(
            "global_profiles_allowed",
            default=False,
            meaning="Whether a `global.` inference profile may be called.",
            source=(
                "A global profile routes to every commercial region: Amazon Bedrock"
                " user guide, read 2026-11-22."
            ),
        ),
    ),
    peers=(
        "prowler: bedrock_full_access_policy_attached",
        "prowler: bedrock_api_key_no_long_term_credentials",
        "prowler: bedrock_agent_role_least_privilege",
    ),
    checks=(
        _documents_are_narrow,
        _no_profile_copies_a_global_one,
        _no_full_access_policy,
        _no_bearer_token,
    ),
)


def _policy(
    *, action: str | list[str], target: str | list[str], name: str = "invoke"
) -> Resource:
    statement = {"Effect": "Allow", "Action": action, "Resource": target}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return resource(
        "aws:iam/rolePolicy:RolePolicy", name, {"role": "caller", "policy": document}
    )


def _raw(document: str) -> Resource:
    return resource("aws:iam/policy:Policy", "written-by-hand", {"policy": document})


_PROFILE_ARN: Final = "arn:aws:bedrock:us-east-1:111122223333:inference-profile/us.anthropic.claude-sonnet-4-6"
_MODEL_ARN: Final = "arn:aws:bedrock:*::foundation-model/anthropic.claude-sonnet-4-6"

COMPLIANT: Final[Compliant] = {
    "two actions on a profile and the model behind it": Right(
        (_policy(action=list(_INVOCATIONS), target=[_PROFILE_ARN, _MODEL_ARN]),)
    ),
    "a wildcard elsewhere is not this rule's business": Right(
        (_policy(action="logs:*", target="*"),)
    ),
    "batch jobs with one model": Right(
        (
            _policy(
                action=_BATCH,
                target=[
                    _MODEL_ARN,
                    "arn:aws:bedrock:us-east-1:111122223333:model-invocation-job/*",
                ],
            ),
        )
    ),
    "one agent, by one alias": Right(
        (
            _policy(
                action="bedrock:InvokeAgent",
                target="arn:aws:bedrock:us-east-1:111122223333:agent-alias/AGENT12345/ALIAS12345",
            ),
        )
    ),
    "a deny may be as wide as it likes": Right(
        (
            resource(
                "aws:iam/policy:Policy",
                "deny",
                {
                    "policy": json.dumps(
                        {
                            "Statement": {
                                "Effect": "Deny",
                                "Action": "bedrock:*",
                                "Resource": "*",
                            }
                        }
                    )
                },
            ),
        )
    ),
    "a global profile where the profile allows it": Right(
        (
            _policy(
                action="bedrock:InvokeModel",
                target=_PROFILE_ARN.replace("us.anthropic", "global.anthropic"),
            ),
        ),
        parameters={"global_profiles_allowed": True},
    ),
}

VIOLATING: Final[Violating] = {
    "any global profile, where the profile allows global ones": Wrong(
        (
            _policy(
                action="bedrock:InvokeModel",
                target=(
                    "arn:aws:bedrock:us-east-1:111122223333:inference-profile/global.*"
                ),
            ),
        ),
        paths=("policy.Statement[0].Resource",),
        parameters={"global_profiles_allowed": True},
    ),
    "every Bedrock action": Wrong(
        (_policy(action="bedrock:*", target=_PROFILE_ARN),),
        paths=("policy.Statement[0].Action",),
    ),
    "any model of the account": Wrong(
        (_policy(action="bedrock:InvokeModel", target="*"),),
        paths=("policy.Statement[0].Resource",),
    ),
    "any agent, whatever its model": Wrong(
        (_policy(action="bedrock:InvokeAgent", target="*"),),
        paths=("policy.Statement[0].Resource",),
    ),
    "any flow of the account": Wrong(
        (
            _policy(
                action="bedrock:InvokeFlow",
                target="arn:aws:bedrock:us-east-1:111122223333:flow/*",
            ),
        ),
        paths=("policy.Statement[0].Resource",),
    ),
    "lifting the guardrail that the account imposes": Wrong(
        (
            _policy(
                action=[
                    "bedrock:DeleteEnforcedGuardrailConfiguration",
                    "bedrock:UpdateGuardrail",
                ],
                target="*",
            ),
        ),
        paths=("policy.Statement[0].Action", "policy.Statement[0].Action"),
    ),
    "a model by the ARN that global profiles need": Wrong(
        (
            _policy(
                action="bedrock:InvokeModel",
                target="arn:aws:bedrock:::foundation-model/anthropic.claude-sonnet-4-6",
            ),
        ),
        paths=("policy.Statement[0].Resource",),
    ),
    "any flow, without waiting for it": Wrong(
        (_policy(action="bedrock:StartFlowExecution", target="*"),),
        paths=("policy.Statement[0].Resource",),
    ),
    "batch jobs with any model": Wrong(
        (_policy(action=_BATCH, target="*"),), paths=("policy.Statement[0].Resource",)
    ),
    "another road to Claude": Wrong(
        (
            _policy(
                action="bedrock-mantle:CreateInference",
                target="arn:aws:bedrock-mantle:us-east-1:111122223333:project/x",
            ),
        ),
        paths=("policy.Statement[0].Action",),
    ),
    "any Claude model": Wrong(
        (
            _policy(
                action="bedrock:Invoke*",
                target="arn:aws:bedrock:us-east-1::foundation-model/anthropic.*",
            ),
        ),
        paths=("policy.Statement[0].Action", "policy.Statement[0].Resource"),
    ),
    "a model that the caller's own tag names": Wrong(
        (
            _policy(
                action="bedrock:InvokeModel",
                target="arn:aws:bedrock:us-east-1::foundation-model/${aws:PrincipalTag/model}",
            ),
        ),
        paths=("policy.Statement[0].Resource",),
    ),
    "a global profile behind a question mark": Wrong(
        (
            _policy(
                action="bedrock:InvokeModel",
                target=_PROFILE_ARN.replace(
                    "inference-profile/us.", "inference-profil?/global."
                ),
            ),
        ),
        paths=("policy.Statement[0].Resource",),
    ),
    "reading actions by a wildcard": Wrong(
        (_policy(action="bedrock:Get*", target="*"),),
        paths=("policy.Statement[0].Action",),
    ),
    "elements in lower case": Wrong(
        (
            _raw(
                '{"Statement": [{"effect": "Allow", "action": "bedrock:*", "resource":'
                ' "*"}]}'
            ),
        ),
        paths=("policy.Statement[0].effect",),
    ),
    "statements in lower case": Wrong(
        (
            _raw(
                '{"statement": [{"Effect": "Allow", "Action": "bedrock:*", "Resource":'
                ' "*"}]}'
            ),
        ),
        paths=("policy.statement",),
    ),
    "an action that stands twice": Wrong(
        (
            _raw(
                '{"Statement": [{"Effect": "Allow", "Action": "bedrock:*", "Action":'
                ' "logs:PutLogEvents", "Resource": "*"}]}'
            ),
        ),
        paths=("policy",),
    ),
    "an inline policy of a user of the other provider": Wrong(
        (
            resource(
                "aws-native:iam:User",
                "caller",
                {
                    "policies": [
                        {
                            "policyName": "all",
                            "policyDocument": {
                                "Statement": {
                                    "Effect": "Allow",
                                    "Action": "bedrock:*",
                                    "Resource": _PROFILE_ARN,
                                }
                            },
                        }
                    ]
                },
            ),
        ),
        paths=("policies[0].policyDocument.Statement[0].Action",),
    ),
    "a permission set's inline policy": Wrong(
        (
            resource(
                "aws:ssoadmin/permissionSetInlinePolicy:PermissionSetInlinePolicy",
                "developers",
                {
                    "inlinePolicy": json.dumps(
                        {
                            "Statement": {
                                "Effect": "Allow",
                                "Action": "bedrock:*",
                                "Resource": _PROFILE_ARN,
                            }
                        }
                    )
                },
            ),
        ),
        paths=("inlinePolicy.Statement[0].Action",),
    ),
    "full access by an exclusive attachment": Wrong(
        (
            resource(
                "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive",
                "full",
                {
                    "roleName": "caller",
                    "policyArns": ["arn:aws:iam::aws:policy/PowerUserAccess"],
                },
            ),
        ),
        paths=("policyArns[0]",),
    ),
    "a global profile": Wrong(
        (
            _policy(
                action="bedrock:InvokeModel",
                target=_PROFILE_ARN.replace("us.anthropic", "global.anthropic"),
            ),
        ),
        paths=("policy.Statement[0].Resource",),
    ),
    "everything but one service": Wrong(
        (
            resource(
                "aws:iam/policy:Policy",
                "nearly-all",
                {
                    "policy": json.dumps(
                        {
                            "Statement": [
                                {
                                    "Effect": "Allow",
                                    "NotAction": "iam:*",
                                    "Resource": "*",
                                }
                            ]
                        }
                    )
                },
            ),
        ),
        paths=("policy.Statement[0].Action", "policy.Statement[0].Resource"),
    ),
    "the managed policy with full access": Wrong(
        (
            resource(
                _ATTACHMENT,
                "full",
                {
                    "role": "caller",
                    "policyArn": "arn:aws:iam::aws:policy/AmazonBedrockFullAccess",
                },
            ),
        ),
        paths=("policyArn",),
    ),
    "a wildcard in a role's inline policy": Wrong(
        (
            resource(
                _ROLE,
                "caller",
                {
                    "assumeRolePolicy": "{}",
                    "inlinePolicies": [
                        {
                            "name": "x",
                            "policy": json.dumps(
                                {
                                    "Statement": [
                                        {"Effect": "Allow", "Action": "bedrock*"}
                                    ]
                                }
                            ),
                        }
                    ],
                },
            ),
        ),
        paths=("inlinePolicies[0].policy.Statement[0].Action",),
    ),
    "a wildcard in a document of the other provider": Wrong(
        (
            resource(
                "aws-native:iam:RolePolicy",
                "invoke",
                {
                    "roleName": "caller",
                    "policyDocument": {
                        "Statement": {
                            "Effect": "Allow",
                            "Action": "bedrock:*",
                            "Resource": _PROFILE_ARN,
                        }
                    },
                },
            ),
        ),
        paths=("policyDocument.Statement[0].Action",),
    ),
    "a long-lived Bedrock key": Wrong(
        (
            resource(
                _CREDENTIAL,
                "key",
                {"serviceName": _BEDROCK_KEY_SERVICE, "userName": "ci"},
            ),
        ),
        paths=("serviceName",),
    ),
    "a document that is no JSON": Wrong(
        (resource("aws:iam/policy:Policy", "broken", {"policy": "{'Statement': []}"}),),
        paths=("policy",),
    ),
}
