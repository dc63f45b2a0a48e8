"""Amazon CloudWatch: log groups, resource policies, metric filters and alarms."""

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

_GONE = ("ResourceNotFoundException", "ResourceNotFound")

_TRANSFORMATION: Shape = {
    "name": "metricName",
    "namespace": "metricNamespace",
    "value": "metricValue",
    "defaultValue": "defaultValue",
    "dimensions": "dimensions",
    "unit": "unit",
}
_QUERY: Shape = {
    "id": "Id",
    "accountId": "AccountId",
    "expression": "Expression",
    "label": "Label",
    "period": "Period",
    "returnData": "ReturnData",
}
_ALARM: Shape = {
    "actionsEnabled": "ActionsEnabled",
    "alarmActions": "AlarmActions",
    "alarmDescription": "AlarmDescription",
    "comparisonOperator": "ComparisonOperator",
    "datapointsToAlarm": "DatapointsToAlarm",
    "evaluateLowSampleCountPercentiles": "EvaluateLowSampleCountPercentile",
    "evaluationPeriods": "EvaluationPeriods",
    "extendedStatistic": "ExtendedStatistic",
    "insufficientDataActions": "InsufficientDataActions",
    "metricName": "MetricName",
    "metricQueries": ("Metrics", _QUERY),
    "namespace": "Namespace",
    "okActions": "OKActions",
    "period": "Period",
    "statistic": "Statistic",
    "threshold": "Threshold",
    "thresholdMetricId": "ThresholdMetricId",
    "treatMissingData": "TreatMissingData",
    "unit": "Unit",
}


class LogGroup(Kind):
    """A log group with retention and key."""

    token = "aws:cloudwatch/logGroup:LogGroup"
    unread = ("namePrefix", "skipDestroy")

    def make(self, aws: Calls, inputs: Properties) -> str:
        name = named(self.token, inputs)
        aws(
            "logs.create_log_group",
            logGroupName=name,
            kmsKeyId=inputs.get("kmsKeyId") or None,
            logGroupClass=inputs.get("logGroupClass"),
            deletionProtectionEnabled=inputs.get("deletionProtectionEnabled"),
            tags=wanted_tags(inputs) or None,
        )
        return name

    def finish(self, aws: Calls, id: str, inputs: Properties) -> None:
        if days := inputs.get("retentionInDays"):
            aws("logs.put_retention_policy", logGroupName=id, retentionInDays=days)

    def look(self, aws: Calls, id: str, known: Properties) -> Properties | None:
        group = _log_group(aws, id)
        if group is None:
            return None
        arn = str(group.get("logGroupArn") or group["arn"]).removesuffix(":*")
        told = from_cloud(
            {
                "kmsKeyId": "kmsKeyId",
                "logGroupClass": "logGroupClass",
                "deletionProtectionEnabled": "deletionProtectionEnabled",
            },
            group,
        )
        tags = aws("logs.list_tags_for_resource", resourceArn=arn).get("tags", {})
        retention = group.get("retentionInDays", 0)  # 0: kept for ever
        return {
            "name": id,
            "arn": arn,
            "retentionInDays": retention,
            **told,
            **told_tags(tags, known),
        }

    def change(
        self, aws: Calls, id: str, state: Properties, inputs: Properties
    ) -> None:
        if days := inputs.get("retentionInDays"):
            aws("logs.put_retention_policy", logGroupName=id, retentionInDays=days)
        else:
            aws("logs.delete_retention_policy", logGroupName=id)
        key, old_key = inputs.get("kmsKeyId") or None, state.get("kmsKeyId") or None
        if key and key != old_key:
            aws("logs.associate_kms_key", logGroupName=id, kmsKeyId=key)
        elif old_key and not key:
            aws("logs.disassociate_kms_key", logGroupName=id)
        if bool(inputs.get("deletionProtectionEnabled")) != bool(
            state.get("deletionProtectionEnabled")
        ):
            aws(
                "logs.put_log_group_deletion_protection",
                logGroupIdentifier=id,
                deletionProtectionEnabled=bool(inputs.get("deletionProtectionEnabled")),
            )
        self._retag(aws, id, inputs)

    def remove(self, aws: Calls, id: str, state: Properties) -> None:
        if not state.get("skipDestroy"):
            aws.maybe("logs.delete_log_group", *_GONE, logGroupName=id)

    def _retag(self, aws: Calls, id: str, inputs: Properties) -> None:
        group = _log_group(aws, id)
        if group is None:
            return
        arn = str(group.get("logGroupArn") or group["arn"]).removesuffix(":*")
        change = tag_change(
            aws("logs.list_tags_for_resource", resourceArn=arn).get("tags", {}), inputs
        )
        if change.put:
            aws("logs.tag_resource", resourceArn=arn, tags=change.put)
        if change.gone:
            aws("logs.untag_resource", resourceArn=arn, tagKeys=change.gone)


