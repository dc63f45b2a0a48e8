"""Hands the rules to Pulumi.

Each rule becomes one Pulumi policy, at the level and with the figures of the profile.
Further policies say what does not fit a rule's own level (`asides.py`), collect what
the rules of scope `stack` read, and report what no rule sees (`opaque.py`).

Law of this file: it fails closed. A profile or waiver that cannot be used keeps the
pack from loading, and Pulumi then deploys nothing. A rule that raises is a mandatory
violation that names the rule.

    TRIVIUM_POLICY_PROFILE   a profile's name, or the path of a profile file
                             (default: `baseline`)
    TRIVIUM_POLICY_WAIVERS   the path of a waiver file
                             (default: `waivers.yaml` beside the pack, if it exists)
    TRIVIUM_POLICY_RULES     folders of an organisation's own rules, separated by `:`

`pulumi … --policy-pack-config FILE` overrides both levels and figures rule by rule;
`python -m trivium_policies.profile NAME` writes such a file.
"""

import os
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pulumi_policy as pp
from pulumi_policy.proxy import UnknownValueError

from trivium.errors import ConfigurationError
from trivium_policies.asides import INPUTS, UNSEEN, VOICES, Asides, Kind, Voice
from trivium_policies.discovery import SHIPPED, own_packages, rules
from trivium_policies.opaque import makes_unseen_resources
from trivium_policies.profile import (
    DEFAULT_PROFILE,
    Profile,
    frozen_value,
    load_profile,
    parameter_problem,
    parameter_schema,
)
from trivium_policies.resource import UNKNOWN, Resource, Stack, unversioned
from trivium_policies.rule import (
    Finding,
    Pass,
    Pending,
    Rule,
    Value,
    Violation,
    describe,
    judge,
    known_as,
)
from trivium_policies.waivers import Waiver, load_waivers, waiver_for

PACK_NAME: Final = "trivium"
PROFILE_VARIABLE: Final = "TRIVIUM_POLICY_PROFILE"
WAIVERS_VARIABLE: Final = "TRIVIUM_POLICY_WAIVERS"
RULES_VARIABLE: Final = "TRIVIUM_POLICY_RULES"
IN_STACK: Final = "-in-stack"
"""Ends the id of an asides' policy that speaks for rules of scope `stack`."""

_DEFAULT_WAIVERS: Final = Path(__file__).parents[1] / "waivers.yaml"

Report = Callable[[str, str | None], None]


def main() -> int:
    """Serves the pack to the engine until the engine ends it; 1 when it cannot be
    loaded."""
    try:
        policies = build(*configuration(os.environ))
    except ConfigurationError as error:
        print(f"The policy pack `{PACK_NAME}` is not loaded. {error}", file=sys.stderr)
        return 1
    pp.PolicyPack(PACK_NAME, policies, enforcement_level=pp.EnforcementLevel.MANDATORY)
    return 0


def configuration(
    environment: Mapping[str, str],
) -> tuple[tuple[Rule, ...], Profile, tuple[Waiver, ...]]:
    """The rules, the profile and the waivers that `environment` names. Raises
    `ConfigurationError`."""
    own = own_packages(environment.get(RULES_VARIABLE, ""))
    known = rules((*SHIPPED, *own))
    profile = load_profile(environment.get(PROFILE_VARIABLE) or DEFAULT_PROFILE, known)
    named = environment.get(WAIVERS_VARIABLE)
    if not named and not _DEFAULT_WAIVERS.exists():
        return known, profile, ()
    today = datetime.now(UTC).date()
    file = Path(named) if named else _DEFAULT_WAIVERS
    return (
        known,
        profile,
        load_waivers(file, rule_ids=[rule.id for rule in known], today=today),
    )


