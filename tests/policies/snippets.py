"""Runs the remediation of every rule as a Pulumi program under mocks and prints what it
registers, as JSON.

A process of its own, because Pulumi's mocks are global:
`python -m tests.policies.snippets`.
"""

import json
from types import SimpleNamespace
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_azure_native as azure_native
import pulumi_gcp as gcp

from trivium_policies.discovery import rules

# What a snippet takes for granted: resources that exist elsewhere in the program.
GIVEN = {
    "json": json,
    "pulumi": pulumi,
    "aws": aws,
    "gcp": gcp,
    "azure_native": azure_native,
    "bucket": SimpleNamespace(id="given"),
    "role": SimpleNamespace(id="caller"),
    "group": SimpleNamespace(
        name="rg",
        id="/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg",
    ),
    "account": SimpleNamespace(name="foundry"),
    "pool": SimpleNamespace(
        name="projects/1/locations/global/workloadIdentityPools/claims"
    ),
    "project_id": "claude",
    "profile_arn": (
        "arn:aws:bedrock:us-east-1:111122223333:inference-profile/us.anthropic.claude-sonnet-4-6"
    ),
    "destination_model_arns": [
        "arn:aws:bedrock:us-east-2::foundation-model/anthropic.claude-sonnet-4-6"
    ],
}


class Recorder(pulumi.runtime.Mocks):
    """Gives each resource an id that tells which it is, and keeps its inputs in wire
    spelling."""

    def __init__(self) -> None:
        self.registered: list[dict[str, Any]] = []

    def new_resource(
        self, args: pulumi.runtime.MockResourceArgs
    ) -> tuple[str | None, dict[Any, Any]]:
        made = f"{args.typ}::{args.name}"
        self.registered.append(
            {"type": args.typ, "name": args.name, "inputs": args.inputs, "id": made}
        )
        return made, args.inputs

    def call(
        self, args: pulumi.runtime.MockCallArgs
    ) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        raise AssertionError(f"a snippet calls {args.token}")


def registered_by(snippet: str) -> list[dict[str, Any]]:
    """What `snippet` registers, in order."""
    recorder = Recorder()
    pulumi.runtime.set_mocks(recorder)
    pulumi.runtime.test(lambda: exec(snippet, dict(GIVEN)))()  # type: ignore[no-untyped-call]
    return recorder.registered


if __name__ == "__main__":
    print(
        json.dumps(
            {rule.id: registered_by(rule.remediation.pulumi) for rule in rules()}
        )
    )
