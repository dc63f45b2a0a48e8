"""What the vendors' own models say about inputs, one file per source, found by resource
type."""

from functools import cache

from trivium_rehearsal.constraints.model import Limits, VendorModel
from trivium_rehearsal.sdk import resource_type
from trivium_rehearsal.types import ResourceType

__all__ = ["Limits", "VendorModel", "vendor_models"]


def vendor_models(type_: ResourceType) -> tuple[VendorModel, ...]:
    """Every vendor model found one to one for the resource type; the sources are loaded
    when first asked for.

    Azure's enumerations are in the SDK's types already (see `azure_enums`), and azuread
    has no public model.
    """
    return _vendor_models(type_.token)


@cache
def _vendor_models(token: str) -> tuple[VendorModel, ...]:
    from trivium_rehearsal.constraints import botocore_models, cloudformation, discovery

    type_ = resource_type(token)
    found: tuple[VendorModel | None, ...] = ()
    if type_.package == "aws-native":
        found = (cloudformation.model_of(token),)
    elif type_.package == "aws":
        found = (
            cloudformation.model_of(token),
            botocore_models.model_of(token, type_.name),
        )
    elif type_.package == "gcp":
        found = (discovery.model_of(token, type_.name),)
    return tuple(model for model in found if model is not None)
