"""Every configuration key of a stack: its type, unit, default and what a wrong value is
told.

The keys live in the namespace `trivium:`. `configuration.py` reads them,
`contradictions.py` says which values exclude each other, and `docs/configuration.md` is
generated from this file.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from trivium.vocabulary.residency import Cloud, is_zone, zone_names
from trivium_components import cidr, offers
from trivium_components.retention import PRESETS, Lock, Preset

NAMESPACE = "trivium"

Tier = Literal["haiku", "sonnet", "opus"]


@dataclass(frozen=True, kw_only=True)
class Key:
    """What the reference and the errors say about a key."""

    expected: str
    """What is allowed, completing "expected …"."""
    consequence: str
    """What would happen otherwise: one sentence."""
    example: str
    """A value that `pulumi config set` could be given."""
    unit: str = ""
    choices: tuple[str, ...] = ()
    """Known values, for "did you mean"."""
    remedy: str = ""
    """What to do, where writing the example is not enough; `{command}` becomes the
    command that writes it."""


def _matches(check: Callable[[str], bool | str | None]) -> AfterValidator:
    """A validator that refuses what `check` says is wrong: False, or a text that tells
    why."""

    def validate(text: str) -> str:
        verdict = check(text)
        if verdict is False or isinstance(verdict, str):
            raise PydanticCustomError("refused", "{why}", {"why": verdict or ""})
        return text

    return AfterValidator(validate)


_ENVIRONMENT = (  # 24: with `trivium-` and a role's word it still fits 64 characters
    r"^[a-z][a-z0-9-]{0,22}[a-z0-9]$"
)
_NAME = r"^[a-z0-9][a-z0-9-]{0,62}$"
_ACCOUNT = r"^[0-9]{12}$"
_AWS_REGION = r"^[a-z]{2}(-gov)?-[a-z]+-[0-9]$"
_AWS_ZONE = r"^[a-z]{2}(-gov)?-[a-z]+-[0-9][a-z]$"
# One role or user by name. Whole accounts (`:root`) and `*` are no principals that may
# call: anybody there could.
_AWS_PRINCIPAL = r"^arn:aws(-us-gov)?:iam::[0-9]{12}:(role|user)/[\w+=,.@/-]+$"
_GCP_PROJECT = r"^[a-z][a-z0-9-]{4,28}[a-z0-9]$"
_GCP_REGION = r"^[a-z]+-[a-z]+[0-9]{1,2}$"
# `allUsers` and `allAuthenticatedUsers` have no colon and so never match.
_GCP_MEMBER = r"^(user|group|serviceAccount):[^@\s]+@[^@\s]+$|^principal(Set)?://iam\.googleapis\.com/\S+$"
_UUID = r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
_AZURE_REGION = r"^[a-z]+[0-9]?$"
_AZURE_PRINCIPAL = r"^(user|group|service-principal):[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
_LAYER = r"^(pack:[a-z0-9-]+|path:.+)$"
_DIGEST = r"^(sha256:[0-9a-f]{64})?$"
_SINK = r"^(https|tls)://[^\s@?#]+$"


class _Section(BaseModel):
    """Frozen; an unknown key is an error; field docstrings are the reference's text."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, use_attribute_docstrings=True
    )


