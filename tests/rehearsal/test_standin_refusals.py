"""What the stand-ins refuse, and that they name the place, what was found and what is
allowed."""

import json
from typing import Any

import pytest

from trivium_rehearsal.checks import check
from trivium_rehearsal.sdk import resource_type
from trivium_rehearsal.wire import UNKNOWN, Asset, Bag, Path, path_text

BUCKET, CORS = (
    "aws:s3/bucket:Bucket",
    "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration",
)
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"
LOCK = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"
QUEUE, FUNCTION, ROLE = (
    "aws:sqs/queue:Queue",
    "aws:lambda/function:Function",
    "aws:iam/role:Role",
)
ROLE_POLICY, KEY, GUARDRAIL = (
    "aws:iam/rolePolicy:RolePolicy",
    "aws:kms/key:Key",
    "aws:bedrock/guardrail:Guardrail",
)
SCP, TRAIL = "aws:organizations/policy:Policy", "aws:cloudtrail/trail:Trail"
NATIVE_BUCKET, ENFORCED = (
    "aws-native:s3:Bucket",
    "aws-native:bedrock:EnforcedGuardrailConfiguration",
)
G_BUCKET, G_VM, G_RUN = (
    "gcp:storage/bucket:Bucket",
    "gcp:compute/instance:Instance",
    "gcp:cloudrunv2/service:Service",
)
G_CLUSTER, G_KEY = "gcp:container/cluster:Cluster", "gcp:kms/cryptoKey:CryptoKey"
G_FIREWALL, G_TOPIC = "gcp:compute/firewall:Firewall", "gcp:pubsub/topic:Topic"
A_STORAGE, A_NETWORK = (
    "azure-native:storage:StorageAccount",
    "azure-native:network:VirtualNetwork",
)
A_VAULT, A_ACCOUNT = (
    "azure-native:keyvault:Vault",
    "azure-native:cognitiveservices:Account",
)
A_ROLE, A_CONTAINER = (
    "azure-native:authorization:RoleAssignment",
    "azure-native:storage:BlobContainer",
)
VPC, SECURITY_GROUP = "aws:ec2/vpc:Vpc", "aws:ec2/securityGroup:SecurityGroup"
G_GRANT, G_SUBNET = (
    "gcp:projects/iAMMember:IAMMember",
    "gcp:compute/subnetwork:Subnetwork",
)
A_RULES, E_APP = (
    "azure-native:network:NetworkSecurityGroup",
    "azuread:index/application:Application",
)

GROUP = {"resourceGroupName": "group"}
STORAGE = {**GROUP, "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
VM = {
    "machineType": "e2-micro",
    "bootDisk": {"initializeParams": {"image": "debian-12"}},
    "networkInterfaces": [{"network": "default"}],
}
TRUST = {
    "Effect": "Allow",
    "Principal": {"Service": "ec2.amazonaws.com"},
    "Action": "sts:AssumeRole",
}


def policy(*statements: dict[str, Any], **more: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements), **more})


def refused(
    token: str, inputs: dict[str, Any], secrets: frozenset[Path] = frozenset()
) -> dict[str, str]:
    failures = check(resource_type(token), Bag(inputs, secrets)).failures
    return {path_text(failure.path): failure.reason for failure in failures}


Row = tuple[str, dict[str, Any], str, tuple[str, ...]]

