"""Where MiniStack 1.5.33 speaks differently from AWS, put right on the wire, so that
the executors meet AWS's manners.

Each repair is one hook on a boto3 client. It changes spelling only: what is kept and
what is not stays the emulator's own doing.
"""

import json
from typing import Any

_ANSWERED = {
    "contentPolicy": {"filtersConfig": "filters", "tierConfig": "tier"},
    "contextualGroundingPolicy": {"filtersConfig": "filters"},
    "topicPolicy": {"topicsConfig": "topics", "tierConfig": "tier"},
    "wordPolicy": {
        "wordsConfig": "words",
        "managedWordListsConfig": "managedWordLists",
    },
    "sensitiveInformationPolicy": {
        "piiEntitiesConfig": "piiEntities",
        "regexesConfig": "regexes",
    },
}
"""GetGuardrail's policies: what MiniStack answers (the request's words) and what AWS
does (Bedrock API reference)."""

_REPLACED = (
    "description",
    "topicPolicyConfig",
    "contentPolicyConfig",
    "wordPolicyConfig",
    "sensitiveInformationPolicyConfig",
    "contextualGroundingPolicyConfig",
    "kmsKeyId",
)
"""UpdateGuardrail replaces the whole guardrail: what is left out is gone. MiniStack
forgets only what it is told to."""


def repair(client: Any, service: str) -> None:
    """Hook the repairs of one service into its client. `Any`: boto3 is untyped."""
    if service == "bedrock":
        client.meta.events.register(
            "before-parse.bedrock.GetGuardrail", _respell_answer
        )
        client.meta.events.register(
            "before-call.bedrock.UpdateGuardrail", _name_what_goes
        )


def _respell_answer(response_dict: dict[str, Any], **_: Any) -> None:
    """Give GetGuardrail's answer the words that AWS uses, or boto3 would drop what it
    does not know."""
    if response_dict["status_code"] != 200:
        return
    answer = json.loads(response_dict["body"])
    for policy, words in _ANSWERED.items():
        if part := answer.get(policy):
            answer[policy] = {words.get(key, key): value for key, value in part.items()}
    response_dict["body"] = json.dumps(answer).encode()


def _name_what_goes(params: dict[str, Any], **_: Any) -> None:
    """Send null for every policy that the request leaves out."""
    body = json.loads(params["body"])
    params["body"] = json.dumps({**dict.fromkeys(_REPLACED), **body}).encode()