class AwsSettings(_Section):
    """Amazon Web Services."""

    account_id: Annotated[
        str,
        Field(pattern=_ACCOUNT),
        Key(
            expected="twelve digits in quotes",
            consequence=(
                "Without it nothing keeps this stack from being deployed to somebody"
                " else's account."
            ),
            example="'111122223333'",
        ),
    ]
    """The account that is deployed to; the provider refuses credentials of any
    other."""
    region: Annotated[
        str,
        Field(pattern=_AWS_REGION),
        Key(
            expected="an AWS Region such as `us-east-1`",
            consequence=(
                "Every resource and the Bedrock endpoint would be looked for in a place"
                " that does not exist."
            ),
            example="us-east-1",
        ),
    ]
    """Region of all resources and of the Bedrock endpoint; where inference runs follows
    from `scope`."""
    availability_zones: Annotated[
        list[Annotated[str, Field(pattern=_AWS_ZONE)]],
        Field(min_length=2, max_length=cidr.SUBNETS_PER_CLOUD),
        Key(
            expected=(
                f"2 to {cidr.SUBNETS_PER_CLOUD} availability zones of the Region, such"
                " as `us-east-1a`"
            ),
            consequence=(
                "With fewer than two, the failure of one zone would cut the application"
                " off from Bedrock."
            ),
            example="us-east-1a",
        ),
    ]
    """Zones that get a subnet, in order; append only, because a zone's address range
    follows from its place."""
    invokers: Annotated[
        list[Annotated[str, Field(pattern=_AWS_PRINCIPAL)]],
        Field(min_length=1),
        Key(
            expected=(
                "ARNs of single roles or users, at least one; neither `*` nor a whole"
                " account"
            ),
            consequence="Nobody, or anybody, could assume the application's role.",
            example="arn:aws:iam::111122223333:role/claims-app",
        ),
    ]
    """Principals that may call: they may assume the application's role."""
    signers: Annotated[
        list[Annotated[str, Field(pattern=_AWS_PRINCIPAL)]],
        Key(
            expected="ARNs of single roles or users; neither `*` nor a whole account",
            consequence="Nobody, or anybody, could sign what applications trust.",
            example="arn:aws:iam::111122223333:role/platform-deploy",
        ),
    ] = []
    """Principals that may sign descriptors, beside those whom the account's IAM
    policies permit it; no invokers."""


class GcpSettings(_Section):
    """Google Cloud."""

    project: Annotated[
        str,
        Field(pattern=_GCP_PROJECT),
        Key(
            expected=(
                "a project id: 6 to 30 lower-case letters, digits and `-`, beginning"
                " with a letter"
            ),
            consequence="Google Cloud would find no project.",
            example="acme-claude-prod",
        ),
    ]
    """The project that is deployed to."""
    region: Annotated[
        str,
        Field(pattern=_GCP_REGION),
        Key(
            expected="a Google Cloud region such as `us-central1`",
            consequence=(
                "Every resource would be looked for in a place that does not exist."
            ),
            example="us-central1",
        ),
    ]
    """Region of all resources; the Vertex endpoint follows from `scope`."""
    invokers: Annotated[
        list[Annotated[str, Field(pattern=_GCP_MEMBER)]],
        Field(min_length=1),
        Key(
            expected=(
                "members such as `group:claims@example.com` or `serviceAccount:…`, at"
                " least one; never `allUsers`"
            ),
            consequence=(
                "Nobody, or anybody, could act as the application's service account."
            ),
            example="group:claims@example.com",
        ),
    ]
    """Members that may call: they may impersonate the application's service account."""
    signers: Annotated[
        list[Annotated[str, Field(pattern=_GCP_MEMBER)]],
        Key(
            expected=(
                "members such as `group:platform@example.com` or `serviceAccount:…`;"
                " never `allUsers`"
            ),
            consequence="Nobody, or anybody, could sign what applications trust.",
            example="group:platform@example.com",
        ),
    ] = []
    """Members that may sign descriptors, beside the project's owners; no invokers."""


class ClaudeTerms(_Section):
    """What Anthropic asks of an organisation before Azure deploys Claude."""

    terms_accepted: Annotated[
        Literal[True],
        Key(
            expected=(
                "`true`, after somebody entitled to it has read the Marketplace terms"
            ),
            consequence=(
                "Deploying accepts the terms for the organisation, so it is not done"
                " without consent."
            ),
            example="true",
            remedy="Read the Marketplace terms, then run {command}",
        ),
    ]
    """Consent to the Azure Marketplace terms for Claude; deploying accepts them."""
    organization_name: Annotated[
        str,
        Field(min_length=1, max_length=256),
        Key(
            expected="the organisation's legal name",
            consequence="Azure would reject the Claude deployment.",
            example="'Acme Insurance Ltd'",
        ),
    ]
    """The organisation that accepts."""
    country_code: Annotated[
        str,
        Field(pattern=r"^[A-Z]{2}$"),
        Key(
            expected="two capital letters (ISO 3166-1), such as `US`",
            consequence="Azure would reject the Claude deployment.",
            example="US",
        ),
    ]
    """The organisation's country."""
    industry: Annotated[
        str,
        Field(pattern=r"^[a-z][a-z _-]*$"),
        Key(
            expected="a word in lower case, such as `finance`",
            consequence="Azure rejects any other spelling.",
            example="finance",
        ),
    ]
    """The organisation's industry."""


