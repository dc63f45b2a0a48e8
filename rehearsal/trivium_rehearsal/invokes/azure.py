"""Functions of Azure's and Entra's providers."""

import base64
import json
import uuid
from collections.abc import Mapping
from typing import Final

from trivium_rehearsal.invokes.function import (
    Answer,
    Arguments,
    Function,
    hexed,
    needed,
)
from trivium_rehearsal.place import Place


def _client(_: Arguments, place: Place) -> Answer:
    return {
        "clientId": place.client,
        "objectId": place.object,
        "subscriptionId": place.subscription,
        "tenantId": place.tenant,
    }


def _token(_arguments: Arguments, _place: Place) -> Answer:
    return {"token": "rehearsal-no-token"}


def _storage_keys(arguments: Arguments, _: Place) -> Answer:
    account = needed(
        arguments, "accountName", "azure-native:storage:listStorageAccountKeys"
    )
    return {
        "keys": [
            {
                "keyName": name,
                "value": hexed(account, name, length=64),
                "permissions": "FULL",
                "creationTime": "2026-01-01T00:00:00Z",
            }
            for name in ("key1", "key2")
        ]
    }


def _registry_credentials(arguments: Arguments, _: Place) -> Answer:
    registry = needed(
        arguments,
        "registryName",
        "azure-native:containerregistry:listRegistryCredentials",
    )
    return {
        "username": registry,
        "passwords": [
            {"name": name, "value": hexed(registry, name, length=40)}
            for name in ("password", "password2")
        ],
    }


def _workspace_keys(arguments: Arguments, _: Place) -> Answer:
    workspace = needed(
        arguments, "workspaceName", "azure-native:operationalinsights:getSharedKeys"
    )
    return {
        f"{each}SharedKey": hexed(workspace, each, length=64)
        for each in ("primary", "secondary")
    }


def _account_keys(arguments: Arguments, _: Place) -> Answer:
    account = needed(
        arguments, "accountName", "azure-native:cognitiveservices:listAccountKeys"
    )
    return {name: hexed(account, name, length=32) for name in ("key1", "key2")}


def _database_keys(arguments: Arguments, _: Place) -> Answer:
    account = needed(
        arguments, "accountName", "azure-native:cosmosdb:listDatabaseAccountKeys"
    )
    return {
        f"{which}{mode}MasterKey": hexed(account, which, mode, length=64)
        for which in ("primary", "secondary")
        for mode in ("", "Readonly")
    }


def _resource_group(arguments: Arguments, place: Place) -> Answer:
    name = needed(
        arguments, "resourceGroupName", "azure-native:resources:getResourceGroup"
    )
    return {
        "id": f"/subscriptions/{place.subscription}/resourceGroups/{name}",
        "name": name,
        "location": place.location,
        "type": "Microsoft.Resources/resourceGroups",
        "azureApiVersion": "",
        "properties": {"provisioningState": "Succeeded"},
    }


def _cluster_credentials(arguments: Arguments, place: Place) -> Answer:
    key = "azure-native:containerservice:listManagedClusterUserCredentials"
    cluster = needed(arguments, "resourceName", key)
    server = f"https://{cluster}.hcp.{place.location}.azmk8s.io:443"
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": cluster,
        "clusters": [{"name": cluster, "cluster": {"server": server}}],
        "contexts": [
            {"name": cluster, "context": {"cluster": cluster, "user": cluster}}
        ],
        "users": [{"name": cluster, "user": {"token": "rehearsal-no-token"}}],
    }
    encoded = base64.b64encode(json.dumps(content).encode()).decode()
    return {"kubeconfigs": [{"name": "clusterUser", "value": encoded}]}


def _bus_keys(arguments: Arguments, _: Place) -> Answer:
    namespace, rule = (
        arguments.get("namespaceName"),
        arguments.get("authorizationRuleName"),
    )
    told: Answer = {"keyName": rule}
    for which in ("primary", "secondary"):
        key = hexed(namespace, rule, which, length=44)
        told[f"{which}Key"] = key
        told[f"{which}ConnectionString"] = (
            f"Endpoint=sb://{namespace}.servicebus.windows.net/"
            f";SharedAccessKeyName={rule};SharedAccessKey={key}"
        )
    return told


def _two_keys(arguments: Arguments, _: Place) -> Answer:
    seed = json.dumps(dict(arguments), sort_keys=True)
    return {
        f"{which}Key": hexed(seed, which, length=44)
        for which in ("primary", "secondary")
    }


def _found(path: str, *names: str) -> Function:
    """What is looked up by its name in a resource group: the program's word that it
    exists is taken."""

    def look(arguments: Arguments, place: Place) -> Answer:
        group = needed(arguments, "resourceGroupName", path)
        given = [needed(arguments, name, path) for name in names]
        namespace, *kinds = path.split("/")
        steps = "/".join(
            f"{kind}/{name}" for kind, name in zip(kinds, given, strict=True)
        )
        root = f"/subscriptions/{place.subscription}/resourceGroups/{group}/providers/{namespace}"
        return {
            "id": f"{root}/{steps}",
            "name": given[-1],
            "type": path,
            "location": place.location,
            "azureApiVersion": "",
            "provisioningState": "Succeeded",
        }

    return look


