"""A recorder in place of the engine: it receives what a program declares.

It answers with the inputs and with made-up outputs, and knows nothing about any cloud.
The stand-ins check what a provider would refuse. Mocks accept dict inputs with unknown
keys, so tests look at wire keys.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi.runtime.stack import wait_for_rpcs

Inputs = dict[str, Any]
"""Wire inputs (camelCase). Any: each resource type has a shape of its own."""

PROFILE_REGIONS = {
    "us": ("us-east-1", "us-east-2", "us-west-2"),
    "eu": ("eu-central-1", "eu-north-1", "eu-west-1", "eu-west-3"),
    "us-gov": ("us-gov-east-1", "us-gov-west-1"),
}
"""Destinations that the recorder's inference profiles have, by geography."""

EXISTING_VPC: Inputs = {
    "cidrBlock": "10.90.0.0/16",
    "cidrBlockAssociations": [
        {"associationId": "a", "cidrBlock": "10.90.0.0/16", "state": "associated"},
        {"associationId": "b", "cidrBlock": "10.91.0.0/16", "state": "associated"},
        {"associationId": "c", "cidrBlock": "10.92.0.0/16", "state": "disassociated"},
    ],
    "enableDnsHostnames": True,
    "enableDnsSupport": True,
}
"""How the recorder describes every existing VPC."""

# Computed outputs that the components read. Every resource gets all of them, whether or
# not its type has them.
_COMPUTED = (
    "address",
    "arn",
    "clientId",
    "email",
    "guardrailArn",
    "guardrailId",
    "keyId",
    "keyUriWithVersion",
    "mainRouteTableId",
    "member",
    "principalId",
)
_NAMED_BY = (
    "name",
    "bucket",
    "accountName",
    "containerName",
    "resourceGroupName",
    "resourceName",
)


def _as_azure_answers(inputs: Inputs) -> Inputs:
    """The inputs as outputs: Azure takes identities as a list and answers a map."""
    identity = inputs.get("identity")
    if not isinstance(identity, Mapping):
        return inputs
    named = identity.get("userAssignedIdentities")
    if not isinstance(named, list):
        return inputs
    answered = {**identity, "userAssignedIdentities": {each: {} for each in named}}
    return {**inputs, "identity": answered}


@dataclass
class Recorder(pulumi.runtime.Mocks):
    """Keeps every registration, in order."""

    regions: Mapping[str, tuple[str, ...]] = field(
        default_factory=lambda: PROFILE_REGIONS
    )
    vpc: Inputs = field(default_factory=lambda: dict(EXISTING_VPC))
    seen: list[pulumi.runtime.MockResourceArgs] = field(default_factory=list)

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, Inputs]:
        self.seen.append(args)
        outputs = {name: f"{args.name}.{name}" for name in _COMPUTED}
        named = next(
            (args.inputs[key] for key in _NAMED_BY if key in args.inputs), args.name
        )
        outputs["arn"] = f"arn:aws:made:up:111122223333:thing/{named}"
        return f"{args.name}.id", {
            **outputs,
            "name": named,
            "version": "1",
            **_as_azure_answers(args.inputs),
        }

    def call(
        self, args: pulumi.runtime.MockCallArgs
    ) -> tuple[Inputs, list[tuple[str, str]] | None]:
        if args.token == "aws:ec2/getVpc:getVpc":
            return {**self.vpc, "id": args.args["id"]}, []
        assert args.token == "aws:bedrock/getInferenceProfile:getInferenceProfile", (
            args.token
        )
        profile = args.args["inferenceProfileId"]
        geography, _, model = profile.partition(".")
        answer: Inputs = {
            "inferenceProfileArn": (
                f"arn:aws:bedrock:us-east-1:111122223333:inference-profile/{profile}"
            ),
            "models": [
                {"modelArn": f"arn:aws:bedrock:{region}::foundation-model/{model}"}
                for region in self.regions[geography]
            ],
        }
        return answer, []


@dataclass(frozen=True)
class Recording:
    """What one run declared, and what it handed over."""

    resources: tuple[pulumi.runtime.MockResourceArgs, ...]
    result: Any
    """What the run returned, with outputs resolved. Any: as the caller made it."""

    def of(self, kind: str) -> list[Inputs]:
        """The wire inputs of every resource of a type, in order.

        `kind` is the end of the type, such as `:Bucket`.
        """
        return [
            dict(found.inputs) for found in self.resources if found.typ.endswith(kind)
        ]

    def only(self, kind: str) -> Inputs:
        """The wire inputs of the one resource of a type."""
        found = self.of(kind)
        assert len(found) == 1, f"{len(found)} resources of type {kind}"
        return found[0]

    def named(self, name: str) -> Inputs:
        """The wire inputs of the resource with that logical name."""
        return next(
            dict(found.inputs) for found in self.resources if found.name == name
        )


def record(
    run: Callable[[], Any], *, stack: str = "test", recorder: Recorder | None = None
) -> Recording:
    """Run a piece of a program, and wait for everything that it declares.

    Any: whatever it returns.
    """
    recorder = recorder or Recorder()
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        pulumi.runtime.set_mocks(recorder, project="trivium", stack=stack)

        async def declare() -> Any:  # Any: see `record`
            try:
                returned = run()
            finally:
                # Also after an error: what is left over would block the next run.
                await wait_for_rpcs()
            return await pulumi.Output.from_input(returned).future()

        result = loop.run_until_complete(declare())
    finally:
        loop.close()
        asyncio.set_event_loop(None)
    return Recording(tuple(recorder.seen), result)


def statements(document: str) -> dict[str, Any]:
    """The statements of a policy document by their `Sid`. Any: free-form JSON."""
    return {found["Sid"]: found for found in json.loads(document)["Statement"]}
