"""The identifiers, ARNs and endpoints of AWS resources, by either provider."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from trivium_rehearsal.outputs.maker import Maker, Parts, own_or_first
from trivium_rehearsal.outputs.tables import table
from trivium_rehearsal.types import ResourceType

# EC2 identifiers: prefix and 17 hex digits (EC2 User Guide, "Resource IDs").
_EC2: Final[Mapping[str, str]] = {
    "Vpc": "vpc",
    "DefaultVpc": "vpc",
    "Subnet": "subnet",
    "SecurityGroup": "sg",
    "DefaultSecurityGroup": "sg",
    "InternetGateway": "igw",
    "EgressOnlyInternetGateway": "eigw",
    "NatGateway": "nat",
    "RouteTable": "rtb",
    "DefaultRouteTable": "rtb",
    "RouteTableAssociation": "rtbassoc",
    "Eip": "eipalloc",
    "EipAssociation": "eipassoc",
    "Instance": "i",
    "VpcEndpoint": "vpce",
    "NetworkAcl": "acl",
    "LaunchTemplate": "lt",
    "Volume": "vol",
    "NetworkInterface": "eni",
    "FlowLog": "fl",
    "VpcDhcpOptions": "dopt",
    "VpcPeeringConnection": "pcx",
    "TransitGateway": "tgw",
    "VpnGateway": "vgw",
    "CustomerGateway": "cgw",
    "Ami": "ami",
    "Snapshot": "snap",
    "SecurityGroupIngressRule": "sgr",
    "SecurityGroupEgressRule": "sgr",
    "SecurityGroupRule": "sgrule",
    "VpcEndpointService": "vpce-svc",
    "SpotInstanceRequest": "sir",
}

# ARN templates by type (AWS Service Authorization Reference, "Resource types defined by
# …").
_ARNS: Final[Mapping[str, str]] = table("aws_arns.json")

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
}
# Types whose id is their ARN (AWS provider documentation, `id`).
_ARN_IS_ID: Final = frozenset(
    {
        "aws:iam/policy:Policy",
        "aws:sns/topic:Topic",
        "aws:ecs/cluster:Cluster",
        "aws:ecs/service:Service",
        "aws:lb/loadBalancer:LoadBalancer",
        "aws:lb/targetGroup:TargetGroup",
        "aws:lb/listener:Listener",
        "aws:secretsmanager/secret:Secret",
        "aws:acm/certificate:Certificate",
        "aws:sfn/stateMachine:StateMachine",
        "aws:cloudtrail/trail:Trail",
        "aws:bedrock/inferenceProfile:InferenceProfile",
        "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
        "aws:lambda/layerVersion:LayerVersion",
    }
)

# Outputs that programs pass on, by type: property to template.
_OUTPUTS: Final[Mapping[str, Mapping[str, str]]] = {
    "aws:s3/bucket:Bucket": {
        "bucketDomainName": "{bucket}.s3.amazonaws.com",
        "bucketRegionalDomainName": "{bucket}.s3.{region}.amazonaws.com",
        "bucketRegion": "{region}",
        # AWS General Reference, "Amazon S3 website endpoints" (us-east-1's hosted
        # zone).
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
    "aws:rds/clusterInstance:ClusterInstance": {
        "endpoint": "{identifier}.{guardrail12}.{region}.rds.amazonaws.com"
    },
    "aws:route53/record:Record": {"fqdn": "{name}"},
    "aws:ec2/vpcEndpoint:VpcEndpoint": {"prefixListId": "pl-{hex17}"},
    "aws:iam/accessKey:AccessKey": {"secret": "{hex40}"},
    "aws:kms/key:Key": {"keyId": "{uuid}"},
    "aws:sqs/queue:Queue": {
        "url": "https://sqs.{region}.amazonaws.com/{account}/{name}"
    },
    "aws:lambda/function:Function": {
        "invokeArn": (
            "arn:{partition}:apigateway:{region}:lambda:path/2015-03-31/functions/{arn}"
            "/invocations"
        ),
        "qualifiedArn": "{arn}:$LATEST",
        "version": "$LATEST",
    },
    "aws:lambda/functionUrl:FunctionUrl": {
        "functionUrl": "https://{guardrail10}.lambda-url.{region}.on.aws/"
    },
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
        # AWS General Reference, "Elastic Load Balancing endpoints", us-east-1
        "zoneId": "Z35SXDOTRQ7X7K",
    },
    "aws:cloudfront/distribution:Distribution": {
        "domainName": "d{hex13}.cloudfront.net",
        # the same for every distribution (Route 53 API, AliasTarget)
        "hostedZoneId": "Z2FDTNDATAQYW2",
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
    "aws:rds/instance:Instance": {
        "address": "{identifier}.{guardrail12}.{region}.rds.amazonaws.com"
    },
    "aws:bedrock/guardrail:Guardrail": {
        "guardrailId": "{guardrail}",
        "version": "DRAFT",
        "status": "READY",
    },
    "aws:bedrock/inferenceProfile:InferenceProfile": {
        "status": "ACTIVE",
        "type": "APPLICATION",
    },
    "aws:ec2/eip:Eip": {"allocationId": "{id}", "publicIp": "203.0.113.{octet}"},
}
# ARN service where the SDK's module is called otherwise.
_ARN_SERVICES: Final[Mapping[str, str]] = {
    "accessanalyzer": "access-analyzer",
    "cfg": "config",
    "lb": "elasticloadbalancing",
    "alb": "elasticloadbalancing",
    "sfn": "states",
    "cloudwatch": "logs",
    "cognito": "cognito-idp",
    "efs": "elasticfilesystem",
    "msk": "kafka",
    "vpc": "ec2",
    "ec2transitgateway": "ec2",
    "bedrockmodel": "bedrock",
    "opensearch": "es",
    "appautoscaling": "autoscaling",
}


# The port that an RDS engine listens on (Amazon RDS API reference, CreateDBInstance,
# `Port`).
_ENGINE_PORTS: Final[Mapping[str, int]] = {
    "postgres": 5432,
    "aurora-postgresql": 5432,
    "mysql": 3306,
    "mariadb": 3306,
    "aurora-mysql": 3306,
    "oracle": 1521,
    "sqlserver": 1433,
    "db2": 50000,
}


def _derived(maker: Maker, parts: Parts, id: str) -> dict[str, Any]:  # noqa: A002
    """Outputs that follow from an input by more than a template."""
    derive = _DERIVED.get(maker.type.token)
    return derive(maker, parts, id) if derive is not None else {}


def _alias_target(maker: Maker, parts: Parts, _: str) -> dict[str, Any]:
    key = str(maker.inputs.get("targetKeyId") or "")
    made = (
        f"arn:{parts['partition']}:kms:{parts['region']}:{parts['account']}:key/{key}"
    )
    return {"targetKeyArn": key if key.startswith("arn:") else made}


def _database(maker: Maker, parts: Parts, _: str) -> dict[str, Any]:
    engine = str(maker.inputs.get("engine") or "")
    family = next(
        (
            name
            for name in sorted(_ENGINE_PORTS, reverse=True)
            if engine.startswith(name)
        ),
        "mysql",
    )
    port = maker.inputs.get("port") or _ENGINE_PORTS[family]
    address = f"{parts['identifier']}.{parts['guardrail12']}.{parts['region']}.rds.amazonaws.com"
    endpoint = (
        {"endpoint": f"{address}:{port}"} if maker.type.name == "Instance" else {}
    )
    return {"port": port, **endpoint}


def _certificate(maker: Maker, _parts: Parts, _id: str) -> dict[str, Any]:
    names = [
        maker.inputs.get("domainName"),
        *(maker.inputs.get("subjectAlternativeNames") or []),
    ]
    return {
        "domainValidationOptions": [
            {
                "domainName": name,
                "resourceRecordName": (
                    f"_{maker.hex(name, 32)}.{name.removeprefix('*.')}."
                ),
                "resourceRecordType": "CNAME",
                "resourceRecordValue": (
                    f"_{maker.hex(name + 'v', 32)}.acm-validations.aws."
                ),
            }
            for name in dict.fromkeys(each for each in names if isinstance(each, str))
        ]
    }


def _cluster_issuer(maker: Maker, parts: Parts, _: str) -> dict[str, Any]:
    seen_by = f"https://oidc.eks.{parts['region']}.amazonaws.com"
    issuer = f"{seen_by}/id/{maker.hex('issuer', 32).upper()}"
    return {"identities": [{"oidcs": [{"issuer": issuer}]}]}


def _oidc_provider(maker: Maker, parts: Parts, _: str) -> dict[str, Any]:
    host = str(maker.inputs.get("url") or "").removeprefix("https://").rstrip("/")
    return {
        "arn": f"arn:{parts['partition']}:iam::{parts['account']}:oidc-provider/{host}",
        "url": host,
    }


def _zone_id(maker: Maker, parts: Parts, _: str) -> dict[str, Any]:
    """The zone's id: zones are numbered here in the order of their letters
    (`use1-az1`)."""
    zone = str(maker.inputs.get("availabilityZone") or f"{parts['region']}a")
    region, letter = zone.rstrip("abcdef"), zone[-1:]
    code = "".join(
        part if part.isdigit() else part[:1]
        for part in re.findall(r"[a-z]+|\d+", region)[1:]
    )
    return {
        "availabilityZone": zone,
        "availabilityZoneId": f"{region[:2]}{code}-az{'abcdef'.find(letter) + 1}",
    }


def _hosted_zone(_maker: Maker, _parts: Parts, id: str) -> dict[str, Any]:  # noqa: A002
    servers = [f"ns-{number}.rehearsal.invalid" for number in range(4)]
    return {"zoneId": id, "nameServers": servers, "primaryNameServer": servers[0]}


_DERIVED: Final[Mapping[str, Callable[[Maker, Parts, str], dict[str, Any]]]] = {
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


def _template(templates: Mapping[str, str], type_: ResourceType) -> str | None:
    """aws-native's identifiers are AWS's own, as the other provider's are."""
    found = templates.get(type_.token)
    if found is None and type_.package == "aws-native":
        module, name = type_.module.rstrip("_"), type_.name
        found = templates.get(f"aws:{module}/{name[:1].lower()}{name[1:]}:{name}")
    return found


