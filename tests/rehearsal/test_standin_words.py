"""What a cloud refuses by its words or its errors alone: each refused row has a
neighbour that is accepted."""

from typing import Any

import pytest

from trivium_rehearsal.checks import check
from trivium_rehearsal.place import Place, place_of
from trivium_rehearsal.sdk import resource_type
from trivium_rehearsal.wire import UNKNOWN, Bag, Path, path_text

FRANKFURT = Place(region="eu-central-1", stated_region="eu-central-1")
GUARDRAIL, N_GUARDRAIL = (
    "aws:bedrock/guardrail:Guardrail",
    "aws-native:bedrock:Guardrail",
)
PROFILE = "aws:bedrock/inferenceProfile:InferenceProfile"
N_PROFILE = "aws-native:bedrock:ApplicationInferenceProfile"
PERIMETER = "gcp:accesscontextmanager/servicePerimeter:ServicePerimeter"
PERIMETERS = "gcp:accesscontextmanager/servicePerimeters:ServicePerimeters"
JOINED = "gcp:accesscontextmanager/servicePerimeterResource:ServicePerimeterResource"
ZONE = "azure-native:privatedns:PrivateZone"
LINK = "azure-native:privatedns:VirtualNetworkLink"
ENDPOINT, GENERIC = (
    "azure-native:network:PrivateEndpoint",
    "azure-native:resources:Resource",
)
ACCOUNT = (
    "/subscriptions/s/resourceGroups/g/providers"
    "/Microsoft.CognitiveServices/accounts/claude"
)
VAULT = "/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v"

MESSAGES = {"blockedInputMessaging": "no", "blockedOutputsMessaging": "no"}


def content(**config: Any) -> dict[str, Any]:
    return {**MESSAGES, "name": "g", "contentPolicyConfig": config}


def strength(kind: str, output: object) -> dict[str, Any]:
    given = {"type": kind, "inputStrength": "HIGH", "outputStrength": output}
    return content(filtersConfigs=[given])


def n_strength(output: object) -> dict[str, Any]:
    given = {"type": "PROMPT_ATTACK", "inputStrength": "HIGH", "outputStrength": output}
    return content(filtersConfig=[given])


HATE = {"type": "HATE", "inputStrength": "HIGH", "outputStrength": "HIGH"}
TOPIC = {"name": "t", "type": "DENY", "definition": "d"}
ACROSS = {
    "crossRegionConfig": {
        "guardrailProfileIdentifier": (
            "arn:aws:bedrock:eu-central-1:000000000000:guardrail-profile"
            "/eu.guardrail.v1:0"
        )
    }
}
STANDARD = content(filtersConfigs=[HATE], tierConfigs=[{"tierName": "STANDARD"}])


def source(name: str, region: str = "eu-central-1") -> dict[str, Any]:
    arn = f"arn:aws:bedrock:{region}:000000000000:inference-profile/{name}"
    return {"name": "p", "modelSource": {"copyFrom": arn}}


CLAUDE = "anthropic.claude-sonnet-5-5"


def perimeter(mode: str = "status", **config: Any) -> dict[str, Any]:
    return {"parent": "accessPolicies/1", "title": "t", mode: config}


def endpoint(group: object, owner: object = ACCOUNT, **more: Any) -> dict[str, Any]:
    connection = {"name": "c", "privateLinkServiceId": owner, "groupIds": [group]}
    return {
        "resourceGroupName": "g",
        "privateLinkServiceConnections": [connection],
        **more,
    }


def deployment(
    industry: object, namespace: str = "Microsoft.CognitiveServices"
) -> dict[str, Any]:
    given = {"organizationName": "o", "countryCode": "DE", "industry": industry}
    return {
        "resourceGroupName": "g",
        "resourceProviderNamespace": namespace,
        "parentResourcePath": "accounts/claude",
        "resourceType": "deployments",
        "resourceName": "sonnet",
        "apiVersion": "2025-10-01-preview",
        "properties": {"modelProviderData": given},
    }


Row = tuple[str, dict[str, Any], str, tuple[str, ...]]

