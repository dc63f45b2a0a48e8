"""One component in a program of your own: a write-once audit store.

    make preview PROJECT=examples/one_component STACK=dev

The policy pack judges the resources of the component in every program.
"""

import json

import pulumi
import pulumi_aws as aws

from trivium_components.aws.audit_store import AwsAuditStore
from trivium_components.retention import PRESETS

ACCOUNT = "111122223333"

trust = {
    "Effect": "Allow",
    "Principal": {"Service": "ecs-tasks.amazonaws.com"},
    "Action": "sts:AssumeRole",
    "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
}
service = aws.iam.Role(
    "claims",
    assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
)

store = AwsAuditStore(
    "audit",
    {
        "environment": "claims-dev",
        "account": ACCOUNT,
        "region": "eu-central-1",
        "retention_days": PRESETS["eu-ai-act-6m"].days,
        "lock": "unlocked",
        "writer": service.arn,
        "signing_key": False,
        "signers": [],
        "tags": {"owner": "claims"},
    },
)

pulumi.export("uri", store.uri)
pulumi.export("encryption_key", store.encryption_key)
