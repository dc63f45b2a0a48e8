"""Amazon Bedrock: guardrails, their versions, application inference profiles and
invocation logging."""

from typing import Any, ClassVar

from trivium_rehearsal.aws.calls import Calls
from trivium_rehearsal.aws.executed import Kind
from trivium_rehearsal.aws.shape import Shape, from_cloud, to_cloud
from trivium_rehearsal.aws.tags import (
    as_pairs,
    from_pairs,
    tag_change,
    told_tags,
    wanted_tags,
)
from trivium_rehearsal.execution import ExecutionError, Properties

_GONE = ("ResourceNotFoundException",)

_BOTH_WAYS: Shape = {
    key: key for key in ("inputAction", "inputEnabled", "outputAction", "outputEnabled")
}
_FILTER: Shape = {
    **_BOTH_WAYS,
    **{
        key: key
        for key in (
            "type",
            "inputStrength",
            "outputStrength",
            "inputModalities",
            "outputModalities",
        )
    },
}
_TOPIC: Shape = {key: key for key in ("name", "definition", "examples", "type")}
_WORD: Shape = {**_BOTH_WAYS, "text": "text"}
_WORD_LIST: Shape = {**_BOTH_WAYS, "type": "type"}
_ENTITY: Shape = {**_BOTH_WAYS, "action": "action", "type": "type"}
_REGEX: Shape = {
    **_BOTH_WAYS,
    **{key: key for key in ("action", "name", "pattern", "description")},
}
_GROUNDING: Shape = {"threshold": "threshold", "type": "type"}

_PARTS: dict[str, tuple[str, str, dict[str, tuple[str, str, Shape]]]] = {
    "contentPolicyConfig": (
        "contentPolicyConfig",
        "contentPolicy",
        {"filtersConfigs": ("filtersConfig", "filters", _FILTER)},
    ),
    "contextualGroundingPolicyConfig": (
        "contextualGroundingPolicyConfig",
        "contextualGroundingPolicy",
        {"filtersConfigs": ("filtersConfig", "filters", _GROUNDING)},
    ),
    "sensitiveInformationPolicyConfig": (
        "sensitiveInformationPolicyConfig",
        "sensitiveInformationPolicy",
        {
            "piiEntitiesConfigs": ("piiEntitiesConfig", "piiEntities", _ENTITY),
            "regexesConfigs": ("regexesConfig", "regexes", _REGEX),
        },
    ),
    "topicPolicyConfig": (
        "topicPolicyConfig",
        "topicPolicy",
        {"topicsConfigs": ("topicsConfig", "topics", _TOPIC)},
    ),
    "wordPolicyConfig": (
        "wordPolicyConfig",
        "wordPolicy",
        {
            "wordsConfigs": ("wordsConfig", "words", _WORD),
            "managedWordListsConfigs": (
                "managedWordListsConfig",
                "managedWordLists",
                _WORD_LIST,
            ),
        },
    ),
}
"""Property: the request's word, the answer's word, and the same three for the lists
inside with their elements. CreateGuardrail and GetGuardrail spell one policy
differently (Bedrock API reference)."""

_TIERED = ("contentPolicyConfig", "topicPolicyConfig")
"""Policies with a tier: a list of one in the provider, an object in the API."""


class Guardrail(Kind):
    """A guardrail's working draft; its id is ``guardrailId,DRAFT``, as an import spells
    it."""

    token = "aws:bedrock/guardrail:Guardrail"

    def make(self, aws: Calls, inputs: Properties) -> str:
        tags = as_pairs(wanted_tags(inputs), "key", "value") or None
        answer = aws(
            "bedrock.create_guardrail", tags=tags, **_guardrail_request(inputs)
        )
        return f"{answer['guardrailId']},{answer['version']}"

    def look(self, aws: Calls, id: str, known: Properties) -> Properties | None:
        guardrail, _, version = id.partition(",")
        answer = aws.maybe(
            "bedrock.get_guardrail",
            *_GONE,
            guardrailIdentifier=guardrail,
            guardrailVersion=version or "DRAFT",
        )
        if answer is None:
            return None
        tags = aws(
            "bedrock.list_tags_for_resource", resourceARN=answer["guardrailArn"]
        ).get("tags")
        told: Properties = {
            "name": answer["name"],
            "description": answer.get("description", ""),
            "guardrailId": answer["guardrailId"],
            "guardrailArn": answer["guardrailArn"],
            "version": answer["version"],
            "status": answer["status"],
            "createdAt": _time(answer["createdAt"]),
            "updatedAt": _time(answer["updatedAt"]),
            "blockedInputMessaging": answer["blockedInputMessaging"],
            "blockedOutputsMessaging": answer["blockedOutputsMessaging"],
            **_guardrail_parts(answer),
            **told_tags(from_pairs(tags, "key", "value"), known),
        }
        if key := answer.get("kmsKeyArn"):
            told["kmsKeyArn"] = key
        if cross := answer.get("crossRegionDetails"):
            told["crossRegionConfig"] = {
                "guardrailProfileIdentifier": (
                    cross.get("guardrailProfileArn") or cross.get("guardrailProfileId")
                )
            }
        return told

    def change(
        self, aws: Calls, id: str, state: Properties, inputs: Properties
    ) -> None:
        guardrail = id.partition(",")[0]
        aws(
            "bedrock.update_guardrail",
            guardrailIdentifier=guardrail,
            **_guardrail_request(inputs),
        )
        _retag(aws, str(state["guardrailArn"]), inputs)

    def remove(self, aws: Calls, id: str, state: Properties) -> None:
        aws.maybe(
            "bedrock.delete_guardrail", *_GONE, guardrailIdentifier=id.partition(",")[0]
        )


