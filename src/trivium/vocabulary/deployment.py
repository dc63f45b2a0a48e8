"""The deployment descriptor: the one document that passes from the platform team to the
application.

A stack exports a *draft* (everything the infrastructure knows); signing completes it
with its validity and the digests of the constitution's layers, and wraps it in a DSSE
envelope. Records and pure functions: reading files or keys happens elsewhere. Unknown
fields, unknown versions and impossible combinations are refused, never ignored.
"""

import re
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from trivium.errors import (
    DeploymentError,
    DeploymentExpiredError,
    DeploymentSignatureError,
    DeploymentVersionError,
)
from trivium.vocabulary import envelope
from trivium.vocabulary.moment import rfc3339
from trivium.vocabulary.record import Record
from trivium.vocabulary.residency import Cloud, is_zone, outside, zone_names

VERSION = "1"
"""The version this release writes and reads."""

PAYLOAD_TYPE = "application/vnd.trivium.deployment+json"

_Name = Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9-]{0,62}$")]
_Digest = Annotated[str, Meta(pattern="^(sha256:[0-9a-f]{64})?$")]
_PATH = r"(/(?!\.{1,2}(/|$))[A-Za-z0-9._~@:-]+)*"
_LOOPBACK = re.compile(
    r"http://(127\.0\.0\.1|localhost|\[::1\]):(?!0|80(/|$))[0-9]{1,5}" + _PATH
)
_HTTPS = re.compile(
    r"https://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:(?!0|443(/|$))[0-9]{1,5})?" + _PATH
)
"""As it goes over the wire, since a signature covers host and path as sent, and what
follows a `#` or `?` is not a path: the request would go elsewhere."""


class SigV4Auth(Record, frozen=True, kw_only=True, tag_field="kind", tag="sigv4"):
    """AWS Signature Version 4 with whatever identity the application runs under."""

    region: str
    """Region in the credential scope."""
    service: Literal["bedrock"] = "bedrock"


class GoogleAuth(Record, frozen=True, kw_only=True, tag_field="kind", tag="google"):
    """A Google OAuth 2.0 bearer token of the application's service account."""

    scope: str = "https://www.googleapis.com/auth/cloud-platform"


class EntraAuth(Record, frozen=True, kw_only=True, tag_field="kind", tag="entra"):
    """A Microsoft Entra bearer token of the application's managed identity."""

    scope: str = "https://ai.azure.com/.default"
    """Anthropic documents this scope, Microsoft
    `https://cognitiveservices.azure.com/.default`: a deployment says."""


Auth = SigV4Auth | GoogleAuth | EntraAuth

Protocol = Literal["converse", "vertex", "foundry"]
"""Bedrock Converse; Vertex rawPredict/streamRawPredict; Foundry's Messages API."""

PROTOCOL_OF: dict[Cloud, Protocol] = {
    "aws": "converse",
    "gcp": "vertex",
    "azure": "foundry",
}
_AUTH_OF: dict[Cloud, type[Auth]] = {
    "aws": SigV4Auth,
    "gcp": GoogleAuth,
    "azure": EntraAuth,
}


class ModelTarget(Record, frozen=True, kw_only=True):
    """What a tier means on one route."""

    id: Annotated[str, Meta(min_length=1, max_length=2048)]
    """The id that goes over the wire: inference profile id or ARN, publisher model id,
    deployment name."""
    model: str
    """Key in the model catalogue, for instance `claude-sonnet-5-5`: price, limits,
    lifecycle."""
    scope: Literal["regional", "geo", "global"]
    """How far inference may travel; decides the price surcharge."""
    destinations: Annotated[tuple[str, ...], Meta(min_length=1)]
    """Every region in which inference may run, as the proof says; `global` when it is
    unbounded."""
    proof: Annotated[str, Meta(min_length=1)]
    """Where the destinations were read: the inference profile's ARN, the endpoint, the
    SKU."""


class GuardrailRef(Record, frozen=True, kw_only=True):
    """The provider's own guardrail that accompanies every call on this route."""

    identifier: str
    version: str


