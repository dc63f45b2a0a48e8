"""Google's API descriptions, as google-api-python-client ships them.

The Google provider spells resources and properties as the REST API does, except where
Terraform's habits differ; only what is spelled the same is checked. Enumerations are
compared without regard to capitals and an empty string means unset, as in the provider.
"""

import importlib.util
import re
from collections.abc import Mapping
from functools import cache, cached_property
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

__all__ = ["Discovery", "model_of"]

# SDK module to the APIs that may describe it, best first, where the two are not named
# alike or where a version other than the newest stable one is used by the provider (its
# documentation links the REST reference).
_APIS: Final[Mapping[str, tuple[str, ...]]] = {
    "accesscontextmanager": ("accesscontextmanager.v1",),
    "artifactregistry": ("artifactregistry.v1",),
    "bigquery": ("bigquery.v2",),
    "billing": ("billingbudgets.v1", "cloudbilling.v1"),
    "certificateauthority": ("privateca.v1",),
    "certificatemanager": ("certificatemanager.v1",),
    "cloudbuild": ("cloudbuild.v1",),
    "cloudfunctionsv2": ("cloudfunctions.v2",),
    "cloudquota": ("cloudquotas.v1",),
    "cloudrunv2": ("run.v2",),
    "cloudscheduler": ("cloudscheduler.v1",),
    "cloudtasks": ("cloudtasks.v2",),
    "compute": ("compute.v1",),
    "container": ("container.v1",),
    "datacatalog": ("datacatalog.v1",),
    "dataplex": ("dataplex.v1",),
    "dns": ("dns.v1",),
    "filestore": ("file.v1",),
    "firestore": ("firestore.v1",),
    "gkehub": ("gkehub.v1",),
    "iam": ("iam.v1", "iam.v2"),
    "kms": ("cloudkms.v1",),
    "logging": ("logging.v2",),
    "modelarmor": ("modelarmor.v1",),
    "monitoring": ("monitoring.v3",),
    "networkconnectivity": ("networkconnectivity.v1",),
    "networksecurity": ("networksecurity.v1",),
    "networkservices": ("networkservices.v1",),
    "orgpolicy": ("orgpolicy.v2",),
    "pubsub": ("pubsub.v1",),
    "redis": ("redis.v1",),
    "secretmanager": ("secretmanager.v1",),
    "serviceaccount": ("iam.v1",),
    "spanner": ("spanner.v1",),
    "sql": ("sqladmin.v1",),
    "storage": ("storage.v1",),
    "vertex": ("aiplatform.v1", "aiplatform.v1beta1"),
    "vpcaccess": ("vpcaccess.v1",),
    "workflows": ("workflows.v1",),
}

# Resources that the API calls otherwise, or that are part of another one.
_SCHEMAS: Final[Mapping[str, tuple[str, str]]] = {
    "gcp:sql/databaseInstance:DatabaseInstance": ("sqladmin.v1", "DatabaseInstance"),
    "gcp:bigquery/dataset:Dataset": ("bigquery.v2", "Dataset"),
    "gcp:compute/globalForwardingRule:GlobalForwardingRule": (
        "compute.v1",
        "ForwardingRule",
    ),
    "gcp:compute/globalAddress:GlobalAddress": ("compute.v1", "Address"),
    "gcp:compute/regionBackendService:RegionBackendService": (
        "compute.v1",
        "BackendService",
    ),
    "gcp:compute/uRLMap:URLMap": ("compute.v1", "UrlMap"),
    "gcp:logging/projectSink:ProjectSink": ("logging.v2", "LogSink"),
    "gcp:logging/organizationSink:OrganizationSink": ("logging.v2", "LogSink"),
    "gcp:logging/projectBucketConfig:ProjectBucketConfig": ("logging.v2", "LogBucket"),
    "gcp:logging/metric:Metric": ("logging.v2", "LogMetric"),
    "gcp:projects/iAMCustomRole:IAMCustomRole": ("iam.v1", "Role"),
    "gcp:serviceaccount/account:Account": ("iam.v1", "ServiceAccount"),
}

