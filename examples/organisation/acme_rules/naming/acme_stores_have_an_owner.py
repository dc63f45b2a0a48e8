"""acme-stores-have-an-owner: every S3 bucket says who answers for it."""

from typing import Final

from trivium_policies.resource import Resource, resource
from trivium_policies.rule import (
    Case,
    Check,
    Compliant,
    Remediation,
    Right,
    Rule,
    Violating,
    Violation,
    Wrong,
)

_BUCKET: Final = "aws:s3/bucket:Bucket"


def _has_an_owner(case: Case) -> list[Violation]:
    owner = case.resource.properties.entries("tags").get("owner")
    if isinstance(owner, str) and owner.endswith("@acme.example"):
        return []
    return [
        Violation(
            "tags[owner]",
            found=owner,
            expected="an address at acme.example",
            consequence="After an incident nobody knows whom to call.",
        )
    ]


_CHECK: Final[Check] = _has_an_owner

RULE: Final = Rule(
    id="acme-stores-have-an-owner",
    title="Every bucket has an owner",
    promise="Each S3 bucket of the stack has the tag `owner`, an address at Acme.",
    severity="low",
    cloud="aws",
    scope="resource",
    types=(_BUCKET,),
    rationale="Acme's incident process begins with the owner of the data.",
    risk="An alarm about a bucket reaches nobody.",
    remediation=Remediation(
        text="Tag the bucket with its owner.",
        pulumi='aws.s3.Bucket("claims", tags={"owner": "claims@acme.example"})',
    ),
    controls=("nist-800-53/AU-9",),
    checks=(_CHECK,),
)


def _bucket(tags: dict[str, str]) -> Resource:
    return resource(_BUCKET, "claims", {"tags": tags})


COMPLIANT: Final[Compliant] = {
    "a bucket with an owner": Right((_bucket({"owner": "claims@acme.example"}),)),
}

VIOLATING: Final[Violating] = {
    "a bucket without tags": Wrong((_bucket({}),), paths=("tags[owner]",)),
    "an owner elsewhere": Wrong(
        (_bucket({"owner": "claims@other.example"}),), paths=("tags[owner]",)
    ),
}
