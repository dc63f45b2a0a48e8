"""What AWS refuses of one resource's inputs and no published model states."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from trivium_rehearsal.inference_profiles import is_foreign
from trivium_rehearsal.place import Place
from trivium_rehearsal.refusals.model import Refused, Values, items
from trivium_rehearsal.wire import Path, at

_PROFILE_ARN: Final = re.compile(
    r"arn:[^:]+:bedrock:(?P<region>[^:]*):[^:]*:inference-profile/(?P<profile>.+)"
)
_FILTERS: Final = ("filtersConfigs", "filtersConfig")
_TIERS: Final[tuple[Path, ...]] = (
    ("contentPolicyConfig", "tierConfigs", 0, "tierName"),
    ("topicPolicyConfig", "tierConfigs", 0, "tierName"),
    ("contentPolicyConfig", "contentFiltersTierConfig", "tierName"),
    ("topicPolicyConfig", "topicsTierConfig", "tierName"),
)
"""Where the two providers state a guardrail's tiers."""


def _guardrail(inputs: Values, _: Place) -> Iterator[Refused]:
    yield from _prompt_attack(inputs)
    yield from _tiers(inputs)


def _prompt_attack(inputs: Values) -> Iterator[Refused]:
    """Source: the error of Bedrock's ``CreateGuardrail``
    (hashicorp/terraform-provider-awscc#1905): prompts alone attack."""
    for name in _FILTERS:
        path: Path = ("contentPolicyConfig", name)
        for place, each in items(at(inputs, path), path):
            if not isinstance(each, dict) or each.get("type") != "PROMPT_ATTACK":
                continue
            strength = each.get("outputStrength")
            if isinstance(strength, str) and strength != "NONE":
                yield Refused(
                    (*place, "outputStrength"),
                    "found {found} for the filter PROMPT_ATTACK, AWS allows"
                    ' "NONE": an answer is no attack by prompt'
                    " (CreateGuardrail); the guardrail would not be made. Set NONE",
                )


def _tiers(inputs: Values) -> Iterator[Refused]:
    """Source: Bedrock API reference, ``GuardrailContentFiltersTierConfig`` and
    ``GuardrailTopicsTierConfig``: the tier "requires that your guardrail use
    cross-Region inference"."""
    if inputs.get("crossRegionConfig") is not None:
        return
    for path in _TIERS:
        if at(inputs, path) == "STANDARD":
            yield Refused(
                path,
                "found {found} without crossRegionConfig, AWS allows"
                ' "CLASSIC", or both (GuardrailContentFiltersTierConfig); the guardrail'
                " would not be made. Add crossRegionConfig, or choose CLASSIC",
            )


def _profile(inputs: Values, place: Place) -> Iterator[Refused]:
    """Source: Amazon Bedrock User Guide, "Supported Regions and models for inference
    profiles" (read 2026-11-22)."""
    path: Path = ("modelSource", "copyFrom")
    source = _PROFILE_ARN.fullmatch(str(at(inputs, path)))
    if source is None:
        return
    own = inputs.get("region") or place.stated_region
    for region in (source["region"], own):
        if isinstance(region, str) and is_foreign(source["profile"], region):
            yield Refused(
                path,
                f"found {{found}} in {region}, AWS allows a profile of the Region's own"
                " geography, or a global one (Amazon Bedrock User Guide, inference"
                " profiles); the profile would not be made. Choose another profile or"
                " Region",
            )
            return


Rule = Callable[[Values, Place], Iterator[Refused]]

RULES: Final[Mapping[str, Rule]] = {
    "aws:bedrock/guardrail:Guardrail": _guardrail,
    "aws-native:bedrock:Guardrail": _guardrail,
    "aws:bedrock/inferenceProfile:InferenceProfile": _profile,
    "aws-native:bedrock:ApplicationInferenceProfile": _profile,
}
"""Type token to what is refused of its inputs."""
