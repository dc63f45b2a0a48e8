"""Functions that programs ask a provider: who am I, where am I, which zones, what does this profile reach.

Each function that is answered stands in `FUNCTIONS`; any other is an error that names it, because an empty answer
would look like a fact. Answers hold what the rehearsal's own places imply, or what a data file with a source says.
"""

import base64
import hashlib
import json
import uuid
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Final

from trivium_rehearsal.place import Place

__all__ = ["FUNCTIONS", "FunctionError", "answer"]

Arguments = Mapping[str, Any]
Answer = dict[str, Any]
Function = Callable[[Arguments, Place], Answer]


class FunctionError(Exception):
    """The function cannot be answered. The message names it, what was found, and the remedy."""


def answer(token: str, arguments: Arguments, place: Place) -> Answer:
    """What the function `token` answers. Raises `FunctionError`."""
    function = FUNCTIONS.get(token)
    if function is None:
        near = get_close_matches(token, FUNCTIONS, n=1, cutoff=0.8)
        hint = f" The nearest that is answered is {near[0]}." if near else ""
        raise FunctionError(
            f"The rehearsal cannot answer the function {token}: it would have to read a real cloud.{hint} "
            "Give the value by configuration in a rehearsal, or add the function to trivium_rehearsal/invokes.py."
        )
    told = function(arguments, place)
    return {name: value for name, value in told.items() if value is not None}


def _needed(arguments: Arguments, name: str, function: str) -> str:
    value = arguments.get(name)
    if not isinstance(value, str) or not value:
        raise FunctionError(f"{function}: the argument {name} is missing; give it as a string.")
    return value


def _hex(*parts: object, length: int) -> str:
    return hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()[:length]


# ---------------------------------------------------------------------------------------------------------- AWS


def _caller_identity(_: Arguments, place: Place) -> Answer:
    return {
        "accountId": place.account,
        "arn": f"arn:{place.partition}:iam::{place.account}:root",
        "id": place.account,
        "userId": place.account,
    }


def _region(arguments: Arguments, place: Place) -> Answer:
    region = arguments.get("region") or arguments.get("name") or place.region
    return {"id": region, "name": region, "region": region, "description": region,
            "endpoint": f"ec2.{region}.amazonaws.com"}  # fmt: skip


def _partition(_: Arguments, place: Place) -> Answer:
    suffix = "amazonaws.com.cn" if place.partition == "aws-cn" else "amazonaws.com"
    return {"id": place.partition, "partition": place.partition, "dnsSuffix": suffix,
            "reverseDnsPrefix": ".".join(reversed(suffix.split(".")))}  # fmt: skip


def _zones(arguments: Arguments, place: Place) -> Answer:
    region = str(arguments.get("region") or place.region)
    names = [f"{region}{letter}" for letter in "abc"]
    code = "".join(part[0] if not part.isdigit() else part for part in region.split("-"))
    return {**arguments, "id": region, "names": names, "region": region, "groupNames": [region],
            "zoneIds": [f"{code}-az{number}" for number in (1, 2, 3)]}  # fmt: skip


@cache
def _geographies() -> Mapping[str, Mapping[str, Any]]:
    text = resources.files("trivium_rehearsal").joinpath("inference_profiles.json").read_text()
    found: Mapping[str, Mapping[str, Any]] = json.loads(text)["geographies"]
    return found


def _inference_profile(arguments: Arguments, place: Place) -> Answer:
    wanted = _needed(arguments, "inferenceProfileId", "aws:bedrock/getInferenceProfile:getInferenceProfile")
    profile = wanted.rpartition("/")[2]
    geography, _, model = profile.partition(".")
    region = str(arguments.get("region") or place.region)
    found = _geographies().get(geography)
    if found is None or not model:
        raise FunctionError(
            f"There is no system-defined inference profile {profile}: profiles begin with "
            f"{', '.join(f'{name}.' for name in _geographies())}. Write, for instance, us.anthropic.…"
        )
    if found["sources"] and region not in found["sources"]:
        raise FunctionError(
            f"The inference profile {profile} cannot be called from {region}; it is offered in "
            f"{', '.join(found['sources'])}. Choose the profile of the Region's geography, or the global one."
        )
    # A global profile names the model without a Region, beside the source Region's own.
    places = [*found["destinations"]] or [region, ""]
    arns = [f"arn:{place.partition}:bedrock:{each}::foundation-model/{model}" for each in places]
    return {
        **arguments,
        "createdAt": "2026-01-01T00:00:00Z",
        "updatedAt": "2026-01-01T00:00:00Z",
        "description": f"Routes requests to {model} in {found['name']}.",
        "id": profile,
        "inferenceProfileArn": f"arn:{place.partition}:bedrock:{region}:{place.account}:inference-profile/{profile}",
        "inferenceProfileId": profile,
        "inferenceProfileName": f"{found['name']} {model}",
        "models": [{"modelArn": arn} for arn in arns],
        "region": region,
        "status": "ACTIVE",
        "type": "SYSTEM_DEFINED",
    }


