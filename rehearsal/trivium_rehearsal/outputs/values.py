"""Values by their names and types, where nothing more is known of them."""

import base64
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from trivium_rehearsal.outputs.aws import arn_output
from trivium_rehearsal.outputs.maker import Maker
from trivium_rehearsal.types import (
    Anything,
    Enumeration,
    ListOf,
    MapOf,
    ObjectType,
    OneOf,
    Scalar,
    Type,
)

_CLOCK: Final = "2026-01-01T00:00:00Z"
"""The stand-ins' clock stands still, so that two runs give the same state."""
_DEEPEST: Final = 4
"""Nested outputs deeper than this are left empty; types may contain themselves."""

_EC2_REFERENCES: Final[Mapping[str, str]] = {
    "allocation": "eipalloc",
    "association": "assoc",
    "networkacl": "acl",
    "routetable": "rtb",
    "securitygroup": "sg",
    "subnet": "subnet",
    "vpc": "vpc",
    "dhcpoptions": "dopt",
    "networkinterface": "eni",
}


def _ec2_reference(maker: Maker, name: str) -> str:
    """The identifier of another EC2 resource, by the end of the output's name
    (`defaultSecurityGroupId`)."""
    folded = name.removesuffix("Id").lower()
    prefix = next(
        (text for end, text in _EC2_REFERENCES.items() if folded.endswith(end)), folded
    )
    return f"{prefix}-{maker.hex(name, 17)}"


def _identifier(maker: Maker, name: str) -> str:
    """Google numbers its resources, Entra gives each a UUID; elsewhere an identifier
    says what it is of."""
    if maker.type.package == "gcp":
        return maker.digits(name, 18)
    if maker.type.package == "azuread":
        return maker.uuid(name)
    return f"{name.removesuffix('Id').removesuffix('ID').lower()}-{maker.hex(name, 17)}"


_NAMED_STRINGS: Final[
    tuple[tuple[re.Pattern[str], Callable[[Maker, str], str]], ...]
] = tuple(
    (re.compile(pattern), value)
    for pattern, value in (
        (r"(arn|Arn|ARN)$", arn_output),
        (r"^(ownerId|owner|accountId|awsAccountId)$", lambda m, _: m.place.account),
        (r"^(tenantId|tenant)$", lambda m, _: m.place.tenant),
        (r"^(subscriptionId)$", lambda m, _: m.place.subscription),
        (
            r"^(customerId|instrumentationKey|principalId|objectId|clientId|applicationId|appId)$",
            lambda m, n: m.uuid(n),
        ),
        (r"^(project)$", lambda m, _: m.place.project),
        (r"^(projectNumber)$", lambda m, _: m.place.project_number),
        (r"^(zone)$", lambda m, _: m.place.gcp_zone),
        (r"(Time|Date|At|timestamp|Timestamp|created|updated)$", lambda _m, _n: _CLOCK),
        (r"^provisioningState$", lambda _m, _n: "Succeeded"),
        (
            r"(^status|^state|Status|State)$",
            lambda m, _: "available" if m.type.module == "ec2" else "ACTIVE",
        ),
        (
            r"^(email|serviceAccountEmailAddress|serviceAccountEmail)$",
            lambda m, _: (
                f"p{m.place.project_number}-{m.hex('email', 6)}"
                "@gcp-sa-rehearsal.iam.gserviceaccount.com"
            ),
        ),
        (r"^ipv6|Ipv6", lambda _m, _n: ""),
        (r"[pP]ublicIp|natIp|[iI]pv4Address$", lambda m, n: f"203.0.113.{m.octet(n)}"),
        (
            r"[iI]p(Address)?$|^address$|[iI]pv4$|[gG]atewayAddress$",
            lambda m, n: f"10.0.0.{m.octet(n)}",
        ),
        (r"[cC]idrBlock$|[cC]idr$|ipv4Cidr", lambda _m, _n: "10.0.0.0/16"),
        (
            r"^(etag|fingerprint|labelFingerprint|\w*Fingerprint|\w*[sS]ha256)$",
            lambda m, n: base64.b64encode(bytes.fromhex(m.hex(n, 32))).decode(),
        ),
        (
            r"([cC]ertificate|Pem|^data)$",
            lambda m, n: base64.b64encode(m.hex(n, 32).encode()).decode(),
        ),
        (
            r"(url|Url|URL|uri|Uri|URI|endpoint|Endpoint)$",
            lambda m, n: f"https://{m.name}.rehearsal.invalid/{n}",
        ),
        (
            r"(domain|Domain|DomainName|[dD]nsName|Dns|hostname|hostName|fqdn|Fqdn|host)$",
            lambda m, _: f"{m.name}.rehearsal.invalid",
        ),
        (
            r"(allocation|association|networkAcl|routeTable|securityGroup|subnet|vpc"
            r"|dhcpOptions|networkInterface)Id$"
            r"|(NetworkAcl|RouteTable|SecurityGroup|Vpc|NetworkInterface)Id$",
            lambda m, n: _ec2_reference(m, n),
        ),
        (r"^(numericId|uniqueId|number|generatedId)$", lambda m, n: m.digits(n, 18)),
        (r"(Id|ID)$", lambda m, n: _identifier(m, n)),
        (
            r"(password|Password|secret|Secret|key|Key|token|Token)$",
            lambda m, n: m.hex(n, 40),
        ),
    )
)


