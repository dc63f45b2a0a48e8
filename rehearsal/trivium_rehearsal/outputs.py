"""What a cloud would answer for a resource that exists nowhere: made up, the same every time, and of the right form.

The shape comes from the SDK's output types; what a program commonly uses (identifiers, ARNs, self links, endpoints,
hosts, keys) has the form of the real thing. Inputs are echoed. Nothing here is ever taken for a fact: resources
made this way are counted as *checked* or *synthesised*, never as *executed*.
"""

import base64
import hashlib
import ipaddress
import json
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from trivium_rehearsal.names import name_property, path_parameters
from trivium_rehearsal.place import Place
from trivium_rehearsal.replacement import replaces
from trivium_rehearsal.types import (
    Anything,
    Enumeration,
    Field,
    ListOf,
    MapOf,
    ObjectType,
    OneOf,
    ResourceType,
    Scalar,
    Type,
)
from trivium_rehearsal.wire import UNKNOWN, Asset, Path

__all__ = ["Made", "make", "preview", "remade"]

_CLOCK: Final = "2026-01-01T00:00:00Z"
"""The stand-ins' clock stands still, so that two runs give the same state."""
_DEEPEST: Final = 4
"""Nested outputs deeper than this are left empty; types may contain themselves."""


@dataclass(frozen=True, slots=True)
class Made:
    """A made-up resource."""

    id: str
    outputs: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Maker:
    """All that a made-up value may depend on."""

    type: ResourceType
    inputs: Mapping[str, Any]
    place: Place
    seed: str
    name: str
    known_id: str = ""
    """The resource's id, once there is one; an id that a program names itself is taken as it is."""

    def hex(self, what: str, length: int) -> str:
        return hashlib.sha256(f"{self.seed}/{what}".encode()).hexdigest()[:length]

    def digits(self, what: str, length: int) -> str:
        """A number of `length` digits."""
        first = 10 ** (length - 1)
        return str(first + int(self.hex(what, 40), 16) % (9 * first))

    def octet(self, what: str) -> int:
        """The last part of an address: neither the network's own nor its broadcast."""
        return int(self.hex(what, 4), 16) % 254 + 1

    def uuid(self, what: str) -> str:
        return str(uuid.UUID(self.hex(what, 32), version=4))

    def letters(self, what: str, length: int) -> str:
        """Capital letters and digits, as AWS's unique identifiers have them."""
        return base64.b32encode(self.hex(what, 64).encode()).decode()[:length]


# ---------------------------------------------------------------------------------------------------------- AWS

# EC2 identifiers: prefix and 17 hex digits (EC2 User Guide, "Resource IDs").
_EC2: Final[Mapping[str, str]] = {
    "Vpc": "vpc", "DefaultVpc": "vpc", "Subnet": "subnet", "SecurityGroup": "sg", "DefaultSecurityGroup": "sg",
    "InternetGateway": "igw", "EgressOnlyInternetGateway": "eigw", "NatGateway": "nat", "RouteTable": "rtb",
    "DefaultRouteTable": "rtb", "RouteTableAssociation": "rtbassoc", "Eip": "eipalloc", "EipAssociation": "eipassoc",
    "Instance": "i", "VpcEndpoint": "vpce", "NetworkAcl": "acl", "LaunchTemplate": "lt", "Volume": "vol",
    "NetworkInterface": "eni", "FlowLog": "fl", "VpcDhcpOptions": "dopt", "VpcPeeringConnection": "pcx",
    "TransitGateway": "tgw", "VpnGateway": "vgw", "CustomerGateway": "cgw", "Ami": "ami", "Snapshot": "snap",
    "SecurityGroupIngressRule": "sgr", "SecurityGroupEgressRule": "sgr", "SecurityGroupRule": "sgrule",
    "VpcEndpointService": "vpce-svc", "SpotInstanceRequest": "sir",
}  # fmt: skip

# ARN templates by type (AWS Service Authorization Reference, "Resource types defined by …").
_ARNS: Final[Mapping[str, str]] = {
    "aws:s3/bucket:Bucket": "arn:{partition}:s3:::{bucket}",
    "aws:iam/role:Role": "arn:{partition}:iam::{account}:role{path}{name}",
    "aws:iam/policy:Policy": "arn:{partition}:iam::{account}:policy{path}{name}",
    "aws:iam/user:User": "arn:{partition}:iam::{account}:user{path}{name}",
    "aws:iam/group:Group": "arn:{partition}:iam::{account}:group{path}{name}",
    "aws:iam/instanceProfile:InstanceProfile": "arn:{partition}:iam::{account}:instance-profile{path}{name}",
    "aws:kms/key:Key": "arn:{partition}:kms:{region}:{account}:key/{uuid}",
    "aws:kms/alias:Alias": "arn:{partition}:kms:{region}:{account}:{name}",
    "aws:lambda/function:Function": "arn:{partition}:lambda:{region}:{account}:function:{name}",
    "aws:sqs/queue:Queue": "arn:{partition}:sqs:{region}:{account}:{name}",
    "aws:sns/topic:Topic": "arn:{partition}:sns:{region}:{account}:{name}",
    "aws:dynamodb/table:Table": "arn:{partition}:dynamodb:{region}:{account}:table/{name}",
    "aws:cloudwatch/logGroup:LogGroup": "arn:{partition}:logs:{region}:{account}:log-group:{name}",
    "aws:cloudwatch/eventRule:EventRule": "arn:{partition}:events:{region}:{account}:rule/{name}",
    "aws:cloudwatch/metricAlarm:MetricAlarm": "arn:{partition}:cloudwatch:{region}:{account}:alarm:{name}",
    "aws:cloudtrail/trail:Trail": "arn:{partition}:cloudtrail:{region}:{account}:trail/{name}",
    "aws:ecs/cluster:Cluster": "arn:{partition}:ecs:{region}:{account}:cluster/{name}",
    "aws:ecs/service:Service": "arn:{partition}:ecs:{region}:{account}:service/{name}",
    "aws:ecs/taskDefinition:TaskDefinition":
        "arn:{partition}:ecs:{region}:{account}:task-definition/{family}:{revision}",
    "aws:ecr/repository:Repository": "arn:{partition}:ecr:{region}:{account}:repository/{name}",
    "aws:eks/cluster:Cluster": "arn:{partition}:eks:{region}:{account}:cluster/{name}",
    "aws:lb/loadBalancer:LoadBalancer":
        "arn:{partition}:elasticloadbalancing:{region}:{account}:loadbalancer/app/{name}/{hex16}",
    "aws:lb/targetGroup:TargetGroup":
        "arn:{partition}:elasticloadbalancing:{region}:{account}:targetgroup/{name}/{hex16}",
    "aws:lb/listener:Listener":
        "arn:{partition}:elasticloadbalancing:{region}:{account}:listener/app/{name}/{hex16}/{hex16b}",
    "aws:secretsmanager/secret:Secret": "arn:{partition}:secretsmanager:{region}:{account}:secret:{name}-{hex6}",
    "aws:ssm/parameter:Parameter": "arn:{partition}:ssm:{region}:{account}:parameter/{name}",
    "aws:acm/certificate:Certificate": "arn:{partition}:acm:{region}:{account}:certificate/{uuid}",
    "aws:cloudfront/distribution:Distribution": "arn:{partition}:cloudfront::{account}:distribution/{dist}",
    "aws:rds/instance:Instance": "arn:{partition}:rds:{region}:{account}:db:{identifier}",
    "aws:rds/cluster:Cluster": "arn:{partition}:rds:{region}:{account}:cluster:{clusterIdentifier}",
    "aws:sfn/stateMachine:StateMachine": "arn:{partition}:states:{region}:{account}:stateMachine:{name}",
    "aws:apigateway/restApi:RestApi": "arn:{partition}:apigateway:{region}::/restapis/{guardrail10}",
    "aws:apigatewayv2/api:Api": "arn:{partition}:apigateway:{region}::/apis/{guardrail10}",
    "aws:cloudwatch/eventBus:EventBus": "arn:{partition}:events:{region}:{account}:event-bus/{name}",
    "aws:cloudwatch/eventArchive:EventArchive": "arn:{partition}:events:{region}:{account}:archive/{name}",
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": "arn:{partition}:cloudwatch:{region}:{account}:alarm:{alarmName}",
    "aws:efs/fileSystem:FileSystem": "arn:{partition}:elasticfilesystem:{region}:{account}:file-system/fs-{hex17}",
    "aws:lambda/layerVersion:LayerVersion": "arn:{partition}:lambda:{region}:{account}:layer:{layerName}:1",
    "aws:rds/clusterInstance:ClusterInstance": "arn:{partition}:rds:{region}:{account}:db:{identifier}",
    "aws:route53/zone:Zone": "arn:{partition}:route53:::hostedzone/{id}",
    "aws:wafv2/webAcl:WebAcl": "arn:{partition}:wafv2:{region}:{account}:regional/webacl/{name}/{uuid}",
    "aws:bedrock/guardrail:Guardrail": "arn:{partition}:bedrock:{region}:{account}:guardrail/{guardrail}",
    "aws:bedrock/inferenceProfile:InferenceProfile":
        "arn:{partition}:bedrock:{region}:{account}:application-inference-profile/{guardrail}",
    "aws:budgets/budget:Budget": "arn:{partition}:budgets::{account}:budget/{name}",
    "aws:organizations/policy:Policy":
        "arn:{partition}:organizations::{account}:policy/o-{hex10}/service_control_policy/p-{hex8}",
    "aws-native:s3:Bucket": "arn:{partition}:s3:::{bucketName}",
}  # fmt: skip