def _policy_document(arguments: Arguments, _: Place) -> Answer:
    """A real rendering: the same JSON text that the provider makes (statements joined, single values unwrapped)."""
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
    return {**arguments, "id": str(int(_hex(text, length=8), 16)), "json": text,
            "minifiedJson": json.dumps(document, separators=(",", ":"))}  # fmt: skip


def _statements_of(text: Any) -> list[Answer]:
    try:
        stated = json.loads(text)["Statement"]
    except (TypeError, ValueError, KeyError) as broken:
        raise FunctionError(
            f"aws:iam/getPolicyDocument:getPolicyDocument: a source document is no policy ({type(broken).__name__}); "
            "give JSON text with a Statement."
        ) from broken
    return list(stated) if isinstance(stated, list) else [stated]


def _overridden(below: list[Answer], above: list[Answer]) -> list[Answer]:
    """Statements of the same Sid are replaced, others are added."""
    sids = {each["Sid"] for each in above if each.get("Sid")}
    return [each for each in below if each.get("Sid") not in sids] + above


def _statement(given: Arguments) -> Answer:
    rendered: Answer = {"Sid": given["sid"]} if given.get("sid") else {}
    rendered["Effect"] = given.get("effect") or "Allow"
    for source, target in (("actions", "Action"), ("notActions", "NotAction"), ("resources", "Resource"),
                           ("notResources", "NotResource")):  # fmt: skip
        if given.get(source):
            rendered[target] = _single(given[source])
    for source, target in (("principals", "Principal"), ("notPrincipals", "NotPrincipal")):
        if given.get(source):
            rendered[target] = _principals(given[source])
    conditions: dict[str, Answer] = {}
    for each in given.get("conditions") or []:
        conditions.setdefault(each["test"], {})[each["variable"]] = _single(each["values"])
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
    vpc = arguments.get("id") or f"vpc-{_hex('default', place.region, length=17)}"
    return {**arguments, "id": vpc, "arn": f"arn:{place.partition}:ec2:{place.region}:{place.account}:vpc/{vpc}",
            "cidrBlock": arguments.get("cidrBlock") or "172.31.0.0/16", "default": bool(arguments.get("default")),
            "ownerId": place.account, "state": "available", "region": place.region,
            "mainRouteTableId": f"rtb-{_hex(vpc, length=17)}", "enableDnsSupport": True,
            "enableDnsHostnames": True, "instanceTenancy": "default", "tags": arguments.get("tags") or {},
            "cidrBlockAssociations": [], "dhcpOptionsId": f"dopt-{_hex(vpc, 'd', length=17)}"}  # fmt: skip


def _subnets(arguments: Arguments, place: Place) -> Answer:
    key = json.dumps(arguments.get("filters") or [], sort_keys=True)
    ids = [f"subnet-{_hex(key, number, length=17)}" for number in range(3)]
    return {**arguments, "id": place.region, "ids": ids, "region": place.region}


def _ami(arguments: Arguments, place: Place) -> Answer:
    image = f"ami-{_hex(json.dumps(dict(arguments), sort_keys=True), length=17)}"
    return {**arguments, "id": image, "imageId": image, "architecture": "x86_64", "name": "rehearsal-image",
            "arn": f"arn:{place.partition}:ec2:{place.region}::image/{image}", "state": "available",
            "rootDeviceName": "/dev/xvda", "rootDeviceType": "ebs", "virtualizationType": "hvm",
            "hypervisor": "xen", "imageType": "machine", "ownerId": place.account, "public": True,
            "creationDate": "2026-01-01T00:00:00.000Z", "region": place.region, "enaSupport": True,
            "blockDeviceMappings": [], "productCodes": [], "tags": {}}  # fmt: skip


