"""What the emulator does differently from AWS; a limit that is gone fails here."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.rehearsal.aws.world import World
from trivium_rehearsal.aws.calls import Calls, RefusedError


def _a_version_deletes_its_guardrail(call: Calls, world: World) -> None:
    made = call(
        "bedrock.create_guardrail",
        name="gone",
        blockedInputMessaging="no",
        blockedOutputsMessaging="no",
    )
    identity = made["guardrailId"]
    version = call("bedrock.create_guardrail_version", guardrailIdentifier=identity)[
        "version"
    ]
    call(
        "bedrock.delete_guardrail",
        guardrailIdentifier=identity,
        guardrailVersion=version,
    )
    assert (
        call.maybe(
            "bedrock.get_guardrail",
            "ResourceNotFoundException",
            guardrailIdentifier=identity,
        )
        is None
    )


def _versioning_of_a_locked_bucket_can_be_suspended(call: Calls, world: World) -> None:
    suspended = {"Status": "Suspended"}
    call(
        "s3.put_bucket_versioning",
        Bucket=world.locked_bucket,
        VersioningConfiguration=suspended,
    )
    call(
        "s3.put_bucket_versioning",
        Bucket=world.locked_bucket,
        VersioningConfiguration={"Status": "Enabled"},
    )


def _an_endpoint_in_no_network_is_accepted(call: Calls, world: World) -> None:
    made = call(
        "ec2.create_vpc_endpoint",
        VpcId="vpc-0123456789abcdef0",
        ServiceName="com.amazonaws.mars-1.tea",
    )
    call(
        "ec2.delete_vpc_endpoints",
        VpcEndpointIds=[made["VpcEndpoint"]["VpcEndpointId"]],
    )


def _a_flow_log_of_nothing_is_accepted(call: Calls, world: World) -> None:
    assert call(
        "ec2.create_flow_logs",
        ResourceIds=["vpc-0123456789abcdef0"],
        ResourceType="VPC",
    )["FlowLogIds"]


def _a_profile_of_an_unknown_model_is_accepted(call: Calls, world: World) -> None:
    source = {
        "copyFrom": "arn:aws:bedrock:us-east-1::foundation-model/nobody.nothing-v1"
    }
    call(
        "bedrock.create_inference_profile",
        inferenceProfileName="unknown",
        modelSource=source,
    )


def _invocations_leave_no_log(call: Calls, world: World) -> None:
    to_logs = {"logGroupName": world.log_group, "roleArn": world.role_arn}
    call(
        "bedrock.put_model_invocation_logging_configuration",
        loggingConfig={"cloudWatchConfig": to_logs, "textDataDeliveryEnabled": True},
    )
    call(
        "bedrock-runtime.converse",
        modelId="anthropic.claude-3-haiku-20240307-v1:0",
        messages=[{"role": "user", "content": [{"text": "hello"}]}],
    )
    call("bedrock.delete_model_invocation_logging_configuration")
    assert (
        call("logs.describe_log_streams", logGroupName=world.log_group)["logStreams"]
        == []
    )


def _refused_as_unknown(
    operation: str, **params: Any
) -> Callable[[Calls, World], None]:
    def check(call: Calls, world: World) -> None:
        with pytest.raises(RefusedError, match="does not implement this call"):
            call(operation, **params)

    return check


_OIDC = "arn:aws:iam::000000000000:oidc-provider/token.example.com"


def _a_policy_that_does_not_exist_can_be_attached(call: Calls, world: World) -> None:
    nothing = {
        "RoleName": world.role,
        "PolicyArn": "arn:aws:iam::000000000000:policy/nothing",
    }
    call("iam.attach_role_policy", **nothing)
    call("iam.detach_role_policy", **nothing)


def _a_subnet_in_no_network_is_accepted(call: Calls, world: World) -> None:
    made = call(
        "ec2.create_subnet", VpcId="vpc-0123456789abcdef0", CidrBlock="10.0.0.0/24"
    )
    call("ec2.delete_subnet", SubnetId=made["Subnet"]["SubnetId"])


def _a_route_to_no_gateway_is_accepted(call: Calls, world: World) -> None:
    route = {"RouteTableId": world.table, "DestinationCidrBlock": "192.0.2.0/24"}
    call("ec2.create_route", **route, GatewayId="igw-0123456789abcdef0")
    call("ec2.delete_route", **route)


def _a_malformed_bucket_policy_is_accepted(call: Calls, world: World) -> None:
    call("s3.put_bucket_policy", Bucket=world.other_bucket, Policy="{not json")
    call("s3.delete_bucket_policy", Bucket=world.other_bucket)


LIMITS: dict[str, Callable[[Calls, World], None]] = {
    "deleting a guardrail's version deletes the guardrail": (
        _a_version_deletes_its_guardrail
    ),
    "versioning of a bucket with object lock can be suspended": (
        _versioning_of_a_locked_bucket_can_be_suspended
    ),
    "an endpoint of an unknown service in an unknown network is accepted": (
        _an_endpoint_in_no_network_is_accepted
    ),
    "a managed policy that does not exist can be attached": (
        _a_policy_that_does_not_exist_can_be_attached
    ),
    "a subnet in an unknown network is accepted": _a_subnet_in_no_network_is_accepted,
    "a route to an unknown gateway is accepted": _a_route_to_no_gateway_is_accepted,
    "a flow log of an unknown network is accepted": _a_flow_log_of_nothing_is_accepted,
    "an inference profile of an unknown model is accepted": (
        _a_profile_of_an_unknown_model_is_accepted
    ),
    "a malformed bucket policy is accepted": _a_malformed_bucket_policy_is_accepted,
    "model invocations are not logged": _invocations_leave_no_log,
    "there are no organizations": _refused_as_unknown(
        "organizations.create_organization"
    ),
    "a log group's key cannot change": _refused_as_unknown(
        "logs.disassociate_kms_key", logGroupName="/world"
    ),
    "an identity provider's audiences cannot change": _refused_as_unknown(
        "iam.add_client_id_to_open_id_connect_provider",
        OpenIDConnectProviderArn=_OIDC,
        ClientID="c",
    ),
    "an identity provider cannot be tagged": _refused_as_unknown(
        "iam.tag_open_id_connect_provider",
        OpenIDConnectProviderArn=_OIDC,
        Tags=[{"Key": "a", "Value": "b"}],
    ),
    "a trail has no insights": _refused_as_unknown(
        "cloudtrail.put_insight_selectors",
        TrailName="none",
        InsightSelectors=[{"InsightType": "ApiCallRateInsight"}],
    ),
}
"""What AWS does and MiniStack 1.5.33 does not. A failing row is good news: say so in
the documentation."""


@pytest.mark.parametrize("limit", LIMITS.values(), ids=LIMITS.keys())
def test_known_limit_of_the_emulator(
    limit: Callable[[Calls, World], None], call: Calls, world: World
) -> None:
    limit(call, world)
