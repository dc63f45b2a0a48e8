"""AWS Budgets: a cost budget with its notifications. Budgets are global: no `region`
property."""

from datetime import UTC, datetime
from typing import Any

from trivium_rehearsal.aws.calls import ACCOUNT_ID, Calls
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

_GONE = ("NotFoundException",)

_PERIOD = "%Y-%m-%d_%H:%M"
"""The provider's spelling of a budget's period."""

NO_END = "2087-06-15_00:00"
"""When a budget without an end ends (Budgets API reference, TimePeriod)."""

_COST_TYPES: Shape = {
    ours: ours[0].upper() + ours[1:]
    for ours in (
        "includeCredit",
        "includeDiscount",
        "includeOtherSubscription",
        "includeRecurring",
        "includeRefund",
        "includeSubscription",
        "includeSupport",
        "includeTax",
        "includeUpfront",
        "useAmortized",
        "useBlended",
    )
}
_NOTIFICATION: Shape = {
    "comparisonOperator": "ComparisonOperator",
    "notificationType": "NotificationType",
    "threshold": "Threshold",
    "thresholdType": "ThresholdType",
}
_SUBSCRIBERS = {"subscriberEmailAddresses": "EMAIL", "subscriberSnsTopicArns": "SNS"}
_MATCH: Shape = {"key": "Key", "values": "Values", "matchOptions": "MatchOptions"}


def _filter_shape(depth: int) -> Shape:
    """A filter expression may nest twice (Budgets API reference, Expression)."""
    leaves: Shape = {
        "dimensions": ("Dimensions", _MATCH),
        "tags": ("Tags", _MATCH),
        "costCategories": ("CostCategories", _MATCH),
    }
    if depth == 0:
        return leaves
    inner = _filter_shape(depth - 1)
    return {
        **leaves,
        "ands": ("And", inner),
        "ors": ("Or", inner),
        "not": ("Not", inner),
    }


_FILTER = _filter_shape(2)


class Budget(Kind):
    """A budget; its id is ``account:name``."""

    token = "aws:budgets/budget:Budget"
    regional = False
    unread = ("namePrefix",)

    def make(self, aws: Calls, inputs: Properties) -> str:
        account, name = inputs.get("accountId") or ACCOUNT_ID, named(self.token, inputs)
        aws(
            "budgets.create_budget",
            AccountId=account,
            Budget=_budget(name, inputs),
            NotificationsWithSubscribers=[
                _notification(entry) for entry in inputs.get("notifications") or ()
            ]
            or None,
            ResourceTags=as_pairs(wanted_tags(inputs)) or None,
        )
        return f"{account}:{name}"

    def look(self, aws: Calls, id: str, known: Properties) -> Properties | None:
        account, _, name = id.partition(":")
        answer = aws.maybe(
            "budgets.describe_budget",
            *_GONE,
            AccountId=account,
            BudgetName=name,
            ShowFilterExpression=True,
        )
        if answer is None:
            return None
        budget, arn = answer["Budget"], f"arn:aws:budgets::{account}:budget/{name}"
        tags = aws("budgets.list_tags_for_resource", ResourceARN=arn).get(
            "ResourceTags"
        )
        return {
            "name": budget["BudgetName"],
            "accountId": account,
            "arn": arn,
            "budgetType": budget["BudgetType"],
            "timeUnit": budget["TimeUnit"],
            **_money_told(budget),
            **_period_told(budget.get("TimePeriod", {})),
            "costTypes": from_cloud(_COST_TYPES, budget.get("CostTypes", {})),
            "costFilters": [
                {"name": key, "values": values}
                for key, values in (budget.get("CostFilters") or {}).items()
            ],
            "filterExpression": from_cloud(_FILTER, budget.get("FilterExpression", {})),
            "metrics": budget.get("Metrics", []),
            "billingViewArn": budget.get("BillingViewArn", ""),
            **_auto_told(budget.get("AutoAdjustData")),
            "notifications": self._notifications(aws, account, name),
            **told_tags(from_pairs(tags), known),
        }

    def change(
        self, aws: Calls, id: str, state: Properties, inputs: Properties
    ) -> None:
        account, _, name = id.partition(":")
        of_budget = {"AccountId": account, "BudgetName": name}
        aws("budgets.update_budget", AccountId=account, NewBudget=_budget(name, inputs))
        wanted = [_notification(entry) for entry in inputs.get("notifications") or ()]
        for entry in aws("budgets.describe_notifications_for_budget", **of_budget).get(
            "Notifications", ()
        ):
            aws("budgets.delete_notification", **of_budget, Notification=_bare(entry))
        for entry in wanted:
            aws("budgets.create_notification", **of_budget, **entry)
        arn = f"arn:aws:budgets::{account}:budget/{name}"
        told = from_pairs(
            aws("budgets.list_tags_for_resource", ResourceARN=arn).get("ResourceTags")
        )
        change = tag_change(told, inputs)
        if change.put:
            aws(
                "budgets.tag_resource",
                ResourceARN=arn,
                ResourceTags=as_pairs(change.put),
            )
        if change.gone:
            aws("budgets.untag_resource", ResourceARN=arn, ResourceTagKeys=change.gone)

    def remove(self, aws: Calls, id: str, state: Properties) -> None:
        account, _, name = id.partition(":")
        aws.maybe("budgets.delete_budget", *_GONE, AccountId=account, BudgetName=name)

    def _notifications(self, aws: Calls, account: str, name: str) -> list[Properties]:
        of_budget = {"AccountId": account, "BudgetName": name}
        told = []
        for entry in aws("budgets.describe_notifications_for_budget", **of_budget).get(
            "Notifications", ()
        ):
            listed = aws(
                "budgets.describe_subscribers_for_notification",
                **of_budget,
                Notification=_bare(entry),
            ).get("Subscribers", ())
            addresses = {
                ours: [
                    one["Address"] for one in listed if one["SubscriptionType"] == kind
                ]
                for ours, kind in _SUBSCRIBERS.items()
            }
            told.append({**from_cloud(_NOTIFICATION, entry), **addresses})
        return told