def _route53_zone(arguments: Arguments, place: Place) -> Answer:
    name = str(arguments.get("name") or "rehearsal.invalid")
    zone = str(arguments.get("zoneId") or "Z" + _hex(name, length=13).upper())
    return {**arguments, "id": zone, "zoneId": zone, "name": name, "resourceRecordSetCount": 2, "comment": "",
            "arn": f"arn:{place.partition}:route53:::hostedzone/{zone}", "callerReference": "",
            "nameServers": [f"ns-{n}.rehearsal.invalid" for n in range(4)], "tags": {}}  # fmt: skip


def _aws_found(service: str, kind: str, key: str, *, own: str = "name", regional: bool = True) -> Function:
    """What is looked up by its name and has an ARN: the program's word that it exists is taken."""

    def look(arguments: Arguments, place: Place) -> Answer:
        name = _needed(arguments, own, key)
        region = str(arguments.get("region") or place.region)
        where = f"{region}:{place.account}" if regional else f":{place.account}"
        arn = name if name.startswith("arn:") else f"arn:{place.partition}:{service}:{where}:{kind}{name}"
        return {**arguments, "id": name, own: name, "arn": arn, "region": region, "tags": {}}

    return look


def _policy(arguments: Arguments, place: Place) -> Answer:
    """A policy of AWS's own, unless the ARN says otherwise. What it grants only the cloud can tell."""
    prefix = str(arguments.get("pathPrefix") or "/")
    given = arguments.get("arn") or f"arn:{place.partition}:iam::aws:policy{prefix}{arguments.get('name')}"
    arn = str(given)
    return {**arguments, "id": arn, "arn": arn, "name": arn.rpartition("/")[2], "path": prefix,
            "policyId": "ANPA" + _hex(arn, length=17).upper(), "attachmentCount": 0, "tags": {}}  # fmt: skip


def _parameter(arguments: Arguments, place: Place) -> Answer:
    name = _needed(arguments, "name", "aws:ssm/getParameter:getParameter")
    # AWS publishes the newest images under such names (Systems Manager User Guide, "Calling AMI public parameters").
    value = f"ami-{_hex(name, length=17)}" if "/ami-" in name else f"rehearsal-{_hex(name, length=12)}"
    arn = f"arn:{place.partition}:ssm:{place.region}:{place.account}:parameter/{name.lstrip('/')}"
    return {**arguments, "id": name, "name": name, "arn": arn, "type": "String", "value": value,
            "insecureValue": value, "version": 1, "region": place.region}  # fmt: skip


def _registry_token(arguments: Arguments, place: Place) -> Answer:
    registry = arguments.get("registryId") or place.account
    return {**arguments, "id": place.region, "userName": "AWS", "password": "rehearsal-no-token",
            "authorizationToken": base64.b64encode(b"AWS:rehearsal-no-token").decode(),
            "expiresAt": "2026-01-01T12:00:00Z", "region": place.region,
            "proxyEndpoint": f"https://{registry}.dkr.ecr.{place.region}.amazonaws.com"}  # fmt: skip


def _subnet(arguments: Arguments, place: Place) -> Answer:
    subnet = str(arguments.get("id") or f"subnet-{_hex(json.dumps(dict(arguments), sort_keys=True), length=17)}")
    vpc = arguments.get("vpcId") or f"vpc-{_hex('default', place.region, length=17)}"
    return {**arguments, "id": subnet, "vpcId": vpc, "ownerId": place.account, "state": "available",
            "arn": f"arn:{place.partition}:ec2:{place.region}:{place.account}:subnet/{subnet}",
            "cidrBlock": arguments.get("cidrBlock") or "172.31.0.0/20", "region": place.region,
            "availabilityZone": arguments.get("availabilityZone") or f"{place.region}a", "tags": {}}  # fmt: skip


def _security_group(arguments: Arguments, place: Place) -> Answer:
    group = str(arguments.get("id") or f"sg-{_hex(json.dumps(dict(arguments), sort_keys=True), length=17)}")
    vpc = arguments.get("vpcId") or f"vpc-{_hex('default', place.region, length=17)}"
    return {**arguments, "id": group, "vpcId": vpc, "name": arguments.get("name") or "default", "description": "",
            "arn": f"arn:{place.partition}:ec2:{place.region}:{place.account}:security-group/{group}",
            "region": place.region, "tags": {}}  # fmt: skip