# Types whose id is no EC2 identifier and not the resource's own name.
_IDS: Final[Mapping[str, str]] = {
    "aws:kms/key:Key": "{uuid}",
    "aws:sqs/queue:Queue": "https://sqs.{region}.amazonaws.com/{account}/{name}",
    "aws:cloudfront/distribution:Distribution": "{dist}",
    "aws:cloudfront/originAccessControl:OriginAccessControl": "{dist}",
    "aws:cloudfront/originAccessIdentity:OriginAccessIdentity": "{dist}",
    "aws:ecs/taskDefinition:TaskDefinition": "{family}",
    "aws:bedrock/guardrail:Guardrail": "{guardrail}",
    "aws:apigatewayv2/api:Api": "{guardrail10}",
    "aws:apigateway/restApi:RestApi": "{guardrail10}",
    "aws:organizations/policy:Policy": "p-{hex8}",
    "aws:iam/accessKey:AccessKey": "AKIA{letters16}",
    "aws:guardduty/detector:Detector": "{hex32}",
    "aws:route53/zone:Zone": "Z{dist}",
    "aws:wafv2/webAcl:WebAcl": "{uuid}",
    "aws:efs/fileSystem:FileSystem": "fs-{hex17}",
    "aws:s3/bucketObject:BucketObject": "{bucket}/{key}",
    "aws:s3/bucketObjectv2:BucketObjectv2": "{bucket}/{key}",
}  # fmt: skip
# Types whose id is their ARN (AWS provider documentation, `id`).
_ARN_IS_ID: Final = frozenset(
    {
        "aws:iam/policy:Policy", "aws:sns/topic:Topic", "aws:ecs/cluster:Cluster", "aws:ecs/service:Service",
        "aws:lb/loadBalancer:LoadBalancer", "aws:lb/targetGroup:TargetGroup", "aws:lb/listener:Listener",
        "aws:secretsmanager/secret:Secret", "aws:acm/certificate:Certificate", "aws:sfn/stateMachine:StateMachine",
        "aws:cloudtrail/trail:Trail", "aws:bedrock/inferenceProfile:InferenceProfile",
        "aws:iam/openIdConnectProvider:OpenIdConnectProvider", "aws:lambda/layerVersion:LayerVersion",
    }
)  # fmt: skip

# Outputs that programs pass on, by type: property to template.
_AWS_OUTPUTS: Final[Mapping[str, Mapping[str, str]]] = {
    "aws:s3/bucket:Bucket": {
        "bucketDomainName": "{bucket}.s3.amazonaws.com",
        "bucketRegionalDomainName": "{bucket}.s3.{region}.amazonaws.com",
        "bucketRegion": "{region}",
        # AWS General Reference, "Amazon S3 website endpoints" (us-east-1's hosted zone).
        "hostedZoneId": "Z3AQBSTGFYJSTF",
        "websiteEndpoint": "{bucket}.s3-website-{region}.amazonaws.com",
        "websiteDomain": "s3-website-{region}.amazonaws.com",
    },
    "aws:s3/bucketWebsiteConfiguration:BucketWebsiteConfiguration": {
        "websiteEndpoint": "{bucket}.s3-website-{region}.amazonaws.com",
        "websiteDomain": "s3-website-{region}.amazonaws.com",
    },
    "aws:iam/role:Role": {"uniqueId": "AROA{letters17}"},
    "aws:iam/user:User": {"uniqueId": "AIDA{letters17}"},
    "aws:apigateway/restApi:RestApi": {
        "executionArn": "arn:{partition}:execute-api:{region}:{account}:{id}",
        "rootResourceId": "{hex10}",
    },
    "aws:apigateway/stage:Stage": {
        "arn": "arn:{partition}:apigateway:{region}::/restapis/{restApi}/stages/{stageName}",
        "executionArn": "arn:{partition}:execute-api:{region}:{account}:{restApi}/{stageName}",
        "invokeUrl": "https://{restApi}.execute-api.{region}.amazonaws.com/{stageName}",
    },
    "aws:cloudtrail/trail:Trail": {"homeRegion": "{region}"},
    "aws:dynamodb/table:Table": {"streamArn": "{arn}/stream/2026-01-01T00:00:00.000"},
    "aws:efs/fileSystem:FileSystem": {"dnsName": "{id}.efs.{region}.amazonaws.com"},
    "aws:lambda/layerVersion:LayerVersion": {
        "layerArn": "arn:{partition}:lambda:{region}:{account}:layer:{layerName}",
        "version": "1",
    },
    "aws:rds/clusterInstance:ClusterInstance": {"endpoint": "{identifier}.{guardrail12}.{region}.rds.amazonaws.com"},
    "aws:route53/record:Record": {"fqdn": "{name}"},
    "aws:ec2/vpcEndpoint:VpcEndpoint": {"prefixListId": "pl-{hex17}"},
    "aws:iam/accessKey:AccessKey": {"secret": "{hex40}"},
    "aws:kms/key:Key": {"keyId": "{uuid}"},
    "aws:sqs/queue:Queue": {"url": "https://sqs.{region}.amazonaws.com/{account}/{name}"},
    "aws:lambda/function:Function": {
        "invokeArn": "arn:{partition}:apigateway:{region}:lambda:path/2015-03-31/functions/{arn}/invocations",
        "qualifiedArn": "{arn}:$LATEST",
        "version": "$LATEST",
    },
    "aws:lambda/functionUrl:FunctionUrl": {"functionUrl": "https://{guardrail10}.lambda-url.{region}.on.aws/"},
    "aws:ecr/repository:Repository": {
        "repositoryUrl": "{account}.dkr.ecr.{region}.amazonaws.com/{name}",
        "registryId": "{account}",
    },
    "aws:ecs/taskDefinition:TaskDefinition": {
        "arnWithoutRevision": "arn:{partition}:ecs:{region}:{account}:task-definition/{family}",
        "revision": "{revision}",
    },
    "aws:lb/loadBalancer:LoadBalancer": {
        "dnsName": "{name}-{digits9}.{region}.elb.amazonaws.com",
        "arnSuffix": "app/{name}/{hex16}",
        "zoneId": "Z35SXDOTRQ7X7K",  # AWS General Reference, "Elastic Load Balancing endpoints", us-east-1
    },
    "aws:cloudfront/distribution:Distribution": {
        "domainName": "d{hex13}.cloudfront.net",
        "hostedZoneId": "Z2FDTNDATAQYW2",  # the same for every distribution (Route 53 API, AliasTarget)
        "status": "Deployed",
    },
    "aws:apigatewayv2/api:Api": {
        "apiEndpoint": "https://{id}.execute-api.{region}.amazonaws.com",
        "executionArn": "arn:{partition}:execute-api:{region}:{account}:{id}",
    },
    "aws:apigatewayv2/stage:Stage": {
        "executionArn": "arn:{partition}:execute-api:{region}:{account}:{apiId}/{name}",
        "invokeUrl": "https://{apiId}.execute-api.{region}.amazonaws.com/{name}",
    },
    "aws:eks/cluster:Cluster": {
        "endpoint": "https://{hex32}.gr7.{region}.eks.amazonaws.com",
        "status": "ACTIVE",
    },
    "aws:rds/cluster:Cluster": {
        "endpoint": "{clusterIdentifier}.cluster-{guardrail12}.{region}.rds.amazonaws.com",
        "readerEndpoint": "{clusterIdentifier}.cluster-ro-{guardrail12}.{region}.rds.amazonaws.com",
    },
    "aws:rds/instance:Instance": {"address": "{identifier}.{guardrail12}.{region}.rds.amazonaws.com"},
    "aws:bedrock/guardrail:Guardrail": {"guardrailId": "{guardrail}", "version": "DRAFT", "status": "READY"},
    "aws:bedrock/inferenceProfile:InferenceProfile": {"status": "ACTIVE", "type": "APPLICATION"},
    "aws:ec2/eip:Eip": {"allocationId": "{id}", "publicIp": "203.0.113.{octet}"},
}  # fmt: skip
# ARN service where the SDK's module is called otherwise.
_ARN_SERVICES: Final[Mapping[str, str]] = {
    "accessanalyzer": "access-analyzer", "cfg": "config",
    "lb": "elasticloadbalancing", "alb": "elasticloadbalancing", "sfn": "states",
    "cloudwatch": "logs", "cognito": "cognito-idp", "efs": "elasticfilesystem", "msk": "kafka", "vpc": "ec2",
    "ec2transitgateway": "ec2", "bedrockmodel": "bedrock", "opensearch": "es", "appautoscaling": "autoscaling",
}  # fmt: skip