AWS: dict[str, Row] = {
    "a network by an address inside it": (
        VPC,
        {"cidrBlock": "10.0.0.1/16"},
        "cidrBlock",
        (
            'found string "10.0.0.1/16"',
            "the provider's validator",
            'did you mean "10.0.0.0/16"',
        ),
    ),
    "an address for a network": (
        VPC,
        {"cidrBlock": "10.0.0.0"},
        "cidrBlock",
        ("IPv4 network in CIDR notation",),
    ),
    "a network of the other family, in the middle of a list": (
        SECURITY_GROUP,
        {
            "ingress": [
                {
                    "protocol": "tcp",
                    "fromPort": 1,
                    "toPort": 2,
                    "cidrBlocks": ["10.0.0.0/8", "2001:db8::/32"],
                }
            ]
        },
        "ingress[0].cidrBlocks[1]",
        ("IPv4 network",),
    ),
    "an IPv6 rule by an address inside its network": (
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        {"securityGroupId": "sg-1", "ipProtocol": "tcp", "cidrIpv6": "2001:db8::1/64"},
        "cidrIpv6",
        ('did you mean "2001:db8::/64"',),
    ),
    "a retention between two that CloudWatch has": (
        "aws-native:logs:LogGroup",
        {"retentionInDays": 31},
        "retentionInDays",
        ("found number 31", "14, 30, 60", "CloudFormation schema AWS::Logs::LogGroup"),
    ),
    "the same by the other provider": (
        "aws:cloudwatch/logGroup:LogGroup",
        {"retentionInDays": 31},
        "retentionInDays",
        ("found number 31", "14, 30, 60"),
    ),
    "a kind of filter that no guardrail has, in a list that the provider renames": (
        "aws:bedrock/guardrail:Guardrail",
        {
            "blockedInputMessaging": "no",
            "blockedOutputsMessaging": "no",
            "contentPolicyConfig": {
                "filtersConfigs": [
                    {"type": "HATED", "inputStrength": "HIGH", "outputStrength": "HIGH"}
                ]
            },
        },
        "contentPolicyConfig.filtersConfigs[0].type",
        ('found string "HATED"', '"HATE"'),
    ),
    "a name and a prefix of names": (
        BUCKET,
        {"bucket": "audit", "bucketPrefix": "audit-"},
        "bucketPrefix",
        ("bucketPrefix is given together with bucket", "one of them"),
    ),
    "two kinds of selectors, of which Terraform's name for one is singular": (
        TRAIL,
        {
            "s3BucketName": "b",
            "eventSelectors": [{"readWriteType": "All"}],
            "advancedEventSelectors": [
                {
                    "fieldSelectors": [
                        {"field": "eventCategory", "equals": ["Management"]}
                    ]
                }
            ],
        },
        "eventSelectors",
        ("together with advancedEventSelectors",),
    ),
    "two metrics in one block": (
        "aws:autoscaling/policy:Policy",
        {
            "autoscalingGroupName": "g",
            "targetTrackingConfiguration": {
                "targetValue": 1,
                "predefinedMetricSpecification": {
                    "predefinedMetricType": "ASGAverageCPUUtilization"
                },
                "customizedMetricSpecification": {
                    "metricName": "m",
                    "namespace": "n",
                    "statistic": "Sum",
                },
            },
        },
        "targetTrackingConfiguration.predefinedMetricSpecification",
        ("together with customizedMetricSpecification",),
    ),
    "an unknown key in a document that is given as an object": (
        "aws:ecr/lifecyclePolicy:LifecyclePolicy",
        {"repository": "r", "policy": {"rules": [{"rulePriorty": 1}]}},
        "policy.rules[0].rulePriorty",
        ("did you mean rulePriority",),
    ),
    "a key that nothing has": (
        BUCKET,
        {"bukcet": "x"},
        "bukcet",
        ("did you mean bucket",),
    ),
    "the Python spelling of a key": (
        QUEUE,
        {"fifo_queue": True},
        "fifo_queue",
        ("fifoQueue",),
    ),
    "an unknown key three levels down": (
        LOCK,
        {
            "bucket": "b",
            "rule": {"defaultRetention": {"mode": "GOVERNANCE", "dayz": 3}},
        },
        "rule.defaultRetention.dayz",
        ("rule.defaultRetention has no property dayz", "did you mean days"),
    ),
    "a method that S3 does not have, in the middle of a list": (
        CORS,
        {
            "bucket": "b",
            "corsRules": [
                {"allowedMethods": ["GET", "FETCH"], "allowedOrigins": ["*"]}
            ],
        },
        "corsRules[0].allowedMethods[1]",
        (
            '"FETCH"',
            '"GET", "PUT", "HEAD", "POST", "DELETE"',
            "CloudFormation schema AWS::S3::Bucket",
        ),
    ),
    "a status that is none": (
        VERSIONING,
        {"bucket": "b", "versioningConfiguration": {"status": "On"}},
        "versioningConfiguration.status",
        ('"On"', '"Enabled", "Suspended"', "PutBucketVersioning"),
    ),
    "a retention mode that is none": (
        LOCK,
        {"bucket": "b", "rule": {"defaultRetention": {"mode": "COMPLIANT", "days": 3}}},
        "rule.defaultRetention.mode",
        ('"COMPLIANT"', 'did you mean "COMPLIANCE"'),
    ),
    "a missing required input": (
        VERSIONING,
        {"bucket": "b"},
        "versioningConfiguration",
        ("is missing",),
    ),
    "a missing required input inside a list": (
        CORS,
        {"bucket": "b", "corsRules": [{"allowedMethods": ["GET"]}]},
        "corsRules[0].allowedOrigins",
        ("corsRules[0].allowedOrigins is missing",),
    ),
    "text for a number": (
        QUEUE,
        {"visibilityTimeoutSeconds": "soon"},
        "visibilityTimeoutSeconds",
        ("a whole number", '"soon"'),
    ),
    "half a second": (
        QUEUE,
        {"delaySeconds": 1.5},
        "delaySeconds",
        ("a whole number", "1.5"),
    ),
    "a single string for a list": (
        FUNCTION,
        {"role": "arn:aws:iam::000000000000:role/r", "architectures": "arm64"},
        "architectures",
        ("a list", '"arm64"'),
    ),
    "a list for an object": (
        FUNCTION,
        {"role": "r", "environment": ["A=1"]},
        "environment",
        ("an object", "a list"),
    ),
    "memory beyond what there is": (
        FUNCTION,
        {"role": "arn:aws:iam::000000000000:role/r", "memorySize": 64},
        "memorySize",
        ("64", "128 to"),
    ),
    "a name with a space": (
        FUNCTION,
        {"role": "arn:aws:iam::000000000000:role/r", "name": "my function"},
        "name",
        ("matches",),
    ),
    "a runtime that never was": (
        FUNCTION,
        {"role": "arn:aws:iam::000000000000:role/r", "runtime": "cobol85"},
        "runtime",
        ('"cobol85"', "CreateFunction"),
    ),
    "a guardrail message that is too long": (
        GUARDRAIL,
        {
            "name": "g",
            "blockedInputMessaging": "x" * 501,
            "blockedOutputsMessaging": "no",
        },
        "blockedInputMessaging",
        ("501 characters", "1 to 500"),
    ),
    "a key usage that is none": (
        KEY,
        {"keyUsage": "ENCRYPT"},
        "keyUsage",
        ('"ENCRYPT"', '"ENCRYPT_DECRYPT"'),
    ),
    "a policy that is not JSON": (
        ROLE,
        {"assumeRolePolicy": "{Version:"},
        "assumeRolePolicy",
        ("no JSON",),
    ),
    "a trust policy without principal": (
        ROLE,
        {"assumeRolePolicy": policy({"Effect": "Allow", "Action": "sts:AssumeRole"})},
        "assumeRolePolicy",
        ("Statement[0]", "Principal", "trust policy"),
    ),
    "an effect in small letters": (
        ROLE,
        {"assumeRolePolicy": policy({**TRUST, "Effect": "allow"})},
        "assumeRolePolicy",
        ("Statement[0].Effect", '"allow"', "Allow or Deny"),
    ),
    "a statement key that is misspelt": (
        ROLE,
        {"assumeRolePolicy": policy({**TRUST, "Conditions": {}})},
        "assumeRolePolicy",
        ("Statement[0].Conditions", "did you mean Condition"),
    ),
    "a version of next year": (
        ROLE,
        {
            "assumeRolePolicy": json.dumps(
                {"Version": "2027-01-01", "Statement": [TRUST]}
            )
        },
        "assumeRolePolicy",
        ("Version", "2012-10-17"),
    ),
    "an action without service": (
        ROLE_POLICY,
        {
            "role": "r",
            "policy": policy(
                {"Effect": "Allow", "Action": ["s3:Get*", "GetObject"], "Resource": "*"}
            ),
        },
        "policy",
        ("Statement[0].Action[1]", '"GetObject"', "service:Operation"),
    ),
    "a principal in an identity policy": (
        ROLE_POLICY,
        {"role": "r", "policy": policy({**TRUST, "Resource": "*"})},
        "policy",
        ("Statement[0].Principal", "names no principal"),
    ),
    "a service control policy with a condition operator that is none": (
        SCP,
        {
            "content": policy(
                {
                    "Effect": "Deny",
                    "Action": "*",
                    "Resource": "*",
                    "Condition": {"StringEqual": {"a": "b"}},
                }
            )
        },
        "content",
        ("Condition.StringEqual", "did you mean StringEquals"),
    ),
    "a bucket name with capitals (aws-native)": (
        NATIVE_BUCKET,
        {"bucketName": "MyBucket"},
        "bucketName",
        ('"MyBucket"', "CloudFormation schema AWS::S3::Bucket"),
    ),
    "an algorithm that is none (aws-native, four levels down)": (
        NATIVE_BUCKET,
        {
            "bucketEncryption": {
                "serverSideEncryptionConfiguration": [
                    {"serverSideEncryptionByDefault": {"sseAlgorithm": "DES"}}
                ]
            }
        },
        "bucketEncryption.serverSideEncryptionConfiguration[0].serverSideEncryptionByDefault.sseAlgorithm",
        ('"DES"', '"AES256"'),
    ),
    "a number as text (aws-native converts nothing)": (
        "aws-native:logs:LogGroup",
        {"retentionInDays": "90"},
        "retentionInDays",
        ("a whole number",),
    ),
}