def _budget(name: str, inputs: Properties) -> Properties:
    """The budget as the API is given it, without what is empty."""
    budget: Properties = {
        "BudgetName": name,
        "BudgetType": inputs["budgetType"],
        "TimeUnit": inputs["timeUnit"],
        "TimePeriod": _period(inputs),
    }
    if inputs.get("limitAmount") is not None:
        budget["BudgetLimit"] = {
            "Amount": str(inputs["limitAmount"]),
            "Unit": inputs["limitUnit"],
        }
    if planned := inputs.get("plannedLimits"):
        budget["PlannedBudgetLimits"] = {
            str(int(_parsed(limit["startTime"]).timestamp())): {
                "Amount": limit["amount"],
                "Unit": limit["unit"],
            }
            for limit in planned
        }
    if filters := inputs.get("costFilters"):
        budget["CostFilters"] = {entry["name"]: entry["values"] for entry in filters}
    if auto := inputs.get("autoAdjustData"):
        budget["AutoAdjustData"] = _auto_adjusted(auto)
    for ours, theirs, value in (
        ("costTypes", "CostTypes", to_cloud(_COST_TYPES, inputs.get("costTypes"))),
        (
            "filterExpression",
            "FilterExpression",
            to_cloud(_FILTER, inputs.get("filterExpression")),
        ),
        ("metrics", "Metrics", inputs.get("metrics")),
        ("billingViewArn", "BillingViewArn", inputs.get("billingViewArn")),
    ):
        if inputs.get(ours):
            budget[theirs] = value
    return {key: value for key, value in budget.items() if value}


def _auto_adjusted(auto: Properties) -> Properties:
    """How the limit follows the forecast or the past."""
    data: Properties = {"AutoAdjustType": auto["autoAdjustType"]}
    if history := auto.get("historicalOptions"):
        data["HistoricalOptions"] = {
            "BudgetAdjustmentPeriod": history["budgetAdjustmentPeriod"]
        }
    return data


def _period(inputs: Properties) -> Properties:
    """When it begins and ends."""
    period = {
        "Start": inputs.get("timePeriodStart"),
        "End": inputs.get("timePeriodEnd") or NO_END,
    }
    return {key: _parsed(text) for key, text in period.items() if text}


def _parsed(text: str) -> datetime:
    return datetime.strptime(text, _PERIOD).replace(tzinfo=UTC)


def _period_told(period: Properties) -> Properties:
    told = {"timePeriodStart": period.get("Start"), "timePeriodEnd": period.get("End")}
    return {
        key: moment.astimezone(UTC).strftime(_PERIOD)
        for key, moment in told.items()
        if moment
    }


def _money_told(budget: Properties) -> Properties:
    told: Properties = {}
    if limit := budget.get("BudgetLimit"):
        told |= {"limitAmount": limit["Amount"], "limitUnit": limit["Unit"]}
    if planned := budget.get("PlannedBudgetLimits"):
        told["plannedLimits"] = [
            {
                "startTime": datetime.fromtimestamp(int(start), UTC).strftime(_PERIOD),
                "amount": limit["Amount"],
                "unit": limit["Unit"],
            }
            for start, limit in planned.items()
        ]
    return told


def _auto_told(auto: Properties | None) -> Properties:
    """How the limit follows the past, where it does."""
    if not auto:
        return {}
    told: Properties = {"autoAdjustType": auto["AutoAdjustType"]}
    if history := auto.get("HistoricalOptions"):
        period = {"budgetAdjustmentPeriod": history["BudgetAdjustmentPeriod"]}
        told["historicalOptions"] = period
    return {"autoAdjustData": told}


def _notification(entry: Properties) -> Properties:
    subscribers = [
        {"SubscriptionType": kind, "Address": address}
        for ours, kind in _SUBSCRIBERS.items()
        for address in entry.get(ours) or ()
    ]
    return {"Notification": to_cloud(_NOTIFICATION, entry), "Subscribers": subscribers}


def _bare(notification: Any) -> Properties:
    """The key of a notification, without its state. `Any`: boto3's untyped answer."""
    return {
        key: value for key, value in notification.items() if key != "NotificationState"
    }


KINDS: tuple[type[Kind], ...] = (Budget,)