# The port that an RDS engine listens on (Amazon RDS API reference, CreateDBInstance, `Port`).
_ENGINE_PORTS: Final[Mapping[str, int]] = {
    "postgres": 5432, "aurora-postgresql": 5432, "mysql": 3306, "mariadb": 3306, "aurora-mysql": 3306,
    "oracle": 1521, "sqlserver": 1433, "db2": 50000,
}  # fmt: skip


def _aws_derived(maker: _Maker, parts: "_Parts", id: str) -> dict[str, Any]:  # noqa: A002 - Pulumi's word
    """Outputs that follow from an input by more than a template."""
    derive = _AWS_DERIVED.get(maker.type.token)
    return derive(maker, parts, id) if derive is not None else {}


def _alias_target(maker: _Maker, parts: "_Parts", _: str) -> dict[str, Any]:
    key = str(maker.inputs.get("targetKeyId") or "")
    made = f"arn:{parts['partition']}:kms:{parts['region']}:{parts['account']}:key/{key}"
    return {"targetKeyArn": key if key.startswith("arn:") else made}


def _database(maker: _Maker, parts: "_Parts", _: str) -> dict[str, Any]:
    engine = str(maker.inputs.get("engine") or "")
    family = next((name for name in sorted(_ENGINE_PORTS, reverse=True) if engine.startswith(name)), "mysql")
    port = maker.inputs.get("port") or _ENGINE_PORTS[family]
    address = f"{parts['identifier']}.{parts['guardrail12']}.{parts['region']}.rds.amazonaws.com"
    endpoint = {"endpoint": f"{address}:{port}"} if maker.type.name == "Instance" else {}
    return {"port": port, **endpoint}


def _certificate(maker: _Maker, _parts: "_Parts", _id: str) -> dict[str, Any]:
    names = [maker.inputs.get("domainName"), *(maker.inputs.get("subjectAlternativeNames") or [])]
    return {
        "domainValidationOptions": [
            {
                "domainName": name,
                "resourceRecordName": f"_{maker.hex(name, 32)}.{name.removeprefix('*.')}.",
                "resourceRecordType": "CNAME",
                "resourceRecordValue": f"_{maker.hex(name + 'v', 32)}.acm-validations.aws.",
            }
            for name in dict.fromkeys(each for each in names if isinstance(each, str))
        ]
    }


def _cluster_issuer(maker: _Maker, parts: "_Parts", _: str) -> dict[str, Any]:
    issuer = f"https://oidc.eks.{parts['region']}.amazonaws.com/id/{maker.hex('issuer', 32).upper()}"
    return {"identities": [{"oidcs": [{"issuer": issuer}]}]}


def _oidc_provider(maker: _Maker, parts: "_Parts", _: str) -> dict[str, Any]:
    host = str(maker.inputs.get("url") or "").removeprefix("https://").rstrip("/")
    return {"arn": f"arn:{parts['partition']}:iam::{parts['account']}:oidc-provider/{host}", "url": host}


def _zone_id(maker: _Maker, parts: "_Parts", _: str) -> dict[str, Any]:
    """The zone's id: zones are numbered here in the order of their letters (`use1-az1`)."""
    zone = str(maker.inputs.get("availabilityZone") or f"{parts['region']}a")
    region, letter = zone.rstrip("abcdef"), zone[-1:]
    code = "".join(part if part.isdigit() else part[:1] for part in re.findall(r"[a-z]+|\d+", region)[1:])
    return {"availabilityZone": zone, "availabilityZoneId": f"{region[:2]}{code}-az{'abcdef'.find(letter) + 1}"}


def _hosted_zone(_maker: _Maker, _parts: "_Parts", id: str) -> dict[str, Any]:  # noqa: A002 - Pulumi's word
    servers = [f"ns-{number}.rehearsal.invalid" for number in range(4)]
    return {"zoneId": id, "nameServers": servers, "primaryNameServer": servers[0]}


_AWS_DERIVED: Final[Mapping[str, Callable[[_Maker, "_Parts", str], dict[str, Any]]]] = {
    "aws:acm/certificate:Certificate": _certificate,
    "aws:ec2/subnet:Subnet": _zone_id,
    "aws:eks/cluster:Cluster": _cluster_issuer,
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": _oidc_provider,
    "aws:kms/alias:Alias": _alias_target,
    "aws:rds/cluster:Cluster": _database,
    "aws:rds/clusterInstance:ClusterInstance": _database,
    "aws:rds/instance:Instance": _database,
    "aws:route53/zone:Zone": _hosted_zone,
}

_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class _Parts(dict[str, str]):
    """Template parts; a part that the inputs lack reads as the resource's own name."""

    def __init__(self, maker: _Maker, more: Mapping[str, str]) -> None:
        strings = {name: value for name, value in maker.inputs.items() if isinstance(value, str)}
        place = maker.place
        region = strings.get("region", place.region)
        super().__init__(
            {
                "path": "/",
                **strings,
                "name": maker.name,
                "partition": place.partition,
                "account": place.account,
                "region": region,
                "project": strings.get("project", place.project),
                "uuid": maker.known_id if _UUID.fullmatch(maker.known_id) else maker.uuid("id"),
                "dist": "E" + maker.letters("dist", 13),
                "guardrail": _base36(maker.hex("short", 40), 12),
                "guardrail10": _base36(maker.hex("short", 40), 10),
                "guardrail12": _base36(maker.hex("short", 40), 12),
                "revision": str(int(maker.hex("revision", 4), 16) % 900 + 1),
                "letters16": maker.letters("unique", 16),
                "letters17": maker.letters("unique", 17),
                "digits9": maker.digits("digits", 9),
                "octet": str(maker.octet("octet")),
                "hex16b": maker.hex("second", 16),
                **{f"hex{size}": maker.hex("id", size) for size in (6, 8, 10, 13, 16, 17, 32, 40)},
                **more,
            }
        )
        self._name = maker.name

    def __missing__(self, key: str) -> str:
        return self._name


def _base36(digest: str, length: int) -> str:
    number, text = int(digest, 16), ""
    while len(text) < length:
        number, rest = divmod(number, 36)
        text += "0123456789abcdefghijklmnopqrstuvwxyz"[rest]
    return text


def _template(templates: Mapping[str, str], type_: ResourceType) -> str | None:
    """aws-native's identifiers are AWS's own, as the other provider's are."""
    found = templates.get(type_.token)
    if found is None and type_.package == "aws-native":
        module, name = type_.module.rstrip("_"), type_.name
        found = templates.get(f"aws:{module}/{name[:1].lower()}{name[1:]}:{name}")
    return found


