"""Every configuration key of a stack, and what a wrong value is told.

`read_settings` is pure: a mapping in, checked settings out, or one error that lists every problem at once, each with
the stack file, the key, what was found, what is allowed, what would happen and what to do. It looks nothing up: whether
an account, a project or a subscription exists is the cloud's to say.

Keys live in the namespace `trivium:`. `docs/configuration.md` is generated from this file.
"""

import difflib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticCustomError

from trivium.errors import ConfigurationError, SettingsError
from trivium.vocabulary import catalogue as model_catalogue
from trivium.vocabulary.catalogue import Catalogue, Scope
from trivium.vocabulary.residency import Cloud, is_zone, outside, zone_names
from trivium_components import cidr, offers
from trivium_components.retention import PRESETS, Lock, Preset

NAMESPACE = "trivium"

Tier = Literal["haiku", "sonnet", "opus"]
_SHOWN = 80  # characters of a wrong value that an error repeats


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
    """What to do, where writing the example is not enough; `{command}` becomes the command that writes it."""


def _matches(check: Callable[[str], bool | str | None]) -> AfterValidator:
    """A validator that refuses what `check` says is wrong: False, or a text that tells why."""

    def validate(text: str) -> str:
        verdict = check(text)
        if verdict is False or isinstance(verdict, str):
            raise PydanticCustomError("refused", "{why}", {"why": verdict or ""})
        return text

    return AfterValidator(validate)


