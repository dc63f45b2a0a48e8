"""Functions of Google Cloud's provider."""

import json
from collections.abc import Mapping
from typing import Final

from trivium_rehearsal.invokes.function import Answer, Arguments, Function, needed
from trivium_rehearsal.place import Place


def _project(arguments: Arguments, place: Place) -> Answer:
    project = str(arguments.get("projectId") or place.project)
    return {
        "id": f"projects/{project}",
        "projectId": project,
        "name": project,
        "number": place.project_number,
        "orgId": "200000000000",
        "folderId": "",
        "billingAccount": "",
        "labels": {},
        "effectiveLabels": {},
        "pulumiLabels": {},
        "tags": {},
        "autoCreateNetwork": True,
        "deletionPolicy": "PREVENT",
    }


def _client(_: Arguments, place: Place) -> Answer:
    return {
        "id": f"projects/{place.project}",
        "project": place.project,
        "region": place.gcp_region,
        "zone": place.gcp_zone,
        "accessToken": "rehearsal-no-token",
        "defaultLabels": dict(place.default_tags),
    }


def _zones(arguments: Arguments, place: Place) -> Answer:
    region = arguments.get("region") or place.gcp_region
    return {
        **arguments,
        "id": region,
        "names": [f"{region}-{letter}" for letter in "abc"],
        "project": place.project,
    }


def _image(arguments: Arguments, place: Place) -> Answer:
    project = arguments.get("project") or place.project
    name = arguments.get("name") or arguments.get("family") or "image"
    path = f"projects/{project}/global/images/{name}"
    return {
        **arguments,
        "id": path,
        "name": name,
        "project": project,
        "status": "READY",
        "family": name,
        "selfLink": f"https://www.googleapis.com/compute/v1/{path}",
        "imageId": "1",
        "diskSizeGb": 10,
        "archiveSizeBytes": 0,
        "creationTimestamp": "2026-01-01T00:00:00Z",
        "description": "",
        "licenses": [],
        "labels": {},
        "labelFingerprint": "",
        "sourceDisk": "",
        "sourceDiskId": "",
        "sourceImageId": "",
        "imageEncryptionKeySha256": "",
        "sourceDiskEncryptionKeySha256": "",
    }


def _default_account(arguments: Arguments, place: Place) -> Answer:
    email = f"{place.project_number}-compute@developer.gserviceaccount.com"
    return {
        **arguments,
        "id": f"projects/{place.project}/serviceAccounts/{email}",
        "email": email,
        "member": f"serviceAccount:{email}",
        "name": email,
        "project": place.project,
        "uniqueId": "1" + "0" * 20,
        "displayName": "Compute Engine default service account",
    }


def _policy(arguments: Arguments, _: Place) -> Answer:
    bindings = [
        {
            "members": sorted(each.get("members") or []),
            "role": each["role"],
            **({"condition": each["condition"]} if each.get("condition") else {}),
        }
        for each in arguments.get("bindings") or []
    ]
    return {
        **arguments,
        "id": "iam-policy",
        "policyData": json.dumps({"bindings": bindings}),
    }


def _engine_versions(arguments: Arguments, place: Place) -> Answer:
    # GKE release notes name the versions; a rehearsal needs one that parses.
    version = "1.33.5-gke.1"
    return {
        **arguments,
        "id": "versions",
        "defaultClusterVersion": version,
        "latestMasterVersion": version,
        "latestNodeVersion": version,
        "validMasterVersions": [version],
        "validNodeVersions": [version],
        "releaseChannelDefaultVersion": {"REGULAR": version},
        "project": place.project,
        "releaseChannelLatestVersion": {"REGULAR": version},
    }


def _agent(host: str, *, prefix: str = "service-", address: str = "email") -> Function:
    """The account that a Google service acts with in the project (IAM documentation,
    "Service agents")."""

    def tell(arguments: Arguments, place: Place) -> Answer:
        email = f"{prefix}{place.project_number}@{host}.iam.gserviceaccount.com"
        return {
            "id": email,
            address: email,
            "member": f"serviceAccount:{email}",
            "project": arguments.get("project") or place.project,
        }

    return tell


