"""Functions that programs ask a provider: who am I, where am I, which zones, what does this profile reach.

Each function that is answered stands in `FUNCTIONS`; any other is an error that names it, because an empty answer
would look like a fact. Answers hold what the rehearsal's own places imply, or what a data file with a source says.
"""

import hashlib
import json
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
    return function(arguments, place)


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


FUNCTIONS: Final[Mapping[str, Callable[[Arguments, Place], Answer]]] = MappingProxyType(
    {
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