def _prefix_list(arguments: Arguments, place: Place) -> Answer:
    name = str(arguments.get("name") or f"com.amazonaws.{place.region}.s3")
    identity = str(arguments.get("id") or arguments.get("prefixListId") or f"pl-{_hex(name, length=8)}")
    return {**arguments, "id": identity, "name": name, "cidrBlocks": [], "entries": [], "region": place.region,
            "arn": f"arn:{place.partition}:ec2:{place.region}:aws:prefix-list/{identity}"}  # fmt: skip


def _secret_version(arguments: Arguments, place: Place) -> Answer:
    secret = _needed(arguments, "secretId", "aws:secretsmanager/getSecretVersion:getSecretVersion")
    return {**arguments, "id": f"{secret}|AWSCURRENT", "arn": secret, "secretString": "rehearsal-no-secret",
            "secretBinary": "", "versionId": _hex(secret, length=32), "versionStages": ["AWSCURRENT"],
            "createdDate": "2026-01-01T00:00:00Z", "region": place.region}  # fmt: skip


def _key_alias(arguments: Arguments, place: Place) -> Answer:
    name = _needed(arguments, "name", "aws:kms/getAlias:getAlias")
    root = f"arn:{place.partition}:kms:{place.region}:{place.account}"
    key = str(uuid.UUID(_hex(name, length=32), version=4))
    return {**arguments, "id": f"{root}:{name}", "arn": f"{root}:{name}", "name": name, "targetKeyId": key,
            "targetKeyArn": f"{root}:key/{key}", "region": place.region}  # fmt: skip


def _session(arguments: Arguments, _: Place) -> Answer:
    arn = _needed(arguments, "arn", "aws:iam/getSessionContext:getSessionContext")
    return {"id": arn, "arn": arn, "issuerArn": arn, "issuerId": "", "issuerName": "", "sessionName": ""}


# -------------------------------------------------------------------------------------------------------- Google


def _google_project(arguments: Arguments, place: Place) -> Answer:
    project = str(arguments.get("projectId") or place.project)
    return {"id": f"projects/{project}", "projectId": project, "name": project, "number": place.project_number,
            "orgId": "200000000000", "folderId": "", "billingAccount": "", "labels": {}, "effectiveLabels": {},
            "pulumiLabels": {}, "tags": {}, "autoCreateNetwork": True, "deletionPolicy": "PREVENT"}  # fmt: skip


def _google_client(_: Arguments, place: Place) -> Answer:
    return {"id": f"projects/{place.project}", "project": place.project, "region": place.gcp_region,
            "zone": place.gcp_zone, "accessToken": "rehearsal-no-token",
            "defaultLabels": dict(place.default_tags)}  # fmt: skip


def _google_zones(arguments: Arguments, place: Place) -> Answer:
    region = arguments.get("region") or place.gcp_region
    return {**arguments, "id": region, "names": [f"{region}-{letter}" for letter in "abc"],
            "project": place.project}  # fmt: skip


def _google_image(arguments: Arguments, place: Place) -> Answer:
    project = arguments.get("project") or place.project
    name = arguments.get("name") or arguments.get("family") or "image"
    path = f"projects/{project}/global/images/{name}"
    return {**arguments, "id": path, "name": name, "project": project, "status": "READY", "family": name,
            "selfLink": f"https://www.googleapis.com/compute/v1/{path}", "imageId": "1", "diskSizeGb": 10,
            "archiveSizeBytes": 0, "creationTimestamp": "2026-01-01T00:00:00Z", "description": "",
            "licenses": [], "labels": {}, "labelFingerprint": "", "sourceDisk": "", "sourceDiskId": "",
            "sourceImageId": "", "imageEncryptionKeySha256": "", "sourceDiskEncryptionKeySha256": ""}  # fmt: skip


def _google_default_account(arguments: Arguments, place: Place) -> Answer:
    email = f"{place.project_number}-compute@developer.gserviceaccount.com"
    return {**arguments, "id": f"projects/{place.project}/serviceAccounts/{email}", "email": email,
            "member": f"serviceAccount:{email}", "name": email, "project": place.project,
            "uniqueId": "1" + "0" * 20, "displayName": "Compute Engine default service account"}  # fmt: skip


