"""The schema that a stand-in serves says what the SDK says, and refers to nothing that
it does not define."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from trivium_rehearsal import invokes
from trivium_rehearsal.schema import schema
from trivium_rehearsal.sdk import package

# `Any` below: a schema is JSON.


@pytest.fixture(scope="module")
def written() -> dict[str, Any]:
    """The smallest SDK's: the others are written by the same code in eight seconds."""
    document = json.loads(schema("azuread"))
    assert isinstance(document, dict)
    return document


def references(value: Any) -> Iterator[str]:
    """Every `$ref` anywhere inside."""
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from references(each)


def test_it_has_every_resource_of_the_sdk_and_every_function_that_is_answered(
    written: dict[str, Any],
) -> None:
    sdk = package("azuread")
    assert written["version"] == sdk.version
    assert written["resources"].keys() == sdk.classes.keys()
    answered = {token for token in invokes.FUNCTIONS if token.startswith("azuread:")}
    assert written["functions"].keys() == answered


def test_a_resource_has_the_inputs_and_outputs_of_the_sdk(
    written: dict[str, Any],
) -> None:
    group = written["resources"]["azuread:index/group:Group"]
    assert group["requiredInputs"] == ["displayName"]
    assert group["inputProperties"]["owners"] == {
        "type": "array",
        "items": {"type": "string"},
    }
    assert "mail" in group["properties"]
    assert "mail" not in group["inputProperties"]


def test_a_nested_type_is_defined_where_it_is_mentioned(
    written: dict[str, Any],
) -> None:
    application = written["resources"]["azuread:index/application:Application"]
    reference = application["inputProperties"]["api"]["$ref"]
    nested = written["types"][reference.removeprefix("#/types/")]
    assert nested["properties"]["requestedAccessTokenVersion"] == {"type": "integer"}


def test_every_reference_is_defined(written: dict[str, Any]) -> None:
    own = {each for each in references(written) if each.startswith("#/types/")}
    assert own
    assert {each.removeprefix("#/types/") for each in own} == written["types"].keys()


def test_what_is_required_exists(written: dict[str, Any]) -> None:
    for token, resource in written["resources"].items():
        assert set(resource["requiredInputs"]) <= set(resource["inputProperties"]), (
            token
        )
        assert set(resource["required"]) <= set(resource["properties"]), token


@pytest.mark.parametrize(
    ("token", "arguments", "output"),
    [
        ("aws:index/getCallerIdentity:getCallerIdentity", ("id",), "accountId"),
        ("gcp:kms/getKMSKeyRing:getKMSKeyRing", ("name", "location"), "id"),
        ("azure-native:network:getSubnet", ("subnetName",), "addressPrefix"),
    ],
)
def test_a_function_is_read_from_the_sdk_of_each_cloud(
    token: str, arguments: tuple[str, ...], output: str
) -> None:
    found = package(token.partition(":")[0]).function(token)
    assert found is not None
    assert set(arguments) <= set(found.arguments)
    assert output in found.outputs


def test_a_function_that_the_sdk_has_not_is_none() -> None:
    assert package("aws").function("aws:ec2/getNothing:getNothing") is None
