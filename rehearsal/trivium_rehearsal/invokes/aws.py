"""Functions of AWS's provider."""

import base64
import json
import uuid
from collections.abc import Mapping
from typing import Any, Final

from trivium_rehearsal.inference_profiles import geographies
from trivium_rehearsal.invokes.function import (
    Answer,
    Arguments,
    Function,
    FunctionError,
    hexed,
    needed,
)
from trivium_rehearsal.place import Place


def _caller_identity(_: Arguments, place: Place) -> Answer:
    return {
        "accountId": place.account,
        "arn": f"arn:{place.partition}:iam::{place.account}:root",
        "id": place.account,
        "userId": place.account,
    }


def _region(arguments: Arguments, place: Place) -> Answer:
    region = arguments.get("region") or arguments.get("name") or place.region
    return {
        "id": region,
        "name": region,
        "region": region,
        "description": region,
        "endpoint": f"ec2.{region}.amazonaws.com",
    }


def _partition(_: Arguments, place: Place) -> Answer:
    suffix = "amazonaws.com.cn" if place.partition == "aws-cn" else "amazonaws.com"
    return {
        "id": place.partition,
        "partition": place.partition,
        "dnsSuffix": suffix,
        "reverseDnsPrefix": ".".join(reversed(suffix.split("."))),
    }


def _zones(arguments: Arguments, place: Place) -> Answer:
    region = str(arguments.get("region") or place.region)
    names = [f"{region}{letter}" for letter in "abc"]
    code = "".join(
        part[0] if not part.isdigit() else part for part in region.split("-")
    )
    return {
        **arguments,
        "id": region,
        "names": names,
        "region": region,
        "groupNames": [region],
        "zoneIds": [f"{code}-az{number}" for number in (1, 2, 3)],
    }


def _geography(profile: str, region: str) -> Mapping[str, Any]:
    """The geography of a profile that may be called from `region`."""
    name, _, model = profile.partition(".")
    found = geographies().get(name)
    if found is None or not model:
        raise FunctionError(
            f"There is no system-defined inference profile {profile}: profiles begin"
            f" with {', '.join(f'{known}.' for known in geographies())}. Write, for"
            " instance, us.anthropic.…"
        )
    if found["sources"] and region not in found["sources"]:
        raise FunctionError(
            f"The inference profile {profile} cannot be called from {region}; it is"
            f" offered in {', '.join(found['sources'])}. Choose the profile of the"
            " Region's geography, or the global one."
        )
    return found


def _inference_profile(arguments: Arguments, place: Place) -> Answer:
    """A profile that the cloud defines, and the models behind it."""
    wanted = needed(
        arguments,
        "inferenceProfileId",
        "aws:bedrock/getInferenceProfile:getInferenceProfile",
    )
    profile = wanted.rpartition("/")[2]
    model = profile.partition(".")[2]
    region = str(arguments.get("region") or place.region)
    found = _geography(profile, region)
    # A global profile names the model without a Region, beside the source Region's own.
    places = [*found["destinations"]] or [region, ""]
    arns = [
        f"arn:{place.partition}:bedrock:{each}::foundation-model/{model}"
        for each in places
    ]
    return {
        **arguments,
        "createdAt": "2026-01-01T00:00:00Z",
        "updatedAt": "2026-01-01T00:00:00Z",
        "description": f"Routes requests to {model} in {found['name']}.",
        "id": profile,
        "inferenceProfileArn": (
            f"arn:{place.partition}:bedrock:{region}:{place.account}:inference-profile/{profile}"
        ),
        "inferenceProfileId": profile,
        "inferenceProfileName": f"{found['name']} {model}",
        "models": [{"modelArn": arn} for arn in arns],
        "region": region,
        "status": "ACTIVE",
        "type": "SYSTEM_DEFINED",
    }


def _policy_document(arguments: Arguments, _: Place) -> Answer:
    """A real rendering: the same JSON text that the provider makes (statements joined,
    single values unwrapped)."""
    statements: list[Answer] = []
    for text in arguments.get("sourcePolicyDocuments") or []:
        statements += _statements_of(text)
    own = [_statement(each) for each in arguments.get("statements") or []]
    statements = _overridden(statements, own)
    for text in arguments.get("overridePolicyDocuments") or []:
        statements = _overridden(statements, _statements_of(text))
    document: Answer = {"Version": arguments.get("version") or "2012-10-17"}
    if arguments.get("policyId"):
        document["Id"] = arguments["policyId"]
    document["Statement"] = statements
    text = json.dumps(document, indent=2)
    return {
        **arguments,
        "id": str(int(hexed(text, length=8), 16)),
        "json": text,
        "minifiedJson": json.dumps(document, separators=(",", ":")),
    }


