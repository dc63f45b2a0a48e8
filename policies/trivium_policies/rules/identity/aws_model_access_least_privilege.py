"""aws-model-access-least-privilege: an identity may call the models it was given, and
nothing else of Bedrock."""

import json
from typing import Final

from trivium_policies.bedrock_grants import (
    ATTACHMENT,
    ATTACHMENTS,
    BATCH,
    BEDROCK_KEY_SERVICE,
    CREDENTIAL,
    DOCUMENTS,
    INVOCATIONS,
    PROFILES,
    ROLE,
    ROLES,
    documents_are_narrow,
    no_bearer_token,
    no_full_access_policy,
    no_profile_copies_a_global_one,
)
from trivium_policies.resource import Resource, resource
from trivium_policies.rule import (
    Compliant,
    Parameter,
    Remediation,
    Right,
    Rule,
    Violating,
    Wrong,
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
        dict.fromkeys((*DOCUMENTS, *ROLES, *ATTACHMENTS, *PROFILES, CREDENTIAL))
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
    controls=(
        "nist-800-53/AC-6",
        "nist-800-53/IA-5",
        "gdpr/32-1-b",
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
        documents_are_narrow,
        no_profile_copies_a_global_one,
        no_full_access_policy,
        no_bearer_token,
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


_PROFILE_ARN: Final = (
    "arn:aws:bedrock:us-east-1:111122223333:"
    "inference-profile/us.anthropic.claude-sonnet-4-6"
)
_MODEL_ARN: Final = "arn:aws:bedrock:*::foundation-model/anthropic.claude-sonnet-4-6"

COMPLIANT: Final[Compliant] = {
    "two actions on a profile and the model behind it": Right(
        (_policy(action=list(INVOCATIONS), target=[_PROFILE_ARN, _MODEL_ARN]),)
    ),
    "a wildcard elsewhere is not this rule's business": Right(
        (_policy(action="logs:*", target="*"),)
    ),
    "batch jobs with one model": Right(
        (
            _policy(
                action=BATCH,
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
        (_policy(action=BATCH, target="*"),), paths=("policy.Statement[0].Resource",)
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
                ATTACHMENT,
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
                ROLE,
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
                CREDENTIAL,
                "key",
                {"serviceName": BEDROCK_KEY_SERVICE, "userName": "ci"},
            ),
        ),
        paths=("serviceName",),
    ),
    "a document that is not JSON": Wrong(
        (resource("aws:iam/policy:Policy", "broken", {"policy": "{'Statement': []}"}),),
        paths=("policy",),
    ),
}