def own_arn(maker: Maker) -> str:
    template = _template(_ARNS, maker.type)
    if template is not None:
        return template.format_map(Parts(maker, {"id": maker.known_id}))
    if maker.type.token == "aws:iam/openIdConnectProvider:OpenIdConnectProvider":  # noqa: S105
        return str(_oidc_provider(maker, Parts(maker, {}), "")["arn"])
    module = maker.type.module.split(".")[0].rstrip("_")
    kind = re.sub(r"(?<!^)(?=[A-Z])", "-", maker.type.name).lower()
    own = _ec2_id(maker) or maker.name
    service = (
        "events"
        if maker.type.name.startswith("Event")
        else _ARN_SERVICES.get(module, module)
    )
    place = maker.place
    region = maker.inputs.get("region", place.region)
    return f"arn:{place.partition}:{service}:{region}:{place.account}:{kind}/{own}"


def arn_output(maker: Maker, name: str) -> str:
    """The resource's own ARN (`arn`, a guardrail's `guardrailArn`), or that of
    something that hangs on it."""
    of = name[:-3].lower()
    if of in maker.type.name.lower():  # also the empty word
        return own_arn(maker)
    return f"{own_arn(maker)}/{of}-{maker.hex(name, 8)}"


def _ec2_id(maker: Maker) -> str | None:
    module = maker.type.module
    if module in ("ec2", "vpc", "ec2transitgateway") and maker.type.name in _EC2:
        prefix = f"{_EC2[maker.type.name]}-"
        return (
            maker.known_id
            if maker.known_id.startswith(prefix)
            else prefix + maker.hex("id", 17)
        )
    return None


def identifier(maker: Maker) -> str:
    token = maker.type.token
    if token in _ARN_IS_ID:
        return own_arn(maker)
    template = _template(_IDS, maker.type)
    if template is not None:
        return template.format_map(Parts(maker, {}))
    return _ec2_id(maker) or own_or_first(maker)


def special(maker: Maker, id: str) -> dict[str, Any]:  # noqa: A002
    """Outputs that AWS is known to give, by name."""
    arn = own_arn(maker)
    parts = Parts(maker, {"id": id, "arn": arn})
    told = {
        name: text.format_map(parts)
        for name, text in _OUTPUTS.get(maker.type.token, {}).items()
    }
    tags = maker.inputs.get("tags")
    every = {**maker.place.default_tags, **(tags if isinstance(tags, dict) else {})}
    return {
        "arn": arn,
        "region": parts["region"],
        "tagsAll": every,
        "urn": id,
        **told,
        **_derived(maker, parts, id),
    }
