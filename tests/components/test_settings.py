"""A stack file with a mistake: what the error tells the platform team."""

import json
from inspect import signature
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.components.conftest import CONFIG, UUID, settings_with
from tests.components.mistakes import MISTAKES, Config, Spoil, drop, put
from trivium.errors import SettingsError
from trivium.vocabulary import catalogue
from trivium_components.configuration import read_settings
from trivium_components.settings import Settings, contradictions
from trivium_components.settings.key import key_of, section_of
from trivium_components.settings.reference import reference, type_name


@pytest.mark.parametrize(("spoil", "says", "advises"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_told_with_key_value_and_remedy(
    config: Config, spoil: Spoil, says: str, advises: str
) -> None:
    spoil(config)
    with pytest.raises(SettingsError) as caught:
        read_settings("test", config)
    told = [sentence for sentence in caught.value.problems if says in sentence]
    assert told, caught.value.problems
    assert advises in told[0]
    assert all(
        sentence.startswith("stacks/Pulumi.test.yaml: `trivium:")
        for sentence in caught.value.problems
    )


@pytest.mark.parametrize(("spoil", "says", "advises"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_told_once(
    config: Config, spoil: Spoil, says: str, advises: str
) -> None:
    spoil(config)
    with pytest.raises(SettingsError) as caught:
        read_settings("test", config)
    assert len(caught.value.problems) == len(set(caught.value.problems))


def test_all_mistakes_are_told_at_once_also_contradictions_beside_typos(
    config: Config,
) -> None:
    put("budget", 3)(config)
    put("azure.capacity", 0)(config)
    put("roles.triage", "opus")(config)
    drop("models.opus")(config)
    put("retention.preset", "operational-30d")(config)
    with pytest.raises(SettingsError) as caught:
        read_settings("test", config)
    keys = [sentence.split("`")[1] for sentence in caught.value.problems]
    assert set(keys) == {
        "trivium:budget",
        "trivium:azure.capacity",
        "trivium:roles.triage",
        "trivium:retention.preset",
    }
    assert "has 4 problems" in str(caught.value)


def test_every_contradiction_looks_at_keys_that_there_are() -> None:
    known = {*Settings.model_fields, "catalogue"}
    for rule in contradictions.RULES:
        assert signature(rule).parameters.keys() <= known, rule.__name__


def test_values_as_the_engine_hands_them_over_give_the_same_settings() -> None:
    as_text = {
        key: value if isinstance(value, str) else json.dumps(value)
        for key, value in CONFIG.items()
    }
    assert read_settings("test", as_text) == settings_with()


def test_a_text_that_was_meant_as_json_is_told_like_any_wrong_value(
    config: Config,
) -> None:
    config["trivium:network"] = '{"cidr": '
    with pytest.raises(SettingsError, match="`trivium:network` is"):
        read_settings("test", config)


def test_keys_of_other_namespaces_are_left_alone(config: Config) -> None:
    config["aws:region"] = "anything"
    assert read_settings("test", config) == settings_with()


def test_a_secret_value_is_never_repeated(config: Config) -> None:
    put("deployment", "Hunter2!")(config)
    with pytest.raises(SettingsError) as caught:
        read_settings("test", config, secret_keys=frozenset({"trivium:deployment"}))
    assert "Hunter2!" not in str(caught.value)
    assert "a secret value, not shown" in str(caught.value)


ZONES_INSTEAD = {
    # case: (Region, zones as configured, the zone suggested for each wrong entry)
    "two zones of another Region": (
        "us-west-2",
        ["us-east-1a", "us-east-1b"],
        {0: "us-west-2a", 1: "us-west-2b"},
    ),
    "a zone of another Region before one that can stay": (
        "us-east-1",
        ["us-west-2a", "us-east-1a"],
        {0: "us-east-1b"},
    ),
    "a zone three times": (
        "us-east-1",
        ["us-east-1a"] * 3,
        {1: "us-east-1b", 2: "us-east-1c"},
    ),
    "two Regions in the place of zones": (
        "us-east-1",
        ["us-east-1", "us-east-2"],
        {0: "us-east-1a", 1: "us-east-1b"},
    ),
    "two empty entries and a zone": (
        "us-east-1",
        [None, "us-east-1b", None],
        {0: "us-east-1a", 2: "us-east-1c"},
    ),
}


@pytest.mark.parametrize(
    ("region", "zones", "suggested"), ZONES_INSTEAD.values(), ids=ZONES_INSTEAD
)
def test_each_wrong_zone_gets_a_suggestion_of_its_own(
    config: Config, region: str, zones: list[str | None], suggested: dict[int, str]
) -> None:
    put("aws.region", region)(config)
    put("aws.availability_zones", zones)(config)
    with pytest.raises(SettingsError) as caught:
        read_settings("test", config)
    command = "`pulumi config set --stack test --path 'trivium:aws.availability_zones"
    assert [sentence.split(command)[1] for sentence in caught.value.problems] == [
        f"[{index}]' {zone}`." for index, zone in suggested.items()
    ]


def test_zones_without_a_usable_region_are_told_with_the_general_example(
    config: Config,
) -> None:
    put("aws.region", 7)(config)
    put("aws.availability_zones", [None, "us-east-1b"])(config)
    with pytest.raises(SettingsError, match=r"availability_zones\[0\]' us-east-1a`"):
        read_settings("test", config)


CREDENTIALS = {
    "a password": "https://user:hunter2@siem.example.com",
    "a password with an at sign": "https://user:p@hunter2@siem.example.com",
    "a password that is not encoded": 'https://user:p/?" hunter2@siem.example.com',
    "a token in the query": "https://siem.example.com:8088/in?token=hunter2",
    "a token in the fragment": "https://siem.example.com#hunter2",
}


@pytest.mark.parametrize("endpoint", CREDENTIALS.values(), ids=CREDENTIALS)
def test_a_credential_in_an_address_is_never_repeated(
    config: Config, endpoint: str
) -> None:
    put("sinks", [{"kind": "splunk", "endpoint": endpoint}])(config)
    with pytest.raises(SettingsError) as caught:
        read_settings("test", config)
    assert "hunter2" not in str(caught.value)
    assert "siem.example.com" in str(caught.value)


def test_settings_cannot_be_changed_afterwards() -> None:
    with pytest.raises(ValueError, match="frozen"):
        settings_with().zone = "eu"


CATALOGUE = catalogue.load()
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
KEYS = st.sampled_from(sorted(Settings.model_fields)) | st.text(max_size=10)


@given(changes=st.dictionaries(KEYS, JSON, max_size=4))
def test_any_file_is_read_or_refused_with_our_own_error(
    changes: Config,
) -> None:
    config = {**CONFIG, **{f"trivium:{key}": value for key, value in changes.items()}}
    try:
        read_settings("test", config, catalogue=CATALOGUE)
    except SettingsError as error:
        told = error.problems
    else:
        told = ("it was read",)
    assert told


def sections(model: Any = Settings) -> list[Any]:
    """Every section of the settings. Any: pydantic's own types."""
    below = [section_of(field.annotation) for field in model.model_fields.values()]
    return [
        model,
        *[found for section in below if section for found in sections(section)],
    ]


def test_every_key_has_a_meaning_a_type_and_an_error_text() -> None:
    for section in sections():
        for name, field in section.model_fields.items():
            where = f"{section.__name__}.{name}"
            key = key_of(field)
            assert field.description, f"{where} has no docstring"
            assert key.expected, f"{where} has no Key"
            assert key.consequence.endswith("."), where
            assert type_name(field.annotation)


def test_the_reference_is_the_one_that_the_settings_generate() -> None:
    written = Path(__file__).parents[2].joinpath("docs/configuration.md").read_text()
    assert written == reference() + "\n", (
        "regenerate it: python -m trivium_components.settings.reference >"
        " docs/configuration.md"
    )


def test_the_service_account_that_is_made_may_not_be_a_signer() -> None:
    application = "serviceAccount:trivium-test-app@acme-claims.iam.gserviceaccount.com"
    with pytest.raises(SettingsError, match="is the application itself"):
        settings_with(
            clouds=["gcp", "aws", "azure"],
            gcp={**CONFIG["trivium:gcp"], "signers": [application]},
        )


def test_a_group_of_entra_that_invokes_may_not_sign_under_other_capitals() -> None:
    azure = CONFIG["trivium:azure"]
    with pytest.raises(SettingsError, match="is among the invokers"):
        settings_with(
            clouds=["azure", "aws", "gcp"],
            azure={
                **azure,
                "invokers": [f"group:{UUID.format('a')}"],
                "signers": [f"group:{UUID.format('A')}"],
            },
        )