def build(
    known: Sequence[Rule], profile: Profile, waivers: Sequence[Waiver] = ()
) -> list[pp.Policy]:
    """The pack's policies, in the order in which they must run. Raises
    `ConfigurationError` when there is no rule."""
    if not known or all(profile.setting(rule).unsafe_disabled for rule in known):
        raise ConfigurationError(
            "The policy pack has no rule that judges; an empty pack would let every"
            " stack pass.",
            next_step=(
                "Restore the rules, or the profile that switched all of them off."
            ),
        )
    bench = _Bench(profile, tuple(waivers))
    by_scope = {
        scope: [rule for rule in known if rule.scope == scope]
        for scope in ("resource", "stack")
    }
    return [
        _inputs_policy(bench),
        *(_resource_policy(rule, bench) for rule in by_scope["resource"]),
        *(_resource_voice(kind, voice, bench) for kind, voice in VOICES.items()),
        _unseen_policy(),
        _collecting_policy(bench),
        *(_stack_policy(rule, bench) for rule in by_scope["stack"]),
        *(_stack_voice(kind, voice, bench, known) for kind, voice in VOICES.items()),
    ]


class _Bench:
    """What the policies of one run share: the profile, the waivers, the asides, and the
    inputs seen so far."""

    def __init__(self, profile: Profile, waivers: tuple[Waiver, ...]) -> None:
        self.profile = profile
        self.asides = Asides()
        # A stack policy is given outputs, in which a preview shows every property that
        # the program left out as unknown. What will be made is the inputs, so the
        # stack's rules judge those.
        self.inputs: dict[str, Mapping[str, object]] = {}
        self._waivers = waivers
        self._covered: dict[Waiver, set[str]] = {}
        """Waiver → URNs that it has covered in this run."""
        self.stack: Stack | None = None
        """Every resource, built once for all rules of scope `stack`."""

    def whole(self) -> Stack:
        """The stack that is judged now."""
        if self.stack is None:
            raise LookupError("the stack's resources were not collected")
        return self.stack

    def hear(
        self,
        rule: Rule,
        read: Callable[[], Stack],
        *,
        config: Mapping[str, object],
        request: str,
        report: Report,
    ) -> None:
        """Judge, report the violations and keep the asides. `request` is a URN, or
        `Asides.WHOLE_STACK`."""
        try:
            for finding in judge(rule, read(), self._parameters(rule, config)):
                self._speak(finding, request, report)
        except Exception as error:
            # Fail closed: whatever broke, the rule's promise is not known to hold.
            self.asides.add(
                "broken", request, urn=request, message=_broken(rule, error)
            )

    def _speak(self, finding: Finding, request: str, report: Report) -> None:
        """Report a finding, or keep it as an aside."""
        urn, verdict = finding.resource.urn, finding.verdict
        if isinstance(verdict, Violation):
            waiver = waiver_for(self._waivers, rule_id=finding.rule.id, urn=urn)
            if waiver is None:
                report(describe(finding, verdict), urn)
            elif self._exhausted(waiver, urn):
                report(f"{describe(finding, verdict)}\n{_beyond(waiver)}", urn)
            else:
                self.asides.add(
                    "waived",
                    request,
                    urn=urn,
                    message=_waived(finding, verdict, waiver),
                )
        elif isinstance(verdict, Pending):
            self.asides.add(
                "pending", request, urn=urn, message=_pending(finding, verdict)
            )
        elif isinstance(verdict, Pass) and verdict.note:
            message = f"{finding.rule.id}: {known_as(finding.resource)}: {verdict.note}"
            self.asides.add("noted", request, urn=urn, message=message)

    def _exhausted(self, waiver: Waiver, urn: str) -> bool:
        """Whether the waiver's pattern has covered as many resources as it may."""
        covered = self._covered.setdefault(waiver, set())
        covered.add(urn)
        return len(covered) > waiver.limit

    def _parameters(self, rule: Rule, config: Mapping[str, object]) -> dict[str, Value]:
        """The profile's parameters, overridden by what the engine was configured
        with."""
        unknown = set(config) - {parameter.name for parameter in rule.parameters}
        if unknown:
            raise ConfigurationError(
                f"Policy config of `{rule.id}` has no parameter `{min(unknown)}`."
            )
        parameters = dict(self.profile.setting(rule).parameters)
        for parameter in rule.parameters:
            if parameter.name in config:
                value = _json_value(config[parameter.name])
                problem = parameter_problem(parameter, value)
                if problem:
                    raise ConfigurationError(
                        f"Policy config `{rule.id}.{parameter.name}`: {problem}."
                    )
                parameters[parameter.name] = frozen_value(value)
        return parameters


