"""Each cloud's part of a stack, declared once for all tests."""

import copy
from importlib import import_module
from typing import Any

import pytest

from tests.components.recording import Recording, record
from trivium_components.configuration import read_settings
from trivium_components.settings import Settings

UUID = "00000000-0000-4000-8000-00000000000{}"

CONFIG: dict[str, Any] = {
    "trivium:deployment": "claims",
    "trivium:environment": "test",
    "trivium:purpose": "production",
    "trivium:zone": "us",
    "trivium:clouds": ["aws", "gcp", "azure"],
    "trivium:models": {
        "haiku": "claude-haiku-5-5",
        "sonnet": "claude-sonnet-5-5",
        "opus": "claude-opus-5-5",
    },
    "trivium:roles": {"triage": "haiku"},
    "trivium:network": {"cidr": "10.20.0.0/16"},
    "trivium:retention": {"preset": "finance-7y"},
    "trivium:constitution": {"layers": ["pack:baseline"]},
    "trivium:sinks": [{"kind": "splunk", "endpoint": "https://hec.example.com:8088"}],
    "trivium:budget_usd": 500,
    "trivium:aws": {
        "account_id": "111122223333",
        "region": "us-east-1",
        "availability_zones": ["us-east-1a", "us-east-1b"],
        "invokers": ["arn:aws:iam::111122223333:role/claims"],
    },
    "trivium:gcp": {
        "project": "acme-claims",
        "region": "us-central1",
        "invokers": ["group:claims@example.com"],
    },
    "trivium:azure": {
        "subscription_id": UUID.format(1),
        "tenant_id": UUID.format(2),
        "region": "eastus2",
        "invokers": [f"group:{UUID.format(3)}"],
        "claude": {
            "terms_accepted": True,
            "organization_name": "Acme Claims Inc",
            "country_code": "US",
            "industry": "finance",
        },
    },
}
"""A stack without a mistake, on three clouds. Any: what YAML holds."""


_AWS = {
    key: value
    for key, value in CONFIG["trivium:aws"].items()
    if key != "availability_zones"
}
_VNET = (
    f"/subscriptions/{UUID.format(1)}/resourceGroups/network/providers/"
    "Microsoft.Network/virtualNetworks/main"
)

ADOPTED: dict[str, Any] = {
    "aws": {
        **_AWS,
        "existing_network": {
            "id": "vpc-0a1b2c3d4e5f67890",
            "subnet_ids": ["subnet-0a1b2c3d4e5f67890", "subnet-0a1b2c3d4e5f67891"],
            "route_table_ids": ["rtb-0a1b2c3d4e5f67890"],
        },
        "encryption_key": f"arn:aws:kms:us-east-1:111122223333:key/{UUID.format(4)}",
    },
    "gcp": {
        **CONFIG["trivium:gcp"],
        "existing_network": {
            "id": "projects/acme-claims/global/networks/main",
            "subnet_ids": ["projects/acme-claims/regions/us-central1/subnetworks/apps"],
            "endpoint_address": "10.200.0.5",
        },
        "encryption_key": (
            "projects/acme-keys/locations/us-central1/keyRings/audit/cryptoKeys/store"
        ),
    },
    "azure": {
        **CONFIG["trivium:azure"],
        "existing_network": {"id": _VNET, "subnet_ids": [f"{_VNET}/subnets/apps"]},
        "encryption_key": "https://acme-keys.vault.azure.net/keys/audit",
        "encryption_identity": (
            f"/subscriptions/{UUID.format(1)}/resourceGroups/keys/providers/"
            "Microsoft.ManagedIdentity/userAssignedIdentities/audit"
        ),
    },
}
"""Each cloud's section with a network and a key that exist already. Any: what YAML
holds."""


@pytest.fixture
def config() -> dict[str, Any]:
    """A copy of `CONFIG` to spoil. Any: what YAML holds."""
    return copy.deepcopy(CONFIG)


def settings_with(**changes: Any) -> Settings:
    """The settings of `CONFIG` with top-level keys replaced. Any: what YAML holds."""
    return read_settings(
        "test",
        {**CONFIG, **{f"trivium:{key}": value for key, value in changes.items()}},
    )


def declared(cloud: str, settings: Settings, *, signing_key: bool = True) -> Recording:
    """One cloud's part of a stack, as it goes over the wire."""
    deploy = import_module(f"trivium_components.{cloud}.deployment").deploy
    return record(lambda: deploy(settings, signing_key=signing_key))


@pytest.fixture(scope="session")
def aws() -> Recording:
    """AWS as `CONFIG` asks for it."""
    return declared("aws", settings_with())


@pytest.fixture(scope="session")
def gcp() -> Recording:
    """Google Cloud as `CONFIG` asks for it."""
    return declared("gcp", settings_with())


@pytest.fixture(scope="session")
def azure() -> Recording:
    """Azure as `CONFIG` asks for it."""
    return declared("azure", settings_with())