_ENVIRONMENT = r"^[a-z][a-z0-9-]{0,22}[a-z0-9]$"  # 24: with `trivium-` and a role's word it still fits 64 characters
_NAME = r"^[a-z0-9][a-z0-9-]{0,62}$"
_ACCOUNT = r"^[0-9]{12}$"
_AWS_REGION = r"^[a-z]{2}(-gov)?-[a-z]+-[0-9]$"
_AWS_ZONE = r"^[a-z]{2}(-gov)?-[a-z]+-[0-9][a-z]$"
# One role or user by name. Whole accounts (`:root`) and `*` are no principals that may call: anybody there could.
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

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class AwsSettings(_Section):
    """Amazon Web Services."""

    account_id: Annotated[
        str,
        Field(pattern=_ACCOUNT),
        Key(
            expected="twelve digits in quotes",
            consequence="Without it nothing keeps this stack from being deployed to somebody else's account.",
            example="'111122223333'",
        ),
    ]
    """The account that is deployed to; the provider refuses credentials of any other."""
    region: Annotated[
        str,
        Field(pattern=_AWS_REGION),
        Key(
            expected="an AWS Region such as `us-east-1`",
            consequence="Every resource and the Bedrock endpoint would be looked for in a place that does not exist.",
            example="us-east-1",
        ),
    ]
    """Region of all resources and of the Bedrock endpoint; where inference runs follows from `scope`."""
    availability_zones: Annotated[
        list[Annotated[str, Field(pattern=_AWS_ZONE)]],
        Field(min_length=2, max_length=cidr.SUBNETS_PER_CLOUD),
        Key(
            expected=f"2 to {cidr.SUBNETS_PER_CLOUD} availability zones of the Region, such as `us-east-1a`",
            consequence="With fewer than two, the failure of one zone would cut the application off from Bedrock.",
            example="us-east-1a",
        ),
    ]
    """Zones that get a subnet, in order; append only, because a zone's address range follows from its place."""
    invokers: Annotated[
        list[Annotated[str, Field(pattern=_AWS_PRINCIPAL)]],
        Field(min_length=1),
        Key(
            expected="ARNs of single roles or users, at least one; neither `*` nor a whole account",
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
    """Principals that may sign descriptors, beside those whom the account's IAM policies permit it; no invokers."""


class GcpSettings(_Section):
    """Google Cloud."""

    project: Annotated[
        str,
        Field(pattern=_GCP_PROJECT),
        Key(
            expected="a project id: 6 to 30 lower-case letters, digits and `-`, beginning with a letter",
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
            consequence="Every resource would be looked for in a place that does not exist.",
            example="us-central1",
        ),
    ]
    """Region of all resources; the Vertex endpoint follows from `scope`."""
    invokers: Annotated[
        list[Annotated[str, Field(pattern=_GCP_MEMBER)]],
        Field(min_length=1),
        Key(
            expected="members such as `group:claims@example.com` or `serviceAccount:…`, at least one; never `allUsers`",
            consequence="Nobody, or anybody, could act as the application's service account.",
            example="group:claims@example.com",
        ),
    ]
    """Members that may call: they may impersonate the application's service account."""
    signers: Annotated[
        list[Annotated[str, Field(pattern=_GCP_MEMBER)]],
        Key(
            expected="members such as `group:platform@example.com` or `serviceAccount:…`; never `allUsers`",
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
            expected="`true`, after somebody entitled to it has read the Marketplace terms",
            consequence="Deploying accepts the terms for the organisation, so it is not done without consent.",
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
    """The subscription that is deployed to. Free, student and CSP subscriptions cannot deploy Claude."""
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
            expected=f"a region in which Foundry deploys Claude: {', '.join(sorted(offers.AZURE_REGIONS))}",
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
            expected="`user:UUID`, `group:UUID` or `service-principal:UUID` (Entra object ids), at least one",
            consequence="Nobody but the application's own identity could call, not even to test.",
            example="group:00000000-0000-0000-0000-000000000000",
        ),
    ]
    """Entra principals that may call: they get the application's role on the Foundry account."""
    signers: Annotated[
        list[Annotated[str, Field(pattern=_AZURE_PRINCIPAL)]],
        Key(
            expected="`user:UUID`, `group:UUID` or `service-principal:UUID` (Entra object ids)",
            consequence="Nobody, or anybody, could sign what applications trust.",
            example="group:00000000-0000-0000-0000-000000000000",
        ),
    ] = []
    """Entra principals that may sign descriptors; without any nobody can. No invokers."""
    claude: Annotated[
        ClaudeTerms,
        Key(
            expected="a section with `terms_accepted`, `organization_name`, `country_code` and `industry`",
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
            expected="`https://ai.azure.com/.default` or `https://cognitiveservices.azure.com/.default`",
            consequence="Entra would issue a token that Foundry refuses.",
            example="https://ai.azure.com/.default",
        ),
    ] = "https://ai.azure.com/.default"  # noqa: S105 -- a scope's address, no secret
    """Scope that the application's tokens are asked for: Anthropic documents the default, Microsoft the other."""


class NetworkSettings(_Section):
    """The private network."""

    cidr: Annotated[
        str,
        _matches(cidr.problem),
        Key(
            expected=f"a private range (RFC 1918) from /{cidr.LARGEST} to /{cidr.SMALLEST}, such as `10.40.0.0/16`",
            consequence="The three clouds' networks and their subnets could not be cut from it.",
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
            expected="layers, strictest authority first, each `pack:NAME` or `path:FILE`; at least one",
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
    """Pins the constitution to a reviewed digest; without it, signing records the digest it finds."""


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
    """Whether the cloud's own request log keeps prompts and replies (`full`) or only who called what when."""


class SinkSettings(_Section):
    """One place where events are sent."""

    kind: Annotated[
        Literal["splunk", "sentinel", "elastic", "security-lake", "syslog", "otlp"],
        Key(
            expected="one of splunk, sentinel, elastic, security-lake, syslog, otlp",
            consequence="No sink would know how to write the events.",
            example="splunk",
            choices=("splunk", "sentinel", "elastic", "security-lake", "syslog", "otlp"),
        ),
    ]
    """The receiving system."""
    endpoint: Annotated[
        str,
        Field(pattern=_SINK),
        Key(
            expected="an address that begins with `https://` or `tls://`, without user, query or fragment",
            consequence="Events would travel readable, or a credential would stand in the descriptor.",
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
            expected="2 to 24 lower-case letters, digits and `-`, beginning with a letter",
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
    """What the stack is for: production alone may lock its audit store, and must keep an archive."""
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
    """How far inference may travel: the Region, its geography, the world. `global` needs zone `worldwide`."""
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
    """Clouds in order of preference; failover goes down the list, and the first keeps the signing key."""
    models: Annotated[
        dict[Tier, str],
        Field(min_length=1),
        Key(
            expected="tiers (haiku, sonnet, opus) with names from the model catalogue, at least one",
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
    """What the deployment may cost. Resources carry it as a tag; this version creates no alarm from it."""
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
            consequence="Google Cloud is listed in `clouds` and could not be deployed to.",
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


def read_settings(
    stack: str,
    config: Mapping[str, Any],
    *,
    secret_keys: frozenset[str] = frozenset(),
    catalogue: Catalogue | None = None,
) -> Settings:
    """The settings of one stack.

    `config` maps keys (with or without `trivium:`) to values: what a YAML file holds, or the text the engine hands
    over (structured values as JSON), hence `Any`. Keys of other namespaces are none of ours and are left alone. The
    values of `secret_keys` are never repeated in an error. Raises `SettingsError` with every problem; all are the
    platform team's to mend.
    """
    values = {key: _parsed(key, value) for key, value in _ours(config)}
    settings, problems, usable = _validated(values)
    problems += _contradictions(usable, catalogue or model_catalogue.load())
    if settings is None or problems:
        raise _error(stack, problems, secret_keys)
    return settings


@dataclass(frozen=True, kw_only=True)
class _Problem:
    path: tuple[str | int, ...]
    found: str
    expected: str
    consequence: str
    example: str = ""
    meant: str = ""
    remedy: str = ""


def _ours(config: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Our keys without the namespace. Any: see `read_settings`."""
    for key, value in config.items():
        namespace, colon, name = key.rpartition(":")
        if not colon or namespace == NAMESPACE:
            yield name, value


def _parsed(key: str, value: Any) -> Any:
    """Structured values arrive from the engine as JSON text; anything else stays what it is. Any: it is any JSON."""
    structured = key in Settings.model_fields and _kind(Settings.model_fields[key]) != "scalar"
    if structured and isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except json.JSONDecodeError:
            return value
    return value


def _kind(field: FieldInfo) -> Literal["scalar", "list", "section"]:
    """How a field is written: one value, a list, or a map."""
    if get_origin(field.annotation) is list:
        return "list"
    return "section" if get_origin(field.annotation) is dict or section_of(field.annotation) else "scalar"


def _validated(values: Mapping[str, Any]) -> tuple[Settings | None, list[_Problem], dict[str, Any]]:
    """The settings if all keys are right; the problems; and the values of those keys that are right by themselves."""
    try:
        settings = Settings.model_validate(values)
        return settings, [], {name: getattr(settings, name) for name in Settings.model_fields}
    except ValidationError as error:
        details = error.errors(include_url=False)
    wrong = {str(detail["loc"][0]) for detail in details}
    usable = {}
    for name, field in Settings.model_fields.items():
        if name in values and name not in wrong:
            usable[name] = TypeAdapter[Any](field.annotation or Any).validate_python(values[name])
        elif name not in wrong:
            usable[name] = field.get_default(call_default_factory=True)
    return None, [_explain(detail) for detail in details], usable


def _explain(detail: ErrorDetails) -> _Problem:
    """One pydantic error in our words."""
    path = tuple(part for part in detail["loc"] if part != "[key]")
    if detail["type"] == "extra_forbidden":
        return _unknown(path)
    key = _key_at(path)
    value = detail["input"]
    missing = detail["type"] == "missing"
    entry = "[key]" in detail["loc"]
    why = str(detail.get("ctx", {}).get("why", ""))
    return _Problem(
        path=path,
        found="missing" if missing else "not a known entry" if entry else _shown(value) + (f" ({why})" if why else ""),
        expected=key.expected,
        consequence=key.consequence,
        example=key.example,
        meant="" if missing else _nearest(str(path[-1] if entry else value), key.choices),
        remedy="Rename or remove it" if entry else key.remedy or _REMEDIES.get(_kind_at(path), ""),
    )


_REMEDIES = {
    "list": "Write it as docs/configuration.md shows",
    "section": "Write it as docs/configuration.md shows",
}


def _kind_at(path: tuple[str | int, ...]) -> str:
    """How the field at exactly `path` is written; `scalar` for anything inside a list or map."""
    fields = _section_at(path[:-1]).model_fields
    return _kind(fields[path[-1]]) if isinstance(path[-1], str) and path[-1] in fields else "scalar"


def _unknown(path: tuple[str | int, ...]) -> _Problem:
    known = tuple(_section_at(path[:-1]).model_fields)
    return _Problem(
        path=path,
        found="not a key",
        expected=f"one of {', '.join(known)}",
        consequence="It would be silently without effect.",
        meant=_nearest(str(path[-1]), known),
        remedy="Correct or remove it",
    )


def _section_at(path: tuple[str | int, ...]) -> type[BaseModel]:
    """The model that holds the keys below `path`."""
    section: type[BaseModel] = Settings
    for part in path:
        if isinstance(part, str) and part in section.model_fields:
            section = section_of(section.model_fields[part].annotation) or section
    return section


def section_of(annotation: Any) -> type[BaseModel] | None:
    """The section inside an annotation such as `AwsSettings | None` or `list[SinkSettings]`. Any: it is any type."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for model in map(section_of, get_args(annotation)) if model), None)


def _key_at(path: tuple[str | int, ...]) -> Key:
    """The `Key` of the innermost field on `path`; list items and map entries share their field's."""
    section: type[BaseModel] = Settings
    found = _NO_KEY
    for part in path:
        if isinstance(part, str) and part in section.model_fields:
            field = section.model_fields[part]
            found = key_of(field)
            section = section_of(field.annotation) or section
    return found


_NO_KEY = Key(expected="another value", consequence="The stack could not be deployed.", example="VALUE")


def key_of(field: FieldInfo) -> Key:
    """What a field's `Key` says."""
    return next((item for item in field.metadata if isinstance(item, Key)), _NO_KEY)


def _nearest(word: str, choices: tuple[str, ...]) -> str:
    return next(iter(difflib.get_close_matches(word, choices, n=1, cutoff=0.6)), "")


def _shown(value: Any) -> str:
    """A value as an error repeats it: short, on one line, with its kind where that is the point. Any: as configured."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    cut = text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
    kind = {int: " (a number)", float: " (a number)", bool: " (true or false)", type(None): " (nothing)"}
    return f"`{cut}`{kind.get(type(value), '')}"


# Contradictions between keys. A rule runs only when every key it needs is right by itself, so that one typo does not
# bring a dozen messages, and other problems are still told at once.
_Rule = Callable[..., Iterator[_Problem]]


def _contradictions(usable: Mapping[str, Any], catalogue: Catalogue) -> list[_Problem]:
    found: list[_Problem] = []
    for needs, rule in _RULES:
        if all(name in usable for name in needs):
            arguments = [usable[name] for name in needs]
            found += rule(*arguments, catalogue) if rule in _WITH_CATALOGUE else rule(*arguments)
    for cloud in ("aws", "gcp", "azure"):
        if all(name in usable and usable[name] is not None for name in ("clouds", "zone", "scope", cloud)):
            found += _region_rule(cloud, usable[cloud].region, usable["clouds"], usable["zone"], usable["scope"])
    return found


def _sections_rule(clouds: list[str], aws: Any, gcp: Any, azure: Any) -> Iterator[_Problem]:
    """Every listed cloud has its section, every section is listed. Any: only presence matters."""
    for name, section in (("aws", aws), ("gcp", gcp), ("azure", azure)):
        if name in clouds and section is None:
            yield _Problem(
                path=(name,),
                found="missing",
                expected="a section, because `clouds` lists it",
                consequence="It could not be deployed to.",
                remedy="Add the section, or take the cloud out of `trivium:clouds`",
            )
        if name not in clouds and section is not None:
            yield _Problem(
                path=(name,),
                found="a section that `clouds` does not list",
                expected="a section only for the clouds that are deployed to",
                consequence="It would be silently without effect.",
                remedy="Remove the section, or list the cloud in `trivium:clouds`",
            )
    if len(set(clouds)) != len(clouds):
        yield _Problem(
            path=("clouds",),
            found=_shown(clouds),
            expected="each cloud once",
            consequence="Two routes would have one name.",
            remedy="Remove the repetition",
        )


def _signers_rule(clouds: list[str], *sections: AwsSettings | GcpSettings | AzureSettings | None) -> Iterator[_Problem]:
    """Whoever is governed by what a descriptor says does not sign it; and only one cloud has a key to sign with."""
    for name, section in zip(("aws", "gcp", "azure"), sections, strict=True):
        if section is None or not section.signers or name not in clouds:
            continue
        if name != clouds[0]:
            yield _Problem(
                path=(name, "signers"),
                found=_shown(section.signers),
                expected=f"signers of the first cloud alone, `{clouds[0]}`, which keeps the signing key",
                consequence="They would be silently without effect.",
                remedy="Remove them, or name the cloud first in `trivium:clouds`",
            )
        for index, signer in enumerate(section.signers):
            if signer in section.invokers:
                yield _Problem(
                    path=(name, "signers", index),
                    found=f"`{signer}`, which is among the invokers",
                    expected="somebody whom the descriptor does not govern",
                    consequence="An application could sign away its own constitution.",
                    remedy="Let the identity that runs `trivium deployment sign` sign, and no application",
                )


def _scope_rule(scope: str, zone: str) -> Iterator[_Problem]:
    if scope == "global" and zone != "worldwide":
        yield _Problem(
            path=("scope",),
            found="`global`",
            expected=f"`geo` or `regional` in zone `{zone}`",
            consequence="Inference could run anywhere in the world, and no request would be allowed.",
            example="geo",
        )


def _region_rule(cloud: Cloud, region: str, clouds: list[str], zone: str, scope: Scope) -> Iterator[_Problem]:
    """The region lies in the zone, and the cloud offers Claude there within the scope."""
    if cloud not in clouds:
        return
    if outside(zone, cloud, (region,)):
        yield _Problem(
            path=(cloud, "region"),
            found=f"`{region}`, which is not known to lie in zone `{zone}`",
            expected=f"a region of zone `{zone}`",
            consequence="Audit records and requests would leave the zone.",
            remedy="Choose a region of the zone, or take the cloud out of `trivium:clouds`",
        )
        return
    trouble = _offer_problem(cloud, region, zone, scope)
    if trouble:
        yield _Problem(
            path=(cloud, "region"),
            found=f"`{region}` with scope `{scope}`",
            expected="a region and a scope in which the cloud offers Claude",
            consequence=f"{trouble}.",
            remedy="Choose another region or scope, or take the cloud out of `trivium:clouds`",
        )


def _offer_problem(cloud: Cloud, region: str, zone: str, scope: Scope) -> str:
    if cloud == "aws" and scope == "regional" and region not in offers.AWS_REGIONAL:
        return f"Bedrock runs Claude inside one Region only in {', '.join(sorted(offers.AWS_REGIONAL))}"
    if cloud == "azure" and region not in offers.AZURE_REGIONS:
        return f"Foundry deploys Claude only in {', '.join(sorted(offers.AZURE_REGIONS))}"
    try:
        if cloud == "aws":
            offers.profile_id("", region=region, scope=scope)
        elif cloud == "gcp":
            offers.vertex_location(zone=zone, region=region, scope=scope)
        else:
            offers.azure_sku(scope)
            offers.azure_destination(region=region, scope=scope)
    except ConfigurationError as error:
        return error.message.rstrip(".")
    return ""


def _models_rule(clouds: list[Cloud], scope: str, models: dict[str, str], catalogue: Catalogue) -> Iterator[_Problem]:
    """Every model is known, belongs to its tier and is offered on every listed cloud."""
    for tier, name in models.items():
        entry = catalogue.models.get(name)
        fitting = tuple(key for key, model in catalogue.models.items() if model.tier == tier)
        if entry is None or entry.tier != tier:
            yield _Problem(
                path=("models", tier),
                found=f"`{name}`" if entry is None else f"`{name}`, which is of tier `{entry.tier}`",
                expected=f"a model of tier `{tier}` in the catalogue of {catalogue.as_of}: {', '.join(fitting)}",
                consequence="Applications would get another model than they ask for, or none.",
                example=fitting[0] if fitting else "",
                meant=_nearest(name, fitting),
            )
            continue
        without = [cloud for cloud in clouds if cloud not in entry.ids]
        if "gcp" in clouds and scope == "regional" and name not in offers.GCP_REGIONAL_MODELS:
            without.append("gcp")
        if without:
            yield _Problem(
                path=("models", tier),
                found=f"`{name}`, which {' and '.join(without)} does not offer with scope `{scope}`",
                expected="a model that every listed cloud offers",
                consequence="Failover would change the model or fail.",
                remedy="Choose another model or scope, or take the cloud out of `trivium:clouds`",
            )


def _roles_rule(roles: dict[str, str], models: dict[str, str], clouds: list[str]) -> Iterator[_Problem]:
    for role, tier in roles.items():
        if tier not in models:
            yield _Problem(
                path=("roles", role),
                found=f"`{tier}`",
                expected=f"a tier that `models` defines: {', '.join(models)}",
                consequence="Applications would ask for a role that means nothing.",
                example=next(iter(models)),
            )
        if role in models or role in clouds:
            yield _Problem(
                path=("roles", role),
                found=f"`{role}`, which is already the name of a tier or a route",
                expected="another name",
                consequence="Applications could not tell which of the two they get.",
                remedy="Rename the role",
            )


def _zones_rule(aws: AwsSettings | None) -> Iterator[_Problem]:
    zones = aws.availability_zones if aws else []
    for index, zone in enumerate(zones):
        if aws and zone[:-1] != aws.region:
            yield _Problem(
                path=("aws", "availability_zones", index),
                found=f"`{zone}`",
                expected=f"a zone of Region `{aws.region}`",
                consequence="AWS would reject the subnet.",
                example=f"{aws.region}a",
            )
    if len(set(zones)) != len(zones):
        yield _Problem(
            path=("aws", "availability_zones"),
            found=_shown(zones),
            expected="each zone once",
            consequence="The failure of one zone would take both subnets.",
            remedy="Remove the repetition",
        )


def _archive_rule(purpose: str, retention: RetentionSettings) -> Iterator[_Problem]:
    if purpose == "production" and not PRESETS[retention.preset].archive:
        archives = tuple(name for name, preset in PRESETS.items() if preset.archive)
        yield _Problem(
            path=("retention", "preset"),
            found=f"`{retention.preset}` in production",
            expected=f"one of {', '.join(archives)}",
            consequence="Records would be gone before any auditor asks for them.",
            example=archives[0],
        )


def _lock_rule(purpose: str, retention: RetentionSettings, clouds: list[str]) -> Iterator[_Problem]:
    if retention.lock != "locked":
        return
    if purpose != "production":
        yield _Problem(
            path=("retention", "lock"),
            found=f"`locked` in a stack for {purpose}",
            expected="`unlocked` outside production",
            consequence=f"Nobody, AWS and Google included, could delete it for {PRESETS[retention.preset].days} days.",
            example="unlocked",
        )
    if "azure" in clouds:
        yield _Problem(
            path=("retention", "lock"),
            found="`locked` with Azure among the clouds",
            expected="`unlocked`",
            consequence="This version cannot lock an Azure container's policy, and does not claim what it cannot do.",
            example="unlocked",
        )


def _content_rule(audit: AuditSettings, clouds: list[str]) -> Iterator[_Problem]:
    if audit.provider_content == "full" and set(clouds) != {"aws"}:
        yield _Problem(
            path=("audit", "provider_content"),
            found="`full` with clouds other than AWS",
            expected="`metadata`",
            consequence="This version makes only Bedrock keep prompts and replies; elsewhere they would be missing.",
            example="metadata",
        )


_RULES: tuple[tuple[tuple[str, ...], _Rule], ...] = (
    (("clouds", "aws", "gcp", "azure"), _sections_rule),
    (("clouds", "aws", "gcp", "azure"), _signers_rule),
    (("scope", "zone"), _scope_rule),
    (("clouds", "scope", "models"), _models_rule),
    (("roles", "models", "clouds"), _roles_rule),
    (("aws",), _zones_rule),
    (("purpose", "retention"), _archive_rule),
    (("purpose", "retention", "clouds"), _lock_rule),
    (("audit", "clouds"), _content_rule),
)
_WITH_CATALOGUE = (_models_rule,)


def stack_file(stack: str) -> str:
    """Where a stack's settings stand, seen from the project's root."""
    return f"stacks/Pulumi.{stack}.yaml"


def _error(stack: str, problems: list[_Problem], secret_keys: frozenset[str]) -> SettingsError:
    sentences = tuple(_sentence(stack, problem, secret_keys) for problem in problems)
    count = "a problem" if len(sentences) == 1 else f"{len(sentences)} problems"
    listed = "".join(f"\n- {sentence}" for sentence in sentences)
    return SettingsError(
        f"Stack `{stack}` cannot be deployed: {stack_file(stack)} has {count}.{listed}", problems=sentences
    )


def _sentence(stack: str, problem: _Problem, secret_keys: frozenset[str]) -> str:
    key = f"{NAMESPACE}:{_dotted(problem.path)}"
    secret = bool({str(problem.path[0]), f"{NAMESPACE}:{problem.path[0]}"} & secret_keys)
    found = "a secret value, not shown" if secret and problem.found != "missing" else problem.found
    meant = f" Did you mean `{problem.meant}`?" if problem.meant and not secret else ""
    example = problem.meant or problem.example
    command = f"`pulumi config set --stack {stack} --path '{key}' {example}`"
    remedy = (problem.remedy or "Correct it with {command}").replace("{command}", command)
    return (
        f"{stack_file(stack)}: `{key}` is {found}; expected {problem.expected}.{meant} {problem.consequence} {remedy}."
    )


def _dotted(path: tuple[str | int, ...]) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