def _google_policy(arguments: Arguments, _: Place) -> Answer:
    bindings = [{"members": sorted(each.get("members") or []), "role": each["role"],
                 **({"condition": each["condition"]} if each.get("condition") else {})}
                for each in arguments.get("bindings") or []]  # fmt: skip
    return {**arguments, "id": "iam-policy", "policyData": json.dumps({"bindings": bindings})}


def _engine_versions(arguments: Arguments, place: Place) -> Answer:
    # GKE release notes name the versions; a rehearsal needs one that parses.
    version = "1.33.5-gke.1"
    return {**arguments, "id": "versions", "defaultClusterVersion": version, "latestMasterVersion": version,
            "latestNodeVersion": version, "validMasterVersions": [version], "validNodeVersions": [version],
            "releaseChannelDefaultVersion": {"REGULAR": version}, "project": place.project,
            "releaseChannelLatestVersion": {"REGULAR": version}}  # fmt: skip


def _google_agent(host: str, *, prefix: str = "service-", address: str = "email") -> Function:
    """The account that a Google service acts with in the project (IAM documentation, "Service agents")."""

    def tell(arguments: Arguments, place: Place) -> Answer:
        email = f"{prefix}{place.project_number}@{host}.iam.gserviceaccount.com"
        return {"id": email, address: email, "member": f"serviceAccount:{email}",
                "project": arguments.get("project") or place.project}  # fmt: skip

    return tell


def _google_found(kind: str, key: str, *, own: str = "name", where: str = "") -> Function:
    """What is looked up by its name in a project: the program's word that it exists is taken."""

    def look(arguments: Arguments, place: Place) -> Answer:
        name = _needed(arguments, own, key).rpartition("/")[2]
        parts = {"project": arguments.get("project") or place.project,
                 "location": arguments.get("location") or "global",
                 "region": arguments.get("region") or place.gcp_region}  # fmt: skip
        path = f"projects/{parts['project']}/{where.format_map(parts)}{kind}/{name}"
        link = {"selfLink": f"https://www.googleapis.com/compute/v1/{path}"} if key.startswith("gcp:compute") else {}
        return {**parts, **arguments, "id": path, own: name, **link}

    return look


def _google_subnetwork(arguments: Arguments, place: Place) -> Answer:
    found = _google_found("subnetworks", "gcp:compute/getSubnetwork:getSubnetwork", where="regions/{region}/")
    return {"ipCidrRange": "10.128.0.0/20", "gatewayAddress": "10.128.0.1", "privateIpGoogleAccess": False,
            "secondaryIpRanges": [], "network": f"projects/{place.project}/global/networks/default",
            **found(arguments, place)}  # fmt: skip


def _google_account(arguments: Arguments, place: Place) -> Answer:
    given = _needed(arguments, "accountId", "gcp:serviceaccount/getAccount:getAccount").rpartition("/")[2]
    project = arguments.get("project") or place.project
    email = given if "@" in given else f"{given}@{project}.iam.gserviceaccount.com"
    name = f"projects/{project}/serviceAccounts/{email}"
    return {**arguments, "id": name, "name": name, "email": email, "member": f"serviceAccount:{email}",
            "uniqueId": "1" + "0" * 20, "displayName": "", "disabled": False, "project": project}  # fmt: skip


def _google_secret(arguments: Arguments, place: Place) -> Answer:
    secret = _needed(arguments, "secret", "gcp:secretmanager/getSecretVersion:getSecretVersion").rpartition("/")[2]
    version = str(arguments.get("version") or "1")
    name = f"projects/{place.project_number}/secrets/{secret}/versions/{version}"
    return {**arguments, "id": name, "name": name, "secret": secret, "version": version, "enabled": True,
            "secretData": "rehearsal-no-secret", "createTime": "2026-01-01T00:00:00Z",
            "project": arguments.get("project") or place.project}  # fmt: skip


def _google_crypto_key(arguments: Arguments, _: Place) -> Answer:
    ring = _needed(arguments, "keyRing", "gcp:kms/getKMSCryptoKey:getKMSCryptoKey")
    return {**arguments, "id": f"{ring}/cryptoKeys/{arguments.get('name')}", "purpose": "ENCRYPT_DECRYPT"}


# --------------------------------------------------------------------------------------------------------- Azure


