"""One local emulator for the tests of a process, and the resources that others refer
to."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.rehearsal.aws.world import TRUST, World, policy
from trivium_rehearsal.aws import executors
from trivium_rehearsal.aws.calls import Calls, Cloud
from trivium_rehearsal.execution import Executors, Properties
from trivium_rehearsal.ministack import MiniStack
from trivium_rehearsal.toolchain.ministack import ensure_ministack


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MiniStack]:
    folder = tmp_path_factory.mktemp("ministack")
    with MiniStack(folder, ensure_ministack(), folder / "log") as running:
        yield running


@pytest.fixture(scope="session")
def types(emulator: MiniStack) -> Executors:
    return executors(emulator.url)


@pytest.fixture(scope="session")
def call(emulator: MiniStack) -> Calls:
    """AWS itself, past the executors, to see what they did."""
    return Calls(Cloud(emulator.url), "test")


@pytest.fixture(scope="session")
def world(types: Executors, call: Calls) -> World:
    def make(token: str, **inputs: Any) -> Properties:
        return types[token].create(inputs).outputs

    key, other = make("aws:kms/key:Key"), make("aws:kms/key:Key")
    role = make("aws:iam/role:Role", name="world", assumeRolePolicy=TRUST)
    vpc = make("aws:ec2/vpc:Vpc", cidrBlock="10.9.0.0/16")["id"]
    logs = make("aws:cloudwatch/logGroup:LogGroup", name="/world")
    gateway = call("ec2.create_internet_gateway")["InternetGateway"][
        "InternetGatewayId"
    ]
    call("ec2.attach_internet_gateway", InternetGatewayId=gateway, VpcId=vpc)
    return World(
        gateway=gateway,
        bucket=make("aws:s3/bucket:Bucket", bucket="world")["id"],
        logs_bucket=make("aws:s3/bucket:Bucket", bucket="world-logs")["id"],
        other_bucket=make("aws:s3/bucket:Bucket", bucket="world-other")["id"],
        locked_bucket=make(
            "aws:s3/bucket:Bucket", bucket="world-locked", objectLockEnabled=True
        )["id"],
        key_arn=key["arn"],
        other_key_arn=other["arn"],
        role=role["name"],
        role_arn=role["arn"],
        policy_arn=make("aws:iam/policy:Policy", name="world", policy=policy())["arn"],
        vpc=vpc,
        subnet=make("aws:ec2/subnet:Subnet", vpcId=vpc, cidrBlock="10.9.1.0/24")["id"],
        other_subnet=make("aws:ec2/subnet:Subnet", vpcId=vpc, cidrBlock="10.9.2.0/24")[
            "id"
        ],
        table=make("aws:ec2/routeTable:RouteTable", vpcId=vpc)["id"],
        group=make("aws:ec2/securityGroup:SecurityGroup", name="world", vpcId=vpc)[
            "id"
        ],
        other_group=make(
            "aws:ec2/securityGroup:SecurityGroup", name="world-2", vpcId=vpc
        )["id"],
        log_group=logs["name"],
        log_group_arn=logs["arn"],
        topic_arn=make("aws:sns/topic:Topic", name="world")["arn"],
        guardrail_arn=make(
            "aws:bedrock/guardrail:Guardrail",
            name="world",
            blockedInputMessaging="no",
            blockedOutputsMessaging="no",
            wordPolicyConfig={"wordsConfigs": [{"text": "secret"}]},
        )["guardrailArn"],
    )
