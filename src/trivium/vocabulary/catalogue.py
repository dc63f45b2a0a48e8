"""The model catalogue: what Claude is called and costs on each cloud, as dated,
overridable data.

The entries live in `catalogue.yaml`, each with its source. A file of the same shape
named by `TRIVIUM_CATALOGUE` replaces entries without a release of Trivium. Nothing in
here decides; routes and destinations come from the deployment descriptor.
"""

import datetime as dt
from importlib import resources
from typing import Literal

import msgspec

from trivium.errors import ConfigurationError
from trivium.vocabulary.messages import Usage
from trivium.vocabulary.record import Record
from trivium.vocabulary.residency import Cloud

Scope = Literal["regional", "geo", "global"]


class Price(Record, frozen=True, kw_only=True):
    """USD per million tokens."""

    input: float
    output: float
    cache_read: float
    cache_write: float
    """Cache writes that are kept for five minutes."""
    cache_write_1h: float | None = None
    """Cache writes that are kept for an hour; None: twice `input`, as every model of
    the list price has it (platform.claude.com, "Prompt caching", Pricing)."""

    def list_price(self, usage: Usage) -> float:
        """USD for `usage`, before surcharges."""
        for_an_hour = self.cache_write_1h
        if for_an_hour is None:
            for_an_hour = 2 * self.input
        hour = usage.cache_creation_1h_input_tokens
        return (
            usage.input_tokens * self.input
            + usage.output_tokens * self.output
            + usage.cache_read_input_tokens * self.cache_read
            + (usage.cache_creation_input_tokens - hour) * self.cache_write
            + hour * for_an_hour
        ) / 1e6


class LongPrompt(Record, frozen=True, kw_only=True):
    """Another price for prompts above a length."""

    above_tokens: int
    price: Price


class Model(Record, frozen=True, kw_only=True):
    """One model."""

    tier: Literal["haiku", "sonnet", "opus"]
    ids: dict[Cloud, str]
    """Cloud → the provider's id, without a Bedrock profile prefix; absent where it is
    not offered."""
    price: Price
    source: str
    """Where the entry was read, and when."""
    long_prompt: LongPrompt | None = None
    released: dt.date | None = None
    retires_not_before: dt.date | None = None


class Surcharges(
    Record, frozen=True, kw_only=True, rename={"aws_us_gov": "aws-us-gov"}
):
    """Factors on the list price, by cloud and scope."""

    source: str
    aws: dict[Scope, float]
    aws_us_gov: dict[Scope, float]
    gcp: dict[Scope, float]
    azure: dict[Scope, float]

    def factor(self, cloud: Cloud, scope: Scope, *, region: str) -> float:
        """The factor for a route; AWS GovCloud has its own."""
        if cloud == "aws" and region.startswith("us-gov-"):
            return self.aws_us_gov[scope]
        table: dict[Cloud, dict[Scope, float]] = {
            "aws": self.aws,
            "gcp": self.gcp,
            "azure": self.azure,
        }
        return table[cloud][scope]


class Catalogue(Record, frozen=True, kw_only=True):
    """All models, and what clouds add to the list price."""

    as_of: dt.date
    surcharges: Surcharges
    models: dict[str, Model]

    def model(self, name: str) -> Model:
        """The entry of that name. Raises `ConfigurationError` naming what is known."""
        try:
            return self.models[name]
        except KeyError:
            raise ConfigurationError(
                f"Model `{name}` is not in the catalogue of {self.as_of}; known are"
                f" {', '.join(sorted(self.models))}.",
                next_step=(
                    "Correct the name, or add the entry to a file named by"
                    " TRIVIUM_CATALOGUE."
                ),
            ) from None

    def cost_usd(
        self, name: str, usage: Usage, *, cloud: Cloud, scope: Scope, region: str
    ) -> float:
        """List price of one attempt in USD, surcharge included, before discounts and
        tax."""
        entry = self.model(name)
        prompt = (
            usage.input_tokens
            + usage.cache_read_input_tokens
            + usage.cache_creation_input_tokens
        )
        long = entry.long_prompt
        price = long.price if long and prompt > long.above_tokens else entry.price
        factor = self.surcharges.factor(cloud, scope, region=region)
        return price.list_price(usage) * factor


def load(override: bytes | None = None) -> Catalogue:
    """The shipped catalogue, with entries replaced or added by `override` (YAML of the
    same shape).

    Raises `ConfigurationError` for an override that cannot be read.
    """
    shipped = msgspec.yaml.decode(
        resources.files(__package__).joinpath("catalogue.yaml").read_bytes(),
        type=Catalogue,
    )
    if override is None:
        return shipped
    try:
        other = msgspec.yaml.decode(override, type=Catalogue)
    except ValueError as error:
        raise ConfigurationError(
            f"The model catalogue named by TRIVIUM_CATALOGUE cannot be used: {error}.",
            next_step="Give it the shape of trivium/vocabulary/catalogue.yaml.",
        ) from error
    return msgspec.structs.replace(other, models={**shipped.models, **other.models})