def _guardrail_request(inputs: Properties) -> Properties:
    """The part of a guardrail that creating and updating share."""
    request: Properties = {
        "name": inputs["name"],
        "description": inputs.get("description"),
        "blockedInputMessaging": inputs["blockedInputMessaging"],
        "blockedOutputsMessaging": inputs["blockedOutputsMessaging"],
        "kmsKeyId": inputs.get("kmsKeyArn"),
        "crossRegionConfig": inputs.get("crossRegionConfig"),
    }
    for ours, (asked, _, lists) in _PARTS.items():
        if (given := inputs.get(ours)) is None:
            continue
        part = {
            theirs: to_cloud(shape, given[inner])
            for inner, (theirs, _, shape) in lists.items()
            if given.get(inner) is not None
        }
        if ours in _TIERED and (tiers := given.get("tierConfigs")):
            part["tierConfig"] = tiers[0]
        request[asked] = part
    return request


def _guardrail_parts(answer: Properties) -> Properties:
    """The policies of a guardrail in the provider's spelling."""
    told: Properties = {}
    for ours, (_, answered, lists) in _PARTS.items():
        if not (part := answer.get(answered)):
            continue
        told[ours] = {
            inner: from_cloud(shape, part[theirs])
            for inner, (_, theirs, shape) in lists.items()
            if theirs in part
        }
        if ours in _TIERED and (tier := part.get("tier")):
            told[ours]["tierConfigs"] = [tier]
    return told


class GuardrailVersion(Kind):
    """A numbered, unchangeable copy of a guardrail; its id is
    ``guardrailArn,version``."""

    token = "aws:bedrock/guardrailVersion:GuardrailVersion"
    unread = ("skipDestroy",)

    def make(self, aws: Calls, inputs: Properties) -> str:
        arn, description = inputs["guardrailArn"], inputs.get("description")
        answer = aws(
            "bedrock.create_guardrail_version",
            guardrailIdentifier=_guardrail_id(arn),
            description=description,
        )
        return f"{arn},{answer['version']}"

    def look(self, aws: Calls, id: str, known: Properties) -> Properties | None:
        arn, _, version = id.rpartition(",")
        answer = aws.maybe(
            "bedrock.get_guardrail",
            *_GONE,
            guardrailIdentifier=_guardrail_id(arn),
            guardrailVersion=version,
        )
        if answer is None or answer["version"] != version:
            return None
        return {
            "guardrailArn": arn,
            "version": version,
            "description": answer.get("description", ""),
        }

    def change(
        self, aws: Calls, id: str, state: Properties, inputs: Properties
    ) -> None:
        """Nothing can change but `skipDestroy`, which only the state holds."""

    def remove(self, aws: Calls, id: str, state: Properties) -> None:
        """Left to the guardrail's own deletion, which takes its versions along.

        AWS's DeleteGuardrail with a version deletes that version; MiniStack's deletes
        the guardrail with all of them.
        """


def _guardrail_id(arn: str) -> str:
    """AWS takes either; MiniStack finds no route for an ARN in the path."""
    return arn.rpartition("/")[2]


