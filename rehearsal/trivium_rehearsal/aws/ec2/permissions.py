"""Inline rules of a security group in the two spellings: Pulumi's and EC2's."""

from typing import Any

from trivium_rehearsal.execution import Properties


def ec2_permission(rule: Properties, group: str) -> Properties:
    """An inline rule as EC2's IpPermission."""
    text = {"Description": rule["description"]} if rule.get("description") else {}
    groups = [
        *(rule.get("securityGroups") or ()),
        *([group] if rule.get("self") else []),
    ]
    permission: Properties = {"IpProtocol": rule["protocol"]}
    if rule["protocol"] != "-1":
        permission |= {
            "FromPort": rule.get("fromPort", 0),
            "ToPort": rule.get("toPort", 0),
        }
    for key, member, values in (
        ("IpRanges", "CidrIp", rule.get("cidrBlocks")),
        ("Ipv6Ranges", "CidrIpv6", rule.get("ipv6CidrBlocks")),
        ("PrefixListIds", "PrefixListId", rule.get("prefixListIds")),
        ("UserIdGroupPairs", "GroupId", groups),
    ):
        if values:
            permission[key] = [{member: value, **text} for value in values]
    return permission


def inline_rules(permissions: Any, group: str) -> list[Properties]:
    """IpPermissions as single-source inline rules; `Any`: boto3's untyped answer."""
    rules = []
    for permission in permissions:
        head = {
            "protocol": permission["IpProtocol"],
            "fromPort": permission.get("FromPort", 0),
            "toPort": permission.get("ToPort", 0),
        }
        sources = [
            *(
                ("cidrBlocks", entry, entry["CidrIp"])
                for entry in permission.get("IpRanges", ())
            ),
            *(
                ("ipv6CidrBlocks", entry, entry["CidrIpv6"])
                for entry in permission.get("Ipv6Ranges", ())
            ),
            *(
                ("prefixListIds", entry, entry["PrefixListId"])
                for entry in permission.get("PrefixListIds", ())
            ),
            *(
                ("securityGroups", entry, entry["GroupId"])
                for entry in permission.get("UserIdGroupPairs", ())
            ),
        ]
        if not sources:  # its only source was one that the emulator does not keep
            rules.append({**head, "description": ""})
        for key, entry, value in sources:
            source = {"self": True} if value == group else {key: [value]}
            rules.append(
                {**head, **source, "description": entry.get("Description", "")}
            )
    return rules


def regrouped(
    single: list[Properties], known: list[Properties] | None
) -> list[Properties]:
    """Single-source rules put together as the program wrote them; what it did not write
    stays single."""
    left = list(single)
    rules = []
    for rule in known or ():
        parts = _split(rule)
        if all(part in left for part in parts):
            for part in parts:
                left.remove(part)
            rules.append(rule)
    return [*rules, *left]


def _split(rule: Properties) -> list[Properties]:
    """An inline rule as the single-source rules that it stands for.

    Prefix lists apart, which the emulator does not keep: a rule of prefix lists alone
    becomes one without source.
    """
    any_port = rule["protocol"] == "-1"
    head = {
        "protocol": rule["protocol"],
        "fromPort": 0 if any_port else rule.get("fromPort", 0),
        "toPort": 0 if any_port else rule.get("toPort", 0),
    }
    tail = {"description": rule.get("description") or ""}
    parts = [
        {**head, key: [value], **tail}
        for key in ("cidrBlocks", "ipv6CidrBlocks", "securityGroups")
        for value in rule.get(key) or ()
    ]
    if rule.get("self"):
        parts.append({**head, "self": True, **tail})
    return parts or [{**head, "description": ""}]