def _azure_client(_: Arguments, place: Place) -> Answer:
    return {"clientId": place.client, "objectId": place.object, "subscriptionId": place.subscription,
            "tenantId": place.tenant}  # fmt: skip


def _azure_token(_arguments: Arguments, _place: Place) -> Answer:
    return {"token": "rehearsal-no-token"}


def _storage_keys(arguments: Arguments, _: Place) -> Answer:
    account = _needed(arguments, "accountName", "azure-native:storage:listStorageAccountKeys")
    return {"keys": [{"keyName": name, "value": _hex(account, name, length=64), "permissions": "FULL",
                      "creationTime": "2026-01-01T00:00:00Z"} for name in ("key1", "key2")]}  # fmt: skip


def _registry_credentials(arguments: Arguments, _: Place) -> Answer:
    registry = _needed(arguments, "registryName", "azure-native:containerregistry:listRegistryCredentials")
    return {"username": registry, "passwords": [
        {"name": name, "value": _hex(registry, name, length=40)} for name in ("password", "password2")]}  # fmt: skip


def _workspace_keys(arguments: Arguments, _: Place) -> Answer:
    workspace = _needed(arguments, "workspaceName", "azure-native:operationalinsights:getSharedKeys")
    return {f"{each}SharedKey": _hex(workspace, each, length=64) for each in ("primary", "secondary")}


def _account_keys(arguments: Arguments, _: Place) -> Answer:
    account = _needed(arguments, "accountName", "azure-native:cognitiveservices:listAccountKeys")
    return {name: _hex(account, name, length=32) for name in ("key1", "key2")}


def _database_keys(arguments: Arguments, _: Place) -> Answer:
    account = _needed(arguments, "accountName", "azure-native:cosmosdb:listDatabaseAccountKeys")
    return {f"{which}{mode}MasterKey": _hex(account, which, mode, length=64)
            for which in ("primary", "secondary") for mode in ("", "Readonly")}  # fmt: skip


def _resource_group(arguments: Arguments, place: Place) -> Answer:
    name = _needed(arguments, "resourceGroupName", "azure-native:resources:getResourceGroup")
    return {"id": f"/subscriptions/{place.subscription}/resourceGroups/{name}", "name": name,
            "location": place.location, "type": "Microsoft.Resources/resourceGroups", "azureApiVersion": "",
            "properties": {"provisioningState": "Succeeded"}}  # fmt: skip


def _cluster_credentials(arguments: Arguments, place: Place) -> Answer:
    key = "azure-native:containerservice:listManagedClusterUserCredentials"
    cluster = _needed(arguments, "resourceName", key)
    server = f"https://{cluster}.hcp.{place.location}.azmk8s.io:443"
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": cluster,
        "clusters": [{"name": cluster, "cluster": {"server": server}}],
        "contexts": [{"name": cluster, "context": {"cluster": cluster, "user": cluster}}],
        "users": [{"name": cluster, "user": {"token": "rehearsal-no-token"}}],
    }
    encoded = base64.b64encode(json.dumps(content).encode()).decode()
    return {"kubeconfigs": [{"name": "clusterUser", "value": encoded}]}


def _bus_keys(arguments: Arguments, _: Place) -> Answer:
    namespace, rule = arguments.get("namespaceName"), arguments.get("authorizationRuleName")
    told: Answer = {"keyName": rule}
    for which in ("primary", "secondary"):
        key = _hex(namespace, rule, which, length=44)
        told[f"{which}Key"] = key
        told[f"{which}ConnectionString"] = (
            f"Endpoint=sb://{namespace}.servicebus.windows.net/;SharedAccessKeyName={rule};SharedAccessKey={key}"
        )
    return told


def _two_keys(arguments: Arguments, _: Place) -> Answer:
    seed = json.dumps(dict(arguments), sort_keys=True)
    return {f"{which}Key": _hex(seed, which, length=44) for which in ("primary", "secondary")}


def _azure_found(path: str, *names: str) -> Function:
    """What is looked up by its name in a resource group: the program's word that it exists is taken."""

    def look(arguments: Arguments, place: Place) -> Answer:
        group = _needed(arguments, "resourceGroupName", path)
        given = [_needed(arguments, name, path) for name in names]
        namespace, *kinds = path.split("/")
        steps = "/".join(f"{kind}/{name}" for kind, name in zip(kinds, given, strict=True))
        root = f"/subscriptions/{place.subscription}/resourceGroups/{group}/providers/{namespace}"
        return {"id": f"{root}/{steps}", "name": given[-1], "type": path, "location": place.location,
                "azureApiVersion": "", "provisioningState": "Succeeded"}  # fmt: skip

    return look


