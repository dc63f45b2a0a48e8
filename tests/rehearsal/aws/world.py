"""What the AWS resources under test refer to."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from trivium_rehearsal.execution import Properties

S3_LIST = "pl-63a5400a"
"""S3's prefix list in us-east-1."""

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "bedrock.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)


def policy(action: str = "s3:GetObject", resource: str = "*", **more: Any) -> str:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@dataclass(frozen=True)
class World:
    """What the resources under test refer to."""

    bucket: str
    logs_bucket: str
    other_bucket: str
    locked_bucket: str
    key_arn: str
    other_key_arn: str
    role: str
    role_arn: str
    policy_arn: str
    vpc: str
    subnet: str
    other_subnet: str
    table: str
    group: str
    other_group: str
    log_group: str
    log_group_arn: str
    topic_arn: str
    guardrail_arn: str
    gateway: str
    """An internet gateway of `vpc`, which no executor makes."""


Inputs = Callable[[World], Properties]
