"""The remediation that a rule offers is a program that passes the rule."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from trivium_policies.discovery import rules
from trivium_policies.resource import Resource, Stack, resource
from trivium_policies.rule import Pass, judge

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def programs() -> dict[str, list[dict[str, Any]]]:
    command = [sys.executable, "-m", "tests.policies.snippets"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    registered: dict[str, list[dict[str, Any]]] = json.loads(ran.stdout)
    return registered


def as_stack(registered: list[dict[str, Any]]) -> Stack:
    """The registrations as the engine would send them, a property that holds another's
    id depending on it."""
    urns = {
        made["id"]: resource(made["type"], made["name"], {}).urn for made in registered
    }
    return Stack(tuple(_as_resource(made, urns) for made in registered))


def _as_resource(made: dict[str, Any], urns: dict[str, str]) -> Resource:
    depends = {
        name: (urns[value],)
        for name, value in made["inputs"].items()
        if str(value) in urns
    }
    return resource(made["type"], made["name"], made["inputs"], depends=depends)


@pytest.mark.parametrize("rule_id", [rule.id for rule in rules()])
def test_a_remediation_passes_its_rule(
    rule_id: str, programs: dict[str, list[dict[str, Any]]]
) -> None:
    rule = next(rule for rule in rules() if rule.id == rule_id)
    stack = as_stack(programs[rule_id])
    strict = {p.name: True for p in rule.parameters if p.name == "lock_required"}
    findings = judge(rule, stack, strict)
    assert {type(finding.verdict) for finding in findings} == {Pass}, [
        f.verdict for f in findings
    ]
