"""Security group rules that are resources of their own."""

from typing import ClassVar

from trivium_rehearsal.aws.calls import Calls
from trivium_rehearsal.aws.ec2.described import Described, arn, retag, tag_specification
from trivium_rehearsal.aws.ec2.permissions import ec2_permission
from trivium_rehearsal.aws.shape import Shape, from_cloud, to_cloud
from trivium_rehearsal.execution import Properties

_RULE: Shape = {
    "ipProtocol": "IpProtocol",
    "fromPort": "FromPort",
    "toPort": "ToPort",
    "cidrIpv4": "CidrIpv4",
    "cidrIpv6": "CidrIpv6",
    "prefixListId": "PrefixListId",
    "referencedSecurityGroupId": "ReferencedGroupId",
    "description": "Description",
}


class _Rule(Described):
    """One rule of a security group as a resource of its own."""

    describe = (
        "ec2.describe_security_group_rules",
        "SecurityGroupRuleIds",
        "SecurityGroupRules",
    )
    gone = ("InvalidSecurityGroupRuleId.NotFound", "InvalidGroup.NotFound")
    side: ClassVar[str]

    def make(self, aws: Calls, inputs: Properties) -> str:
        answer = aws(
            f"ec2.authorize_security_group_{self.side}",
            GroupId=inputs["securityGroupId"],
            IpPermissions=[_rule_permission(inputs)],
            TagSpecifications=tag_specification("security-group-rule", inputs),
        )
        return str(answer["SecurityGroupRules"][0]["SecurityGroupRuleId"])

    def told(
        self, aws: Calls, id: str, rule: Properties, known: Properties
    ) -> Properties | None:
        if rule["IsEgress"] != (self.side == "egress"):
            return None

        told: Properties = from_cloud(
            _RULE, {**rule, "ReferencedGroupId": _referenced(rule)}
        )
        if told["ipProtocol"] == "-1":
            # "All traffic" has no ports; the provider returns none.
            told.pop("fromPort", None)
            told.pop("toPort", None)

        return {
            **told,
            "arn": (
                rule.get("SecurityGroupRuleArn")
                or arn(aws, rule.get("GroupOwnerId", ""), f"security-group-rule/{id}")
            ),
            "securityGroupRuleId": id,
            "securityGroupId": rule["GroupId"],
        }

    def change(
        self, aws: Calls, id: str, state: Properties, inputs: Properties
    ) -> None:
        rule = self.known_one(aws, id)
        update = {"SecurityGroupRuleId": id, "SecurityGroupRule": _rule_request(inputs)}
        aws(
            "ec2.modify_security_group_rules",
            GroupId=inputs["securityGroupId"],
            SecurityGroupRules=[update],
        )
        retag(aws, id, rule, inputs)

    def remove(self, aws: Calls, id: str, state: Properties) -> None:
        group = state.get("securityGroupId")
        aws.maybe(
            f"ec2.revoke_security_group_{self.side}",
            *self.gone,
            GroupId=group,
            SecurityGroupRuleIds=[id],
        )


def _referenced(rule: Properties) -> str | None:
    group: str | None = (rule.get("ReferencedGroupInfo") or {}).get("GroupId")
    return group


def _rule_request(inputs: Properties) -> Properties:
    """The rule as ModifySecurityGroupRules takes it."""
    request: Properties = to_cloud(_RULE, inputs)
    if "ReferencedGroupId" in request:
        request["ReferencedGroupId"] = _group_id(request["ReferencedGroupId"])
    return request


def _group_id(reference: str) -> str:
    """A group of another account is written ``account/sg-…``."""
    return reference.rpartition("/")[2]


def _rule_permission(inputs: Properties) -> Properties:
    """The rule as the Authorize calls take it."""
    sources = {
        "cidrBlocks": inputs.get("cidrIpv4"),
        "ipv6CidrBlocks": inputs.get("cidrIpv6"),
        "prefixListIds": inputs.get("prefixListId"),
        "securityGroups": (
            inputs.get("referencedSecurityGroupId")
            and _group_id(inputs["referencedSecurityGroupId"])
        ),
    }
    inline = {key: [value] for key, value in sources.items() if value}
    ports: Properties = {
        key: inputs[key] for key in ("fromPort", "toPort") if key in inputs
    }
    return ec2_permission(
        {
            **inline,
            **ports,
            "protocol": inputs["ipProtocol"],
            "description": inputs.get("description"),
        },
        "",
    )


class SecurityGroupIngressRule(_Rule):
    """One rule that lets traffic in."""

    token = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    side = "ingress"


class SecurityGroupEgressRule(_Rule):
    """One rule that lets traffic out."""

    token = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
    side = "egress"
