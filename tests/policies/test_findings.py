"""The pack writes findings, and the rehearsal reads them back: both must agree."""

import pytest

from trivium_policies.discovery import rule_files
from trivium_policies.resource import Resource, resource
from trivium_policies.rule import Finding, Violation, describe, judge, violations
from trivium_rehearsal.findings import finding, table

CASES = {
    f"{file.rule.id}: {case}": found
    for file in rule_files()
    for case, wrong in file.violating.items()
    for found in violations(judge(file.rule, wrong.stack, wrong.parameters))[:1]
}


def event(message: str, subject: Resource, policy: str) -> dict[str, str]:
    """As the engine reports it, with the policy's title before it."""
    return {
        "enforcementLevel": "mandatory",
        "policyName": policy,
        "severity": "critical",
        "resourceUrn": subject.urn,
        "message": f"A title.\n{message}",
    }


@pytest.mark.parametrize("case", CASES)
def test_a_finding_is_read_back_part_by_part(case: str) -> None:
    judged, violation = CASES[case]
    message = describe(judged, violation)
    read = finding(event(message, judged.resource, judged.rule.id))
    assert f"`{violation.path}`" in read.parts["property"]
    assert read.parts["expected"] == violation.expected
    assert read.parts["why"] == violation.consequence
    assert read.parts["remedy"] == judged.rule.remediation.text
    assert read.parts["URN"] == judged.resource.urn


def test_the_table_is_by_resource_and_short_unless_asked() -> None:
    judged, violation = next(iter(CASES.values()))
    read = finding(event(describe(judged, violation), judged.resource, judged.rule.id))
    short, long = table([read]), table([read], explain=True)
    assert short.splitlines()[0] == judged.resource.name
    assert f"→ {violation.expected}" in short
    assert violation.consequence not in short
    assert violation.consequence in long


def test_a_value_cannot_forge_a_line_or_move_the_cursor() -> None:
    rule = rule_files()[0].rule
    subject = resource("a:b:C", "name\x1b[2J", {})
    hostile = Violation(
        "p", found="x\nremedy    none needed\x1b[31m", expected="y", consequence="z"
    )
    message = describe(Finding(rule, subject, hostile), hostile)
    shown = table([finding(event(message, subject, rule.id))], explain=True)
    assert "\x1b" not in shown
    assert f"Remedy: {rule.remediation.text}" in shown
    assert "\n  Remedy: none needed" not in shown


def test_a_message_in_another_form_is_shown_as_it_is() -> None:
    read = finding(
        {
            "enforcementLevel": "advisory",
            "policyName": "passed-with-a-note",
            "message": "A note.\n unlocked stage",
        }
    )
    assert table([read]).splitlines() == [
        "the whole stack",
        "  [advisory] passed-with-a-note",
        "    A note. unlocked stage",
    ]