def _aws_arn(maker: _Maker) -> str:
    template = _template(_ARNS, maker.type)
    if template is not None:
        return template.format_map(_Parts(maker, {"id": maker.known_id}))
    if maker.type.token == "aws:iam/openIdConnectProvider:OpenIdConnectProvider":  # noqa: S105 - a type token
        return str(_oidc_provider(maker, _Parts(maker, {}), "")["arn"])
    module = maker.type.module.split(".")[0].rstrip("_")
    kind = re.sub(r"(?<!^)(?=[A-Z])", "-", maker.type.name).lower()
    own = _aws_ec2_id(maker) or maker.name
    service = "events" if maker.type.name.startswith("Event") else _ARN_SERVICES.get(module, module)
    place = maker.place
    region = maker.inputs.get("region", place.region)
    return f"arn:{place.partition}:{service}:{region}:{place.account}:{kind}/{own}"


def _arn_output(maker: _Maker, name: str) -> str:
    """The resource's own ARN (`arn`, a guardrail's `guardrailArn`), or that of something that hangs on it."""
    of = name[:-3].lower()
    if of in maker.type.name.lower():  # also the empty word
        return _aws_arn(maker)
    return f"{_aws_arn(maker)}/{of}-{maker.hex(name, 8)}"


def _aws_ec2_id(maker: _Maker) -> str | None:
    module = maker.type.module
    if module in ("ec2", "vpc", "ec2transitgateway") and maker.type.name in _EC2:
        prefix = f"{_EC2[maker.type.name]}-"
        return maker.known_id if maker.known_id.startswith(prefix) else prefix + maker.hex("id", 17)
    return None


def _aws_id(maker: _Maker) -> str:
    token = maker.type.token
    if token in _ARN_IS_ID:
        return _aws_arn(maker)
    template = _template(_IDS, maker.type)
    if template is not None:
        return template.format_map(_Parts(maker, {}))
    return _aws_ec2_id(maker) or _own_or_first(maker)


def _own_or_first(maker: _Maker) -> str:
    """A resource with a name is called by it; a resource that belongs to others, by what it joins."""
    own = name_property(maker.type)
    if own is not None and isinstance(maker.inputs.get(own) or maker.inputs.get(f"{own}Prefix"), str):
        return maker.name
    joined = [maker.inputs[name] for name in maker.type.inputs.required if isinstance(maker.inputs.get(name), str)]
    return ":".join(joined)[:200] if joined else f"{maker.name}-{maker.hex('id', 8)}"


# -------------------------------------------------------------------------------------------------------- Google

# Where a resource stands under its project (Google API reference, resource names).
_GOOGLE_IDS: Final[Mapping[str, str]] = {
    "gcp:storage/bucket:Bucket": "{name}",
    "gcp:storage/bucketObject:BucketObject": "{bucket}-{name}",
    "gcp:serviceaccount/account:Account":
        "projects/{project}/serviceAccounts/{accountId}@{project}.iam.gserviceaccount.com",
    "gcp:kms/keyRing:KeyRing": "projects/{project}/locations/{location}/keyRings/{name}",
    "gcp:kms/cryptoKey:CryptoKey": "{keyRing}/cryptoKeys/{name}",
    "gcp:projects/service:Service": "{project}/{service}",
    "gcp:projects/iAMMember:IAMMember": "{project}/{role}/{member}",
    "gcp:organizations/project:Project": "projects/{projectId}",
    "gcp:serviceaccount/key:Key": "{serviceAccountId}/keys/{hex40}",
    "gcp:projects/iAMCustomRole:IAMCustomRole": "projects/{project}/roles/{roleId}",
    "gcp:pubsub/topic:Topic": "projects/{project}/topics/{name}",
    "gcp:pubsub/subscription:Subscription": "projects/{project}/subscriptions/{name}",
    "gcp:cloudrunv2/service:Service": "projects/{project}/locations/{location}/services/{name}",
    "gcp:container/cluster:Cluster": "projects/{project}/locations/{location}/clusters/{name}",
    "gcp:container/nodePool:NodePool":
        "projects/{project}/locations/{location}/clusters/{cluster}/nodePools/{name}",
    "gcp:bigquery/dataset:Dataset": "projects/{project}/datasets/{datasetId}",
    "gcp:bigquery/table:Table": "projects/{project}/datasets/{datasetId}/tables/{tableId}",
    "gcp:secretmanager/secret:Secret": "projects/{project}/secrets/{secretId}",
    "gcp:secretmanager/secretVersion:SecretVersion": "{secret}/versions/1",
    "gcp:logging/projectBucketConfig:ProjectBucketConfig":
        "projects/{project}/locations/{location}/buckets/{bucketId}",
    "gcp:logging/projectSink:ProjectSink": "projects/{project}/sinks/{name}",
    "gcp:artifactregistry/repository:Repository":
        "projects/{project}/locations/{location}/repositories/{repositoryId}",
    "gcp:dns/managedZone:ManagedZone": "projects/{project}/managedZones/{name}",
    "gcp:iam/workloadIdentityPool:WorkloadIdentityPool":
        "projects/{project}/locations/global/workloadIdentityPools/{workloadIdentityPoolId}",
    "gcp:sql/databaseInstance:DatabaseInstance": "{name}",
}  # fmt: skip
_GOOGLE_OUTPUTS: Final[Mapping[str, Mapping[str, str]]] = {
    "gcp:storage/bucket:Bucket": {
        "url": "gs://{name}",
        "selfLink": "https://www.googleapis.com/storage/v1/b/{name}",
    },
    "gcp:serviceaccount/account:Account": {
        "email": "{accountId}@{project}.iam.gserviceaccount.com",
        "member": "serviceAccount:{accountId}@{project}.iam.gserviceaccount.com",
        "name": "{id}",
        "uniqueId": "1{digits20}",
    },
    "gcp:serviceaccount/key:Key": {"name": "{id}"},
    "gcp:iam/workloadIdentityPool:WorkloadIdentityPool": {
        "name": "projects/{projectNumber}/locations/global/workloadIdentityPools/{workloadIdentityPoolId}",
    },
    "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider": {
        "name": "projects/{projectNumber}/locations/global/workloadIdentityPools/{workloadIdentityPoolId}"
        "/providers/{workloadIdentityPoolProviderId}",
    },
    "gcp:organizations/folder:Folder": {"folderId": "{idEnd}"},
    "gcp:organizations/project:Project": {"number": "{digits12}"},
    "gcp:projects/serviceIdentity:ServiceIdentity": {
        "email": "service-{projectNumber}@gcp-sa-{serviceName}.iam.gserviceaccount.com",
        "member": "serviceAccount:service-{projectNumber}@gcp-sa-{serviceName}.iam.gserviceaccount.com",
    },
    "gcp:secretmanager/secretVersion:SecretVersion": {"name": "{id}", "version": "1"},
    "gcp:tags/tagKey:TagKey": {"name": "{idEnd}"},
    "gcp:tags/tagValue:TagValue": {"name": "{idEnd}"},
    "gcp:redis/instance:Instance": {"host": "10.0.0.{octet}", "port": "6379"},
    "gcp:cloudrunv2/service:Service": {"uri": "https://{name}-{guardrail10}-uc.a.run.app"},
    "gcp:cloudfunctionsv2/function:Function": {"url": "https://{location}-{project}.cloudfunctions.net/{name}"},
    "gcp:logging/projectSink:ProjectSink": {
        "writerIdentity": "serviceAccount:service-{projectNumber}@gcp-sa-logging.iam.gserviceaccount.com"
    },
    "gcp:container/cluster:Cluster": {"endpoint": "203.0.113.{octet}"},
    "gcp:compute/address:Address": {"address": "203.0.113.{octet}"},
    "gcp:compute/globalAddress:GlobalAddress": {"address": "203.0.113.{octet}"},
    "gcp:sql/databaseInstance:DatabaseInstance": {
        "connectionName": "{project}:{region}:{name}",
        "publicIpAddress": "203.0.113.{octet}",
        "privateIpAddress": "10.0.0.{octet}",
        "firstIpAddress": "203.0.113.{octet}",
    },
    "gcp:kms/cryptoKey:CryptoKey": {"name": "{name}"},
    "gcp:secretmanager/secret:Secret": {"name": "projects/{projectNumber}/secrets/{secretId}"},
    "gcp:projects/iAMCustomRole:IAMCustomRole": {"name": "projects/{project}/roles/{roleId}"},
    "gcp:dns/managedZone:ManagedZone": {"managedZoneId": "{digits18}"},
    "gcp:artifactregistry/repository:Repository": {"name": "{repositoryId}"},
}  # fmt: skip


