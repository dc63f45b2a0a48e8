"""Which change makes a new resource: the one table, and the rules beside it.

No SDK states this as data. In order of trust:

1. aws-native: the SDK's own `replace_on_changes` and CloudFormation's
   ``createOnlyProperties``.
2. The SDK's documentation of a property, where it says that a change forces a new
   resource.
3. Rules that hold for a whole provider (`_EVERYWHERE`), and the resource's own name.
4. `_TABLE`, by hand, each group with its source.

What none of them names is updated in place.
"""

from collections.abc import Mapping
from typing import Final

from trivium_rehearsal.constraints.cloudformation import create_only
from trivium_rehearsal.constraints.model import folded
from trivium_rehearsal.names import name_property, path_parameters
from trivium_rehearsal.types import ListOf, MapOf, ObjectType, ResourceType
from trivium_rehearsal.wire import Path

__all__ = ["replaces"]

# Where a resource is cannot change. aws 7: "region" (pulumi-aws 7 migration guide);
# Google: project and place of every resource (Google provider, resource references);
# Azure: location and the whole path of a resource id.
_EVERYWHERE: Final[Mapping[str, frozenset[str]]] = {
    "aws": frozenset({"region", "namePrefix"}),
    "aws-native": frozenset(),
    "gcp": frozenset({"project", "location", "region", "zone"}),
    "azure-native": frozenset({"location", "resourceGroupName", "scope"}),
    "azuread": frozenset(),
}

# Resources whose name is changed in place (AWS provider documentation, `name` without
# "Forces new resource"; the update operation of the service takes the name).
_RENAMED_IN_PLACE: Final = frozenset(
    {
        "aws:apigateway/restApi:RestApi",
        "aws:apigatewayv2/api:Api",
        "aws:bedrock/guardrail:Guardrail",
        "aws:iam/user:User",
        "aws:iam/group:Group",
        "aws:organizations/policy:Policy",
        "aws:rds/instance:Instance",
        "gcp:organizations/project:Project",
    }
)

