"""JSON documents inside properties: policies of AWS, and other JSON that a cloud would
parse.

A policy is text to the provider's schema, so nothing but the cloud itself normally
tells that it is broken. Here its grammar is checked: the element names, which of them a
kind of policy needs or forbids, and their forms. Source: AWS IAM User Guide, "Grammar
of the IAM JSON policy language" and "IAM JSON policy elements reference" (read
2026-11). Whether an action or a principal exists is not checked: no list of them is at
hand.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum
from typing import Any, Final

from trivium_rehearsal.forms import google_member, google_role
from trivium_rehearsal.wire import Path, Unknown, at

__all__ = [
    "Kind",
    "Problem",
    "document_kind",
    "documents_of",
    "problems",
    "same_document",
]


class Kind(Enum):
    """What a document must be."""

    JSON = "JSON"
    IDENTITY = "IAM identity policy"
    TRUST = "IAM trust policy"
    RESOURCE = "resource policy"
    SERVICE_CONTROL = "service control policy"
    GOOGLE_POLICY = "Google IAM policy"

    @property
    def article(self) -> str:
        """The article that goes before its name."""
        return "an" if self.value.startswith("IAM") else "a"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a document."""

    path: Path
    """Where in the document; empty for the document as a whole."""
    text: str
    """What was found and what is allowed. Holds no value unless `value` says so."""
    value: object = None
    """The offending value, shown only when the document is not secret."""
    of_name: bool = False
    """Whether the name at the end of `path` is wrong there, whatever its value."""


# Which properties carry documents: a pattern over "token.property" to the kind. The
# first that matches counts.
_PROPERTIES: Final[tuple[tuple[re.Pattern[str], Kind], ...]] = tuple(
    (re.compile(pattern), kind)
    for pattern, kind in (
        (r"aws:iam/role:Role\.assumeRolePolicy", Kind.TRUST),
        (r"aws:iam/role:Role\.inlinePolicies\.policy", Kind.IDENTITY),
        (
            r"aws:iam/(rolePolicy|userPolicy|groupPolicy|policy):\w+\.policy",
            Kind.IDENTITY,
        ),
        (r"aws:ssoadmin/permissionSetInlinePolicy:\w+\.inlinePolicy", Kind.IDENTITY),
        (r"aws:organizations/policy:Policy\.content", Kind.SERVICE_CONTROL),
        (
            r"aws:\w+/\w+:(Bucket|Key|Queue|Topic|Repository|Registry|FileSystem|Vault"
            r"|AccessPoint)Policy\.policy",
            Kind.RESOURCE,
        ),
        (
            r"aws:(kms/(key|externalKey|replicaKey)|sqs/queue|sns/topic|s3/bucket"
            r"|ec2/vpcEndpoint):\w+\.policy",
            Kind.RESOURCE,
        ),
        (
            r"aws:(opensearch|elasticsearch)/(domain|domainPolicy):\w+\.accessPolicies",
            Kind.RESOURCE,
        ),
        (r"aws:secretsmanager/\w+:Secret(Policy)?\.policy", Kind.RESOURCE),
        (r"aws:cloudwatch/logResourcePolicy:\w+\.policyDocument", Kind.RESOURCE),
        (r"aws:ec2/vpcEndpointPolicy:\w+\.policy", Kind.RESOURCE),
        (r"aws:lambda/\w+:\w+\.policy", Kind.RESOURCE),
        (r"aws:apigateway/\w+:\w+\.policy", Kind.RESOURCE),
        (r"aws:ecs/taskDefinition:TaskDefinition\.containerDefinitions", Kind.JSON),
        (r"aws:sfn/stateMachine:StateMachine\.definition", Kind.JSON),
        (r"aws:cloudwatch/dashboard:Dashboard\.dashboardBody", Kind.JSON),
        (r"aws:cloudwatch/eventRule:EventRule\.eventPattern", Kind.JSON),
        (r"aws:cloudwatch/eventTarget:EventTarget\.input", Kind.JSON),
        (r"aws:sqs/queue:Queue\.(redrivePolicy|redriveAllowPolicy)", Kind.JSON),
        (
            r"aws:sns/topicSubscription:TopicSubscription\.(filterPolicy|redrivePolicy)",
            Kind.JSON,
        ),
        (r"aws:ecr/lifecyclePolicy:LifecyclePolicy\.policy", Kind.JSON),
        (r"aws:bedrock/useCaseForModelAccess:\w+\.formData", Kind.JSON),
        (r"aws-native:iam:Role\.assumeRolePolicyDocument", Kind.TRUST),
        (
            r"aws-native:iam:\w+\.(policyDocument|policies\.policyDocument)",
            Kind.IDENTITY,
        ),
        (r"aws-native:kms:\w+\.keyPolicy", Kind.RESOURCE),
        (
            r"aws-native:(s3|sqs|sns|secretsmanager|bedrock):\w+\.(policyDocument|resourcePolicy)",
            Kind.RESOURCE,
        ),
        (r"aws-native:ec2:VpcEndpoint\.policyDocument", Kind.RESOURCE),
        (r"gcp:\w+/\w*[iI](am|AM)Policy:\w+\.policyData", Kind.GOOGLE_POLICY),
        (r"gcp:monitoring/dashboard:Dashboard\.dashboardJson", Kind.JSON),
        (r"gcp:bigquery/table:Table\.schema", Kind.JSON),
    )
)
# ECR's lifecycle policy is no IAM policy although its property is called so.
_NOT_IAM: Final = re.compile(
    r"aws:ecr/lifecyclePolicy:|aws:backup/plan:|aws:cloudfront/|aws:s3/bucketMetric:"
)

