"""AWS resource types against a real local emulator: what is made can be read, changed and removed."""

import json
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from trivium_rehearsal.aws import EXECUTED, NOT_KEPT, executors
from trivium_rehearsal.aws.calls import Calls, Cloud, RefusedError
from trivium_rehearsal.aws.executed import Executed
from trivium_rehearsal.aws.kept import differences, without
from trivium_rehearsal.execution import ExecutionError, Executors, Properties
from trivium_rehearsal.ministack import MiniStack
from trivium_rehearsal.processes import free_port
from trivium_rehearsal.toolchain.ministack import ensure_ministack

S3_LIST = "pl-63a5400a"
"""S3's prefix list in us-east-1."""

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "bedrock.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)


def policy(action: str = "s3:GetObject", resource: str = "*", **more: Any) -> str:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


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


@pytest.fixture(scope="session")
def world(types: Executors, call: Calls) -> World:
    def make(token: str, **inputs: Any) -> Properties:
        return types[token].create(inputs).outputs

    key, other = make("aws:kms/key:Key"), make("aws:kms/key:Key")
    role = make("aws:iam/role:Role", name="world", assumeRolePolicy=TRUST)
    vpc = make("aws:ec2/vpc:Vpc", cidrBlock="10.9.0.0/16")["id"]
    logs = make("aws:cloudwatch/logGroup:LogGroup", name="/world")
    gateway = call("ec2.create_internet_gateway")["InternetGateway"]["InternetGatewayId"]
    call("ec2.attach_internet_gateway", InternetGatewayId=gateway, VpcId=vpc)
    return World(
        gateway=gateway,
        bucket=make("aws:s3/bucket:Bucket", bucket="world")["id"],
        logs_bucket=make("aws:s3/bucket:Bucket", bucket="world-logs")["id"],
        other_bucket=make("aws:s3/bucket:Bucket", bucket="world-other")["id"],
        locked_bucket=make("aws:s3/bucket:Bucket", bucket="world-locked", objectLockEnabled=True)["id"],
        key_arn=key["arn"],
        other_key_arn=other["arn"],
        role=role["name"],
        role_arn=role["arn"],
        policy_arn=make("aws:iam/policy:Policy", name="world", policy=policy())["arn"],
        vpc=vpc,
        subnet=make("aws:ec2/subnet:Subnet", vpcId=vpc, cidrBlock="10.9.1.0/24")["id"],
        other_subnet=make("aws:ec2/subnet:Subnet", vpcId=vpc, cidrBlock="10.9.2.0/24")["id"],
        table=make("aws:ec2/routeTable:RouteTable", vpcId=vpc)["id"],
        group=make("aws:ec2/securityGroup:SecurityGroup", name="world", vpcId=vpc)["id"],
        other_group=make("aws:ec2/securityGroup:SecurityGroup", name="world-2", vpcId=vpc)["id"],
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


Inputs = Callable[[World], Properties]


@dataclass(frozen=True)
class Trip:
    """A life: made with `first`, changed to `second` (None: everything replaces), seen to have `promised`."""

    token: str
    first: Inputs
    second: Inputs | None = None
    promised: tuple[str, ...] = ()
    """Outputs that must be there and not empty."""
    remains: str = ""
    """Why reading finds something after the deletion."""


_LOCK = {"defaultRetention": {"mode": "COMPLIANCE", "days": 1}}
_GUARDRAIL = {
    "name": "trip",
    "blockedInputMessaging": "blocked",
    "blockedOutputsMessaging": "withheld",
    "contentPolicyConfig": {
        "filtersConfigs": [{"type": "HATE", "inputStrength": "HIGH", "outputStrength": "HIGH"}],
        "tierConfigs": [{"tierName": "CLASSIC"}],
    },
    "sensitiveInformationPolicyConfig": {
        "piiEntitiesConfigs": [{"type": "EMAIL", "action": "ANONYMIZE"}],
        "regexesConfigs": [{"name": "account", "pattern": "[0-9]{12}", "action": "BLOCK", "description": "ids"}],
    },
    "topicPolicyConfig": {
        "topicsConfigs": [{"name": "advice", "definition": "Medical advice", "type": "DENY", "examples": ["a dose?"]}]
    },
    "wordPolicyConfig": {
        "wordsConfigs": [{"text": "codename"}],
        "managedWordListsConfigs": [{"type": "PROFANITY"}],
    },
    "contextualGroundingPolicyConfig": {"filtersConfigs": [{"type": "GROUNDING", "threshold": 0.75}]},
}
_MANAGEMENT = {"name": "management", "fieldSelectors": [{"field": "eventCategory", "equals": ["Management"]}]}
_BEDROCK_DATA = {
    "name": "guardrails",
    "fieldSelectors": [
        {"field": "eventCategory", "equals": ["Data"]},
        {"field": "resources.type", "equals": ["AWS::Bedrock::Guardrail"]},
        {"field": "eventName", "notStartsWiths": ["List"]},
    ],
}

TRIPS = {
    "a bucket": Trip(
        "aws:s3/bucket:Bucket",
        lambda w: {"bucket": "trip", "tags": {"team": "a"}, "forceDestroy": False},
        lambda w: {"bucket": "trip", "tags": {"team": "b", "cost": "1"}, "forceDestroy": True},
        ("arn", "bucketDomainName", "bucketRegionalDomainName", "bucketRegion", "hostedZoneId", "tagsAll"),
    ),
    "a bucket with object lock in another Region": Trip(
        "aws:s3/bucket:Bucket",
        lambda w: {"bucket": "trip-eu", "region": "eu-west-1", "objectLockEnabled": True, "tags": {"a": "b"}},
        lambda w: {"bucket": "trip-eu", "region": "eu-west-1", "objectLockEnabled": True},
        ("objectLockEnabled",),
    ),
    "a bucket with the older inline settings": Trip(
        "aws:s3/bucket:Bucket",
        lambda w: {
            "bucket": "trip-inline",
            "versioning": {"enabled": True},
            "serverSideEncryptionConfiguration": {
                "rule": {
                    "applyServerSideEncryptionByDefault": {
                        "sseAlgorithm": "aws:kms",
                        "kmsMasterKeyId": w.key_arn,
                    },
                    "bucketKeyEnabled": True,
                }
            },
            "policy": policy(resource="arn:aws:s3:::trip-inline/*", Principal={"AWS": w.role_arn}),
        },
        lambda w: {"bucket": "trip-inline", "versioning": {"enabled": False}},
    ),
    "versioning": Trip(
        "aws:s3/bucketVersioning:BucketVersioning",
        lambda w: {"bucket": w.bucket, "versioningConfiguration": {"status": "Enabled"}},
        lambda w: {"bucket": w.bucket, "versioningConfiguration": {"status": "Suspended"}},
        remains="versioning can be suspended, not removed",
    ),
    "the default retention": Trip(
        "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
        lambda w: {"bucket": w.locked_bucket, "rule": _LOCK},
        lambda w: {
            "bucket": w.locked_bucket,
            "rule": {"defaultRetention": {"mode": "GOVERNANCE", "years": 7}},
        },
        ("objectLockEnabled",),
    ),
    "the public access block": Trip(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        lambda w: {"bucket": w.bucket, "blockPublicAcls": True},
        lambda w: {
            "bucket": w.bucket,
            "blockPublicAcls": True,
            "blockPublicPolicy": True,
            "ignorePublicAcls": True,
            "restrictPublicBuckets": True,
        },
    ),
    "default encryption": Trip(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        lambda w: {
            "bucket": w.bucket,
            "rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}],
        },
        lambda w: {
            "bucket": w.bucket,
            "rules": [
                {
                    "applyServerSideEncryptionByDefault": {
                        "sseAlgorithm": "aws:kms",
                        "kmsMasterKeyId": w.key_arn,
                    },
                    "bucketKeyEnabled": True,
                }
            ],
        },
        remains="every bucket is encrypted with S3's own keys since 2023",
    ),
    "a bucket policy": Trip(
        "aws:s3/bucketPolicy:BucketPolicy",
        lambda w: {
            "bucket": w.bucket,
            "policy": policy(resource=f"arn:aws:s3:::{w.bucket}/*", Principal="*"),
        },
        lambda w: {
            "bucket": w.bucket,
            "policy": policy("s3:PutObject", f"arn:aws:s3:::{w.bucket}/*", Principal="*"),
        },
    ),
    "the lifecycle": Trip(
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        lambda w: {
            "bucket": w.bucket,
            "rules": [
                {
                    "id": "tier",
                    "status": "Enabled",
                    "filter": {"prefix": "audit/"},
                    "transitions": [{"days": 90, "storageClass": "GLACIER_IR"}],
                    "noncurrentVersionExpiration": {"noncurrentDays": 30, "newerNoncurrentVersions": 2},
                    "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
                }
            ],
        },
        lambda w: {
            "bucket": w.bucket,
            "rules": [
                {"id": "all", "status": "Enabled", "expiration": {"days": 2557}},
                {
                    "id": "some",
                    "status": "Disabled",
                    "filter": {"and": {"prefix": "p/", "tags": {"a": "b"}, "objectSizeGreaterThan": 1000}},
                    "expiration": {"expiredObjectDeleteMarker": True},
                },
            ],
        },
    ),
    "ownership controls": Trip(
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        lambda w: {"bucket": w.bucket, "rule": {"objectOwnership": "BucketOwnerPreferred"}},
        lambda w: {"bucket": w.bucket, "rule": {"objectOwnership": "BucketOwnerEnforced"}},
    ),
    "access logging": Trip(
        "aws:s3/bucketLogging:BucketLogging",
        lambda w: {"bucket": w.bucket, "targetBucket": w.logs_bucket, "targetPrefix": "a/"},
        lambda w: {"bucket": w.bucket, "targetBucket": w.logs_bucket, "targetPrefix": "b/"},
    ),
    "a key": Trip(
        "aws:kms/key:Key",
        lambda w: {
            "description": "one",
            "enableKeyRotation": True,
            "tags": {"a": "b"},
            "deletionWindowInDays": 7,
        },
        lambda w: {
            "description": "two",
            "enableKeyRotation": False,
            "isEnabled": False,
            "policy": policy("kms:*", Principal={"AWS": "arn:aws:iam::000000000000:root"}),
            "tags": {"c": "d"},
        },
        ("arn", "keyId", "policy", "keyUsage"),
    ),
    "a signing key": Trip(
        "aws:kms/key:Key",
        lambda w: {"customerMasterKeySpec": "ECC_NIST_P256", "keyUsage": "SIGN_VERIFY"},
        lambda w: {"customerMasterKeySpec": "ECC_NIST_P256", "keyUsage": "SIGN_VERIFY", "tags": {"a": "b"}},
        ("arn",),
    ),
    "a key in another Region": Trip(
        "aws:kms/key:Key",
        lambda w: {"multiRegion": True, "region": "eu-central-1"},
        None,
        ("arn",),
    ),
    "an alias": Trip(
        "aws:kms/alias:Alias",
        lambda w: {"name": "alias/trip", "targetKeyId": w.key_arn},
        lambda w: {"name": "alias/trip", "targetKeyId": w.other_key_arn},
        ("arn", "targetKeyArn"),
    ),
    "a role": Trip(
        "aws:iam/role:Role",
        lambda w: {
            "name": "trip",
            "assumeRolePolicy": TRUST,
            "path": "/trivium/",
            "description": "one",
            "permissionsBoundary": w.policy_arn,
            "tags": {"a": "b"},
        },
        lambda w: {
            "name": "trip",
            "assumeRolePolicy": TRUST.replace("bedrock", "logs"),
            "path": "/trivium/",
            "description": "two",
            "maxSessionDuration": 7200,
            "managedPolicyArns": [w.policy_arn],
            "inlinePolicies": [{"name": "own", "policy": policy()}],
            "tags": {"c": "d"},
        },
        ("arn", "uniqueId", "createDate"),
    ),
    "a managed policy": Trip(
        "aws:iam/policy:Policy",
        lambda w: {"name": "trip", "policy": policy(), "description": "one", "tags": {"a": "b"}},
        lambda w: {
            "name": "trip",
            "policy": policy("s3:PutObject"),
            "description": "one",
            "tags": {"c": "d"},
        },
        ("arn", "policyId"),
    ),
    "an inline policy": Trip(
        "aws:iam/rolePolicy:RolePolicy",
        lambda w: {"role": w.role, "name": "trip", "policy": policy()},
        lambda w: {"role": w.role, "name": "trip", "policy": policy("s3:PutObject")},
    ),
    "a policy's attachment": Trip(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        lambda w: {"role": w.role, "policyArn": w.policy_arn},
    ),
    "an identity provider": Trip(
        "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
        lambda w: {
            "url": "https://token.example.com",
            "clientIdLists": ["sts.amazonaws.com"],
            "thumbprintLists": ["a" * 40],
            "tags": {"a": "b"},
        },
        lambda w: {
            "url": "https://token.example.com",
            "clientIdLists": ["sts.amazonaws.com"],
            "thumbprintLists": ["a" * 40],
            "tags": {"a": "b"},
        },
        ("arn",),
    ),
    "a network": Trip(
        "aws:ec2/vpc:Vpc",
        lambda w: {"cidrBlock": "10.1.0.0/16", "enableDnsHostnames": True, "tags": {"Name": "one"}},
        lambda w: {"cidrBlock": "10.1.0.0/16", "enableDnsHostnames": False, "tags": {"Name": "two"}},
        (
            "arn",
            "ownerId",
            "mainRouteTableId",
            "defaultSecurityGroupId",
            "defaultNetworkAclId",
            "enableDnsSupport",
        ),
    ),
    "a network in another Region": Trip(
        "aws:ec2/vpc:Vpc", lambda w: {"cidrBlock": "10.2.0.0/16", "region": "eu-west-1"}, None, ("arn",)
    ),
    "a subnet": Trip(
        "aws:ec2/subnet:Subnet",
        lambda w: {
            "vpcId": w.vpc,
            "cidrBlock": "10.9.3.0/24",
            "availabilityZone": "us-east-1b",
            "tags": {"a": "b"},
        },
        lambda w: {
            "vpcId": w.vpc,
            "cidrBlock": "10.9.3.0/24",
            "availabilityZone": "us-east-1b",
            "mapPublicIpOnLaunch": True,
        },
        ("arn", "ownerId", "availabilityZone"),
    ),
    "a route table": Trip(
        "aws:ec2/routeTable:RouteTable",
        lambda w: {"vpcId": w.vpc, "tags": {"a": "b"}},
        lambda w: {"vpcId": w.vpc, "tags": {"c": "d"}},
        ("arn", "ownerId"),
    ),
    "a route table with routes": Trip(
        "aws:ec2/routeTable:RouteTable",
        lambda w: {
            "vpcId": w.vpc,
            "routes": [
                {"cidrBlock": "0.0.0.0/0", "gatewayId": w.gateway},
                {"cidrBlock": "10.50.0.0/16", "gatewayId": w.gateway},
            ],
        },
        lambda w: {
            "vpcId": w.vpc,
            "routes": [
                {"cidrBlock": "10.51.0.0/16", "gatewayId": w.gateway},
                {"cidrBlock": "0.0.0.0/0", "gatewayId": w.gateway},
            ],
        },
    ),
    "a route table's association": Trip(
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        lambda w: {"routeTableId": w.table, "subnetId": w.subnet},
    ),
    "a security group with inline rules": Trip(
        "aws:ec2/securityGroup:SecurityGroup",
        lambda w: {
            "name": "trip",
            "description": "endpoints",
            "vpcId": w.vpc,
            "ingress": [
                {
                    "protocol": "tcp",
                    "fromPort": 443,
                    "toPort": 443,
                    "cidrBlocks": ["10.9.0.0/16", "10.8.0.0/16"],
                },
                {
                    "protocol": "tcp",
                    "fromPort": 443,
                    "toPort": 443,
                    "self": True,
                    "securityGroups": [w.group],
                },
            ],
            "egress": [{"protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": ["0.0.0.0/0"]}],
            "tags": {"a": "b"},
        },
        lambda w: {
            "name": "trip",
            "description": "endpoints",
            "vpcId": w.vpc,
            "ingress": [{"protocol": "tcp", "fromPort": 8443, "toPort": 8444, "cidrBlocks": ["10.9.0.0/16"]}],
            "egress": [],
            "revokeRulesOnDelete": True,
        },
        ("arn", "ownerId"),
    ),
    "a rule inwards": Trip(
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        lambda w: {
            "securityGroupId": w.group,
            "ipProtocol": "tcp",
            "fromPort": 443,
            "toPort": 443,
            "cidrIpv4": "10.9.0.0/16",
            "description": "one",
            "tags": {"a": "b"},
        },
        lambda w: {
            "securityGroupId": w.group,
            "ipProtocol": "tcp",
            "fromPort": 8443,
            "toPort": 8443,
            "cidrIpv4": "10.9.0.0/24",
            "description": "two",
        },
        ("arn", "securityGroupRuleId"),
    ),
    "a rule outwards to another group": Trip(
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        lambda w: {
            "securityGroupId": w.group,
            "ipProtocol": "-1",
            "referencedSecurityGroupId": w.other_group,
        },
        lambda w: {"securityGroupId": w.group, "ipProtocol": "-1", "cidrIpv4": "10.9.0.0/16"},
        ("arn", "securityGroupRuleId"),
    ),
    "an interface endpoint": Trip(
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        lambda w: {
            "vpcId": w.vpc,
            "serviceName": "com.amazonaws.us-east-1.bedrock-runtime",
            "vpcEndpointType": "Interface",
            "subnetIds": [w.subnet],
            "securityGroupIds": [w.group],
            "privateDnsEnabled": True,
            "policy": policy("bedrock:InvokeModel", Principal="*"),
            "tags": {"a": "b"},
        },
        lambda w: {
            "vpcId": w.vpc,
            "serviceName": "com.amazonaws.us-east-1.bedrock-runtime",
            "vpcEndpointType": "Interface",
            "subnetIds": [w.other_subnet, w.subnet],
            "securityGroupIds": [w.other_group],
            "privateDnsEnabled": True,
            "policy": policy("bedrock:Converse", Principal="*"),
            "tags": {"c": "d"},
        },
        ("arn", "ownerId", "state"),
    ),
    "a gateway endpoint": Trip(
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        lambda w: {
            "vpcId": w.vpc,
            "serviceName": "com.amazonaws.us-east-1.s3",
            "vpcEndpointType": "Gateway",
            "routeTableIds": [w.table],
        },
        lambda w: {
            "vpcId": w.vpc,
            "serviceName": "com.amazonaws.us-east-1.s3",
            "vpcEndpointType": "Gateway",
            "routeTableIds": [],
            "policy": policy(Principal="*"),
        },
        ("arn", "prefixListId"),
    ),
    "a flow log": Trip(
        "aws:ec2/flowLog:FlowLog",
        lambda w: {
            "vpcId": w.vpc,
            "trafficType": "ALL",
            "logDestination": w.log_group_arn,
            "iamRoleArn": w.role_arn,
            "maxAggregationInterval": 60,
            "tags": {"a": "b"},
        },
        lambda w: {
            "vpcId": w.vpc,
            "trafficType": "ALL",
            "logDestination": w.log_group_arn,
            "iamRoleArn": w.role_arn,
            "maxAggregationInterval": 60,
            "tags": {"c": "d"},
        },
        ("arn",),
    ),
    "a trail": Trip(
        "aws:cloudtrail/trail:Trail",
        lambda w: {
            "name": "trip",
            "s3BucketName": w.logs_bucket,
            "isMultiRegionTrail": True,
            "enableLogFileValidation": True,
            "kmsKeyId": w.key_arn,
            "advancedEventSelectors": [_MANAGEMENT],
            "tags": {"a": "b"},
        },
        lambda w: {
            "name": "trip",
            "s3BucketName": w.logs_bucket,
            "s3KeyPrefix": "trail",
            "isMultiRegionTrail": True,
            "enableLogFileValidation": True,
            "enableLogging": False,
            "kmsKeyId": w.key_arn,
            "advancedEventSelectors": [_MANAGEMENT, _BEDROCK_DATA],
            "tags": {"c": "d"},
        },
        ("arn", "homeRegion", "enableLogging"),
    ),
    "a trail that also writes to a log group": Trip(
        "aws:cloudtrail/trail:Trail",
        lambda w: {
            "name": "trip-2",
            "s3BucketName": w.logs_bucket,
            "cloudWatchLogsGroupArn": f"{w.log_group_arn}:*",
            "cloudWatchLogsRoleArn": w.role_arn,
            "snsTopicName": "world",
            "includeGlobalServiceEvents": False,
            "isOrganizationTrail": True,
            "eventSelectors": [
                {
                    "readWriteType": "All",
                    "includeManagementEvents": True,
                    "dataResources": [{"type": "AWS::S3::Object", "values": ["arn:aws:s3"]}],
                }
            ],
            "region": "eu-west-1",
        },
        lambda w: {"name": "trip-2", "s3BucketName": w.logs_bucket, "region": "eu-west-1"},
    ),
    "a log group": Trip(
        "aws:cloudwatch/logGroup:LogGroup",
        lambda w: {"name": "/trip", "retentionInDays": 2192, "kmsKeyId": w.key_arn, "tags": {"a": "b"}},
        lambda w: {"name": "/trip", "retentionInDays": 2557, "kmsKeyId": w.key_arn, "tags": {"c": "d"}},
        ("arn",),
    ),
    "a log resource policy": Trip(
        "aws:cloudwatch/logResourcePolicy:LogResourcePolicy",
        lambda w: {"policyName": "trip", "policyDocument": policy("logs:PutLogEvents", Principal="*")},
        lambda w: {"policyName": "trip", "policyDocument": policy("logs:CreateLogStream", Principal="*")},
    ),
    "a metric filter": Trip(
        "aws:cloudwatch/logMetricFilter:LogMetricFilter",
        lambda w: {
            "name": "trip",
            "logGroupName": w.log_group,
            "pattern": "{ $.blocked = true }",
            "metricTransformation": {
                "name": "Blocked",
                "namespace": "Trivium",
                "value": "1",
                "defaultValue": "0",
            },
        },
        lambda w: {
            "name": "trip",
            "logGroupName": w.log_group,
            "pattern": "",
            "metricTransformation": {
                "name": "Blocked",
                "namespace": "Trivium",
                "value": "1",
                "unit": "Count",
            },
        },
    ),
    "an alarm": Trip(
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        lambda w: {
            "name": "trip",
            "comparisonOperator": "GreaterThanThreshold",
            "evaluationPeriods": 1,
            "metricName": "InvocationThrottles",
            "namespace": "AWS/Bedrock",
            "period": 60,
            "statistic": "Sum",
            "threshold": 0,
            "alarmActions": [w.topic_arn],
            "dimensions": {"ModelId": "m"},
            "treatMissingData": "notBreaching",
            "tags": {"a": "b"},
        },
        lambda w: {
            "name": "trip",
            "comparisonOperator": "GreaterThanOrEqualToThreshold",
            "evaluationPeriods": 2,
            "metricName": "InvocationThrottles",
            "namespace": "AWS/Bedrock",
            "period": 300,
            "statistic": "Sum",
            "threshold": 1.5,
        },
        ("arn",),
    ),
    "an alarm on a percentile": Trip(
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        lambda w: {
            "name": "trip-2",
            "comparisonOperator": "GreaterThanThreshold",
            "evaluationPeriods": 3,
            "datapointsToAlarm": 2,
            "metricName": "InvocationLatency",
            "namespace": "AWS/Bedrock",
            "period": 60,
            "extendedStatistic": "p99",
            "threshold": 2000,
            "unit": "Milliseconds",
            "alarmDescription": "slow",
            "actionsEnabled": False,
            "okActions": [w.topic_arn],
            "insufficientDataActions": [w.topic_arn],
        },
        None,
    ),
    "a guardrail": Trip(
        "aws:bedrock/guardrail:Guardrail",
        lambda w: {**_GUARDRAIL, "tags": {"a": "b"}},
        lambda w: {
            **_GUARDRAIL,
            "description": "two",
            "wordPolicyConfig": {"wordsConfigs": [{"text": "x"}, {"text": "y"}]},
            "kmsKeyArn": w.key_arn,
            "tags": {"c": "d"},
        },
        ("guardrailArn", "guardrailId", "version", "status", "createdAt", "updatedAt"),
    ),
    "a guardrail's version": Trip(
        "aws:bedrock/guardrailVersion:GuardrailVersion",
        lambda w: {"guardrailArn": w.guardrail_arn, "description": "first"},
        None,
        ("version",),
        remains="the emulator would delete the guardrail with all its versions",
    ),
    "an inference profile": Trip(
        "aws:bedrock/inferenceProfile:InferenceProfile",
        lambda w: {
            "name": "trip",
            "description": "one",
            "modelSource": {
                "copyFrom": "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0"
            },
            "tags": {"a": "b"},
        },
        lambda w: {
            "name": "trip",
            "description": "one",
            "modelSource": {
                "copyFrom": "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0"
            },
            "tags": {"c": "d"},
        },
        ("arn", "models", "status", "type"),
    ),
    "invocation logging": Trip(
        "aws:bedrockmodel/invocationLoggingConfiguration:InvocationLoggingConfiguration",
        lambda w: {
            "loggingConfig": {
                "s3Config": {"bucketName": w.logs_bucket, "keyPrefix": "bedrock"},
                "cloudwatchConfig": {
                    "logGroupName": w.log_group,
                    "roleArn": w.role_arn,
                    "largeDataDeliveryS3Config": {"bucketName": w.logs_bucket, "keyPrefix": "large"},
                },
                "imageDataDeliveryEnabled": False,
            },
            "region": "eu-west-1",
        },
        lambda w: {
            "loggingConfig": {"s3Config": {"bucketName": w.logs_bucket}, "textDataDeliveryEnabled": True},
            "region": "eu-west-1",
        },
    ),
    "a topic": Trip(
        "aws:sns/topic:Topic",
        lambda w: {"name": "trip", "displayName": "one", "kmsMasterKeyId": w.key_arn, "tags": {"a": "b"}},
        lambda w: {"name": "trip", "displayName": "two", "kmsMasterKeyId": w.key_arn, "tags": {"c": "d"}},
        ("arn", "owner", "policy"),
    ),
    "a topic with every attribute": Trip(
        "aws:sns/topic:Topic",
        lambda w: {
            "name": "trip.fifo",
            "fifoTopic": True,
            "contentBasedDeduplication": True,
            "fifoThroughputScope": "Topic",
            "policy": policy("sns:Publish", "*", Principal="*"),
            "deliveryPolicy": '{"http":{}}',
            "tracingConfig": "Active",
            "signatureVersion": 2,
            "maximumMessageSize": 2048,
            "sqsSuccessFeedbackRoleArn": w.role_arn,
            "sqsSuccessFeedbackSampleRate": 50,
        },
        None,
    ),
    "a topic policy": Trip(
        "aws:sns/topicPolicy:TopicPolicy",
        lambda w: {"arn": w.topic_arn, "policy": policy("sns:Publish", w.topic_arn, Principal="*")},
        lambda w: {"arn": w.topic_arn, "policy": policy("sns:Subscribe", w.topic_arn, Principal="*")},
        ("owner",),
        remains="a topic always has a policy",
    ),
    "a budget": Trip(
        "aws:budgets/budget:Budget",
        lambda w: {
            "name": "trip",
            "budgetType": "COST",
            "timeUnit": "MONTHLY",
            "limitAmount": "1000",
            "limitUnit": "USD",
            "costFilters": [{"name": "Service", "values": ["Amazon Bedrock"]}],
            "notifications": [
                {
                    "comparisonOperator": "GREATER_THAN",
                    "notificationType": "ACTUAL",
                    "threshold": 80,
                    "thresholdType": "PERCENTAGE",
                    "subscriberEmailAddresses": ["owner@example.com"],
                }
            ],
            "tags": {"a": "b"},
        },
        lambda w: {
            "name": "trip",
            "budgetType": "COST",
            "timeUnit": "MONTHLY",
            "limitAmount": "2000.5",
            "limitUnit": "USD",
            "timePeriodStart": "2026-11-01_00:00",
            "notifications": [
                {
                    "comparisonOperator": "GREATER_THAN",
                    "notificationType": "FORECASTED",
                    "threshold": 100,
                    "thresholdType": "PERCENTAGE",
                    "subscriberSnsTopicArns": [w.topic_arn],
                }
            ],
        },
        ("arn", "accountId"),
    ),
    "a budget by expression": Trip(
        "aws:budgets/budget:Budget",
        lambda w: {
            "name": "trip-2",
            "budgetType": "COST",
            "timeUnit": "MONTHLY",
            "limitAmount": "10",
            "limitUnit": "USD",
            "timePeriodEnd": "2030-01-01_00:00",
            "metrics": ["UnblendedCost"],
            "filterExpression": {
                "ands": [
                    {"dimensions": {"key": "SERVICE", "values": ["Amazon Bedrock"]}},
                    {"not": {"tags": {"key": "team", "values": ["a"]}}},
                ]
            },
        },
        lambda w: {
            "name": "trip-2",
            "budgetType": "COST",
            "timeUnit": "MONTHLY",
            "costTypes": {"includeTax": False, "includeCredit": False},
            "autoAdjustData": {"autoAdjustType": "HISTORICAL", "historicalOptions": {"budgetAdjustmentPeriod": 2}},
        },
    ),
}


def as_floats(value: Any) -> Any:
    """Numbers as the provider protocol brings them."""
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, dict):
        return {key: as_floats(item) for key, item in value.items()}
    return [as_floats(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("trip", TRIPS.values(), ids=TRIPS.keys())
def test_is_created_read_updated_and_deleted_as_written(trip: Trip, types: Executors, world: World) -> None:
    it = types[trip.token]
    first = trip.first(world)
    created = it.create(as_floats(first))
    state = created.outputs
    try:
        assert differences(first, created.outputs) == []
        assert [name for name in trip.promised if created.outputs.get(name) in (None, "", [], {})] == []
        assert it.read(created.id, created.outputs) == created.outputs
        imported = it.read(f"{created.id}@{first['region']}" if "region" in first else created.id, {})
        assert imported is not None
        assert imported["id"] == created.id
        if trip.second is not None:
            second = trip.second(world)
            state = it.update(created.id, state, as_floats(second))
            assert differences(second, state) == []
            assert [
                key for key in first if key not in second and key != "policy" and state.get(key) == first[key]
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
    registered = re.findall(r'"(aws:[\w/-]+:\w+)"', (Path(pulumi_aws.__path__[0]) / "__init__.py").read_text())
    assert EXECUTED - set(registered) == set()
    assert set(NOT_KEPT) - set(registered) == set()


def test_an_error_names_operation_code_and_remedy(types: Executors, world: World) -> None:
    with pytest.raises(ExecutionError, match=r"iam/role:Role: iam\.create_role.*EntityAlreadyExists.*make down"):
        types["aws:iam/role:Role"].create({"name": world.role, "assumeRolePolicy": TRUST})


def test_a_parameter_that_boto3_refuses_is_named(types: Executors) -> None:
    with pytest.raises(ExecutionError, match=r"logs\.put_retention_policy was not sent.*retentionInDays") as refused:
        types["aws:cloudwatch/logGroup:LogGroup"].create({"name": "/half-made", "retentionInDays": "six years"})
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
    with pytest.raises(ExecutionError, match=r"no answer from the local AWS emulator.*make up"):
        nobody["aws:s3/bucket:Bucket"].read("b", {})


def test_a_failed_creation_leaves_nothing_behind(types: Executors, call: Calls) -> None:
    groups = types["aws:cloudwatch/logGroup:LogGroup"]
    with pytest.raises(ExecutionError):
        groups.create({"name": "/half-made-too", "retentionInDays": "six years"})
    assert call("logs.describe_log_groups", logGroupNamePrefix="/half-made-too")["logGroups"] == []


def test_what_the_emulator_drops_is_an_error_not_a_pretence(types: Executors, world: World) -> None:
    reserved = {"vpcId": world.vpc, "cidrBlock": "10.9.77.0/24", "ofTomorrow": {"a": 1}}
    with pytest.raises(ExecutionError, match="did not keep `ofTomorrow`"):
        types["aws:ec2/subnet:Subnet"].create(reserved)


def test_many_resources_at_once_do_not_disturb_each_other(emulator: MiniStack) -> None:
    fresh = executors(emulator.url)

    def live(number: int) -> str:
        region = ("us-east-1", "eu-west-1", "ap-northeast-1")[number % 3]
        groups, vpcs = fresh["aws:cloudwatch/logGroup:LogGroup"], fresh["aws:ec2/vpc:Vpc"]
        group = groups.create({"name": f"/many/{number}", "retentionInDays": 1, "region": region})
        vpc = vpcs.create({"cidrBlock": f"10.{number}.0.0/16", "region": region})
        vpcs.delete(vpc.id, vpc.outputs)
        groups.delete(group.id, group.outputs)
        return f"{group.outputs['arn'].split(':')[3]} {vpc.outputs['arn'].split(':')[3]}"

    with ThreadPoolExecutor(8) as pool:
        regions = list(pool.map(live, range(24)))
    assert set(regions) == {"us-east-1 us-east-1", "eu-west-1 eu-west-1", "ap-northeast-1 ap-northeast-1"}


def test_object_lock_without_a_default_retention_is_a_configuration_too(types: Executors, world: World) -> None:
    locks = types["aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"]
    created = locks.create({"bucket": world.locked_bucket, "objectLockEnabled": "Enabled"})
    assert locks.read(created.id, created.outputs) == created.outputs


def test_default_tags_stay_out_of_a_resources_own_tags(types: Executors) -> None:
    keys = types["aws:kms/key:Key"]
    created = keys.create({"tags": {"own": "1"}, "tagsAll": {"own": "1", "default": "2"}})
    assert created.outputs["tags"] == {"own": "1"}
    assert created.outputs["tagsAll"] == {"own": "1", "default": "2"}
    assert keys.read(created.id, created.outputs) == created.outputs


def test_drift_shows_in_a_read(types: Executors, call: Calls, world: World) -> None:
    blocks = types["aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"]
    created = blocks.create({"bucket": world.other_bucket, "blockPublicAcls": True, "blockPublicPolicy": True})
    weaker = {"BlockPublicAcls": True, "BlockPublicPolicy": False, "IgnorePublicAcls": False,
              "RestrictPublicBuckets": False}  # fmt: skip
    call("s3.put_public_access_block", Bucket=world.other_bucket, PublicAccessBlockConfiguration=weaker)
    told = blocks.read(created.id, created.outputs)
    assert told == {**created.outputs, "blockPublicPolicy": False}


def test_a_policy_taken_off_a_guardrail_is_gone(types: Executors, call: Calls) -> None:
    guardrails = types["aws:bedrock/guardrail:Guardrail"]
    created = guardrails.create({**_GUARDRAIL, "name": "lighter"})
    left = {key: _GUARDRAIL[key] for key in ("blockedInputMessaging", "blockedOutputsMessaging", "wordPolicyConfig")}
    updated = guardrails.update(created.id, created.outputs, {**left, "name": "lighter"})
    assert "topicPolicyConfig" not in updated
    told = call("bedrock.get_guardrail", guardrailIdentifier=created.outputs["guardrailId"])
    assert "contentPolicy" not in told
    guardrails.delete(created.id, updated)


def test_a_guardrail_blocks_what_it_was_told_to(types: Executors, call: Calls, world: World) -> None:
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


@pytest.fixture
def archive(types: Executors, call: Calls) -> tuple[str, str]:
    """A bucket in COMPLIANCE mode as the components make it, and the version id of one object in it."""
    name = f"archive-{secrets.token_hex(4)}"
    types["aws:s3/bucket:Bucket"].create({"bucket": name, "objectLockEnabled": True})
    types["aws:s3/bucketVersioning:BucketVersioning"].create(
        {"bucket": name, "versioningConfiguration": {"status": "Enabled"}}
    )
    types["aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"].create(
        {"bucket": name, "rule": {"defaultRetention": {"mode": "COMPLIANCE", "years": 7}}}
    )
    put = call("s3.put_object", Bucket=name, Key="segment", Body=b"sealed")
    return name, str(put["VersionId"])


def until(days: int) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


FORBIDDEN: dict[str, tuple[str, Properties]] = {
    "deleting the version": ("s3.delete_object", {}),
    "deleting it with the governance bypass": ("s3.delete_object", {"BypassGovernanceRetention": True}),
    "shortening its retention": (
        "s3.put_object_retention",
        {"Retention": {"Mode": "COMPLIANCE", "RetainUntilDate": until(1)}},
    ),
    "downgrading it to GOVERNANCE": (
        "s3.put_object_retention",
        {"Retention": {"Mode": "GOVERNANCE", "RetainUntilDate": until(9999)}, "BypassGovernanceRetention": True},
    ),
}


@pytest.mark.parametrize(("operation", "more"), FORBIDDEN.values(), ids=FORBIDDEN.keys())
def test_a_locked_version_withstands(operation: str, more: Properties, archive: tuple[str, str], call: Calls) -> None:
    bucket, version = archive
    with pytest.raises(RefusedError, match="AccessDenied"):
        call(operation, Bucket=bucket, Key="segment", VersionId=version, **more)
    kept = call("s3.get_object", Bucket=bucket, Key="segment", VersionId=version)
    assert kept["Body"].read() == b"sealed"
    assert kept["ObjectLockMode"] == "COMPLIANCE"
    assert kept["ObjectLockRetainUntilDate"] > until(7 * 365 - 1)


def test_a_locked_version_withstands_a_batch_deletion(archive: tuple[str, str], call: Calls) -> None:
    bucket, version = archive
    batch = {"Objects": [{"Key": "segment", "VersionId": version}]}
    answer = call("s3.delete_objects", Bucket=bucket, Delete=batch, BypassGovernanceRetention=True)
    assert [error["Code"] for error in answer["Errors"]] == ["AccessDenied"]


def test_a_locked_versions_retention_can_grow(archive: tuple[str, str], call: Calls) -> None:
    bucket, version = archive
    longer = {"Mode": "COMPLIANCE", "RetainUntilDate": until(8 * 366)}
    call("s3.put_object_retention", Bucket=bucket, Key="segment", VersionId=version, Retention=longer)
    told = call("s3.get_object_retention", Bucket=bucket, Key="segment", VersionId=version)
    assert told["Retention"]["RetainUntilDate"] > until(8 * 365)


def test_not_even_force_destroy_deletes_a_bucket_with_locked_versions(
    archive: tuple[str, str], types: Executors, call: Calls
) -> None:
    bucket, version = archive
    with pytest.raises(ExecutionError, match="BucketNotEmpty"):
        types["aws:s3/bucket:Bucket"].delete(bucket, {"forceDestroy": True})
    assert call("s3.head_object", Bucket=bucket, Key="segment", VersionId=version)["ContentLength"] == 6


def test_force_destroy_empties_a_bucket_that_is_not_locked(types: Executors, call: Calls) -> None:
    buckets = types["aws:s3/bucket:Bucket"]
    created = buckets.create({"bucket": "to-empty", "forceDestroy": True, "versioning": {"enabled": True}})
    for body in (b"1", b"2"):
        call("s3.put_object", Bucket="to-empty", Key="a", Body=body)
    call("s3.delete_object", Bucket="to-empty", Key="a")
    buckets.delete(created.id, created.outputs)
    assert buckets.read(created.id, created.outputs) is None


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
        "replicationConfiguration": {"role": w.role_arn, "rules": [{"status": "Enabled"}]},
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
        "resourceConfigurationArn": "arn:aws:vpc-lattice:us-east-1:000000000000:resourceconfiguration/r",
        "serviceNetworkArn": "arn:aws:vpc-lattice:us-east-1:000000000000:servicenetwork/s",
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
        "destinationOptions": {"fileFormat": "parquet", "hiveCompatiblePartitions": True},
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
            {"protocol": "tcp", "fromPort": 1, "toPort": 2, "cidrBlocks": ["10.0.0.0/8"], "prefixListIds": [S3_LIST]}
        ],
        "egress": [{"protocol": "tcp", "fromPort": 443, "toPort": 443, "prefixListIds": [S3_LIST]}],
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
        "rules": [{"id": "old", "status": "Enabled", "prefix": "x", "expiration": {"days": 1}}],
        "transitionDefaultMinimumObjectSize": "varies_by_storage_class",
    },
    "aws:cloudwatch/logGroup:LogGroup": lambda w: {"name": "/dropping", "deletionProtectionEnabled": True},
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
        **_GUARDRAIL,
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
    assert tried == {(token, path) for token, paths in NOT_KEPT.items() for path in paths}


@pytest.mark.parametrize("token", NOT_KEPT)
def test_what_is_not_kept_stays_in_the_state_as_written(token: str, types: Executors, world: World) -> None:
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
    assert lost == {path.partition(".")[0] for path in NOT_KEPT[token]}, "update NOT_KEPT: the emulator has changed"


def _a_version_deletes_its_guardrail(call: Calls, world: World) -> None:
    made = call("bedrock.create_guardrail", name="gone", blockedInputMessaging="no", blockedOutputsMessaging="no")
    identity = made["guardrailId"]
    version = call("bedrock.create_guardrail_version", guardrailIdentifier=identity)["version"]
    call("bedrock.delete_guardrail", guardrailIdentifier=identity, guardrailVersion=version)
    assert call.maybe("bedrock.get_guardrail", "ResourceNotFoundException", guardrailIdentifier=identity) is None


def _versioning_of_a_locked_bucket_can_be_suspended(call: Calls, world: World) -> None:
    suspended = {"Status": "Suspended"}
    call("s3.put_bucket_versioning", Bucket=world.locked_bucket, VersioningConfiguration=suspended)
    call("s3.put_bucket_versioning", Bucket=world.locked_bucket, VersioningConfiguration={"Status": "Enabled"})


def _an_endpoint_in_no_network_is_accepted(call: Calls, world: World) -> None:
    made = call("ec2.create_vpc_endpoint", VpcId="vpc-0123456789abcdef0", ServiceName="com.amazonaws.mars-1.tea")
    call("ec2.delete_vpc_endpoints", VpcEndpointIds=[made["VpcEndpoint"]["VpcEndpointId"]])


def _a_flow_log_of_nothing_is_accepted(call: Calls, world: World) -> None:
    assert call("ec2.create_flow_logs", ResourceIds=["vpc-0123456789abcdef0"], ResourceType="VPC")["FlowLogIds"]


def _a_profile_of_an_unknown_model_is_accepted(call: Calls, world: World) -> None:
    source = {"copyFrom": "arn:aws:bedrock:us-east-1::foundation-model/nobody.nothing-v1"}
    call("bedrock.create_inference_profile", inferenceProfileName="unknown", modelSource=source)


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
    assert call("logs.describe_log_streams", logGroupName=world.log_group)["logStreams"] == []


def _refused_as_unknown(operation: str, **params: Any) -> Callable[[Calls, World], None]:
    def check(call: Calls, world: World) -> None:
        with pytest.raises(RefusedError, match="does not implement this call"):
            call(operation, **params)

    return check


_OIDC = "arn:aws:iam::000000000000:oidc-provider/token.example.com"


def _a_policy_that_does_not_exist_can_be_attached(call: Calls, world: World) -> None:
    nothing = {"RoleName": world.role, "PolicyArn": "arn:aws:iam::000000000000:policy/nothing"}
    call("iam.attach_role_policy", **nothing)
    call("iam.detach_role_policy", **nothing)


def _a_subnet_in_no_network_is_accepted(call: Calls, world: World) -> None:
    made = call("ec2.create_subnet", VpcId="vpc-0123456789abcdef0", CidrBlock="10.0.0.0/24")
    call("ec2.delete_subnet", SubnetId=made["Subnet"]["SubnetId"])


def _a_route_to_no_gateway_is_accepted(call: Calls, world: World) -> None:
    route = {"RouteTableId": world.table, "DestinationCidrBlock": "192.0.2.0/24"}
    call("ec2.create_route", **route, GatewayId="igw-0123456789abcdef0")
    call("ec2.delete_route", **route)


def _a_malformed_bucket_policy_is_accepted(call: Calls, world: World) -> None:
    call("s3.put_bucket_policy", Bucket=world.other_bucket, Policy="{not json")
    call("s3.delete_bucket_policy", Bucket=world.other_bucket)


LIMITS: dict[str, Callable[[Calls, World], None]] = {
    "deleting a guardrail's version deletes the guardrail": _a_version_deletes_its_guardrail,
    "versioning of a bucket with object lock can be suspended": _versioning_of_a_locked_bucket_can_be_suspended,
    "an endpoint of an unknown service in an unknown network is accepted": _an_endpoint_in_no_network_is_accepted,
    "a managed policy that does not exist can be attached": _a_policy_that_does_not_exist_can_be_attached,
    "a subnet in an unknown network is accepted": _a_subnet_in_no_network_is_accepted,
    "a route to an unknown gateway is accepted": _a_route_to_no_gateway_is_accepted,
    "a flow log of an unknown network is accepted": _a_flow_log_of_nothing_is_accepted,
    "an inference profile of an unknown model is accepted": _a_profile_of_an_unknown_model_is_accepted,
    "a malformed bucket policy is accepted": _a_malformed_bucket_policy_is_accepted,
    "model invocations are not logged": _invocations_leave_no_log,
    "there are no organizations": _refused_as_unknown("organizations.create_organization"),
    "a log group's key cannot change": _refused_as_unknown("logs.disassociate_kms_key", logGroupName="/world"),
    "an identity provider's audiences cannot change": _refused_as_unknown(
        "iam.add_client_id_to_open_id_connect_provider", OpenIDConnectProviderArn=_OIDC, ClientID="c"
    ),
    "an identity provider cannot be tagged": _refused_as_unknown(
        "iam.tag_open_id_connect_provider", OpenIDConnectProviderArn=_OIDC, Tags=[{"Key": "a", "Value": "b"}]
    ),
    "a trail has no insights": _refused_as_unknown(
        "cloudtrail.put_insight_selectors", TrailName="none", InsightSelectors=[{"InsightType": "ApiCallRateInsight"}]
    ),
}
"""What AWS does and MiniStack 1.5.33 does not. A failing row is good news: say so in the documentation."""


@pytest.mark.parametrize("limit", LIMITS.values(), ids=LIMITS.keys())
def test_known_limit_of_the_emulator(limit: Callable[[Calls, World], None], call: Calls, world: World) -> None:
    limit(call, world)
