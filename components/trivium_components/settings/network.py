"""The private network that the clouds share."""

from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from trivium_components import cidr
from trivium_components.settings.key import Key, Section


def _usable_range(text: str) -> str:
    """`text` itself, or the error that pydantic collects."""
    if why := cidr.problem(text):
        raise PydanticCustomError("refused", "{why}", {"why": why})
    return text


class NetworkSettings(Section):
    """The private network."""

    cidr: Annotated[
        str,
        AfterValidator(_usable_range),
        Key(
            expected=(
                f"a private range (RFC 1918) from /{cidr.LARGEST} to /{cidr.SMALLEST},"
                " such as `10.40.0.0/16`"
            ),
            consequence="It could not be divided among the clouds and their subnets.",
            example="10.40.0.0/16",
        ),
    ]
    """Address range of the deployment; each cloud gets a quarter of it."""


class NetworkKeys(Section):
    """The section as a key."""

    network: Annotated[
        NetworkSettings | None,
        Key(consequence="The private networks could not be created."),
    ] = None
    """The private network; required unless every cloud has an `existing_network`."""