def _google_parts(maker: _Maker) -> _Parts:
    place = maker.place
    text = {name: value for name, value in maker.inputs.items() if isinstance(value, str)}
    zone = text.get("zone", place.gcp_zone)
    region = text.get("region", zone.rsplit("-", 1)[0] if "zone" in text else place.gcp_region)
    return _Parts(
        maker,
        {
            "region": region,
            "zone": zone,
            "location": text.get("location", region),
            "projectNumber": place.project_number,
            "serviceName": text.get("service", "").partition(".")[0],
            "idEnd": maker.known_id.rpartition("/")[2],
            "digits12": maker.digits("number", 12),
            "digits18": maker.digits("long", 18),
            "digits20": maker.digits("long", 20),
        },
    )


def _google_derived(maker: _Maker, id: str) -> dict[str, Any]:  # noqa: A002 - Pulumi's word
    """Outputs that follow from an input by more than a template."""
    token, derived = maker.type.token, dict[str, Any]()
    if "name" not in maker.type.inputs.fields:
        derived["name"] = id  # what Google names itself is called by its whole name
    if token == "gcp:compute/subnetwork:Subnetwork":  # noqa: S105 - a type token
        derived["gatewayAddress"] = _first_host(maker.inputs.get("ipCidrRange"))
    if token == "gcp:serviceaccount/key:Key":  # noqa: S105 - a type token
        derived["privateKey"] = _key_file(maker)
    if token == "gcp:compute/instanceTemplate:InstanceTemplate":  # noqa: S105 - a type token
        link = f"https://www.googleapis.com/compute/v1/{id}"
        derived["selfLinkUnique"] = f"{link}?uniqueId={maker.digits('unique', 18)}"
    return derived


def _first_host(cidr: Any) -> str:
    """Google keeps the first address of a subnetwork for its gateway."""
    try:
        return str(ipaddress.ip_network(cidr)[1])
    except (ValueError, IndexError):
        return "10.0.0.1"


def _key_file(maker: _Maker) -> str:
    """A credentials file in Base64, as Google tells it; its key is none."""
    account = str(maker.inputs.get("serviceAccountId") or "").rpartition("/")[2]
    content = {
        "type": "service_account",
        "project_id": maker.place.project,
        "private_key_id": maker.hex("id", 40),
        "private_key": "rehearsal-no-key",
        "client_email": account,
        "client_id": maker.digits("client", 21),
        "token_uri": "https://oauth2.googleapis.com/token",
    }
    return base64.b64encode(json.dumps(content).encode()).decode()


_PARAMETER: Final = re.compile(r"\{\{(\w+)\}\}")


def _documented_google_id(maker: _Maker, parts: _Parts) -> str | None:
    """The resource name that Google's API reference gives, or None when it needs more than the inputs tell."""
    steps = maker.type.import_id.split("/")
    filled = [_google_step(maker, parts, step) for step in steps]
    if filled[-1] is None:
        filled[-1] = maker.digits("number", 18)  # what Google itself numbers
    return "/".join(step for step in filled if step) if maker.type.import_id and None not in filled else None


def _google_step(maker: _Maker, parts: _Parts, step: str) -> str | None:
    parameter = _PARAMETER.fullmatch(step)
    if parameter is None:
        return None if "{{" in step else step
    wire = maker.type.inputs.python_names.get(parameter.group(1))
    if wire is None:
        return None
    if wire in ("project", "region", "zone", "location"):
        return parts[wire]
    given = maker.inputs.get(wire)
    if given is None:
        return maker.name if wire == name_property(maker.type) else None
    return str(given).rpartition("/")[2]


def _google_id(maker: _Maker) -> str:
    parts = _google_parts(maker)
    template = _GOOGLE_IDS.get(maker.type.token)
    if template is not None:
        return template.format_map(parts)
    documented = _documented_google_id(maker, parts)
    if documented is not None:
        return documented
    fields = maker.type.inputs.fields
    if name_property(maker.type) is None and "project" not in fields:
        return _own_or_first(maker)
    plural = _plural(maker.type.name)
    if maker.type.module == "compute":
        where = "zones/{zone}" if "zone" in fields else "regions/{region}" if "region" in fields else "global"
    else:
        where = "locations/{location}" if "location" in fields else ""
    own = maker.name if name_property(maker.type) else _own_or_first(maker)
    steps = [step for step in ("projects/{project}", where, plural) if step]
    return "/".join(steps).format_map(parts) + f"/{own}"


def _plural(class_name: str) -> str:
    """`urlMaps` for URLMap, `managementPolicies` for ManagementPolicy, `indexes` for Index."""
    head = re.match(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]+$|[A-Z]", class_name)
    camel = class_name[: head.end()].lower() + class_name[head.end() :] if head else class_name
    if re.search(r"[^aeiou]y$", camel):
        return camel[:-1] + "ies"
    if camel.endswith("ies"):
        return camel
    return camel + ("es" if re.search(r"(s|x|ch|sh)$", camel) else "s")


# --------------------------------------------------------------------------------------------------------- Azure

# Resource provider namespaces whose spelling is not the module's (Azure resource providers and their services).
_NAMESPACES: Final[Mapping[str, str]] = {
    "aad": "Microsoft.AAD", "alertsmanagement": "Microsoft.AlertsManagement",
    "apimanagement": "Microsoft.ApiManagement",
    "app": "Microsoft.App", "applicationinsights": "Microsoft.Insights", "authorization": "Microsoft.Authorization",
    "cognitiveservices": "Microsoft.CognitiveServices", "consumption": "Microsoft.Consumption",
    "containerinstance": "Microsoft.ContainerInstance", "containerregistry": "Microsoft.ContainerRegistry",
    "containerservice": "Microsoft.ContainerService", "cosmosdb": "Microsoft.DocumentDB",
    "dbforpostgresql": "Microsoft.DBforPostgreSQL", "dbformysql": "Microsoft.DBforMySQL",
    "documentdb": "Microsoft.DocumentDB", "eventgrid": "Microsoft.EventGrid", "eventhub": "Microsoft.EventHub",
    "keyvault": "Microsoft.KeyVault", "machinelearningservices": "Microsoft.MachineLearningServices",
    "managedidentity": "Microsoft.ManagedIdentity", "monitor": "Microsoft.Insights",
    "operationalinsights": "Microsoft.OperationalInsights", "privatedns": "Microsoft.Network",
    "dns": "Microsoft.Network",
    "recoveryservices": "Microsoft.RecoveryServices", "securityinsights": "Microsoft.SecurityInsights",
    "servicebus": "Microsoft.ServiceBus", "signalrservice": "Microsoft.SignalRService",
}  # fmt: skip
# Resource type segments (Azure REST reference); the first is the parent's.
_SEGMENTS: Final[Mapping[str, tuple[str, ...]]] = {
    "azure-native:storage:StorageAccount": ("storageAccounts",),
    "azure-native:storage:BlobContainer": ("storageAccounts", "blobServices/default/containers"),
    "azure-native:storage:BlobContainerImmutabilityPolicy":
        ("storageAccounts", "blobServices/default/containers", "immutabilityPolicies"),
    "azure-native:storage:BlobServiceProperties": ("storageAccounts", "blobServices"),
    "azure-native:authorization:ManagementLockByScope": ("locks",),
    "azure-native:cosmosdb:SqlResourceSqlDatabase": ("databaseAccounts", "sqlDatabases"),
    "azure-native:cosmosdb:SqlResourceSqlContainer": ("databaseAccounts", "sqlDatabases", "containers"),
    "azure-native:storage:StorageAccountStaticWebsite": ("storageAccounts", "staticWebsite"),
    "azure-native:keyvault:Vault": ("vaults",),
    "azure-native:keyvault:Secret": ("vaults", "secrets"),
    "azure-native:keyvault:Key": ("vaults", "keys"),
    "azure-native:cognitiveservices:Account": ("accounts",),
    "azure-native:cognitiveservices:Deployment": ("accounts", "deployments"),
    "azure-native:cognitiveservices:Project": ("accounts", "projects"),
    "azure-native:network:VirtualNetwork": ("virtualNetworks",),
    "azure-native:network:Subnet": ("virtualNetworks", "subnets"),
    "azure-native:network:NetworkInterface": ("networkInterfaces",),
    "azure-native:network:NetworkSecurityGroup": ("networkSecurityGroups",),
    "azure-native:network:PublicIPAddress": ("publicIPAddresses",),
    "azure-native:network:PrivateEndpoint": ("privateEndpoints",),
    "azure-native:network:PrivateDnsZoneGroup": ("privateEndpoints", "privateDnsZoneGroups"),
    "azure-native:privatedns:PrivateZone": ("privateDnsZones",),
    "azure-native:privatedns:VirtualNetworkLink": ("privateDnsZones", "virtualNetworkLinks"),
    "azure-native:web:AppServicePlan": ("serverfarms",),
    "azure-native:web:WebApp": ("sites",),
    "azure-native:app:ContainerApp": ("containerApps",),
    "azure-native:app:ManagedEnvironment": ("managedEnvironments",),
    "azure-native:containerregistry:Registry": ("registries",),
    "azure-native:containerservice:ManagedCluster": ("managedClusters",),
    "azure-native:operationalinsights:Workspace": ("workspaces",),
    "azure-native:managedidentity:UserAssignedIdentity": ("userAssignedIdentities",),
    "azure-native:monitor:DiagnosticSetting": ("diagnosticSettings",),
}  # fmt: skip