GCP: dict[str, Row] = {
    "a member without its kind": (
        G_GRANT,
        {
            "project": "p",
            "role": "roles/viewer",
            "member": "app@p.iam.gserviceaccount.com",
        },
        "member",
        (
            "a kind and a name",
            'did you mean "serviceAccount:app@p.iam.gserviceaccount.com"',
        ),
    ),
    "a member's kind in other capitals": (
        "gcp:storage/bucketIAMBinding:BucketIAMBinding",
        {
            "bucket": "b",
            "role": "roles/storage.objectViewer",
            "members": ["allUsers", "serviceaccount:a@b"],
        },
        "members[1]",
        ('did you mean "serviceAccount:a@b"',),
    ),
    "a member that was deleted": (
        G_GRANT,
        {
            "project": "p",
            "role": "roles/viewer",
            "member": "deleted:user:a@example.com?uid=1",
        },
        "member",
        ("a member that exists",),
    ),
    "a role without its prefix": (
        G_GRANT,
        {"project": "p", "role": "aiplatform.user", "member": "user:a@example.com"},
        "role",
        ("projects/PROJECT/roles/ROLE", 'did you mean "roles/aiplatform.user"'),
    ),
    "a member without its kind, in a policy's text": (
        "gcp:projects/iAMPolicy:IAMPolicy",
        {
            "project": "p",
            "policyData": (
                '{"bindings": [{"role": "roles/viewer", "members": ["a@example.com"]}]}'
            ),
        },
        "policyData",
        ("bindings[0].members[0]", "a kind and a name"),
    ),
    "a role without its prefix, in a policy's text": (
        "gcp:projects/iAMPolicy:IAMPolicy",
        {
            "project": "p",
            "policyData": (
                '{"bindings": [{"role": "viewer", "members": ["user:a@example.com"]}]}'
            ),
        },
        "policyData",
        ("bindings[0].role", "roles/ROLE"),
    ),
    "a subnet's range that is none": (
        G_SUBNET,
        {"network": "n", "ipCidrRange": "10.0.0.0/33"},
        "ipCidrRange",
        ("a network in CIDR notation",),
    ),
    "a name with a capital and an underscore": (
        "gcp:compute/network:Network",
        {"name": "Bad_Name"},
        "name",
        ('found string "Bad_Name"', "Google discovery document compute.v1"),
    ),
    "a name that is one character too long": (
        "gcp:compute/network:Network",
        {"name": "a" * 64},
        "name",
        ("Google Cloud allows what matches [a-z]",),
    ),
    "a key that nothing has": (
        G_BUCKET,
        {"location": "EU", "locaton": "x"},
        "locaton",
        ("did you mean location",),
    ),
    "an unknown key inside a block": (
        G_BUCKET,
        {"location": "EU", "versioning": {"enable": True}},
        "versioning.enable",
        ("versioning has no property enable", "did you mean enabled"),
    ),
    "a missing required input": (G_BUCKET, {}, "location", ("location is missing",)),
    "a missing required input inside a block": (
        G_BUCKET,
        {"location": "EU", "retentionPolicy": {"isLocked": True}},
        "retentionPolicy.retentionPeriod",
        ("is missing",),
    ),
    "text that is not a truth value": (
        G_BUCKET,
        {"location": "EU", "uniformBucketLevelAccess": "yes"},
        "uniformBucketLevelAccess",
        ("a boolean", '"yes"'),
    ),
    "an object for a list": (
        G_BUCKET,
        {"location": "EU", "lifecycleRules": {"action": {"type": "Delete"}}},
        "lifecycleRules",
        ("a list", "an object"),
    ),
    "a list for a map": (G_TOPIC, {"labels": ["a"]}, "labels", ("an object", "a list")),
    "a network card that Google does not have": (
        G_VM,
        {**VM, "networkInterfaces": [{"network": "default", "nicType": "FAST"}]},
        "networkInterfaces[0].nicType",
        ('"FAST"', '"GVNIC"', "compute.v1"),
    ),
    "a network tier that is none, in a list in a list": (
        G_VM,
        {**VM, "networkInterfaces": [{"accessConfigs": [{"networkTier": "GOLD"}]}]},
        "networkInterfaces[0].accessConfigs[0].networkTier",
        ('"GOLD"', '"PREMIUM"'),
    ),
    "a machine without boot disk": (
        G_VM,
        {"machineType": "e2-micro", "networkInterfaces": []},
        "bootDisk",
        ("bootDisk is missing",),
    ),
    "an ingress that is none": (
        G_RUN,
        {"location": "europe-west1", "template": {}, "ingress": "INGRESS_TRAFFIC_SOME"},
        "ingress",
        ('"INGRESS_TRAFFIC_SOME"', '"INGRESS_TRAFFIC_ALL"'),
    ),
    "a release channel that is none": (
        G_CLUSTER,
        {"location": "europe-west1", "releaseChannel": {"channel": "WEEKLY"}},
        "releaseChannel.channel",
        ('"WEEKLY"', '"STABLE"'),
    ),
    "a purpose that is none": (
        G_KEY,
        {"keyRing": "r", "purpose": "ENCRYPTION"},
        "purpose",
        ('"ENCRYPTION"', "ENCRYPT_DECRYPT"),
    ),
    "a direction that is none": (
        G_FIREWALL,
        {"network": "n", "direction": "SIDEWAYS"},
        "direction",
        ('"SIDEWAYS"', '"EGRESS"'),
    ),
    "a policy that is not JSON": (
        "gcp:projects/iAMPolicy:IAMPolicy",
        {"project": "p", "policyData": "bindings:"},
        "policyData",
        ("no JSON",),
    ),
    "a policy binding without members": (
        "gcp:projects/iAMPolicy:IAMPolicy",
        {"project": "p", "policyData": '{"bindings": [{"role": "roles/viewer"}]}'},
        "policyData",
        ("bindings[0]", "members"),
    ),
}

