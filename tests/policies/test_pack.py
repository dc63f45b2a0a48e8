"""The pack as the engine meets it: Pulumi's analyzer service, in protobuf."""

import dataclasses
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pulumi_policy as pp
import pytest
from pulumi.runtime import proto

from tests.policies.analyzer import ASIDES, Analyzer, mandatory, spoken
from trivium.errors import ConfigurationError
from trivium_policies import pack
from trivium_policies.discovery import rule_files, rules
from trivium_policies.profile import Profile, Setting, parse_profile
from trivium_policies.resource import UNKNOWN, Resource, resource
from trivium_policies.rule import Case, Rule, Scope, Verdict
from trivium_policies.waivers import Waiver

VIOLATING = {
    f"{file.rule.id}: {case}": (file.rule, wrong)
    for file in rule_files()
    for case, wrong in file.violating.items()
}


def profile_with(rule_id: str, setting: Setting) -> Profile:
    return Profile("test", title="test", sources=(), settings={rule_id: setting})


@pytest.mark.parametrize("case", VIOLATING)
def test_a_violating_example_is_stopped_by_exactly_its_rule_and_shown_on_a_resource(
    case: str,
) -> None:
    rule, wrong = VIOLATING[case]
    profile = profile_with(rule.id, Setting(parameters=wrong.parameters or {}))
    diagnostics = Analyzer(profile).preview(wrong.stack.resources)
    assert mandatory(diagnostics) == {rule.id}
    found = spoken(diagnostics, rule.id)
    assert [any(f"`{path}`" in d.message for d in found) for path in wrong.paths] == [
        True
    ] * len(wrong.paths)
    assert {d.urn for d in found} <= {r.urn for r in wrong.stack.resources}


@pytest.mark.parametrize("file", rule_files(), ids=lambda file: file.rule.id)
def test_compliant_examples_are_not_stopped(file: object) -> None:
    assert isinstance(file, type(rule_files()[0]))
    for right in file.compliant.values():
        profile = profile_with(file.rule.id, Setting(parameters=right.parameters or {}))
        assert mandatory(Analyzer(profile).preview(right.stack.resources)) == set()


def test_the_pack_tells_pulumi_severity_framework_remedy_and_url_of_each_rule() -> None:
    info = {p.name: p for p in Analyzer().servicer.GetAnalyzerInfo(None, None).policies}
    for rule in rules():
        told = info[rule.id]
        assert told.severity == proto.PolicySeverity.Value(
            f"POLICY_SEVERITY_{rule.severity.upper()}"
        )
        assert told.framework.name == rule.compliance[0].framework
        assert told.remediation_steps.startswith(rule.remediation.text)
        assert told.url == f"docs/policies.md#{rule.id}"
        assert told.enforcementLevel == proto.MANDATORY
    assert set(info) - {rule.id for rule in rules()} == ASIDES


BUCKET = resource(
    "gcp:storage/bucket:Bucket", "audit", {"labels": {"trivium-role": "audit-store"}}
)
PRIVATE = {"publicAccessPrevention": "enforced", "uniformBucketLevelAccess": True}


def gcs(**inputs: object) -> Resource:
    return dataclasses.replace(BUCKET, inputs={**BUCKET.inputs, **PRIVATE, **inputs})


def test_an_unknown_input_is_said_in_the_preview_and_judged_in_the_update() -> None:
    preview = Analyzer().preview([gcs(retentionPolicy=UNKNOWN)])
    assert mandatory(preview) == set()
    (said,) = spoken(preview, "cannot-be-judged-yet")
    assert "gcp-audit-store-locked" in said.message
    assert "`retentionPolicy`" in said.message
    assert (said.urn, said.enforcementLevel) == (BUCKET.urn, proto.ADVISORY)

    update = Analyzer().preview([gcs(retentionPolicy={"retentionPeriod": "60"})])
    assert mandatory(update) == {"gcp-audit-store-locked"}


def test_a_stack_rule_judges_the_inputs_and_not_outputs_that_a_preview_cannot_know() -> (
    None
):
    bucket = resource(
        "aws:s3/bucket:Bucket", "audit", {"tags": {"trivium-role": "audit-store"}}
    )
    outputs = {
        bucket.urn: {**bucket.inputs, "objectLockEnabled": UNKNOWN, "region": UNKNOWN}
    }
    stopped = mandatory(Analyzer().preview([bucket], outputs))
    assert stopped == {"aws-audit-store-locked", "audit-store-not-public"}