_TABLE: Final[Mapping[str, frozenset[str]]] = {
    token: frozenset(names.split())
    for token, names in {
        # EC2 API reference: no Modify operation takes these (CreateVpc, CreateSubnet,
        # CreateSecurityGroup, …).
        "aws:ec2/vpc:Vpc": "cidrBlock ipv4IpamPoolId",
        "aws:ec2/subnet:Subnet": "vpcId cidrBlock availabilityZone availabilityZoneId",
        "aws:ec2/securityGroup:SecurityGroup": "name namePrefix description vpcId",
        "aws:ec2/vpcEndpoint:VpcEndpoint": "vpcId serviceName vpcEndpointType",
        "aws:ec2/natGateway:NatGateway": "subnetId connectivityType allocationId",
        "aws:ec2/routeTable:RouteTable": "vpcId",
        "aws:ec2/route:Route": (
            "routeTableId destinationCidrBlock destinationIpv6CidrBlock"
        ),
        "aws:ec2/instance:Instance": "ami availabilityZone subnetId keyName",
        "aws:ec2/eip:Eip": "domain publicIpv4Pool",
        # IAM API reference: UpdateRole and UpdatePolicy take neither name nor path.
        "aws:iam/role:Role": "name namePrefix path",
        "aws:iam/policy:Policy": "name namePrefix path description",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment": "role policyArn",
        "aws:iam/rolePolicy:RolePolicy": "role name namePrefix",
        # Amazon S3 API reference: a bucket is never renamed; side configurations belong
        # to one bucket.
        "aws:s3/bucket:Bucket": "bucket bucketPrefix objectLockEnabled",
        "aws:s3/bucketPolicy:BucketPolicy": "bucket",
        "aws:s3/bucketVersioning:BucketVersioning": "bucket",
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": "bucket",
        "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": "bucket",
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": "bucket",
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
            "bucket"
        ),
        "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration": "bucket",
        "aws:s3/bucketObject:BucketObject": "bucket key",
        "aws:s3/bucketObjectv2:BucketObjectv2": "bucket key",
        # KMS API reference: CreateKey's KeySpec, KeyUsage, MultiRegion are fixed.
        "aws:kms/key:Key": (
            "customerMasterKeySpec keyUsage multiRegion customKeyStoreId"
        ),
        "aws:kms/alias:Alias": "name namePrefix",
        "aws:cloudwatch/logGroup:LogGroup": "name namePrefix logGroupClass",
        "aws:cloudtrail/trail:Trail": "name",
        # Bedrock API reference: an application inference profile is created and
        # deleted, never updated.
        "aws:bedrock/inferenceProfile:InferenceProfile": "name description modelSource",
        "aws:bedrock/guardrailVersion:GuardrailVersion": "guardrailArn description",
        "aws:lambda/function:Function": "name packageType",
        "aws:sqs/queue:Queue": "name namePrefix fifoQueue",
        "aws:sns/topic:Topic": "name namePrefix fifoTopic",
        "aws:dynamodb/table:Table": "name hashKey rangeKey",
        "aws:ecs/service:Service": "name cluster launchType schedulingStrategy",
        "aws:ecs/taskDefinition:TaskDefinition": (
            "family containerDefinitions cpu memory networkMode requiresCompatibilities"
            " executionRoleArn taskRoleArn volumes runtimePlatform"
        ),
        "aws:lb/loadBalancer:LoadBalancer": "name internal loadBalancerType",
        "aws:lb/targetGroup:TargetGroup": "name port protocol vpcId targetType",
        "aws:organizations/policy:Policy": "type",
        # Google: storage.buckets.patch, compute and KMS references: fields that no
        # update method takes.
        "gcp:storage/bucket:Bucket": "name location project enableObjectRetention",
        "gcp:storage/bucketObject:BucketObject": "bucket name",
        "gcp:compute/network:Network": "name project autoCreateSubnetworks",
        "gcp:compute/subnetwork:Subnetwork": "name network region project purpose",
        "gcp:compute/instance:Instance": "name zone project bootDisk",
        "gcp:compute/firewall:Firewall": "name network project",
        "gcp:kms/keyRing:KeyRing": "name location project",
        "gcp:kms/cryptoKey:CryptoKey": "name keyRing purpose importOnly",
        "gcp:pubsub/topic:Topic": "name project",
        "gcp:pubsub/subscription:Subscription": (
            "name topic project enableMessageOrdering"
        ),
        "gcp:serviceaccount/account:Account": "accountId project",
        "gcp:projects/service:Service": "service project",
        "gcp:projects/iAMMember:IAMMember": "project role member condition",
        "gcp:bigquery/dataset:Dataset": "datasetId project location",
        "gcp:bigquery/table:Table": "tableId datasetId project",
        "gcp:container/cluster:Cluster": "name location project network subnetwork",
        "gcp:logging/projectBucketConfig:ProjectBucketConfig": (
            "bucketId location project"
        ),
        # Azure REST references: fields that only PUT at creation honours; azure-native
        # marks them forceNew. An account's immutability is enabled at its creation
        # only; the policy inside is changed in place, as its states say.
        "azure-native:authorization:RoleAssignment": (
            "scope principalId principalType roleDefinitionId"
        ),
        "azure-native:storage:StorageAccount": (
            "isHnsEnabled isNfsV3Enabled immutableStorageWithVersioning.enabled"
        ),
        "azure-native:keyvault:Vault": "vaultName",
        "azure-native:cognitiveservices:Account": "kind",
    }.items()
}


def replaces(type_: ResourceType, path: Path) -> bool:
    """Whether a change at `path` of the inputs makes a new resource."""
    top = str(path[0])
    if _in_table(type_.token, path) or top in type_.replace_on_changes:
        return True
    if top in _EVERYWHERE[type_.package] or _names_it(type_, top):
        return True
    if type_.package == "aws-native" and folded(top) in create_only(type_.token):
        return True
    return type_.bridged and _documented(type_, path)


def _in_table(token: str, path: Path) -> bool:
    """Whether the change is at an entry of the table, inside one or around one."""
    entries = (tuple(entry.split(".")) for entry in _TABLE.get(token, ()))
    return any(path[: len(entry)] == entry[: len(path)] for entry in entries)


def _names_it(type_: ResourceType, name: str) -> bool:
    if type_.package == "azure-native":
        return name in path_parameters(type_)
    return name == name_property(type_) and type_.token not in _RENAMED_IN_PLACE


def _documented(type_: ResourceType, path: Path) -> bool:
    """Whether the SDK's documentation of the property, or of one that holds it, says
    so."""
    inner: object = type_.inputs
    for step in path:
        if isinstance(inner, ListOf | MapOf) and (
            isinstance(step, int) or isinstance(inner, MapOf)
        ):
            inner = inner.item
            continue
        field = inner.fields.get(str(step)) if isinstance(inner, ObjectType) else None
        if field is None:
            return False
        if field.replaces:
            return True
        inner = field.type
    return False
