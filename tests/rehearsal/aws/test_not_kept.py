"""What the emulator drops stays in the state, and is listed."""

import pytest

from tests.rehearsal.aws.trips import GUARDRAIL
from tests.rehearsal.aws.world import S3_LIST, Inputs, World, policy
from trivium_rehearsal.aws import NOT_KEPT
from trivium_rehearsal.aws.calls import Calls
from trivium_rehearsal.aws.executed import Executed
from trivium_rehearsal.aws.kept import differences, without
from trivium_rehearsal.execution import Executors

DROPPED: dict[str, Inputs] = {
    "aws:s3/bucket:Bucket": lambda w: {
        "bucket": "dropping",
        "accelerationStatus": "Enabled",
        "acl": "private",
        "bucketNamespace": "global",
        "corsRules": [{"allowedMethods": ["GET"], "allowedOrigins": ["*"]}],
        "grants": [{"type": "Group", "permissions": ["READ"], "uri": "u"}],
        "lifecycleRules": [{"enabled": True, "expiration": {"days": 1}}],
        "logging": {"targetBucket": w.logs_bucket},
        "replicationConfiguration": {
            "role": w.role_arn,
            "rules": [{"status": "Enabled"}],
        },
        "requestPayer": "Requester",
        "versioning": {"enabled": True, "mfaDelete": True},
        "website": {"indexDocument": "index.html"},
    },
    "aws:s3/bucketVersioning:BucketVersioning": lambda w: {
        "bucket": w.other_bucket,
        "versioningConfiguration": {"status": "Enabled", "mfaDelete": "Enabled"},
    },
    "aws:cloudtrail/trail:Trail": lambda w: {
        "name": "dropping",
        "s3BucketName": w.logs_bucket,
        "insightSelectors": [{"insightType": "ApiCallRateInsight"}],
    },
    "aws:ec2/vpcEndpoint:VpcEndpoint": lambda w: {
        "vpcId": w.vpc,
        "serviceName": "com.amazonaws.us-east-1.bedrock",
        "vpcEndpointType": "Interface",
        "securityGroupIds": [w.group],
        "privateDnsEnabled": True,
        "ipAddressType": "ipv4",
        "resourceConfigurationArn": (
            "arn:aws:vpc-lattice:us-east-1:000000000000:resourceconfiguration/r"
        ),
        "serviceNetworkArn": (
            "arn:aws:vpc-lattice:us-east-1:000000000000:servicenetwork/s"
        ),
        "serviceRegion": "us-east-1",
        "dnsOptions": {"dnsRecordIpType": "ipv4"},
        "policy": policy(Principal="*"),
    },
    "aws:ec2/flowLog:FlowLog": lambda w: {
        "vpcId": w.vpc,
        "trafficType": "REJECT",
        "logDestinationType": "s3",
        "logDestination": f"arn:aws:s3:::{w.bucket}",
        "iamRoleArn": w.role_arn,
        "maxAggregationInterval": 60,
        "logFormat": "${srcaddr}",
        "deliverCrossAccountRole": w.role_arn,
        "regionalNatGatewayId": "nat-1",
        "tagFieldSpecifications": [{"resourceType": "vpc", "tagKeys": ["a"]}],
        "destinationOptions": {
            "fileFormat": "parquet",
            "hiveCompatiblePartitions": True,
        },
    },
    "aws:ec2/routeTable:RouteTable": lambda w: {
        "vpcId": w.vpc,
        "routes": [
            {"cidrBlock": "10.50.0.0/16", "gatewayId": w.gateway},
            {"cidrBlock": "10.51.0.0/16", "vpcEndpointId": "vpce-0123456789abcdef0"},
        ],
    },
    "aws:ec2/vpc:Vpc": lambda w: {
        "cidrBlock": "10.7.0.0/16",
        "assignGeneratedIpv6CidrBlock": True,
        "enableNetworkAddressUsageMetrics": True,
        "ipv6CidrBlock": "2600:1f00::/56",
        "ipv6CidrBlockNetworkBorderGroup": "us-east-1",
    },
    "aws:ec2/subnet:Subnet": lambda w: {
        "vpcId": w.vpc,
        "cidrBlock": "10.9.78.0/24",
        "ipv6CidrBlock": "2600:1f00::/64",
        "assignIpv6AddressOnCreation": True,
        "enableDns64": True,
        "ipv6Native": True,
        "customerOwnedIpv4Pool": "pool",
        "enableLniAtDeviceIndex": 1,
        "mapCustomerOwnedIpOnLaunch": True,
        "outpostArn": "arn:aws:outposts:us-east-1:000000000000:outpost/op-1",
    },
    "aws:ec2/securityGroup:SecurityGroup": lambda w: {
        "name": "dropping",
        "vpcId": w.vpc,
        "ingress": [
            {
                "protocol": "tcp",
                "fromPort": 1,
                "toPort": 2,
                "cidrBlocks": ["10.0.0.0/8"],
                "prefixListIds": [S3_LIST],
            }
        ],
        "egress": [
            {
                "protocol": "tcp",
                "fromPort": 443,
                "toPort": 443,
                "prefixListIds": [S3_LIST],
            }
        ],
    },
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": lambda w: {
        "securityGroupId": w.group,
        "ipProtocol": "tcp",
        "fromPort": 444,
        "toPort": 444,
        "prefixListId": S3_LIST,
    },
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": lambda w: {
        "securityGroupId": w.group,
        "ipProtocol": "tcp",
        "fromPort": 444,
        "toPort": 444,
        "prefixListId": S3_LIST,
    },
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": lambda w: {
        "bucket": w.other_bucket,
        "rules": [
            {"id": "old", "status": "Enabled", "prefix": "x", "expiration": {"days": 1}}
        ],
        "transitionDefaultMinimumObjectSize": "varies_by_storage_class",
    },
    "aws:cloudwatch/logGroup:LogGroup": lambda w: {
        "name": "/dropping",
        "deletionProtectionEnabled": True,
    },
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": lambda w: {
        "name": "dropping",
        "logGroupName": w.log_group,
        "pattern": "x",
        "metricTransformation": {"name": "a", "namespace": "b", "value": "1"},
        "applyOnTransformedLogs": True,
    },
    "aws:cloudwatch/metricAlarm:MetricAlarm": lambda w: {
        "name": "dropping",
        "comparisonOperator": "GreaterThanThreshold",
        "evaluationPeriods": 1,
        "threshold": 1,
        "evaluateLowSampleCountPercentiles": "ignore",
        "evaluationCriteria": {"promqlCriteria": {"query": "up"}},
        "evaluationInterval": 60,
        "evaluationWindow": 60,
        "warmUpConfiguration": {"periods": 1},
        "metricQueries": [{"id": "e", "expression": "m * 2", "returnData": True}],
    },
    "aws:bedrock/guardrail:Guardrail": lambda w: {
        **GUARDRAIL,
        "name": "dropping",
        "crossRegionConfig": {"guardrailProfileIdentifier": "us.guardrail.v1:0"},
    },
    "aws:bedrock/guardrailVersion:GuardrailVersion": lambda w: {
        "guardrailArn": w.guardrail_arn,
        "description": "first",
    },
}


