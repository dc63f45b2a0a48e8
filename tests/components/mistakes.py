"""Mistakes in a stack file: how the file is spoilt, and what the error must say."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from tests.components.conftest import ADOPTED

Config = dict[str, Any]
Spoil = Callable[[Config], Any]


def put(path: str, value: Any) -> Spoil:
    """Set the value at a dotted path below `trivium:`. Any: what YAML holds."""

    def spoil(config: Config) -> None:
        *parents, last = f"trivium:{path}".split(".")
        section = config
        for name in parents:
            section = section[name]
        section[last] = value

    return spoil


def drop(path: str) -> Spoil:
    """Remove the value at a dotted path below `trivium:`."""

    def spoil(config: Config) -> None:
        *parents, last = f"trivium:{path}".split(".")
        section = config
        for name in parents:
            section = section[name]
        del section[last]

    return spoil


def adopt(cloud: str) -> Spoil:
    """Use the cloud's section with an existing network."""

    def spoil(config: Config) -> None:
        config[f"trivium:{cloud}"] = deepcopy(ADOPTED[cloud])

    return spoil


MISTAKES: dict[str, tuple[Spoil, str, str]] = {
    # case: (how the file is spoilt, what the error says of it, what it says to do)
    "a key that does not exist, near one that does": (
        put("aws.regoin", "us-east-1"),
        "`trivium:aws.regoin` is not a key; expected one of account_id, region",
        "Did you mean `region`?",
    ),
    "a key that does not exist, near none": (
        put("colour", "blue"),
        "`trivium:colour` is not a key",
        "Correct or remove it.",
    ),
    "a missing required key": (
        drop("aws.region"),
        "`trivium:aws.region` is missing; expected an AWS Region",
        "`pulumi config set --stack test --path 'trivium:aws.region' us-east-1`",
    ),
    "a missing section": (
        drop("retention"),
        "`trivium:retention` is missing; expected a section with `preset`",
        "docs/configuration.md",
    ),
    "a section that is a text": (
        put("retention", "finance-7y"),
        '`trivium:retention` is `"finance-7y"`; expected a section with `preset`',
        "docs/configuration.md",
    ),
    "an account id without quotes is a number": (
        put("aws.account_id", 111122223333),
        (
            "`trivium:aws.account_id` is `111122223333` (a number); expected twelve"
            " digits in quotes"
        ),
        "'111122223333'",
    ),
    "a misspelt cloud": (
        put("clouds", ["aws", "gpc", "azure"]),
        '`trivium:clouds[1]` is `"gpc"`',
        "Did you mean `gcp`?",
    ),
    "a misspelt tier": (
        put("models.sonet", "x"),
        "`trivium:models.sonet` is not a known entry",
        "`sonnet`?",
    ),
    "a misspelt model": (
        put("models.sonnet", "claude-sonet-5-5"),
        (
            "`trivium:models.sonnet` is `claude-sonet-5-5`; expected a model of tier"
            " `sonnet` in the catalogue"
        ),
        "Did you mean `claude-sonnet-5-5`?",
    ),
    "a model of another tier": (
        put("models.haiku", "claude-opus-5-5"),
        "`claude-opus-5-5`, which is of tier `opus`",
        "claude-haiku-5-5",
    ),
    "a model that one of the clouds lacks": (
        put("models.sonnet", "claude-sonnet-4-6"),
        "`claude-sonnet-4-6`, which azure does not offer",
        "take the cloud out of `trivium:clouds`",
    ),
    "a role for a tier without a model": (
        lambda config: (
            drop("models.opus")(config),
            put("roles.review", "opus")(config),
        ),
        (
            "`trivium:roles.review` is `opus`; expected a tier that `models` defines:"
            " haiku, sonnet"
        ),
        "Correct it",
    ),
    "a wrong tier of a role that is named like a key": (
        put("roles.zone", "haku"),
        '`trivium:roles.zone` is `"haku"`; expected roles',
        "Did you mean `haiku`?",
    ),
    "a role named like a route": (
        put("roles.aws", "haiku"),
        "already the name of a tier or a route",
        "Rename the role",
    ),
    "an unknown zone": (
        put("zone", "uss"),
        '`trivium:zone` is `"uss"`; expected one of eu, us',
        "Did you mean `us`?",
    ),
    "a region outside the zone": (
        put("zone", "eu"),
        "`trivium:gcp.region` is `us-central1`, which is not known to lie in zone `eu`",
        "Choose a region of the zone",
    ),
    "worldwide inference in a zone": (
        put("scope", "global"),
        "`trivium:scope` is `global`",
        "geo",
    ),
    "a Region without inference of its own": (
        lambda config: (
            put("scope", "regional")(config),
            put("aws.region", "us-west-1")(config),
            put("aws.availability_zones", ["us-west-1a", "us-west-1b"])(config),
        ),
        "Bedrock runs Claude inside one Region only in",
        "Choose another region or scope",
    ),
    "a new model on Google's regional endpoint": (
        put("scope", "regional"),
        "`claude-haiku-5-5`, which gcp does not offer with scope `regional`",
        "Choose another model or scope",
    ),
    "an Azure region without Claude": (
        put("azure.region", "westus"),
        "Foundry deploys Claude only in eastus2, swedencentral",
        "Choose another region or scope",
    ),
    "a data zone outside the United States": (
        lambda config: (
            put("azure.region", "swedencentral")(config),
            put("zone", "worldwide")(config),
        ),
        "the only one is the United States",
        "Choose another region or scope",
    ),
    "a Google region around which there is no multi-region": (
        lambda config: (
            put("gcp.region", "asia-east1")(config),
            put("zone", "worldwide")(config),
        ),
        "Vertex AI has no multi-region around `asia-east1`",
        "Choose another region or scope",
    ),
    "a public address range": (
        put("network.cidr", "8.8.0.0/16"),
        "not private address space",
        "10.40.0.0/16",
    ),
    "an address range with host bits": (
        put("network.cidr", "10.0.0.1/16"),
        "has host bits set",
        "10.40.0.0/16",
    ),
    "an address range that is too narrow": (
        put("network.cidr", "10.0.0.0/24"),
        "its prefix length is 24",
        "/16",
    ),
    "an unknown preset": (
        put("retention.preset", "finance-7"),
        "expected one of finance-7y",
        "Did you mean `finance-7y`?",
    ),
    "an operational window as production's archive": (
        put("retention.preset", "operational-30d"),
        "`operational-30d` in production",
        "finance-7y",
    ),
    "a lock outside production": (
        lambda config: (
            put("purpose", "development")(config),
            put("retention.lock", "locked")(config),
        ),
        "`locked` in a stack for development",
        "unlocked",
    ),
    "a lock that Azure cannot keep": (
        put("retention.lock", "locked"),
        "`locked` with Azure among the clouds",
        "unlocked",
    ),
    "content logging that only AWS has": (
        put("audit", {"provider_content": "full"}),
        "`full` with clouds other than AWS",
        "metadata",
    ),
    "terms that nobody accepted": (
        put("azure.claude.terms_accepted", False),
        "`trivium:azure.claude.terms_accepted` is `false`",
        "Read the Marketplace terms, then run `pulumi config set",
    ),
    "no word about terms": (
        drop("azure.claude.terms_accepted"),
        "`trivium:azure.claude.terms_accepted` is missing",
        "Read the Marketplace terms",
    ),
    "an industry in capitals": (
        put("azure.claude.industry", "Finance"),
        '`"Finance"`; expected a word in lower case',
        "finance",
    ),
    "everybody on AWS as invoker": (
        put("aws.invokers", ["*"]),
        '`trivium:aws.invokers[0]` is `"*"`',
        "neither `*`",
    ),
    "a whole account as invoker": (
        put("aws.invokers", ["arn:aws:iam::111122223333:root"]),
        "nor a whole account",
        "pulumi config set",
    ),
    "everybody on Google Cloud as invoker": (
        put("gcp.invokers", ["allUsers"]),
        '`"allUsers"`',
        "never `allUsers`",
    ),
    "no invoker": (
        put("aws.invokers", []),
        "`trivium:aws.invokers` is `[]`",
        "at least one",
    ),
    "everybody as signer": (
        put("aws.signers", ["*"]),
        '`trivium:aws.signers[0]` is `"*"`',
        "neither `*`",
    ),
    "a signer who is governed": (
        put("aws.signers", ["arn:aws:iam::111122223333:role/claims"]),
        "could sign away its own constitution",
        "no application",
    ),
    "a signer who is governed, in other capitals": (
        put("aws.signers", ["arn:aws:iam::111122223333:role/Claims"]),
        "could sign away its own constitution",
        "no application",
    ),
    "the application's own role as signer": (
        put("aws.signers", ["arn:aws:iam::111122223333:role/trivium-test-application"]),
        "which is the application itself",
        "no application",
    ),
    "a signer where no key is": (
        put("gcp.signers", ["group:platform@example.com"]),
        "`trivium:gcp.signers`",
        "name the cloud first",
    ),
    "one availability zone": (
        put("aws.availability_zones", ["us-east-1a"]),
        "expected 2 to 8 availability zones",
        "docs/",
    ),
    "a zone of another Region": (
        put("aws.availability_zones", ["us-east-1a", "us-west-2a"]),
        (
            "`trivium:aws.availability_zones[1]` is `us-west-2a`; expected a zone of"
            " Region `us-east-1`"
        ),
        "'trivium:aws.availability_zones[1]' us-east-1b`",
    ),
    "the same zone twice": (
        put("aws.availability_zones", ["us-east-1a"] * 2),
        "`trivium:aws.availability_zones[1]` is `us-east-1a` again; expected each zone",
        "'trivium:aws.availability_zones[1]' us-east-1b`",
    ),
    "a guardrail's tier that needs other Regions": (
        put("aws.guardrail", {"tier": "standard"}),
        "`trivium:aws.guardrail.cross_region` is `false` with tier `standard`",
        "'trivium:aws.guardrail.cross_region' true`",
    ),
    "a guardrail across Regions of another zone": (
        lambda config: (
            put("zone", "eu")(config),
            put("aws.guardrail", {"cross_region": True})(config),
        ),
        "could leave zone `eu` for us-east-1, us-east-2, us-west-2",
        "'trivium:aws.guardrail.cross_region' false`",
    ),
    "a guardrail across Regions for inference in one": (
        lambda config: (
            put("scope", "regional")(config),
            put("aws.guardrail", {"cross_region": True})(config),
        ),
        "`true` in Region `us-east-1` with scope `regional`",
        "'trivium:aws.guardrail.cross_region' false`",
    ),
    "a guardrail across Regions that are not known": (
        lambda config: (
            put("zone", "worldwide")(config),
            put("aws.region", "ap-southeast-4")(config),
            put("aws.availability_zones", ["ap-southeast-4a", "ap-southeast-4b"])(
                config
            ),
            put("aws.guardrail", {"cross_region": True})(config),
        ),
        "knows no guardrail profile across Regions for Region `ap-southeast-4`",
        "'trivium:aws.guardrail.cross_region' false`",
    ),
    "sensitive information that is blocked and masked": (
        put("aws.guardrail", {"block": ["PIN", "EMAIL"], "mask": ["EMAIL", "NAME"]}),
        "`trivium:aws.guardrail.mask` is also in `block`: `EMAIL`",
        "Take it out of one of the lists",
    ),
    "a misspelt kind of sensitive information": (
        put("aws.guardrail", {"block": ["US_SOCIAL_SECURTY_NUMBER"]}),
        "`trivium:aws.guardrail.block[0]`",
        "Did you mean `US_SOCIAL_SECURITY_NUMBER`?",
    ),
    "a score that Bedrock does not accept": (
        put("aws.guardrail", {"grounding": 1}),
        "`trivium:aws.guardrail.grounding` is `1` (a number); expected a number from 0",
        "0.7",
    ),
    "no address range for networks that are created": (
        lambda config: (drop("network")(config), adopt("aws")(config)),
        (
            "`trivium:network` is missing; expected a section with `cidr`, because gcp"
            " and azure"
        ),
        "docs/configuration.md",
    ),
    "an address range although every network exists": (
        lambda config: [adopt(cloud)(config) for cloud in ("aws", "gcp", "azure")],
        "`trivium:network` is given although every cloud has an `existing_network`",
        "Remove it",
    ),
    "no zones for a new network": (
        drop("aws.availability_zones"),
        "`trivium:aws.availability_zones` is missing; expected 2 to 8",
        "`[us-east-1a, us-east-1b]`",
    ),
    "zones for a network that exists": (
        lambda config: (
            adopt("aws")(config),
            put("aws.availability_zones", ["us-east-1a", "us-east-1b"])(config),
        ),
        "`trivium:aws.availability_zones` is given together with `existing_network`",
        "Remove one of the two keys",
    ),
    "an existing VPC whose subnets get no route to S3": (
        lambda config: (
            adopt("aws")(config),
            drop("aws.existing_network.route_table_ids")(config),
        ),
        "`trivium:aws.existing_network.route_table_ids` is missing",
        "leave `s3` out of `endpoints`",
    ),
    "an existing VPC without our endpoint for the model API": (
        lambda config: (
            adopt("aws")(config),
            put("aws.existing_network.endpoints", ["sts"])(config),
        ),
        "`trivium:aws.existing_network.endpoints` is without `bedrock-runtime`",
        "remove the VPC's own endpoint",
    ),
    "a key of another Region": (
        put(
            "aws.encryption_key",
            "arn:aws:kms:us-west-2:111122223333:key/00000000-0000-4000-8000-000000000004",
        ),
        "starts with `arn:aws:kms:us-east-1:111122223333:`",
        "Name a key of the account and Region",
    ),
    "an existing network of another project": (
        lambda config: (
            adopt("gcp")(config),
            put("gcp.existing_network.id", "projects/acme-host/global/networks/main")(
                config
            ),
        ),
        "`trivium:gcp.existing_network.id` is `projects/acme-host/global/networks/main`",
        "Name a network and a subnet of the stack's project",
    ),
    "an existing subnet of another region": (
        lambda config: (
            adopt("gcp")(config),
            put(
                "gcp.existing_network.subnet_ids",
                ["projects/acme-claims/regions/us-east1/subnetworks/apps"],
            )(config),
        ),
        "starts with `projects/acme-claims/regions/us-central1/`",
        "Name a network and a subnet",
    ),
    "a key of another region on Google Cloud": (
        put(
            "gcp.encryption_key",
            "projects/acme-keys/locations/us/keyRings/audit/cryptoKeys/store",
        ),
        "`trivium:gcp.encryption_key` is a key in `us`; expected a key in `us-central1`",
        "Name a key of the region",
    ),
    "a key and a dual-region bucket": (
        lambda config: (
            adopt("gcp")(config),
            put("gcp.replica_region", "us-east1")(config),
        ),
        "expected a key in `us-central1`, and no `replica_region`",
        "remove one of the two keys",
    ),
    "an existing subnet of another virtual network": (
        lambda config: (
            adopt("azure")(config),
            put(
                "azure.existing_network.id",
                ADOPTED["azure"]["existing_network"]["id"] + "2",
            )(config),
        ),
        "`trivium:azure.existing_network.subnet_ids[0]`",
        "Name a subnet of the virtual network",
    ),
    "a key on Azure that nobody may use": (
        lambda config: (
            adopt("azure")(config),
            drop("azure.encryption_identity")(config),
        ),
        (
            "`trivium:azure.encryption_identity` is missing; expected a value, because"
            " `encryption_key` is given"
        ),
        "remove the other key",
    ),
    "an identity on Azure without a key": (
        lambda config: (
            adopt("azure")(config),
            put("azure.encryption_key", "")(config),
        ),
        "`trivium:azure.encryption_key` is missing",
        "remove the other key",
    ),
    "a key on Azure with a version": (
        put(
            "azure.encryption_key",
            "https://acme-keys.vault.azure.net/keys/audit/0123456789abcdef",
        ),
        "expected `https://VAULT.vault.azure.net/keys/NAME` without a version",
        "keys/audit`",
    ),
    "a trail of everything in S3": (
        put("aws.data_events", ["AWS::Bedrock::Prompt", "AWS::S3::Object"]),
        '`trivium:aws.data_events[1]` is `"AWS::S3::Object"`',
        "AWS::Bedrock::Prompt",
    ),
    "a copy outside the zone": (
        put("aws.replica_region", "ca-central-1"),
        (
            "`trivium:aws.replica_region` is `ca-central-1`, which is not known to lie"
            " in zone `us`"
        ),
        "Choose another region, or remove the key",
    ),
    "a copy in the Region of the store": (
        put("aws.replica_region", "us-east-1"),
        "`us-east-1`, which is the region of the audit store itself",
        "Choose another region",
    ),
    "a copy in another partition": (
        lambda config: (
            put("zone", "worldwide")(config),
            put("aws.replica_region", "us-gov-west-1")(config),
        ),
        "`us-gov-west-1`, which is in another partition than `us-east-1`",
        "Choose another region",
    ),
    "a dual-region bucket over two continents": (
        lambda config: (
            put("zone", "worldwide")(config),
            put("gcp.replica_region", "europe-west4")(config),
        ),
        "`europe-west4`, which is not in one multi-region with `us-central1`",
        "Choose another region",
    ),
    "a listed cloud without a section": (
        drop("gcp"),
        "`trivium:gcp` is missing",
        "Add the section",
    ),
    "a section without a listed cloud": (
        put("clouds", ["gcp", "azure"]),
        "`trivium:aws` is a section that `clouds` does not list",
        "Remove the section",
    ),
    "a cloud twice": (
        put("clouds", ["aws", "gcp", "azure", "aws"]),
        "expected each cloud once",
        "repetition",
    ),
    "a constitution without layers": (
        put("constitution.layers", []),
        "the guard refuses every request",
        "docs/",
    ),
    "a readable sink": (
        put("sinks", [{"kind": "syslog", "endpoint": "http://siem.example.com"}]),
        "`trivium:sinks[0].endpoint`",
        "`https://` or `tls://`",
    ),
    "a misspelt kind of sink": (
        put("sinks", [{"kind": "splnk", "endpoint": "https://siem.example.com"}]),
        '`trivium:sinks[0].kind` is `"splnk"`; expected one of splunk, sentinel',
        "Did you mean `splunk`?",
    ),
    "a credential in a sink's address": (
        put(
            "sinks",
            [{"kind": "splunk", "endpoint": "https://user:secret@siem.example.com"}],
        ),
        "`trivium:sinks[0].endpoint`",
        "without user",
    ),
    "a budget of nothing": (
        put("budget_usd", 0),
        "`trivium:budget_usd` is `0` (a number)",
        "500",
    ),
    "an environment that no resource could be named after": (
        put("environment", "Prod_US"),
        '`"Prod_US"`',
        "lower-case",
    ),
}
