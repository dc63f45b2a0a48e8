"""What an identity may do with Bedrock: its policy documents, and what is attached.

Pure: reads IAM documents as `iam.py` does, and says of each grant whether it names the
models and actions that a caller of models needs.
"""

import re
from collections.abc import Iterator
from typing import Final

from trivium_policies.iam import Statement, matches, statements
from trivium_policies.resource import Properties
from trivium_policies.rule import Case, Verdict, Violation, settled

# Type → the property that holds its policy document. Source: pulumi-aws 7.51.1,
# pulumi-aws-native 1.84.0.
DOCUMENTS: Final = {
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
ROLES: Final = {
    "aws:iam/role:Role": ("inlinePolicies", "policy"),
    "aws-native:iam:Role": ("policies", "policyDocument"),
    "aws-native:iam:User": ("policies", "policyDocument"),
    "aws-native:iam:Group": ("policies", "policyDocument"),
}
ROLE: Final = "aws:iam/role:Role"
ATTACHMENT: Final = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
# Type → the property that names managed policies.
ATTACHMENTS: Final = {
    ATTACHMENT: "policyArn",
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
    **dict.fromkeys(ROLES, "managedPolicyArns"),
}
# An application's own profile, and what it copies: calls of it travel as those of its
# source do.
PROFILES: Final = (
    "aws:bedrock/inferenceProfile:InferenceProfile",
    "aws-native:bedrock:ApplicationInferenceProfile",
)
CREDENTIAL: Final = "aws:iam/serviceSpecificCredential:ServiceSpecificCredential"

# The actions that reach a model. Converse is authorised as InvokeModel.
# Source: Service Authorization Reference, Amazon Bedrock, read 2026-11-22.
INVOCATIONS: Final = ("bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream")

# A batch job reaches a model as well; its other target is the job itself, which is
# named when it is made. Source: Amazon Bedrock user guide, permissions for batch
# inference, read 2026-11-23.
BATCH: Final = "bedrock:CreateModelInvocationJob"
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
        "A long-lived bearer token works from anywhere for anyone who finds it."
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

BEDROCK_KEY_SERVICE: Final = "bedrock.amazonaws.com"
# Source: AWS managed policy reference, read 2026-11-23. The limited access is limited
# in its actions alone: it names no model and includes bearer tokens.
_FULL_ACCESS: Final = (
    ":aws:policy/AmazonBedrockFullAccess",
    ":aws:policy/AmazonBedrockLimitedAccess",
    ":aws:policy/AdministratorAccess",
    ":aws:policy/PowerUserAccess",
)


def documents_are_narrow(case: Case) -> Iterator[Verdict]:
    properties = case.resource.properties
    if name := DOCUMENTS.get(case.resource.type):
        yield from _judge_document(case, properties, name)
    elif places := ROLES.get(case.resource.type):
        for inline in properties.bags(places[0]):
            yield from settled(_judge_document(case, inline, places[1]))


def _judge_document(case: Case, properties: Properties, name: str) -> Iterator[Verdict]:
    """Each statement of a policy document, by itself."""
    for statement in statements(properties, name):
        yield from settled(_judge_statement(case, statement))


def _judge_statement(case: Case, statement: Statement) -> Iterator[Verdict]:
    """Actions first: they are known where a new resource's ARN is not."""
    if not statement.permits:
        return
    yield from _forbidden_actions(statement)
    reaching = (*INVOCATIONS, BATCH, *_DEPUTIES)
    if any(statement.allows(action) for action in reaching):
        for pattern in statement.resources():
            yield from _judge_target(case, f"{statement.path}.Resource", pattern)


def _forbidden_actions(statement: Statement) -> Iterator[Violation]:
    """Actions that no caller of models needs, and wildcards that cover them."""
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
                    "The caller may do what nobody named, with actions added later,"
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
    """Whether a resource pattern names what may be called."""
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
                "Models can be called that nobody approved, including those added later."
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
    """The violation of a global profile."""
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


def no_profile_copies_a_global_one(case: Case) -> Iterator[Verdict]:
    if case.resource.type not in PROFILES or case.enabled("global_profiles_allowed"):
        return
    source = case.resource.properties.text("modelSource.copyFrom")
    if source is not None and _is_global(source):
        yield _leaves_the_zone("modelSource.copyFrom", source)


def no_full_access_policy(case: Case) -> Iterator[Verdict]:
    properties = case.resource.properties
    name = ATTACHMENTS.get(case.resource.type)
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


def no_bearer_token(case: Case) -> Iterator[Verdict]:
    if case.resource.type != CREDENTIAL:
        return
    service = case.resource.properties.text("serviceName")
    if service == BEDROCK_KEY_SERVICE:
        yield Violation(
            "serviceName",
            found=service,
            expected="no service-specific credential for Bedrock",
            consequence=(
                "A long-lived bearer token works from anywhere for anyone who finds it."
            ),
        )