# Parents whose type is not what the path parameter calls them (Azure REST reference).
_PARENTS: Final[Mapping[tuple[str, str], str]] = {
    ("storage", "account"): "storageAccount", ("cosmosdb", "account"): "databaseAccount",
    ("containerservice", "resource"): "managedCluster", ("managedidentity", "resource"): "userAssignedIdentity",
    ("privatedns", "privateZone"): "privateDnsZone", ("dns", "zone"): "dnsZone", ("web", "name"): "site",
    ("dbforpostgresql", "server"): "flexibleServer",
}  # fmt: skip


def _azure_id(maker: _Maker) -> str:
    type_, given = maker.type, maker.inputs
    subscription = f"/subscriptions/{maker.place.subscription}"
    group = given.get("resourceGroupName")
    if type_.token == "azure-native:resources:ResourceGroup":  # noqa: S105 - a type token
        return f"{subscription}/resourceGroups/{maker.name}"
    namespace = _NAMESPACES.get(type_.module, f"Microsoft.{type_.module[:1].upper()}{type_.module[1:]}")
    scope = given.get("scope") or given.get("resourceUri")
    root = f"/{str(scope).strip('/')}" if scope else subscription + (f"/resourceGroups/{group}" if group else "")
    if type_.token == "azure-native:resources:Resource":  # noqa: S105 - a type token
        generic = (str(given.get("parentResourcePath") or ""), str(given.get("resourceType")), maker.name)
        return f"{root}/providers/{given.get('resourceProviderNamespace')}/" + "/".join(filter(None, generic))
    parent_names = [
        name
        for name in path_parameters(type_)
        if type_.inputs.fields[name].required
        and name not in ("resourceGroupName", "scope", "resourceUri")
        and isinstance(given.get(name), str)
    ]
    parents = [str(given[name]) for name in parent_names]
    segments = _SEGMENTS.get(type_.token)
    if segments is None:
        segments = (*(_parent_segment(type_, name) for name in parent_names), _plural(type_.name))
    steps = (*parents, maker.name)
    pairs = [
        f"{segment}/{step}" for segment, step in zip(segments[-len(steps) :], steps[-len(segments) :], strict=False)
    ]
    return f"{root}/providers/{namespace}/" + "/".join(pairs)


def _parent_segment(type_: ResourceType, parameter: str) -> str:
    """The resource type that a path parameter names: `accountName` of storage is one of the `storageAccounts`."""
    of = parameter.removesuffix("Name").removesuffix("Id").rstrip("_")
    owner = _PARENTS.get((type_.module, of), of)
    return _plural(owner[:1].upper() + owner[1:])


def _azure_type(id: str) -> str:  # noqa: A002 - Azure's word
    """``Microsoft.Storage/storageAccounts`` from a resource id."""
    steps = id.rpartition("/providers/")[2].split("/")
    return "/".join([steps[0], *steps[1::2]]) if len(steps) > 1 else "Microsoft.Resources/resourceGroups"


def _vault_secret(maker: _Maker, _: str) -> dict[str, Any]:
    uri = f"https://{maker.inputs.get('vaultName')}.vault.azure.net/secrets/{maker.name}"
    return {"properties": {"secretUri": uri, "secretUriWithVersion": f"{uri}/{maker.hex('version', 32)}"}}


def _ai_account(maker: _Maker, _: str) -> dict[str, Any]:
    given = maker.inputs.get("properties")
    domain = given.get("customSubDomainName") if isinstance(given, dict) else None
    return {"properties": {"endpoint": f"https://{domain or maker.name}.cognitiveservices.azure.com/"}}


def _public_address(maker: _Maker, _: str) -> dict[str, Any]:
    given = maker.inputs.get("dnsSettings")
    label = given.get("domainNameLabel") if isinstance(given, dict) else None
    location = maker.inputs.get("location", maker.place.location)
    named = {"dnsSettings": {"fqdn": f"{label}.{location}.cloudapp.azure.com"}} if label else {}
    return {"ipAddress": f"203.0.113.{maker.octet('ip')}", **named}


def _private_endpoint(maker: _Maker, id: str) -> dict[str, Any]:  # noqa: A002 - Azure's word
    root = id.partition("/providers/")[0]
    interface = f"{root}/providers/Microsoft.Network/networkInterfaces/{maker.name}.nic.{maker.uuid('nic')}"
    return {"networkInterfaces": [{"id": interface}]}


def _kubernetes(maker: _Maker, id: str) -> dict[str, Any]:  # noqa: A002 - Azure's word
    root = id.partition("/providers/")[0]
    location = maker.inputs.get("location", maker.place.location)
    host = f"{maker.inputs.get('dnsPrefix') or maker.name}-{maker.hex('host', 8)}.hcp.{location}.azmk8s.io"
    identity = f"{root}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{maker.name}-agentpool"
    kubelet = {"resourceId": identity, "objectId": maker.uuid("kubelet"), "clientId": maker.uuid("kubelet-client")}
    return {"fqdn": host, "identityProfile": {"kubeletidentity": kubelet}}


_AZURE_DERIVED: Final[Mapping[str, Callable[[_Maker, str], dict[str, Any]]]] = {
    "azure-native:cognitiveservices:Account": _ai_account,
    "azure-native:containerservice:ManagedCluster": _kubernetes,
    "azure-native:keyvault:Secret": _vault_secret,
    "azure-native:keyvault:Vault": lambda maker, _: {
        "properties": {"vaultUri": f"https://{maker.name}.vault.azure.net/"}
    },
    "azure-native:network:PrivateEndpoint": _private_endpoint,
    "azure-native:network:PublicIPAddress": _public_address,
    "azure-native:sql:Server": lambda maker, _: {"fullyQualifiedDomainName": f"{maker.name}.database.windows.net"},
}
# Inputs that Azure fills when a program leaves them out, by the same reference pages as what it fills them with.
_AZURE_FILLED: Final[Mapping[str, frozenset[str]]] = {
    "azure-native:containerservice:ManagedCluster": frozenset({"identityProfile"}),
    "azure-native:network:PublicIPAddress": frozenset({"ipAddress"}),
}
_NAMED_BY_AZURE: Final = "fqdn"
"""Stands among the inputs of public addresses, but is made of the label that a program gives."""


