"""The three clouds are parallel by agreement: same files, same arguments, same outputs.

Every permitted difference is listed here with its reason. A difference that is not
listed fails, and so does a listed one that no longer exists.
"""

import importlib.util
import inspect
from pathlib import Path

import pytest

import trivium_components
from trivium_components.descriptor import Plain

CLOUDS = ("aws", "gcp", "azure")
COMPONENTS = ("audit_store", "identity", "model_access", "network", "observability")
ROOT = Path(str(trivium_components.__file__)).parent

FILES = {
    ("aws", "access_log.py"): "only S3 logs accesses into a bucket of its own",
    ("aws", "bucket.py"): "only AWS has more than one bucket to protect",
    ("aws", "replica.py"): "Google Cloud's second region belongs to the same bucket",
    ("aws", "trail.py"): "only AWS has a trail besides the request log",
    ("aws", "guardrail.py"): "only Bedrock has a guardrail for calls to Claude",
    ("aws", "policy.py"): "only AWS writes permissions as JSON documents",
}
ARGUMENTS = {
    # cloud, component, argument: the reason
    "aws identity guardrail": "only Bedrock has a guardrail that IAM can require",
    "aws identity guardrail_profiles": "only Bedrock has guardrails across Regions",
    "aws model_access filters": "only Bedrock has a guardrail for calls to Claude",
    "aws network guardrail_profiles": "only Bedrock has guardrails across Regions",
    "aws network availability_zones": "other clouds' subnets span a region's zones",
    "gcp network location": "multi-regions need their own private endpoint",
    "aws observability content": "only Bedrock has a resource that logs content",
    # Google Cloud keeps logs in log buckets; Azure's append blobs refuse immutability.
    "aws observability store": "only AWS archives its logs in the audit store",
    "aws observability encryption_key": "only AWS uses our key in this version",
    "aws network endpoints": "an existing VPC may have some of the endpoints",
    "aws network route_tables": "only S3's endpoint is a route",
    "gcp network endpoint_address": "only Google's endpoint has an address of its own",
    "azure audit_store encryption_identity": "only Azure's storage acts as an identity",
    "aws observability data_events": "only CloudTrail selects data events by type",
    "aws observability trail_logs": "only a trail is searchable as an option",
    "aws observability access_log": "only S3 logs accesses into a bucket of its own",
    # Azure chooses the second region of a storage account itself.
    "aws audit_store replica_region": "only AWS and Google Cloud take a second region",
    "gcp audit_store replica_region": "only AWS and Google Cloud take a second region",
    "azure model_access terms_accepted": "a deployment accepts terms only on Azure",
    "azure model_access organization_name": "only Azure asks who accepts",
    "azure model_access country_code": "only Azure asks who accepts",
    "azure model_access industry": "only Azure asks who accepts",
    "azure model_access capacity": "only Azure has a quota per deployment",
    "azure identity resource_group": "only Azure has resource groups",
    "azure network resource_group": "only Azure has resource groups",
    "azure observability resource_group": "only Azure has resource groups",
    "azure audit_store resource_group": "only Azure has resource groups",
    "azure audit_store tenant": "a key vault belongs to a tenant",
    "azure audit_store subnet": "only Azure's store is public without a subnet",
}
OUTPUTS = {
    "aws model_access guardrail_profiles": "only Bedrock has guardrails across Regions",
    "azure model_access resource_group": "only Azure has resource groups",
}


def classes(cloud: str, component: str) -> tuple[type, type]:
    """The component's class and that of its arguments."""
    module = importlib.import_module(f"trivium_components.{cloud}.{component}")
    name = cloud.capitalize() + "".join(
        word.capitalize() for word in component.split("_")
    )
    return getattr(module, name), getattr(module, f"{name}Args")


def names(cls: type) -> set[str]:
    """The annotated names of a class."""
    return {name for name in inspect.get_annotations(cls) if not name.startswith("_")}


def odd_ones(found: dict[str, set[str]]) -> set[tuple[str, str]]:
    """(cloud, name) for every name that not all clouds have."""
    everywhere = set.intersection(*found.values())
    return {
        (cloud, name) for cloud, have in found.items() for name in have - everywhere
    }


def test_every_cloud_has_the_same_files() -> None:
    found = {
        cloud: {path.name for path in (ROOT / cloud).glob("*.py")} for cloud in CLOUDS
    }
    assert odd_ones(found) == set(FILES)


@pytest.mark.parametrize("component", COMPONENTS)
def test_every_cloud_takes_the_same_arguments(component: str) -> None:
    found = {cloud: names(classes(cloud, component)[1]) for cloud in CLOUDS}
    assert odd_ones(found) == {
        (cloud, name)
        for cloud, where, name in map(str.split, ARGUMENTS)
        if where == component
    }


@pytest.mark.parametrize("component", COMPONENTS)
def test_every_cloud_hands_over_the_same_record(component: str) -> None:
    found = {cloud: names(classes(cloud, component)[0]) for cloud in CLOUDS}
    assert odd_ones(found) == {
        (cloud, name)
        for cloud, where, name in map(str.split, OUTPUTS)
        if where == component
    }


@pytest.mark.parametrize("component", COMPONENTS)
def test_what_all_clouds_take_has_one_type(component: str) -> None:
    annotations = [
        inspect.get_annotations(classes(cloud, component)[1]) for cloud in CLOUDS
    ]
    shared = set.intersection(*[set(found) for found in annotations])
    different = {
        name for name in shared if len({str(found[name]) for found in annotations}) > 1
    }
    assert not different


def test_every_permitted_difference_has_a_reason() -> None:
    reasons = [*FILES.values(), *ARGUMENTS.values(), *OUTPUTS.values()]
    assert all(len(reason.split()) > 3 for reason in reasons)


@pytest.mark.parametrize("cloud", CLOUDS)
def test_every_cloud_contributes_a_route_and_a_store(
    cloud: str, request: pytest.FixtureRequest
) -> None:
    result: Plain = request.getfixturevalue(cloud).result
    assert set(result) == {"route", "audit_store", "signing_key"}
    assert result["route"]["id"] == result["audit_store"]["cloud"] == cloud


def test_importing_the_package_loads_no_cloud_sdk() -> None:
    for path in ROOT.glob("*.py"):
        source = path.read_text()
        assert not [
            sdk
            for sdk in ("pulumi_aws", "pulumi_gcp", "pulumi_azure")
            if f"import {sdk}" in source
        ], path
