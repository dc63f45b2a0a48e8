"""Security groups with their inline rules."""

from typing import Any

from trivium_rehearsal.aws.calls import Calls
from trivium_rehearsal.aws.ec2.described import Described, arn, retag, tag_specification
from trivium_rehearsal.aws.ec2.permissions import (
    ec2_permission,
    inline_rules,
    regrouped,
)
from trivium_rehearsal.aws.names import named
from trivium_rehearsal.execution import Properties


class SecurityGroup(Described):
    """A security group; AWS's default rule that lets everything out is removed, as the
    provider does."""

    token = "aws:ec2/securityGroup:SecurityGroup"
    describe = ("ec2.describe_security_groups", "GroupIds", "SecurityGroups")
    gone = ("InvalidGroup.NotFound", "InvalidGroupId.NotFound")
    unread = ("namePrefix", "revokeRulesOnDelete")

    def make(self, aws: Calls, inputs: Properties) -> str:
        answer = aws(
            "ec2.create_security_group",
            GroupName=named(self.token, inputs),
            Description=inputs.get("description")
            or "Managed by Pulumi",  # the provider's default
            VpcId=inputs.get("vpcId"),
            TagSpecifications=tag_specification("security-group", inputs),
        )
        return str(answer["GroupId"])

    def finish(self, aws: Calls, id: str, inputs: Properties) -> None:
        self._revoke(
            aws, id, "egress", self.known_one(aws, id).get("IpPermissionsEgress")
        )
        self._allow(aws, id, inputs)

    def told(
        self, aws: Calls, id: str, group: Properties, known: Properties
    ) -> Properties | None:
        return {
            "arn": (
                group.get("SecurityGroupArn")
                or arn(aws, group["OwnerId"], f"security-group/{id}")
            ),
            "ownerId": group["OwnerId"],
            "name": group["GroupName"],
            "description": group["Description"],
            "vpcId": group.get("VpcId", ""),
            "ingress": regrouped(
                inline_rules(group.get("IpPermissions", ()), id), known.get("ingress")
            ),
            "egress": regrouped(
                inline_rules(group.get("IpPermissionsEgress", ()), id),
                known.get("egress"),
            ),
        }

    def change(
        self, aws: Calls, id: str, state: Properties, inputs: Properties
    ) -> None:
        """Inline rules are all replaced when they changed; rules of separate resources
        stay when none are inline."""
        group = self.known_one(aws, id)
        for side, key in (
            ("ingress", "IpPermissions"),
            ("egress", "IpPermissionsEgress"),
        ):
            if inputs.get(side) is None or inputs[side] == state.get(side):
                continue
            self._revoke(aws, id, side, group.get(key))
            self._allow(aws, id, {side: inputs[side]})
        retag(aws, id, group, inputs)

    def remove(self, aws: Calls, id: str, state: Properties) -> None:
        group = self.describe_one(aws, id) if state.get("revokeRulesOnDelete") else None
        for side, key in (
            ("ingress", "IpPermissions"),
            ("egress", "IpPermissionsEgress"),
        ):
            self._revoke(aws, id, side, (group or {}).get(key))
        aws.maybe("ec2.delete_security_group", *self.gone, GroupId=id)

    def _revoke(self, aws: Calls, id: str, side: str, permissions: Any) -> None:
        """Take back rules as they were read. `Any`: boto3's untyped answer.

        Groups by id alone: the account that the answer adds is one more thing for
        MiniStack to find different.
        """
        bare = [
            {
                **rule,
                "UserIdGroupPairs": [
                    {"GroupId": pair["GroupId"]}
                    for pair in rule.get("UserIdGroupPairs", ())
                ],
            }
            for rule in permissions or ()
        ]
        if bare:
            aws(f"ec2.revoke_security_group_{side}", GroupId=id, IpPermissions=bare)

    def _allow(self, aws: Calls, id: str, inputs: Properties) -> None:
        for side in ("ingress", "egress"):
            if rules := inputs.get(side):
                permissions = [ec2_permission(rule, id) for rule in rules]
                aws(
                    f"ec2.authorize_security_group_{side}",
                    GroupId=id,
                    IpPermissions=permissions,
                )
