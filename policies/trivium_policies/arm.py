"""Azure resources under either of their Pulumi spellings. Pure.

Anything can be deployed as `azure-native:resources:Resource`, the generic resource with free-form `properties`, and
Claude must be: the typed deployment has no `modelProviderData` (azure-native 3.29.0, API 2025-06-01). A rule that
read only the typed resource could be walked around, so rules read Azure through here.
"""

from dataclasses import dataclass
from typing import Final

from trivium_policies.resource import Properties, Resource

GENERIC: Final = "azure-native:resources:Resource"

ACCOUNT: Final = "azure-native:cognitiveservices:Account"
DEPLOYMENT: Final = "azure-native:cognitiveservices:Deployment"
STORAGE_ACCOUNT: Final = "azure-native:storage:StorageAccount"

# ARM type (lower case, as ARM ignores it) → typed token, and whether the typed resource keeps ARM's `properties` level.
# Source: pulumi-azure-native 3.29.0, input types of the three resources.
_TYPED: Final = {
    "microsoft.cognitiveservices/accounts": (ACCOUNT, True),
    "microsoft.cognitiveservices/accounts/deployments": (DEPLOYMENT, True),
    "microsoft.storage/storageaccounts": (STORAGE_ACCOUNT, False),
}
_KEEPS_PROPERTIES_LEVEL: Final = dict(_TYPED.values())


@dataclass(frozen=True)
class ArmResource:
    """One Azure resource, however it was written."""

    type: str
    """The typed token; that of the generic resource when no rule knows the type."""
    properties: Properties
    """What ARM calls its `properties`; paths are as the program wrote them."""
    envelope: Properties
    """What stands beside them: `sku`, `kind`, `tags`, `location`."""


def arm(resource: Resource) -> ArmResource:
    """`resource` under its typed token. Raises `NotYetKnownError` when a generic resource's type is not known yet."""
    envelope = resource.properties
    if resource.type == GENERIC:
        token, _ = _TYPED.get(_arm_type(envelope), (GENERIC, True))
        return ArmResource(token, envelope.bag("properties"), envelope)
    keeps_level = _KEEPS_PROPERTIES_LEVEL.get(resource.type, True)
    return ArmResource(resource.type, envelope.bag("properties") if keeps_level else envelope, envelope)


def _arm_type(generic: Properties) -> str:
    """`Microsoft.X` + `accounts/name` + `deployments` → `microsoft.x/accounts/deployments`."""
    parents = (generic.text("parentResourcePath") or "").strip("/").split("/")
    names = (generic.text("resourceProviderNamespace"), *parents[::2], generic.text("resourceType"))
    return "/".join(name.strip("/") for name in names if name).lower()
