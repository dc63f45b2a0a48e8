"""Did the emulator keep what it accepted? Comparing what was asked with what is read
back.

Nothing here talks to a cloud. Two values agree when AWS would call them the same:
policy documents as JSON, lists of objects and scalars in any order, absent and empty
alike. An extra key in what was read is a default that the service filled in; an extra
list element is a difference.
"""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from trivium_rehearsal.execution import Properties

_EMPTY: tuple[Any, ...] = (None, "", [], {}, False)

_NO_INTERFACE = (
    "an endpoint is a record there: it has no network interface, name or policy of"
    " its own"
)
_NO_IPV6 = "networks there have IPv4 alone"
_NO_PREFIX_LISTS = "rules there know addresses and groups, no prefix lists"
_INLINE = (
    "not passed on: an inline setting, deprecated in favour of a resource of its own"
)
_NO_OUTPOSTS = "there are no Outposts there"
_NEWER = "not passed on: newer than the emulator"
_NO_DELIVERY = (
    "a flow log is a record there: nothing is captured, formatted or delivered"
)

NOT_KEPT: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "aws:s3/bucket:Bucket": {
            "accelerationStatus": _INLINE,
            "acl": _INLINE,
            "bucketNamespace": _NEWER,
            "corsRules": _INLINE,
            "grants": _INLINE,
            "lifecycleRules": _INLINE,
            "logging": _INLINE,
            "replicationConfiguration": _INLINE,
            "requestPayer": _INLINE,
            "versioning.mfaDelete": "no device for MFA exists there",
            "website": _INLINE,
        },
        "aws:s3/bucketVersioning:BucketVersioning": {
            "versioningConfiguration.mfaDelete": "no device for MFA exists there",
        },
        "aws:cloudtrail/trail:Trail": {
            "insightSelectors": "not passed on: trails there have no insights"
        },
        "aws:ec2/vpcEndpoint:VpcEndpoint": {
            "resourceConfigurationArn": _NO_INTERFACE,
            "serviceNetworkArn": _NO_INTERFACE,
            "serviceRegion": _NO_INTERFACE,
            "policy": _NO_INTERFACE,
            "securityGroupIds": _NO_INTERFACE,
            "privateDnsEnabled": _NO_INTERFACE,
            "ipAddressType": _NO_INTERFACE,
            "dnsOptions": _NO_INTERFACE,
        },
        "aws:ec2/flowLog:FlowLog": {
            "iamRoleArn": _NO_DELIVERY,
            "maxAggregationInterval": _NO_DELIVERY,
            "logFormat": _NO_DELIVERY,
            "destinationOptions": _NO_DELIVERY,
            "deliverCrossAccountRole": _NO_DELIVERY,
            "regionalNatGatewayId": _NEWER,
            "tagFieldSpecifications": _NEWER,
        },
        "aws:ec2/routeTable:RouteTable": {
            "routes.*.vpcEndpointId": "a route to an endpoint is a local one there",
        },
        "aws:ec2/vpc:Vpc": {
            "assignGeneratedIpv6CidrBlock": _NO_IPV6,
            "enableNetworkAddressUsageMetrics": (
                "not passed on: nothing is measured there"
            ),
            "ipv6CidrBlock": _NO_IPV6,
            "ipv6CidrBlockNetworkBorderGroup": _NO_IPV6,
        },
        "aws:ec2/subnet:Subnet": {
            "ipv6CidrBlock": _NO_IPV6,
            "assignIpv6AddressOnCreation": _NO_IPV6,
            "enableDns64": _NO_IPV6,
            "ipv6Native": _NO_IPV6,
            "customerOwnedIpv4Pool": _NO_OUTPOSTS,
            "enableLniAtDeviceIndex": _NO_OUTPOSTS,
            "mapCustomerOwnedIpOnLaunch": _NO_OUTPOSTS,
            "outpostArn": _NO_OUTPOSTS,
        },
        "aws:ec2/securityGroup:SecurityGroup": {
            "ingress.*.prefixListIds": _NO_PREFIX_LISTS,
            "egress.*.prefixListIds": _NO_PREFIX_LISTS,
        },
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": {
            "prefixListId": _NO_PREFIX_LISTS
        },
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": {
            "prefixListId": _NO_PREFIX_LISTS
        },
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": {
            "rules.*.prefix": "only the newer `filter` is kept there",
            "transitionDefaultMinimumObjectSize": (
                "objects there never change their storage class by size"
            ),
        },
        "aws:cloudwatch/logGroup:LogGroup": {
            "deletionProtectionEnabled": "every log group there can be deleted"
        },
        "aws:cloudwatch/logMetricFilter:LogMetricFilter": {
            "applyOnTransformedLogs": "logs there are not transformed",
        },
        "aws:cloudwatch/metricAlarm:MetricAlarm": {
            "metricQueries": "alarms there watch one metric",
            "evaluationCriteria": _NEWER,
            "evaluationInterval": _NEWER,
            "evaluationWindow": _NEWER,
            "warmUpConfiguration": _NEWER,
            "evaluateLowSampleCountPercentiles": (
                "alarms there are not evaluated by percentile"
            ),
        },
        "aws:bedrock/guardrail:Guardrail": {
            "crossRegionConfig": "a guardrail there knows one Region"
        },
        "aws:bedrock/guardrailVersion:GuardrailVersion": {
            "description": "a version there keeps the guardrail's own"
        },
    }
)
"""Type token, property path (`*` is any list element), why. Measured with MiniStack
1.5.33; the tests fail when the emulator starts to keep one of them. Such a property
stays in the state as the program wrote it and is *checked*, not *executed*."""