def test_the_unlocked_stage_is_labelled_and_does_not_stop_the_deployment() -> None:
    unlocked = gcs(retentionPolicy={"retentionPeriod": "220924800"})
    diagnostics = Analyzer("baseline").preview([unlocked])
    assert mandatory(diagnostics) == set()
    (note,) = spoken(diagnostics, "passed-with-a-note")
    assert "unlocked stage" in note.message
    assert mandatory(Analyzer("finance").preview([unlocked])) == {
        "gcp-audit-store-locked"
    }


def breaking(scope: Scope) -> Iterator[Rule]:
    """The pack's rules, of which the one about Cloud Storage breaks on a property's
    value."""

    def broken(case: Case) -> Iterator[Verdict]:
        raise RuntimeError(f"secret value {case.resource.inputs}")

    for rule in rules():
        if rule.id == "gcp-audit-store-locked":
            yield dataclasses.replace(rule, checks=(broken,), scope=scope)
        else:
            yield rule


@pytest.mark.parametrize("scope", ["resource", "stack"])
def test_a_rule_that_raises_stops_the_deployment_even_where_it_is_advisory(
    scope: Scope,
) -> None:
    profile = profile_with("gcp-audit-store-locked", Setting(level="advisory"))
    diagnostics = Analyzer(profile, known=tuple(breaking(scope))).preview([gcs()])
    (stopped,) = mandatory(diagnostics)
    assert stopped in ("every-rule-can-judge", "every-rule-can-judge-in-stack")
    (said,) = spoken(diagnostics, stopped)
    assert "gcp-audit-store-locked" in said.message
    assert "RuntimeError in test_pack.py" in said.message
    assert "secret" not in said.message


def test_an_advisory_rule_warns_and_does_not_stop() -> None:
    diagnostics = Analyzer(
        profile_with("gcp-audit-store-locked", Setting(level="advisory"))
    ).preview([gcs()])
    assert mandatory(diagnostics) == set()
    assert len(spoken(diagnostics, "gcp-audit-store-locked")) == 1


def test_a_rule_that_is_switched_off_is_named_with_its_reason_in_every_run() -> None:
    off = profile_with(
        "gcp-audit-store-locked", Setting(unsafe_disabled="held by another system")
    )
    diagnostics = Analyzer(off).preview([gcs()])
    assert mandatory(diagnostics) == set()
    (said,) = spoken(diagnostics, "passed-with-a-note-in-stack")
    assert (
        "gcp-audit-store-locked is switched off by profile `test`: held by another"
        " system" in said.message
    )


def test_a_pack_whose_rules_are_all_switched_off_is_refused() -> None:
    settings = {rule.id: Setting(unsafe_disabled="no") for rule in rules()}
    with pytest.raises(ConfigurationError, match="no rule that judges"):
        pack.build(
            rules(), Profile("none", title="none", sources=(), settings=settings)
        )


def test_the_engines_configuration_overrides_the_profiles_figures() -> None:
    held = gcs(retentionPolicy={"retentionPeriod": str(184 * 86_400), "isLocked": True})
    analyzer = Analyzer()
    assert mandatory(analyzer.preview([held])) == set()
    analyzer.configure({"gcp-audit-store-locked": {"minimum_retention_days": 2557}})
    assert mandatory(analyzer.preview([held])) == {"gcp-audit-store-locked"}


def test_a_figure_that_the_rule_forbids_is_refused_when_the_engine_sends_it() -> None:
    analyzer = Analyzer()
    analyzer.configure({"gcp-audit-store-locked": {"minimum_retention_days": 0}})
    diagnostics = analyzer.preview([gcs()])
    assert (
        "below the minimum of 1"
        in spoken(diagnostics, "every-rule-can-judge")[0].message
    )


def test_a_parameter_that_does_not_exist_is_refused_when_the_engine_sends_it() -> None:
    analyzer = Analyzer()
    analyzer.configure({"gcp-audit-store-locked": {"minimum_retention_day": 1}})
    diagnostics = analyzer.preview([gcs()])
    assert (
        "has no parameter `minimum_retention_day`"
        in spoken(diagnostics, "every-rule-can-judge")[0].message
    )


WAIVER = Waiver(
    rule="gcp-audit-store-locked",
    resource=BUCKET.urn,
    reason="being verified",
    owner="platform@example.com",
    granted=date(2026, 11, 22),
    expires=date(2026, 12, 6),
)


def test_a_waived_violation_is_shown_with_its_owner_and_does_not_stop() -> None:
    diagnostics = Analyzer(waivers=[WAIVER]).preview([gcs()])
    assert mandatory(diagnostics) == set()
    (said,) = spoken(diagnostics, "waived-finding")
    parts = (
        "2026-12-06",
        "platform@example.com",
        "being verified",
        "retentionPolicy.retentionPeriod",
    )
    assert [part for part in parts if part not in said.message] == []


