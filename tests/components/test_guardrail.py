"""The guardrail on Bedrock: what it filters, and in which Regions."""

import json
from typing import Any

import botocore.session
import pytest

from tests.components.conftest import CONFIG, declared, settings_with
from tests.components.recording import PROFILE_REGIONS, Recording, statements
from trivium.errors import ConfigurationError, ResidencyError, TriviumError
from trivium_components.aws import guardrail
from trivium_components.aws.guardrail import PLAIN, GuardrailFilters
from trivium_components.settings.guardrail import SENSITIVE

ACCOUNT = "111122223333"


def with_guardrail(**keys: Any) -> Recording:
    """AWS with some keys of `aws.guardrail`. Any: what YAML holds."""
    aws = {**CONFIG["trivium:aws"], "guardrail": keys}
    return declared("aws", settings_with(aws=aws))


@pytest.fixture(scope="module")
def across() -> Recording:
    """A guardrail of tier `standard`, across the Regions of the zone."""
    return with_guardrail(tier="standard", cross_region=True)


OPTIONS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    # case: (keys, what the guardrail has on the wire). Any: free-form.
    "nothing is added without being asked for": (
        {},
        {
            "sensitiveInformationPolicyConfig": None,
            "contextualGroundingPolicyConfig": None,
            "crossRegionConfig": None,
        },
    ),
    "sensitive information is blocked or masked": (
        {"block": ["PIN"], "mask": ["EMAIL"]},
        {
            "sensitiveInformationPolicyConfig": {
                "piiEntitiesConfigs": [
                    {"type": "PIN", "action": "BLOCK"},
                    {"type": "EMAIL", "action": "ANONYMIZE"},
                ]
            }
        },
    ),
    "both scores are thresholds": (
        {"grounding": 0.7, "relevance": 0.5},
        {
            "contextualGroundingPolicyConfig": {
                "filtersConfigs": [
                    {"type": "GROUNDING", "threshold": 0.7},
                    {"type": "RELEVANCE", "threshold": 0.5},
                ]
            }
        },
    ),
    "a score of zero is no threshold": (
        {"grounding": 0, "relevance": 0.5},
        {
            "contextualGroundingPolicyConfig": {
                "filtersConfigs": [{"type": "RELEVANCE", "threshold": 0.5}]
            }
        },
    ),
    "the profile of the geography is used across Regions": (
        {"cross_region": True},
        {"crossRegionConfig": {"guardrailProfileIdentifier": "us.guardrail.v1:0"}},
    ),
}


@pytest.mark.parametrize(("keys", "wire"), OPTIONS.values(), ids=OPTIONS)
def test_an_option_reaches_the_guardrail(
    keys: dict[str, Any], wire: dict[str, Any]
) -> None:
    found = with_guardrail(**keys).only(":Guardrail")
    assert {name: found.get(name) for name in wire} == wire


def test_the_tier_is_only_stated_if_it_is_not_the_default(
    aws: Recording, across: Recording
) -> None:
    assert "tierConfigs" not in aws.only(":Guardrail")["contentPolicyConfig"]
    assert across.only(":Guardrail")["contentPolicyConfig"]["tierConfigs"] == [
        {"tierName": "STANDARD"}
    ]


def test_the_role_and_the_endpoint_admit_the_profile_in_every_destination(
    across: Recording,
) -> None:
    profiles = {
        f"arn:aws:bedrock:{region}:{ACCOUNT}:guardrail-profile/us.guardrail.v1:0"
        for region in PROFILE_REGIONS["us"]
    }
    role = statements(across.named("aws-identity-guardrail")["policy"])
    endpoint = json.loads(across.named("aws-network-bedrock-runtime")["policy"])
    assert profiles <= set(role["ApplyGuardrail"]["Resource"])
    assert profiles <= set(endpoint["Statement"][0]["Resource"])
    condition = role["DenyWithoutGuardrail"]["Condition"]["StringNotEquals"]
    assert "guardrail-profile" not in json.dumps(condition)


def test_without_other_regions_no_profile_is_admitted(aws: Recording) -> None:
    written = json.dumps([dict(found.inputs) for found in aws.resources])
    assert "guardrail-profile" not in written


def test_other_filters_make_another_version_and_plain_ones_keep_theirs() -> None:
    masks: GuardrailFilters = {**PLAIN, "mask": ["EMAIL"]}
    assert guardrail.digest(PLAIN) == "669993ca2e8d"
    assert guardrail.digest(masks) != guardrail.digest(PLAIN)


REFUSED: dict[str, tuple[GuardrailFilters, dict[str, str], type[TriviumError], str]] = {
    # case: (filters, what differs from zone `us` and scope `geo`, error, its text)
    "a tier that does not exist": (
        {**PLAIN, "tier": "STANDARD"},
        {},
        ConfigurationError,
        "`tier` is `STANDARD`; expected `classic` or `standard`",
    ),
    "the standard tier in one Region": (
        {**PLAIN, "tier": "standard"},
        {},
        ConfigurationError,
        "only across Regions",
    ),
    "a profile that leaves the zone": (
        {**PLAIN, "cross_region": True},
        {"zone": "eu"},
        ResidencyError,
        "us-east-1, us-east-2, us-west-2, which is not known to lie in zone `eu`",
    ),
    "a profile that leaves the Region of regional inference": (
        {**PLAIN, "cross_region": True},
        {"scope": "regional"},
        ResidencyError,
        "may judge prompts in us-east-2, us-west-2",
    ),
    "a Region without a known profile": (
        {**PLAIN, "cross_region": True},
        {"region": "ap-southeast-4", "zone": "worldwide"},
        ConfigurationError,
        "knows no guardrail profile",
    ),
}


@pytest.mark.parametrize(
    ("filters", "place", "error", "says"), REFUSED.values(), ids=REFUSED
)
def test_a_guardrail_that_leaves_its_place_is_refused(
    filters: GuardrailFilters,
    place: dict[str, str],
    error: type[TriviumError],
    says: str,
) -> None:
    here = {"account": ACCOUNT, "region": "us-east-1", "zone": "us", "scope": "geo"}
    with pytest.raises(error, match=says):
        guardrail.profiles(filters, **{**here, **place})


def test_the_kinds_of_sensitive_information_are_those_of_the_api() -> None:
    bedrock = botocore.session.get_session().get_service_model("bedrock")
    assert sorted(SENSITIVE) == sorted(bedrock.shape_for("GuardrailPiiEntityType").enum)