def test_every_property_not_kept_is_tried(world: World) -> None:
    tried = {
        (token, path)
        for token, paths in NOT_KEPT.items()
        for path in paths
        if without(DROPPED[token](world), path) != DROPPED[token](world)
    }
    assert tried == {
        (token, path) for token, paths in NOT_KEPT.items() for path in paths
    }


@pytest.mark.parametrize("token", NOT_KEPT)
def test_what_is_not_kept_stays_in_the_state_as_written(
    token: str, types: Executors, world: World
) -> None:
    wanted = DROPPED[token](world)
    created = types[token].create(wanted)
    assert differences(wanted, created.outputs) == []
    assert types[token].read(created.id, created.outputs) == created.outputs
    types[token].delete(created.id, created.outputs)


@pytest.mark.parametrize("token", NOT_KEPT)
def test_the_emulator_still_drops_what_is_listed_as_not_kept(
    token: str, types: Executors, world: World, call: Calls
) -> None:
    executed = types[token]
    assert isinstance(executed, Executed)
    wanted = DROPPED[token](world)
    made = executed.kind.make(call, wanted)
    told = executed.kind.look(call, made, wanted) or {}
    executed.kind.remove(call, made, told)
    lost = {path.partition(".")[0] for path in differences(wanted, told)}
    assert lost == {path.partition(".")[0] for path in NOT_KEPT[token]}, (
        "update NOT_KEPT: the emulator has changed"
    )
