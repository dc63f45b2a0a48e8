"""What goes to Google Cloud, on the wire."""

import pytest

from tests.components.conftest import CONFIG, declared, settings_with
from tests.components.recording import Recording
from trivium.errors import ResidencyError
from trivium_components.gcp.identity import impersonation_role
from trivium_components.residency import require_inside


def test_the_application_may_predict_and_nothing_else(gcp: Recording) -> None:
    assert gcp.only(":IAMCustomRole")["permissions"] == ["aiplatform.endpoints.predict"]


def test_the_project_admits_the_deployments_models_by_their_full_names(
    gcp: Recording,
) -> None:
    policy = gcp.only("orgpolicy/policy:Policy")
    assert policy["name"] == "projects/acme-claims/policies/vertexai.allowedModels"
    allowed = policy["spec"]["rules"][0]["values"]["allowedValues"]
    tiers = ("haiku", "opus", "sonnet")
    assert allowed == [
        f"publishers/anthropic/models/claude-{tier}-5-5:predict" for tier in tiers
    ]


def test_a_dated_model_is_admitted_without_its_date() -> None:
    dated = settings_with(models={"haiku": "claude-haiku-4-5"}, roles={})
    rules = declared("gcp", dated).only("orgpolicy/policy:Policy")["spec"]["rules"]
    assert rules[0]["values"]["allowedValues"] == [
        "publishers/anthropic/models/claude-haiku-4-5:predict"
    ]


def test_every_kind_of_data_access_is_logged(gcp: Recording) -> None:
    audit = gcp.only(":IAMAuditConfig")
    assert audit["service"] == "aiplatform.googleapis.com"
    assert {found["logType"] for found in audit["auditLogConfigs"]} == {
        "ADMIN_READ",
        "DATA_READ",
        "DATA_WRITE",
    }
    assert not [
        found for found in audit["auditLogConfigs"] if found.get("exemptedMembers")
    ]


def test_the_bucket_holds_for_the_regime_unlocked(gcp: Recording) -> None:
    bucket = gcp.only("storage/bucket:Bucket")
    assert bucket["retentionPolicy"] == {
        "retentionPeriod": "220924800",
        "isLocked": False,
    }
    assert bucket["uniformBucketLevelAccess"] is True
    assert bucket["publicAccessPrevention"] == "enforced"


def test_locking_locks_the_retention_policy_and_says_so() -> None:
    locked = declared(
        "gcp",
        settings_with(
            clouds=["gcp"],
            aws=None,
            azure=None,
            retention={"preset": "healthcare-6y", "lock": "locked"},
        ),
    )
    policy = locked.only("storage/bucket:Bucket")["retentionPolicy"]
    assert policy == {"retentionPeriod": "189388800", "isLocked": True}
    assert locked.result["audit_store"]["lock"] == "locked"


def test_the_application_can_create_objects_and_nothing_more(gcp: Recording) -> None:
    assert [found["role"] for found in gcp.of(":BucketIAMMember")] == [
        "roles/storage.objectCreator"
    ]


def test_the_signing_key_lives_in_an_hsm(gcp: Recording) -> None:
    key = gcp.only(":CryptoKey")
    assert key["purpose"] == "ASYMMETRIC_SIGN"
    assert key["versionTemplate"] == {
        "algorithm": "EC_SIGN_P256_SHA256",
        "protectionLevel": "HSM",
    }
    without = declared("gcp", settings_with(), signing_key=False)
    assert without.result["signing_key"] == ""


def test_the_signers_that_are_named_may_sign_and_the_application_may_not(
    gcp: Recording,
) -> None:
    signer = "group:platform@example.com"
    clouds = {
        "clouds": ["gcp", "aws", "azure"],
        "gcp": {**CONFIG["trivium:gcp"], "signers": [signer]},
    }
    granted = declared("gcp", settings_with(**clouds)).only(":CryptoKeyIAMMember")
    assert granted["member"] == signer
    assert granted["role"] == "roles/cloudkms.signerVerifier"
    assert gcp.of(":CryptoKeyIAMMember") == []


def test_apis_are_reached_through_a_private_address_outside_every_subnet(
    gcp: Recording,
) -> None:
    address, rule = gcp.only(":GlobalAddress"), gcp.only(":GlobalForwardingRule")
    assert address["purpose"] == "PRIVATE_SERVICE_CONNECT"
    assert address["address"] == "10.20.120.5"
    assert gcp.only(":Subnetwork")["ipCidrRange"] == "10.20.64.0/21"
    assert (rule["target"], rule["loadBalancingScheme"]) == ("all-apis", "")


def test_the_rules_name_is_a_host_name_of_at_most_twenty_letters_and_digits(
    gcp: Recording,
) -> None:
    name = gcp.only(":GlobalForwardingRule")["name"]
    assert name.isalnum()
    assert name.islower()
    assert len(name) <= 20


def test_the_subnet_reaches_google_privately_and_the_network_has_no_default_route(
    gcp: Recording,
) -> None:
    assert gcp.only(":Subnetwork")["privateIpGoogleAccess"] is True
    assert gcp.only("compute/network:Network")["deleteDefaultRoutesOnCreate"] is True


def test_a_multi_region_gets_an_endpoint_and_a_zone_of_its_own(gcp: Recording) -> None:
    endpoint = gcp.only(":RegionalEndpoint")
    assert endpoint["targetGoogleApi"] == "aiplatform.us.rep.googleapis.com"
    assert {found["dnsName"] for found in gcp.of(":ManagedZone")} == {
        "googleapis.com.",
        "us.rep.googleapis.com.",
    }


def test_the_global_endpoint_needs_no_endpoint_of_its_own() -> None:
    worldwide = settings_with(zone="worldwide", scope="global")
    found = declared("gcp", worldwide)
    assert found.of(":RegionalEndpoint") == []
    assert found.result["route"]["endpoint"].endswith(
        "aiplatform.googleapis.com/v1/projects/acme-claims/locations/global"
    )


def test_services_that_others_may_use_are_left_on(gcp: Recording) -> None:
    assert all(
        found["disableOnDestroy"] is False
        for found in gcp.of("projects/service:Service")
    )


def test_the_location_of_the_endpoint_is_the_proof(gcp: Recording) -> None:
    target = gcp.result["route"]["models"]["sonnet"]
    assert target["destinations"] == ["us"]
    assert target["proof"] == gcp.result["route"]["endpoint"]
    with pytest.raises(ResidencyError, match="may run in us"):
        require_inside(
            zone="eu",
            cloud="gcp",
            tier="sonnet",
            destinations=["us"],
            proof=target["proof"],
        )


MEMBERS = {
    "a group impersonates by token": (
        "group:a@example.com",
        "roles/iam.serviceAccountTokenCreator",
    ),
    "a federated workload uses its own role": (
        "principalSet://iam.googleapis.com/projects/1/locations/global/"
        "workloadIdentityPools/p/*",
        "roles/iam.workloadIdentityUser",
    ),
}


@pytest.mark.parametrize(("member", "role"), MEMBERS.values(), ids=MEMBERS)
def test_a_member_gets_the_role_of_its_kind(member: str, role: str) -> None:
    assert impersonation_role(member) == role
