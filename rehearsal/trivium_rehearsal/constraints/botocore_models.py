"""AWS's service models, as botocore ships them, for the bridged ``aws`` provider.

A resource corresponds to the operation that makes it (``CreateQueue`` for ``Queue``);
the properties that are spelled as the operation's members are checked against them.
Terraform's zero values mean unset and are let pass by the checker. Patterns hold for
the whole string, as the services apply them.
"""

import gzip
import importlib.util
from collections.abc import Mapping
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Final

import msgspec

from trivium_rehearsal.constraints.model import (
    NO_LIMITS,
    Kind,
    Limits,
    VendorModel,
    folded,
    one_to_one,
)

__all__ = ["Botocore", "model_of"]

# SDK module to botocore service where the two are not named alike.
_SERVICES: Final[Mapping[str, str]] = {
    "alb": "elbv2",
    "appautoscaling": "application-autoscaling",
    "bcmdata": "bcm-data-exports",
    "bedrockmodel": "bedrock",
    "bedrockfoundation": "bedrock",
    "cfg": "config",
    "cognito": "cognito-idp",
    "costexplorer": "ce",
    "directoryservice": "ds",
    "ec2clientvpn": "ec2",
    "ec2transitgateway": "ec2",
    "elasticsearch": "es",
    "lb": "elbv2",
    "macie": "macie2",
    "msk": "kafka",
    "mskconnect": "kafkaconnect",
    "opensearchingest": "osis",
    "sfn": "stepfunctions",
    "verifiedaccess": "ec2",
    "vpc": "ec2",
}
# CloudWatch's module holds three services.
_CLOUDWATCH: Final[Mapping[str, str]] = {
    "Log": "logs",
    "Event": "events",
    "Metric": "cloudwatch",
}

# Resources made by an operation that is not called after them: (service, operation,
# path to the part).
_OPERATIONS: Final[Mapping[str, tuple[str, str, tuple[str, ...]]]] = {
    "aws:s3/bucketVersioning:BucketVersioning": ("s3", "PutBucketVersioning", ()),
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": (
        "s3",
        "PutObjectLockConfiguration",
        ("ObjectLockConfiguration",),
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        "s3",
        "PutBucketEncryption",
        ("ServerSideEncryptionConfiguration",),
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": (
        "s3",
        "PutBucketLifecycleConfiguration",
        ("LifecycleConfiguration",),
    ),
    "aws:bedrockmodel/invocationLoggingConfiguration:InvocationLoggingConfiguration": (
        "bedrock",
        "PutModelInvocationLoggingConfiguration",
        (),
    ),
    "aws:lb/loadBalancer:LoadBalancer": ("elbv2", "CreateLoadBalancer", ()),
    "aws:organizations/policy:Policy": ("organizations", "CreatePolicy", ()),
    "aws:sfn/stateMachine:StateMachine": ("stepfunctions", "CreateStateMachine", ()),
}
_VERBS: Final = ("Create", "Put", "Register", "Request")

_KINDS: Final[Mapping[str, Kind]] = {
    "string": "string",
    "boolean": "boolean",
    "integer": "integer",
    "long": "integer",
    "float": "number",
    "double": "number",
    "list": "list",
    "map": "map",
    "structure": "object",
}


class _Reference(msgspec.Struct):
    shape: str


class _Shape(msgspec.Struct):
    """The part of a botocore shape that limits values; documentation is not kept."""

    type: str
    members: dict[str, _Reference] = {}
    member: _Reference | None = None
    value: _Reference | None = None
    required: list[str] = []
    enum: list[str] = []
    pattern: str | None = None
    min: float | None = None
    max: float | None = None


class _Operation(msgspec.Struct):
    input: _Reference | None = None


class _Service(msgspec.Struct):
    operations: dict[str, _Operation]
    shapes: dict[str, _Shape]


