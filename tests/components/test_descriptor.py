"""What the stack exports is a descriptor that the application's side reads."""

import json
from typing import Any

import pytest

from tests.components.conftest import settings_with
from tests.components.recording import Recording
from trivium.errors import DeploymentError
from trivium.vocabulary import deployment
from trivium_components.descriptor import Plain, document, summary


@pytest.fixture
def parts(aws: Recording, gcp: Recording, azure: Recording) -> list[Plain]:
    """What the three clouds contribute, copied."""
    copied: list[Plain] = json.loads(json.dumps([aws.result, gcp.result, azure.result]))
    return copied


def draft(parts: list[Plain], **settings: Any) -> Plain:
    """The draft of the three clouds. Any: what YAML holds."""
    routes = [part["route"] for part in parts]
    return document(
        settings_with(**settings), routes, [part["audit_store"] for part in parts]
    )


def test_the_exported_json_decodes(parts: list[Plain]) -> None:
    decoded = deployment.decode(json.dumps(draft(parts)).encode())
    assert [route.id for route in decoded.routes] == ["aws", "gcp", "azure"]
    assert decoded.tiers == ("haiku", "sonnet", "opus")
    assert decoded.rehearsal is False


def test_the_draft_lacks_nothing_but_what_signing_fills_in(parts: list[Plain]) -> None:
    decoded = deployment.decode(json.dumps(draft(parts)).encode())
    assert set(deployment.missing(decoded)) == {
        "`issued_at` is missing",
        "`expires_at` is missing",
        "`constitution.digest` is missing",
        "`constitution.layers[0].digest` is missing",
    }


def test_only_bedrock_has_a_guardrail(parts: list[Plain]) -> None:
    found = {route["id"]: route.get("guardrail") for route in draft(parts)["routes"]}
    assert found["aws"] == {
        "identifier": "aws-models-guardrail.guardrailId",
        "version": "1",
    }
    assert (found["gcp"], found["azure"]) == (None, None)


def test_foundry_tokens_are_asked_for_the_configured_scope(parts: list[Plain]) -> None:
    decoded = deployment.decode(json.dumps(draft(parts)).encode())
    assert decoded.route("azure").auth == deployment.EntraAuth(
        scope="https://ai.azure.com/.default"
    )


def test_audit_stores_tell_regime_days_and_stage(parts: list[Plain]) -> None:
    stores = draft(parts)["audit"]["stores"]
    assert [
        (store["regime"], store["retention_days"], store["lock"]) for store in stores
    ] == [("finance-7y", 2557, "unlocked")] * 3


def test_a_destination_outside_the_zone_fails_in_front_of_the_platform_team(
    parts: list[Plain],
) -> None:
    parts[0]["route"]["models"]["haiku"]["destinations"].append("eu-west-1")
    with pytest.raises(DeploymentError, match="eu-west-1, outside zone `us`"):
        draft(parts)


def test_the_summary_says_that_nothing_is_signed_yet(parts: list[Plain]) -> None:
    text = summary(draft(parts))
    assert text.startswith("Deployment claims (test), zone us, not yet signed")
    assert (
        "haiku: us.anthropic.claude-haiku-5-5, runs in us-east-1, us-east-2, us-west-2"
        in text
    )
