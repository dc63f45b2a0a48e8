"""A deployment over the strict local endpoints: three routes, one zone, scripted
replies."""

import datetime as dt
import json
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import zstandard

from trivium import AsyncClient, Client, Options
from trivium.audit import Attempt, AuditRecord, Stated
from trivium.constitution import resolve
from trivium.credentials import AwsKeys, BearerToken, Sources
from trivium.vocabulary import deployment as descriptors
from trivium.vocabulary.deployment import (
    Audit,
    AuditStore,
    ConstitutionRef,
    Deployment,
    EntraAuth,
    GoogleAuth,
    Layer,
    ModelTarget,
    Route,
    SigV4Auth,
)
from trivium.vocabulary.envelope import Ed25519Signer
from trivium_rehearsal.endpoints import (
    AwsIdentity,
    Bedrock,
    Configuration,
    Endpoints,
    EntraIdentity,
    Foundry,
    GoogleIdentity,
    Model,
    RedactedThinkingPart,
    Scripted,
    ScriptedReply,
    TextPart,
    ThinkingPart,
    ToolUsePart,
    Vertex,
    When,
)

AWS_KEY, AWS_SECRET, AWS_SESSION = (
    "ASIAREHEARSAL0000002",
    "rehearsal/secret+key",
    "rehearsal//session+token==",
)
GOOGLE_TOKEN, ENTRA_TOKEN = "ya29.good", "eyJ.good"
BEDROCK_SONNET, BEDROCK_HAIKU = (
    "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "us.anthropic.claude-haiku-4-5",
)
VERTEX_SONNET = "claude-sonnet-4-5@20250929"
SECRET = "AKIAIOSFODNN7EXAMPLE"
"""The access key of the AWS documentation: it has the shape of a secret and opens
nothing."""
PRIVATE_KEY = "-----BEGIN RSA PRIVATE KEY-----"
GREETING = "Three roads meet here, dear traveller."

ROUTES = ("aws-us", "gcp-us", "azure-us")
CLOUD_OF = {"aws-us": "bedrock", "gcp-us": "vertex", "azure-us": "foundry"}

CREDENTIALS: Sources = {
    "aws": AwsKeys(AWS_KEY, AWS_SECRET, AWS_SESSION),
    "gcp": BearerToken(GOOGLE_TOKEN),
    "azure": BearerToken(ENTRA_TOKEN),
}
PATIENCE = Options(timeout_s=30, backoff_s=0.001, max_pause_s=0.002)
"""Hardly any pause between attempts."""

CONFIGURATION = Configuration(
    source=Scripted(
        replies=(
            ScriptedReply(
                when=When(contains="tool please"),
                content=(
                    ThinkingPart(thinking="A tool is wanted."),
                    RedactedThinkingPart(data="b3BhcXVl"),
                    TextPart(text="Let me look."),
                    ToolUsePart(
                        id="toolu_01",
                        name="get_weather",
                        input={"city": "Rome", "days": 3},
                    ),
                ),
                input_tokens=11,
                output_tokens=22,
                cache_read_input_tokens=5,
                cache_creation_input_tokens=7,
            ),
            ScriptedReply(
                when=When(contains="claim please"),
                content=(
                    ToolUsePart(
                        id="toolu_02", name="look_up_claim", input={"number": "4711"}
                    ),
                ),
            ),
            ScriptedReply(
                when=When(contains="leak please"),
                content=(TextPart(text=f"Your key is {SECRET}, sir."),),
            ),
            ScriptedReply(
                when=When(contains="forbidden reply"),
                content=(TextPart(text=f"It is {PRIVATE_KEY} sir."),),
            ),
            ScriptedReply(content=(TextPart(text=GREETING),)),
        )
    ),
    bedrock=Bedrock(
        region="us-east-1",
        identities=(
            AwsIdentity(
                access_key_id=AWS_KEY,
                secret_access_key=AWS_SECRET,
                session_token=AWS_SESSION,
            ),
        ),
        models={BEDROCK_SONNET: Model(), BEDROCK_HAIKU: Model()},
    ),
    vertex=Vertex(
        project="p",
        locations=("us-east5",),
        identities=(GoogleIdentity(token=GOOGLE_TOKEN),),
        models={VERTEX_SONNET: Model()},
    ),
    foundry=Foundry(
        models={"sonnet": Model()}, identities=(EntraIdentity(token=ENTRA_TOKEN),)
    ),
)

