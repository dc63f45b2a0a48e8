"""Names that a provider makes up when a program gives none, as the real providers make
them.

    aws, gcp, azuread   <resource name>-<7 hex digits> (pulumi-terraform-bridge,
                        `AutoName`); on gcp in lower case
    azure-native        <resource name><8 hex digits>; a UUID for role assignments and
                        definitions; the resource's own name for resources inside
                        another one
    aws-native          as aws

The engine's own auto-naming settings win (`CheckRequest.autonaming`). A name once made
is kept through updates.
"""

import hashlib
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from trivium_rehearsal.types import ResourceType, Scalar

__all__ = ["EngineNaming", "auto_name", "name_property", "path_parameters"]

# Properties other than `name` that the bridge names (pulumi-aws,
# provider/resources.go).
_NAMED: Final[Mapping[str, str]] = {
    "aws:s3/bucket:Bucket": "bucket",
    "aws:rds/instance:Instance": "identifier",
    "aws:rds/cluster:Cluster": "clusterIdentifier",
    "aws:rds/clusterInstance:ClusterInstance": "identifier",
    "aws:docdb/cluster:Cluster": "clusterIdentifier",
    "aws:neptune/cluster:Cluster": "clusterIdentifier",
    "aws:elasticache/cluster:Cluster": "clusterId",
    "aws:elasticache/replicationGroup:ReplicationGroup": "replicationGroupId",
}
# Longest names (pulumi-gcp: compute names follow RFC 1035; Amazon S3: bucket naming
# rules).
_LONGEST: Final[Mapping[str, int]] = {"gcp": 63, "aws:s3/bucket:Bucket": 63}
_UUIDS: Final = ("roleAssignmentName", "roleDefinitionId", "roleDefinitionName")
# Names in a request body that look like a path's.
_BODY_NAMES: Final = frozenset(
    {"displayName", "roleName", "hostName", "administratorLogin"}
)
_PATHS: Final = frozenset(
    {"scope", "resourceUri", "resourceScope", "roleDefinitionId", "apiId", "policyId"}
)


@dataclass(frozen=True, slots=True)
class EngineNaming:
    """What the engine's configuration says about automatic names."""

    mode: Literal["propose", "enforce", "disable"]
    proposed: str


def path_parameters(type_: ResourceType) -> tuple[str, ...]:
    """The inputs of an azure-native resource that stand in its path: they are no part
    of what it answers."""
    return tuple(
        name
        for name, field in type_.inputs.fields.items()
        if name not in type_.outputs
        and field.type == Scalar("string")
        and name not in _BODY_NAMES
        and (
            name.lower().endswith("name")
            or name in _PATHS
            or (field.required and name.endswith("Id"))
        )
    )


def name_property(type_: ResourceType) -> str | None:
    """The property that holds the resource's own name and that the provider fills, or
    None."""
    if type_.token in _NAMED:
        return _NAMED[type_.token]
    fields = type_.inputs.fields
    if type_.package == "azure-native":
        own = [
            name
            for name in path_parameters(type_)
            if not fields[name].required and name != "scope"
        ]
        if own:
            return own[0] if len(own) == 1 else _best_azure_name(type_.name, own)
    candidates = ["name"]
    if type_.package == "aws-native":
        candidates = [f"{type_.name[0].lower()}{type_.name[1:]}Name", "name"]
    for candidate in candidates:
        field = fields.get(candidate)
        if field is not None and not field.required and field.type == Scalar("string"):
            return candidate
    return None


def _best_azure_name(class_name: str, candidates: list[str]) -> str | None:
    wanted = f"{class_name}Name".lower()
    exact = [name for name in candidates if name.lower() == wanted]
    ending = [name for name in candidates if wanted.endswith(name.lower())]
    return (exact or ending or candidates or [None])[0]  # type: ignore[list-item]


def auto_name(
    type_: ResourceType,
    inputs: Mapping[str, Any],
    old_inputs: Mapping[str, Any],
    resource_name: str,
    seed: bytes,
    engine: EngineNaming | None,
) -> tuple[str, str] | None:
    """(property, name) to add to `inputs`, or None when the program names the resource
    or nothing does.

    The name in `old_inputs` is kept when it was made here, or, for Azure, whenever
    there is one.
    """
    name = name_property(type_)
    if name is None or inputs.get(name) is not None:
        return None
    if inputs.get(f"{name}Prefix") is not None or (
        engine is not None and engine.mode == "disable"
    ):
        return None
    made_before = (
        name in old_inputs.get("__defaults", ()) or type_.package == "azure-native"
    )
    if made_before and isinstance(old_inputs.get(name), str):
        return name, old_inputs[name]
    digest = hashlib.sha256(
        seed + resource_name.encode() + type_.token.encode()
    ).hexdigest()
    if engine is not None and (engine.mode == "enforce" or name not in _UUIDS):
        return name, engine.proposed
    return name, _made(type_, name, resource_name, digest, inputs)


def _made(
    type_: ResourceType,
    name: str,
    resource_name: str,
    digest: str,
    inputs: Mapping[str, Any],
) -> str:
    if type_.package == "azure-native":
        if name in _UUIDS:
            return str(uuid.UUID(digest[:32]))
        parents = [
            each
            for each in path_parameters(type_)
            if each not in (name, "resourceGroupName", "scope")
        ]
        if parents:
            return resource_name
        # Storage account names hold lower-case letters and digits only.
        plain = (
            re.sub(r"[^a-z0-9]", "", resource_name.lower())
            if type_.name == "StorageAccount"
            else resource_name
        )
        return f"{plain[:16] if type_.name == 'StorageAccount' else plain}{digest[:8]}"
    longest = _LONGEST.get(type_.token, _LONGEST.get(type_.package, 255))
    stem = (
        resource_name.lower()
        if type_.package == "gcp" or type_.name == "Bucket"
        else resource_name
    )
    fifo = (
        ".fifo"
        if inputs.get("fifoQueue") is True or inputs.get("fifoTopic") is True
        else ""
    )
    return f"{stem[: longest - 8 - len(fifo)]}-{digest[:7]}{fifo}"
