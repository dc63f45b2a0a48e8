"""Networks and keys that exist already are used, and nothing of them is changed."""

import json
from typing import Any

import pytest

from tests.components.conftest import ADOPTED, CONFIG, declared, settings_with
from tests.components.recording import EXISTING_VPC, Recorder, Recording, record
from trivium.errors import ConfigurationError
from trivium_components.aws.deployment import deploy
from trivium_components.component import require_one_network
from trivium_components.configuration import read_settings
from trivium_components.settings import Settings

VPC = ADOPTED["aws"]["existing_network"]
GCP = ADOPTED["gcp"]["existing_network"]
VNET = ADOPTED["azure"]["existing_network"]


def everything_exists() -> Settings:
    """Every cloud uses an existing network, so there is no address range."""
    config = {key: value for key, value in CONFIG.items() if key != "trivium:network"}
    sections = {f"trivium:{cloud}": section for cloud, section in ADOPTED.items()}
    return read_settings("test", {**config, **sections})


@pytest.fixture(scope="module")
def in_aws() -> Recording:
    """AWS in an existing VPC, with an existing key."""
    return declared("aws", everything_exists())


@pytest.fixture(scope="module")
def in_gcp() -> Recording:
    """Google Cloud in an existing network, with an existing key."""
    return declared("gcp", everything_exists())


@pytest.fixture(scope="module")
def in_azure() -> Recording:
    """Azure in an existing virtual network."""
    return declared("azure", everything_exists())


NOT_CREATED = {
    "aws": (":Vpc", ":Subnet"),
    "gcp": ("network:Network", ":Subnetwork"),
    "azure": (
        *(":VirtualNetwork", "network:Subnet", ":NetworkSecurityGroup"),
        ":ServiceEndpointPolicy",
    ),
}


@pytest.mark.parametrize("cloud", NOT_CREATED)
def test_no_network_is_created_beside_an_existing_one(
    cloud: str, request: pytest.FixtureRequest
) -> None:
    created: Recording = request.getfixturevalue(cloud)
    adopted: Recording = request.getfixturevalue(f"in_{cloud}")
    for kind in NOT_CREATED[cloud]:
        assert created.of(kind), kind
        assert adopted.of(kind) == [], kind


def test_endpoints_are_placed_in_the_existing_subnets(in_aws: Recording) -> None:
    endpoints = in_aws.of(":VpcEndpoint")
    assert {found["vpcId"] for found in endpoints} == {VPC["id"]}
    assert len(endpoints) == 5
    interfaces = [found for found in endpoints if "subnetIds" in found]
    assert [found["subnetIds"] for found in interfaces] == [VPC["subnet_ids"]] * 4
    gateway = in_aws.named("aws-network-s3")
    assert gateway["routeTableIds"] == VPC["route_table_ids"]


def test_endpoints_admit_every_range_that_the_vpc_has(in_aws: Recording) -> None:
    (rule,) = in_aws.only(":SecurityGroup")["ingress"]
    assert rule["cidrBlocks"] == ["10.90.0.0/16", "10.91.0.0/16"]


def test_an_endpoint_that_the_vpc_has_already_is_left_out() -> None:
    network = {**VPC, "endpoints": ["bedrock-runtime", "kms"]}
    section = {**ADOPTED["aws"], "existing_network": network}
    found = declared("aws", settings_with(aws=section)).of(":VpcEndpoint")
    services = {each["serviceName"].rsplit(".", 1)[1] for each in found}
    assert services == {"bedrock-runtime", "kms"}


@pytest.mark.parametrize("option", ["enableDnsSupport", "enableDnsHostnames"])
def test_a_vpc_in_which_private_names_do_not_resolve_is_refused(option: str) -> None:
    recorder = Recorder(vpc={**EXISTING_VPC, option: False})
    with pytest.raises(ConfigurationError, match="resolve to public addresses"):
        record(lambda: deploy(everything_exists(), signing_key=True), recorder=recorder)