def _found(kind: str, key: str, *, own: str = "name", where: str = "") -> Function:
    """What is looked up by its name in a project: the program's word that it exists is
    taken."""

    def look(arguments: Arguments, place: Place) -> Answer:
        name = needed(arguments, own, key).rpartition("/")[2]
        parts = {
            "project": arguments.get("project") or place.project,
            "location": arguments.get("location") or "global",
            "region": arguments.get("region") or place.gcp_region,
        }
        path = f"projects/{parts['project']}/{where.format_map(parts)}{kind}/{name}"
        link = (
            {"selfLink": f"https://www.googleapis.com/compute/v1/{path}"}
            if key.startswith("gcp:compute")
            else {}
        )
        return {**parts, **arguments, "id": path, own: name, **link}

    return look


def _subnetwork(arguments: Arguments, place: Place) -> Answer:
    found = _found(
        "subnetworks",
        "gcp:compute/getSubnetwork:getSubnetwork",
        where="regions/{region}/",
    )
    return {
        "ipCidrRange": "10.128.0.0/20",
        "gatewayAddress": "10.128.0.1",
        "privateIpGoogleAccess": False,
        "secondaryIpRanges": [],
        "network": f"projects/{place.project}/global/networks/default",
        **found(arguments, place),
    }


def _account(arguments: Arguments, place: Place) -> Answer:
    given = needed(
        arguments, "accountId", "gcp:serviceaccount/getAccount:getAccount"
    ).rpartition("/")[2]
    project = arguments.get("project") or place.project
    email = given if "@" in given else f"{given}@{project}.iam.gserviceaccount.com"
    name = f"projects/{project}/serviceAccounts/{email}"
    return {
        **arguments,
        "id": name,
        "name": name,
        "email": email,
        "member": f"serviceAccount:{email}",
        "uniqueId": "1" + "0" * 20,
        "displayName": "",
        "disabled": False,
        "project": project,
    }


def _secret(arguments: Arguments, place: Place) -> Answer:
    secret = needed(
        arguments, "secret", "gcp:secretmanager/getSecretVersion:getSecretVersion"
    ).rpartition("/")[2]
    version = str(arguments.get("version") or "1")
    name = f"projects/{place.project_number}/secrets/{secret}/versions/{version}"
    return {
        **arguments,
        "id": name,
        "name": name,
        "secret": secret,
        "version": version,
        "enabled": True,
        "secretData": "rehearsal-no-secret",
        "createTime": "2026-01-01T00:00:00Z",
        "project": arguments.get("project") or place.project,
    }


def _crypto_key(arguments: Arguments, _: Place) -> Answer:
    ring = needed(arguments, "keyRing", "gcp:kms/getKMSCryptoKey:getKMSCryptoKey")
    return {
        **arguments,
        "id": f"{ring}/cryptoKeys/{arguments.get('name')}",
        "purpose": "ENCRYPT_DECRYPT",
    }


FUNCTIONS: Final[Mapping[str, Function]] = {
    "gcp:compute/getNetwork:getNetwork": _found(
        "networks", "gcp:compute/getNetwork:getNetwork", where="global/"
    ),
    "gcp:compute/getSubnetwork:getSubnetwork": _subnetwork,
    "gcp:kms/getKMSCryptoKey:getKMSCryptoKey": _crypto_key,
    "gcp:kms/getKMSKeyRing:getKMSKeyRing": _found(
        "keyRings", "gcp:kms/getKMSKeyRing:getKMSKeyRing", where="locations/{location}/"
    ),
    "gcp:secretmanager/getSecretVersion:getSecretVersion": _secret,
    "gcp:serviceaccount/getAccount:getAccount": _account,
    "gcp:bigquery/getDefaultServiceAccount:getDefaultServiceAccount": _agent(
        "bigquery-encryption", prefix="bq-"
    ),
    "gcp:storage/getProjectServiceAccount:getProjectServiceAccount": _agent(
        "gs-project-accounts", address="emailAddress"
    ),
    "gcp:organizations/getProject:getProject": _project,
    "gcp:organizations/getClientConfig:getClientConfig": _client,
    "gcp:organizations/getIAMPolicy:getIAMPolicy": _policy,
    "gcp:compute/getZones:getZones": _zones,
    "gcp:compute/getImage:getImage": _image,
    "gcp:compute/getDefaultServiceAccount:getDefaultServiceAccount": _default_account,
    "gcp:container/getEngineVersions:getEngineVersions": _engine_versions,
}
