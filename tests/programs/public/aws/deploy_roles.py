"""Roles for a pipeline by federation, a boundary, people and their groups."""

import json

import pulumi
import pulumi_aws as aws

generation = pulumi.Config().get("generation") or "1"
me = aws.get_caller_identity()
part = aws.get_partition()
oidc = aws.iam.OpenIdConnectProvider(
    "adr-github",
    url="https://token.actions.githubusercontent.com",
    client_id_lists=["sts.amazonaws.com"],
    thumbprint_lists=["6938fd4d98bab03faadb97b34396831e3780aea1"],
)
trust = aws.iam.get_policy_document_output(
    statements=[
        {
            "effect": "Allow",
            "actions": ["sts:AssumeRoleWithWebIdentity"],
            "principals": [{"type": "Federated", "identifiers": [oidc.arn]}],
            "conditions": [
                {
                    "test": "StringEquals",
                    "variable": "token.actions.githubusercontent.com:aud",
                    "values": ["sts.amazonaws.com"],
                },
                {
                    "test": "StringLike",
                    "variable": "token.actions.githubusercontent.com:sub",
                    "values": [
                        "repo:acme/infra:ref:refs/heads/main",
                        "repo:acme/infra:environment:prod",
                    ],
                },
            ],
        }
    ]
)
boundary = aws.iam.Policy(
    "adr-boundary",
    path="/boundaries/",
    description="No IAM",
    policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "NotAction": ["iam:*", "organizations:*"],
                    "Resource": "*",
                }
            ],
        }
    ),
)
deploy = aws.iam.Role(
    "adr-deploy",
    name="github-deploy",
    assume_role_policy=trust.json,
    permissions_boundary=boundary.arn,
    max_session_duration=7200,
    tags={"Generation": generation},
)
aws.iam.RolePolicyAttachment(
    "adr-admin", role=deploy.name, policy_arn=aws.iam.ManagedPolicy.ADMINISTRATOR_ACCESS
)
aws.iam.RolePolicyAttachment(
    "adr-ro",
    role=deploy,
    policy_arn=f"arn:{part.partition}:iam::aws:policy/ReadOnlyAccess",
)
aws.iam.RolePolicy(
    "adr-assume",
    role=deploy.name,
    name="assume-cdk",
    policy=aws.iam.get_policy_document(
        version="2012-10-17",
        statements=[
            {
                "sid": "One",
                "actions": ["sts:AssumeRole"],
                "resources": [f"arn:aws:iam::{me.account_id}:role/cdk-*"],
            },
            {"sid": "Two", "actions": ["s3:ListAllMyBuckets"], "resources": ["*"]},
        ],
    ).json,
)
cross = aws.iam.Role(
    "adr-cross",
    assume_role_policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Allow",
                "Principal": {
                    "AWS": ["arn:aws:iam::123456789012:root", "210987654321"]
                },
                "Action": "sts:AssumeRole",
                "Condition": {
                    "StringEquals": {"sts:ExternalId": "abc"},
                    "Bool": {"aws:MultiFactorAuthPresent": "true"},
                    "NumericLessThan": {"aws:MultiFactorAuthAge": 3600},
                },
            },
        }
    ),
    force_detach_policies=True,
)
eks = aws.iam.Role(
    "adr-irsa",
    assume_role_policy=aws.iam.get_policy_document(
        statements=[
            {
                "actions": ["sts:AssumeRole", "sts:TagSession"],
                "principals": [
                    {"type": "Service", "identifiers": ["pods.eks.amazonaws.com"]}
                ],
            }
        ]
    ).json,
    managed_policy_arns=["arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy"],
    inline_policies=[
        {
            "name": "x",
            "policy": json.dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
                }
            ),
        }
    ],
)
profile = aws.iam.InstanceProfile("adr-inst", role=cross.name)
group = aws.iam.Group("adr-devs", path="/teams/")
user = aws.iam.User(
    "adr-alice",
    name="alice",
    path="/teams/",
    force_destroy=True,
    tags={"Generation": generation},
)
aws.iam.UserGroupMembership("adr-alice", user=user.name, groups=[group.name])
aws.iam.GroupPolicyAttachment(
    "adr-devs",
    group=group.name,
    policy_arn="arn:aws:iam::aws:policy/job-function/ViewOnlyAccess",
)
key = aws.iam.AccessKey("adr-alice", user=user.name)
aws.iam.AccountPasswordPolicy(
    "adr-strict",
    minimum_password_length=14,
    require_symbols=True,
    require_numbers=True,
    allow_users_to_change_password=True,
    password_reuse_prevention=24,
)
aws.iam.ServiceLinkedRole("adr-ecs", aws_service_name="ecs.amazonaws.com")
managed = aws.iam.get_policy(name="AmazonS3ReadOnlyAccess")
pulumi.export("adr policy arn", managed.arn)
pulumi.export("adr role", deploy.arn)
pulumi.export("adr unique", deploy.unique_id)
pulumi.export("adr oidc", oidc.arn)
pulumi.export("adr key", key.id)
pulumi.export("adr secret", key.secret)
pulumi.export("adr profile", profile.arn)