def _string(maker: Maker, name: str) -> str:
    for pattern, value in _NAMED_STRINGS:
        if pattern.search(name):
            return value(maker, name)
    return ""


# Lists whose first element programs pass on: addresses, links to what belongs to the
# resource.
_LISTED_REFERENCES: Final = re.compile(
    r"([aA]rns|Ids|[uU]rls|[aA]ddresses|[eE]ndpoints)$"
)
# What is counted from one.
_COUNTED: Final = re.compile(r"([vV]ersion|[rR]evision|^generation)$")


def value_of(maker: Maker, type_: Type, name: str, depth: int, *, sure: bool) -> Any:
    """A value of `type_` for the output `name`. `sure` outputs are given where others
    would be left empty."""
    if isinstance(type_, Scalar):
        if type_.kind == "string":
            return _string(maker, name) or (
                f"{maker.name}-{name.lower()}" if sure else ""
            )
        counted = bool(_COUNTED.search(name))
        return {"boolean": False, "integer": int(counted), "number": 0}.get(type_.kind)
    if isinstance(type_, Enumeration):
        return type_.values[0] if type_.values else ""
    if isinstance(type_, ListOf):
        # A program reads the first element of a computed block
        # (`cluster.master_auths[0]`).
        is_block = sure and depth < _DEEPEST and isinstance(type_.item, ObjectType)
        if sure and name == "nameServers":
            return [f"ns-{number}.rehearsal.invalid" for number in range(4)]
        is_reference = (
            sure
            and type_.item == Scalar("string")
            and bool(_LISTED_REFERENCES.search(name))
        )
        return (
            [value_of(maker, type_.item, name.removesuffix("s"), depth + 1, sure=False)]
            if is_block or is_reference
            else []
        )
    if isinstance(type_, MapOf):
        return {}
    if isinstance(type_, ObjectType):
        return _object(maker, type_, depth)
    if isinstance(type_, OneOf):
        return value_of(maker, type_.options[0], name, depth, sure=sure)
    return {} if isinstance(type_, Anything) else None


def _object(maker: Maker, type_: ObjectType, depth: int) -> dict[str, Any]:
    if depth >= _DEEPEST:
        return {}
    return {
        name: value_of(maker, field.type, name, depth + 1, sure=False)
        for name, field in type_.fields.items()
        if field.required or isinstance(field.type, Scalar)
    }