_KINDS: Final[Mapping[str, Kind]] = {
    "string": "string",
    "boolean": "boolean",
    "integer": "integer",
    "number": "number",
    "array": "list",
    "object": "object",
}


class _Schema(msgspec.Struct):
    """The part of a discovery schema that limits values; descriptions are not kept."""

    type: str = ""
    ref: str | None = msgspec.field(default=None, name="$ref")
    properties: dict[str, "_Schema"] = {}
    items: "_Schema | None" = None
    additional: "_Schema | None" = msgspec.field(
        default=None, name="additionalProperties"
    )
    enum: list[str] = []
    pattern: str | None = None
    minimum: str | None = None
    maximum: str | None = None


class _Document(msgspec.Struct):
    schemas: dict[str, _Schema] = {}


class Discovery:
    """One place in a discovery document."""

    def __init__(
        self, api: str, schemas: Mapping[str, _Schema], schema: _Schema, depth: int = 0
    ) -> None:
        self.source = f"Google discovery document {api}"
        self._api = api
        self._schemas = schemas
        self._depth = depth
        self._schema = schemas.get(schema.ref, schema) if schema.ref else schema

    @cached_property
    def kind(self) -> Kind:
        if self._schema.type == "object" and self._schema.additional is not None:
            return "map"
        return _KINDS.get(self._schema.type, "other")

    @cached_property
    def limits(self) -> Limits:
        schema = self._schema
        if not (schema.enum or schema.pattern or schema.minimum or schema.maximum):
            return NO_LIMITS
        numeric = self.kind in ("integer", "number")
        return Limits(
            values=(*schema.enum, "") if schema.enum else (),
            ignore_case=True,
            # Deeper down the provider often takes another form of a name than the API
            # (tag names, self links).
            pattern=schema.pattern if self._depth == 1 else None,
            whole=True,  # the document leaves the anchors out
            minimum=float(schema.minimum) if numeric and schema.minimum else None,
            maximum=float(schema.maximum) if numeric and schema.maximum else None,
        )

    @cached_property
    def _members(self) -> Mapping[str, str]:
        return one_to_one(self._schema.properties)

    def member(self, name: str) -> VendorModel | None:
        found = self._members.get(folded(name))
        if found is None:
            return None
        return Discovery(
            self._api, self._schemas, self._schema.properties[found], self._depth + 1
        )

    def item(self) -> VendorModel | None:
        inner = self._schema.items or self._schema.additional
        return (
            Discovery(self._api, self._schemas, inner, self._depth + 1)
            if inner
            else None
        )


@cache
def _document(api: str) -> Mapping[str, _Schema]:
    spec = importlib.util.find_spec("googleapiclient")
    locations = list(spec.submodule_search_locations or ()) if spec else []
    if not locations:
        return {}
    file = Path(locations[0]) / "discovery_cache" / "documents" / f"{api}.json"
    return (
        msgspec.json.decode(file.read_bytes(), type=_Document).schemas
        if file.is_file()
        else {}
    )


def model_of(token: str, name: str) -> VendorModel | None:
    """The schema for the resource `token` whose class is `name`, if exactly one schema
    is called that."""
    if token in _SCHEMAS:
        api, schema_name = _SCHEMAS[token]
        schemas = _document(api)
        return (
            Discovery(api, schemas, schemas[schema_name])
            if schema_name in schemas
            else None
        )
    module = token.split(":")[1].partition("/")[0]
    for api in _APIS.get(module, ()):
        schemas = _document(api)
        if name in schemas:
            return Discovery(api, schemas, schemas[name])
        # Newer APIs put the package before the name: GoogleCloudRunV2Service.
        qualified = re.compile(
            rf"GoogleCloud\w*?V\d+(?:beta\d+|alpha\d+)?{re.escape(name)}"
        )
        found = [each for each in schemas if qualified.fullmatch(each)]
        if len(found) == 1:
            return Discovery(api, schemas, schemas[found[0]])
    return None
