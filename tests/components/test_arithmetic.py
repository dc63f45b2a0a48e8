"""Names, address ranges and retention: properties of the pure functions."""

import re
from collections.abc import Callable, Iterator
from importlib import resources
from ipaddress import IPv4Address, IPv4Network, collapse_addresses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trivium.errors import ConfigurationError
from trivium.vocabulary import catalogue
from trivium_components import cidr, models, naming, offers, retention

Namer = Callable[[str, str], str]

PREFIXES = st.integers(cidr.LARGEST, cidr.SMALLEST)


@st.composite
def networks(draw: st.DrawFn) -> str:
    """A range that the settings accept."""
    prefix = draw(PREFIXES)
    base = int(IPv4Address("10.0.0.0")) + draw(
        st.integers(0, 2 ** (prefix - 8) - 1)
    ) * 2 ** (32 - prefix)
    return str(IPv4Network((base, prefix)))


@given(network=networks())
def test_an_accepted_range_has_no_problem(network: str) -> None:
    assert cidr.problem(network) is None


@given(network=networks())
def test_the_clouds_ranges_fit_and_never_overlap(network: str) -> None:
    ranges = [
        IPv4Network(cidr.cloud_range(network, cloud)) for cloud in cidr.CLOUD_ORDER
    ]
    assert all(found.subnet_of(IPv4Network(network)) for found in ranges)
    assert sum(found.num_addresses for found in ranges) == sum(
        found.num_addresses for found in collapse_addresses(ranges)
    )


@given(network=networks(), count=st.integers(1, cidr.SUBNETS_PER_CLOUD))
def test_subnets_fit_and_never_overlap(network: str, count: int) -> None:
    ranges = [IPv4Network(found) for found in cidr.subnet_ranges(network, count)]
    assert all(found.subnet_of(IPv4Network(network)) for found in ranges)
    assert len(ranges) == count
    assert sum(found.num_addresses for found in ranges) == sum(
        found.num_addresses for found in collapse_addresses(ranges)
    )


@given(network=networks(), count=st.integers(1, cidr.SUBNETS_PER_CLOUD - 1))
def test_adding_a_zone_renumbers_nothing(network: str, count: int) -> None:
    assert cidr.subnet_ranges(network, count + 1)[:count] == cidr.subnet_ranges(
        network, count
    )


@pytest.mark.parametrize("count", [0, -1, cidr.SUBNETS_PER_CLOUD + 1])
def test_more_subnets_than_there_are_shares_are_refused(count: int) -> None:
    with pytest.raises(ValueError, match="1 to 8"):
        cidr.subnet_ranges("10.0.0.0/18", count)


@given(text=st.text(max_size=30))
def test_any_text_is_a_range_or_has_a_problem(text: str) -> None:
    found = cidr.problem(text)
    assert found is None or found


ENVIRONMENTS = st.from_regex(r"[a-z][a-z0-9-]{0,22}[a-z0-9]", fullmatch=True)
ACCOUNTS = st.from_regex(r"[a-z0-9-]{6,36}", fullmatch=True)
RULES: dict[str, tuple[Namer, str]] = {
    "a bucket": (
        lambda e, a: naming.bucket(e, a, "us-east-1"),
        r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]",
    ),
    "a storage account": (naming.storage_account, r"[a-z0-9]{3,24}"),
    "a key vault": (
        lambda e, a: naming.worldwide(e, a, limit=24),
        r"[a-z][a-z0-9-]{1,22}[a-z0-9]",
    ),
    "a Foundry subdomain": (
        lambda e, a: naming.worldwide(e, a, limit=64),
        r"[a-z0-9][a-z0-9-]{0,62}[a-z0-9]",
    ),
    "a service account": (
        lambda e, a: naming.dashed(e, "app", limit=30),
        r"[a-z][a-z0-9-]{4,28}[a-z0-9]",
    ),
    "a Google role": (
        lambda e, a: naming.google_role(e, "invoker"),
        r"[a-zA-Z0-9_.]{3,64}",
    ),
    "a Private Service Connect rule": (
        lambda e, a: naming.private_service_connect(e),
        r"[a-z][a-z0-9]{0,19}",
    ),
    "a role or resource group": (
        lambda e, a: naming.dashed(e, "application", limit=64),
        r"[a-z0-9-]{1,64}",
    ),
}