AZURE: dict[str, Row] = {
    "a subnet by an address inside it, two levels down": (
        A_NETWORK,
        {
            **GROUP,
            "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
            "subnets": [{"name": "one", "addressPrefix": "10.0.1.1/24"}],
        },
        "subnets[0].addressPrefix",
        ('did you mean "10.0.1.0/24"',),
    ),
    "a key that nothing has": (
        A_STORAGE,
        {**STORAGE, "accesTier": "Hot"},
        "accesTier",
        ("did you mean accessTier",),
    ),
    "an unknown key inside a block": (
        A_STORAGE,
        {**STORAGE, "networkRuleSet": {"defaultAction": "Deny", "ipRule": []}},
        "networkRuleSet.ipRule",
        ("did you mean ipRules",),
    ),
    "a Python spelling inside a block": (
        A_ACCOUNT,
        {**GROUP, "properties": {"disable_local_auth": True}},
        "properties.disable_local_auth",
        ("disableLocalAuth",),
    ),
    "a missing required input": (
        A_STORAGE,
        {**GROUP, "kind": "StorageV2"},
        "sku",
        ("sku is missing",),
    ),
    "a missing required input inside a block": (
        A_STORAGE,
        {**STORAGE, "sku": {}},
        "sku.name",
        ("is missing",),
    ),
    "an access tier that is none": (
        A_STORAGE,
        {**STORAGE, "accessTier": "Warm"},
        "accessTier",
        ('"Warm"', '"Cool"'),
    ),
    "text for a truth value (Azure converts nothing)": (
        A_STORAGE,
        {**STORAGE, "enableHttpsTrafficOnly": "true"},
        "enableHttpsTrafficOnly",
        ("a boolean",),
    ),
    "a default action that is none": (
        A_STORAGE,
        {**STORAGE, "networkRuleSet": {"defaultAction": "Block"}},
        "networkRuleSet.defaultAction",
        ('"Block"', '"Allow", "Deny"'),
    ),
    "a string for a list of prefixes": (
        A_NETWORK,
        {**GROUP, "addressSpace": {"addressPrefixes": "10.0.0.0/16"}},
        "addressSpace.addressPrefixes",
        ("a list",),
    ),
    "a vault without tenant": (
        A_VAULT,
        {**GROUP, "properties": {"sku": {"name": "standard", "family": "A"}}},
        "properties.tenantId",
        ("is missing",),
    ),
    "public access that is none": (
        A_CONTAINER,
        {**GROUP, "accountName": "a", "publicAccess": "Everybody"},
        "publicAccess",
        ('"Everybody"',),
    ),
    "an application without name (azuread)": (
        E_APP,
        {},
        "displayName",
        ("is missing",),
    ),
    "an application with an unknown block key (azuread)": (
        E_APP,
        {"displayName": "a", "web": {"redirectUri": "x"}},
        "web.redirectUri",
        ("did you mean redirectUris",),
    ),
}