def _log_group(aws: Calls, name: str) -> Properties | None:
    """The group of exactly this name: the call finds by prefix, in pages."""
    token: str | None = None
    while True:
        page = aws("logs.describe_log_groups", logGroupNamePrefix=name, nextToken=token)
        found = next(
            (group for group in page["logGroups"] if group["logGroupName"] == name),
            None,
        )
        token = page.get("nextToken")
        if found is not None or token is None:
            return found


class LogResourcePolicy(Kind):
    """Lets an AWS service write to log groups."""

    token = "aws:cloudwatch/logResourcePolicy:LogResourcePolicy"

    def make(self, aws: Calls, inputs: Properties) -> str:
        self._put(aws, inputs)
        return str(inputs.get("policyName") or inputs["resourceArn"])

    def look(self, aws: Calls, id: str, known: Properties) -> Properties | None:
        answer = aws(
            "logs.describe_resource_policies", resourceArn=known.get("resourceArn")
        )
        for policy in answer.get("resourcePolicies", ()):
            if policy.get("policyName") == id or policy.get("resourceArn") == id:
                return dict(
                    from_cloud(
                        {
                            "policyName": "policyName",
                            "policyDocument": "policyDocument",
                            "resourceArn": "resourceArn",
                            "policyScope": "policyScope",
                            "revisionId": "revisionId",
                        },
                        policy,
                    )
                )
        return None

    def change(
        self, aws: Calls, id: str, state: Properties, inputs: Properties
    ) -> None:
        self._put(aws, inputs)

    def remove(self, aws: Calls, id: str, state: Properties) -> None:
        arn = state.get("resourceArn")
        aws.maybe(
            "logs.delete_resource_policy",
            *_GONE,
            policyName=None if arn else id,
            resourceArn=arn,
        )

    def _put(self, aws: Calls, inputs: Properties) -> None:
        aws(
            "logs.put_resource_policy",
            policyName=inputs.get("policyName"),
            policyDocument=inputs["policyDocument"],
            resourceArn=inputs.get("resourceArn"),
        )


class LogMetricFilter(Kind):
    """Turns matching log lines into a metric."""

    token = "aws:cloudwatch/logMetricFilter:LogMetricFilter"

    def make(self, aws: Calls, inputs: Properties) -> str:
        name = named(self.token, inputs)
        self._put(aws, name, inputs)
        return name

    def look(self, aws: Calls, id: str, known: Properties) -> Properties | None:
        answer = aws.maybe(
            "logs.describe_metric_filters",
            *_GONE,
            logGroupName=known.get("logGroupName"),
            filterNamePrefix=id,
        )
        for entry in (answer or {}).get("metricFilters", ()):
            if entry["filterName"] == id:
                [transformation] = entry["metricTransformations"]
                return {
                    "name": id,
                    "logGroupName": entry.get(
                        "logGroupName", known.get("logGroupName")
                    ),
                    "pattern": entry["filterPattern"],
                    "applyOnTransformedLogs": entry.get(
                        "applyOnTransformedLogs", False
                    ),
                    "metricTransformation": _transformation_told(transformation),
                }
        return None

    def change(
        self, aws: Calls, id: str, state: Properties, inputs: Properties
    ) -> None:
        self._put(aws, id, inputs)

    def remove(self, aws: Calls, id: str, state: Properties) -> None:
        aws.maybe(
            "logs.delete_metric_filter",
            *_GONE,
            logGroupName=state["logGroupName"],
            filterName=id,
        )

    def _put(self, aws: Calls, name: str, inputs: Properties) -> None:
        transformation = to_cloud(_TRANSFORMATION, inputs["metricTransformation"])
        if (
            "defaultValue" in transformation
        ):  # text in the provider, a number in the API
            transformation["defaultValue"] = float(transformation["defaultValue"])
        aws(
            "logs.put_metric_filter",
            logGroupName=inputs["logGroupName"],
            filterName=name,
            filterPattern=inputs["pattern"],
            metricTransformations=[transformation],
            applyOnTransformedLogs=inputs.get("applyOnTransformedLogs"),
        )