def _azure_special(maker: _Maker, id: str) -> dict[str, Any]:  # noqa: A002 - Azure's word
    name, token = maker.name, maker.type.token
    if token in _AZURE_DERIVED:
        return _AZURE_DERIVED[token](maker, id)
    if token == "azure-native:storage:StorageAccount":  # noqa: S105 - a type token
        hosts = {kind: f"https://{name}.{kind}.core.windows.net/" for kind in ("blob", "dfs", "file", "queue", "table")}
        return {"primaryEndpoints": {**hosts, "web": f"https://{name}.z20.web.core.windows.net/"},
                "primaryLocation": maker.inputs.get("location", maker.place.location),
                "statusOfPrimary": "available"}  # fmt: skip
    if token == "azure-native:web:WebApp":  # noqa: S105 - a type token
        return {"defaultHostName": f"{name}.azurewebsites.net", "state": "Running"}
    if token == "azure-native:containerregistry:Registry":  # noqa: S105 - a type token
        return {"loginServer": f"{name.lower()}.azurecr.io"}
    if token == "azure-native:keyvault:Key":  # noqa: S105 - a type token
        # With its port, as Azure Resource Manager's own example has it (Microsoft.KeyVault 2022-07-01, `createKey`).
        uri = f"https://{maker.inputs.get('vaultName')}.vault.azure.net:443/keys/{name}"
        return {"keyUri": uri, "keyUriWithVersion": f"{uri}/{maker.hex('version', 32)}"}
    if token == "azure-native:managedidentity:UserAssignedIdentity":  # noqa: S105 - a type token
        return {"principalId": maker.uuid("principal"), "clientId": maker.uuid("client"),
                "tenantId": maker.place.tenant}  # fmt: skip
    return {}


# --------------------------------------------------------------------------------------------- values by their names

_EC2_REFERENCES: Final[Mapping[str, str]] = {
    "allocation": "eipalloc", "association": "assoc", "networkacl": "acl", "routetable": "rtb", "securitygroup": "sg",
    "subnet": "subnet", "vpc": "vpc", "dhcpoptions": "dopt", "networkinterface": "eni",
}  # fmt: skip


def _ec2_reference(maker: _Maker, name: str) -> str:
    """The identifier of another EC2 resource, by the end of the output's name (`defaultSecurityGroupId`)."""
    folded = name.removesuffix("Id").lower()
    prefix = next((text for end, text in _EC2_REFERENCES.items() if folded.endswith(end)), folded)
    return f"{prefix}-{maker.hex(name, 17)}"


def _identifier(maker: _Maker, name: str) -> str:
    """Google numbers its resources, Entra gives each a UUID; elsewhere an identifier says what it is of."""
    if maker.type.package == "gcp":
        return maker.digits(name, 18)
    if maker.type.package == "azuread":
        return maker.uuid(name)
    return f"{name.removesuffix('Id').removesuffix('ID').lower()}-{maker.hex(name, 17)}"


_NAMED_STRINGS: Final[tuple[tuple[re.Pattern[str], Callable[["_Maker", str], str]], ...]] = tuple(
    (re.compile(pattern), value)
    for pattern, value in (
        (r"(arn|Arn|ARN)$", _arn_output),
        (r"^(ownerId|owner|accountId|awsAccountId)$", lambda m, _: m.place.account),
        (r"^(tenantId|tenant)$", lambda m, _: m.place.tenant),
        (r"^(subscriptionId)$", lambda m, _: m.place.subscription),
        (r"^(customerId|instrumentationKey|principalId|objectId|clientId|applicationId|appId)$",
         lambda m, n: m.uuid(n)),
        (r"^(project)$", lambda m, _: m.place.project),
        (r"^(projectNumber)$", lambda m, _: m.place.project_number),
        (r"^(zone)$", lambda m, _: m.place.gcp_zone),
        (r"(Time|Date|At|timestamp|Timestamp|created|updated)$", lambda _m, _n: _CLOCK),
        (r"^provisioningState$", lambda _m, _n: "Succeeded"),
        (r"(^status|^state|Status|State)$", lambda m, _: "available" if m.type.module == "ec2" else "ACTIVE"),
        (r"^(email|serviceAccountEmailAddress|serviceAccountEmail)$",
         lambda m, _: f"p{m.place.project_number}-{m.hex('email', 6)}@gcp-sa-rehearsal.iam.gserviceaccount.com"),
        (r"^ipv6|Ipv6", lambda _m, _n: ""),
        (r"[pP]ublicIp|natIp|[iI]pv4Address$", lambda m, n: f"203.0.113.{m.octet(n)}"),
        (r"[iI]p(Address)?$|^address$|[iI]pv4$|[gG]atewayAddress$", lambda m, n: f"10.0.0.{m.octet(n)}"),
        (r"[cC]idrBlock$|[cC]idr$|ipv4Cidr", lambda _m, _n: "10.0.0.0/16"),
        (r"^(etag|fingerprint|labelFingerprint|\w*Fingerprint|\w*[sS]ha256)$",
         lambda m, n: base64.b64encode(bytes.fromhex(m.hex(n, 32))).decode()),
        (r"([cC]ertificate|Pem|^data)$", lambda m, n: base64.b64encode(m.hex(n, 32).encode()).decode()),
        (r"(url|Url|URL|uri|Uri|URI|endpoint|Endpoint)$", lambda m, n: f"https://{m.name}.rehearsal.invalid/{n}"),
        (r"(domain|Domain|DomainName|[dD]nsName|Dns|hostname|hostName|fqdn|Fqdn|host)$",
         lambda m, _: f"{m.name}.rehearsal.invalid"),
        (r"(allocation|association|networkAcl|routeTable|securityGroup|subnet|vpc|dhcpOptions|networkInterface)Id$"
         r"|(NetworkAcl|RouteTable|SecurityGroup|Vpc|NetworkInterface)Id$", lambda m, n: _ec2_reference(m, n)),
        (r"^(numericId|uniqueId|number|generatedId)$", lambda m, n: m.digits(n, 18)),
        (r"(Id|ID)$", lambda m, n: _identifier(m, n)),
        (r"(password|Password|secret|Secret|key|Key|token|Token)$", lambda m, n: m.hex(n, 40)),
    )
)  # fmt: skip


def _string(maker: _Maker, name: str) -> str:
    for pattern, value in _NAMED_STRINGS:
        if pattern.search(name):
            return value(maker, name)
    return ""


# Lists whose first element programs pass on: addresses, links to what belongs to the resource.
_LISTED_REFERENCES: Final = re.compile(r"([aA]rns|Ids|[uU]rls|[aA]ddresses|[eE]ndpoints)$")
# What is counted from one.
_COUNTED: Final = re.compile(r"([vV]ersion|[rR]evision|^generation)$")


def _value(maker: _Maker, type_: Type, name: str, depth: int, *, sure: bool) -> Any:
    """A value of `type_` for the output `name`. `sure` outputs are given where others would be left empty."""
    if isinstance(type_, Scalar):
        if type_.kind == "string":
            return _string(maker, name) or (f"{maker.name}-{name.lower()}" if sure else "")
        counted = bool(_COUNTED.search(name))
        return {"boolean": False, "integer": int(counted), "number": 0}.get(type_.kind)
    if isinstance(type_, Enumeration):
        return type_.values[0] if type_.values else ""
    if isinstance(type_, ListOf):
        # A program reads the first element of a computed block (`cluster.master_auths[0]`).
        is_block = sure and depth < _DEEPEST and isinstance(type_.item, ObjectType)
        if sure and name == "nameServers":
            return [f"ns-{number}.rehearsal.invalid" for number in range(4)]
        is_reference = sure and type_.item == Scalar("string") and bool(_LISTED_REFERENCES.search(name))
        return (
            [_value(maker, type_.item, name.removesuffix("s"), depth + 1, sure=False)]
            if is_block or is_reference
            else []
        )
    if isinstance(type_, MapOf):
        return {}
    if isinstance(type_, ObjectType):
        return _object(maker, type_, depth)
    if isinstance(type_, OneOf):
        return _value(maker, type_.options[0], name, depth, sure=sure)
    return {} if isinstance(type_, Anything) else None


def _object(maker: _Maker, type_: ObjectType, depth: int) -> dict[str, Any]:
    if depth >= _DEEPEST:
        return {}
    return {
        name: _value(maker, field.type, name, depth + 1, sure=False)
        for name, field in type_.fields.items()
        if field.required or isinstance(field.type, Scalar)
    }


# ------------------------------------------------------------------------------------------------------ the answers


def make(
    type_: ResourceType,
    inputs: Mapping[str, Any],
    place: Place,
    urn: str,
    secret: frozenset[str] = frozenset(),
) -> Made:
    """The id and all outputs of a resource that was just created from `inputs`.

    Nothing is derived from the inputs that `secret` names; they are only repeated.
    """
    maker = _maker(type_, inputs, place, urn, secret)
    id = {"gcp": _google_id, "azure-native": _azure_id}.get(  # noqa: A001 - Pulumi's word
        type_.package, _entra_id if type_.package == "azuread" else _aws_id
    )(maker)
    return Made(id, _outputs(maker, id, {}))