class AzureSettings(_Section):
    """Microsoft Azure."""

    subscription_id: Annotated[
        str,
        Field(pattern=_UUID),
        Key(
            expected="a UUID",
            consequence="Azure would find no subscription.",
            example="00000000-0000-0000-0000-000000000000",
        ),
    ]
    """The subscription that is deployed to. Free, student and CSP subscriptions cannot
    deploy Claude."""
    tenant_id: Annotated[
        str,
        Field(pattern=_UUID),
        Key(
            expected="a UUID",
            consequence="Entra would find no tenant.",
            example="00000000-0000-0000-0000-000000000000",
        ),
    ]
    """The Entra tenant of the subscription."""
    region: Annotated[
        str,
        Field(pattern=_AZURE_REGION),
        Key(
            expected=(
                "a region in which Foundry deploys Claude:"
                f" {', '.join(sorted(offers.AZURE_REGIONS))}"
            ),
            consequence="Azure would reject the Claude deployment.",
            example="eastus2",
            choices=tuple(sorted(offers.AZURE_REGIONS)),
        ),
    ]
    """Region of all resources."""
    invokers: Annotated[
        list[Annotated[str, Field(pattern=_AZURE_PRINCIPAL)]],
        Field(min_length=1),
        Key(
            expected=(
                "`user:UUID`, `group:UUID` or `service-principal:UUID` (Entra object"
                " ids), at least one"
            ),
            consequence=(
                "Nobody but the application's own identity could call, not even to"
                " test."
            ),
            example="group:00000000-0000-0000-0000-000000000000",
        ),
    ]
    """Entra principals that may call: they get the application's role on the Foundry
    account."""
    signers: Annotated[
        list[Annotated[str, Field(pattern=_AZURE_PRINCIPAL)]],
        Key(
            expected=(
                "`user:UUID`, `group:UUID` or `service-principal:UUID` (Entra object"
                " ids)"
            ),
            consequence="Nobody, or anybody, could sign what applications trust.",
            example="group:00000000-0000-0000-0000-000000000000",
        ),
    ] = []
    """Entra principals that may sign descriptors; without any nobody can. No
    invokers."""
    claude: Annotated[
        ClaudeTerms,
        Key(
            expected=(
                "a section with `terms_accepted`, `organization_name`, `country_code`"
                " and `industry`"
            ),
            consequence="Azure would reject the Claude deployment.",
            example="true",
        ),
    ]
    """Acceptance of Anthropic's terms."""
    capacity: Annotated[
        int,
        Field(ge=1, le=10_000),
        Key(
            expected="a whole number from 1 to 10000",
            consequence="Azure would reject the Claude deployment.",
            example="25",
            unit="quota units of each deployment",
        ),
    ] = 25
    """Quota given to each Claude deployment."""
    token_scope: Annotated[
        str,
        Field(pattern=r"^https://[a-z0-9.]+/\.default$"),
        Key(
            expected=(
                "`https://ai.azure.com/.default` or"
                " `https://cognitiveservices.azure.com/.default`"
            ),
            consequence="Entra would issue a token that Foundry refuses.",
            example="https://ai.azure.com/.default",
        ),
    ] = "https://ai.azure.com/.default"  # noqa: S105 -- a scope's address, no secret
    """Scope that the application's tokens are asked for: Anthropic documents the
    default, Microsoft the other."""


class NetworkSettings(_Section):
    """The private network."""

    cidr: Annotated[
        str,
        _matches(cidr.problem),
        Key(
            expected=(
                f"a private range (RFC 1918) from /{cidr.LARGEST} to /{cidr.SMALLEST},"
                " such as `10.40.0.0/16`"
            ),
            consequence=(
                "The three clouds' networks and their subnets could not be cut from it."
            ),
            example="10.40.0.0/16",
        ),
    ]
    """Range that the clouds' networks are cut from, a quarter each."""


class RetentionSettings(_Section):
    """How long audit records are kept, and whether that can still be shortened."""

    preset: Annotated[
        str,
        _matches(lambda text: text in PRESETS),
        Key(
            expected=f"one of {', '.join(PRESETS)}",
            consequence="No retention could be set on the audit store.",
            example="finance-7y",
            choices=tuple(PRESETS),
        ),
    ]
    """The regime, which gives the number of days."""
    lock: Annotated[
        Lock,
        Key(
            expected="`unlocked` or `locked`",
            consequence="The audit store's lock would be in no known stage.",
            example="unlocked",
            choices=get_args(Lock),
        ),
    ] = "unlocked"
    """`locked` cannot be undone by anybody: deploy `unlocked`, verify, then lock."""


