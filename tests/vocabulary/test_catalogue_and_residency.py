"""Prices and places are data, and the data is read as it says."""

import pytest

from trivium.errors import ConfigurationError
from trivium.vocabulary import catalogue
from trivium.vocabulary.messages import Usage
from trivium.vocabulary.residency import ZONES, outside

SHIPPED = catalogue.load()

COSTS = {
    "list price on a global route": (
        "claude-sonnet-5-5",
        Usage(input_tokens=10**6),
        "aws",
        "global",
        "us-east-1",
        2.0,
    ),
    "ten percent more inside a zone": (
        "claude-sonnet-5-5",
        Usage(input_tokens=10**6),
        "aws",
        "geo",
        "us-east-1",
        2.2,
    ),
    "twenty in GovCloud": (
        "claude-sonnet-5-5",
        Usage(input_tokens=10**6),
        "aws",
        "geo",
        "us-gov-west-1",
        2.4,
    ),
    "output": (
        "claude-opus-5-5",
        Usage(output_tokens=10**6),
        "gcp",
        "global",
        "global",
        20.0,
    ),
    "cache reads at five percent": (
        "claude-opus-5-5",
        Usage(cache_read_input_tokens=10**6),
        "gcp",
        "global",
        "x",
        0.2,
    ),
    "cache writes": (
        "claude-opus-5-5",
        Usage(cache_creation_input_tokens=10**6),
        "azure",
        "global",
        "x",
        5.0,
    ),
    "cache writes for an hour cost twice the input": (
        "claude-sonnet-5-5",
        Usage(
            cache_creation_input_tokens=1_650_000,
            cache_creation_1h_input_tokens=1_650_000,
        ),
        "azure",
        "global",
        "x",
        6.6,
    ),
    "cache writes of both kinds": (
        "claude-opus-5-5",
        Usage(
            cache_creation_input_tokens=10**6, cache_creation_1h_input_tokens=250_000
        ),
        "azure",
        "global",
        "x",
        5.75,
    ),
    "a short prompt to haiku": (
        "claude-haiku-5-5",
        Usage(input_tokens=100_000),
        "gcp",
        "global",
        "x",
        0.01,
    ),
    "a long prompt to haiku": (
        "claude-haiku-5-5",
        Usage(input_tokens=100_001),
        "gcp",
        "global",
        "x",
        0.0500005,
    ),
}


@pytest.mark.parametrize("case", COSTS)
def test_a_request_costs(case: str) -> None:
    model, usage, cloud, scope, region, expected = COSTS[case]
    assert SHIPPED.cost_usd(
        model, usage, cloud=cloud, scope=scope, region=region
    ) == pytest.approx(expected)


def test_an_override_replaces_one_entry_and_keeps_the_rest() -> None:
    other = b"""
as_of: 2027-01-01
surcharges: {source: test, aws: {global: 1}, aws-us-gov: {}, gcp: {}, azure: {}}
models:
  claude-sonnet-5-5:
    tier: sonnet
    ids: {}
    price: {input: 1, output: 1, cache_read: 1, cache_write: 1}
    source: test
"""
    loaded = catalogue.load(other)
    assert loaded.model("claude-sonnet-5-5").source == "test"
    assert loaded.model("claude-opus-5-5") == SHIPPED.model("claude-opus-5-5")


def test_an_override_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="TRIVIUM_CATALOGUE"):
        catalogue.load(b"models: 3")


def test_an_unknown_model_is_named_with_those_known() -> None:
    with pytest.raises(ConfigurationError, match="claude-opus-5-5"):
        SHIPPED.model("claude-opus-9")


def test_every_entry_names_its_source() -> None:
    assert [
        name for name, model in SHIPPED.models.items() if "read 20" not in model.source
    ] == []


PLACES = {
    "regions of the zone are inside": ("us", "aws", ("us-east-1", "us-west-2"), ()),
    "Canada is not the US, whatever the profile's prefix": (
        "us",
        "aws",
        ("ca-central-1",),
        ("ca-central-1",),
    ),
    "London is not the EU": ("eu", "aws", ("eu-west-1", "eu-west-2"), ("eu-west-2",)),
    "Zurich is not the EU": ("eu", "aws", ("eu-central-2",), ("eu-central-2",)),
    "global is outside": ("us", "gcp", ("global",), ("global",)),
    "no destination is not a proof": ("us", "gcp", (), ("unknown",)),
    "everything is inside worldwide": ("worldwide", "azure", ("global",), ()),
    "no proof is none worldwide either": ("worldwide", "azure", (), ("unknown",)),
    "Azure's data zone is inside the US": ("us", "azure", ("us-data-zone",), ()),
}


@pytest.mark.parametrize("case", PLACES)
def test_residency(case: str) -> None:
    zone, cloud, destinations, expected = PLACES[case]
    assert outside(zone, cloud, destinations) == expected


def test_zones_do_not_overlap() -> None:
    names = sorted(ZONES)
    for cloud in ("aws", "gcp", "azure"):
        regions = [region for zone in names for region in ZONES[zone][cloud]]
        assert len(regions) == len(set(regions)), cloud