def rule(*streams: str) -> dict[str, Any]:
    return {**GROUP, "dataFlows": [{"streams": list(streams), "destinations": ["d"]}]}


STREAM = "dataFlows[0].streams[0]"
A_COLLECTION = "azure-native:monitor:DataCollectionRule"
NOTED: dict[str, Row] = {
    "a stream of one's own": (
        A_COLLECTION,
        rule("Custom-Audit_CL"),
        STREAM,
        (
            'found string "Custom-Audit_CL"',
            'Azure names "Microsoft-Event", "Microsoft-InsightsMetrics"',
            "enumeration KnownDataFlowStreams) and may take others",
        ),
    ),
    "a group of streams that the description does not name": (
        A_COLLECTION,
        rule("Microsoft-ContainerInsights-Group-Default"),
        STREAM,
        ("cannot tell whether it takes this one",),
    ),
    "a stream that is probably misspelt": (
        A_COLLECTION,
        rule("Microsoft-Sysolg"),
        STREAM,
        ('did you mean "Microsoft-Syslog"?',),
    ),
    "a kind of account that nobody knows": (
        A_STORAGE,
        {**STORAGE, "kind": "StorageV9"},
        "kind",
        ('"StorageV9"', '"StorageV2"', "enumeration Kind"),
    ),
    "a rule that goes sideways": (
        A_RULES,
        {
            **GROUP,
            "securityRules": [
                {
                    "name": "r",
                    "access": "Allow",
                    "direction": "Sideways",
                    "protocol": "Tcp",
                }
            ],
        },
        "securityRules[0].direction",
        ('"Sideways"', '"Inbound", "Outbound"'),
    ),
}