def is_empty(value: Any) -> bool:
    """Whether AWS would treat the value as not given."""
    return any(
        value is empty or (value == empty and type(value) is type(empty))
        for empty in _EMPTY
    )


def plain(value: Any) -> Any:
    """The value with whole floats as integers: the provider protocol has one number
    type, boto3 insists on two."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def without(value: Any, path: str) -> Any:
    """A copy of `value` that lacks `path` (dots between keys, `*` for each list
    element)."""
    head, _, rest = path.partition(".")
    if head == "*" and isinstance(value, list):
        return [without(item, rest) for item in value]
    if isinstance(value, Mapping) and head in value:
        if not rest:
            return {key: item for key, item in value.items() if key != head}
        return {
            key: without(item, rest) if key == head else item
            for key, item in value.items()
        }
    return value


def with_from(value: Any, source: Any, path: str) -> Any:
    """A copy of `value` in which `path` is what it is in `source`; where `source` lacks
    it, so does the copy."""
    head, _, rest = path.partition(".")
    if (
        head == "*"
        and isinstance(value, list)
        and isinstance(source, list)
        and len(value) == len(source)
    ):
        return [
            with_from(ours, theirs, rest)
            for ours, theirs in zip(value, source, strict=True)
        ]
    if not isinstance(value, Mapping) or not isinstance(source, Mapping):
        return value
    if rest:
        if head not in source:
            return dict(value)
        return {
            **value,
            head: with_from(value.get(head, type(source[head])()), source[head], rest),
        }
    return {**without(value, head), **({head: source[head]} if head in source else {})}


def differences(wanted: Any, told: Any, path: str = "") -> list[str]:
    """Paths at which `told` does not contain `wanted`; empty when everything was
    kept."""
    if is_empty(wanted) and is_empty(told):
        return []
    if isinstance(wanted, Mapping):
        if not isinstance(told, Mapping):
            return [] if all(is_empty(item) for item in wanted.values()) else [path]
        return [
            found
            for key, item in wanted.items()
            for found in differences(
                item, told.get(key), f"{path}.{key}" if path else key
            )
        ]
    if isinstance(wanted, list):
        if not isinstance(told, list) or len(wanted) != len(told):
            return [path]
        return [f"{path}.{index}" for index in _unmatched(wanted, told)]
    return [] if _same(wanted, told) else [path]


def settled(known: Any, told: Any) -> Any:
    """`told`, spelled as in `known` wherever the two agree, so that a refresh shows
    changes and nothing else."""
    if isinstance(known, Mapping) and isinstance(told, Mapping):
        answer = {
            key: settled(known.get(key), item)
            for key, item in told.items()
            if key in known or not is_empty(item)
        }
        return {
            **{
                key: item
                for key, item in known.items()
                if key not in told and is_empty(item)
            },
            **answer,
        }
    if isinstance(known, list) and isinstance(told, list):
        partners = _partners(known, told)
        if partners is None:
            return told
        return [
            settled(item, told[partner])
            for item, partner in zip(known, partners, strict=True)
        ]
    return (
        known
        if known is not None
        and not isinstance(told, Mapping | list)
        and _same(known, told)
        else told
    )


def outputs(
    known: Properties, told: Properties, paths: Mapping[str, str]
) -> Properties:
    """What the state holds: what the emulator told, except at `paths`, which it cannot
    tell."""
    pruned = _pruned(known, paths)
    answer: Properties = {
        name: settled(pruned.get(name), value) for name, value in told.items()
    }
    for path in paths:
        answer = with_from(answer, known, path)
    return answer


def dropped(
    wanted: Properties, told: Properties, paths: Mapping[str, str]
) -> list[str]:
    """Property paths that the emulator accepted and did not keep, `paths` apart."""
    return differences(_pruned(wanted, paths), told)


def _pruned(value: Any, paths: Mapping[str, str]) -> Any:
    for path in paths:
        value = without(value, path)
    return value


def _partners(wanted: list[Any], told: list[Any]) -> list[int] | None:
    """For each wanted element the index of the told one it agrees with, or None when
    some have no partner."""
    if len(wanted) != len(told):
        return None
    free = list(range(len(told)))
    partners = []
    for item in wanted:
        partner = next(
            (index for index in free if not differences(item, told[index])), None
        )
        if partner is None:
            return None
        free.remove(partner)
        partners.append(partner)
    return partners


def _unmatched(wanted: list[Any], told: list[Any]) -> list[int]:
    free = list(range(len(told)))
    missing = []
    for position, item in enumerate(wanted):
        partner = next(
            (index for index in free if not differences(item, told[index])), None
        )
        if partner is None:
            missing.append(position)
        else:
            free.remove(partner)
    return missing


def _same(wanted: Any, told: Any) -> bool:
    if isinstance(wanted, bool) or isinstance(told, bool):
        return wanted is told or (is_empty(wanted) and is_empty(told))
    if wanted == told or (is_empty(wanted) and is_empty(told)):
        return True
    if isinstance(wanted, str) and isinstance(told, str):
        return _document(wanted) is not None and _document(wanted) == _document(told)
    return False


def _document(text: str) -> Any:
    """The JSON object or array that a text holds, or None."""
    if text[:1] not in "{[" or not text:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None