class Route(Record, frozen=True, kw_only=True):
    """One way to Claude: a cloud, an endpoint and what each tier means there."""

    id: _Name
    cloud: Cloud
    protocol: Protocol
    endpoint: str
    """Base URL. `https` always; `http` only to loopback in a rehearsal. Vertex: up to
    `/v1/projects/P/locations/L`; Bedrock: scheme and host; Foundry: up to `/anthropic`.
    Without `/` at its end, user, default port or query."""
    region: str
    """Region or location whose endpoint is called (not where inference runs: see
    `ModelTarget.destinations`)."""
    auth: Auth
    models: Annotated[dict[str, ModelTarget], Meta(min_length=1)]
    """Tier → target."""
    guardrail: GuardrailRef | None = None


class Layer(Record, frozen=True, kw_only=True):
    """One layer of the constitution."""

    source: Annotated[str, Meta(pattern="^(pack:[a-z0-9-]+|path:.+)$")]
    """`pack:NAME` ships with Trivium; `path:FILE` lies beside the descriptor."""
    digest: _Digest = ""
    """`sha256:` of the layer's canonical form; filled in by signing."""


class ConstitutionRef(Record, frozen=True, kw_only=True):
    """Which constitution governs, weakest authority last: provider baseline,
    organisation, sector, application."""

    layers: Annotated[tuple[Layer, ...], Meta(min_length=1)]
    digest: _Digest = ""
    """`sha256:` over the chain of layers; filled in by signing."""


class AuditStore(Record, frozen=True, kw_only=True):
    """Where sealed segments are kept, and for how long."""

    uri: str
    """`s3://bucket/prefix`, `gs://bucket/prefix`,
    `https://account.blob.core.windows.net/container/prefix`, or `file:` in a
    rehearsal."""
    cloud: Cloud
    region: str
    regime: str
    """The retention preset, for instance `finance-7y`."""
    retention_days: Annotated[int, Meta(ge=1)]
    lock: Literal["unlocked", "locked"]
    """Whether the store's retention can still be shortened by its owner."""


class Audit(Record, frozen=True, kw_only=True):
    """How requests are recorded."""

    stores: Annotated[tuple[AuditStore, ...], Meta(min_length=1)]
    durability: Literal["sync", "batch"] = "sync"
    """`sync`: on disk before the caller sees the reply. `batch`: within a second."""
    content: Literal["none"] = "none"
    """Whether prompts and replies are kept. `none` is all this version writes."""


class Sink(Record, frozen=True, kw_only=True):
    """Where events are sent; credentials are never in here."""

    kind: Literal["splunk", "sentinel", "elastic", "security-lake", "syslog", "otlp"]
    endpoint: str


class Deployment(Record, frozen=True, kw_only=True):
    """The descriptor."""

    version: Literal["1"]
    name: _Name
    """The deployment, for instance `claims-prod-eu`."""
    environment: _Name
    """The stack it was exported from."""
    zone: str
    """Residency zone that no request may leave."""
    routes: Annotated[tuple[Route, ...], Meta(min_length=1)]
    """In order of preference; failover goes down the list."""
    constitution: ConstitutionRef
    audit: Audit
    roles: dict[str, str] = msgspec.field(default_factory=dict)
    """Role → tier, for instance `triage` → `haiku`."""
    sinks: tuple[Sink, ...] = ()
    rehearsal: bool = False
    """Endpoints are local stand-ins: nothing that this deployment answers comes from
    Claude."""
    issued_at: str = ""
    """RFC 3339 in UTC; filled in by signing."""
    expires_at: str = ""
    """RFC 3339 in UTC; filled in by signing."""

    def route(self, route_id: str) -> Route:
        """The route of that id. Raises `KeyError`."""
        for route in self.routes:
            if route.id == route_id:
                return route
        raise KeyError(route_id)

    @property
    def tiers(self) -> tuple[str, ...]:
        """Every tier that some route serves, in the order of first appearance."""
        return tuple(
            dict.fromkeys(tier for route in self.routes for tier in route.models)
        )


def decode(document: bytes) -> Deployment:
    """Read a descriptor's JSON, complete or draft.

    Raises `DeploymentVersionError` for another version and `DeploymentError` for
    anything unreadable, unknown or contradictory, naming every problem.
    """
    try:
        plain = msgspec.json.decode(document)
    except (ValueError, RecursionError) as error:  # RecursionError: nested without end
        raise DeploymentError(
            f"The deployment descriptor is not JSON: {error}."
        ) from error
    return from_plain(plain)


