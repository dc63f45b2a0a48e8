"""The deployment's KMS keys: one encrypts, the other signs descriptors."""

import pulumi
from pulumi_aws import kms

from trivium_components import naming
from trivium_components.aws.policy import Statement, document, from_service
from trivium_components.component import Place

DELETION_DAYS = 30
"""The longest window that KMS offers."""


def encryption_key(name: str, args: Place, opts: pulumi.ResourceOptions) -> kms.Key:
    """The key that encrypts the audit store and the logs of the model API."""
    return kms.Key(
        f"{name}-encryption",
        description="Encrypts the audit store and the logs of the model API.",
        enable_key_rotation=True,
        deletion_window_in_days=DELETION_DAYS,
        policy=document(
            encryption_statements(args["environment"], args["account"], args["region"])
        ),
        tags=args["tags"],
        opts=opts,
    )


def signing_key(
    name: str,
    args: Place,
    signers: list[str],
    opts: pulumi.ResourceOptions,
    *,
    parent: pulumi.Resource,
) -> kms.Key:
    """An asymmetric key and its alias.

    The private half never leaves KMS, which does not rotate asymmetric keys. The
    application may not use the key: it would sign the rules that govern it.
    """
    key = kms.Key(
        f"{name}-signing",
        description="Signs deployment descriptors.",
        key_usage="SIGN_VERIFY",
        customer_master_key_spec="ECC_NIST_P256",
        deletion_window_in_days=DELETION_DAYS,
        policy=document(
            [
                account_statement(args["account"], args["region"]),
                *signer_statements(signers),
            ]
        ),
        tags=args["tags"],
        opts=opts,
    )
    kms.Alias(
        f"{name}-signing-alias",
        name=f"alias/{naming.dashed(args['environment'], 'signing', limit=250)}",
        target_key_id=key.key_id,
        opts=pulumi.ResourceOptions(parent=parent),
    )
    return key


def account_statement(account: str, region: str) -> Statement:
    """Delegate the key to the account's IAM policies.

    Without this statement, AWS could not administer the key either.
    """
    root = f"arn:{naming.aws_partition(region)}:iam::{account}:root"
    return {
        "Sid": "Account",
        "Effect": "Allow",
        "Principal": {"AWS": root},
        "Action": "kms:*",
        "Resource": "*",
    }


def encryption_statements(
    environment: str, account: str, region: str
) -> list[Statement]:
    """Admit the account, and three services for the logs of this account only.

    Sources: KMS sections of the Bedrock, CloudTrail and CloudWatch Logs user guides,
    read 2026-11-22.
    """
    bedrock = f"arn:{naming.aws_partition(region)}:bedrock:{region}:{account}:*"
    return [
        account_statement(account, region),
        {
            "Sid": "Bedrock",
            "Effect": "Allow",
            "Action": ["kms:GenerateDataKey", "kms:Decrypt"],
            "Resource": "*",
            **from_service("bedrock.amazonaws.com", account=account, source=bedrock),
        },
        {
            "Sid": "CloudTrail",
            "Effect": "Allow",
            "Action": ["kms:GenerateDataKey*", "kms:DescribeKey"],
            "Resource": "*",
            **from_service(
                "cloudtrail.amazonaws.com",
                source=naming.trail_arn(environment, account, region),
            ),
        },
        _log_groups_statement(account, region),
    ]


def _log_groups_statement(account: str, region: str) -> Statement:
    """Lets CloudWatch Logs encrypt the log groups of this account."""
    log_groups = (
        f"arn:{naming.aws_partition(region)}:logs:{region}:{account}:log-group:*"
    )
    return {
        "Sid": "CloudWatchLogs",
        "Effect": "Allow",
        "Principal": {"Service": f"logs.{region}.amazonaws.com"},
        "Action": [
            "kms:Encrypt*",
            "kms:Decrypt*",
            "kms:ReEncrypt*",
            "kms:GenerateDataKey*",
            "kms:Describe*",
        ],
        "Resource": "*",
        "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": log_groups}},
    }


def signer_statements(signers: list[str]) -> list[Statement]:
    """Lets exactly `signers` sign and read the public half."""
    if not signers:
        return []
    return [
        {
            "Sid": "Sign",
            "Effect": "Allow",
            "Principal": {"AWS": sorted(signers)},
            "Action": ["kms:Sign", "kms:GetPublicKey"],
            "Resource": "*",
        }
    ]