def remade(
    type_: ResourceType,
    inputs: Mapping[str, Any],
    place: Place,
    urn: str,
    id: str,  # noqa: A002 - Pulumi's word
    old: Mapping[str, Any],
    secret: frozenset[str] = frozenset(),
) -> dict[str, Any]:
    """The outputs after an update (or for a resource that exists): what was made up before stays as it was."""
    return _outputs(_maker(type_, inputs, place, urn, secret), id, old)


def preview(type_: ResourceType, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """What is known of a resource before it exists: its inputs; everything computed is unknown."""
    outputs = _echo(inputs)
    filled = _AZURE_FILLED.get(type_.token, frozenset())
    for name, field in type_.outputs.items():
        if name in outputs:
            asked = type_.inputs.fields[name].type if name in type_.inputs.fields else None
            outputs[name] = _completed(None, "", name, outputs[name], field.type, asked)
        if outputs.get(name) is None and (
            field.required or field.filled or name in filled or name not in type_.inputs.fields
        ):
            outputs[name] = UNKNOWN
    return outputs


def _entra_id(maker: _Maker) -> str:
    return maker.uuid("id")


def _maker(type_: ResourceType, inputs: Mapping[str, Any], place: Place, urn: str, secret: frozenset[str]) -> _Maker:
    own = name_property(type_)
    resource = urn.rpartition("::")[2]
    given = inputs.get(own) if own is not None else inputs.get("name")
    prefix = inputs.get(f"{own or 'name'}Prefix")
    if given is None and isinstance(prefix, str):
        # Terraform ends a prefixed name with 26 digits of time and counter.
        given = prefix + str(int(hashlib.sha256(urn.encode()).hexdigest(), 16))[:26]
    name = given if isinstance(given, str) else resource
    open_inputs = {key: value for key, value in inputs.items() if key not in secret}
    # What replaces a resource makes another one, with identifiers of its own.
    fixed = [(path, value) for path, value in _leaves(open_inputs, ()) if replaces(type_, path)]
    return _Maker(type_, inputs, place, f"{urn}|{sorted(map(str, fixed))}", name)


def _leaves(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            if not key.startswith("__"):
                yield from _leaves(item, (*path, key))
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from _leaves(item, (*path, index))
    elif path and not isinstance(value, Asset):
        yield path, value


def _echo(inputs: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in inputs.items() if not name.startswith("__")}


# What a cloud adds inside a block that the program gave: identifiers, addresses, endpoints.
_ADDED: Final = re.compile(r"(arn|Arn|[iI]d|[uU]ri|URI|[uU]rl|URL|[eE]ndpoint|[fF]qdn|[hH]ostName|[iI]p|[iI]pAddress)$")


def _is_added(key: str, asked: Field | None) -> bool:
    return bool(_ADDED.search(key)) if asked is None else asked.filled or key == _NAMED_BY_AZURE


def _completed(maker: _Maker | None, id: str, name: str, given: Any, shape: Type, asked: Type | None) -> Any:  # noqa: A002
    """`given` with what the cloud adds inside of it: only what could not be given. Unknown without a maker."""
    if isinstance(shape, ListOf) and isinstance(given, list):
        inner = asked.item if isinstance(asked, ListOf) else None
        return [_completed(maker, id, name, item, shape.item, inner) for item in given]
    if not (isinstance(shape, ObjectType) and isinstance(given, dict)):
        return given
    asked_fields = asked.fields if isinstance(asked, ObjectType) else {}
    completed = dict(given)
    for key, field in shape.fields.items():
        asked_field = asked_fields.get(key)
        if key in given:
            inner_asked = asked_field.type if asked_field else None
            completed[key] = _completed(maker, id, key, given[key], field.type, inner_asked)
        elif field.type == Scalar("string") and _is_added(key, asked_field):
            completed[key] = UNKNOWN if maker is None else _value(maker, field.type, key, 0, sure=True)
        elif key == "id" and isinstance(given.get("name"), str) and id.startswith("/subscriptions/"):
            # Azure gives every named part of a resource an id below the resource's own.
            completed[key] = f"{id}/{name}/{given['name']}"
    return completed


def _outputs(maker: _Maker, id: str, old: Mapping[str, Any]) -> dict[str, Any]:  # noqa: A002 - Pulumi's word
    maker = replace(maker, known_id=id)
    type_ = maker.type
    outputs = {name: value for name, value in _echo(maker.inputs).items() if name in type_.outputs}
    special = _special(maker, id)
    for name, field in type_.outputs.items():
        if outputs.get(name) is not None:
            asked = type_.inputs.fields[name].type if name in type_.inputs.fields else None
            completed = _completed(maker, id, name, outputs[name], field.type, asked)
            outputs[name] = _with_special(completed, outputs[name], special.get(name))
            continue
        if name in special:
            told = _converted(special[name], field.type)
            outputs[name] = told if name in _FOLLOWING else old.get(name, told)
        elif name in old and name not in type_.inputs.fields:
            outputs[name] = old[name]
        elif field.required or ((field.filled or name not in type_.inputs.fields) and _is_telling(field)):
            outputs[name] = _computed(maker, name, field)
    return outputs


def _with_special(completed: Any, given: Any, special: Any) -> Any:
    """A block with what the cloud is known to add inside of it."""
    if not (isinstance(completed, dict) and isinstance(special, dict)):
        return completed
    return {**completed, **{key: value for key, value in special.items() if given.get(key) is None}}


def _converted(told: Any, type_: Type) -> Any:
    """What a template says of a number is a number."""
    return int(told) if type_ == Scalar("integer") and isinstance(told, str) and told.isdigit() else told


_FOLLOWING: Final = frozenset({"tagsAll", "effectiveLabels", "pulumiLabels"})
"""Outputs that follow the inputs at every update."""


def _is_telling(field: Field) -> bool:
    """Whether an optional output is one that programs pass on (an id, an ARN, an endpoint)."""
    return bool(
        re.search(r"(arn|Arn|Id|[uU]rl|[eE]ndpoint|[hH]ostName|[fF]qdn)$", field.name)
    ) and field.type == Scalar("string")


def _computed(maker: _Maker, name: str, field: Field) -> Any:
    old_style = field.type == Scalar("string") and name in ("name", name_property(maker.type))
    if old_style:
        return maker.name
    return _value(maker, field.type, name, 0, sure=name not in maker.type.inputs.fields)


def _special(maker: _Maker, id: str) -> dict[str, Any]:  # noqa: A002 - Pulumi's word
    type_, place = maker.type, maker.place
    if type_.package in ("aws", "aws-native"):
        arn = _aws_arn(maker)
        parts = _Parts(maker, {"id": id, "arn": arn})
        told = {name: text.format_map(parts) for name, text in _AWS_OUTPUTS.get(type_.token, {}).items()}
        tags = maker.inputs.get("tags")
        every = {**place.default_tags, **(tags if isinstance(tags, dict) else {})}
        told |= _aws_derived(maker, parts, id)
        return {"arn": arn, "region": parts["region"], "tagsAll": every, "urn": id, **told}
    if type_.package == "gcp":
        found = _google_parts(maker)
        found["id"] = id
        told = {name: text.format_map(found) for name, text in _GOOGLE_OUTPUTS.get(type_.token, {}).items()}
        labels = maker.inputs.get("labels")
        every = {**place.default_tags, **(labels if isinstance(labels, dict) else {})}
        api = "compute/v1" if type_.module == "compute" else f"{type_.module}/v1"
        where = {name: found[name] for name in ("project", "region", "zone", "location")}
        return {"selfLink": f"https://www.googleapis.com/{api}/{id}", "pulumiLabels": every,
                "effectiveLabels": every, **where, **_google_derived(maker, id), **told}  # fmt: skip
    if type_.package == "azure-native":
        return {"name": maker.name, "type": _azure_type(id), "location": place.location,
                "provisioningState": "Succeeded", "azureApiVersion": "", **_azure_special(maker, id)}  # fmt: skip
    return {"objectId": id, "applicationId": maker.uuid("application"), "clientId": maker.uuid("application")}