_TOP: Final = ("Version", "Id", "Statement")
_STATEMENT: Final = (
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
)
_VERSIONS: Final = ("2012-10-17", "2008-10-17")
_PRINCIPALS: Final = ("AWS", "Service", "Federated", "CanonicalUser")
_ACTION: Final = re.compile(r"\*|[a-zA-Z0-9-]+:[a-zA-Z0-9*?]+")
_SID: Final = re.compile(r"[A-Za-z0-9]*")
_OPERATORS: Final = (
    *(
        f"String{end}"
        for end in (
            "Equals",
            "NotEquals",
            "EqualsIgnoreCase",
            "NotEqualsIgnoreCase",
            "Like",
            "NotLike",
        )
    ),
    *(
        f"Numeric{end}"
        for end in (
            "Equals",
            "NotEquals",
            "LessThan",
            "LessThanEquals",
            "GreaterThan",
            "GreaterThanEquals",
        )
    ),
    *(
        f"Date{end}"
        for end in (
            "Equals",
            "NotEquals",
            "LessThan",
            "LessThanEquals",
            "GreaterThan",
            "GreaterThanEquals",
        )
    ),
    *(f"Arn{end}" for end in ("Equals", "Like", "NotEquals", "NotLike")),
    "Bool",
    "BinaryEquals",
    "IpAddress",
    "NotIpAddress",
    "Null",
)


def document_kind(token: str, names: tuple[str, ...]) -> Kind | None:
    """What kind of document the property at `names` (list positions left out) of the
    type `token` carries."""
    place = f"{token}.{'.'.join(names)}"
    if _NOT_IAM.match(place):
        return (
            Kind.JSON
            if place.endswith("lifecyclePolicy:LifecyclePolicy.policy")
            else None
        )
    return next(
        (kind for pattern, kind in _PROPERTIES if pattern.fullmatch(place)), None
    )


def documents_of(
    token: str, values: Mapping[str, Any]
) -> Iterator[tuple[Path, Kind, Any]]:
    """Every document that is given in `values`: its path, what it must be, and the
    value."""
    for name, value in values.items():
        yield from _documents(token, (name,), (name,), value)


def _documents(
    token: str, names: tuple[str, ...], path: Path, value: object
) -> Iterator[tuple[Path, Kind, object]]:
    kind = document_kind(token, names)
    if kind is not None:
        yield path, kind, value
    elif isinstance(value, list) and len(names) == 1:
        for index, item in enumerate(value):
            for key, inner in item.items() if isinstance(item, dict) else ():
                yield from _documents(token, (*names, key), (*path, index, key), inner)