def _statements_of(text: Any) -> list[Answer]:
    try:
        stated = json.loads(text)["Statement"]
    except (TypeError, ValueError, KeyError) as broken:
        raise FunctionError(
            "aws:iam/getPolicyDocument:getPolicyDocument: a source document is no"
            f" policy ({type(broken).__name__}); give JSON text with a Statement."
        ) from broken
    return list(stated) if isinstance(stated, list) else [stated]


def _overridden(below: list[Answer], above: list[Answer]) -> list[Answer]:
    """Statements of the same Sid are replaced, others are added."""
    sids = {each["Sid"] for each in above if each.get("Sid")}
    return [each for each in below if each.get("Sid") not in sids] + above


def _statement(given: Arguments) -> Answer:
    rendered: Answer = {"Sid": given["sid"]} if given.get("sid") else {}
    rendered["Effect"] = given.get("effect") or "Allow"
    for source, target in (
        ("actions", "Action"),
        ("notActions", "NotAction"),
        ("resources", "Resource"),
        ("notResources", "NotResource"),
    ):
        if given.get(source):
            rendered[target] = _single(given[source])
    for source, target in (
        ("principals", "Principal"),
        ("notPrincipals", "NotPrincipal"),
    ):
        if given.get(source):
            rendered[target] = _principals(given[source])
    conditions: dict[str, Answer] = {}
    for each in given.get("conditions") or []:
        conditions.setdefault(each["test"], {})[each["variable"]] = _single(
            each["values"]
        )
    return {**rendered, "Condition": conditions} if conditions else rendered