def _vault(arguments: Arguments, place: Place) -> Answer:
    told = _found("Microsoft.KeyVault/vaults", "vaultName")(arguments, place)
    uri = f"https://{told['name']}.vault.azure.net/"
    return {
        **told,
        "properties": {
            "vaultUri": uri,
            "tenantId": place.tenant,
            "sku": {"family": "A", "name": "standard"},
        },
    }


def _workspace(arguments: Arguments, place: Place) -> Answer:
    told = _found("Microsoft.OperationalInsights/workspaces", "workspaceName")(
        arguments, place
    )
    return {
        **told,
        "customerId": str(uuid.UUID(hexed(told["id"], length=32), version=4)),
    }


def _identity(arguments: Arguments, place: Place) -> Answer:
    told = _found("Microsoft.ManagedIdentity/userAssignedIdentities", "resourceName")(
        arguments, place
    )
    ids = {
        name: str(uuid.UUID(hexed(told["id"], name, length=32), version=4))
        for name in ("principalId", "clientId")
    }
    return {**told, **ids, "tenantId": place.tenant}


def _entra_found(*names: str) -> Function:
    """A directory object that is looked up by any of its names."""

    def look(arguments: Arguments, _: Place) -> Answer:
        given = next(
            (str(arguments[name]) for name in names if arguments.get(name)), ""
        )
        identity = str(uuid.UUID(hexed(*names, given, length=32), version=4))
        client = str(uuid.UUID(hexed("client", given, length=32), version=4))
        return {
            "displayName": given,
            "clientId": client,
            **arguments,
            "id": identity,
            "objectId": identity,
        }

    return look


def _entra_domains(arguments: Arguments, _: Place) -> Answer:
    domain = {
        "domainName": "rehearsal.invalid",
        "authenticationType": "Managed",
        "default": True,
        "initial": True,
        "root": True,
        "verified": True,
        "adminManaged": True,
        "supportedServices": [],
    }
    return {**arguments, "id": "domains", "domains": [domain]}


def _entra_client(_: Arguments, place: Place) -> Answer:
    return {
        "id": f"{place.tenant}-{place.client}-{place.object}",
        "clientId": place.client,
        "tenantId": place.tenant,
        "objectId": place.object,
    }


def _entra_apps(arguments: Arguments, _: Place) -> Answer:
    # Microsoft Learn, "Verify first-party Microsoft applications in sign-in reports".
    return {
        **arguments,
        "id": "appIds",
        "result": {
            "MicrosoftGraph": "00000003-0000-0000-c000-000000000000",
            "AzureServiceManagement": "797f4846-ba00-4fd7-ba43-dac1f8f63013",
            "AzureKeyVault": "cfa8b339-82a2-471a-a3c9-0fc0be7a4093",
            "AzureStorage": "e406a681-f3d4-42a8-90b6-c2b029497af1",
        },
    }


_USER_KEYS: Final = "azure-native:containerservice:listManagedClusterUserCredentials"
FUNCTIONS: Final[Mapping[str, Function]] = {
    _USER_KEYS: _cluster_credentials,
    _USER_KEYS.replace("User", "Admin"): _cluster_credentials,
    "azure-native:eventhub:listNamespaceKeys": _bus_keys,
    "azure-native:keyvault:getVault": _vault,
    "azure-native:managedidentity:getUserAssignedIdentity": _identity,
    "azure-native:network:getSubnet": _found(
        "Microsoft.Network/virtualNetworks/subnets", "virtualNetworkName", "subnetName"
    ),
    "azure-native:network:getVirtualNetwork": _found(
        "Microsoft.Network/virtualNetworks", "virtualNetworkName"
    ),
    "azure-native:operationalinsights:getWorkspace": _workspace,
    "azure-native:redis:listRedisKeys": _two_keys,
    "azure-native:search:listAdminKey": _two_keys,
    "azure-native:servicebus:listNamespaceKeys": _bus_keys,
    "azure-native:servicebus:listQueueKeys": _bus_keys,
    "azuread:index/getApplication:getApplication": _entra_found(
        "displayName", "clientId", "objectId"
    ),
    "azuread:index/getDomains:getDomains": _entra_domains,
    "azuread:index/getGroup:getGroup": _entra_found("displayName", "objectId"),
    "azuread:index/getServicePrincipal:getServicePrincipal": _entra_found(
        "clientId", "displayName", "objectId"
    ),
    "azuread:index/getUser:getUser": _entra_found(
        "userPrincipalName", "objectId", "mailNickname"
    ),
    "azure-native:authorization:getClientConfig": _client,
    "azure-native:authorization:getClientToken": _token,
    "azure-native:storage:listStorageAccountKeys": _storage_keys,
    "azure-native:containerregistry:listRegistryCredentials": _registry_credentials,
    "azure-native:operationalinsights:getSharedKeys": _workspace_keys,
    "azure-native:cognitiveservices:listAccountKeys": _account_keys,
    "azure-native:cosmosdb:listDatabaseAccountKeys": _database_keys,
    "azure-native:resources:getResourceGroup": _resource_group,
    "azuread:index/getClientConfig:getClientConfig": _entra_client,
    "azuread:index/getApplicationPublishedAppIds:getApplicationPublishedAppIds": (
        _entra_apps
    ),
}