def test_the_existing_key_encrypts_bucket_logs_and_trail(in_aws: Recording) -> None:
    key = ADOPTED["aws"]["encryption_key"]
    (rule,) = in_aws.only(":BucketServerSideEncryptionConfiguration")["rules"]
    default = rule["applyServerSideEncryptionByDefault"]
    assert default["kmsMasterKeyId"] == key
    assert in_aws.only(":LogGroup")["kmsKeyId"] == key
    assert in_aws.only(":Trail")["kmsKeyId"] == key
    writer = json.loads(in_aws.named("aws-audit-writer")["policy"])["Statement"]
    assert key in [statement["Resource"] for statement in writer]
    names = [found.name for found in in_aws.resources]
    assert "aws-audit-encryption" not in names


def test_google_apis_are_reached_at_the_named_address(in_gcp: Recording) -> None:
    address = in_gcp.only(":GlobalAddress")
    assert (address["address"], address["network"]) == ("10.200.0.5", GCP["id"])
    assert in_gcp.only(":GlobalForwardingRule")["network"] == GCP["id"]
    endpoint = in_gcp.only(":RegionalEndpoint")
    assert [endpoint["subnetwork"]] == GCP["subnet_ids"]
    for zone in in_gcp.of(":ManagedZone"):
        (seen,) = zone["privateVisibilityConfig"]["networks"]
        assert seen["networkUrl"] == GCP["id"]


def test_the_existing_key_encrypts_google_clouds_bucket(
    in_gcp: Recording, gcp: Recording
) -> None:
    key = ADOPTED["gcp"]["encryption_key"]
    bucket = in_gcp.only("storage/bucket:Bucket")
    assert bucket["encryption"] == {"defaultKmsKeyName": key}
    assert "encryption" not in gcp.only("storage/bucket:Bucket")


def test_foundry_and_its_names_are_reached_from_the_existing_subnet(
    in_azure: Recording,
) -> None:
    (subnet,) = VNET["subnet_ids"]
    assert in_azure.only("network:PrivateEndpoint")["subnet"]["id"] == subnet
    links = in_azure.of(":VirtualNetworkLink")
    assert [found["virtualNetwork"] for found in links] == [{"id": VNET["id"]}] * 3
    rules = in_azure.only(":StorageAccount")["networkRuleSet"]["virtualNetworkRules"]
    assert [rule["virtualNetworkResourceId"] for rule in rules] == [subnet]


def test_the_existing_key_encrypts_azures_account_through_its_identity(
    in_azure: Recording, azure: Recording
) -> None:
    account = in_azure.only(":StorageAccount")
    identity = ADOPTED["azure"]["encryption_identity"]
    assert account["identity"] == {
        "type": "UserAssigned",
        "userAssignedIdentities": [identity],
    }
    assert account["encryption"] == {
        "keySource": "Microsoft.Keyvault",
        "keyVaultProperties": {
            "keyName": "audit",
            "keyVaultUri": "https://acme-keys.vault.azure.net",
        },
        "encryptionIdentity": {"encryptionUserAssignedIdentity": identity},
    }
    assert not {"identity", "encryption"} & set(azure.only(":StorageAccount"))


def test_clouds_with_a_new_network_keep_their_share_of_the_range(
    gcp: Recording,
) -> None:
    settings = settings_with(aws=ADOPTED["aws"])
    mixed = declared("gcp", settings).only(":Subnetwork")
    assert mixed["ipCidrRange"] == gcp.only(":Subnetwork")["ipCidrRange"]


ONE_NETWORK: dict[str, tuple[str | None, str | None, str]] = {
    # case: (address range, existing network, what the error says)
    "a range and an existing network": ("10.0.0.0/18", "vpc-1", "both are given"),
    "neither": (None, None, "neither is given"),
    "two empty texts": ("", "", "neither is given"),
}


@pytest.mark.parametrize(
    ("cidr", "network", "says"), ONE_NETWORK.values(), ids=ONE_NETWORK
)
def test_a_network_is_either_created_or_adopted(
    cidr: str | None, network: str | None, says: str
) -> None:
    with pytest.raises(ConfigurationError, match=says):
        require_one_network("network", cidr, network)


@pytest.mark.parametrize("given", [("10.0.0.0/18", None), (None, "vpc-1")])
def test_one_of_the_two_is_enough(given: Any) -> None:
    require_one_network("network", *given)
