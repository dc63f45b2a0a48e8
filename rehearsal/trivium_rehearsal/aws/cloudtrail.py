"""AWS CloudTrail: trails with their selectors."""

from trivium_rehearsal.aws.calls import Calls
from trivium_rehearsal.aws.executed import Kind
from trivium_rehearsal.aws.names import named
from trivium_rehearsal.aws.shape import Shape, from_cloud, to_cloud
from trivium_rehearsal.aws.tags import (
    as_pairs,
    from_pairs,
    tag_change,
    told_tags,
    wanted_tags,
)
from trivium_rehearsal.execution import Properties

_GONE = ("TrailNotFoundException",)

_TRAIL: Shape = {
    "s3BucketName": "S3BucketName",
    "s3KeyPrefix": "S3KeyPrefix",
    "snsTopicName": "SnsTopicName",
    "cloudWatchLogsGroupArn": "CloudWatchLogsLogGroupArn",
    "cloudWatchLogsRoleArn": "CloudWatchLogsRoleArn",
    "enableLogFileValidation": "EnableLogFileValidation",
    "includeGlobalServiceEvents": "IncludeGlobalServiceEvents",
    "isMultiRegionTrail": "IsMultiRegionTrail",
    "isOrganizationTrail": "IsOrganizationTrail",
    "kmsKeyId": "KmsKeyId",
}
_TRAIL_TOLD: Shape = {**_TRAIL, "enableLogFileValidation": "LogFileValidationEnabled"}
"""The answer has another word for file validation than the request."""

_UNSET = {
    "EnableLogFileValidation": False,
    "IncludeGlobalServiceEvents": True,
    "IsMultiRegionTrail": False,
    "IsOrganizationTrail": False,
}
"""What a switch is when the program leaves it out; UpdateTrail would leave it as it was
(CloudTrail API reference)."""

_ADVANCED: Shape = {
    "name": "Name",
    "fieldSelectors": (
        "FieldSelectors",
        {
            "field": "Field",
            "equals": "Equals",
            "startsWiths": "StartsWith",
            "endsWiths": "EndsWith",
            "notEquals": "NotEquals",
            "notStartsWiths": "NotStartsWith",
            "notEndsWiths": "NotEndsWith",
        },
    ),
}
_SELECTOR: Shape = {
    "readWriteType": "ReadWriteType",
    "includeManagementEvents": "IncludeManagementEvents",
    "excludeManagementEventSources": "ExcludeManagementEventSources",
    "dataResources": ("DataResources", {"type": "Type", "values": "Values"}),
}


class Trail(Kind):
    """A trail; its id is the ARN. Logging is started unless `enableLogging` says no."""

    token = "aws:cloudtrail/trail:Trail"

    def make(self, aws: Calls, inputs: Properties) -> str:
        answer = aws(
            "cloudtrail.create_trail",
            Name=named(self.token, inputs),
            **to_cloud(_TRAIL, inputs),
        )
        return str(answer["TrailARN"])

    def finish(self, aws: Calls, id: str, inputs: Properties) -> None:
        """MiniStack forgets a new trail's tags and log group, and keeps them when they
        come in calls of their own."""
        if tags := wanted_tags(inputs):
            aws("cloudtrail.add_tags", ResourceId=id, TagsList=as_pairs(tags))
        if inputs.get("cloudWatchLogsGroupArn"):
            aws("cloudtrail.update_trail", Name=id, **to_cloud(_TRAIL, inputs))
        self._select(aws, id, inputs)
        if inputs.get("enableLogging", True):
            aws("cloudtrail.start_logging", Name=id)

    def look(self, aws: Calls, id: str, known: Properties) -> Properties | None:
        answer = aws.maybe("cloudtrail.get_trail", *_GONE, Name=id)
        if answer is None:
            return None
        trail = answer["Trail"]
        selectors = aws("cloudtrail.get_event_selectors", TrailName=id)
        tags = aws("cloudtrail.list_tags", ResourceIdList=[id])["ResourceTagList"]
        told: Properties = {
            **from_cloud(_TRAIL_TOLD, trail),
            "name": trail["Name"],
            "arn": trail["TrailARN"],
            "homeRegion": trail.get("HomeRegion", aws.region),
            "snsTopicArn": trail.get("SnsTopicARN", ""),
            "enableLogging": aws("cloudtrail.get_trail_status", Name=id)["IsLogging"],
            **told_tags(from_pairs(tags[0]["TagsList"] if tags else None), known),
        }
        if advanced := selectors.get("AdvancedEventSelectors"):
            told["advancedEventSelectors"] = from_cloud(_ADVANCED, advanced)
        elif known.get(
            "eventSelectors"
        ):  # every trail has a default selector: told only when the program set one
            told["eventSelectors"] = from_cloud(
                _SELECTOR, selectors.get("EventSelectors", [])
            )
        return told

    def change(
        self, aws: Calls, id: str, state: Properties, inputs: Properties
    ) -> None:
        cleared = {
            theirs: ""
            for ours, theirs in _TRAIL.items()
            if isinstance(theirs, str)
            and isinstance(state.get(ours), str)
            and state[ours]
            and not inputs.get(ours)
        }
        aws(
            "cloudtrail.update_trail",
            Name=id,
            **{**_UNSET, **cleared, **to_cloud(_TRAIL, inputs)},
        )
        self._select(aws, id, inputs)
        logging = (
            "start_logging" if inputs.get("enableLogging", True) else "stop_logging"
        )
        aws(f"cloudtrail.{logging}", Name=id)
        self._retag(aws, id, inputs)

    def remove(self, aws: Calls, id: str, state: Properties) -> None:
        aws.maybe("cloudtrail.delete_trail", *_GONE, Name=id)

    def _select(self, aws: Calls, id: str, inputs: Properties) -> None:
        if advanced := inputs.get("advancedEventSelectors"):
            aws(
                "cloudtrail.put_event_selectors",
                TrailName=id,
                AdvancedEventSelectors=to_cloud(_ADVANCED, advanced),
            )
        elif selectors := inputs.get("eventSelectors"):
            aws(
                "cloudtrail.put_event_selectors",
                TrailName=id,
                EventSelectors=to_cloud(_SELECTOR, selectors),
            )

    def _retag(self, aws: Calls, id: str, inputs: Properties) -> None:
        listed = aws("cloudtrail.list_tags", ResourceIdList=[id])["ResourceTagList"]
        told = from_pairs(listed[0]["TagsList"] if listed else None)
        change = tag_change(told, inputs)
        if change.put:
            aws("cloudtrail.add_tags", ResourceId=id, TagsList=as_pairs(change.put))
        if change.gone:
            gone = as_pairs({key: told[key] for key in change.gone})
            aws("cloudtrail.remove_tags", ResourceId=id, TagsList=gone)


KINDS: tuple[type[Kind], ...] = (Trail,)
