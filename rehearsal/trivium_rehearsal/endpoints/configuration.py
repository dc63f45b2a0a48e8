"""The configuration of all endpoints, as one JSON document.

Unknown keys, wrong types and missing keys are refused with the path of the key: a
misspelt `expires_at` would otherwise make an endpoint laxer than the cloud that it
stands in for. A record that holds credentials does not show its fields when printed.
"""

import datetime as dt
from collections.abc import Iterator

import msgspec

from trivium.errors import ConfigurationError
from trivium_rehearsal.endpoints.models.configuration import (
    CLOUDS,
    Bedrock,
    Foundry,
    LocalModel,
    Scripted,
    Vertex,
)
from trivium_rehearsal.endpoints.serving.identities import (
    AwsIdentity,
    EntraIdentity,
    GoogleIdentity,
)
from trivium_rehearsal.endpoints.serving.records import Port, Record


class EndpointsConfigurationError(ConfigurationError):
    """The configuration cannot be used. The message names the key, what was found and
    what is expected."""


class Ports(Record, frozen=True, kw_only=True):
    """Fixed ports on 127.0.0.1. None takes a free one between 20000 and 29999."""

    bedrock: Port | None = None
    vertex: Port | None = None
    vertex_grpc: Port | None = None
    foundry: Port | None = None
    control: Port | None = None


class Configuration(Record, frozen=True, kw_only=True):
    """All endpoints. An endpoint without settings is not served."""

    source: Scripted | LocalModel
    """Where the replies of the model APIs come from."""
    bedrock: Bedrock | None = None
    """Amazon Bedrock."""
    vertex: Vertex | None = None
    """Google Vertex AI."""
    foundry: Foundry | None = None
    """Azure AI Foundry."""
    ports: Ports = Ports()
    """Where they listen."""


def parse_configuration(document: bytes | str) -> Configuration:
    """Read the JSON document.

    Raises `EndpointsConfigurationError`, which shows the path of the key and never a
    value.
    """
    try:
        configuration = msgspec.json.decode(document, type=Configuration)
    except msgspec.DecodeError as error:
        raise EndpointsConfigurationError(
            f"The configuration of the endpoints cannot be used: {error}. Nothing was"
            " started. Correct the document; its keys are described in"
            " trivium_rehearsal/endpoints/configuration.py."
        ) from error

    for path, moment in _moments(configuration):
        if moment.tzinfo is None:
            raise EndpointsConfigurationError(
                f"The configuration of the endpoints cannot be used: `{path}` has no"
                " time zone, so its moment is ambiguous. Nothing was started. Write it"
                " as RFC 3339 with `Z` or an offset."
            )
    return configuration


def encode_configuration(configuration: Configuration) -> bytes:
    """The JSON document that `parse_configuration` reads.

    It contains the credentials: write it with mode 0600.
    """
    return msgspec.json.encode(configuration)


def _moments(configuration: Configuration) -> Iterator[tuple[str, dt.datetime]]:
    """Path and value of every moment in the configuration."""
    for cloud in CLOUDS:
        settings: Bedrock | Vertex | Foundry | None = getattr(configuration, cloud)
        identities: tuple[AwsIdentity | GoogleIdentity | EntraIdentity, ...] = (
            settings.identities if settings else ()
        )
        for position, identity in enumerate(identities):
            if identity.expires_at is not None:
                path = f"{cloud}.identities[{position}].expires_at"
                yield path, identity.expires_at