def _pending(finding: Finding, verdict: Pending) -> str:
    """What is said of a resource that cannot be judged yet."""
    return (
        f"{finding.rule.id}: {known_as(finding.resource)} cannot be judged yet, because"
        f" the preview does not know `{verdict.path}`. This is not a pass."
    )


def _waived(finding: Finding, verdict: Violation, waiver: Waiver) -> str:
    """What is said of a violation that somebody accepted."""
    return (
        f"{finding.rule.id}: waived until {waiver.expires} by {waiver.owner}"
        f" ({waiver.reason}). The violation: {_in_one_line(finding, verdict)}"
    )


def _beyond(waiver: Waiver) -> str:
    """Why a waiver that fits does not count."""
    return (
        f"waiver    `{waiver.resource}` of {waiver.owner} covers {waiver.limit}"
        " resources, and this is one more; raise its `limit`, or narrow the pattern"
    )


def _in_one_line(finding: Finding, verdict: Violation) -> str:
    return " ".join(describe(finding, verdict).split())


def _broken(rule: Rule, error: Exception) -> str:
    """Says where the rule broke. The exception's text may quote a property, so it is
    not shown unless it is ours."""
    if isinstance(error, ConfigurationError):
        return f"{rule.id} could not judge. {error}"
    frames = traceback.extract_tb(error.__traceback__)
    where = (
        f"{Path(frames[-1].filename).name}, line {frames[-1].lineno}"
        if frames
        else "unknown place"
    )
    return (
        f"{rule.id} could not judge: {type(error).__name__} in {where}. What it"
        " promises is not known to hold, so this counts as a violation. Mend the rule;"
        " a waiver does not cover it."
    )


def _metadata(
    rule: Rule, profile: Profile
) -> dict[str, Any]:  # Any: keyword arguments of Pulumi's policy classes
    """What Pulumi is told of a rule."""
    setting = profile.setting(rule)
    level = (
        pp.EnforcementLevel.ADVISORY
        if setting.level == "advisory"
        else pp.EnforcementLevel.MANDATORY
    )
    first = rule.compliance[0]
    properties = {
        p.name: parameter_schema(p, setting.parameters.get(p.name))
        for p in rule.parameters
    }
    return {
        "name": rule.id,
        "description": f"{rule.title}.",
        "display_name": rule.title,
        "severity": pp.Severity(rule.severity),
        "enforcement_level": (
            pp.EnforcementLevel.DISABLED if setting.unsafe_disabled else level
        ),
        "framework": pp.PolicyComplianceFramework(
            name=first.framework, reference=first.control
        ),
        "tags": [
            rule.cloud,
            *(f"{control.framework} {control.control}" for control in rule.compliance),
        ],
        "remediation_steps": f"{rule.remediation.text}\n\n{rule.remediation.pulumi}",
        "url": rule.documentation,
        "config_schema": pp.PolicyConfigSchema(properties) if properties else None,
    }


def _resource_policy(rule: Rule, bench: _Bench) -> pp.Policy:
    """A rule of scope `resource`, as Pulumi runs it."""

    def validate(args: pp.ResourceValidationArgs, report: Report) -> None:
        if unversioned(args.resource_type) not in rule.types:
            args.not_applicable(f"{rule.id} is about other types")
        bench.hear(
            rule,
            lambda: Stack((_resource(args),)),
            config=args.get_config(),
            request=args.urn,
            report=report,
        )

    return pp.ResourceValidationPolicy(
        validate=validate, **_metadata(rule, bench.profile)
    )


def _stack_policy(rule: Rule, bench: _Bench) -> pp.Policy:
    """A rule of scope `stack`, as Pulumi runs it."""

    def validate(args: pp.StackValidationArgs, report: Report) -> None:
        bench.hear(
            rule,
            bench.whole,
            config=args.get_config(),
            request=Asides.WHOLE_STACK,
            report=report,
        )

    return pp.StackValidationPolicy(validate=validate, **_metadata(rule, bench.profile))


def _inputs_policy(bench: _Bench) -> pp.Policy:
    """Collects the inputs of every resource for the rules of scope `stack`; it judges
    nothing."""

    def validate(args: pp.ResourceValidationArgs, _report: Report) -> None:
        bench.inputs[args.urn] = _plain_bag(args.props)

    return pp.ResourceValidationPolicy(
        INPUTS.id, INPUTS.description, validate, enforcement_level=_level(INPUTS)
    )