REFUSED: dict[str, Row] = {
    "an attack by prompt in an answer": (
        GUARDRAIL,
        strength("PROMPT_ATTACK", "HIGH"),
        "contentPolicyConfig.filtersConfigs[0].outputStrength",
        ('found string "HIGH"', 'AWS allows "NONE"', "Set NONE"),
    ),
    "an attack by prompt in an answer, of the other provider": (
        N_GUARDRAIL,
        n_strength("LOW"),
        "contentPolicyConfig.filtersConfig[0].outputStrength",
        ('found string "LOW"', 'AWS allows "NONE"'),
    ),
    "the standard tier of a guardrail in one Region": (
        GUARDRAIL,
        STANDARD,
        "contentPolicyConfig.tierConfigs[0].tierName",
        ('found string "STANDARD" without crossRegionConfig', "choose CLASSIC"),
    ),
    "the standard tier of topics in one Region": (
        N_GUARDRAIL,
        {
            **MESSAGES,
            "topicPolicyConfig": {
                "topicsConfig": [TOPIC],
                "topicsTierConfig": {"tierName": "STANDARD"},
            },
        },
        "topicPolicyConfig.topicsTierConfig.tierName",
        ("without crossRegionConfig",),
    ),
    "an American profile in Frankfurt": (
        PROFILE,
        source(f"us.{CLAUDE}"),
        "modelSource.copyFrom",
        (
            f"inference-profile/us.{CLAUDE[:10]}",
            "in eu-central-1, AWS allows a profile of the Region's own geography",
        ),
    ),
    "an American profile in Frankfurt, of the other provider": (
        N_PROFILE,
        {
            "inferenceProfileName": "p",
            "modelSource": source(f"us.{CLAUDE}")["modelSource"],
        },
        "modelSource.copyFrom",
        ("in eu-central-1",),
    ),
    "a European profile in a Region that the resource itself names": (
        PROFILE,
        {**source(f"eu.{CLAUDE}", "us-east-1"), "region": "us-east-1"},
        "modelSource.copyFrom",
        ("in us-east-1",),
    ),
    "a profile of another Region than the provider's": (
        PROFILE,
        source(f"us.{CLAUDE}", "us-east-1"),
        "modelSource.copyFrom",
        ("in eu-central-1",),
    ),
    "every service of a perimeter": (
        PERIMETER,
        perimeter(restrictedServices=["storage.googleapis.com", "*"]),
        "status.restrictedServices[1]",
        ('found string "*"', "Google Cloud allows services by name", "Name each"),
    ),
    "every service that a network may reach": (
        PERIMETER,
        perimeter(
            "spec",
            vpcAccessibleServices={"enableRestriction": True, "allowedServices": ["*"]},
        ),
        "spec.vpcAccessibleServices.allowedServices[0]",
        ("Name each service",),
    ),
    "a project by its id": (
        PERIMETER,
        perimeter(resources=["projects/1", "projects/my-project"]),
        "status.resources[1]",
        ('found string "projects/my-project"', "projects/NUMBER", "not its id"),
    ),
    "a project by its id, in a list of perimeters": (
        PERIMETERS,
        {
            "parent": "accessPolicies/1",
            "servicePerimeters": [
                {"name": "n", "title": "t", "status": {"resources": ["my-project"]}}
            ],
        },
        "servicePerimeters[0].status.resources[0]",
        ("projects/NUMBER",),
    ),
    "a project that joins by its id": (
        JOINED,
        {"perimeterName": "n", "resource": "projects/my-project"},
        "resource",
        ("projects/NUMBER",),
    ),
    "a private zone in a Region": (
        ZONE,
        {"resourceGroupName": "g", "location": "swedencentral"},
        "location",
        ('found string "swedencentral"', 'Azure allows "global"', "Set global"),
    ),
    "a link of a zone in a Region": (
        LINK,
        {"resourceGroupName": "g", "privateZoneName": "z", "location": "eastus2"},
        "location",
        ('Azure allows "global"',),
    ),
    "a private endpoint of OpenAI's group": (
        ENDPOINT,
        endpoint("openai"),
        "privateLinkServiceConnections[0].groupIds[0]",
        ('found string "openai"', 'Azure allows "account"', "Set account"),
    ),
    "a private endpoint of OpenAI's group that somebody has to approve": (
        ENDPOINT,
        {
            "resourceGroupName": "g",
            "manualPrivateLinkServiceConnections": [
                {"name": "c", "privateLinkServiceId": ACCOUNT, "groupIds": ["openai"]}
            ],
        },
        "manualPrivateLinkServiceConnections[0].groupIds[0]",
        ('Azure allows "account"',),
    ),
    "an industry with a capital": (
        GENERIC,
        deployment("Finance"),
        "properties.modelProviderData.industry",
        ('found string "Finance"', "in lower case, such as finance"),
    ),
}