class Botocore:
    """One place in a botocore service model."""

    def __init__(
        self,
        source: str,
        shapes: Mapping[str, _Shape],
        shape: _Shape,
        own_name: str = "",
    ) -> None:
        self.source = source
        self._shapes = shapes
        self._shape = shape
        self._own_name = own_name

    @cached_property
    def kind(self) -> Kind:
        return _KINDS.get(self._shape.type, "other")

    @cached_property
    def limits(self) -> Limits:
        shape = self._shape
        if self.kind == "string":
            return Limits(
                values=tuple(shape.enum),
                pattern=shape.pattern,
                whole=True,
                min_length=shape.min,
                max_length=shape.max,
            )
        if self.kind in ("integer", "number"):
            return Limits(minimum=shape.min, maximum=shape.max)
        return (
            Limits(min_items=shape.min, max_items=shape.max)
            if self.kind == "list"
            else NO_LIMITS
        )

    @cached_property
    def _members(self) -> Mapping[str, str]:
        return one_to_one(self._shape.members)

    def member(self, name: str) -> VendorModel | None:
        found = self._members.get(folded(name))
        if found is None and name == "name" and self._own_name:
            # The resource's own name is `FunctionName` to AWS and `name` to the
            # provider.
            found = self._members.get(folded(f"{self._own_name}Name"))
        return self._at(self._shape.members[found]) if found else None

    def item(self) -> VendorModel | None:
        inner = self._shape.member or self._shape.value
        return self._at(inner) if inner else None

    def _at(self, reference: _Reference) -> "Botocore":
        return Botocore(self.source, self._shapes, self._shapes[reference.shape])


@cache
def _folder() -> Path | None:
    spec = importlib.util.find_spec("botocore")
    locations = list(spec.submodule_search_locations or ()) if spec else []
    return Path(locations[0]) / "data" if locations else None


@cache
def _services() -> Mapping[str, str]:
    folder = _folder()
    return (
        one_to_one(each.name for each in folder.iterdir() if each.is_dir())
        if folder
        else {}
    )


# EC2's model is ten times larger than most; a program uses few services at a time.
@lru_cache(maxsize=8)
def _service(name: str) -> _Service | None:
    folder = _folder()
    files = sorted((folder / name).glob("*/service-2.json*")) if folder else []
    if not files:
        return None
    content = files[-1].read_bytes()
    return msgspec.json.decode(
        gzip.decompress(content) if files[-1].suffix == ".gz" else content,
        type=_Service,
    )


def _service_name(module: str, class_name: str) -> str | None:
    if module == "cloudwatch":
        return next(
            (
                name
                for start, name in _CLOUDWATCH.items()
                if class_name.startswith(start)
            ),
            None,
        )
    return _SERVICES.get(module) or _services().get(folded(module))


def model_of(token: str, class_name: str) -> VendorModel | None:
    """The input of the operation that makes the resource `token`, if there is exactly
    one."""
    steps: tuple[str, ...] = ()
    if token in _OPERATIONS:
        service_name, operation_name, steps = _OPERATIONS[token]
        return _input(service_name, operation_name, steps, class_name)
    module = token.split(":")[1].partition("/")[0]
    found = _service_name(module, class_name)
    service = _service(found) if found else None
    if found is None or service is None:
        return None
    operations = [
        f"{verb}{class_name}"
        for verb in _VERBS
        if f"{verb}{class_name}" in service.operations
    ]
    return (
        _input(found, operations[0], (), class_name) if len(operations) == 1 else None
    )


def _input(
    service_name: str, operation: str, steps: tuple[str, ...], class_name: str
) -> VendorModel | None:
    service = _service(service_name)
    reference = (
        service.operations[operation].input
        if service and operation in service.operations
        else None
    )
    if service is None or reference is None:
        return None
    source = f"botocore model {service_name} {operation}"
    shape = service.shapes[reference.shape]
    if not steps and len(shape.required) == 1:
        only = service.shapes[shape.members[shape.required[0]].shape]
        # A single required structure (`DistributionConfig`) is the resource itself.
        shape = only if only.type == "structure" else shape
    model: VendorModel | None = Botocore(source, service.shapes, shape, class_name)
    for step in steps:
        model = model.member(step) if model is not None else None
    return model
