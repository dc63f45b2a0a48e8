"""AWS resource types against a real local emulator: what is made can be read, changed
and removed."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.rehearsal.aws.trips import GUARDRAIL, TRIPS, Trip
from tests.rehearsal.aws.world import TRUST, World
from trivium_rehearsal.aws import EXECUTED, NOT_KEPT, executors
from trivium_rehearsal.aws.calls import Calls
from trivium_rehearsal.aws.ec2.routes import RouteTable
from trivium_rehearsal.aws.kept import differences
from trivium_rehearsal.execution import ExecutionError, Executors
from trivium_rehearsal.ministack import MiniStack
from trivium_rehearsal.processes import free_port


def as_floats(value: Any) -> Any:
    """Numbers as the provider protocol brings them."""
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, dict):
        return {key: as_floats(item) for key, item in value.items()}
    return [as_floats(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("trip", TRIPS.values(), ids=TRIPS.keys())
def test_is_created_read_updated_and_deleted_as_written(
    trip: Trip, types: Executors, world: World
) -> None:
    it = types[trip.token]
    first = trip.first(world)
    created = it.create(as_floats(first))
    state = created.outputs
    try:
        assert differences(first, created.outputs) == []
        assert [
            name
            for name in trip.promised
            if created.outputs.get(name) in (None, "", [], {})
        ] == []
        assert it.read(created.id, created.outputs) == created.outputs
        imported = it.read(
            f"{created.id}@{first['region']}" if "region" in first else created.id, {}
        )
        assert imported is not None
        assert imported["id"] == created.id
        if trip.second is not None:
            second = trip.second(world)
            state = it.update(created.id, state, as_floats(second))
            assert differences(second, state) == []
            assert [
                key
                for key in first
                if key not in second
                and key != "policy"
                and state.get(key) == first[key]
            ] == []
            assert it.read(created.id, state) == state
    finally:
        it.delete(created.id, state)
    assert (it.read(created.id, state) is None) is not bool(trip.remains)
    it.delete(created.id, state)


def test_every_executed_type_makes_the_trip() -> None:
    assert {trip.token for trip in TRIPS.values()} == EXECUTED


def test_tokens_are_those_of_the_provider_sdk() -> None:
    import re
    from pathlib import Path

    pulumi_aws = pytest.importorskip("pulumi_aws")
    registered = re.findall(
        r'"(aws:[\w/-]+:\w+)"',
        (Path(pulumi_aws.__path__[0]) / "__init__.py").read_text(),
    )
    assert EXECUTED - set(registered) == set()
    assert set(NOT_KEPT) - set(registered) == set()


def test_an_error_names_operation_code_and_remedy(
    types: Executors, world: World
) -> None:
    with pytest.raises(
        ExecutionError,
        match=r"iam/role:Role: iam\.create_role.*EntityAlreadyExists.*make down",
    ):
        types["aws:iam/role:Role"].create(
            {"name": world.role, "assumeRolePolicy": TRUST}
        )


def test_a_parameter_that_boto3_refuses_is_named(types: Executors) -> None:
    with pytest.raises(
        ExecutionError,
        match=r"logs\.put_retention_policy was not sent.*retentionInDays",
    ) as refused:
        types["aws:cloudwatch/logGroup:LogGroup"].create(
            {"name": "/half-made", "retentionInDays": "six years"}
        )
    assert "six years" not in str(refused.value)


def test_a_resource_without_name_is_refused(types: Executors) -> None:
    with pytest.raises(ExecutionError, match="neither `name` nor `namePrefix` is set"):
        types["aws:cloudwatch/logGroup:LogGroup"].create({})


def test_a_prefix_makes_a_name(types: Executors) -> None:
    groups = types["aws:cloudwatch/logGroup:LogGroup"]
    created = groups.create({"namePrefix": "/some-"})
    groups.delete(created.id, created.outputs)
    assert created.outputs["name"].startswith("/some-")
    assert created.outputs["namePrefix"] == "/some-"


def test_a_silent_emulator_is_named_with_the_remedy() -> None:
    nobody = executors(f"http://127.0.0.1:{free_port()}")
    with pytest.raises(
        ExecutionError, match=r"no answer from the local AWS emulator.*make up"
    ):
        nobody["aws:s3/bucket:Bucket"].read("b", {})


def test_a_failed_creation_leaves_nothing_behind(types: Executors, call: Calls) -> None:
    groups = types["aws:cloudwatch/logGroup:LogGroup"]
    with pytest.raises(ExecutionError):
        groups.create({"name": "/half-made-too", "retentionInDays": "six years"})
    assert (
        call("logs.describe_log_groups", logGroupNamePrefix="/half-made-too")[
            "logGroups"
        ]
        == []
    )


def test_what_the_emulator_drops_is_an_error_not_a_pretence(
    types: Executors, world: World
) -> None:
    reserved = {"vpcId": world.vpc, "cidrBlock": "10.9.77.0/24", "ofTomorrow": {"a": 1}}
    with pytest.raises(ExecutionError, match="did not keep `ofTomorrow`"):
        types["aws:ec2/subnet:Subnet"].create(reserved)


def test_many_resources_at_once_do_not_disturb_each_other(emulator: MiniStack) -> None:
    fresh = executors(emulator.url)

    def live(number: int) -> str:
        region = ("us-east-1", "eu-west-1", "ap-northeast-1")[number % 3]
        groups, vpcs = (
            fresh["aws:cloudwatch/logGroup:LogGroup"],
            fresh["aws:ec2/vpc:Vpc"],
        )
        group = groups.create(
            {"name": f"/many/{number}", "retentionInDays": 1, "region": region}
        )
        vpc = vpcs.create({"cidrBlock": f"10.{number}.0.0/16", "region": region})
        vpcs.delete(vpc.id, vpc.outputs)
        groups.delete(group.id, group.outputs)
        return (
            f"{group.outputs['arn'].split(':')[3]} {vpc.outputs['arn'].split(':')[3]}"
        )

    with ThreadPoolExecutor(8) as pool:
        regions = list(pool.map(live, range(24)))
    assert set(regions) == {
        "us-east-1 us-east-1",
        "eu-west-1 eu-west-1",
        "ap-northeast-1 ap-northeast-1",
    }


def test_object_lock_without_a_default_retention_is_a_configuration_too(
    types: Executors, world: World
) -> None:
    locks = types["aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"]
    created = locks.create(
        {"bucket": world.locked_bucket, "objectLockEnabled": "Enabled"}
    )
    assert locks.read(created.id, created.outputs) == created.outputs


class Recorder(Calls):
    """Calls to an EC2 that answers as the API reference says, with one route to an
    endpoint."""

    def __init__(self) -> None:
        self.made: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, operation: str, **params: Any) -> dict[str, Any]:
        self.made.append((operation, params))
        return {}

    def maybe(self, operation: str, *codes: str, **params: Any) -> dict[str, Any]:
        there = {"DestinationCidrBlock": "10.1.0.0/16", "GatewayId": "vpce-1"}
        route = {**there, "Origin": "CreateRoute"}
        return {"RouteTables": [{"VpcId": "vpc-1", "Routes": [route]}]}


def test_an_updated_route_table_keeps_its_way_to_an_endpoint() -> None:
    there = {"cidrBlock": "10.1.0.0/16", "vpcEndpointId": "vpce-1"}
    moved = {"cidrBlock": "10.2.0.0/16", "vpcEndpointId": "vpce-2"}
    ec2 = Recorder()
    RouteTable().change(ec2, "rtb-1", {"routes": [there]}, {"routes": [there, moved]})
    assert ec2.made == [
        (
            "ec2.create_route",
            {
                "RouteTableId": "rtb-1",
                "DestinationCidrBlock": "10.2.0.0/16",
                "VpcEndpointId": "vpce-2",
            },
        )
    ]
    told = RouteTable().look(ec2, "rtb-1", {"routes": [there]}) or {}
    assert told["routes"] == [there]


def test_default_tags_stay_out_of_a_resources_own_tags(types: Executors) -> None:
    keys = types["aws:kms/key:Key"]
    created = keys.create(
        {"tags": {"own": "1"}, "tagsAll": {"own": "1", "default": "2"}}
    )
    assert created.outputs["tags"] == {"own": "1"}
    assert created.outputs["tagsAll"] == {"own": "1", "default": "2"}
    assert keys.read(created.id, created.outputs) == created.outputs


def test_drift_shows_in_a_read(types: Executors, call: Calls, world: World) -> None:
    blocks = types["aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"]
    created = blocks.create(
        {
            "bucket": world.other_bucket,
            "blockPublicAcls": True,
            "blockPublicPolicy": True,
        }
    )
    weaker = {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": False,
        "IgnorePublicAcls": False,
        "RestrictPublicBuckets": False,
    }
    call(
        "s3.put_public_access_block",
        Bucket=world.other_bucket,
        PublicAccessBlockConfiguration=weaker,
    )
    told = blocks.read(created.id, created.outputs)
    assert told == {**created.outputs, "blockPublicPolicy": False}


def test_a_policy_taken_off_a_guardrail_is_gone(types: Executors, call: Calls) -> None:
    guardrails = types["aws:bedrock/guardrail:Guardrail"]
    created = guardrails.create({**GUARDRAIL, "name": "lighter"})
    left = {
        key: GUARDRAIL[key]
        for key in (
            "blockedInputMessaging",
            "blockedOutputsMessaging",
            "wordPolicyConfig",
        )
    }
    updated = guardrails.update(
        created.id, created.outputs, {**left, "name": "lighter"}
    )
    assert "topicPolicyConfig" not in updated
    told = call(
        "bedrock.get_guardrail", guardrailIdentifier=created.outputs["guardrailId"]
    )
    assert "contentPolicy" not in told
    guardrails.delete(created.id, updated)


def test_a_guardrail_blocks_what_it_was_told_to(
    types: Executors, call: Calls, world: World
) -> None:
    def applied(text: str) -> str:
        answer = call(
            "bedrock-runtime.apply_guardrail",
            guardrailIdentifier=world.guardrail_arn.rpartition("/")[2],
            guardrailVersion="DRAFT",
            source="INPUT",
            content=[{"text": {"text": text}}],
        )
        return str(answer["action"])

    assert applied("the secret is out") == "GUARDRAIL_INTERVENED"
    assert applied("good morning") == "NONE"