def test_a_waiver_covers_one_rule_on_one_resource_and_nothing_else() -> None:
    other = dataclasses.replace(gcs(), urn=BUCKET.urn + "-2", name="audit-2")
    assert mandatory(Analyzer(waivers=[WAIVER]).preview([gcs(), other])) == {
        "gcp-audit-store-locked"
    }
    assert mandatory(
        Analyzer(waivers=[WAIVER]).preview(
            [dataclasses.replace(gcs(), inputs=BUCKET.inputs)]
        )
    ) == {"audit-store-not-public"}


def test_a_pattern_covers_as_many_resources_as_its_limit_and_stops_the_next() -> None:
    several = dataclasses.replace(WAIVER, resource=f"{BUCKET.urn}*", limit=2)
    stores = [
        dataclasses.replace(gcs(), urn=f"{BUCKET.urn}{end}", name=f"audit{end}")
        for end in ("", "-2", "-3")
    ]
    assert mandatory(Analyzer(waivers=[several]).preview(stores[:2])) == set()
    diagnostics = Analyzer(waivers=[several]).preview(stores)
    (said,) = spoken(diagnostics, "gcp-audit-store-locked")
    assert said.urn == stores[2].urn
    assert "covers 2 resources, and this is one more" in said.message


def test_the_profile_and_waivers_come_from_the_environment(tmp_path: Path) -> None:
    waivers = tmp_path / "waivers.yaml"
    waivers.write_text("waivers: []\n")
    chosen = pack.configuration(
        {"TRIVIUM_POLICY_PROFILE": "finance", "TRIVIUM_POLICY_WAIVERS": str(waivers)}
    )
    assert (chosen[1].name, chosen[2]) == ("finance", ())
    assert pack.configuration({})[1].name == "baseline"


def test_a_waiver_file_that_is_named_and_missing_keeps_the_pack_from_loading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TRIVIUM_POLICY_WAIVERS", str(tmp_path / "absent.yaml"))
    assert pack.main() == 1
    assert "absent.yaml cannot be read" in capsys.readouterr().err


def test_main_serves_the_pack_to_pulumi(monkeypatch: pytest.MonkeyPatch) -> None:
    served: dict[str, object] = {}
    monkeypatch.setattr(
        pp,
        "PolicyPack",
        lambda name, policies, **_: served.update(name=name, policies=policies),
    )
    monkeypatch.delenv("TRIVIUM_POLICY_PROFILE", raising=False)
    assert pack.main() == 0
    assert served["name"] == "trivium"
    assert len(served["policies"]) == len(rules()) + len(ASIDES)  # type: ignore[arg-type]


def test_a_profile_is_also_a_file_for_policy_pack_config() -> None:
    from trivium_policies.profile import load_profile, policy_pack_config

    config = policy_pack_config(load_profile("finance"), rules())
    assert json.loads(json.dumps(config))["gcp-audit-store-locked"] == {
        "enforcementLevel": "mandatory",
        "minimum_retention_days": 2192,
        "lock_required": True,
    }
    assert set(config) == {rule.id for rule in rules()}


def test_a_profile_that_names_no_rule_leaves_all_of_them_mandatory() -> None:
    profile = parse_profile("empty", {"title": "empty"}, rules())
    assert {profile.setting(rule).level for rule in rules()} == {"mandatory"}


UNSEEN = (
    "aws:cloudformation/stack:Stack",
    "aws-native:index:ExtensionResource",
    "azure-native:resources:DeploymentAtSubscriptionScope",
    "azure-native:resources/v20240301:Deployment",
    "pulumi-python:dynamic:Resource",
    "command:local:Command",
)


@pytest.mark.parametrize("token", UNSEEN)
def test_a_template_that_something_else_carries_out_is_no_silent_pass(
    token: str,
) -> None:
    hidden = Resource(
        token,
        "hidden",
        f"urn:pulumi:a::b::{token}::hidden",
        {"templateBody": "Resources: {}"},
    )
    diagnostics = Analyzer().preview([hidden])
    (found,) = spoken(diagnostics, "makes-what-no-rule-sees")
    assert (found.urn, "what it makes is not judged" in found.message) == (
        hidden.urn,
        True,
    )
    assert mandatory(diagnostics) == set()


def test_a_resource_that_is_judged_or_makes_nothing_else_is_not_reported_as_unseen() -> (
    None
):
    plain = [
        resource(token, "x", {})
        for token in ("aws:s3/bucket:Bucket", "azure-native:resources:ResourceGroup")
    ]
    assert spoken(Analyzer().preview(plain), "makes-what-no-rule-sees") == []
