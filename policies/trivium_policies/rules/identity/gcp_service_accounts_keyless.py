"""gcp-service-accounts-keyless: no service account has a key that can be carried
away."""

from collections.abc import Iterator
from typing import Final

from trivium_policies.resource import Resource, resource
from trivium_policies.rule import (
    Case,
    Compliant,
    Remediation,
    Right,
    Rule,
    Verdict,
    Violating,
    Violation,
    Wrong,
)

_KEY: Final = "gcp:serviceaccount/key:Key"
_ACCOUNT: Final = "gcp:serviceaccount/account:Account"


def _is_no_key(case: Case) -> Iterator[Verdict]:
    if case.resource.type != _KEY:
        return
    uploaded = case.resource.properties.text("publicKeyData") is not None
    yield Violation(
        "serviceAccountId",
        found="an uploaded key" if uploaded else "a key that the stack downloads",
        expected="no key: workload identity, or impersonation",
        consequence=(
            "A key works from anywhere and does not expire"
            + (
                "; whoever holds its private half is nobody in particular."
                if uploaded
                else ", and it stands in the state of this stack."
            )
        ),
    )


RULE: Final = Rule(
    id="gcp-service-accounts-keyless",
    title="Service accounts have no keys",
    promise="No stack makes a key of a service account.",
    severity="high",
    cloud="gcp",
    scope="resource",
    types=(_KEY, _ACCOUNT),
    rationale=(
        "A workload on any cloud can prove what it is to Google Cloud without a key."
        " A key is a password of a program: it is copied into files and pipelines, and"
        " the audit log shows only the account that it belongs to."
    ),
    risk="A key in a repository or a state file calls the models for years.",
    remediation=Remediation(
        text=(
            "Remove the key; let the workload use workload identity federation, or let"
            " a person impersonate the account."
        ),
        pulumi="""\
claims = gcp.serviceaccount.Account("claims", account_id="claims")
gcp.serviceaccount.IAMMember(
    "claims-workload",
    service_account_id=claims.name,
    role="roles/iam.workloadIdentityUser",
    member=f"principal://iam.googleapis.com/{pool.name}/subject/claims",
)""",
    ),
    controls=("nist-800-53/IA-5", "nist-800-53/AC-6"),
    peers=("prowler: iam_sa_no_user_managed_keys",),
    checks=(_is_no_key,),
)


def _key(**more: object) -> Resource:
    return resource(_KEY, "claims", {"serviceAccountId": "claims", **more})


COMPLIANT: Final[Compliant] = {
    "an account without a key": Right(
        (resource(_ACCOUNT, "claims", {"accountId": "claims"}),)
    ),
}

VIOLATING: Final[Violating] = {
    "a key that is downloaded": Wrong((_key(),), paths=("serviceAccountId",)),
    "a key that is uploaded": Wrong(
        (_key(publicKeyData="LS0tLS1CRUdJTiBDRVJU"),), paths=("serviceAccountId",)
    ),
}