def from_plain(plain: Any) -> Deployment:
    """`decode` for data already parsed. Any: it is what JSON or a stack's output
    gave."""
    if not isinstance(plain, dict):
        raise DeploymentError(
            f"The deployment descriptor is {type(plain).__name__}, expected an object."
        )
    version = plain.get("version")
    if version != VERSION:
        raise DeploymentVersionError(
            f"The deployment descriptor has version {version!r}; this release reads"
            f" {VERSION!r}.",
            next_step=(
                "Sign it again with this release, or install the release that wrote it."
            ),
        )
    try:
        deployment = msgspec.convert(plain, Deployment)
    except msgspec.ValidationError as error:
        raise DeploymentError(
            f"The deployment descriptor cannot be used: {error}.",
            next_step=(
                "Compare it with docs/deployment.schema.json; export and sign it again."
            ),
        ) from error
    found = problems(deployment)
    if found:
        raise DeploymentError(
            f"The deployment descriptor `{deployment.name}` cannot be used:"
            f" {'; '.join(found)}."
        )
    return deployment


def encode(deployment: Deployment) -> bytes:
    """The canonical (RFC 8785) JSON of a descriptor: the bytes that are signed."""
    return envelope.canonical(deployment)


def complete(
    draft: Deployment,
    *,
    issued_at: datetime,
    valid_days: int,
    constitution: ConstitutionRef,
) -> Deployment:
    """The draft with its validity and the constitution's digests: what can be
    signed."""
    return msgspec.structs.replace(
        draft,
        issued_at=rfc3339(issued_at, to="seconds"),
        expires_at=rfc3339(issued_at + timedelta(days=valid_days), to="seconds"),
        constitution=constitution,
    )


def sign(deployment: Deployment, signer: envelope.Signer) -> bytes:
    """The signed envelope. Raises `DeploymentError` when the descriptor is a draft or
    contradicts itself."""
    found = problems(deployment) + missing(deployment)
    if found:
        raise DeploymentError(
            f"The deployment descriptor `{deployment.name}` cannot be signed:"
            f" {'; '.join(found)}."
        )
    return envelope.seal(PAYLOAD_TYPE, encode(deployment), signer)


def verify(
    document: bytes, trusted: envelope.TrustedKeys, *, now: datetime
) -> Deployment:
    """Open a signed descriptor and check signature, version, content and validity, in
    that order.

    Raises `DeploymentSignatureError`, `DeploymentVersionError`, `DeploymentError` or
    `DeploymentExpiredError`.
    """
    try:
        payload = envelope.unseal(document, PAYLOAD_TYPE, trusted)
    except envelope.EnvelopeError as error:
        raise DeploymentSignatureError(
            f"The deployment descriptor is refused: {error}.",
            next_step=(
                "Ask the platform team for the signed descriptor and the public key"
                " that belongs to it."
            ),
        ) from error
    deployment = decode(payload)
    absent = missing(deployment)
    if absent:
        raise DeploymentError(
            f"The deployment descriptor `{deployment.name}` is a draft:"
            f" {'; '.join(absent)}."
        )
    if encode(deployment) != payload:
        raise DeploymentError(
            f"The deployment descriptor `{deployment.name}` is not in canonical form"
            " (RFC 8785)."
        )
    check_validity(deployment, now)
    return deployment


def problems(deployment: Deployment) -> tuple[str, ...]:
    """Contradictions inside a descriptor, one sentence each without the full stop;
    empty when there are none."""
    found: list[str] = []
    if not is_zone(deployment.zone):
        found.append(
            f"zone `{deployment.zone}` is unknown, expected one of"
            f" {', '.join(zone_names())}"
        )
    ids = [route.id for route in deployment.routes]
    found += [
        f"route id `{name}` stands {ids.count(name)} times"
        for name in sorted(set(ids))
        if ids.count(name) > 1
    ]
    tiers = set(deployment.tiers)
    found += [
        f"role `{role}` means tier `{tier}`, which no route serves"
        for role, tier in deployment.roles.items()
        if tier not in tiers
    ]
    for name in sorted(
        (set(ids) & tiers) | (set(deployment.roles) & (tiers | set(ids)))
    ):
        found.append(f"`{name}` names more than one of route, tier and role")
    for route in deployment.routes:
        found += _route_problems(deployment, route)
    return tuple(found)