class ConstitutionSettings(_Section):
    """What governs."""

    layers: Annotated[
        list[Annotated[str, Field(pattern=_LAYER)]],
        Field(min_length=1),
        Key(
            expected=(
                "layers, strictest authority first, each `pack:NAME` or `path:FILE`; at"
                " least one"
            ),
            consequence="Without a constitution the guard refuses every request.",
            example="pack:baseline",
        ),
    ]
    """The layers: provider baseline, organisation, sector, application."""
    digest: Annotated[
        str,
        Field(pattern=_DIGEST),
        Key(
            expected="`sha256:` and 64 hexadecimal digits, or nothing",
            consequence="The pin could never match, so nothing could be signed.",
            example="sha256:…",
        ),
    ] = ""
    """Pins the constitution to a reviewed digest; without it, signing records the
    digest it finds."""


class AuditSettings(_Section):
    """How requests are recorded."""

    durability: Annotated[
        Literal["sync", "batch"],
        Key(
            expected="`sync` or `batch`",
            consequence="The application would not know when a record counts as kept.",
            example="sync",
            choices=("sync", "batch"),
        ),
    ] = "sync"
    """`sync`: on disk before the caller sees the reply. `batch`: within a second."""
    provider_content: Annotated[
        Literal["metadata", "full"],
        Key(
            expected="`metadata` or `full`",
            consequence="The cloud's own request log would be in no known state.",
            example="metadata",
            choices=("metadata", "full"),
        ),
    ] = "metadata"
    """Whether the cloud's own request log keeps prompts and replies (`full`) or only
    who called what when."""


class SinkSettings(_Section):
    """One place where events are sent."""

    kind: Annotated[
        Literal["splunk", "sentinel", "elastic", "security-lake", "syslog", "otlp"],
        Key(
            expected="one of splunk, sentinel, elastic, security-lake, syslog, otlp",
            consequence="No sink would know how to write the events.",
            example="splunk",
            choices=(
                "splunk",
                "sentinel",
                "elastic",
                "security-lake",
                "syslog",
                "otlp",
            ),
        ),
    ]
    """The receiving system."""
    endpoint: Annotated[
        str,
        Field(pattern=_SINK),
        Key(
            expected=(
                "an address that begins with `https://` or `tls://`, without user,"
                " query or fragment"
            ),
            consequence=(
                "Events would travel readable, or a credential would stand in the"
                " descriptor."
            ),
            example="https://hec.example.com:8088",
        ),
    ]
    """Where it listens. Credentials are the application's and never stand here."""


