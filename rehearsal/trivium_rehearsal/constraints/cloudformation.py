"""AWS's CloudFormation resource schemas, as cfn-lint ships them.

They describe aws-native one to one: that provider is generated from them. A few
resources of the bridged ``aws`` provider are parts of one CloudFormation resource and
are anchored by hand in
`_ANCHORS`. Only keywords with a plain meaning are read; ``oneOf``, ``anyOf`` and
conditional keywords are left alone.
"""

import importlib.util
import json
from collections.abc import Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final

from trivium_rehearsal.constraints.model import (
    NO_LIMITS,
    Kind,
    Limits,
    VendorModel,
    folded,
    one_to_one,
)

__all__ = ["CloudFormation", "create_only", "model_of"]

# SDK module to CloudFormation service where the two spell it differently.
_SERVICES: Final[Mapping[str, str]] = {"configuration": "config"}

# Bridged resource to the part of a CloudFormation resource that it is; names inside
# correspond one to one.
_ANCHORS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration": (
        "AWS::S3::Bucket",
        ("CorsConfiguration",),
    ),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": (
        "AWS::S3::Bucket",
        ("PublicAccessBlockConfiguration",),
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": (
        "AWS::S3::Bucket",
        ("OwnershipControls",),
    ),
    "aws:s3/bucket:Bucket": ("AWS::S3::Bucket", ()),
    "aws:cloudwatch/logGroup:LogGroup": ("AWS::Logs::LogGroup", ()),
    "aws:cloudtrail/trail:Trail": ("AWS::CloudTrail::Trail", ()),
    "aws:kms/key:Key": ("AWS::KMS::Key", ()),
    "aws:sns/topic:Topic": ("AWS::SNS::Topic", ()),
    "aws:sqs/queue:Queue": ("AWS::SQS::Queue", ()),
}

_KINDS: Final[Mapping[str, Kind]] = {
    "string": "string",
    "boolean": "boolean",
    "integer": "integer",
    "number": "number",
    "array": "list",
    "object": "object",
}

# A JSON schema node is what it is.
_Node = Mapping[str, Any]


class CloudFormation:
    """One place in a CloudFormation resource schema."""

    def __init__(self, type_name: str, root: _Node, node: _Node) -> None:
        self.source = f"CloudFormation schema {type_name}"
        self._type_name = type_name
        self._root = root
        self._node = _resolved(root, node)

    @cached_property
    def kind(self) -> Kind:
        stated = self._node.get("type")
        return _KINDS.get(stated, "other") if isinstance(stated, str) else "other"

    @cached_property
    def limits(self) -> Limits:
        node = self._node
        if any(word in node for word in ("oneOf", "anyOf", "allOf", "if")):
            return NO_LIMITS
        return Limits(
            values=tuple(
                value for value in node.get("enum", ()) if isinstance(value, str)
            ),
            numbers=tuple(
                value for value in node.get("enum", ()) if type(value) in (int, float)
            ),
            pattern=node.get("pattern") if self.kind == "string" else None,
            min_length=node.get("minLength"),
            max_length=node.get("maxLength"),
            minimum=node.get("minimum"),
            maximum=node.get("maximum"),
            min_items=node.get("minItems"),
            max_items=node.get("maxItems"),
        )

    @cached_property
    def _members(self) -> Mapping[str, str]:
        return one_to_one(self._node.get("properties", {}))

    def member(self, name: str) -> VendorModel | None:
        found = self._members.get(folded(name))
        if found is None:
            return None
        return CloudFormation(
            self._type_name, self._root, self._node["properties"][found]
        )

    def item(self) -> VendorModel | None:
        items = self._node.get("items")
        return (
            CloudFormation(self._type_name, self._root, items)
            if isinstance(items, Mapping)
            else None
        )


def _resolved(root: _Node, node: _Node) -> _Node:
    for _ in range(8):  # a reference to a reference to …; AWS nests at most two
        reference = node.get("$ref")
        if not isinstance(reference, str):
            return node
        target: Any = root
        for step in reference.removeprefix("#/").split("/"):
            target = target.get(step, {})
        node = target
    return node


@cache
def _folder() -> Path | None:
    spec = importlib.util.find_spec("cfnlint")
    locations = list(spec.submodule_search_locations or ()) if spec else []
    return Path(locations[0]) / "data" / "schemas" if locations else None


@cache
def _type_files() -> Mapping[str, tuple[str, str]]:
    """Folded ``service:resource`` to (type name, schema file). One Region has the
    newest of all types."""
    folder = _folder()
    if folder is None:
        return {}
    listing: Mapping[str, str] = json.loads(
        (folder / "providers" / "us-east-1.json").read_text()
    )
    return {
        name.removeprefix("AWS::").replace("::", ":").lower(): (name, file)
        for name, file in listing.items()
    }


@cache
def _schema(file: str) -> _Node:
    import msgspec

    folder = _folder()
    assert folder is not None  # noqa: S101 - a schema file is only named when the folder is there
    loaded: _Node = msgspec.json.decode(
        (folder / "resources" / f"{file}.json").read_bytes()
    )
    return loaded


def _native_file(token: str) -> tuple[str, str] | None:
    _, module, name = token.split(":")
    service = _SERVICES.get(module, module)
    return _type_files().get(f"{service}:{name}".lower())


def model_of(token: str) -> VendorModel | None:
    """The schema of an aws-native resource, or the anchored part for a bridged one."""
    if token in _ANCHORS:
        type_name, steps = _ANCHORS[token]
        found = _type_files().get(
            type_name.removeprefix("AWS::").replace("::", ":").lower()
        )
    else:
        steps, found = (
            (),
            (_native_file(token) if token.startswith("aws-native:") else None),
        )
    if found is None:
        return None
    schema = _schema(found[1])
    model: VendorModel | None = CloudFormation(
        found[0], schema, {**schema, "type": "object"}
    )
    for step in steps:
        model = model.member(step) if model is not None else None
    return model


@cache
def create_only(token: str) -> frozenset[str]:
    """Folded names of the top-level properties of an aws-native resource that only
    creation can set.

    Source: ``createOnlyProperties`` of the resource's schema.
    """
    found = _native_file(token)
    if found is None:
        return frozenset()
    paths = _schema(found[1]).get("createOnlyProperties", ())
    tops = (path.removeprefix("/properties/") for path in paths)
    return frozenset(folded(top) for top in tops if "/" not in top)
