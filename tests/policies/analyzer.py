"""The pack behind Pulumi's own analyzer service, spoken to in protobuf as the engine
speaks to it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pulumi_policy as pp
from google.protobuf import json_format, struct_pb2
from pulumi.runtime import proto
from pulumi_policy.policy import _PolicyAnalyzerServicer
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from trivium_policies.asides import INPUTS, UNSEEN, VOICES
from trivium_policies.discovery import rules
from trivium_policies.pack import IN_STACK, build
from trivium_policies.profile import Profile, load_profile
from trivium_policies.resource import UNKNOWN, Resource
from trivium_policies.rule import Rule
from trivium_policies.waivers import Waiver

ASIDES = {
    UNSEEN.id,
    *(INPUTS.id + ending for ending in ("", IN_STACK)),
    *(voice.id + ending for voice in VOICES.values() for ending in ("", IN_STACK)),
}


class Analyzer:
    """One run of the pack: resources are analysed one by one, then together, as in
    `pulumi preview`."""

    def __init__(
        self,
        profile: Profile | str = "baseline",
        waivers: Sequence[Waiver] = (),
        known: Sequence[Rule] | None = None,
    ) -> None:
        chosen = load_profile(profile) if isinstance(profile, str) else profile
        self.policies = build(rules() if known is None else known, chosen, waivers)
        self.servicer = _PolicyAnalyzerServicer(
            "trivium", "0.1.0", self.policies, pp.EnforcementLevel.MANDATORY
        )

    def configure(self, config: Mapping[str, Mapping[str, Any]]) -> None:
        """What the engine sends for `--policy-pack-config`."""
        request = proto.ConfigureAnalyzerRequest()
        for rule_id, properties in config.items():
            request.policyConfig[rule_id].enforcementLevel = proto.MANDATORY
            request.policyConfig[rule_id].properties.update(properties)
        self.servicer.Configure(request, None)

    def preview(
        self,
        resources: Iterable[Resource],
        outputs: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> list[Any]:
        """Every diagnostic of a run over `resources`. `outputs` replaces what the
        stack's analysis sees, by URN."""
        resources = tuple(resources)
        diagnostics = [
            d
            for r in resources
            for d in self.servicer.Analyze(_request(r), None).diagnostics
        ]
        together = proto.AnalyzeStackRequest()
        for each in resources:
            seen = _struct((outputs or {}).get(each.urn, each.inputs))
            sent = together.resources.add(
                type=each.type, urn=each.urn, name=each.name, properties=seen
            )
            for name, urns in each.depends.items():
                sent.propertyDependencies[name].urns.extend(urns)
        return [*diagnostics, *self.servicer.AnalyzeStack(together, None).diagnostics]


def _request(each: Resource) -> proto.AnalyzeRequest:
    request = proto.AnalyzeRequest(
        type=each.type, urn=each.urn, name=each.name, properties=_struct(each.inputs)
    )
    if each.provider:
        request.provider.properties.CopyFrom(_struct(each.provider))
    return request


def _struct(bag: Mapping[str, Any]) -> struct_pb2.Struct:
    return json_format.ParseDict(_wire(bag), struct_pb2.Struct())


def _wire(value: Any) -> Any:
    if value is UNKNOWN:
        return UNKNOWN_STRING_VALUE
    if isinstance(value, Mapping):
        return {name: _wire(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_wire(inner) for inner in value]
    return value


def mandatory(diagnostics: Iterable[Any]) -> set[str]:
    """The policies whose findings stop a deployment."""
    return {d.policyName for d in diagnostics if d.enforcementLevel == proto.MANDATORY}


def spoken(diagnostics: Iterable[Any], policy: str) -> list[Any]:
    """The diagnostics of one policy."""
    return [d for d in diagnostics if d.policyName == policy]
