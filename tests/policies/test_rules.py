"""Every rule is proven by the examples in its own file, and no rule judges another
rule's business."""

import dataclasses
import importlib
import sys
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trivium.errors import ConfigurationError
from trivium_policies import discovery
from trivium_policies.discovery import RuleFile, rule_files, rules
from trivium_policies.resource import UNKNOWN, Resource, Stack, resource
from trivium_policies.rule import (
    Parameters,
    Pass,
    Pending,
    Right,
    Rule,
    Violation,
    Wrong,
    describe,
    judge,
    violations,
)
from trivium_policies.sound import S3_STORE

COMPLIANT = {
    f"{file.rule.id}: {case}": (file, right)
    for file in rule_files()
    for case, right in file.compliant.items()
}
VIOLATING = {
    f"{file.rule.id}: {case}": (file, wrong)
    for file in rule_files()
    for case, wrong in file.violating.items()
}


def paths(
    rule: Rule, example: Right | Wrong, parameters: Parameters | None = None
) -> tuple[str, ...]:
    return tuple(v.path for _, v in violations(judge(rule, example.stack, parameters)))


@pytest.mark.parametrize("case", COMPLIANT)
def test_a_compliant_example_passes_every_rule(case: str) -> None:
    file, right = COMPLIANT[case]
    for rule in rules():
        parameters = right.parameters if rule is file.rule else None
        assert paths(rule, right, parameters) == (), f"{rule.id} refuses it"


@pytest.mark.parametrize("case", VIOLATING)
def test_a_violating_example_breaks_exactly_its_rule_at_exactly_its_properties(
    case: str,
) -> None:
    file, wrong = VIOLATING[case]
    assert paths(file.rule, wrong, wrong.parameters) == wrong.paths
    others = [
        rule.id for rule in rules() if rule is not file.rule and paths(rule, wrong)
    ]
    assert others == []


@pytest.mark.parametrize("case", VIOLATING)
def test_a_message_names_thing_property_expectation_consequence_remedy_and_document(
    case: str,
) -> None:
    file, wrong = VIOLATING[case]
    for finding, violation in violations(
        judge(file.rule, wrong.stack, wrong.parameters)
    ):
        message = describe(finding, violation)
        parts = (
            finding.resource.name,
            finding.resource.type,
            f"`{violation.path}`",
            violation.expected,
            violation.consequence,
            file.rule.remediation.text,
            file.rule.documentation,
        )
        assert [part for part in parts if part not in message] == []


def all_unknown(example: Wrong) -> tuple[Resource, ...]:
    """The example with every property unknown but those that say what the resource
    is."""
    kept = (
        "tags",
        "labels",
        "kind",
        "resourceProviderNamespace",
        "parentResourcePath",
        "resourceType",
    )

    def veiled(name: str, value: object) -> object:
        if name in kept:
            return value
        if name == "properties" and isinstance(value, Mapping) and "model" in value:
            return {
                "model": {"format": "Anthropic", "version": UNKNOWN},
                "versionUpgradeOption": UNKNOWN,
            }
        return UNKNOWN

    return tuple(
        Resource(
            r.type,
            r.name,
            r.urn,
            {n: veiled(n, v) for n, v in r.inputs.items()},
            depends=r.depends,
        )
        for r in example.stack.resources
    )


@pytest.mark.parametrize("rule_id", [rule.id for rule in rules()])
def test_a_rule_that_knows_nothing_yet_says_so_and_neither_passes_nor_violates(
    rule_id: str,
) -> None:
    file = next(file for file in rule_files() if file.rule.id == rule_id)
    wrong = max(
        file.violating.values(),
        key=lambda example: sum(len(r.inputs) for r in example.stack.resources),
    )
    verdicts = [
        finding.verdict for finding in judge(file.rule, Stack(all_unknown(wrong)))
    ]
    assert any(isinstance(verdict, Pending) for verdict in verdicts)
    assert not any(isinstance(verdict, Violation) for verdict in verdicts)


def test_an_unknown_input_does_not_hide_a_violation_that_is_known() -> None:
    account = resource(
        "azure-native:cognitiveservices:Account",
        "foundry",
        {
            "kind": "AIServices",
            "properties": {"publicNetworkAccess": UNKNOWN, "disableLocalAuth": False},
        },
    )
    rule = next(
        rule for rule in rules() if rule.id == "azure-claude-private-and-keyless"
    )
    verdicts = [finding.verdict for finding in judge(rule, Stack((account,)))]
    assert [v.path for v in verdicts if isinstance(v, Pending)] == [
        "properties.publicNetworkAccess"
    ]
    assert "properties.disableLocalAuth" in [
        v.path for v in verdicts if isinstance(v, Violation)
    ]


