"""A life for every executed type."""

from dataclasses import dataclass

from tests.rehearsal.aws.world import TRUST, Inputs, policy


@dataclass(frozen=True)
class Trip:
    """A life: made with `first`, changed to `second` (None: everything replaces), seen
    to have `promised`."""

    token: str
    first: Inputs
    second: Inputs | None = None
    promised: tuple[str, ...] = ()
    """Outputs that must be there and not empty."""
    remains: str = ""
    """Why reading finds something after the deletion."""


_LOCK = {"defaultRetention": {"mode": "COMPLIANCE", "days": 1}}
GUARDRAIL = {
    "name": "trip",
    "blockedInputMessaging": "blocked",
    "blockedOutputsMessaging": "withheld",
    "contentPolicyConfig": {
        "filtersConfigs": [
            {"type": "HATE", "inputStrength": "HIGH", "outputStrength": "HIGH"}
        ],
        "tierConfigs": [{"tierName": "CLASSIC"}],
    },
    "sensitiveInformationPolicyConfig": {
        "piiEntitiesConfigs": [{"type": "EMAIL", "action": "ANONYMIZE"}],
        "regexesConfigs": [
            {
                "name": "account",
                "pattern": "[0-9]{12}",
                "action": "BLOCK",
                "description": "ids",
            }
        ],
    },
    "topicPolicyConfig": {
        "topicsConfigs": [
            {
                "name": "advice",
                "definition": "Medical advice",
                "type": "DENY",
                "examples": ["a dose?"],
            }
        ]
    },
    "wordPolicyConfig": {
        "wordsConfigs": [{"text": "codename"}],
        "managedWordListsConfigs": [{"type": "PROFANITY"}],
    },
    "contextualGroundingPolicyConfig": {
        "filtersConfigs": [{"type": "GROUNDING", "threshold": 0.75}]
    },
}
_MANAGEMENT = {
    "name": "management",
    "fieldSelectors": [{"field": "eventCategory", "equals": ["Management"]}],
}
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
        lambda w: {
            "bucket": "trip",
            "tags": {"team": "b", "cost": "1"},
            "forceDestroy": True,
        },
        (
            "arn",
            "bucketDomainName",
            "bucketRegionalDomainName",
            "bucketRegion",
            "hostedZoneId",
            "tagsAll",
        ),
    ),
    "a bucket with object lock in another Region": Trip(
        "aws:s3/bucket:Bucket",
        lambda w: {
            "bucket": "trip-eu",
            "region": "eu-west-1",
            "objectLockEnabled": True,
            "tags": {"a": "b"},
        },
        lambda w: {
            "bucket": "trip-eu",
            "region": "eu-west-1",
            "objectLockEnabled": True,
        },
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
            "policy": policy(
                resource="arn:aws:s3:::trip-inline/*", Principal={"AWS": w.role_arn}
            ),
        },
        lambda w: {"bucket": "trip-inline", "versioning": {"enabled": False}},
    ),
    "versioning": Trip(
        "aws:s3/bucketVersioning:BucketVersioning",
        lambda w: {
            "bucket": w.bucket,
            "versioningConfiguration": {"status": "Enabled"},
        },
        lambda w: {
            "bucket": w.bucket,
            "versioningConfiguration": {"status": "Suspended"},
        },
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
            "rules": [
                {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}
            ],
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
            "policy": policy(
                "s3:PutObject", f"arn:aws:s3:::{w.bucket}/*", Principal="*"
            ),
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
                    "noncurrentVersionExpiration": {
                        "noncurrentDays": 30,
                        "newerNoncurrentVersions": 2,
                    },
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
                    "filter": {
                        "and": {
                            "prefix": "p/",
                            "tags": {"a": "b"},
                            "objectSizeGreaterThan": 1000,
                        }
                    },
                    "expiration": {"expiredObjectDeleteMarker": True},
                },
            ],
        },
    ),
    "ownership controls": Trip(
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        lambda w: {
            "bucket": w.bucket,
            "rule": {"objectOwnership": "BucketOwnerPreferred"},
        },
        lambda w: {
            "bucket": w.bucket,
            "rule": {"objectOwnership": "BucketOwnerEnforced"},
        },
    ),
    "access logging": Trip(
        "aws:s3/bucketLogging:BucketLogging",
        lambda w: {
            "bucket": w.bucket,
            "targetBucket": w.logs_bucket,
            "targetPrefix": "a/",
        },
        lambda w: {
            "bucket": w.bucket,
            "targetBucket": w.logs_bucket,
            "targetPrefix": "b/",
        },
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
            "policy": policy(
                "kms:*", Principal={"AWS": "arn:aws:iam::000000000000:root"}
            ),
            "tags": {"c": "d"},
        },
        ("arn", "keyId", "policy", "keyUsage"),
    ),
    "a signing key": Trip(
        "aws:kms/key:Key",
        lambda w: {"customerMasterKeySpec": "ECC_NIST_P256", "keyUsage": "SIGN_VERIFY"},
        lambda w: {
            "customerMasterKeySpec": "ECC_NIST_P256",
            "keyUsage": "SIGN_VERIFY",
            "tags": {"a": "b"},
        },
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
        lambda w: {
            "name": "trip",
            "policy": policy(),
            "description": "one",
            "tags": {"a": "b"},
        },
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
        lambda w: {
            "cidrBlock": "10.1.0.0/16",
            "enableDnsHostnames": True,
            "tags": {"Name": "one"},
        },
        lambda w: {
            "cidrBlock": "10.1.0.0/16",
            "enableDnsHostnames": False,
            "tags": {"Name": "two"},
        },
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
        "aws:ec2/vpc:Vpc",
        lambda w: {"cidrBlock": "10.2.0.0/16", "region": "eu-west-1"},
        None,
        ("arn",),
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
            "egress": [
                {
                    "protocol": "-1",
                    "fromPort": 0,
                    "toPort": 0,
                    "cidrBlocks": ["0.0.0.0/0"],
                }
            ],
            "tags": {"a": "b"},
        },
        lambda w: {
            "name": "trip",
            "description": "endpoints",
            "vpcId": w.vpc,
            "ingress": [
                {
                    "protocol": "tcp",
                    "fromPort": 8443,
                    "toPort": 8444,
                    "cidrBlocks": ["10.9.0.0/16"],
                }
            ],
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
        lambda w: {
            "securityGroupId": w.group,
            "ipProtocol": "-1",
            "cidrIpv4": "10.9.0.0/16",
        },
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
                    "dataResources": [
                        {"type": "AWS::S3::Object", "values": ["arn:aws:s3"]}
                    ],
                }
            ],
            "region": "eu-west-1",
        },
        lambda w: {
            "name": "trip-2",
            "s3BucketName": w.logs_bucket,
            "region": "eu-west-1",
        },
    ),
    "a log group": Trip(
        "aws:cloudwatch/logGroup:LogGroup",
        lambda w: {
            "name": "/trip",
            "retentionInDays": 2192,
            "kmsKeyId": w.key_arn,
            "tags": {"a": "b"},
        },
        lambda w: {
            "name": "/trip",
            "retentionInDays": 2557,
            "kmsKeyId": w.key_arn,
            "tags": {"c": "d"},
        },
        ("arn",),
    ),
    "a log resource policy": Trip(
        "aws:cloudwatch/logResourcePolicy:LogResourcePolicy",
        lambda w: {
            "policyName": "trip",
            "policyDocument": policy("logs:PutLogEvents", Principal="*"),
        },
        lambda w: {
            "policyName": "trip",
            "policyDocument": policy("logs:CreateLogStream", Principal="*"),
        },
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
        lambda w: {**GUARDRAIL, "tags": {"a": "b"}},
        lambda w: {
            **GUARDRAIL,
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
                "copyFrom": (
                    "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0"
                )
            },
            "tags": {"a": "b"},
        },
        lambda w: {
            "name": "trip",
            "description": "one",
            "modelSource": {
                "copyFrom": (
                    "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0"
                )
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
                    "largeDataDeliveryS3Config": {
                        "bucketName": w.logs_bucket,
                        "keyPrefix": "large",
                    },
                },
                "imageDataDeliveryEnabled": False,
            },
            "region": "eu-west-1",
        },
        lambda w: {
            "loggingConfig": {
                "s3Config": {"bucketName": w.logs_bucket},
                "textDataDeliveryEnabled": True,
            },
            "region": "eu-west-1",
        },
    ),
    "a topic": Trip(
        "aws:sns/topic:Topic",
        lambda w: {
            "name": "trip",
            "displayName": "one",
            "kmsMasterKeyId": w.key_arn,
            "tags": {"a": "b"},
        },
        lambda w: {
            "name": "trip",
            "displayName": "two",
            "kmsMasterKeyId": w.key_arn,
            "tags": {"c": "d"},
        },
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
        lambda w: {
            "arn": w.topic_arn,
            "policy": policy("sns:Publish", w.topic_arn, Principal="*"),
        },
        lambda w: {
            "arn": w.topic_arn,
            "policy": policy("sns:Subscribe", w.topic_arn, Principal="*"),
        },
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
            "autoAdjustData": {
                "autoAdjustType": "HISTORICAL",
                "historicalOptions": {"budgetAdjustmentPeriod": 2},
            },
        },
    ),
}