@pytest.mark.parametrize("sentence", NOTED)
def test_a_value_beyond_an_open_list_is_accepted_and_noted(sentence: str) -> None:
    token, inputs, path, words = NOTED[sentence]
    verdict = check(resource_type(token), Bag(inputs))
    assert verdict.failures == ()
    found = {path_text(note.path): note.text for note in verdict.notes}
    assert list(found) == [path]
    assert [word for word in words if word not in found[path]] == [], found[path]


@pytest.mark.parametrize(
    ("token", "inputs"),
    [
        (A_COLLECTION, rule("Microsoft-Syslog")),
        (A_COLLECTION, rule("microsoft-syslog")),
        (A_STORAGE, STORAGE),
        (
            "azure-native:compute:VirtualMachine",
            {**GROUP, "hardwareProfile": {"vmSize": "Standard_D2as_v7"}},
        ),
    ],
)
def test_what_a_list_names_and_what_grows_every_month_is_not_noted(
    token: str, inputs: dict[str, Any]
) -> None:
    assert check(resource_type(token), Bag(inputs)).notes == ()


def test_a_note_does_not_show_a_secret() -> None:
    bag = Bag(rule("Microsoft-Sysolg"), frozenset({("dataFlows",)}))
    (note,) = check(resource_type(A_COLLECTION), bag).notes
    assert "found a secret" in note.text
    assert "Sysolg" not in note.text
    assert "did you mean" not in note.text


@pytest.mark.parametrize("sentence", AWS)
def test_aws_refuses(sentence: str) -> None:
    _assert_refused(AWS[sentence])


@pytest.mark.parametrize("sentence", GCP)
def test_google_cloud_refuses(sentence: str) -> None:
    _assert_refused(GCP[sentence])


@pytest.mark.parametrize("sentence", AZURE)
def test_azure_refuses(sentence: str) -> None:
    _assert_refused(AZURE[sentence])


def _assert_refused(row: Row) -> None:
    token, inputs, path, words = row
    found = refused(token, inputs)
    assert path in found, found
    assert [word for word in words if word not in found[path]] == [], found[path]


def document(**statement: Any) -> dict[str, Any]:
    """A role's inline policy, given as an object."""
    allow = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    return {
        "role": "r",
        "policy": {"Version": "2012-10-17", "Statement": [{**allow, **statement}]},
    }


