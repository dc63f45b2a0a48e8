"""The guardrail on Bedrock: what it filters, and where it does so."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from trivium.errors import ConfigurationError
from trivium.vocabulary.catalogue import Scope
from trivium.vocabulary.residency import outside
from trivium_components import offers
from trivium_components.settings.key import Key, OneOf, Section, listed
from trivium_components.settings.problem import Problem

GuardrailTier = Literal["classic", "standard"]

SENSITIVE = (
    *("ADDRESS", "AGE", "AWS_ACCESS_KEY", "AWS_SECRET_KEY", "CA_HEALTH_NUMBER"),
    *("CA_SOCIAL_INSURANCE_NUMBER", "CREDIT_DEBIT_CARD_CVV"),
    *("CREDIT_DEBIT_CARD_EXPIRY", "CREDIT_DEBIT_CARD_NUMBER", "DRIVER_ID", "EMAIL"),
    *("INTERNATIONAL_BANK_ACCOUNT_NUMBER", "IP_ADDRESS", "LICENSE_PLATE"),
    *("MAC_ADDRESS", "NAME", "PASSWORD", "PHONE", "PIN", "SWIFT_CODE"),
    *("UK_NATIONAL_HEALTH_SERVICE_NUMBER", "UK_NATIONAL_INSURANCE_NUMBER"),
    *("UK_UNIQUE_TAXPAYER_REFERENCE_NUMBER", "URL", "USERNAME"),
    *("US_BANK_ACCOUNT_NUMBER", "US_BANK_ROUTING_NUMBER"),
    *("US_INDIVIDUAL_TAX_IDENTIFICATION_NUMBER", "US_PASSPORT_NUMBER"),
    *("US_SOCIAL_SECURITY_NUMBER", "VEHICLE_IDENTIFICATION_NUMBER"),
)
"""Kinds of sensitive information that Bedrock recognises (API model of 2023-04-20,
GuardrailPiiEntityType)."""

_KINDS = (
    f"kinds of sensitive information that Bedrock recognises: {', '.join(SENSITIVE)}"
)


class GuardrailSettings(Section):
    """What the guardrail filters besides harmful content and prompt attacks."""

    tier: Annotated[
        GuardrailTier,
        Key(
            consequence="Bedrock would reject the guardrail.",
            example="classic",
        ),
    ] = "classic"
    """Tier of the content filters. `standard` knows more languages and attacks; it
    requires `cross_region`."""
    cross_region: Annotated[
        bool,
        Key(
            expected="`true` or `false`",
            consequence="Bedrock could not tell where to judge prompts and replies.",
            example="true",
        ),
    ] = False
    """Whether Bedrock may judge prompts and replies in other Regions of the zone. Needs
    a scope other than `regional`."""
    block: Annotated[
        list[Annotated[str, OneOf(SENSITIVE)]],
        Key(
            expected=_KINDS,
            consequence="Bedrock would reject the guardrail.",
            example="US_SOCIAL_SECURITY_NUMBER",
            choices=SENSITIVE,
        ),
    ] = Field(default_factory=list)
    """Sensitive information that blocks the request or the reply."""
    mask: Annotated[
        list[Annotated[str, OneOf(SENSITIVE)]],
        Key(
            expected="the same kinds as `block`",
            consequence="Bedrock would reject the guardrail.",
            example="EMAIL",
            choices=SENSITIVE,
        ),
    ] = Field(default_factory=list)
    """Sensitive information that is replaced by its kind. Bedrock's own log still holds
    the original if `audit.provider_content` is `full`."""
    grounding: Annotated[
        float,
        Field(ge=0, le=0.99),
        Key(
            expected="a number from 0 to 0.99",
            consequence="Bedrock would reject the guardrail.",
            example="0.7",
            unit="score",
        ),
    ] = 0.0
    """Lowest score for how well a reply follows the sources that the request marks; 0
    blocks nothing."""
    relevance: Annotated[
        float,
        Field(ge=0, le=0.99),
        Key(
            expected="a number from 0 to 0.99",
            consequence="Bedrock would reject the guardrail.",
            example="0.7",
            unit="score",
        ),
    ] = 0.0
    """Lowest score for how well a reply answers the question that the request marks; 0
    blocks nothing."""


def guardrail_problems(
    guardrail: GuardrailSettings, *, region: str, zone: str, scope: Scope
) -> Iterator[Problem]:
    """What the keys of the guardrail exclude of each other, and of the residency."""
    if guardrail.tier == "standard" and not guardrail.cross_region:
        yield Problem(
            path=("aws", "guardrail", "cross_region"),
            found="`false` with tier `standard`",
            expected="`true`, or tier `classic`",
            consequence="Bedrock has the tier `standard` only across Regions.",
            example="true",
        )
    if guardrail.cross_region and (why := _leaves(region, zone, scope)):
        yield Problem(
            path=("aws", "guardrail", "cross_region"),
            found=f"`true` in Region `{region}` with scope `{scope}`",
            expected="`false`, with tier `classic`",
            consequence=why,
            example="false",
        )

    both = [kind for kind in guardrail.mask if kind in guardrail.block]
    if both:
        yield Problem(
            path=("aws", "guardrail", "mask"),
            found=f"also in `block`: {listed(both, last='and')}",
            expected="each kind in one of the two lists",
            consequence="Bedrock would reject the guardrail.",
            remedy="Take it out of one of the lists",
        )


def _leaves(region: str, zone: str, scope: Scope) -> str:
    """Why a guardrail across Regions would leave the scope or zone; empty if not."""
    if scope == "regional":
        return "Prompts and replies would leave the Region."
    try:
        found = offers.guardrail_profile(region)
    except ConfigurationError as error:
        return error.message
    strays = outside(zone, "aws", found.destinations)
    if strays:
        return f"Prompts and replies could leave zone `{zone}` for {', '.join(strays)}."
    return ""