def _azure_vault(arguments: Arguments, place: Place) -> Answer:
    told = _azure_found("Microsoft.KeyVault/vaults", "vaultName")(arguments, place)
    uri = f"https://{told['name']}.vault.azure.net/"
    return {**told, "properties": {"vaultUri": uri, "tenantId": place.tenant,
                                   "sku": {"family": "A", "name": "standard"}}}  # fmt: skip


def _azure_workspace(arguments: Arguments, place: Place) -> Answer:
    told = _azure_found("Microsoft.OperationalInsights/workspaces", "workspaceName")(arguments, place)
    return {**told, "customerId": str(uuid.UUID(_hex(told["id"], length=32), version=4))}


def _azure_identity(arguments: Arguments, place: Place) -> Answer:
    told = _azure_found("Microsoft.ManagedIdentity/userAssignedIdentities", "resourceName")(arguments, place)
    ids = {name: str(uuid.UUID(_hex(told["id"], name, length=32), version=4)) for name in ("principalId", "clientId")}
    return {**told, **ids, "tenantId": place.tenant}


def _entra_found(*names: str) -> Function:
    """A directory object that is looked up by any of its names."""

    def look(arguments: Arguments, _: Place) -> Answer:
        given = next((str(arguments[name]) for name in names if arguments.get(name)), "")
        identity = str(uuid.UUID(_hex(*names, given, length=32), version=4))
        client = str(uuid.UUID(_hex("client", given, length=32), version=4))
        return {"displayName": given, "clientId": client, **arguments, "id": identity, "objectId": identity}

    return look


def _entra_domains(arguments: Arguments, _: Place) -> Answer:
    domain = {"domainName": "rehearsal.invalid", "authenticationType": "Managed", "default": True, "initial": True,
              "root": True, "verified": True, "adminManaged": True, "supportedServices": []}  # fmt: skip
    return {**arguments, "id": "domains", "domains": [domain]}


def _entra_client(_: Arguments, place: Place) -> Answer:
    return {"id": f"{place.tenant}-{place.client}-{place.object}", "clientId": place.client,
            "tenantId": place.tenant, "objectId": place.object}  # fmt: skip


def _entra_apps(arguments: Arguments, _: Place) -> Answer:
    # Microsoft Learn, "Verify first-party Microsoft applications in sign-in reports".
    return {**arguments, "id": "appIds", "result": {
        "MicrosoftGraph": "00000003-0000-0000-c000-000000000000",
        "AzureServiceManagement": "797f4846-ba00-4fd7-ba43-dac1f8f63013",
        "AzureKeyVault": "cfa8b339-82a2-471a-a3c9-0fc0be7a4093",
        "AzureStorage": "e406a681-f3d4-42a8-90b6-c2b029497af1"}}  # fmt: skip


