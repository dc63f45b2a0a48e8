"""Azure resources under either of their Pulumi spellings. Pure.

Anything can be deployed as `azure-native:resources:Resource`, the generic resource with
free-form `properties`, and Claude must be: the typed deployment has no
`modelProviderData` (azure-native 3.29.0, API 2025-06-01). A rule that read only the
typed resource could be walked around, so rules read Azure through here.
"""

from dataclasses import dataclass
from typing import Final

from trivium_policies.resource import NotYetKnownError, Properties, Resource

GENERIC: Final = "azure-native:resources:Resource"

ACCOUNT: Final = "azure-native:cognitiveservices:Account"
DEPLOYMENT: Final = "azure-native:cognitiveservices:Deployment"
STORAGE_ACCOUNT: Final = "azure-native:storage:StorageAccount"
ROLE_DEFINITION: Final = "azure-native:authorization:RoleDefinition"

# ARM type (lower case, as ARM ignores it) → typed token, and whether the typed resource
# keeps ARM's `properties` level. Source: pulumi-azure-native 3.29.0, input types of the
# four resources.
_TYPED: Final = {
    "microsoft.cognitiveservices/accounts": (ACCOUNT, True),
    "microsoft.cognitiveservices/accounts/deployments": (DEPLOYMENT, True),
    "microsoft.storage/storageaccounts": (STORAGE_ACCOUNT, False),
    "microsoft.authorization/roledefinitions": (ROLE_DEFINITION, False),
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
    """`resource` under its typed token. Raises `NotYetKnownError` when a generic
    resource's type is not known yet."""
    envelope = resource.properties
    if resource.type == GENERIC:
        return ArmResource(_typed_token(envelope), envelope.bag("properties"), envelope)
    keeps_level = _KEEPS_PROPERTIES_LEVEL.get(resource.type, True)
    return ArmResource(
        resource.type, envelope.bag("properties") if keeps_level else envelope, envelope
    )


def _typed_token(generic: Properties) -> str:
    """The typed twin of a generic resource; the generic token when no rule knows the
    type."""
    # ARM joins the three parts into one path, so where a program cuts it means nothing.
    namespace, _, above = (
        (generic.text("resourceProviderNamespace") or "")
        .strip("/")
        .lower()
        .partition("/")
    )
    own = (generic.text("resourceType") or "").strip("/").lower()
    for arm_type, (token, _) in _TYPED.items():
        if (
            arm_type.startswith(namespace + "/")
            and arm_type.endswith("/" + own)
            and _is_below(generic, above, arm_type, own)
        ):
            return token
    return GENERIC


def _is_below(generic: Properties, above: str, arm_type: str, own: str) -> bool:
    """Whether the parent's path has the types that `arm_type` puts between namespace
    and `own`.

    In a preview the path is often unknown, because it holds a name that the cloud is
    yet to give. Namespace and own type then decide: judging a stranger is better than
    leaving a deployment unjudged.
    """
    try:
        path = f"{above}/{generic.text('parentResourcePath') or ''}".strip("/").lower()
    except NotYetKnownError:
        return True
    return [*path.split("/")[::2], own] == arm_type.split("/")[1:] or (
        not path and own == arm_type.partition("/")[2]
    )