JSON = st.recursive(
    st.sampled_from([None, True, 0, -1.5, "", "true", "*", "Anthropic", UNKNOWN]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["Statement", "model", "tags"]), inner)
    ),
    max_leaves=4,
)


def with_one_value_changed(draw: st.DrawFn, value: object) -> object:
    """`value` with something else at one place of it, at any depth."""
    if isinstance(value, dict) and value and draw(st.integers(0, 4)):
        key = draw(st.sampled_from(sorted(value)))
        return {**value, key: with_one_value_changed(draw, value[key])}
    if isinstance(value, list) and value and draw(st.integers(0, 4)):
        index = draw(st.integers(0, len(value) - 1))
        return [
            *value[:index],
            with_one_value_changed(draw, value[index]),
            *value[index + 1 :],
        ]
    return draw(JSON)


@st.composite
def spoiled(draw: st.DrawFn) -> Stack:
    """The resources of some example, of which one property of one resource is something
    else."""
    examples: list[Right | Wrong] = []
    for file in rule_files():
        examples += [*file.compliant.values()]
        examples += [*file.violating.values()]
    resources = list(draw(st.sampled_from(examples)).stack.resources)
    index = draw(st.integers(0, len(resources) - 1))
    inputs = dict(resources[index].inputs)
    if inputs:
        name = draw(st.sampled_from(sorted(inputs)))
        inputs[name] = with_one_value_changed(draw, inputs[name])
    resources[index] = dataclasses.replace(resources[index], inputs=inputs)
    return Stack(tuple(resources))


@settings(deadline=None)  # nothing here is timed
@given(spoiled())
def test_no_shape_of_a_property_breaks_a_rule(stack: Stack) -> None:
    for rule in rules():
        subjects = list(stack.of_type(*rule.types))
        assert {finding.resource.urn for finding in judge(rule, stack)} == {
            subject.urn for subject in subjects
        }


STORES = (
    "aws-audit-store-locked",
    "gcp-audit-store-locked",
    "azure-audit-store-immutable",
)


@pytest.mark.parametrize("rule_id", STORES)
def test_the_unlocked_stage_passes_and_is_labelled(rule_id: str) -> None:
    file = next(file for file in rule_files() if file.rule.id == rule_id)
    stage = next(
        right
        for sentence, right in file.compliant.items()
        if "unlocked stage" in sentence
    )
    (note,) = [
        f.verdict.note
        for f in judge(file.rule, stage.stack)
        if isinstance(f.verdict, Pass)
    ]
    assert note.startswith("unlocked stage")


def test_the_three_stores_promise_the_same_under_the_same_parameters() -> None:
    declared = {
        rule.id: (rule.parameters, rule.severity, rule.compliance)
        for rule in rules()
        if rule.id in STORES
    }
    assert len(declared) == 3
    assert len(set(declared.values())) == 1


@pytest.mark.parametrize("rule_id", [rule.id for rule in rules()])
def test_a_rule_is_judged_on_every_type_that_it_names_and_those_are_the_sdks_own(
    rule_id: str,
) -> None:
    rule = next(rule for rule in rules() if rule.id == rule_id)
    assert [token for token in rule.types if not is_registered(token)] == []


def is_registered(token: str) -> bool:
    """Whether the installed SDK has a resource of this type."""
    from pulumi.runtime.rpc import _RESOURCE_MODULES

    package = "pulumi_" + token.split(":")[0].replace("-", "_")
    importlib.import_module(package)
    module = token.rpartition(":")[0]
    infos = (
        getattr(version, "mod_info")  # noqa: B009 - untyped
        for version in _RESOURCE_MODULES.get(module, ())
    )
    return any(token in info["classes"] for info in infos)


def test_rules_are_importable_without_pulumi() -> None:
    import subprocess

    code = (
        "import sys; sys.modules['pulumi'] = sys.modules['pulumi_policy'] = None; "
        "from trivium_policies.discovery import rules; print(len(rules()))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60
    )
    assert ran.stdout.strip() == str(len(rules())), ran.stderr


def test_an_empty_pack_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="holds no rule"):
        discovery.rule_files.__wrapped__(())


def test_two_rules_of_one_name_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="Two policy rules are named"):
        discovery.rule_files.__wrapped__(discovery.SHIPPED * 2)


def test_a_control_that_does_not_exist_is_refused_with_the_rules_name() -> None:
    rule = rules()[0]
    with pytest.raises(ConfigurationError, match=f"`{rule.id}` names control `x/1`"):
        dataclasses.replace(rule, controls=("x/1",))


def test_an_example_that_changes_nothing_is_refused() -> None:
    with pytest.raises(KeyError):
        S3_STORE.changed("buket.tags", None)
    with pytest.raises(KeyError):
        S3_STORE.without("buket")


