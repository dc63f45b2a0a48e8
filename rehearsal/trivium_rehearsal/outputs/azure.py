"""The ids, endpoints and keys of Azure and Entra resources."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from trivium_rehearsal.constraints import azure_enums
from trivium_rehearsal.names import path_parameters
from trivium_rehearsal.outputs.maker import Maker, plural
from trivium_rehearsal.types import (
    Enumeration,
    ListOf,
    ObjectType,
    ResourceType,
    Type,
)


def spelled(type_: Type, value: Any) -> Any:
    """`value` with its enumerations in the capitals of Azure's API description: Azure
    takes others, and answers these."""
    if isinstance(type_, Enumeration) and isinstance(value, str):
        described = azure_enums.is_described(type_)
        return azure_enums.known_spelling(type_, value) if described else value
    if isinstance(type_, ListOf) and isinstance(value, list):
        return [spelled(type_.item, item) for item in value]
    if isinstance(type_, ObjectType) and isinstance(value, dict):
        fields = type_.fields
        return {
            key: spelled(fields[key].type, item) if key in fields else item
            for key, item in value.items()
        }
    return value


# Resource provider namespaces whose spelling is not the module's (Azure resource
# providers and their services).
_NAMESPACES: Final[Mapping[str, str]] = {
    "aad": "Microsoft.AAD",
    "alertsmanagement": "Microsoft.AlertsManagement",
    "apimanagement": "Microsoft.ApiManagement",
    "app": "Microsoft.App",
    "applicationinsights": "Microsoft.Insights",
    "authorization": "Microsoft.Authorization",
    "cognitiveservices": "Microsoft.CognitiveServices",
    "consumption": "Microsoft.Consumption",
    "containerinstance": "Microsoft.ContainerInstance",
    "containerregistry": "Microsoft.ContainerRegistry",
    "containerservice": "Microsoft.ContainerService",
    "cosmosdb": "Microsoft.DocumentDB",
    "dbforpostgresql": "Microsoft.DBforPostgreSQL",
    "dbformysql": "Microsoft.DBforMySQL",
    "documentdb": "Microsoft.DocumentDB",
    "eventgrid": "Microsoft.EventGrid",
    "eventhub": "Microsoft.EventHub",
    "keyvault": "Microsoft.KeyVault",
    "machinelearningservices": "Microsoft.MachineLearningServices",
    "managedidentity": "Microsoft.ManagedIdentity",
    "monitor": "Microsoft.Insights",
    "operationalinsights": "Microsoft.OperationalInsights",
    "privatedns": "Microsoft.Network",
    "dns": "Microsoft.Network",
    "recoveryservices": "Microsoft.RecoveryServices",
    "securityinsights": "Microsoft.SecurityInsights",
    "servicebus": "Microsoft.ServiceBus",
    "signalrservice": "Microsoft.SignalRService",
}
# Resource type segments (Azure REST reference); the first is the parent's.
_SEGMENTS: Final[Mapping[str, tuple[str, ...]]] = {
    "azure-native:storage:StorageAccount": ("storageAccounts",),
    "azure-native:storage:BlobContainer": (
        "storageAccounts",
        "blobServices/default/containers",
    ),
    "azure-native:storage:BlobContainerImmutabilityPolicy": (
        "storageAccounts",
        "blobServices/default/containers",
        "immutabilityPolicies",
    ),
    "azure-native:storage:BlobServiceProperties": ("storageAccounts", "blobServices"),
    "azure-native:authorization:ManagementLockByScope": ("locks",),
    "azure-native:cosmosdb:SqlResourceSqlDatabase": (
        "databaseAccounts",
        "sqlDatabases",
    ),
    "azure-native:cosmosdb:SqlResourceSqlContainer": (
        "databaseAccounts",
        "sqlDatabases",
        "containers",
    ),
    "azure-native:storage:StorageAccountStaticWebsite": (
        "storageAccounts",
        "staticWebsite",
    ),
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
    "azure-native:network:PrivateDnsZoneGroup": (
        "privateEndpoints",
        "privateDnsZoneGroups",
    ),
    "azure-native:privatedns:PrivateZone": ("privateDnsZones",),
    "azure-native:privatedns:VirtualNetworkLink": (
        "privateDnsZones",
        "virtualNetworkLinks",
    ),
    "azure-native:web:AppServicePlan": ("serverfarms",),
    "azure-native:web:WebApp": ("sites",),
    "azure-native:app:ContainerApp": ("containerApps",),
    "azure-native:app:ManagedEnvironment": ("managedEnvironments",),
    "azure-native:containerregistry:Registry": ("registries",),
    "azure-native:containerservice:ManagedCluster": ("managedClusters",),
    "azure-native:operationalinsights:Workspace": ("workspaces",),
    "azure-native:managedidentity:UserAssignedIdentity": ("userAssignedIdentities",),
    "azure-native:monitor:DiagnosticSetting": ("diagnosticSettings",),
}


# Parents whose type is not what the path parameter calls them (Azure REST reference).
_PARENTS: Final[Mapping[tuple[str, str], str]] = {
    ("storage", "account"): "storageAccount",
    ("cosmosdb", "account"): "databaseAccount",
    ("containerservice", "resource"): "managedCluster",
    ("managedidentity", "resource"): "userAssignedIdentity",
    ("privatedns", "privateZone"): "privateDnsZone",
    ("dns", "zone"): "dnsZone",
    ("web", "name"): "site",
    ("dbforpostgresql", "server"): "flexibleServer",
}


def identifier(maker: Maker) -> str:
    """The resource id: where it is, then a type and a name for each step of its
    path."""
    type_, given = maker.type, maker.inputs
    if type_.token == "azure-native:resources:ResourceGroup":  # noqa: S105 - a type token
        return f"/subscriptions/{maker.place.subscription}/resourceGroups/{maker.name}"
    root = _root(maker)
    if type_.token == "azure-native:resources:Resource":  # noqa: S105 - a type token
        generic = (
            str(given.get("parentResourcePath") or ""),
            str(given.get("resourceType")),
            maker.name,
        )
        return f"{root}/providers/{given.get('resourceProviderNamespace')}/" + "/".join(
            filter(None, generic)
        )
    namespace = _NAMESPACES.get(
        type_.module, f"Microsoft.{type_.module[:1].upper()}{type_.module[1:]}"
    )
    return f"{root}/providers/{namespace}/{_path(maker)}"


def _root(maker: Maker) -> str:
    """The scope that the resource is in: another resource, a group or the
    subscription."""
    given = maker.inputs
    scope = given.get("scope") or given.get("resourceUri")
    if scope:
        return f"/{str(scope).strip('/')}"
    group = given.get("resourceGroupName")
    subscription = f"/subscriptions/{maker.place.subscription}"
    return subscription + (f"/resourceGroups/{group}" if group else "")


def _path(maker: Maker) -> str:
    """Type and name of each parent and of the resource itself."""
    type_, given = maker.type, maker.inputs
    parent_names = [
        name
        for name in path_parameters(type_)
        if type_.inputs.fields[name].required
        and name not in ("resourceGroupName", "scope", "resourceUri")
        and isinstance(given.get(name), str)
    ]
    segments = _SEGMENTS.get(type_.token)
    if segments is None:
        segments = (
            *(_parent_segment(type_, name) for name in parent_names),
            plural(type_.name),
        )
    steps = (*(str(given[name]) for name in parent_names), maker.name)
    pairs = zip(segments[-len(steps) :], steps[-len(segments) :], strict=False)
    return "/".join(f"{segment}/{step}" for segment, step in pairs)


def _parent_segment(type_: ResourceType, parameter: str) -> str:
    """The resource type that a path parameter names: `accountName` of storage is one of
    the `storageAccounts`."""
    of = parameter.removesuffix("Name").removesuffix("Id").rstrip("_")
    owner = _PARENTS.get((type_.module, of), of)
    return plural(owner[:1].upper() + owner[1:])


def _type(id: str) -> str:  # noqa: A002 - Azure's word
    """``Microsoft.Storage/storageAccounts`` from a resource id."""
    steps = id.rpartition("/providers/")[2].split("/")
    return (
        "/".join([steps[0], *steps[1::2]])
        if len(steps) > 1
        else "Microsoft.Resources/resourceGroups"
    )


def _vault_secret(maker: Maker, _: str) -> dict[str, Any]:
    uri = (
        f"https://{maker.inputs.get('vaultName')}.vault.azure.net/secrets/{maker.name}"
    )
    return {
        "properties": {
            "secretUri": uri,
            "secretUriWithVersion": f"{uri}/{maker.hex('version', 32)}",
        }
    }


def _ai_account(maker: Maker, _: str) -> dict[str, Any]:
    given = maker.inputs.get("properties")
    domain = given.get("customSubDomainName") if isinstance(given, dict) else None
    return {
        "properties": {
            "endpoint": f"https://{domain or maker.name}.cognitiveservices.azure.com/"
        }
    }


def _public_address(maker: Maker, _: str) -> dict[str, Any]:
    given = maker.inputs.get("dnsSettings")
    label = given.get("domainNameLabel") if isinstance(given, dict) else None
    location = maker.inputs.get("location", maker.place.location)
    named = (
        {"dnsSettings": {"fqdn": f"{label}.{location}.cloudapp.azure.com"}}
        if label
        else {}
    )
    return {"ipAddress": f"203.0.113.{maker.octet('ip')}", **named}


def _private_endpoint(maker: Maker, id: str) -> dict[str, Any]:  # noqa: A002 - Azure's word
    root = id.partition("/providers/")[0]
    name = f"{maker.name}.nic.{maker.uuid('nic')}"
    interface = f"{root}/providers/Microsoft.Network/networkInterfaces/{name}"
    return {"networkInterfaces": [{"id": interface}]}


def _kubernetes(maker: Maker, id: str) -> dict[str, Any]:  # noqa: A002 - Azure's word
    root = id.partition("/providers/")[0]
    location = maker.inputs.get("location", maker.place.location)
    prefix = maker.inputs.get("dnsPrefix") or maker.name
    host = f"{prefix}-{maker.hex('host', 8)}.hcp.{location}.azmk8s.io"
    identities = f"{root}/providers/Microsoft.ManagedIdentity/userAssignedIdentities"
    identity = f"{identities}/{maker.name}-agentpool"
    kubelet = {
        "resourceId": identity,
        "objectId": maker.uuid("kubelet"),
        "clientId": maker.uuid("kubelet-client"),
    }
    return {"fqdn": host, "identityProfile": {"kubeletidentity": kubelet}}


_DERIVED: Final[Mapping[str, Callable[[Maker, str], dict[str, Any]]]] = {
    "azure-native:cognitiveservices:Account": _ai_account,
    "azure-native:containerservice:ManagedCluster": _kubernetes,
    "azure-native:keyvault:Secret": _vault_secret,
    # A container's policy begins unlocked (Azure Storage REST reference).
    "azure-native:storage:BlobContainerImmutabilityPolicy": lambda _maker, _: {
        "state": "Unlocked"
    },
    "azure-native:keyvault:Vault": lambda maker, _: {
        "properties": {"vaultUri": f"https://{maker.name}.vault.azure.net/"}
    },
    "azure-native:network:PrivateEndpoint": _private_endpoint,
    "azure-native:network:PublicIPAddress": _public_address,
    "azure-native:sql:Server": lambda maker, _: {
        "fullyQualifiedDomainName": f"{maker.name}.database.windows.net"
    },
}
# Inputs that Azure fills when a program leaves them out, by the same reference pages as
# what it fills them with.
FILLED: Final[Mapping[str, frozenset[str]]] = {
    "azure-native:containerservice:ManagedCluster": frozenset({"identityProfile"}),
    "azure-native:network:PublicIPAddress": frozenset({"ipAddress"}),
}
NAMED_BY_AZURE: Final = "fqdn"
"""Stands among the inputs of public addresses, but is made of the label that a program
gives."""


def _told(maker: Maker, id: str) -> dict[str, Any]:  # noqa: A002 - Azure's word
    name, token = maker.name, maker.type.token
    if token in _DERIVED:
        return _DERIVED[token](maker, id)
    if token == "azure-native:storage:StorageAccount":  # noqa: S105 - a type token
        hosts = {
            kind: f"https://{name}.{kind}.core.windows.net/"
            for kind in ("blob", "dfs", "file", "queue", "table")
        }
        return {
            "primaryEndpoints": {
                **hosts,
                "web": f"https://{name}.z20.web.core.windows.net/",
            },
            "primaryLocation": maker.inputs.get("location", maker.place.location),
            "statusOfPrimary": "available",
        }
    if token == "azure-native:web:WebApp":  # noqa: S105 - a type token
        return {"defaultHostName": f"{name}.azurewebsites.net", "state": "Running"}
    if token == "azure-native:containerregistry:Registry":  # noqa: S105 - a type token
        return {"loginServer": f"{name.lower()}.azurecr.io"}
    if token == "azure-native:keyvault:Key":  # noqa: S105 - a type token
        # With its port, as Azure Resource Manager's own example has it
        # (Microsoft.KeyVault 2022-07-01, `createKey`).
        uri = f"https://{maker.inputs.get('vaultName')}.vault.azure.net:443/keys/{name}"
        return {"keyUri": uri, "keyUriWithVersion": f"{uri}/{maker.hex('version', 32)}"}
    if token == "azure-native:managedidentity:UserAssignedIdentity":  # noqa: S105 - a type token
        return {
            "principalId": maker.uuid("principal"),
            "clientId": maker.uuid("client"),
            "tenantId": maker.place.tenant,
        }
    return {}


def special(maker: Maker, id: str) -> dict[str, Any]:  # noqa: A002 - Pulumi's word
    """Outputs that Azure is known to give, by name."""
    return {
        "name": maker.name,
        "type": _type(id),
        "location": maker.place.location,
        "provisioningState": "Succeeded",
        "azureApiVersion": "",
        **_told(maker, id),
    }


def entra_identifier(maker: Maker) -> str:
    """Entra's objects are called by a UUID."""
    return maker.uuid("id")


def entra_special(maker: Maker, id: str) -> dict[str, Any]:  # noqa: A002 - Pulumi's word
    """Outputs that Entra is known to give, by name."""
    application = maker.uuid("application")
    return {"objectId": id, "applicationId": application, "clientId": application}