@pytest.mark.parametrize(("name", "rule"), RULES.values(), ids=RULES)
@given(environment=ENVIRONMENTS, account=ACCOUNTS)
def test_a_name_obeys_its_clouds_rule(
    name: Namer, rule: str, environment: str, account: str
) -> None:
    assert re.fullmatch(rule, name(environment, account.strip("-") or "a"))


@pytest.mark.parametrize(
    "name", [naming.storage_account, lambda e, a: naming.worldwide(e, a, limit=24)]
)
def test_two_environments_that_are_cut_to_one_beginning_keep_two_names(
    name: Namer,
) -> None:
    assert name("production-us-finance-a", "s") != name("production-us-finance-b", "s")


@given(
    texts=st.dictionaries(
        st.text(min_size=1, max_size=70), st.text(max_size=70), max_size=4
    ),
)
def test_labels_obey_googles_rule(texts: dict[str, str]) -> None:
    for key, value in naming.labels(texts).items():
        assert re.fullmatch(r"[a-z0-9_-]{1,63}", key)
        assert re.fullmatch(r"[a-z0-9_-]{0,63}", value)


def test_tags_are_valid_labels_as_they_are() -> None:
    tags = naming.tags(
        deployment="claims",
        environment="prod",
        zone="us",
        regime="finance-7y",
        budget_usd=1234.5,
    )
    assert naming.labels(tags) == tags


@given(days=st.integers(1, 3653))
def test_cloudwatch_never_keeps_for_less_than_the_regime(days: int) -> None:
    assert retention.cloudwatch_days(days) >= days


@given(days=st.integers(1, 10_000))
def test_days_survive_the_way_through_seconds(days: int) -> None:
    assert retention.days(retention.seconds(days)) == days


PROFILES = {
    "the United States": ("us-east-1", "geo", "us.m"),
    "the European Union": ("eu-west-1", "geo", "eu.m"),
    "GovCloud is not the United States": ("us-gov-west-1", "geo", "us-gov.m"),
    "Canada is offered the profiles of the United States": (
        "ca-central-1",
        "geo",
        "us.m",
    ),
    "the world": ("us-east-1", "global", "global.m"),
    "one Region takes the model itself": ("us-east-1", "regional", "m"),
}


@pytest.mark.parametrize(
    ("region", "scope", "expected"), PROFILES.values(), ids=PROFILES
)
def test_a_profile_is_named_after_its_geography(
    region: str, scope: catalogue.Scope, expected: str
) -> None:
    assert offers.profile_id("m", region=region, scope=scope) == expected


HOSTS = {
    "the world": ("global", "aiplatform.googleapis.com"),
    "a multi-region": ("eu", "aiplatform.eu.rep.googleapis.com"),
    "a region": ("europe-west4", "europe-west4-aiplatform.googleapis.com"),
}


@pytest.mark.parametrize(("location", "host"), HOSTS.values(), ids=HOSTS)
def test_a_vertex_location_has_its_host(location: str, host: str) -> None:
    assert offers.vertex_host(location) == host


def test_a_model_that_a_cloud_lacks_is_told_with_the_clouds_that_have_it() -> None:
    with pytest.raises(
        ConfigurationError,
        match=r"`claude-sonnet-4-6` is not offered on azure; .* aws, gcp",
    ):
        models.id_on("azure", "claude-sonnet-4-6")


@pytest.fixture
def another_catalogue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """A file that `TRIVIUM_CATALOGUE` names, still to be written."""
    path = tmp_path / "catalogue.yaml"
    monkeypatch.setenv("TRIVIUM_CATALOGUE", str(path))
    models.in_force.cache_clear()
    yield path
    models.in_force.cache_clear()


def test_a_catalogue_of_ones_own_replaces_ids_without_a_release(
    another_catalogue: Path,
) -> None:
    shipped = (
        resources.files("trivium.vocabulary").joinpath("catalogue.yaml").read_text()
    )
    another_catalogue.write_text(
        shipped.replace(
            "aws: anthropic.claude-opus-5-5,", "aws: anthropic.claude-opus-5-5-v2,"
        )
    )
    assert models.id_on("aws", "claude-opus-5-5") == "anthropic.claude-opus-5-5-v2"


def test_a_catalogue_that_cannot_be_read_is_named(another_catalogue: Path) -> None:
    with pytest.raises(
        ConfigurationError,
        match=f"`{another_catalogue}`, which TRIVIUM_CATALOGUE names",
    ):
        models.in_force()