def missing(deployment: Deployment) -> tuple[str, ...]:
    """What a draft still lacks before it can be signed or used."""
    absent = [
        name for name in ("issued_at", "expires_at") if not getattr(deployment, name)
    ]
    if not deployment.constitution.digest:
        absent.append("constitution.digest")
    absent += [
        f"constitution.layers[{i}].digest"
        for i, layer in enumerate(deployment.constitution.layers)
        if not layer.digest
    ]
    return tuple(f"`{name}` is missing" for name in absent)


def json_schema() -> dict[str, Any]:
    """The published JSON Schema (2020-12) of a descriptor. Any: JSON Schema is
    free-form."""
    # Encoded and decoded once, so that tuples become lists.
    encoded = msgspec.json.encode(msgspec.json.schema(Deployment))
    schema = _with_flowing_text(msgspec.json.decode(encoded))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:trivium:deployment:{VERSION}",
        "title": "Trivium deployment descriptor",
        **schema,
    }


def _with_flowing_text(schema: Any) -> Any:
    """The schema with each description in one line: where a docstring breaks its lines
    is not a part of what is published. Any: JSON."""
    if isinstance(schema, list):
        return [_with_flowing_text(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: " ".join(value.split())
        if name == "description" and isinstance(value, str)
        else _with_flowing_text(value)
        for name, value in schema.items()
    }


def _route_problems(deployment: Deployment, route: Route) -> list[str]:
    """What is wrong with a route."""
    found = []
    if route.protocol != PROTOCOL_OF[route.cloud]:
        found.append(
            f"route `{route.id}`: protocol `{route.protocol}` does not belong to cloud"
            f" `{route.cloud}`"
        )
    if not isinstance(route.auth, _AUTH_OF[route.cloud]):
        found.append(
            f"route `{route.id}`: auth `{route.auth.__struct_config__.tag}` does not"
            f" belong to `{route.cloud}`"
        )
    if not _endpoint_allowed(route.endpoint, rehearsal=deployment.rehearsal):
        expected = (
            "an http address on loopback"
            if deployment.rehearsal
            else "an https address"
        )
        found.append(
            f"route `{route.id}`: endpoint {_shown(route.endpoint)} is not {expected}"
            " with a lower-case host, and without user, default port, query, fragment,"
            " `/` at its end, and empty or dot segments"
        )
    if is_zone(deployment.zone):
        for tier, target in route.models.items():
            strays = outside(deployment.zone, route.cloud, target.destinations)
            if strays:
                found.append(
                    f"route `{route.id}`, tier `{tier}`: inference may run in"
                    f" {', '.join(strays)}, outside zone `{deployment.zone}` (proof:"
                    f" {target.proof})"
                )
    return found


def _endpoint_allowed(endpoint: str, *, rehearsal: bool) -> bool:
    """Whether it is an HTTPS address, or in a rehearsal a local one."""
    return bool((_LOOPBACK if rehearsal else _HTTPS).fullmatch(endpoint))


def _shown(endpoint: str) -> str:
    """The endpoint, unless a password could stand in it."""
    return (
        "(not shown: it names a user)"
        if "@" in endpoint.split("//")[-1].partition("/")[0]
        else f"`{endpoint}`"
    )


def check_validity(deployment: Deployment, now: datetime) -> None:
    """Raise `DeploymentExpiredError` unless the descriptor is valid at `now`."""
    issued, expires = (_parse(deployment, name) for name in ("issued_at", "expires_at"))
    if now >= expires:
        raise DeploymentExpiredError(
            f"The deployment descriptor `{deployment.name}` expired at"
            f" {deployment.expires_at}.",
            next_step="Ask the platform team to sign a new one.",
        )
    if (
        now + timedelta(minutes=5) < issued
    ):  # five minutes: the clock skew that AWS's signatures allow too
        raise DeploymentExpiredError(
            f"The deployment descriptor `{deployment.name}` is valid from"
            f" {deployment.issued_at} on, which lies ahead.",
            next_step="Check this machine's clock.",
        )


def _parse(deployment: Deployment, name: str) -> datetime:
    """A moment of the descriptor, with its time zone."""
    text = getattr(deployment, name)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise DeploymentError(
            f"Descriptor `{deployment.name}`: `{name}` is {text!r}, expected RFC 3339."
        ) from error
    if moment.tzinfo is None:
        raise DeploymentError(
            f"Descriptor `{deployment.name}`: `{name}` is {text!r}, which names no time"
            " zone."
        )
    return moment
