"""Amazon SNS: topics and their policies."""

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

_GONE = ("NotFound", "NotFoundException")

_TEXTS = {
    "displayName": "DisplayName",
    "policy": "Policy",
    "deliveryPolicy": "DeliveryPolicy",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "tracingConfig": "TracingConfig",
    "archivePolicy": "ArchivePolicy",
    "fifoThroughputScope": "FifoThroughputScope",
    "applicationFailureFeedbackRoleArn": "ApplicationFailureFeedbackRoleArn",
    "applicationSuccessFeedbackRoleArn": "ApplicationSuccessFeedbackRoleArn",
    "firehoseFailureFeedbackRoleArn": "FirehoseFailureFeedbackRoleArn",
    "firehoseSuccessFeedbackRoleArn": "FirehoseSuccessFeedbackRoleArn",
    "httpFailureFeedbackRoleArn": "HTTPFailureFeedbackRoleArn",
    "httpSuccessFeedbackRoleArn": "HTTPSuccessFeedbackRoleArn",
    "lambdaFailureFeedbackRoleArn": "LambdaFailureFeedbackRoleArn",
    "lambdaSuccessFeedbackRoleArn": "LambdaSuccessFeedbackRoleArn",
    "sqsFailureFeedbackRoleArn": "SQSFailureFeedbackRoleArn",
    "sqsSuccessFeedbackRoleArn": "SQSSuccessFeedbackRoleArn",
}
"""Property: topic attribute (SNS API reference, SetTopicAttributes); all attribute
values are text."""
_NUMBERS = {
    "signatureVersion": "SignatureVersion",
    "maximumMessageSize": "MaximumMessageSize",
    "applicationSuccessFeedbackSampleRate": "ApplicationSuccessFeedbackSampleRate",
    "firehoseSuccessFeedbackSampleRate": "FirehoseSuccessFeedbackSampleRate",
    "httpSuccessFeedbackSampleRate": "HTTPSuccessFeedbackSampleRate",
    "lambdaSuccessFeedbackSampleRate": "LambdaSuccessFeedbackSampleRate",
    "sqsSuccessFeedbackSampleRate": "SQSSuccessFeedbackSampleRate",
}
_SWITCHES = {
    "fifoTopic": "FifoTopic",
    "contentBasedDeduplication": "ContentBasedDeduplication",
}


def _attributes(inputs: Properties) -> dict[str, str]:
    """The topic's attributes as text."""
    texts = {
        theirs: str(inputs[ours])
        for ours, theirs in (_TEXTS | _NUMBERS).items()
        if inputs.get(ours) is not None
    }
    return {
        **texts,
        **{theirs: "true" for ours, theirs in _SWITCHES.items() if inputs.get(ours)},
    }


class Topic(Kind):
    """A topic; its id is the ARN."""

    token = "aws:sns/topic:Topic"
    unread = ("namePrefix",)

    def make(self, aws: Calls, inputs: Properties) -> str:
        answer = aws(
            "sns.create_topic",
            Name=named(self.token, inputs),
            Attributes=_attributes(inputs) or None,
            Tags=as_pairs(wanted_tags(inputs)) or None,
        )
        return str(answer["TopicArn"])

    def look(self, aws: Calls, id: str, known: Properties) -> Properties | None:
        answer = aws.maybe("sns.get_topic_attributes", *_GONE, TopicArn=id)
        if answer is None:
            return None
        told = answer["Attributes"]
        tags = aws("sns.list_tags_for_resource", ResourceArn=id).get("Tags")
        return {
            "arn": id,
            "name": id.rpartition(":")[2],
            "owner": told.get("Owner", ""),
            "beginningArchiveTime": told.get("BeginningArchiveTime", ""),
            **{
                ours: told[theirs]
                for ours, theirs in _TEXTS.items()
                if told.get(theirs)
            },
            **{
                ours: int(told[theirs])
                for ours, theirs in _NUMBERS.items()
                if told.get(theirs)
            },
            **{ours: told.get(theirs) == "true" for ours, theirs in _SWITCHES.items()},
            **told_tags(from_pairs(tags), known),
        }

    def change(
        self, aws: Calls, id: str, state: Properties, inputs: Properties
    ) -> None:
        wanted = _attributes(inputs)
        cleared = {
            theirs: ""
            for ours, theirs in _TEXTS.items()
            if state.get(ours) and ours != "policy"
        }
        for name, value in {**cleared, **wanted}.items():
            if name != "FifoTopic":  # fixed when the topic is made
                aws(
                    "sns.set_topic_attributes",
                    TopicArn=id,
                    AttributeName=name,
                    AttributeValue=value,
                )
        change = tag_change(
            from_pairs(aws("sns.list_tags_for_resource", ResourceArn=id).get("Tags")),
            inputs,
        )
        if change.put:
            aws("sns.tag_resource", ResourceArn=id, Tags=as_pairs(change.put))
        if change.gone:
            aws("sns.untag_resource", ResourceArn=id, TagKeys=change.gone)

    def remove(self, aws: Calls, id: str, state: Properties) -> None:
        aws.maybe("sns.delete_topic", *_GONE, TopicArn=id)


class TopicPolicy(Kind):
    """A topic's access policy as a resource of its own; its id is the topic's ARN."""

    token = "aws:sns/topicPolicy:TopicPolicy"

    def make(self, aws: Calls, inputs: Properties) -> str:
        self._put(aws, inputs["arn"], inputs["policy"])
        return str(inputs["arn"])

    def look(self, aws: Calls, id: str, known: Properties) -> Properties | None:
        answer = aws.maybe("sns.get_topic_attributes", *_GONE, TopicArn=id)
        if answer is None:
            return None
        told = answer["Attributes"]
        return {
            "arn": id,
            "owner": told.get("Owner", ""),
            "policy": told.get("Policy", ""),
        }

    def change(
        self, aws: Calls, id: str, state: Properties, inputs: Properties
    ) -> None:
        self._put(aws, id, inputs["policy"])

    def remove(self, aws: Calls, id: str, state: Properties) -> None:
        """A topic always has a policy: it gets back the one that AWS gives every new
        topic."""
        answer = aws.maybe("sns.get_topic_attributes", *_GONE, TopicArn=id)
        if answer is not None:
            self._put(
                aws, id, default_policy(id, answer["Attributes"].get("Owner", ""))
            )

    def _put(self, aws: Calls, arn: str, policy: str) -> None:
        aws(
            "sns.set_topic_attributes",
            TopicArn=arn,
            AttributeName="Policy",
            AttributeValue=policy,
        )


def default_policy(arn: str, owner: str) -> str:
    """The policy of a new topic: the owner's principals and nobody else (SNS developer
    guide)."""
    import json

    actions = (
        "GetTopicAttributes",
        "SetTopicAttributes",
        "AddPermission",
        "RemovePermission",
        "DeleteTopic",
        "Subscribe",
        "ListSubscriptionsByTopic",
        "Publish",
    )
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [f"SNS:{action}" for action in actions],
        "Resource": arn,
        "Condition": {"StringEquals": {"AWS:SourceOwner": owner}},
    }
    return json.dumps(
        {"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]}
    )


KINDS: tuple[type[Kind], ...] = (Topic, TopicPolicy)