class InferenceProfile(Kind):
    """An application inference profile: a copy of a model or system profile that bears
    cost tags."""

    token = "aws:bedrock/inferenceProfile:InferenceProfile"
    unread = ("modelSource",)

    def make(self, aws: Calls, inputs: Properties) -> str:
        answer = aws(
            "bedrock.create_inference_profile",
            inferenceProfileName=inputs["name"],
            description=inputs.get("description"),
            modelSource=inputs["modelSource"],
            tags=as_pairs(wanted_tags(inputs), "key", "value") or None,
        )
        return str(answer["inferenceProfileArn"]).rpartition("/")[2]

    def look(self, aws: Calls, id: str, known: Properties) -> Properties | None:
        answer = aws.maybe(
            "bedrock.get_inference_profile", *_GONE, inferenceProfileIdentifier=id
        )
        if answer is None:
            return None
        arn = answer["inferenceProfileArn"]
        return {
            "name": answer["inferenceProfileName"],
            "arn": arn,
            "description": answer.get("description", ""),
            "models": [
                {"modelArn": model["modelArn"]} for model in answer.get("models", ())
            ],
            "status": answer["status"],
            "type": answer["type"],
            "createdAt": _time(answer["createdAt"]),
            "updatedAt": _time(answer["updatedAt"]),
            **told_tags(
                from_pairs(
                    aws("bedrock.list_tags_for_resource", resourceARN=arn).get("tags"),
                    "key",
                    "value",
                ),
                known,
            ),
        }

    def change(
        self, aws: Calls, id: str, state: Properties, inputs: Properties
    ) -> None:
        """Only tags can change; everything else replaces the profile."""
        _retag(aws, str(state["arn"]), inputs)

    def remove(self, aws: Calls, id: str, state: Properties) -> None:
        aws.maybe(
            "bedrock.delete_inference_profile", *_GONE, inferenceProfileIdentifier=id
        )


def _retag(aws: Calls, arn: str, inputs: Properties) -> None:
    told = from_pairs(
        aws("bedrock.list_tags_for_resource", resourceARN=arn).get("tags"),
        "key",
        "value",
    )
    change = tag_change(told, inputs)
    if change.put:
        aws(
            "bedrock.tag_resource",
            resourceARN=arn,
            tags=as_pairs(change.put, "key", "value"),
        )
    if change.gone:
        aws("bedrock.untag_resource", resourceARN=arn, tagKeys=change.gone)


def _time(moment: Any) -> str:
    """RFC 3339, as the provider writes times. `Any`: a datetime from boto3's untyped
    answer."""
    return str(moment.strftime("%Y-%m-%dT%H:%M:%SZ"))


_S3: Shape = {"bucketName": "bucketName", "keyPrefix": "keyPrefix"}
_LOGGING: Shape = {
    "cloudwatchConfig": (
        "cloudWatchConfig",
        {
            "logGroupName": "logGroupName",
            "roleArn": "roleArn",
            "largeDataDeliveryS3Config": ("largeDataDeliveryS3Config", _S3),
        },
    ),
    "s3Config": ("s3Config", _S3),
    "textDataDeliveryEnabled": "textDataDeliveryEnabled",
    "imageDataDeliveryEnabled": "imageDataDeliveryEnabled",
    "embeddingDataDeliveryEnabled": "embeddingDataDeliveryEnabled",
    "videoDataDeliveryEnabled": "videoDataDeliveryEnabled",
}


class InvocationLoggingConfiguration(Kind):
    """Where model invocations are logged: one per account and Region, so its id is the
    Region."""

    token = (
        "aws:bedrockmodel/invocationLoggingConfiguration:InvocationLoggingConfiguration"
    )

    _DELIVERIES: ClassVar[tuple[str, ...]] = (
        "textDataDeliveryEnabled",
        "imageDataDeliveryEnabled",
        "embeddingDataDeliveryEnabled",
        "videoDataDeliveryEnabled",
    )
    """Left out, each is true (the provider's default, from the Bedrock API
    reference)."""

    def make(self, aws: Calls, inputs: Properties) -> str:
        self._put(aws, inputs)
        return aws.region

    def look(self, aws: Calls, id: str, known: Properties) -> Properties | None:
        answer = aws("bedrock.get_model_invocation_logging_configuration").get(
            "loggingConfig"
        )
        return {"loggingConfig": from_cloud(_LOGGING, answer)} if answer else None

    def change(
        self, aws: Calls, id: str, state: Properties, inputs: Properties
    ) -> None:
        self._put(aws, inputs)

    def remove(self, aws: Calls, id: str, state: Properties) -> None:
        aws("bedrock.delete_model_invocation_logging_configuration")

    def _put(self, aws: Calls, inputs: Properties) -> None:
        if not (given := inputs.get("loggingConfig")):
            raise ExecutionError(
                f"{self.token}: `loggingConfig` is missing; without it nothing would be"
                " logged. Set it, with an `s3Config` or a `cloudwatchConfig`."
            )
        configuration = {
            **dict.fromkeys(self._DELIVERIES, True),
            **to_cloud(_LOGGING, given),
        }
        aws(
            "bedrock.put_model_invocation_logging_configuration",
            loggingConfig=configuration,
        )


KINDS: tuple[type[Kind], ...] = (
    Guardrail,
    GuardrailVersion,
    InferenceProfile,
    InvocationLoggingConfiguration,
)