def test_a_rule_file_without_examples_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from trivium_policies.rules.logging import aws_trail_sees_model_calls as module

    monkeypatch.setattr(module, "VIOLATING", {})
    with pytest.raises(ConfigurationError, match="at least one example"):
        discovery.rule_files.__wrapped__()


def test_ids_are_unique_and_a_file_holds_one_rule() -> None:
    ids = [file.rule.id for file in rule_files()]
    assert len(set(ids)) == len(ids)
    assert all(isinstance(file, RuleFile) for file in rule_files())


def test_two_regions_that_are_not_known_yet_are_not_taken_for_one() -> None:
    rule = next(
        rule for rule in rules() if rule.id == "aws-invocation-logging-complete"
    )
    logging, profile = (
        resource(
            token,
            "x",
            {"loggingConfig": {"s3Config": {"bucketName": "b"}}},
            provider={"region": UNKNOWN},
        )
        for token in (rule.types[0], rule.types[1])
    )
    verdicts = [finding.verdict for finding in judge(rule, Stack((logging, profile)))]
    assert isinstance(verdicts[0], Pass)
    assert verdicts[1:] == [Pending("region of the provider")]


PROFILE_ARN = (
    "arn:aws:bedrock:us-east-1:111122223333:inference-profile/us.anthropic.claude-x"
)
INVOKE = {"Effect": "Allow", "Action": "bedrock:InvokeModel"}
EVERYTHING = {"Effect": "Allow", "Action": "bedrock:*", "Resource": PROFILE_ARN}
NEW = "policy.Statement[0].Resource[1]"

PARTLY_KNOWN: dict[str, tuple[list[object], list[tuple[type, str]]]] = {
    "a new resource beside a known one": (
        [{**INVOKE, "Resource": [PROFILE_ARN, UNKNOWN]}],
        [(Pending, NEW)],
    ),
    "a new resource beside a wildcard": (
        [{**INVOKE, "Resource": ["*", UNKNOWN]}],
        [(Violation, "policy.Statement[0].Resource"), (Pending, NEW)],
    ),
    "a new resource under too wide an action": (
        [{**EVERYTHING, "Resource": UNKNOWN}],
        [
            (Violation, "policy.Statement[0].Action"),
            (Pending, "policy.Statement[0].Resource"),
        ],
    ),
    "a new resource of another service": (
        [{"Effect": "Allow", "Action": "s3:PutObject", "Resource": [UNKNOWN]}],
        [(Pass, "")],
    ),
    "an unknown action before a statement that is too wide": (
        [{**INVOKE, "Action": UNKNOWN, "Resource": "*"}, EVERYTHING],
        [
            (Pending, "policy.Statement[0].Action"),
            (Violation, "policy.Statement[1].Action"),
        ],
    ),
    "an unknown condition": (
        [{**INVOKE, "Resource": PROFILE_ARN, "Condition": UNKNOWN}],
        [(Pass, "")],
    ),
}


@pytest.mark.parametrize(
    ("statements", "expected"), PARTLY_KNOWN.values(), ids=PARTLY_KNOWN
)
def test_what_is_known_of_a_policy_document_is_judged_in_the_first_preview(
    statements: list[object], expected: list[tuple[type, str]]
) -> None:
    rule = next(
        rule for rule in rules() if rule.id == "aws-model-access-least-privilege"
    )
    document = {"Version": "2012-10-17", "Statement": statements}
    subject = resource("aws:iam/rolePolicy:RolePolicy", "x", {"policy": document})
    verdicts = [finding.verdict for finding in judge(rule, Stack((subject,)))]
    found = [(type(each), getattr(each, "path", "")) for each in verdicts]
    assert found == expected


@pytest.mark.parametrize(
    "token",
    [
        "aws:bedrock/inferenceProfile:InferenceProfile",
        "aws-native:bedrock:ApplicationInferenceProfile",
    ],
)
def test_a_profile_of_ones_own_does_not_hide_a_global_one(token: str) -> None:
    rule = next(
        rule for rule in rules() if rule.id == "aws-model-access-least-privilege"
    )
    source = (
        "arn:aws:bedrock:us-east-1:111122223333:"
        "inference-profile/{}.anthropic.claude-sonnet-4-6"
    )
    found = {
        scope: [
            v.path
            for _, v in violations(
                judge(rule, Stack((_copying(token, source.format(scope)),)))
            )
        ]
        for scope in ("global", "us")
    }
    assert found == {"global": ["modelSource.copyFrom"], "us": []}


def _copying(token: str, source: str) -> Resource:
    return resource(token, "mine", {"modelSource": {"copyFrom": source}})