def _transformation_told(transformation: Properties) -> Properties:
    told: Properties = from_cloud(_TRANSFORMATION, transformation)
    if "defaultValue" in told:
        told["defaultValue"] = f"{told['defaultValue']:g}"
    return told


class MetricAlarm(Kind):
    """An alarm on a metric."""

    token = "aws:cloudwatch/metricAlarm:MetricAlarm"

    def make(self, aws: Calls, inputs: Properties) -> str:
        name = named(self.token, inputs)
        self._put(aws, name, inputs)
        return name

    def look(self, aws: Calls, id: str, known: Properties) -> Properties | None:
        alarms = aws(
            "cloudwatch.describe_alarms", AlarmNames=[id], AlarmTypes=["MetricAlarm"]
        )["MetricAlarms"]
        if not alarms:
            return None
        alarm = alarms[0]
        tags = aws(
            "cloudwatch.list_tags_for_resource", ResourceARN=alarm["AlarmArn"]
        ).get("Tags")
        return {
            **from_cloud(_ALARM, alarm),
            "metricQueries": [_query_told(query) for query in alarm.get("Metrics", ())],
            "name": id,
            "arn": alarm["AlarmArn"],
            "dimensions": from_pairs(alarm.get("Dimensions"), "Name", "Value"),
            **told_tags(from_pairs(tags), known),
        }

    def change(
        self, aws: Calls, id: str, state: Properties, inputs: Properties
    ) -> None:
        self._put(aws, id, inputs)
        told = from_pairs(
            aws("cloudwatch.list_tags_for_resource", ResourceARN=state["arn"]).get(
                "Tags"
            )
        )
        change = tag_change(told, inputs)
        if change.put:
            aws(
                "cloudwatch.tag_resource",
                ResourceARN=state["arn"],
                Tags=as_pairs(change.put),
            )
        if change.gone:
            aws(
                "cloudwatch.untag_resource",
                ResourceARN=state["arn"],
                TagKeys=change.gone,
            )

    def remove(self, aws: Calls, id: str, state: Properties) -> None:
        aws.maybe("cloudwatch.delete_alarms", *_GONE, AlarmNames=[id])

    def _put(self, aws: Calls, name: str, inputs: Properties) -> None:
        spelled = to_cloud(_ALARM, inputs)
        for query, given in zip(
            spelled.get("Metrics", ()), inputs.get("metricQueries") or (), strict=True
        ):
            if metric := given.get("metric"):
                query["MetricStat"] = _metric_stat(metric)
        dimensions = as_pairs(inputs.get("dimensions") or {}, "Name", "Value") or None
        tags = as_pairs(wanted_tags(inputs)) or None
        aws(
            "cloudwatch.put_metric_alarm",
            AlarmName=name,
            Dimensions=dimensions,
            Tags=tags,
            **spelled,
        )


_STATISTIC: Shape = {"period": "Period", "stat": "Stat", "unit": "Unit"}
_METRIC: Shape = {"metricName": "MetricName", "namespace": "Namespace"}


def _metric_stat(metric: Properties) -> Properties:
    """The metric of a query as MetricStat."""
    dimensions = as_pairs(metric.get("dimensions") or {}, "Name", "Value")
    return {
        "Metric": {**to_cloud(_METRIC, metric), "Dimensions": dimensions},
        **to_cloud(_STATISTIC, metric),
    }


def _query_told(query: Properties) -> Properties:
    """One metric query in the provider's spelling."""
    told: Properties = from_cloud(_QUERY, query)
    if statistic := query.get("MetricStat"):
        metric = statistic["Metric"]
        dimensions = from_pairs(metric.get("Dimensions"), "Name", "Value")
        told["metric"] = {
            **from_cloud(_METRIC, metric),
            **from_cloud(_STATISTIC, statistic),
            "dimensions": dimensions,
        }
    return told


KINDS: tuple[type[Kind], ...] = (
    LogGroup,
    LogResourcePolicy,
    LogMetricFilter,
    MetricAlarm,
)