LAYER: dict[str, Any] = {
    "layer": "application",
    "authority": "application",
    "title": "What tests need",
    "provisions": [
        {
            "id": "no-keys-in-replies",
            "title": "No private keys",
            "text": "A reply with a private key is stopped.",
            "rationale": "A test needs a reply that is stopped.",
            "severity": "high",
            "action": "BLOCK",
            "stages": ["reply"],
            "detectors": ["private-key"],
            "tests": {
                "must_match": [PRIVATE_KEY],
                "must_pass": ["-----BEGIN CERTIFICATE-----"],
            },
        },
        {
            "id": "refunds-are-for-people",
            "title": "Refunds",
            "text": "A person decides on refunds.",
            "rationale": "A test needs an escalation.",
            "severity": "high",
            "action": "ESCALATE",
            "stages": ["request"],
            "condition": (
                '"purpose" in context.attributes'
                ' && context.attributes.purpose == "refund"'
            ),
            "tests": {
                "must_match": [{"context": {"attributes": {"purpose": "refund"}}}],
                "must_pass": [{"context": {"attributes": {"purpose": "intake"}}}],
            },
        },
    ],
}

SIGNER = Ed25519Signer.generate()


def routes(addresses: dict[str, str]) -> tuple[Route, ...]:
    """One route a cloud, in order of preference."""
    return (
        Route(
            id="aws-us",
            cloud="aws",
            protocol="converse",
            endpoint=addresses["bedrock"],
            region="us-east-1",
            auth=SigV4Auth(region="us-east-1"),
            models={
                "sonnet": target(BEDROCK_SONNET, "us-east-1", "us-west-2"),
                "haiku": target(BEDROCK_HAIKU, "us-east-1", model="claude-haiku-4-5"),
            },
        ),
        Route(
            id="gcp-us",
            cloud="gcp",
            protocol="vertex",
            endpoint=addresses["vertex"] + "/v1/projects/p/locations/us-east5",
            region="us-east5",
            auth=GoogleAuth(),
            models={"sonnet": target(VERTEX_SONNET, "us-east5")},
        ),
        Route(
            id="azure-us",
            cloud="azure",
            protocol="foundry",
            endpoint=addresses["foundry"] + "/anthropic",
            region="eastus2",
            auth=EntraAuth(),
            models={"sonnet": target("sonnet", "us-data-zone")},
        ),
    )


def target(
    model_id: str, *destinations: str, model: str = "claude-sonnet-4-5"
) -> ModelTarget:
    """What a tier means on a route."""
    return ModelTarget(
        id=model_id,
        model=model,
        scope="geo",
        destinations=destinations,
        proof="the test's word",
    )


def described(addresses: dict[str, str], directory: Path, **changes: Any) -> Deployment:
    """The descriptor, complete. Any: fields that a case changes."""
    path = directory / "application.yaml"
    path.write_text(json.dumps(LAYER))
    layers = (
        Layer(source="pack:baseline"),
        Layer(source="pack:organisation"),
        Layer(source=f"path:{path.name}"),
    )
    draft = Deployment(
        version="1",
        name="claims",
        environment="test",
        zone="us",
        routes=routes(addresses),
        constitution=ConstitutionRef(layers=layers),
        audit=Audit(
            stores=(
                AuditStore(
                    uri="file:audit",
                    cloud="aws",
                    region="us-east-1",
                    regime="test",
                    retention_days=1,
                    lock="unlocked",
                ),
            )
        ),
        roles={"triage": "haiku"},
        rehearsal=True,
    )
    draft = msgspec.structs.replace(draft, **changes)
    resolved = resolve(draft.constitution, base=directory)
    return descriptors.complete(
        draft, issued_at=dt.datetime.now(dt.UTC), valid_days=1, constitution=resolved
    )


