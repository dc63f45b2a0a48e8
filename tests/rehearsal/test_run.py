"""What the rehearsal makes of the engine's events, and how its summary is told."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.vocabulary.drafts import DRAFT, draft
from trivium.vocabulary import deployment as vocabulary
from trivium_rehearsal import __main__ as command
from trivium_rehearsal.claims import Answer, Proof
from trivium_rehearsal.endpoints.configuration import parse_configuration
from trivium_rehearsal.local_endpoints import Credentials, Endpoints, configuration
from trivium_rehearsal.report import Summary, by_level, write
from trivium_rehearsal.stack import Outcome, _note, _plain
from trivium_rehearsal.toolchain.progress import TerminalProgress

EVENTS: dict[str, tuple[dict[str, Any], Outcome]] = {
    "a step on a resource": (
        {
            "resourcePreEvent": {
                "metadata": {"type": "aws:s3/bucket:Bucket", "op": "create"}
            }
        },
        Outcome(changes=Counter(create=1), resources=1),
    ),
    "a provider is not a resource": (
        {
            "resourcePreEvent": {
                "metadata": {"type": "pulumi:providers:aws", "op": "create"}
            }
        },
        Outcome(),
    ),
    "a violation": (
        {
            "policyEvent": {
                "resourceUrn": "urn:pulumi:x::y::aws:s3/bucket:Bucket::audit",
                "policyName": "audit-store-not-public",
                "enforcementLevel": "mandatory",
                "message": "No audit store\n is public.",
            }
        },
        Outcome(
            violations=[
                "[mandatory] audit-store-not-public (audit): No audit store is public."
            ]
        ),
    ),
    "verdicts": (
        {"policyAnalyzeSummaryEvent": {"passed": ["a", "b"], "failed": ["c"]}},
        Outcome(policies={"a", "b", "c"}, verdicts=3),
    ),
    "an error for the user": (
        {
            "diagnosticEvent": {
                "severity": "error",
                "message": "<{%fg 1%}>error: <{%reset%}>no such key\n",
            }
        },
        Outcome(diagnostics=["error: no such key"]),
    ),
    "what is shown for a moment only": (
        {
            "diagnosticEvent": {
                "severity": "error",
                "message": "retrying",
                "ephemeral": True,
            }
        },
        Outcome(),
    ),
}


@pytest.mark.parametrize("case", EVENTS)
def test_an_event_counts_as(case: str) -> None:
    event, expected = EVENTS[case]
    outcome = Outcome()
    _note(outcome, event)
    assert outcome == expected


def test_a_warning_of_preview_and_update_is_told_once() -> None:
    outcome = Outcome()
    warning = {"severity": "warning", "message": "warning: Azure may take others\n"}
    for _ in ("preview", "update"):
        _note(outcome, {"diagnosticEvent": warning})
    assert outcome.diagnostics == ["warning: Azure may take others"]


def test_text_without_marks_stays_as_it_is() -> None:
    assert _plain("a <b> {c}") == "a <b> {c}"


def test_resources_are_counted_by_cloud_level_and_type() -> None:
    types = Counter(
        {
            "aws:s3/bucket:Bucket": 2,
            "aws-native:bedrock:Guardrail": 1,
            "azure-native:storage:Blob": 1,
        }
    )
    levels = {
        "aws:s3/bucket:Bucket": "executed",
        "aws-native:bedrock:Guardrail": "checked",
        "azure-native:storage:Blob": "synthesised",
    }
    assert by_level(types, levels) == {
        "aws": {
            "executed": {"aws:s3/bucket:Bucket": 2},
            "checked": {"aws-native:bedrock:Guardrail": 1},
        },
        "azure": {"synthesised": {"azure-native:storage:Blob": 1}},
    }


def summary(*claims: Proof) -> Summary:
    answer = Answer(
        "aws", "aws", "haiku", "<b>words & more</b>", 12.0, 0.1, 5, 7, 0.00001
    )
    return Summary(
        engine="pulumi 3.259.0 (built)",
        resources={"aws": {"executed": {"aws:s3/bucket:Bucket": 2}}},
        changes={"create": 2},
        policies=("a", "b", "c"),
        advice=(),
        descriptor="d.json",
        digest="sha256:00",
        signer="ab",
        answers=(answer,),
        claims=claims,
        audit={},
        seconds=1.0,
    )


def test_one_claim_that_does_not_hold_fails_the_summary() -> None:
    assert summary(Proof("a", True, "")).holds
    assert not summary(Proof("a", True, ""), Proof("b", False, "")).holds


def test_the_page_escapes_what_the_model_said(tmp_path: Path) -> None:
    write(summary(Proof("a", False, "<i>")), tmp_path / "s.json", tmp_path / "s.html")
    page = (tmp_path / "s.html").read_text()
    assert "&lt;b&gt;words &amp; more&lt;/b&gt;" in page
    assert "<b>words" not in page
    assert "Some claims do not hold" in page
    assert json.loads((tmp_path / "s.json").read_text())["holds"] is False


def test_local_endpoints_keep_each_clouds_path() -> None:
    described = vocabulary.from_plain(
        draft(
            **{
                "routes.0.id": "gcp",
                "routes.0.cloud": "gcp",
                "routes.0.protocol": "vertex",
                "routes.0.auth": {"kind": "google"},
                "routes.0.endpoint": (
                    "https://aiplatform.us.rep.googleapis.com/v1/projects/p/locations/us"
                ),
                "routes.0.models.sonnet.destinations": ["us"],
            }
        )
    )
    local = Endpoints(
        {"vertex": "http://127.0.0.1:20001", "foundry": "http://127.0.0.1:20002"},
        Credentials.fresh(),
    ).rehearsed(described)
    assert [route.endpoint for route in local.routes] == [
        "http://127.0.0.1:20001/v1/projects/p/locations/us",
        "http://127.0.0.1:20002/anthropic",
    ]
    assert vocabulary.problems(local) == ()


def test_the_endpoints_are_told_exactly_the_models_of_the_draft() -> None:

    told = configuration(vocabulary.from_plain(DRAFT), Credentials.fresh())
    parsed = parse_configuration(msgspec.json.encode(told))
    assert parsed.bedrock is not None
    assert set(parsed.bedrock.models) == {"us.anthropic.claude-sonnet-5-5"}
    assert parsed.vertex is None


def test_a_rehearsals_credentials_are_never_printed() -> None:
    assert repr(Credentials.fresh()) == "<Credentials>"


def test_an_unknown_command_is_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        command.main(["sideways"])
    assert stopped.value.code == 2
    assert "invalid choice" in capsys.readouterr().err


def test_the_bar_counts_what_is_counted_and_pulses_through_the_rest() -> None:
    with TerminalProgress() as progress:
        progress.advance("Deploying", 5, 10)
        assert [
            (task.description, task.percentage) for task in progress._bar.tasks
        ] == [("Deploying", 50)]
        progress.say("Verifying.")
        assert [task.total for task in progress._bar.tasks] == [None]
        progress.advance("Destroying", 12, 10)
        assert [
            (task.description, task.percentage) for task in progress._bar.tasks
        ] == [("Destroying", 100)]