def problems(kind: Kind, value: object) -> list[Problem]:
    """What is wrong with a document, given as JSON text or as the data itself.

    What is unknown in a preview is not judged, wherever it stands; the known parts
    are.
    """
    if isinstance(value, str):
        try:
            document = json.loads(value, object_pairs_hook=_unique)
        except _RepeatedKeyError as twice:
            return [
                Problem((), f"the key {twice} stands twice in one object; give it once")
            ]
        except ValueError as broken:
            return [
                Problem(
                    (),
                    f"it is no JSON ({broken}); build it with json.dumps or"
                    " pulumi.Output.json_dumps",
                )
            ]
    elif isinstance(value, dict | list):
        document = value
    else:
        return []
    if kind is Kind.JSON:
        return []
    if not isinstance(document, dict):
        return [
            Problem(
                (),
                f"{kind.article} {kind.value} is a JSON object, found"
                f" {_what(document)}",
            )
        ]
    found = _google(document) if kind is Kind.GOOGLE_POLICY else _policy(kind, document)
    return [
        each
        for each in found
        if each.of_name or not isinstance(at(document, each.path), Unknown)
    ]


class _RepeatedKeyError(Exception):
    """A JSON object names a key twice; AWS refuses such a policy, Python would keep the
    last."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    seen = dict(pairs)
    if len(seen) != len(pairs):
        names = [name for name, _ in pairs]
        raise _RepeatedKeyError(next(name for name in names if names.count(name) > 1))
    return seen


def _what(value: object) -> str:
    return {
        dict: "an object",
        list: "a list",
        str: "a string",
        bool: "a boolean",
        type(None): "null",
    }.get(type(value), "a number")


def _unknown_keys(
    found: Mapping[str, object], allowed: tuple[str, ...], path: Path, thing: str
) -> Iterator[Problem]:
    for key in found:
        if key not in allowed:
            near = get_close_matches(key.capitalize(), allowed, n=1, cutoff=0.6)
            hint = f"; did you mean {near[0]}?" if near else ""
            yield Problem(
                (*path, key),
                f"{thing} has no element {key}; allowed are {', '.join(allowed)}{hint}",
                of_name=True,
            )


def _policy(kind: Kind, document: Mapping[str, Any]) -> Iterator[Problem]:
    yield from _unknown_keys(document, _TOP, (), f"{kind.article} {kind.value}")
    version = document.get("Version", _VERSIONS[0])
    if version not in _VERSIONS:
        yield Problem(
            ("Version",),
            f"the policy language has the versions {', '.join(_VERSIONS)}",
            version,
        )
    if "Statement" not in document:
        yield Problem(
            (), "the element Statement is missing; a policy is a list of statements"
        )
        return
    stated = document["Statement"]
    statements = stated if isinstance(stated, list) else [stated]
    if not statements:
        yield Problem(
            ("Statement",), "the list is empty; a policy needs at least one statement"
        )
    for index, statement in enumerate(statements):
        path: Path = (
            ("Statement", index) if isinstance(stated, list) else ("Statement",)
        )
        if isinstance(statement, dict):
            yield from _statement(kind, statement, path)
        else:
            yield Problem(path, f"a statement is an object, found {_what(statement)}")


def _statement(
    kind: Kind, statement: Mapping[str, Any], path: Path
) -> Iterator[Problem]:
    yield from _unknown_keys(statement, _STATEMENT, path, "a statement")
    if "Effect" not in statement:
        yield Problem(path, "the element Effect is missing; give Allow or Deny")
    elif statement["Effect"] not in ("Allow", "Deny"):
        yield Problem((*path, "Effect"), "Effect is Allow or Deny", statement["Effect"])
    yield from _one_of(statement, "Action", path, needed=True)
    yield from _elements_of_kind(kind, statement, path)
    for element in ("Action", "NotAction"):
        yield from _actions(statement.get(element), (*path, element))
    for element in ("Resource", "NotResource"):
        yield from _strings(statement.get(element), (*path, element), "an ARN or *")
    for element in ("Principal", "NotPrincipal"):
        if element in statement:
            yield from _principal(statement[element], (*path, element))
    yield from _conditions(statement.get("Condition"), (*path, "Condition"))


def _elements_of_kind(
    kind: Kind, statement: Mapping[str, Any], path: Path
) -> Iterator[Problem]:
    """The elements that this kind of policy needs or forbids."""
    names_principals = kind in (Kind.TRUST, Kind.RESOURCE)
    of_identity = kind in (Kind.IDENTITY, Kind.SERVICE_CONTROL)
    yield from _one_of(statement, "Principal", path, needed=names_principals)
    if not names_principals:
        for element in ("Principal", "NotPrincipal"):
            if element in statement:
                yield Problem(
                    (*path, element),
                    f"{kind.article} {kind.value} names no principal",
                    of_name=True,
                )
    yield from _one_of(statement, "Resource", path, needed=of_identity)
    if kind is Kind.TRUST and ("Resource" in statement or "NotResource" in statement):
        yield Problem(
            path, "a trust policy names no Resource: the role is the resource"
        )
    if of_identity and not _SID.fullmatch(str(statement.get("Sid", ""))):
        yield Problem(
            (*path, "Sid"), "Sid holds letters and digits only", statement["Sid"]
        )


def _one_of(
    statement: Mapping[str, Any], element: str, path: Path, *, needed: bool
) -> Iterator[Problem]:
    given = [name for name in (element, f"Not{element}") if name in statement]
    if len(given) == 2:
        yield Problem(path, f"{element} and Not{element} exclude each other")
    elif needed and not given:
        yield Problem(path, f"one of {element} and Not{element} is missing")


def _strings(value: object, path: Path, form: str) -> Iterator[Problem]:
    items = value if isinstance(value, list) else [] if value is None else [value]
    if value == []:
        yield Problem(path, f"the list is empty; give {form}")
    for index, item in enumerate(items):
        if not isinstance(item, str):
            where = (*path, index) if isinstance(value, list) else path
            yield Problem(where, f"expected {form}, found {_what(item)}")


def _actions(value: object, path: Path) -> Iterator[Problem]:
    yield from _strings(value, path, "an action such as s3:GetObject")
    for index, item in enumerate(value if isinstance(value, list) else [value]):
        if isinstance(item, str) and not _ACTION.fullmatch(item):
            where = (*path, index) if isinstance(value, list) else path
            yield Problem(
                where,
                "an action is service:Operation, for instance s3:GetObject, or *",
                item,
            )


def _principal(value: object, path: Path) -> Iterator[Problem]:
    if value == "*":
        return
    if not isinstance(value, dict):
        yield Problem(
            path,
            'a principal is "*" or an object such as {"Service": "lambda.amazonaws.com"}, '
            f"found {_what(value)}",
        )
        return
    yield from _unknown_keys(value, _PRINCIPALS, path, "a principal")
    for name, who in value.items():
        yield from _strings(who, (*path, name), "a name or ARN")


def _conditions(value: object, path: Path) -> Iterator[Problem]:
    if value is None:
        return
    if not isinstance(value, dict):
        yield Problem(
            path, f"Condition is an object of operators, found {_what(value)}"
        )
        return
    for operator, keys in value.items():
        plain = (
            operator.removeprefix("ForAllValues:")
            .removeprefix("ForAnyValue:")
            .removesuffix("IfExists")
        )
        if plain not in _OPERATORS:
            near = get_close_matches(plain, _OPERATORS, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            yield Problem(
                (*path, operator),
                f"there is no condition operator {operator}{hint}",
                of_name=True,
            )
        elif not isinstance(keys, dict):
            yield Problem(
                (*path, operator),
                f"an operator holds an object of keys, found {_what(keys)}",
            )


def _google(document: Mapping[str, Any]) -> Iterator[Problem]:
    """Source: Google IAM v1 ``Policy``: bindings of a role to members."""
    allowed = ("bindings", "auditConfigs", "etag", "version")
    yield from _unknown_keys(document, allowed, (), "a Google IAM policy")
    bindings = document.get("bindings", [])
    for index, binding in enumerate(bindings if isinstance(bindings, list) else []):
        if isinstance(binding, dict):
            yield from _binding(binding, ("bindings", index))


def _binding(binding: Mapping[str, Any], path: Path) -> Iterator[Problem]:
    for element in ("role", "members"):
        if element not in binding:
            yield Problem(path, f"the element {element} is missing")
    role, members = binding.get("role"), binding.get("members")
    if isinstance(role, str) and (wrong := google_role(role)) is not None:
        yield Problem((*path, "role"), f"allowed is {wrong.allowed}", role)
    for index, member in enumerate(members if isinstance(members, list) else []):
        if isinstance(member, str) and (wrong := google_member(member)) is not None:
            yield Problem(
                (*path, "members", index), f"allowed is {wrong.allowed}", member
            )


def same_document(one: str, other: str) -> bool:
    """Whether two texts are the same JSON, whatever their spacing and the order of
    their keys."""
    if not (one.lstrip()[:1] in ("{", "[") and other.lstrip()[:1] in ("{", "[")):
        return False
    try:
        return bool(json.loads(one) == json.loads(other))
    except ValueError:
        return False