class World:
    """The endpoints, a signed descriptor in a folder, and an audit log beside it."""

    def __init__(self, endpoints: Endpoints, directory: Path) -> None:
        self.endpoints = endpoints
        self.directory = directory
        self.descriptor = directory / "deployment.json"
        self.audit = directory / "audit"
        self.sign()

    def sign(self, **changes: Any) -> None:
        """Write the descriptor anew. Any: fields that a case changes."""
        described_ = described(self.endpoints.addresses, self.directory, **changes)
        self.descriptor.write_bytes(descriptors.sign(described_, SIGNER))

    def client(self, **changes: Any) -> Client:
        """A sync client. Any: what `from_deployment` takes."""
        return self._made(Client, changes)

    def async_client(self, **changes: Any) -> AsyncClient:
        """An async client."""
        return self._made(AsyncClient, changes)

    def _made(self, kind: "type[_Kind]", changes: dict[str, Any]) -> "_Kind":
        usual: dict[str, Any] = {
            "trust": SIGNER.public_pem,
            "credentials": CREDENTIALS,
            "audit_dir": self.audit,
            "options": PATIENCE,
        }
        return kind.from_deployment(self.descriptor, **{**usual, **changes})

    def variables(self) -> dict[str, str]:
        """The environment in which an application finds its deployment."""
        trusted = self.directory / "trusted.pem"
        trusted.write_bytes(SIGNER.public_pem)
        return {
            "TRIVIUM_DEPLOYMENT": str(self.descriptor),
            "TRIVIUM_TRUSTED_KEYS": str(trusted),
            "TRIVIUM_AUDIT_DIR": str(self.audit),
            "AWS_ACCESS_KEY_ID": AWS_KEY,
            "AWS_SECRET_ACCESS_KEY": AWS_SECRET,
            "AWS_SESSION_TOKEN": AWS_SESSION,
            "GOOGLE_OAUTH_ACCESS_TOKEN": GOOGLE_TOKEN,
            "AZURE_ACCESS_TOKEN": ENTRA_TOKEN,
        }

    def outcomes(self) -> list[tuple[str, str]]:
        """Route and outcome of each attempt, in order."""
        return [
            (record.route, record.outcome)
            for record in self.records()
            if isinstance(record, Attempt)
        ]

    def records(self) -> list[AuditRecord]:
        """What was recorded of requests, sealed or not."""
        return [one for one in self.everything() if not isinstance(one, Stated)]

    def stated(self) -> list[Stated]:
        """The documents that the log states."""
        return [one for one in self.everything() if isinstance(one, Stated)]

    def everything(self) -> list[AuditRecord]:
        """Everything that was recorded, sealed or not."""
        found = []
        for path in sorted(self.audit.glob("??/*.ndjson*")):
            try:
                data = path.read_bytes()
            except FileNotFoundError:
                continue  # sealed at this moment
            if path.suffix == ".zst":
                data = zstandard.ZstdDecompressor().decompressobj().decompress(data)
            for line in data.splitlines():
                found.append(msgspec.json.decode(line, type=_Line))
        return [line.record for line in sorted(found, key=lambda line: line.seq)]

    def arrived(self, cloud: str) -> int:
        """Requests that reached the model API of a cloud."""
        return int(self.endpoints.counters()[cloud]["requests"])


_Kind = TypeVar("_Kind", Client, AsyncClient)


class _Line(msgspec.Struct):
    record: AuditRecord
    seq: int


def hello(text: str = "hello", **changes: Any) -> dict[str, Any]:
    """Arguments of a call. Any: what a case changes."""
    return {
        "model": "sonnet",
        "max_tokens": 64,
        "messages": [{"role": "user", "content": text}],
    } | changes