def _single(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else sorted(values, reverse=True)


def _principals(given: list[Answer]) -> Any:
    if any(each.get("type") == "*" for each in given):
        return "*"
    merged: dict[str, list[Any]] = {}
    for each in given:
        merged.setdefault(each["type"], []).extend(each["identifiers"])
    return {kind: _single(names) for kind, names in merged.items()}


def _vpc(arguments: Arguments, place: Place) -> Answer:
    vpc = arguments.get("id") or f"vpc-{hexed('default', place.region, length=17)}"
    return {
        **arguments,
        "id": vpc,
        "arn": f"arn:{place.partition}:ec2:{place.region}:{place.account}:vpc/{vpc}",
        "cidrBlock": arguments.get("cidrBlock") or "172.31.0.0/16",
        "default": bool(arguments.get("default")),
        "ownerId": place.account,
        "state": "available",
        "region": place.region,
        "mainRouteTableId": f"rtb-{hexed(vpc, length=17)}",
        "enableDnsSupport": True,
        "enableDnsHostnames": True,
        "instanceTenancy": "default",
        "tags": arguments.get("tags") or {},
        "cidrBlockAssociations": [],
        "dhcpOptionsId": f"dopt-{hexed(vpc, 'd', length=17)}",
    }


def _subnets(arguments: Arguments, place: Place) -> Answer:
    key = json.dumps(arguments.get("filters") or [], sort_keys=True)
    ids = [f"subnet-{hexed(key, number, length=17)}" for number in range(3)]
    return {**arguments, "id": place.region, "ids": ids, "region": place.region}


def _ami(arguments: Arguments, place: Place) -> Answer:
    image = f"ami-{hexed(json.dumps(dict(arguments), sort_keys=True), length=17)}"
    return {
        **arguments,
        "id": image,
        "imageId": image,
        "architecture": "x86_64",
        "name": "rehearsal-image",
        "arn": f"arn:{place.partition}:ec2:{place.region}::image/{image}",
        "state": "available",
        "rootDeviceName": "/dev/xvda",
        "rootDeviceType": "ebs",
        "virtualizationType": "hvm",
        "hypervisor": "xen",
        "imageType": "machine",
        "ownerId": place.account,
        "public": True,
        "creationDate": "2026-01-01T00:00:00.000Z",
        "region": place.region,
        "enaSupport": True,
        "blockDeviceMappings": [],
        "productCodes": [],
        "tags": {},
    }


def _route53_zone(arguments: Arguments, place: Place) -> Answer:
    name = str(arguments.get("name") or "rehearsal.invalid")
    zone = str(arguments.get("zoneId") or "Z" + hexed(name, length=13).upper())
    return {
        **arguments,
        "id": zone,
        "zoneId": zone,
        "name": name,
        "resourceRecordSetCount": 2,
        "comment": "",
        "arn": f"arn:{place.partition}:route53:::hostedzone/{zone}",
        "callerReference": "",
        "nameServers": [f"ns-{n}.rehearsal.invalid" for n in range(4)],
        "tags": {},
    }


def _found(
    service: str, kind: str, key: str, *, own: str = "name", regional: bool = True
) -> Function:
    """What is looked up by its name and has an ARN: the program's word that it exists
    is taken."""

    def look(arguments: Arguments, place: Place) -> Answer:
        name = needed(arguments, own, key)
        region = str(arguments.get("region") or place.region)
        where = f"{region}:{place.account}" if regional else f":{place.account}"
        arn = (
            name
            if name.startswith("arn:")
            else f"arn:{place.partition}:{service}:{where}:{kind}{name}"
        )
        return {
            **arguments,
            "id": name,
            own: name,
            "arn": arn,
            "region": region,
            "tags": {},
        }

    return look


def _policy(arguments: Arguments, place: Place) -> Answer:
    """A policy of AWS's own, unless the ARN says otherwise. What it grants only the
    cloud can tell."""
    prefix = str(arguments.get("pathPrefix") or "/")
    given = (
        arguments.get("arn")
        or f"arn:{place.partition}:iam::aws:policy{prefix}{arguments.get('name')}"
    )
    arn = str(given)
    return {
        **arguments,
        "id": arn,
        "arn": arn,
        "name": arn.rpartition("/")[2],
        "path": prefix,
        "policyId": "ANPA" + hexed(arn, length=17).upper(),
        "attachmentCount": 0,
        "tags": {},
    }


def _parameter(arguments: Arguments, place: Place) -> Answer:
    name = needed(arguments, "name", "aws:ssm/getParameter:getParameter")
    # AWS publishes the newest images under such names (Systems Manager User Guide,
    # "Calling AMI public parameters").
    value = (
        f"ami-{hexed(name, length=17)}"
        if "/ami-" in name
        else f"rehearsal-{hexed(name, length=12)}"
    )
    arn = f"arn:{place.partition}:ssm:{place.region}:{place.account}:parameter/{name.lstrip('/')}"
    return {
        **arguments,
        "id": name,
        "name": name,
        "arn": arn,
        "type": "String",
        "value": value,
        "insecureValue": value,
        "version": 1,
        "region": place.region,
    }


def _registry_token(arguments: Arguments, place: Place) -> Answer:
    registry = arguments.get("registryId") or place.account
    return {
        **arguments,
        "id": place.region,
        "userName": "AWS",
        "password": "rehearsal-no-token",
        "authorizationToken": base64.b64encode(b"AWS:rehearsal-no-token").decode(),
        "expiresAt": "2026-01-01T12:00:00Z",
        "region": place.region,
        "proxyEndpoint": f"https://{registry}.dkr.ecr.{place.region}.amazonaws.com",
    }


def _subnet(arguments: Arguments, place: Place) -> Answer:
    subnet = str(
        arguments.get("id")
        or f"subnet-{hexed(json.dumps(dict(arguments), sort_keys=True), length=17)}"
    )
    vpc = arguments.get("vpcId") or f"vpc-{hexed('default', place.region, length=17)}"
    return {
        **arguments,
        "id": subnet,
        "vpcId": vpc,
        "ownerId": place.account,
        "state": "available",
        "arn": f"arn:{place.partition}:ec2:{place.region}:{place.account}:subnet/{subnet}",
        "cidrBlock": arguments.get("cidrBlock") or "172.31.0.0/20",
        "region": place.region,
        "availabilityZone": arguments.get("availabilityZone") or f"{place.region}a",
        "tags": {},
    }


def _security_group(arguments: Arguments, place: Place) -> Answer:
    group = str(
        arguments.get("id")
        or f"sg-{hexed(json.dumps(dict(arguments), sort_keys=True), length=17)}"
    )
    vpc = arguments.get("vpcId") or f"vpc-{hexed('default', place.region, length=17)}"
    return {
        **arguments,
        "id": group,
        "vpcId": vpc,
        "name": arguments.get("name") or "default",
        "description": "",
        "arn": f"arn:{place.partition}:ec2:{place.region}:{place.account}:security-group/{group}",
        "region": place.region,
        "tags": {},
    }


def _prefix_list(arguments: Arguments, place: Place) -> Answer:
    name = str(arguments.get("name") or f"com.amazonaws.{place.region}.s3")
    identity = str(
        arguments.get("id")
        or arguments.get("prefixListId")
        or f"pl-{hexed(name, length=8)}"
    )
    return {
        **arguments,
        "id": identity,
        "name": name,
        "cidrBlocks": [],
        "entries": [],
        "region": place.region,
        "arn": f"arn:{place.partition}:ec2:{place.region}:aws:prefix-list/{identity}",
    }


def _secret_version(arguments: Arguments, place: Place) -> Answer:
    secret = needed(
        arguments, "secretId", "aws:secretsmanager/getSecretVersion:getSecretVersion"
    )
    return {
        **arguments,
        "id": f"{secret}|AWSCURRENT",
        "arn": secret,
        "secretString": "rehearsal-no-secret",
        "secretBinary": "",
        "versionId": hexed(secret, length=32),
        "versionStages": ["AWSCURRENT"],
        "createdDate": "2026-01-01T00:00:00Z",
        "region": place.region,
    }


def _key_alias(arguments: Arguments, place: Place) -> Answer:
    name = needed(arguments, "name", "aws:kms/getAlias:getAlias")
    root = f"arn:{place.partition}:kms:{place.region}:{place.account}"
    key = str(uuid.UUID(hexed(name, length=32), version=4))
    return {
        **arguments,
        "id": f"{root}:{name}",
        "arn": f"{root}:{name}",
        "name": name,
        "targetKeyId": key,
        "targetKeyArn": f"{root}:key/{key}",
        "region": place.region,
    }


def _session(arguments: Arguments, _: Place) -> Answer:
    arn = needed(arguments, "arn", "aws:iam/getSessionContext:getSessionContext")
    return {
        "id": arn,
        "arn": arn,
        "issuerArn": arn,
        "issuerId": "",
        "issuerName": "",
        "sessionName": "",
    }


FUNCTIONS: Final[Mapping[str, Function]] = {
    "aws:ec2/getManagedPrefixList:getManagedPrefixList": _prefix_list,
    "aws:ec2/getPrefixList:getPrefixList": _prefix_list,
    "aws:ec2/getSecurityGroup:getSecurityGroup": _security_group,
    "aws:ec2/getSubnet:getSubnet": _subnet,
    "aws:ecr/getAuthorizationToken:getAuthorizationToken": _registry_token,
    "aws:iam/getPolicy:getPolicy": _policy,
    "aws:iam/getRole:getRole": _found(
        "iam", "role/", "aws:iam/getRole:getRole", regional=False
    ),
    "aws:iam/getSessionContext:getSessionContext": _session,
    "aws:kms/getAlias:getAlias": _key_alias,
    "aws:secretsmanager/getSecret:getSecret": _found(
        "secretsmanager", "secret:", "aws:secretsmanager/getSecret:getSecret"
    ),
    "aws:secretsmanager/getSecretVersion:getSecretVersion": _secret_version,
    "aws:sns/getTopic:getTopic": _found("sns", "", "aws:sns/getTopic:getTopic"),
    "aws:ssm/getParameter:getParameter": _parameter,
    "aws:index/getCallerIdentity:getCallerIdentity": _caller_identity,
    "aws:index/getRegion:getRegion": _region,
    "aws:index/getPartition:getPartition": _partition,
    "aws:index/getAvailabilityZones:getAvailabilityZones": _zones,
    "aws:bedrock/getInferenceProfile:getInferenceProfile": _inference_profile,
    "aws:iam/getPolicyDocument:getPolicyDocument": _policy_document,
    "aws:ec2/getVpc:getVpc": _vpc,
    "aws:ec2/getSubnets:getSubnets": _subnets,
    "aws:ec2/getAmi:getAmi": _ami,
    "aws:route53/getZone:getZone": _route53_zone,
    "aws-native:index:getAccountId": lambda _arguments, place: {
        "accountId": place.account
    },
    "aws-native:index:getRegion": lambda _arguments, place: {"region": place.region},
    "aws-native:index:getPartition": lambda _arguments, place: {
        "partition": place.partition
    },
}