ACCEPTED: dict[str, tuple[str, dict[str, Any]]] = {
    "an attack by prompt in a prompt": (GUARDRAIL, strength("PROMPT_ATTACK", "NONE")),
    "an attack by prompt, not known yet": (
        GUARDRAIL,
        strength("PROMPT_ATTACK", UNKNOWN),
    ),
    "hate in an answer": (GUARDRAIL, strength("HATE", "HIGH")),
    "an attack by prompt in a prompt, of the other provider": (
        N_GUARDRAIL,
        n_strength("NONE"),
    ),
    "the standard tier across Regions": (GUARDRAIL, {**STANDARD, **ACROSS}),
    "the standard tier across Regions that are not known yet": (
        GUARDRAIL,
        {**STANDARD, "crossRegionConfig": UNKNOWN},
    ),
    "the classic tier in one Region": (
        GUARDRAIL,
        content(filtersConfigs=[HATE], tierConfigs=[{"tierName": "CLASSIC"}]),
    ),
    "a European profile in Frankfurt": (PROFILE, source(f"eu.{CLAUDE}")),
    "a global profile in Frankfurt": (PROFILE, source(f"global.{CLAUDE}")),
    "an American profile where the resource says Virginia": (
        PROFILE,
        {**source(f"us.{CLAUDE}", "us-east-1"), "region": "us-east-1"},
    ),
    "an American profile in a Region that no list names yet": (
        PROFILE,
        {**source(f"us.{CLAUDE}", "ca-west-1"), "region": "ca-west-1"},
    ),
    "a model in Frankfurt": (
        PROFILE,
        {
            "name": "p",
            "modelSource": {
                "copyFrom": f"arn:aws:bedrock:eu-central-1::foundation-model/{CLAUDE}"
            },
        },
    ),
    "a perimeter by names and numbers": (
        PERIMETER,
        perimeter(
            resources=[
                "projects/123456789012",
                "folders/1",
                "//compute.googleapis.com/projects/p/global/networks/n",
                UNKNOWN,
            ],
            restrictedServices=["aiplatform.googleapis.com", UNKNOWN],
            vpcAccessibleServices={
                "enableRestriction": True,
                "allowedServices": ["RESTRICTED-SERVICES"],
            },
            ingressPolicies=[
                {
                    "ingressTo": {
                        "resources": ["*"],
                        "operations": [{"serviceName": "*"}],
                    }
                }
            ],
        ),
    ),
    "a project that joins by its number": (
        JOINED,
        {"perimeterName": "n", "resource": "projects/123456789012"},
    ),
    "a global zone": (ZONE, {"resourceGroupName": "g", "location": "Global"}),
    "a private endpoint of the account": (ENDPOINT, endpoint("account")),
    "a private endpoint of something else": (ENDPOINT, endpoint("vault", VAULT)),
    "a private endpoint of what is not known yet": (ENDPOINT, endpoint("x", UNKNOWN)),
    "an industry in lower case": (GENERIC, deployment("finance")),
    "an industry that is not known yet": (GENERIC, deployment(UNKNOWN)),
    "a capital in what another provider calls industry": (
        GENERIC,
        deployment("Finance", "Microsoft.Solutions"),
    ),
}


def refused(
    token: str, inputs: dict[str, Any], secrets: frozenset[Path] = frozenset()
) -> dict[str, str]:
    verdict = check(resource_type(token), Bag(inputs, secrets), FRANKFURT)
    return {path_text(failure.path): failure.reason for failure in verdict.failures}


@pytest.mark.parametrize("sentence", REFUSED)
def test_a_cloud_refuses(sentence: str) -> None:
    token, inputs, path, words = REFUSED[sentence]
    found = refused(token, inputs)
    assert list(found) == [path]
    assert [word for word in words if word not in found[path]] == [], found[path]


@pytest.mark.parametrize("sentence", ACCEPTED)
def test_a_cloud_accepts_the_neighbour(sentence: str) -> None:
    token, inputs = ACCEPTED[sentence]
    assert refused(token, inputs) == {}


def test_a_secret_value_is_not_shown() -> None:
    path = ("properties", "modelProviderData", "industry")
    (text,) = refused(GENERIC, deployment("Hunter2"), frozenset({path})).values()
    assert "found a secret (string)" in text
    assert "Hunter2" not in text


def test_a_provider_that_names_no_region_judges_by_the_profiles_own() -> None:
    european = Bag(source(f"eu.{CLAUDE}"))
    assert check(resource_type(PROFILE), european).failures == ()
    assert place_of("aws", {}).stated_region == ""
    assert place_of("aws", {"region": "eu-west-1"}).stated_region == "eu-west-1"