BESIDE_THE_UNKNOWN: dict[str, tuple[dict[str, Any], str]] = {
    "an action that is none": (
        document(Resource=[UNKNOWN], Action="GetObject"),
        "an action is service:Operation",
    ),
    "an effect that is none": (
        document(Resource=UNKNOWN, Effect="Permit"),
        "Effect is Allow or Deny",
    ),
    "a resource that is a number, behind an unknown one": (
        document(Resource=[UNKNOWN, 7]),
        "expected an ARN or *, found a number",
    ),
    "an operator that is none": (
        document(Condition={"StringIs": {"aws:SourceArn": UNKNOWN}}),
        "there is no condition operator StringIs",
    ),
    "an operator that is none, whose keys are not known": (
        document(Condition={"StringIs": UNKNOWN}),
        "there is no condition operator StringIs",
    ),
    "an element that is none, whose value is not known": (
        document(Resources=UNKNOWN),
        "a statement has no element Resources",
    ),
    "a principal that is not known, where none is named": (
        document(Principal=UNKNOWN),
        "an IAM identity policy names no principal",
    ),
    "a missing effect in a statement with an unknown resource": (
        {"role": "r", "policy": {"Statement": {"Action": "*", "Resource": UNKNOWN}}},
        "the element Effect is missing",
    ),
}


@pytest.mark.parametrize("sentence", BESIDE_THE_UNKNOWN)
def test_the_known_parts_of_a_document_are_judged(sentence: str) -> None:
    inputs, words = BESIDE_THE_UNKNOWN[sentence]
    found = refused(ROLE_POLICY, inputs)
    assert any(words in reason for reason in found.values()), found


ACCEPTED: dict[str, tuple[str, dict[str, Any]]] = {
    "a document whose only resource is not known yet": (
        ROLE_POLICY,
        document(Resource=[UNKNOWN]),
    ),
    "a document whose every element is not known yet": (
        ROLE_POLICY,
        document(
            Sid=UNKNOWN,
            Effect=UNKNOWN,
            Action=[UNKNOWN],
            Resource=UNKNOWN,
            Condition=UNKNOWN,
        ),
    ),
    "a document with an unknown version and statement": (
        ROLE_POLICY,
        {"role": "r", "policy": {"Version": UNKNOWN, "Statement": [UNKNOWN]}},
    ),
    "a document whose condition and its keys are not known yet": (
        ROLE_POLICY,
        document(Condition={"Bool": UNKNOWN, "StringEquals": {"a:b": [UNKNOWN]}}),
    ),
    "a trust policy for a principal that is not known yet": (
        ROLE,
        {
            "assumeRolePolicy": {
                "Statement": [
                    {**TRUST, "Principal": {"AWS": [UNKNOWN]}},
                    {**TRUST, "Principal": UNKNOWN},
                ]
            }
        },
    ),
    "an unknown inside a document of the other provider": (
        "aws-native:iam:Role",
        {
            "assumeRolePolicyDocument": {
                "Statement": [{**TRUST, "Principal": {"Federated": UNKNOWN}}]
            }
        },
    ),
    "a bucket without any input": (BUCKET, {}),
    "numbers and truth values as text, which Terraform converts": (
        QUEUE,
        {"visibilityTimeoutSeconds": "30", "fifoQueue": "true", "name": "q.fifo"},
    ),
    "zero where Terraform means unset": (QUEUE, {"kmsDataKeyReusePeriodSeconds": 0}),
    "values that are not known yet": (
        LOCK,
        {"bucket": UNKNOWN, "rule": {"defaultRetention": {"mode": UNKNOWN}}},
    ),
    "a whole block that is not known yet": (
        CORS,
        {"bucket": "b", "corsRules": UNKNOWN},
    ),
    "an archive as code": (
        FUNCTION,
        {"role": "arn:aws:iam::000000000000:role/r", "code": Asset(True, {})},
    ),
    "a trust policy with one statement that is not a list": (
        ROLE,
        {"assumeRolePolicy": json.dumps({"Version": "2012-10-17", "Statement": TRUST})},
    ),
    "an empty Sid": (ROLE, {"assumeRolePolicy": policy({**TRUST, "Sid": ""})}),
    "a policy that is not known yet": (ROLE, {"assumeRolePolicy": UNKNOWN}),
    "a typed trust policy": (
        ROLE,
        {"assumeRolePolicy": {"Version": "2012-10-17", "Statement": [TRUST]}},
    ),
    "a key policy whose Sid has spaces": (
        KEY,
        {
            "policy": policy(
                {
                    "Sid": "Enable IAM User Permissions",
                    "Effect": "Allow",
                    "Principal": {"AWS": "*"},
                    "Action": "kms:*",
                    "Resource": "*",
                }
            )
        },
    ),
    "an organisation policy that is not a service control policy": (
        SCP,
        {
            "type": "BEDROCK_POLICY",
            "content": '{"bedrock": {"guardrail_inference": {}}}',
        },
    ),
    "prefixed condition operators": (
        ROLE_POLICY,
        {
            "role": "r",
            "policy": policy(
                {
                    "Effect": "Deny",
                    "NotAction": "s3:*",
                    "Resource": ["*"],
                    "Condition": {
                        "ForAnyValue:StringLikeIfExists": {"aws:TagKeys": ["a*"]},
                        "Bool": {"x:y": "true"},
                    },
                }
            ),
        },
    ),
    "a machine with labels": (G_VM, {**VM, "labels": {"a": "b"}}),
    "an enumeration in other capitals, which Google's provider ignores": (
        G_FIREWALL,
        {"network": "n", "direction": "ingress"},
    ),
    "an empty string where Terraform means unset": (
        G_FIREWALL,
        {"network": "n", "direction": ""},
    ),
    "a storage account": (A_STORAGE, STORAGE),
    "an enumeration in other capitals, which Azure ignores": (
        A_STORAGE,
        {**STORAGE, "kind": "storagev2"},
    ),
    "a machine size that is newer than the API description": (
        "azure-native:compute:VirtualMachine",
        {**GROUP, "hardwareProfile": {"vmSize": "Standard_D2as_v7"}},
    ),
    "an enforced guardrail (aws-native)": (
        ENFORCED,
        {
            "guardrailIdentifier": (
                "arn:aws:bedrock:us-east-1:000000000000:guardrail/abcdefghij12"
            ),
            "guardrailVersion": "1",
        },
    ),
    "every kind of member": (
        "gcp:projects/iAMBinding:IAMBinding",
        {
            "project": "p",
            "role": "organizations/1/roles/auditor",
            "members": [
                "allAuthenticatedUsers",
                "domain:example.com",
                "group:a@example.com",
                "serviceAccount:p.svc.id.goog[space/account]",
                "principal://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/subject/s",
                "principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/*",
                UNKNOWN,
            ],
        },
    ),
    "a subnet's range by an address inside it, which Google's provider lets pass": (
        G_SUBNET,
        {"network": "n", "ipCidrRange": "10.0.0.1/24"},
    ),
    "a network that EC2 itself corrects": (
        "aws-native:ec2:Vpc",
        {"cidrBlock": "10.0.0.1/16"},
    ),
    "a source that is a service's tag": (
        "azure-native:network:SecurityRule",
        {
            **GROUP,
            "networkSecurityGroupName": "n",
            "access": "Allow",
            "direction": "Inbound",
            "priority": 100,
            "protocol": "Tcp",
            "sourceAddressPrefix": "VirtualNetwork",
        },
    ),
    "a name beside a prefix that is not known yet": (
        "aws:secretsmanager/secret:Secret",
        {"namePrefix": UNKNOWN, "name": "audit"},
    ),
    "null for an optional input": (BUCKET, {"bucket": None}),
}