_USER_KEYS: Final = "azure-native:containerservice:listManagedClusterUserCredentials"
FUNCTIONS: Final[Mapping[str, Function]] = MappingProxyType(
    {
        "aws:ec2/getManagedPrefixList:getManagedPrefixList": _prefix_list,
        "aws:ec2/getPrefixList:getPrefixList": _prefix_list,
        "aws:ec2/getSecurityGroup:getSecurityGroup": _security_group,
        "aws:ec2/getSubnet:getSubnet": _subnet,
        "aws:ecr/getAuthorizationToken:getAuthorizationToken": _registry_token,
        "aws:iam/getPolicy:getPolicy": _policy,
        "aws:iam/getRole:getRole": _aws_found("iam", "role/", "aws:iam/getRole:getRole", regional=False),
        "aws:iam/getSessionContext:getSessionContext": _session,
        "aws:kms/getAlias:getAlias": _key_alias,
        "aws:secretsmanager/getSecret:getSecret": _aws_found(
            "secretsmanager", "secret:", "aws:secretsmanager/getSecret:getSecret"
        ),
        "aws:secretsmanager/getSecretVersion:getSecretVersion": _secret_version,
        "aws:sns/getTopic:getTopic": _aws_found("sns", "", "aws:sns/getTopic:getTopic"),
        "aws:ssm/getParameter:getParameter": _parameter,
        "gcp:compute/getNetwork:getNetwork": _google_found(
            "networks", "gcp:compute/getNetwork:getNetwork", where="global/"
        ),
        "gcp:compute/getSubnetwork:getSubnetwork": _google_subnetwork,
        "gcp:kms/getKMSCryptoKey:getKMSCryptoKey": _google_crypto_key,
        "gcp:kms/getKMSKeyRing:getKMSKeyRing": _google_found(
            "keyRings", "gcp:kms/getKMSKeyRing:getKMSKeyRing", where="locations/{location}/"
        ),
        "gcp:secretmanager/getSecretVersion:getSecretVersion": _google_secret,
        "gcp:serviceaccount/getAccount:getAccount": _google_account,
        "gcp:bigquery/getDefaultServiceAccount:getDefaultServiceAccount": _google_agent(
            "bigquery-encryption", prefix="bq-"
        ),
        "gcp:storage/getProjectServiceAccount:getProjectServiceAccount": _google_agent(
            "gs-project-accounts", address="emailAddress"
        ),
        _USER_KEYS: _cluster_credentials,
        _USER_KEYS.replace("User", "Admin"): _cluster_credentials,
        "azure-native:eventhub:listNamespaceKeys": _bus_keys,
        "azure-native:keyvault:getVault": _azure_vault,
        "azure-native:managedidentity:getUserAssignedIdentity": _azure_identity,
        "azure-native:network:getSubnet": _azure_found(
            "Microsoft.Network/virtualNetworks/subnets", "virtualNetworkName", "subnetName"
        ),
        "azure-native:network:getVirtualNetwork": _azure_found(
            "Microsoft.Network/virtualNetworks", "virtualNetworkName"
        ),
        "azure-native:operationalinsights:getWorkspace": _azure_workspace,
        "azure-native:redis:listRedisKeys": _two_keys,
        "azure-native:search:listAdminKey": _two_keys,
        "azure-native:servicebus:listNamespaceKeys": _bus_keys,
        "azure-native:servicebus:listQueueKeys": _bus_keys,
        "azuread:index/getApplication:getApplication": _entra_found("displayName", "clientId", "objectId"),
        "azuread:index/getDomains:getDomains": _entra_domains,
        "azuread:index/getGroup:getGroup": _entra_found("displayName", "objectId"),
        "azuread:index/getServicePrincipal:getServicePrincipal": _entra_found("clientId", "displayName", "objectId"),
        "azuread:index/getUser:getUser": _entra_found("userPrincipalName", "objectId", "mailNickname"),
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
        "aws-native:index:getAccountId": lambda _arguments, place: {"accountId": place.account},
        "aws-native:index:getRegion": lambda _arguments, place: {"region": place.region},
        "aws-native:index:getPartition": lambda _arguments, place: {"partition": place.partition},
        "gcp:organizations/getProject:getProject": _google_project,
        "gcp:organizations/getClientConfig:getClientConfig": _google_client,
        "gcp:organizations/getIAMPolicy:getIAMPolicy": _google_policy,
        "gcp:compute/getZones:getZones": _google_zones,
        "gcp:compute/getImage:getImage": _google_image,
        "gcp:compute/getDefaultServiceAccount:getDefaultServiceAccount": _google_default_account,
        "gcp:container/getEngineVersions:getEngineVersions": _engine_versions,
        "azure-native:authorization:getClientConfig": _azure_client,
        "azure-native:authorization:getClientToken": _azure_token,
        "azure-native:storage:listStorageAccountKeys": _storage_keys,
        "azure-native:containerregistry:listRegistryCredentials": _registry_credentials,
        "azure-native:operationalinsights:getSharedKeys": _workspace_keys,
        "azure-native:cognitiveservices:listAccountKeys": _account_keys,
        "azure-native:cosmosdb:listDatabaseAccountKeys": _database_keys,
        "azure-native:resources:getResourceGroup": _resource_group,
        "azuread:index/getClientConfig:getClientConfig": _entra_client,
        "azuread:index/getApplicationPublishedAppIds:getApplicationPublishedAppIds": _entra_apps,
    }
)
"""Function token to what answers it."""
