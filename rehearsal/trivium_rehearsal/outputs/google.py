"""The names, links and addresses of Google Cloud resources."""

import base64
import ipaddress
import json
import re
from collections.abc import Mapping
from typing import Any, Final

from trivium_rehearsal.names import name_property
from trivium_rehearsal.outputs.maker import Maker, Parts, own_or_first, plural
from trivium_rehearsal.outputs.tables import table

# Where a resource stands under its project (Google API reference, resource names).
_POOL: Final = (
    "projects/{projectNumber}/locations/global/workloadIdentityPools"
    "/{workloadIdentityPoolId}"
)

_IDS: Final[Mapping[str, str]] = table("google_ids.json")
_OUTPUTS: Final[Mapping[str, Mapping[str, str]]] = {
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
        "name": _POOL,
    },
    "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider": {
        "name": _POOL + "/providers/{workloadIdentityPoolProviderId}",
    },
    "gcp:organizations/folder:Folder": {"folderId": "{idEnd}"},
    "gcp:organizations/project:Project": {"number": "{digits12}"},
    "gcp:projects/serviceIdentity:ServiceIdentity": {
        "email": "service-{projectNumber}@gcp-sa-{serviceName}.iam.gserviceaccount.com",
        "member": (
            "serviceAccount:"
            "service-{projectNumber}@gcp-sa-{serviceName}.iam.gserviceaccount.com"
        ),
    },
    "gcp:secretmanager/secretVersion:SecretVersion": {"name": "{id}", "version": "1"},
    "gcp:tags/tagKey:TagKey": {"name": "{idEnd}"},
    "gcp:tags/tagValue:TagValue": {"name": "{idEnd}"},
    "gcp:redis/instance:Instance": {"host": "10.0.0.{octet}", "port": "6379"},
    "gcp:cloudrunv2/service:Service": {
        "uri": "https://{name}-{guardrail10}-uc.a.run.app"
    },
    "gcp:cloudfunctionsv2/function:Function": {
        "url": "https://{location}-{project}.cloudfunctions.net/{name}"
    },
    "gcp:logging/projectSink:ProjectSink": {
        "writerIdentity": (
            "serviceAccount:"
            "service-{projectNumber}@gcp-sa-logging.iam.gserviceaccount.com"
        )
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
    "gcp:secretmanager/secret:Secret": {
        "name": "projects/{projectNumber}/secrets/{secretId}"
    },
    "gcp:projects/iAMCustomRole:IAMCustomRole": {
        "name": "projects/{project}/roles/{roleId}"
    },
    "gcp:dns/managedZone:ManagedZone": {"managedZoneId": "{digits18}"},
    "gcp:artifactregistry/repository:Repository": {"name": "{repositoryId}"},
}


def _parts(maker: Maker) -> Parts:
    place = maker.place
    text = {
        name: value for name, value in maker.inputs.items() if isinstance(value, str)
    }
    zone = text.get("zone", place.gcp_zone)
    region = text.get(
        "region", zone.rsplit("-", 1)[0] if "zone" in text else place.gcp_region
    )
    return Parts(
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


def _derived(maker: Maker, id: str) -> dict[str, Any]:  # noqa: A002 - Pulumi's word
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


def _key_file(maker: Maker) -> str:
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


def _documented(maker: Maker, parts: Parts) -> str | None:
    """The resource name that Google's API reference gives, or None when it needs more
    than the inputs tell."""
    steps = maker.type.import_id.split("/")
    filled = [_step(maker, parts, step) for step in steps]
    if filled[-1] is None:
        filled[-1] = maker.digits("number", 18)  # what Google itself numbers
    return (
        "/".join(step for step in filled if step)
        if maker.type.import_id and None not in filled
        else None
    )


def _step(maker: Maker, parts: Parts, step: str) -> str | None:
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


def identifier(maker: Maker) -> str:
    parts = _parts(maker)
    template = _IDS.get(maker.type.token)
    if template is not None:
        return template.format_map(parts)
    documented = _documented(maker, parts)
    if documented is not None:
        return documented
    fields = maker.type.inputs.fields
    if name_property(maker.type) is None and "project" not in fields:
        return own_or_first(maker)
    kind = plural(maker.type.name)
    if maker.type.module == "compute":
        where = (
            "zones/{zone}"
            if "zone" in fields
            else "regions/{region}"
            if "region" in fields
            else "global"
        )
    else:
        where = "locations/{location}" if "location" in fields else ""
    own = maker.name if name_property(maker.type) else own_or_first(maker)
    steps = [step for step in ("projects/{project}", where, kind) if step]
    return "/".join(steps).format_map(parts) + f"/{own}"


def special(maker: Maker, id: str) -> dict[str, Any]:  # noqa: A002 - Pulumi's word
    """Outputs that Google Cloud is known to give, by name."""
    type_ = maker.type
    found = _parts(maker)
    found["id"] = id
    told = {
        name: text.format_map(found)
        for name, text in _OUTPUTS.get(type_.token, {}).items()
    }
    labels = maker.inputs.get("labels")
    every = {**maker.place.default_tags, **(labels if isinstance(labels, dict) else {})}
    api = "compute/v1" if type_.module == "compute" else f"{type_.module}/v1"
    where = {name: found[name] for name in ("project", "region", "zone", "location")}
    return {
        "selfLink": f"https://www.googleapis.com/{api}/{id}",
        "pulumiLabels": every,
        "effectiveLabels": every,
        **where,
        **_derived(maker, id),
        **told,
    }
