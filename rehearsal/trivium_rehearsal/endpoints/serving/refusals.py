"""The error answers of an endpoint."""

import json
from collections.abc import Mapping
from typing import Any

from trivium_rehearsal.endpoints.serving.faults import Fault

_RETRYABLE = frozenset({429, 503, 529})
"""Statuses with which a vendor may send `retry-after`: 429 (RFC 6585, 4), 503 (RFC
9110, 15.6.4) and Anthropic's 529."""


class RefusalError(Exception):
    """A request is answered with an error."""

    def __init__(
        self,
        status: int,
        kind: str,
        body: dict[str, Any] | bytes,  # the vendor's error document
        headers: Mapping[str, str] | None = None,
        *,
        fault: bool = False,
    ) -> None:
        super().__init__(kind)
        self.status = status
        self.kind = kind
        """The vendor's error type, or the fault's kind. The ledger counts by it."""
        self.body = (
            body
            if isinstance(body, bytes)
            else json.dumps(body, ensure_ascii=False).encode()
        )
        self.headers = {"content-type": "application/json", **(headers or {})}
        self.fault = fault
        """Whether a fault was ordered; otherwise the request itself is wrong."""

    @property
    def outcome(self) -> str:
        """What the ledger counts."""
        return f"{'fault' if self.fault else 'refused'}:{self.kind}"

    def ordered_by(self, fault: Fault) -> "RefusalError":
        """The same answer as the effect of a fault, with the `retry-after` that was
        ordered."""
        headers = dict(self.headers)
        if fault.retry_after_s is not None and self.status in _RETRYABLE:
            headers["retry-after"] = str(fault.retry_after_s)
        return RefusalError(self.status, fault.kind, self.body, headers, fault=True)
