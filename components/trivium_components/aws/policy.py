"""AWS policy documents: one spelling of the JSON, so no policy changes by accident."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

Statement = Mapping[str, Any]
"""One statement. Any: values are texts, lists, condition maps, and outputs of all of
these."""


def document(statements: pulumi.Input[Sequence[Statement]]) -> pulumi.Output[str]:
    """The policy document as JSON.

    Raises `ValueError` for no statements: an empty policy is a mistake.
    """

    def dump(resolved: Sequence[Statement]) -> str:
        if not resolved:
            raise ValueError("a policy document needs at least one statement")
        return json.dumps(
            {"Version": "2012-10-17", "Statement": list(resolved)},
            separators=(",", ":"),
        )

    return pulumi.Output.from_input(statements).apply(dump)


def from_service(
    service: str, *, source: str, account: str | None = None
) -> dict[str, Any]:
    """Principal and condition that let an AWS service act for one account only.

    This prevents the confused-deputy problem. `source` is the ARN pattern of the
    resource on whose behalf the service acts. Give `account` only if the service
    documents that it sends `aws:SourceAccount`: a condition on a key that never arrives
    refuses every call. Any: parts of a statement. Source: IAM user guide, "The confused
    deputy problem", read 2026-11-22.
    """
    condition: dict[str, Any] = {"ArnLike": {"aws:SourceArn": source}}
    if account:
        condition["StringEquals"] = {"aws:SourceAccount": account}
    return {"Principal": {"Service": service}, "Condition": condition}