class Settings(_Section):
    """All settings of one stack."""

    deployment: Annotated[
        str,
        Field(pattern=_NAME),
        Key(
            expected="1 to 63 lower-case letters, digits and `-`",
            consequence="The descriptor could not be named.",
            example="claims-prod-us",
        ),
    ]
    """Name of the deployment, as applications and audit records call it."""
    environment: Annotated[
        str,
        Field(pattern=_ENVIRONMENT),
        Key(
            expected=(
                "2 to 24 lower-case letters, digits and `-`, beginning with a letter"
            ),
            consequence="Resources could not be named after it.",
            example="prod-us-finance",
        ),
    ]
    """Name of the environment; part of every resource's name."""
    purpose: Annotated[
        Literal["rehearsal", "development", "production"],
        Key(
            expected="`rehearsal`, `development` or `production`",
            consequence="It would be unknown whether irreversible steps are allowed.",
            example="production",
            choices=("rehearsal", "development", "production"),
        ),
    ]
    """What the stack is for: production alone may lock its audit store, and must keep
    an archive."""
    zone: Annotated[
        str,
        _matches(is_zone),
        Key(
            expected=f"one of {', '.join(zone_names())}",
            consequence="No route could be proven to stay inside it.",
            example="us",
            choices=zone_names(),
        ),
    ]
    """Residency zone that no request may leave."""
    scope: Annotated[
        Literal["regional", "geo", "global"],
        Key(
            expected="`regional`, `geo` or `global`",
            consequence="It would be unknown how far inference may travel.",
            example="geo",
            choices=("regional", "geo", "global"),
        ),
    ] = "geo"
    """How far inference may travel: the Region, its geography, the world. `global`
    needs zone `worldwide`."""
    clouds: Annotated[
        list[Cloud],
        Field(min_length=1),
        Key(
            expected="one to three of aws, gcp, azure, each once",
            consequence="There would be no route to Claude, or two with one name.",
            example="aws",
            choices=("aws", "gcp", "azure"),
        ),
    ]
    """Clouds in order of preference; failover goes down the list, and the first keeps
    the signing key."""
    models: Annotated[
        dict[Tier, str],
        Field(min_length=1),
        Key(
            expected=(
                "tiers (haiku, sonnet, opus) with names from the model catalogue, at"
                " least one"
            ),
            consequence="Applications could ask for no model.",
            example="claude-sonnet-5-5",
            choices=("haiku", "sonnet", "opus"),
        ),
    ]
    """Which model each tier means."""
    roles: Annotated[
        dict[Annotated[str, Field(pattern=_NAME)], Tier],
        Key(
            expected="roles (lower-case letters, digits, `-`) with the tier each means",
            consequence="Applications would ask for a role that means nothing.",
            example="haiku",
            choices=("haiku", "sonnet", "opus"),
        ),
    ] = {}
    """Roles that applications may use instead of a tier."""
    network: Annotated[
        NetworkSettings,
        Key(
            expected="a section with `cidr`",
            consequence="No private network could be made.",
            example="10.40.0.0/16",
        ),
    ]
    """The private network."""
    retention: Annotated[
        RetentionSettings,
        Key(
            expected="a section with `preset`",
            consequence="No retention could be set on the audit store.",
            example="finance-7y",
        ),
    ]
    """How long audit records are kept."""
    constitution: Annotated[
        ConstitutionSettings,
        Key(
            expected="a section with `layers`",
            consequence="Without a constitution the guard refuses every request.",
            example="pack:baseline",
        ),
    ]
    """What governs."""
    audit: Annotated[
        AuditSettings,
        Key(
            expected="a section with `durability` and `provider_content`",
            consequence="How requests are recorded would be unknown.",
            example="sync",
        ),
    ] = AuditSettings()
    """How requests are recorded."""
    sinks: Annotated[
        list[SinkSettings],
        Key(
            expected="a list of sinks, each with `kind` and `endpoint`",
            consequence="Events would be sent nowhere.",
            example="https://hec.example.com:8088",
        ),
    ] = []
    """Where events are sent besides the audit store."""
    budget_usd: Annotated[
        float,
        Field(gt=0, le=10_000_000),
        Key(
            expected="a number above 0, at most 10000000",
            consequence="Nobody would know what this deployment may cost.",
            example="500",
            unit="USD a month",
        ),
    ]
    """What the deployment may cost. Resources carry it as a tag; this version creates
    no alarm from it."""
    aws: Annotated[
        AwsSettings | None,
        Key(
            expected="a section",
            consequence="AWS is listed in `clouds` and could not be deployed to.",
            example="us-east-1",
        ),
    ] = None
    """Amazon Web Services; needed when `clouds` lists `aws`."""
    gcp: Annotated[
        GcpSettings | None,
        Key(
            expected="a section",
            consequence=(
                "Google Cloud is listed in `clouds` and could not be deployed to."
            ),
            example="us-central1",
        ),
    ] = None
    """Google Cloud; needed when `clouds` lists `gcp`."""
    azure: Annotated[
        AzureSettings | None,
        Key(
            expected="a section",
            consequence="Azure is listed in `clouds` and could not be deployed to.",
            example="eastus2",
        ),
    ] = None
    """Microsoft Azure; needed when `clouds` lists `azure`."""

    @property
    def models_by_tier(self) -> dict[str, str]:
        """`models` with plain text keys, as components take them."""
        return {str(tier): name for tier, name in self.models.items()}

    @property
    def preset(self) -> Preset:
        """The retention preset: its days and its source."""
        return PRESETS[self.retention.preset]


UNKNOWN_KEY = Key(
    expected="another value",
    consequence="The stack could not be deployed.",
    example="VALUE",
)


def key_of(field: FieldInfo) -> Key:
    """What a field's `Key` says."""
    return next((item for item in field.metadata if isinstance(item, Key)), UNKNOWN_KEY)


def section_of(annotation: Any) -> type[BaseModel] | None:
    """The section inside an annotation such as `AwsSettings | None` or
    `list[SinkSettings]`. Any: it is any type."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(
        (model for model in map(section_of, get_args(annotation)) if model), None
    )
