"""The SDKs' types as they are read from source: the same as the SDKs themselves say
when they are imported."""

import importlib
import typing

import pulumi_aws_native
import pulumi_azure_native  # noqa: F401 - registers its modules
import pulumi_azuread  # noqa: F401
import pytest
from pulumi import _types as pulumi_types

from trivium_rehearsal.sdk import PACKAGES, UnknownTypeError, package, resource_type
from trivium_rehearsal.types import Enumeration, ListOf, MapOf, ObjectType, Scalar, Type

SAMPLE = (
    "aws:s3/bucket:Bucket",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "aws:iam/role:Role",
    "aws:bedrock/guardrail:Guardrail",
    "aws-native:s3:Bucket",
    "aws-native:kms:Key",
    "gcp:storage/bucket:Bucket",
    "gcp:pubsub/subscription:Subscription",
    "azure-native:storage:StorageAccount",
    "azure-native:keyvault:Vault",
    "azuread:index/application:Application",
)


def _imported_arguments(token: str) -> type:
    """The arguments class of a resource as the SDK itself would use it."""
    module_name, class_name = package(token.partition(":")[0]).classes[token]
    root = PACKAGES[token.partition(":")[0]]
    resource = getattr(
        importlib.import_module(f"{root}.{module_name}" if module_name else root),
        class_name,
    )
    home = importlib.import_module(resource.__module__)
    found: type = getattr(home, f"{class_name}InitArgs", None) or getattr(
        home, f"{class_name}Args"
    )
    return found


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("token", SAMPLE)
def test_inputs_read_from_source_are_those_of_the_imported_sdk(token: str) -> None:
    pending: list[tuple[ObjectType, type]] = [
        (resource_type(token).inputs, _imported_arguments(token))
    ]
    seen: set[type] = set()
    while pending:
        read, imported = pending.pop()
        if imported in seen:
            continue
        seen.add(imported)
        types = pulumi_types.input_type_types(imported)
        assert set(read.fields) == set(types)
        names = pulumi_types.input_type_py_to_pulumi_names(imported)
        assert dict(read.python_names) == names
        for name, field in read.fields.items():
            pending += _compared(
                field.type, types[name], f"{token} {imported.__name__}.{name}"
            )


def _compared(
    read: Type, imported: typing.Any, place: str
) -> list[tuple[ObjectType, type]]:
    """Asserts that both describe the same kind of value; what is nested is still to be
    compared."""
    origin = typing.get_origin(imported)
    if isinstance(read, ListOf):
        assert issubclass(origin, typing.Sequence), place
        return _compared(read.item, typing.get_args(imported)[0], place)
    if isinstance(read, MapOf):
        return _compared(read.item, typing.get_args(imported)[1], place)
    if isinstance(read, ObjectType) and isinstance(imported, type):
        assert pulumi_types.is_input_type(imported), place
        return [(read, imported)]
    if isinstance(read, Scalar) and isinstance(imported, type):
        expected = {
            "string": str,
            "boolean": bool,
            "integer": int,
            "number": float,
        }.get(read.kind, object)
        assert issubclass(imported, expected), place
    if isinstance(read, Enumeration) and isinstance(imported, type):
        assert set(read.values) == {member.value for member in imported}, place  # type: ignore[attr-defined]
    return []


def test_every_resource_type_of_every_sdk_can_be_read() -> None:
    for name in PACKAGES:
        tokens = list(package(name).classes)
        assert len(tokens) > 50
        for token in tokens[:: max(1, len(tokens) // 60)]:
            assert resource_type(token).outputs or resource_type(token).inputs.fields


def test_a_nested_type_of_the_resources_own_name_does_not_shadow_its_arguments() -> (
    None
):
    type_ = resource_type(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    )
    assert type_.inputs.required == ("bucket", "rules")
    plain = (
        resource_type("aws:s3/bucket:Bucket")
        .inputs.fields["serverSideEncryptionConfiguration"]
        .type
    )
    assert isinstance(plain, ObjectType)
    assert plain.required == ("rule",)


def test_what_an_sdk_marks_as_replacing_is_read() -> None:
    assert "bucketName" in resource_type("aws-native:s3:Bucket").replace_on_changes
    assert pulumi_aws_native is not None


def test_a_type_without_stand_in_is_refused_with_those_that_have_one() -> None:
    with pytest.raises(
        UnknownTypeError,
        match="there is one for aws, aws-native, gcp, azure-native, azuread",
    ):
        resource_type("kubernetes:core/v1:Pod")