def _collecting_policy(bench: _Bench) -> pp.Policy:
    """Puts the stack together, before its rules judge it."""

    def validate(args: pp.StackValidationArgs, _report: Report) -> None:
        seen = (_stack_resource(r, bench.inputs.get(r.urn)) for r in args.resources)
        bench.stack = Stack(tuple(seen))

    return pp.StackValidationPolicy(
        INPUTS.id + IN_STACK,
        INPUTS.description,
        validate,
        enforcement_level=_level(INPUTS),
    )


def _resource_voice(kind: Kind, voice: Voice, bench: _Bench) -> pp.Policy:
    """A policy that says, of each resource, what fits no rule's own level."""

    def validate(args: pp.ResourceValidationArgs, report: Report) -> None:
        for urn, message in bench.asides.take(kind, args.urn):
            report(message, urn)

    return pp.ResourceValidationPolicy(
        voice.id, voice.description, validate, enforcement_level=_level(voice)
    )


def _stack_voice(
    kind: Kind, voice: Voice, bench: _Bench, known: Iterable[Rule]
) -> pp.Policy:
    """The same for the whole stack."""
    disabled = [
        (rule.id, bench.profile.setting(rule).unsafe_disabled) for rule in known
    ]

    def validate(_args: pp.StackValidationArgs, report: Report) -> None:
        for urn, message in bench.asides.take(kind, Asides.WHOLE_STACK):
            report(message, urn or None)
        for rule_id, reason in disabled if kind == "noted" else ():
            if reason:
                report(
                    f"{rule_id} is switched off by profile `{bench.profile.name}`:"
                    f" {reason}",
                    None,
                )

    return pp.StackValidationPolicy(
        voice.id + IN_STACK,
        voice.description,
        validate,
        enforcement_level=_level(voice),
    )


def _unseen_policy() -> pp.Policy:
    """The policy that reports what no rule sees."""

    def validate(args: pp.ResourceValidationArgs, report: Report) -> None:
        if makes_unseen_resources(unversioned(args.resource_type)):
            report(
                f"`{args.name}` ({args.resource_type}) is carried out by something"
                " else, and what it makes is not judged. This is not a pass: declare"
                " those resources in the program, or have a reviewer read what it"
                " carries out.",
                args.urn,
            )

    return pp.ResourceValidationPolicy(
        UNSEEN.id, UNSEEN.description, validate, enforcement_level=_level(UNSEEN)
    )


def _level(voice: Voice) -> pp.EnforcementLevel:
    return (
        pp.EnforcementLevel.MANDATORY
        if voice.mandatory
        else pp.EnforcementLevel.ADVISORY
    )


def _resource(args: pp.ResourceValidationArgs) -> Resource:
    """A resource as the engine sends it, before it is made."""
    return Resource(
        type=unversioned(args.resource_type),
        name=args.name,
        urn=args.urn,
        inputs=_plain_bag(args.props),
        provider=_plain_bag(args.provider.props) if args.provider else {},
    )


def _stack_resource(
    seen: pp.PolicyResource, inputs: Mapping[str, object] | None
) -> Resource:
    """A resource as the engine sends it with its stack."""
    return Resource(
        type=unversioned(seen.resource_type),
        name=seen.name,
        urn=seen.urn,
        inputs=_plain_bag(seen.props) if inputs is None else inputs,
        provider=_plain_bag(seen.provider.props) if seen.provider else {},
        depends={
            name: tuple(d.urn for d in found)
            for name, found in seen.property_dependencies.items()
        },
    )


def _plain_bag(
    proxy: Mapping[str, Any],
) -> dict[str, object]:  # Any: whatever JSON holds
    """A bag of Pulumi's, as plain data with `UNKNOWN` where its proxies would raise."""
    return {key: _plain(proxy, key) for key in proxy}


def _plain(
    proxy: Any, key: str | int
) -> object:  # Any: a mapping or a sequence of whatever JSON holds
    """A member of a bag of Pulumi's, as plain data."""
    try:
        value = proxy[key]
    except UnknownValueError:
        return UNKNOWN
    if isinstance(value, Mapping):
        return _plain_bag(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(value, index) for index in range(len(value))]
    return value


def _json_value(value: object) -> object:
    """Numbers come from the engine as floats."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
