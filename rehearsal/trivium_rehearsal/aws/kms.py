"""AWS KMS: keys and aliases."""

from trivium_rehearsal.aws.calls import Calls
from trivium_rehearsal.aws.executed import Kind
from trivium_rehearsal.aws.names import named
from trivium_rehearsal.aws.tags import (
    as_pairs,
    from_pairs,
    tag_change,
    told_tags,
    wanted_tags,
)
from trivium_rehearsal.execution import Properties

_GONE = ("NotFoundException",)
_GONE_OR_GOING = (*_GONE, "KMSInvalidStateException")

DEFAULT_DELETION_WINDOW_DAYS = 30
"""KMS API reference, ScheduleKeyDeletion, PendingWindowInDays."""


class Key(Kind):
    """A customer managed key."""

    token = "aws:kms/key:Key"
    unread = ("deletionWindowInDays", "bypassPolicyLockoutSafetyCheck")

    def make(self, aws: Calls, inputs: Properties) -> str:
        answer = aws(
            "kms.create_key",
            Description=inputs.get("description"),
            KeyUsage=inputs.get("keyUsage"),
            KeySpec=inputs.get("customerMasterKeySpec"),
            Policy=inputs.get("policy"),
            MultiRegion=inputs.get("multiRegion"),
            CustomKeyStoreId=inputs.get("customKeyStoreId"),
            XksKeyId=inputs.get("xksKeyId"),
            BypassPolicyLockoutSafetyCheck=inputs.get("bypassPolicyLockoutSafetyCheck"),
            Tags=as_pairs(wanted_tags(inputs), "TagKey", "TagValue") or None,
        )
        return str(answer["KeyMetadata"]["KeyId"])

    def finish(self, aws: Calls, id: str, inputs: Properties) -> None:
        if inputs.get("enableKeyRotation"):
            self._rotate(aws, id, inputs)
        if inputs.get("isEnabled") is False:
            aws("kms.disable_key", KeyId=id)

    def look(self, aws: Calls, id: str, known: Properties) -> Properties | None:
        answer = aws.maybe("kms.describe_key", *_GONE, KeyId=id)
        if answer is None or answer["KeyMetadata"]["KeyState"] == "PendingDeletion":
            return None
        key = answer["KeyMetadata"]
        rotation = (
            aws.maybe(
                "kms.get_key_rotation_status", "UnsupportedOperationException", KeyId=id
            )
            or {}
        )
        tags = aws("kms.list_resource_tags", KeyId=id).get("Tags")
        told: Properties = {
            "arn": key["Arn"],
            "keyId": key["KeyId"],
            "description": key.get("Description", ""),
            "keyUsage": key["KeyUsage"],
            "customerMasterKeySpec": (
                key.get("KeySpec") or key.get("CustomerMasterKeySpec")
            ),
            "multiRegion": key.get("MultiRegion", False),
            "isEnabled": key["Enabled"],
            "enableKeyRotation": rotation.get("KeyRotationEnabled", False),
            "policy": aws("kms.get_key_policy", KeyId=id, PolicyName="default")[
                "Policy"
            ],
            **told_tags(from_pairs(tags, "TagKey", "TagValue"), known),
        }
        if told["enableKeyRotation"] and (
            period := rotation.get("RotationPeriodInDays")
        ):
            told["rotationPeriodInDays"] = period
        return told

    def change(
        self, aws: Calls, id: str, state: Properties, inputs: Properties
    ) -> None:
        enabled = inputs.get("isEnabled", True)
        if enabled:  # a disabled key takes no other change
            aws("kms.enable_key", KeyId=id)
        aws(
            "kms.update_key_description",
            KeyId=id,
            Description=inputs.get("description") or "",
        )
        if inputs.get("policy"):
            aws(
                "kms.put_key_policy",
                KeyId=id,
                PolicyName="default",
                Policy=inputs["policy"],
            )
        self._retag(aws, id, inputs)
        if inputs.get("enableKeyRotation"):
            self._rotate(aws, id, inputs)
        elif state.get("enableKeyRotation"):
            aws("kms.disable_key_rotation", KeyId=id)
        if not enabled:
            aws("kms.disable_key", KeyId=id)

    def remove(self, aws: Calls, id: str, state: Properties) -> None:
        """Schedules the deletion: KMS knows no other way, and until then the data can
        still be saved."""
        window = state.get("deletionWindowInDays") or DEFAULT_DELETION_WINDOW_DAYS
        aws.maybe(
            "kms.schedule_key_deletion",
            *_GONE_OR_GOING,
            KeyId=id,
            PendingWindowInDays=window,
        )

    def _rotate(self, aws: Calls, id: str, inputs: Properties) -> None:
        aws(
            "kms.enable_key_rotation",
            KeyId=id,
            RotationPeriodInDays=inputs.get("rotationPeriodInDays"),
        )

    def _retag(self, aws: Calls, id: str, inputs: Properties) -> None:
        told = from_pairs(
            aws("kms.list_resource_tags", KeyId=id).get("Tags"), "TagKey", "TagValue"
        )
        change = tag_change(told, inputs)
        if change.put:
            aws(
                "kms.tag_resource",
                KeyId=id,
                Tags=as_pairs(change.put, "TagKey", "TagValue"),
            )
        if change.gone:
            aws("kms.untag_resource", KeyId=id, TagKeys=change.gone)


class Alias(Kind):
    """A key's name; may be moved to another key."""

    token = "aws:kms/alias:Alias"
    unread = ("namePrefix",)

    def make(self, aws: Calls, inputs: Properties) -> str:
        name = named(self.token, inputs)
        aws("kms.create_alias", AliasName=name, TargetKeyId=inputs["targetKeyId"])
        return name

    def look(self, aws: Calls, id: str, known: Properties) -> Properties | None:
        entry = _alias(aws, id)
        if entry is None:
            return None
        key = aws.maybe("kms.describe_key", *_GONE, KeyId=entry["TargetKeyId"])
        key_arn = key["KeyMetadata"]["Arn"] if key else ""
        target = (
            key_arn if known.get("targetKeyId") == key_arn else entry["TargetKeyId"]
        )
        return {
            "name": id,
            "arn": entry["AliasArn"],
            "targetKeyId": target,
            "targetKeyArn": key_arn,
        }

    def change(
        self, aws: Calls, id: str, state: Properties, inputs: Properties
    ) -> None:
        aws("kms.update_alias", AliasName=id, TargetKeyId=inputs["targetKeyId"])

    def remove(self, aws: Calls, id: str, state: Properties) -> None:
        aws.maybe("kms.delete_alias", *_GONE, AliasName=id)


def _alias(aws: Calls, name: str) -> Properties | None:
    """KMS has no call for one alias: page through them."""
    marker: str | None = None
    while True:
        page = aws("kms.list_aliases", Marker=marker)
        found = next(
            (entry for entry in page["Aliases"] if entry["AliasName"] == name), None
        )
        marker = page.get("NextMarker") if page.get("Truncated") else None
        if found is not None or marker is None:
            return found


KINDS: tuple[type[Kind], ...] = (Key, Alias)
