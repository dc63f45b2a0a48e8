"""Deployment descriptors for tests."""

import copy
from datetime import UTC, datetime
from typing import Any

from trivium.vocabulary import deployment as vocabulary
from trivium.vocabulary.envelope import Ed25519Signer, TrustedKeys

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SIGNER = Ed25519Signer.generate()
TRUSTED = TrustedKeys.from_pem(SIGNER.public_pem)
DIGEST = "sha256:" + "0" * 64

DRAFT: dict[str, Any] = {
    "version": "1",
    "name": "claims",
    "environment": "prod",
    "zone": "us",
    "routes": [
        {
            "id": "aws-us-east-1",
            "cloud": "aws",
            "protocol": "converse",
            "endpoint": "https://bedrock-runtime.us-east-1.amazonaws.com",
            "region": "us-east-1",
            "auth": {"kind": "sigv4", "region": "us-east-1"},
            "models": {
                "sonnet": {
                    "id": "us.anthropic.claude-sonnet-5-5",
                    "model": "claude-sonnet-5-5",
                    "scope": "geo",
                    "destinations": ["us-east-1", "us-east-2"],
                    "proof": "inference-profile/us.anthropic.claude-sonnet-5-5",
                }
            },
        },
        {
            "id": "azure-eastus2",
            "cloud": "azure",
            "protocol": "foundry",
            "endpoint": "https://claims.services.ai.azure.com/anthropic",
            "region": "eastus2",
            "auth": {"kind": "entra"},
            "models": {
                "sonnet": {
                    "id": "claude-sonnet-5-5",
                    "model": "claude-sonnet-5-5",
                    "scope": "geo",
                    "destinations": ["us-data-zone"],
                    "proof": "sku DataZoneStandard",
                }
            },
        },
    ],
    "constitution": {"layers": [{"source": "pack:baseline"}]},
    "audit": {
        "stores": [
            {
                "uri": "s3://claims-audit/log",
                "cloud": "aws",
                "region": "us-east-1",
                "regime": "finance-7y",
                "retention_days": 2557,
                "lock": "unlocked",
            }
        ]
    },
    "roles": {"triage": "sonnet"},
}


def draft(**changes: Any) -> dict[str, Any]:
    """The draft, with the values at dotted paths replaced:
    `draft(**{"routes.0.id": "x"})`."""
    changed = copy.deepcopy(DRAFT)
    for path, value in changes.items():
        *parents, last = path.split(".")
        place: Any = changed
        for step in parents:
            place = place[int(step) if step.isdigit() else step]
        place[int(last) if last.isdigit() else last] = value
    return changed


def completed(plain: dict[str, Any] | None = None) -> vocabulary.Deployment:
    """A descriptor that can be signed."""
    described = vocabulary.from_plain(plain or DRAFT)
    layers = tuple(
        vocabulary.Layer(source=layer.source, digest=DIGEST)
        for layer in described.constitution.layers
    )
    constitution = vocabulary.ConstitutionRef(layers=layers, digest=DIGEST)
    return vocabulary.complete(
        described, issued_at=NOW, valid_days=30, constitution=constitution
    )