@pytest.mark.parametrize("sentence", ACCEPTED)
def test_accepted(sentence: str) -> None:
    token, inputs = ACCEPTED[sentence]
    assert refused(token, inputs) == {}


def test_a_secret_is_never_shown() -> None:
    password = "hunter2 is not an ARN"
    inputs = {"role": password, "runtime": password, "timeout": password}
    found = refused(
        FUNCTION, inputs, frozenset({("role",), ("runtime",), ("timeout",)})
    )
    assert set(found) == {"role", "runtime", "timeout"}
    assert all(
        "hunter2" not in reason and "a secret" in reason for reason in found.values()
    )


def test_what_was_probably_meant_is_not_told_of_a_secret() -> None:
    inputs = {"project": "p", "role": "roles/viewer", "member": "hunter2@example.com"}
    found = refused(G_GRANT, inputs, frozenset({("member",)}))
    assert set(found) == {"member"}
    assert "hunter2" not in found["member"]


def test_a_secret_document_is_not_quoted() -> None:
    found = refused(
        ROLE,
        {"assumeRolePolicy": policy({**TRUST, "Effect": "hunter2"})},
        frozenset({("assumeRolePolicy",)}),
    )
    assert "Allow or Deny" in found["assumeRolePolicy"]
    assert "hunter2" not in found["assumeRolePolicy"]


def test_numbers_as_text_become_numbers_in_what_the_provider_answers() -> None:
    verdict = check(
        resource_type(QUEUE), Bag({"delaySeconds": "5", "fifoQueue": "true", "name": 7})
    )
    assert verdict.inputs == {"delaySeconds": 5, "fifoQueue": True, "name": "7"}


def test_every_failure_is_told_at_once() -> None:
    assert set(refused(CORS, {"corsRules": [{"allowedMethod": []}], "buket": 1})) == {
        "bucket",
        "buket",
        "corsRules[0].allowedMethod",
        "corsRules[0].allowedMethods",
        "corsRules[0].allowedOrigins",
    }
